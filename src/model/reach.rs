//! Reading a program for what it depends on: which entries of the inputs an entry may see.
//!
//! The entries are not kept one by one but as a box: for each axis of each input, the least and the greatest
//! index. A convolution of taps k thus has the box of its window, a composition that of its receptive field;
//! circular padding reaches from one end to the other. A factor that is exactly zero is passed over. Cost:
//! for each product of a sum, as many comparisons as the inputs have axes.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::{Arithmetic, Function, Program, Symbol, Unreadable};

/// What an entry may see.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Whether it is zero whatever the inputs are.
    is_zero: bool,
    /// The least and the greatest index for each axis, the axes of all inputs one after the other; empty
    /// intervals for an input that is not seen. `None` if none is seen.
    intervals: Option<Arc<[(u32, u32)]>>,
}

const EMPTY: (u32, u32) = (u32::MAX, 0);

/// Dependency on the inputs of a program.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Where the axes of each input begin, and the end of the last.
    offsets: Vec<usize>,
}

impl Dependency {
    /// The reading for this program.
    pub fn on(program: &Program) -> Self {
        let mut offsets = vec![0];
        for &input in &program.inputs {
            offsets.push(offsets[offsets.len() - 1] + program.slots[input].shape.len());
        }
        Dependency { offsets }
    }

    /// The inputs of the program: each entry sees itself.
    pub fn inputs(&self, program: &Program) -> Vec<ArrayD<Reach>> {
        let axes = self.offsets[self.offsets.len() - 1];
        let arrays = program.inputs.iter().enumerate().map(|(input, &slot)| {
            ArrayD::from_shape_fn(IxDyn(&program.slots[slot].shape), |index| {
                let mut intervals = vec![EMPTY; axes];
                for (axis, interval) in
                    intervals[self.offsets[input]..self.offsets[input + 1]].iter_mut().enumerate()
                {
                    *interval = (index[axis] as u32, index[axis] as u32);
                }
                Reach { is_zero: false, intervals: Some(intervals.into()) }
            })
        });
        arrays.collect()
    }

    /// The least and the greatest index that is seen of each axis of an input; `None` if none of its entries
    /// is. An input without axes is seen or not as the others are.
    pub fn of_input(&self, reach: &Reach, input: usize) -> Option<Vec<(usize, usize)>> {
        let intervals = reach.intervals.as_ref()?;
        let own = &intervals[self.offsets[input]..self.offsets[input + 1]];
        own.iter().map(|&(low, high)| (low <= high).then_some((low as usize, high as usize))).collect()
    }
}

/// All that one of them sees.
fn union<'a>(entries: impl Iterator<Item = &'a Reach>) -> Reach {
    let mut first: Option<&Arc<[(u32, u32)]>> = None;
    let mut wider: Option<Vec<(u32, u32)>> = None;
    let mut is_zero = true;
    for entry in entries {
        is_zero &= entry.is_zero;
        let Some(intervals) = &entry.intervals else { continue };
        let Some(begun) = first else {
            first = Some(intervals);
            continue;
        };
        if Arc::ptr_eq(begun, intervals) {
            continue;
        }
        let so_far = wider.as_deref().unwrap_or(begun);
        if so_far.iter().zip(intervals.iter()).any(|(a, b)| b.0 < a.0 || b.1 > a.1) {
            let so_far = wider.get_or_insert_with(|| begun.to_vec());
            for (a, b) in so_far.iter_mut().zip(intervals.iter()) {
                *a = (a.0.min(b.0), a.1.max(b.1));
            }
        }
    }
    Reach { is_zero, intervals: wider.map(Into::into).or_else(|| first.cloned()) }
}

fn product(a: &Reach, b: &Reach) -> Reach {
    if a.is_zero || b.is_zero { Reach { is_zero: true, intervals: None } } else { union([a, b].into_iter()) }
}

impl Arithmetic for Dependency {
    type Element = Reach;

    fn constant(&self, value: f64) -> Reach {
        Reach { is_zero: value == 0.0, intervals: None }
    }

    fn dot(&self, a: &[Reach], b: &[Reach]) -> Reach {
        let seen = a.iter().zip(b).filter(|(a, b)| !a.is_zero && !b.is_zero);
        union(seen.flat_map(|(a, b)| [a, b]))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Reach>) -> Reach {
        union(entries)
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Reach>) -> Result<Reach, Unreadable> {
        Ok(union(entries))
    }

    fn apply(&self, function: &Function, arguments: &[&Reach]) -> Result<Reach, Unreadable> {
        let keeps_zero = matches!(
            function,
            Function::Add | Function::Subtract | Function::Negate | Function::Maximum | Function::Minimum
        );
        Ok(match (function, arguments) {
            (Function::Multiply, [a, b]) => product(a, b),
            _ => {
                let all = union(arguments.iter().copied());
                Reach { is_zero: all.is_zero && keeps_zero, ..all }
            }
        })
    }

    fn apply_to_list(&self, _: &Symbol, list: &[&Reach]) -> Result<Reach, Unreadable> {
        Ok(Reach { is_zero: false, ..union(list.iter().copied()) })
    }
}
