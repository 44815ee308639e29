//! Steps and what is folded instead of them.
//!
//! What is folded never changes what a reading means: integers are computed exactly, and floats only where
//! the result is a float itself, not rounded. Entries that are only moved are moved at once. Everything else,
//! the scale over the root of a variance say, stays in the program as steps over constants. Where a shape or
//! an index depends on such a step, it is taken as the types of the model round it, since that is what it is
//! on a machine.

use std::collections::HashMap;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::function::integer_value;
use super::super::{
    Convolution, ElementType, Function, Lists, Operation, Origin, Program, Reduction, Slot, Source, Step,
    data,
};
use super::value::{Content, Value};

/// Rounded values are kept of tensors with at most so many entries; shapes and indices are small.
const ROUNDED_ENTRIES: usize = 4096;

/// A program under construction.
pub(in crate::model) struct Builder {
    pub(in crate::model) program: Program,
    /// The number of the node that is lowered.
    pub(in crate::model) node: usize,
    /// The greatest number of entries of the program, and how many there are.
    pub(in crate::model) limit: usize,
    used: usize,
    /// The slots of constants, by the place of their numbers in memory, which the slot keeps alive.
    constants: HashMap<usize, usize>,
}

impl Builder {
    pub(in crate::model) fn new(limit: usize) -> Self {
        // Entries are numbered in 32 bits.
        let limit = limit.min(u32::MAX as usize - 1);
        Builder { program: Program::default(), node: 0, limit, used: 0, constants: HashMap::new() }
    }

    /// Counts the entries of something that is about to be made.
    pub(in crate::model) fn claim(&mut self, shape: &[usize]) -> Result<usize, Refusal> {
        let count = data::entries(shape, self.limit)?;
        self.claim_entries(count)?;
        Ok(count)
    }

