//! Networks: layers one after the other, residual blocks, and the known ones.
//!
//! | what | file |
//! |---|---|
//! | [`Network`]: a sequence of layers and residual blocks, itself a [`Layer`](crate::layer::Layer) | `tree`, `sequence` |
//! | [`Residual`]: two ways, added or [`Join`]ed channel by channel; [`Node`] | `tree`, `residual`, `node` |
//! | [`Plain`]: the ordinary network that a network with group layers is | `plain` |
//! | `Inference`: a network with its weights, planned once and run often | `inference` |
//! | [`Weights`]: all numbers of a network in two flat vectors, with a table of their names and places | `weights` |
//! | [`Summary`]: shapes, parameters, connections, receptive fields and symmetries, layer by layer | `summary` |
//! | [`Equivariance`]: what a network is equivariant to, and why | `equivariance` |
//! | [`read_safetensors`], [`write_safetensors`]: weights in files, under PyTorch's names | `safetensors` |
//! | [`onnx`]: networks in files, for whatever runs them elsewhere | `onnx/` |
//! | [`lenet5`], [`lenet5_of_1998`], [`all_convolutional`] | `known` |
//! | [`z2cnn`], [`p4cnn`], [`p4mcnn`], [`c8_steerable`]: for turned images | `rotated` |
//! | [`deepsets`]: for sets of points | `deepsets` |
//!
//! To run a network, there are three ways. [`Layer::forward`](crate::layer::Layer::forward) is the
//! definition: on any scalar, at any shape, for checking. `Network::prepare` makes an `Inference` (with the
//! feature `plan`): for floats, one sample or many, again and again. `train::Trainer` (with the feature
//! `train`) trains.

mod deepsets;
mod equivariance;
#[cfg(feature = "plan")]
mod inference;
mod known;
mod node;
#[cfg(feature = "files")]
pub mod onnx;
mod place;
mod plain;
mod residual;
mod rotated;
#[cfg(feature = "files")]
mod safetensors;
mod sequence;
mod summary;
mod tree;
mod weights;

#[cfg(feature = "files")]
pub use self::safetensors::{SafetensorsError, WeightsFault, read_safetensors, write_safetensors};
pub use deepsets::deepsets;
pub use equivariance::{Equivariance, Step};
#[cfg(feature = "plan")]
pub use inference::{Inference, Number};
pub use known::{all_convolutional, lenet5, lenet5_of_1998};
pub use plain::Plain;
pub use rotated::{c8_steerable, p4cnn, p4mcnn, z2cnn};
pub use summary::{Summary, SummaryRow};
pub use tree::{Join, Network, Node, Residual};
pub use weights::{NotFinite, Part, Weights};
