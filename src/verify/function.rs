//! What can be measured: functions of floats that return an array, or the reason why there is none.

use ndarray::ArrayD;

use super::identity::Failure;
use crate::scalar::Ring;

/// The floats that a black box may work in.
pub trait Float: Ring + num_traits::Float + Into<f64> {}

impl Float for f32 {}
impl Float for f64 {}

/// What a black box may return: an array, or the reason why there is none.
pub trait Output<T> {
    /// The array, or the reason.
    ///
    /// # Errors
    /// Whatever the function reported.
    fn into_result(self) -> Result<ArrayD<T>, Failure>;
}

impl<T> Output<T> for ArrayD<T> {
    fn into_result(self) -> Result<ArrayD<T>, Failure> {
        Ok(self)
    }
}

impl<T, E: Into<Failure>> Output<T> for Result<ArrayD<T>, E> {
    fn into_result(self) -> Result<ArrayD<T>, Failure> {
        self.map_err(Into::into)
    }
}
