//! What may be wrong with a model or with a request for a program of it.

use std::io;
use std::path::PathBuf;

/// Why a model cannot be read, or not for these shapes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The model, or the file with its weights.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The bytes are no ONNX model, or one without sense.
    #[error("{file}: {reason}")]
    Format {
        /// The file.
        file: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A node cannot be lowered.
    #[error("{file}: node {node} ({operator}, opset {opset}): {refusal}")]
    Node {
        /// The file.
        file: String,
        /// The name of the node, or its place if it has none.
        node: String,
        /// The operator, with its domain unless that is the standard's own.
        operator: String,
        /// The version of the operators that the file imports.
        opset: i64,
        /// Why.
        refusal: Refusal,
    },
    /// A shape that was asked for does not fit the model.
    #[error("{file}: input {input}: {reason}")]
    Input {
        /// The file.
        file: String,
        /// The input.
        input: String,
        /// What was expected and what was found.
        reason: String,
    },
}

/// Why a node cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The operator is not known here, or not in this way.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// What has to be known before the program runs depends on its inputs.
    #[error("what is given for {0} depends on the inputs of the model; it must be a constant")]
    Varying(String),
    /// The node contradicts the standard.
    #[error("{0}")]
    Malformed(String),
    /// A tensor, or the program, is larger than the limit.
    #[error("the program has more than {limit} entries; choose a smaller shape or a higher limit")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// Text of a file in one line of bearable length: what else is in it is escaped.
pub(super) fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut escaped = String::new();
    for character in text.chars().take(LONGEST) {
        match character {
            character if character.is_control() => escaped.extend(character.escape_default()),
            character => escaped.push(character),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        escaped.push('…');
    }
    escaped
}

impl Refusal {
    /// The same in one line.
    pub(super) fn plain(self) -> Self {
        match self {
            Refusal::Unsupported(text) => Refusal::Unsupported(plain(&text)),
            Refusal::Varying(text) => Refusal::Varying(plain(&text)),
            Refusal::Malformed(text) => Refusal::Malformed(plain(&text)),
            Refusal::TooLarge { limit } => Refusal::TooLarge { limit },
        }
    }
}

/// Shorthand for a node that contradicts the standard.
pub(super) fn malformed<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Malformed(reason.into()))
}
