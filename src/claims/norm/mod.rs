//! The chapter *norm*: batch and group normalisation, and what they do to symmetry.
//!
//! The layer takes a root, which the symbolic and field readings hold as an unknown function: they prove what
//! is true whatever the root is (the mean, permutations, a bias before the layer), and are silent otherwise.
//! There the readings on numbers speak for any input, and channels whose root is a rational number are proved
//! symbolically ([`layer`]).

mod affine;
mod group;
mod layer;
mod orbit;
mod running;
mod scale;
mod spatial;
mod standardises;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        standardises::claims(),
        affine::claims(),
        running::claims(),
        scale::claims(),
        spatial::claims(),
        group::claims(),
        orbit::claims(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
