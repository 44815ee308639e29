//! Networks as ONNX files, for whatever runs them elsewhere.
//!
//! Every layer becomes the operator of the same meaning, at inference: dropout vanishes, batch normalisation
//! uses its running statistics, padding other than by zeros becomes a node of its own. Parameters keep their
//! names; nodes are named after the place of their layer. The batch may have any size, the axes of space are
//! those given. [`Graph`] has the operators, `crate::onnx` the messages of the format.

mod export;
mod graph;

pub use export::{OnnxError, export_onnx, to_onnx};
pub use graph::{Graph, Value, Windows};

#[cfg(test)]
mod tests;
