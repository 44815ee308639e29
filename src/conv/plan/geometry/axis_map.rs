//! How positions and taps of one axis of space meet the entries that are read and the places that are
//! written.
//!
//! Along an axis, position o and tap t read entry `o·step + offset(t)` of the source, and the sum at position
//! o goes to entry `first + o·every` of the result. Both directions of a convolution have this form:
//!
//! - *forward*: offset(t) = t'·d − p with step s, where t' = t for correlation and K−1−t for convolution;
//! - *transposed*: entry i of the signal meets output o through tap t where o·s + t'·d − p = i. For the
//!   entries i = φ + s·o' of one phase φ modulo s, only the taps with φ + p − t'·d divisible by s meet any,
//!   and those at o = o' + (φ + p − t'·d)/s. So a transposed convolution of stride s is, along each axis, s
//!   convolutions of stride 1 with the s parts of the kernel, and no zero is ever multiplied.
//!
//! Source: the phases are those of a polyphase filter (P. Vaidyanathan, *Multirate Systems and Filter Banks*,
//! 1993, §4.3).

use std::ops::Range;

use crate::conv::problem::axis::inside;
use crate::conv::{Axis, Boundary, Operation};

/// One axis of space, for one direction and phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::conv::plan) struct AxisMap {
    /// Number of positions.
    pub(in crate::conv::plan) positions: usize,
    /// Entries of the source from one position to the next.
    pub(in crate::conv::plan) step: usize,
    /// Taps of the kernel.
    pub(in crate::conv::plan) kernel: usize,
    /// For each tap that meets anything: its number in the kernel, and the entry it reads at position 0. In
    /// the order of the entries.
    pub(in crate::conv::plan) taps: Vec<(usize, isize)>,
    /// Entries of the source.
    pub(in crate::conv::plan) source: usize,
    /// What lies beyond the ends of the source.
    pub(in crate::conv::plan) boundary: Boundary,
    /// Where position 0 goes, and how far apart the next ones are.
    pub(in crate::conv::plan) first: usize,
    pub(in crate::conv::plan) every: usize,
    /// Entries of the result.
    pub(in crate::conv::plan) result: usize,
}

impl AxisMap {
    /// From signal to output.
    pub(in crate::conv::plan) fn forward(axis: &Axis, operation: Operation, boundary: Boundary) -> Self {
        AxisMap {
            positions: axis.output,
            step: axis.stride,
            kernel: axis.taps,
            taps: in_order((0..axis.taps).map(|tap| (tap, reach(axis, operation, tap)))),
            source: axis.signal,
            boundary,
            first: 0,
            every: 1,
            result: axis.output,
        }
    }

    /// From output to signal, zeros beyond the border: one map for each phase that has entries.
    pub(in crate::conv::plan) fn transposed(axis: &Axis, operation: Operation) -> Vec<Self> {
        let stride = axis.stride as isize;
        let phase = |phase: usize| AxisMap {
            positions: (axis.signal - phase).div_ceil(axis.stride),
            step: 1,
            kernel: axis.taps,
            taps: in_order(
                (0..axis.taps)
                    .map(|tap| (tap, phase as isize - reach(axis, operation, tap)))
                    .filter(|(_, distance)| distance.rem_euclid(stride) == 0)
                    .map(|(tap, distance)| (tap, distance.div_euclid(stride))),
            ),
            source: axis.output,
            boundary: Boundary::Zero,
            first: phase,
            every: axis.stride,
            result: axis.signal,
        };
        (0..axis.stride.min(axis.signal)).map(phase).collect()
    }

    /// Whether positions are entries: one tap that reads where it writes, so that neighbouring axes can be
    /// joined.
    pub(in crate::conv::plan) fn is_identity(&self) -> bool {
        let one_to_one = self.positions == self.source && self.source == self.result;
        one_to_one && self.step == 1 && self.every == 1 && self.kernel == 1 && self.taps == [(0, 0)]
    }

    /// The taps that meet the signal at a position: all but those that read zeros beyond a border.
    pub(in crate::conv::plan) fn taps_inside(&self, position: usize) -> Range<usize> {
        if self.boundary != Boundary::Zero {
            return 0..self.taps.len();
        }
        let entry = |tap: &(usize, isize)| (position * self.step) as isize + tap.1;
        let first = self.taps.partition_point(|tap| entry(tap) < 0);
        first..self.taps.partition_point(|tap| entry(tap) < self.source as isize).max(first)
    }

    /// The share of all taps of all positions that [meet the signal](Self::taps_inside), so many positions at
    /// once: a tap that one of them needs is there for all.
    pub(in crate::conv::plan) fn share_inside(&self, at_once: usize) -> f64 {
        let all = self.positions.div_ceil(at_once) * self.taps.len();
        if self.boundary != Boundary::Zero || all == 0 {
            return 1.0;
        }
        let blocks = |&(_, entry): &(usize, isize)| {
            let (low, high) = inside(entry, self.step, self.source, self.positions);
            if low == high { 0 } else { (high - 1) / at_once - low / at_once + 1 }
        };
        self.taps.iter().map(blocks).sum::<usize>() as f64 / all as f64
    }

