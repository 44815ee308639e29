//! The weights in the order in which tiles read them.

use ndarray::{ArrayView3, Axis as ArrayAxis};

use crate::conv::plan::method::direct::cutting::{Cutting, TileRows};
use crate::conv::plan::method::direct::stage::DirectStage;
use crate::simd::Element;

impl DirectStage {
    /// Lays the weights out in the order in which tiles read them. `kernel` is (row, column, tap) for all
    /// groups: rows count on from group to group, columns begin anew, taps are in row-major order.
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.reserve_exact(self.cutting.packed_length());
        let Cutting { task, arrangement, .. } = &self.cutting;
        let rows = task.channels.rows;
        let taps: Vec<_> = kernel_taps(&self.cutting);
        for group in 0..task.channels.groups {
            let kernel = kernel.slice_axis(ArrayAxis(0), (group * rows..(group + 1) * rows).into());
            for &TileRows { first, count } in &self.tiles.rows {
                for column in 0..task.channels.columns {
                    for tap in &taps {
                        for row in first..first + self.cutting.packed_rows_of(count) {
                            let (fold, row) = (row / rows, row % rows);
                            if fold >= arrangement.folded {
                                packed.push(T::zero());
                                continue;
                            }
                            let weight = tap[fold].map_or(T::zero(), |tap| kernel[[row, column, tap]]);
                            packed.push(weight);
                        }
                    }
                }
            }
        }
    }
}

/// For each tap of the layout, in order, and each row of the fold, the tap of the kernel.
fn kernel_taps(Cutting { task, arrangement, .. }: &Cutting) -> Vec<Vec<Option<usize>>> {
    let mut taps = vec![vec![Some(0); arrangement.folded]];
    for axis in &task.outer {
        let next = |&(number, _): &(usize, isize)| (number, axis.kernel);
        taps = extend(&taps, axis.taps.iter().map(next));
    }
    let row = |number: usize| {
        let tap = move |fold| Some(task.y.taps.get(number.checked_sub(fold)?)?.0);
        (0..arrangement.folded).map(tap).collect::<Vec<_>>()
    };
    let rows: Vec<_> = (0..arrangement.y.taps.len()).map(row).collect();
    let extent = task.y.kernel;
    let combine = |before: &Vec<Option<usize>>, row: &Vec<Option<usize>>| {
        before.iter().zip(row).map(|(a, b)| Some((*a)? * extent + (*b)?)).collect::<Vec<_>>()
    };
    taps = taps.iter().flat_map(|before| rows.iter().map(move |row| combine(before, row))).collect();
    let next = |&(number, _): &(usize, isize)| (number, task.x.kernel);
    extend(&taps, task.x.taps.iter().map(next))
}

fn extend(
    taps: &[Vec<Option<usize>>],
    next: impl Iterator<Item = (usize, usize)> + Clone,
) -> Vec<Vec<Option<usize>>> {
    let add = |before: &Vec<Option<usize>>, (number, extent): (usize, usize)| {
        before.iter().map(|tap| Some((*tap)? * extent + number)).collect::<Vec<_>>()
    };
    taps.iter().flat_map(|before| next.clone().map(move |step| add(before, step))).collect()
}
