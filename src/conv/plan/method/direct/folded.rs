//! Several rows of the output in one tile.
//!
//! A tile needs about eight rows to keep the loads behind the arithmetic. Where a group has only one or two
//! output channels, R neighbouring rows of the output are rows of the tile: row r uses the kernel moved down
//! by r, so that R sums share each load. The taps that a row does not have are skipped, not multiplied by
//! zero.

use crate::conv::plan::geometry::axis_map::AxisMap;

/// What a load that crosses a cache line costs, in multiply-adds of vectors.
const LOAD_COST: f64 = 1.5;

/// Positions of R rows of the output each, with the taps of all of them, one below the other.
pub(super) fn folded_axis(axis: &AxisMap, folded: usize) -> AxisMap {
    if folded == 1 {
        return axis.clone();
    }
    let taps = (0..axis.taps.len() + folded - 1).map(|tap| (tap, axis.taps[0].1 + tap as isize));
    AxisMap {
        step: axis.step * folded,
        positions: axis.positions.div_ceil(folded),
        taps: taps.collect(),
        ..axis.clone()
    }
}

/// How many rows of the output to fold into a tile, with `rows` channels each and room for `most`.
pub(super) fn folded_rows(axis: &AxisMap, rows: usize, most: usize) -> usize {
    let neighbours = axis.taps.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
    if axis.step > 1 || !neighbours || axis.taps.len() < 2 {
        return 1;
    }
    // Multiply-adds and loads of one tap along the other axis, for each row that is wanted.
    let cost = |folded: usize| {
        let computed = axis.positions.div_ceil(folded);
        let loads = (axis.taps.len() + folded - 1) as f64 * LOAD_COST;
        computed as f64 * ((folded * rows * axis.taps.len()) as f64 + loads)
    };
    let most = (most / rows).min(axis.positions).max(1);
    (1..=most).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(1)
}
