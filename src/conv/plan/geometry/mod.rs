//! Where the entries of signals and outputs stand: axes, strips, planes, tiles that overlap, and the adjoint
//! of padding.

pub(in crate::conv::plan) mod axis_map;
pub(in crate::conv::plan) mod channels;
pub(in crate::conv::plan) mod fold;
pub(in crate::conv::plan) mod overlap;
pub(in crate::conv::plan) mod pieces;
pub(in crate::conv::plan) mod plane;
pub(in crate::conv::plan) mod strip;
