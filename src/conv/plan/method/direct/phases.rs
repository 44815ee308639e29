//! All phases of a transposed convolution with a stride, piece by piece.
//!
//! Along an axis of stride s the result falls into s phases, each a convolution of stride 1 with a part of
//! the kernel (see [`AxisMap`]). One after the other they would read the signal s² times, and write every
//! s-th entry of a row. Here a piece of the signal is copied once, with all that any phase reads of it, and
//! the sums of the phases along x stand interleaved before they are transposed in registers and written, so
//! that neighbours are written together.
//!
//! Vectors are of channels. Cost: as [`DirectStage`] for each phase, but for one copy and whole vectors in
//! writing. Memory: [`PhasesStage::workspace`] for each thread. Every sum runs over (channel, tap) in order.

use ndarray::ArrayView3;
use pulp::Simd;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::method::direct::arrangement::Arrangement;
use crate::conv::plan::method::direct::cost::{PIECE_COST, square_cost};
use crate::conv::plan::method::direct::cutting::{Cutting, TileRows};
use crate::conv::plan::method::direct::piece::PieceRun;
use crate::conv::plan::method::direct::run::RowSums;
use crate::conv::plan::method::direct::stage::DirectStage;
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::method::direct::terms::Terms;
use crate::conv::plan::method::direct::tiles::Group;
use crate::conv::plan::method::direct::write::Destination;
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::row_tile::MOST_ROW_VECTORS;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::{Element, InstructionSet};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct PhasesStage {
    /// What is copied: pieces of as many positions as the longest phases have, with the taps of all of them.
    union: DirectStage,
    /// (phase along y, phase along x)
    phases: Vec<Vec<DirectStage>>,
}

impl PhasesStage {
    /// Of the phases along y and x; those along the axes before are one.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        outer: Vec<AxisMap>,
        [y, x]: [&[AxisMap]; 2],
        threads: usize,
    ) -> Self {
        let axes = [outer, vec![union(y), union(x)]].concat();
        let task = Task::new::<T>(set, channels, axes, threads);
        let union = DirectStage::of(Cutting::best(&task, &Arrangement::of_channels(&task, false)));
        let phase = |y: &AxisMap, x: &AxisMap| {
            let cutting = &union.cutting;
            let cutting = Cutting {
                task: Task { y: y.clone(), x: x.clone(), ..cutting.task.clone() },
                arrangement: Arrangement {
                    y: relative(&cutting.arrangement.y, y),
                    x: relative(&cutting.arrangement.x, x),
                    ..cutting.arrangement.clone()
                },
                ..cutting.clone()
            };
            // Its tiles are those of the union, as they stand in one strip.
            DirectStage { terms: Terms::new(&cutting), tiles: union.tiles.clone(), cutting }
        };
        let phases = y.iter().map(|y| x.iter().map(|x| phase(y, x)).collect()).collect();
        PhasesStage { union, phases }
    }

    fn each_phase(&self) -> impl Iterator<Item = &DirectStage> {
        self.phases.iter().flatten()
    }

    /// Multiply-adds of vectors, and copies counted as such.
    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        let Cutting { task, samples, band, width, .. } = &self.union.cutting;
        let squares = width.div_ceil(task.lanes) * samples * band;
        let write = (squares * task.channels.rows.div_ceil(task.lanes)) as f64 * square_cost(task.lanes);
        let sums: f64 = self.each_phase().map(|phase| phase.cutting.row_cost(0.0) + write).sum();
        (sums + self.union.cutting.copy_cost() + PIECE_COST) * self.union.cutting.jobs() as f64
    }

    /// Entries of memory that one thread needs: for the copied strip, and for sums and a square of them.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        let (strip, _) = self.union.workspace();
        (strip, self.kept_sums() + self.lanes() * self.lanes())
    }

    /// Phases along x, the same for each along y.
    fn columns(&self) -> usize {
        self.phases[0].len()
    }

    /// Entries of all sums, and of what is read beyond the last of them.
    fn kept_sums(&self) -> usize {
        let kept = self.phases.len() * self.columns() * self.union.slots();
        kept * self.union.cutting.slot() + MOST_ROW_VECTORS * self.lanes() * self.lanes()
    }

    fn lanes(&self) -> usize {
        self.union.cutting.task.lanes
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.each_phase().map(DirectStage::packed_length).sum()
    }

    /// Lays the weights out phase by phase, each as [`DirectStage::pack`] does.
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        let mut all = Vec::with_capacity(self.packed_length());
        for phase in self.each_phase() {
            phase.pack(kernel, packed);
            all.append(packed);
        }
        *packed = all;
    }

    /// Sends the interleaved sums of the phases along x of some rows, which begin at `slot`, to the output.
    #[inline(always)]
    fn write<T: Element, S: Simd>(
        &self,
        simd: S,
        (call, sums): (Call<'_, T>, &mut [T]),
        destination: &Destination,
        (phases, group): (&[DirectStage], &Group),
        TileRows { first, count: rows }: TileRows,
        slot: usize,
    ) {
        let Destination { piece, first: begin, channel_stride, .. } = *destination;
        let (lanes, apart) = (self.lanes(), phases.len());
        let (sums, square) = sums.split_at_mut(self.kept_sums());
        let per_position = rows.next_multiple_of(lanes);
        for run in &group.runs {
            let to = begin + run.to;
            let count: usize = phases.iter().map(|phase| phase.cutting.wanted(piece, run, 0)).sum();
            for position in (0..count).step_by(lanes) {
                for channel in (first..first + rows).step_by(lanes) {
                    let from = slot + (run.lane * apart + position) * per_position + channel - first;
                    let channels = self.union.cutting.task.channels.rows;
                    // SAFETY: pieces are disjoint in samples, groups and positions: no other thread writes
                    // here.
                    unsafe {
                        call.output.write_columns(
                            simd,
                            (to + channel * channel_stride + position, channel_stride),
                            (&sums[from..], per_position),
                            square,
                            (lanes.min(first + rows - channel), lanes.min(count - position)),
                            (call.finish, piece.group * channels + channel),
                        );
                    }
                }
            }
        }
    }
}

