//! How a scalar rounds: the unit roundoff, the error of a product, the absolute value.
//!
//! u is 2⁻²⁴ for `f32` and 2⁻⁵³ for `f64`, rounding to nearest. Exact scalars have u = 0, so that one formula
//! of an error bound serves all. A product of complex floats is relatively off by at most √5·u (Brent,
//! Percival and Zimmermann, *Error bounds on complex floating-point multiplication*, 2007).

use num_complex::Complex;

use super::{Bounded, Degree, Dual, Goldilocks, Rational, Ring, Symbolic};

/// How a scalar rounds. The defaults are those of an exact scalar.
pub trait Rounding: Ring {
    /// Bound u on the relative error of a sum, and of a product by a real number.
    const UNIT_ROUNDOFF: f64 = 0.0;

    /// Bound v on the relative error of a product.
    const PRODUCT_ROUNDOFF: f64 = 0.0;

    /// Bound on the absolute error of a product that underflows.
    const UNDERFLOW: f64 = 0.0;

    /// The real numbers that it consists of: 1, or 2 for a complex number.
    const PARTS: usize = 1;

    /// The absolute value |x|, up to one relative rounding of `f64`. Scalars without one have the trivial
    /// absolute value: 0 for zero, else 1.
    fn magnitude(&self) -> f64 {
        if self.is_zero() { 0.0 } else { 1.0 }
    }
}

macro_rules! exact {
    ($($scalar:ty),*) => { $(impl Rounding for $scalar {})* };
}

exact!(i64, i128, Goldilocks, Rational, Symbolic, Degree, Dual<Goldilocks>);

// A bounded float carries the bound of its own error along: nothing is to be added to it.
impl Rounding for Bounded {}

macro_rules! rounding {
    ($float:ty, $smallest_half:expr) => {
        impl Rounding for $float {
            const UNIT_ROUNDOFF: f64 = <$float>::EPSILON as f64 / 2.0;
            const PRODUCT_ROUNDOFF: f64 = Self::UNIT_ROUNDOFF;
            const UNDERFLOW: f64 = $smallest_half;

            fn magnitude(&self) -> f64 {
                f64::from(self.abs())
            }
        }

        impl Rounding for Complex<$float> {
            const UNIT_ROUNDOFF: f64 = <$float>::UNIT_ROUNDOFF;
            const PARTS: usize = 2;
            // √5 rounded upwards.
            const PRODUCT_ROUNDOFF: f64 = 2.236_067_977_499_79 * <$float>::UNIT_ROUNDOFF;
            // Two real products in each of the two parts.
            const UNDERFLOW: f64 = 4.0 * <$float>::UNDERFLOW;

            fn magnitude(&self) -> f64 {
                f64::from(self.re).hypot(f64::from(self.im))
            }
        }
    };
}

// Half the spacing of the subnormal numbers is 2⁻¹⁵⁰ and 2⁻¹⁰⁷⁵; the latter is no f64, so take 2⁻¹⁰⁷⁴.
rounding!(f32, f32::MIN_POSITIVE as f64 * f32::EPSILON as f64 / 2.0);
rounding!(f64, f64::MIN_POSITIVE * f64::EPSILON);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants() {
        assert_eq!(f32::UNIT_ROUNDOFF, 2f64.powi(-24));
        assert_eq!(f64::UNIT_ROUNDOFF, 2f64.powi(-53));
        assert_eq!(f32::UNDERFLOW, 2f64.powi(-150));
        assert_eq!(f64::UNDERFLOW, f64::from_bits(1));
        // √5 is not above the constant: its square is at least 5.
        let root = Complex::<f64>::PRODUCT_ROUNDOFF / f64::UNIT_ROUNDOFF;
        assert!(root * root >= 5.0);
        assert_eq!(i64::UNIT_ROUNDOFF, 0.0);
    }
}
