//! Convolution by the fast Fourier transform, on rustfft and realfft.
//!
//! F(x*y) = F(x)·F(y) for cyclic convolution; [`spectral`](crate::conv::algorithm::grid) lays every problem
//! on such a grid. Periodic problems run on the signal's own lengths, whatever they are; others on the next
//! lengths without prime factors above 5. Real signals use half the spectrum along the last axis.
//!
//! Cost: O(T log T) for each of the N·C + M·C/groups + N·M transforms of T points, primes included.
//!
//! *Error.* Write T for the number of points of the grid, ‖·‖ for the 2-norm over it. If each transform of a
//! function f is off by at most ε·√T‖f‖ in the 2-norm, and each entry of an inverse transform by ε times the
//! mean of the moduli of its input, the Cauchy–Schwarz inequality gives for each output
//!
//! ```text
//! |computed − exact| ≤ ((1+ε)³ (1+√5·u) (1+u)^(C/groups + 2) − 1) · Σ_c ‖kernel(m, c)‖ ‖signal(n, c)‖
//! ```
//!
//! (C. Percival, *Rapid multiplication modulo the sum and difference of highly composite numbers*, 2003, has
//! this argument for powers of two.) For radix 2, ε ≈ 4u·log₂T is a theorem (Higham 2002, Theorem 24.2, with
//! twiddle factors rounded correctly). For the mixed-radix, Rader and Bluestein plans of rustfft it is not:
//! ε = [`ROUNDINGS_PER_LEVEL`]·u·(1 + log₂T) is an assumption, checked by the tests of this folder against
//! exact results over many lengths, primes included. The bound is for the norm: outputs much smaller than the
//! product of the norms have no accurate digits. It also assumes that nothing underflows.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftNum, FftPlanner};

use crate::conv::algorithm::grid::{self, CyclicTransform, Grid};
use crate::conv::{Algorithm, ConvolutionError, Problem, Unsupported};
use crate::scalar::Ring;
use crate::scalar::Rounding;

/// ε / (u·(1 + log₂ T)) in the error bound of [`Fourier`].
pub const ROUNDINGS_PER_LEVEL: f64 = 4.0;

/// Convolution by the fast Fourier transform, over `f32`, `f64` and complex numbers of either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fourier;

macro_rules! fourier {
    ($scalar:ty, $transform:expr) => {
        impl Algorithm<$scalar> for Fourier {
            fn name(&self) -> &'static str {
                "whole_fourier"
            }

            fn is_exact_where_sums_are(&self) -> bool {
                false
            }

            fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
                grid(problem).map(drop)
            }

            fn run(
                &self,
                problem: &Problem,
                kernel: ArrayViewD<'_, $scalar>,
                signal: ArrayViewD<'_, $scalar>,
            ) -> Result<ArrayD<$scalar>, ConvolutionError> {
                problem.check_operands(kernel.shape(), signal.shape())?;
                grid::run(&grid(problem)?, &$transform, kernel, signal)
            }

            fn error_bound(
                &self,
                problem: &Problem,
                kernel: ArrayViewD<'_, $scalar>,
                signal: ArrayViewD<'_, $scalar>,
            ) -> Result<ArrayD<f64>, ConvolutionError> {
                problem.check_operands(kernel.shape(), signal.shape())?;
                let grid = grid(problem)?;
                let levels = 1.0 + (grid.points() as f64).log2();
                let epsilon = ROUNDINGS_PER_LEVEL * <$scalar>::UNIT_ROUNDOFF * levels;
                grid::transform_bound(problem, &grid, kernel, signal, epsilon)
            }
        }
    };
}

fourier!(f32, RealFourier);
fourier!(f64, RealFourier);
fourier!(Complex<f32>, ComplexFourier);
fourier!(Complex<f64>, ComplexFourier);

/// Real and complex transforms have the same lengths.
fn grid(problem: &Problem) -> Result<Grid<'_>, Unsupported> {
    Grid::new::<Complex<f64>, _>(problem, &ComplexFourier)
        .ok_or_else(|| Unsupported { algorithm: "whole_fourier", needs: "a smaller grid".into() })
}

/// The least 2ᵃ3ᵇ5ᶜ that is at least `n`, if it is no larger than a machine word.
fn smooth_length(n: usize) -> Option<usize> {
    let largest = n.checked_next_power_of_two()?;
    let mut best = largest;
    let mut fives = 1;
    while fives < largest {
        let mut threes = fives;
        while threes < largest {
            let twos = n.div_ceil(threes).next_power_of_two();
            best = best.min(twos.saturating_mul(threes)).max(n);
            threes *= 3;
        }
        fives *= 5;
    }
    Some(best)
}

/// The complex transform along every axis.
struct ComplexFourier;

/// Forward and inverse transforms along each axis.
struct ComplexPlan<T: FftNum> {
    lengths: Vec<usize>,
    axes: Vec<[Arc<dyn Fft<T>>; 2]>,
}

impl<T: FftNum> CyclicTransform<Complex<T>> for ComplexFourier
where
    Complex<T>: Ring,
{
    type Frequency = Complex<T>;
    type Plan = ComplexPlan<T>;

    fn has_length(&self, _: usize) -> bool {
        true
    }

    fn fast_length(&self, at_least: usize) -> Option<usize> {
        smooth_length(at_least)
    }

    fn plan(&self, lengths: &[usize]) -> ComplexPlan<T> {
        let mut planner = FftPlanner::new();
        let mut both = |&length| [planner.plan_fft_forward(length), planner.plan_fft_inverse(length)];
        ComplexPlan { lengths: lengths.to_vec(), axes: lengths.iter().map(&mut both).collect() }
    }

    fn forward(&self, plan: &mut ComplexPlan<T>, values: Vec<Complex<T>>) -> Vec<Complex<T>> {
        plan.run(values, 0)
    }

    fn inverse(&self, plan: &mut ComplexPlan<T>, spectrum: Vec<Complex<T>>) -> Vec<Complex<T>> {
        let scale = reciprocal::<T>(spectrum.len());
        plan.run(spectrum, 1).into_iter().map(|value| value.scale(scale)).collect()
    }
}

