//! The catalogue: what the theory of symmetry in convolutional networks says, statement by statement.
//!
//! One file for each chapter (a folder where the chapter is long). Every claim names its expected truth, is
//! decided by all readings that make sense for it, and carries mutants: plausible wrong implementations that
//! the same check must catch. A claim that checked nothing is an error, and so is one without a mutant.

mod angle;
mod claim;
mod conv;
mod corr;
mod dropout;
mod gconv;
mod group;
mod layer;
mod map;
mod norm;
mod pool;
pub mod power;
#[cfg(test)]
pub(crate) mod samples;
mod set;
mod tile;

pub use claim::{Claim, Decision, Expected, Mutant};

/// All claims, in the order of the chapters.
pub fn catalogue() -> Vec<Claim> {
    [
        group::claims(),
        map::claims(),
        conv::claims(),
        corr::claims(),
        layer::claims(),
        dropout::claims(),
        pool::claims(),
        norm::claims(),
        gconv::claims(),
        set::claims(),
        tile::claims(),
        angle::claims(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{Claim, catalogue};
    use crate::verify::Reading;

    /// The seed of these tests: that of `EQUIVARIANT_SEED`, else the number of the day since 1970, so that no
    /// claim can depend on one that is known to pass.
    fn seed() -> u64 {
        match std::env::var("EQUIVARIANT_SEED") {
            Ok(text) => text.parse().expect("EQUIVARIANT_SEED is a whole number"),
            Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400),
        }
    }

    /// Every claim, by every reading, is found to be what the theory says, and all of its mutants are caught.
    pub(super) fn assert_agrees(claims: Vec<Claim>) {
        assert!(!claims.is_empty(), "no claims");
        let seed = seed();
        for claim in claims {
            let replay = format!("cargo run -- verify {} --seed {seed}", claim.id);
            let outcome = claim
                .run(&Reading::ALL, seed)
                .unwrap_or_else(|error| panic!("{}: {error}\nreplay: {replay}", claim.id))
                .unwrap_or_else(|| panic!("{}: no reading speaks\nreplay: {replay}", claim.id));
            let escaped: Vec<_> =
                outcome.mutants.iter().filter(|(_, caught)| !caught).map(|(name, _)| name).collect();
            assert!(
                claim.agrees(&outcome),
                "{}: expected {}, escaped mutants {escaped:?}, found {}\nreplay: {replay}",
                claim.id,
                claim.expected,
                outcome.report
            );
        }
    }

    #[test]
    fn every_theorem_that_is_named_is_proved() {
        let proved: HashSet<&str> = include_str!("../../proofs/theorems.txt")
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        for claim in catalogue() {
            for theorem in &claim.theorems {
                assert!(proved.contains(theorem), "{} names {theorem}, which is not in proofs/", claim.id);
            }
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut seen = HashSet::new();
        for claim in catalogue() {
            assert!(seen.insert(claim.id), "{} occurs twice", claim.id);
        }
    }

    #[test]
    fn every_claim_has_a_mutant() {
        for claim in catalogue() {
            assert!(!claim.mutants.is_empty(), "{} has no mutant", claim.id);
        }
    }
}
