//! Direct convolution in register tiles, for any shape: few and many channels, any stride, dilation, groups and rank.
//!
//! The output is cut into *pieces*: some samples, or a band of rows of one sample, or a part of one long row. For each
//! piece the entries that it reads are copied into a [`Layout`] small enough for the second-level cache, and tiles of
//! the [`microkernel`](super::microkernel) run over it, all output channels for each copy. If the channels do not fit,
//! the sums continue over blocks of channels. Axes before the last two count as more channels, one for each of
//! their taps.
//!
//! *Folded rows.* A tile needs about eight rows to keep the loads behind the arithmetic. Where a group has only one or
//! two output channels, R neighbouring rows of the output are rows of the tile: row r uses the kernel moved down by r,
//! so that R sums share each load. The taps that a row does not have are skipped, not multiplied by zero.
//!
//! *Vectors of channels.* With sixteen output channels or more, vectors run over channels and not over positions.
//!
//! Cost: the products of the definition, one copy of the signal for each piece (`taps` along the last axis if
//! expanded), no more memory than [`DirectStage::workspace`] for each thread. Every sum runs over (channel, tap) in order.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayView3, Axis as ArrayAxis};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::axis_map::AxisMap;
use super::microkernel::{
    ChannelTile, MOST_CHANNEL_VECTORS, Offsets, Span, Tile, lanes, positions_per_tile, tile_shape,
};
use super::output::{Finish, SharedOutput};
use super::strip::{Layout, Row, fill};
use crate::conv::Problem;
use crate::conv::simd::{Element, InstructionSet};

/// Most vectors of positions in a piece.
const PIECE_VECTORS: usize = 64;
/// Bytes of copied signal that a piece may have at once.
const STRIP_BYTES: usize = 192 * 1024;
/// What beginning to copy a row, and writing a run of sums, cost in multiply-adds of vectors.
const ROW_COST: f64 = 8.0;
const WRITE_COST: f64 = 3.0;
/// What writing one sum of a vector of channels costs.
const WRITE_ENTRY_COST: f64 = 1.2;
/// What a load that crosses a cache line costs, in multiply-adds of vectors.
const LOAD_COST: f64 = 1.5;
/// Below so many multiply-adds of vectors, some ten microseconds, another thread does not pay.
const TINY_COST: f64 = 40_000.0;

/// How many there are of everything but positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Channels {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Channels of the result, in a group.
    pub(super) rows: usize,
    /// Channels of the source, in a group.
    pub(super) columns: usize,
}

impl Channels {
    /// From signal to output.
    pub(super) fn forward(problem: &Problem) -> Self {
        Channels {
            batch: problem.batch(),
            groups: problem.groups(),
            rows: problem.output_channels() / problem.groups(),
            columns: problem.group_channels(),
        }
    }

    /// From output to signal.
    pub(super) fn transposed(problem: &Problem) -> Self {
        let forward = Channels::forward(problem);
        Channels { rows: forward.columns, columns: forward.rows, ..forward }
    }
}

/// A run of sums that are neighbours in the result.
#[derive(Clone, Copy, Debug)]
struct Run {
    lane: usize,
    sample: usize,
    row: usize,
    column: usize,
    length: usize,
}

/// The vectors of one tile, and where their sums go.
#[derive(Clone, Debug)]
struct Group {
    starts: Vec<usize>,
    runs: Vec<Run>,
}

/// One direction and phase of a problem, laid out for the kernel: see the [module](self).
#[derive(Clone, Debug)]
pub(super) struct DirectStage {
    set: InstructionSet,
    channels: Channels,
    /// The axes before the last two.
    outer: Vec<AxisMap>,
    y: AxisMap,
    x: AxisMap,
    /// Neighbouring rows of the output in one tile, R.
    folded: usize,
    /// Vectors of channels in a tile, or none if vectors are of positions.
    channel_vectors: Option<usize>,
    y_layout: Layout,
    x_layout: Layout,
    /// Samples, (folded) rows and columns of a piece, and how many pieces there are of each.
    samples: usize,
    band: usize,
    width: usize,
    /// Columns of a plane, entries of a channel and of a sample.
    pitch: usize,
    channel_stride: usize,
    sample_stride: usize,
    /// Whether the rows of a piece stand end to end in the result too.
    flat: bool,
    /// Channels (times outer taps) in the workspace at once.
    block: usize,
    offsets: Offsets,
    /// Which terms the rows of a tile have: empty if all have all.
    spans: Vec<Span>,
    /// First and number of the rows (times R) of each tile.
    tiles: Vec<(usize, usize)>,
    groups: Vec<Group>,
    lanes: usize,
}

