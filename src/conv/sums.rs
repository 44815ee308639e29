//! The three maps of a problem by the fastest methods that add the products of the definition, and do nothing
//! else.
//!
//! Over `f32` and `f64`, with the feature `plan`, these are the methods that a plan with strict accuracy
//! chooses; over every other scalar, and for problems of fewer than [`PLANNED`] products, which are done
//! before a plan is made, the definition itself. So exact scalars give exact results, and floats results
//! within the bounds of sums of products ([`tolerance`](crate::conv::algorithm::tolerance)), in an order that
//! the method chooses. This is what layers run.
//!
//! Cost: [`Problem::multiply_adds`] products, and for floats the making of a plan: some microseconds, a
//! packed copy of the kernel, and the plan's workspace, given back afterwards. Who convolves again and again
//! with the same kernel keeps a plan.

#[cfg(feature = "plan")]
mod planned;

use ndarray::{ArrayD, Axis};

use crate::conv::problem::check_shape;
use crate::conv::{Algorithm, ConvolutionError, Definition, Problem, adjoint};
use crate::scalar::Ring;

/// Problems of fewer products run by the definition.
pub const PLANNED: u128 = 4096;

/// `output(kernel, signal)`, and the bias added to its channels.
///
/// # Errors
/// If an array does not have the shape of the problem's kernel or signal, or the bias not one entry for each
/// channel.
pub fn output<S: Ring>(
    problem: &Problem,
    kernel: &ArrayD<S>,
    signal: &ArrayD<S>,
    bias: Option<&ArrayD<S>>,
) -> Result<ArrayD<S>, ConvolutionError> {
    Map::Output.run(problem, [kernel, signal], bias)
}

/// The adjoint [`adjoint::transposed`] of the forward map at `y`, and the bias added to its channels.
///
/// # Errors
/// If an array does not have the shape of the problem's kernel or output, or the bias not one entry for each
/// channel of the signal.
pub fn transposed<S: Ring>(
    problem: &Problem,
    kernel: &ArrayD<S>,
    y: &ArrayD<S>,
    bias: Option<&ArrayD<S>>,
) -> Result<ArrayD<S>, ConvolutionError> {
    Map::Transposed.run(problem, [kernel, y], bias)
}

/// The gradient [`adjoint::kernel_gradient`] with respect to the kernel, at `signal` and `y`.
///
/// # Errors
/// If an array does not have the shape of the problem's signal or output.
pub fn kernel_gradient<S: Ring>(
    problem: &Problem,
    signal: &ArrayD<S>,
    y: &ArrayD<S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    Map::KernelGradient.run(problem, [signal, y], None)
}

#[derive(Clone, Copy)]
enum Map {
    Output,
    Transposed,
    KernelGradient,
}

impl Map {
    /// By a plan if `S` is a float and the problem not too small, else by the definition; and the bias added.
    fn run<S: Ring>(
        self,
        problem: &Problem,
        operands: [&ArrayD<S>; 2],
        bias: Option<&ArrayD<S>>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        let kernel = ("kernel", problem.kernel_shape());
        let signal = ("signal", problem.signal_shape());
        let output = ("output", problem.output_shape());
        let (expected, result) = match self {
            Map::Output => ([kernel, signal], output),
            Map::Transposed => ([kernel, output], signal),
            Map::KernelGradient => ([signal, output], kernel),
        };
        for ((what, shape), operand) in expected.into_iter().zip(operands) {
            check_shape(what, shape, operand.shape())?;
        }
        if let Some(bias) = bias {
            check_shape("bias", vec![result.1[1]], bias.shape())?;
        }
        #[cfg(feature = "plan")]
        if problem.multiply_adds() >= PLANNED
            && let Some(result) = planned::by_plan(self, problem, operands, bias)
        {
            return result;
        }
        let [first, second] = operands.map(|operand| operand.view());
        let result = match self {
            Map::Output => Definition.run(problem, first, second),
            Map::Transposed => adjoint::transposed(problem, first, second),
            Map::KernelGradient => adjoint::kernel_gradient(problem, first, second),
        };
        result.map(|output| with_bias(output, bias))
    }
}

/// One number added to each channel of (batch, channels, space…).
pub(crate) fn with_bias<S: Ring>(mut output: ArrayD<S>, bias: Option<&ArrayD<S>>) -> ArrayD<S> {
    for (mut channel, summand) in output.axis_iter_mut(Axis(1)).zip(bias.into_iter().flatten()) {
        channel.iter_mut().for_each(|entry| entry.add_in_place(summand));
    }
    output
}

#[cfg(all(test, feature = "plan"))]
mod tests {
    use ndarray::IxDyn;
    use proptest::prelude::*;

