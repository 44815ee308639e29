//! What the steps of a plan do, and the values that they read and write.

use std::ops::Range;

use crate::executor::method::{ByDefinition, Divisor, LaneBatchNorm, LaneMaps, LanePooling};
use crate::executor::method::{LaneConvolution, LaneDense};
use crate::layer::Dropout;

/// Where an activation and its gradient lie; no gradient, if no weight needs it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Value {
    pub data: usize,
    pub gradient: Option<usize>,
}

/// What a step does. Ranges are of the trained weights.
#[derive(Clone, Debug)]
pub(in super::super) enum Operation {
    Convolution {
        lanes: LaneConvolution,
        weights: Range<usize>,
        bias: Option<Range<usize>>,
    },
    Transposed {
        lanes: LaneConvolution,
        weights: Range<usize>,
        bias: Option<Range<usize>>,
    },
    /// `number` counts the dense layers.
    Dense {
        lanes: LaneDense,
        weights: Range<usize>,
        bias: Option<Range<usize>>,
        number: usize,
    },
    Maximum(LanePooling),
    Mean(LanePooling, Divisor),
    /// In place, where nothing else needs the input.
    InPlace(InPlace),
    /// In place likewise. `places` lead to the layer, from the outermost network inwards.
    Dropout {
        layer: Dropout,
        channels: usize,
        places: Vec<usize>,
    },
    /// The normalisation of this number.
    Normalisation(usize),
    /// Nothing but that the gradients of two readers are added up.
    Fork {
        second: Value,
    },
    Add {
        second: Value,
    },
    /// The channels of the input, then those of `second`.
    Concatenate {
        second: Value,
    },
    /// Adds at each place of a channel, where it stands, what `second` has for the channel.
    AddAtEach {
        second: Value,
    },
    Maps {
        lanes: LaneMaps,
        bias: Option<Range<usize>>,
    },
    /// `places` lead to the layer, from the outermost network inwards.
    ByDefinition {
        layer: ByDefinition,
        places: Vec<usize>,
    },
}

/// What is done to the entries of a value where they stand. The gradient needs the output, not the input.
#[derive(Clone, Debug)]
pub(in super::super) enum InPlace {
    Relu,
    LeakyRelu(f32),
    Tanh,
    Sigmoid,
    /// Over this number of channels.
    Softmax(usize),
}

/// One step.
#[derive(Clone, Debug)]
pub(in super::super) struct Step {
    pub operation: Operation,
    pub input: Value,
    pub output: Value,
}

/// A batch normalisation, and where its weights begin among the trained or the running ones.
#[derive(Clone, Debug)]
pub(in super::super) struct Normalisation {
    pub lanes: LaneBatchNorm,
    pub momentum: f64,
    pub scale: usize,
    pub shift: usize,
    pub mean: usize,
    pub variance: usize,
}
