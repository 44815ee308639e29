//! Direct convolution of groups of one channel each, vectors of channels side by side.
//!
//! ```text
//! sum(c, o) = Σ_t weight(c, t) · strip(c)[o·s + offset(t)]
//! ```
//!
//! for as many channels c as a vector has lanes. A piece of the signal is copied channels last, so that every
//! load is a whole vector, whatever the tap. A register tile has R neighbouring positions of a row; taps that
//! read neighbours are taken four at a time, so that R + 3 loads serve 4R multiply-adds. Sums are transposed
//! in registers on their way out.
//!
//! Cost: the products of the definition, lanes beyond the channels included; one transposition of each entry
//! on each side. Memory: [`DepthwiseStage::workspace`] for each thread. Every sum runs over the taps in
//! order.

use ndarray::ArrayView3;
use pulp::{Simd, WithSimd};

use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::pieces::even;
use crate::conv::plan::geometry::strip::{ChannelRows, Layout};
use crate::conv::plan::method::planned_method::{Place, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::prefetch::{Purpose, prefetch_part};
use crate::conv::plan::register::shape::lanes;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet};

/// Bytes of a copied piece, and of the rows of it that one row of results reads over and over.
const STRIP_BYTES: usize = 256 * 1024;
const NEAR_BYTES: usize = 20 * 1024;
/// What copying a vector of channels costs in multiply-adds of vectors, beginning a row of them, and writing
/// a square.
const COPY_COST: f64 = 5.0;
const ROW_COST: f64 = 60.0;
const SQUARE_COST: f64 = 130.0;
/// What a register tile costs beside its terms.
const TILE_COST: f64 = 12.0;

/// Positions of the register tiles there are.
const TILES: [usize; 5] = [8, 7, 4, 2, 1];

/// One direction and phase of a problem: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct DepthwiseStage {
    set: InstructionSet,
    channels: Channels,
    y: AxisMap,
    x: AxisMap,
    /// Where the taps of each axis stand, relative to the first.
    rows: Layout,
    columns: Layout,
    /// Taps of a row that follow each other at the distance of two positions.
    run: usize,
    /// Rows and columns of a piece, and the columns that are computed row by row before the next.
    band: usize,
    width: usize,
    chunk: usize,
    /// Positions of a register tile.
    tile: usize,
    lanes: usize,
}

impl DepthwiseStage {
    /// If groups have one channel, and there is one axis or two.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
    ) -> Option<Self> {
        let axes = AxisMap::joined(axes.to_vec());
        let ([y, x], (1, 1)) = (&axes[..], (channels.rows, channels.columns)) else { return None };
        if y.taps.is_empty() || x.taps.is_empty() {
            return None;
        }
        let lanes = lanes::<T>(set);
        let (rows, columns) = (Layout::plain(y), Layout::plain(x));
        let neighbours = x.taps.windows(2).all(|pair| pair[1].1 - pair[0].1 == x.step as isize);
        let point = lanes * size_of::<T>();
        let fitting = |bytes: usize, lines: usize| {
            let points = bytes / (point * lines);
            points.saturating_sub(columns.extra + 1) / x.step + 1
        };
        let near = fitting(NEAR_BYTES, y.taps.len());
        let width = even(x.positions, fitting(STRIP_BYTES, y.step + rows.extra));
        let cost =
            |tile: &usize| width.div_ceil(*tile) * (tile * x.taps.len() * y.taps.len() + TILE_COST as usize);
        let possible = TILES.into_iter().filter(|&tile| tile <= width);
        let tile = possible.min_by_key(cost).unwrap_or(1);
        let chunk = (near / tile).max(1) * tile;
        let pitch = (width - 1) * x.step + 1 + columns.extra;
        let lines = (STRIP_BYTES / (point * pitch)).saturating_sub(rows.extra + 1);
        let band = even(y.positions, lines / y.step + 1);
        let run = if neighbours { x.taps.len() } else { 1 };
        let (y, x) = (y.clone(), x.clone());
        Some(DepthwiseStage { set, channels, y, x, rows, columns, run, band, width, chunk, tile, lanes })
    }

    /// Points of a row of the strip, and rows.
    fn strip(&self) -> (usize, usize) {
        (
            (self.width - 1) * self.x.step + 1 + self.columns.extra,
            (self.band - 1) * self.y.step + 1 + self.rows.extra,
        )
    }

    /// Blocks of channels, bands of rows, and parts of a row.
    fn pieces(&self) -> [usize; 3] {
        [
            self.channels.groups.div_ceil(self.lanes),
            self.y.positions.div_ceil(self.band),
            self.x.positions.div_ceil(self.width),
        ]
    }

    fn jobs(&self) -> usize {
        self.channels.batch * self.pieces().iter().product::<usize>()
    }

    fn terms(&self) -> usize {
        self.y.taps.len() * self.x.taps.len()
    }

    /// Multiply-adds of vectors, other work counted as such.
    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        let (pitch, rows) = self.strip();
        let copied = rows as f64 * (ROW_COST + COPY_COST * pitch as f64);
        let tiles = self.width.div_ceil(self.tile) as f64;
        let sums = tiles * (self.tile as f64 * self.terms() as f64 + TILE_COST);
        let written = self.width.div_ceil(self.lanes) as f64 * SQUARE_COST;
        self.jobs() as f64 * (copied + self.band as f64 * (sums + written))
    }

    /// Entries of memory that one thread needs: for the copied piece, and for sums and a square of them.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        let (pitch, rows) = self.strip();
        ((rows * pitch + self.lanes) * self.lanes, (self.chunk + 2 * self.lanes) * self.lanes)
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups.next_multiple_of(self.lanes) * self.terms()
    }

    /// Lays the weights out as (block of channels, tap, channel), taps in the order of the entries that they
    /// read.
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.reserve_exact(self.packed_length());
        for first in (0..self.channels.groups).step_by(self.lanes) {
            for (row, _) in &self.y.taps {
                for (column, _) in &self.x.taps {
                    let weight = |channel| kernel.get([channel, 0, row * self.x.kernel + column]).copied();
                    packed.extend((first..first + self.lanes).map(|c| weight(c).unwrap_or(T::zero())));
                }
            }
        }
    }
}

