//! Winograd's minimal filtering for kernels of three taps, along one axis or two.
//!
//! F(m, 3) computes m neighbouring outputs of a three-tap filter from m + 2 inputs with m + 2 products instead of 3m:
//!
//! ```text
//! output = Aᵀ [(G g) ⊙ (Bᵀ d)],    in two dimensions  Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//! ```
//!
//! so that F(2×2, 3×3) saves a factor of 2.25 and F(4×4, 3×3) one of 4. Products are summed over channels before Aᵀ is
//! applied: for each of the (m+2)² entries a matrix product (channels × tiles), done in
//! [tiles of channels](super::microkernel::ChannelTile). The signal is copied channels last, so that both transforms
//! run on vectors of channels and waste no lane on the shape of the image.
//!
//! *Error.* γ_k · Aᵀ[(|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)]|A| with k roundings on the longest path: C for the sum over channels,
//! and 4 + 2 + 4 for G, Bᵀ, Aᵀ of F(2×2, 3×3), 8 + 6 + 8 at most for F(4×4, 3×3), half as much along one axis. The bound exceeds that of the definition by a factor of up to 7.1 and 256.
//!
//! Source: A. Lavin, S. Gray, *Fast algorithms for convolutional neural networks*, 2016, §4.1 and §4.3; for the error
//! B. Barabasz et al., *Error analysis and improving the accuracy of Winograd convolution for deep neural networks*,
//! 2020.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::ArrayView3;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::axis_map::AxisMap;
use super::direct::{Channels, Workspace, even};
use super::microkernel::{ChannelTile, MOST_CHANNEL_VECTORS, Offsets, lanes, positions_per_tile};
use super::output::{Finish, SharedOutput};
use crate::conv::simd::{Element, InstructionSet};

/// Tiles of a piece.
const PIECE_TILES: usize = 48;
/// Bytes of transformed signal that a piece may have.
const PIECE_BYTES: usize = 1024 * 1024;
/// What transforms cost for each entry and channel, in multiply-adds of vectors.
const COPY_COST: f64 = 1.5;
const TRANSFORM_COST: f64 = 6.0;
const WRITE_COST: f64 = 2.5;
/// Below so many multiply-adds of vectors, another thread does not pay.
const TINY_COST: f64 = 40_000.0;

/// The three matrices of F(m, 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::conv) struct Filtering {
    /// Outputs, m.
    pub(in crate::conv) outputs: usize,
    /// Entries, m + 2.
    pub(in crate::conv) entries: usize,
    /// Aᵀ, (outputs, entries)
    pub(in crate::conv) output: &'static [&'static [f64]],
    /// G, (entries, 3), each divided by the last number of its row.
    pub(in crate::conv) kernel: &'static [[f64; 4]],
    /// Bᵀ, (entries, entries)
    pub(in crate::conv) input: &'static [&'static [f64]],
}

impl Filtering {
    /// Roundings on the longest path through the three matrices: see the [module](self).
    pub(in crate::conv) fn roundings(&self) -> usize {
        match self.entries {
            4 => 5,
            6 => 11,
            _ => 0,
        }
    }

    /// The largest sum |Aᵀ|(|G|1 ⊙ |Bᵀ|1), over what the definition has: its taps.
    fn growth(&self) -> f64 {
        let sum = |row: &[f64]| row.iter().map(|entry| entry.abs()).sum::<f64>();
        let product = |n: usize| sum(&self.kernel[n][..3]) / self.kernel[n][3] * sum(self.input[n]);
        let output = |row: &&[f64]| row.iter().enumerate().map(|(n, a)| a.abs() * product(n)).sum::<f64>();
        let taps = if self.entries == 1 { 1.0 } else { 3.0 };
        self.output.iter().map(output).fold(0.0, f64::max) / taps
    }
}

/// F(2, 3).
pub(in crate::conv) const TWO: Filtering = Filtering {
    outputs: 2,
    entries: 4,
    output: &[&[1.0, 1.0, 1.0, 0.0], &[0.0, 1.0, -1.0, -1.0]],
    kernel: &[[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 2.0], [1.0, -1.0, 1.0, 2.0], [0.0, 0.0, 1.0, 1.0]],
    input: &[&[1.0, 0.0, -1.0, 0.0], &[0.0, 1.0, 1.0, 0.0], &[0.0, -1.0, 1.0, 0.0], &[0.0, 1.0, 0.0, -1.0]],
};

