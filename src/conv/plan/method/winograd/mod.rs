//! Winograd's minimal filtering for kernels of three taps, along one axis or two.
//!
//! F(m, 3) computes m neighbouring outputs of a three-tap filter from m + 2 inputs with m + 2 products
//! instead of 3m:
//!
//! ```text
//! output = Aᵀ [(G g) ⊙ (Bᵀ d)],    in two dimensions  Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//! ```
//!
//! so that F(2×2, 3×3) saves a factor of 2.25 and F(4×4, 3×3) one of 4. Products are summed over channels
//! before Aᵀ is applied: for each of the (m+2)² entries a matrix product (channels × tiles), done in [tiles
//! of channels](crate::conv::plan::register::sum_tile::ChannelTile). The signal is copied channels last, so
//! that both transforms run on vectors of channels and waste no lane on the shape of the image.
//!
//! *Error.* γ_k · Aᵀ[(|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)]|A| with k roundings on the longest path: C for the sum over
//! channels, and 4 + 2 + 4 for G, Bᵀ, Aᵀ of F(2×2, 3×3), 8 + 6 + 8 at most for F(4×4, 3×3), half as much
//! along one axis. The bound exceeds that of the definition by a factor of up to 7.1 and 256.
//!
//! Source: A. Lavin, S. Gray, *Fast algorithms for convolutional neural networks*, 2016, §4.1 and §4.3; for
//! the error B. Barabasz et al., *Error analysis and improving the accuracy of Winograd convolution for deep
//! neural networks*, 2020.

mod filtering;
mod run;
mod transforms;

use ndarray::ArrayView3;

pub(in crate::conv) use self::filtering::{FOUR, Filtering, ONE, TWO};
use std::sync::Arc;

use crate::conv::Problem;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::pieces::{even, shared};
use crate::conv::plan::method::planned_method::{Place, PlannedMethod, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::shape::lanes;
use crate::conv::plan::register::sum_tile::{Offsets, most_channel_vectors, positions_per_tile};
use crate::conv::plan::workspace::{Call, ThreadMemory, run_pieces};
use crate::simd::{Element, InstructionSet};

/// Tiles of a piece.
const PIECE_TILES: usize = 48;
/// Bytes of transformed signal that a piece may have.
const PIECE_BYTES: usize = 1024 * 1024;
/// Bytes of weights that caches do not hold, and what it costs to read a vector of them.
const FAR_WEIGHT_BYTES: usize = 16 * 1024 * 1024;
const FAR_WEIGHT_COST: f64 = 9.0;
/// What transforms cost for each entry and channel, in multiply-adds of vectors.
const COPY_COST: f64 = 1.5;
const TRANSFORM_COST: f64 = 6.0;
const WRITE_COST: f64 = 2.5;

/// A problem laid out for minimal filtering: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct WinogradStage {
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
    /// Of a float.
    bytes: usize,
    offsets: Offsets,
}

