//! Programs over any arithmetic.
//!
//! Constants are read once. Steps run one after the other, each on all threads, see `stage`; tensors that
//! nobody asks for are dropped after their last use.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use rayon::prelude::*;

use super::stage::{GRAIN, Stage};
use super::{Arithmetic, Origin, Program, Trace, Unreadable};

/// Why a program does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The inputs are not those of the program.
    #[error("expected {expected} inputs, found {found}")]
    Count {
        /// The inputs of the program.
        expected: usize,
        /// The inputs that were given.
        found: usize,
    },
    /// An input has another shape.
    #[error("input {input}: expected the shape {expected:?}, found {found:?}")]
    Shape {
        /// The number of the input.
        input: usize,
        /// Its shape in the program.
        expected: Vec<usize>,
        /// Its shape as given.
        found: Vec<usize>,
    },
    /// The arithmetic has no value for a function.
    #[error("node number {node}: {source}")]
    Unreadable {
        /// The number of the node in the model.
        node: usize,
        /// The function.
        source: Unreadable,
    },
}

/// A program with its constants in an arithmetic, to be run several times.
pub struct Prepared<'a, A: Arithmetic> {
    program: &'a Program,
    arithmetic: A,
    /// The constants by slot.
    constants: Kept<A::Element>,
}

impl Program {
    /// Reads the constants.
    pub fn prepare<A: Arithmetic>(&self, arithmetic: &A) -> Prepared<'_, A> {
        let constants = self.slots.iter().map(|slot| match &slot.origin {
            Origin::Constant(array) => {
                let list = array.as_slice().expect("constants are in standard layout");
                let list = list.par_iter().with_min_len(GRAIN).map(|&number| arithmetic.constant(number));
                Some(shaped(&slot.shape, list.collect()))
            }
            _ => None,
        });
        Prepared { program: self, constants: constants.collect(), arithmetic: arithmetic.clone() }
    }

    /// Runs the program: the values of all slots.
    ///
    /// # Errors
    /// If the inputs do not fit, or the arithmetic has no value for a function.
    pub fn run<A: Arithmetic>(
        &self,
        arithmetic: &A,
        inputs: &[ArrayD<A::Element>],
    ) -> Result<Trace<A::Element>, RunError> {
        self.prepare(arithmetic).run(inputs)
    }

    /// Runs the program: the values of its outputs. Tensors in between are dropped after their last use.
    ///
    /// # Errors
    /// As those of [`run`](Self::run).
    pub fn outputs<A: Arithmetic>(
        &self,
        arithmetic: &A,
        inputs: &[ArrayD<A::Element>],
    ) -> Result<Vec<Arc<ArrayD<A::Element>>>, RunError> {
        self.prepare(arithmetic).outputs(inputs)
    }
}

impl<'a, A: Arithmetic> Prepared<'a, A> {
    /// The program.
    pub fn program(&self) -> &'a Program {
        self.program
    }
}

impl<A: Arithmetic> Prepared<'_, A> {
    /// As [`Program::run`].
    ///
    /// # Errors
    /// If the inputs do not fit, or the arithmetic has no value for a function.
    pub fn run(&self, inputs: &[ArrayD<A::Element>]) -> Result<Trace<A::Element>, RunError> {
        let kept = self.evaluate(inputs, |_| true)?;
        Ok(kept.into_iter().map(|array| array.expect("all slots are kept")).collect())
    }

    /// As [`Program::outputs`].
    ///
    /// # Errors
    /// As those of [`run`](Self::run).
    pub fn outputs(&self, inputs: &[ArrayD<A::Element>]) -> Result<Vec<Arc<ArrayD<A::Element>>>, RunError> {
        let outputs = &self.program.outputs;
        let kept = self.evaluate(inputs, |slot| outputs.contains(&slot))?;
        Ok(outputs.iter().map(|&slot| kept[slot].clone().expect("outputs are kept")).collect())
    }

    fn evaluate(
        &self,
        inputs: &[ArrayD<A::Element>],
        keeps: impl Fn(usize) -> bool + Send,
    ) -> Result<Kept<A::Element>, RunError> {
        let program = self.program;
        if inputs.len() != program.inputs.len() {
            return Err(RunError::Count { expected: program.inputs.len(), found: inputs.len() });
        }
        let last_use = program.last_uses();
        let mut values = self.constants.clone();
        for (input, (given, &slot)) in inputs.iter().zip(&program.inputs).enumerate() {
            let expected = &program.slots[slot].shape;
            if given.shape() != expected.as_slice() {
                let (expected, found) = (expected.clone(), given.shape().to_vec());
                return Err(RunError::Shape { input, expected, found });
            }
            values[slot] = Some(Arc::new(given.as_standard_layout().into_owned()));
        }
        // Within the pool at once, as each step would have to be carried there otherwise.
        rayon::scope(|_| self.steps(values, &last_use, keeps))
    }

    fn steps(
        &self,
        mut values: Kept<A::Element>,
        last_use: &[usize],
        keeps: impl Fn(usize) -> bool,
    ) -> Result<Kept<A::Element>, RunError> {
        let program = self.program;
        for (number, step) in program.steps.iter().enumerate() {
            let inputs = step
                .inputs
                .iter()
                .map(|&slot| values[slot].clone().expect("steps are in an order in which they can run"));
            let inputs = inputs.collect::<Vec<_>>();
            let output = &program.slots[step.output];
            let casts = step.inputs.iter().any(|&slot| program.slots[slot].element != output.element);
            let (element, shape) = (output.element, &output.shape);
            let arithmetic =
                if element.is_float() { &self.arithmetic } else { self.arithmetic.of_integers() };
            let stage = Stage { arithmetic, element, shape, inputs: &inputs, casts };
            let list = stage
                .run(&step.operation)
                .map_err(|source| RunError::Unreadable { node: step.node, source })?;
            values[step.output] = Some(shaped(&output.shape, list));
            for &slot in &step.inputs {
                if last_use[slot] == number && !keeps(slot) {
                    values[slot] = None;
                }
            }
        }
        Ok(values)
    }
}

fn shaped<E>(shape: &[usize], list: Vec<E>) -> Arc<ArrayD<E>> {
    Arc::new(ArrayD::from_shape_vec(IxDyn(shape), list).expect("a number for each entry"))
}

/// The values of slots that are kept.
type Kept<E> = Vec<Option<Arc<ArrayD<E>>>>;
