//! The chapter *tile*: a network on parts of an image, and on the whole.
//!
//! | file | what |
//! |---|---|
//! | `networks` | networks with their lattice, scale and halo |
//! | `stitched` | a network as a map in tiles, and what is wrong with these |
//! | `laws` | what is true of it, and what is not |
//! | `reach` | how far the layers of a network reach |

mod laws;
mod networks;
mod reach;
mod stitched;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [laws::claims(), reach::claims()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