/// F(4, 3).
pub(in crate::conv) const FOUR: Filtering = Filtering {
    outputs: 4,
    entries: 6,
    output: &[
        &[1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
        &[0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
        &[0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
        &[0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
    ],
    kernel: &[
        [1.0, 0.0, 0.0, 4.0],
        [-1.0, -1.0, -1.0, 6.0],
        [-1.0, 1.0, -1.0, 6.0],
        [1.0, 2.0, 4.0, 24.0],
        [1.0, -2.0, 4.0, 24.0],
        [0.0, 0.0, 1.0, 1.0],
    ],
    input: &[
        &[4.0, 0.0, -5.0, 0.0, 1.0, 0.0],
        &[0.0, -4.0, -4.0, 1.0, 1.0, 0.0],
        &[0.0, 4.0, -4.0, -1.0, 1.0, 0.0],
        &[0.0, -2.0, -1.0, 2.0, 1.0, 0.0],
        &[0.0, 2.0, -1.0, -2.0, 1.0, 0.0],
        &[0.0, 4.0, 0.0, -5.0, 0.0, 1.0],
    ],
};

/// The axis is left as it is: one tap, one output, one entry.
pub(in crate::conv) const ONE: Filtering = Filtering {
    outputs: 1,
    entries: 1,
    output: &[&[1.0]],
    kernel: &[[1.0, 0.0, 0.0, 1.0]],
    input: &[&[1.0]],
};

/// A problem laid out for minimal filtering: see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct WinogradStage {
    set: InstructionSet,
    channels: Channels,
    y: AxisMap,
    x: AxisMap,
    along_y: Filtering,
    along_x: Filtering,
    /// Tiles of an image.
    rows: usize,
    columns: usize,
    /// Samples and rows of tiles of a piece.
    samples: usize,
    band: usize,
    /// Vectors of output channels at once.
    vectors: usize,
    lanes: usize,
    offsets: Offsets,
}

impl WinogradStage {
    /// F(m, 3) along every axis of three taps, if that is all there is besides axes of one tap.
    pub(super) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
        filtering: Filtering,
    ) -> Option<Self> {
        let (y, x) = match axes {
            [x] => (AxisMap::point(), x.clone()),
            [y, x] => (y.clone(), x.clone()),
            _ => return None,
        };
        let along = |axis: &AxisMap| {
            let neighbours = axis.taps.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
            let plain = axis.step == 1 && axis.every == 1 && axis.taps.len() == axis.kernel;
            match axis.taps.len() {
                1 if plain => Some(ONE),
                3 if plain && neighbours => Some(filtering),
                _ => None,
            }
        };
        let (along_y, along_x) = (along(&y)?, along(&x)?);
        if along_y.entries * along_x.entries == 1 {
            return None;
        }
        let lanes = lanes::<T>(set);
        let rows = y.positions.div_ceil(along_y.outputs);
        let columns = x.positions.div_ceil(along_x.outputs);
        let frequencies = along_y.entries * along_x.entries;
        let fitting = PIECE_BYTES / (size_of::<T>() * frequencies * channels.columns);
        let target = PIECE_TILES.min(fitting).max(1);
        let band = even(rows, target / columns);
        let samples = if band == rows { even(channels.batch, target / (rows * columns)) } else { 1 };
        let vectors = even(channels.rows.div_ceil(lanes), MOST_CHANNEL_VECTORS);
        let offsets = Offsets::new((0..channels.columns).collect());
        Some(WinogradStage {
            set,
            channels,
            y,
            x,
            along_y,
            along_x,
            rows,
            columns,
            samples,
            band,
            vectors,
            lanes,
            offsets,
        })
    }

    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        match (self.along_y.entries, self.along_x.entries) {
            (4, 4) => "winograd_2x2_3x3",
            (6, 6) => "winograd_4x4_3x3",
            (4, _) | (_, 4) => "winograd_2_3",
            _ => "winograd_4_3",
        }
    }

    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and signal.
    pub(super) fn relative_bound<T: Element>(&self) -> f64 {
        let roundings = self.along_y.roundings() + self.along_x.roundings() + self.channels.columns;
        let growth = (roundings as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1();
        growth * self.along_y.growth() * self.along_x.growth()
    }

    fn frequencies(&self) -> usize {
        self.along_y.entries * self.along_x.entries
    }

    fn tiles(&self) -> usize {
        self.samples * self.band * self.columns
    }

    /// Tiles that are multiplied at once.
    fn at_once(&self) -> usize {
        positions_per_tile(self.set, self.vectors)
    }

    /// Channels of a group of the signal, in whole vectors.
    fn depth(&self) -> usize {
        self.channels.columns.next_multiple_of(self.lanes)
    }

    /// Output channels of a group, in whole tiles of channels.
    fn padded_rows(&self) -> usize {
        self.channels.rows.next_multiple_of(self.vectors * self.lanes)
    }

    /// From one frequency to the next, of the transformed signal and of the sums. Not a power of two, which caches
    /// would put in one place.
    fn strides(&self) -> (usize, usize) {
        let tiles = self.tiles().next_multiple_of(self.at_once());
        (self.tiles() * self.depth() + self.lanes, tiles * self.vectors * self.lanes + self.lanes)
    }

    /// Entries of the strip that is copied, channels last: (rows, columns).
    fn strip(&self) -> (usize, usize) {
        let along = |tiles: usize, filtering: Filtering| (tiles - 1) * filtering.outputs + filtering.entries;
        (along(self.band, self.along_y), along(self.columns, self.along_x))
    }

    /// Entries of memory that one thread needs: for the copied strip and the transformed signal, and for the sums.
    pub(super) fn workspace(&self) -> (usize, usize) {
        let (rows, columns) = self.strip();
        let (transformed, sums) = self.strides();
        let outputs = self.along_y.outputs * self.along_x.outputs;
        (
            rows * columns * self.lanes + self.frequencies() * transformed,
            self.frequencies() * sums + outputs * self.lanes,
        )
    }

    /// Multiply-adds of vectors, and all else counted as such.
    pub(super) fn cost(&self) -> f64 {
        let tiles = (self.tiles().next_multiple_of(self.at_once()) * self.jobs()) as f64;
        let frequencies = self.frequencies() as f64;
        let (channels, rows) = (self.depth() as f64, self.padded_rows() as f64);
        let lanes = self.lanes as f64;
        let products = frequencies * self.channels.columns as f64 * rows / lanes;
        let outputs = (self.along_y.outputs * self.along_x.outputs) as f64;
        let input = channels * (outputs * COPY_COST + frequencies * TRANSFORM_COST / lanes);
        let output = rows * (outputs * WRITE_COST + frequencies * TRANSFORM_COST / lanes);
        tiles * (products + input + output)
    }

    fn jobs(&self) -> usize {
        self.channels.groups * self.channels.batch.div_ceil(self.samples) * self.rows.div_ceil(self.band)
    }

    pub(super) fn packed_length(&self) -> usize {
        self.channels.groups * self.padded_rows() * self.frequencies() * self.channels.columns
    }

    /// The transformed weights: (group, tile of channels, frequency, channel, output channel).
    pub(super) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.resize(self.packed_length(), T::zero());
        let size = self.vectors * self.lanes;
        let tiles = self.padded_rows() / size;
        for group in 0..self.channels.groups {
            for row in 0..self.channels.rows {
                for column in 0..self.channels.columns {
                    let taps = |y: usize, x: usize| {
                        let tap = self.y.taps[y].0 * self.x.kernel + self.x.taps[x].0;
                        kernel[[group * self.channels.rows + row, column, tap]]
                    };
                    let transformed = self.transform_kernel(taps);
                    for (frequency, &value) in transformed.iter().flatten().enumerate() {
                        let tile = (group * tiles + row / size) * self.frequencies() + frequency;
                        packed[(tile * self.channels.columns + column) * size + row % size] = value;
                    }
                }
            }
        }
    }

    /// G g Gᵀ.
    fn transform_kernel<T: Element>(&self, taps: impl Fn(usize, usize) -> T) -> Vec<Vec<T>> {
        let combine = |row: &[f64; 4], values: &[T]| {
            let mut sum = T::zero();
            for (&factor, &value) in row.iter().zip(values) {
                if factor != 0.0 {
                    sum.add_in_place(&(value * T::from_integer(factor as i64)));
                }
            }
            sum.divide_by_integer(row[3] as u64)
        };
        let along_x: Vec<Vec<T>> = (0..self.y.taps.len())
            .map(|y| {
                let values: Vec<T> = (0..self.x.taps.len()).map(|x| taps(y, x)).collect();
                self.along_x.kernel.iter().map(|row| combine(row, &values)).collect()
            })
            .collect();
        self.along_y
            .kernel
            .iter()
            .map(|row| {
                let column = |x: usize| along_x.iter().map(|values| values[x]).collect::<Vec<T>>();
                (0..self.along_x.entries).map(|x| combine(row, &column(x))).collect()
            })
            .collect()
    }

    /// Runs the pieces on these workspaces, each on a thread of its own.
    pub(super) fn run<T: Element>(
        &self,
        packed: &[T],
        signal: &[T],
        output: &SharedOutput<'_, T>,
        finish: Finish<'_, T>,
        workspaces: &mut [Workspace<T>],
    ) {
        let next = AtomicUsize::new(0);
        let worker = |workspace: &mut Workspace<T>| {
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= self.jobs() {
                    return;
                }
                let Workspace { strip, sums } = &mut *workspace;
                self.set.run(PieceRun { stage: self, packed, signal, output, finish, strip, sums, job });
            }
        };
        match workspaces {
            [] => {}
            [only] => worker(only),
            [first, ..] if self.cost() < TINY_COST => worker(first),
            several => several.par_iter_mut().with_max_len(1).for_each(worker),
        }
    }
}

