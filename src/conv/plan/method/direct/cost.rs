//! What pieces and layouts are expected to cost, in multiply-adds of vectors.
//!
//! The constants were fitted to measured times, as `studies/KERNELS.md` tells. Of all layouts and pieces the
//! cheapest is taken.

use crate::conv::plan::geometry::pieces::{even, shared};
use crate::conv::plan::method::direct::columns::single_vector_cost;
use crate::conv::plan::method::direct::cutting::{Cutting, MOST_IN_SEGMENT, POSITIONS_AT_ONCE};
use crate::conv::plan::register::row_tile::row_tiles_cost;

/// What beginning to copy a row, and writing a run of sums, cost in multiply-adds of vectors.
const ROW_COST: f64 = 10.0;
const WRITE_COST: f64 = 3.0;
/// What writing one sum of a vector of channels costs.
const WRITE_ENTRY_COST: f64 = 1.2;
/// What a vector of sums costs that stands in memory meanwhile, if there are more bytes of them than this.
const FAR_SUM_COST: f64 = 12.0;
const NEAR_SUMS: usize = 256 * 1024;
/// What beginning a piece costs.
pub(super) const PIECE_COST: f64 = 400.0;
/// What a term costs at least, and a vector of positions beside its terms, and each folded row of it.
const UNALIGNED_COST: f64 = 2.05;
const VECTOR_COST: f64 = 24.0;
const FOLDED_ROW_COST: f64 = 16.0;

/// What transposing a square of sums costs, log₂ of its side exchanges of each vector, and writing its rows.
pub(super) fn square_cost(lanes: usize) -> f64 {
    1.15 * lanes as f64 * (f64::from(lanes.max(1).ilog2()) + 2.0)
}

impl Cutting {
    /// Multiply-adds of vectors, and copies counted as such.
    pub(super) fn cost(&self) -> f64 {
        let sums = match self.arrangement.channel_vectors {
            true => self.row_cost(match self.task.x.every {
                1 if self.flat => square_cost(self.task.lanes) / self.task.lanes as f64,
                1 => {
                    let squares = self.width.div_ceil(self.task.lanes) as f64 / self.width as f64;
                    square_cost(self.task.lanes) * (squares + 1.0 / POSITIONS_AT_ONCE as f64)
                }
                _ => WRITE_ENTRY_COST * self.task.lanes as f64,
            }),
            false => {
                let vectors = (self.samples * self.vectors_of_sample()) as f64;
                let runs = if self.flat { 1.0 } else { 1.0 + self.task.lanes as f64 / self.pitch as f64 };
                let rows = (self.task.channels.rows * self.arrangement.folded) as f64;
                let term = self.folded_cost() / self.arrangement.y.taps.len().max(1) as f64;
                let term =
                    term * self.columns().map_or(self.arrangement.share_inside, |columns| columns.term_cost);
                let write = if self.arrangement.folded > 1 { FOLDED_ROW_COST } else { WRITE_COST * runs };
                vectors * (self.terms() as f64 * term + VECTOR_COST + rows * (self.continued_cost() + write))
            }
        };
        (sums + self.copy_cost() + PIECE_COST) * self.jobs() as f64
    }

    /// The same if some threads wait for the last pieces: what pieces are compared by.
    pub(super) fn shared_cost(&self) -> f64 {
        self.cost() * shared(self.jobs(), self.task.threads)
    }

    /// What the tiles of rows of a piece cost, and writing each of their vectors.
    pub(super) fn row_cost(&self, write: f64) -> f64 {
        let segment = even(self.width, MOST_IN_SEGMENT);
        let vectors = self.task.channels.rows.div_ceil(self.task.lanes);
        let row = self.width.div_ceil(segment) as f64 * row_tiles_cost(self.task.set, vectors, segment);
        let term = if vectors == 1 { single_vector_cost(self.task.set) } else { 1.0 };
        let sums = row * self.terms() as f64 * self.task.y.share_inside(1) * term
            + self.width as f64 * (self.continued_cost() + write);
        (self.samples * self.band * vectors) as f64 * sums
    }

    /// Multiply-adds for each vector and tap along x, all taps along y together: few rows wait for their
    /// load.
    fn folded_cost(&self) -> f64 {
        let (taps, unaligned) = (self.task.y.taps.len(), UNALIGNED_COST * self.task.set.load_cost());
        let rows = |tap: usize| {
            taps.min(self.arrangement.folded).min(tap + 1).min(taps + self.arrangement.folded - 1 - tap)
        };
        let cost = |tap| ((rows(tap) * self.task.channels.rows) as f64).max(unaligned);
        (0..self.arrangement.y.taps.len()).map(cost).sum()
    }

    /// What copying costs for a piece.
    pub(super) fn copy_cost(&self) -> f64 {
        if self.in_place {
            return 0.0;
        }
        let planes = self.arrangement.x.planes.len() * self.arrangement.y.planes.len();
        let rows = (self.samples * self.task.virtual_channels() * planes * self.strip_rows()) as f64;
        let strided =
            if self.arrangement.copy_step(&self.task.x) > 1 { self.task.lanes as f64 / 2.0 } else { 1.0 };
        rows * (ROW_COST + strided * 2.0 * self.pitch.div_ceil(self.task.lanes) as f64)
    }

    /// What a vector of sums costs that is continued over blocks of channels.
    fn continued_cost(&self) -> f64 {
        let blocks = self.task.virtual_channels().div_ceil(self.block);
        let positions = self.samples * self.band * self.width;
        let near = blocks == 1 || positions * self.task.channels.rows * self.task.bytes <= NEAR_SUMS;
        blocks as f64 * if near { 2.0 } else { FAR_SUM_COST }
    }
}
