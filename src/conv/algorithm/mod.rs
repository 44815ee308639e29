//! The interface that the definition and every faster way of computing it share.

pub mod adjoint;
#[cfg(feature = "plan")]
pub mod choice;
mod definition;
#[cfg(feature = "plan")]
pub(in crate::conv) mod fourier;
#[cfg(feature = "plan")]
pub(in crate::conv) mod grid;
#[cfg(all(test, feature = "plan"))]
pub(in crate::conv) mod laws;
#[cfg(feature = "plan")]
mod matrix_product;
#[cfg(feature = "plan")]
mod number_theoretic;
#[cfg(feature = "plan")]
mod overlap_add;
#[cfg(feature = "plan")]
mod planned;
#[cfg(feature = "plan")]
mod planned_bound;
mod separable;
mod terms;
pub mod tolerance;

#[cfg(feature = "plan")]
pub use self::choice::{Choice, ConvolutionScalar};
pub use self::definition::Definition;
#[cfg(feature = "plan")]
pub use self::fourier::{Fourier, ROUNDINGS_PER_LEVEL};
#[cfg(feature = "plan")]
pub use self::matrix_product::{MatrixProduct, MatrixScalar};
#[cfg(feature = "plan")]
pub use self::number_theoretic::{NumberTheoretic, fast_dft};
#[cfg(feature = "plan")]
pub use self::overlap_add::OverlapAdd;
#[cfg(feature = "plan")]
pub use self::planned::Planned;
pub use self::separable::{Separable, convolve_separable, correlate_separable, factor, outer_product};

use std::fmt::Debug;

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::{ConvolutionError, Problem, Unsupported};
use crate::scalar::Ring;
use crate::scalar::Rounding;

/// A way to compute convolutions and correlations over the scalar `S`.
///
/// Laws, for every problem that it supports, every kernel and every signal of the problem's shapes, with any
/// strides in memory:
/// - `run` gives what [`Definition`] gives: exactly over an exact scalar, and within
///   `error_bound` of the exact value over a rounding one;
/// - `run` refuses arrays of other shapes with [`ConvolutionError::WrongShape`];
/// - `run` succeeds if `supports` does, except that an algorithm for special kernels may refuse a kernel by
///   its values, with an error of its own.
pub trait Algorithm<S: Ring>: Debug + Send + Sync {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether it gives the exact result wherever sums of the scalar are exact, as for small integers in
    /// floats: it does nothing but add the products, or computes in an exact ring. Transforms over floats do
    /// not.
    fn is_exact_where_sums_are(&self) -> bool {
        true
    }

    /// Whether it can run this problem: every problem, unless an algorithm says otherwise.
    ///
    /// # Errors
    /// If not, what it needs.
    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        let _ = problem;
        Ok(())
    }

    /// The output, of shape [`Problem::output_shape`].
    ///
    /// # Errors
    /// If it does not support the problem, or the arrays do not have the problem's shapes.
    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError>;

    /// For each entry of the output, a bound on |computed − exact|: zero over exact scalars. It holds as long
    /// as nothing overflows.
    ///
    /// # Errors
    /// As `run`.
    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        S: Rounding;
}
