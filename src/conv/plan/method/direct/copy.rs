//! The part of the signal that a piece reads, copied so that it stands near and together.
//!
//! While a piece is multiplied, what is copied next is brought into the second-level cache, a share beside
//! each tile. The machine does not see by itself where the next row is, as rows are short and far apart.

use std::ops::Range;

use pulp::Simd;

use crate::conv::plan::geometry::axis_map::outer_source;
use crate::conv::plan::geometry::plane::{Entries, PlanePart};
use crate::conv::plan::method::direct::cutting::Cutting;
use crate::conv::plan::method::direct::piece::PieceRun;
use crate::conv::plan::method::direct::stage::DirectStage;
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::register::output::LARGE_BYTES;
use crate::conv::plan::register::prefetch::{EXPECTING_TERMS, Purpose, prefetch_part};
use crate::conv::plan::workspace::Call;
use crate::simd::Element;

/// A far signal is asked for so many channels ahead of the copy: rows are too short for the machine to see
/// where the next one is.
const PREFETCHED_CHANNELS: usize = 4;

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
        let worth_while = size_of_val(call.signal) >= LARGE_BYTES && self.cutting.terms() >= EXPECTING_TERMS;
        let Task { channels, outer, y, x, .. } = &self.cutting.task;
        let parts_of_rows = outer.is_empty() && y.source == 1 && !self.cutting.in_place;
        if !worth_while || !parts_of_rows || next >= self.cutting.jobs() {
            return None;
        }
        let piece = self.cutting.piece(next);
        let start = (piece.column * x.step) as isize + x.taps[0].1;
        let end = start + (self.cutting.pitch * self.cutting.arrangement.copy_step(x)) as isize;
        let inside = |entry: isize| entry.clamp(0, x.source as isize) as usize;
        let channel = (piece.sample * channels.groups + piece.group) * channels.columns;
        Some(Ahead {
            first: channel * x.source + inside(start),
            length: inside(end) - inside(start),
            stride: x.source,
            count: channels.columns.min(self.cutting.block),
            shares: self.tiles.pairs(),
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
        let (cutting, piece, signal) = (&self.stage.cutting, self.piece, self.call.signal);
        let Cutting { task, arrangement, .. } = cutting;
        let per_group = task.channels.columns;
        let outer_taps = task.virtual_channels() / per_group;
        let outer_planes: usize = task.outer.iter().map(|axis| axis.source).product();
        let (y, x) = (&task.y, &task.x);
        let plane = y.source * x.source;
        let all_channels = task.channels.groups * per_group;
        let (row_step, column_step) =
            (arrangement.copy_step(y) * arrangement.folded, arrangement.copy_step(x));
        let far = size_of_val(signal) >= LARGE_BYTES;
        for s in 0..cutting.samples.min(task.channels.batch - piece.sample) {
            let mut at = s * cutting.sample_stride;
            for channel in channels.clone() {
                let (column, tap) = (channel / outer_taps, channel % outer_taps);
                let number = (piece.sample + s) * all_channels + piece.group * per_group + column;
                let outer = outer_source(&task.outer, piece.outer, tap);
                let start = outer.map(|outer| (number * outer_planes + outer) * plane);
                for &y_start in &arrangement.y.planes {
                    let first_row = (piece.row * y.step * arrangement.folded) as isize + y_start;
                    let rows = Entries::new(y, first_row, row_step, cutting.strip_rows());
                    for (number, &x_start) in arrangement.x.planes.iter().enumerate() {
                        let from = (piece.column * x.step) as isize + x_start;
                        let columns = Entries::new(x, from, column_step, cutting.pitch);
                        let part = PlanePart { rows, columns };
                        if let Some(start) = start.filter(|_| far && number == 0) {
                            part.prefetch(signal, start + PREFETCHED_CHANNELS * outer_planes * plane);
                        }
                        part.copy(simd, (signal, start), &mut self.strip[at..]);
                        at += cutting.plane();
                    }
                }
            }
        }
    }
}
