//! What lies between the convolutions of a network, on chunks of sixteen samples.
//!
//! A chunk has the layout (channels, space…, lane), see [`conv::lanes`](crate::conv::lanes): every function here is a
//! loop over blocks of [`LANES`] floats, in which nothing passes from lane to lane.
//!
//! | where | what |
//! |---|---|
//! | [`activation`] | ReLU, leaky ReLU, tanh, sigmoid, and their gradients, in place |
//! | [`exponential`] | the functions of one number, with the bounds of their errors |
//! | [`LanePooling`] | max, mean and sum pooling over windows of any kind |
//! | [`loss`] | softmax, cross-entropy, mean square |
//! | [`LaneBatchNorm`] | batch normalisation in steps, between which chunks meet |
//! | [`dropout()`] | masks that depend on the sample and the entry alone |
//! | [`LaneMaps`] | the fixed maps of an equivariant linear layer |
//! | [`add`], [`add_at_each`], [`sum_of_each`] | the sum of residual connections; of each channel's entries and one number; its gradient |
//!
//! *Dead lanes.* Lanes without a sample hold zeros at first, and any finite values later. The gradients of the losses are
//! zero there, and every backward pass here keeps it so.

pub mod activation;
mod batch_norm;
mod dropout;
pub mod exponential;
pub mod loss;
mod maps;
mod pooling;

pub use batch_norm::{LaneBatchNorm, Moments};
pub use dropout::dropout;
pub use maps::LaneMaps;
pub use pooling::{Divisor, LanePooling};

use crate::conv::lanes::{Instructions, LANES};

/// Adds `other` to `values`, entry by entry.
///
/// # Panics
/// If the lengths differ.
pub fn add(instructions: Instructions, values: &mut [f32], other: &[f32]) {
    zip(
        instructions,
        values,
        other,
        #[inline(always)]
        |value, other| value + other,
    );
}

/// Adds to each entry of a channel, (channels, space…, lane), that channel's entry of `other`, (channels, lane).
///
/// # Panics
/// If `values` has not as many whole channels as `other`.
pub fn add_at_each(instructions: Instructions, values: &mut [f32], other: &[f32]) {
    let space = space_of(values, other);
    instructions.run(
        #[inline(always)]
        || {
            for (channel, other) in blocks_mut(values).chunks_exact_mut(space).zip(blocks(other)) {
                for block in channel {
                    for lane in 0..LANES {
                        block[lane] += other[lane];
                    }
                }
            }
        },
    );
}

/// The sum of the entries of each channel, (channels, space…, lane) to (channels, lane): the gradient of what
/// [`add_at_each`] adds.
///
/// # Panics
/// If `values` has not as many whole channels as `sums`.
pub fn sum_of_each(instructions: Instructions, values: &[f32], sums: &mut [f32]) {
    let space = space_of(values, sums);
    instructions.run(
        #[inline(always)]
        || {
            for (channel, sum) in blocks(values).chunks_exact(space).zip(blocks_mut(sums)) {
                *sum = [0.0; LANES];
                for block in channel {
                    for lane in 0..LANES {
                        sum[lane] += block[lane];
                    }
                }
            }
        },
    );
}

/// Entries of a channel.
fn space_of(values: &[f32], channels: &[f32]) -> usize {
    assert!(
        !channels.is_empty() && values.len().is_multiple_of(channels.len()),
        "channels have equally many entries"
    );
    (values.len() / channels.len()).max(1)
}

/// `value = operation(value)`, entry by entry.
#[inline(always)]
fn map(instructions: Instructions, values: &mut [f32], operation: impl Fn(f32) -> f32) {
    instructions.run(
        #[inline(always)]
        || {
            for block in blocks_mut(values) {
                for entry in block {
                    *entry = operation(*entry);
                }
            }
        },
    );
}

/// `value = operation(value, other)`, entry by entry.
#[inline(always)]
fn zip(instructions: Instructions, values: &mut [f32], others: &[f32], operation: impl Fn(f32, f32) -> f32) {
    assert_eq!(values.len(), others.len(), "both chunks have the same length");
    instructions.run(
        #[inline(always)]
        || {
            for (block, others) in blocks_mut(values).iter_mut().zip(blocks(others)) {
                for lane in 0..LANES {
                    block[lane] = operation(block[lane], others[lane]);
                }
            }
        },
    );
}

/// A chunk as blocks of lanes.
#[inline(always)]
fn blocks(chunk: &[f32]) -> &[[f32; LANES]] {
    let (blocks, rest) = chunk.as_chunks();
    assert!(rest.is_empty(), "a chunk has {LANES} lanes");
    blocks
}

/// A chunk as blocks of lanes.
#[inline(always)]
fn blocks_mut(chunk: &mut [f32]) -> &mut [[f32; LANES]] {
    let (blocks, rest) = chunk.as_chunks_mut();
    assert!(rest.is_empty(), "a chunk has {LANES} lanes");
    blocks
}
