//! Counterexamples: two images that agree on a tile and a halo that is one too small, and whose results
//! differ.
//!
//! The second image differs from the first in the entries at the distance of the reach alone, in one of them
//! where that suffices. Outputs are computed with rigorous bounds, in `f64` first and in 256 bits where those
//! are too wide, so that a difference beyond both bounds is one of the model in exact arithmetic.

use ndarray::{ArrayD, Axis, Dimension, Slice};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::layout::{TileAxis, TilePart};
use super::sizes::Sizes;
use crate::model::symmetry::{Terms, draw, enlarge};
use crate::model::{Arithmetic, Bounds, Fixed, FixedPoint, Floats, JudgeError, Program};
use crate::scalar::Bounded;

/// Pairs of images that are tried.
const TRIALS: usize = 24;
/// Whether all entries at a distance change, and by how much: by little, and by as much as a maximum notices.
const CHANGES: [(bool, f64); 6] =
    [(false, 1.0), (false, -1.0), (false, 64.0), (false, -64.0), (true, 64.0), (true, -64.0)];
/// A difference over the largest value that is looked at with bounds.
const VISIBLE: f64 = 1e-12;
/// Products that a run in 256 bits may take.
const MOST_FIXED: f64 = 3e7;

/// Two images that agree on a tile with a halo that is one too small, and whose results differ there.
#[derive(Clone, Debug, PartialEq)]
pub struct TileCounterexample {
    /// The axis of the input.
    pub axis: usize,
    /// Whether the halo after the tile is too small, and not that before it.
    pub after: bool,
    /// The halo: one less than the reach.
    pub halo: usize,
    /// The tile: from the first entry to before the second.
    pub tile: [usize; 2],
    /// The inputs, by name.
    pub inputs: Vec<(String, ArrayD<f64>)>,
    /// The entries of the first input that differ in the second image, with their other values.
    pub changes: Vec<(Vec<usize>, f64)>,
    /// The name of the output.
    pub output: String,
    /// Its values on the tile for the first image.
    pub left: ArrayD<f64>,
    /// Its values on the tile for the second.
    pub right: ArrayD<f64>,
    /// The greatest difference.
    pub difference: f64,
    /// What rounding explains of it, at most.
    pub bound: f64,
}

/// What becomes of a tile at the border of the image if it is padded by copies of its own entries.
#[derive(Clone, Debug, PartialEq)]
pub struct PaddingReport {
    /// `reflect` or `replicate`.
    pub mode: &'static str,
    /// The axis of the input.
    pub axis: usize,
    /// The greatest difference from the whole that was found, beyond all rounding; `None` if there was none.
    pub difference: Option<f64>,
    /// The greatest value there.
    pub largest: f64,
}

/// Inputs at random; those of every second trial are large.
pub(super) fn images(program: &Program, seed: u64, trial: usize) -> Vec<ArrayD<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(64).wrapping_add(trial as u64));
    let mut inputs = draw(program, &mut random);
    if trial % 2 == 1 {
        enlarge(program, &mut inputs);
    }
    inputs
}

fn bounded(
    program: &Program,
    inputs: &[ArrayD<f64>],
    fixed: bool,
) -> Result<Vec<ArrayD<Bounded>>, JudgeError> {
    if fixed {
        let exact = |input: &ArrayD<f64>| input.mapv(|value| FixedPoint.constant(value));
        let outputs = program.outputs(&FixedPoint, &inputs.iter().map(exact).collect::<Vec<_>>())?;
        return Ok(outputs.iter().map(|output| output.map(Fixed::to_bounded)).collect());
    }
    let outputs = program
        .outputs(&Bounds::exact(), &inputs.iter().map(|x| x.mapv(Bounded::new)).collect::<Vec<_>>())?;
    Ok(outputs.iter().map(|output| (**output).clone()).collect())
}

/// The greatest difference beyond all rounding, and the bound there.
fn gap(left: &ArrayD<Bounded>, right: &ArrayD<Bounded>) -> Option<(f64, f64)> {
    let gaps = left.iter().zip(right).filter_map(|(left, right)| {
        // The sum and the difference are rounded themselves.
        let bound = (left.error() + right.error()).next_up();
        let difference = (left.value() - right.value()).abs().next_down();
        (bound.is_finite() && difference > bound).then_some((difference, bound))
    });
    gaps.reduce(|one, other| if other.0 > one.0 { other } else { one })
}

fn values(array: &ArrayD<Bounded>) -> ArrayD<f64> {
    array.mapv(|entry| entry.value())
}

