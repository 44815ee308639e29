//! A float with a rigorous running bound of its rounding error.
//!
//! A [`Bounded`] holds v and e such that the exact result x of the same computation on real numbers satisfies
//! |v − x| ≤ e. The value v is, bit for bit, what `f64` computes. Running both sides of a claim on this scalar gives
//! the tolerance of their comparison: they are equal in exact arithmetic only if |v − v′| ≤ e + e′.
//!
//! Every operation adds the errors it inherits and the error of its own rounding. The latter is not estimated
//! by the unit roundoff u = 2⁻⁵³ but computed: TwoSum gives the exact error of a sum, and a fused
//! multiply–add the exact residual of a product, a quotient and a root (Muller et al., *Handbook of
//! Floating-Point Arithmetic*, §§ 4.3–4.4 and 5.1). So exact operations, those on small integers say, have
//! the bound 0. The bounds themselves are computed with directed rounding. Overflow and NaN make the bound
//! infinite, which is always true. An operation costs about ten of `f64`.

mod functions;

use std::cmp::Ordering;
use std::fmt;

use num_traits::{One, Zero};

use super::directed::{
    add_up, divide_up, multiply_up, product_error, quotient_residual, root_residual, square_root_down,
    square_root_up, subtract_down, sum_error,
};
use super::operators::ring_operators;
use super::{DivideByInteger, Field, Lattice, Ring, SquareRoot};

/// A float and a bound of its distance from the exact real number: of what the same computation gives without
/// any rounding, from the exact inputs.
///
/// The value is, bit for bit, what `f64` computes. The bound is rigorous, with one assumption: the
/// exponential of Rust's standard library comes without a promise, and is taken to be right within
/// [`EXPONENTIAL_ULPS`](Self::EXPONENTIAL_ULPS) units in the last place (the common libraries stay below
/// one), and likewise its logarithm and the error function of `libm`. Where nothing is known, after an
/// overflow or a division by what may be zero, the bound is infinite.
///
/// Two are equal (`==`) if both the values and the bounds are; whether they can stand for the same real
/// number is told by [`may_equal`](Bounded::may_equal).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounded {
    value: f64,
    error: f64,
}

impl Bounded {
    /// How many units in the last place the standard library's `exp` and `exp_m1` may be off (an assumption).
    pub const EXPONENTIAL_ULPS: f64 = 2.0;

    /// A float that is exact: the bound is 0 (infinite for an infinity or NaN).
    pub fn new(value: f64) -> Self {
        Self::with_error(value, 0.0)
    }

    /// A float that is off by at most `error`.
    ///
    /// # Panics
    /// If `error` is negative or NaN.
    pub fn with_error(value: f64, error: f64) -> Self {
        assert!(error >= 0.0, "a bound of an error must not be negative, found {error}");
        Self::normalized(value, error)
    }

    /// The float.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The bound: the exact result is at most this far from the value.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// Whether the exact results behind the two are certainly different.
    pub fn certainly_differs(&self, other: &Self) -> bool {
        let distance = subtract_down(self.value.max(other.value), self.value.min(other.value));
        distance > add_up(self.error, other.error)
    }

    /// Whether the exact results behind the two may be equal: the values are no further apart than the bounds
    /// allow.
    pub fn may_equal(&self, other: &Self) -> bool {
        !self.certainly_differs(other)
    }

    /// A value that is not finite, or a bound that could not be computed, says nothing: the bound is
    /// infinite.
    fn normalized(value: f64, error: f64) -> Self {
        let known = value.is_finite() && !error.is_nan();
        Bounded { value, error: if known { error } else { f64::INFINITY } }
    }

    fn sum(&self, other: &Self) -> Self {
        let value = self.value + other.value;
        let rounding = sum_error(self.value, other.value).abs();
        Self::normalized(value, add_up(rounding, add_up(self.error, other.error)))
    }

    /// |xy − ab| ≤ |a|·δb + |b|·δa + δa·δb for |x − a| ≤ δa and |y − b| ≤ δb.
    fn product(&self, other: &Self) -> Self {
        let (a, b) = (self.value.abs(), other.value.abs());
        let inherited = add_up(multiply_up(a, other.error), multiply_up(self.error, add_up(b, other.error)));
        let rounding = product_error(self.value, other.value);
        Self::normalized(self.value * other.value, add_up(rounding, inherited))
    }

