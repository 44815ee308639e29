//! Where the sums of a piece go, and how they get there.

use pulp::Simd;

use crate::conv::plan::method::direct::cutting::{Cutting, TileRows};
use crate::conv::plan::method::direct::piece::{Piece, PieceRun};
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::method::direct::tiles::{Group, Run};
use crate::conv::plan::register::output::{PlacedVector, SharedOutput};
use crate::conv::plan::register::prefetch::EXPECTING_TERMS;
use crate::conv::plan::register::shape::MOST_VECTORS;
use crate::simd::Element;

/// Where the sums of a piece go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    /// The piece.
    pub(super) piece: Piece,
    /// The place of the first sum.
    pub(super) first: usize,
    /// The distance from channel to channel.
    pub(super) channel_stride: usize,
    /// Whether all sums of the piece are wanted.
    whole: bool,
}

impl Cutting {
    /// Where the sums of a piece go.
    #[inline(always)]
    pub(super) fn destination(&self, piece: Piece) -> Destination {
        let (task, folded) = (&self.task, self.arrangement.folded);
        let channel_stride = task.result_planes();
        let channel = (piece.sample * task.channels.groups + piece.group) * task.channels.rows;
        let row = task.y.first + piece.row * folded * task.y.every;
        let plane = task.outer_result(piece.outer) * task.y.result * task.x.result;
        let first = channel * channel_stride + plane + row * task.x.result;
        let first = first + task.x.first + piece.column * task.x.every;
        let whole = piece.sample + self.samples <= task.channels.batch
            && (piece.row + self.band) * folded <= task.y.positions
            && piece.column + self.width <= task.x.positions;
        Destination { piece, first, channel_stride, whole }
    }

    /// How many sums of a run are wanted in row `fold` of the fold: none if the sample or the row does not
    /// exist.
    #[inline(always)]
    pub(super) fn wanted(&self, piece: Piece, run: &Run, fold: usize) -> usize {
        let (sample, column) = (piece.sample + run.sample, piece.column + run.column);
        let row = (piece.row + run.row) * self.arrangement.folded + fold;
        let Task { channels, y, x, .. } = &self.task;
        let available = match self.flat {
            _ if sample >= channels.batch || row >= y.positions => 0,
            true => (y.positions - row) * x.positions,
            false => x.positions,
        };
        run.length.min(available.saturating_sub(column))
    }

    /// Where a run goes for the first channel and the first row of the fold, and how many of its sums are
    /// wanted.
    #[inline(always)]
    fn place(&self, destination: &Destination, run: &Run) -> (usize, usize) {
        let length = if destination.whole { run.length } else { self.wanted(destination.piece, run, 0) };
        (destination.first + run.to, length)
    }

    /// Where the vectors of a tile go, if they are written from the registers.
    #[inline(always)]
    pub(super) fn placed_vectors(
        &self,
        destination: &Destination,
        group: &Group,
    ) -> [PlacedVector; MOST_VECTORS] {
        let mut vectors = [PlacedVector::default(); MOST_VECTORS];
        for (vector, run) in vectors.iter_mut().zip(&group.runs) {
            let (to, length) = self.place(destination, run);
            let folded = self.arrangement.folded;
            let rows = self.task.y.positions.saturating_sub((destination.piece.row + run.row) * folded);
            let folds = if length > 0 { folded.min(rows) } else { 0 };
            *vector = PlacedVector { to, length, folds };
        }
        vectors
    }

    /// Asks for the places where the sums of a tile will go, so that they are near when the sums are written:
    /// if there are sums long enough to wait for them, and the output is so large that it may be far.
    #[inline(always)]
    pub(super) fn expect_writes<T: Element>(
        &self,
        output: &SharedOutput<'_, T>,
        destination: &Destination,
        rows: TileRows,
        group: &Group,
    ) {
        if self.arrangement.folded > 1 || self.terms() < EXPECTING_TERMS || !output.is_large() {
            return;
        }
        for run in &group.runs {
            let (to, length) = self.place(destination, run);
            for channel in rows.first..rows.first + rows.count {
                output.expect_write(to + channel * destination.channel_stride, length * self.task.x.every);
            }
        }
    }
}

impl<T: Element> PieceRun<'_, T> {
    /// Sends the finished sums of a tile to the output.
    #[inline(always)]
    pub(super) fn scatter<S: Simd>(
        &mut self,
        simd: S,
        TileRows { first, count: rows }: TileRows,
        group: &Group,
        slot: usize,
        destination: &Destination,
    ) {
        let cutting = &self.stage.cutting;
        let Cutting { task: Task { channels, y, x, lanes, .. }, arrangement, .. } = cutting;
        let (lanes, channel_vectors) = (*lanes, arrangement.channel_vectors);
        let group_channel = self.piece.group * channels.rows;
        let per_row = group.starts.len() * lanes;
        let per_position = rows.next_multiple_of(lanes);
        for run in &group.runs {
            let ((to, length), channel_stride) =
                (cutting.place(destination, run), destination.channel_stride);
            if channel_vectors && x.every == 1 {
                for (position, lane) in (0..length)
                    .step_by(lanes)
                    .flat_map(|position| (0..rows).step_by(lanes).map(move |lane| (position, lane)))
                {
                    let channel = first + lane;
                    let (sums, square) = self.sums.split_at_mut(self.stage.kept_sums());
                    // SAFETY: as below.
                    unsafe {
                        self.call.output.write_columns(
                            simd,
                            (to + channel * channel_stride + position, channel_stride),
                            (&sums[slot + (run.lane + position) * per_position + lane..], per_position),
                            square,
                            (lanes.min(rows - lane), lanes.min(length - position)),
                            (self.call.finish, group_channel + channel),
                        );
                    }
                }
                continue;
            }
            if arrangement.folded == 1 && !channel_vectors && x.every == 1 {
                for lane in (0..length).step_by(lanes) {
                    let sums = &self.sums[slot + run.lane + lane..];
                    let to = to + first * channel_stride + lane;
                    let size = (rows, lanes.min(length - lane));
                    // SAFETY: pieces are disjoint in samples, groups and positions: no other thread writes
                    // here.
                    unsafe {
                        self.call.output.write_rows(
                            simd,
                            (to, channel_stride),
                            (sums, per_row),
                            size,
                            self.call.finish,
                            group_channel + first,
                        );
                    }
                }
                continue;
            }
            for j in 0..rows {
                let (fold, channel) = ((first + j) / channels.rows, (first + j) % channels.rows);
                let length = cutting.wanted(self.piece, run, fold);
                if length == 0 {
                    continue;
                }
                let to = to + channel * channel_stride + fold * y.every * x.result;
                if !channel_vectors && x.every == 1 {
                    for lane in (0..length).step_by(lanes) {
                        let sums = &self.sums[slot + j * per_row + run.lane + lane..];
                        let size = (1, lanes.min(length - lane));
                        let (finish, number) = (self.call.finish, group_channel + channel);
                        // SAFETY: as above.
                        unsafe {
                            self.call.output.write_rows(simd, (to + lane, 0), (sums, 0), size, finish, number)
                        };
                    }
                    continue;
                }
                let finish = self.call.finish.of(group_channel + channel);
                let (start, stride) = match channel_vectors {
                    true => (run.lane * per_position + j, per_position),
                    false => (j * per_row + run.lane, 1),
                };
                let sums = &self.sums[slot + start..];
                // SAFETY: as above.
                unsafe { self.call.output.write_strided((to, x.every), (sums, stride), length, finish) };
            }
        }
    }
}
