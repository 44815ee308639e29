//! Where the sums of a piece go, and how they get there.

use pulp::Simd;

use crate::conv::plan::method::direct::DirectStage;
use crate::conv::plan::method::direct::place::{Group, Run};
use crate::conv::plan::method::direct::run::{Piece, PieceRun};
use crate::conv::plan::register::output::{PlacedVector, SharedOutput};
use crate::conv::plan::register::sum_tile::MOST_VECTORS;
use crate::simd::Element;

/// With so many terms sums take longer than memory that is asked for before they are computed.
pub(in crate::conv::plan) const EXPECTING_TERMS: usize = 128;

/// Where the sums of a piece go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    /// Of the first sum.
    pub(super) first: usize,
    /// From channel to channel.
    pub(super) channel_stride: usize,
    /// Whether all sums of the piece are wanted.
    whole: bool,
}

impl DirectStage {
    /// Entries of a channel of the result.
    pub(super) fn result_planes(&self) -> usize {
        let outer: usize = self.outer.iter().map(|axis| axis.result).product();
        outer * self.y.result * self.x.result
    }

    /// Where the sums of a piece go.
    #[inline(always)]
    pub(super) fn destination(&self, piece: Piece) -> Destination {
        let channel_stride = self.result_planes();
        let channel = (piece.sample * self.channels.groups + piece.group) * self.channels.rows;
        let row = self.y.first + piece.row * self.folded * self.y.every;
        let plane = self.outer_result(piece.outer) * self.y.result * self.x.result;
        let first = channel * channel_stride + plane + row * self.x.result;
        let whole = piece.sample + self.samples <= self.channels.batch
            && (piece.row + self.band) * self.folded <= self.y.positions
            && piece.column + self.width <= self.x.positions;
        Destination { first: first + self.x.first + piece.column * self.x.every, channel_stride, whole }
    }

    /// How many sums of a run are wanted in row `fold` of the fold: none if the sample or the row does not
    /// exist.
    #[inline(always)]
    pub(super) fn wanted(&self, piece: Piece, run: &Run, fold: usize) -> usize {
        let (sample, column) = (piece.sample + run.sample, piece.column + run.column);
        let row = (piece.row + run.row) * self.folded + fold;
        let available = match self.flat {
            _ if sample >= self.channels.batch || row >= self.y.positions => 0,
            true => (self.y.positions - row) * self.x.positions,
            false => self.x.positions,
        };
        run.length.min(available.saturating_sub(column))
    }

    /// Where a run goes for the first channel and the first row of the fold, and how many of its sums are
    /// wanted.
    #[inline(always)]
    fn place(&self, piece: Piece, destination: &Destination, run: &Run) -> (usize, usize) {
        let length = if destination.whole { run.length } else { self.wanted(piece, run, 0) };
        (destination.first + run.to, length)
    }

    /// Where the vectors of a tile go, if they are written from the registers.
    #[inline(always)]
    pub(super) fn placed_vectors(
        &self,
        piece: Piece,
        destination: &Destination,
        group: &Group,
    ) -> [PlacedVector; MOST_VECTORS] {
        let mut vectors = [PlacedVector::default(); MOST_VECTORS];
        for (vector, run) in vectors.iter_mut().zip(&group.runs) {
            let (to, length) = self.place(piece, destination, run);
            let rows = self.y.positions.saturating_sub((piece.row + run.row) * self.folded);
            let folds = if length > 0 { self.folded.min(rows) } else { 0 };
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
        (piece, destination): (Piece, &Destination),
        (first, rows): (usize, usize),
        group: &Group,
    ) {
        if self.folded > 1 || self.terms() < EXPECTING_TERMS || !output.is_large() {
            return;
        }
        for run in &group.runs {
            let (to, length) = self.place(piece, destination, run);
            for channel in first..first + rows {
                output.expect_write(to + channel * destination.channel_stride, length * self.x.every);
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
        (first, rows): (usize, usize),
        (group, slot): (&Group, usize),
        destination: &Destination,
    ) {
        let (stage, group_channel) = (self.stage, self.piece.group * self.stage.channels.rows);
        let per_row = group.starts.len() * stage.lanes;
        let per_position = rows.next_multiple_of(stage.lanes);
        for run in &group.runs {
            let ((to, length), channel_stride) =
                (stage.place(self.piece, destination, run), destination.channel_stride);
            if stage.channel_vectors && stage.x.every == 1 {
                for (position, lane) in (0..length)
                    .step_by(stage.lanes)
                    .flat_map(|position| (0..rows).step_by(stage.lanes).map(move |lane| (position, lane)))
                {
                    let channel = first + lane;
                    let (sums, square) = self.sums.split_at_mut(stage.kept_sums());
                    // SAFETY: as below.
                    unsafe {
                        self.call.output.write_columns(
                            simd,
                            (to + channel * channel_stride + position, channel_stride),
                            (&sums[slot + (run.lane + position) * per_position + lane..], per_position),
                            square,
                            (stage.lanes.min(rows - lane), stage.lanes.min(length - position)),
                            (self.call.finish, group_channel + channel),
                        );
                    }
                }
                continue;
            }
            if stage.folded == 1 && !stage.channel_vectors && stage.x.every == 1 {
                for lane in (0..length).step_by(stage.lanes) {
                    let sums = &self.sums[slot + run.lane + lane..];
                    let to = to + first * channel_stride + lane;
                    let size = (rows, stage.lanes.min(length - lane));
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
                let (fold, channel) = ((first + j) / stage.channels.rows, (first + j) % stage.channels.rows);
                let length = stage.wanted(self.piece, run, fold);
                if length == 0 {
                    continue;
                }
                let to = to + channel * channel_stride + fold * stage.y.every * stage.x.result;
                if !stage.channel_vectors && stage.x.every == 1 {
                    for lane in (0..length).step_by(stage.lanes) {
                        let sums = &self.sums[slot + j * per_row + run.lane + lane..];
                        let size = (1, stage.lanes.min(length - lane));
                        let (finish, number) = (self.call.finish, group_channel + channel);
                        // SAFETY: as above.
                        unsafe {
                            self.call.output.write_rows(simd, (to + lane, 0), (sums, 0), size, finish, number)
                        };
                    }
                    continue;
                }
                let finish = self.call.finish.of(group_channel + channel);
                let (start, stride) = match stage.channel_vectors {
                    true => (run.lane * per_position + j, per_position),
                    false => (j * per_row + run.lane, 1),
                };
                let sums = &self.sums[slot + start..];
                // SAFETY: as above.
                unsafe {
                    self.call.output.write_strided((to, stage.x.every), (sums, stride), length, finish)
                };
            }
        }
    }
}
