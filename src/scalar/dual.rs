//! Dual numbers a + b·ε with ε² = 0: forward-mode differentiation.
//!
//! If every input is `xᵢ + vᵢ·ε`, then a definition computes `f(x) + (∂f/∂v)(x)·ε`: the value together with
//! the derivative along v, exactly where the arithmetic of `T` is exact, at about three times the cost. Over
//! GF(p) it is the formal derivative, and it judges hand-written backward passes.

use std::fmt;

use super::operators::ring_operators;
use super::{DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Ring, SquareRoot};

/// A value with its derivative: `value + derivative·ε` with ε² = 0.
///
/// - `max` has the derivative of the greater argument, and of the first where they tie: the derivative of
///   `max(x, 0)` at 0 is 1, that of `max(0, x)` is 0. (So the maximum commutes only up to ties.)
/// - `(eˣ)′ = eˣ` and `(√x)′ = 1 / (2·√x)`, also over GF(p), where both are arbitrary functions, which have
///   no derivative of their own: it is *declared* by the chain rule's usual form. Two programs that
///   differentiate by these rules then agree there, and a claim that needs more is refuted, as told in
///   [`Goldilocks`](super::Goldilocks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// The derivative of the value.
    pub derivative: T,
}

impl<T> Dual<T> {
    /// `value + derivative·ε`.
    pub fn new(value: T, derivative: T) -> Self {
        Dual { value, derivative }
    }
}

impl<T: Ring> Dual<T> {
    /// A value that does not change: its derivative is 0.
    pub fn constant(value: T) -> Self {
        Dual::new(value, T::zero())
    }

    /// The variable with respect to which one differentiates: its derivative is 1.
    pub fn variable(value: T) -> Self {
        Dual::new(value, T::one())
    }
}

ring_operators! {
    impl[T: Ring] for Dual<T>;
    zero = Dual::constant(T::zero());
    is_zero = |a| a.value.is_zero() && a.derivative.is_zero();
    one = Dual::constant(T::one());
    add = |a, b| Dual::new(a.value + b.value, a.derivative + b.derivative);
    multiply = |a, b| {
        let mut derivative = a.derivative * b.value.clone();
        derivative.add_product(&a.value, &b.derivative);
        Dual::new(a.value * b.value, derivative)
    };
    negate = |a| Dual::new(-a.value, -a.derivative);
}

impl<T: Ring> Ring for Dual<T> {
    fn from_integer(n: i64) -> Self {
        Dual::constant(T::from_integer(n))
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        self.value.add_product(&a.value, &b.value);
        self.derivative.add_product(&a.derivative, &b.value);
        self.derivative.add_product(&a.value, &b.derivative);
    }

    fn add_in_place(&mut self, a: &Self) {
        self.value.add_in_place(&a.value);
        self.derivative.add_in_place(&a.derivative);
    }
}

impl<T: DivideByInteger> DivideByInteger for Dual<T> {
    fn divide_by_integer(&self, n: u64) -> Self {
        Dual::new(self.value.divide_by_integer(n), self.derivative.divide_by_integer(n))
    }
}

impl<T: Field> Field for Dual<T> {
    /// `1/a − b/a²·ε`, or `None` where the value is zero (multiples of ε have no inverse either).
    fn try_reciprocal(&self) -> Option<Self> {
        let value = self.value.try_reciprocal()?;
        let derivative = -(self.derivative.clone() * value.clone() * value.clone());
        Some(Dual::new(value, derivative))
    }
}

impl<T: Lattice + PartialOrd> Lattice for Dual<T> {
    fn maximum(&self, other: &Self) -> Self {
        let chosen = if other.value > self.value { other } else { self };
        Dual::new(self.value.maximum(&other.value), chosen.derivative.clone())
    }
}

impl<T: SquareRoot + Field> SquareRoot for Dual<T> {
    /// `√a + b/(2·√a)·ε`.
    ///
    /// # Panics
    /// If the root is zero, where it has no derivative.
    fn square_root(&self) -> Self {
        let root = self.value.square_root();
        let slope = (root.clone() + root.clone()).try_reciprocal();
        let slope =
            slope.unwrap_or_else(|| panic!("reciprocal of zero: a root that is zero has no derivative"));
        Dual::new(root, self.derivative.clone() * slope)
    }
}

impl<T: Exponential> Exponential for Dual<T> {
    fn exponential(&self) -> Self {
        let value = self.value.exponential();
        Dual::new(value.clone(), self.derivative.clone() * value)
    }
}

