//! Vectors of output channels: how the work is cut and laid out, and the parts of it.
//!
//! A tile has vectors of output channels m and one row for each of some pairs (c, t): it is the [tile of
//! channels](crate::conv::plan::register::sum_tile::ChannelTile) with the positions o as its terms. So y is
//! first transposed, channels last; the signal is copied piece by piece as for the forward map, where pair
//! (c, t) stands at a constant distance from each position.

use pulp::{Simd, WithSimd};

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::pieces::{even, pieces};
use crate::conv::plan::geometry::plane::{Entries, PlanePart};
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::gradient::geometry::{Geometry, PARTS, in_kernel_order};
use crate::conv::plan::gradient::part::Part;
use crate::conv::plan::register::sum_tile::{ChannelTile, Offsets, most_channel_vectors, positions_per_tile};
use crate::simd::Element;

/// Positions that a piece aims at: their vectors of y stream from the second-level cache, and the signal
/// stays in the first.
const PIECE_POSITIONS: usize = 800;
/// Bytes of copied signal that a part of the work may have at once.
const STRIP_BYTES: usize = 128 * 1024;
/// Channels of a part at least.
const LEAST_BLOCK: usize = 4;
/// What a tile costs beside its terms and its sums, a row to copy, and a square to transpose, in
/// multiply-adds of vectors.
const TILE_COST: f64 = 30.0;
const ROW_COST: f64 = 20.0;
const SQUARE_COST: f64 = 400.0;

#[derive(Clone, Debug)]
pub(super) struct ChannelLayout {
    geometry: Geometry,
    y_layout: Layout,
    x_layout: Layout,
    band: usize,
    width: usize,
    pitch: usize,
    channel_stride: usize,
    /// Virtual channels of a part.
    pub(super) block: usize,
    /// Samples of a part.
    pub(super) samples: usize,
    /// Positions of a whole piece, and of one at the end of rows, relative to the first.
    offsets: [Offsets; 2],
    /// Pairs (channel, tap) of a block.
    starts: Vec<usize>,
    vectors: usize,
}

impl ChannelLayout {
    pub(super) fn new<T: Element>(geometry: &Geometry) -> Self {
        let (x, y, channels) = (&geometry.x, &geometry.y, geometry.channels);
        let (y_layout, x_layout) = (Layout::plain(y), Layout::plain(x));
        let width = even(x.positions, PIECE_POSITIONS);
        let band = even(y.positions, PIECE_POSITIONS / width);
        let pitch = (width - 1) * x.step + 1 + x_layout.extra;
        let channel_stride = ((band - 1) * y.step + 1 + y_layout.extra) * pitch;
        let virtual_channels = geometry.virtual_channels();
        let fitting = (STRIP_BYTES / (size_of::<T>() * channel_stride)).max(1);
        let wanted = virtual_channels.div_ceil(PARTS).max(LEAST_BLOCK);
        let vectors = even(channels.rows.div_ceil(geometry.lanes), most_channel_vectors(geometry.set));
        let rows = positions_per_tile(geometry.set, vectors);
        let block =
            whole_tiles(even(virtual_channels, fitting.min(wanted)), virtual_channels, geometry.taps(), rows);
        let blocks = channels.groups * virtual_channels.div_ceil(block);
        let samples = even(channels.batch, channels.batch.div_ceil(PARTS.div_ceil(blocks)));
        let last = x.positions - (x.positions - 1) / width * width;
        let offsets = [width, last].map(|width| {
            let positions = (0..band).flat_map(|row| (0..width).map(move |column| (row, column)));
            Offsets::new(positions.map(|(row, column)| row * y.step * pitch + column * x.step).collect())
        });
        let mut starts = Vec::new();
        for channel in 0..block {
            for (_, row) in in_kernel_order(y, &y_layout) {
                for (_, column) in in_kernel_order(x, &x_layout) {
                    starts.push(channel * channel_stride + row * pitch + column);
                }
            }
        }
        // The last tile is filled up with its last pair.
        let last = starts[starts.len() - 1];
        starts.resize(starts.len().next_multiple_of(rows), last);
        ChannelLayout {
            geometry: geometry.clone(),
            y_layout,
            x_layout,
            band,
            width,
            pitch,
            channel_stride,
            block,
            samples,
            offsets,
            starts,
            vectors,
        }
    }

    /// Multiply-adds of vectors, other work counted as such.
    pub(super) fn cost(&self) -> f64 {
        let (x, y, channels) = (&self.geometry.x, &self.geometry.y, self.geometry.channels);
        let lanes = self.geometry.lanes;
        let (plane, planes) = self.geometry.positions();
        let pieces = y.positions.div_ceil(self.band) * x.positions.div_ceil(self.width);
        let rows = self.tile_rows() as f64;
        let tiles = (self.starts.len() / self.tile_rows() * self.padded_rows() / self.tile_channels()) as f64;
        let sums = rows * self.vectors as f64;
        let tile = plane as f64 * sums + pieces as f64 * (2.0 * sums + TILE_COST);
        let copied = (pieces * self.block * self.channel_stride / self.pitch) as f64
            * (ROW_COST + 2.0 * self.pitch.div_ceil(lanes) as f64);
        let blocks = self.geometry.virtual_channels().div_ceil(self.block);
        let squares = self.padded_rows() / lanes * (y.positions * pieces).max(plane / lanes);
        let each = blocks as f64 * (tiles * tile + copied) + squares as f64 * SQUARE_COST;
        each * (planes * channels.groups * channels.batch) as f64
    }

