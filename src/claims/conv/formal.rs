//! Formal roots of unity: exact discrete Fourier transforms of every length, on every scalar.
//!
//! A number of S[ζ], ζ a primitive N-th root of unity, is a polynomial in z = ζ modulo the cyclotomic
//! polynomial Φ_N, whose coefficients are integers. An equality of remainders holds in ℂ, with ζ = e^(−2πi/N)
//! or any other primitive root, and in every commutative ring that has a root of Φ_N: in GF(p) where N
//! divides p − 1.
//!
//! Φ_N = (z^N − 1) / Π Φ_d, over the proper divisors d of N. Source: S. Lang, *Algebra*, 3rd ed. 2002, §
//! VI.3.

use crate::scalar::{DivideByInteger, Ring, ring_operators};

/// A polynomial in z: coefficients from the constant on, the last one not zero.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Polynomial<S>(Vec<S>);

impl<S: Ring> Polynomial<S> {
    pub(super) fn new(mut coefficients: Vec<S>) -> Self {
        while coefficients.last().is_some_and(S::is_zero) {
            coefficients.pop();
        }
        Polynomial(coefficients)
    }

    /// z to this power.
    pub(super) fn power(exponent: usize) -> Self {
        let mut coefficients = vec![S::zero(); exponent];
        coefficients.push(S::one());
        Polynomial(coefficients)
    }

    /// The image under z ↦ z⁻¹ = z^(N−1), the complex conjugate of what has real coefficients.
    pub(super) fn conjugate(&self, order: usize) -> Self {
        let mut coefficients = vec![S::zero(); order];
        for (exponent, coefficient) in self.0.iter().enumerate() {
            coefficients[(order - exponent % order) % order].add_in_place(coefficient);
        }
        Polynomial::new(coefficients)
    }

    /// The coordinates in the basis 1, ζ, …, ζ^(φ(N)−1).
    pub(super) fn coordinates(self, cyclotomic: &[i64]) -> Vec<S> {
        divide(self.0, cyclotomic).1
    }

    fn sum(mut self, mut other: Self) -> Self {
        if self.0.len() < other.0.len() {
            std::mem::swap(&mut self, &mut other);
        }
        for (entry, summand) in self.0.iter_mut().zip(&other.0) {
            entry.add_in_place(summand);
        }
        Polynomial::new(self.0)
    }

    /// self + a·b. Roots of unity are mostly zeros, which are passed over.
    fn plus_product(self, a: &Self, b: &Self) -> Self {
        let mut coefficients = self.0;
        coefficients.resize(coefficients.len().max(a.0.len() + b.0.len()), S::zero());
        for (i, a) in a.0.iter().enumerate().filter(|(_, a)| !a.is_zero()) {
            for (j, b) in b.0.iter().enumerate().filter(|(_, b)| !b.is_zero()) {
                coefficients[i + j].add_product(a, b);
            }
        }
        Polynomial::new(coefficients)
    }
}

ring_operators! {
    impl[S: Ring] for Polynomial<S>;
    zero = Polynomial(Vec::new());
    is_zero = |a| a.0.is_empty();
    one = Polynomial(vec![S::one()]);
    add = |a, b| a.sum(b);
    multiply = |a, b| Polynomial(Vec::new()).plus_product(&a, &b);
    negate = |a| Polynomial(a.0.into_iter().map(|coefficient| -coefficient).collect());
}

impl<S: Ring> Ring for Polynomial<S> {
    fn from_integer(n: i64) -> Self {
        Polynomial::new(vec![S::from_integer(n)])
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        *self = std::mem::replace(self, Polynomial(Vec::new())).plus_product(a, b);
    }
}

impl<S: DivideByInteger> DivideByInteger for Polynomial<S> {
    fn divide_by_integer(&self, n: u64) -> Self {
        Polynomial::new(self.0.iter().map(|coefficient| coefficient.divide_by_integer(n)).collect())
    }
}

/// The coefficients of Φ_N, from the constant on.
pub(super) fn cyclotomic(order: usize) -> Vec<i64> {
    let mut polynomial = vec![0; order + 1];
    polynomial[0] = -1;
    polynomial[order] = 1;
    (1..order)
        .filter(|divisor| order.is_multiple_of(*divisor))
        .fold(polynomial, |rest, divisor| divide(rest, &cyclotomic(divisor)).0)
}

/// Quotient and remainder by a monic polynomial; the remainder has as many coefficients as the divisor has
/// degrees.
fn divide<S: Ring>(mut dividend: Vec<S>, monic: &[i64]) -> (Vec<S>, Vec<S>) {
    let degree = monic.len() - 1;
    let mut quotient = vec![S::zero(); dividend.len().saturating_sub(degree)];
    for place in (0..quotient.len()).rev() {
        quotient[place] = dividend[place + degree].clone();
        for (entry, &coefficient) in dividend[place..].iter_mut().zip(&monic[..degree]) {
            if coefficient != 0 {
                entry.add_product(&quotient[place], &S::from_integer(-coefficient));
            }
        }
    }
    dividend.resize(degree, S::zero());
    (quotient, dividend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cyclotomic_polynomials_of_the_tables() {
        assert_eq!(cyclotomic(1), [-1, 1]);
        assert_eq!(cyclotomic(2), [1, 1]);
        assert_eq!(cyclotomic(5), [1; 5]);
        assert_eq!(cyclotomic(12), [1, 0, -1, 0, 1]);
        // The first with a coefficient that is neither 0 nor ±1.
        assert_eq!(cyclotomic(105)[7], -2);
        assert_eq!(cyclotomic(105).len(), 49);
    }

    #[test]
    fn powers_of_a_root_sum_to_zero() {
        for order in 2..13 {
            let sum =
                (0..order).fold(Polynomial::<i64>::from_integer(0), |sum, k| sum + Polynomial::power(k));
            assert!(sum.coordinates(&cyclotomic(order)).iter().all(|&coordinate| coordinate == 0));
            let unit = Polynomial::<i64>::power(1) * Polynomial::power(1).conjugate(order);
            let one = Polynomial::<i64>::from_integer(1);
            assert_eq!(unit.coordinates(&cyclotomic(order)), one.coordinates(&cyclotomic(order)));
        }
    }
}
