//! How far sums over a grid lie from the integrals of Gaussians and boxes, and how far rounding takes both.
//!
//! u = 2⁻⁵³ is the unit roundoff, h the spacing, [−R, R]ᴺ what the grid covers. All spacings are chosen so
//! that the points of the grids are exact.

use std::f64::consts::{PI, TAU};

use ndarray::{ArrayD, Axis};

use crate::conv::algorithm::choice::{self, Choice};
use crate::conv::continuous::{Gaussian, Samples, UniformGrid, convolution_factor};
use crate::conv::{ConvolutionError, Extent, Operation, Problem};
use crate::verify::Failure;

const UNIT_ROUNDOFF: f64 = f64::EPSILON / 2.0;

/// What is convolved: σ = 0.7 and τ = 1.1.
pub(super) const NARROW: Gaussian = Gaussian { amplitude: 1.5, standard_deviation: 0.7 };
pub(super) const WIDE: Gaussian = Gaussian { amplitude: -0.8, standard_deviation: 1.1 };

/// Half the length R of the grid on which the Gaussians are sampled.
pub(super) const REACH: f64 = 12.0;

/// Cells in [0, R]: spacings 2, 1½, 1, ¾, ½.
pub(super) const CELLS: [usize; 5] = [6, 8, 12, 16, 24];

/// Roundings of one product of a sample of either Gaussian, by exp(−s) with s ≤ R²/σ² = 294 in the plane and
/// R²/τ² = 119. The argument has relative error 8u (three roundings of each coordinate, squared, a sum and a
/// negation), so the exponential is off by (8s + 4)u: together 3312u, and a hundred more for what else
/// befalls a term or a result.
const SAMPLES: f64 = 3412.0;

/// The closed form of the convolution has exponents s ≤ (2R)²/(σ² + τ²) = 339 in the plane: (8s + 4)u, and
/// its amplitude a few.
const CLOSED_FORM: f64 = 2800.0;

/// A function sampled on the grid of so many cells in [0, reach].
pub(super) fn sampled<const N: usize>(
    function: impl Fn([f64; N]) -> f64,
    reach: f64,
    cells: usize,
) -> Result<Samples<N>, Failure> {
    Ok(Samples::new(UniformGrid::centred(reach, cells)?, function))
}

/// For each sum of the convolution, before it is multiplied by the cell volume, the bound on its rounding.
fn convolution_bound<const N: usize>(
    x: &Samples<N>,
    y: &Samples<N>,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let (x, y) = (x.values(), y.values());
    let problem = Problem::single_channel(Operation::Convolution, x.shape(), y.shape(), Extent::Full)?;
    let [x, y] = [x, y].map(|values| values.view().insert_axis(Axis(0)).insert_axis(Axis(0)));
    choice::algorithm(&problem, Choice::Automatic)?.error_bound(&problem, x, y)
}

/// Bound on the rounding of any value of the sampled convolution of x and y.
pub(super) fn rounding_of_values<const N: usize>(x: &Samples<N>, y: &Samples<N>) -> Result<f64, Failure> {
    let greatest = convolution_bound(x, y)?.fold(0.0, |greatest, &bound| f64::max(greatest, bound));
    Ok(greatest * x.grid().cell_volume())
}

/// Bound on the rounding of what Gaussians add to that: their samples, and the closed form of greatest value
/// `peak`.
pub(super) fn rounding_of_gaussians(peak: f64) -> f64 {
    (SAMPLES + CLOSED_FORM) * UNIT_ROUNDOFF * peak
}

/// Bound on the rounding of the transform of the convolution z of the Gaussians x and y, at frequencies up
/// to 1.
///
/// Each of the T terms is off by the rounding of its value of z, by that of its phase (|phase| ≤ 48, three
/// roundings: 144u), and by at most T roundings of the sum, all relative to Σ|z|.
pub(super) fn rounding_of_transform<const N: usize>(
    x: &Samples<N>,
    y: &Samples<N>,
    z: &Samples<N>,
) -> Result<f64, Failure> {
    let volume = x.grid().cell_volume();
    let convolution = convolution_bound(x, y)?.sum() * volume;
    let magnitudes: f64 = z.values().iter().map(|value| value.abs()).sum();
    let roundings = z.values().len() as f64 + SAMPLES + 144.0;
    Ok((convolution + magnitudes * roundings * UNIT_ROUNDOFF) * volume / convolution_factor::<N>())
}

