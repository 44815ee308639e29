//! The chapter *group*: the groups, their laws, and what they act on.

mod actions;
mod groups;
mod law;
mod orbits;
mod points;
mod presentations;
mod real_translation;
mod rectangle;
mod rotation;
mod sampled;
mod sides;
mod translation;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        groups::claims(),
        presentations::claims(),
        actions::claims(),
        sides::claims(),
        rectangle::claims(),
        orbits::claims(),
        rotation::claims(),
        translation::claims(),
        real_translation::claims(),
        points::claims(),
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
