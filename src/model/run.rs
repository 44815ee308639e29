//! Programs over any arithmetic.
//!
//! Entries of an output do not depend on each other, so that threads share them. A convolution gathers the
//! windows of a block of positions, one row each, and takes the product of each row with each row of the kernel;
//! a block is as large as a cache. Both convolution and product are [`Arithmetic::dot`] of two slices, whatever
//! the scalar. Cost: the products of the definition, and one copy of a window for each position.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use rayon::prelude::*;

use super::{
    Arithmetic, Convolution, ElementType, Function, Lists, Operation, Origin, Program, Reduction, Source,
    Trace, Unreadable,
};

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

/// Entries of rows that a block of a convolution has at most, so that they stay in a cache.
const BLOCK: usize = 1 << 16;
/// Work for one thread below which it is not shared.
const GRAIN: usize = 1 << 10;

impl Program {
    /// Runs the program: the values of all slots.
    ///
    /// # Errors
    /// If the inputs do not fit, or the arithmetic has no value for a function.
    pub fn run<A: Arithmetic>(
        &self,
        arithmetic: &A,
        inputs: &[ArrayD<A::Element>],
    ) -> Result<Trace<A::Element>, RunError> {
        let kept = self.evaluate(arithmetic, inputs, |_| true)?;
        Ok(kept.into_iter().map(|array| array.expect("all slots are kept")).collect())
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
        let kept = self.evaluate(arithmetic, inputs, |slot| self.outputs.contains(&slot))?;
        Ok(self.outputs.iter().map(|&slot| kept[slot].clone().expect("outputs are kept")).collect())
    }