/// Bound on |F(x*y) by sums − (2π)^(N/2) F(x)·F(y)| for the Gaussians, without rounding.
///
/// The samples of x*y that the grid gives are exactly the convolution of the samples, so the left side is
/// (2π)^(N/2) times the product of the sums for F(x) and F(y), which are products over the axes. Along one
/// axis such a sum is, by Poisson's formula, Σ_m F(x)(ω + 2πm/h), minus the terms beyond R. So every factor
/// g(ω) of the right side becomes g(ω) + δ, and the product of all of them grows by at most Π(1 + δ/g) − 1.
pub(super) fn transform_error<const N: usize>(frequency: [f64; N], spacing: f64) -> f64 {
    let mut product = convolution_factor::<N>() * (NARROW.amplitude * WIDE.amplitude).abs();
    let mut growth = 0.0;
    for deviation in [NARROW.standard_deviation, WIDE.standard_deviation] {
        let transform = |w: f64| deviation * (-(deviation * w).powi(2) / 2.0).exp();
        for w in frequency {
            product *= transform(w);
            // The terms of either sign fall faster than a geometric series with the ratio of the first two.
            let aliases: f64 = [w, -w]
                .map(|w| {
                    let [first, second] = [1.0, 2.0].map(|m| transform(TAU * m / spacing - w));
                    first / (1.0 - second / first)
                })
                .iter()
                .sum();
            let error = aliases + tail(deviation) / TAU.sqrt();
            growth += (error / transform(w)).ln_1p();
        }
    }
    product * growth.exp_m1()
}

/// Bound on h·Σ exp(−t²/2σ²) over |t| > R: at most the integral from R on, twice, for the function falls; and
/// that is less than that of (t/R)·exp(−t²/2σ²).
fn tail(deviation: f64) -> f64 {
    let variance = deviation * deviation;
    2.0 * variance / REACH * (-REACH * REACH / (2.0 * variance)).exp()
}

/// The greatest error of the sampled convolution of the Gaussians: what it is, and how far the terms beyond R
/// may take it from that.
///
/// At a point t the integrand x(s)·y(t−s) is along each axis a Gaussian of deviation ρ = στ/√(σ²+τ²), so by
/// Poisson's formula the sum is the integral times Π(1 + 2 Σ_{m≥1} exp(−ρ²(2πm/h)²/2) cos(…)), where all
/// cosines are 1 at t = 0, which is also where the integral is greatest.
pub(super) fn greatest_error_of_gaussians<const N: usize>(spacing: f64) -> (f64, f64) {
    let (s, t) = (NARROW.standard_deviation, WIDE.standard_deviation);
    let overlap = s * t / s.hypot(t);
    // Beyond m = 20 the terms are below e^−680 for h ≤ 2.
    let aliases: f64 =
        (1..=20).map(|m| 2.0 * (-(overlap * 2.0 * PI * f64::from(m) / spacing).powi(2) / 2.0).exp()).sum();
    let peak = NARROW.convolve::<N>(&WIDE).amplitude.abs();
    let error = peak * (N as f64 * aliases.ln_1p()).exp_m1();
    // Along the other axes a sum is at most the integral and the greatest term.
    let others = (s * TAU.sqrt() + spacing).powi(N as i32 - 1);
    let amplitudes = (NARROW.amplitude * WIDE.amplitude).abs();
    (error, amplitudes * N as f64 * (tail(s) + tail(t)) * others)
}

/// The greatest error of the sampled convolution of boxes whose borders lie on the grid, and are counted
/// half: 1 − (1 − h/4)ᴺ.
///
/// Along one axis every overlap is then summed exactly, but where two borders meet ½·½ stands for ½ if one
/// box lies in the other (an overlap of 1 here), and for 0 if they only touch: ¼h too little, or too much.
pub(super) fn greatest_error_of_boxes<const N: usize>(spacing: f64) -> f64 {
    1.0 - (1.0 - spacing / 4.0).powi(N as i32)
}
