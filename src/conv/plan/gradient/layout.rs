//! How the work is cut and laid out, and the parts of it: see [the plan](super).

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::super::axis_map::AxisMap;
use super::super::direct::{Channels, even, outer_source};
use super::super::microkernel::{ChannelTile, MOST_CHANNEL_VECTORS, Offsets, lanes, positions_per_tile};
use super::super::strip::{Layout, Row, fill};
use super::Part;
use crate::conv::simd::{Element, InstructionSet};

/// Positions that a piece aims at: their vectors of y should stay in the first-level cache.
const PIECE_POSITIONS: usize = 192;
/// Bytes of copied signal that a part of the work may have at once.
const STRIP_BYTES: usize = 128 * 1024;
/// Parts of the work that suffice to keep threads busy.
const PARTS: usize = 8;

#[derive(Clone, Debug)]
pub(super) struct GradientLayout {
    set: InstructionSet,
    pub(super) channels: Channels,
    outer: Vec<AxisMap>,
    y: AxisMap,
    x: AxisMap,
    y_layout: Layout,
    x_layout: Layout,
    band: usize,
    width: usize,
    pitch: usize,
    pub(super) channel_stride: usize,
    /// Channels times outer taps at once.
    pub(super) block: usize,
    /// Samples of a part.
    pub(super) samples: usize,
    /// Positions of a whole piece, and of one at the end of rows, relative to the first.
    offsets: [Offsets; 2],
    /// Pairs (channel, tap) of a block, row by row.
    starts: Vec<usize>,
    vectors: usize,
    pub(super) lanes: usize,
}

