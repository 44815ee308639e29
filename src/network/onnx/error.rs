//! Why a network cannot be exported.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::layer::LayerError;
use crate::network::NotFinite;

/// A network that cannot be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file cannot be written.
    #[error("cannot write the model {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The network does not take such inputs.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The weights are not those of the network.
    #[error("the weights are not those of the network: it needs {expected} arrays, found {found}")]
    Weights {
        /// Arrays of the network.
        expected: usize,
        /// Arrays of the weights.
        found: usize,
    },
    /// A weight is NaN or infinite.
    #[error("the weights are not finite and are not exported: {0}")]
    NotFinite(#[from] NotFinite),
    /// No operator does what the layer does.
    #[error("layer {place}: ONNX has no operator for {layer}: {needs}")]
    Unsupported {
        /// The place of the layer.
        place: String,
        /// The layer.
        layer: String,
        /// What it would need.
        needs: String,
    },
}
