//! Arrays with their axes of space joined into one, with channels added, or with the number of axes in their
//! type.
//!
//! Cost: views where memory allows it, else one copy.

use ndarray::{Array, Array3, ArrayD, ArrayRef, ArrayViewD, Axis, CowArray, Dimension, Ix3};

/// The array with its axes of space joined into one, row by row: (first, second, space).
pub(in crate::conv) fn flatten_space<S: Clone, D: Dimension>(array: &ArrayRef<S, D>) -> CowArray<'_, S, Ix3> {
    let shape = array.shape();
    let space = shape[2..].iter().product();
    array.to_shape((shape[0], shape[1], space)).unwrap_or_else(|_| unreachable!("the same number of entries"))
}

/// The inverse of [`flatten_space`]. The array must be contiguous in row-major order.
pub(in crate::conv) fn restore_space<S>(array: Array3<S>, shape: &[usize]) -> ArrayD<S> {
    array.into_shape_with_order(shape).unwrap_or_else(|_| unreachable!("the same number of entries"))
}

/// A single-channel array as one of shape (1, 1, space…).
pub(in crate::conv) fn with_channels<S, D: Dimension>(array: &ArrayRef<S, D>) -> ArrayViewD<'_, S> {
    array.view().into_dyn().insert_axis(Axis(0)).insert_axis(Axis(0))
}

/// The inverse of [`with_channels`].
pub(in crate::conv) fn without_channels<S, D: Dimension>(array: ArrayD<S>) -> Array<S, D> {
    with_dimension(array.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
}

/// The array with the number of axes in its type, which must be the number that it has.
pub(in crate::conv) fn with_dimension<S, D: Dimension>(array: ArrayD<S>) -> Array<S, D> {
    array.into_dimensionality().unwrap_or_else(|_| unreachable!("the same number of axes"))
}
