//! A part of the work of a gradient, with the memory in which it runs.

use crate::simd::AlignedBuffer;

/// One group, block of channels and part of the batch.
#[derive(Clone, Debug)]
pub(super) struct Part<T> {
    pub(super) group: usize,
    pub(super) channel: usize,
    pub(super) sample: usize,
    /// Pieces of the signal, and of y if vectors are of positions.
    pub(super) strip: AlignedBuffer<T>,
    pub(super) output: AlignedBuffer<T>,
    /// (tile of channels, pair, vectors, lanes), or (output channel, pair, lanes)
    pub(super) sums: AlignedBuffer<T>,
}