    pub(in crate::model) fn claim_entries(&mut self, count: usize) -> Result<(), Refusal> {
        self.used = self.used.saturating_add(count);
        if self.used > self.limit { Err(Refusal::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    fn new_slot(&mut self, shape: &[usize], element: ElementType, origin: Origin) -> usize {
        self.program.slots.push(Slot { name: None, shape: shape.to_vec(), element, origin });
        self.program.slots.len() - 1
    }

    /// The slot of an input of the model.
    pub(in crate::model) fn input(
        &mut self,
        shape: &[usize],
        element: ElementType,
    ) -> Result<Value, Refusal> {
        self.claim(shape)?;
        let slot = self.new_slot(shape, element, Origin::Input(self.program.inputs.len()));
        self.program.inputs.push(slot);
        Ok(Value { shape: shape.to_vec(), element, content: Content::Slot { slot, rounded: None } })
    }

    /// The slot of a tensor; one that is known becomes a constant of the program.
    pub(in crate::model) fn slot(&mut self, value: &Value) -> Result<usize, Refusal> {
        let (place, array) = match &value.content {
            Content::Slot { slot, .. } => return Ok(*slot),
            Content::Floats(array) => (Arc::as_ptr(array) as usize, Some(array.clone())),
            Content::Integers(array) => (Arc::as_ptr(array) as usize, None),
        };
        if let Some(&slot) = self.constants.get(&place)
            && array.is_some()
        {
            return Ok(slot);
        }
        let Some(array) = array.or_else(|| value.known_floats().map(Arc::new)) else {
            return Err(Refusal::Unsupported("an integer of more than 53 bits in a computation".to_owned()));
        };
        self.claim_entries(array.len())?;
        let place = Arc::as_ptr(&array) as usize;
        let slot = self.new_slot(&value.shape, value.element, Origin::Constant(array));
        self.constants.insert(place, slot);
        Ok(slot)
    }

    /// The slot of a tensor, if it has one already.
    pub(in crate::model) fn existing_slot(&self, value: &Value) -> Option<usize> {
        match &value.content {
            Content::Slot { slot, .. } => Some(*slot),
            Content::Floats(array) => self.constants.get(&(Arc::as_ptr(array) as usize)).copied(),
            Content::Integers(_) => None,
        }
    }

    fn step(
        &mut self,
        operation: Operation,
        inputs: &[&Value],
        shape: &[usize],
        element: ElementType,
    ) -> Result<Value, Refusal> {
        self.claim(shape)?;
        let inputs = inputs.iter().map(|value| self.slot(value)).collect::<Result<Vec<_>, _>>()?;
        let output = self.new_slot(shape, element, Origin::Step(self.program.steps.len()));
        self.program.steps.push(Step { node: self.node, operation, inputs, output });
        let content = Content::Slot { slot: output, rounded: None };
        Ok(Value { shape: shape.to_vec(), element, content })
    }

    /// A function, entry by entry, of inputs that are broadcast to one shape.
    pub(in crate::model) fn pointwise(
        &mut self,
        function: Function,
        inputs: &[&Value],
        element: ElementType,
    ) -> Result<Value, Refusal> {
        let shape = broadcast(inputs.iter().map(|value| value.shape.as_slice()))?;
        let integers = inputs.iter().map(|value| match &value.content {
            Content::Integers(array) => Some(array),
            _ => None,
        });
        if let Some(integers) = integers.collect::<Option<Vec<_>>>()
            && !element.is_float()
        {
            self.claim(&shape)?;
            let views = integers.iter().map(|array| array.broadcast(IxDyn(&shape)).expect("broadcast above"));
            let mut lists = views.map(|view| view.into_iter()).collect::<Vec<_>>();
            let count = shape.iter().product::<usize>();
            let values = (0..count).map(|_| {
                let arguments = lists.iter_mut().filter_map(Iterator::next).copied().collect::<Vec<_>>();
                let value = integer_value(&function, &arguments).map(|value| element.wrap(value));
                value.and_then(|value| i64::try_from(value).ok())
            });
            return match values.collect::<Option<Vec<_>>>() {
                Some(values) => Ok(Value::integers(&shape, values).with_element(element)),
                None => malformed(format!("{function} of these integers has no value")),
            };
        }
        let is_known = inputs.iter().all(|value| !matches!(value.content, Content::Slot { .. }));
        let known =
            is_known.then(|| inputs.iter().map(|value| value.known_floats()).collect::<Option<Vec<_>>>());
        if let Some(known) = known.flatten()
            && let Some(folded) = entrywise(&known, &shape, |arguments| function.exact_value(arguments))
        {
            self.claim(&shape)?;
            return Ok(known_value(element, folded));
        }
        let rounded = self
            .rounded(inputs, &shape, |arguments| function.value(arguments).map(|value| element.round(value)));
        let value = self.step(Operation::Pointwise(function), inputs, &shape, element)?;
        Ok(with_rounded(value, rounded))
    }

    fn rounded(
        &self,
        inputs: &[&Value],
        shape: &[usize],
        function: impl Fn(&[f64]) -> Option<f64>,
    ) -> Option<ArrayD<f64>> {
        if shape.iter().product::<usize>() > ROUNDED_ENTRIES {
            return None;
        }
        let inputs = inputs.iter().map(|value| value.rounded()).collect::<Option<Vec<_>>>()?;
        entrywise(&inputs, shape, function)
    }

    /// The places of the entries of an input, to be moved about as the entries shall be.
    pub(in crate::model) fn places(&mut self, input: u32, value: &Value) -> Result<ArrayD<Source>, Refusal> {
        let count = data::entries(&value.shape, u32::MAX as usize)?;
        self.claim_entries(count)?;
        let places = (0..count).map(|entry| Source::Entry { input, entry: entry as u32 }).collect();
        Ok(ArrayD::from_shape_vec(IxDyn(&value.shape), places).expect("as many places as entries"))
    }

    /// Entries at other places. All inputs and the output have one type.
    pub(in crate::model) fn rearrange(
        &mut self,
        inputs: &[&Value],
        places: ArrayD<Source>,
        element: ElementType,
    ) -> Result<Value, Refusal> {
        let shape = places.shape().to_vec();
        self.claim(&shape)?;
        let sources = places.iter().copied().collect::<Vec<_>>();
        let mut used = vec![false; inputs.len()];
        for source in &sources {
            if let Source::Entry { input, .. } = source {
                used[*input as usize] = true;
            }
        }
        let is_constant = inputs.iter().zip(&used).all(|(value, &used)| {
            !used || matches!(value.content, Content::Floats(_) | Content::Integers(_))
        });
        if is_constant {
            return Ok(moved(inputs, &sources, &shape, element));
        }
        if let Some(same) = identity(inputs, &sources, &shape).filter(|same| same.element == element) {
            return Ok(same);
        }
        let rounded = (sources.len() <= ROUNDED_ENTRIES)
            .then(|| {
                let inputs = inputs.iter().map(|value| value.rounded()).collect::<Option<Vec<_>>>()?;
                let inputs =
                    inputs.iter().map(|array| array.iter().copied().collect()).collect::<Vec<Vec<_>>>();
                let values = sources.iter().map(|source| match *source {
                    Source::Entry { input, entry } => inputs[input as usize][entry as usize],
                    Source::Constant(value) => value,
                });
                ArrayD::from_shape_vec(IxDyn(&shape), values.collect()).ok()
            })
            .flatten();
        let value = self.step(Operation::Rearrange(sources.into()), inputs, &shape, element)?;
        Ok(with_rounded(value, rounded))
    }

    /// The same entries, in the same order, in another shape.
    pub(in crate::model) fn reshape(&mut self, value: &Value, shape: &[usize]) -> Result<Value, Refusal> {
        if value.shape == shape {
            return Ok(value.clone());
        }
        if data::entries(shape, self.limit)? != value.len() {
            return malformed(format!("{:?} cannot be reshaped to {shape:?}", value.shape));
        }
        let places = self.places(0, value)?;
        let places = places.into_shape_with_order(IxDyn(shape)).expect("as many places as entries");
        self.rearrange(&[value], places, value.element)
    }

    /// A number for each list of entries; `shape` is that of the output.
    pub(in crate::model) fn reduce(
        &mut self,
        reduction: Reduction,
        value: &Value,
        lists: Lists,
        shape: &[usize],
        element: ElementType,
    ) -> Result<Value, Refusal> {
        self.claim_entries(lists.members.len())?;
        self.step(Operation::Reduce(reduction, Arc::new(lists)), &[value], shape, element)
    }

    /// A correlation; the shape of the output is the caller's.
    pub(in crate::model) fn convolution(
        &mut self,
        windows: Convolution,
        inputs: &[&Value],
        shape: &[usize],
    ) -> Result<Value, Refusal> {
        let element = inputs[0].element;
        // What a run keeps: the place of each tap of each window.
        let places = shape[2..].iter().chain(&inputs[1].shape[2..]).copied().collect::<Vec<_>>();
        self.claim(&places)?;
        self.step(Operation::Convolution(windows), inputs, shape, element)
    }

    /// Products of matrices (batch…, rows, inner) and (batch…, inner, columns).
    pub(in crate::model) fn product(
        &mut self,
        a: &Value,
        b: &Value,
        element: ElementType,
    ) -> Result<Value, Refusal> {
        let mut shape = a.shape.clone();
        shape[a.rank() - 1] = b.shape[b.rank() - 1];
        self.step(Operation::Product, &[a, b], &shape, element)
    }
}

/// The shape to which arrays are broadcast, as in NumPy.
pub(in crate::model) fn broadcast<'a>(
    shapes: impl Iterator<Item = &'a [usize]>,
) -> Result<Vec<usize>, Refusal> {
    shapes.map(<[usize]>::to_vec).try_fold(Vec::new(), |result, shape| {
        let rank = result.len().max(shape.len());
        let extent = |shape: &[usize], axis: usize| {
            (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis])
        };
        (0..rank)
            .map(|axis| match (extent(&result, axis), extent(&shape, axis)) {
                (a, b) if a == b || b == 1 => Ok(a),
                (1, b) => Ok(b),
                _ => malformed(format!("shapes {result:?} and {shape:?} cannot be broadcast")),
            })
            .collect()
    })
}

fn entrywise(
    inputs: &[ArrayD<f64>],
    shape: &[usize],
    function: impl Fn(&[f64]) -> Option<f64>,
) -> Option<ArrayD<f64>> {
    let views = inputs.iter().map(|array| array.broadcast(IxDyn(shape))).collect::<Option<Vec<_>>>()?;
    let mut result = ArrayD::zeros(IxDyn(shape));
    let mut lists = views.iter().map(|view| view.iter()).collect::<Vec<_>>();
    let mut arguments = vec![0.0; inputs.len()];
    for entry in &mut result {
        for (argument, list) in arguments.iter_mut().zip(&mut lists) {
            *argument = *list.next()?;
        }
        *entry = function(&arguments)?;
    }
    Some(result)
}

/// Numbers of this type that are known.
pub(in crate::model) fn known_value(element: ElementType, array: ArrayD<f64>) -> Value {
    if element.is_float() {
        return Value::floats(element, array);
    }
    let integers = array.iter().map(|&value| value as i64).collect();
    Value::integers(array.shape(), integers).with_element(element)
}

fn with_rounded(mut value: Value, array: Option<ArrayD<f64>>) -> Value {
    if let Content::Slot { rounded, .. } = &mut value.content {
        *rounded = array.map(Arc::new);
    }
    value
}

/// The only input, if nothing moves.
fn identity(inputs: &[&Value], sources: &[Source], shape: &[usize]) -> Option<Value> {
    let same = inputs.iter().position(|value| value.shape == shape)?;
    let stays = |(place, source): (usize, &Source)| {
        *source == Source::Entry { input: same as u32, entry: place as u32 }
    };
    sources.iter().enumerate().all(stays).then(|| inputs[same].clone())
}

/// Entries of constants at other places.
fn moved(inputs: &[&Value], sources: &[Source], shape: &[usize], element: ElementType) -> Value {
    if element.is_float() {
        let inputs = inputs.iter().map(|value| value.known_floats()).collect::<Vec<_>>();
        let flat = inputs.iter().map(|array| array.as_ref().and_then(|array| array.as_slice()));
        let flat = flat.collect::<Vec<_>>();
        let values = sources.iter().map(|source| match *source {
            Source::Entry { input, entry } => {
                flat[input as usize].map_or(f64::NAN, |list| list[entry as usize])
            }
            Source::Constant(value) => value,
        });
        let array = ArrayD::from_shape_vec(IxDyn(shape), values.collect()).expect("a source for each entry");
        return Value::floats(element, array);
    }
    let lists = inputs.iter().map(|value| match &value.content {
        Content::Integers(array) => array.as_slice(),
        _ => None,
    });
    let lists = lists.collect::<Vec<_>>();
    let values = sources.iter().map(|source| match *source {
        Source::Entry { input, entry } => lists[input as usize].map_or(0, |list| list[entry as usize]),
        Source::Constant(value) => value as i64,
    });
    Value::integers(shape, values.collect()).with_element(element)
}
