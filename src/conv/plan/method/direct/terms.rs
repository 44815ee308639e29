//! Where the terms of a sum stand relative to its position, and which of them take part.

use std::ops::Range;

use crate::conv::plan::method::direct::cutting::Cutting;
use crate::conv::plan::method::direct::folded::folded_axis;
use crate::conv::plan::register::sum_tile::Offsets;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) offsets: Offsets,
    /// The taps of the axis before the last that read inside the signal, for each of its (folded) positions.
    pub(super) taps_inside: Vec<Range<usize>>,
    /// Which rows of the tiles have a tap of that axis: empty if all have all.
    pub(super) rows_with_tap: Vec<Range<usize>>,
}

impl Terms {
    pub(super) fn new(cutting: &Cutting) -> Self {
        let Cutting { task, arrangement, .. } = cutting;
        let (plane, columns) = (cutting.plane(), arrangement.x.planes.len());
        let mut offsets = Vec::with_capacity(cutting.block * arrangement.taps());
        for channel in 0..cutting.block {
            for &(y_plane, y_shift) in &arrangement.y.taps {
                for &(x_plane, x_shift) in &arrangement.x.taps {
                    let in_planes = (y_plane * columns + x_plane) * plane + y_shift * cutting.pitch + x_shift;
                    offsets.push(channel * cutting.channel_stride + in_planes);
                }
            }
        }
        let y = folded_axis(&task.y, arrangement.folded);
        // Row r of the fold has the taps number − r of the kernel.
        let rows = |number: usize| {
            let first = (number + 1).saturating_sub(task.y.taps.len());
            let last = number.min(arrangement.folded - 1);
            first * task.channels.rows..(last + 1) * task.channels.rows
        };
        let differ = arrangement.folded > 1 || cutting.columns().is_some();
        Terms {
            offsets: Offsets::new(offsets),
            taps_inside: (0..y.positions).map(|row| y.taps_inside(row)).collect(),
            rows_with_tap: if differ { (0..y.taps.len()).map(rows).collect() } else { Vec::new() },
        }
    }
}
