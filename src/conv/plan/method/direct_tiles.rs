//! Direct convolution on [overlapping tiles](crate::conv::plan::geometry::overlap) side by side, a tile in
//! each lane.
//!
//! ```text
//! sum(i) = Σ_c Σ_t weight(m, c, t) · tile(c)[i·s + offset(t)]
//! ```
//!
//! for all lanes at once: every load is a whole vector, whatever the tap, and no lane is lost on the ends of
//! rows. A register tile has R neighbouring positions of two vectors each. Taps that read neighbours are
//! taken four at a time: R + 3 points serve 4R multiply-adds on each part, so that the loads hide behind the
//! arithmetic. This is a kernel for few channels: signals of one dimension, depthwise layers, images of one
//! channel.
//!
//! Cost: the products of the definition; each tile is copied and transposed once for each channel, T entries
//! for V positions. Memory: [`DirectTiles::workspace`] for each thread. Every sum runs over (channel, tap) in
//! order.

use ndarray::{ArrayView3, Axis as ArrayAxis};
use pulp::{Simd, WithSimd};

use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::overlap::{ChannelOf, Cut, Tiles, transfer_costs};
use crate::conv::plan::geometry::pieces::even;
use crate::conv::plan::method::planned_method::{Place, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::shape::lanes;
use crate::conv::plan::register::sum_tile::Offsets;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet, is_wide};

/// Points of all channels that stay near, and what a multiply-add costs beyond, in multiply-adds of vectors.
/// A point has two vectors: 512 KiB of them with vectors of 64 bytes, half of that on machines with narrower
/// vectors, whose second-level caches are half as large.
const NEAR_POINTS: usize = 4096;
const FAR_FACTOR: f64 = 3.0;
/// What a position costs beside its terms.
const POSITION_COST: f64 = 40.0;

/// One direction and phase of a problem: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct DirectTiles {
    set: InstructionSet,
    channels: Channels,
    tiles: Tiles,
    /// Where the terms stand relative to a position, in entries of all tiles of a channel.
    offsets: Offsets,
    /// Terms that follow each other at the distance of two positions.
    run: usize,
    /// Positions along the last axis in a register tile.
    most: usize,
    lanes: usize,
}

impl DirectTiles {
    /// With the tiles that cost least, none longer than `longest`; none if nothing is ever met.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
        longest: Option<usize>,
    ) -> Option<Self> {
        let axes = AxisMap::joined(axes.to_vec());
        let lanes = lanes::<T>(set);
        let cost = |cuts: &[Cut]| cost(channels, &axes, cuts, lanes);
        let cuts = Cut::cheapest(&axes, |axis| lengths(axis, longest), cost)?;
        let tiles = Tiles::new(axes, cuts, channels.batch, lanes);
        let mut offsets = vec![0];
        for (number, (axis, cut)) in tiles.axes().iter().zip(tiles.cuts()).enumerate() {
            let extent = if number + 1 == tiles.axes().len() { tiles.pitch } else { cut.length };
            let first = axis.taps.first()?.1;
            let along = |offset: &usize| {
                let offset = offset * extent;
                axis.taps.iter().map(move |(_, entry)| offset + (entry - first) as usize)
            };
            offsets = offsets.iter().flat_map(along).collect();
        }
        let entries = tiles.entries();
        let of_column = |column| offsets.iter().map(move |offset| column * entries + offset * 2 * lanes);
        let offsets = Offsets::new((0..channels.columns).flat_map(of_column).collect());
        let x = &tiles.axes()[tiles.axes().len() - 1];
        let neighbours = x.taps.windows(2).all(|pair| pair[1].1 - pair[0].1 == x.step as isize);
        let run = if neighbours { x.taps.len() } else { 1 };
        let most = if set == InstructionSet::Avx512 { MOST_POSITIONS } else { MOST_POSITIONS / 2 };
        Some(DirectTiles { set, channels, tiles, offsets, run, most, lanes })
    }

    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        cost(self.channels, self.tiles.axes(), self.tiles.cuts(), self.lanes)
    }

    /// Entries of memory that one thread needs: the tiles of all channels, and rows of tiles before and
    /// after.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        let sums = (self.tiles.pitch + self.lanes) * 2 * self.lanes;
        (self.channels.columns * self.tiles.entries(), self.tiles.row_entries() + sums)
    }

    fn terms(&self) -> usize {
        self.channels.columns * self.tiles.axes().iter().map(|axis| axis.taps.len()).product::<usize>()
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.channels.rows * self.terms()
    }

    /// Lays the weights out as (row of all groups, column, tap), taps in the order of the entries that they
    /// read.
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        let mut taps = vec![0];
        for axis in self.tiles.axes() {
            let extend = |tap: &usize| {
                let before = tap * axis.kernel;
                axis.taps.iter().map(move |(number, _)| before + number)
            };
            taps = taps.iter().flat_map(extend).collect();
        }
        packed.clear();
        packed.reserve_exact(self.packed_length());
        for row in kernel.axis_iter(ArrayAxis(0)) {
            for column in row.axis_iter(ArrayAxis(0)) {
                packed.extend(taps.iter().map(|&tap| column[tap]));
            }
        }
    }
}

