//! Plans: which parts of an image are read, and where what they give is written; costs and memory.

use super::layout::{TileAxis, TilePart};
use super::sizes::Sizes;
use crate::model::{JudgeError, Origin, Program};

/// One run of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TilePiece {
    /// For each axis of the image what is read: from the first to before the second.
    pub read: Vec<[usize; 2]>,
    /// For each axis what is kept of the first output of that run.
    pub crop: Vec<[usize; 2]>,
    /// For each axis where that is written in the first output of the whole image.
    pub write: Vec<[usize; 2]>,
}

/// How an image is run in tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct TilePlan {
    /// The size of the image.
    pub image: Vec<usize>,
    /// The size of a tile; those at the end may be larger.
    pub tile: Vec<usize>,
    /// The shape of the first output for the whole image.
    pub output: Vec<usize>,
    /// The axes of that output along which pieces are written.
    pub axes: Vec<usize>,
    /// The runs, in row-major order.
    pub pieces: Vec<TilePiece>,
    /// Entries of the image that are read, over those that there are.
    pub cost: f64,
}

/// What tiles of a size cost.
#[derive(Clone, Debug, PartialEq)]
pub struct TileCost {
    /// The size of a tile.
    pub tile: Vec<usize>,
    /// Entries that are read for a tile inside, over those of the tile.
    pub cost: f64,
    /// Bytes of all tensors that are alive at once in such a run, at most; weights not counted.
    pub memory: usize,
}

/// A plan for an image of this size, with tiles of about this size.
pub(super) fn plan(
    sizes: &Sizes<'_>,
    axes: &[TileAxis],
    image: &[usize],
    tile: &[usize],
) -> Result<TilePlan, JudgeError> {
    if image.len() != axes.len() || tile.len() != axes.len() {
        return Err(sizes.refuse(format!(
            "expected an image and a tile with {} axes, found {image:?} and {tile:?}",
            axes.len()
        )));
    }
    for (axis, &extent) in axes.iter().zip(image) {
        let legal = axis.legal_sizes;
        if !legal.contains(extent) {
            let larger = legal.at_least(extent);
            let smaller = larger.checked_sub(legal.step).filter(|&size| size >= legal.from);
            let smaller = smaller.map_or_else(String::new, |size| format!("{size} or "));
            return Err(sizes.refuse(format!(
                "an image of {extent} entries along axis {} is not on the grid of the model: crop or pad it \
                 to {smaller}{larger}, as the sizes are {} and every {} more",
                axis.axis, legal.from, legal.step
            )));
        }
    }
    let output = output_shape(sizes, axes, image)?;
    let tile: Vec<usize> = axes.iter().zip(tile).map(|(axis, &tile)| axis.tile_of(tile)).collect();
    let parts: Vec<Vec<TilePart>> =
        axes.iter().zip(image).zip(&tile).map(|((axis, &extent), &tile)| axis.parts(extent, tile)).collect();
    let read: usize =
        parts.iter().map(|parts| parts.iter().map(|p| p.read[1] - p.read[0]).sum::<usize>()).product();
    let all = image.iter().product::<usize>();
    let mut pieces = vec![TilePiece { read: vec![], crop: vec![], write: vec![] }];
    for ((axis, parts), &extent) in axes.iter().zip(&parts).zip(image) {
        let along = axis.outputs[0].0;
        let with = |begun: &TilePiece| {
            let begun = begun.clone();
            parts
                .iter()
                .filter_map(|&part| {
                    let whole = output[along];
                    // A part gives at most what the whole does.
                    let [write, crop] = axis.given(0, part, extent, [whole, usize::MAX])?;
                    (write[0] < write[1]).then(|| TilePiece {
                        read: [begun.read.clone(), vec![part.read]].concat(),
                        crop: [begun.crop.clone(), vec![crop]].concat(),
                        write: [begun.write.clone(), vec![write]].concat(),
                    })
                })
                .collect::<Vec<_>>()
        };
        pieces = pieces.iter().flat_map(with).collect();
    }
    let axes = axes.iter().map(|axis| axis.outputs[0].0).collect();
    Ok(TilePlan { image: image.to_vec(), tile, output, axes, pieces, cost: read as f64 / all as f64 })
}

/// The shape of the first output for an image, from two small ones: it grows by the scale.
fn output_shape(sizes: &Sizes<'_>, axes: &[TileAxis], image: &[usize]) -> Result<Vec<usize>, JudgeError> {
    let small: Vec<usize> =
        axes.iter().zip(image).map(|(axis, &extent)| axis.legal_sizes.at_least(64).min(extent)).collect();
    let program = sizes.program(&small)?;
    let mut shape = program.slots[program.outputs[0]].shape.clone();
    for ((axis, &extent), &small) in axes.iter().zip(image).zip(&small) {
        let (along, step) = axis.outputs[0];
        shape[along] += (extent - small) / axis.lattice * step;
    }
    Ok(shape)
}

/// What tiles of growing sizes cost.
pub(super) fn costs(sizes: &Sizes<'_>, axes: &[TileAxis]) -> Vec<TileCost> {
    let mut costs: Vec<TileCost> = Vec::new();
    for power in 4..=10 {
        let tile: Vec<usize> = axes.iter().map(|axis| axis.tile_of(1 << power)).collect();
        if costs.last().is_some_and(|last| last.tile == tile) {
            continue;
        }
        let read: Vec<usize> =
            axes.iter().zip(&tile).map(|(axis, &tile)| tile + axis.halo[0] + axis.halo[1]).collect();
        // Larger ones are beyond the limit too.
        let Ok(program) = sizes.program(&read) else { break };
        let ratio = |(&read, &tile): (&usize, &usize)| read as f64 / tile as f64;
        let cost = read.iter().zip(&tile).map(ratio).product();
        costs.push(TileCost { tile, cost, memory: memory(&program) });
    }
    costs
}

/// The bytes of all tensors that are alive at once, at most, if each is kept until its last use.
fn memory(program: &Program) -> usize {
    let bytes = |slot: usize| {
        let slot = &program.slots[slot];
        (slot.shape.iter().product::<usize>() * slot.element.bits()).div_ceil(8)
    };
    let mut last_use = program.last_uses();
    program.outputs.iter().for_each(|&slot| last_use[slot] = usize::MAX);
    let mut alive: usize = program.inputs.iter().map(|&slot| bytes(slot)).sum();
    let mut most = alive;
    for (number, step) in program.steps.iter().enumerate() {
        alive += bytes(step.output);
        most = most.max(alive);
        let mut done = step.inputs.clone();
        done.sort_unstable();
        done.dedup();
        let is_tensor = |slot: usize| !matches!(program.slots[slot].origin, Origin::Constant(_));
        alive -= done
            .into_iter()
            .filter(|&slot| is_tensor(slot) && last_use[slot] == number)
            .map(bytes)
            .sum::<usize>();
    }
    most
}
