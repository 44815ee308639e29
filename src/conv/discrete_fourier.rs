//! The discrete Fourier transform along any axes of an array.
//!
//! ```text
//! (F x)(k) = Σ_j x(j) ω^(jk),    (F⁻¹ X)(j) = 1/n · Σ_k X(k) ω^(−jk)
//! ```
//!
//! for an n-th root of unity ω: e^(−2πi/n) over the complex numbers, a power of 7 over
//! [`Goldilocks`](crate::scalar::Goldilocks). Along several axes, one after the other. The unitary transform
//! has the factor 1/√n in both directions, and preserves inner products (Parseval).
//!
//! Laws, for cyclic convolution: F(x*y) = F(x)·F(y); with the unitary transform U, U(x*y) = √n·U(x)·U(y).
//!
//! | function | scalars | lengths | cost for one axis |
//! |---|---|---|---|
//! | [`dft`] | every field with the roots | those with a root | n products for each entry |
//! | [`fft`] | complex numbers | all | O(log n) products for each entry, by rustfft |

use ndarray::{Array, ArrayD, ArrayRef, Axis, Dimension};
use num_complex::Complex;
use rustfft::{FftNum, FftPlanner};
use thiserror::Error;

use crate::conv::algorithm::fourier::transform_lanes;
use crate::conv::problem::layout::with_dimension;
use crate::scalar::{DivideByInteger, RootOfUnity};

/// There or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// F
    Forward,
    /// F⁻¹
    Inverse,
}

/// Where the factors stand that make F⁻¹F the identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Normalisation {
    /// 1 in F, and 1/n in F⁻¹.
    #[default]
    Inverse,
    /// 1/√n in both.
    Unitary,
}

/// A transform that cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FourierError {
    /// There is no such axis.
    #[error("the array has {rank} axes, numbered from 0; there is no axis {axis}")]
    NoSuchAxis {
        /// The axis asked for.
        axis: usize,
        /// How many there are.
        rank: usize,
    },
    /// An axis is named twice.
    #[error("axis {axis} is to be transformed twice: name each axis once")]
    RepeatedAxis {
        /// The axis.
        axis: usize,
    },
    /// The scalar has no root of unity of this order (or the axis is empty).
    #[error("axis {axis} has length {length}, for which {scalar} has no primitive root of unity")]
    NoRootOfUnity {
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
        /// The scalar.
        scalar: &'static str,
    },
}

/// F or F⁻¹ along the given axes, by the definition.
///
/// # Errors
/// If an axis does not exist, is named twice, or has a length for which there is no root of unity.
pub fn dft<S: RootOfUnity, D: Dimension>(
    x: &ArrayRef<S, D>,
    axes: &[usize],
    direction: Direction,
) -> Result<Array<S, D>, FourierError> {
    dft_with_roots(x, axes, direction, |length, k| S::root_of_unity_power(length as u64, k as u64))
}

/// The same over a ring whose roots of unity the caller gives: `power(n, k)` is ωᵏ for a primitive n-th root
/// ω and k < n, or `None` where there is none.
///
/// # Errors
/// If an axis does not exist, is named twice, or has a length for which there is no root of unity.
pub fn dft_with_roots<S: DivideByInteger, D: Dimension>(
    x: &ArrayRef<S, D>,
    axes: &[usize],
    direction: Direction,
    power: impl Fn(usize, usize) -> Option<S>,
) -> Result<Array<S, D>, FourierError> {
    check_axes(x.ndim(), axes)?;
    let mut array = x.to_owned().into_dyn();
    for &axis in axes {
        let length = array.shape()[axis];
        let powers: Option<Vec<S>> = (0..length).map(|k| power(length, k)).collect();
        let powers = powers.filter(|powers| !powers.is_empty()).ok_or(FourierError::NoRootOfUnity {
            axis,
            length,
            scalar: std::any::type_name::<S>(),
        })?;
        for mut lane in array.lanes_mut(Axis(axis)) {
            let values = lane.to_owned();
            for (k, entry) in lane.iter_mut().enumerate() {
                let mut sum = S::zero();
                for (j, value) in values.iter().enumerate() {
                    let exponent = j * k % length;
                    sum.add_product(
                        value,
                        match direction {
                            Direction::Forward => &powers[exponent],
                            Direction::Inverse => &powers[(length - exponent) % length],
                        },
                    );
                }
                *entry = match direction {
                    Direction::Forward => sum,
                    Direction::Inverse => sum.divide_by_integer(length as u64),
                };
            }
        }
    }
    Ok(with_dimension(array))
}

