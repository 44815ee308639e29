//! Convolution as a matrix product (im2col).
//!
//! For each sample and group, the entries that the kernel meets are copied into a matrix with one column for each
//! position of the output and one row for each channel and tap; zeros stand for the padding. Then
//!
//! ```text
//! output (M/groups × positions) = kernel (M/groups × C/groups·taps) · columns (C/groups·taps × positions)
//! ```
//!
//! Cost: `N·M·C/groups·taps·positions` products, fast ones because a matrix product reads its operands in order, and
//! `C/groups·taps·positions` entries of memory. Source: K. Chellapilla, S. Puri, P. Simard, *High Performance
//! Convolutional Neural Networks for Document Processing*, 2006, section 2.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, ArrayViewD, s};

use super::algorithm::{flatten_space, restore_space};
use super::tolerance::{self, Rounding};
use super::{Algorithm, ConvolutionError, ConvolutionScalar, Problem};

/// Copies what each output sees into the columns of a matrix, and multiplies the kernel by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixProduct;

impl<S: ConvolutionScalar> Algorithm<S> for MatrixProduct {
    fn name(&self) -> &'static str {
        "matrix product"
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let (kernel, signal) = (flatten_space(&kernel), flatten_space(&signal));
        let windows: Vec<_> = problem.windows().collect();
        let (outputs, channels) = (problem.output_channels() / problem.groups(), problem.group_channels());
        let mut output = Array3::zeros((problem.batch(), problem.output_channels(), windows.len()));
        for group in 0..problem.groups() {
            let rows = group * outputs..(group + 1) * outputs;
            let weights = kernel.slice(s![rows.clone(), .., ..]);
            let weights = weights
                .to_shape((outputs, problem.terms()))
                .unwrap_or_else(|_| unreachable!("terms = channels · taps"));
            for n in 0..problem.batch() {
                let seen = signal.slice(s![n, group * channels..(group + 1) * channels, ..]);
                let columns = columns(problem, &windows, seen);
                let product = S::matrix_product(weights.view(), columns.view());
                output.slice_mut(s![n, rows.clone(), ..]).assign(&product);
            }
        }
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

/// The matrix of what each output sees of `signal`, one row for each (channel, tap).
fn columns<S: ConvolutionScalar>(
    problem: &Problem,
    windows: &[Vec<(usize, usize)>],
    signal: ArrayView2<'_, S>,
) -> Array2<S> {
    let taps = problem.terms() / problem.group_channels();
    let mut columns = Array2::zeros((problem.terms(), windows.len()));
    for (channel, entries) in signal.outer_iter().enumerate() {
        for (position, window) in windows.iter().enumerate() {
            for &(tap, entry) in window {
                columns[[channel * taps + tap, position]] = entries[entry].clone();
            }
        }
    }
    columns
}
