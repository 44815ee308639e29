//! What both layouts know of a problem: its axes, its channels, and how they number the entries of the
//! kernel.
//!
//! A channel c of the group and a tap of the axes before the last two make a *virtual channel*; it has one
//! *pair* for each tap of the last two axes. Both are in the order of the kernel, so that the pairs of an
//! output channel are its row of the gradient, one after the other.

use crate::conv::Problem;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::axis_map::outer_source;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::register::shape::lanes;
use crate::simd::{Element, InstructionSet};

/// Parts of the work that suffice to keep threads busy.
pub(super) const PARTS: usize = 8;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub(super) set: InstructionSet,
    pub(super) lanes: usize,
    pub(super) channels: Channels,
    outer: Vec<AxisMap>,
    pub(super) y: AxisMap,
    pub(super) x: AxisMap,
}

impl Geometry {
    pub(super) fn new<T: Element>(set: InstructionSet, problem: &Problem) -> Self {
        let map = |axis| AxisMap::forward(axis, problem.operation(), problem.boundary());
        let mut outer = AxisMap::joined(problem.axes().iter().map(map).collect());
        let x = outer.pop().unwrap_or_else(AxisMap::point);
        let y = outer.pop().unwrap_or_else(AxisMap::point);
        outer.iter_mut().for_each(|axis| axis.taps.sort_unstable());
        Geometry { set, lanes: lanes::<T>(set), channels: Channels::forward(problem), outer, y, x }
    }

    fn outer_taps(&self) -> usize {
        self.outer.iter().map(|axis| axis.taps.len()).product()
    }

    /// Virtual channels of a group.
    pub(super) fn virtual_channels(&self) -> usize {
        self.channels.columns * self.outer_taps()
    }

    /// Pairs of a virtual channel.
    pub(super) fn taps(&self) -> usize {
        self.y.taps.len() * self.x.taps.len()
    }

    /// Positions of a plane of the output, and planes.
    pub(super) fn positions(&self) -> (usize, usize) {
        (self.y.positions * self.x.positions, self.outer.iter().map(|axis| axis.positions).product())
    }

    /// Where y(n, m, plane) begins, m counted in its group.
    pub(super) fn output_start(&self, n: usize, group: usize, m: usize, plane: usize) -> usize {
        let (positions, planes) = self.positions();
        (((n * self.channels.groups + group) * self.channels.rows + m) * planes + plane) * positions
    }

    /// Where the plane of a virtual channel begins that a plane of the output meets, unless it lies beyond
    /// the border.
    pub(super) fn signal_start(
        &self,
        (n, group): (usize, usize),
        channel: usize,
        plane: usize,
    ) -> Option<usize> {
        let source = outer_source(&self.outer, plane, channel % self.outer_taps())?;
        let channel =
            (n * self.channels.groups + group) * self.channels.columns + channel / self.outer_taps();
        let planes: usize = self.outer.iter().map(|axis| axis.source).product();
        Some((channel * planes + source) * self.y.source * self.x.source)
    }
}

/// Plane and shift of each tap in the order of the kernel.
pub(super) fn in_kernel_order(axis: &AxisMap, layout: &Layout) -> Vec<(usize, usize)> {
    let mut taps: Vec<_> = axis.taps.iter().zip(&layout.taps).map(|(tap, place)| (tap.0, *place)).collect();
    taps.sort_unstable();
    taps.into_iter().map(|(_, place)| place).collect()
}
