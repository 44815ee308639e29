//! Pieces of the output, one after the other: copy, multiply, write.

use pulp::Simd;

use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::method::direct::DirectStage;
use crate::conv::plan::method::direct::copy::Ahead;
use crate::conv::plan::method::direct::place::Group;
use crate::conv::plan::method::{Place, Stage};
use crate::conv::plan::options::Method;
use crate::conv::plan::register::output::Places;
use crate::conv::plan::register::row_tile::RowTile;
use crate::conv::plan::register::sum_tile::Tile;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::{Element, InstructionSet};

/// Which part of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) group: usize,
    /// The first sample, (folded) row and column.
    pub(super) sample: usize,
    pub(super) row: usize,
    pub(super) column: usize,
    /// The position along the axes before the last two, in row-major order.
    pub(super) outer: usize,
}

impl DirectStage {
    pub(super) fn piece(&self, job: usize) -> Piece {
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
    pub(super) fn outer_result(&self, mut position: usize) -> usize {
        let (mut result, mut extent) = (0, 1);
        for axis in self.outer.iter().rev() {
            result += (axis.first + position % axis.positions * axis.every) * extent;
            extent *= axis.result;
            position /= axis.positions;
        }
        result
    }
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
        let next = self.ahead(call, job);
        PieceRun { stage: self, call, strip, sums, piece: self.piece(job) }.run(simd, next);
    }
}

/// One piece.
pub(super) struct PieceRun<'a, T> {
    pub(super) stage: &'a DirectStage,
    pub(super) call: Call<'a, T>,
    pub(super) strip: &'a mut [T],
    pub(super) sums: &'a mut [T],
    pub(super) piece: Piece,
}

impl<T: Element> PieceRun<'_, T> {
    /// Copies, multiplies and writes, one block of channels after the other.
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S, next: Option<Ahead>) {
        let stage = self.stage;
        let channels = stage.virtual_channels();
        let destination = stage.destination(self.piece);
        let writes_vectors = stage.writes_vectors();
        let mut begin = 0;
        loop {
            let end = channels.min(begin + stage.block);
            if !stage.in_place {
                self.copy(simd, begin..end);
            }
            for (number, &(first, rows)) in stage.tiles.iter().enumerate() {
                let weights = &self.call.packed[stage.panel(self.piece.group, (first, rows), (begin, end))];
                for (group_number, group) in stage.groups.iter().enumerate() {
                    let slot =
                        if stage.slots() == 1 { 0 } else { number * stage.groups.len() + group_number };
                    let slot = slot * stage.slot();
                    if let Some(next) = &next {
                        next.expect(self.call.signal, number * stage.groups.len() + group_number);
                    }
                    if end == channels {
                        let to = (self.piece, &destination);
                        stage.expect_writes(self.call.output, to, (first, rows), group);
                    }
                    if stage.channel_vectors {
                        self.add_rows(simd, group, weights, (begin > 0, rows), (slot, 1));
                    } else {
                        let places = writes_vectors.then(|| {
                            let channel = self.piece.group * stage.channels.rows;
                            let rows = (&stage.rows[first..first + rows], channel);
                            let vectors = stage.placed_vectors(self.piece, &destination, group);
                            // SAFETY: pieces are disjoint in samples, groups and positions: no other thread
                            // writes here.
                            unsafe { Places::new(self.call.output, self.call.finish, rows, vectors) }
                        });
                        simd.vectorize(Tile {
                            weights,
                            rows,
                            offsets: &stage.offsets,
                            taps: [stage.y_layout.taps.len(), stage.x_layout.taps.len()],
                            taking_part: stage.taking_part(self.piece, group),
                            rows_with_tap: &stage.rows_with_tap,
                            first,
                            source: self.strip,
                            starts: &group.starts,
                            continues: begin > 0,
                            sums: &mut self.sums[slot..],
                            places: places.as_ref(),
                        });
                    }
                    if end == channels && !writes_vectors {
                        self.scatter(simd, (first, rows), (group, slot), &destination);
                    }
                }
            }
            begin = end;
            if begin >= channels {
                return;
            }
        }
    }

    /// Adds what a block of channels contributes to the tiles of a group of rows. Their sums stand from
    /// `slot` on, so many positions apart.
    #[inline(always)]
    pub(super) fn add_rows<S: Simd>(
        &mut self,
        simd: S,
        group: &Group,
        weights: &[T],
        (continues, rows): (bool, usize),
        (slot, apart): (usize, usize),
    ) {
        let (stage, piece) = (self.stage, self.piece);
        let (vectors, columns) = (rows.div_ceil(stage.lanes), stage.x_layout.taps.len());
        let per_channel = stage.y_layout.taps.len() * columns;
        let source = match stage.in_place {
            true => &self.call.signal[stage.place_in_signal(piece)..],
            false => &*self.strip,
        };
        for tile in &group.row_tiles {
            let taps = stage.taps_inside.get(piece.row + tile.row);
            let Some(taps) = taps.filter(|_| piece.sample + tile.sample < stage.channels.batch) else {
                continue;
            };
            simd.vectorize(RowTile {
                weights,
                vectors,
                offsets: &stage.offsets,
                per_channel,
                taking_part: taps.start * columns..taps.end * columns,
                source,
                start: tile.start,
                step: stage.x.step,
                positions: tile.positions,
                continues,
                sums: &mut self.sums[slot + tile.lane * apart * vectors * stage.lanes..],
                apart,
            });
        }
    }
}

method_in_pieces!(DirectStage: Method::Direct, "direct";
    fn cut_for(&self, place: &Place, threads: usize) -> Option<Stage<T>> {
        Some(Arc::new(DirectStage::new::<T>(place.set, place.channels, place.axes.clone(), threads)))
    }
);
