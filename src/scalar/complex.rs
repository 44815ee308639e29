//! Complex numbers over `f32` and `f64`.

use num_complex::Complex;

use super::{DivideByInteger, Field, Ring};

macro_rules! complex_scalar {
    ($float:ty) => {
        impl Ring for Complex<$float> {
            fn from_integer(n: i64) -> Self {
                Complex::new(n as $float, 0.0)
            }
        }

        impl DivideByInteger for Complex<$float> {
            fn divide_by_integer(&self, n: u64) -> Self {
                assert!(n != 0, "division by zero");
                self / n as $float
            }
        }

        impl Field for Complex<$float> {
            fn try_reciprocal(&self) -> Option<Self> {
                (self.norm_sqr() != 0.0).then(|| Complex::new(1.0, 0.0) / self)
            }
        }
    };
}

complex_scalar!(f32);
complex_scalar!(f64);
