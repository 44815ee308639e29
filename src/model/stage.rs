//! One step of a program over any arithmetic.
//!
//! Entries of an output do not depend on each other, so that threads share them. A convolution gathers the
//! windows of a block of positions, one row each, and takes the product of each row with each row of the
//! kernel; a block is as large as a cache. Both convolution and product are [`Arithmetic::dot`] of two
//! slices, whatever the scalar. Cost: the products of the definition, and one copy of a window for each
//! position.

use std::sync::Arc;

use ndarray::ArrayD;
use rayon::prelude::*;

use super::{
    Arithmetic, Convolution, ElementType, Function, Lists, Operation, Reduction, Source, Unreadable,
};

/// Entries of rows that a block of a convolution has at most, so that they stay in a cache.
const BLOCK: usize = 1 << 16;
/// Work for one thread below which it is not shared: a thread is woken in some microseconds.
pub(super) const GRAIN: usize = 1 << 12;

/// A step that runs.
pub(super) struct Stage<'a, A: Arithmetic> {
    pub(super) arithmetic: &'a A,
    /// The type of the output.
    pub(super) element: ElementType,
    /// The shape of the output.
    pub(super) shape: &'a [usize],
    pub(super) inputs: &'a [Arc<ArrayD<A::Element>>],
    /// Whether an input is of another type.
    pub(super) casts: bool,
}

pub(super) type Entries<E> = Result<Vec<E>, Unreadable>;

impl<A: Arithmetic> Stage<'_, A> {
    /// The entries of the output.
    pub(super) fn run(&self, operation: &Operation) -> Entries<A::Element> {
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
            Argument { list: self.list(input), places: Places::new(shape, self.shape) }
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
            let group = plane % windows.groups;
            let input = &signal[plane * channels * area..][..channels * area];
            let output = &mut result[plane * maps * positions..][..maps * positions];
            let kernel = &kernel[group * maps * length..][..maps * length];
            for start in (0..positions).step_by(block) {
                let end = (start + block).min(positions);
                let mut rows = Vec::with_capacity((end - start) * length);
                for position in start..end {
                    let places = &places[position * taps..][..taps];
                    for channel in 0..channels {
                        let channel = &input[channel * area..][..area];
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
                        let bias = bias.map(|bias| &bias[group * maps + map]);
                        let line = &mut line[start..end];
                        self.arithmetic.dots(weights, &rows, bias, line);
                        for entry in line {
                            *entry = self.stored(entry.clone());
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
            let mut turned = Vec::with_capacity(columns * inner);
            for column in 0..columns {
                turned.extend(right.iter().skip(column).step_by(columns).cloned());
            }
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
    places: Places,
}

/// Where an input has its entry for a place of the output.
enum Places {
    /// At the same place.
    Same,
    /// The axes of the input are neighbours: `place / inner % block`.
    Repeated { inner: usize, block: usize },
    /// Anywhere: the step in the input for each axis of the output.
    Strided(Vec<usize>),
}

impl Places {
    fn new(input: &[usize], output: &[usize]) -> Self {
        if input == output {
            return Places::Same;
        }
        let missing = output.len() - input.len();
        let is_wide = |axis: &usize| *axis >= missing && input[axis - missing] != 1;
        let first = (0..output.len()).find(is_wide).unwrap_or(output.len());
        let last = (0..output.len()).rev().find(is_wide).map_or(first, |axis| axis + 1);
        if (first..last).all(|axis| is_wide(&axis) || output[axis] == 1) {
            let size = |axes: &[usize]| axes.iter().product::<usize>().max(1);
            return Places::Repeated { inner: size(&output[last..]), block: size(&output[first..last]) };
        }
        Places::Strided(broadcast_strides(input, output))
    }
}

impl<'a, E> Argument<'a, E> {
    /// The entry for a place of the output.
    fn at(&self, place: usize, shape: &[usize]) -> &'a E {
        match &self.places {
            Places::Same => &self.list[place],
            Places::Repeated { inner, block } => &self.list[place / inner % block],
            Places::Strided(strides) => &self.list[broadcast_place(place, shape, strides)],
        }
    }
}

/// A tap outside of the signal.
const OUTSIDE: u32 = u32::MAX;

/// The place of each tap in the signal, for each position of the output: along one axis after the other.
fn window_places(windows: &Convolution, space: &[usize], kernel: &[usize], out: &[usize]) -> Vec<u32> {
    let (mut places, mut taps) = (vec![0_u32], 1);
    for axis in 0..space.len() {
        let extent = space[axis] as u32;
        // The places along this axis for each tap, one row for each position.
        let rows = (0..out[axis]).map(|position| {
            let of_tap =
                |tap| windows.along(axis, space[axis], position, tap).map_or(OUTSIDE, |at| at as u32);
            (0..kernel[axis]).map(of_tap).collect::<Vec<_>>()
        });
        let rows = rows.collect::<Vec<_>>();
        let mut wider = Vec::with_capacity(places.len() * out[axis] * kernel[axis]);
        for before in places.chunks(taps.max(1)) {
            for row in &rows {
                for &place in before {
                    let is_outside = |at: u32| place == OUTSIDE || at == OUTSIDE;
                    let flat = |&at: &u32| if is_outside(at) { OUTSIDE } else { place * extent + at };
                    wider.extend(row.iter().map(flat));
                }
            }
        }
        taps *= kernel[axis];
        places = wider;
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
