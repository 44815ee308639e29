//! The chapter *layer*: convolutional layers and what goes with them.

mod gradients;
mod grid;
pub(super) mod maps;
mod matrix;
mod resampling;
mod structure;
pub(super) mod translation;
mod wrong_gradients;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        translation::claims(),
        grid::claims(),
        matrix::claims(),
        structure::claims(),
        resampling::claims(),
        gradients::claims(),
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
