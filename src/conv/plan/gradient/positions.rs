//! Vectors of positions: how the work is cut and laid out, and what it costs.
//!
//! ```text
//! gradient(m, c, t) = Σ_lanes Σ_o y(m, o + lane) · x̃(c, o + offset(t) + lane)
//! ```
//!
//! Rows of y and x̃ are copied with the same pitch, y with zeros behind each row, so that every tap is a
//! constant distance away, and vectors run over the ends of rows. Where the border is of zeros, the end of a
//! row and the beginning of the next share them. A [tile](crate::conv::plan::gradient::position_tile) takes
//! some output channels m and some pairs (c, t).
//!
//! *Folded.* With few output channels, the taps of the axis before the last count as rows of a tile too:
//! position o + t_y of x̃ meets position o of y, so that one load from x̃ serves as many rows of y,
//!
//! ```text
//! gradient(m, c, (t_y, t_x)) = Σ_lanes Σ_i y(m, i − t_y) · x̃(c, i + t_x).
//! ```
//!
//! Then the rows of x̃ are cut into pieces, and those of y come with their neighbours.

use crate::conv::Boundary;
use crate::conv::plan::geometry::pieces::{even, pieces};
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::gradient::geometry::{Geometry, PARTS, in_kernel_order};
use crate::conv::plan::gradient::position_tile::{Side, most_columns, most_rows};
use crate::conv::problem::axis::inside;
use crate::simd::Element;

/// Entries of a row of a tile that a piece aims at, so that all its rows stay in the first-level cache: of
/// different output channels, and of the same.
const ROW_ENTRIES: usize = 896;
const FOLDED_ENTRIES: usize = 2048;
/// Bytes of copied signal that a part of the work may have at once, and of sums.
const STRIP_BYTES: usize = 128 * 1024;
const SUMS_BYTES: usize = 256 * 1024;
/// What a tile costs beside its terms and its sums, and a row to copy, in multiply-adds of vectors.
const TILE_COST: f64 = 30.0;
const ROW_COST: f64 = 10.0;
/// What everything costs more if a part's copies and sums take more bytes than the second-level cache holds
/// well.
const CACHE_BYTES: usize = 512 * 1024;
const BEYOND_CACHE: f64 = 1.25;

/// Every row meets every column.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) rows: Vec<Side>,
    /// And the virtual channel of the first.
    pub(super) columns: Vec<(usize, Side)>,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct PositionLayout {
    pub(super) geometry: Geometry,
    pub(super) y_layout: Layout,
    pub(super) x_layout: Layout,
    pub(super) folded: bool,
    /// The first row of what is cut into pieces, and how many there are.
    pub(super) rows: (usize, usize),
    /// Samples, rows and columns of a piece.
    pub(super) together: usize,
    pub(super) band: usize,
    pub(super) width: usize,
    pub(super) pitch: usize,
    /// Entries of an output channel in the copy of y, of a plane in that of the signal, and of a channel.
    pub(super) output_stride: usize,
    pub(super) plane_stride: usize,
    pub(super) channel_stride: usize,
    /// Virtual channels and samples of a part.
    pub(super) block: usize,
    pub(super) samples: usize,
    pub(super) grids: Vec<Grid>,
}

impl PositionLayout {
    /// The cheapest of all ways.
    pub(super) fn new<T: Element>(geometry: &Geometry) -> Self {
        let mut best: Option<Self> = None;
        for folded in [false, true] {
            for expanded in [false, true] {
                for aligned in [false, true] {
                    let layout = PositionLayout::with::<T>(geometry, folded, expanded, aligned);
                    let cost = |layout: &Self| layout.cost(size_of::<T>());
                    if best.as_ref().is_none_or(|best| cost(&layout) < cost(best)) {
                        best = Some(layout);
                    }
                }
            }
        }
        best.unwrap_or_else(|| unreachable!("eight ways were considered"))
    }