/// One piece.
struct PieceRun<'a, T> {
    stage: &'a WinogradStage,
    packed: &'a [T],
    signal: &'a [T],
    output: &'a SharedOutput<'a, T>,
    finish: Finish<'a, T>,
    strip: &'a mut [T],
    sums: &'a mut [T],
    job: usize,
}

impl<T: Element> WithSimd for PieceRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let PieceRun { stage, packed, signal, output, finish, strip, sums, job } = self;
        let bands = stage.rows.div_ceil(stage.band);
        let (rest, row) = (job / bands, job % bands * stage.band);
        let (sample, group) = (rest / stage.channels.groups * stage.samples, rest % stage.channels.groups);
        let (strip_rows, strip_columns) = stage.strip();
        let (copied, transformed) = strip.split_at_mut(strip_rows * strip_columns * stage.lanes);
        let samples = stage.samples.min(stage.channels.batch - sample);
        for s in 0..samples {
            for first in (0..stage.channels.columns).step_by(stage.lanes) {
                stage.copy(signal, copied, sample + s, group, first, row * stage.along_y.outputs);
                let to = &mut *transformed;
                simd.vectorize(TransformInput { stage, copied, transformed: to, sample: s, first });
            }
        }
        let size = stage.vectors * stage.lanes;
        let tiles = stage.padded_rows() / size;
        let (from_stride, to_stride) = stage.strides();
        let at_once = stage.at_once();
        let mut starts = [0; 12];
        for tile in 0..tiles {
            for frequency in 0..stage.frequencies() {
                let number = (group * tiles + tile) * stage.frequencies() + frequency;
                let weights =
                    &packed[number * stage.channels.columns * size..][..stage.channels.columns * size];
                for first in (0..stage.tiles()).step_by(at_once) {
                    for (j, start) in starts[..at_once].iter_mut().enumerate() {
                        // The last tiles are repeated where there are no more.
                        let tile = (first + j).min(stage.tiles() - 1);
                        *start = frequency * from_stride + tile * stage.depth();
                    }
                    simd.vectorize(ChannelTile {
                        weights,
                        vectors: stage.vectors,
                        offsets: &stage.offsets,
                        source: transformed,
                        starts: &starts[..at_once],
                        continues: false,
                        sums: &mut sums[frequency * to_stride + first * size..],
                    });
                }
            }
            let first = group * stage.channels.rows + tile * size;
            let count = size.min(stage.channels.rows - tile * size);
            let place = Place { sample, samples, row, first, count };
            simd.vectorize(TransformOutput { stage, sums: &mut *sums, output, finish, place });
        }
    }
}