    /// Entries that the plan needs for y transposed, and a part for the signal and for sums.
    pub(super) fn memory(&self) -> (usize, usize, usize) {
        let (channels, lanes) = (self.geometry.channels, self.geometry.lanes);
        let (plane, planes) = self.geometry.positions();
        (
            channels.batch * channels.groups * planes * plane * self.padded_rows(),
            self.block * self.channel_stride + lanes,
            self.pair_rows() * self.padded_rows(),
        )
    }

    /// Output channels of a tile.
    fn tile_channels(&self) -> usize {
        self.vectors * self.geometry.lanes
    }

    /// Output channels of a group, in whole tiles.
    pub(super) fn padded_rows(&self) -> usize {
        self.geometry.channels.rows.next_multiple_of(self.tile_channels())
    }

    /// Pairs of a tile.
    pub(super) fn tile_rows(&self) -> usize {
        positions_per_tile(self.geometry.set, self.vectors)
    }

    /// Rows of sums for each tile of channels: whole tiles, and whole squares.
    fn pair_rows(&self) -> usize {
        self.starts.len().max(self.pairs(self.block).next_multiple_of(self.geometry.lanes))
    }

    /// Pairs of so many virtual channels.
    fn pairs(&self, channels: usize) -> usize {
        channels * self.geometry.taps()
    }

