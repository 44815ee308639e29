//! Convolution with kernels of one tap, stride 1 and no padding, as the matrix product that it is.
//!
//! ```text
//! output(n) (M × P) = weights (M × C) · signal(n) (C × P)
//! ```
//!
//! for each sample n and group, P being the positions of all axes. The positions are cut into *strips*, each
//! copied into the second-level cache as *panels* of up to three vectors, all channels of a panel one after
//! the other; [tiles](crate::conv::plan::register::panel_tile) of output channels run over the panels, the
//! weights of each staying in the first-level cache meanwhile. Sums go from the registers to where they
//! belong.
//!
//! Cost: the products of the definition, lanes beyond the last position included, and one copy of the signal.
//! Memory: [`PointwiseStage::workspace`] for each thread. Every sum runs over the channels in order. Source:
//! K. Goto, R. van de Geijn, *Anatomy of high-performance matrix multiplication*, 2008.

use ndarray::ArrayView3;
use pulp::Simd;

use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::pieces::{even, pieces, shared};
use crate::conv::plan::method::planned_method::{Place, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::output::LARGE_BYTES;
use crate::conv::plan::register::panel_tile::PanelTile;
use crate::conv::plan::register::prefetch::EXPECTING_TERMS;
use crate::conv::plan::register::prefetch::{Purpose, prefetch_part};
use crate::conv::plan::register::shape::{lanes, tile_shape};
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::{Element, InstructionSet};

/// Bytes of a strip, if it has more than one panel.
const STRIP_BYTES: usize = 320 * 1024;
/// What beginning a strip costs, and to copy a row of it, in multiply-adds of vectors.
const PIECE_COST: f64 = 400.0;
const ROW_COST: f64 = 8.0;
/// What copying a vector costs, and writing a vector of sums.
const COPY_COST: f64 = 2.0;
const WRITE_COST: f64 = 3.0;

/// One direction of a problem: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct PointwiseStage {
    set: InstructionSet,
    channels: Channels,
    /// Of a channel.
    positions: usize,
    /// Vectors of positions of a strip, and of a panel at most.
    strip: usize,
    panel: usize,
    /// Output channels of a tile.
    rows: usize,
    lanes: usize,
}

impl PointwiseStage {
    /// If every position reads the one entry that stands where it does. The strips are for so many threads.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
        threads: usize,
    ) -> Option<Self> {
        if !axes.iter().all(AxisMap::is_identity) {
            return None;
        }
        let positions = axes.iter().map(|axis| axis.positions).product::<usize>();
        let lanes = lanes::<T>(set);
        let (most_rows, panel) = tile_shape(set);
        let vectors = positions.div_ceil(lanes);
        let fitting = STRIP_BYTES / (channels.columns.max(1) * lanes * size_of::<T>());
        let stage = |parts: usize| PointwiseStage {
            set,
            channels,
            positions,
            // Whole panels, but for the last strip.
            strip: vectors.div_ceil(parts).next_multiple_of(panel).max(panel),
            panel,
            rows: even(channels.rows, most_rows),
            lanes,
        };
        let least = vectors.div_ceil((fitting / panel * panel).max(panel)).max(1);
        let cost = |parts: &usize| stage(*parts).shared_cost(threads);
        (least..least + threads).min_by(|a, b| cost(a).total_cmp(&cost(b))).map(stage)
    }

    fn vectors(&self) -> usize {
        self.positions.div_ceil(self.lanes)
    }

    /// Strips of a sample.
    fn strips(&self) -> usize {
        self.vectors().div_ceil(self.strip)
    }

    fn jobs(&self) -> usize {
        self.channels.batch * self.channels.groups * self.strips()
    }

    /// The panels of a strip of so many vectors, as (first vector, vectors): all but the last as large as
    /// they can be.
    #[inline(always)]
    fn panels(&self, vectors: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        pieces(vectors, self.panel)
    }

    /// Multiply-adds of vectors, other work counted as such.
    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        let Channels { batch, groups, rows, columns } = self.channels;
        let term = |vectors: usize| {
            let loads = (vectors + self.rows) as f64 * self.set.load_cost();
            ((vectors * self.rows).max(self.set.sums_in_flight()) as f64).max(loads) / self.rows as f64
        };
        let sums = |vectors| self.panels(vectors).map(|(_, vectors)| term(vectors)).sum::<f64>();
        let last = self.vectors() - (self.strips() - 1) * self.strip;
        let terms = (self.strips() - 1) as f64 * sums(self.strip) + sums(last);
        let vectors = self.vectors() as f64;
        let copied = self.strips() as f64 * ROW_COST + vectors * COPY_COST;
        let samples = (batch * groups) as f64;
        let written = rows as f64 * vectors * WRITE_COST;
        samples * (columns as f64 * (rows as f64 * terms + copied) + written)
            + self.jobs() as f64 * PIECE_COST
    }

    /// The same if some threads wait for the last strips.
    fn shared_cost(&self, threads: usize) -> f64 {
        self.cost() * shared(self.jobs(), threads)
    }

    /// Entries of memory that one thread needs: a strip, and no sums.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        (self.channels.columns * self.strip * self.lanes, 0)
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.channels.rows * self.channels.columns
    }

    /// The tiles of output channels of a group, as (first, channels).
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        pieces(self.channels.rows, self.rows)
    }

    /// Lays the weights out as (group, tile, input channel, output channel).
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.reserve_exact(self.packed_length());
        for group in 0..self.channels.groups {
            for (first, rows) in self.tiles() {
                let first = group * self.channels.rows + first;
                for column in 0..self.channels.columns {
                    packed.extend((first..first + rows).map(|row| kernel[[row, column, 0]]));
                }
            }
        }
    }
}