    fn with<T: Element>(geometry: &Geometry, folded: bool, expanded: bool, aligned: bool) -> Self {
        let (x, y, lanes, channels) = (&geometry.x, &geometry.y, geometry.lanes, geometry.channels);
        let y_layout = Layout::shared(y);
        let x_layout = if expanded { Layout::expanded(x) } else { Layout::shared(x) };
        let target = if folded { FOLDED_ENTRIES } else { ROW_ENTRIES };
        let width = even(x.positions, target);
        let gap = if width == x.positions { shared_gap(geometry, &x_layout) } else { x_layout.extra };
        let pitch = if aligned { (width + gap).next_multiple_of(lanes) } else { width + gap };
        let rows = if folded { folded_rows(geometry, &y_layout) } else { (0, y.positions) };
        let band = even(rows.1, (target / pitch).max(1));
        let (output_rows, plane_rows) = match folded {
            false => (band, band + y_layout.extra),
            true => (band + y_layout.extra, band),
        };
        let output_stride = (output_rows * pitch + lanes).next_multiple_of(lanes);
        let plane_stride = (plane_rows * pitch + x_layout.extra + lanes).next_multiple_of(lanes);
        let channel_stride = plane_stride * y_layout.planes.len() * x_layout.planes.len();
        let virtual_channels = geometry.virtual_channels();
        let fitting = STRIP_BYTES / (size_of::<T>() * channel_stride);
        let sums = SUMS_BYTES / (size_of::<T>() * lanes * channels.rows * geometry.taps());
        let block = even(virtual_channels, fitting.min(sums).max(1));
        let blocks = channels.groups * virtual_channels.div_ceil(block);
        let samples = even(channels.batch, channels.batch.div_ceil(PARTS.div_ceil(blocks)));
        let whole = rows.1 == band && width == x.positions;
        let together = if whole { even(samples, (target / (band * pitch)).max(1)) } else { 1 };
        let mut layout = PositionLayout {
            geometry: geometry.clone(),
            y_layout,
            x_layout,
            folded,
            rows,
            together,
            band,
            width,
            pitch,
            output_stride,
            plane_stride,
            channel_stride,
            block,
            samples,
            grids: Vec::new(),
        };
        layout.grids = layout.place_tiles();
        layout
    }

    /// Rows and columns of all tiles. If folded, a row is an output channel and a tap, else an output
    /// channel; and only the taps of one plane share loads.
    fn place_tiles(&self) -> Vec<Grid> {
        let (lanes, set) = (self.geometry.lanes, self.geometry.set);
        let y_taps = in_kernel_order(&self.geometry.y, &self.y_layout);
        let x_taps = in_kernel_order(&self.geometry.x, &self.x_layout);
        let pairs = self.pairs();
        let outputs = 0..self.geometry.channels.rows;
        let planes = if self.folded { self.y_layout.planes.len() } else { 1 };
        let grid = |own: usize| {
            let mut rows = Vec::new();
            for m in outputs.clone() {
                let (start, place) = (m * self.output_stride, m * pairs);
                for (tap, &(plane, shift)) in y_taps.iter().enumerate() {
                    if self.folded && plane == own {
                        let above = (self.y_layout.extra - shift) * self.pitch;
                        rows.push((start + above, (place + tap * x_taps.len()) * lanes));
                    }
                }
                if !self.folded {
                    rows.push((start, place * lanes));
                }
            }
            let mut columns = Vec::new();
            for channel in 0..self.block {
                let mut add = |(y_plane, y_shift), place: usize| {
                    for (tap, &(x_plane, x_shift)) in x_taps.iter().enumerate() {
                        let plane: usize = y_plane * self.x_layout.planes.len() + x_plane;
                        let start = channel * self.channel_stride + plane * self.plane_stride;
                        let start = start + y_shift * self.pitch + x_shift;
                        columns.push((start, (place + tap) * lanes));
                    }
                };
                let place = channel * self.geometry.taps();
                if self.folded {
                    add((own, 0), place);
                } else {
                    for (tap, &y_place) in y_taps.iter().enumerate() {
                        add(y_place, place + tap * x_taps.len());
                    }
                }
            }
            let rows: Vec<_> = evenly(&rows, most_rows(set)).map(Side::new).collect();
            let tallest = rows.iter().map(|side| side.starts().len()).max().unwrap_or(1);
            let columns = evenly(&columns, most_columns(set, tallest));
            let columns = columns.map(|some| (some[0].0 / self.channel_stride, Side::new(some))).collect();
            Grid { rows, columns }
        };
        (0..planes).map(grid).collect()
    }

