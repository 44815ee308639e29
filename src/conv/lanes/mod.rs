//! Convolution and dense layers for training: sixteen samples side by side.
//!
//! A *chunk* is [`LANES`] samples. An array of a chunk has the layout (channels, space…, lane), so that the same entry of
//! all samples is one vector: every operation of a network, whatever its strides, dilations, paddings and windows, is
//! then the same operation on whole vectors, with neither shuffles nor remainders. The price is that a single sample
//! costs as much as sixteen; so this is for training and for large batches.
//!
//! A chunk with fewer samples holds zeros in its dead lanes. What is computed in them is never looked at, and gradients
//! of weights stay right as long as the gradient of the output is zero there.
//!
//! | where | what |
//! |---|---|
//! | [`LaneConvolution`] | a convolution, its transpose, and the three gradients |
//! | [`LaneDense`] | every output from every input, with the gradients |
//! | [`interleave`], [`deinterleave`] | between rows of samples and chunks |
//! | [`LaneBuffer`] | memory for chunks, aligned to whole vectors |
//! | [`Instructions`] | the widest vectors of this machine |
//!
//! Everything here is `f32` and allocates nothing once it is made: a caller hands in scratch space of a stated length.
//! Sums have an order that depends on shapes alone, so results do not depend on the number of threads. They may depend
//! on the instructions, which differ in the number of lanes of a vector and in whether a product is rounded before it
//! is added.

mod buffer;
mod convolution;
mod dense;
mod gather;
mod instructions;
mod kernel_gradient;
mod layout;
mod reads;
#[cfg(test)]
mod tests;

pub use buffer::LaneBuffer;
pub use convolution::LaneConvolution;
pub use dense::LaneDense;
pub use instructions::{Instructions, multiply_add};
pub use layout::{LANES, deinterleave, interleave, transpose};