/// Most positions of a register tile.
const MOST_POSITIONS: usize = 8;

/// The lengths worth trying along an axis: all of it, and parts that are as even as possible.
fn lengths(axis: &AxisMap, longest: Option<usize>) -> Vec<usize> {
    let Some(span) = Cut::span(axis) else { return Vec::new() };
    let mut lengths: Vec<usize> = PARTS
        .into_iter()
        .filter(|&parts| parts <= axis.positions)
        .map(|parts| (axis.positions.div_ceil(parts) - 1) * axis.step + span)
        .filter(|&length| longest.is_none_or(|longest| length <= longest))
        .collect();
    lengths.dedup();
    if lengths.is_empty() {
        let positions = longest.unwrap_or(0).saturating_sub(span) / axis.step + 1;
        lengths.push((positions - 1) * axis.step + span);
    }
    lengths
}

/// Numbers of tiles along an axis.
const PARTS: [usize; 26] = [
    1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096, 8192,
    16384,
];

/// Multiply-adds of vectors, other work counted as such.
fn cost(channels: Channels, axes: &[AxisMap], cuts: &[Cut], lanes: usize) -> f64 {
    let Channels { batch, groups, rows, columns } = channels;
    let tiles = batch * cuts.iter().map(|cut| cut.tiles).product::<usize>();
    let points: usize = cuts.iter().map(|cut| cut.length).product();
    let positions: usize = cuts.iter().map(|cut| cut.positions).product();
    let taps: usize = axes.iter().map(|axis| axis.taps.len()).product();
    let last = cuts[cuts.len() - 1];
    let far = columns * points > NEAR_POINTS;
    let register_tile = even(last.positions, MOST_POSITIONS) as f64;
    // Reading and writing a register tile takes about as long as a term.
    let term = (2.0 + 1.0 / register_tile) * if far { FAR_FACTOR } else { 1.0 };
    let sums = (rows * positions) as f64 * ((columns * taps) as f64 * term + POSITION_COST);
    let (load, store) = transfer_costs(cuts, lanes, tiles);
    let work = columns as f64 * load + sums + rows as f64 * store;
    (tiles.div_ceil(2 * lanes) * groups) as f64 * work
}

/// One group of channels on as many tiles as run side by side.
impl<T: Element> Pieces<T> for DirectTiles {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        self.tiles.groups() * self.channels.groups
    }

    fn cost(&self) -> f64 {
        DirectTiles::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(
        &self,
        simd: S,
        call: Call<'_, T>,
        (strip, sums): (&mut [T], &mut [T]),
        job: usize,
    ) {
        let (stage, Call { packed, signal, output, finish, .. }) = (self, call);
        let Channels { groups, rows, columns, .. } = stage.channels;
        let tiles = &stage.tiles;
        let (group, first) = (job / tiles.groups(), job % tiles.groups() * 2 * stage.lanes);
        let (entries, size) = (tiles.entries(), 2 * stage.lanes);
        let (row_memory, sums) = sums.split_at_mut(tiles.row_entries());
        let source = &mut strip[..columns * entries];
        for (column, points) in source.chunks_exact_mut(entries).enumerate() {
            let of = ChannelOf { channel: group * columns + column, channels: groups * columns };
            for row in 0..tiles.rows() {
                tiles.load_row(simd, (signal, of), (first, row), row_memory, points);
            }
        }
        let (x, cut) = (&tiles.axes()[tiles.axes().len() - 1], &tiles.cuts()[tiles.cuts().len() - 1]);
        let count = even(cut.positions, stage.most);
        for row in 0..rows {
            let weights = &packed[(group * rows + row) * stage.terms()..][..stage.terms()];
            let of = ChannelOf { channel: group * rows + row, channels: groups * rows };
            for line in (0..tiles.rows()).filter(|&line| tiles.has_positions(line)) {
                for position in (0..cut.positions).step_by(count) {
                    let start = (line * tiles.pitch + position * x.step) * size;
                    simd.vectorize(Sum {
                        weights,
                        offsets: &stage.offsets,
                        run: stage.run,
                        source: &source[start..],
                        step: x.step * size,
                        positions: count.min(cut.positions - position),
                        sums: &mut sums[position * size..],
                    });
                }
                // SAFETY: no other job has these tiles and this channel.
                unsafe {
                    tiles.store_row(simd, (output, of), (first, line), (&mut *row_memory, 1), sums, finish)
                };
            }
        }
    }
}

