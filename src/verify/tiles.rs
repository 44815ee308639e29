//! Maps on parts of an image: the parts together are the whole.
//!
//! An image is cut into tiles that begin on the grid of the map. Each is read with a halo, cut at the borders
//! of the image; of what the map gives for it, the part that belongs to the tile is kept. The claim is that
//! these parts, put together, are what the map gives for the whole image, for all images and weights. It is
//! that of restoring and segmenting large images, where a halo that is too small leaves seams.
//!
//! The shape is the one that is proved. For stacks of windows the theorem `tile_is_the_whole` of `proofs/` says
//! the same for every size.

use std::sync::Arc;

use ndarray::{ArrayD, Axis, Slice, indices};

use super::examine::ExamineError;
use super::identity::{Failure, Identity, Sides, Unknown};
use super::map::Map;
use super::prove::{ProofOn, examiner};
use super::report::{Reading, Report, Verdict};
use super::seed::seed_from_environment;
use super::statement::{Case, Statement};
use crate::scalar::Scalar;

/// How an image is cut, in the same way along each of some axes.
///
/// ```
/// use equivariant::verify::Tiles;
///
/// // Tiles of 8 × 8 of (batch, channels, rows, columns), for a map that halves an image.
/// let tiles = Tiles::new([2, 3], 8).lattice(2, 1).halo(2, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Tiles {
    axes: Vec<usize>,
    size: usize,
    lattice: usize,
    outputs: usize,
    halo: [usize; 2],
}

impl Tiles {
    /// Tiles of so many entries along these axes, of a map whose outputs have the places of its inputs.
    pub fn new(axes: impl Into<Vec<usize>>, size: usize) -> Self {
        Tiles { axes: axes.into(), size, lattice: 1, outputs: 1, halo: [0; 2] }
    }

    /// The grid of the map: for so many entries of the image it gives so many outputs, and tiles begin at
    /// multiples of them.
    pub fn lattice(mut self, entries: usize, outputs: usize) -> Self {
        (self.lattice, self.outputs) = (entries, outputs);
        self
    }

    /// What is read before and after a tile. To keep the parts on the grid, these are multiples of the
    /// lattice.
    pub fn halo(mut self, before: usize, after: usize) -> Self {
        self.halo = [before, after];
        self
    }

    /// A tile along an axis of the image with so many entries, of which the output has `whole`.
    fn part(&self, number: usize, extent: usize, whole: usize) -> Part {
        let begin = number * self.size;
        let end = (begin + self.size).min(extent);
        let [before, after] = self.halo;
        let read = [begin.saturating_sub(before), (end + after).min(extent)];
        let given = |place: usize| place * self.outputs / self.lattice;
        let write = [given(begin).min(whole), if end == extent { whole } else { given(end).min(whole) }];
        let offset = given(read[0]);
        // Where a wrong lattice puts what is written before what is read, nothing is written.
        Part { read, write, crop: write.map(|place| place.saturating_sub(offset)) }
    }
}

/// A tile along an axis: what is read of the image, where it is written, and which part of what is given.
struct Part {
    read: [usize; 2],
    write: [usize; 2],
    crop: [usize; 2],
}

/// A map on tiles, and on the whole.
#[derive(Debug)]
pub(crate) struct InTiles<M> {
    pub(crate) map: Arc<M>,
    pub(crate) tiles: Tiles,
    pub(crate) shape: Vec<usize>,
}

impl<M: Map> InTiles<M> {
    fn stitched<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        whole: &[usize],
    ) -> Result<ArrayD<S>, Failure> {
        let Tiles { axes, size, .. } = &self.tiles;
        let mut result = ArrayD::zeros(whole);
        let counts: Vec<usize> = axes.iter().map(|&axis| self.shape[axis].div_ceil(*size)).collect();
        for numbers in indices(counts) {
            let along = axes.iter().enumerate();
            let parts =
                along.map(|(place, &axis)| self.tiles.part(numbers[place], self.shape[axis], whole[axis]));
            let parts: Vec<Part> = parts.collect();
            let mut read = x.view();
            for (&axis, part) in axes.iter().zip(&parts) {
                read.slice_axis_inplace(Axis(axis), Slice::from(part.read[0]..part.read[1]));
            }
            let given = self.map.apply(&read.to_owned(), weights)?;
            let (mut here, mut there) = (given.view(), result.view_mut());
            for (&axis, part) in axes.iter().zip(&parts) {
                // A part that is given less than it should leaves the rest as it is: zero.
                let end = part.crop[1].min(given.shape()[axis]);
                let begin = part.crop[0].min(end);
                here.slice_axis_inplace(Axis(axis), Slice::from(begin..end));
                there.slice_axis_inplace(Axis(axis), Slice::from(part.write[0]..part.write[0] + end - begin));
            }
            if here.shape() != there.shape() {
                return Err(format!("a tile is given {:?}, the whole {whole:?}", given.shape()).into());
            }
            there.assign(&here);
        }
        Ok(result)
    }
}

impl<M: Map> Identity for InTiles<M> {
    fn unknowns(&self) -> Vec<Unknown> {
        let x = Unknown::new("x", self.shape.clone());
        std::iter::once(x).chain(self.map.weights(&self.shape)).collect()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        let whole = self.map.apply(x, weights)?;
        if whole.ndim() != x.ndim() {
            let (found, expected) = (whole.ndim(), x.ndim());
            return Err(
                format!("expected an output with {expected} axes as the image has, found {found}").into()
            );
        }
        Ok((self.stitched(x, weights, whole.shape())?, whole))
    }
}

