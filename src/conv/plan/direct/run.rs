//! Pieces of the output, one after the other: copy, multiply, write.

use pulp::Simd;

use super::super::axis_map::AxisMap;
use super::super::microkernel::{ChannelTile, MOST_POSITIONS, Tile, positions_per_tile};
use super::super::strip::{Row, fill, prefetch};
use super::super::workspace::{Call, Pieces};
use super::{DirectStage, Group};
use crate::conv::simd::{Element, InstructionSet};

/// How many channels ahead of the copy memory is asked for.
const PREFETCHED_CHANNELS: usize = 2;

/// Which part of the output.
#[derive(Clone, Copy, Debug)]
struct Piece {
    group: usize,
    /// The first sample, (folded) row and column.
    sample: usize,
    row: usize,
    column: usize,
    /// The position along the axes before the last two, in row-major order.
    outer: usize,
}

impl DirectStage {
    fn piece(&self, job: usize) -> Piece {
        let [_, bands, columns] = self.pieces();
        let outer: usize = self.outer.iter().map(|axis| axis.positions).product();
        let (job, column) = (job / columns, job % columns);
        let (job, band) = (job / bands, job % bands);
        let (job, outer) = (job / outer, job % outer);
        let (sample, group) = (job / self.channels.groups, job % self.channels.groups);
        Piece {
            group,
            sample: sample * self.samples,
            row: band * self.band,
            column: column * self.width,
            outer,
        }
    }

    /// Where the first entry stands that a piece reads, if it is read in place.
    fn place_in_signal(&self, piece: Piece) -> usize {
        let channel = (piece.sample * self.channels.groups + piece.group) * self.channels.columns;
        let along = |axis: &AxisMap, first: usize| first * axis.step + axis.taps[0].1 as usize;
        channel * self.channel_stride + along(&self.y, piece.row) * self.pitch + along(&self.x, piece.column)
    }

    /// The plane of the result to which a position along the outer axes goes.
    fn outer_result(&self, mut position: usize) -> usize {
        let (mut result, mut extent) = (0, 1);
        for axis in self.outer.iter().rev() {
            result += (axis.first + position % axis.positions * axis.every) * extent;
            extent *= axis.result;
            position /= axis.positions;
        }
        result
    }
}

/// The plane of a channel that a position and a tap of the outer axes read, or that it lies beyond a border of zeros.
pub(in crate::conv::plan) fn outer_source(
    outer: &[AxisMap],
    mut position: usize,
    mut tap: usize,
) -> Option<usize> {
    let (mut source, mut extent) = (0, 1);
    for axis in outer.iter().rev() {
        let entry = (position % axis.positions * axis.step) as isize + axis.taps[tap % axis.taps.len()].1;
        source += axis.boundary.source(entry, axis.source)? * extent;
        extent *= axis.source;
        position /= axis.positions;
        tap /= axis.taps.len();
    }
    Some(source)
}

impl<T: Element> Pieces<T> for DirectStage {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        DirectStage::jobs(self)
    }

    fn cost(&self) -> f64 {
        DirectStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(
        &self,
        simd: S,
        call: Call<'_, T>,
        (strip, sums): (&mut [T], &mut [T]),
        job: usize,
    ) {
        PieceRun { stage: self, call, strip, sums, piece: self.piece(job) }.run(simd);
    }
}

/// One piece.
struct PieceRun<'a, T> {
    stage: &'a DirectStage,
    call: Call<'a, T>,
    strip: &'a mut [T],
    sums: &'a mut [T],
    piece: Piece,
}

