//! The definition: the formula and nothing else.
//!
//! ```text
//! output(n, m, o) = Σ_c Σ_k kernel(m, c, k) · x̃(n, g(m) + c, source(o, k))
//! ```
//!
//! where c runs over the channels of m's group, which begins at g(m), k over the taps, x̃ is the extended signal and
//! [`Problem::source`] says which entry tap k reads at output o. Taps that read a zero of the padding contribute no
//! term. The sum is formed in the order of (c, k), row by row, starting from zero.
//!
//! Cost: [`Problem::multiply_adds`] products, no memory beside the output. It works over every commutative ring, and
//! every other algorithm is judged by it.

use ndarray::{Array3, ArrayD, ArrayViewD};

use crate::conv::algorithm::tolerance;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{Algorithm, ConvolutionError, Problem};
use crate::scalar::Ring;
use crate::scalar::Rounding;

/// The definition, as an [`Algorithm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Definition;

/// One product of the sum: `output[output] += kernel[kernel] · signal[signal]`. The last index of each runs over
/// space, row by row.
pub(in crate::conv) struct Term {
    /// (output channel, channel in the group, tap)
    pub(in crate::conv) kernel: [usize; 3],
    /// (sample, channel, entry)
    pub(in crate::conv) signal: [usize; 3],
    /// (sample, output channel, position)
    pub(in crate::conv) output: [usize; 3],
}

/// The terms of all the sums.
pub(in crate::conv) fn for_each_term(problem: &Problem, mut visit: impl FnMut(Term)) {
    for (position, window) in problem.windows().enumerate() {
        for n in 0..problem.batch() {
            for m in 0..problem.output_channels() {
                for (c, channel) in problem.channels_seen_by(m).enumerate() {
                    for &(tap, entry) in &window {
                        visit(Term {
                            kernel: [m, c, tap],
                            signal: [n, channel, entry],
                            output: [n, m, position],
                        });
                    }
                }
            }
        }
    }
}

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
        problem.check_operands(kernel.shape(), signal.shape())?;
        let (kernel, signal) = (flatten_space(&kernel), flatten_space(&signal));
        let positions: usize = problem.output_shape()[2..].iter().product();
        let mut output = Array3::<S>::zeros((problem.batch(), problem.output_channels(), positions));
        for_each_term(problem, |term| {
            output[term.output].add_product(&kernel[term.kernel], &signal[term.signal]);
        });
        Ok(restore_space(output, &problem.output_shape()))
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