    /// x/y − a/b = ((x − a) − (y − b)·a/b) / y, hence |x/y − a/b| ≤ (δa + δb·|a/b|) / (|b| − δb) as long as
    /// the denominator is positive; else the divisor may be zero, and nothing is known.
    fn quotient(&self, divisor: &Self) -> Self {
        let (quotient, magnitude) = (self.value / divisor.value, divisor.value.abs());
        let least = subtract_down(magnitude, divisor.error);
        if least <= 0.0 {
            return Self::normalized(quotient, f64::INFINITY);
        }
        let rounding = divide_up(quotient_residual(self.value, divisor.value), magnitude);
        let exact_quotient = add_up(quotient.abs(), rounding);
        let inherited = add_up(self.error, multiply_up(divisor.error, exact_quotient));
        Self::normalized(quotient, add_up(rounding, divide_up(inherited, least)))
    }
}

ring_operators! {
    impl for Bounded;
    zero = Bounded::new(0.0);
    is_zero = |a| a.value == 0.0 && a.error == 0.0;
    one = Bounded::new(1.0);
    add = |a, b| a.sum(&b);
    multiply = |a, b| a.product(&b);
    negate = |a| Bounded { value: -a.value, error: a.error };
}

impl Ring for Bounded {
    fn from_integer(n: i64) -> Self {
        let value = n as f64;
        // At most 2⁹: an exact float.
        let rounding = (i128::from(n) - value as i128).unsigned_abs() as f64;
        Bounded { value, error: rounding }
    }
}

impl DivideByInteger for Bounded {
    fn divide_by_integer(&self, n: u64) -> Self {
        assert!(n != 0, "division by zero");
        let value = n as f64;
        // At most 2¹⁰: an exact float.
        let rounding = u128::from(n).abs_diff(value as u128) as f64;
        self.quotient(&Bounded { value, error: rounding })
    }
}

impl Field for Bounded {
    /// `1 / self`, with an infinite bound where the divisor may be zero; `None` only where it certainly is.
    fn try_reciprocal(&self) -> Option<Self> {
        (!self.is_zero()).then(|| Self::one().quotient(self))
    }
}

impl Lattice for Bounded {
    /// The greater value. The bound is that of the argument which is certainly not the lesser one, else the
    /// greater of the two, as |max(x, y) − max(a, b)| ≤ max(|x − a|, |y − b|).
    fn maximum(&self, other: &Self) -> Self {
        let value = Lattice::maximum(&self.value, &other.value);
        let (greater, lesser) = if self.value >= other.value { (self, other) } else { (other, self) };
        let certain = subtract_down(greater.value, lesser.value) >= add_up(greater.error, lesser.error);
        Self::normalized(value, if certain { greater.error } else { greater.error.max(lesser.error) })
    }
}

impl SquareRoot for Bounded {
    /// `√self`, for an exact result that is not negative; the bound is infinite where the value is negative.
    ///
    /// |√x − √a| is at most √|x − a|, and at most |x − a| / (√x + √a) with x ≥ a − δ.
    fn square_root(&self) -> Self {
        let value = self.value.sqrt();
        if !value.is_finite() || value == 0.0 {
            return Self::normalized(value, square_root_up(self.error));
        }
        // √a ≥ the float below its rounding, and √a − v = (a − v²) / (√a + v).
        let below = value.next_down();
        let rounding = divide_up(root_residual(self.value), 2.0 * below);
        let least = square_root_down(subtract_down(self.value, self.error).max(0.0));
        let inherited = divide_up(self.error, (below + least).next_down()).min(square_root_up(self.error));
        Self::normalized(value, add_up(rounding, inherited))
    }
}

/// Which is certainly the greater; of two that may be equal only those are comparable that are the same.
impl PartialOrd for Bounded {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            Some(Ordering::Equal)
        } else if self.certainly_differs(other) {
            self.value.partial_cmp(&other.value)
        } else {
            None
        }
    }
}

impl From<f64> for Bounded {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

impl fmt::Display for Bounded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ± {:e}", self.value, self.error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::Exponential;
    use crate::scalar::Rational;
    use crate::scalar::trees::algebraic;

    fn exact(x: f64) -> Rational {
        Rational::try_from_f64(x).unwrap()
    }

    /// Whether a bound holds for this exact number.
    fn covers(bounded: &Bounded, x: &Rational) -> bool {
        bounded.error == f64::INFINITY || (exact(bounded.value) - x.clone()).abs() <= exact(bounded.error)
    }