impl WinogradStage {
    /// F(m, 3) along every axis of three taps, if that is all there is besides axes of one tap, in pieces for
    /// so many threads.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
        filtering: Filtering,
        threads: usize,
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
        let vectors = even(channels.rows.div_ceil(lanes), most_channel_vectors(set));
        let offsets = Offsets::new((0..channels.columns).collect());
        let stage = WinogradStage {
            set,
            channels,
            y,
            x,
            along_y,
            along_x,
            rows,
            columns,
            samples: 1,
            band: 1,
            vectors,
            lanes,
            bytes: size_of::<T>(),
            offsets,
        };
        let target = PIECE_TILES.min(fitting).max(1);
        let with_target = |target: usize| {
            let band = even(rows, target / columns);
            let samples = if band == rows { even(channels.batch, target / (rows * columns)) } else { 1 };
            WinogradStage { samples, band, ..stage.clone() }
        };
        let shared_cost = |stage: &Self| stage.cost() * shared(stage.jobs(), threads);
        let possible = (1..=if threads == 1 { 1 } else { 4 }).map(|parts| with_target(target / parts));
        possible.min_by(|a, b| shared_cost(a).total_cmp(&shared_cost(b)))
    }

    /// Whether it is F(2, 3).
    pub(in crate::conv::plan) fn is_two(&self) -> bool {
        self.along_y.entries == TWO.entries || self.along_x.entries == TWO.entries
    }

    /// What people call it.
    pub(in crate::conv::plan) fn name(&self) -> &'static str {
        match (self.along_y.entries, self.along_x.entries) {
            (4, 4) => "winograd_2x2_3x3",
            (6, 6) => "winograd_4x4_3x3",
            (4, _) | (_, 4) => "winograd_2_3",
            _ => "winograd_4_3",
        }
    }

    /// A bound on the error, relative to the number of terms times the largest magnitudes of kernel and
    /// signal.
    pub(in crate::conv::plan) fn relative_bound<T: Element>(&self) -> f64 {
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

    /// From one frequency to the next, of the transformed signal and of the sums. Not a power of two, which
    /// caches would put in one place.
    fn strides(&self) -> (usize, usize) {
        let tiles = self.tiles().next_multiple_of(self.at_once());
        (self.tiles() * self.depth() + self.lanes, tiles * self.vectors * self.lanes + self.lanes)
    }

    /// Entries of the strip that is copied, channels last: (rows, columns).
    fn strip(&self) -> (usize, usize) {
        let along = |tiles: usize, filtering: Filtering| (tiles - 1) * filtering.outputs + filtering.entries;
        (along(self.band, self.along_y), along(self.columns, self.along_x))
    }

    /// Entries of memory that one thread needs: for the copied strip and the transformed signal, and for the
    /// sums.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        let (rows, columns) = self.strip();
        let (transformed, sums) = self.strides();
        let square = self.lanes * self.lanes;
        (
            self.copied_length(rows * columns) + self.frequencies() * transformed,
            self.frequencies() * sums + self.along_y.outputs * self.line() * self.lanes + square,
        )
    }

    /// Entries of the copied strip: copying overwrites a square more.
    fn copied_length(&self, points: usize) -> usize {
        (points + self.lanes) * self.lanes
    }

    /// Positions along a row that are written at once: those of some tiles, and a vector at least.
    fn line(&self) -> usize {
        self.along_x.outputs.max(self.lanes)
    }

    /// Multiply-adds of vectors, and all else counted as such.
    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        let tiles = (self.tiles().next_multiple_of(self.at_once()) * self.jobs()) as f64;
        let frequencies = self.frequencies() as f64;
        let (channels, rows) = (self.depth() as f64, self.padded_rows() as f64);
        let lanes = self.lanes as f64;
        let products = frequencies * self.channels.columns as f64 * rows / lanes;
        let outputs = (self.along_y.outputs * self.along_x.outputs) as f64;
        let input = channels * (outputs * COPY_COST + frequencies * TRANSFORM_COST / lanes);
        let output = rows * (outputs * WRITE_COST + frequencies * TRANSFORM_COST / lanes);
        let weights = self.frequencies() * self.channels.columns * self.padded_rows();
        let far = weights * self.channels.groups * self.bytes > FAR_WEIGHT_BYTES;
        let read = if far { (weights * self.jobs() / self.lanes) as f64 * FAR_WEIGHT_COST } else { 0.0 };
        tiles * (products + input + output) + read
    }

    fn jobs(&self) -> usize {
        self.channels.groups * self.channels.batch.div_ceil(self.samples) * self.rows.div_ceil(self.band)
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.padded_rows() * self.frequencies() * self.channels.columns
    }

    /// The transformed weights: (group, tile of channels, frequency, channel, output channel).
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
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
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str =
    "three taps, stride 1 and dilation 1 along one axis or two, and no others";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make_two<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = WinogradStage::new::<T>(place.set, place.channels, &place.axes, TWO, 1)?;
    Some(Arc::new(stage))
}

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make_four<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = WinogradStage::new::<T>(place.set, place.channels, &place.axes, FOUR, 1)?;
    Some(Arc::new(stage))
}

impl<T: Element> PlannedMethod<T> for WinogradStage {
    fn method(&self) -> Method {
        if self.is_two() { Method::WinogradTwo } else { Method::WinogradFour }
    }

    fn name(&self) -> &'static str {
        self.name()
    }

    fn cost(&self) -> f64 {
        self.cost()
    }

    fn relative_bound(&self, _problem: &Problem) -> f64 {
        self.relative_bound::<T>()
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

    fn cut_for(&self, place: &Place, threads: usize) -> Option<Stage<T>> {
        let filtering = if self.is_two() { TWO } else { FOUR };
        let stage = WinogradStage::new::<T>(place.set, place.channels, &place.axes, filtering, threads)?;
        Some(Arc::new(stage))
    }

    fn run(&self, call: Call<'_, T>, threads: &mut [ThreadMemory<T>]) {
        run_pieces(self, call, threads);
    }
}