/// The sums of some neighbouring positions.
struct Sum<'a, T> {
    weights: &'a [T],
    offsets: &'a Offsets,
    run: usize,
    /// From the first position on.
    source: &'a [T],
    /// Entries from one position to the next.
    step: usize,
    positions: usize,
    sums: &'a mut [T],
}

impl<T: Element> WithSimd for Sum<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.positions {
            1 => self.sum::<S, 1>(simd),
            2 => self.sum::<S, 2>(simd),
            3 => self.sum::<S, 3>(simd),
            4 => self.sum::<S, 4>(simd),
            5 if const { is_wide::<S>() } => self.sum::<S, 5>(simd),
            6 if const { is_wide::<S>() } => self.sum::<S, 6>(simd),
            7 if const { is_wide::<S>() } => self.sum::<S, 7>(simd),
            8 if const { is_wide::<S>() } => self.sum::<S, 8>(simd),
            other => unreachable!(
                "a register tile has one to eight positions, or with 16 registers four, not {other}"
            ),
        }
    }
}

impl<T: Element> Sum<'_, T> {
    #[inline(always)]
    fn sum<S: Simd, const R: usize>(self, simd: S) {
        let Sum { weights, offsets, run, source, step, sums, .. } = self;
        let lanes = T::lanes::<S>();
        assert!(weights.len() <= offsets.list.len() && sums.len() >= R * 2 * lanes);
        assert!((R - 1) * step + offsets.reach + 2 * lanes <= source.len(), "a tile reads inside its source");
        let mut totals = [[T::splat(simd, T::zero()); 2]; R];
        let offsets = &offsets.list[..weights.len()];
        for (weights, offsets) in weights.chunks_exact(run).zip(offsets.chunks_exact(run)) {
            let mut tap = 0;
            // SAFETY: the terms of a run stand `step` apart, and (R − 1)·step beyond the last is inside, as
            // asserted.
            unsafe {
                // Sums, weights and points fit 32 registers; of 16, with two taps.
                while is_wide::<S>() && tap + 4 <= run {
                    let from = source.as_ptr().add(offsets[tap]);
                    add::<T, S, R, 4>(simd, &mut totals, &weights[tap..], from, step);
                    tap += 4;
                }
                while tap + 2 <= run {
                    let from = source.as_ptr().add(offsets[tap]);
                    add::<T, S, R, 2>(simd, &mut totals, &weights[tap..], from, step);
                    tap += 2;
                }
                if tap < run {
                    let from = source.as_ptr().add(offsets[tap]);
                    add::<T, S, R, 1>(simd, &mut totals, &weights[tap..], from, step);
                }
            }
        }
        for (i, totals) in totals.iter().enumerate() {
            for (part, total) in totals.iter().enumerate() {
                // SAFETY: there are 2R vectors of sums, as asserted.
                unsafe { T::store::<S>(sums.as_mut_ptr().add((2 * i + part) * lanes), *total) };
            }
        }
    }
}

/// `totals(i) += Σ_k weights(k) · from[(i + k)·step]` over B taps.
///
/// # Safety
/// R + B − 1 points `step` apart must be readable at `from`, two vectors each.
#[inline(always)]
unsafe fn add<T: Element, S: Simd, const R: usize, const B: usize>(
    simd: S,
    totals: &mut [[T::Vector<S>; 2]; R],
    weights: &[T],
    from: *const T,
    step: usize,
) {
    let lanes = T::lanes::<S>();
    let weights = &weights[..B];
    let vectors: [T::Vector<S>; B] = std::array::from_fn(|k| T::splat(simd, weights[k]));
    // SAFETY: the caller vouches for the points 0 … R + B − 2.
    let point =
        |j: usize| unsafe { [T::load::<S>(from.add(j * step)), T::load::<S>(from.add(j * step + lanes))] };
    // The points of one position; nothing here depends on i, so that the sums stay in registers.
    let mut points = [[T::splat(simd, T::zero()); 2]; B];
    for (k, to) in points.iter_mut().enumerate().skip(1) {
        *to = point(k - 1);
    }
    unrolled!(i in 0..R => {
        unrolled!(k in 0..B => {
            points[k] = if k + 1 < B { points[(k + 1) % B] } else { point(i + B - 1) };
        });
        unrolled!(k in 0..B => {
            let [first, second] = points[k];
            totals[i][0] = T::mul_add(simd, vectors[k], first, totals[i][0]);
            totals[i][1] = T::mul_add(simd, vectors[k], second, totals[i][1]);
        });
    });
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str = "at most two axes of space that are more than a point";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = DirectTiles::new::<T>(place.set, place.channels, &place.axes, place.longest_tile)?;
    Some(Arc::new(stage))
}

method_in_pieces!(DirectTiles: Method::DirectTiles, "direct_tiles");
