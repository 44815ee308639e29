//! How many equivariant linear maps there are: dim Hom_G(V, W) = ⟨χ_V, χ_W⟩.
//!
//! The left side is the null space of the constraints ρ_W(g)·A = A·ρ_V(g), found exactly over the rationals
//! and by singular values over the reals; the right side is a sum over the group (Serre, *Linear
//! Representations of Finite Groups*, section 2.3). For S_n on vectors the number is 2, on matrices 15 for n
//! ≥ 4 (Maron et al., *Invariant and Equivariant Graph Networks*, ICLR 2019).

use super::super::Claim;
use crate::group::{
    C4, D4, FiniteGroup, Group, Representation, Rotation, RotationReflection, Sign, Symmetric,
    character_inner_product, intertwiners, orbit_intertwiners, real_intertwiners,
};
use crate::scalar::{DivideByInteger, Rational, Ring};
use crate::verify::{Counterexample, Evidence, Failure, Finding, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "map.characters",
            "the space of equivariant linear maps V → W has dimension ⟨χ_V, χ_W⟩; for S_n it is 2 on vectors \
             and 15 on matrices",
            |_| dimensions(Characters::InnerProduct),
        )
        .theorem("equivariant_maps_by_characters")
        .theorem("fixed_dimension")
        .theorem("dimension_by_characters")
        .theorem("equivariant_maps_dimension")
        .theorem("deepsets_weights_unique")
        .mutant("the identity is left out of the sum over the group", |_| {
            dimensions(Characters::WithoutIdentity)
        }),
    ]
}

/// How ⟨χ_V, χ_W⟩ is computed.
#[derive(Clone, Copy, Debug)]
enum Characters {
    /// As the mean of χ_V(g⁻¹)·χ_W(g) over the group.
    InnerProduct,
    /// As that mean with the term of the identity left out.
    WithoutIdentity,
}

impl Characters {
    fn product<G: FiniteGroup>(
        self,
        v: &Representation<G, Rational>,
        w: &Representation<G, Rational>,
    ) -> Result<Rational, Failure> {
        let product = character_inner_product(v, w);
        Ok(match self {
            Characters::InnerProduct => product,
            Characters::WithoutIdentity => {
                let term = Rational::from_integer(i64::try_from(v.dimension() * w.dimension())?);
                product - term.divide_by_integer(u64::try_from(v.group().order())?)
            }
        })
    }
}

/// Pairs of representations gone through, and the first at which the numbers differ.
#[derive(Default)]
struct Tally {
    pairs: usize,
    /// The largest singular value that counts as zero, and the bound of its rounding error.
    null: (f64, f64),
    mismatch: Option<Counterexample>,
}

impl Tally {
    fn compare(&mut self, pair: String, maps: &str, dimension: usize, characters: &Rational) {
        self.pairs += 1;
        if Rational::from_integer(dimension as i64) != *characters && self.mismatch.is_none() {
            let inputs = [("V → W".to_owned(), pair)];
            let (left, right) = (format!("{dimension} by {maps}"), format!("{characters} by characters"));
            self.mismatch = Some(Counterexample::from_text(inputs, left, right));
        }
    }
}

/// The trivial, the sign and the regular representation, the group's own permutations, and their tensor
/// square.
fn representations<G: FiniteGroup + Sign, S: Ring>(
    group: &G,
    own: Representation<G, S>,
) -> Vec<Representation<G, S>> {
    let square = own.tensor_product(&own);
    vec![
        Representation::trivial(group),
        Representation::sign(group),
        Representation::regular(group),
        own,
        square,
    ]
}

fn compare_all<G: FiniteGroup + Sign>(
    group: &G,
    own: (Representation<G, Rational>, Representation<G, f64>),
    characters: Characters,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let exact = representations(group, own.0);
    let real = representations(group, own.1);
    for (v, real_v) in exact.iter().zip(&real) {
        for (w, real_w) in exact.iter().zip(&real) {
            let pair = format!("{}: {} → {}", group.name(), v.name(), w.name());
            let product = characters.product(v, w)?;
            tally.compare(pair.clone(), "elimination", intertwiners(v, w).len(), &product);
            let real = real_intertwiners(real_v, real_w);
            tally.compare(pair, "singular values", real.basis.len(), &product);
            let null = real.singular_values.iter().copied().filter(|&value| value <= real.tolerance);
            tally.null.0 = tally.null.0.max(null.fold(0.0, f64::max));
            tally.null.1 = tally.null.1.max(real.tolerance);
        }
    }
    Ok(())
}

/// The corners of a square, moved by its symmetries.
fn square<G: Group, S: Ring>(
    group: &G,
    corner: impl Fn(&G::Element, usize) -> usize + Send + Sync + 'static,
) -> Representation<G, S> {
    Representation::permutation(group, "corners", 4, corner)
}

fn dimensions(characters: Characters) -> Result<Report, Failure> {
    let mut tally = Tally::default();
    let turn = |rotation: &Rotation, corner: usize| (corner + usize::from(rotation.quarter_turns())) % 4;
    let motion = move |g: &RotationReflection, corner: usize| {
        turn(&g.rotation, if g.flip.is_reflected() { 3 - corner } else { corner })
    };
    compare_all(&C4, (square(&C4, turn), square(&C4, turn)), characters, &mut tally)?;
    compare_all(&D4, (square(&D4, motion), square(&D4, motion)), characters, &mut tally)?;
    let triples = Symmetric::new(3)?;
    compare_all(
        &triples,
        (Representation::natural(&triples), Representation::natural(&triples)),
        characters,
        &mut tally,
    )?;
    for (n, on_vectors, on_matrices) in [(4, 2, 15), (5, 2, 15)] {
        let group = Symmetric::new(n)?;
        let vectors = Representation::<_, Rational>::natural(&group);
        let matrices = vectors.tensor_product(&vectors);
        for (v, known) in [(&vectors, on_vectors), (&matrices, on_matrices)] {
            let pair = format!("{}: {} → itself", group.name(), v.name());
            let maps = orbit_intertwiners(v, v).ok_or("permutations permute")?;
            tally.compare(pair.clone(), "orbits on pairs", maps.len(), &Rational::from_integer(known));
            tally.compare(pair, "orbits on pairs", maps.len(), &characters.product(v, v)?);
        }
    }
    let finding = Finding::Symbolic {
        shape: "C4, D4, S_3 on five representations each, S_4 and S_5 on vectors and matrices".into(),
        variables: 0,
        terms: tally.pairs,
    };
    if let Some(mismatch) = tally.mismatch {
        return Ok(Report::refuted(finding, mismatch));
    }
    let mut report = Report::confirmed(finding);
    let (error, bound) = tally.null;
    let singular_values =
        Finding::Rounding { shape: "singular values that count as zero".into(), error, bound };
    report.evidence.push(Evidence { confirms: true, finding: singular_values });
    Ok(report)
}
