//! Group layers: convolutional layers whose weights are shared so that they commute with a finite point group
//! of the grid.
//!
//! They are written for any [`GridGroup`](crate::signal::GridGroup): flips of signals, the quarter turns (p4)
//! and reflections (p4m) of images, the symmetries of the cube. Their inputs and outputs are feature maps of
//! a [`FeatureType`](crate::signal::FeatureType); how the pixels and channels of such maps move is told
//! there. How the output of a layer moves, and why, is asked with
//! [`Layer::output_type`](super::Layer::output_type).
//!
//! | layer | from | to | file |
//! |---|---|---|---|
//! | [`GroupConvolution`] | any type | any type | `convolution` |
//! | [`GroupPool`] | functions on H/K | functions on H/L, K ≤ L | `pool` |
//! | [`BatchNormalisation`](super::BatchNormalisation), [`Dropout`](super::Dropout) with an orbit | any type | the same | |
//! | pooling in space, activations | any type | the same | |
//!
//! [`FilterBank`] is the sharing: which weight stands at which place of an ordinary kernel. [`SteerableBank`]
//! shares between more orientations than the grid has.

mod bank;
mod convolution;
mod filter_bank;
mod pool;
mod steerable_bank;

pub use bank::{Bank, Filters};
pub use convolution::GroupConvolution;
pub use filter_bank::FilterBank;
pub use pool::GroupPool;
pub use steerable_bank::SteerableBank;
