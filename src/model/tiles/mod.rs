//! Whether a model can be run on tiles of an image, and what has to be read around a tile for it.
//!
//! A network that segments or restores is run on tiles of an image that is too large, and the results are put
//! together. The result is that of the whole image if every tile is read with a halo that is large enough, at
//! places on the model's grid, and cut at the borders of the image without any padding by the tool: the model
//! pads there as it does for the whole. Whether there is such a halo is found and then proved:
//!
//! 1. the sizes at which the model runs (`sizes`);
//! 2. what each entry depends on, by [`Dependency`](super::Dependency): lattice, scale and reach, or the node
//!    at fault (`grid`, `obstacle`);
//! 3. that less is not enough: the reach is shortened as long as random interpretations of the image beyond
//!    it leave a tile unchanged (dead weights), and what is left is refuted less one (`refute`);
//! 4. that it is enough: f(whole)\[tile\] = f(tile + halo)\[tile\] for all images, at every corner, every
//!    edge, and inside (`proof`), with a probability of error that is told;
//! 5. plans for images, costs, and memory (`layout`, `plan`), and running them (`stitch`).
//!
//! The proof is one about images of the sizes that are reported, along every axis at once where that is not
//! too much work, else along one axis after the other.

mod grid;
mod layout;
mod obstacle;
mod plan;
mod proof;
mod refute;
mod sizes;
mod stitch;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::time::Instant;

pub use self::layout::{LegalSizes, TileAxis, TilePart};
pub use self::obstacle::Obstacle;
pub use self::plan::{TileCost, TilePiece, TilePlan};
use self::proof::Strip;
pub use self::refute::{PaddingReport, TileCounterexample};
use self::sizes::{LARGEST, Running, Sizes};
pub use self::stitch::TileRunner;
use crate::model::{JudgeError, Model};

/// Multiples of the grid's step that are tried as lattices.
const MULTIPLES: usize = 16;

/// The question whether a model can be run in tiles.
///
/// ```
/// use equivariant::model::Model;
///
/// # let path = "tests/onnx/tiles/unet_nearest.onnx";
/// let tiles = Model::read(path)?.tiles().find()?;
/// let tiling = tiles.tiling.expect("there are tiles");
/// assert_eq!(tiling.axes[0].lattice, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is found until `find` is called"]
pub struct TileQuestion<'m> {
    model: &'m Model,
    shapes: Vec<(String, Vec<usize>)>,
    tile: Option<Vec<usize>>,
    keys: Option<usize>,
    seed: u64,
    /// What all answers begin with.
    sizes: OnceLock<Sizes<'m>>,
}

/// What was found about a model and tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct TileReport {
    /// The input that is the image.
    pub input: String,
    /// The tiles; `None` where there are none.
    pub tiling: Option<Tiling>,
    /// Why there are none.
    pub obstacle: Option<Obstacle>,
    /// What else there is to say.
    pub remarks: Vec<String>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// How a model is run in tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    /// The axes of the image.
    pub axes: Vec<TileAxis>,
    /// log₂ of the probability that the proof is wrong.
    pub log2_failure: f64,
    /// Random keys of the proof.
    pub keys: usize,
    /// The sizes of the images of the proof.
    pub proved_at: Vec<Vec<usize>>,
    /// For each side with a reach two images for which one entry less is not enough.
    pub counterexamples: Vec<TileCounterexample>,
    /// What padding by the tool does at the border of the image.
    pub padding: Vec<PaddingReport>,
    /// What tiles of several sizes cost.
    pub costs: Vec<TileCost>,
}

impl Tiling {
    /// The probability that the proof is wrong, at most.
    pub fn failure_probability(&self) -> f64 {
        self.log2_failure.exp2()
    }
}

impl Model {
    /// Begins the question whether this model can be run on tiles of an image.
    pub fn tiles(&self) -> TileQuestion<'_> {
        TileQuestion {
            model: self,
            shapes: Vec::new(),
            tile: None,
            keys: None,
            seed: 0,
            sizes: OnceLock::new(),
        }
    }
}

