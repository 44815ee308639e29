//! The interface that the definition and every faster way of computing it share.

use std::fmt::Debug;

use ndarray::{Array, Array3, ArrayD, ArrayRef, ArrayViewD, Axis, CowArray, Dimension, Ix3};

use super::{ConvolutionError, Problem, Unsupported};
use crate::scalar::Ring;
use crate::scalar::Rounding;

/// A way to compute convolutions and correlations over the scalar `S`.
///
/// Laws, for every problem that it supports, every kernel and every signal of the problem's shapes, with any strides
/// in memory:
/// - `run` gives what [`Definition`](super::Definition) gives: exactly over an exact scalar, and within
///   `error_bound` of the exact value over a rounding one;
/// - `run` refuses arrays of other shapes with [`ConvolutionError::WrongShape`];
/// - `run` succeeds if `supports` does, except that an algorithm for special kernels may refuse a kernel by its
///   values, with an error of its own.
pub trait Algorithm<S: Ring>: Debug + Send + Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether it can run this problem: every problem, unless an algorithm says otherwise.
    ///
    /// # Errors
    /// If not, what it needs.
    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        let _ = problem;
        Ok(())
    }

    /// The output, of shape [`Problem::output_shape`].
    ///
    /// # Errors
    /// If it does not support the problem, or the arrays do not have the problem's shapes.
    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError>;

    /// For each entry of the output, a bound on |computed − exact|: zero over exact scalars. It holds as long as
    /// nothing overflows.
    ///
    /// # Errors
    /// As `run`.
    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        S: Rounding;
}

/// The array with its axes of space joined into one, row by row: (first, second, space).
pub(super) fn flatten_space<S: Clone, D: Dimension>(array: &ArrayRef<S, D>) -> CowArray<'_, S, Ix3> {
    let shape = array.shape();
    let space = shape[2..].iter().product();
    array.to_shape((shape[0], shape[1], space)).unwrap_or_else(|_| unreachable!("the same number of entries"))
}

/// The inverse of [`flatten_space`]. The array must be contiguous in row-major order.
pub(super) fn restore_space<S>(array: Array3<S>, shape: &[usize]) -> ArrayD<S> {
    array.into_shape_with_order(shape).unwrap_or_else(|_| unreachable!("the same number of entries"))
}

/// A single-channel array as one of shape (1, 1, space…).
pub(super) fn with_channels<S, D: Dimension>(array: &ArrayRef<S, D>) -> ArrayViewD<'_, S> {
    array.view().into_dyn().insert_axis(Axis(0)).insert_axis(Axis(0))
}

/// The inverse of [`with_channels`].
pub(super) fn without_channels<S, D: Dimension>(array: ArrayD<S>) -> Array<S, D> {
    with_dimension(array.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
}

/// The array with the number of axes in its type, which must be the number that it has.
pub(super) fn with_dimension<S, D: Dimension>(array: ArrayD<S>) -> Array<S, D> {
    array.into_dimensionality().unwrap_or_else(|_| unreachable!("the same number of axes"))
}
