//! The maps over the floats, by plans.

use ndarray::{ArrayD, Ix1};

use super::Map;
use crate::conv::plan::{Accuracy, GradientPlan, Plan, PlanOptions};
use crate::conv::{ConvolutionError, Problem};
use crate::scalar::{Ring, back, same_type};
use crate::simd::Element;

/// A map of a problem over one float, of two operands and perhaps a bias.
type Planned<T> =
    fn(Map, &Problem, [&ArrayD<T>; 2], Option<&ArrayD<T>>) -> Result<ArrayD<T>, ConvolutionError>;

/// If `S` is a float.
pub(super) fn by_plan<S: Ring>(
    map: Map,
    problem: &Problem,
    operands: [&ArrayD<S>; 2],
    bias: Option<&ArrayD<S>>,
) -> Option<Result<ArrayD<S>, ConvolutionError>> {
    over(SINGLE, map, problem, operands, bias).or_else(|| over(DOUBLE, map, problem, operands, bias))
}

/// If `S` is `T`.
fn over<S: Ring, T: Element>(
    plan: Planned<T>,
    map: Map,
    problem: &Problem,
    [first, second]: [&ArrayD<S>; 2],
    bias: Option<&ArrayD<S>>,
) -> Option<Result<ArrayD<S>, ConvolutionError>> {
    let operands = [same_type(first)?, same_type(second)?];
    Some(plan(map, problem, operands, bias.and_then(same_type)).map(back))
}

/// [`planned`] over each float. As they are statics, the kernels are compiled here once and for all, not
/// again, for minutes, in every crate that needs them.
static SINGLE: Planned<f32> = planned;
static DOUBLE: Planned<f64> = planned;

fn planned<T: Element>(
    map: Map,
    problem: &Problem,
    [first, second]: [&ArrayD<T>; 2],
    bias: Option<&ArrayD<T>>,
) -> Result<ArrayD<T>, ConvolutionError> {
    let options = PlanOptions::new().accuracy(Accuracy::Strict);
    let plan = match map {
        Map::Output => Plan::forward(problem, &options)?,
        Map::Transposed => Plan::transposed(problem, &options)?,
        Map::KernelGradient => {
            let mut gradient = ArrayD::zeros(problem.kernel_shape());
            let mut plan = GradientPlan::new(problem, &options);
            plan.run(first.view(), second.view(), gradient.view_mut())?;
            return Ok(gradient);
        }
    };
    let bias = bias.and_then(|bias| bias.view().into_dimensionality::<Ix1>().ok());
    plan.prepare(first.view(), bias)?.apply(second.view())
}
