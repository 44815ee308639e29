//! The scalars: one definition of an algorithm, many readings of it.
//!
//! Every definition and layer of this crate is generic over its scalar and asks of it only what it
//! uses. The ladder of traits, on top of `num-traits`:
//!
//! | trait | adds | who needs it |
//! |---|---|---|
//! | [`Ring`] | `0`, `1`, `+`, `−`, `·`, the image of an integer | convolution, dense layers, sum pooling |
//! | [`DivideByInteger`] | `x / n` for an integer n | mean pooling, orbit averages |
//! | [`Field`] | `1 / x` | batch normalisation, softmax, inverses of matrices |
//! | [`Lattice`] | `max`, `min` | max pooling, ReLU |
//! | [`SquareRoot`] | `√x` | batch normalisation |
//! | [`Exponential`] | `eˣ` | tanh, sigmoid, softmax |
//! | [`Logarithm`] | `log x` | log-softmax, cross-entropy |
//! | [`ErrorFunction`] | `erf x` | GELU |
//! | [`RootOfUnity`] | roots of 1 | discrete Fourier transforms |
//! | [`Scalar`] | all but roots of 1 | what the engine runs: [`Symbolic`], [`Goldilocks`], [`Term`], [`Bounded`], [`Dual`], [`Degree`], [`Taylor`], `f32`, `f64` |
//!
//! What an equality of two outputs means on each scalar is told in the crate's documentation.

#[cfg(feature = "angle")]
mod affine;
mod bounded;
mod complex;
mod degree;
mod directed;
mod dual;
mod float;
mod goldilocks;
#[cfg(any(feature = "files", feature = "train"))]
pub(crate) mod half;
mod integer;
mod keyed;
#[cfg(test)]
mod laws;
mod operators;
mod rational;
mod rounding;
#[cfg(any(feature = "layers", feature = "plan"))]
mod same;
#[cfg(feature = "layers")]
mod sum;
mod symbolic;
mod taylor;
mod term;
#[cfg(test)]
mod trees;

#[cfg(feature = "angle")]
pub use affine::Affine;
#[cfg(feature = "angle")]
pub(crate) use affine::summation_error;
pub use bounded::Bounded;
pub use degree::Degree;
pub use dual::Dual;
pub use goldilocks::Goldilocks;
#[cfg(feature = "model")]
pub(crate) use keyed::RandomFunctions;
pub(crate) use operators::ring_operators;
pub use rational::Rational;
pub use rounding::Rounding;
#[cfg(any(feature = "layers", feature = "plan"))]
pub(crate) use same::{back, same_type};
#[cfg(feature = "layers")]
pub(crate) use sum::pairwise_sum;
pub use symbolic::Symbolic;
pub use taylor::Taylor;
pub use term::{Interpretation, Term};

use std::fmt::Debug;
use std::ops::{Add, Mul, Neg, Sub};

use num_traits::{One, Zero};

/// A commutative ring with one.
///
/// Laws, for all `a`, `b`, `c` (floats satisfy them up to rounding, every other scalar exactly):
/// - `(a + b) + c = a + (b + c)`, `a + b = b + a`, `a + 0 = a`, `a + (−a) = 0`, `a − b = a + (−b)`;
/// - `(a · b) · c = a · (b · c)`, `a · b = b · a`, `a · 1 = a`, `a · (b + c) = a · b + a · c`;
/// - `from_integer` is the ring homomorphism from ℤ: `from_integer(1) = 1`,
///   `from_integer(m + n) = from_integer(m) + from_integer(n)`, and likewise for products.
pub trait Ring:
    Clone
    + PartialEq
    + Debug
    + Send
    + Sync
    + 'static
    + Zero
    + One
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// The image of the integer `n` under the homomorphism from ℤ.
    fn from_integer(n: i64) -> Self;

    /// `self ← self + a · b`, the inner step of every convolution.
    ///
    /// Scalars that are costly to copy do this in place.
    fn add_product(&mut self, a: &Self, b: &Self) {
        *self = self.clone() + a.clone() * b.clone();
    }

    /// `self ← self + a`.
    fn add_in_place(&mut self, a: &Self) {
        *self = self.clone() + a.clone();
    }
}

/// A ring in which one can divide by positive integers (exactly, or with one rounding).
pub trait DivideByInteger: Ring {
    /// `self / n`.
    ///
    /// # Panics
    /// If `n` is zero in the ring: `n = 0`, or a multiple of the characteristic.
    fn divide_by_integer(&self, n: u64) -> Self;
}