impl<T: Element> PieceRun<'_, T> {
    /// Copies, multiplies and writes, one block of channels after the other.
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let stage = self.stage;
        let (channels, terms) = (stage.virtual_channels(), stage.terms());
        let per_channel = terms / channels.max(1);
        let mut begin = 0;
        loop {
            let end = channels.min(begin + stage.block);
            if !stage.in_place {
                self.copy(simd, begin, end);
            }
            let mut panel = self.piece.group * stage.packed_rows() * terms;
            for (number, &(first, rows)) in stage.tiles.iter().enumerate() {
                let packed_rows = stage.packed_rows_of(rows);
                let weights = &self.call.packed[panel..panel + terms * packed_rows];
                let weights = &weights[begin * per_channel * packed_rows..end * per_channel * packed_rows];
                panel += terms * packed_rows;
                for (group_number, group) in stage.groups.iter().enumerate() {
                    let slot =
                        if stage.slots() == 1 { 0 } else { number * stage.groups.len() + group_number };
                    let (offsets, starts) = (&stage.offsets, &group.starts[..]);
                    let (continues, sums) = (begin > 0, &mut self.sums[slot * stage.slot()..]);
                    let source = match stage.in_place {
                        true => &self.call.signal[stage.place_in_signal(self.piece)..],
                        false => &*self.strip,
                    };
                    match stage.channel_vectors {
                        Some(vectors) => {
                            let at_once = positions_per_tile(stage.set, vectors);
                            let size = at_once * vectors * stage.lanes;
                            let tiles = starts.chunks_exact(at_once).zip(sums.chunks_exact_mut(size));
                            for (starts, sums) in tiles {
                                // Samples that do not exist are read nowhere, and their sums go nowhere.
                                let most = source.len() - 1 - offsets.reach;
                                let mut inside = [0; MOST_POSITIONS];
                                for (inside, start) in inside.iter_mut().zip(starts) {
                                    *inside = most.min(*start);
                                }
                                simd.vectorize(ChannelTile {
                                    weights,
                                    vectors,
                                    offsets,
                                    source,
                                    starts: &inside[..at_once],
                                    continues,
                                    sums,
                                });
                            }
                        }
                        None => {
                            let spans = &stage.spans[..];
                            simd.vectorize(Tile {
                                weights,
                                rows,
                                offsets,
                                spans,
                                first,
                                source,
                                starts,
                                continues,
                                sums,
                            });
                        }
                    }
                    if end == channels {
                        self.scatter(simd, (first, rows), group, slot * stage.slot());
                    }
                }
            }
            begin = end;
            if begin >= channels {
                return;
            }
        }
    }

    /// Copies what these channels contribute into the strip.
    #[inline(always)]
    fn copy<S: Simd>(&mut self, simd: S, begin: usize, end: usize) {
        let (stage, piece) = (self.stage, self.piece);
        let outer_taps = stage.virtual_channels() / stage.channels.columns;
        let outer_planes: usize = stage.outer.iter().map(|axis| axis.source).product();
        let plane = stage.y.source * stage.x.source;
        let all_channels = stage.channels.groups * stage.channels.columns;
        let rows = stage.strip_rows();
        let (row_step, column_step) = (stage.copy_step(&stage.y) * stage.folded, stage.copy_step(&stage.x));
        for s in 0..stage.samples.min(stage.channels.batch - piece.sample) {
            let mut at = s * stage.sample_stride;
            for channel in begin..end {
                let (column, tap) = (channel / outer_taps, channel % outer_taps);
                let number =
                    (piece.sample + s) * all_channels + piece.group * stage.channels.columns + column;
                let outer = outer_source(&stage.outer, piece.outer, tap);
                for &y_start in &stage.y_layout.planes {
                    for &x_start in &stage.x_layout.planes {
                        let first_row = piece.row * stage.y.step * stage.folded;
                        let from = (piece.column * stage.x.step) as isize + x_start;
                        for row in 0..rows {
                            let to = &mut self.strip[at..];
                            at += stage.pitch;
                            let entry = (first_row + row * row_step) as isize + y_start;
                            let entry = stage.y.boundary.source(entry, stage.y.source);
                            match outer.zip(entry) {
                                None => fill(simd, stage.pitch, to),
                                Some((outer, entry)) => {
                                    let start =
                                        (number * outer_planes + outer) * plane + entry * stage.x.source;
                                    let (length, boundary) = (stage.x.source, stage.x.boundary);
                                    let row = Row { signal: self.call.signal, start, length, boundary };
                                    // The same row of a channel that is copied soon: rows are too short for the
                                    // machine to see where the next one is.
                                    prefetch(
                                        self.call.signal,
                                        start + PREFETCHED_CHANNELS * plane * outer_planes,
                                        length,
                                    );
                                    row.copy(simd, from, column_step, stage.pitch, to);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Sends the finished sums of a tile to the output.
    #[inline(always)]
    fn scatter<S: Simd>(&mut self, simd: S, (first, rows): (usize, usize), group: &Group, slot: usize) {
        let (stage, piece) = (self.stage, self.piece);
        let per_row = group.starts.len() * stage.lanes;
        let plane = stage.y.result * stage.x.result;
        let outer_planes: usize = stage.outer.iter().map(|axis| axis.result).product();
        let channel_stride = outer_planes * plane;
        let all_channels = stage.channels.groups * stage.channels.rows;
        let origin = stage.outer_result(piece.outer) * plane + stage.x.first;
        for run in &group.runs {
            let sample = piece.sample + run.sample;
            if sample >= stage.channels.batch {
                continue;
            }
            let column = piece.column + run.column;
            let origin = origin + sample * all_channels * channel_stride + column * stage.x.every;
            let rows_of = |fold: usize| {
                let row = (piece.row + run.row) * stage.folded + fold;
                let available = match stage.flat {
                    true => (stage.y.positions - row) * stage.x.positions,
                    false if row < stage.y.positions => stage.x.positions,
                    false => 0,
                };
                let to = origin + (stage.y.first + row * stage.y.every) * stage.x.result;
                (to, run.length.min(available.saturating_sub(column)))
            };
            if let (Some(vectors), 1) = (stage.channel_vectors, stage.x.every) {
                let (to, length) = rows_of(0);
                for (position, lane) in (0..length)
                    .step_by(stage.lanes)
                    .flat_map(|position| (0..rows).step_by(stage.lanes).map(move |lane| (position, lane)))
                {
                    let number = piece.group * stage.channels.rows + first + lane;
                    let (sums, square) = self.sums.split_at_mut(stage.kept_sums());
                    // SAFETY: as below.
                    unsafe {
                        self.call.output.write_columns(
                            simd,
                            (to + number * channel_stride + position, channel_stride),
                            (
                                &sums[slot + (run.lane + position) * vectors * stage.lanes + lane..],
                                vectors * stage.lanes,
                            ),
                            square,
                            (stage.lanes.min(rows - lane), stage.lanes.min(length - position)),
                            (self.call.finish, number),
                        );
                    }
                }
                continue;
            }
            if stage.folded == 1 && stage.channel_vectors.is_none() && stage.x.every == 1 {
                let number = piece.group * stage.channels.rows + first;
                let (to, length) = rows_of(0);
                for lane in (0..length).step_by(stage.lanes) {
                    let sums = &self.sums[slot + run.lane + lane..];
                    let to = to + number * channel_stride + lane;
                    let size = (rows, stage.lanes.min(length - lane));
                    // SAFETY: pieces are disjoint in samples, groups and positions: no other thread writes here.
                    unsafe {
                        self.call.output.write_rows(
                            simd,
                            (to, channel_stride),
                            (sums, per_row),
                            size,
                            self.call.finish,
                            number,
                        );
                    }
                }
                continue;
            }
            for j in 0..rows {
                let (fold, channel) = ((first + j) / stage.channels.rows, (first + j) % stage.channels.rows);
                let (to, length) = rows_of(fold);
                if length == 0 {
                    continue;
                }
                let number = piece.group * stage.channels.rows + channel;
                let to = to + number * channel_stride;
                let finish = self.call.finish.of(number);
                let (start, stride) = match stage.channel_vectors {
                    Some(vectors) => (run.lane * vectors * stage.lanes + j, vectors * stage.lanes),
                    None => (j * per_row + run.lane, 1),
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