impl WinogradStage {
    /// Copies the strip of one sample for channels `first` … of a group, channels last, from row `row` of positions on.
    fn copy<T: Element>(
        &self,
        signal: &[T],
        copied: &mut [T],
        sample: usize,
        group: usize,
        first: usize,
        row: usize,
    ) {
        let (rows, columns) = self.strip();
        let (y, x) = (&self.y, &self.x);
        let channels = self.lanes.min(self.channels.columns - first);
        let all = self.channels.groups * self.channels.columns;
        let x_first = x.taps[0].1;
        // Columns low … high − 1 lie inside the signal.
        let low = ((-x_first).max(0) as usize).min(columns);
        let high = ((x.source as isize - x_first).max(0) as usize).clamp(low, columns);
        for strip_row in 0..rows {
            let to = &mut copied[strip_row * columns * self.lanes..][..columns * self.lanes];
            let entry = y.boundary.source((row + strip_row) as isize + y.taps[0].1, y.source);
            let Some(entry) = entry else {
                to.fill(T::zero());
                continue;
            };
            for channel in 0..channels {
                let number = sample * all + group * self.channels.columns + first + channel;
                let from = &signal[(number * y.source + entry) * x.source..][..x.source];
                for column in (0..low).chain(high..columns) {
                    let entry = x.boundary.source(column as isize + x_first, x.source);
                    to[column * self.lanes + channel] = entry.map_or(T::zero(), |entry| from[entry]);
                }
                if low < high {
                    let inside = &from[(low as isize + x_first) as usize..][..high - low];
                    let places = to[low * self.lanes + channel..].iter_mut().step_by(self.lanes);
                    places.zip(inside).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

/// Bᵀ d B for all tiles of a strip.
struct TransformInput<'a, T> {
    stage: &'a WinogradStage,
    copied: &'a [T],
    transformed: &'a mut [T],
    /// The number of the sample in the piece.
    sample: usize,
    /// The first channel.
    first: usize,
}

impl<T: Element> WithSimd for TransformInput<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.stage.along_y.entries, self.stage.along_x.entries) {
            (1, 4) => self.tiles::<S, 1, 4>(simd),
            (1, 6) => self.tiles::<S, 1, 6>(simd),
            (4, 1) => self.tiles::<S, 4, 1>(simd),
            (6, 1) => self.tiles::<S, 6, 1>(simd),
            (4, 4) => self.tiles::<S, 4, 4>(simd),
            (6, 6) => self.tiles::<S, 6, 6>(simd),
            other => unreachable!("no filtering has {other:?} entries"),
        }
    }
}

impl<T: Element> TransformInput<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const Y: usize, const X: usize>(self, simd: S) {
        let stage = self.stage;
        let (_, pitch) = stage.strip();
        let lanes = T::lanes::<S>();
        let (stride, _) = stage.strides();
        let zero = T::splat(simd, T::zero());
        for row in 0..stage.band {
            for column in 0..stage.columns {
                let origin = (row * stage.along_y.outputs * pitch + column * stage.along_x.outputs) * lanes;
                let entries = &self.copied[origin..][..((Y - 1) * pitch + X) * lanes];
                let mut values = [[zero; X]; Y];
                for (y, values) in values.iter_mut().enumerate() {
                    for (x, value) in values.iter_mut().enumerate() {
                        // SAFETY: (y·pitch + x + 1)·lanes is at most the length of `entries`.
                        *value = unsafe { T::load::<S>(entries.as_ptr().add((y * pitch + x) * lanes)) };
                    }
                }
                for values in &mut values {
                    *values = input_transform::<T, S, X>(simd, *values);
                }
                for x in 0..X {
                    let column = input_transform::<T, S, Y>(simd, std::array::from_fn(|y| values[y][x]));
                    for (values, value) in values.iter_mut().zip(column) {
                        values[x] = value;
                    }
                }
                let tile = (self.sample * stage.band + row) * stage.columns + column;
                let to = &mut self.transformed[tile * stage.depth() + self.first..];
                assert!((Y * X - 1) * stride + lanes <= to.len());
                for (frequency, value) in values.iter().flatten().enumerate() {
                    // SAFETY: the last of them ends inside `to`, as asserted.
                    unsafe { T::store::<S>(to.as_mut_ptr().add(frequency * stride), *value) };
                }
            }
        }
    }
}

