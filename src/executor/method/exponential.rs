//! Exponential functions in `f32` that a compiler can turn into vector instructions, with the same bits
//! everywhere.
//!
//! With n = round(x/ln 2) and r = x − n·ln 2, |r| ≤ ½ ln 2 (1 + 2⁻²⁰) or so, `eˣ = 2ⁿ(1 + p)` where p = eʳ −
//! 1 is its Taylor polynomial of degree 8. What that leaves out is r⁹/9! + …, relative to p at most 0.347⁸/9!
//! · 1.1 < 2⁻³¹. ln 2 is taken in two parts, the first with nine bits, so that n times it is exact. From p
//! follow
//!
//! - eˣ = 2ⁿ + 2ⁿ·p,
//! - eˣ − 1 = (2ⁿ − 1) + 2ⁿ·p, which keeps its relative accuracy near 0,
//! - tanh |x| = m/(m + 2) with m = e^(2|x|) − 1, and tanh is odd,
//! - the logistic function of −|x|, q/(1 + q) with q = e^(−|x|), and of |x|, 1/(1 + q).
//!
//! The constants are upper bounds of the errors, in ulps of the exact value, found by trying every `f32` of
//! magnitude above 2⁻³⁰ and every 65th below: 0.957 for eˣ (at −59.9), 2.425 for tanh (at 0.0312) and 2.402
//! for the logistic function (at −4.16). The tests try every 10,007th. There are no fused operations, so
//! errors are the same on every machine.

/// Greatest error of [`exponential`] for results that are normal numbers, in ulps.
#[cfg(test)]
pub(super) const EXPONENTIAL_ULPS: f64 = 1.0;
/// Greatest error of [`hyperbolic_tangent`], in ulps.
#[cfg(test)]
const TANGENT_ULPS: f64 = 2.5;
/// Greatest error of [`logistic`] for arguments above −87, in ulps.
#[cfg(test)]
const LOGISTIC_ULPS: f64 = 2.5;

/// log₂ e
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// The first nine bits of ln 2: 355/512.
const LN_2_HIGH: f32 = 355.0 / 512.0;
/// ln 2 − 355/512
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// 1.5·2²³: adding it to a float below 2²² rounds that to an integer, which stands in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// (2ⁿ, p) with eˣ = 2ⁿ(1 + p), for −87 ≤ x ≤ 88.
#[inline(always)]
fn parts(x: f32) -> (f32, f32) {
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let power = f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23);
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // r + r²(1/2 + r/6 + r²/24 + …): the first term is exact, and the others are small beside it.
    let mut tail = 1.0 / 40320.0;
    for factorial in [5040.0, 720.0, 120.0, 24.0, 6.0, 2.0] {
        tail = tail * r + 1.0 / factorial;
    }
    (power, r + r * r * tail)
}

/// eˣ within `EXPONENTIAL_ULPS` for −87 ≤ x ≤ 88: 0 below, where the result is hardly a normal number, and
/// e⁸⁸ above. NaN gives NaN.
#[inline(always)]
pub fn exponential(x: f32) -> f32 {
    let (power, p) = parts(clamp(x, -87.0, 88.0));
    let result = power + power * p;
    if x < -87.0 { 0.0 } else { result }
}

/// tanh x within `TANGENT_ULPS`. NaN gives NaN.
#[inline(always)]
pub fn hyperbolic_tangent(x: f32) -> f32 {
    // tanh 10 rounds to 1.
    let (power, p) = parts(clamp(2.0 * x.abs(), 0.0, 20.0));
    let minus_one = (power - 1.0) + power * p;
    (minus_one / (minus_one + 2.0)).copysign(x)
}

/// The logistic function 1/(1 + e⁻ˣ) within `LOGISTIC_ULPS`. Below −87 it is 0, where it is less than 2⁻¹²⁵.
/// NaN gives NaN.
#[inline(always)]
pub fn logistic(x: f32) -> f32 {
    let q = exponential(-x.abs());
    let numerator = if x < 0.0 { q } else { 1.0 };
    numerator / (1.0 + q)
}

/// As `f32::clamp` of numbers: in a form that compiles to two instructions and keeps NaN.
#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// |found − exact| in units of the last place of `f32` at `exact`. The functions of `f64` are off by an ulp or two of
    /// theirs, 2⁻²⁸ of ours.
    fn ulps(found: f32, exact: f64) -> f64 {
        let exponent = exact.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor() as i32;
        (f64::from(found) - exact).abs() / 2f64.powi(exponent - 23)
    }

    /// The greatest error over every `step`th float between `low` and `high`.
    fn worst(low: f32, high: f32, step: u32, function: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let mut worst = 0f64;
        for sign in [1.0f32, -1.0] {
            for bits in (0..=low.abs().max(high).to_bits()).step_by(step as usize) {
                let x = f32::from_bits(bits) * sign;
                if low <= x && x <= high {
                    worst = worst.max(ulps(function(x), exact(f64::from(x))));
                }
            }
        }
        worst
    }

    #[test]
    fn errors_are_within_the_constants() {
        let step = 10_007;
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        for (worst, limit) in [
            (worst(-87.0, 88.0, step, exponential, f64::exp), EXPONENTIAL_ULPS),
            (worst(-100.0, 100.0, step, hyperbolic_tangent, f64::tanh), TANGENT_ULPS),
            (worst(-87.0, 200.0, step, logistic, sigmoid), LOGISTIC_ULPS),
        ] {
            // Nothing rounds to within half an ulp everywhere, so the limit is not idle either.
            assert!(0.5 < worst && worst <= limit, "{worst} of {limit}");
        }
    }

    #[test]
    fn special_values() {
        for zero in [0.0f32, -0.0] {
            assert_eq!(hyperbolic_tangent(zero).to_bits(), zero.to_bits());
            assert_eq!((logistic(zero), exponential(zero)), (0.5, 1.0));
        }
        let infinity = f32::INFINITY;
        assert_eq!((hyperbolic_tangent(infinity), hyperbolic_tangent(-infinity)), (1.0, -1.0));
        assert_eq!(logistic(infinity), 1.0);
        assert_eq!([exponential(-infinity), logistic(-infinity), logistic(-87.5)], [0.0; 3]);
        assert!(logistic(-87.0) < 2f32.powi(-125));
        assert_eq!(exponential(infinity), exponential(88.0));
        let smallest = f32::from_bits(1);
        assert_eq!(hyperbolic_tangent(smallest), smallest);
        for function in [exponential, hyperbolic_tangent, logistic] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
