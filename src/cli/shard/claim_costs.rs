//! What the claims of the catalogue cost.
//!
//! Milliseconds of those that take longest, on one thread of a Zen 4, by `RAYON_NUM_THREADS=1 equivariant
//! verify --json -`; the others take about alike. A wrong number, or one that is missing, makes shards take
//! unequally long, and nothing else.

/// Milliseconds of the others, in the mean.
const OTHERS: f64 = 15.0;

const MILLISECONDS: [(&str, f64); 34] = [
    ("gconv.network", 3097.0),
    ("conv.algorithms_agree", 1341.0),
    ("action.laws", 946.0),
    ("gconv.network.lenet", 543.0),
    ("action.translation_real.fourier", 511.0),
    ("gconv.group", 477.0),
    ("pool.translation.others", 315.0),
    ("gconv.is_plain_conv", 279.0),
    ("map.characters", 259.0),
    ("gconv.after_training", 199.0),
    ("norm.orbit.shared", 170.0),
    ("layer.translation_reflect.interior", 170.0),
    ("conv.parseval", 158.0),
    ("gconv.group.types", 141.0),
    ("layer.translation_reflect", 139.0),
    ("layer.translation_circular", 130.0),
    ("conv.point_symmetry", 127.0),
    ("gconv.steerable", 118.0),
    ("conv.theorem", 112.0),
    ("conv.continuous_limit", 111.0),
    ("group.laws", 100.0),
    ("pool.translation", 98.0),
    ("layer.translation_zero", 88.0),
    ("layer.symmetric_grid", 86.0),
    ("layer.translation_zero.interior", 77.0),
    ("gconv.lifting", 73.0),
    ("conv.theorem_continuous", 71.0),
    ("action.translation_zero_fill.cyclic", 68.0),
    ("action.rectangle", 59.0),
    ("norm.orbit", 59.0),
    ("action.translation_zero_fill", 56.0),
    ("conv.theorem_continuous.without_factor", 49.0),
    ("action.translation_zero_fill.one_direction", 46.0),
    ("map.preserved_subgroup", 45.0),
];

/// About how long a claim and its mutants take, in milliseconds.
pub(in crate::cli) fn cost(id: &str) -> f64 {
    MILLISECONDS.iter().find(|(known, _)| *known == id).map_or(OTHERS, |&(_, milliseconds)| milliseconds)
}

#[cfg(test)]
mod tests {
    use super::MILLISECONDS;

    #[test]
    fn every_id_is_of_a_claim() {
        let catalogue = crate::claims::catalogue();
        for (id, milliseconds) in MILLISECONDS {
            assert!(milliseconds > 0.0 && catalogue.iter().any(|claim| claim.id == id), "{id}");
        }
    }
}