/// Bᵀ d.
#[inline(always)]
fn input_transform<T: Element, S: Simd, const N: usize>(simd: S, d: [T::Vector<S>; N]) -> [T::Vector<S>; N] {
    let (add, sub) = (|a, b| T::vector_add(simd, a, b), |a, b| T::vector_sub(simd, a, b));
    let times = |n: i8, a, b| T::mul_add(simd, T::splat(simd, T::small(n)), a, b);
    let mut out = d;
    match N {
        4 => {
            out[0] = sub(d[0], d[2]);
            out[1] = add(d[1], d[2]);
            out[2] = sub(d[2], d[1]);
            out[3] = sub(d[1], d[3]);
        }
        6 => {
            out[0] = times(4, d[0], times(-5, d[2], d[4]));
            let (even, odd) = (times(-4, d[2], d[4]), times(-4, d[1], d[3]));
            out[1] = add(even, odd);
            out[2] = sub(even, odd);
            let (even, odd) = (sub(d[4], d[2]), sub(d[3], d[1]));
            out[3] = times(2, odd, even);
            out[4] = times(-2, odd, even);
            out[5] = times(4, d[1], times(-5, d[3], d[5]));
        }
        _ => {}
    }
    out
}

/// Aᵀ m, in the first entries.
#[inline(always)]
fn output_transform<T: Element, S: Simd, const N: usize>(simd: S, m: [T::Vector<S>; N]) -> [T::Vector<S>; N] {
    let (add, sub) = (|a, b| T::vector_add(simd, a, b), |a, b| T::vector_sub(simd, a, b));
    let times = |n: i8, a, b| T::mul_add(simd, T::splat(simd, T::small(n)), a, b);
    let mut out = m;
    match N {
        4 => {
            out[0] = add(add(m[0], m[1]), m[2]);
            out[1] = sub(sub(m[1], m[2]), m[3]);
        }
        6 => {
            let (sum, difference) = (add(m[1], m[2]), sub(m[1], m[2]));
            let (far_sum, far_difference) = (add(m[3], m[4]), sub(m[3], m[4]));
            out[0] = add(add(m[0], sum), far_sum);
            out[1] = times(2, far_difference, difference);
            out[2] = times(4, far_sum, sum);
            out[3] = add(times(8, far_difference, difference), m[5]);
        }
        _ => {}
    }
    out
}