/// F or F⁻¹ along the given axes, of any lengths, by the fast transform of rustfft.
///
/// # Errors
/// If an axis does not exist, is named twice, or is empty.
pub fn fft<T: FftNum, D: Dimension>(
    x: &ArrayRef<Complex<T>, D>,
    axes: &[usize],
    direction: Direction,
    normalisation: Normalisation,
) -> Result<Array<Complex<T>, D>, FourierError> {
    check_axes(x.ndim(), axes)?;
    let mut array: ArrayD<_> = x.to_owned().into_dyn();
    let mut planner = FftPlanner::new();
    let mut points = 1.0;
    for &axis in axes {
        let length = array.shape()[axis];
        if length == 0 {
            let scalar = std::any::type_name::<Complex<T>>();
            return Err(FourierError::NoRootOfUnity { axis, length, scalar });
        }
        let plan = match direction {
            Direction::Forward => planner.plan_fft_forward(length),
            Direction::Inverse => planner.plan_fft_inverse(length),
        };
        transform_lanes(&mut array, Axis(axis), plan.as_ref());
        points *= length as f64;
    }
    let factor = match (normalisation, direction) {
        (Normalisation::Inverse, Direction::Forward) => return Ok(with_dimension(array)),
        (Normalisation::Inverse, Direction::Inverse) => 1.0 / points,
        (Normalisation::Unitary, _) => 1.0 / points.sqrt(),
    };
    let factor = T::from_f64(factor).unwrap_or_else(|| unreachable!("floats hold every f64, rounded"));
    array.mapv_inplace(|value| value.scale(factor));
    Ok(with_dimension(array))
}

