//! Direct convolution in register tiles, for any shape: few and many channels, any stride, dilation, groups
//! and rank.
//!
//! The output is cut into *pieces*: some samples, or a band of rows of one sample, or a part of one long row.
//! For each piece the entries that it reads are copied into a [`Layout`] small enough for the second-level
//! cache, and tiles of the [`microkernel`](crate::conv::plan::register::sum_tile) run over it, all output
//! channels for each copy. If the channels do not fit, the sums continue over blocks of channels. Axes before
//! the last two are more channels, one for each of their taps.
//!
//! Where a group has only one or two output channels, several rows of the output are [folded](folded) into a
//! tile. Vectors begin anew in each row, or run over the ends of rows where they are fewer then.
//!
//! *Vectors of channels.* With sixteen output channels or more, vectors run over channels and not over
//! positions, and tiles of the [row tile](crate::conv::plan::register::row_tile) run over the rows. Where no
//! tap reads beyond a border and a sample is small, it is read where it stands. Sums are transposed in
//! registers on their way to the output.
//!
//! Taps that read zeros beyond the border in all of a tile are left out: along y, and with large kernels
//! along x.
//!
//! Cost: the products of the definition, one copy of the signal for each piece (`taps` along the last axis if
//! expanded), no more memory than [`DirectStage::workspace`] for each thread. Every sum runs over (channel,
//! tap) in order.

use std::ops::Range;

mod copy;
mod cost;
mod folded;
mod pack;
mod phases;
mod place;
mod run;
mod write;

pub(in crate::conv::plan) use self::copy::outer_source;
use self::cost::Columns;
pub(in crate::conv::plan) use self::cost::shared;
use self::folded::{folded_axis, folded_rows};
pub(in crate::conv::plan) use self::phases::PhasesStage;
use self::place::Group;
pub(in crate::conv::plan) use self::write::EXPECTING_TERMS;
use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::method::{Place, Stage};
use crate::conv::plan::register::output::PlacedRow;
use crate::conv::plan::register::row_tile::MOST_ROW_VECTORS;
use crate::conv::plan::register::sum_tile::{Offsets, lanes, tile_shape};
use crate::simd::{Element, InstructionSet};

/// Most vectors of positions in a piece.
const PIECE_VECTORS: usize = 64;
/// Bytes of copied signal that a piece may have at once.
const STRIP_BYTES: usize = 320 * 1024;
/// Vectors of channels are written when there are so many positions: whole squares where rows stand end to
/// end.
const POSITIONS_AT_ONCE: usize = 48;
/// Most positions of a part of a row that is cut into tiles.
const MOST_IN_SEGMENT: usize = 64;

/// One direction and phase of a problem, laid out for the kernel: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct DirectStage {
    set: InstructionSet,
    channels: Channels,
    /// The axes before the last two.
    outer: Vec<AxisMap>,
    y: AxisMap,
    x: AxisMap,
    /// Neighbouring rows of the output in one tile, R.
    folded: usize,
    /// Whether vectors are of channels, not of positions.
    channel_vectors: bool,
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
    /// Whether the signal is read where it stands, and whether it may be.
    in_place: bool,
    may_be_in_place: bool,
    /// Whether the rows of a piece stand end to end in the result too.
    flat: bool,
    /// Whether vectors of positions begin anew in each row, not run over the ends of rows.
    row_by_row: bool,
    /// Channels (times outer taps) in the workspace at once.
    block: usize,
    offsets: Offsets,
    /// The share of the taps of the (folded) axis before the last that read inside the signal.
    share_inside: f64,
    /// The tiles to be taken where vectors begin anew in each row, if tiles of neighbouring columns cost
    /// more.
    columns: Option<Columns>,
    /// The taps of the axis before the last that read inside the signal, for each of its (folded) positions.
    taps_inside: Vec<Range<usize>>,
    /// Which rows of the tiles have a tap of that axis: empty if all have all.
    rows_with_tap: Vec<Range<usize>>,
    /// First and number of the rows (times R) of each tile.
    tiles: Vec<(usize, usize)>,
    /// Where the rows of all tiles go, if they are of vectors of positions.
    rows: Vec<PlacedRow>,
    groups: Vec<Group>,
    lanes: usize,
    /// Of an entry.
    bytes: usize,
    /// That share the pieces.
    threads: usize,
}