impl<T: Element> Pieces<T> for PhasesStage {
    fn instruction_set(&self) -> InstructionSet {
        self.union.cutting.task.set
    }

    fn jobs(&self) -> usize {
        self.union.cutting.jobs()
    }

    fn cost(&self) -> f64 {
        PhasesStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(
        &self,
        simd: S,
        call: Call<'_, T>,
        (strip, sums): (&mut [T], &mut [T]),
        job: usize,
    ) {
        let (union, cutting) = (&self.union, &self.union.cutting);
        let piece = cutting.piece(job);
        let channels = cutting.task.virtual_channels();
        let mut begin = 0;
        loop {
            let end = channels.min(begin + cutting.block);
            PieceRun { stage: union, call, strip: &mut *strip, sums: &mut *sums, piece }
                .copy(simd, begin..end);
            for (number, &rows) in union.tiles.rows.iter().enumerate() {
                for (group_number, group) in union.tiles.groups.iter().enumerate() {
                    let pair = number * union.tiles.groups.len() + group_number;
                    let place = if union.slots() == 1 { 0 } else { pair };
                    let mut packed = call.packed;
                    for (row, phases) in self.phases.iter().enumerate() {
                        let apart = phases.len();
                        let destination = phases[0].cutting.destination(piece);
                        if end == channels {
                            phases[0].cutting.expect_writes(call.output, &destination, rows, group);
                        }
                        let slot = (place * self.phases.len() + row) * apart * cutting.slot();
                        for (column, stage) in phases.iter().enumerate() {
                            let (own, others) = packed.split_at(stage.packed_length());
                            packed = others;
                            let weights = &own[stage.cutting.panel(piece.group, rows, begin..end)];
                            let mut run =
                                PieceRun { stage, call, strip: &mut *strip, sums: &mut *sums, piece };
                            let slot = slot + column * rows.count.next_multiple_of(self.lanes());
                            let to = RowSums { slot, apart, continues: begin > 0 };
                            run.add_rows(simd, group, weights, rows.count, to);
                        }
                        if end == channels {
                            let memory = (call, &mut *sums);
                            self.write(simd, memory, &destination, (phases, group), rows, slot);
                        }
                    }
                }
            }
            begin = end;
            if begin >= channels {
                return;
            }
        }
    }
}

/// What all phases of an axis read, and positions as many as the first has, which has the most.
fn union(phases: &[AxisMap]) -> AxisMap {
    let mut entries: Vec<_> = phases.iter().flat_map(|phase| &phase.taps).map(|tap| tap.1).collect();
    entries.sort_unstable();
    entries.dedup();
    AxisMap { taps: entries.into_iter().enumerate().collect(), ..phases[0].clone() }
}

/// Where the taps of a phase stand in the strip of the union.
fn relative(layout: &Layout, phase: &AxisMap) -> Layout {
    let taps = phase.taps.iter().map(|&(_, entry)| (0, (entry - layout.planes[0]) as usize));
    Layout { taps: taps.collect(), ..layout.clone() }
}

method_in_pieces!(PhasesStage: Method::Direct, "direct_phases");
