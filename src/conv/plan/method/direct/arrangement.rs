//! How the positions of a task fill vectors, and where its taps stand in a copied piece.

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::strip::Layout;
use crate::conv::plan::method::direct::columns::Columns;
use crate::conv::plan::method::direct::folded::{folded_axis, folded_rows};
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::register::shape::tile_shape;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Arrangement {
    /// Whether vectors are of channels, not of positions.
    pub(super) channel_vectors: bool,
    /// Whether the signal may be read where it stands.
    pub(super) may_be_in_place: bool,
    /// Neighbouring rows of the output in one tile, R.
    pub(super) folded: usize,
    pub(super) y: Layout,
    pub(super) x: Layout,
    /// The share of the taps of the (folded) axis before the last that read inside the signal.
    pub(super) share_inside: f64,
    /// The tiles to be taken where vectors begin anew in each row, if tiles of neighbouring columns cost
    /// more.
    pub(super) columns: Option<Columns>,
}

impl Arrangement {
    /// Vectors of positions, planes shared by taps.
    pub(super) fn of_positions(task: &Task) -> Self {
        let (most_rows, _) = tile_shape(task.set);
        let folded = folded_rows(&task.y, task.channels.rows, most_rows);
        let y = folded_axis(&task.y, folded);
        Arrangement {
            channel_vectors: false,
            may_be_in_place: false,
            folded,
            y: Layout::shared(&y),
            x: Layout::shared(&task.x),
            share_inside: y.share_inside(1),
            columns: Columns::best(task.set, folded * task.channels.rows, [&y, &task.x], task.lanes),
        }
    }

    /// Vectors of positions, along x a plane for each tap.
    pub(super) fn expanded(task: &Task) -> Self {
        Arrangement { x: Layout::expanded(&task.x), ..Arrangement::of_positions(task) }
    }

    /// Vectors of channels.
    pub(super) fn of_channels(task: &Task, may_be_in_place: bool) -> Self {
        Arrangement {
            channel_vectors: true,
            may_be_in_place,
            folded: 1,
            y: Layout::plain(&task.y),
            x: Layout::plain(&task.x),
            share_inside: task.y.share_inside(1),
            columns: None,
        }
    }

    /// Taps of a channel.
    pub(super) fn taps(&self) -> usize {
        self.y.taps.len() * self.x.taps.len()
    }

    /// Entries of a plane from one position to the next: the planes of vectors of positions hold no others.
    pub(super) fn position_step(&self, axis: &AxisMap) -> usize {
        if self.channel_vectors { axis.step } else { 1 }
    }

    /// Entries of the signal from one entry of a plane to the next.
    pub(super) fn copy_step(&self, axis: &AxisMap) -> usize {
        axis.step / self.position_step(axis)
    }
}