impl<T: FftNum> ComplexPlan<T> {
    /// Transforms along the axes that have a plan, forward (0) or back (1), without normalisation.
    fn run(&self, values: Vec<Complex<T>>, direction: usize) -> Vec<Complex<T>> {
        let mut array = ArrayD::from_shape_vec(IxDyn(&self.lengths), values)
            .unwrap_or_else(|_| unreachable!("one value for each point of the grid"));
        for (axis, plans) in self.axes.iter().enumerate() {
            transform_lanes(&mut array, Axis(axis), plans[direction].as_ref());
        }
        array.into_raw_vec_and_offset().0
    }
}

/// Transforms every lane along one axis.
pub(in crate::conv) fn transform_lanes<T: FftNum>(
    array: &mut ArrayD<Complex<T>>,
    axis: Axis,
    fft: &dyn Fft<T>,
) {
    let zero = Complex::new(T::zero(), T::zero());
    let mut scratch = vec![zero; fft.get_inplace_scratch_len()];
    let mut buffer = vec![zero; fft.len()];
    for mut lane in array.lanes_mut(axis) {
        buffer.iter_mut().zip(&lane).for_each(|(to, from)| *to = *from);
        fft.process_with_scratch(&mut buffer, &mut scratch);
        lane.iter_mut().zip(&buffer).for_each(|(to, from)| *to = *from);
    }
}

/// `1 / n`
fn reciprocal<T: FftNum>(n: usize) -> T {
    let n = T::from_usize(n).unwrap_or_else(|| unreachable!("floats hold every size, rounded"));
    T::one() / n
}

/// The real transform along the last axis, then the complex one along the others.
struct RealFourier;

struct RealPlan<T: FftNum> {
    points: usize,
    last: (Arc<dyn RealToComplex<T>>, Arc<dyn ComplexToReal<T>>),
    others: ComplexPlan<T>,
}

impl<T: FftNum + Ring> CyclicTransform<T> for RealFourier
where
    Complex<T>: Ring,
{
    type Frequency = Complex<T>;
    type Plan = RealPlan<T>;

    fn has_length(&self, _: usize) -> bool {
        true
    }

    fn fast_length(&self, at_least: usize) -> Option<usize> {
        smooth_length(at_least)
    }

    fn plan(&self, lengths: &[usize]) -> RealPlan<T> {
        let (&last, before) = lengths.split_last().unwrap_or((&1, &[]));
        let mut planner = RealFftPlanner::new();
        let mut others: ComplexPlan<T> = ComplexFourier.plan(before);
        others.lengths.push(last / 2 + 1);
        RealPlan {
            points: lengths.iter().product(),
            last: (planner.plan_fft_forward(last), planner.plan_fft_inverse(last)),
            others,
        }
    }

    fn forward(&self, plan: &mut RealPlan<T>, mut values: Vec<T>) -> Vec<Complex<T>> {
        let fft = &plan.last.0;
        let (mut row_spectrum, mut scratch) = (fft.make_output_vec(), fft.make_scratch_vec());
        let mut spectrum = Vec::with_capacity(values.len() / 2 + 1);
        for row in values.chunks_exact_mut(fft.len()) {
            fft.process_with_scratch(row, &mut row_spectrum, &mut scratch)
                .unwrap_or_else(|error| unreachable!("buffers made by the plan: {error}"));
            spectrum.extend_from_slice(&row_spectrum);
        }
        plan.others.run(spectrum, 0)
    }

    fn inverse(&self, plan: &mut RealPlan<T>, spectrum: Vec<Complex<T>>) -> Vec<T> {
        let fft = &plan.last.1;
        let scale = reciprocal::<T>(plan.points);
        let (mut row, mut scratch) = (fft.make_output_vec(), fft.make_scratch_vec());
        let mut spectrum = plan.others.run(spectrum, 1);
        let mut values = Vec::with_capacity(plan.points);
        for row_spectrum in spectrum.chunks_exact_mut(fft.len() / 2 + 1) {
            // The spectrum of a real row is real at frequency zero and, for even lengths, at the highest;
            // here it is so up to rounding, and realfft insists.
            row_spectrum[0].im = T::zero();
            if fft.len().is_multiple_of(2) {
                row_spectrum[fft.len() / 2].im = T::zero();
            }
            fft.process_with_scratch(row_spectrum, &mut row, &mut scratch)
                .unwrap_or_else(|error| unreachable!("buffers made by the plan: {error}"));
            values.extend(row.iter().map(|&value| value * scale));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Extent, Operation};

    /// Without padding, which would be longer.
    #[test]
    fn a_periodic_signal_keeps_its_length() {
        for length in [7, 11, 30] {
            let problem = Problem::single_channel(Operation::Convolution, &[3], &[length], Extent::Circular);
            let problem = problem.expect("three taps");
            assert_eq!(grid(&problem).expect("small").points(), length);
        }
    }

    #[test]
    fn smooth_lengths_are_the_least() {
        let smooth = |mut n: usize| {
            for p in [2, 3, 5] {
                while n.is_multiple_of(p) {
                    n /= p;
                }
            }
            n == 1
        };
        for n in 1..500 {
            assert_eq!(smooth_length(n), (n..).find(|&m| smooth(m)), "{n}");
        }
        assert_eq!(smooth_length(usize::MAX), None);
    }
}
