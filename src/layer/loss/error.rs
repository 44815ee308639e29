//! What a caller of a loss can get wrong.

use thiserror::Error;

/// Scores, labels or targets that do not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LossError {
    /// Not one label for each sample.
    #[error("{samples} samples need as many labels, found {labels}")]
    LabelCount {
        /// Samples.
        samples: usize,
        /// Labels.
        labels: usize,
    },
    /// A label that is no class.
    #[error("labels of {classes} classes are 0 to {}, found {label} for sample {sample}", classes.saturating_sub(1))]
    Label {
        /// Which sample.
        sample: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Outputs and targets, or scores and their gradient, have different shapes.
    #[error("{what} must have the shape {expected:?} of the outputs, found {found:?}")]
    Shape {
        /// Which array.
        what: &'static str,
        /// The shape of the outputs.
        expected: Vec<usize>,
        /// Its shape.
        found: Vec<usize>,
    },
    /// Weights of classes that are none.
    #[error(
        "expected no class weights, or one for each of {classes} classes, finite, not negative and not all \
         zero, found {found}"
    )]
    ClassWeights {
        /// Number of classes.
        classes: usize,
        /// What was given.
        found: String,
    },
    /// A share of smoothing that is no share.
    #[error("the share of label smoothing must lie in [0, 1], found {found}")]
    Smoothing {
        /// What was given.
        found: String,
    },
}
