//! Pieces of the output, one after the other: copy, multiply, write.

use std::ops::Range;
use std::sync::Arc;

use pulp::Simd;

use crate::conv::plan::method::direct::copy::Ahead;
use crate::conv::plan::method::direct::piece::{Piece, PieceRun};
use crate::conv::plan::method::direct::stage::DirectStage;
use crate::conv::plan::method::direct::tiles::Group;
use crate::conv::plan::method::planned_method::{Place, Stage};
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

impl DirectStage {
    /// The taps along y and x that read inside the signal for any position of a tile.
    #[inline(always)]
    pub(super) fn taking_part(&self, piece: Piece, group: &Group) -> [Range<usize>; 2] {
        let of_tile = |first: Range<usize>, last: Range<usize>| last.start..first.end;
        let inside = &self.terms.taps_inside;
        let first = piece.row + group.rows.start;
        let end = (piece.row + group.rows.end).min(inside.len());
        let y = if first < end { of_tile(inside[first].clone(), inside[end - 1].clone()) } else { 0..0 };
        let x = &self.cutting.task.x;
        let all = 0..x.taps.len();
        if self.cutting.columns().is_none() {
            return [y, all];
        }
        let last = x.positions - 1;
        let column = |column: usize| x.taps_inside((piece.column + column).min(last));
        [y, of_tile(column(group.columns.start), column(group.columns.end - 1))]
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

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    Some(Arc::new(DirectStage::new::<T>(place.set, place.channels, place.axes.clone(), 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::plan::geometry::axis_map::AxisMap;
    use crate::conv::plan::geometry::channels::Channels;
    use crate::conv::{Operation, Options, Problem};
    use crate::simd::InstructionSet;

    fn stage(set: InstructionSet, problem: &Problem) -> DirectStage {
        let axes = problem.axes().iter();
        let axes = axes.map(|axis| AxisMap::forward(axis, problem.operation(), problem.boundary())).collect();
        DirectStage::new::<f32>(set, Channels::forward(problem), axes, 1)
    }

    /// What a tile leaves out, none of its positions reads; and with large kernels much is left out.
    #[test]
    fn tiles_leave_out_what_lies_beyond_the_border() {
        for set in [InstructionSet::Avx512, InstructionSet::Avx2] {
            for (side, taps, padding, columns) in [
                (32, 31, 30, true),
                (64, 31, 30, true),
                (33, 19, 18, true),
                (40, 31, 0, false),
                (50, 5, 4, false),
            ] {
                let options = Options::new().padding([padding; 2]);
                let (kernel, signal) = ([1, 1, taps, taps], [1, 1, side, side]);
                let problem = Problem::new(Operation::Correlation, &kernel, &signal, &options).unwrap();
                let stage = stage(set, &problem);
                assert_eq!(stage.cutting.columns().is_some(), columns, "{set:?}: {side}², {taps}² taps");
                let (mut products, mut needed) = (0, 0);
                for job in 0..stage.cutting.jobs() {
                    let piece = stage.cutting.piece(job);
                    for group in &stage.tiles.groups {
                        let [y, x] = stage.taking_part(piece, group);
                        products += y.len()
                            * x.len()
                            * stage.cutting.arrangement.folded
                            * group.starts.len()
                            * stage.cutting.task.lanes;
                        for run in &group.runs {
                            for fold in 0..stage.cutting.arrangement.folded {
                                let row = (piece.row + run.row) * stage.cutting.arrangement.folded + fold;
                                for column in 0..stage.cutting.wanted(piece, run, fold) {
                                    let inside = stage.cutting.task.y.taps_inside(row);
                                    let column =
                                        stage.cutting.task.x.taps_inside(piece.column + run.column + column);
                                    needed += inside.len() * column.len();
                                    assert!(y.start <= inside.start + fold && inside.end + fold <= y.end);
                                    assert!(x.start <= column.start && column.end <= x.end);
                                }
                            }
                        }
                    }
                }
                assert_eq!(needed as u128, problem.multiply_adds());
                if columns {
                    let all = stage.cutting.jobs()
                        * stage.tiles.groups.iter().map(|group| group.starts.len()).sum::<usize>();
                    let all = all
                        * stage.cutting.task.lanes
                        * stage.cutting.arrangement.folded
                        * stage.cutting.arrangement.y.taps.len()
                        * taps;
                    assert!(products * 4 < all * 3, "{products} of {all}");
                }
            }
        }
    }
}