/// A ring in which every non-zero element has an inverse.
pub trait Field: DivideByInteger {
    /// `1 / self`, or `None` where `self` is zero.
    fn try_reciprocal(&self) -> Option<Self>;

    /// `1 / self`.
    ///
    /// # Panics
    /// If `self` is zero; floats give ±∞.
    fn reciprocal(&self) -> Self {
        self.try_reciprocal().unwrap_or_else(|| panic!("reciprocal of zero"))
    }
}

/// A ring with a maximum that is associative, commutative and idempotent.
pub trait Lattice: Ring {
    /// The greater of the two.
    fn maximum(&self, other: &Self) -> Self;

    /// The lesser of the two: `−max(−a, −b)`.
    fn minimum(&self, other: &Self) -> Self {
        -((-self.clone()).maximum(&-other.clone()))
    }

    /// The rectifier `max(self, 0)`.
    fn relu(&self) -> Self {
        self.maximum(&Self::zero())
    }
}

/// A ring with a square root of its non-negative elements.
pub trait SquareRoot: Ring {
    /// `√self`.
    fn square_root(&self) -> Self;
}

/// A ring with the exponential function.
pub trait Exponential: Ring {
    /// `e^self`.
    fn exponential(&self) -> Self;

    /// The hyperbolic tangent `1 − 2/(e^(2·self) + 1)`; floats compute it accurately near 0 too.
    fn hyperbolic_tangent(&self) -> Self
    where
        Self: Field,
    {
        let denominator = (self.clone() + self.clone()).exponential() + Self::one();
        Self::one() - Self::from_integer(2) * denominator.reciprocal()
    }
}

/// A ring with the logarithm of its positive elements.
pub trait Logarithm: Ring {
    /// `log self`
    #[must_use]
    fn logarithm(&self) -> Self;

    /// `log (1 + self)`, which floats compute accurately near 0.
    #[must_use]
    fn logarithm_of_one_plus(&self) -> Self {
        (Self::one() + self.clone()).logarithm()
    }
}

/// A ring with the error function erf x = 2/√π·∫₀ˣ e^(−t²) dt.
pub trait ErrorFunction: Exponential + DivideByInteger {
    /// `erf self`
    #[must_use]
    fn error_function(&self) -> Self;

    /// 2/√π: the float next to it, 5081767996463981/2⁵², on every scalar that has no bounds of errors.
    #[must_use]
    fn error_function_rate() -> Self {
        Self::from_integer(5_081_767_996_463_981).divide_by_integer(1 << 52)
    }

    /// The derivative, 2/√π·e^(−x²).
    #[must_use]
    fn error_function_derivative(&self) -> Self {
        Self::error_function_rate() * (-(self.clone() * self.clone())).exponential()
    }
}

/// A field that has primitive n-th roots of unity, for some lengths n.
///
/// Law: with ω the root for n, `ωⁿ = 1`, and `ωᵏ ≠ 1` for every `0 < k < n`.
pub trait RootOfUnity: Field {
    /// `ωᵏ` for the primitive n-th root of unity ω, or `None` where there is none (or `n = 0`).
    ///
    /// ω is one and the same for all `k`; over the complex numbers it is `e^(−2πi/n)`, so that `Σ
    /// x(j)·ω^(jk)` is the discrete Fourier transform.
    fn root_of_unity_power(n: u64, k: u64) -> Option<Self>;

    /// The primitive n-th root of unity ω.
    fn root_of_unity(n: u64) -> Option<Self> {
        Self::root_of_unity_power(n, 1)
    }
}

/// Everything that a layer may ask: the scalars that the engine of [`crate::verify`] runs.
pub trait Scalar: Field + Lattice + SquareRoot + Exponential + Logarithm + ErrorFunction {}

impl<T: Field + Lattice + SquareRoot + Exponential + Logarithm + ErrorFunction> Scalar for T {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_runs() {
        fn is_scalar<S: Scalar>() {}
        is_scalar::<Symbolic>();
        is_scalar::<Goldilocks>();
        is_scalar::<Bounded>();
        is_scalar::<Degree>();
        is_scalar::<Taylor>();
        is_scalar::<Dual<Goldilocks>>();
        is_scalar::<Dual<f64>>();
        is_scalar::<f32>();
        is_scalar::<f64>();
    }
}
