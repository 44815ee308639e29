//! Pieces of the output, one after the other: copy, multiply, write.

use pulp::Simd;

use std::sync::Arc;

use crate::conv::plan::method::direct::DirectStage;
use crate::conv::plan::method::direct::copy::Ahead;
use crate::conv::plan::method::direct::piece::PieceRun;
use crate::conv::plan::method::direct::tiles::Group;
use crate::conv::plan::method::{Place, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::output::Places;
use crate::conv::plan::register::row_tile::RowTile;
use crate::conv::plan::register::sum_tile::Tile;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::{Element, InstructionSet};

impl<T: Element> Pieces<T> for DirectStage {
    fn instruction_set(&self) -> InstructionSet {
        self.cutting.task.set
    }

    fn jobs(&self) -> usize {
        self.cutting.jobs()
    }

    fn cost(&self) -> f64 {
        self.cutting.cost()
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
        PieceRun { stage: self, call, strip, sums, piece: self.cutting.piece(job) }.run(simd, next);
    }
}

impl<T: Element> PieceRun<'_, T> {
    /// Copies, multiplies and writes, one block of channels after the other.
    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S, next: Option<Ahead>) {
        let (stage, piece) = (self.stage, self.piece);
        let cutting = &stage.cutting;
        let channels = cutting.task.virtual_channels();
        let destination = cutting.destination(piece);
        let writes_vectors = cutting.writes_vectors();
        let mut begin = 0;
        loop {
            let end = channels.min(begin + cutting.block);
            if !cutting.in_place {
                self.copy(simd, begin..end);
            }
            for (number, &rows) in stage.tiles.rows.iter().enumerate() {
                let weights = &self.call.packed[cutting.panel(piece.group, rows, begin..end)];
                for (group_number, group) in stage.tiles.groups.iter().enumerate() {
                    let pair = number * stage.tiles.groups.len() + group_number;
                    let slot = if stage.slots() == 1 { 0 } else { pair } * cutting.slot();
                    if let Some(next) = &next {
                        next.expect(self.call.signal, pair);
                    }
                    if end == channels {
                        cutting.expect_writes(self.call.output, &destination, rows, group);
                    }
                    if cutting.arrangement.channel_vectors {
                        let to = RowSums { slot, apart: 1, continues: begin > 0 };
                        self.add_rows(simd, group, weights, rows.count, to);
                    } else {
                        let places = writes_vectors.then(|| {
                            let channel = piece.group * cutting.task.channels.rows;
                            let rows = &stage.tiles.placed_rows[rows.first..rows.first + rows.count];
                            let vectors = cutting.placed_vectors(&destination, group);
                            // SAFETY: pieces are disjoint in samples, groups and positions: no other thread
                            // writes here.
                            unsafe {
                                Places::new(self.call.output, self.call.finish, (rows, channel), vectors)
                            }
                        });
                        simd.vectorize(Tile {
                            weights,
                            rows: rows.count,
                            offsets: &stage.terms.offsets,
                            taps: [cutting.arrangement.y.taps.len(), cutting.arrangement.x.taps.len()],
                            taking_part: stage.taking_part(piece, group),
                            rows_with_tap: &stage.terms.rows_with_tap,
                            first: rows.first,
                            source: self.strip,
                            starts: &group.starts,
                            continues: begin > 0,
                            sums: &mut self.sums[slot..],
                            places: places.as_ref(),
                        });
                    }
                    if end == channels && !writes_vectors {
                        self.scatter(simd, rows, group, slot, &destination);
                    }
                }
            }
            begin = end;
            if begin >= channels {
                return;
            }
        }
    }

    /// Adds what a block of channels contributes to the tiles of a group of rows, with `rows` channels of the
    /// result.
    #[inline(always)]
    pub(super) fn add_rows<S: Simd>(
        &mut self,
        simd: S,
        group: &Group,
        weights: &[T],
        rows: usize,
        to: RowSums,
    ) {
        let (stage, piece) = (self.stage, self.piece);
        let cutting = &stage.cutting;
        let lanes = cutting.task.lanes;
        let (vectors, columns) = (rows.div_ceil(lanes), cutting.arrangement.x.taps.len());
        let source = match cutting.in_place {
            true => &self.call.signal[cutting.place_in_signal(piece)..],
            false => &*self.strip,
        };
        for tile in &group.row_tiles {
            let taps = stage.terms.taps_inside.get(piece.row + tile.row);
            let Some(taps) = taps.filter(|_| piece.sample + tile.sample < cutting.task.channels.batch) else {
                continue;
            };
            simd.vectorize(RowTile {
                weights,
                vectors,
                offsets: &stage.terms.offsets,
                per_channel: cutting.arrangement.taps(),
                taking_part: taps.start * columns..taps.end * columns,
                source,
                start: tile.start,
                step: cutting.task.x.step,
                positions: tile.positions,
                continues: to.continues,
                sums: &mut self.sums[to.slot + tile.lane * to.apart * vectors * lanes..],
                apart: to.apart,
            });
        }
    }
}

/// Where the sums of vectors of channels stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowSums {
    /// The place of the first.
    pub(super) slot: usize,
    /// Positions from one to the next.
    pub(super) apart: usize,
    /// Whether they are continued.
    pub(super) continues: bool,
}

method_in_pieces!(DirectStage: Method::Direct, "direct";
    fn cut_for(&self, place: &Place, threads: usize) -> Option<Stage<T>> {
        Some(Arc::new(DirectStage::new::<T>(place.set, place.channels, place.axes.clone(), threads)))
    }
);
