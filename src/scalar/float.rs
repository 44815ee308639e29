//! `f32` and `f64` as scalars: every operation is one rounding, to nearest.
//!
//! They satisfy the laws of [`Ring`] up to rounding only; what that costs is what [`super::Bounded`] computes.

use super::{DivideByInteger, Exponential, Field, Lattice, Ring, SquareRoot};

macro_rules! float_scalar {
    ($float:ty) => {
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
        }

        impl Lattice for $float {
            fn maximum(&self, other: &Self) -> Self {
                if self.is_nan() || self > other { *self } else { *other }
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
        }
    };
}

float_scalar!(f32);
float_scalar!(f64);
