//! Kernels that are outer products of vectors act as one-dimensional passes.
//!
//! If `w(k₁, …, k_d) = f₁(k₁) ⋯ f_d(k_d)`, summing over one index after the other gives the same as summing
//! over all: correlation with w is correlation with f₁ along the first axis, then with f₂ along the second,
//! and so on. Each axis has its own stride, dilation, padding and boundary, so this holds for all of them.
//!
//! Cost: K₁ + … + K_d products for each entry instead of K₁ ⋯ K_d.
//!
//! *Finding the factors.* Take the entry of greatest magnitude, the pivot at p. The line through p along the
//! first axis is f₁, and the line along axis a > 1, divided by the pivot, is f_a. The kernel is an outer
//! product if and only if it is that of these vectors. Over an exact field that is decided exactly. Over
//! floats an outer product rounded entry by entry must pass: with e = d − 1 and v the relative error of a
//! product or quotient, each entry of the kernel is off by ev, f₁ by ev, each of the e others by 2ev + v, and
//! their product by e roundings more, in all ev + ev + e(2ev + v) + ev = 2e(d + 1)v − ev at first order;
//! twice 2(d² − 1)v is allowed, which leaves room for the second order and for complex quotients.

use ndarray::{Array1, ArrayD, ArrayRef, ArrayView1, ArrayViewD, Axis, Dimension, IxDyn, Slice};

use crate::conv::algorithm::tolerance;
use crate::conv::problem::layout::{with_channels, without_channels};
use crate::conv::{Algorithm, ConvolutionError, Definition, Extent, Operation, Options, Problem};
use crate::scalar::Rounding;
use crate::scalar::{Field, Ring};

/// Runs outer-product kernels as one-dimensional passes; refuses others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Separable;