    /// Floats of all magnitudes, and many that make exact or cancelling operations.
    fn floats() -> impl Strategy<Value = f64> {
        let tiny = (-3.0_f64..3.0).prop_map(|x| x * 1e-308);
        prop_oneof![3 => (-9_i8..10).prop_map(f64::from), 3 => -2.0_f64..2.0, 2 => any::<f64>(), 1 => tiny]
    }

    /// A float with a bound, and a number that it covers.
    fn covered() -> impl Strategy<Value = (Bounded, Rational)> {
        let relative = prop_oneof![Just(0.0), prop_oneof![0..4, 0..60].prop_map(|bits| f64::powi(0.5, bits))];
        let place = prop_oneof![Just(-1.0), Just(1.0), -1.0_f64..1.0];
        (-4.0_f64..4.0, relative, place).prop_map(|(value, relative, place)| {
            let error = (value * relative).abs();
            (Bounded::with_error(value, error), exact(value) + exact(place) * exact(error))
        })
    }

    proptest! {
        #[test]
        fn bounds_hold_and_values_are_those_of_floats(
            tree in algebraic(3),
            point in prop::array::uniform3(floats()),
        ) {
            let no_functions = |_, _: &Rational| unreachable!("the tree is algebraic");
            let Some(bounded) = tree.value(&point.map(Bounded::new)) else { return Ok(()) };
            if let Some(float) = tree.value(&point) {
                prop_assert!(float.to_bits() == bounded.value.to_bits() || float.is_nan());
            }
            if let Some(truth) = tree.value_with(&point.map(exact), no_functions) {
                prop_assert!(covers(&bounded, &truth), "{} does not cover {}", bounded, truth.to_f64());
                prop_assert!(bounded.error == f64::INFINITY || !bounded.certainly_differs(&bounded));
            }
        }

        #[test]
        fn bounds_hold_for_inherited_errors((a, x) in covered(), (b, y) in covered(), n in 1_u64..) {
            prop_assert!(covers(&a, &x) && covers(&b, &y));
            prop_assert!(covers(&(a + b), &(x.clone() + y.clone())));
            prop_assert!(covers(&(a - b), &(x.clone() - y.clone())));
            prop_assert!(covers(&(a * b), &(x.clone() * y.clone())));
            prop_assert!(covers(&a.maximum(&b), &x.clone().max(y.clone())));
            prop_assert!(covers(&a.minimum(&b), &x.clone().min(y.clone())));
            prop_assert!(covers(&a.divide_by_integer(n), &x.divide_by_integer(n)));
            if let (Some(reciprocal), Some(truth)) = (b.try_reciprocal(), y.try_reciprocal()) {
                prop_assert!(covers(&reciprocal, &truth));
            }
            prop_assert!(!a.certainly_differs(&b) || x != y);
            prop_assert!(!a.certainly_differs(&a));
        }

        #[test]
        fn bounds_of_roots_hold((a, x) in covered(), scale in -1060..1000) {
            // The root r of x satisfies v − e ≤ r ≤ v + e if and only if their squares bracket x.
            let (scale, sign) = (f64::powi(2.0, scale), if x.is_negative() { -1.0 } else { 1.0 });
            let (a, x) = (a * Bounded::new(sign * scale), x.abs() * exact(scale));
            let root = a.square_root();
            if root.error < f64::INFINITY {
                let [value, error] = [root.value, root.error].map(exact);
                let (low, high) = (value.clone() - error.clone(), value + error);
                prop_assert!(low.is_negative() || low.clone() * low <= x);
                prop_assert!(high.clone() * high >= x);
            } else {
                prop_assert!(a.value < 0.0);
            }
        }

        #[test]
        fn bounds_of_roots_are_not_silly((a, _) in covered()) {
            // An error δ of v > 0 is inherited as δ/(√v + √(v − δ)) and as √δ at most, whichever is less; the
            // root itself is rounded by less than ε√v, and the bound a dozen times.
            let (value, error) = (a.value.abs(), a.error);
            prop_assume!(value > 0.0);
            let (root, least) = (value.sqrt(), (value - error).max(0.0).sqrt());
            let limit = (error / (root + least)).min(error.sqrt()) + f64::EPSILON * root;
            let found = Bounded::with_error(value, error).square_root().error;
            prop_assert!(found <= limit * (1.0 + 16.0 * f64::EPSILON), "{} for {}", found, limit);
        }

        #[test]
        fn bounds_of_exponentials_hold((a, x) in covered()) {
            // For |x| ≤ 8, n = 40 terms leave less than 2·8⁴⁰/40! < 2⁻³⁸ out: too much. With x/16 they leave
            // less than 2·2⁻⁴⁰/40! < 2⁻¹⁹⁸, and sixteen-fold products multiply that by less than 16·e⁸ < 2¹⁶.
            let sixteenth = x.divide_by_integer(16);
            // Cut to 220 bits, so that fractions stay short: off by 2⁻²²⁰, and e to it by less than 2⁻²⁰⁰ in
            // the end.
            let cut = |x: Rational| {
                let scale = num_traits::pow(Rational::from(2), 220);
                let floor = (x * scale.clone()).floor();
                floor * scale.reciprocal()
            };
            let sixteenth = cut(sixteenth);
            let series = (1..40_u64).rev().fold(Rational::one(), |sum, n| {
                cut(Rational::one() + (sum * sixteenth.clone()).divide_by_integer(n))
            });
            let truth = (0..4).fold(series, |power, _| cut(power.clone() * power));
            let slack = num_traits::pow(Rational::from(2), 150).reciprocal();
            let bounded = a.exponential();
            let distance = (exact(bounded.value) - truth).abs();
            prop_assert!(distance <= exact(bounded.error) + slack);
        }

        #[test]
        fn bounds_of_sums_are_not_silly(terms in prop::collection::vec(-1.0_f64..1.0, 1..100)) {
            // Higham, Accuracy and Stability, § 4.2: every partial sum is off by at most u times itself, that
            // is by at most u·(1 + nu)·Σ|x|; the bound itself is rounded up n times more, each time by at
            // most 2u of it.
            let [n, u] = [Rational::from(terms.len() as i64), exact(f64::EPSILON / 2.0)];
            let sum = terms.iter().fold(Bounded::zero(), |sum, x| sum + Bounded::new(*x));
            let magnitude = terms.iter().fold(Rational::zero(), |sum, x| sum + exact(x.abs()));
            let slack = Rational::one() + Rational::from(4) * n.clone() * u.clone();
            prop_assert!(exact(sum.error) <= n * u * magnitude * slack);
        }

        #[test]
        fn small_integers_have_no_error(n in prop::array::uniform4(-1_000_000_i64..1_000_000), m in any::<i64>()) {
            let [a, b, c, d] = n.map(Bounded::from_integer);
            prop_assert_eq!((a * b - c).maximum(&d).error, 0.0);
            prop_assert_eq!((a * a).square_root(), a.maximum(&-a));
            prop_assert_eq!((a + a).divide_by_integer(2), a);
            prop_assert!(covers(&Bounded::from_integer(m), &m.into()));
        }
    }

