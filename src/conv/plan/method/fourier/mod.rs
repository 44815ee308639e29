//! Convolution by Fourier transforms of overlapping tiles, with the spectra of the kernel in the plan.
//!
//! ```text
//! tile(m) = F⁻¹ Σ_c K(m, c) · F(tile(c)),   K(m, c) = F(kernel(m, c)) / T
//! ```
//!
//! One transform for each tile and channel of the source, one inverse for each tile and channel of the
//! result; channels meet as spectra. [Tiles](crate::conv::plan::geometry::overlap) are as many side by side
//! as a vector has lanes, twice, and run through the [transform in
//! place](crate::conv::plan::method::transform) without a shuffle; a kernel's spectrum is the same for all of
//! them, a broadcast. In two dimensions rows are transformed as they are loaded, then columns; on the way
//! back columns, and only those rows that hold results. A tile stays in the second-level cache if its side is
//! 64 or less.
//!
//! Cost for tiles of T points, V of them valid: `(C + M)·T/V` transforms and 2·C·M·T/V multiply-adds for each
//! sum. Memory: [`FourierStage::workspace`] for each thread, M·C·T complex numbers of weights.
//!
//! *Error.* Write z(c) for the two tiles of a lane, ‖·‖ for the 2-norm and ‖·‖₁ for the sum of moduli, and R
//! for the roundings of a transform, as [`transform`](crate::conv::plan::method::transform) counts them. The
//! spectrum of a kernel is off by ((1+u)^R − 1)·‖k‖₁ in each entry and bounded by ‖k‖₁; the transforms of the
//! tiles are off by (1+u)^R − 1 relatively in the 2-norm. A sum of C complex products adds at most
//! γ·√2·|K||X| with γ = (1+u)^(2C+1) − 1, √2 because real and imaginary parts are rounded apart. One rounding
//! is for the division by T. As no entry exceeds the 2-norm,
//!
//! ```text
//! |computed − exact| ≤ ((1+u)^(3R + 3C + 3) − 1) · Σ_c ‖kernel(m, c)‖₁ ‖z(c)‖
//! ```
//!
//! if nothing underflows or overflows: sums of T entries must be finite. The two tiles of a lane are of one
//! sample, so that the bound is of that sample's own size, and an entry that is no number spoils tiles of its
//! own sample only.

mod product;
mod run;

use ndarray::ArrayView3;
use pulp::{Simd, WithSimd};

use self::product::SUMMED;
use std::sync::Arc;

use crate::conv::Problem;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::overlap::{ChannelOf, Cut, Tiles, transfer_costs};
use crate::conv::plan::method::planned_method::{Place, PlannedMethod, Stage};
use crate::conv::plan::method::transform::{LaneTransform, radices, roundings};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::shape::lanes;
use crate::conv::plan::workspace::{Call, ThreadMemory};
use crate::simd::{Element, InstructionSet};

/// Multiply-adds of vectors that a pass over one point costs, for loading and storing it and for each factor
/// 2 of its radix.
const PASS_COST: f64 = 2.0;
const FACTOR_COST: f64 = 1.25;
/// What a point costs that comes from beyond the second-level cache, or from farther still, and how many
/// bytes there are before it.
const FAR: [(usize, f64); 2] = [(768 * 1024, 6.0), (6 * 1024 * 1024, 19.0)];
/// Bytes of spectra of a kernel that do not stay near, and what reading 64 of them costs.
const FAR_WEIGHT_BYTES: usize = 4 * 1024 * 1024;
const FAR_LINE_COST: f64 = 4.0;

/// One direction and phase of a problem: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct FourierStage<T> {
    set: InstructionSet,
    channels: Channels,
    tiles: Tiles,
    /// One for each axis.
    transforms: Vec<LaneTransform<T>>,
    lanes: usize,
}

