//! The methods of [`plan`](crate::conv::plan) as algorithms, so that the definition judges them.
//!
//! Each run makes a plan: whoever runs a problem more than once should keep the plan.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::algorithm::{planned_bound, tolerance};
use crate::conv::plan::method::winograd::{FOUR, TWO};
use crate::conv::plan::{Method, Plan, PlanOptions};
use crate::conv::{Algorithm, ConvolutionError, Problem, Unsupported};
use crate::scalar::Rounding;
use crate::simd::{Element, InstructionSet};

/// A method of plans, over `f32` and `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    method: Method,
    instruction_set: InstructionSet,
    longest_tile: Option<usize>,
}

impl Planned {
    /// This method, with the best instructions that the machine has.
    pub fn new(method: Method) -> Self {
        Planned { method, instruction_set: InstructionSet::best(), longest_tile: None }
    }

    /// With these instructions.
    #[must_use]
    pub fn instruction_set(self, instruction_set: InstructionSet) -> Self {
        Planned { instruction_set, ..self }
    }

    /// With tiles of at most so many entries along each axis: see [`PlanOptions::longest_tile`].
    #[must_use]
    pub fn longest_tile(self, entries: usize) -> Self {
        Planned { longest_tile: Some(entries), ..self }
    }

    fn plan<T: Element>(self, problem: &Problem) -> Result<Plan<T>, ConvolutionError> {
        let options = PlanOptions::new().method(self.method).instruction_set(self.instruction_set);
        let options = self.longest_tile.map_or(options, |entries| options.longest_tile(entries));
        Plan::forward(problem, &options)
    }
}

impl<T: Element> Algorithm<T> for Planned {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn is_exact_where_sums_are(&self) -> bool {
        self.method.adds_products()
    }

    /// Where such a plan can be made: what counts are the taps that an axis reads, not what its options say.
    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        match self.plan::<T>(problem) {
            Ok(_) => Ok(()),
            Err(ConvolutionError::Unsupported(unsupported)) => Err(unsupported),
            Err(other) => unreachable!("the problem itself is valid: {other}"),
        }
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<T>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        self.plan(problem)?.prepare(kernel, None)?.apply(signal)
    }

    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        T: Rounding,
    {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let plan = self.plan::<T>(problem)?;
        match (plan.method(), plan.transform_growth()) {
            (_, Some(growth)) => planned_bound::of_transforms(problem, growth, kernel, signal),
            (Method::WinogradTwo, _) => planned_bound::of_filtering(problem, TWO, kernel, signal),
            (Method::WinogradFour, _) => planned_bound::of_filtering(problem, FOUR, kernel, signal),
            _ => tolerance::inner_product_bound(problem, kernel, signal, problem.terms()),
        }
    }
}
