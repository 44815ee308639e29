//! `f32` and `f64` as scalars: every operation is one rounding, to nearest.
//!
//! They satisfy the laws of [`Ring`] up to rounding only; what that costs is what [`super::Bounded`]
//! computes.

use super::{DivideByInteger, ErrorFunction, Exponential, Field, Lattice, Logarithm, Ring, SquareRoot};

macro_rules! float_scalar {
    ($float:ident, $erf:path) => {
        /// Every operation is rounded once, to nearest; `a + b·c` twice, as it is not fused.
        impl Ring for $float {
            fn from_integer(n: i64) -> Self {
                n as $float
            }

            fn add_product(&mut self, a: &Self, b: &Self) {
                *self += a * b;
            }

            fn add_in_place(&mut self, a: &Self) {
                *self += a;
            }
        }

        impl DivideByInteger for $float {
            fn divide_by_integer(&self, n: u64) -> Self {
                assert!(n != 0, "division by zero");
                self / n as $float
            }
        }

        impl Field for $float {
            fn try_reciprocal(&self) -> Option<Self> {
                (*self != 0.0).then(|| 1.0 / self)
            }

            /// As IEEE arithmetic has it: ±∞ where `self` is ±0.
            fn reciprocal(&self) -> Self {
                1.0 / self
            }
        }

        /// A NaN on either side gives NaN, and +0 is greater than −0.
        impl Lattice for $float {
            fn maximum(&self, other: &Self) -> Self {
                let tied_and_positive = self == other && self.is_sign_positive();
                if self.is_nan() || self > other || tied_and_positive { *self } else { *other }
            }
        }

        impl SquareRoot for $float {
            fn square_root(&self) -> Self {
                self.sqrt()
            }
        }

        impl Exponential for $float {
            fn exponential(&self) -> Self {
                self.exp()
            }

            fn hyperbolic_tangent(&self) -> Self {
                self.tanh()
            }
        }

        impl Logarithm for $float {
            fn logarithm(&self) -> Self {
                self.ln()
            }

            fn logarithm_of_one_plus(&self) -> Self {
                self.ln_1p()
            }
        }

        impl ErrorFunction for $float {
            fn error_function(&self) -> Self {
                $erf(*self)
            }
        }
    };
}

float_scalar!(f32, libm::erff);
float_scalar!(f64, libm::erf);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::laws;

    mod single {
        use super::laws;

        // Integers of 7 bits and their products of three are exact in 24 bits.
        proptest::proptest! {
            #[test]
            fn small_integers_are_exact(a in -64_i8..64, b in -64_i8..64, c in -64_i8..64) {
                let [x, y, z] = [a, b, c].map(f32::from);
                laws::ring(x, y, z, a.into(), b.into());
            }
        }
        laws::lattice!(-1e30_f32..1e30);
    }

    mod double {
        use super::laws;

        // Integers of 16 bits and their products of three are exact in 53 bits.
        proptest::proptest! {
            #[test]
            fn small_integers_are_exact(a: i16, b: i16, c: i16) {
                let [x, y, z] = [a, b, c].map(f64::from);
                laws::ring(x, y, z, a.into(), b.into());
            }
        }
        laws::lattice!(-1e300_f64..1e300);
    }

    proptest! {
        #[test]
        fn maximum_is_the_same_float_in_either_order(a: f64, b: f64) {
            prop_assert_eq!(Lattice::maximum(&a, &b).to_bits(), Lattice::maximum(&b, &a).to_bits());
            prop_assert!(Lattice::maximum(&a, &f64::NAN).is_nan() && Lattice::maximum(&f64::NAN, &a).is_nan());
        }
    }

    #[test]
    fn zeros_and_functions() {
        assert_eq!(Lattice::maximum(&-0.0_f64, &0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(0.0_f64.try_reciprocal(), None);
        assert_eq!(4.0_f32.try_reciprocal(), Some(0.25));
        assert_eq!(3.0_f32.divide_by_integer(4), 0.75);
        assert_eq!(2.25_f64.square_root(), 1.5);
        assert_eq!(0.0_f64.exponential(), 1.0);
        assert_eq!([0.0_f32, -0.0].map(|zero| zero.reciprocal()), [f32::INFINITY, f32::NEG_INFINITY]);
        assert_eq!((0.0_f64.error_function(), f64::INFINITY.error_function()), (0.0, 1.0));
        assert_eq!(f64::error_function_rate(), std::f64::consts::FRAC_2_SQRT_PI);
        assert_eq!(f32::error_function_rate(), std::f32::consts::FRAC_2_SQRT_PI);
        assert_eq!(1e-8_f32.hyperbolic_tangent(), 1e-8);
    }
}
