//! Direct convolution in register tiles, for any shape: few and many channels, any stride, dilation, groups
//! and rank.
//!
//! The output is cut into *pieces*: some samples, or a band of rows of one sample, or a part of one long row.
//! For each piece the entries that it reads are copied into a [`Layout`] small enough for the second-level
//! cache, and tiles of the [`microkernel`](crate::conv::plan::register::sum_tile) run over it, all output
//! channels for each copy. If the channels do not fit, the sums continue over blocks of channels. Axes before
//! the last two are more channels, one for each of their taps.
//!
//! Where a group has only one or two output channels, several rows of the output are [folded](folded) into a
//! tile. Vectors begin anew in each row, or run over the ends of rows where they are fewer then.
//!
//! *Vectors of channels.* With sixteen output channels or more, vectors run over channels and not over
//! positions, and tiles of the [row tile](crate::conv::plan::register::row_tile) run over the rows. Where no
//! tap reads beyond a border and a sample is small, it is read where it stands. Sums are transposed in
//! registers on their way to the output.
//!
//! Taps that read zeros beyond the border in all of a tile are left out: along y, and with large kernels
//! along x.
//!
//! Cost: the products of the definition, one copy of the signal for each piece (`taps` along the last axis if
//! expanded), no more memory than [`DirectStage::workspace`](stage::DirectStage::workspace) for each thread.
//! Every sum runs over (channel, tap) in order.

mod arrangement;
mod columns;
mod copy;
mod cost;
mod cutting;
mod folded;
mod pack;
mod phases;
mod piece;
mod run;
mod stage;
mod task;
mod terms;
mod tiles;
mod write;

pub(in crate::conv::plan) use self::phases::PhasesStage;
pub(in crate::conv::plan) use self::run::make;
