//! Tiles of vectors of positions that stand one below the other.

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::register::shape::tile_shape;
use crate::simd::InstructionSet;

/// What a term of a single vector of channels costs, which waits for its loads.
const SINGLE_VECTOR_COST: f64 = 1.15;
/// Tiles of vectors one below the other must cost less than this share of the others: writing them takes
/// longer.
const COLUMNS_GAIN: f64 = 0.95;

/// What a term costs of a tile of one vector.
pub(super) fn single_vector_cost(set: InstructionSet) -> f64 {
    (SINGLE_VECTOR_COST * set.load_cost()).max(1.0)
}

/// Tiles of vectors one below the other: what they have in common is the taps beyond the ends of rows, which
/// are left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// Vectors of a tile.
    pub(super) vectors: usize,
    /// What a term of all costs on the average, whether it takes part or not.
    pub(super) term_cost: f64,
}

impl Columns {
    /// The best for tiles of so many folded rows, if they are better than tiles of neighbouring columns.
    pub(super) fn best(
        set: InstructionSet,
        rows: usize,
        [y, x]: [&AxisMap; 2],
        lanes: usize,
    ) -> Option<Self> {
        let (most_rows, most) = tile_shape(set);
        // With fewer taps some position of a vector needs almost every one.
        if x.taps.len() <= lanes || y.taps.len() <= 1 || rows > most_rows {
            return None;
        }
        let of = |vectors| {
            let load = if vectors == 1 { single_vector_cost(set) } else { 1.0 };
            Columns { vectors, term_cost: y.share_inside(vectors) * x.share_inside(lanes) * load }
        };
        let busy = (1..=most).filter(|vectors| rows * vectors >= set.sums_in_flight()).map(of);
        let best = busy.min_by(|a, b| a.term_cost.total_cmp(&b.term_cost))?;
        (best.term_cost < COLUMNS_GAIN * y.share_inside(1)).then_some(best)
    }
}
