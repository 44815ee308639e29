//! Convolution of functions on ℝⁿ, sampled on grids.
//!
//! ```text
//! (x*y)(t) = ∫ x(s) y(t−s) ds ≈ h Σ_s x(s) y(t−s)
//! (F x)(ω) = (2π)^(−n/2) ∫ x(t) e^(−i⟨ω,t⟩) dt ≈ (2π)^(−n/2) h Σ_t x(t) e^(−i⟨ω,t⟩)
//! ```
//!
//! over the points of a grid whose cells have volume h. This F is unitary, and F(x*y) = (2π)^(n/2) F(x)·F(y);
//! the sums obey that law exactly (for they are the integrals of combs of point masses), and converge to the
//! integrals as the grid is refined and widened: faster than any power of the spacing for smooth functions
//! that vanish outside the grid, such as [`Gaussian`] within a few units of 10⁻¹⁶; like the spacing for
//! functions that jump ([`Cuboid`]).
//!
//! Cost: a convolution of the samples by the planner's choice, and one exponential for each point and
//! frequency. Source: E. Stein, R. Shakarchi, *Fourier Analysis*, 2003, chapters 5 and 6; L. Trefethen, J.
//! Weideman, *The exponentially convergent trapezoidal rule*, 2014.

use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

use ndarray::{ArrayD, IxDyn};
use num_complex::Complex;
use thiserror::Error;

use crate::conv::algorithm::choice::{self, Choice};
use crate::conv::problem::layout::with_channels;
use crate::conv::{ConvolutionError, Extent, Operation, Problem};

/// The points `first + spacing·i` for `i = 0 … lengths − 1`, along each of N axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UniformGrid<const N: usize> {
    first: [f64; N],
    spacing: [f64; N],
    lengths: [usize; N],
}

/// A function on ℝᴺ known on a grid, and taken to vanish outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples<const N: usize> {
    grid: UniformGrid<N>,
    values: ArrayD<f64>,
}

/// What cannot be sampled or convolved.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A spacing is not a positive number.
    #[error("the spacing must be a positive number along every axis, found {found:?}")]
    BadSpacing {
        /// The spacing along each axis.
        found: Vec<f64>,
    },
    /// Two functions are sampled at different spacings.
    #[error("both functions must be sampled at one spacing, found {first:?} and {second:?}")]
    DifferentSpacings {
        /// The spacing of the first.
        first: Vec<f64>,
        /// The spacing of the second.
        second: Vec<f64>,
    },
    /// The samples cannot be convolved.
    #[error(transparent)]
    Convolution(#[from] ConvolutionError),
}

impl<const N: usize> UniformGrid<N> {
    /// The grid that begins at `first`.
    ///
    /// # Errors
    /// If a spacing is not a positive number.
    pub fn new(first: [f64; N], spacing: [f64; N], lengths: [usize; N]) -> Result<Self, SampleError> {
        if spacing.iter().all(|&h| h > 0.0 && h.is_finite()) {
            return Ok(UniformGrid { first, spacing, lengths });
        }
        Err(SampleError::BadSpacing { found: spacing.to_vec() })
    }

    /// The grid of `2·cells + 1` points along each axis that covers `[−extent, extent]`.
    ///
    /// # Errors
    /// If `extent` is not a positive number or `cells` is zero.
    pub fn centred(extent: f64, cells: usize) -> Result<Self, SampleError> {
        UniformGrid::new([-extent; N], [extent / cells as f64; N], [2 * cells + 1; N])
    }

    /// The point with this index along each axis.
    pub fn point(&self, index: [usize; N]) -> [f64; N] {
        std::array::from_fn(|a| self.first[a] + self.spacing[a] * index[a] as f64)
    }

    /// Number of points along each axis.
    pub fn lengths(&self) -> [usize; N] {
        self.lengths
    }

    /// Volume of one cell, h.
    pub fn cell_volume(&self) -> f64 {
        self.spacing.iter().product()
    }
}