impl DirectStage {
    /// Before any piece is chosen.
    fn unplaced<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: Vec<AxisMap>,
        threads: usize,
    ) -> Self {
        let mut outer = AxisMap::joined(axes);
        let x = outer.pop().unwrap_or_else(AxisMap::point);
        let y = outer.pop().unwrap_or_else(AxisMap::point);
        let lanes = lanes::<T>(set);
        let (most_rows, _) = tile_shape(set);
        let folded = folded_rows(&y, channels.rows, most_rows);
        let folded_y = folded_axis(&y, folded);
        let columns = Columns::best(set, folded * channels.rows, [&folded_y, &x], lanes);
        DirectStage {
            set,
            channels,
            y_layout: Layout::shared(&folded_y),
            x_layout: Layout::shared(&x),
            outer,
            y,
            x,
            folded,
            channel_vectors: false,
            samples: 1,
            band: folded_y.positions,
            width: 1,
            pitch: 1,
            channel_stride: 0,
            sample_stride: 0,
            may_be_in_place: false,
            in_place: false,
            flat: false,
            row_by_row: false,
            block: 1,
            offsets: Offsets::default(),
            share_inside: folded_y.share_inside(1),
            columns,
            taps_inside: Vec::new(),
            rows_with_tap: Vec::new(),
            tiles: Vec::new(),
            rows: Vec::new(),
            groups: Vec::new(),
            lanes,
            bytes: size_of::<T>(),
            threads,
        }
    }

    /// In pieces for so many threads; what comes out does not depend on them.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: Vec<AxisMap>,
        threads: usize,
    ) -> Self {
        let mut stage = DirectStage::unplaced::<T>(set, channels, axes, threads);
        let mut best = stage.clone().best_piece();
        stage.x_layout = Layout::expanded(&stage.x);
        let expanded = stage.best_piece();
        if expanded.shared_cost() < best.shared_cost() {
            best = expanded;
        }
        let of_channels = best.clone().with_channel_vectors(true);
        if of_channels.shared_cost() < best.shared_cost() {
            best = of_channels;
        }
        best.place_terms();
        best.place_tiles();
        best.place_groups();
        best
    }

    /// The same with vectors of channels, which perhaps are read in place.
    fn with_channel_vectors(mut self, in_place: bool) -> Self {
        self.channel_vectors = true;
        self.may_be_in_place = in_place;
        self.folded = 1;
        (self.y_layout, self.x_layout) = (Layout::plain(&self.y), Layout::plain(&self.x));
        self.best_piece()
    }

    /// With pieces of the size that costs least.
    fn best_piece(self) -> Self {
        let target = PIECE_VECTORS * self.lanes;
        let rows = self.y.positions.div_ceil(self.folded);
        let mut best = self.clone().with_piece(1, 1, even(self.x.positions, target));
        let mut keep = |samples, band, width| {
            let other = self.clone().with_piece(samples, band, width);
            if other.shared_cost() < best.shared_cost() {
                best = other;
            }
        };
        for most in [target, target / 2, target / 4, target / 8] {
            let width = even(self.x.positions, most);
            let pitch = width * self.position_step(&self.x) + self.x_layout.extra;
            let most_rows = (target / pitch).clamp(1, rows);
            (1..=most_rows).for_each(|band| keep(1, band, width));
            if most_rows == rows && width == self.x.positions {
                let most = target / (rows * pitch).next_multiple_of(self.lanes);
                (2..=self.channels.batch.min(most)).for_each(|samples| keep(samples, rows, width));
            }
            // A part of a row is a piece of its own.
            if width < self.lanes * 3 {
                break;
            }
        }
        best
    }

    /// With pieces of so many samples, (folded) rows and columns.
    fn with_piece(mut self, samples: usize, band: usize, width: usize) -> Self {
        (self.samples, self.band, self.width) = (samples, band, width);
        self.pitch = (width - 1) * self.position_step(&self.x) + 1 + self.x_layout.extra;
        self.channel_stride = self.plane() * self.y_layout.planes.len() * self.x_layout.planes.len();
        let fitting = STRIP_BYTES / (self.bytes * samples * self.channel_stride.max(1));
        self.block = even(self.virtual_channels().max(1), fitting.max(1));
        self.sample_stride = self.block * self.channel_stride;
        // A last piece shorter than the others would read beyond the end.
        let whole = self.x.positions.is_multiple_of(width);
        self.in_place = self.may_be_in_place && whole && self.reads_inside();
        if self.in_place {
            self.pitch = self.x.source;
            self.channel_stride = self.y.source * self.x.source;
            self.block = self.channels.columns;
            self.sample_stride = self.channels.groups * self.channels.columns * self.channel_stride;
        }
        self.flat = self.folded == 1
            && (self.channel_vectors || self.pitch == width)
            && width == self.x.result
            && width == self.x.positions
            && self.x.every == 1
            && self.y.every == 1;
        self.row_by_row =
            !self.channel_vectors && !self.flat && self.vectors_row_by_row() <= self.vectors_over_ends();
        self
    }

    /// Whether every tap reads inside the signal, and the signal of a sample is small enough to be read where
    /// it stands.
    fn reads_inside(&self) -> bool {
        let inside = |axis: &AxisMap| {
            let (Some(first), Some(last)) = (axis.taps.first(), axis.taps.last()) else { return false };
            first.1 >= 0 && last.1 + (((axis.positions - 1) * axis.step) as isize) < axis.source as isize
        };
        let sample = self.channels.columns * self.y.source * self.x.source;
        self.outer.is_empty() && inside(&self.y) && inside(&self.x) && sample * self.bytes <= STRIP_BYTES
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
        if self.channel_vectors { axis.step } else { 1 }
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
    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.packed_rows() * self.terms()
    }

    /// Rows of packed weights in a group: vectors of channels are filled up with zeros.
    fn packed_rows(&self) -> usize {
        self.packed_rows_of(self.channels.rows * self.folded)
    }

    /// Where the weights of a tile and some channels stand among the packed ones.
    fn panel(
        &self,
        group: usize,
        (first, rows): (usize, usize),
        (begin, end): (usize, usize),
    ) -> Range<usize> {
        let (terms, rows) = (self.terms(), self.packed_rows_of(rows));
        let per_channel = self.y_layout.taps.len() * self.x_layout.taps.len();
        let panel = (group * self.packed_rows() + first) * terms;
        panel + begin * per_channel * rows..panel + end * per_channel * rows
    }

    /// Rows of packed weights in a tile of so many rows.
    fn packed_rows_of(&self, rows: usize) -> usize {
        if self.channel_vectors { rows.next_multiple_of(self.lanes) } else { rows }
    }

    /// The numbers of samples, (folded) bands, columns and so on: all pieces.
    fn jobs(&self) -> usize {
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
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        // The last vectors read beyond the last row, and copying overwrites one vector more.
        let strip = if self.in_place { 0 } else { self.samples * self.sample_stride + 2 * self.lanes };
        (strip, self.kept_sums() + self.lanes * self.lanes)
    }

    /// Entries of all sums, and of what is read beyond the last of them; then a square follows.
    fn kept_sums(&self) -> usize {
        self.slots() * self.slot() + self.lanes * self.lanes * MOST_ROW_VECTORS
    }

    /// Entries of the sums of one tile, or of the tiles that are written at once.
    fn slot(&self) -> usize {
        let vectors = match self.channel_vectors {
            true => MOST_ROW_VECTORS * (POSITIONS_AT_ONCE + MOST_IN_SEGMENT),
            false => {
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
}

/// The least size of at most `most` such that pieces of it are as even as possible.
pub(in crate::conv::plan) fn even(length: usize, most: usize) -> usize {
    length.div_ceil(length.div_ceil(most.max(1)).max(1)).max(1)
}

/// The pieces of a length, as (first, size).
#[inline(always)]
pub(in crate::conv::plan) fn pieces(length: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..length).step_by(size).map(move |first| (first, size.min(length - first)))
}

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    Some(Arc::new(DirectStage::new::<T>(place.set, place.channels, place.axes.clone(), 1)))
}