fn check_axes(rank: usize, axes: &[usize]) -> Result<(), FourierError> {
    for (i, &axis) in axes.iter().enumerate() {
        if axis >= rank {
            return Err(FourierError::NoSuchAxis { axis, rank });
        }
        if axes[..i].contains(&axis) {
            return Err(FourierError::RepeatedAxis { axis });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, arr1};
    use proptest::prelude::*;

    use super::*;
    use crate::conv::{Extent, ROUNDINGS_PER_LEVEL, convolve};
    use crate::scalar::Goldilocks;

    fn norm(x: impl IntoIterator<Item = Complex<f64>>) -> f64 {
        x.into_iter().map(|value| value.norm_sqr()).sum::<f64>().sqrt()
    }

    /// Random complex entries of magnitude at most √2.
    fn signal(length: usize) -> impl Strategy<Value = Array1<Complex<f64>>> {
        let entry = (-1.0..1.0, -1.0..1.0).prop_map(|(re, im)| Complex::new(re, im));
        prop::collection::vec(entry, length).prop_map(Array1::from)
    }

    #[test]
    fn four_points_by_hand() {
        // ω = −i: F(1, 2, 3, 4) = (10, 1 − 2i − 3 + 4i, 1 − 2 + 3 − 4, 1 + 2i − 3 − 4i); all entries are
        // exact here.
        let x = arr1(&[1.0, 2.0, 3.0, 4.0]).mapv(|re| Complex::new(re, 0.0));
        let expected = arr1(&[(10.0, 0.0), (-2.0, 2.0), (-2.0, 0.0), (-2.0, -2.0)])
            .mapv(|(re, im)| Complex::new(re, im));
        assert_eq!(dft(&x, &[0], Direction::Forward), Ok(expected.clone()));
        assert_eq!(dft(&expected, &[0], Direction::Inverse), Ok(x.clone()));
        let unitary = fft(&x, &[0], Direction::Forward, Normalisation::Unitary).unwrap();
        assert_eq!(unitary, expected.mapv(|value| value / 2.0));
        assert_eq!(fft(&unitary, &[0], Direction::Inverse, Normalisation::Unitary), Ok(x));
    }

    #[test]
    fn bad_axes_are_errors() {
        let x = Array2::<Goldilocks>::from_elem((7, 3), Goldilocks::new(1));
        let forward = |axes: &[usize]| dft(&x, axes, Direction::Forward).map(drop);
        assert_eq!(forward(&[2]), Err(FourierError::NoSuchAxis { axis: 2, rank: 2 }));
        assert_eq!(forward(&[1, 1]), Err(FourierError::RepeatedAxis { axis: 1 }));
        assert!(matches!(forward(&[0]), Err(FourierError::NoRootOfUnity { axis: 0, length: 7, .. })));
        assert_eq!(forward(&[1]), Ok(()));
        let empty = Array1::<Complex<f32>>::zeros(0);
        assert!(fft(&empty, &[0], Direction::Forward, Normalisation::Inverse).is_err());
        assert!(dft(&empty, &[0], Direction::Forward).is_err());
    }

    proptest! {
        #[test]
        fn the_convolution_theorem_is_exact_in_the_field(
            words in prop::collection::vec(any::<u64>(), 2 * 6 * 5),
        ) {
            let (x, y) = words.split_at(30);
            let image = |words: &[u64]| {
                let entries: Vec<_> = words.iter().map(|&word| Goldilocks::new(word)).collect();
                Array2::from_shape_vec((6, 5), entries).unwrap()
            };
            let (x, y) = (image(x), image(y));
            let spectrum = |x: &Array2<Goldilocks>| dft(x, &[0, 1], Direction::Forward).unwrap();
            let convolved = convolve(&y, &x, Extent::Circular).unwrap();
            prop_assert_eq!(spectrum(&convolved), spectrum(&x) * spectrum(&y));
            prop_assert_eq!(dft(&spectrum(&x), &[1, 0], Direction::Inverse).unwrap(), x);
        }

        /// The two transforms differ by at most their relative errors in the 2-norm:
        /// `ROUNDINGS_PER_LEVEL·u·(1 + log₂n)` for the fast one; for the definition each entry is an inner
        /// product of n terms with roots of unity off by u each, so at most (n + √5 + 2)·u·Σ|x| ≤ (n +
        /// 5)·u·√n·‖x‖, and √n times that over all entries, while ‖Fx‖ = √n·‖x‖.
        #[test]
        fn the_fast_transform_is_the_definition(x in (1usize..40).prop_flat_map(signal)) {
            let n = x.len() as f64;
            let unit = f64::EPSILON / 2.0;
            let bound = unit * (ROUNDINGS_PER_LEVEL * (1.0 + n.log2()) + (n + 5.0) * n.sqrt()) * norm(x.clone());
            for (direction, scale) in [(Direction::Forward, n.sqrt()), (Direction::Inverse, 1.0 / n.sqrt())] {
                let fast = fft(&x, &[0], direction, Normalisation::Inverse).unwrap();
                let difference = norm(fast - dft(&x, &[0], direction).unwrap());
                // A last rounding by the division, and second-order terms: another tenth.
                prop_assert!(difference <= 1.1 * bound * scale, "{} > {}", difference, bound * scale);
            }
        }

        /// Two transforms and the factor 1/√n each: relative error 2ε + 4u, and as much again in ⟨·,·⟩ at
        /// first order.
        #[test]
        fn the_unitary_transform_preserves_norms(x in (1usize..40).prop_flat_map(signal)) {
            let n = x.len() as f64;
            let unit = f64::EPSILON / 2.0;
            let epsilon = unit * (ROUNDINGS_PER_LEVEL * (1.0 + n.log2()) + 2.0);
            let there = fft(&x, &[0], Direction::Forward, Normalisation::Unitary).unwrap();
            // norm() itself rounds each term at most n + 3 times, which the root halves.
            let allowed = epsilon + (n + 5.0) * unit;
            prop_assert!((norm(there.clone()) - norm(x.clone())).abs() <= 1.1 * allowed * norm(x.clone()));
            let back = fft(&there, &[0], Direction::Inverse, Normalisation::Unitary).unwrap();
            prop_assert!(norm(back - &x) <= 2.2 * epsilon * norm(x.clone()));
        }
    }
}
