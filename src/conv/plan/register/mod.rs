//! The innermost loops: tiles of sums that stay in registers, and how they are written to memory.

pub(in crate::conv::plan) mod output;
pub(in crate::conv::plan) mod panel_tile;
pub(in crate::conv::plan) mod prefetch;
pub(in crate::conv::plan) mod row_tile;
pub(in crate::conv::plan) mod shape;
pub(in crate::conv::plan) mod sum_tile;
