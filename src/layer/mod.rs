//! The layers of convolutional networks: forward, backward, and what is known of them before they run.
//!
//! A layer is a description without numbers: its weights are arrays given to [`Layer::forward`]. So the same
//! layer runs on floats, on polynomials (its weights being variables) and over GF(p), and every layer is a
//! [`Map`] whose symmetry can be proved. Inputs have shape (batch, channels, space…) with any number of axes
//! of space, those of [`Dense`] (batch, features).
//!
//! | layer | file | conventions, those of PyTorch |
//! |---|---|---|
//! | [`Convolution`] | `convolution` | correlation; weight (M, C/groups, taps…) |
//! | [`TransposedConvolution`] | `transposed` | weight (C, M/groups, taps…); the adjoint of a convolution |
//! | [`Pool`] | `pool` | maximum (of equals the first), mean or sum over windows; sizes rounded down, or up |
//! | [`GlobalPool`], [`AdaptivePool`] | `global_pool` | one value a channel; a fixed number of windows, ⌊iL/m⌋ to ⌈(i+1)L/m⌉ |
//! | [`BatchNormalisation`] | `normalisation` | biased variance to normalise, unbiased one for the running variance |
//! | [`Dense`] | `dense` | y = W x + b, weight (outputs, inputs) |
//! | [`EquivariantLinear`] | `equivariant_linear` | between two representations of a finite group; weight (maps, outputs, inputs) |
//! | [`SetLinear`] | `set_linear` | each point of a set, and the set as a whole; weights (outputs, inputs) |
//! | [`Activation`] | `activation` | ReLU (derivative 0 at 0), leaky ReLU, tanh, sigmoid, ELU, SiLU, GELU (exact, or by tanh) |
//! | [`Softmax`], [`LogSoftmax`] | `softmax`, `log_softmax` | over the channels |
//! | [`GroupNormalisation`] | `group_normalisation` | group, layer and instance normalisation, biased variance |
//! | [`LayerNormalisation`] | `layer_normalisation` | over the last axes or chosen ones; γ and β for each entry |
//! | [`Upsample`] | `upsample` | nearest, or linear with corners aligned or not |
//! | [`Dropout`] | `dropout` | kept entries are scaled by 1/(1 − p) |
//! | [`GroupConvolution`], [`GroupPool`] | `group/` | commute with point groups of the grid; weight (M, C, orientations, taps…) |
//! | [`Flatten`] | `flatten` | row by row, the batch kept |
//! | [`CustomLayer`] | `custom` | a layer of your own, as a part of networks |
//!
//! [`loss`] has what networks are trained by. [`AnyLayer`] is any of the layers. Gradients are exact:
//! [`Layer::backward`] is the transpose of the derivative, by hand, and is judged over GF(p) by dual numbers,
//! which differentiate `forward` itself.
//!
//! Over exact scalars everything here is the definition: clear, for every scalar, and slow. Over floats
//! convolutions, forward and backward, run the planned methods that are judged by it
//! ([`sums`](crate::conv::sums), with the feature `plan`), and dense layers a library's product of matrices.
//! The trainer runs whole networks on sixteen samples side by side.

mod activation;
mod any;
mod convolution;
mod custom;
mod dense;
mod dropout;
mod equivariance;
mod equivariant_linear;
mod error;
mod flatten;
mod fraction;
mod global_pool;
mod group;
mod group_normalisation;
mod initialisation;
#[cfg(any(test, feature = "catalogue"))]
pub(crate) mod laws;
mod layer_normalisation;
mod log_softmax;
pub mod loss;
mod map;
mod normalisation;
mod parameter;
mod pool;
mod reduction;
mod set_linear;
mod softmax;
mod standardise;
mod symmetry;
mod toeplitz;
mod transposed;
mod upsample;
mod window;

pub use activation::Activation;
pub use any::AnyLayer;
pub use convolution::Convolution;
pub use custom::CustomLayer;
pub use dense::Dense;
pub use dropout::{Dropout, drops};
pub use equivariance::OutputType;
pub use equivariant_linear::{EquivariantLinear, MatrixEntry};
pub use error::LayerError;
pub use flatten::Flatten;
pub use fraction::Fraction;
pub use global_pool::{AdaptivePool, GlobalPool};
pub use group::{Bank, FilterBank, Filters, GroupConvolution, GroupPool, SteerableBank};
pub use group_normalisation::GroupNormalisation;
pub use initialisation::Initialisation;
pub use layer_normalisation::LayerNormalisation;
pub use log_softmax::LogSoftmax;
pub use map::InTraining;
pub use normalisation::BatchNormalisation;
pub use parameter::{Parameter, Role};
pub use pool::Pool;
pub use reduction::Reduction;
pub use set_linear::SetLinear;
pub use softmax::Softmax;
pub use symmetry::Symmetry;
pub use toeplitz::matrix;
pub use transposed::TransposedConvolution;
pub use upsample::Upsample;
pub use window::{ReceptiveField, Spread, View, Window};

#[cfg(doc)]
use crate::verify::Map;

use ndarray::{ArrayD, CowArray, Ix2};

use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// Whether a layer is used or trained: dropout and batch normalisation do different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Running statistics, no dropout.
    Inference,
    /// Statistics of the batch, dropout by masks drawn from this seed.
    Training {
        /// Of the masks: a new one for each step.
        seed: u64,
    },
}