impl<T: Element> FourierStage<T> {
    /// With the tiles that cost least, none longer than `longest`; none if nothing is ever met, or no tile
    /// fits.
    pub(in crate::conv::plan) fn new(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
        longest: Option<usize>,
    ) -> Option<Self> {
        let axes = AxisMap::joined(axes.to_vec());
        let lanes = lanes::<T>(set);
        let lengths = |axis: &AxisMap| lengths(axis, longest);
        let cuts = Cut::cheapest(&axes, lengths, |cuts| cost::<T>(channels, cuts, lanes))?;
        let transforms = cuts.iter().map(|cut| LaneTransform::new(cut.length)).collect();
        let tiles = Tiles::paired(axes, cuts, channels.batch, lanes);
        Some(FourierStage { set, channels, tiles, transforms, lanes })
    }

    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        cost::<T>(self.channels, self.tiles.cuts(), self.lanes)
    }

    /// (1+u)^(3R + 3C + 3) − 1 of the module documentation.
    pub(in crate::conv::plan) fn growth(&self) -> f64 {
        let transform: usize = self.tiles.cuts().iter().map(|cut| roundings(cut.length)).sum();
        let count = 3 * transform + 3 * self.channels.columns + 3;
        (count as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1()
    }

    /// The bound relative to the number of terms times the largest magnitudes: ‖k‖₁ is at most taps times the
    /// largest weight, ‖z‖ at most √(2T) times the largest entry.
    pub(in crate::conv::plan) fn relative_bound(&self) -> f64 {
        self.growth() * (2.0 * self.grid() as f64).sqrt()
    }

    /// Points of a tile, T.
    fn grid(&self) -> usize {
        self.tiles.cuts().iter().map(|cut| cut.length).product()
    }

    /// Entries of memory that one thread needs: spectra of all channels of the source, and a row of each tile
    /// with spectra of some channels of the result.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        let results = if self.in_place() { 0 } else { SUMMED.min(self.channels.rows) };
        let sums = self.tiles.row_entries() + results * self.tiles.entries();
        (self.channels.columns * self.tiles.entries(), sums)
    }

    /// With one channel on both sides the product stays where the spectrum was.
    fn in_place(&self) -> bool {
        self.channels.columns == 1 && self.channels.rows == 1
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.channels.rows * self.channels.columns * self.tiles.points() * 2
    }

    /// Transforms the kernels, and lays their spectra out in the order in which they are read: (group, block
    /// of rows, point, column, row of the block, part). `kernel` is (row, column, tap) for all groups.
    pub(in crate::conv::plan) fn pack(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        let Channels { rows, columns, groups, .. } = self.channels;
        let taps = self.kernel_taps();
        let scale = T::rounded(1.0 / self.grid() as f64);
        let mut memory = vec![T::zero(); self.tiles.entries()];
        packed.clear();
        packed.resize(self.packed_length(), T::zero());
        let all = groups * rows * columns;
        for first in (0..all).step_by(self.lanes) {
            memory.fill(T::zero());
            for number in first..all.min(first + self.lanes) {
                let (row, column) = (number / columns, number % columns);
                for &(tap, point) in &taps {
                    memory[point * 2 * self.lanes + number - first] = kernel[[row, column, tap]] * scale;
                }
            }
            self.set.run(KernelRun { stage: self, memory: &mut memory });
            for number in first..all.min(first + self.lanes) {
                let (row, column) = (number / columns, number % columns);
                let (group, row) = (row / rows, row % rows);
                let (block, j) = (row / SUMMED, row % SUMMED);
                let width = SUMMED.min(rows - block * SUMMED);
                let begin = (group * rows + block * SUMMED) * columns * self.tiles.points() * 2;
                for point in 0..self.tiles.points() {
                    let to = begin + ((point * columns + column) * width + j) * 2;
                    let from = point * 2 * self.lanes + number - first;
                    packed[to] = memory[from];
                    packed[to + 1] = memory[from + self.lanes];
                }
            }
        }
    }

    /// Each tap of the kernel, in row-major order, and the point where it stands.
    fn kernel_taps(&self) -> Vec<(usize, usize)> {
        let mut taps = vec![(0, 0)];
        let (axes, cuts) = (self.tiles.axes(), self.tiles.cuts());
        for (number, (axis, cut)) in axes.iter().zip(cuts).enumerate() {
            let extent = if number + 1 == axes.len() { self.tiles.pitch } else { cut.length };
            let extend = |&(tap, point): &(usize, usize)| {
                let next = axis.taps.iter();
                next.map(move |&(t, entry)| (tap * axis.kernel + t, point * extent + cut.point(entry)))
            };
            taps = taps.iter().flat_map(extend).collect();
        }
        taps
    }

    /// Transforms along all axes but the last.
    #[inline(always)]
    fn columns<S: Simd>(&self, simd: S, points: &mut [T], forward: bool) {
        let cuts = self.tiles.cuts();
        let last = cuts.len() - 1;
        for step in 0..last {
            let axis = if forward { last - 1 - step } else { step };
            let transform = &self.transforms[axis];
            if transform.length() == 1 {
                continue;
            }
            let inner: usize = cuts[axis + 1..last].iter().map(|cut| cut.length).product();
            let outer: usize = cuts[..axis].iter().map(|cut| cut.length).product();
            let distance = inner * self.tiles.pitch;
            for block in 0..outer {
                for row in 0..inner {
                    for column in 0..cuts[last].length {
                        let start = block * transform.length() * distance + row * self.tiles.pitch + column;
                        let (start, stride) = (start * 2 * self.lanes, distance * 2 * self.lanes);
                        match forward {
                            true => transform.forward(simd, points, start, stride),
                            false => transform.inverse(simd, points, start, stride),
                        }
                    }
                }
            }
        }
    }

    fn row_transform(&self) -> &LaneTransform<T> {
        &self.transforms[self.transforms.len() - 1]
    }
}