    fn evaluate<A: Arithmetic>(
        &self,
        arithmetic: &A,
        inputs: &[ArrayD<A::Element>],
        keeps: impl Fn(usize) -> bool,
    ) -> Result<Kept<A::Element>, RunError> {
        if inputs.len() != self.inputs.len() {
            return Err(RunError::Count { expected: self.inputs.len(), found: inputs.len() });
        }
        let mut last_use = vec![0; self.slots.len()];
        for (number, step) in self.steps.iter().enumerate() {
            step.inputs.iter().for_each(|&slot| last_use[slot] = number);
        }
        let mut values = vec![None; self.slots.len()];
        for (slot, description) in self.slots.iter().enumerate() {
            values[slot] = match &description.origin {
                Origin::Input(input) => {
                    let given = &inputs[*input];
                    if given.shape() != description.shape {
                        let (expected, found) = (description.shape.clone(), given.shape().to_vec());
                        return Err(RunError::Shape { input: *input, expected, found });
                    }
                    Some(Arc::new(given.as_standard_layout().into_owned()))
                }
                Origin::Constant(array) => {
                    let list = array.as_slice().expect("constants are in standard layout");
                    let list = list.par_iter().with_min_len(GRAIN).map(|&number| arithmetic.constant(number));
                    Some(shaped(&description.shape, list.collect()))
                }
                Origin::Step(_) => None,
            };
        }
        for (number, step) in self.steps.iter().enumerate() {
            let inputs = step
                .inputs
                .iter()
                .map(|&slot| values[slot].clone().expect("steps are in an order in which they can run"));
            let inputs = inputs.collect::<Vec<_>>();
            let output = &self.slots[step.output];
            let casts = step.inputs.iter().any(|&slot| self.slots[slot].element != output.element);
            let (element, shape) = (output.element, &output.shape);
            let arithmetic = if element.is_float() { arithmetic } else { arithmetic.of_integers() };
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

/// A step that runs.
struct Stage<'a, A: Arithmetic> {
    arithmetic: &'a A,
    element: ElementType,
    shape: &'a [usize],
    inputs: &'a [Arc<ArrayD<A::Element>>],
    /// Whether an input is of another type.
    casts: bool,
}

type Entries<E> = Result<Vec<E>, Unreadable>;

impl<A: Arithmetic> Stage<'_, A> {
    fn run(&self, operation: &Operation) -> Entries<A::Element> {
        match operation {
            Operation::Pointwise(function) => self.pointwise(function),
            Operation::Rearrange(sources) => Ok(self.rearrange(sources)),
            Operation::Reduce(reduction, lists) => self.reduce(reduction, lists),
            Operation::Convolution(windows) => Ok(self.convolution(windows)),
            Operation::Product => Ok(self.product()),
        }
    }

    fn list(&self, input: usize) -> &[A::Element] {
        self.inputs[input].as_slice().expect("values are in standard layout")
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }

    fn stored(&self, value: A::Element) -> A::Element {
        self.arithmetic.stored(value, self.element)
    }

    fn pointwise(&self, function: &Function) -> Entries<A::Element> {
        let arguments = (0..self.inputs.len()).map(|input| {
            let shape = self.inputs[input].shape();
            let strides = (shape != self.shape).then(|| broadcast_strides(shape, self.shape));
            Argument { list: self.list(input), strides }
        });
        let arguments = arguments.collect::<Vec<_>>();
        let shape = self.shape;
        (0..self.count())
            .into_par_iter()
            .with_min_len(GRAIN)
            .map(|place| {
                let value = match &arguments[..] {
                    [a] => self.arithmetic.apply(function, &[a.at(place, shape)]),
                    [a, b] => self.arithmetic.apply(function, &[a.at(place, shape), b.at(place, shape)]),
                    all => {
                        let all = all.iter().map(|argument| argument.at(place, shape)).collect::<Vec<_>>();
                        self.arithmetic.apply(function, &all)
                    }
                };
                value.map(|value| self.stored(value))
            })
            .collect()
    }

    fn rearrange(&self, sources: &[Source]) -> Vec<A::Element> {
        let lists = (0..self.inputs.len()).map(|input| self.list(input)).collect::<Vec<_>>();
        let sources = sources.par_iter().with_min_len(GRAIN);
        sources
            .map(|source| match *source {
                Source::Entry { input, entry } => {
                    let value = lists[input as usize][entry as usize].clone();
                    if self.casts { self.arithmetic.cast(value, self.element) } else { value }
                }
                Source::Constant(value) => self.stored(self.arithmetic.constant(value)),
            })
            .collect()
    }

    fn reduce(&self, reduction: &Reduction, lists: &Lists) -> Entries<A::Element> {
        let count = lists.offsets.len() - 1;
        let input = self.list(0);
        let factors = lists.factors.as_ref().map(|factors| {
            factors.iter().map(|&factor| self.arithmetic.constant(factor)).collect::<Vec<_>>()
        });
        (0..self.count())
            .into_par_iter()
            .with_min_len(GRAIN / 8)
            .map(|place| {
                let plane = &input[place / count * lists.entries..][..lists.entries];
                let range = lists.offsets[place % count]..lists.offsets[place % count + 1];
                let members = &lists.members[range.clone()];
                let mut entries = members.iter().map(|&member| &plane[member as usize]);
                let value = match (reduction, &factors) {
                    (Reduction::Sum, Some(factors)) => {
                        let entries = entries.cloned().collect::<Vec<_>>();
                        self.arithmetic.dot(&factors[range], &entries)
                    }
                    (Reduction::Sum, None) => self.arithmetic.sum(&mut entries),
                    (Reduction::Product, _) => {
                        let one = self.arithmetic.constant(1.0);
                        let mut product = entries.next().cloned().unwrap_or(one);
                        for entry in entries {
                            product = self.arithmetic.apply(&Function::Multiply, &[&product, entry])?;
                        }
                        product
                    }
                    (Reduction::Maximum, _) => self.arithmetic.maximum(&mut entries)?,
                    (Reduction::Minimum, _) => {
                        let entries = entries.collect::<Vec<_>>();
                        self.arithmetic.apply(&Function::Minimum, &entries)?
                    }
                    (Reduction::Other(symbol), _) => {
                        self.arithmetic.apply_to_list(symbol, &entries.collect::<Vec<_>>())?
                    }
                };
                Ok(self.stored(value))
            })
            .collect()
    }

    fn convolution(&self, windows: &Convolution) -> Vec<A::Element> {
        let (signal, kernel) = (&self.inputs[0], &self.inputs[1]);
        let (space, out) = (&signal.shape()[2..], &self.shape[2..]);
        let (channels, maps) = (signal.shape()[1] / windows.groups, self.shape[1] / windows.groups);
        let positions = out.iter().product::<usize>();
        let area = space.iter().product::<usize>();
        let taps = kernel.shape()[2..].iter().product::<usize>();
        let length = channels * taps;
        let zero = self.arithmetic.constant(0.0);
        let mut result = vec![zero.clone(); self.count()];
        if result.is_empty() {
            return result;
        }
        let places = window_places(windows, space, &kernel.shape()[2..], out);
        let (signal, kernel) = (self.list(0), self.list(1));
        let bias = (self.inputs.len() > 2).then(|| self.list(2));
        let block = (BLOCK / length.max(1)).clamp(1, positions);
        for plane in 0..self.shape[0] * windows.groups {
            let (sample, group) = (plane / windows.groups, plane % windows.groups);
            let input = &signal[plane * channels * area..][..channels * area];
            let first = (sample * windows.groups + group) * maps;
            let output = &mut result[first * positions..][..maps * positions];
            let kernel = &kernel[group * maps * length..][..maps * length];
            for start in (0..positions).step_by(block) {
                let end = (start + block).min(positions);
                let mut rows = Vec::with_capacity((end - start) * length);
                for position in start..end {
                    let places = &places[position * taps..][..taps];
                    for channel in input.chunks(area.max(1)) {
                        rows.extend(places.iter().map(|&place| {
                            if place == OUTSIDE { zero.clone() } else { channel[place as usize].clone() }
                        }));
                    }
                }
                output
                    .par_chunks_mut(positions)
                    .enumerate()
                    .with_min_len(1 + GRAIN / length.max(1) / block)
                    .for_each(|(map, line)| {
                        let weights = &kernel[map * length..][..length];
                        for (entry, position) in line[start..end].iter_mut().zip(0..) {
                            let row = &rows[position * length..][..length];
                            let value = match bias {
                                Some(bias) => {
                                    self.arithmetic.dot_plus(weights, row, &bias[group * maps + map])
                                }
                                None => self.arithmetic.dot(weights, row),
                            };
                            *entry = self.stored(value);
                        }
                    });
            }
        }
        result
    }

    fn product(&self) -> Vec<A::Element> {
        let (left, right) = (self.inputs[0].shape(), self.inputs[1].shape());
        let rank = left.len();
        let (rows, inner, columns) = (left[rank - 2], left[rank - 1], right[rank - 1]);
        let (left, right) = (self.list(0), self.list(1));
        let batches = self.count().checked_div(rows * columns).unwrap_or(0);
        let mut result = Vec::with_capacity(self.count());
        for batch in 0..batches {
            let left = &left[batch * rows * inner..][..rows * inner];
            let right = &right[batch * inner * columns..][..inner * columns];
            let turned = (0..columns * inner)
                .map(|place| right[place % inner * columns + place / inner].clone())
                .collect::<Vec<_>>();
            result.par_extend(
                (0..rows * columns).into_par_iter().with_min_len(1 + GRAIN / inner.max(1)).map(|place| {
                    let row = &left[place / columns * inner..][..inner];
                    let column = &turned[place % columns * inner..][..inner];
                    self.stored(self.arithmetic.dot(row, column))
                }),
            );
        }
        result
    }
}

/// An input of a function, broadcast.
struct Argument<'a, E> {
    list: &'a [E],
    /// `None` where nothing is broadcast.
    strides: Option<Vec<usize>>,
}

