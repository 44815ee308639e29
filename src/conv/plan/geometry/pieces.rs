//! A length cut into pieces: how large, which ones, and how evenly threads share them.

/// The least size of at most `most` such that pieces of it are as even as possible.
pub(in crate::conv::plan) fn even(length: usize, most: usize) -> usize {
    length.div_ceil(length.div_ceil(most.max(1)).max(1)).max(1)
}

/// The pieces of a length, as (first, size).
#[inline(always)]
pub(in crate::conv::plan) fn pieces(length: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..length).step_by(size).map(move |first| (first, size.min(length - first)))
}

/// How much longer pieces take on a number of threads than if all threads were busy to the end.
pub(in crate::conv::plan) fn shared(pieces: usize, threads: usize) -> f64 {
    pieces.next_multiple_of(threads) as f64 / pieces.max(1) as f64
}