/// Some positions of one sample and group.
#[derive(Clone, Copy)]
struct Strip {
    sample: usize,
    group: usize,
    /// The first position, and how many.
    first: usize,
    length: usize,
}

impl PointwiseStage {
    fn strip(&self, job: usize) -> Strip {
        let (rest, strip) = (job / self.strips(), job % self.strips());
        let first = strip * self.strip * self.lanes;
        Strip {
            sample: rest / self.channels.groups,
            group: rest % self.channels.groups,
            first,
            length: (self.strip * self.lanes).min(self.positions - first),
        }
    }

    /// Where the row of a channel begins in the signal.
    fn source(&self, strip: Strip, channel: usize) -> usize {
        let channels = (strip.sample * self.channels.groups + strip.group) * self.channels.columns;
        (channels + channel) * self.positions + strip.first
    }

    /// Copies the strip: one panel after the other, each (channels, vectors, lanes), with zeros beyond the
    /// last position.
    #[inline(always)]
    fn copy<T: Element, S: Simd>(&self, simd: S, signal: &[T], strip: Strip, to: &mut [T]) {
        let (lanes, columns) = (T::lanes::<S>(), self.channels.columns);
        let (whole, rest) = (strip.length / lanes, strip.length % lanes);
        let vectors = strip.length.div_ceil(lanes);
        assert!(columns * vectors * lanes <= to.len());
        for channel in 0..columns {
            let row = &signal[self.source(strip, channel)..][..strip.length];
            for (first, count) in self.panels(vectors) {
                // SAFETY: the row has `whole` vectors, the last of them perhaps followed by `rest` entries,
                // and `to` has room for all vectors of all channels, as asserted.
                unsafe {
                    let to = to.as_mut_ptr().add((first * columns + channel * count) * lanes);
                    let from = row.as_ptr().add(first * lanes);
                    let here = count.min(whole - first);
                    for vector in 0..here {
                        let values = T::load::<S>(from.add(vector * lanes));
                        T::store::<S>(to.add(vector * lanes), values);
                    }
                    if here < count {
                        let values = T::load_between(simd, from.add(here * lanes), 0, rest);
                        T::store::<S>(to.add(here * lanes), values);
                    }
                }
            }
        }
    }
}

impl<T: Element> Pieces<T> for PointwiseStage {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        PointwiseStage::jobs(self)
    }

    fn cost(&self) -> f64 {
        PointwiseStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(&self, simd: S, call: Call<'_, T>, (memory, _): (&mut [T], &mut [T]), job: usize) {
        let Channels { groups, rows: all_rows, columns, .. } = self.channels;
        let strip = self.strip(job);
        self.copy(simd, call.signal, strip, memory);
        let next = job + call.threads;
        let far = size_of_val(call.signal) >= LARGE_BYTES;
        let next = (far && next < self.jobs()).then(|| self.strip(next));
        let expecting = columns >= EXPECTING_TERMS && call.output.is_large();
        let first_channel = strip.group * all_rows;
        let first_row = strip.sample * groups * all_rows + first_channel;
        for (first, rows) in self.tiles() {
            // What is copied next is brought near meanwhile, a share beside each tile.
            if let Some(next) = next {
                for channel in first * columns / all_rows..(first + rows) * columns / all_rows {
                    prefetch_part(call.signal, self.source(next, channel), next.length, Purpose::Later);
                }
            }
            let weights = &call.packed[(first_channel + first) * columns..][..rows * columns];
            for (vector, vectors) in self.panels(strip.length.div_ceil(self.lanes)) {
                let position = vector * self.lanes;
                let length = (vectors * self.lanes).min(strip.length - position);
                let to = (first_row + first) * self.positions + strip.first + position;
                if expecting {
                    for row in 0..rows {
                        call.output.expect_write(to + row * self.positions, length);
                    }
                }
                let tile = PanelTile {
                    weights,
                    rows,
                    panel: &memory[position * columns..],
                    vectors,
                    output: call.output,
                    to: (to, self.positions),
                    length,
                    finish: call.finish,
                    channel: first_channel + first,
                };
                // SAFETY: every job writes the positions of its strip, and no other does.
                unsafe { tile.run(simd) };
            }
        }
    }
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str = "one tap";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = PointwiseStage::new::<T>(place.set, place.channels, &place.axes, 1)?;
    Some(Arc::new(stage))
}

method_in_pieces!(PointwiseStage: Method::Direct, "direct_pointwise";
    fn cut_for(&self, place: &Place, threads: usize) -> Option<Stage<T>> {
        let stage = PointwiseStage::new::<T>(place.set, place.channels, &place.axes, threads)?;
        Some(Arc::new(stage))
    }
);