impl<'m> TileQuestion<'m> {
    fn sizes(&self) -> Result<&Sizes<'m>, JudgeError> {
        match self.sizes.get() {
            Some(sizes) => Ok(sizes),
            None => {
                let sizes = Sizes::of(self.model, &self.shapes)?;
                Ok(self.sizes.get_or_init(|| sizes))
            }
        }
    }

    /// The shape of an input, where the file leaves it open.
    pub fn input(mut self, name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        self.shapes.push((name.into(), shape.into()));
        self.sizes = OnceLock::new();
        self
    }

    /// The size of the tile for which the proof is given; by default the least.
    pub fn tile(mut self, size: impl Into<Vec<usize>>) -> Self {
        self.tile = Some(size.into());
        self
    }

    /// How many independent keys the proof has; by default as many as bring the probability of error below
    /// 2⁻⁴⁴.
    pub fn keys(mut self, keys: usize) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The seed of the images of counterexamples.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Finds the tiles and proves them.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes, or does not run.
    pub fn find(&self) -> Result<TileReport, JudgeError> {
        let start = Instant::now();
        let sizes = self.sizes()?;
        let mut remarks = sizes.remarks.clone();
        let found = self.search(sizes, &mut remarks)?;
        if let (Ok(_), Some(fixed)) = (&found, sizes.fixed()) {
            remarks.push(format!(
                "the file fixes the image at {fixed}; what is found holds for its graph at the other sizes"
            ));
        }
        let (tiling, obstacle) = match found {
            Ok(tiling) => (Some(tiling), None),
            Err(obstacle) => (None, Some(obstacle)),
        };
        let input = self.model.inputs()[sizes.leader].name.clone();
        Ok(TileReport { input, tiling, obstacle, remarks, seconds: start.elapsed().as_secs_f64() })
    }

    /// A plan for an image, with tiles of about this size: larger where that is needed for the grid.
    ///
    /// # Errors
    /// If the image is not on the grid of the model.
    pub fn plan(&self, tiling: &Tiling, image: &[usize], tile: &[usize]) -> Result<TilePlan, JudgeError> {
        plan::plan(self.sizes()?, &tiling.axes, image, tile)
    }

    /// The number of axes of the image.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes.
    pub fn axes(&self) -> Result<usize, JudgeError> {
        Ok(self.sizes()?.axes.len())
    }

    /// A plan of a model that cannot be run in tiles, with a halo that is given: what its pieces give
    /// together is an approximation. Tiles begin at multiples of the step between sizes at which the model
    /// runs.
    ///
    /// # Errors
    /// If the model runs at one size only, its output does not grow with the image, or the image has a size
    /// at which it does not run.
    pub fn approximate(&self, halo: usize, image: &[usize], tile: &[usize]) -> Result<TilePlan, JudgeError> {
        let sizes = self.sizes()?;
        let refuse = |reason: &str| sizes.refuse(reason.to_owned());
        let mut axes = Vec::new();
        for number in 0..sizes.axes.len() {
            let running = sizes.running(number);
            if running.is_bounded() {
                return Err(refuse("the model runs at one size only: there is no approximation in tiles"));
            }
            let grid = grid::by_shapes(sizes, number, &running, halo)?.ok_or_else(|| {
                refuse("an output does not grow with the image: there is nothing to put together")
            })?;
            let legal = legal_sizes(&running, grid.lattice)
                .ok_or_else(|| refuse("the sizes at which the model runs follow no step"))?;
            axes.push(TileAxis::new(sizes.axes[number], &grid, legal));
        }
        plan::plan(sizes, &axes, image, tile)
    }

    /// What runs the pieces of a plan.
    ///
    /// # Errors
    /// If the model cannot be read for these shapes, or has more than one input.
    pub fn runner(&self) -> Result<TileRunner<'_>, JudgeError> {
        TileRunner::new(self.sizes()?)
    }

    fn search(
        &self,
        sizes: &Sizes<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<Result<Tiling, Obstacle>, JudgeError> {
        let mut axes = Vec::new();
        let (mut counterexamples, mut padding) = (Vec::new(), Vec::new());
        for number in 0..sizes.axes.len() {
            let running = sizes.running(number);
            if running.is_bounded() {
                return Ok(Err(one_size(sizes, number)));
            }
            let grid = match grid::find(sizes, number, &running)? {
                Ok(grid) => grid,
                Err(obstacle) => return Ok(Err(obstacle)),
            };
            let mut first = None;
            let mut proved = None;
            for multiple in 1..=MULTIPLES {
                let lattice = grid.lattice * multiple;
                let Some(legal) = legal_sizes(&running, lattice) else { continue };
                let outputs = grid.outputs.iter().map(|&(axis, step)| (axis, step * multiple)).collect();
                let wider = grid::Grid { lattice, outputs, reach: grid.reach };
                let axis = TileAxis::new(sizes.axes[number], &wider, legal);
                let (extent, parts) = axis.trial(1);
                let program = sizes.program(&sizes.strip(number, extent))?;
                if !proof::is_readable(&program) {
                    return Ok(Err(Obstacle::of_all(
                        "the model has numbers that are not finite, of which exact arithmetic knows nothing"
                            .to_owned(),
                    )));
                }
                let strip = Strip::new(&program, number)?;
                let mut places = [
                    ("inside the image", parts[1]),
                    ("at the beginning of the image", parts[0]),
                    ("at the end of the image", parts[2]),
                ]
                .into_iter();
                let differs = |(place, part)| strip.difference(sizes, &axis, place, part).transpose();
                if let Some(obstacle) = places.find_map(differs).transpose()? {
                    first = first.or(Some(obstacle));
                    continue;
                }
                let axis = self.shorten(sizes, &strip, axis, parts[1], remarks)?;
                for after in [false, true] {
                    if axis.reach[usize::from(after)] > 0 {
                        let found =
                            refute::refute(sizes, &program, number, &axis, parts[1], after, self.seed)?;
                        counterexamples.extend(found);
                    }
                }
                padding.extend(refute::padding(sizes, number, &axis, self.seed)?);
                proved = Some(axis);
                break;
            }
            match proved {
                Some(axis) => axes.push(axis),
                None => return Ok(Err(first.unwrap_or_else(|| one_size(sizes, number)))),
            }
        }
        let tile = self.tile.clone().unwrap_or_else(|| vec![1; axes.len()]);
        if tile.len() != axes.len() {
            return Err(sizes.refuse(format!("expected a tile with {} axes, found {tile:?}", axes.len())));
        }
        let Some(proof) = proof::prove(sizes, &axes, &tile, self.keys)? else {
            return Ok(Err(Obstacle::of_all(
                "along each axis tiles are given what the image is, along several at once they are not"
                    .to_owned(),
            )));
        };
        let costs = plan::costs(sizes, &axes);
        let proof::Proof { log2_failure, sizes: proved_at, keys } = proof;
        Ok(Ok(Tiling { axes, log2_failure, keys, proved_at, counterexamples, padding, costs }))
    }

    /// Shortens the reach as long as nothing of a tile changes with what is beyond it.
    fn shorten(
        &self,
        sizes: &Sizes<'_>,
        strip: &Strip<'_>,
        mut axis: TileAxis,
        part: TilePart,
        remarks: &mut Vec<String>,
    ) -> Result<TileAxis, JudgeError> {
        let extent = strip.extent(sizes);
        for side in [0, 1] {
            let beyond = |reach: usize| match side {
                0 => [0, part.tile[0] - reach],
                _ => [part.tile[1] + reach, extent],
            };
            // The least reach beyond which nothing is seen; what is seen at one is seen at all that are less.
            let (mut low, mut high) = (0, axis.reach[side]);
            let mut next = high.saturating_sub(1);
            while low < high {
                match strip.depends(sizes, &axis, part, beyond(next))? {
                    true => low = next + 1,
                    false => high = next,
                }
                next = low + (high - low) / 2;
            }
            axis.reach[side] = high;
        }
        if axis.reach != axis.reach_by_shape {
            remarks.push(format!(
                "along axis {} the layers reach {:?} entries; with these weights {:?} are enough, with \
                 others they would not be",
                axis.axis, axis.reach_by_shape, axis.reach
            ));
            axis.round();
        }
        Ok(axis)
    }
}

/// The sizes ≡ r (mod s) at which the model runs: r = 0 where it can be.
fn legal_sizes(running: &Running, lattice: usize) -> Option<LegalSizes> {
    let of_rest = |rest: usize| {
        let first = if rest == 0 { lattice } else { rest };
        let sizes: Vec<usize> = (first..=LARGEST.max(4 * lattice)).step_by(lattice).collect();
        let from = sizes.iter().rposition(|&size| !running.runs(size)).map_or(0, |last| last + 1);
        sizes.get(from).map(|&from| LegalSizes { from, step: lattice })
    };
    (0..lattice).find_map(of_rest)
}

fn one_size(sizes: &Sizes<'_>, axis: usize) -> Obstacle {
    // What the model says to twice the size.
    let other = sizes.strip(axis, 2 * sizes.own[axis]);
    match sizes.program(&other) {
        Err(error) => Obstacle::one_size(&sizes.own, &error),
        Ok(_) => Obstacle::of_all("the sizes at which the model runs follow no step".to_owned()),
    }
}