impl DirectStage {
    pub(super) fn new<T: Element>(set: InstructionSet, channels: Channels, axes: Vec<AxisMap>) -> Self {
        let mut outer = AxisMap::joined(axes);
        let x = outer.pop().unwrap_or_else(AxisMap::point);
        let y = outer.pop().unwrap_or_else(AxisMap::point);
        let lanes = lanes::<T>(set);
        let (most_rows, _) = tile_shape(set);
        let folded = folded_rows(&y, channels.rows, most_rows);
        let (step, positions) = (y.step * folded, y.positions.div_ceil(folded));
        let folded_y = AxisMap {
            step,
            positions,
            taps: if folded == 1 { y.taps.clone() } else { fold_taps(&y, folded) },
            ..y.clone()
        };
        let mut stage = DirectStage {
            set,
            channels,
            y_layout: Layout::shared(&folded_y),
            x_layout: Layout::shared(&x),
            outer,
            y,
            x,
            folded,
            channel_vectors: None,
            samples: 1,
            band: positions,
            width: 1,
            pitch: 1,
            channel_stride: 0,
            sample_stride: 0,
            flat: false,
            block: 1,
            offsets: Offsets::default(),
            spans: Vec::new(),
            tiles: Vec::new(),
            groups: Vec::new(),
            lanes,
        };
        let mut best = stage.clone().best_piece(size_of::<T>());
        stage.x_layout = Layout::expanded(&stage.x);
        let expanded = stage.best_piece(size_of::<T>());
        if expanded.cost() < best.cost() {
            best = expanded;
        }
        let of_channels = DirectStage::with_channel_vectors::<T>(best.clone());
        if of_channels.cost() < best.cost() {
            best = of_channels;
        }
        best.place_terms();
        best.place_tiles();
        best.place_groups();
        best
    }

    /// The same with vectors of channels.
    fn with_channel_vectors<T>(mut self) -> Self {
        let vectors = self.channels.rows.div_ceil(self.lanes);
        self.channel_vectors = Some(even(vectors, MOST_CHANNEL_VECTORS));
        self.folded = 1;
        (self.y_layout, self.x_layout) = (Layout::plain(&self.y), Layout::plain(&self.x));
        self.best_piece(size_of::<T>())
    }

    /// With pieces of the size that costs least.
    fn best_piece(self, bytes: usize) -> Self {
        let target = PIECE_VECTORS * self.lanes;
        let rows = self.y.positions.div_ceil(self.folded);
        let width = even(self.x.positions, target);
        let pitch = width * self.position_step(&self.x) + self.x_layout.extra;
        let most_rows = (target / pitch).clamp(1, rows);
        let mut best = self.clone().with_piece(bytes, 1, 1, width);
        for band in 2..=most_rows {
            let with_band = self.clone().with_piece(bytes, 1, band, width);
            if with_band.cost() < best.cost() {
                best = with_band;
            }
        }
        if best.band == rows && best.width == self.x.positions {
            for samples in 2..=self.channels.batch.min(target / (rows * pitch).next_multiple_of(self.lanes)) {
                let with_samples = self.clone().with_piece(bytes, samples, rows, width);
                if with_samples.cost() < best.cost() {
                    best = with_samples;
                }
            }
        }
        best
    }

