//! Translation of periodic signals by any real distance, with linear or with Fourier interpolation.
//!
//! Both move the last axis, of length n, around the border, and by whole steps move it exactly as
//! [`roll`](super::roll) does (Fourier: up to rounding).
//!
//! - *Linear*: `(T_t x)(m) = (1 − f)·x(m − k) + f·x(m − k − 1)` with `t = k + f`, `0 ≤ f < 1`. Not an action of ℝ:
//!   `T_½ T_½` is the filter (¼, ½, ¼), not `T_1`.
//! - *Fourier*: the trigonometric polynomial of least degree through the samples, moved by t: the coefficient of
//!   frequency k, `−n/2 < k < n/2`, is multiplied by `e^{−2πi·k·t/n}`. An action of ℝ for odd n. For even n the
//!   frequency n/2 has one coefficient for two waves; it is taken as their mean, a cosine at the samples, so
//!   its multiplier is `cos(π·t)`: real signals stay real, and the law of composition fails exactly by
//!   `cos πa · cos πb − cos π(a + b) = sin πa · sin πb` times that [Nyquist component](without_nyquist).
//!
//! Cost: O(n) and O(n log n) for each signal. Source of the convention: S. G. Johnson, *Notes on FFT-based
//! differentiation* (MIT, 2011), where the interpolant of minimal mean-square slope is derived.

use std::f64::consts::PI;
use std::fmt;

use ndarray::{ArrayD, ArrayView1, ArrayViewD, Axis};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;

use super::{ActionError, first_of_last_axes};
use crate::group::{Action, RealTranslation, RealTranslations};

/// The translation of the last axis by a real distance, around the border.
///
/// It has the form of an action of [`RealTranslations`]; whether it is one is told in the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TranslateReal {
    /// Between two samples the signal is linear. Not an action.
    Linear,
    /// The signal is a trigonometric polynomial. An action for odd lengths, and for even lengths on signals
    /// without a Nyquist component.
    Fourier,
}

impl TranslateReal {
    /// The signal moved by `distance` samples toward larger indices.
    ///
    /// # Errors
    /// If `x` has no axis.
    ///
    /// # Panics
    /// If the distance is not finite.
    pub fn by_distance(&self, distance: f64, x: ArrayViewD<'_, f64>) -> Result<ArrayD<f64>, ActionError> {
        assert!(distance.is_finite(), "a translation by {distance}");
        let axis = first_of_last_axes(x.shape(), 1, || format!("real translation by {self} interpolation"))?;
        let extent = x.shape()[axis];
        let mut moved = ArrayD::zeros(x.raw_dim());
        if extent == 0 {
            return Ok(moved);
        }
        let distance = distance.rem_euclid(extent as f64);
        let translate: Box<dyn Fn(ArrayView1<'_, f64>) -> Vec<f64>> = match self {
            Self::Linear => Box::new(|signal| linear(signal, distance)),
            Self::Fourier => fourier(extent, distance),
        };
        for (from, mut to) in x.lanes(Axis(axis)).into_iter().zip(moved.lanes_mut(Axis(axis))) {
            to.assign(&ArrayView1::from(&translate(from)));
        }
        Ok(moved)
    }
}

impl fmt::Display for TranslateReal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Fourier => "Fourier",
        })
    }
}

impl Action<RealTranslations, ArrayD<f64>> for TranslateReal {
    fn act(&self, _: &RealTranslations, distance: &RealTranslation, x: &ArrayD<f64>) -> ArrayD<f64> {
        match self.by_distance(distance.0, x.view()) {
            Ok(moved) => moved,
            Err(error) => panic!("{error}"),
        }
    }
}

fn linear(signal: ArrayView1<'_, f64>, distance: f64) -> Vec<f64> {
    let n = signal.len();
    let (whole, fraction) = (distance.floor(), distance.fract());
    // 0 ≤ whole ≤ n: `rem_euclid` may round up to n itself.
    let whole = whole as usize % n;
    let at = |m: usize| signal[(m + n - whole) % n];
    (0..n)
        .map(|m| match fraction {
            // Not 0 · x, which would not forget an infinity.
            0.0 => at(m),
            _ => (1.0 - fraction) * at(m) + fraction * at(m + n - 1),
        })
        .collect()
}

fn fourier(n: usize, distance: f64) -> Box<dyn Fn(ArrayView1<'_, f64>) -> Vec<f64>> {
    let mut planner = FftPlanner::new();
    let (forward, backward) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let multipliers: Vec<Complex64> = (0..n).map(|k| multiplier(n, k, distance)).collect();
    Box::new(move |signal| {
        let mut spectrum: Vec<Complex64> = signal.iter().map(|&value| value.into()).collect();
        forward.process(&mut spectrum);
        for (coefficient, multiplier) in spectrum.iter_mut().zip(&multipliers) {
            *coefficient *= multiplier;
        }
        backward.process(&mut spectrum);
        spectrum.iter().map(|value| value.re / n as f64).collect()
    })
}

/// What the coefficient number `k` of n, which stands for the frequency k or k − n, is multiplied by.
fn multiplier(n: usize, k: usize, distance: f64) -> Complex64 {
    if 2 * k == n {
        return (PI * distance).cos().into();
    }
    let frequency = if 2 * k < n { k as f64 } else { k as f64 - n as f64 };
    // The turns are reduced to (−1, 1) before they meet π.
    Complex64::cis(-2.0 * PI * (frequency * distance / n as f64).fract())
}

/// The signals of the last axis without their Nyquist component `(−1)^m · (1/n) Σ_j (−1)^j x(j)`, for even
/// lengths n; signals of odd length have none.
///
/// # Errors
/// If `x` has no axis.
pub fn without_nyquist(x: ArrayViewD<'_, f64>) -> Result<ArrayD<f64>, ActionError> {
    let axis = first_of_last_axes(x.shape(), 1, || "the Nyquist component".to_owned())?;
    let mut rest = x.to_owned();
    let extent = x.shape()[axis];
    if extent.is_multiple_of(2) {
        let sign = |m: usize| if m.is_multiple_of(2) { 1.0 } else { -1.0 };
        for mut signal in rest.lanes_mut(Axis(axis)) {
            let sum: f64 = signal.indexed_iter().map(|(m, value)| sign(m) * value).sum();
            signal.indexed_iter_mut().for_each(|(m, value)| *value -= sign(m) * sum / extent as f64);
        }
    }
    Ok(rest)
}
