//! A problem laid out for the tiles: how it is cut, the terms of its sums, its tiles, and what they cost.

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::method::direct::cutting::Cutting;
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::method::direct::terms::Terms;
use crate::conv::plan::method::direct::tiles::Tiles;
use crate::conv::plan::register::row_tile::MOST_ROW_VECTORS;
use crate::simd::{Element, InstructionSet};

/// One direction and phase of a problem, laid out for the tiles: see the [module](super).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct DirectStage {
    pub(super) cutting: Cutting,
    pub(super) terms: Terms,
    pub(super) tiles: Tiles,
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
    pub(super) fn of(cutting: Cutting) -> Self {
        DirectStage { terms: Terms::new(&cutting), tiles: Tiles::new(&cutting), cutting }
    }

    /// Multiply-adds of vectors, and copies counted as such.
    pub(super) fn cost(&self) -> f64 {
        self.cutting.cost()
    }

    /// Entries of packed weights.
    pub(super) fn packed_length(&self) -> usize {
        self.cutting.packed_length()
    }

    /// Entries of memory that one thread needs: for the copied strip, and for sums that are continued.
    pub(super) fn workspace(&self) -> (usize, usize) {
        let Cutting { task, samples, sample_stride, in_place, .. } = &self.cutting;
        // The last vectors read beyond the last row, and copying overwrites one vector more.
        let strip = if *in_place { 0 } else { samples * sample_stride + 2 * task.lanes };
        (strip, self.kept_sums() + task.lanes * task.lanes)
    }

    /// Entries of all sums, and of what is read beyond the last of them; then a square follows.
    pub(super) fn kept_sums(&self) -> usize {
        let lanes = self.cutting.task.lanes;
        self.slots() * self.cutting.slot() + lanes * lanes * MOST_ROW_VECTORS
    }

    /// Tiles whose sums are kept: all that are continued.
    pub(super) fn slots(&self) -> usize {
        if self.cutting.block >= self.cutting.task.virtual_channels() { 1 } else { self.tiles.pairs() }
    }
}
