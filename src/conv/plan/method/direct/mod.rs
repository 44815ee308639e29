//! Direct convolution in register tiles, for any shape: few and many channels, any stride, dilation, groups
//! and rank.
//!
//! The output is cut into *pieces*: some samples, or a band of rows of one sample, or a part of one long row.
//! For each piece the entries that it reads are copied into a [`Layout`] small enough for the second-level
//! cache, and tiles of the [`microkernel`](crate::conv::plan::register::sum_tile) run over it, all output
//! channels for each copy. If the channels do not fit, the sums continue over blocks of channels. Axes before
//! the last two are more channels, one for each of their taps.
//!
//! Where a group has only one or two output channels, several rows of the output are [folded](folded) into a
//! tile. Vectors begin anew in each row, or run over the ends of rows where they are fewer then.
//!
//! *Vectors of channels.* With sixteen output channels or more, vectors run over channels and not over
//! positions, and tiles of the [row tile](crate::conv::plan::register::row_tile) run over the rows. Where no
//! tap reads beyond a border and a sample is small, it is read where it stands. Sums are transposed in
//! registers on their way to the output.
//!
//! Taps that read zeros beyond the border in all of a tile are left out: along y, and with large kernels
//! along x.
//!
//! Cost: the products of the definition, one copy of the signal for each piece (`taps` along the last axis if
//! expanded), no more memory than [`DirectStage::workspace`] for each thread. Every sum runs over (channel,
//! tap) in order.

mod arrangement;
mod columns;
mod copy;
mod cost;
mod cutting;
mod folded;
mod pack;
mod phases;
mod piece;
mod run;
mod task;
mod terms;
mod tiles;
mod write;

use std::sync::Arc;

use self::cutting::Cutting;
pub(in crate::conv::plan) use self::phases::PhasesStage;
use self::task::Task;
use self::terms::Terms;
use self::tiles::Tiles;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::method::{Place, Stage};
use crate::conv::plan::register::row_tile::MOST_ROW_VECTORS;
use crate::simd::{Element, InstructionSet};

/// One direction and phase of a problem, laid out for the tiles: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct DirectStage {
    cutting: Cutting,
    terms: Terms,
    tiles: Tiles,
}

impl DirectStage {
    /// In pieces for a number of threads; what comes out does not depend on them.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: Vec<AxisMap>,
        threads: usize,
    ) -> Self {
        DirectStage::of(Cutting::cheapest(&Task::new::<T>(set, channels, axes, threads)))
    }

    /// In these pieces.
    fn of(cutting: Cutting) -> Self {
        DirectStage { terms: Terms::new(&cutting), tiles: Tiles::new(&cutting), cutting }
    }

    /// Multiply-adds of vectors, and copies counted as such.
    fn cost(&self) -> f64 {
        self.cutting.cost()
    }

    /// Entries of packed weights.
    fn packed_length(&self) -> usize {
        self.cutting.packed_length()
    }

    /// Entries of memory that one thread needs: for the copied strip, and for sums that are continued.
    fn workspace(&self) -> (usize, usize) {
        let Cutting { task, samples, sample_stride, in_place, .. } = &self.cutting;
        // The last vectors read beyond the last row, and copying overwrites one vector more.
        let strip = if *in_place { 0 } else { samples * sample_stride + 2 * task.lanes };
        (strip, self.kept_sums() + task.lanes * task.lanes)
    }

    /// Entries of all sums, and of what is read beyond the last of them; then a square follows.
    fn kept_sums(&self) -> usize {
        let lanes = self.cutting.task.lanes;
        self.slots() * self.cutting.slot() + lanes * lanes * MOST_ROW_VECTORS
    }

    /// Tiles whose sums are kept: all that are continued.
    fn slots(&self) -> usize {
        if self.cutting.block >= self.cutting.task.virtual_channels() { 1 } else { self.tiles.pairs() }
    }
}

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    Some(Arc::new(DirectStage::new::<T>(place.set, place.channels, place.axes.clone(), 1)))
}