/// One block of channels on a part of one sample.
impl<T: Element> Pieces<T> for DepthwiseStage {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        DepthwiseStage::jobs(self)
    }

    fn cost(&self) -> f64 {
        DepthwiseStage::cost(self)
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
        let (lanes, groups) = (stage.lanes, stage.channels.groups);
        let [blocks, bands, columns] = stage.pieces();
        let (rest, column) = (job / columns, job % columns * stage.width);
        let (rest, row) = (rest / bands, rest % bands * stage.band);
        let (sample, first) = (rest / blocks, rest % blocks * lanes);
        let (y, x) = (&stage.y, &stage.x);
        let (pitch, rows) = stage.strip();
        let strip = &mut strip[..(rows * pitch + lanes) * lanes];
        let plane = y.source * x.source;
        for strip_row in 0..rows {
            let to = &mut strip[strip_row * pitch * lanes..];
            let entry = (row * y.step + strip_row) as isize + y.taps[0].1;
            match y.boundary.source(entry, y.source) {
                None => to[..pitch * lanes].fill(T::zero()),
                Some(entry) => {
                    let rows = ChannelRows {
                        signal,
                        start: ((sample * groups + first) * y.source + entry) * x.source,
                        stride: plane,
                        channels: lanes.min(groups - first),
                        length: x.source,
                        boundary: x.boundary,
                    };
                    // Rows are too short for the machine to see where the next one is.
                    for channel in 0..rows.channels {
                        let next = rows.start + channel * plane + 2 * x.source;
                        prefetch_part(signal, next, x.source, Purpose::Soon);
                    }
                    rows.copy::<S>((column * x.step) as isize + x.taps[0].1, pitch, to);
                }
            }
        }
        let band = stage.band.min(y.positions - row);
        let width = stage.width.min(x.positions - column);
        let weights = &packed[first * stage.terms()..][..lanes * stage.terms()];
        let (sums, square) = sums.split_at_mut((stage.chunk + lanes) * lanes);
        let count = lanes.min(groups - first);
        let result_plane = y.result * x.result;
        for chunk in (0..width).step_by(stage.chunk) {
            let length = stage.chunk.min(width - chunk);
            for band_row in 0..band {
                let start = (band_row * y.step * pitch + chunk * x.step) * lanes;
                simd.vectorize(RowSums {
                    stage,
                    weights,
                    source: &strip[start..],
                    pitch,
                    length,
                    sums: &mut *sums,
                });
                let to = ((sample * groups + first) * y.result + y.first + (row + band_row) * y.every)
                    * x.result
                    + x.first
                    + (column + chunk) * x.every;
                for position in (0..length).step_by(lanes) {
                    let size = (count, lanes.min(length - position));
                    let from = &sums[position * lanes..];
                    if x.every == 1 {
                        // SAFETY: no other job has these positions and these channels.
                        unsafe {
                            let to = (to + position, result_plane);
                            output.write_columns(simd, to, (from, lanes), square, size, (finish, first));
                        }
                        continue;
                    }
                    for channel in 0..count {
                        let to = to + channel * result_plane + position * x.every;
                        // SAFETY: as above.
                        unsafe {
                            let from = (&from[channel..], lanes);
                            output.write_strided((to, x.every), from, size.1, finish.of(first + channel));
                        }
                    }
                }
            }
        }
    }
}

