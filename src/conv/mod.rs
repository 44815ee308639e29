//! Convolution and correlation, in any number of dimensions, on any commutative ring.
//!
//! `(x * y)(n) = Σ_k x(k) y(n−k)` flips the kernel x, `(x ⋆ y)(n) = Σ_k x(k) y(n+k)` does not; layers of neural networks
//! use the second. Functions take the kernel first and the signal second.
//!
//! | where | what |
//! |---|---|
//! | [`convolve`], [`correlate`] | one channel, an [`Extent`], any [`Ring`]: the definition |
//! | [`convolve_channels`], [`correlate_channels`] | many channels, [`Options`], any [`Ring`]: the definition |
//! | [`convolve_separable`], [`correlate_separable`] | kernels that are outer products, any [`Ring`] |
//! | [`Problem`] | the validated description to which all of these reduce |
//! | [`Algorithm`] | the interface: [`Definition`], [`MatrixProduct`], [`Fourier`], [`NumberTheoretic`], [`OverlapAdd`], [`Separable`], [`Direct`], [`Winograd`], [`FourierTiles`] |
//! | [`plan`] | prepared convolutions, their transposes and gradients, at the speed of the machine |
//! | [`planner`] | which algorithms a scalar has; running a [`Choice`] of them or the planner's |
//! | [`strict`] | the map, its adjoint and its gradient by the fastest sums of products that a scalar has: for layers |
//! | [`adjoint`] | the transposed map, and the gradient with respect to the kernel |
//! | [`boundary`] | the four paddings |
//! | [`fourier`] | the discrete Fourier transform: definition, fast, unitary |
//! | [`continuous`] | convolution and unitary transform of sampled functions on ℝⁿ |
//! | [`tolerance`] | derived bounds of rounding errors |
//!
//! The functions at the top run the definition on every ring and never anything faster: they are what proofs are
//! about. Speed is asked for by a [`Problem`] and [`choice::run`], [`strict`] or a [`plan`].

pub mod algorithm;
pub mod continuous;
pub mod discrete_fourier;
pub mod plan;
mod problem;
pub mod sums;

pub use algorithm::adjoint;
pub use algorithm::{
    Algorithm, Choice, ConvolutionScalar, Definition, Direct, Fourier, FourierTiles, MatrixProduct,
    NumberTheoretic, OverlapAdd, ROUNDINGS_PER_LEVEL, Separable, Winograd, convolve_separable,
    correlate_separable, factor, fast_dft, outer_product,
};
pub use problem::{
    Axis, Boundary, ConvolutionError, Extent, Operation, Options, Problem, Unsupported, boundary,
};

use ndarray::{Array, ArrayRef, Dimension};

use crate::scalar::Ring;

