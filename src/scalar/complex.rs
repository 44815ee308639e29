//! Complex numbers over `f32` and `f64`.
//!
//! The powers of e^(−2πi/n) are found by symmetry from a sine and a cosine in the first octant, in `f64`: the
//! eight axes and diagonals come out exactly symmetric, and a root times its conjugate is 1 up to a few
//! roundings, whatever the power. The angle is off by at most three roundings (of the fraction, of π/4 and of
//! their product).

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_4};

use num_complex::Complex;

use super::{DivideByInteger, Field, Ring, RootOfUnity};

macro_rules! complex_scalar {
    ($float:ident) => {
        impl Ring for Complex<$float> {
            fn from_integer(n: i64) -> Self {
                Complex::new(n as $float, 0.0)
            }

            fn add_product(&mut self, a: &Self, b: &Self) {
                *self += a * b;
            }

            fn add_in_place(&mut self, a: &Self) {
                *self += a;
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
                // Divided by its larger part first, so that the square of the modulus neither overflows nor
                // vanishes.
                let scale = self.re.abs().max(self.im.abs());
                (scale != 0.0).then(|| {
                    let unit = self / scale;
                    unit.conj() / unit.norm_sqr() / scale
                })
            }
        }

        impl RootOfUnity for Complex<$float> {
            fn root_of_unity_power(n: u64, k: u64) -> Option<Self> {
                (n != 0).then(|| {
                    let (cosine, sine) = cosine_and_sine(n, k);
                    Complex::new(cosine as $float, -sine as $float)
                })
            }
        }
    };
}

complex_scalar!(f32);
complex_scalar!(f64);

/// The cosine and the sine of `2πk/n`.
fn cosine_and_sine(n: u64, k: u64) -> (f64, f64) {
    let n = u128::from(n);
    let eighths = 8 * (u128::from(k) % n);
    let (octant, rest) = (eighths / n, eighths % n);
    // In odd octants the angle is measured back from the next axis.
    let from_axis = if octant.is_multiple_of(2) { rest } else { n - rest };
    let (sine, cosine) = if from_axis == n {
        (FRAC_1_SQRT_2, FRAC_1_SQRT_2)
    } else {
        (from_axis as f64 / n as f64 * FRAC_PI_4).sin_cos()
    };
    match octant {
        0 => (cosine, sine),
        1 => (sine, cosine),
        2 => (-sine, cosine),
        3 => (-cosine, sine),
        4 => (-cosine, -sine),
        5 => (-sine, -cosine),
        6 => (sine, -cosine),
        _ => (cosine, -sine),
    }
}

#[cfg(test)]
mod tests {
    use num_traits::One;
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::laws;

    proptest! {
        // Gaussian integers of 12 bits, and their products of three, are exact in 53 bits.
        #[test]
        fn small_gaussian_integers_are_exact(parts in prop::array::uniform6(-2048_i16..2048), n: i16) {
            let [a, b, c, d, e, f] = parts.map(f64::from);
            laws::ring(Complex::new(a, b), Complex::new(c, d), Complex::new(e, f), parts[0].into(), n.into());
        }

        #[test]
        fn reciprocals_neither_overflow_nor_vanish(re in -1.0_f64..1.0, im in -1.0_f64..1.0, scale in -500..500) {
            let z = Complex::new(re, im) * f64::powi(2.0, scale);
            prop_assume!(z.norm() != 0.0);
            let product = z * z.try_reciprocal().unwrap();
            // A rounding of each part: two quotients by the scale, two squares and their sum, two more
            // quotients, then a complex product of two terms per part: 12 roundings, each relative to a
            // modulus of at most √2.
            prop_assert!((product - Complex::one()).norm() <= 12.0 * 1.5 * f64::EPSILON);
        }

        #[test]
        fn powers_of_roots_multiply(n in 1_u64..10_000, j: u64, k: u64) {
            let (j, k) = (j % n, k % n);
            let power = |k| Complex::<f64>::root_of_unity_power(n, k).unwrap();
            // With u = 2⁻⁵³, half of EPSILON: three roundings of an angle below π/4 move a power by less than
            // 2.4u, an ulp of each part by 1.5u more; that is 4u for each of three powers, and the product
            // adds 2√2·u.
            prop_assert!((power(j) * power(k) - power(j + k)).norm() <= 8.0 * f64::EPSILON);
        }

        #[test]
        fn powers_are_symmetric_to_the_last_bit(n in 1_u64..1000, k in 0_u64..1000) {
            let power = |n, k| Complex::<f64>::root_of_unity_power(n, k).unwrap();
            prop_assert_eq!(power(4 * n, k + n), power(4 * n, k) * Complex::new(0.0, -1.0));
            prop_assert_eq!(power(4 * n, k % n), power(4 * n, 4 * n - k % n).conj());
        }
    }

    #[test]
    fn quarters_are_exact_and_clockwise() {
        let quarters = [0, 1, 2, 3].map(|k| Complex::<f32>::root_of_unity_power(4, k).unwrap());
        let expected =
            [(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0)].map(|(re, im)| Complex::new(re, im));
        assert_eq!(quarters, expected);
        assert_eq!(Complex::<f64>::root_of_unity(1), Some(Complex::one()));
        assert_eq!(Complex::<f64>::root_of_unity(0), None);
        assert_eq!(Complex::<f64>::new(0.0, 0.0).try_reciprocal(), None);
        assert_eq!(Complex::<f64>::new(4.0, 0.0).divide_by_integer(8), Complex::new(0.5, 0.0));
    }
}
