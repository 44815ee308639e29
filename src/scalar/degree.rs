//! How large the degree of an expression is: the number that Schwartz–Zippel asks for.
//!
//! An expression is a rational function N / D of its inputs. This scalar forgets the function and keeps upper
//! bounds n ≥ deg N and d ≥ deg D, by the rules for fractions:
//! - `N/D + N′/D′ = (N·D′ + N′·D) / (D·D′)` has bounds `max(n + d′, n′ + d)` and `d + d′`;
//! - `N/D · N′/D′` has bounds `n + n′` and `d + d′`;
//! - `1 / (N/D) = D/N` swaps them;
//! - `max`, `√` and `exp` of a constant are constants; of anything else they are no rational functions.
//!
//! Running a definition once on this scalar finds the degree of the map it computes, at the price of a few
//! additions of machine integers per operation. Nothing is ever cancelled, except that zero is recognised
//! where it is written, so the bounds can be larger than the degrees but not smaller. Bounds saturate at
//! `u64::MAX`.

use std::fmt;

use super::operators::ring_operators;
use super::{DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Ring, SquareRoot};

/// Upper bounds of the degrees of the numerator and the denominator of an expression.
///
/// Run a definition once on arrays of [`variable`](Self::variable)s, and its results know the degree of the
/// map. The bounds never fall below the degrees; they can exceed them, for nothing is cancelled but a zero
/// that is written as such. `max`, `√` and `exp` of anything but a constant are no rational functions.
///
/// It has the operators of a ring and not its laws: `a + (−a)` has the bound of `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Degree(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// The constant 0.
    Zero,
    Fraction {
        numerator: u64,
        denominator: u64,
    },
    /// Perhaps no rational function.
    Unknown,
}

impl Degree {
    /// One variable: degree 1.
    pub fn variable() -> Self {
        Self::fraction(1, 0)
    }

    /// A constant other than zero: degree 0.
    pub fn constant() -> Self {
        Self::fraction(0, 0)
    }

    /// Upper bounds of the degrees of the numerator and of the denominator, or `None` where the expression
    /// may be no rational function.
    pub fn rational_degree(&self) -> Option<(u64, u64)> {
        match self.0 {
            Kind::Zero => Some((0, 0)),
            Kind::Fraction { numerator, denominator } => Some((numerator, denominator)),
            Kind::Unknown => None,
        }
    }

    /// An upper bound of the degree as a polynomial, or `None` where the expression may be no polynomial.
    pub fn polynomial_degree(&self) -> Option<u64> {
        self.rational_degree().filter(|(_, denominator)| *denominator == 0).map(|(numerator, _)| numerator)
    }

    /// An upper bound of the degree of `N·D′ − N′·D`, for this expression `N/D` and the other one `N′/D′`.
    ///
    /// If the two differ as rational functions, then at a uniformly random point of GF(p)ⁿ they are both
    /// defined and nevertheless equal with probability at most this bound over p (Schwartz 1980, Zippel
    /// 1979). `None` where one of them may be no rational function.
    pub fn schwartz_zippel_degree(&self, other: &Self) -> Option<u64> {
        let ((n, d), (m, e)) = (self.rational_degree()?, other.rational_degree()?);
        Some(n.saturating_add(e).max(m.saturating_add(d)))
    }

    fn fraction(numerator: u64, denominator: u64) -> Self {
        Degree(Kind::Fraction { numerator, denominator })
    }

    /// What `max`, `√` and `exp` make of an expression.
    fn through_a_function(self) -> Self {
        match self.rational_degree() {
            Some((0, 0)) => Self::constant(),
            _ => Degree(Kind::Unknown),
        }
    }
}

ring_operators! {
    impl for Degree;
    zero = Degree(Kind::Zero);
    is_zero = |a| a.0 == Kind::Zero;
    one = Degree::constant();
    add = |a, b| match (a.0, b.0) {
        (Kind::Zero, _) => b,
        (_, Kind::Zero) => a,
        (Kind::Fraction { denominator: d, .. }, Kind::Fraction { denominator: e, .. }) => {
            let numerator = a.schwartz_zippel_degree(&b).unwrap_or(u64::MAX);
            Degree::fraction(numerator, d.saturating_add(e))
        }
        _ => Degree(Kind::Unknown),
    };
    multiply = |a, b| match (a.0, b.0) {
        (Kind::Zero, _) | (_, Kind::Zero) => Degree(Kind::Zero),
        (
            Kind::Fraction { numerator: n, denominator: d },
            Kind::Fraction { numerator: m, denominator: e },
        ) => Degree::fraction(n.saturating_add(m), d.saturating_add(e)),
        _ => Degree(Kind::Unknown),
    };
    negate = |a| a;
}

impl Ring for Degree {
    fn from_integer(n: i64) -> Self {
        if n == 0 { Degree(Kind::Zero) } else { Self::constant() }
    }
}

impl DivideByInteger for Degree {
    fn divide_by_integer(&self, n: u64) -> Self {
        assert!(n != 0, "division by zero");
        *self
    }
}

impl Field for Degree {
    fn try_reciprocal(&self) -> Option<Self> {
        match self.0 {
            Kind::Zero => None,
            Kind::Fraction { numerator, denominator } => Some(Self::fraction(denominator, numerator)),
            Kind::Unknown => Some(*self),
        }
    }
}