/// The lengths worth trying along an axis: from the span to what covers all of it.
fn lengths(axis: &AxisMap, longest: Option<usize>) -> Vec<usize> {
    let Some(span) = Cut::span(axis) else { return Vec::new() };
    if span == 1 {
        return vec![1];
    }
    let all = (axis.positions - 1) * axis.step + span;
    let mut lengths = Vec::new();
    for length in span.. {
        if radices(length).is_none() {
            continue;
        }
        if longest.is_some_and(|longest| length > longest) && !lengths.is_empty() {
            break;
        }
        // A little longer makes little difference.
        if lengths.last().is_some_and(|&last| length < all && 10 * length < 11 * last) {
            continue;
        }
        lengths.push(length);
        if length >= all || length > MOST_SPANS * span.max(8) {
            break;
        }
    }
    lengths
}

/// Tiles are at most so many times as long as what a position reads.
const MOST_SPANS: usize = 24;

/// Multiply-adds of vectors, other work counted as such.
fn cost<T: Element>(channels: Channels, cuts: &[Cut], lanes: usize) -> f64 {
    let Channels { batch, groups, rows, columns } = channels;
    let tiles = batch * cuts.iter().map(|cut| cut.tiles).product::<usize>();
    let points: usize = cuts.iter().map(|cut| cut.length).product();
    let radices = cuts.iter().flat_map(|cut| radices(cut.length).into_iter().flatten());
    let passes: f64 = radices.map(|radix| PASS_COST + FACTOR_COST * (radix as f64).log2()).sum();
    let entry = 2 * lanes * size_of::<T>();
    let spectra = (columns + if rows * columns == 1 { 0 } else { SUMMED.min(rows) }) * points * entry;
    let far: f64 = FAR.iter().filter(|(bytes, _)| spectra > *bytes).map(|(_, cost)| cost).sum();
    let transform = passes + far;
    let product = (4 * rows * columns + 2 * rows.div_ceil(SUMMED) * columns + 2 * rows) as f64;
    let (load, store) = transfer_costs(cuts, lanes, tiles);
    let transforms = points as f64 * ((rows + columns) as f64 * transform + product);
    let weights = 2 * rows * columns * points * size_of::<T>();
    let lines = if weights > FAR_WEIGHT_BYTES { weights / 64 } else { 0 };
    let work = transforms + lines as f64 * FAR_LINE_COST + columns as f64 * load + rows as f64 * store;
    (Tiles::paired_groups(cuts, batch, lanes) * groups) as f64 * work
}

/// Transforms kernels.
struct KernelRun<'a, T> {
    stage: &'a FourierStage<T>,
    memory: &'a mut [T],
}

impl<T: Element> WithSimd for KernelRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stage = self.stage;
        for row in 0..stage.tiles.rows() {
            let start = row * stage.tiles.pitch * 2 * stage.lanes;
            stage.row_transform().forward(simd, self.memory, start, 2 * stage.lanes);
        }
        stage.columns(simd, self.memory, true);
    }
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str = "tiles that fit the transforms";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = FourierStage::new(place.set, place.channels, &place.axes, place.longest_tile)?;
    Some(Arc::new(stage))
}

impl<T: Element> PlannedMethod<T> for FourierStage<T> {
    fn method(&self) -> Method {
        Method::Fourier
    }

    fn name(&self) -> &'static str {
        "fourier_tiles"
    }

    fn cost(&self) -> f64 {
        self.cost()
    }

    fn relative_bound(&self, _problem: &Problem) -> f64 {
        self.relative_bound()
    }

    fn growth_within(&self) -> f64 {
        2.0 * self.grid() as f64
    }

    fn transform_growth(&self) -> Option<f64> {
        Some(self.growth())
    }

    fn workspace(&self) -> (usize, usize) {
        self.workspace()
    }

    fn packed_length(&self) -> usize {
        self.packed_length()
    }

    fn pack(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        self.pack(kernel, packed);
    }

    fn run(&self, call: Call<'_, T>, threads: &mut [ThreadMemory<T>]) {
        self.run(call, threads);
    }
}