    /// An axis of one entry and one tap.
    pub(in crate::conv::plan) fn point() -> Self {
        AxisMap {
            positions: 1,
            step: 1,
            kernel: 1,
            taps: vec![(0, 0)],
            source: 1,
            boundary: Boundary::Zero,
            first: 0,
            every: 1,
            result: 1,
        }
    }

    /// The same map with fewer axes, but two at least: axes that are identities are joined with their
    /// neighbours.
    pub(in crate::conv::plan) fn joined(mut axes: Vec<Self>) -> Vec<Self> {
        if axes.iter().all(AxisMap::is_identity) {
            let length = axes.iter().map(|axis| axis.source).product();
            let joined = AxisMap { positions: length, source: length, result: length, ..AxisMap::point() };
            axes = vec![joined];
        }
        while axes.len() < 2 {
            axes.insert(0, AxisMap::point());
        }
        axes
    }
}

fn in_order(taps: impl Iterator<Item = (usize, isize)>) -> Vec<(usize, isize)> {
    let mut taps: Vec<_> = taps.collect();
    taps.sort_by_key(|&(_, entry)| entry);
    taps
}

/// The entry of the signal that a tap reads at output 0.
fn reach(axis: &Axis, operation: Operation, tap: usize) -> isize {
    let tap = match operation {
        Operation::Correlation => tap,
        Operation::Convolution => axis.taps - 1 - tap,
    };
    (tap * axis.dilation) as isize - axis.padding.0 as isize
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Options, Problem};

    /// Every pair (output, tap) that reads an entry is found once from the entry's side.
    #[test]
    fn the_phases_transpose_the_forward_map() {
        for operation in [Operation::Convolution, Operation::Correlation] {
            for (length, taps, stride, dilation, padding) in [
                (7, 3, 1, 1, (1, 1)),
                (8, 4, 2, 1, (1, 2)),
                (9, 3, 3, 2, (0, 4)),
                (5, 2, 4, 3, (3, 0)),
                (1, 1, 3, 1, (0, 0)),
            ] {
                let options =
                    Options::new().stride([stride]).dilation([dilation]).padding_before_after([padding]);
                let problem = Problem::new(operation, &[1, 1, taps], &[1, 1, length], &options).unwrap();
                let axis = &problem.axes()[0];
                let mut forward: Vec<_> = (0..axis.output)
                    .flat_map(|o| (0..taps).map(move |t| (o, t)))
                    .filter_map(|(o, t)| Some((problem.source(0, o, t)?, t, o)))
                    .collect();
                let mut back = Vec::new();
                for map in AxisMap::transposed(axis, operation) {
                    for position in 0..map.positions {
                        for &(tap, offset) in &map.taps {
                            let output = position as isize + offset;
                            if (0..axis.output as isize).contains(&output) {
                                back.push((map.first + position * map.every, tap, output as usize));
                            }
                        }
                    }
                }
                forward.sort_unstable();
                back.sort_unstable();
                assert_eq!(forward, back);
            }
        }
    }

    /// Counted position by position.
    #[test]
    fn the_share_of_taps_inside_is_what_positions_see() {
        for (length, taps, stride, dilation, padding) in
            [(32, 31, 1, 1, (30, 30)), (7, 5, 2, 2, (4, 1)), (40, 3, 3, 1, (1, 0)), (2, 9, 1, 3, (20, 30))]
        {
            for boundary in [Boundary::Zero, Boundary::Periodic] {
                let options = Options::new().stride([stride]).dilation([dilation]).boundary(boundary);
                let options = options.padding_before_after([padding]);
                let shape = ([1, 1, taps], [1, 1, length]);
                let problem = Problem::new(Operation::Correlation, &shape.0, &shape.1, &options).unwrap();
                let map = AxisMap::forward(&problem.axes()[0], problem.operation(), boundary);
                for at_once in [1, 2, 16] {
                    let blocks: Vec<_> = (0..map.positions).step_by(at_once).collect();
                    let sees = |first: usize, tap: usize| {
                        (first..map.positions.min(first + at_once)).any(|o| map.taps_inside(o).contains(&tap))
                    };
                    let pairs = blocks.iter().flat_map(|&first| (0..taps).map(move |tap| (first, tap)));
                    let seen = pairs.filter(|&(first, tap)| sees(first, tap)).count();
                    assert_eq!(map.share_inside(at_once), seen as f64 / (blocks.len() * taps) as f64);
                }
            }
        }
    }
}
