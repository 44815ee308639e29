//! The chapter *corr*: correlation, `(x ⋆ y)(n) = Σ_k x(k) y(n+k)`, on the lattice and on the torus.

mod function;
mod law;
mod laws;
mod separable;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [laws::claims(), separable::claims()].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
