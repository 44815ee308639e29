//! The part of the signal that a piece reads, copied so that it stands near and together.
//!
//! While a piece is multiplied, what is copied next is brought into the second-level cache, a share beside
//! each tile. The machine does not see by itself where the next row is, as rows are short and far apart.

use std::ops::Range;

use pulp::Simd;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::plane::{Entries, PlanePart};
use crate::conv::plan::method::direct::DirectStage;
use crate::conv::plan::method::direct::run::PieceRun;
use crate::conv::plan::method::direct::write::EXPECTING_TERMS;
use crate::conv::plan::register::output::LARGE_BYTES;
use crate::conv::plan::register::prefetch::{Purpose, prefetch_part};
use crate::conv::plan::workspace::Call;
use crate::simd::Element;

/// A far signal is asked for so many channels ahead of the copy: rows are too short for the machine to see
/// where the next one is.
const PREFETCHED_CHANNELS: usize = 4;

/// The plane of a channel that a position and a tap of the outer axes read, or that it lies beyond a border
/// of zeros.
pub(in crate::conv::plan) fn outer_source(
    outer: &[AxisMap],
    mut position: usize,
    mut tap: usize,
) -> Option<usize> {
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

/// What is copied next: for some channels a part of the plane.
pub(super) struct Ahead {
    /// Where the first part begins.
    first: usize,
    length: usize,
    /// From one part to the next.
    stride: usize,
    count: usize,
    /// In how many shares they are brought near.
    shares: usize,
}

impl DirectStage {
    /// What the same thread is likely to copy next, of the first sample, if it is worth while to bring it
    /// near.
    pub(super) fn ahead<T>(&self, call: Call<'_, T>, job: usize) -> Option<Ahead> {
        let next = job + call.threads;
        let worth_while = size_of_val(call.signal) >= LARGE_BYTES && self.terms() >= EXPECTING_TERMS;
        let parts_of_rows = self.outer.is_empty() && self.y.source == 1 && !self.in_place;
        if !worth_while || !parts_of_rows || next >= self.jobs() {
            return None;
        }
        let (x, piece) = (&self.x, self.piece(next));
        let start = (piece.column * x.step) as isize + x.taps[0].1;
        let end = start + (self.pitch * self.copy_step(x)) as isize;
        let inside = |entry: isize| entry.clamp(0, x.source as isize) as usize;
        let channel = (piece.sample * self.channels.groups + piece.group) * self.channels.columns;
        Some(Ahead {
            first: channel * x.source + inside(start),
            length: inside(end) - inside(start),
            stride: x.source,
            count: self.channels.columns.min(self.block),
            shares: self.tiles.len() * self.groups.len(),
        })
    }
}

impl Ahead {
    /// Asks for one of the shares.
    #[inline(always)]
    pub(super) fn expect<T: Element>(&self, signal: &[T], share: usize) {
        for number in share * self.count / self.shares..(share + 1) * self.count / self.shares {
            prefetch_part(signal, self.first + number * self.stride, self.length, Purpose::Later);
        }
    }
}

impl<T: Element> PieceRun<'_, T> {
    /// Copies what these channels contribute into the strip.
    #[inline(always)]
    pub(super) fn copy<S: Simd>(&mut self, simd: S, channels: Range<usize>) {
        let (stage, piece, signal) = (self.stage, self.piece, self.call.signal);
        let outer_taps = stage.virtual_channels() / stage.channels.columns;
        let outer_planes: usize = stage.outer.iter().map(|axis| axis.source).product();
        let (y, x) = (&stage.y, &stage.x);
        let plane = y.source * x.source;
        let all_channels = stage.channels.groups * stage.channels.columns;
        let (row_step, column_step) = (stage.copy_step(y) * stage.folded, stage.copy_step(x));
        let far = size_of_val(signal) >= LARGE_BYTES;
        for s in 0..stage.samples.min(stage.channels.batch - piece.sample) {
            let mut at = s * stage.sample_stride;
            for channel in channels.clone() {
                let (column, tap) = (channel / outer_taps, channel % outer_taps);
                let number =
                    (piece.sample + s) * all_channels + piece.group * stage.channels.columns + column;
                let outer = outer_source(&stage.outer, piece.outer, tap);
                let start = outer.map(|outer| (number * outer_planes + outer) * plane);
                for &y_start in &stage.y_layout.planes {
                    let first_row = (piece.row * y.step * stage.folded) as isize + y_start;
                    let rows = Entries::new(y, first_row, row_step, stage.strip_rows());
                    for (number, &x_start) in stage.x_layout.planes.iter().enumerate() {
                        let from = (piece.column * x.step) as isize + x_start;
                        let columns = Entries::new(x, from, column_step, stage.pitch);
                        let part = PlanePart { rows, columns };
                        if let Some(start) = start.filter(|_| far && number == 0) {
                            part.prefetch(signal, start + PREFETCHED_CHANNELS * outer_planes * plane);
                        }
                        part.copy(simd, (signal, start), &mut self.strip[at..]);
                        at += stage.plane();
                    }
                }
            }
        }
    }
}