    /// Sample n of y, piece by piece so that the positions of a piece are neighbours: (group, tile of
    /// channels, plane, band, part of a row, position, channel).
    pub(super) fn transpose<T: Element>(&self, y: &[T], n: usize, to: &mut [T]) {
        let (plane, planes) = self.geometry.positions();
        let size = self.tile_channels();
        let tiles = self.padded_rows() / size;
        for group in 0..self.geometry.channels.groups {
            for tile in 0..tiles {
                let rows = size.min(self.geometry.channels.rows - tile * size);
                let mut at = (group * tiles + tile) * planes * plane * size;
                for outer in 0..planes {
                    for (row, band) in pieces(self.geometry.y.positions, self.band) {
                        for (column, width) in pieces(self.geometry.x.positions, self.width) {
                            for r in row..row + band {
                                for first in (column..column + width).step_by(self.geometry.lanes) {
                                    let count = self.geometry.lanes.min(column + width - first);
                                    let channels =
                                        self.geometry.channels.groups * self.geometry.channels.rows;
                                    let channel =
                                        n * channels + group * self.geometry.channels.rows + tile * size;
                                    let from = (channel * planes + outer) * plane
                                        + r * self.geometry.x.positions
                                        + first;
                                    self.transpose_some(
                                        (y, from, planes * plane),
                                        (rows, count),
                                        &mut to[at..],
                                    );
                                    at += count * size;
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Some positions of one tile of channels, at most a vector: channel m's stand at `from + m·stride`.
    fn transpose_some<T: Element>(
        &self,
        (y, from, stride): (&[T], usize, usize),
        (rows, count): (usize, usize),
        to: &mut [T],
    ) {
        let (size, lanes) = (self.tile_channels(), self.geometry.lanes);
        for first in (0..rows).step_by(lanes) {
            let from = from + first * stride;
            let to = &mut to[first..];
            if from + (lanes - 1) * stride + lanes <= y.len() && (lanes - 1) * size + lanes <= to.len() {
                // What this overwrites beyond the last position is transposed later. Lanes without a channel
                // hold anything, as their sums go nowhere.
                let square = Square { from: &y[from..], from_stride: stride, to, to_stride: size };
                self.geometry.set.run(square);
                continue;
            }
            for m in 0..lanes.min(rows - first) {
                let places = to[m..].iter_mut().step_by(size);
                places.zip(&y[from + m * stride..][..count]).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Virtual channels that a part is about.
    fn channels_of<T>(&self, part: &Part<T>) -> usize {
        self.block.min(self.geometry.virtual_channels() - part.channel)
    }

    /// Copies what the part reads of sample n for one piece.
    #[inline(always)]
    fn copy<T: Element, S: Simd>(
        &self,
        simd: S,
        signal: &[T],
        (group, channel, channels): (usize, usize, usize),
        (n, plane, row, column): (usize, usize, usize, usize),
        strip: &mut [T],
    ) {
        let (y, x) = (&self.geometry.y, &self.geometry.x);
        let along = |axis: &AxisMap, layout: &Layout, first: usize, count: usize| {
            Entries::new(axis, (first * axis.step) as isize + layout.planes[0], 1, count)
        };
        let rows = along(y, &self.y_layout, row, self.channel_stride / self.pitch);
        let part = PlanePart { rows, columns: along(x, &self.x_layout, column, self.pitch) };
        for (number, channel) in (channel..channel + channels).enumerate() {
            let start = self.geometry.signal_start((n, group), channel, plane);
            part.copy(simd, (signal, start), &mut strip[number * self.channel_stride..]);
        }
    }

    pub(super) fn run<T: Element>(&self, signal: &[T], transposed: &[T], part: &mut Part<T>) {
        part.sums.fill(T::zero());
        self.geometry.set.run(PartRun { layout: self, signal, transposed, part });
    }

    /// Adds up the parts of a group for its output channels from `first` on: as many rows of the gradient as
    /// `to` holds.
    pub(super) fn add_up<T: Element>(&self, parts: &[Part<T>], first: usize, to: &mut [T]) {
        let row = self.pairs(self.geometry.virtual_channels());
        to.fill(T::zero());
        self.geometry.set.run(AddUp { layout: self, parts, first, to, row });
    }
}

/// The size of blocks, at least `block` and less than twice as large, that needs the fewest tiles of so many
/// rows.
fn whole_tiles(block: usize, channels: usize, taps: usize, rows: usize) -> usize {
    let tiles =
        |block: usize| pieces(channels, block).map(|(_, size)| (size * taps).div_ceil(rows)).sum::<usize>();
    (block..(2 * block).min(channels + 1)).min_by_key(|&block| tiles(block)).unwrap_or(block)
}

/// A square to transpose, both sides long enough.
struct Square<'a, T> {
    from: &'a [T],
    from_stride: usize,
    to: &'a mut [T],
    to_stride: usize,
}

impl<T: Element> WithSimd for Square<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Square { from, from_stride, to, to_stride } = self;
        let last = T::lanes::<S>() - 1;
        assert!(last * from_stride + last < from.len() && last * to_stride + last < to.len());
        // SAFETY: the last rows of both squares end inside, as asserted.
        unsafe { T::transpose::<S>(from.as_ptr(), from_stride, to.as_mut_ptr(), to_stride) };
    }
}

struct PartRun<'a, T> {
    layout: &'a ChannelLayout,
    signal: &'a [T],
    transposed: &'a [T],
    part: &'a mut Part<T>,
}

impl<T: Element> WithSimd for PartRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let PartRun { layout, signal, transposed, part } = self;
        let geometry = &layout.geometry;
        let (plane, planes) = geometry.positions();
        let size = layout.tile_channels();
        let tiles = layout.padded_rows() / size;
        let channels = layout.channels_of(part);
        let slot = layout.tile_rows() * size;
        let (strip, sums) = (&mut *part.strip, &mut *part.sums);
        for n in part.sample..geometry.channels.batch.min(part.sample + layout.samples) {
            for outer in 0..planes {
                for (row, band) in pieces(geometry.y.positions, layout.band) {
                    for (column, width) in pieces(geometry.x.positions, layout.width) {
                        let from = (part.group, part.channel, channels);
                        layout.copy(simd, signal, from, (n, outer, row, column), strip);
                        let before = outer * plane + row * geometry.x.positions + column * band;
                        for (tile, sums) in sums.chunks_exact_mut(layout.pair_rows() * size).enumerate() {
                            let first =
                                ((n * geometry.channels.groups + part.group) * tiles + tile) * planes * plane;
                            let weights = &transposed[(first + before) * size..][..band * width * size];
                            let used = layout.pairs(channels).div_ceil(layout.tile_rows());
                            let starts = layout.starts.chunks_exact(layout.tile_rows()).take(used);
                            for (starts, sums) in starts.zip(sums.chunks_exact_mut(slot)) {
                                simd.vectorize(ChannelTile {
                                    weights,
                                    vectors: layout.vectors,
                                    offsets: &layout.offsets[usize::from(width < layout.width)],
                                    source: strip,
                                    starts,
                                    continues: true,
                                    sums,
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

struct AddUp<'a, T> {
    layout: &'a ChannelLayout,
    parts: &'a [Part<T>],
    first: usize,
    to: &'a mut [T],
    /// Entries of an output channel.
    row: usize,
}

impl<T: Element> WithSimd for AddUp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let AddUp { layout, parts, first, to, row } = self;
        let (size, lanes) = (layout.tile_channels(), T::lanes::<S>());
        let rows = to.len() / row;
        // A square of the most lanes.
        let mut square = [T::zero(); 256];
        for m in (0..rows).step_by(lanes) {
            let (tile, lane) = ((first + m) / size, (first + m) % size);
            for part in parts {
                let pairs = layout.pairs(layout.channels_of(part));
                let sums = &part.sums[tile * layout.pair_rows() * size..];
                for pair in (0..pairs).step_by(lanes) {
                    Square {
                        from: &sums[pair * size + lane..],
                        from_stride: size,
                        to: &mut square,
                        to_stride: lanes,
                    }
                    .with_simd(simd);
                    let count = lanes.min(pairs - pair);
                    let begin = layout.pairs(part.channel) + pair;
                    for (m, square) in (m..rows).zip(square.chunks_exact(lanes)) {
                        let to = &mut to[m * row + begin..][..count];
                        to.iter_mut().zip(square).for_each(|(to, value)| to.add_in_place(value));
                    }
                }
            }
        }
    }
}