    /// With pieces of so many samples, (folded) rows and columns.
    fn with_piece(mut self, bytes: usize, samples: usize, band: usize, width: usize) -> Self {
        (self.samples, self.band, self.width) = (samples, band, width);
        self.pitch = (width - 1) * self.position_step(&self.x) + 1 + self.x_layout.extra;
        self.channel_stride = self.plane() * self.y_layout.planes.len() * self.x_layout.planes.len();
        let fitting = STRIP_BYTES / (bytes * samples * self.channel_stride.max(1));
        self.block = even(self.virtual_channels().max(1), fitting.max(1));
        self.sample_stride = self.block * self.channel_stride;
        self.flat = self.folded == 1
            && self.channel_vectors.is_none()
            && self.pitch == width
            && width == self.x.result
            && width == self.x.positions
            && self.x.every == 1
            && self.y.every == 1;
        self
    }

    /// Entries of a plane.
    fn plane(&self) -> usize {
        self.strip_rows() * self.pitch
    }

    /// Rows of a plane.
    fn strip_rows(&self) -> usize {
        (self.band - 1) * self.position_step(&self.y) + 1 + self.y_layout.extra
    }

    /// Entries of a plane from one position to the next: the planes of vectors of positions hold no others.
    fn position_step(&self, axis: &AxisMap) -> usize {
        if self.channel_vectors.is_some() { axis.step } else { 1 }
    }

    fn place_terms(&mut self) {
        let plane = self.plane();
        let mut offsets = Vec::new();
        let columns = self.x_layout.planes.len();
        for channel in 0..self.block {
            for (number, &(y_plane, y_shift)) in self.y_layout.taps.iter().enumerate() {
                if self.folded > 1 {
                    // Row r of the fold has the taps number − r of the kernel.
                    let first = (number + 1).saturating_sub(self.y.taps.len());
                    let last = number.min(self.folded - 1);
                    let rows = first * self.channels.rows..(last + 1) * self.channels.rows;
                    self.spans.push(Span { terms: self.x_layout.taps.len(), rows });
                }
                for &(x_plane, x_shift) in &self.x_layout.taps {
                    let plane_number = y_plane * columns + x_plane;
                    offsets.push(
                        channel * self.channel_stride + plane_number * plane + y_shift * self.pitch + x_shift,
                    );
                }
            }
        }
        self.offsets = Offsets::new(offsets);
    }

    fn place_tiles(&mut self) {
        if let Some(vectors) = self.channel_vectors {
            let (rows, size) = (self.channels.rows, vectors * self.lanes);
            self.tiles = (0..rows).step_by(size).map(|first| (first, size.min(rows - first))).collect();
            return;
        }
        let rows = self.channels.rows * self.folded;
        let (most, _) = tile_shape(self.set);
        let size = even(rows, most);
        self.tiles = (0..rows).step_by(size).map(|first| (first, size.min(rows - first))).collect();
    }

    fn place_groups(&mut self) {
        if let Some(vectors) = self.channel_vectors {
            return self.place_positions(positions_per_tile(self.set, vectors));
        }
        let positions = (self.band - 1) * self.pitch + self.width;
        let per_sample = positions.div_ceil(self.lanes);
        let vectors: Vec<_> = (0..self.samples).flat_map(|s| (0..per_sample).map(move |v| (s, v))).collect();
        let (_, most) = tile_shape(self.set);
        let count = vectors.len().div_ceil(most);
        let mut first = 0;
        for group in 0..count {
            // As even as possible: a tile of one vector is slower than one of two.
            let last = (group + 1) * vectors.len() / count;
            let members = &vectors[first..last];
            first = last;
            let starts = members.iter().map(|&(s, v)| self.start(s, v * self.lanes)).collect();
            let mut runs: Vec<Run> = Vec::new();
            for (number, &(sample, vector)) in members.iter().enumerate() {
                for lane in 0..self.lanes {
                    let position = vector * self.lanes + lane;
                    if position >= positions {
                        break;
                    }
                    let (row, column) = match self.flat {
                        true => (0, position),
                        false => (position / self.pitch, position % self.pitch),
                    };
                    if column >= self.width && !self.flat {
                        continue;
                    }
                    let lane = number * self.lanes + lane;
                    extend_runs(&mut runs, Run { lane, sample, row, column, length: 1 });
                }
            }
            self.groups.push(Group { starts, runs });
        }
    }

