//! The chapter *corr*.

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    Vec::new()
}