/// The claim that a map gives the same in tiles.
#[derive(Debug)]
#[must_use = "nothing is proved until `check` or `assert` is called"]
pub struct TileCheck<M> {
    map: Arc<M>,
    shape: Vec<usize>,
    tiles: Tiles,
    readings: Vec<Reading>,
    seed: u64,
}

impl<M: Map> ProofOn<M> {
    /// The claim that what the map gives for the tiles of an image, put together, is what it gives for the
    /// whole.
    ///
    /// ```
    /// use equivariant::scalar::Scalar;
    /// use equivariant::verify::{Failure, Map, Tiles, Verdict, prove};
    /// use ndarray::{ArrayD, IxDyn};
    ///
    /// /// Each entry with its neighbours, and nothing beyond the ends.
    /// struct Blur;
    ///
    /// impl Map for Blur {
    ///     fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
    ///         let at = |place: Option<usize>| {
    ///             place.and_then(|place| x.get(IxDyn(&[place]))).cloned().unwrap_or_else(S::zero)
    ///         };
    ///         Ok(ArrayD::from_shape_fn(x.raw_dim(), |index| {
    ///             at(index[0].checked_sub(1)) + at(Some(index[0])) + at(Some(index[0] + 1))
    ///         }))
    ///     }
    /// }
    ///
    /// prove(Blur).on([12]).in_tiles(Tiles::new([0], 4).halo(1, 1)).assert();
    /// let without = prove(Blur).on([12]).in_tiles(Tiles::new([0], 4)).check()?;
    /// assert_eq!(without.verdict, Verdict::Fails);
    /// # Ok::<(), equivariant::verify::ExamineError>(())
    /// ```
    pub fn in_tiles(self, tiles: Tiles) -> TileCheck<M> {
        let (map, shape) = self.into_parts();
        TileCheck { map, shape, tiles, readings: Reading::ALL.to_vec(), seed: seed_from_environment() }
    }
}

impl<M: Map> TileCheck<M> {
    /// Only these readings.
    pub fn readings(mut self, readings: impl IntoIterator<Item = Reading>) -> Self {
        self.readings = readings.into_iter().collect();
        self
    }

    /// The seed of everything random; by default that of the environment variable `EQUIVARIANT_SEED`, or 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks the claim.
    ///
    /// # Errors
    /// If an axis is none of the image, tiles do not lie on the lattice, nothing was checked, or the map
    /// reports an error.
    pub fn check(&self) -> Result<Report, ExamineError> {
        let (map, tiles) = (Arc::clone(&self.map), self.tiles.clone());
        let statement = Statement::new(&vec![""; self.shape.len()], move |shape| {
            let Tiles { axes, size, lattice, outputs, .. } = &tiles;
            if let Some(axis) = axes.iter().find(|&&axis| axis >= shape.len()) {
                return Err(
                    format!("expected axes of an image with {}, found axis {axis}", shape.len()).into()
                );
            }
            if [*size, *lattice, *outputs].contains(&0) || !size.is_multiple_of(*lattice) {
                let found = format!("found tiles of {size}, and {outputs} outputs for {lattice} entries");
                return Err(format!("expected tiles whose size is a multiple of the lattice, {found}").into());
            }
            let (map, tiles) = (Arc::clone(&map), tiles.clone());
            Ok(vec![Case::new(InTiles { map, tiles, shape: shape.to_vec() })])
        });
        examiner(self.seed, &self.readings).examine(&statement.at(self.shape.clone()))
    }

    /// Checks the claim and returns what was found if it holds.
    ///
    /// # Panics
    /// If it does not hold: with the counterexample and the line that replays it. Also if nothing was checked
    /// or the map reports an error.
    #[track_caller]
    pub fn assert(&self) -> Report {
        match self.check() {
            Ok(report) if report.verdict == Verdict::Holds => report,
            Ok(report) => panic!("the tiles of an image, put together, give the whole: {report}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::prove;

    /// Sums of two neighbours that lie side by side, and what is left over alone.
    struct Pairs;

    impl Map for Pairs {
        fn apply<S: Scalar>(&self, x: &ArrayD<S>, _: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            let sums = x.axis_chunks_iter(Axis(0), 2).map(|pair| pair.sum());
            Ok(sums.collect::<ndarray::Array1<S>>().into_dyn())
        }
    }

    #[test]
    fn tiles_lie_on_the_grid() {
        let of = |tiles: Tiles| prove(Pairs).on([13]).in_tiles(tiles).check();
        let report = of(Tiles::new([0], 4).lattice(2, 1)).unwrap();
        assert_eq!(report.verdict, Verdict::Holds);
        // What is read begins between two pairs.
        let report = of(Tiles::new([0], 4).lattice(2, 1).halo(1, 0)).unwrap();
        assert_eq!(report.verdict, Verdict::Fails);
        for wrong in [
            Tiles::new([1], 4).lattice(2, 1),
            Tiles::new([0], 3).lattice(2, 1),
            Tiles::new([0], 0),
            Tiles::new([0], 4).lattice(0, 1),
        ] {
            assert!(of(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
