//! What each entry of a step is computed from: the one description of the five operations on which
//! certificates and mending rest.
//!
//! An entry of a result is a function of a *bag* of terms. A term has two atoms: an entry that is read, a
//! number, or nothing. Where the order counts, the second atom is the place in the order. Two entries of one
//! step with equal bags have equal values, whatever the values of what they read are: sums, products and
//! maxima do not depend on the order of their terms.
//!
//! | operation | terms of an entry |
//! |---|---|
//! | sum, product, maximum … of two entries | each argument |
//! | any other function | each argument with its place |
//! | rearrangement | the source |
//! | reduction | each member of the list with its factor, or its place |
//! | convolution | each entry under the window with its weight; the bias |
//! | product of matrices | each entry of the row with that of the column |

use crate::model::{Function, Lists, Operation, Program, Reduction, Source, Step};

/// A part of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::model) enum Atom {
    /// Nothing.
    Nothing,
    /// A number, by the bits of a float; both zeros have the same.
    Number(u64),
    /// An entry of an input of the step.
    Entry { slot: usize, entry: usize },
}

/// A number as an atom.
pub(in crate::model) fn number(value: f64) -> Atom {
    Atom::Number(if value == 0.0 { 0 } else { value.to_bits() })
}

/// A term.
pub(in crate::model) type Term = [Atom; 2];

/// A step whose entries can be asked for their terms.
pub(in crate::model) struct Terms<'p> {
    step: &'p Step,
    shapes: Vec<&'p [usize]>,
    output: &'p [usize],
}

impl<'p> Terms<'p> {
    pub(in crate::model) fn new(program: &'p Program, step: &'p Step) -> Self {
        let shape = |slot: usize| program.slots[slot].shape.as_slice();
        let shapes = step.inputs.iter().map(|&input| shape(input)).collect();
        Terms { step, shapes, output: shape(step.output) }
    }

    /// About how many terms all results of a program have: what a run of it takes.
    pub(in crate::model) fn work(program: &'p Program) -> f64 {
        let terms = program.steps.iter().map(|step| Terms::new(program, step));
        terms.map(|terms| terms.count() as f64 * terms.width() as f64).sum()
    }

    /// How many entries the result has.
    pub(in crate::model) fn count(&self) -> usize {
        self.output.iter().product()
    }

    /// About how many terms an entry has.
    pub(in crate::model) fn width(&self) -> usize {
        match &self.step.operation {
            Operation::Convolution(_) => self.shapes[1][1..].iter().product(),
            Operation::Product => self.shapes[0].last().copied().unwrap_or(1),
            Operation::Reduce(_, lists) => lists.members.len() / lists.offsets.len().max(1) + 1,
            _ => 2,
        }
    }

    /// Whether equal terms count once.
    pub(in crate::model) fn is_set(&self) -> bool {
        match &self.step.operation {
            Operation::Pointwise(function) => matches!(function, Function::Maximum | Function::Minimum),
            Operation::Reduce(reduction, _) => matches!(reduction, Reduction::Maximum | Reduction::Minimum),
            _ => false,
        }
    }

    /// Whether a term with a zero among its atoms adds nothing.
    pub(in crate::model) fn is_bilinear(&self) -> bool {
        matches!(self.step.operation, Operation::Convolution(_) | Operation::Product)
    }

    fn atom(&self, input: usize, entry: usize) -> Atom {
        Atom::Entry { slot: self.step.inputs[input], entry }
    }

    /// The terms of an entry of the result, in the order of the definition.
    pub(in crate::model) fn of(&self, entry: usize, terms: &mut Vec<Term>) {
        terms.clear();
        match &self.step.operation {
            Operation::Pointwise(function) => self.pointwise(function, entry, terms),
            Operation::Rearrange(sources) => terms.push(match sources[entry] {
                Source::Entry { input, entry } => [self.atom(input as usize, entry as usize), Atom::Nothing],
                Source::Constant(value) => [number(value), Atom::Nothing],
            }),
            Operation::Reduce(reduction, lists) => self.reduce(reduction, lists, entry, terms),
            Operation::Convolution(_) => self.convolution(entry, terms),
            Operation::Product => self.product(entry, terms),
        }
    }

    fn pointwise(&self, function: &Function, entry: usize, terms: &mut Vec<Term>) {
        let is_symmetric =
            matches!(function, Function::Add | Function::Multiply | Function::Maximum | Function::Minimum);
        let place = unravel(entry, self.output);
        for (input, shape) in self.shapes.iter().enumerate() {
            let missing = self.output.len() - shape.len();
            let source = shape.iter().enumerate().fold(0, |flat, (axis, &extent)| {
                flat * extent + if extent == 1 { 0 } else { place[axis + missing] }
            });
            let order = if is_symmetric { Atom::Nothing } else { Atom::Number(input as u64) };
            terms.push([self.atom(input, source), order]);
        }
    }

    fn reduce(&self, reduction: &Reduction, lists: &Lists, entry: usize, terms: &mut Vec<Term>) {
        let count = lists.offsets.len() - 1;
        let (plane, list) = (entry / count, entry % count);
        for place in lists.offsets[list]..lists.offsets[list + 1] {
            let member = plane * lists.entries + lists.members[place] as usize;
            let second = match (reduction, &lists.factors) {
                (Reduction::Sum, Some(factors)) => number(factors[place]),
                (Reduction::Other(_), _) => Atom::Number((place - lists.offsets[list]) as u64),
                _ => Atom::Nothing,
            };
            terms.push([self.atom(0, member), second]);
        }
    }

    fn convolution(&self, entry: usize, terms: &mut Vec<Term>) {
        let Operation::Convolution(windows) = &self.step.operation else { return };
        let (signal, kernel) = (self.shapes[0], self.shapes[1]);
        let place = unravel(entry, self.output);
        let (sample, map, position) = (place[0], place[1], &place[2..]);
        let channels = kernel[1];
        let group = map / (kernel[0] / windows.groups);
        let (space, taps) = (&signal[2..], &kernel[2..]);
        let area: usize = space.iter().product();
        let count: usize = taps.iter().product();
        for tap in 0..count {
            let source = windows.entry(space, position, &unravel(tap, taps));
            let Some(source) = source else { continue };
            for channel in 0..channels {
                let plane = sample * signal[1] + group * channels + channel;
                terms.push([
                    self.atom(0, plane * area + source),
                    self.atom(1, (map * channels + channel) * count + tap),
                ]);
            }
        }
        if self.shapes.len() > 2 {
            terms.push([self.atom(2, map), Atom::Nothing]);
        }
    }

    fn product(&self, entry: usize, terms: &mut Vec<Term>) {
        let (left, right) = (self.shapes[0], self.shapes[1]);
        let rank = left.len();
        let (rows, inner, columns) = (left[rank - 2], left[rank - 1], right[rank - 1]);
        let (batch, row, column) = (entry / (rows * columns), entry / columns % rows, entry % columns);
        for k in 0..inner {
            let (a, b) = ((batch * rows + row) * inner + k, (batch * inner + k) * columns + column);
            terms.push([self.atom(0, a), self.atom(1, b)]);
        }
    }
}

fn unravel(mut entry: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        place[axis] = entry % shape[axis];
        entry /= shape[axis];
    }
    place
}
