//! An image in tiles: each is read with its halo, and what it is given is written where it belongs.

use ndarray::{ArrayD, Axis, Slice, indices};

use super::networks::Tileable;
use crate::layer::{Layer, Mode};
use crate::scalar::Scalar;
use crate::verify::{Failure, Identity, Sides, Unknown};

/// What is wrong with the tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    #[default]
    None,
    /// The halo before is one step of the grid less.
    ShortBefore,
    /// The halo after is one step of the grid less.
    ShortAfter,
    /// What is read begins one entry before the halo, which is no place of the grid.
    OffTheGrid,
    /// What a tile is given is written one place late.
    WrittenLate,
    /// Tiles have no halo, and each is padded by the network.
    NoHalo,
}

/// The network on an image in tiles, and on the whole.
#[derive(Clone, Debug)]
pub(super) struct Stitched {
    pub(super) tileable: Tileable,
    /// Entries of a tile along each axis.
    pub(super) tile: usize,
    /// The shape of the image.
    pub(super) shape: Vec<usize>,
    pub(super) fault: Fault,
}

/// A tile along an axis.
struct Part {
    read: [usize; 2],
    write: [usize; 2],
    crop: [usize; 2],
}

impl Stitched {
    fn part(&self, number: usize, extent: usize, whole: usize) -> Part {
        let Tileable { lattice, step, halo, .. } = self.tileable;
        let begin = number * self.tile;
        let end = (begin + self.tile).min(extent);
        let [mut before, mut after] = halo;
        match self.fault {
            Fault::ShortBefore => before = before.saturating_sub(lattice),
            Fault::ShortAfter => after = after.saturating_sub(lattice),
            Fault::NoHalo => [before, after] = [0, 0],
            _ => {}
        }
        before += usize::from(self.fault == Fault::OffTheGrid);
        let read = [begin.saturating_sub(before), (end + after).min(extent)];
        let write = [begin * step / lattice, if end == extent { whole } else { end * step / lattice }];
        let offset = read[0] * step / lattice;
        Part { read, write, crop: [write[0] - offset, write[1] - offset] }
    }

    fn stitched<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        whole: &[usize],
    ) -> Result<ArrayD<S>, Failure> {
        let mut result = ArrayD::zeros(whole);
        let counts: Vec<usize> = self.shape[2..].iter().map(|extent| extent.div_ceil(self.tile)).collect();
        for numbers in indices(counts) {
            let parts: Vec<Part> = (0..self.tileable.axes)
                .map(|axis| self.part(numbers[axis], self.shape[axis + 2], whole[axis + 2]))
                .collect();
            let mut read = x.view();
            for (axis, part) in parts.iter().enumerate() {
                read.slice_axis_inplace(Axis(axis + 2), Slice::from(part.read[0]..part.read[1]));
            }
            let given = self.tileable.network.forward(&read.to_owned(), weights, Mode::Inference)?;
            let (mut here, mut there) = (given.view(), result.view_mut());
            for (axis, part) in parts.iter().enumerate() {
                let last = given.shape()[axis + 2];
                // A part that is given less than it should leaves the rest as it is.
                let end = part.crop[1].min(last);
                let length = end.saturating_sub(part.crop[0]);
                here.slice_axis_inplace(Axis(axis + 2), Slice::from(part.crop[0].min(end)..end));
                let late = usize::from(self.fault == Fault::WrittenLate && part.write[1] < whole[axis + 2]);
                let begin = part.write[0] + late;
                there.slice_axis_inplace(Axis(axis + 2), Slice::from(begin..begin + length));
            }
            there.assign(&here);
        }
        Ok(result)
    }
}

impl Identity for Stitched {
    fn unknowns(&self) -> Vec<Unknown> {
        let weights = self.tileable.network.parameters().into_iter();
        let weights = weights.map(|weight| Unknown::new(weight.name, weight.shape));
        std::iter::once(Unknown::new("x", self.shape.clone())).chain(weights).collect()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        let whole = self.tileable.network.forward(x, weights, Mode::Inference)?;
        Ok((self.stitched(x, weights, whole.shape())?, whole))
    }
}
