//! The terms of a convolution, one after the other, and their sums: the formula that
//! [`Definition`](super::Definition) is.
//!
//! Cost: [`Problem::multiply_adds`] products, and the windows of one channel.

use ndarray::{Array3, ArrayD, ArrayViewD};

use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{ConvolutionError, Problem};
use crate::scalar::Ring;

/// One product of the sum: `output[output] += kernel[kernel] · signal[signal]`. The last index of each runs
/// over space, row by row.
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

/// The sums of the products of all terms, in the order of [`for_each_term`], each from zero on.
///
/// # Errors
/// If the arrays do not have the problem's shapes.
pub(in crate::conv) fn sum_of_terms<S: Ring>(
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