/// The sums of some positions of a row.
struct RowSums<'a, T> {
    stage: &'a DepthwiseStage,
    /// (tap, lanes)
    weights: &'a [T],
    /// From what the first position reads first.
    source: &'a [T],
    pitch: usize,
    length: usize,
    sums: &'a mut [T],
}

impl<T: Element> WithSimd for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut done = 0;
        while done < self.length {
            // The last tile computes some sums anew rather than too many; what is left of a short row takes
            // short tiles.
            let fitting = |&tile: &usize| tile <= self.stage.tile && tile <= self.length;
            let tile = TILES.into_iter().find(fitting).unwrap_or(1);
            let first = done.min(self.length - tile);
            match tile {
                8 => self.tile::<S, 8>(simd, first),
                7 => self.tile::<S, 7>(simd, first),
                4 => self.tile::<S, 4>(simd, first),
                2 => self.tile::<S, 2>(simd, first),
                _ => self.tile::<S, 1>(simd, first),
            }
            done = first + tile;
        }
    }
}

impl<T: Element> RowSums<'_, T> {
    /// R sums from position `first` on.
    #[inline(always)]
    fn tile<S: Simd, const R: usize>(&mut self, simd: S, first: usize) {
        let RowSums { stage, weights, source, pitch, sums, .. } = self;
        let lanes = T::lanes::<S>();
        let step = stage.x.step * lanes;
        let sums = &mut sums[first * lanes..][..R * lanes];
        let source = &source[first * step..];
        let reach = (stage.rows.extra * *pitch + stage.columns.extra) * lanes;
        assert!((R - 1) * step + reach + lanes <= source.len(), "a tile reads inside its source");
        assert!(weights.len() >= stage.terms() * lanes && stage.columns.taps.len().is_multiple_of(stage.run));
        let mut totals = [T::splat(simd, T::zero()); R];
        let mut weights = weights.as_ptr();
        for &(_, row) in &stage.rows.taps {
            for taps in stage.columns.taps.chunks_exact(stage.run) {
                // SAFETY: row and column of a tap are within `reach`, the taps of a run stand `step` apart,
                // and (R − 1)·step beyond the last is inside, as asserted; and there is a vector of weights
                // for each tap.
                unsafe {
                    let mut from = source.as_ptr().add((row * *pitch + taps[0].1) * lanes);
                    let mut left = taps.len();
                    while left >= 4 {
                        add::<T, S, R, 4>(simd, &mut totals, weights, from, step);
                        (weights, from, left) =
                            (weights.add(4 * lanes), from.wrapping_add(4 * step), left - 4);
                    }
                    if left >= 2 {
                        add::<T, S, R, 2>(simd, &mut totals, weights, from, step);
                        (weights, from, left) =
                            (weights.add(2 * lanes), from.wrapping_add(2 * step), left - 2);
                    }
                    if left == 1 {
                        add::<T, S, R, 1>(simd, &mut totals, weights, from, step);
                        weights = weights.add(lanes);
                    }
                }
            }
        }
        for (i, total) in totals.iter().enumerate() {
            // SAFETY: `sums` has R vectors.
            unsafe { T::store::<S>(sums.as_mut_ptr().add(i * lanes), *total) };
        }
    }
}

/// `totals(i) += Σ_k weights(k) · from[(i + k)·step]` over B taps.
///
/// # Safety
/// R + B − 1 vectors `step` apart must be readable at `from`, and B vectors at `weights`.
#[inline(always)]
unsafe fn add<T: Element, S: Simd, const R: usize, const B: usize>(
    simd: S,
    totals: &mut [T::Vector<S>; R],
    weights: *const T,
    from: *const T,
    step: usize,
) {
    let lanes = T::lanes::<S>();
    // SAFETY: the caller vouches for the weights.
    let weights: [T::Vector<S>; B] = std::array::from_fn(|k| unsafe { T::load::<S>(weights.add(k * lanes)) });
    // SAFETY: the caller vouches for the points 0 … R + B − 2.
    let point = |j: usize| unsafe { T::load::<S>(from.add(j * step)) };
    // The points of one position; nothing here depends on i, so that the sums stay in registers.
    let mut points = [T::splat(simd, T::zero()); B];
    for (k, to) in points.iter_mut().enumerate().skip(1) {
        *to = point(k - 1);
    }
    unrolled!(i in 0..R => {
        unrolled!(k in 0..B => {
            points[k] = if k + 1 < B { points[(k + 1) % B] } else { point(i + B - 1) };
        });
        unrolled!(k in 0..B => {
            totals[i] = T::mul_add(simd, weights[k], points[k], totals[i]);
        });
    });
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str = "groups of one channel each, and at most two axes";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = DepthwiseStage::new::<T>(place.set, place.channels, &place.axes)?;
    Some(Arc::new(stage))
}

method_in_pieces!(DepthwiseStage: Method::Depthwise, "direct_depthwise");