impl<const N: usize> Samples<N> {
    /// The values of `function` at the points of `grid`.
    ///
    /// # Panics
    /// If the number of points overflows.
    pub fn new(grid: UniformGrid<N>, function: impl Fn([f64; N]) -> f64) -> Self {
        let values = ArrayD::from_shape_fn(IxDyn(&grid.lengths), |index| {
            function(grid.point(std::array::from_fn(|a| index[a])))
        });
        Samples { grid, values }
    }

    /// Where the function is sampled.
    pub fn grid(&self) -> &UniformGrid<N> {
        &self.grid
    }

    /// The samples, one axis of the array for each axis of space.
    pub fn values(&self) -> &ArrayD<f64> {
        &self.values
    }

    /// `∫ x(t) dt`, by the sum.
    pub fn integral(&self) -> f64 {
        self.values.sum() * self.grid.cell_volume()
    }

    /// The convolution `self * other`, on the grid of all sums of two points.
    ///
    /// # Errors
    /// If the spacings differ, or a grid has no points.
    pub fn convolve(&self, other: &Self) -> Result<Self, SampleError> {
        if self.grid.spacing != other.grid.spacing {
            return Err(SampleError::DifferentSpacings {
                first: self.grid.spacing.to_vec(),
                second: other.grid.spacing.to_vec(),
            });
        }
        let (x, y) = (&self.values, &other.values);
        let problem = Problem::single_channel(Operation::Convolution, x.shape(), y.shape(), Extent::Full)?;
        let summed = choice::run(&problem, with_channels(x), with_channels(y), Choice::Automatic)?;
        let lengths: [usize; N] = std::array::from_fn(|a| summed.shape()[a + 2]);
        let first = std::array::from_fn(|a| self.grid.first[a] + other.grid.first[a]);
        let values =
            crate::conv::problem::layout::without_channels::<f64, IxDyn>(summed) * self.grid.cell_volume();
        Ok(Samples { grid: UniformGrid { first, lengths, ..self.grid }, values })
    }

    /// The unitary continuous Fourier transform at the angular frequency ω, by the sum.
    pub fn fourier(&self, frequency: [f64; N]) -> Complex<f64> {
        let sum: Complex<f64> = self
            .values
            .indexed_iter()
            .map(|(index, &value)| {
                let point = self.grid.point(std::array::from_fn(|a| index[a]));
                let phase: f64 = frequency.iter().zip(point).map(|(w, t)| w * t).sum();
                Complex::from_polar(value, -phase)
            })
            .sum();
        sum * (self.grid.cell_volume() * convolution_factor::<N>().recip())
    }

    /// The greatest |x(t) − function(t)| at the points of the grid.
    pub fn greatest_error(&self, function: impl Fn([f64; N]) -> f64) -> f64 {
        let exact = Samples::new(self.grid, function);
        self.values.iter().zip(&exact.values).fold(0.0, |worst, (a, b)| f64::max(worst, (a - b).abs()))
    }
}

/// (2π)^(N/2), the factor in F(x*y) = (2π)^(N/2) F(x)·F(y).
pub fn convolution_factor<const N: usize>() -> f64 {
    TAU.powf(N as f64 / 2.0)
}

/// `t ↦ amplitude · exp(−|t|² / 2σ²)`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Value at the origin.
    pub amplitude: f64,
    /// σ
    pub standard_deviation: f64,
}

impl Gaussian {
    /// The value at a point.
    pub fn at<const N: usize>(&self, point: [f64; N]) -> f64 {
        let scaled = point.map(|t| t / self.standard_deviation * FRAC_1_SQRT_2);
        self.amplitude * (-scaled.iter().map(|t| t * t).sum::<f64>()).exp()
    }

    /// The convolution with another one on ℝᴺ, a Gaussian of variance σ² + τ² and amplitude
    /// `a·b·(2π σ²τ² / (σ² + τ²))^(N/2)`.
    pub fn convolve<const N: usize>(&self, other: &Self) -> Self {
        let (s, t) = (self.standard_deviation, other.standard_deviation);
        let standard_deviation = s.hypot(t);
        let overlap = s * t / standard_deviation;
        let amplitude = self.amplitude * other.amplitude * convolution_factor::<N>() * overlap.powi(N as i32);
        Gaussian { amplitude, standard_deviation }
    }