    /// Where a position stands in the strip. Where no tap meets anything there is no strip either.
    fn start(&self, sample: usize, in_plane: usize) -> usize {
        if self.terms() == 0 { 0 } else { sample * self.sample_stride + in_plane }
    }

    /// Positions in row-major order, so many to a tile; the last tile repeats its last one.
    fn place_positions(&mut self, per_tile: usize) {
        let all = self.samples * self.band * self.width;
        for first in (0..all).step_by(per_tile) {
            let mut group = Group { starts: Vec::new(), runs: Vec::new() };
            for lane in 0..per_tile {
                let position = (first + lane).min(all - 1);
                let (column, rest) = (position % self.width, position / self.width);
                let (row, sample) = (rest % self.band, rest / self.band);
                let in_plane = row * self.y.step * self.pitch + column * self.x.step;
                group.starts.push(self.start(sample, in_plane));
                if first + lane < all {
                    extend_runs(&mut group.runs, Run { lane, sample, row, column, length: 1 });
                }
            }
            self.groups.push(group);
        }
    }

    /// Multiply-adds of vectors, and copies counted as such: what layouts and pieces are compared by.
    pub(super) fn cost(&self) -> f64 {
        let blocks = self.virtual_channels().div_ceil(self.block) as f64;
        let sums = match self.channel_vectors {
            Some(vectors) => {
                let positions = self.samples * self.band * self.width;
                let positions = positions.next_multiple_of(positions_per_tile(self.set, vectors)) as f64;
                let channels = self.channels.rows.div_ceil(self.lanes * vectors) * vectors;
                let write = WRITE_ENTRY_COST * self.lanes as f64;
                positions * channels as f64 * (self.terms() as f64 + 2.0 * blocks + write)
            }
            None => {
                let positions = (self.band - 1) * self.pitch + self.width;
                let vectors = (self.samples * positions.div_ceil(self.lanes)) as f64;
                let own = self.y.taps.len() as f64 / self.y_layout.taps.len().max(1) as f64;
                let runs = if self.flat { 1.0 } else { 1.0 + self.lanes as f64 / self.pitch as f64 };
                let rows = (self.channels.rows * self.folded) as f64;
                vectors * rows * (self.terms() as f64 * own + 2.0 * blocks + WRITE_COST * runs)
            }
        };
        let planes = self.x_layout.planes.len() * self.y_layout.planes.len();
        let copies = (self.samples * self.virtual_channels() * planes * self.strip_rows()) as f64;
        let strided = if self.copy_step(&self.x) > 1 { self.lanes as f64 / 2.0 } else { 1.0 };
        let copied = copies * (ROW_COST + strided * 2.0 * self.pitch.div_ceil(self.lanes) as f64);
        (sums + copied) * self.jobs() as f64
    }

    /// Entries of the signal from one entry of a plane to the next.
    fn copy_step(&self, axis: &AxisMap) -> usize {
        axis.step / self.position_step(axis)
    }

    /// Channels of a group times taps of the outer axes.
    fn virtual_channels(&self) -> usize {
        self.channels.columns * self.outer.iter().map(|axis| axis.taps.len()).product::<usize>()
    }

    /// Terms of one sum.
    fn terms(&self) -> usize {
        self.virtual_channels() * self.y_layout.taps.len() * self.x_layout.taps.len()
    }

    /// Entries of packed weights.
    pub(super) fn packed_length(&self) -> usize {
        self.channels.groups * self.packed_rows() * self.terms()
    }

    /// Rows of packed weights in a group: tiles of channels are filled up with zeros.
    fn packed_rows(&self) -> usize {
        match self.channel_vectors {
            Some(vectors) => self.tiles.len() * vectors * self.lanes,
            None => self.channels.rows * self.folded,
        }
    }

