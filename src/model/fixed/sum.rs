//! Sums of products, exact until they are cut once.
//!
//! Products of two numbers of 192 bits behind the point have 384. They are added as they are, positive and
//! negative ones apart; the sum is then cut to 192 bits, which is off by less than 2⁻¹⁹². What is inherited
//! is
//!
//! |Σ xᵢyᵢ − Σ vᵢwᵢ| ≤ Σ |vᵢ|·δwᵢ + δvᵢ·(|wᵢ| + δwᵢ)  for |xᵢ − vᵢ| ≤ δvᵢ, |yᵢ − wᵢ| ≤ δwᵢ,
//!
//! computed in floats: each of n terms is rounded at most four times and then n times as a part of the sum,
//! and all terms are ≥ 0, so that the result is within the factor 1 + (n + 8)ε of the exact one (ε = 2⁻⁵²,
//! twice the unit roundoff). What is inexact has a bound of at least 2⁻¹⁹², and so has what comes of it: no
//! term that counts is too small for a float. Cost: for weights of 24 bits one digit times four.

use super::number::{Fixed, Form, LIMBS, LIMIT, UNIT, Wide, digits};

/// Digits of a product.
const LONG: usize = 2 * LIMBS;
/// Digits behind the point of a product that a number does not have.
const CUT_LIMBS: usize = LIMBS - 1;

/// A sum of products.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// The sums of positive and of negative products, in units of 2⁻³⁸⁴.
    parts: [[u64; LONG]; 2],
    /// Σ |vᵢwᵢ|.
    size: f64,
    /// What is inherited.
    error: f64,
    /// Whether a term is inexact.
    is_inexact: bool,
    terms: usize,
}

impl Sum {
    fn bound(&mut self, size: f64, error: f64, is_inexact: bool) {
        self.size += size;
        self.error += error;
        self.is_inexact |= is_inexact;
        self.terms += 1;
    }

    /// A number has no digits here.
    fn overflow(&mut self) {
        self.bound(f64::INFINITY, f64::INFINITY, true);
    }

    /// Adds a product.
    pub(super) fn add_product(&mut self, a: &Fixed, b: &Fixed) {
        match (&a.0, &b.0) {
            (Form::Float(x), Form::Wide(y)) | (Form::Wide(y), Form::Float(x)) => self.add_multiple(*x, y),
            (Form::Wide(x), Form::Wide(y)) => {
                let part = &mut self.parts[usize::from(x.is_negative != y.is_negative)];
                for (at, &limb) in x.limbs.iter().enumerate() {
                    add_scaled(part, &y.limbs, limb, at);
                }
                let error = x.size * y.error + x.error * (y.size + y.error);
                self.bound(x.size * y.size, error, x.error != 0.0 || y.error != 0.0);
            }
            (Form::Rough(_), _) | (_, Form::Rough(_)) => self.overflow(),
            (Form::Float(x), Form::Float(y)) => {
                if *x == 0.0 || *y == 0.0 {
                    return;
                }
                match as_wide(*y) {
                    Some(wide) => self.add_multiple(*x, &wide),
                    None => self.overflow(),
                }
            }
        }
    }

    /// Adds the product of a finite float and a number.
    fn add_multiple(&mut self, x: f64, y: &Wide) {
        let Some(digits) = digits(x) else { return self.overflow() };
        let part = &mut self.parts[usize::from((x < 0.0) != y.is_negative)];
        add_scaled(part, &y.limbs, digits.low, digits.at);
        if digits.high > 0 {
            add_scaled(part, &y.limbs, digits.high, digits.at + 1);
        }
        let (size, cut) = (x.abs(), if digits.is_cut { UNIT } else { 0.0 });
        let error = size * y.error + cut * (y.size + y.error);
        self.bound(size * y.size, error, digits.is_cut || y.error != 0.0);
    }

    /// Adds a number.
    pub(super) fn add(&mut self, a: &Fixed) {
        match &a.0 {
            Form::Float(0.0) => {}
            Form::Float(x) => match as_wide(*x) {
                Some(wide) => self.add_wide(&wide),
                None => self.overflow(),
            },
            Form::Wide(wide) => self.add_wide(wide),
            Form::Rough(_) => self.overflow(),
        }
    }

    fn add_wide(&mut self, a: &Wide) {
        add_scaled(&mut self.parts[usize::from(a.is_negative)], &a.limbs, 1, CUT_LIMBS);
        self.bound(a.size, a.error, a.error != 0.0);
    }

    /// The sum, cut once; `None` where it may be 2⁶² or more: the digits may have overflowed.
    pub(super) fn finish(self) -> Option<Fixed> {
        let factor = 1.0 + (self.terms + 8) as f64 * f64::EPSILON;
        let error = self.error * factor;
        if self.size * factor < LIMIT && error < f64::INFINITY {
            let [positive, negative] = &self.parts;
            let is_negative = positive.iter().rev().lt(negative.iter().rev());
            let difference =
                if is_negative { subtract(negative, positive) } else { subtract(positive, negative) };
            let is_cut = self.is_inexact || difference[..CUT_LIMBS].iter().any(|&limb| limb != 0);
            let mut limbs = [0; LIMBS];
            limbs.copy_from_slice(&difference[CUT_LIMBS..CUT_LIMBS + LIMBS]);
            let error = if is_cut { (error + UNIT).next_up() } else { error };
            return Some(Fixed::wide(Wide::new(is_negative, limbs, error)));
        }
        None
    }
}

/// A float in digits, on its own; `None` from 2⁶² on.
fn as_wide(x: f64) -> Option<Wide> {
    let digits = digits(x)?;
    let mut limbs = [0; LIMBS];
    limbs[digits.at] = digits.low;
    if digits.high > 0 {
        limbs[digits.at + 1] = digits.high;
    }
    let error = if digits.is_cut { UNIT } else { 0.0 };
    Some(Wide { is_negative: x < 0.0, limbs, size: x.abs(), error })
}

/// Adds `limbs` · `factor` · 2^(64 `at`); what does not fit is lost.
#[inline]
fn add_scaled(sum: &mut [u64; LONG], limbs: &[u64; LIMBS], factor: u64, at: usize) {
    if factor == 0 {
        return;
    }
    let mut carry = 0;
    let (low, high) = sum.split_at_mut(at + LIMBS);
    for (entry, &limb) in low[at..].iter_mut().zip(limbs) {
        // At most (2⁶⁴ − 1)² + 2(2⁶⁴ − 1) = 2¹²⁸ − 1.
        let total = u128::from(factor) * u128::from(limb) + u128::from(*entry) + u128::from(carry);
        *entry = total as u64;
        carry = (total >> 64) as u64;
    }
    for entry in high {
        if carry == 0 {
            return;
        }
        let (total, overflows) = entry.overflowing_add(carry);
        *entry = total;
        carry = u64::from(overflows);
    }
}

/// a − b for a ≥ b.
fn subtract(a: &[u64; LONG], b: &[u64; LONG]) -> [u64; LONG] {
    let mut borrow = false;
    let mut difference = [0; LONG];
    for ((entry, &a), &b) in difference.iter_mut().zip(a).zip(b) {
        let (once, first) = a.overflowing_sub(b);
        let (twice, second) = once.overflowing_sub(borrow.into());
        *entry = twice;
        borrow = first || second;
    }
    difference
}
