//! The chapter *map*: equivariance and invariance themselves.
//!
//! A map f is equivariant if f(g ▷ x) = g ▷ f(x) for all g and x, and invariant if the action on the output
//! is trivial.

mod average;
mod characters;
mod composition;
mod generators;
mod maps;
mod pointwise;
mod reflection;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        composition::claims(),
        generators::claims(),
        average::claims(),
        pointwise::claims(),
        reflection::claims(),
        characters::claims(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_claim_agrees() {
        crate::claims::tests::assert_agrees(super::claims());
    }
}