    /// Rows of packed weights in a tile of so many rows.
    fn packed_rows_of(&self, rows: usize) -> usize {
        self.channel_vectors.map_or(rows, |vectors| vectors * self.lanes)
    }

    /// Lays the weights out in the order in which tiles read them. `kernel` is (row, column, tap) for all groups: rows
    /// count on from group to group, columns begin anew, taps are in row-major order.
    pub(super) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.reserve_exact(self.packed_length());
        let rows = self.channels.rows;
        let taps: Vec<_> = self.kernel_taps();
        for group in 0..self.channels.groups {
            let kernel = kernel.slice_axis(ArrayAxis(0), (group * rows..(group + 1) * rows).into());
            for &(first, count) in &self.tiles {
                for column in 0..self.channels.columns {
                    for tap in &taps {
                        for row in first..first + self.packed_rows_of(count) {
                            let (fold, row) = (row / rows, row % rows);
                            if fold >= self.folded {
                                packed.push(T::zero());
                                continue;
                            }
                            let weight = tap[fold].map_or(T::zero(), |tap| kernel[[row, column, tap]]);
                            packed.push(weight);
                        }
                    }
                }
            }
        }
    }

    /// For each tap of the layout, in order, and each row of the fold, the tap of the kernel.
    fn kernel_taps(&self) -> Vec<Vec<Option<usize>>> {
        let mut taps = vec![vec![Some(0); self.folded]];
        for axis in &self.outer {
            let next = |&(number, _): &(usize, isize)| (number, axis.kernel);
            taps = extend(&taps, axis.taps.iter().map(next));
        }
        let row = |number: usize| {
            let tap = move |fold| Some(self.y.taps.get(number.checked_sub(fold)?)?.0);
            (0..self.folded).map(tap).collect::<Vec<_>>()
        };
        let rows: Vec<_> = (0..self.y_layout.taps.len()).map(row).collect();
        let extent = self.y.kernel;
        let combine = |before: &Vec<Option<usize>>, row: &Vec<Option<usize>>| {
            before.iter().zip(row).map(|(a, b)| Some((*a)? * extent + (*b)?)).collect::<Vec<_>>()
        };
        taps = taps.iter().flat_map(|before| rows.iter().map(move |row| combine(before, row))).collect();
        let next = |&(number, _): &(usize, isize)| (number, self.x.kernel);
        extend(&taps, self.x.taps.iter().map(next))
    }

    /// The numbers of samples, (folded) bands, columns and so on: all pieces.
    pub(super) fn jobs(&self) -> usize {
        let outer: usize = self.outer.iter().map(|axis| axis.positions).product();
        let [samples, bands, columns] = self.pieces();
        self.channels.groups * samples * outer * bands * columns
    }

    fn pieces(&self) -> [usize; 3] {
        [
            self.channels.batch.div_ceil(self.samples),
            self.y.positions.div_ceil(self.folded).div_ceil(self.band),
            self.x.positions.div_ceil(self.width),
        ]
    }

    /// Entries of memory that one thread needs: for the copied strip, and for sums that are continued.
    pub(super) fn workspace(&self) -> (usize, usize) {
        // The last vectors read beyond the last row, and copying overwrites one vector more.
        let strip = self.samples * self.sample_stride + 2 * self.lanes;
        (strip, self.slots() * self.slot() + self.lanes)
    }

    /// Entries of one tile's sums.
    fn slot(&self) -> usize {
        let vectors = match self.channel_vectors {
            Some(vectors) => vectors * positions_per_tile(self.set, vectors),
            None => {
                let (rows, vectors) = tile_shape(self.set);
                rows * vectors
            }
        };
        vectors * self.lanes
    }

    /// Tiles whose sums are kept: all that are continued.
    fn slots(&self) -> usize {
        if self.block >= self.virtual_channels() { 1 } else { self.tiles.len() * self.groups.len() }
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
        let jobs = self.jobs();
        let next = AtomicUsize::new(0);
        let worker = |workspace: &mut Workspace<T>| {
            self.set.run(Worker {
                stage: self,
                packed,
                signal,
                output,
                finish,
                workspace,
                next: &next,
                jobs,
            });
        };
        match workspaces {
            [] => {}
            [first, ..] if jobs == 1 || self.is_tiny() => worker(first),
            [only] => worker(only),
            several => several.par_iter_mut().with_max_len(1).for_each(worker),
        }
    }

    /// Whether all of it takes less time than waking another thread.
    fn is_tiny(&self) -> bool {
        self.cost() < TINY_COST
    }
}

