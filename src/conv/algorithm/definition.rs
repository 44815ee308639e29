//! The definition: the formula and nothing else.
//!
//! ```text
//! output(n, m, o) = Σ_c Σ_k kernel(m, c, k) · x̃(n, g(m) + c, source(o, k))
//! ```
//!
//! where c runs over the channels of m's group, which begins at g(m), k over the taps, x̃ is the extended
//! signal and [`Problem::source`] says which entry tap k reads at output o. Taps that read a zero of the
//! padding contribute no term: a weight that is infinite or no number gives nothing there. Algorithms of this
//! folder that write such zeros down (the matrix product, and all transforms) form 0·∞ and give NaN for such
//! a kernel; plans leave it to the definition. The sum is formed in the order of (c, k), row by row, starting
//! from zero.
//!
//! Cost: [`Problem::multiply_adds`] products, no memory beside the output. It works over every commutative
//! ring, and every other algorithm is judged by it.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::algorithm::terms::sum_of_terms;
use crate::conv::algorithm::tolerance;
use crate::conv::{Algorithm, ConvolutionError, Problem};
use crate::scalar::{Ring, Rounding};

/// The definition, as an [`Algorithm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Definition;

impl<S: Ring> Algorithm<S> for Definition {
    fn name(&self) -> &'static str {
        "definition"
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        sum_of_terms(problem, kernel, signal)
    }

    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        S: Rounding,
    {
        tolerance::inner_product_bound(problem, kernel, signal, problem.terms())
    }
}