/// The array `w(k₁, …, k_d) = f₁(k₁) ⋯ f_d(k_d)`.
pub fn outer_product<S: Ring>(factors: &[ArrayView1<'_, S>]) -> ArrayD<S> {
    let shape: Vec<_> = factors.iter().map(|factor| factor.len()).collect();
    ArrayD::from_shape_fn(IxDyn(&shape), |index| {
        let along = factors.iter().enumerate();
        along.fold(S::one(), |product, (a, factor)| product * factor[index[a]].clone())
    })
}

/// Vectors whose outer product is `kernel`, or `None` if there are none (or `kernel` has no entries or no
/// axes).
pub fn factor<S: Field + Rounding, D: Dimension>(kernel: &ArrayRef<S, D>) -> Option<Vec<Array1<S>>> {
    let kernel = kernel.view().into_dyn();
    let (pivot, _) = kernel.indexed_iter().fold(None, |best: Option<(IxDyn, f64)>, (index, entry)| {
        let magnitude = entry.magnitude();
        match best {
            Some((_, greatest)) if greatest >= magnitude => best,
            _ => Some((index, magnitude)),
        }
    })?;
    // The zero kernel is the outer product of zeros.
    let scale = kernel[&pivot].try_reciprocal().unwrap_or_else(S::zero);
    let line = |axis: usize| {
        let mut index = pivot.clone();
        Array1::from_shape_fn(kernel.shape()[axis], |k| {
            index[axis] = k;
            let entry = kernel[&index].clone();
            if axis == 0 { entry } else { entry * scale.clone() }
        })
    };
    let factors: Vec<_> = (0..kernel.ndim()).map(line).collect();
    let views: Vec<_> = factors.iter().map(|factor| factor.view()).collect();
    let product = outer_product(&views);
    let tolerance = tolerance_of_factors::<S>(kernel.ndim());
    let same = product.iter().zip(&kernel).all(|(product, entry)| {
        let difference = product.clone() - entry.clone();
        difference.magnitude() <= tolerance * entry.magnitude()
    });
    (same && !factors.is_empty()).then_some(factors)
}

fn tolerance_of_factors<S: Rounding>(rank: usize) -> f64 {
    4.0 * (rank * rank).saturating_sub(1) as f64 * S::PRODUCT_ROUNDOFF
}

/// Convolution of one channel with the outer product of `factors`, one for each axis, as passes along the
/// axes.
///
/// # Errors
/// If there are not as many factors as axes, and as [`crate::conv::convolve`].
pub fn convolve_separable<S: Ring, D: Dimension>(
    factors: &[ArrayView1<'_, S>],
    signal: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<ndarray::Array<S, D>, ConvolutionError> {
    single_channel(Operation::Convolution, factors, signal, extent)
}

/// Correlation of one channel with the outer product of `factors`, one for each axis, as passes along the
/// axes.
///
/// # Errors
/// If there are not as many factors as axes, and as [`crate::conv::correlate`].
pub fn correlate_separable<S: Ring, D: Dimension>(
    factors: &[ArrayView1<'_, S>],
    signal: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<ndarray::Array<S, D>, ConvolutionError> {
    single_channel(Operation::Correlation, factors, signal, extent)
}

fn single_channel<S: Ring, D: Dimension>(
    operation: Operation,
    factors: &[ArrayView1<'_, S>],
    signal: &ArrayRef<S, D>,
    extent: Extent,
) -> Result<ndarray::Array<S, D>, ConvolutionError> {
    let taps: Vec<_> = factors.iter().map(|factor| factor.len()).collect();
    let problem = Problem::single_channel(operation, &taps, signal.shape(), extent)?;
    Ok(without_channels(passes(&problem, factors, with_channels(signal))?))
}

/// One pass along each axis, over a signal of shape (N, 1, space…).
fn passes<S: Ring>(
    problem: &Problem,
    factors: &[ArrayView1<'_, S>],
    signal: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    let rank = factors.len();
    let mut current = signal.to_owned();
    for (a, (axis, factor)) in problem.axes().iter().zip(factors).enumerate() {
        let along = |value: usize| (0..rank).map(|b| if a == b { value } else { 1 }).collect::<Vec<_>>();
        let padding: Vec<_> = (0..rank).map(|b| if a == b { axis.padding } else { (0, 0) }).collect();
        let options = Options::new()
            .stride(along(axis.stride))
            .dilation(along(axis.dilation))
            .padding_before_after(padding)
            .boundary(problem.boundary());
        let shape = [vec![1, 1], along(axis.taps)].concat();
        let pass = Problem::new(problem.operation(), &shape, current.shape(), &options)?;
        let kernel = ArrayD::from_shape_vec(shape, factor.to_vec())
            .unwrap_or_else(|_| unreachable!("one entry for each tap"));
        current = Definition.run(&pass, kernel.view(), current.view())?;
    }
    Ok(current)
}

impl<S: Field + Rounding> Algorithm<S> for Separable {
    fn name(&self) -> &'static str {
        "separable"
    }

    /// # Errors
    /// [`ConvolutionError::NotSeparable`] if the kernel between some two channels is not an outer product.
    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let mut output = ArrayD::zeros(problem.output_shape());
        for m in 0..problem.output_channels() {
            for (c, channel) in problem.channels_seen_by(m).enumerate() {
                let factors = factor(&kernel.index_axis(Axis(0), m).index_axis(Axis(0), c))
                    .ok_or(ConvolutionError::NotSeparable { output: m, input: c })?;
                let views: Vec<_> = factors.iter().map(|factor| factor.view()).collect();
                let seen = signal.slice_axis(Axis(1), Slice::from(channel..channel + 1));
                let passed = passes(problem, &views, seen)?;
                let mut place = output.slice_axis_mut(Axis(1), Slice::from(m..m + 1));
                place.zip_mut_with(&passed, S::add_in_place);
            }
        }
        Ok(output)
    }

    /// The passes of K_a taps round each product (1 + v)·(1 + u)^(K_a − 1) times, the channels add C/groups
    /// roundings, and the product of the factors is off from the kernel by what [`factor`] allows and its own
    /// d roundings.
    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<f64>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let rank = problem.axes().len();
        let taps: usize = problem.axes().iter().map(|axis| axis.taps).sum();
        let growth = (tolerance_of_factors::<S>(rank).ln_1p()
            + 2.0 * rank as f64 * S::PRODUCT_ROUNDOFF.ln_1p()
            + (taps + problem.group_channels()) as f64 * S::UNIT_ROUNDOFF.ln_1p())
        .exp_m1();
        let values = tolerance::magnitude_sum(problem, kernel, signal)?;
        // No factor but the first exceeds 1, so an underflow in one pass does not grow in the next.
        let underflow = (rank * problem.terms()) as f64 * S::UNDERFLOW;
        Ok(values.mapv(|value| value * growth + underflow))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;
    use crate::conv::correlate;

    #[test]
    fn factors_by_hand() {
        // Sobel's kernel is (1 2 1)ᵀ (1 0 −1); the first entry of greatest magnitude is its 2.
        let sobel = arr2(&[[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]);
        let factors = factor(&sobel).unwrap();
        assert_eq!(factors, [arr1(&[1.0, 2.0, 1.0]), arr1(&[1.0, 0.0, -1.0])]);
        assert_eq!(factor(&arr2(&[[1.0, 0.0], [0.0, 1.0]])), None);
        assert_eq!(factor(&arr2(&[[0.0f64, 0.0]])), Some(vec![arr1(&[0.0]), arr1(&[0.0, 0.0])]));
        assert_eq!(factor(&ndarray::Array2::<f64>::zeros((0, 3))), None);
        // One unit in the last place of one entry is allowed, a millionth is not.
        let mut third = outer_product(&[arr1(&[1.0, 1.0 / 3.0]).view(), arr1(&[1.0 / 7.0, 1.0]).view()]);
        assert!(factor(&third).is_some());
        third[[1, 1]] *= 1.000001;
        assert_eq!(factor(&third), None);
    }

    #[test]
    fn passes_are_correlation_with_the_outer_product() {
        let (column, row) = (arr1(&[1i64, 2]), arr1(&[3i64, -1, 4]));
        let image = arr2(&[[1i64, 5, 2, 7], [0, 3, 1, 1], [2, 2, 8, 6]]);
        let factors = [column.view(), row.view()];
        let kernel = outer_product(&factors).into_dimensionality().unwrap();
        for extent in Extent::ALL {
            let expected = correlate(&image, &kernel, extent);
            assert_eq!(correlate_separable(&factors, &image, extent), expected);
        }
        assert!(correlate_separable(&factors[..1], &image, Extent::Full).is_err());
    }
}
