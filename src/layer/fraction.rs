//! Small rational constants of layers: slopes, momenta, shares, the δ of batch normalisation.
//!
//! A float constant has no meaning over GF(p) or the polynomials; a fraction has one over every scalar.

use std::fmt;

use crate::scalar::DivideByInteger;

/// A rational number `numerator / denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: i64,
    denominator: u32,
}

impl Fraction {
    /// Zero.
    pub const ZERO: Fraction = Fraction { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// `numerator / denominator`
    ///
    /// # Panics
    /// If the denominator is zero.
    pub const fn new(numerator: i64, denominator: u32) -> Self {
        assert!(denominator > 0, "a fraction has a positive denominator");
        Fraction { numerator, denominator }
    }

    /// `1 − self`
    pub fn complement(self) -> Self {
        Fraction { numerator: i64::from(self.denominator) - self.numerator, ..self }
    }

    /// `1 / self`, for positive fractions.
    ///
    /// # Panics
    /// If the fraction is not positive, or its numerator does not fit into 32 bits.
    pub fn inverse(self) -> Self {
        let denominator = u32::try_from(self.numerator).ok().filter(|&n| n > 0);
        let denominator = denominator.unwrap_or_else(|| panic!("{self} has no inverse of this kind"));
        Fraction { numerator: self.denominator.into(), denominator }
    }

    /// The number of a scalar; over a float, the nearest one if numerator and denominator are exact there.
    pub fn to<S: DivideByInteger>(self) -> S {
        S::from_integer(self.numerator).divide_by_integer(self.denominator.into())
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether it is less than 0.
    pub fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether this lies in the half-open interval [0, 1).
    pub fn is_share(self) -> bool {
        (0..i64::from(self.denominator)).contains(&self.numerator)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            return write!(f, "{}", self.numerator);
        }
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Goldilocks, Rational};

    #[test]
    fn one_number_on_every_scalar() {
        let tenth = Fraction::new(1, 10);
        assert_eq!(tenth.to::<f32>(), 0.1);
        assert_eq!(tenth.to::<f64>(), 0.1);
        assert_eq!(tenth.to::<Rational>() * Rational::from(10), Rational::from(1));
        assert_eq!(tenth.to::<Goldilocks>() * Goldilocks::from(10), Goldilocks::from(1));
        assert_eq!(tenth.complement(), Fraction::new(9, 10));
        assert_eq!(Fraction::new(3, 4).inverse(), Fraction::new(4, 3));
        assert!(tenth.is_share() && Fraction::ZERO.is_share() && !Fraction::ONE.is_share());
        assert_eq!([tenth, Fraction::ONE].map(|fraction| fraction.to_string()), ["1/10", "1"]);
    }
}