    use super::*;
    use crate::conv::plan::{Accuracy, Plan, PlanOptions};
    use crate::conv::problem::samples;
    use crate::conv::{Operation, Options};

    /// All three maps against the definition over the integers, whose sums here are exact in a float.
    fn agrees<S: Ring>(problem: &Problem, seed: u64) -> Result<(), TestCaseError> {
        let integers = |shape: &[usize], salt: u64| samples::integers(shape, seed ^ salt, 9);
        let over = |array: &ArrayD<i64>| array.mapv(S::from_integer);
        let (kernel, signal) = (integers(&problem.kernel_shape(), 0), integers(&problem.signal_shape(), 1));
        let y = integers(&problem.output_shape(), 2);
        let [outputs, channels] = [problem.output_shape()[1], problem.signal_shape()[1]];
        let (bias, bias_back) = (integers(&[outputs], 3), integers(&[channels], 4));

        let expected = Definition.run(problem, kernel.view(), signal.view()).unwrap();
        let found = output(problem, &over(&kernel), &over(&signal), None).unwrap();
        prop_assert_eq!(found, over(&expected));
        let found = output(problem, &over(&kernel), &over(&signal), Some(&over(&bias))).unwrap();
        prop_assert_eq!(found, over(&with_bias(expected, Some(&bias))));

        let expected = adjoint::transposed(problem, kernel.view(), y.view()).unwrap();
        let found = transposed(problem, &over(&kernel), &over(&y), None).unwrap();
        prop_assert_eq!(found, over(&expected));
        let found = transposed(problem, &over(&kernel), &over(&y), Some(&over(&bias_back))).unwrap();
        prop_assert_eq!(found, over(&with_bias(expected, Some(&bias_back))));

        let expected = adjoint::kernel_gradient(problem, signal.view(), y.view()).unwrap();
        let found = kernel_gradient(problem, &over(&signal), &over(&y)).unwrap();
        prop_assert_eq!(found, over(&expected));
        Ok(())
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(problem in samples::problem(), seed: u64) {
            agrees::<f32>(&problem, seed)?;
            agrees::<f64>(&problem, seed)?;
            agrees::<i64>(&problem, seed)?;
        }
    }

    fn layer(side: usize) -> Problem {
        let options = Options::new().padding([1, 1]);
        Problem::new(Operation::Correlation, &[4, 3, 3, 3], &[2, 3, side, side], &options).unwrap()
    }

    #[test]
    fn on_both_sides_of_the_threshold() {
        let (small, large) = (layer(4), layer(6));
        assert!(small.multiply_adds() < PLANNED && large.multiply_adds() >= PLANNED);
        for problem in [small, large] {
            agrees::<f32>(&problem, 5).unwrap();
            agrees::<f64>(&problem, 6).unwrap();
        }
    }

    #[test]
    fn what_runs_is_the_plan() {
        // Sums that are rounded differently: the plan adds with fewer roundings, or in another order.
        let problem = layer(24);
        let reals =
            |shape: &[usize], salt: u64| samples::integers(shape, salt, 1 << 40).mapv(|value| value as f32);
        let (kernel, signal) = (reals(&problem.kernel_shape(), 0), reals(&problem.signal_shape(), 1));
        let plan = Plan::forward(&problem, &PlanOptions::new().accuracy(Accuracy::Strict)).unwrap();
        let planned = plan.prepare(kernel.view(), None).unwrap().apply(signal.view()).unwrap();
        assert_eq!(output(&problem, &kernel, &signal, None).unwrap(), planned);
    }

    #[test]
    fn wrong_shapes_are_told() {
        let problem = layer(5);
        let of = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
        let right = [problem.kernel_shape(), problem.signal_shape(), problem.output_shape()];
        let [kernel, signal, y] = right.map(|shape| of(&shape));
        let wrong = of(&[1, 2, 3, 4]);
        let what = |result: Result<ArrayD<f32>, ConvolutionError>| match result {
            Err(ConvolutionError::WrongShape { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(output(&problem, &wrong, &signal, None)), "kernel");
        assert_eq!(what(output(&problem, &kernel, &wrong, None)), "signal");
        assert_eq!(what(output(&problem, &kernel, &signal, Some(&of(&[3])))), "bias");
        assert_eq!(what(transposed(&problem, &wrong, &y, None)), "kernel");
        assert_eq!(what(transposed(&problem, &kernel, &signal, None)), "output");
        assert_eq!(what(transposed(&problem, &kernel, &y, Some(&of(&[4])))), "bias");
        assert_eq!(what(kernel_gradient(&problem, &wrong, &y)), "signal");
        assert_eq!(what(kernel_gradient(&problem, &signal, &wrong)), "output");
    }
}
