//! Quotients and roots, by integers of any length: constants of normalisations and means need few of them.
//!
//! |x/y − v/w| ≤ (δv + δw·|v/w|) / (|w| − δw) as long as that divisor is positive, and |√x − √v| =
//! |x − v| / (√x + √v) ≤ δv/√v; the integers are cut, which is off by less than 2⁻¹⁹².

use num_bigint::BigUint;

use super::number::{CUT, Fixed, Form, LIMBS, UNIT, Wide, digits};

/// Rounding upward: some roundings of a positive number.
pub(super) const UP: f64 = 1.0 + CUT;

/// m, and what a float loses by that.
pub(super) fn integer(x: &Fixed) -> Option<(BigUint, f64)> {
    match &x.0 {
        Form::Float(x) => {
            let digits = digits(*x)?;
            let wide = BigUint::from(digits.low) + (BigUint::from(digits.high) << 64);
            Some((wide << (64 * digits.at), if digits.is_cut { UNIT } else { 0.0 }))
        }
        Form::Wide(wide) => {
            let bytes: Vec<u8> = wide.limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            Some((BigUint::from_bytes_le(&bytes), 0.0))
        }
        Form::Rough(_) => None,
    }
}

/// A number of these digits.
pub(super) fn number(is_negative: bool, digits: &BigUint, error: f64) -> Option<Fixed> {
    let mut limbs = [0; LIMBS];
    let list = digits.to_u64_digits();
    if digits.bits() > 254 || error.is_nan() || error == f64::INFINITY {
        return None;
    }
    limbs[..list.len()].copy_from_slice(&list);
    Some(Fixed::wide(Wide::new(is_negative, limbs, error)))
}

/// x/y of finite numbers; `None` where one of them has no digits here, or the divisor may be zero.
pub(super) fn quotient(x: &Fixed, y: &Fixed) -> Option<Fixed> {
    let ((a, a_cut), (b, b_cut)) = (integer(x)?, integer(y)?);
    let (a_error, b_error) = ((x.error() + a_cut) * UP, (y.error() + b_cut) * UP);
    let least = (y.least_size() - b_cut - b_error) * (1.0 - CUT);
    if b == BigUint::ZERO || least <= 0.0 || least.is_nan() {
        return None;
    }
    let a = a << (64 * (LIMBS - 1));
    let ratio = &a / &b;
    let cut = if &ratio * &b == a { 0.0 } else { UNIT };
    let is_negative = x.is_negative() != y.is_negative();
    let size = number(is_negative, &ratio, 0.0)?.size() + UNIT;
    let inherited = (a_error + b_error * size) / least;
    number(is_negative, &ratio, (cut + inherited) * UP)
}

/// √x of a finite number; `None` where it has no digits here, or no root. Below zero by no more than its
/// bound it is taken for zero.
pub(super) fn root(x: &Fixed) -> Option<Fixed> {
    let (a, cut) = integer(x)?;
    let error = (x.error() + cut) * UP;
    if x.is_negative() {
        // The exact result is at most its bound, if it has a root at all.
        let is_possible = x.least_size() <= error;
        return if is_possible { number(false, &BigUint::ZERO, error.sqrt() * UP) } else { None };
    }
    let a = a << (64 * (LIMBS - 1));
    let root = a.sqrt();
    let cut = if &root * &root == a { 0.0 } else { UNIT };
    let least = number(false, &root, 0.0)?.least_size();
    let inherited = if error == 0.0 {
        0.0
    } else if least == 0.0 {
        ((x.size() + error) * UP).sqrt()
    } else {
        error / least
    };
    number(false, &root, (cut + inherited) * UP)
}
