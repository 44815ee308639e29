//! Numbers of 256 bits with a bound of their error.
//!
//! A number is v = ±m · 2⁻¹⁹² with 0 ≤ m < 2²⁵⁴, so |v| < 2⁶², and a bound e: the exact result x satisfies
//! |x − v| ≤ e. Bounds are floats rounded upward. Weights and inputs stay the floats that they are; a float
//! with bits below 2⁻¹⁹² loses them where it is computed with, and 2⁻¹⁹² is added to the bound. Larger
//! numbers, as in masks of attention, are floats with their bounds.

use std::sync::Arc;

use crate::scalar::Bounded;

/// Digits of 64 bits.
pub(super) const LIMBS: usize = 4;
/// Bits behind the binary point.
const FRACTION: i32 = 192;
/// The least positive number, 2⁻¹⁹².
pub(super) const UNIT: f64 = f64::from_bits((1023 - FRACTION as u64) << 52);
/// All numbers are smaller, 2⁶².
pub(super) const LIMIT: f64 = (1_u64 << 62) as f64;

/// A number with a bound of its distance from the exact result.
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed(pub(super) Form);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// A float, exactly: finite or infinite, not NaN.
    Float(f64),
    Wide(Arc<Wide>),
    /// A number that has no digits here: 2⁶² or more, or one of which nothing is known.
    Rough(Bounded),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wide {
    pub(super) is_negative: bool,
    /// m, the least digit first.
    pub(super) limbs: [u64; LIMBS],
    /// At least |v|.
    pub(super) size: f64,
    /// At least |x − v|; finite.
    pub(super) error: f64,
}

/// A float as m · 2^(64 at − 192), without its sign.
pub(super) struct Digits {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) at: usize,
    /// Whether bits were lost.
    pub(super) is_cut: bool,
}

/// The digits of a float; `None` from 2⁶² on.
pub(super) fn digits(x: f64) -> Option<Digits> {
    let bits = x.abs().to_bits();
    let exponent = (bits >> 52) as i32;
    let mantissa = bits & ((1 << 52) - 1) | u64::from(exponent > 0) << 52;
    // |x| = mantissa · 2^(place − 192).
    let place = exponent.max(1) - 1075 + FRACTION;
    if place < 0 {
        let cut = mantissa.checked_shr(place.unsigned_abs()).unwrap_or(0);
        let is_cut = cut.checked_shl(place.unsigned_abs()).unwrap_or(0) != mantissa;
        return Some(Digits { low: cut, high: 0, at: 0, is_cut });
    }
    // 53 bits from this place on have to end below 2²⁵⁴.
    if mantissa != 0 && place > 254 - 53 {
        return None;
    }
    let wide = u128::from(mantissa) << (place % 64);
    Some(Digits { low: wide as u64, high: (wide >> 64) as u64, at: place as usize / 64, is_cut: false })
}

/// Four roundings upward, and as many below: the float of some digits is off by less than this part of it.
pub(super) const CUT: f64 = 8.0 * f64::EPSILON;

/// A float near m · 2⁻¹⁹².
pub(super) fn nearby(limbs: &[u64; LIMBS]) -> f64 {
    const DIGIT: f64 = 2.0 * (1_u64 << 63) as f64;
    limbs.iter().rev().fold(0.0, |value, &limb| value * DIGIT + limb as f64) * UNIT
}

impl Wide {
    pub(super) fn new(is_negative: bool, limbs: [u64; LIMBS], error: f64) -> Self {
        Wide { is_negative, limbs, size: nearby(&limbs) * (1.0 + CUT), error }
    }
}

impl Fixed {
    /// A float, exactly.
    pub(super) fn float(x: f64) -> Self {
        if x.is_nan() { Self::unknown() } else { Fixed(Form::Float(x)) }
    }

    /// A number of which nothing is known.
    pub(super) fn unknown() -> Self {
        Fixed(Form::Rough(Bounded::with_error(f64::NAN, f64::INFINITY)))
    }

    pub(super) fn wide(wide: Wide) -> Self {
        if wide.limbs == [0; LIMBS] && wide.error == 0.0 {
            return Fixed(Form::Float(0.0));
        }
        Fixed(Form::Wide(Arc::new(wide)))
    }

    /// A number within the bound.
    pub(super) fn of_bounded(x: &Bounded) -> Self {
        match (x.value(), x.error()) {
            (value, error) if error == 0.0 || value.is_infinite() => Self::float(value),
            (value, error) => match digits(value) {
                Some(digits) if value.is_finite() && error < f64::INFINITY => {
                    let mut limbs = [0; LIMBS];
                    limbs[digits.at] = digits.low;
                    if digits.high > 0 {
                        limbs[digits.at + 1] = digits.high;
                    }
                    Self::wide(Wide::new(value < 0.0, limbs, (error + UNIT).next_up()))
                }
                _ => Fixed(Form::Rough(*x)),
            },
        }
    }

    /// At least |v|.
    pub(super) fn size(&self) -> f64 {
        match &self.0 {
            Form::Float(x) => x.abs(),
            Form::Wide(wide) => wide.size,
            Form::Rough(rough) => rough.value().abs(),
        }
    }

    /// At most |v|.
    pub(super) fn least_size(&self) -> f64 {
        match &self.0 {
            Form::Float(x) => x.abs(),
            // The size is at most (1 + 8ε)² of the number.
            Form::Wide(wide) => wide.size * (1.0 - 4.0 * CUT),
            Form::Rough(rough) => rough.value().abs(),
        }
    }

    /// At least |x − v|.
    pub(super) fn error(&self) -> f64 {
        match &self.0 {
            Form::Float(_) => 0.0,
            Form::Wide(wide) => wide.error,
            Form::Rough(rough) => rough.error(),
        }
    }

    /// Whether it has no digits here: floats have to do.
    pub(super) fn is_rough(&self) -> bool {
        match &self.0 {
            Form::Float(x) => x.is_infinite(),
            Form::Wide(_) => false,
            Form::Rough(_) => true,
        }
    }

    /// Whether v is less than zero.
    pub(super) fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Float(x) => *x < 0.0,
            Form::Wide(wide) => wide.is_negative && wide.limbs != [0; LIMBS],
            Form::Rough(rough) => rough.value() < 0.0,
        }
    }

    /// −x.
    pub(super) fn negated(&self) -> Self {
        match &self.0 {
            Form::Float(x) => Fixed(Form::Float(-x)),
            Form::Wide(wide) => Self::wide(Wide { is_negative: !wide.is_negative, ..**wide }),
            Form::Rough(rough) => Fixed(Form::Rough(-*rough)),
        }
    }

    /// |x|, which moves by no more than x.
    pub(super) fn absolute(&self) -> Self {
        if self.is_negative() { self.negated() } else { self.clone() }
    }
}
