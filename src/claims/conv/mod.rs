//! The chapter *conv*: convolution in one, two and three dimensions, linear and circular.

mod algebra;
mod algorithms;
mod continuous;
mod converse;
mod formal;
mod fourier;
pub(super) mod grids;
mod linear;
mod motion;
mod problems;
mod product;
mod quadrature;
mod spectrum;
mod symmetric_kernel;
mod symmetry;
mod transform;

use super::Claim;

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    [
        algebra::claims(),
        fourier::claims(),
        linear::claims(),
        symmetry::claims(),
        converse::claims(),
        algorithms::claims(),
        continuous::claims(),
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
