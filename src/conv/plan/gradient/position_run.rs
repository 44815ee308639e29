//! Runs the gradient with [vectors of positions](crate::conv::plan::gradient::positions): copies, tiles, and
//! the lanes added up.

use pulp::{Simd, WithSimd};

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::pieces::pieces;
use crate::conv::plan::geometry::plane::{Entries, PlanePart};
use crate::conv::plan::geometry::strip::{Layout, fill};
use crate::conv::plan::gradient::part::Part;
use crate::conv::plan::gradient::position_tile::PositionTile;
use crate::conv::plan::gradient::positions::PositionLayout;
use crate::simd::Element;

/// Sample, plane of the output, first row and column of a piece.
type Place = (usize, usize, usize, usize);

impl PositionLayout {
    pub(super) fn run<T: Element>(&self, signal: &[T], y: &[T], part: &mut Part<T>) {
        part.sums.fill(T::zero());
        self.geometry.set.run(PartRun { layout: self, signal, y, part });
    }

    /// Channels of the group (times outer taps) that a part is about.
    fn channels_of<T>(&self, part: &Part<T>) -> usize {
        self.block.min(self.geometry.virtual_channels() - part.channel)
    }

    /// Copies the rows of y that a piece of one sample meets, each output channel after the other.
    #[inline(always)]
    fn copy_output<T: Element, S: Simd>(
        &self,
        simd: S,
        y: &[T],
        group: usize,
        (n, plane, row, column): Place,
        (band, width): (usize, usize),
        to: &mut [T],
    ) {
        let (lines, length) = (self.geometry.y.positions, self.geometry.x.positions);
        // Rows of the copy are those from `first` on, of which low … high − 1 exist.
        let (first, rows) = match self.folded {
            false => (row as isize, band),
            true => (row as isize - self.y_layout.extra as isize, band + self.y_layout.extra),
        };
        let part = PlanePart {
            rows: Entries::neighbours(lines, first, rows, rows),
            columns: Entries::neighbours(length, column as isize, self.pitch, width),
        };
        let end = rows * self.pitch;
        for m in 0..self.geometry.channels.rows {
            let to = &mut to[m * self.output_stride..];
            let start = self.geometry.output_start(n, group, m, plane);
            part.copy(simd, (y, Some(start)), to);
            fill(simd, self.output_stride - end, &mut to[end..]);
        }
    }

    /// Copies what a piece of one sample reads of some channels.
    #[inline(always)]
    fn copy_signal<T: Element, S: Simd>(
        &self,
        simd: S,
        signal: &[T],
        (group, channel, channels): (usize, usize, usize),
        (n, plane, row, column): Place,
        band: usize,
        to: &mut [T],
    ) {
        let (y, x) = (&self.geometry.y, &self.geometry.x);
        let rows = if self.folded { band } else { band + self.y_layout.extra };
        let mut at = 0;
        for channel in channel..channel + channels {
            let start = self.geometry.signal_start((n, group), channel, plane);
            for &y_start in &self.y_layout.planes {
                let entry = (row * y.step) as isize + y_start;
                for &x_start in &self.x_layout.planes {
                    let to = &mut to[at..];
                    at += self.plane_stride;
                    let from = (column * x.step) as isize + x_start;
                    let part = PlanePart {
                        rows: Entries::new(y, entry, y.step, rows),
                        columns: Entries::new(x, from, x.step, self.pitch),
                    };
                    part.copy(simd, (signal, start), to);
                    let end = rows * self.pitch;
                    fill(simd, self.plane_stride - end, &mut to[end..]);
                }
            }
        }
    }