impl<T: Logarithm + Field> Logarithm for Dual<T> {
    /// `log a + b/a·ε`
    fn logarithm(&self) -> Self {
        Dual::new(self.value.logarithm(), self.derivative.clone() * self.value.reciprocal())
    }

    fn logarithm_of_one_plus(&self) -> Self {
        let rate = (T::one() + self.value.clone()).reciprocal();
        Dual::new(self.value.logarithm_of_one_plus(), self.derivative.clone() * rate)
    }
}

impl<T: ErrorFunction> ErrorFunction for Dual<T> {
    /// `erf a + b·2/√π·e^(−a²)·ε`
    fn error_function(&self) -> Self {
        let slope = self.value.error_function_derivative();
        Dual::new(self.value.error_function(), self.derivative.clone() * slope)
    }

    fn error_function_rate() -> Self {
        Dual::constant(T::error_function_rate())
    }
}

impl<T: fmt::Display> fmt::Display for Dual<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} + {}·ε", self.value, self.derivative)
    }
}

#[cfg(test)]
mod tests {
    use num_traits::{One, Zero};
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::{Goldilocks, Rational, laws};

    fn duals() -> impl Strategy<Value = Dual<Goldilocks>> {
        let part =
            || prop_oneof![(-2_i64..3).prop_map(Goldilocks::from), any::<u64>().prop_map(Goldilocks::new)];
        (part(), part()).prop_map(|(value, derivative)| Dual::new(value, derivative))
    }

    laws::exact_ring!(duals());

    proptest! {
        #[test]
        fn reciprocals_are_inverse(a in duals()) {
            match a.try_reciprocal() {
                Some(reciprocal) => prop_assert_eq!(a * reciprocal, Dual::one()),
                None => prop_assert_eq!(a.value, Goldilocks::zero()),
            }
        }

        // (c₀ + c₁x + … )′ = c₁ + 2·c₂x + …, for the coefficients that Horner's rule never differentiates.
        #[test]
        fn polynomials_have_their_formal_derivative(
            coefficients in prop::collection::vec(any::<i64>().prop_map(Goldilocks::from), 1..12),
            x in any::<u64>().prop_map(Goldilocks::new),
        ) {
            let horner = |c: &[Goldilocks], x: Dual<Goldilocks>| {
                c.iter().rev().fold(Dual::zero(), |sum, c| sum * x + Dual::constant(*c))
            };
            let derived: Vec<_> =
                (1..).zip(&coefficients[1..]).map(|(n, c)| Goldilocks::from(n) * *c).collect();
            let found = horner(&coefficients, Dual::variable(x)).derivative;
            prop_assert_eq!(found, horner(&derived, Dual::constant(x)).value);
        }

        #[test]
        fn the_maximum_follows_the_greater_and_the_first_of_equals(a in -3_i64..4, b in -3_i64..4) {
            let [x, y] = [(a, 10), (b, 20)].map(|(v, d)| Dual::new(Rational::from(v), Rational::from(d)));
            let maximum = x.maximum(&y);
            prop_assert_eq!(maximum.value, a.max(b).into());
            prop_assert_eq!(maximum.derivative, if b > a { 20 } else { 10 }.into());
            let minimum = x.minimum(&y);
            prop_assert_eq!(minimum.value, a.min(b).into());
            prop_assert_eq!(minimum.derivative, if b < a { 20 } else { 10 }.into());
        }
    }

    #[test]
    fn known_derivatives() {
        let x = Dual::new(4.0_f64, 3.0);
        assert_eq!(x.square_root(), Dual::new(2.0, 0.75));
        assert_eq!(x.reciprocal(), Dual::new(0.25, -0.1875));
        assert_eq!(x.divide_by_integer(2), Dual::new(2.0, 1.5));
        assert_eq!(x.exponential(), Dual::new(4.0_f64.exp(), 3.0 * 4.0_f64.exp()));
        assert_eq!(x.relu().derivative, 3.0);
        assert_eq!((-x).relu().derivative, 0.0);
        assert_eq!((x * x + Dual::from_integer(1)).to_string(), "17 + 24·ε");
    }

    #[test]
    fn the_chain_rule_is_declared_over_the_finite_field() {
        let x = Dual::variable(Goldilocks::from(3));
        assert_eq!(x.exponential().derivative, x.value.exponential());
        let root = x.square_root();
        assert_eq!(root.derivative * (root.value + root.value), Goldilocks::one());
    }

    #[test]
    #[should_panic(expected = "reciprocal of zero")]
    fn the_root_has_no_derivative_at_zero() {
        Dual::variable(0.0_f64).square_root();
    }
}