impl Mode {
    /// The mode of the layer at this place of a network: masks of different layers are independent.
    #[must_use]
    pub fn at(self, place: usize) -> Self {
        match self {
            Mode::Inference => Mode::Inference,
            // The multiplier of Knuth's linear congruential generator MMIX, so that places reach all bits.
            Mode::Training { seed } => Mode::Training {
                seed: (seed ^ (place as u64 + 1)).wrapping_mul(6_364_136_223_846_793_005).rotate_left(29),
            },
        }
    }
}

/// What comes out of a backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<S> {
    /// With respect to the input, of its shape.
    pub input: ArrayD<S>,
    /// With respect to each trained parameter, in their order.
    pub weights: Vec<ArrayD<S>>,
}

/// A layer: a function of an input and of weights, for every scalar.
///
/// Laws, for all inputs and weights of the right shapes:
/// - `forward` gives an array of shape `output_shape`, and fails only if `output_shape` does, the weights
///   have other shapes than `parameters` tells, or statistics of a batch in training have too few values;
/// - `backward` is the transpose of the derivative: if x and the trained weights w move by εu and εv, and
///   forward by εz, then ⟨z, y⟩ = ⟨u, input gradient⟩ + Σ ⟨v, weight gradient⟩, where y is the gradient with
///   respect to the output;
/// - what `symmetry` says is kept is kept.
pub trait Layer: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// What people call it: `convolution 5×5, 1 → 6`.
    fn name(&self) -> String;

    /// The shape of the output for an input of this shape, batch included.
    ///
    /// # Errors
    /// If inputs of this shape do not fit; the error says what would.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError>;

    /// The arrays of weights, in the order in which `forward` takes them.
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    /// What one output sees of an input of this shape.
    ///
    /// # Errors
    /// As `output_shape`.
    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Entry)
    }

    /// The symmetries of space that are kept.
    ///
    /// # Errors
    /// As `output_shape`.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        Ok(Symmetry::of_view(&self.view(input)?, input.len().saturating_sub(2)))
    }

    /// The type of the output, which says how it moves, for an input of this shape and type: if the layer, at
    /// inference, commutes with the type's group whatever its weights are.
    ///
    /// # Errors
    /// If inputs of this shape do not fit or do not have the channels of the type, or if the layer does not
    /// commute: the error tells which hypothesis is violated, and what would satisfy it.
    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.output_shape(input)?;
        let hypothesis = "nothing is known of what it does to feature maps";
        Err(equivariance::broken(self, from, hypothesis, "take one of the layers that tell"))
    }

    /// Pairs of an input and an output of one sample that a weight connects, an input that a window reads
    /// twice (beyond a periodic border, say) counted twice; 0 for layers without weights that multiply.
    ///
    /// # Errors
    /// As `output_shape`.
    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.output_shape(input).map(|_| 0)
    }

    /// The output.
    ///
    /// # Errors
    /// If the input or a weight has a wrong shape.
    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError>;

    /// The gradients with respect to input and trained weights, given the one with respect to the output.
    ///
    /// # Errors
    /// If an array has a wrong shape.
    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError>;
}

/// That weights are as many and of such shapes as a layer asks for.
fn check_weights<S>(layer: &impl Layer, weights: &[ArrayD<S>]) -> Result<(), LayerError> {
    let parameters = layer.parameters();
    if parameters.len() != weights.len() {
        let (expected, found) = (parameters.len(), weights.len());
        return Err(LayerError::WeightCount { layer: layer.name(), expected, found });
    }
    for (parameter, weight) in parameters.iter().zip(weights) {
        if parameter.shape != weight.shape() {
            return Err(LayerError::Weight {
                layer: layer.name(),
                name: parameter.name.clone(),
                expected: parameter.shape.clone(),
                found: weight.shape().to_vec(),
            });
        }
    }
    Ok(())
}

/// That weights and the output's gradient fit; returns the shape of the output.
fn check_backward<S>(
    layer: &impl Layer,
    input: &[usize],
    weights: &[ArrayD<S>],
    gradient: &[usize],
) -> Result<(), LayerError> {
    check_weights(layer, weights)?;
    let expected = layer.output_shape(input)?;
    if expected != gradient {
        return Err(LayerError::Gradient { layer: layer.name(), expected, found: gradient.to_vec() });
    }
    Ok(())
}

/// The error of an input that does not fit.
fn shape_error(
    layer: &impl Layer,
    expected: impl Into<String>,
    found: &[usize],
    suggestion: impl Into<String>,
) -> LayerError {
    LayerError::Shape {
        layer: layer.name(),
        expected: expected.into(),
        found: found.to_vec(),
        suggestion: suggestion.into(),
    }
}

/// A product of extents, if an array can have as many entries.
fn checked_product(extents: &[usize]) -> Option<usize> {
    let product = extents.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent.max(1)))?;
    (product <= isize::MAX as usize).then(|| if extents.contains(&0) { 0 } else { product })
}

/// A product of extents; the greatest number if it is none.
fn saturating_product(extents: &[usize]) -> usize {
    extents.iter().fold(1, |product: usize, &extent| product.saturating_mul(extent))
}

/// Extents as people write them: `5×5`.
fn extents(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// An array (batch, channels, space…) with a row for each channel of each sample.
fn channel_rows<S: Clone>(x: &ArrayD<S>) -> CowArray<'_, S, Ix2> {
    let shape = x.shape();
    let space: usize = shape[2..].iter().product();
    x.to_shape((shape[0] * shape[1], space)).unwrap_or_else(|_| unreachable!("the same number of entries"))
}

/// An array of this shape from its entries in row-major order.
fn from_rows<S>(entries: Vec<S>, shape: &[usize]) -> ArrayD<S> {
    ArrayD::from_shape_vec(shape, entries).unwrap_or_else(|_| unreachable!("one entry for each place"))
}