/// What a thread needs: see [`DirectStage::workspace`].
#[derive(Clone, Debug, Default)]
pub(super) struct Workspace<T> {
    pub(super) strip: Vec<T>,
    pub(super) sums: Vec<T>,
}

impl<T: Element> Workspace<T> {
    /// Makes room for a stage, and keeps what is there already.
    pub(super) fn reserve(&mut self, (strip, sums): (usize, usize)) {
        self.strip.resize(self.strip.len().max(strip), T::zero());
        self.sums.resize(self.sums.len().max(sums), T::zero());
    }
}

/// Takes pieces until there are none left.
struct Worker<'a, T> {
    stage: &'a DirectStage,
    packed: &'a [T],
    signal: &'a [T],
    output: &'a SharedOutput<'a, T>,
    finish: Finish<'a, T>,
    workspace: &'a mut Workspace<T>,
    next: &'a AtomicUsize,
    jobs: usize,
}

impl<T: Element> WithSimd for Worker<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        loop {
            let job = self.next.fetch_add(1, Ordering::Relaxed);
            if job >= self.jobs {
                return;
            }
            let piece = self.stage.piece(job);
            let Worker { stage, packed, signal, output, finish, .. } = self;
            let Workspace { strip, sums } = &mut *self.workspace;
            simd.vectorize(PieceRun { stage, packed, signal, output, finish, strip, sums, piece });
        }
    }
}

/// Which part of the output.
#[derive(Clone, Copy, Debug)]
struct Piece {
    group: usize,
    /// The first sample, (folded) row and column.
    sample: usize,
    row: usize,
    column: usize,
    /// The position along the axes before the last two, in row-major order.
    outer: usize,
}

impl DirectStage {
    fn piece(&self, job: usize) -> Piece {
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

    /// The plane of the result to which a position along the outer axes goes.
    fn outer_result(&self, mut position: usize) -> usize {
        let (mut result, mut extent) = (0, 1);
        for axis in self.outer.iter().rev() {
            result += (axis.first + position % axis.positions * axis.every) * extent;
            extent *= axis.result;
            position /= axis.positions;
        }
        result
    }
}

/// The plane of a channel that a position and a tap of the outer axes read, or that it lies beyond a border of zeros.
pub(super) fn outer_source(outer: &[AxisMap], mut position: usize, mut tap: usize) -> Option<usize> {
    let (mut source, mut extent) = (0, 1);
    for axis in outer.iter().rev() {
        let entry = (position % axis.positions * axis.step) as isize + axis.taps[tap % axis.taps.len()].1;
        source += axis.boundary.source(entry, axis.source)? * extent;
        extent *= axis.source;
        position /= axis.positions;
        tap /= axis.taps.len();
    }
    Some(source)
}

/// One piece.
struct PieceRun<'a, T> {
    stage: &'a DirectStage,
    packed: &'a [T],
    signal: &'a [T],
    output: &'a SharedOutput<'a, T>,
    finish: Finish<'a, T>,
    strip: &'a mut [T],
    sums: &'a mut [T],
    piece: Piece,
}