    /// The unitary transform on ℝᴺ, a Gaussian of standard deviation 1/σ and amplitude `a·σᴺ`.
    pub fn fourier<const N: usize>(&self) -> Self {
        let s = self.standard_deviation;
        Gaussian { amplitude: self.amplitude * s.powi(N as i32), standard_deviation: s.recip() }
    }
}

/// 1 where every coordinate is within `half_width` of 0, ½ for each that lies on the border, else 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuboid {
    /// Half the length of an edge.
    pub half_width: f64,
}

impl Cuboid {
    /// The value at a point.
    pub fn at<const N: usize>(&self, point: [f64; N]) -> f64 {
        let along = |t: f64| match t.abs().total_cmp(&self.half_width) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        };
        point.map(along).iter().product()
    }

    /// The convolution with another one, at a point: the volume that they share when one is shifted there.
    pub fn convolution_at<const N: usize>(&self, other: &Self, point: [f64; N]) -> f64 {
        let (a, b) = (self.half_width, other.half_width);
        point.map(|t| (a + b - t.abs()).clamp(0.0, 2.0 * a.min(b))).iter().product()
    }

    /// The unitary transform at an angular frequency: √(2/π)·sin(aω)/ω along each axis.
    pub fn fourier_at<const N: usize>(&self, frequency: [f64; N]) -> f64 {
        let a = self.half_width;
        let along = |w: f64| if w == 0.0 { a } else { (a * w).sin() / w };
        frequency.map(|w| (2.0 / PI).sqrt() * along(w)).iter().product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Gaussian = Gaussian { amplitude: 1.5, standard_deviation: 0.7 };
    const WIDE: Gaussian = Gaussian { amplitude: -0.8, standard_deviation: 1.1 };

    fn sampled<const N: usize>(function: impl Fn([f64; N]) -> f64, extent: f64, cells: usize) -> Samples<N> {
        Samples::new(UniformGrid::centred(extent, cells).unwrap(), function)
    }

    fn gaussian_error<const N: usize>(extent: f64, cells: usize) -> f64 {
        let convolved = sampled(|t| NARROW.at(t), extent, cells)
            .convolve(&sampled(|t| WIDE.at(t), extent, cells))
            .unwrap();
        convolved.greatest_error(|t: [f64; N]| NARROW.convolve::<N>(&WIDE).at(t))
    }

    /// By Poisson's summation formula the sum differs from the integral by the spectrum of the integrand at
    /// multiples of 2π/h. As a function of s, x(s)·y(t−s) is a Gaussian of deviation ρ = στ/√(σ²+τ²) = 0.59,
    /// so at t = 0 the relative error is 2N·exp(−ρ²(2π/h)²/2) = 2N·exp(−6.88/h²), plus smaller terms: for h =
    /// 1, 2/3, 1/2 it is 2.1e-3 N, 3.8e-7 N, 2.2e-12 N. Beyond 16 both functions are below 1e-45.
    #[test]
    fn gaussians_converge_faster_than_any_power() {
        fn check<const N: usize>(amplitude: f64) {
            for (cells, predicted) in [(16, 2.1e-3), (24, 3.8e-7), (32, 2.2e-12)] {
                let relative = gaussian_error::<N>(16.0, cells) / amplitude / N as f64;
                assert!((0.5..2.0).contains(&(relative / predicted)), "N = {N}, {cells} cells: {relative:e}");
            }
        }
        check::<1>(NARROW.convolve::<1>(&WIDE).amplitude.abs());
        check::<2>(NARROW.convolve::<2>(&WIDE).amplitude.abs());
    }

    /// With ½ on the border, grids that hit the border integrate every overlap exactly, except that at shifts
    /// where two borders coincide ½·½ stands for ½ (or ½·½ for 0): an error of ¼h, first order.
    #[test]
    fn boxes_converge_like_the_spacing() {
        let (a, b) = (Cuboid { half_width: 0.5 }, Cuboid { half_width: 1.0 });
        for cells in [4, 8, 16] {
            let h = 2.0 / cells as f64;
            let (x, y) = (sampled(|t: [f64; 1]| a.at(t), 2.0, cells), sampled(|t| b.at(t), 2.0, cells));
            let error = x.convolve(&y).unwrap().greatest_error(|t| a.convolution_at(&b, t));
            // All samples are dyadic and the kernels small, so that the matrix product runs and no sum is
            // rounded.
            assert_eq!(error, h / 4.0);
        }
    }

    /// At spacing 1/4 aliasing is below exp(−ρ²(8π)²/2) < 1e-47, and beyond 10 (9 deviations) the wider
    /// function is below 2e-18; what remains is rounding. Each sum has at most 161² terms, and the terms'
    /// magnitudes sum to at most the 1-norm of the convolution, 2π·0.49·1.5 · 2π·1.21·0.8 = 28 in the plane;
    /// the factor 1/2π on it leaves room for the rounding of the phases and of the convolution, a few hundred
    /// u in each of the 161² entries.
    #[test]
    fn transform_of_gaussians_and_the_convolution_theorem() {
        fn check<const N: usize>(frequency: [f64; N]) {
            let rounding = 161.0 * 161.0 * 28.0 * f64::EPSILON;
            let (x, y) = (sampled(|t| NARROW.at(t), 10.0, 40), sampled(|t| WIDE.at(t), 10.0, 40));
            let transforms = [x.fourier(frequency), y.fourier(frequency)];
            for (found, exact) in transforms.iter().zip([NARROW, WIDE]) {
                let exact = exact.fourier::<N>().at(frequency);
                assert!((found - exact).norm() <= rounding, "{found} is not {exact}");
            }
            let product = transforms[0] * transforms[1];
            let convolved = x.convolve(&y).unwrap().fourier(frequency);
            assert!((convolved - product * convolution_factor::<N>()).norm() <= rounding);
            // The factor matters: without it the law fails.
            assert!((convolved - product).norm() > 0.01);
        }
        check([0.0]);
        check([0.9]);
        check([0.0, 0.0]);
        check([0.3, -0.6]);
    }

    #[test]
    fn closed_forms_agree_with_quadrature() {
        let cuboid = Cuboid { half_width: 1.0 };
        let samples = sampled(|t: [f64; 1]| cuboid.at(t), 2.0, 64);
        // The trapezoidal rule is off by at most h²/12 · 2a · max|f″| = h²/6·ω² on [−1, 1], times
        // (2π)^(−1/2).
        for w in [0.0, 0.5, 2.0] {
            let bound = (2.0f64 / 64.0).powi(2) / 6.0 * w * w * 0.4 + 100.0 * f64::EPSILON;
            assert!((samples.fourier([w]) - cuboid.fourier_at([w])).norm() <= bound);
        }
        assert_eq!(samples.integral(), 2.0);
    }

    #[test]
    fn bad_input_is_an_error() {
        assert!(matches!(UniformGrid::new([0.0], [0.0], [3]), Err(SampleError::BadSpacing { .. })));
        assert!(UniformGrid::<2>::centred(1.0, 0).is_err());
        assert!(UniformGrid::<1>::centred(f64::NAN, 3).is_err());
        let (coarse, fine) = (sampled(|_: [f64; 1]| 1.0, 1.0, 2), sampled(|_| 1.0, 1.0, 4));
        assert!(matches!(coarse.convolve(&fine), Err(SampleError::DifferentSpacings { .. })));
        let empty = Samples::new(UniformGrid::new([0.0], [0.5], [0]).unwrap(), |_| 1.0);
        assert!(matches!(coarse.convolve(&empty), Err(SampleError::Convolution(_))));
    }
}
