//! The chapter *set*: layers and networks on sets of points, under the permutations of the points.
//!
//! Source: M. Zaheer et al., *Deep Sets*, NeurIPS 2017: Lemma 3 on the linear layer, Theorem 2 on readouts.

mod all;
mod layer;
mod readout;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [layer::claims(), all::claims(), readout::claims()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