    /// What the piece at this place will read, one output channel or channel after the other: where it
    /// begins.
    fn ahead<'a, T: Element>(
        &self,
        (signal, y): (&'a [T], &'a [T]),
        (group, channel, channels): (usize, usize, usize),
        (n, plane, row, column): Place,
    ) -> impl Iterator<Item = &'a [T]> {
        let geometry = &self.geometry;
        let (outputs, inside) = (geometry.channels.rows, n < geometry.channels.batch);
        let output = move |m: usize| {
            let row = row.saturating_sub(if self.folded { self.y_layout.extra } else { 0 });
            let start = geometry.output_start(n, group, m, plane);
            y.get(start + row * geometry.x.positions + column..)
        };
        let entry = |axis: &AxisMap, layout: &Layout, position: usize| {
            ((position * axis.step) as isize + layout.planes[0]).max(0) as usize
        };
        let before = entry(&geometry.y, &self.y_layout, row) * geometry.x.source
            + entry(&geometry.x, &self.x_layout, column);
        let source = move |channel| {
            geometry.signal_start((n, group), channel, plane).and_then(|start| signal.get(start + before..))
        };
        let outputs = (0..outputs).filter(move |_| inside).filter_map(output);
        outputs.chain((channel..channel + channels).filter(move |_| inside).filter_map(source))
    }

    /// Adds up lanes and parts for output channels of a group from `first` on: as many rows of the gradient
    /// as `to` holds.
    pub(super) fn add_up<T: Element>(&self, parts: &[Part<T>], first: usize, to: &mut [T]) {
        let row = self.geometry.virtual_channels() * self.geometry.taps();
        self.geometry.set.run(AddUp { layout: self, parts, first, to, row });
    }
}

struct PartRun<'a, T> {
    layout: &'a PositionLayout,
    signal: &'a [T],
    y: &'a [T],
    part: &'a mut Part<T>,
}

impl<T: Element> WithSimd for PartRun<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let PartRun { layout, signal, y, part } = self;
        let (geometry, channels) = (&layout.geometry, layout.channels_of(part));
        let (_, planes) = geometry.positions();
        let (y_step, x_step) =
            (geometry.channels.rows * layout.output_stride, layout.block * layout.channel_stride);
        let samples = part.sample..geometry.channels.batch.min(part.sample + layout.samples);
        let (group, first_channel) = (part.group, part.channel);
        let output = &mut *part.output;
        let strip = &mut *part.strip;
        let sums = &mut *part.sums;
        for (first, together) in pieces(samples.len(), layout.together) {
            for plane in 0..planes {
                for (row, band) in pieces(layout.rows.1, layout.band) {
                    for (column, width) in pieces(geometry.x.positions, layout.width) {
                        for number in 0..together {
                            let n = samples.start + first + number;
                            let place = (n, plane, layout.rows.0 + row, column);
                            let to = &mut output[number * y_step..];
                            layout.copy_output(simd, y, group, place, (band, width), to);
                            let to = &mut strip[number * x_step..];
                            let from = (group, first_channel, channels);
                            layout.copy_signal(simd, signal, from, place, band, to);
                        }
                        let next = match (row + band, column + width) {
                            (_, next) if next < geometry.x.positions => (samples.start + first, row, next),
                            (next, _) if next < layout.rows.1 => (samples.start + first, next, 0),
                            _ => (samples.start + first + together, 0, 0),
                        };
                        let mut ahead = layout.ahead(
                            (signal, y),
                            (group, first_channel, channels),
                            (next.0, plane, layout.rows.0 + next.1, next.2),
                        );
                        for grid in &layout.grids {
                            for rows in &grid.rows {
                                let used = grid.columns.iter().take_while(|(channel, _)| *channel < channels);
                                for (_, columns) in used {
                                    simd.vectorize(PositionTile {
                                        y: output,
                                        rows,
                                        x: strip,
                                        columns,
                                        samples: (together, y_step, x_step),
                                        vectors: layout.vectors(band, width),
                                        sums,
                                        ahead: ahead.next().unwrap_or(output),
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

struct AddUp<'a, T> {
    layout: &'a PositionLayout,
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
        let (taps, lanes) = (layout.geometry.taps(), T::lanes::<S>());
        for (m, to) in to.chunks_exact_mut(row).enumerate() {
            for parts in parts.chunk_by(|a, b| a.channel == b.channel) {
                let begin = parts[0].channel * taps;
                let count = layout.channels_of(&parts[0]) * taps;
                for (pair, to) in to[begin..begin + count].iter_mut().enumerate() {
                    let place = ((first + m) * layout.pairs() + pair) * lanes;
                    let mut total = T::splat(simd, T::zero());
                    for part in parts {
                        let sums = &part.sums[place..place + lanes];
                        // SAFETY: it is a vector long.
                        total = T::vector_add(simd, total, unsafe { T::load::<S>(sums.as_ptr()) });
                    }
                    *to = T::vector_sum(simd, total);
                }
            }
        }
    }
}
