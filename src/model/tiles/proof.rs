//! Proofs that tiles with their halo are given what the whole image is given, by random interpretations.
//!
//! For each key the model is run on a random image, once, and on each part of it alone; equal values on the
//! tile prove, up to the probability of the theorem of [`Oracle`](crate::model::Oracle), that the two are
//! equal for all images. A tile does not depend on what is farther than its reach, if its values do not
//! change when all of that is drawn anew.

use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::layout::{TileAxis, TilePart};
use super::obstacle::{Obstacle, Part, Tensors};
use super::sizes::Sizes;
use crate::model::oracle::{Failure, entropy, has_infinities};
use crate::model::run::Prepared;
use crate::model::symmetry::Terms;
use crate::model::{JudgeError, Oracle, Program, Residue, Trace};

/// Products that the proof in all axes at once may take; beyond that it is given along each axis, in strips.
const MOST_TERMS: f64 = 6e9;
/// What the probability of error is at most, unless keys are asked for.
const LARGEST_FAILURE: f64 = 44.0;

/// A model on an image with its values at a random point.
pub(super) struct Strip<'p> {
    pub(super) program: &'p Program,
    axis: usize,
    prepared: Prepared<'p, Oracle>,
    oracle: Oracle,
    inputs: Vec<ArrayD<Residue>>,
    trace: Trace<Residue>,
}

/// Whether exact arithmetic can say anything about a program.
pub(super) fn is_readable(program: &Program) -> bool {
    !has_infinities(program)
}

fn random_inputs(program: &Program, oracle: &Oracle) -> Vec<ArrayD<Residue>> {
    let mut random = entropy();
    let shapes = program.inputs.iter().map(|&slot| IxDyn(&program.slots[slot].shape));
    shapes.map(|shape| ArrayD::from_shape_simple_fn(shape, || oracle.uniform(&mut random))).collect()
}

/// A part of all inputs that grow with the image.
pub(super) fn cut<E: Clone>(sizes: &Sizes<'_>, inputs: &[ArrayD<E>], reads: &[[usize; 2]]) -> Vec<ArrayD<E>> {
    let parts = inputs.iter().zip(&sizes.moves).map(|(input, moves)| {
        let mut part = input.view();
        if *moves {
            for (&axis, &[begin, end]) in sizes.axes.iter().zip(reads) {
                part.slice_axis_inplace(Axis(axis), Slice::from(begin..end));
            }
        }
        part.as_standard_layout().into_owned()
    });
    parts.collect()
}

impl<'p> Strip<'p> {
    pub(super) fn new(program: &'p Program, axis: usize) -> Result<Self, JudgeError> {
        let oracle = Oracle::draw(&mut entropy());
        let inputs = random_inputs(program, &oracle);
        let prepared = program.prepare(&oracle);
        let trace = prepared.run(&inputs)?;
        Ok(Strip { program, axis, prepared, oracle, inputs, trace })
    }

    /// The entries of the image along its axis.
    pub(super) fn extent(&self, sizes: &Sizes<'_>) -> usize {
        self.program.slots[self.program.inputs[sizes.leader]].shape[sizes.axes[self.axis]]
    }

    /// Whether the outputs of a tile change when all entries of the image from `from` to `to` do.
    pub(super) fn depends(
        &self,
        sizes: &Sizes<'_>,
        tile: &TileAxis,
        part: TilePart,
        [from, to]: [usize; 2],
    ) -> Result<bool, JudgeError> {
        let fresh = random_inputs(self.program, &self.oracle);
        let mut inputs = self.inputs.clone();
        let along = Axis(sizes.axes[self.axis]);
        for ((input, fresh), _) in
            inputs.iter_mut().zip(&fresh).zip(&sizes.moves).filter(|(_, moves)| **moves)
        {
            let there = Slice::from(from..to);
            input.slice_axis_mut(along, there).assign(&fresh.slice_axis(along, there));
        }
        let outputs = self.prepared.outputs(&inputs)?;
        let extent = self.extent(sizes);
        Ok(self.program.outputs.iter().zip(&outputs).enumerate().any(|(output, (&slot, other))| {
            let axis = Axis(tile.outputs[output].0);
            let whole = other.shape()[axis.0];
            let part = TilePart { read: [0, extent], ..part };
            let Some([[begin, end], _]) = tile.given(output, part, extent, [whole; 2]) else { return true };
            let there = Slice::from(begin..end);
            self.trace[slot].slice_axis(axis, there) != other.slice_axis(axis, there)
        }))
    }

