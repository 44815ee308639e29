//! What is convolved, and the machine that does it.

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::register::shape::lanes;
use crate::simd::{Element, InstructionSet};

/// One direction and phase of a problem, for one instruction set.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) set: InstructionSet,
    pub(super) channels: Channels,
    /// The axes before the last two.
    pub(super) outer: Vec<AxisMap>,
    pub(super) y: AxisMap,
    pub(super) x: AxisMap,
    /// Entries of a vector.
    pub(super) lanes: usize,
    /// Bytes of an entry.
    pub(super) bytes: usize,
    /// Threads that share the pieces. What comes out does not depend on them.
    pub(super) threads: usize,
}

impl Task {
    pub(super) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: Vec<AxisMap>,
        threads: usize,
    ) -> Self {
        let mut outer = AxisMap::joined(axes);
        let x = outer.pop().unwrap_or_else(AxisMap::point);
        let y = outer.pop().unwrap_or_else(AxisMap::point);
        Task { set, channels, outer, y, x, lanes: lanes::<T>(set), bytes: size_of::<T>(), threads }
    }

    /// Channels of a group times taps of the outer axes.
    pub(super) fn virtual_channels(&self) -> usize {
        self.channels.columns * self.outer.iter().map(|axis| axis.taps.len()).product::<usize>()
    }

    /// Positions along the outer axes.
    pub(super) fn outer_positions(&self) -> usize {
        self.outer.iter().map(|axis| axis.positions).product()
    }

    /// Entries of a channel of the result.
    pub(super) fn result_planes(&self) -> usize {
        let outer: usize = self.outer.iter().map(|axis| axis.result).product();
        outer * self.y.result * self.x.result
    }

    /// The plane of the result to which a position along the outer axes goes.
    pub(super) fn outer_result(&self, mut position: usize) -> usize {
        let (mut result, mut extent) = (0, 1);
        for axis in self.outer.iter().rev() {
            result += (axis.first + position % axis.positions * axis.every) * extent;
            extent *= axis.result;
            position /= axis.positions;
        }
        result
    }

    /// Whether every tap reads inside the signal.
    pub(super) fn reads_inside(&self) -> bool {
        let inside = |axis: &AxisMap| {
            let (Some(first), Some(last)) = (axis.taps.first(), axis.taps.last()) else { return false };
            first.1 >= 0 && last.1 + (((axis.positions - 1) * axis.step) as isize) < axis.source as isize
        };
        self.outer.is_empty() && inside(&self.y) && inside(&self.x)
    }
}