/// The convolution `x * y`: kernel x, signal y, one channel, by the definition.
///
/// The output covers the indices that [`Extent`] tells. Both operands have the same number of axes, by their types:
/// ```compile_fail
/// # use equivariant::conv::{convolve, Extent};
/// # use ndarray::{arr1, arr2};
/// convolve(&arr1(&[1.0, 2.0]), &arr2(&[[1.0]]), Extent::Full);
/// ```
///
/// ```
/// use equivariant::conv::{convolve, Extent};
/// use ndarray::arr1;
///
/// // (1 + 2t)(1 + t + 3t²) = 1 + 3t + 5t² + 6t³
/// let product = convolve(&arr1(&[1, 2]), &arr1(&[1, 1, 3i64]), Extent::Full)?;
/// assert_eq!(product, arr1(&[1, 3, 5, 6]));
/// # Ok::<(), equivariant::conv::ConvolutionError>(())
/// ```
///
/// # Errors
/// If an operand is empty or has no axes, or for `Valid` and `Circular` if x is larger than y.
pub fn convolve<S: Ring, D: Dimension>(
    x: &ArrayRef<S, D>,
    y: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<Array<S, D>, ConvolutionError> {
    run_single_channel(Operation::Convolution, x, y, extent)
}

/// The correlation `kernel ⋆ signal`: one channel, by the definition.
///
/// ```
/// use equivariant::conv::{correlate, Extent};
/// use ndarray::arr1;
///
/// // 1·4 + 2·5 and 1·5 + 2·6
/// let output = correlate(&arr1(&[1, 2]), &arr1(&[4, 5, 6i64]), Extent::Valid)?;
/// assert_eq!(output, arr1(&[14, 17]));
/// # Ok::<(), equivariant::conv::ConvolutionError>(())
/// ```
///
/// # Errors
/// If an operand is empty or has no axes, or for `Valid` and `Circular` if the kernel is larger than the signal.
pub fn correlate<S: Ring, D: Dimension>(
    kernel: &ArrayRef<S, D>,
    signal: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<Array<S, D>, ConvolutionError> {
    run_single_channel(Operation::Correlation, kernel, signal, extent)
}

/// Convolution with many channels: kernel (M, C/groups, taps…), signal (N, C, space…), output (N, M, space…).
///
/// # Errors
/// See [`Problem::new`].
pub fn convolve_channels<S: Ring, D: Dimension>(
    kernel: &ArrayRef<S, D>,
    signal: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    run_channels(Operation::Convolution, kernel, signal, options)
}

/// Correlation with many channels: kernel (M, C/groups, taps…), signal (N, C, space…), output (N, M, space…).
///
/// This is what neural networks call a convolutional layer, without its bias.
///
/// # Errors
/// See [`Problem::new`].
pub fn correlate_channels<S: Ring, D: Dimension>(
    kernel: &ArrayRef<S, D>,
    signal: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    run_channels(Operation::Correlation, kernel, signal, options)
}

fn run_single_channel<S: Ring, D: Dimension>(
    operation: Operation,
    kernel: &ArrayRef<S, D>,
    signal: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<Array<S, D>, ConvolutionError> {
    let problem = Problem::single_channel(operation, kernel.shape(), signal.shape(), extent)?;
    let output = Definition.run(
        &problem,
        problem::layout::with_channels(kernel),
        problem::layout::with_channels(signal),
    )?;
    Ok(problem::layout::without_channels(output))
}

fn run_channels<S: Ring, D: Dimension>(
    operation: Operation,
    kernel: &ArrayRef<S, D>,
    signal: &ArrayRef<S, D>,
    options: &Options,
) -> Result<Array<S, D>, ConvolutionError> {
    let problem = Problem::new(operation, kernel.shape(), signal.shape(), options)?;
    let output = Definition.run(&problem, kernel.view().into_dyn(), signal.view().into_dyn())?;
    Ok(problem::layout::with_dimension(output))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Array3, arr1, arr2, arr3, s};
    use proptest::prelude::*;

    use super::*;

    fn polynomial() -> impl Strategy<Value = Array1<i64>> {
        prop::collection::vec(-9i64..=9, 1..8).prop_map(Array1::from)
    }

    fn horner(coefficients: &Array1<i64>, t: i64) -> i128 {
        coefficients.iter().rev().fold(0, |value, &c| value * i128::from(t) + i128::from(c))
    }

    #[test]
    fn every_extent_by_hand() {
        let (x, y) = (arr1(&[1i64, 10]), arr1(&[1i64, 2, 3]));
        // x*y: 1·1, 1·2 + 10·1, 1·3 + 10·2, 10·3.
        assert_eq!(convolve(&x, &y, Extent::Full).unwrap(), arr1(&[1, 12, 23, 30]));
        // The centre of two taps is the first: indices 0 … 2 of the full one.
        assert_eq!(convolve(&x, &y, Extent::Same).unwrap(), arr1(&[1, 12, 23]));
        assert_eq!(convolve(&x, &y, Extent::Valid).unwrap(), arr1(&[12, 23]));
        // Index 3 of the full one wraps around to index 0: 1 + 30.
        assert_eq!(convolve(&x, &y, Extent::Circular).unwrap(), arr1(&[31, 12, 23]));
        // x⋆y for n = −1 … 2: 10·1, 1·1 + 10·2, 1·2 + 10·3, 1·3.
        assert_eq!(correlate(&x, &y, Extent::Full).unwrap(), arr1(&[10, 21, 32, 3]));
        // n = 0 … 2
        assert_eq!(correlate(&x, &y, Extent::Same).unwrap(), arr1(&[21, 32, 3]));
        assert_eq!(correlate(&x, &y, Extent::Valid).unwrap(), arr1(&[21, 32]));
        // n = −1 wraps around to n = 2: 3 + 10.
        assert_eq!(correlate(&x, &y, Extent::Circular).unwrap(), arr1(&[21, 32, 13]));
        // Three and four taps: centre 1, so convolution starts at index 1 and correlation at n = −1.
        let (three, four) = (arr1(&[0i64, 0, 1]), arr1(&[0i64, 0, 0, 1]));
        let y = arr1(&[1i64, 2, 3, 4, 5]);
        assert_eq!(convolve(&three, &y, Extent::Same).unwrap(), arr1(&[0, 1, 2, 3, 4]));
        assert_eq!(convolve(&four, &y, Extent::Same).unwrap(), arr1(&[0, 0, 1, 2, 3]));
        assert_eq!(correlate(&three, &y, Extent::Same).unwrap(), arr1(&[2, 3, 4, 5, 0]));
        assert_eq!(correlate(&four, &y, Extent::Same).unwrap(), arr1(&[3, 4, 5, 0, 0]));
    }

    #[test]
    fn two_and_three_dimensions_by_hand() {
        let kernel = arr2(&[[1i64, 2], [3, 4]]);
        let image = arr2(&[[1i64, 0, 0], [0, 0, 1]]);
        // Correlation: the window [[1,0],[0,0]] gives 1, the window [[0,0],[0,1]] gives 4.
        assert_eq!(correlate(&kernel, &image, Extent::Valid).unwrap(), arr2(&[[1, 4]]));
        // Convolution sees the kernel turned by 180°, [[4,3],[2,1]].
        assert_eq!(convolve(&kernel, &image, Extent::Valid).unwrap(), arr2(&[[4, 1]]));
        // δ at the origin is the identity of full convolution.
        let volume = Array3::from_shape_fn((2, 3, 2), |(z, y, x)| (z * 6 + y * 2 + x) as i64);
        assert_eq!(convolve(&arr3(&[[[1i64]]]), &volume, Extent::Full).unwrap(), volume);
        // δ at (1, 0, 1) shifts by (1, 0, 1).
        let shift = arr3(&[[[0i64, 0]], [[0, 1]]]);
        let shifted = convolve(&shift, &volume, Extent::Full).unwrap();
        assert_eq!(shifted.slice(s![1.., .., 1..]), volume);
        assert_eq!(shifted.sum(), volume.sum());
    }

    #[test]
    fn channels_stride_dilation_and_groups_by_hand() {
        // One sample of two channels, three outputs per group of one channel.
        let signal = arr3(&[[[1i64, 2, 3, 4, 5], [10, 20, 30, 40, 50]]]);
        let kernel = arr3(&[[[1i64, 1]], [[1, -1]]]);
        let options = Options::new().groups(2).stride([2]).dilation([2]).padding_before_after([(1, 2)]);
        let output = correlate_channels(&kernel, &signal, &options).unwrap();
        // Padded: 0 1 2 3 4 5 0 0 and 0 10 20 30 40 50 0 0; taps (0, 2), (2, 4), (4, 6).
        assert_eq!(output, arr3(&[[[2, 6, 4], [-20, -20, 40]]]));
        let flipped = convolve_channels(&kernel, &signal, &options).unwrap();
        assert_eq!(flipped, arr3(&[[[2, 6, 4], [20, 20, -40]]]));
        // Two input channels are summed.
        let mixing = arr3(&[[[1i64], [2]]]);
        let mixed = correlate_channels(&mixing, &signal, &Options::new()).unwrap();
        assert_eq!(mixed, arr3(&[[[21, 42, 63, 84, 105]]]));
    }

    #[test]
    fn wrong_operands_are_errors() {
        let empty = Array2::<i64>::zeros((0, 3));
        assert!(matches!(
            convolve(&empty, &Array2::zeros((3, 3)), Extent::Full),
            Err(ConvolutionError::Empty { what: "kernel", .. })
        ));
        let problem = Problem::new(Operation::Convolution, &[1, 1, 2], &[1, 1, 3], &Options::new()).unwrap();
        let wrong = Array3::<i64>::zeros((1, 1, 3)).into_dyn();
        assert!(matches!(
            Definition.run(&problem, wrong.view(), wrong.view()),
            Err(ConvolutionError::WrongShape { what: "kernel", .. })
        ));
        // An empty batch gives an empty output.
        let none =
            correlate_channels(&Array3::<i64>::zeros((4, 2, 3)), &Array3::zeros((0, 2, 5)), &Options::new());
        assert_eq!(none.unwrap().shape(), [0, 4, 3]);
    }

    proptest! {
        #[test]
        fn full_convolution_is_the_product_of_polynomials(x in polynomial(), y in polynomial(), t in -5i64..=5) {
            let product = convolve(&x, &y, Extent::Full).unwrap();
            prop_assert_eq!(horner(&product, t), horner(&x, t) * horner(&y, t));
        }

        #[test]
        fn correlation_is_convolution_with_the_reflected_kernel(x in polynomial(), y in polynomial()) {
            let reflected = x.slice(s![..;-1]);
            for extent in [Extent::Full, Extent::Valid] {
                prop_assert_eq!(correlate(&x, &y, extent), convolve(&reflected, &y, extent));
            }
            if x.len() % 2 == 1 {
                prop_assert_eq!(correlate(&x, &y, Extent::Same), convolve(&reflected, &y, Extent::Same));
            }
        }
    }
}
