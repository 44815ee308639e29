//! Exact rational numbers, small ones fast.
//!
//! A number is a reduced fraction of two `i64` where it fits, else a fraction of big integers: sums and
//! products of small fractions are computed in 128 bits, where they cannot overflow, and promoted when the
//! reduced result needs it. No operation is ever rounded or lost, and a number has one form only, so that
//! equality and hashing are structural.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};

use super::operators::ring_operators;
use super::{DivideByInteger, Field, Lattice, Ring};

/// A rational number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Rational(Form);

/// Reduced, with a positive denominator; `Big` only where `Small` does not do.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    Small(i64, i64),
    Big(Box<BigRational>),
}

impl Rational {
    /// The fraction `numerator / denominator`.
    ///
    /// # Panics
    /// If the denominator is zero.
    pub fn new(numerator: i64, denominator: i64) -> Self {
        assert!(denominator != 0, "a fraction needs a non-zero denominator, found {numerator}/0");
        Self::reduced(numerator.into(), denominator.into())
    }

    /// The exact value of a float, or `None` for an infinity or NaN.
    pub fn try_from_f64(value: f64) -> Option<Self> {
        BigRational::from_float(value).map(Self::from)
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
        match self.0 {
            Form::Small(n, d) if n.unsigned_abs() <= EXACT && d.unsigned_abs() <= EXACT => {
                n as f64 / d as f64
            }
            _ => self.to_big().to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The numerator of the reduced fraction, which carries the sign.
    pub fn numerator(&self) -> BigInt {
        match &self.0 {
            Form::Small(numerator, _) => (*numerator).into(),
            Form::Big(big) => big.numer().clone(),
        }
    }

    /// The denominator of the reduced fraction, which is positive.
    pub fn denominator(&self) -> BigInt {
        match &self.0 {
            Form::Small(_, denominator) => (*denominator).into(),
            Form::Big(big) => big.denom().clone(),
        }
    }

    /// Whether this is an integer.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Form::Small(_, denominator) => *denominator == 1,
            Form::Big(big) => big.is_integer(),
        }
    }

    /// Whether this is less than zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Form::Small(numerator, _) => *numerator < 0,
            Form::Big(big) => big.is_negative(),
        }
    }

    /// The absolute value.
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self.clone() } else { self.clone() }
    }

    /// The greatest integer that is not greater.
    pub fn floor(&self) -> Self {
        match self.0 {
            Form::Small(numerator, denominator) => Self::from(numerator.div_euclid(denominator)),
            Form::Big(ref big) => big.floor().into(),
        }
    }

    /// The root of a square of a rational number, or `None` for any other number.
    pub fn exact_square_root(&self) -> Option<Self> {
        if self.is_negative() {
            return None;
        }
        let [numerator, denominator] = [self.numerator(), self.denominator()];
        let roots = [numerator.sqrt(), denominator.sqrt()];
        let [n, d] = &roots;
        (n * n == numerator && d * d == denominator).then(|| {
            let [n, d] = roots;
            BigRational::new_raw(n, d).into()
        })
    }

    /// This number in another field: the image of the numerator over that of the denominator.
    ///
    /// # Panics
    /// If the denominator is zero in that field.
    pub fn embed<S: Field>(&self) -> S {
        match &self.0 {
            Form::Small(numerator, 1) => S::from_integer(*numerator),
            Form::Small(numerator, denominator) => {
                S::from_integer(*numerator).divide_by_integer(denominator.unsigned_abs())
            }
            Form::Big(big) if big.is_integer() => embed_integer(big.numer()),
            Form::Big(big) => embed_integer::<S>(big.numer()) * embed_integer::<S>(big.denom()).reciprocal(),
        }
    }

    /// The fraction of two numbers of at most 127 bits, the denominator not zero.
    fn reduced(numerator: i128, denominator: i128) -> Self {
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs()) as i128;
        let divisor = if denominator < 0 { -divisor } else { divisor };
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        Rational(match (i64::try_from(numerator), i64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) => Form::Small(numerator, denominator),
            _ => Form::Big(Box::new(BigRational::new_raw(numerator.into(), denominator.into()))),
        })
    }

    fn to_big(&self) -> BigRational {
        match &self.0 {
            Form::Small(numerator, denominator) => {
                BigRational::new_raw((*numerator).into(), (*denominator).into())
            }
            Form::Big(big) => (**big).clone(),
        }
    }

    fn sum(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (&Form::Small(a, 1), &Form::Small(c, 1)) if let Some(sum) = a.checked_add(c) => {
                Rational(Form::Small(sum, 1))
            }
            (&Form::Small(a, b), &Form::Small(c, d)) => {
                // |a|, |c| ≤ 2⁶³ and b, d < 2⁶³: the sum stays below 2¹²⁷.
                let [a, b, c, d] = [a, b, c, d].map(i128::from);
                Self::reduced(a * d + c * b, b * d)
            }
            _ => (self.to_big() + other.to_big()).into(),
        }
    }

    fn product(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (&Form::Small(a, 1), &Form::Small(c, 1)) if let Some(product) = a.checked_mul(c) => {
                Rational(Form::Small(product, 1))
            }
            (&Form::Small(a, b), &Form::Small(c, d)) => {
                let [a, b, c, d] = [a, b, c, d].map(i128::from);
                Self::reduced(a * c, b * d)
            }
            _ => (self.to_big() * other.to_big()).into(),
        }
    }
}