    /// Pairs of a block.
    pub(super) fn pairs(&self) -> usize {
        self.block * self.geometry.taps()
    }

    /// Entries that a part needs for y, for the signal, and for sums.
    pub(super) fn memory(&self) -> (usize, usize, usize) {
        let rows = self.geometry.channels.rows;
        (
            self.together * rows * self.output_stride + self.geometry.lanes,
            self.together * self.block * self.channel_stride + self.geometry.lanes,
            rows * self.pairs() * self.geometry.lanes,
        )
    }

    /// Vectors of positions of so many rows and columns.
    pub(super) fn vectors(&self, band: usize, width: usize) -> usize {
        ((band - 1) * self.pitch + width).div_ceil(self.geometry.lanes)
    }

    /// Multiply-adds of vectors of entries of so many bytes, other work counted as such.
    pub(super) fn cost(&self, bytes: usize) -> f64 {
        let (x, lanes, channels) = (&self.geometry.x, self.geometry.lanes, self.geometry.channels);
        let (mut term, mut tiles) = (0.0, 0.0);
        for grid in &self.grids {
            for rows in &grid.rows {
                let crossing = rows.starts().iter().filter(|&start| start % lanes != 0).count();
                let loads = rows.starts().len() + crossing;
                for (_, columns) in &grid.columns {
                    let sums = rows.starts().len() * columns.starts().len();
                    term += sums.max(loads + 2 * columns.starts().len()) as f64;
                    tiles += 2.0 * sums as f64 + TILE_COST;
                }
            }
        }
        let vectors: usize = pieces(self.rows.1, self.band)
            .flat_map(|(_, band)| pieces(x.positions, self.width).map(move |(_, width)| (band, width)))
            .map(|(band, width)| self.vectors(band, width))
            .sum();
        let cuts = self.rows.1.div_ceil(self.band) * x.positions.div_ceil(self.width);
        let (y_entries, x_entries, sums) = self.memory();
        let cached = (y_entries + x_entries + sums) * bytes <= CACHE_BYTES;
        let line = self.pitch.div_ceil(lanes) as f64;
        let strided = if x.step > 1 { lanes as f64 / 2.0 } else { 1.0 };
        let copy = |entries: usize, strided: f64| {
            (entries / self.together) as f64 / self.pitch as f64 * (ROW_COST + 2.0 * strided * line)
        };
        let copied = copy(y_entries, 1.0) + copy(x_entries, strided);
        let sample = vectors as f64 * term + cuts as f64 * (copied + tiles / self.together as f64);
        let blocks = self.geometry.virtual_channels().div_ceil(self.block);
        let (_, planes) = self.geometry.positions();
        let factor = if cached { 1.0 } else { BEYOND_CACHE };
        factor * sample * (planes * blocks * channels.groups * channels.batch) as f64
    }
}

/// Parts of a list of at most `most` entries, as even as possible.
fn evenly<U>(list: &[U], most: usize) -> impl Iterator<Item = &[U]> {
    let count = list.len().div_ceil(most);
    (0..count).map(move |part| &list[part * list.len() / count..(part + 1) * list.len() / count])
}

/// The least gap between rows such that what one reads beyond its end is zero, as is what the next reads
/// before its beginning.
fn shared_gap(geometry: &Geometry, layout: &Layout) -> usize {
    let x = &geometry.x;
    if x.boundary != Boundary::Zero {
        return layout.extra;
    }
    let length = x.positions + layout.extra;
    let inside = layout.planes.iter().map(|&start| inside(start, x.step, x.source, length));
    let pitch = inside.map(|(low, high)| high.max(length - low)).max().unwrap_or(length);
    pitch.max(x.positions) - x.positions
}

/// The rows of the copied planes that meet y, without those that are zeros in all planes: the first, and how
/// many.
fn folded_rows(geometry: &Geometry, layout: &Layout) -> (usize, usize) {
    let y = &geometry.y;
    let length = y.positions + layout.extra;
    if y.boundary != Boundary::Zero {
        return (0, length);
    }
    let rows = layout.planes.iter().map(|&start| inside(start, y.step, y.source, length));
    let (first, end) = rows.fold((length, 0), |(first, end), (low, high)| (first.min(low), end.max(high)));
    if first < end { (first, end - first) } else { (0, 1) }
}
