//! The fastest methods over the floats, compiled once in this crate and not in every crate that convolves.

use ndarray::{ArrayD, ArrayViewD};
use num_complex::Complex;

use crate::conv::algorithm::choice::{self, Choice, ConvolutionScalar};
use crate::conv::plan::{Plan, PlanOptions};
use crate::conv::{ConvolutionError, Problem};
use crate::scalar::{Ring, back, same_type};
use crate::simd::Element;

type Method<T> = fn(&Problem, &ArrayD<T>, &ArrayD<T>) -> Result<ArrayD<T>, ConvolutionError>;

static SINGLE: Method<f32> = planned;
static DOUBLE: Method<f64> = planned;
static SINGLE_COMPLEX: Method<Complex<f32>> = automatic;
static DOUBLE_COMPLEX: Method<Complex<f64>> = automatic;

/// The output of the problem if `S` is a float or a complex float.
pub(super) fn by_plan<S: Ring>(
    problem: &Problem,
    kernel: &ArrayViewD<'_, S>,
    signal: &ArrayViewD<'_, S>,
) -> Option<Result<ArrayD<S>, ConvolutionError>> {
    over(SINGLE, problem, kernel, signal)
        .or_else(|| over(DOUBLE, problem, kernel, signal))
        .or_else(|| over(SINGLE_COMPLEX, problem, kernel, signal))
        .or_else(|| over(DOUBLE_COMPLEX, problem, kernel, signal))
}

/// If `S` is `T`.
fn over<S: Ring, T: Ring>(
    method: Method<T>,
    problem: &Problem,
    kernel: &ArrayViewD<'_, S>,
    signal: &ArrayViewD<'_, S>,
) -> Option<Result<ArrayD<S>, ConvolutionError>> {
    if std::any::TypeId::of::<S>() != std::any::TypeId::of::<T>() {
        return None;
    }
    let (kernel, signal) = (kernel.to_owned(), signal.to_owned());
    Some(method(problem, same_type(&kernel)?, same_type(&signal)?).map(back))
}

/// By one plan: an [`Algorithm`](crate::conv::Algorithm) would make one to ask and one to run.
fn planned<T: Element>(
    problem: &Problem,
    kernel: &ArrayD<T>,
    signal: &ArrayD<T>,
) -> Result<ArrayD<T>, ConvolutionError> {
    Plan::forward(problem, &PlanOptions::new())?.prepare(kernel.view(), None)?.apply(signal.view())
}

fn automatic<T: ConvolutionScalar>(
    problem: &Problem,
    kernel: &ArrayD<T>,
    signal: &ArrayD<T>,
) -> Result<ArrayD<T>, ConvolutionError> {
    choice::run(problem, kernel.view(), signal.view(), Choice::Automatic)
}
