//! Mending: weights that are symmetric up to their own rounding are made symmetric.
//!
//! Frameworks expand banks of filters in floats, and leave copies that differ by a few units in the last
//! place. From the motions of all tensors, found as the nearest ones in `f64`, follows which weights have to
//! be equal: an entry of a result and the entry that it moves to read twins, so that their weights have to be
//! twins too. Classes of weights that have to be equal are collected over all steps; each becomes its mean,
//! rounded to the type of the tensor. Nothing is concluded from this: the mended model is proved like any
//! other. Where a motion is lost, the steps before it are mended all the same, so that the step at fault is
//! told from the rounding before it.

use std::sync::Arc;

use ndarray::ArrayD;

use super::exact::{Moving, varying};
use super::measured::nearest;
use super::motion::Motion;
use super::terms::{Atom, Term, Terms};
use crate::model::run::RunError;
use crate::model::{Floats, Operation, Origin, Program, Step};

/// By how many units in the last place of the largest weight of its tensor a weight may be changed.
const MOST_ULPS: f64 = 64.0;
/// The relative error up to which a motion of a tensor is taken for the true one.
pub(in crate::model) const NEAR: f64 = 1e-3;
/// A program with symmetric weights.
#[derive(Clone, Debug)]
pub(in crate::model) struct Mended {
    pub(in crate::model) program: Program,
    /// The greatest change of a weight, over the greatest weight of its tensor.
    pub(in crate::model) defect: f64,
    /// The greatest change of a weight.
    pub(in crate::model) change: f64,
}

/// Mends a program for these motions; `None` where nothing is changed.
pub(in crate::model) fn mend(
    program: &Program,
    moving: &Moving,
    motions: &[&Motion],
    inputs: &[ArrayD<f64>],
) -> Result<Option<Mended>, RunError> {
    let varies = varying(program);
    let floats = program.prepare(&Floats::double());
    let before = floats.run(inputs)?;
    let mut classes = Classes::new(program, &varies);
    for motion in motions {
        let Some(moved) = moving.apply(motion, inputs) else { return Ok(None) };
        let after = floats.run(&moved)?;
        // What no motion explains is met by a step that leads nowhere: a dead branch, or a model that is
        // broken.
        let sources: Vec<Option<Vec<u32>>> = (0..program.slots.len())
            .map(|slot| {
                if !varies[slot] {
                    return None;
                }
                let (twin, error) = nearest(motion, &moving.own, &before[slot], &after[slot]);
                if error <= NEAR { twin.sources() } else { None }
            })
            .collect();
        for step in program.steps.iter().filter(|step| varies[step.output]) {
            if let Some(pairs) = pairs(program, step, &varies, &sources) {
                pairs.into_iter().for_each(|(one, other)| classes.unite(one, other));
            }
        }
    }
    classes.through_constants(program, &varies);
    let mended = classes.average(program);
    Ok((mended.change > 0.0).then_some(mended))
}

/// Which entries of tensors that do not vary have to be equal.
struct Classes {
    /// The number of the first entry of each slot.
    first: Vec<usize>,
    parent: Vec<u32>,
}

impl Classes {
    fn new(program: &Program, varies: &[bool]) -> Self {
        let mut count = 0;
        let first = program
            .slots
            .iter()
            .zip(varies)
            .map(|(slot, varies)| {
                let first = count;
                count += if *varies { 0 } else { slot.shape.iter().product::<usize>() };
                first
            })
            .collect();
        Classes { first, parent: (0..count as u32).collect() }
    }

    fn root(&mut self, mut entry: usize) -> usize {
        while self.parent[entry] as usize != entry {
            let parent = self.parent[entry] as usize;
            self.parent[entry] = self.parent[parent];
            entry = parent;
        }
        entry
    }

    fn unite(&mut self, one: (usize, usize), other: (usize, usize)) {
        let roots = [one, other].map(|(slot, entry)| self.root(self.first[slot] + entry));
        self.parent[roots[0].max(roots[1])] = roots[0].min(roots[1]) as u32;
    }

    /// Entries that are computed from constants are equal if what they are computed from is.
    fn through_constants(&mut self, program: &Program, varies: &[bool]) {
        for step in program.steps.iter().rev().filter(|step| !varies[step.output]) {
            let terms = Terms::new(program, step);
            let first = self.first[step.output];
            let (mut own, mut twin) = (Vec::new(), Vec::new());
            for entry in 0..terms.count() {
                let root = self.root(first + entry);
                if root == first + entry || root < first || root >= first + terms.count() {
                    continue;
                }
                terms.of(entry, &mut own);
                terms.of(root - first, &mut twin);
                for (one, other) in own.iter().flatten().zip(twin.iter().flatten()) {
                    if let (Atom::Entry { slot: a, entry: i }, Atom::Entry { slot: b, entry: j }) =
                        (*one, *other)
                    {
                        self.unite((a, i), (b, j));
                    }
                }
            }
        }
    }