/// A counterexample for a halo that is one too small before or after the tile.
///
/// Pairs are tried in floats, and those that differ by more than [`VISIBLE`] with bounds.
pub(super) fn refute(
    sizes: &Sizes<'_>,
    program: &Program,
    axis: usize,
    tile: &TileAxis,
    part: TilePart,
    after: bool,
    seed: u64,
) -> Result<Option<TileCounterexample>, JudgeError> {
    let reach = tile.reach[usize::from(after)];
    let place = if after { part.tile[1] + reach - 1 } else { part.tile[0] - reach };
    let along = sizes.axes[axis];
    let floats = program.prepare(&Floats::double());
    let on_tile = Pair { tile, part, extent: program.slots[program.inputs[sizes.leader]].shape[along] };
    let readings: &[bool] = if Terms::work(program) <= MOST_FIXED { &[false, true] } else { &[false] };
    for trial in 0..TRIALS {
        let first = images(program, seed, trial);
        let values = floats.outputs(&first)?;
        // One entry, then all at this distance.
        for (all, change) in CHANGES {
            let changes = changed(sizes, &first[sizes.leader], along, place, all, change);
            let mut second = first.clone();
            changes.iter().for_each(|(at, value)| second[sizes.leader][at.as_slice()] = *value);
            let others = floats.outputs(&second)?;
            let pairs = values.iter().zip(&others).enumerate();
            let mut seen = pairs.filter(|(output, (left, right))| {
                let (left, right) = (on_tile.cut(*output, left), on_tile.cut(*output, right));
                let largest = left.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
                left.iter().zip(&right).any(|(left, right)| (left - right).abs() > VISIBLE * largest)
            });
            if seen.next().is_none() {
                continue;
            }
            for &fixed in readings {
                let (left, right) = (bounded(program, &first, fixed)?, bounded(program, &second, fixed)?);
                for (output, (left, right)) in left.iter().zip(&right).enumerate() {
                    let (left, right) = (on_tile.cut(output, left), on_tile.cut(output, right));
                    let Some((difference, bound)) = gap(&left, &right) else { continue };
                    let names = sizes.model.inputs().iter().map(|port| port.name.clone());
                    let output = sizes.model.outputs().get(output);
                    return Ok(Some(TileCounterexample {
                        axis: along,
                        after,
                        halo: reach - 1,
                        tile: part.tile,
                        inputs: names.zip(first).collect(),
                        changes,
                        output: output.map_or_else(String::new, |port| port.name.clone()),
                        left: self::values(&left),
                        right: self::values(&right),
                        difference,
                        bound,
                    }));
                }
            }
        }
    }
    Ok(None)
}

/// What two images are compared on.
struct Pair<'a> {
    tile: &'a TileAxis,
    part: TilePart,
    extent: usize,
}

impl Pair<'_> {
    /// What the tile is given of an output.
    fn cut<E: Clone>(&self, output: usize, array: &ArrayD<E>) -> ArrayD<E> {
        let axis = self.tile.outputs[output].0;
        let whole = TilePart { read: [0, self.extent], ..self.part };
        let given = self.tile.given(output, whole, self.extent, [array.shape()[axis]; 2]);
        let [begin, end] = given.map_or([0, 0], |[there, _]| there);
        array.slice_axis(Axis(axis), Slice::from(begin..end)).to_owned()
    }
}

/// Entries at a place along an axis with other values: those in the middle of the other axes, or all.
fn changed(
    sizes: &Sizes<'_>,
    image: &ArrayD<f64>,
    along: usize,
    place: usize,
    all: bool,
    change: f64,
) -> Vec<(Vec<usize>, f64)> {
    let is_middle =
        |at: &[usize]| sizes.axes.iter().all(|&axis| axis == along || at[axis] == image.shape()[axis] / 2);
    let chosen = image.indexed_iter().filter(|(at, _)| at[along] == place && (all || is_middle(at.slice())));
    chosen.map(|(at, value)| (at.slice().to_vec(), value + change)).collect()
}

/// What a tile at the beginning of the image is given if the tool pads it by copies, instead of leaving the
/// padding to the model.
pub(super) fn padding(
    sizes: &Sizes<'_>,
    axis: usize,
    tile: &TileAxis,
    seed: u64,
) -> Result<Vec<PaddingReport>, JudgeError> {
    let along = Axis(sizes.axes[axis]);
    let before = tile.halo[0];
    let mut reports = Vec::new();
    if before == 0 {
        return Ok(reports);
    }
    // A tile that has enough entries to be mirrored.
    let (extent, [part, ..]) = tile.trial(before + tile.lattice);
    let program = &sizes.program(&sizes.strip(axis, extent))?;
    let length = part.read[1] - part.read[0];
    let size = tile.legal_sizes.at_least(before + length);
    let alone = sizes.program(&sizes.strip(axis, size))?;
    let shifted = TilePart { read: [0, size], tile: [before + part.tile[0], before + part.tile[1]] };
    for mode in ["reflect", "replicate"] {
        let mut report = PaddingReport { mode, axis: along.0, difference: None, largest: 0.0 };
        for trial in 0..2 {
            let inputs = images(program, seed, trial);
            let padded: Vec<ArrayD<f64>> = inputs
                .iter()
                .enumerate()
                .map(|(number, input)| match sizes.moves[number] {
                    true => {
                        let source = |place: usize| match place.checked_sub(before) {
                            Some(place) => place,
                            None if mode == "reflect" => before - place,
                            None => 0,
                        };
                        let places: Vec<usize> = (0..size).map(source).collect();
                        input.select(along, &places)
                    }
                    false => input.clone(),
                })
                .collect();
            let (whole, other) = (bounded(program, &inputs, false)?, bounded(&alone, &padded, false)?);
            for (output, (whole, other)) in whole.iter().zip(&other).enumerate() {
                let (number, _) = tile.outputs[output];
                let cut = |array: &ArrayD<Bounded>, part: TilePart| {
                    let begin = tile.given_at(output, part.tile[0]);
                    let end = tile.given_at(output, part.tile[1]).min(array.shape()[number]);
                    array.slice_axis(Axis(number), Slice::from(begin.min(end)..end)).to_owned()
                };
                let (left, right) = (cut(whole, part), cut(other, shifted));
                if left.shape() != right.shape() {
                    continue;
                }
                report.largest = left.iter().map(|entry| entry.value().abs()).fold(report.largest, f64::max);
                let found = gap(&left, &right).map(|(difference, _)| difference);
                report.difference = report.difference.into_iter().chain(found).reduce(f64::max);
            }
        }
        reports.push(report);
    }
    Ok(reports)
}
