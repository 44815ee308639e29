//! What a caller of a layer can get wrong, with what was expected, what was found and what would fit.

use thiserror::Error;

use crate::conv::ConvolutionError;

/// A layer that cannot be built or run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The input does not have a shape that the layer takes.
    #[error("{layer} takes inputs of shape {expected}, found {found:?}: {suggestion}")]
    Shape {
        /// The layer, as people write it.
        layer: String,
        /// The shapes that it takes.
        expected: String,
        /// The shape that was found.
        found: Vec<usize>,
        /// What would fit.
        suggestion: String,
    },
    /// A weight does not have the shape that the layer asks for.
    #[error("{layer} needs its {name} of shape {expected:?}, found {found:?}")]
    Weight {
        /// The layer, as people write it.
        layer: String,
        /// Which of its weights.
        name: String,
        /// The shape that the layer asks for.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// There are too many or too few weights.
    #[error("{layer} has {expected} arrays of weights, found {found}")]
    WeightCount {
        /// The layer, as people write it.
        layer: String,
        /// How many arrays it has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// The gradient with respect to the output does not have the output's shape.
    #[error("{layer} has outputs of shape {expected:?}, but the gradient has shape {found:?}")]
    Gradient {
        /// The layer, as people write it.
        layer: String,
        /// The shape of its output.
        expected: Vec<usize>,
        /// The shape of the gradient.
        found: Vec<usize>,
    },
    /// A layer gives an array of another shape than it says.
    #[error("{layer} says that it gives an array of shape {expected:?}, and gave one of {found:?}")]
    Output {
        /// The layer, as people write it.
        layer: String,
        /// What its `output_shape`, its input or its parameters say.
        expected: Vec<usize>,
        /// The shape of what it gave.
        found: Vec<usize>,
    },
    /// A custom layer is asked for a scalar that is not among those of the engine.
    #[error("{layer} is a custom layer, which runs on the scalars of the engine, found {scalar}")]
    Scalar {
        /// The layer, as people write it.
        layer: String,
        /// The scalar.
        scalar: &'static str,
    },
    /// A setting of the layer makes no sense.
    #[error("{layer}: {setting} must be {expected}, found {found}")]
    Setting {
        /// The layer, as people write it.
        layer: String,
        /// The setting.
        setting: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// More numbers than can be held.
    #[error(
        "{layer}: {what} has {entries} entries, the most are {most}: take fewer channels or a smaller input"
    )]
    TooLarge {
        /// The layer or the network.
        layer: String,
        /// Which array.
        what: String,
        /// Its entries; the largest number if there are more.
        entries: usize,
        /// How many there may be.
        most: usize,
    },
    /// Statistics of a batch that has too few values.
    #[error(
        "{layer} needs at least 2 values a channel in training, found {found}: train on more samples at a \
         time, or normalise where there are more pixels"
    )]
    TooFewValues {
        /// The layer, as people write it.
        layer: String,
        /// How many values there are.
        found: usize,
    },
    /// The layer does not commute with a group, or not on inputs of this type.
    #[error("{layer} does not keep {group}: {hypothesis}; {suggestion}")]
    Equivariance {
        /// The layer, as people write it.
        layer: String,
        /// The group.
        group: String,
        /// What would have to hold, and does not.
        hypothesis: String,
        /// The nearest settings or sizes for which it does.
        suggestion: String,
    },
    /// The two ways of a residual block end in different shapes.
    #[error(
        "the body of a residual block takes {input:?} to {body:?}, its shortcut to {shortcut:?}: \
         put a 1×1 convolution with the body's channels and stride into the shortcut"
    )]
    Residual {
        /// The shape of the input.
        input: Vec<usize>,
        /// Where the body takes it.
        body: Vec<usize>,
        /// Where the shortcut takes it.
        shortcut: Vec<usize>,
    },
    /// The convolution inside the layer cannot be described.
    #[error("{layer}: {source}")]
    Convolution {
        /// The layer, as people write it.
        layer: String,
        /// What is wrong.
        source: ConvolutionError,
    },
    /// A layer inside a network reports an error.
    #[error("layer {place}: {source}")]
    Inside {
        /// Where in the network: `3`, or `3.body.0`.
        place: String,
        /// What it reports.
        source: Box<LayerError>,
    },
}