    /// What is different on a part that is run alone; `None` if nothing is.
    pub(super) fn difference(
        &self,
        sizes: &Sizes<'_>,
        tile: &TileAxis,
        place: &'static str,
        part: TilePart,
    ) -> Result<Option<Obstacle>, JudgeError> {
        let size = sizes.strip(self.axis, part.read[1] - part.read[0]);
        let program = sizes.program(&size)?;
        let mut reads: Vec<[usize; 2]> = sizes.small.iter().map(|&extent| [0, extent]).collect();
        reads[self.axis] = part.read;
        let trace = program.run(&self.oracle, &cut(sizes, &self.inputs, &reads))?;
        let extent = self.extent(sizes);
        let pairs = self.program.outputs.iter().zip(&program.outputs).enumerate();
        let differs = pairs.into_iter().any(|(output, (&whole, &alone))| {
            let axis = Axis(tile.outputs[output].0);
            let (whole, alone) = (&self.trace[whole], &trace[alone]);
            let extents = [whole.shape()[axis.0], alone.shape()[axis.0]];
            let Some([there, here]) = tile.given(output, part, extent, extents) else { return true };
            whole.slice_axis(axis, Slice::from(there[0]..there[1]))
                != alone.slice_axis(axis, Slice::from(here[0]..here[1]))
        });
        if !differs {
            return Ok(None);
        }
        let tensors = Tensors::new(sizes.model, &program, self.program);
        let part = Part {
            place,
            extents: [extent, part.read[1] - part.read[0]],
            begin: part.read[0],
            tile: part.tile,
        };
        Ok(Some(tensors.first_difference(&part, &trace, &self.trace).unwrap_or_else(|| {
            Obstacle::of_all(format!("{place}, a tile with its surroundings is given other values"))
        })))
    }
}

/// What was proved.
pub(super) struct Proof {
    /// log₂ of the probability that it is wrong.
    pub(super) log2_failure: f64,
    /// The size of the image.
    pub(super) sizes: Vec<Vec<usize>>,
    pub(super) keys: usize,
}

/// Proves tiles of about this size at every corner and edge and inside; `None` where a part differs.
pub(super) fn prove(
    sizes: &Sizes<'_>,
    axes: &[TileAxis],
    tile: &[usize],
    keys: Option<usize>,
) -> Result<Option<Proof>, JudgeError> {
    let trials: Vec<_> = axes.iter().zip(tile).map(|(axis, &tile)| axis.trial(tile)).collect();
    let whole: Vec<usize> = trials.iter().map(|(extent, _)| *extent).collect();
    let all = places(&trials.iter().map(|(_, parts)| parts.to_vec()).collect::<Vec<_>>());
    if let Ok(program) = sizes.program(&whole) {
        let terms = Terms::work(&program) * (1.0 + all.len() as f64);
        if terms <= MOST_TERMS {
            return prove_at(sizes, axes, &[(program, whole, all)], keys);
        }
    }
    let mut strips = Vec::new();
    for (axis, (extent, parts)) in trials.iter().enumerate() {
        let size = sizes.strip(axis, *extent);
        let of_axis = |other: usize| match other == axis {
            true => parts.to_vec(),
            false => vec![TilePart { read: [0, sizes.small[other]], tile: [0, sizes.small[other]] }],
        };
        let all = places(&(0..axes.len()).map(of_axis).collect::<Vec<_>>());
        strips.push((sizes.program(&size)?, size, all));
    }
    prove_at(sizes, axes, &strips, keys)
}

/// Every choice of a part for each axis.
fn places(parts: &[Vec<TilePart>]) -> Vec<Vec<TilePart>> {
    parts.iter().fold(vec![Vec::new()], |all, parts| {
        let with = |begun: &Vec<TilePart>| {
            let begun = begun.clone();
            parts.iter().map(move |&part| [begun.clone(), vec![part]].concat())
        };
        all.iter().flat_map(with).collect()
    })
}

type Trial = (Program, Vec<usize>, Vec<Vec<TilePart>>);

