//! The chapter *pool*: pooling over windows, over everything, and over a fixed number of windows.

mod any_size;
mod ceil_mode;
mod tolerance;
mod translation;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [translation::claims(), tolerance::claims(), any_size::claims(), ceil_mode::claims()]
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
