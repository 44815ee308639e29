//! The way in: one call for one convolution.
//!
//! Over `f32`, `f64` and complex numbers of either, and from [`PLANNED`] products on, the fastest method runs
//! whose derived error bound is within [`plan::Accuracy::default`](crate::conv::plan::Accuracy); over every
//! other scalar, and below, the [`Definition`]. So exact scalars give exact results.
//!
//! Cost: that of the method; for floats besides a copy of both operands, and the making of a plan, some
//! microseconds. To convolve again and again with the same kernel, keep a
//! [`plan::Plan`](crate::conv::plan::Plan).

#[cfg(feature = "plan")]
mod fastest;
#[cfg(test)]
mod tests;

use ndarray::{Array, ArrayD, ArrayRef, ArrayViewD, Dimension};

use crate::conv::problem::layout::{with_channels, with_dimension, without_channels};
#[cfg(feature = "plan")]
use crate::conv::sums::PLANNED;
use crate::conv::{Algorithm, ConvolutionError, Definition, Extent, Operation, Options, Problem};
use crate::scalar::Ring;

/// The convolution `signal * kernel` of one channel.
///
/// The output covers the indices that [`Extent`] tells. Both operands have the same number of axes, by their
/// types:
/// ```compile_fail
/// # use equivariant::conv::{convolve, Extent};
/// # use ndarray::{arr1, arr2};
/// convolve(&arr2(&[[1.0]]), &arr1(&[1.0, 2.0]), Extent::Full);
/// ```
///
/// ```
/// use equivariant::conv::{convolve, Extent};
/// use ndarray::arr1;
///
/// // (1 + t + 3t²)(1 + 2t) = 1 + 3t + 5t² + 6t³
/// let product = convolve(&arr1(&[1, 1, 3i64]), &arr1(&[1, 2]), Extent::Full)?;
/// assert_eq!(product, arr1(&[1, 3, 5, 6]));
/// # Ok::<(), equivariant::conv::ConvolutionError>(())
/// ```
///
/// # Errors
/// If an operand is empty or has no axes, or for `Valid` and `Circular` if the kernel is larger than the
/// signal.
pub fn convolve<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<Array<S, D>, ConvolutionError> {
    single_channel(Operation::Convolution, signal, kernel, extent, fastest)
}

/// The correlation of one channel, `Σ_k kernel(k) signal(n+k)`: a convolution whose kernel is not flipped.
///
/// ```
/// use equivariant::conv::{correlate, Extent};
/// use ndarray::arr1;
///
/// // 1·4 + 2·5 and 1·5 + 2·6
/// let output = correlate(&arr1(&[4, 5, 6i64]), &arr1(&[1, 2]), Extent::Valid)?;
/// assert_eq!(output, arr1(&[14, 17]));
/// # Ok::<(), equivariant::conv::ConvolutionError>(())
/// ```
///
/// # Errors
/// See [`convolve`].
pub fn correlate<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<Array<S, D>, ConvolutionError> {
    single_channel(Operation::Correlation, signal, kernel, extent, fastest)
}

/// [`convolve`] by this algorithm.
///
/// ```
/// use equivariant::conv::{Definition, Extent, convolve_with};
/// use ndarray::arr1;
///
/// let (signal, kernel) = (arr1(&[1.0, 2.0, 3.0]), arr1(&[1.0, -1.0]));
/// assert_eq!(convolve_with(&signal, &kernel, Extent::Same, &Definition)?, arr1(&[1.0, 1.0, 1.0]));
/// # Ok::<(), equivariant::conv::ConvolutionError>(())
/// ```
///
/// # Errors
/// See [`convolve`]; and if the algorithm does not support the problem.
pub fn convolve_with<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    extent: Extent,
    algorithm: &impl Algorithm<S>,
) -> Result<Array<S, D>, ConvolutionError> {
    single_channel(Operation::Convolution, signal, kernel, extent, |problem, kernel, signal| {
        algorithm.run(problem, kernel, signal)
    })
}

/// [`correlate`] by this algorithm.
///
/// # Errors
/// See [`convolve_with`].
pub fn correlate_with<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    extent: Extent,
    algorithm: &impl Algorithm<S>,
) -> Result<Array<S, D>, ConvolutionError> {
    single_channel(Operation::Correlation, signal, kernel, extent, |problem, kernel, signal| {
        algorithm.run(problem, kernel, signal)
    })
}

/// Convolution with many channels: signal (N, C, space…), kernel (M, C/groups, taps…), output (N, M, space…).
///
/// # Errors
/// See [`Problem::new`].
pub fn convolve_channels<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    channels(Operation::Convolution, signal, kernel, options)
}

/// Correlation with many channels: signal (N, C, space…), kernel (M, C/groups, taps…), output (N, M, space…).
///
/// This is what neural networks call a convolutional layer, without its bias.
///
/// # Errors
/// See [`Problem::new`].
pub fn correlate_channels<S: Ring, D: Dimension>(
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    channels(Operation::Correlation, signal, kernel, options)
}

fn single_channel<S: Ring, D: Dimension>(
    operation: Operation,
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    extent: Extent,
    run: impl Fn(&Problem, ArrayViewD<'_, S>, ArrayViewD<'_, S>) -> Result<ArrayD<S>, ConvolutionError>,
) -> Result<Array<S, D>, ConvolutionError> {
    let problem = Problem::single_channel(operation, kernel.shape(), signal.shape(), extent)?;
    Ok(without_channels(run(&problem, with_channels(kernel), with_channels(signal))?))
}

fn channels<S: Ring, D: Dimension>(
    operation: Operation,
    signal: &ArrayRef<S, D>,
    kernel: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    let problem = Problem::new(operation, kernel.shape(), signal.shape(), options)?;
    Ok(with_dimension(fastest(&problem, kernel.view().into_dyn(), signal.view().into_dyn())?))
}

/// The output of a problem by the fastest method that its scalar has.
fn fastest<S: Ring>(
    problem: &Problem,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    #[cfg(feature = "plan")]
    if problem.multiply_adds() >= PLANNED
        && let Some(output) = fastest::by_plan(problem, &kernel, &signal)
    {
        return output;
    }
    Definition.run(problem, kernel, signal)
}