/// Which tiles, and which of the output channels.
#[derive(Clone, Copy)]
struct Place {
    sample: usize,
    samples: usize,
    /// The first row of tiles.
    row: usize,
    /// The first channel, and how many.
    first: usize,
    count: usize,
}

/// Aᵀ m A for all tiles, and on to the output.
struct TransformOutput<'a, T> {
    stage: &'a WinogradStage,
    /// The sums, then room for the outputs of a tile.
    sums: &'a mut [T],
    output: &'a SharedOutput<'a, T>,
    finish: Finish<'a, T>,
    place: Place,
}

impl<T: Element> WithSimd for TransformOutput<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.stage.along_y.entries, self.stage.along_x.entries) {
            (1, 4) => self.tiles::<S, 1, 4>(simd),
            (1, 6) => self.tiles::<S, 1, 6>(simd),
            (4, 1) => self.tiles::<S, 4, 1>(simd),
            (6, 1) => self.tiles::<S, 6, 1>(simd),
            (4, 4) => self.tiles::<S, 4, 4>(simd),
            (6, 6) => self.tiles::<S, 6, 6>(simd),
            other => unreachable!("no filtering has {other:?} entries"),
        }
    }
}

impl<T: Element> TransformOutput<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const Y: usize, const X: usize>(self, simd: S) {
        let (stage, place) = (self.stage, self.place);
        let lanes = T::lanes::<S>();
        let (_, stride) = stage.strides();
        let (rows, columns) = (stage.along_y.outputs, stage.along_x.outputs);
        let size = stage.vectors * lanes;
        let (sums, outputs) = self.sums.split_at_mut(stage.frequencies() * stride);
        let outputs = &mut outputs[..rows * columns * lanes];
        let zero = T::splat(simd, T::zero());
        let all = stage.channels.groups * stage.channels.rows;
        let plane = stage.y.positions * stage.x.positions;
        for number in 0..place.samples * stage.band * stage.columns {
            let (column, rest) = (number % stage.columns, number / stage.columns);
            let (row, sample) = (place.row + rest % stage.band, place.sample + rest / stage.band);
            if row >= stage.rows {
                continue;
            }
            let (row, column) = (row * rows, column * columns);
            let (height, width) =
                (rows.min(stage.y.positions - row), columns.min(stage.x.positions - column));
            for first in (0..place.count).step_by(lanes) {
                let from = &sums[number * size + first..];
                assert!((Y * X - 1) * stride + lanes <= from.len());
                let mut values = [[zero; X]; Y];
                for (frequency, value) in values.iter_mut().flatten().enumerate() {
                    // SAFETY: the last of them ends inside `from`, as asserted.
                    *value = unsafe { T::load::<S>(from.as_ptr().add(frequency * stride)) };
                }
                for values in &mut values {
                    *values = output_transform::<T, S, X>(simd, *values);
                }
                let along_y =
                    |x: usize| output_transform::<T, S, Y>(simd, std::array::from_fn(|y| values[y][x]));
                for x in 0..columns.min(X) {
                    let column = along_y(x);
                    for (y, value) in column.into_iter().enumerate().take(rows) {
                        let at = (y * columns + x) * lanes;
                        // SAFETY: `outputs` has a vector for each output of a tile.
                        unsafe { T::store::<S>(outputs[at..at + lanes].as_mut_ptr(), value) };
                    }
                }
                for lane in 0..lanes.min(place.count - first) {
                    let channel = place.first + first + lane;
                    let finish = self.finish.of(channel);
                    for y in 0..height {
                        let to = (sample * all + channel) * plane + (row + y) * stage.x.positions + column;
                        let values = &outputs[y * columns * lanes + lane..];
                        // SAFETY: tiles are disjoint, and each is in one piece: no other thread writes here.
                        unsafe { self.output.write_strided((to, 1), (values, lanes), width, finish) };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filterings_are_convolutions() {
        // Polynomial identities in g and d, checked on unit vectors: Aᵀ[(G e_k) ⊙ (Bᵀ e_i)] = 1 at output i − k, else 0.
        // All numbers are multiples of 1/24, exact but for sixths; 24·G is exact.
        for filtering in [ONE, TWO, FOUR] {
            let taps = if filtering.entries == 1 { 1 } else { 3 };
            for k in 0..taps {
                for i in 0..filtering.entries {
                    for (o, row) in filtering.output.iter().enumerate() {
                        let product = |n: usize| {
                            let kernel = filtering.kernel[n];
                            row[n] * (kernel[k] * (24.0 / kernel[3])) * filtering.input[n][i]
                        };
                        let found: f64 = (0..filtering.entries).map(product).sum();
                        assert_eq!(found, if i == o + k { 24.0 } else { 0.0 });
                    }
                }
            }
        }
    }

    #[test]
    fn the_growth_is_that_of_the_literature() {
        // 7.1 = (8/3)² and 256 = 16².
        assert_eq!(ONE.growth(), 1.0);
        assert!((TWO.growth() - 8.0 / 3.0).abs() < 1e-12, "{}", TWO.growth());
        assert!((FOUR.growth() - 16.0).abs() < 1e-12, "{}", FOUR.growth());
    }
}