fn prove_at(
    sizes: &Sizes<'_>,
    axes: &[TileAxis],
    trials: &[Trial],
    keys: Option<usize>,
) -> Result<Option<Proof>, JudgeError> {
    // Every place, and that nothing farther than the reach is seen.
    let conjectures: f64 = trials.iter().map(|(_, _, all)| all.len() as f64 + 1.0).sum::<f64>().log2();
    let (mut log2_failure, mut most) = (f64::NEG_INFINITY, 0);
    for (program, size, all) in trials {
        let failure = Failure::of(program);
        let count = keys.unwrap_or_else(|| failure.keys_for(LARGEST_FAILURE, conjectures)).max(1);
        let programs: Vec<Program> = all
            .iter()
            .map(|place| {
                sizes.program(&place.iter().map(|part| part.read[1] - part.read[0]).collect::<Vec<_>>())
            })
            .collect::<Result<_, _>>()?;
        for _ in 0..count {
            let oracle = Oracle::draw(&mut entropy());
            let inputs = random_inputs(program, &oracle);
            let prepared = program.prepare(&oracle);
            let whole = prepared.outputs(&inputs)?;
            if !is_within_reach(sizes, axes, all, &prepared, &oracle, &inputs, &whole)? {
                return Ok(None);
            }
            for (place, part) in all.iter().zip(&programs) {
                let reads: Vec<[usize; 2]> = place.iter().map(|part| part.read).collect();
                let alone = part.outputs(&oracle, &cut(sizes, &inputs, &reads))?;
                let is_equal = whole.iter().zip(&alone).enumerate().all(|(output, (whole, alone))| {
                    let (mut there, mut here) = (whole.view(), alone.view());
                    for ((axis, part), &extent) in axes.iter().zip(place).zip(size) {
                        let along = axis.outputs[output].0;
                        let extents = [whole.shape()[along], alone.shape()[along]];
                        let given = axis.given(output, *part, extent, extents);
                        let Some([of_whole, of_part]) = given else { return false };
                        there.slice_axis_inplace(Axis(along), Slice::from(of_whole[0]..of_whole[1]));
                        here.slice_axis_inplace(Axis(along), Slice::from(of_part[0]..of_part[1]));
                    }
                    there == here
                });
                if !is_equal {
                    return Ok(None);
                }
            }
        }
        log2_failure = log2_failure.max(failure.log2(count, conjectures));
        most = most.max(count);
    }
    let sizes = trials.iter().map(|(_, size, _)| size.clone()).collect();
    Ok(Some(Proof { log2_failure, sizes, keys: most }))
}

/// Whether the tile inside sees nothing that is farther than its reach: all of that is drawn anew.
fn is_within_reach(
    sizes: &Sizes<'_>,
    axes: &[TileAxis],
    all: &[Vec<TilePart>],
    prepared: &Prepared<'_, Oracle>,
    oracle: &Oracle,
    inputs: &[ArrayD<Residue>],
    whole: &[std::sync::Arc<ArrayD<Residue>>],
) -> Result<bool, JudgeError> {
    // The second of three places along each axis that varies.
    let inside = &all[all.len() / 2];
    let mut others = random_inputs(prepared.program(), oracle);
    for ((other, input), moves) in others.iter_mut().zip(inputs).zip(&sizes.moves) {
        let (mut there, mut here) = (other.view_mut(), input.view());
        for ((axis, part), number) in axes.iter().zip(inside).zip(0..) {
            if *moves {
                let extent = here.shape()[sizes.axes[number]];
                let begin = part.tile[0].saturating_sub(axis.reach[0]);
                let end = (part.tile[1] + axis.reach[1]).min(extent);
                there.slice_axis_inplace(Axis(sizes.axes[number]), Slice::from(begin..end));
                here.slice_axis_inplace(Axis(sizes.axes[number]), Slice::from(begin..end));
            }
        }
        there.assign(&here);
    }
    let outputs = prepared.outputs(&others)?;
    let extent = |number: usize| inputs[sizes.leader].shape()[sizes.axes[number]];
    Ok(whole.iter().zip(&outputs).enumerate().all(|(output, (one, other))| {
        let (mut one, mut other) = (one.view(), other.view());
        for (number, (axis, part)) in axes.iter().zip(inside).enumerate() {
            let along = axis.outputs[output].0;
            let extents = [one.shape()[along]; 2];
            // What is read is the whole, so that both ranges are the same.
            let part = TilePart { read: [0, extent(number)], ..*part };
            let Some([there, _]) = axis.given(output, part, extent(number), extents) else { return false };
            one.slice_axis_inplace(Axis(along), Slice::from(there[0]..there[1]));
            other.slice_axis_inplace(Axis(along), Slice::from(there[0]..there[1]));
        }
        one == other
    }))
}
