//! One piece of the output: which one it is, where its entries are read, and the memory in which it runs.

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::method::direct::cutting::Cutting;
use crate::conv::plan::method::direct::stage::DirectStage;
use crate::conv::plan::workspace::Call;

/// Which part of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// The group of channels.
    pub(super) group: usize,
    /// The first sample.
    pub(super) sample: usize,
    /// The first (folded) row.
    pub(super) row: usize,
    /// The first column.
    pub(super) column: usize,
    /// The position along the axes before the last two, in row-major order.
    pub(super) outer: usize,
}

/// One piece, and the memory of the thread that runs it.
pub(super) struct PieceRun<'a, T> {
    pub(super) stage: &'a DirectStage,
    pub(super) call: Call<'a, T>,
    pub(super) strip: &'a mut [T],
    pub(super) sums: &'a mut [T],
    pub(super) piece: Piece,
}

impl Cutting {
    /// The piece of this number.
    pub(super) fn piece(&self, job: usize) -> Piece {
        let [_, bands, columns] = self.pieces();
        let outer = self.task.outer_positions();
        let (job, column) = (job / columns, job % columns);
        let (job, band) = (job / bands, job % bands);
        let (job, outer) = (job / outer, job % outer);
        let (sample, group) = (job / self.task.channels.groups, job % self.task.channels.groups);
        Piece {
            group,
            sample: sample * self.samples,
            row: band * self.band,
            column: column * self.width,
            outer,
        }
    }

    /// Where the first entry stands that a piece reads, if it is read in place.
    pub(super) fn place_in_signal(&self, piece: Piece) -> usize {
        let channel = (piece.sample * self.task.channels.groups + piece.group) * self.task.channels.columns;
        let along = |axis: &AxisMap, first: usize| first * axis.step + axis.taps[0].1 as usize;
        channel * self.channel_stride
            + along(&self.task.y, piece.row) * self.pitch
            + along(&self.task.x, piece.column)
    }
}
