//! The chapter *gconv*: layers and networks that commute with p4, p4m and other point groups of the grid.
//!
//! The layers of [`crate::layer`] are compared with the formulas of their papers ([`definition`]) and moved
//! by their groups ([`layers`], [`steerable`], [`pool`], [`orbits`]); the networks of [`crate::network`] are
//! proved on small instances, certified at their full size, and certified again once they are trained
//! ([`network`]).

mod definition;
mod layers;
mod network;
mod orbits;
mod pool;
mod steerable;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        layers::claims(),
        steerable::claims(),
        definition::claims(),
        pool::claims(),
        orbits::claims(),
        network::claims(),
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
