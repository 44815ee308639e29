//! Networks as ONNX files, for whatever runs them elsewhere.
//!
//! Every layer becomes the operator of the same meaning, at inference: dropout vanishes, batch normalisation
//! uses its running statistics, padding other than by zeros becomes a node of its own. Parameters keep their
//! names; nodes are named after the place of their layer. The batch may have any size, the axes of space are
//! those given. An [`Exporter`] is told what to write for custom layers. [`Graph`] has the operators,
//! `crate::onnx` the messages of the format.

mod error;
mod export;
mod exporter;
mod graph;
mod setting;

pub use error::OnnxError;
pub use exporter::{Exporter, export_onnx, to_onnx};
pub use graph::{Graph, Value, Windows};
pub use setting::Setting;

#[cfg(test)]
mod tests;
