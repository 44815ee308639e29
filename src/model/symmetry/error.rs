//! What can go wrong when a model is judged, or a certificate checked.

use crate::model::ModelError;
use crate::model::run::RunError;

/// Why a model cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The model cannot be read for these shapes.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model does not run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no input of floats that could be moved.
    #[error("{0}: no input of floats that could be moved")]
    Nothing(String),
    /// A sample does not fit.
    #[error("a sample for {input}: expected the shape {expected:?}, found {found:?}")]
    Sample {
        /// The input.
        input: String,
        /// Its shape.
        expected: Vec<usize>,
        /// The shape of the sample.
        found: Vec<usize>,
    },
    /// There is no mended model.
    #[error("no mended model: {0}")]
    Mend(String),
    /// There is no certificate.
    #[error("no certificate: {0}")]
    NoCertificate(String),
    /// A certificate does not prove what it claims.
    #[error("the certificate is refused: {0}")]
    Certificate(#[from] CertificateError),
}

/// Why a certificate does not prove what it claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It was made for other inputs.
    #[error("made for other inputs: {0}")]
    Inputs(String),
    /// The model has numbers that are not finite.
    #[error("the model has numbers that are not finite, of which exact arithmetic knows nothing")]
    Infinite,
    /// What it calls an element of a group is none, or moves other inputs.
    #[error("{group}: {element} is no element of this group on these inputs")]
    Element {
        /// The group.
        group: String,
        /// The element.
        element: String,
    },
    /// It claims nothing.
    #[error("it claims nothing")]
    Empty,
    /// What it says of a tensor is no permutation of its entries, or missing.
    #[error("{element}: tensor {tensor}: expected a permutation of its entries")]
    NoPermutation {
        /// The element.
        element: String,
        /// The tensor.
        tensor: String,
    },
    /// A step does not map to itself.
    #[error(
        "{element}: node {node} does not map to itself: entry {entry} of its result and its \
            image are computed from different terms"
    )]
    Step {
        /// The element.
        element: String,
        /// The node.
        node: String,
        /// The entry.
        entry: usize,
    },
}
