//! The mean of (x − t)² over all entries, and its gradient 2(x − t)/n.

use ndarray::{ArrayD, ArrayViewD};

use super::{LossError, check_shape};
use crate::scalar::{DivideByInteger, pairwise_sum};

/// The mean of (output − target)² over all entries; 0 for none.
///
/// # Errors
/// If the shapes differ.
pub fn mean_square<S: DivideByInteger>(
    outputs: ArrayViewD<'_, S>,
    targets: ArrayViewD<'_, S>,
) -> Result<S, LossError> {
    check_shape("the targets", outputs.shape(), targets.shape())?;
    let square = |(output, target): (&S, &S)| {
        let difference = output.clone() - target.clone();
        difference.clone() * difference
    };
    let sum = pairwise_sum(outputs.iter().zip(&targets).map(square));
    Ok(sum.divide_by_integer(outputs.len().max(1) as u64))
}

/// The gradient of [`mean_square`] with respect to the outputs: 2·(output − target)/n.
///
/// # Errors
/// If the shapes differ.
pub fn mean_square_gradient<S: DivideByInteger>(
    outputs: ArrayViewD<'_, S>,
    targets: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, LossError> {
    check_shape("the targets", outputs.shape(), targets.shape())?;
    let count = outputs.len().max(1) as u64;
    let gradient = |(output, target): (&S, &S)| {
        let difference = output.clone() - target.clone();
        (difference.clone() + difference).divide_by_integer(count)
    };
    let entries = outputs.iter().zip(&targets).map(gradient).collect();
    Ok(ArrayD::from_shape_vec(outputs.raw_dim(), entries)
        .unwrap_or_else(|_| unreachable!("one entry for each output")))
}