impl<'a, E> Argument<'a, E> {
    /// The entry for a place of the output.
    fn at(&self, place: usize, shape: &[usize]) -> &'a E {
        match &self.strides {
            None => &self.list[place],
            Some(_) if self.list.len() == 1 => &self.list[0],
            Some(strides) => &self.list[broadcast_place(place, shape, strides)],
        }
    }
}

/// A tap outside of the signal.
const OUTSIDE: u32 = u32::MAX;

/// The place of each tap in the signal, for each position of the output.
fn window_places(windows: &Convolution, space: &[usize], kernel: &[usize], out: &[usize]) -> Vec<u32> {
    let mut places = Vec::with_capacity(out.iter().chain(kernel).product());
    for position in ndarray::indices(out) {
        for tap in ndarray::indices(kernel) {
            let place = (0..space.len()).try_fold(0, |flat, axis| {
                let place = position[axis] * windows.stride[axis] + tap[axis] * windows.dilation[axis];
                let place = place.checked_sub(windows.padding[axis].0)?;
                (place < space[axis]).then(|| flat * space[axis] + place)
            });
            places.push(place.map_or(OUTSIDE, |place| place as u32));
        }
    }
    places
}

/// The step in the input for each axis of the output; 0 where the input is broadcast.
fn broadcast_strides(input: &[usize], output: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; output.len()];
    let mut step = 1;
    let missing = output.len() - input.len();
    for axis in (0..input.len()).rev() {
        if input[axis] != 1 {
            strides[axis + missing] = step;
        }
        step *= input[axis];
    }
    strides
}

fn broadcast_place(mut place: usize, shape: &[usize], strides: &[usize]) -> usize {
    let mut result = 0;
    for axis in (0..shape.len()).rev() {
        result += place % shape[axis] * strides[axis];
        place /= shape[axis];
    }
    result
}
