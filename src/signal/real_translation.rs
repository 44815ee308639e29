//! Translation of periodic signals by any real distance, with linear or with Fourier interpolation.
//!
//! Both move the last axis, of length n, around the border, and by whole steps move it exactly as
//! [`roll`](super::roll) does (Fourier: up to rounding).
//!
//! - *Linear*: `(T_t x)(m) = (1 − f)·x(m − k) + f·x(m − k − 1)` with `t = k + f`, `0 ≤ f < 1`. Not an action
//!   of ℝ: `T_½ T_½` is the filter (¼, ½, ¼), not `T_1`.
//! - *Fourier*: the trigonometric polynomial of least degree through the samples, moved by t: the coefficient
//!   of frequency k, `−n/2 < k < n/2`, is multiplied by `e^{−2πi·k·t/n}`. An action of ℝ for odd n. For even
//!   n the frequency n/2 has one coefficient for two waves; it is taken as their mean, a cosine at the
//!   samples, so its multiplier is `cos(π·t)`: real signals stay real, and the law of composition fails
//!   exactly by `cos πa · cos πb − cos π(a + b) = sin πa · sin πb` times that [Nyquist
//!   component](without_nyquist).
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
        if extent == 0 {
            return Ok(x.to_owned());
        }
        let distance = distance.rem_euclid(extent as f64);
        Ok(match self {
            Self::Linear => along(Axis(axis), x, |signal| linear(signal, distance)),
            Self::Fourier => along(Axis(axis), x, fourier(extent, distance)),
        })
    }

    /// How far rounding may move a signal of this length under a Fourier translation from the exact one,
    /// relative to the Euclidean norm of the signal; u = 2⁻⁵³.
    ///
    /// A transform of length m errs by at most 7·log₂(m)·u (Higham, *Accuracy and Stability of Numerical
    /// Algorithms*, Theorem 24.2, with accurate twiddles); for a length with large prime factors it may be
    /// made of three of length m < 4n and three products of at most 2u each: 21·log₂(4n) + 6, twice. The
    /// multipliers have modulus 1; reduction mod n moves the distance by n·u, and `k·t/n` is rounded twice at
    /// at most n/2, so an angle errs by 2π·(n/2 + n)·u < 10n·u; the cosine, sine and product add 5u, the
    /// division 1u.
    pub fn fourier_error_bound(length: usize) -> f64 {
        let n = length as f64;
        (2.0 * (21.0 * (4.0 * n).log2() + 6.0) + 10.0 * n + 6.0) * f64::EPSILON / 2.0
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

/// Each signal along the axis, mapped.
fn along(
    axis: Axis,
    x: ArrayViewD<'_, f64>,
    translate: impl Fn(ArrayView1<'_, f64>) -> Vec<f64>,
) -> ArrayD<f64> {
    let mut moved = ArrayD::zeros(x.raw_dim());
    for (from, mut to) in x.lanes(axis).into_iter().zip(moved.lanes_mut(axis)) {
        to.assign(&ArrayView1::from(&translate(from)));
    }
    moved
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

fn fourier(n: usize, distance: f64) -> impl Fn(ArrayView1<'_, f64>) -> Vec<f64> {
    let mut planner = FftPlanner::new();
    let (forward, backward) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let multipliers: Vec<Complex64> = (0..n).map(|k| multiplier(n, k, distance)).collect();
    move |signal| {
        let mut spectrum: Vec<Complex64> = signal.iter().map(|&value| value.into()).collect();
        forward.process(&mut spectrum);
        for (coefficient, multiplier) in spectrum.iter_mut().zip(&multipliers) {
            *coefficient *= multiplier;
        }
        backward.process(&mut spectrum);
        spectrum.iter().map(|value| value.re / n as f64).collect()
    }
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

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::signal::{composition_defect, roll};

    const LENGTHS: [usize; 10] = [1, 2, 3, 4, 5, 8, 12, 17, 31, 64];

    fn random_signals(n: usize) -> ArrayD<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(n as u64);
        Array2::from_shape_simple_fn((3, n), || random.random_range(-1.0..1.0)).into_dyn()
    }

    fn bound(n: usize) -> f64 {
        TranslateReal::fourier_error_bound(n)
    }

    fn distance_relative_to(expected: &ArrayD<f64>, found: &ArrayD<f64>) -> f64 {
        let norm = |x: &ArrayD<f64>| x.iter().map(|value| value * value).sum::<f64>().sqrt();
        norm(&(found - expected)) / norm(expected)
    }

    #[test]
    fn whole_steps_are_cyclic_translations() {
        for n in LENGTHS {
            let x = random_signals(n);
            for step in [-70, -1, 0, 1, 2, 70] {
                let rolled = roll(x.view(), &[step]);
                let [linear, fourier] = [TranslateReal::Linear, TranslateReal::Fourier]
                    .map(|translate| translate.by_distance(step as f64, x.view()).expect("one axis"));
                assert_eq!(linear, rolled, "n = {n}, {step} steps");
                let error = distance_relative_to(&rolled, &fourier);
                assert!(error <= bound(n), "n = {n}, {step} steps: {error:e}");
            }
        }
    }

    #[test]
    fn fourier_moves_waves_as_waves() {
        for n in LENGTHS {
            for k in 0..n.div_ceil(2) {
                let wave = |shift: f64| {
                    let angle = |m: usize| 2.0 * PI * k as f64 * (m as f64 - shift) / n as f64;
                    Array1::from_shape_fn(n, |m| angle(m).cos()).into_dyn()
                };
                let moved = TranslateReal::Fourier.by_distance(0.375, wave(0.0).view()).expect("one axis");
                // Both waves are rounded: their angles, at most πn, thrice, and the cosine, in all entries
                // alike, while the norm of a wave is at least √(n/2).
                let sampling = 2.0 * 2.0_f64.sqrt() * (3.0 * PI * n as f64 + 1.0) * f64::EPSILON / 2.0;
                let error = distance_relative_to(&wave(0.375), &moved);
                // The moved wave may be shorter than the wave, whose norm the bound refers to, by at most √2.
                assert!(error <= 2.0_f64.sqrt() * bound(n) + sampling, "n = {n}, k = {k}: {error:e}");
            }
        }
    }

    fn defect(translate: TranslateReal, a: f64, b: f64, x: &ArrayD<f64>) -> f64 {
        composition_defect(&RealTranslations, &translate, &RealTranslation(a), &RealTranslation(b), x)
    }

    #[test]
    fn fourier_is_an_action_without_a_nyquist_component() {
        for n in LENGTHS {
            let x = without_nyquist(random_signals(n).view()).expect("one axis");
            if n % 2 == 1 {
                assert_eq!(x, random_signals(n), "odd lengths have none");
            } else {
                let with = defect(TranslateReal::Fourier, 0.5, 0.25, &random_signals(n));
                assert!(with > 3.0 * bound(n), "n = {n}: {with:e}");
            }
            for (a, b) in [(0.5, 0.5), (0.25, -0.25), (1.375, 2.5), (-3.125, 10.75)] {
                let error = defect(TranslateReal::Fourier, a, b, &x);
                // Three translations; and what rounding leaves of the Nyquist component, n + 2 roundings of
                // it.
                let rest = (n as f64 + 2.0) * f64::EPSILON;
                assert!(error <= 3.0 * bound(n) + rest, "n = {n}, {a} and {b}: {error:e}");
            }
        }
    }

    /// `cos πa · cos πb − cos π(a + b) = sin πa · sin πb` times the Nyquist wave is what is missing.
    #[test]
    fn the_nyquist_wave_fails_by_the_product_of_sines() {
        for n in [2, 4, 6, 64] {
            let wave = Array1::from_shape_fn(n, |m| if m % 2 == 0 { 1.0 } else { -1.0 }).into_dyn();
            for (a, b) in [(0.5, 0.5), (0.25, 0.5), (1.0, 0.5), (-0.25, 0.25)] {
                let expected = ((PI * a).sin() * (PI * b).sin()).abs();
                let found = defect(TranslateReal::Fourier, a, b, &wave);
                // Three translations, and the rounding of two sines of arguments up to π (5u each).
                let tolerance = 3.0 * bound(n) + 5.0 * f64::EPSILON;
                assert!((found - expected).abs() <= tolerance, "n = {n}, {a} and {b}: {found}");
            }
            let rest = without_nyquist(wave.view()).expect("one axis");
            assert_eq!(rest, ArrayD::<f64>::zeros(vec![n]));
        }
    }

    /// 2·(21·log₂(4n) + 6) + 10n + 6 halves of ε, as the bound is derived.
    #[test]
    fn the_bound_is_that_of_its_derivation() {
        for (n, halves) in [(1, 112.0), (2, 164.0), (16, 430.0), (64, 994.0)] {
            assert_eq!(bound(n), halves * f64::EPSILON / 2.0, "{n}");
        }
    }

    #[test]
    fn linear_interpolation_blurs() {
        let impulse = array![1.0, 0.0, 0.0, 0.0, 0.0].into_dyn();
        let half = TranslateReal::Linear.by_distance(0.5, impulse.view()).expect("one axis");
        assert_eq!(half.as_slice(), Some([0.5, 0.5, 0.0, 0.0, 0.0].as_slice()));
        let twice = TranslateReal::Linear.by_distance(0.5, half.view()).expect("one axis");
        assert_eq!(twice.as_slice(), Some([0.25, 0.5, 0.25, 0.0, 0.0].as_slice()));
        // ‖(¼, −½, ¼)‖ = √(3/8), whose square is exact.
        assert_eq!(defect(TranslateReal::Linear, 0.5, 0.5, &impulse), 0.375_f64.sqrt());
        let back = TranslateReal::Linear.by_distance(-0.25, impulse.view()).expect("one axis");
        assert_eq!(back.as_slice(), Some([0.75, 0.0, 0.0, 0.0, 0.25].as_slice()));
    }

    #[test]
    fn a_number_alone_is_no_signal_and_an_empty_signal_stays() {
        let alone = ArrayD::zeros(vec![]);
        let error = TranslateReal::Fourier.by_distance(1.0, alone.view()).expect_err("no axis");
        assert_eq!(
            error.to_string(),
            "real translation by Fourier interpolation needs at least 1 axis, but the array has shape []"
        );
        assert!(without_nyquist(alone.view()).is_err());
        let empty = ArrayD::zeros(vec![2, 0]);
        assert_eq!(TranslateReal::Linear.by_distance(0.5, empty.view()), Ok(empty.clone()));
        assert_eq!(without_nyquist(empty.view()), Ok(empty));
    }
}
