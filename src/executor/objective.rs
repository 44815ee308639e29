//! What a batch of outputs is compared with, and what its losses are divided by.

use crate::layer::loss::IGNORED;

/// What a batch of outputs is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// Cross-entropy of scores with labels, one for each sample: see [`loss`](crate::layer::loss).
    CrossEntropy {
        /// The classes, or [`IGNORED`](crate::layer::loss::IGNORED).
        labels: &'a [usize],
        /// The share of the target that is spread over all classes.
        smoothing: f32,
        /// A weight for each class; none for equal weights.
        class_weights: &'a [f32],
    },
    /// The mean square distance from targets of the outputs' shape.
    MeanSquare {
        /// The targets, row by row.
        targets: &'a [f32],
    },
    /// The loss is ⟨output, gradient⟩: backpropagation of a gradient with respect to the outputs.
    Gradient {
        /// The gradient, row by row.
        output: &'a [f32],
    },
}

impl Objective<'_> {
    /// How many samples it is for, each with so many outputs; `None` if that is no whole number.
    pub(super) fn samples(&self, outputs: usize) -> Option<usize> {
        match *self {
            Objective::CrossEntropy { labels, .. } => Some(labels.len()),
            Objective::MeanSquare { targets: entries } | Objective::Gradient { output: entries } => {
                entries.len().is_multiple_of(outputs).then(|| entries.len() / outputs)
            }
        }
    }

    /// By what the sum of the losses of a batch is divided.
    pub(super) fn total(&self, samples: usize) -> f64 {
        match *self {
            Objective::CrossEntropy { labels, class_weights: [], .. } => {
                labels.iter().filter(|&&label| label != IGNORED).count() as f64
            }
            Objective::CrossEntropy { labels, class_weights, .. } => {
                let counted = labels.iter().filter(|&&label| label != IGNORED);
                counted.map(|&label| f64::from(class_weights[label])).sum()
            }
            Objective::MeanSquare { .. } => samples as f64,
            Objective::Gradient { .. } => 1.0,
        }
    }
}
