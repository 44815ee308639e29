//! The operations of a network on a chunk: sixteen samples side by side.
//!
//! An array of a chunk has the layout (channels, space…, lane), so that the same entry of all samples is one
//! block of [`LANES`] floats. Every operation, whatever its strides, dilations, paddings and windows, is then
//! the same operation on whole vectors, with neither shuffles nor remainders. The price is that a single
//! sample costs as much as sixteen; so this is for training and for large batches.
//!
//! | where | what |
//! |---|---|
//! | [`LaneConvolution`] | a convolution, its transpose, and the three gradients |
//! | [`LaneDense`] | every output from every input, with the gradients |
//! | [`activation`] | ReLU, leaky ReLU, tanh, sigmoid, and their gradients, in place |
//! | [`exponential`] | the functions of one number, with the bounds of their errors |
//! | [`LanePooling`] | max, mean and sum pooling over windows of any kind |
//! | [`loss`] | softmax, cross-entropy, mean square |
//! | [`LaneBatchNorm`] | batch normalisation in steps, between which chunks meet |
//! | [`dropout()`] | masks that depend on the sample and the entry alone |
//! | [`ByDefinition`] | any other layer, by its own `forward` and `backward` |
//! | [`LaneMaps`] | the fixed maps of an equivariant linear layer |
//! | [`add`], [`add_at_each`], [`sum_of_each`] | the sum of residual connections; of each channel's entries and one number; its gradient |
//!
//! Everything here is `f32` and, but for [`ByDefinition`], allocates nothing once it is made: a caller hands
//! in scratch space of a stated length. Sums have an order that depends on shapes alone, so results do not
//! depend on the number of threads. They may depend on the instructions, which differ in the number of lanes
//! of a vector and in whether a product is rounded before it is added.
//!
//! *Dead lanes.* Lanes without a sample hold zeros at first, and any finite values later. The gradients of
//! the losses are zero there, and every backward pass here keeps it so.

pub mod activation;
mod batch_norm;
mod by_definition;
mod convolution;
mod dense;
mod dropout;
pub mod exponential;
pub mod loss;
mod maps;
mod pooling;
#[cfg(test)]
mod tests;

pub use batch_norm::{LaneBatchNorm, Moments};
pub use by_definition::{ByDefinition, Situation};
pub use convolution::LaneConvolution;
pub use dense::LaneDense;
pub use dropout::dropout;
pub use maps::LaneMaps;
pub use pooling::{Divisor, LanePooling};

use crate::executor::layout::LANES;
use crate::simd::InstructionSet;

/// Adds `other` to `values`, entry by entry.
///
/// # Panics
/// If the lengths differ.
pub fn add(instructions: InstructionSet, values: &mut [f32], other: &[f32]) {
    zip(
        instructions,
        values,
        other,
        #[inline(always)]
        |value, other| value + other,
    );
}

/// Adds to each entry of a channel, (channels, space…, lane), that channel's entry of `other`, (channels,
/// lane).
///
/// # Panics
/// If `values` has not as many whole channels as `other`.
pub fn add_at_each(instructions: InstructionSet, values: &mut [f32], other: &[f32]) {
    let space = space_of(values, other);
    instructions.run_on_blocks(
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
pub fn sum_of_each(instructions: InstructionSet, values: &[f32], sums: &mut [f32]) {
    let space = space_of(values, sums);
    instructions.run_on_blocks(
        #[inline(always)]
        || {
            for (channel, sum) in blocks(values).chunks_exact(space).zip(blocks_mut(sums)) {
                *sum = add_up(channel.len(), |n| &channel[n]);
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
fn map(instructions: InstructionSet, values: &mut [f32], operation: impl Fn(f32) -> f32) {
    instructions.run_on_blocks(
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
fn zip(
    instructions: InstructionSet,
    values: &mut [f32],
    others: &[f32],
    operation: impl Fn(f32, f32) -> f32,
) {
    assert_eq!(values.len(), others.len(), "both chunks have the same length");
    instructions.run_on_blocks(
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

/// Blocks that are added one after the other in `f32`.
const ADDED: usize = 16;

/// The sum of so many blocks, each lane by itself. In groups of [`ADDED`], whose sums are added in `f64`: an
/// entry is rounded at most `ADDED` times in `f32`, that is by u = 2⁻²⁴ of it, and the sums of n entries are
/// rounded by n·2⁻⁵³ besides.
#[inline(always)]
fn add_up<'a>(count: usize, block: impl Fn(usize) -> &'a [f32; LANES]) -> [f32; LANES] {
    let group = |first: usize| {
        let mut sum = [0.0; LANES];
        for n in first..count.min(first + ADDED) {
            let block = block(n);
            for lane in 0..LANES {
                sum[lane] += block[lane];
            }
        }
        sum
    };
    if count <= ADDED {
        return group(0);
    }
    let mut total = [0f64; LANES];
    for first in (0..count).step_by(ADDED) {
        let sum = group(first);
        for lane in 0..LANES {
            total[lane] += f64::from(sum[lane]);
        }
    }
    total.map(
        #[inline(always)]
        |sum| sum as f32,
    )
}

/// The greater of two numbers; NaN if one is.
#[inline(always)]
fn maximum(a: f32, b: f32) -> f32 {
    let greater = if a > b { a } else { b };
    if a.is_nan() { a } else { greater }
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