    #[test]
    fn what_is_not_known_is_infinite() {
        let (wide, zero) = (Bounded::with_error(1.0, 1.0), Bounded::zero());
        assert_eq!(wide.reciprocal().error(), f64::INFINITY);
        assert_eq!(Bounded::with_error(0.0, 1.0).reciprocal().error(), f64::INFINITY);
        assert_eq!(zero.try_reciprocal(), None);
        assert_eq!(Bounded::new(f64::NAN).error(), f64::INFINITY);
        assert_eq!(Bounded::new(-1.0).square_root().error(), f64::INFINITY);
        assert_eq!((Bounded::new(f64::MAX) + Bounded::new(f64::MAX)).error(), f64::INFINITY);
        assert_eq!(Bounded::new(710.0).exponential().error(), f64::INFINITY);
        assert!(Bounded::new(f64::INFINITY).may_equal(&zero));
        assert_eq!(zero.exponential(), Bounded::one());
    }

    #[test]
    fn differences_are_certain_only_beyond_the_bounds() {
        let a = Bounded::with_error(1.0, 0.25);
        assert!(a.may_equal(&Bounded::with_error(1.5, 0.25)));
        assert!(a.certainly_differs(&Bounded::with_error(1.5, 0.125)));
        assert!(a < Bounded::with_error(1.5, 0.125));
        assert_eq!(a.partial_cmp(&Bounded::with_error(1.5, 0.25)), None);
        assert_eq!(a.partial_cmp(&a), Some(Ordering::Equal));
        assert!(Bounded::new(0.0).certainly_differs(&Bounded::new(f64::from_bits(1))));
        assert_eq!(a.to_string(), "1 ± 2.5e-1");
    }

    #[test]
    #[should_panic(expected = "must not be negative")]
    fn a_negative_bound_is_refused() {
        Bounded::with_error(0.0, -1.0);
    }
}
