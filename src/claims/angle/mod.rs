//! The chapter *angle*: images under every transformation of an interval, and functions enclosed over it.

mod enclosures;
mod relaxations;

use super::Claim;
use crate::verify::{Counterexample, Finding, Report};

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [enclosures::claims(), relaxations::claims()].into_iter().flatten().collect()
}

/// A value that is not where it should be.
fn refuted(cases: usize, at: String, found: String, expected: String) -> Report {
    let finding = Finding::Symbolic { shape: at.clone(), variables: 0, terms: cases };
    Report::refuted(finding, Counterexample::from_text([("at".to_owned(), at)], found, expected))
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