    /// The program with the mean of each class, in tensors where no weight changes by more than its own
    /// rounding.
    fn average(mut self, program: &Program) -> Mended {
        let mut sums = vec![(0.0, 0.0_f64); self.parent.len()];
        for (number, slot) in program.slots.iter().enumerate() {
            let Origin::Constant(values) = &slot.origin else { continue };
            for (entry, value) in values.iter().enumerate() {
                let root = self.root(self.first[number] + entry);
                sums[root].0 += value;
                sums[root].1 += 1.0;
            }
        }
        let mut mended = Mended { program: program.clone(), defect: 0.0, change: 0.0 };
        for (number, slot) in program.slots.iter().enumerate() {
            let Origin::Constant(values) = &slot.origin else { continue };
            let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let mut changed: ArrayD<f64> = (**values).clone();
            let mut worst = 0.0_f64;
            for (entry, value) in changed.iter_mut().enumerate() {
                let root = self.root(self.first[number] + entry);
                let (sum, count) = sums[root];
                if count > 1.0 {
                    let mean = slot.element.round(sum / count);
                    // Equal numbers stay what they are, whatever the mean is rounded to.
                    if (mean - *value).abs() > 0.0 {
                        worst = worst.max((mean - *value).abs());
                        *value = mean;
                    }
                }
            }
            if worst > 0.0 && worst <= MOST_ULPS * 2.0 * slot.element.unit_roundoff() * largest {
                mended.defect = mended.defect.max(worst / largest);
                mended.change = mended.change.max(worst);
                mended.program.slots[number].origin = Origin::Constant(Arc::new(changed));
            }
        }
        mended
    }
}

/// Two weights, each by its slot and its entry.
type Pair = ((usize, usize), (usize, usize));

/// Which weights have to be equal for a step to give twins; `None` where it gives none, or does not read
/// twins.
fn pairs(program: &Program, step: &Step, varies: &[bool], sources: &[Option<Vec<u32>>]) -> Option<Vec<Pair>> {
    let output = sources[step.output].as_ref()?;
    if step.inputs.iter().any(|&input| varies[input] && sources[input].is_none()) {
        return None;
    }
    if !step.inputs.iter().any(|&input| !varies[input]) {
        return Some(Vec::new());
    }
    let terms = Terms::new(program, step);
    let (mut own, mut twin, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for entry in telling(program, step) {
        terms.of(entry, &mut own);
        terms.of(output[entry] as usize, &mut twin);
        let moved =
            |slot: usize, entry: usize| sources[slot].as_ref().map_or(entry, |list| list[entry] as usize);
        let one = keyed(program, &own, varies, moved);
        let other = keyed(program, &twin, varies, |_, entry| entry);
        if one.len() != other.len() {
            return None;
        }
        for ((key, _, atoms), (twin_key, _, twin_atoms)) in one.into_iter().zip(other) {
            if key != twin_key {
                return None;
            }
            for atoms in atoms.into_iter().zip(twin_atoms) {
                match atoms {
                    (Atom::Entry { slot: a, entry: i }, Atom::Entry { slot: b, entry: j }) => {
                        if (a, i) != (b, j) {
                            pairs.push(((a, i), (b, j)));
                        }
                    }
                    (one, other) if one == other => {}
                    _ => return None,
                }
            }
        }
    }
    Some(pairs)
}

/// Entries that read all weights of a step: of a convolution the middle and both ends of each map, of a
/// product of matrices the first, the middle and the last row; else all.
fn telling(program: &Program, step: &Step) -> Vec<usize> {
    let shape = &program.slots[step.output].shape;
    let count: usize = shape.iter().product();
    let middle = |extents: &[usize]| extents.iter().fold(0, |flat, extent| flat * extent + extent / 2);
    match &step.operation {
        // These read no weights.
        Operation::Rearrange(_) | Operation::Reduce(..) => Vec::new(),
        Operation::Convolution(_) => {
            let area: usize = shape[2..].iter().product();
            let places = [0, middle(&shape[2..]), area.saturating_sub(1)];
            (0..count / area.max(1)).flat_map(|map| places.map(|place| map * area + place)).collect()
        }
        Operation::Product => {
            let [rows, columns] = [shape[shape.len() - 2], shape[shape.len() - 1]];
            let lines = [0, rows / 2, rows.saturating_sub(1)];
            let batches = count / (rows * columns).max(1);
            let of_batch = |batch: usize| lines.map(|row| (batch * rows + row) * columns);
            (0..batches).flat_map(of_batch).flat_map(|first| first..first + columns).collect()
        }
        Operation::Pointwise(_) => (0..count).collect(),
    }
}

/// A term: its entries that vary, the value of its weight, and its atoms with those that vary left out.
type Keyed = ([Option<(usize, usize)>; 2], f64, Term);

/// Terms in the order of the entries that vary, and of their weights where those are equal.
fn keyed(
    program: &Program,
    terms: &[Term],
    varies: &[bool],
    moved: impl Fn(usize, usize) -> usize,
) -> Vec<Keyed> {
    let mut keyed: Vec<Keyed> = terms
        .iter()
        .map(|term| {
            let mut value = 0.0;
            let mut fixed = *term;
            let mut key = [None; 2];
            for (atom, key) in fixed.iter_mut().zip(&mut key) {
                let Atom::Entry { slot, entry } = *atom else { continue };
                if varies[slot] {
                    *key = Some((slot, moved(slot, entry)));
                    *atom = Atom::Nothing;
                } else if let Origin::Constant(values) = &program.slots[slot].origin {
                    value = values.as_slice().map_or(0.0, |list| list[entry]);
                }
            }
            (key, value, fixed)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    keyed
}