impl GradientLayout {
    pub(super) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        outer: Vec<AxisMap>,
        y: AxisMap,
        x: AxisMap,
    ) -> Self {
        let lanes = lanes::<T>(set);
        let (y_layout, x_layout) = (Layout::plain(&y), Layout::plain(&x));
        let width = even(x.positions, PIECE_POSITIONS);
        let band = even(y.positions, PIECE_POSITIONS / width);
        let pitch = (width - 1) * x.step + 1 + x_layout.extra;
        let channel_stride = ((band - 1) * y.step + 1 + y_layout.extra) * pitch;
        let outer_taps: usize = outer.iter().map(|axis| axis.taps.len()).product();
        let virtual_channels = channels.columns * outer_taps;
        let fitting = (STRIP_BYTES / (size_of::<T>() * channel_stride)).max(1);
        let wanted = virtual_channels.div_ceil(PARTS).max(MOST_CHANNEL_VECTORS);
        let block = even(virtual_channels, fitting.min(wanted));
        let blocks = channels.groups * virtual_channels.div_ceil(block);
        let samples = even(channels.batch, channels.batch.div_ceil(PARTS.div_ceil(blocks)));
        let last = x.positions - (x.positions - 1) / width * width;
        let offsets = [width, last].map(|width| {
            let positions = (0..band).flat_map(|row| (0..width).map(move |column| (row, column)));
            Offsets::new(positions.map(|(row, column)| row * y.step * pitch + column * x.step).collect())
        });
        let vectors = even(channels.rows.div_ceil(lanes), MOST_CHANNEL_VECTORS);
        let mut starts = Vec::new();
        for channel in 0..block {
            for &(_, row) in &y_layout.taps {
                for &(_, column) in &x_layout.taps {
                    starts.push(channel * channel_stride + row * pitch + column);
                }
            }
        }
        // The last tile is filled up with its last pair.
        let rows = positions_per_tile(set, vectors);
        let last = starts[starts.len() - 1];
        starts.resize(starts.len().next_multiple_of(rows), last);
        GradientLayout {
            set,
            channels,
            outer,
            y,
            x,
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
            lanes,
        }
    }

    pub(super) fn virtual_channels(&self) -> usize {
        self.channels.columns * self.outer.iter().map(|axis| axis.taps.len()).product::<usize>()
    }

    /// Output channels of a tile.
    fn tile_channels(&self) -> usize {
        self.vectors * self.lanes
    }

    /// Output channels of a group, in whole tiles.
    pub(super) fn padded_rows(&self) -> usize {
        self.channels.rows.next_multiple_of(self.tile_channels())
    }

    /// Pairs of a tile.
    pub(super) fn tile_rows(&self) -> usize {
        positions_per_tile(self.set, self.vectors)
    }

    pub(super) fn pair_tiles(&self) -> usize {
        self.starts.len() / self.tile_rows()
    }

    /// Positions of a plane of the output, and planes.
    fn positions(&self) -> (usize, usize) {
        (self.y.positions * self.x.positions, self.outer.iter().map(|axis| axis.positions).product())
    }

    /// Sample n of y, piece by piece so that the positions of a piece are neighbours: (group, tile of channels, plane,
    /// band, part of a row, position, channel).
    pub(super) fn transpose<T: Element>(&self, y: &[T], n: usize, to: &mut [T]) {
        let (plane, planes) = self.positions();
        let size = self.tile_channels();
        let tiles = self.padded_rows() / size;
        for group in 0..self.channels.groups {
            for tile in 0..tiles {
                let rows = size.min(self.channels.rows - tile * size);
                let mut at = (group * tiles + tile) * planes * plane * size;
                for outer in 0..planes {
                    for (row, band) in pieces(self.y.positions, self.band) {
                        for (column, width) in pieces(self.x.positions, self.width) {
                            for r in row..row + band {
                                for first in (column..column + width).step_by(self.lanes) {
                                    let count = self.lanes.min(column + width - first);
                                    let channels = self.channels.groups * self.channels.rows;
                                    let channel = n * channels + group * self.channels.rows + tile * size;
                                    let from =
                                        (channel * planes + outer) * plane + r * self.x.positions + first;
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
        let (size, lanes) = (self.tile_channels(), self.lanes);
        for first in (0..rows).step_by(lanes) {
            let from = from + first * stride;
            let to = &mut to[first..];
            if from + (lanes - 1) * stride + lanes <= y.len() && (lanes - 1) * size + lanes <= to.len() {
                // What this overwrites beyond the last position is transposed later. Lanes without a channel hold
                // anything, as their sums go nowhere.
                let square = Square { from: &y[from..], from_stride: stride, to, to_stride: size };
                self.set.run(square);
                continue;
            }
            for m in 0..lanes.min(rows - first) {
                let places = to[m..].iter_mut().step_by(size);
                places.zip(&y[from + m * stride..][..count]).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Channels of the group (times outer taps) that a part is about.
    fn channels_of<T>(&self, part: &Part<T>) -> Range<usize> {
        part.channel..self.virtual_channels().min(part.channel + self.block)
    }

    /// Copies what the part reads of sample n for one piece.
    #[inline(always)]
    fn copy<T: Element, S: Simd>(
        &self,
        simd: S,
        signal: &[T],
        part: &mut Part<T>,
        (n, outer, row, column): (usize, usize, usize, usize),
    ) {
        let outer_taps = self.virtual_channels() / self.channels.columns;
        let outer_planes: usize = self.outer.iter().map(|axis| axis.source).product();
        let (y, x) = (&self.y, &self.x);
        let mut at = 0;
        for channel in self.channels_of(part) {
            let (channel, tap) = (channel / outer_taps, channel % outer_taps);
            let channel = (n * self.channels.groups + part.group) * self.channels.columns + channel;
            let plane = outer_source(&self.outer, outer, tap);
            for strip_row in 0..self.channel_stride / self.pitch {
                let to = &mut part.strip[at..];
                at += self.pitch;
                let entry = (row * y.step + strip_row) as isize + self.y_layout.planes[0];
                match plane.zip(y.boundary.source(entry, y.source)) {
                    None => fill(simd, self.pitch, to),
                    Some((plane, entry)) => {
                        let start = ((channel * outer_planes + plane) * y.source + entry) * x.source;
                        let row = Row { signal, start, length: x.source, boundary: x.boundary };
                        row.copy(
                            simd,
                            (column * x.step) as isize + self.x_layout.planes[0],
                            1,
                            self.pitch,
                            to,
                        );
                    }
                }
            }
        }
    }

    pub(super) fn run<T: Element>(&self, signal: &[T], transposed: &[T], part: &mut Part<T>) {
        part.sums.fill(T::zero());
        self.set.run(PartRun { layout: self, signal, transposed, part });
    }

    /// The sums of a part, with the output channel, the channel of its group, and the tap that they belong to.
    pub(super) fn for_each_sum<T: Element>(
        &self,
        part: &Part<T>,
        mut visit: impl FnMut(usize, usize, usize, T),
    ) {
        let taps_of = |axis: &AxisMap| axis.taps.len();
        let outer_taps: usize = self.outer.iter().map(taps_of).product();
        let (rows, columns) = (taps_of(&self.y), taps_of(&self.x));
        let size = self.tile_channels();
        let tiles = self.padded_rows() / size;
        for pair in 0..self.channels_of(part).len() * rows * columns {
            let channel = part.channel + pair / (rows * columns);
            let (column, mut outer_tap) = (channel / outer_taps, channel % outer_taps);
            // The taps of the axes are in the order of the entries that they read.
            let (mut tap, mut extent) = (0, 1);
            let last = [(&self.x, pair % columns), (&self.y, pair / columns % rows)];
            for (axis, number) in last {
                tap += axis.taps[number].0 * extent;
                extent *= axis.kernel;
            }
            for axis in self.outer.iter().rev() {
                tap += axis.taps[outer_tap % axis.taps.len()].0 * extent;
                outer_tap /= axis.taps.len();
                extent *= axis.kernel;
            }
            let (pair_tile, j) = (pair / self.tile_rows(), pair % self.tile_rows());
            for row in 0..self.channels.rows {
                let slot = (pair_tile * tiles + row / size) * self.tile_rows() + j;
                let value = part.sums[slot * size + row % size];
                visit(part.group * self.channels.rows + row, column, tap, value);
            }
        }
    }
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

/// The pieces of a length, as (first, size).
fn pieces(length: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..length).step_by(size).map(move |first| (first, size.min(length - first)))
}

struct PartRun<'a, T> {
    layout: &'a GradientLayout,
    signal: &'a [T],
    transposed: &'a [T],
    part: &'a mut Part<T>,
}

impl<T: Element> WithSimd for PartRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let PartRun { layout, signal, transposed, part } = self;
        let (plane, planes) = layout.positions();
        let size = layout.tile_channels();
        let tiles = layout.padded_rows() / size;
        let pairs = layout.channels_of(part).len() * layout.y_layout.taps.len() * layout.x_layout.taps.len();
        let slot = layout.tile_rows() * size;
        for n in part.sample..layout.channels.batch.min(part.sample + layout.samples) {
            for outer in 0..planes {
                for (row, band) in pieces(layout.y.positions, layout.band) {
                    for (column, width) in pieces(layout.x.positions, layout.width) {
                        layout.copy(simd, signal, part, (n, outer, row, column));
                        let before = outer * plane + row * layout.x.positions + column * band;
                        for tile in 0..tiles {
                            let first =
                                ((n * layout.channels.groups + part.group) * tiles + tile) * planes * plane;
                            let weights = &transposed[(first + before) * size..][..band * width * size];
                            for (number, starts) in layout.starts.chunks_exact(layout.tile_rows()).enumerate()
                            {
                                if number * layout.tile_rows() >= pairs {
                                    break;
                                }
                                let sums = &mut part.sums[(number * tiles + tile) * slot..][..slot];
                                simd.vectorize(ChannelTile {
                                    weights,
                                    vectors: layout.vectors,
                                    offsets: &layout.offsets[usize::from(width < layout.width)],
                                    source: &part.strip,
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