/// Euclid's algorithm, in 64 bits as soon as both numbers fit.
fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        if let (Ok(mut c), Ok(mut d)) = (u64::try_from(a), u64::try_from(b)) {
            while d != 0 {
                (c, d) = (d, c % d);
            }
            return c.into();
        }
        (a, b) = (b, a % b);
    }
    a
}

/// The image of a big integer, digit by digit in base 2³².
fn embed_integer<S: Ring>(n: &BigInt) -> S {
    let base = S::from_integer(1 << 32);
    let magnitude = n.iter_u32_digits().rev().fold(S::zero(), |mut image, digit| {
        image = image * base.clone();
        image.add_in_place(&S::from_integer(digit.into()));
        image
    });
    if n.sign() == Sign::Minus { -magnitude } else { magnitude }
}

ring_operators! {
    impl for Rational;
    zero = Rational(Form::Small(0, 1));
    is_zero = |a| matches!(a.0, Form::Small(0, _));
    one = Rational(Form::Small(1, 1));
    add = |a, b| a.sum(&b);
    multiply = |a, b| a.product(&b);
    negate = |a| match a.0 {
        Form::Small(numerator, denominator) if numerator != i64::MIN => Rational(Form::Small(-numerator, denominator)),
        _ => (-a.to_big()).into(),
    };
}

impl Ring for Rational {
    fn from_integer(n: i64) -> Self {
        Rational(Form::Small(n, 1))
    }

    fn add_product(&mut self, a: &Self, b: &Self) {
        *self = self.sum(&a.product(b));
    }

    fn add_in_place(&mut self, a: &Self) {
        *self = self.sum(a);
    }
}

impl DivideByInteger for Rational {
    fn divide_by_integer(&self, n: u64) -> Self {
        self.product(&Rational::from(BigRational::from(BigInt::from(n))).reciprocal())
    }
}

impl Field for Rational {
    fn try_reciprocal(&self) -> Option<Self> {
        match &self.0 {
            Form::Small(0, _) => None,
            &Form::Small(numerator, denominator) => Some(Self::reduced(denominator.into(), numerator.into())),
            Form::Big(big) => Some(big.recip().into()),
        }
    }
}

impl Lattice for Rational {
    fn maximum(&self, other: &Self) -> Self {
        self.max(other).clone()
    }
}

impl Ord for Rational {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (&Form::Small(a, b), &Form::Small(c, d)) => {
                let [a, b, c, d] = [a, b, c, d].map(i128::from);
                (a * d).cmp(&(c * b))
            }
            _ => self.to_big().cmp(&other.to_big()),
        }
    }
}

impl PartialOrd for Rational {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Rational {
    fn from(n: i64) -> Self {
        Self::from_integer(n)
    }
}

/// From a reduced fraction, as every operation of `BigRational` returns.
impl From<BigRational> for Rational {
    fn from(big: BigRational) -> Self {
        Rational(match (big.numer().to_i64(), big.denom().to_i64()) {
            (Some(numerator), Some(denominator)) => Form::Small(numerator, denominator),
            _ => Form::Big(Box::new(big)),
        })
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Small(numerator, 1) => write!(formatter, "{numerator}"),
            Form::Small(numerator, denominator) => write!(formatter, "{numerator}/{denominator}"),
            Form::Big(big) => write!(formatter, "{big}"),
        }
    }
}

