//! Convolution as a matrix product (im2col).
//!
//! For each sample and group, the entries that the kernel meets are copied into a matrix with one column for
//! each position of the output and one row for each channel and tap; zeros stand for the padding. Of a large
//! matrix some columns are made at a time. Then
//!
//! ```text
//! output (M/groups × positions) = kernel (M/groups × C/groups·taps) · columns (C/groups·taps × positions)
//! ```
//!
//! Cost: `N·M·C/groups·taps·positions` products, fast ones because a matrix product reads its operands in
//! order, and memory for `C/groups·taps` rows of [`LEAST_COLUMNS`] positions, or of more up to
//! [`MOST_ENTRIES`] entries. Source: K. Chellapilla, S. Puri, P. Simard, *High Performance Convolutional
//! Neural Networks for Document Processing*, 2006, section 2.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, ArrayViewD, Axis, s};
use num_complex::Complex;

use crate::conv::algorithm::tolerance;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{Algorithm, ConvolutionError, Problem};
use crate::scalar::{Bounded, Degree, Dual, Goldilocks, Rational, Ring, Rounding, Symbolic};

/// Entries of the matrix that are made at a time at most, but for [`LEAST_COLUMNS`].
const MOST_ENTRIES: usize = 1 << 16;
/// Columns that are made at a time at least, if there are so many: products of fewer are slow.
const LEAST_COLUMNS: usize = 64;

/// A scalar whose matrices can be multiplied.
pub trait MatrixScalar: Ring {
    /// The product of two matrices, each entry the sum of its products in some order.
    ///
    /// # Panics
    /// If the columns of `a` are not as many as the rows of `b`.
    fn matrix_product(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>) -> Array2<Self> {
        assert_eq!(a.ncols(), b.nrows(), "columns of the first matrix, rows of the second");
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
            let mut sum = Self::zero();
            for (x, y) in a.row(i).iter().zip(b.column(j)) {
                sum.add_product(x, y);
            }
            sum
        })
    }
}

/// By the product of the library that the arrays come from.
macro_rules! by_ndarray {
    ($($float:ty),*) => { $(
        impl MatrixScalar for $float {
            fn matrix_product(a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>) -> Array2<Self> {
                a.dot(&b)
            }
        }
    )* };
}

by_ndarray!(f32, f64, Complex<f32>, Complex<f64>);

impl MatrixScalar for i64 {}
impl MatrixScalar for i128 {}
impl MatrixScalar for Goldilocks {}
impl MatrixScalar for Rational {}
impl MatrixScalar for Symbolic {}
impl MatrixScalar for Degree {}
impl MatrixScalar for Bounded {}
impl MatrixScalar for Dual<Goldilocks> {}

/// Copies what each output sees into the columns of a matrix, and multiplies the kernel by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatrixProduct;

impl<S: MatrixScalar> Algorithm<S> for MatrixProduct {
    fn name(&self) -> &'static str {
        "matrix_product"
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
        let together = (MOST_ENTRIES / problem.terms()).max(LEAST_COLUMNS);
        let mut output = Array3::zeros((problem.batch(), problem.output_channels(), windows.len()));
        for group in 0..problem.groups() {
            let rows = group * outputs..(group + 1) * outputs;
            let weights = kernel.slice(s![rows.clone(), .., ..]);
            let weights = weights
                .to_shape((outputs, problem.terms()))
                .unwrap_or_else(|_| unreachable!("terms = channels · taps"));
            for n in 0..problem.batch() {
                let seen = signal.slice(s![n, group * channels..(group + 1) * channels, ..]);
                let mut output = output.slice_mut(s![n, rows.clone(), ..]);
                let parts = output.axis_chunks_iter_mut(Axis(1), together);
                for (mut output, windows) in parts.zip(windows.chunks(together)) {
                    let columns = columns(problem, windows, seen);
                    output.assign(&S::matrix_product(weights.view(), columns.view()));
                }
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
        tolerance::inner_product_bound_by_parts(problem, kernel, signal)
    }
}

/// The matrix of what each output sees of `signal`, one row for each (channel, tap).
fn columns<S: Ring>(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::problem::samples;
    use crate::conv::{Definition, Operation, Options};

    #[test]
    fn columns_are_made_in_parts() {
        // 2·3·3 terms and 77² positions: two parts.
        let problem =
            Problem::new(Operation::Correlation, &[3, 2, 3, 3], &[2, 2, 79, 79], &Options::new()).unwrap();
        let positions: usize = problem.output_shape()[2..].iter().product();
        assert!(problem.terms() * positions > MOST_ENTRIES);
        let kernel = samples::integers(&problem.kernel_shape(), 1, 9);
        let signal = samples::integers(&problem.signal_shape(), 2, 9);
        let expected = Definition.run(&problem, kernel.view(), signal.view()).unwrap();
        assert_eq!(MatrixProduct.run(&problem, kernel.view(), signal.view()).unwrap(), expected);
        let [kernel, signal] = [kernel, signal].map(|array| array.mapv(|entry| entry as f64));
        let product = MatrixProduct.run(&problem, kernel.view(), signal.view()).unwrap();
        assert_eq!(product, expected.mapv(|entry| entry as f64));
    }
}
