//! The catalogue: what the theory of symmetry in convolutional networks says, statement by statement.
//!
//! One file for each chapter (a folder where the chapter is long). Every claim names its expected truth, is decided by all readings
//! that make sense for it, and carries mutants: plausible wrong implementations that the same check must catch.
//! A claim that checked nothing is an error, and so is one without a mutant.

mod claim;
mod conv;
mod corr;
mod group;
mod map;

pub use claim::{Claim, Expected, Mutant, Outcome};

/// All claims, in the order of the chapters.
pub fn catalogue() -> Vec<Claim> {
    [group::claims(), map::claims(), conv::claims(), corr::claims()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::catalogue;

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