impl fmt::Debug for Rational {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use num_traits::One;
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::{Goldilocks, laws};

    fn integers() -> impl Strategy<Value = i64> {
        prop_oneof![
            -20_i64..20,
            proptest::sample::select(vec![i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]),
            any::<i64>(),
        ]
    }

    fn fractions() -> impl Strategy<Value = Rational> {
        let denominators = || integers().prop_filter("a denominator", |d| *d != 0);
        let small = || (integers(), denominators()).prop_map(|(n, d)| Rational::new(n, d));
        prop_oneof![small(), (small(), small()).prop_map(|(a, b)| a * b)]
    }

    laws::exact_field!(fractions());
    laws::lattice!(fractions());

    proptest! {
        #[test]
        fn operations_are_those_of_big_fractions(a in fractions(), b in fractions()) {
            let [x, y] = [&a, &b].map(Rational::to_big);
            let agree = |found: Rational, expected: BigRational| {
                prop_assert_eq!(found.to_big(), expected.clone());
                prop_assert_eq!(found, Rational::from(expected), "one form only");
                Ok(())
            };
            agree(a.clone() + b.clone(), &x + &y)?;
            agree(a.clone() - b.clone(), &x - &y)?;
            agree(a.clone() * b.clone(), &x * &y)?;
            agree(-a.clone(), -&x)?;
            agree(a.maximum(&b), x.clone().max(y.clone()))?;
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        }

        #[test]
        fn floats_are_read_exactly_and_rounded_to_nearest(x in any::<f64>(), a in fractions()) {
            match Rational::try_from_f64(x) {
                Some(exact) => prop_assert_eq!(exact.to_f64(), x),
                None => prop_assert!(!x.is_finite()),
            }
            let distance = |float: f64| (Rational::try_from_f64(float).unwrap() - a.clone()).abs();
            let nearest = a.to_f64();
            prop_assert!(distance(nearest) <= distance(nearest.next_up()));
            prop_assert!(distance(nearest) <= distance(nearest.next_down()));
        }

        #[test]
        fn roots_of_squares_are_found(a in fractions()) {
            prop_assert_eq!((a.clone() * a.clone()).exact_square_root(), Some(a.abs()));
        }

        #[test]
        fn embedding_is_a_homomorphism(a in fractions(), b in fractions()) {
            let p = BigInt::from(Goldilocks::MODULUS);
            prop_assume!([&a, &b].into_iter().all(|x| (x.denominator() % &p) != BigInt::ZERO));
            let image = |x: &Rational| x.embed::<Goldilocks>();
            prop_assert_eq!(image(&(a.clone() + b.clone())), image(&a) + image(&b));
            prop_assert_eq!(image(&(a.clone() * b.clone())), image(&a) * image(&b));
            prop_assert_eq!(a.embed::<Rational>(), a);
        }
    }

    #[test]
    fn only_squares_have_exact_roots() {
        assert_eq!(Rational::new(9, 4).exact_square_root(), Some(Rational::new(3, 2)));
        for fraction in [Rational::new(-4, 1), Rational::new(2, 1), Rational::new(1, 2)] {
            assert_eq!(fraction.exact_square_root(), None);
        }
    }

    #[test]
    fn promotion_and_return() {
        let large = Rational::from(i64::MAX);
        let promoted = large.clone() + Rational::one();
        assert!(matches!(promoted.0, Form::Big(_)));
        assert_eq!(promoted - Rational::one(), large);
        assert_eq!((-Rational::from(i64::MIN)).to_string(), "9223372036854775808");
        assert_eq!(Rational::one().divide_by_integer(u64::MAX).to_string(), "1/18446744073709551615");
    }

    #[test]
    fn printed_reduced_with_the_sign_in_front() {
        let printed = [(3, 4), (6, -8), (-6, -3), (0, -5)].map(|(n, d)| Rational::new(n, d).to_string());
        assert_eq!(printed, ["3/4", "-3/4", "2", "0"]);
    }

    #[test]
    #[should_panic(expected = "non-zero denominator")]
    fn a_zero_denominator_is_refused() {
        Rational::new(1, 0);
    }
}