impl Lattice for Degree {
    fn maximum(&self, other: &Self) -> Self {
        // A sum depends on whatever either depends on.
        (*self + *other).through_a_function()
    }
}

impl SquareRoot for Degree {
    fn square_root(&self) -> Self {
        self.through_a_function()
    }
}

impl Exponential for Degree {
    fn exponential(&self) -> Self {
        self.through_a_function()
    }
}

impl Logarithm for Degree {
    fn logarithm(&self) -> Self {
        self.through_a_function()
    }
}

impl ErrorFunction for Degree {
    fn error_function(&self) -> Self {
        self.through_a_function()
    }
}

impl fmt::Display for Degree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rational_degree() {
            Some((numerator, 0)) => write!(formatter, "degree ≤ {numerator}"),
            Some((numerator, denominator)) => write!(formatter, "degree ≤ {numerator} over ≤ {denominator}"),
            None => formatter.write_str("no rational function"),
        }
    }
}

#[cfg(test)]
mod tests {
    use num_traits::{One, Zero};
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::Symbolic;
    use crate::scalar::trees::algebraic;

    fn power(n: u32) -> Degree {
        (0..n).fold(Degree::one(), |power, _| power * Degree::variable())
    }

    proptest! {
        #[test]
        fn bounds_are_not_below_the_degrees(tree in algebraic(2)) {
            let bound = tree.value(&[Degree::variable(); 2]).and_then(|degree| degree.polynomial_degree());
            let expression = tree.value(&["x", "y"].map(Symbolic::variable));
            // What is a polynomial may be opaque to the expression, as 1/(1/x) is.
            if let (Some(bound), Some(polynomial)) = (bound, expression.filter(Symbolic::is_polynomial)) {
                prop_assert!(polynomial.degree() <= bound, "{}", polynomial);
            }
        }
    }

    #[test]
    fn polynomials() {
        let x = Degree::variable();
        assert_eq!(Degree::zero().polynomial_degree(), Some(0));
        assert_eq!((Degree::from_integer(0), Degree::from_integer(-1)), (Degree::zero(), Degree::one()));
        assert_eq!(Degree::from_integer(5).polynomial_degree(), Some(0));
        assert_eq!((x * x + x - Degree::one()).polynomial_degree(), Some(2));
        assert_eq!((power(3) * (power(2) + Degree::one())).polynomial_degree(), Some(5));
        assert_eq!(x.divide_by_integer(9).polynomial_degree(), Some(1));
        assert_eq!((x * Degree::zero() + power(2)).polynomial_degree(), Some(2));
        let mut sum = power(2);
        sum.add_product(&power(2), &x);
        assert_eq!(sum, power(3));
    }

    #[test]
    fn fractions_are_cross_multiplied() {
        // x² + 1/(x³ + 1) = (x⁵ + x² + 1) / (x³ + 1)
        let sum = power(2) + (power(3) + Degree::one()).reciprocal();
        assert_eq!(sum.rational_degree(), Some((5, 3)));
        assert_eq!(sum.polynomial_degree(), None);
        assert_eq!(sum.reciprocal().rational_degree(), Some((3, 5)));
        // Against 1/x: (x⁵ + …)·x − (x³ + 1)
        assert_eq!(sum.schwartz_zippel_degree(&Degree::variable().reciprocal()), Some(6));
        assert_eq!(Degree::zero().try_reciprocal(), None);
        // 1/(x + 1) + 1/(x² + 1) = (x² + x + 2) / ((x + 1)·(x² + 1))
        let [linear, square] = [1, 2].map(|n| (power(n) + Degree::one()).reciprocal());
        assert_eq!((linear + square).rational_degree(), Some((2, 3)));
        assert_eq!((linear * square).rational_degree(), Some((0, 3)));
    }

    #[test]
    fn functions_of_constants_only_are_rational() {
        let (x, two) = (Degree::variable(), Degree::from_integer(2));
        for constant in
            [two.square_root(), two.exponential(), two.maximum(&Degree::zero()), Degree::zero().relu()]
        {
            assert_eq!(constant.polynomial_degree(), Some(0));
        }
        for unknown in
            [x.square_root(), x.exponential(), x.relu(), x.reciprocal().maximum(&two), x.minimum(&two)]
        {
            assert_eq!(unknown.rational_degree(), None);
            assert_eq!((unknown * x + two).rational_degree(), None);
            assert_eq!(unknown.reciprocal().schwartz_zippel_degree(&x), None);
            assert_eq!(x.schwartz_zippel_degree(&unknown), None);
        }
    }

    #[test]
    fn bounds_saturate() {
        let huge = (0..70).fold(Degree::variable(), |power, _| power * power);
        assert_eq!(huge.polynomial_degree(), Some(u64::MAX));
        assert_eq!((huge + huge.reciprocal()).rational_degree(), Some((u64::MAX, u64::MAX)));
    }

    #[test]
    fn printed_for_people() {
        let x = Degree::variable();
        let printed = [x, x.reciprocal(), x.relu()].map(|degree| degree.to_string());
        assert_eq!(printed, ["degree ≤ 1", "degree ≤ 0 over ≤ 1", "no rational function"]);
    }
}
