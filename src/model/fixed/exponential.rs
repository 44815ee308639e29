//! The exponential, by its series and by squaring.
//!
//! With 320 bits behind the point: y = |v| / 2¹² < 1/97 for |v| < 42, and eʸ = Σ yⁿ/n! for n ≤ 40, where what
//! is left out is below 2⁻⁴⁰⁰ and each term is cut twice, so that the sum is off by less than 2⁻³¹². Twelve
//! squarings double a relative error and cut once each: less than 2⁻²⁹⁸ in all, and of e⁴² < 2⁶¹ less than
//! 2⁻²³⁷. For v < 0 it is the reciprocal. Cut to 192 bits the result is off by less than 2·2⁻¹⁹², and by
//! |eˣ − eᵛ| ≤ eᵛ·(e^δ − 1) ≤ eᵛ·δ(1 + δ) for |x − v| ≤ δ ≤ 1.

use num_bigint::BigUint;

use super::division::{UP, integer, number};
use super::number::{Fixed, UNIT};

/// Bits behind the point.
const FRACTION: usize = 320;
/// Squarings.
const HALVINGS: usize = 12;
/// The last power of the series.
const TERMS: u32 = 40;
/// e to this is below 2⁶¹.
const REACH: f64 = 42.0;

/// eˣ of a finite number; `None` where it has no digits here, or too few are known.
pub(super) fn exponential(x: &Fixed) -> Option<Fixed> {
    let (digits, cut) = integer(x)?;
    let error = (x.error() + cut) * UP;
    if x.size() >= REACH || error > 1.0 || error.is_nan() {
        return None;
    }
    if digits == BigUint::ZERO && error == 0.0 {
        return Some(Fixed::float(1.0));
    }
    let one = BigUint::from(1_u32) << FRACTION;
    // Numbers have 192 bits behind the point, so that nothing is lost.
    let y = digits << (FRACTION - 192 - HALVINGS);
    let mut term = one.clone();
    let mut sum = one;
    for n in 1..=TERMS {
        term = ((term * &y) >> FRACTION) / n;
        sum += &term;
    }
    for _ in 0..HALVINGS {
        sum = (&sum * &sum) >> FRACTION;
    }
    if x.is_negative() {
        sum = (BigUint::from(1_u32) << (2 * FRACTION)) / sum;
    }
    let found = sum >> (FRACTION - 192);
    let size = number(false, &found, 0.0)?.size() + 2.0 * UNIT;
    number(false, &found, (2.0 * UNIT + size * error * (1.0 + error)) * UP)
}