impl<T: Element> WithSimd for PieceRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let stage = self.stage;
        let (channels, terms) = (stage.virtual_channels(), stage.terms());
        let per_channel = terms / channels.max(1);
        let mut begin = 0;
        loop {
            let end = channels.min(begin + stage.block);
            self.copy(simd, begin, end);
            let mut panel = self.piece.group * stage.packed_rows() * terms;
            for (number, &(first, rows)) in stage.tiles.iter().enumerate() {
                let packed_rows = stage.packed_rows_of(rows);
                let weights = &self.packed[panel..panel + terms * packed_rows];
                let weights = &weights[begin * per_channel * packed_rows..end * per_channel * packed_rows];
                panel += terms * packed_rows;
                for (group_number, group) in stage.groups.iter().enumerate() {
                    let slot =
                        if stage.slots() == 1 { 0 } else { number * stage.groups.len() + group_number };
                    let (offsets, source, starts) = (&stage.offsets, &*self.strip, &group.starts[..]);
                    let (continues, sums) = (begin > 0, &mut self.sums[slot * stage.slot()..]);
                    match stage.channel_vectors {
                        Some(vectors) => {
                            simd.vectorize(ChannelTile {
                                weights,
                                vectors,
                                offsets,
                                source,
                                starts,
                                continues,
                                sums,
                            });
                        }
                        None => {
                            let spans = &stage.spans[..];
                            simd.vectorize(Tile {
                                weights,
                                rows,
                                offsets,
                                spans,
                                first,
                                source,
                                starts,
                                continues,
                                sums,
                            });
                        }
                    }
                    if end == channels {
                        self.scatter(simd, (first, rows), group, slot * stage.slot());
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

impl<T: Element> PieceRun<'_, T> {
    /// Copies what these channels contribute into the strip.
    #[inline(always)]
    fn copy<S: Simd>(&mut self, simd: S, begin: usize, end: usize) {
        let (stage, piece) = (self.stage, self.piece);
        let outer_taps = stage.virtual_channels() / stage.channels.columns;
        let outer_planes: usize = stage.outer.iter().map(|axis| axis.source).product();
        let plane = stage.y.source * stage.x.source;
        let all_channels = stage.channels.groups * stage.channels.columns;
        let rows = stage.strip_rows();
        let (row_step, column_step) = (stage.copy_step(&stage.y) * stage.folded, stage.copy_step(&stage.x));
        for s in 0..stage.samples.min(stage.channels.batch - piece.sample) {
            let mut at = s * stage.sample_stride;
            for channel in begin..end {
                let (column, tap) = (channel / outer_taps, channel % outer_taps);
                let number =
                    (piece.sample + s) * all_channels + piece.group * stage.channels.columns + column;
                let outer = outer_source(&stage.outer, piece.outer, tap);
                for &y_start in &stage.y_layout.planes {
                    for &x_start in &stage.x_layout.planes {
                        let first_row = piece.row * stage.y.step * stage.folded;
                        let from = (piece.column * stage.x.step) as isize + x_start;
                        for row in 0..rows {
                            let to = &mut self.strip[at..];
                            at += stage.pitch;
                            let entry = (first_row + row * row_step) as isize + y_start;
                            let entry = stage.y.boundary.source(entry, stage.y.source);
                            match outer.zip(entry) {
                                None => fill(simd, stage.pitch, to),
                                Some((outer, entry)) => {
                                    let start =
                                        (number * outer_planes + outer) * plane + entry * stage.x.source;
                                    let (length, boundary) = (stage.x.source, stage.x.boundary);
                                    let row = Row { signal: self.signal, start, length, boundary };
                                    row.copy(simd, from, column_step, stage.pitch, to);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Sends the finished sums of a tile to the output.
    #[inline(always)]
    fn scatter<S: Simd>(&self, simd: S, (first, rows): (usize, usize), group: &Group, slot: usize) {
        let (stage, piece) = (self.stage, self.piece);
        let per_row = group.starts.len() * stage.lanes;
        let plane = stage.y.result * stage.x.result;
        let outer_planes: usize = stage.outer.iter().map(|axis| axis.result).product();
        let channel_stride = outer_planes * plane;
        let all_channels = stage.channels.groups * stage.channels.rows;
        let origin = stage.outer_result(piece.outer) * plane + stage.x.first;
        for run in &group.runs {
            let sample = piece.sample + run.sample;
            if sample >= stage.channels.batch {
                continue;
            }
            let column = piece.column + run.column;
            let origin = origin + sample * all_channels * channel_stride + column * stage.x.every;
            let rows_of = |fold: usize| {
                let row = (piece.row + run.row) * stage.folded + fold;
                let available = match stage.flat {
                    true => (stage.y.positions - row) * stage.x.positions,
                    false if row < stage.y.positions => stage.x.positions,
                    false => 0,
                };
                let to = origin + (stage.y.first + row * stage.y.every) * stage.x.result;
                (to, run.length.min(available.saturating_sub(column)))
            };
            if stage.folded == 1 && stage.channel_vectors.is_none() && stage.x.every == 1 {
                let number = piece.group * stage.channels.rows + first;
                let (to, length) = rows_of(0);
                for lane in (0..length).step_by(stage.lanes) {
                    let sums = &self.sums[slot + run.lane + lane..];
                    let to = to + number * channel_stride + lane;
                    let size = (rows, stage.lanes.min(length - lane));
                    // SAFETY: pieces are disjoint in samples, groups and positions: no other thread writes here.
                    unsafe {
                        self.output.write_rows(
                            simd,
                            (to, channel_stride),
                            (sums, per_row),
                            size,
                            self.finish,
                            number,
                        );
                    }
                }
                continue;
            }
            for j in 0..rows {
                let (fold, channel) = ((first + j) / stage.channels.rows, (first + j) % stage.channels.rows);
                let (to, length) = rows_of(fold);
                if length == 0 {
                    continue;
                }
                let number = piece.group * stage.channels.rows + channel;
                let to = to + number * channel_stride;
                let finish = self.finish.of(number);
                let (start, stride) = match stage.channel_vectors {
                    Some(vectors) => (run.lane * vectors * stage.lanes + j, vectors * stage.lanes),
                    None => (j * per_row + run.lane, 1),
                };
                let sums = &self.sums[slot + start..];
                // SAFETY: as above.
                unsafe { self.output.write_strided((to, stage.x.every), (sums, stride), length, finish) };
            }
        }
    }
}

/// The taps of R rows of the output, one below the other.
fn fold_taps(axis: &AxisMap, folded: usize) -> Vec<(usize, isize)> {
    (0..axis.taps.len() + folded - 1).map(|tap| (tap, axis.taps[0].1 + tap as isize)).collect()
}

/// How many rows of the output to fold into a tile, with `rows` channels each and room for `most`.
fn folded_rows(axis: &AxisMap, rows: usize, most: usize) -> usize {
    let neighbours = axis.taps.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
    if axis.step > 1 || !neighbours || axis.taps.len() < 2 {
        return 1;
    }
    // Multiply-adds and loads of one tap along the other axis, for each row that is wanted.
    let cost = |folded: usize| {
        let computed = axis.positions.div_ceil(folded);
        let loads = (axis.taps.len() + folded - 1) as f64 * LOAD_COST;
        computed as f64 * ((folded * rows * axis.taps.len()) as f64 + loads)
    };
    let most = (most / rows).min(axis.positions).max(1);
    (1..=most).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(1)
}

/// The least size of at most `most` such that pieces of it are as even as possible.
pub(super) fn even(length: usize, most: usize) -> usize {
    length.div_ceil(length.div_ceil(most.max(1)).max(1)).max(1)
}

/// Adds one sum to the last run, if it is its neighbour, or else as a run of its own.
fn extend_runs(runs: &mut Vec<Run>, next: Run) {
    match runs.last_mut() {
        Some(run)
            if (run.sample, run.row) == (next.sample, next.row)
                && run.column + run.length == next.column
                && run.lane + run.length == next.lane =>
        {
            run.length += 1;
        }
        _ => runs.push(next),
    }
}

fn extend(
    taps: &[Vec<Option<usize>>],
    next: impl Iterator<Item = (usize, usize)> + Clone,
) -> Vec<Vec<Option<usize>>> {
    let add = |before: &Vec<Option<usize>>, (number, extent): (usize, usize)| {
        before.iter().map(|tap| Some((*tap)? * extent + number)).collect::<Vec<_>>()
    };
    taps.iter().flat_map(|before| next.clone().map(move |step| add(before, step))).collect()
}
