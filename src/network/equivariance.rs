//! What a network is equivariant to, and why: the types of the feature maps from layer to layer.
//!
//! If every layer commutes with a group, the type of its output being that of the next one's input, then so
//! does the network (theorem `composition_equivariant` of `proofs/`), for all weights and inputs; if the last
//! type is trivial and there are no pixels, or a single one, it is invariant. The first layer for which that
//! does not hold ends the argument, with its place, the hypothesis that it violates and what would satisfy
//! it. Nothing is run.

#[cfg(test)]
mod tests;

use std::fmt;

use super::place::inside;
use super::tree::Network;
use crate::layer::{Layer, LayerError, OutputType};
use crate::signal::FeatureType;

/// One layer of the argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer, as people write it.
    pub layer: String,
    /// Why it commutes.
    pub because: String,
    /// The type of its output.
    pub feature: FeatureType,
    /// The shape of its output.
    pub shape: Vec<usize>,
}

/// The argument that a network commutes with a group.
///
/// ```
/// use equivariant::network::{Equivariance, p4cnn, z2cnn};
/// use equivariant::signal::{FeatureType, GridGroup};
///
/// let image = FeatureType::trivial(&GridGroup::c4(), 1);
/// let argument = Equivariance::of(&p4cnn(10), &[1, 1, 28, 28], &image)?;
/// assert!(argument.is_invariant());
/// let error = Equivariance::of(&z2cnn(10), &[1, 1, 28, 28], &image).unwrap_err().to_string();
/// assert!(error.starts_with("layer 0: convolution 3×3, 1 → 20 does not keep C4: its weights are free"));
/// // Stride 2 on an even grid: two rows more or less mend it.
/// let error = Equivariance::of(&p4cnn(10), &[1, 1, 29, 29], &image).unwrap_err().to_string();
/// assert!(error.ends_with("take a length of 24 or 26 there, or other padding"), "{error}");
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivariance {
    /// The type of the input.
    pub from: FeatureType,
    /// The shape of the input.
    pub input: Vec<usize>,
    /// The layers and blocks, in their order.
    pub steps: Vec<Step>,
}

impl Equivariance {
    /// The argument for inputs of this shape and type.
    ///
    /// # Errors
    /// If inputs of this shape do not fit, or a layer does not commute: see [`Layer::output_type`].
    pub fn of(network: &Network, input: &[usize], from: &FeatureType) -> Result<Self, LayerError> {
        let (mut shape, mut feature) = (input.to_vec(), from.clone());
        let mut steps = Vec::new();
        for (place, node) in network.nodes().iter().enumerate() {
            let told = node
                .output_type(&shape, &feature)
                .and_then(|kept| Ok((kept, node.name(), node.output_shape(&shape)?)));
            let (OutputType { feature: to, because }, layer, output) =
                told.map_err(|source| inside(place, source))?;
            (shape, feature) = (output, to);
            steps.push(Step { layer, because, feature: feature.clone(), shape: shape.clone() });
        }
        Ok(Equivariance { from: from.clone(), input: input.to_vec(), steps })
    }

    /// The type of the output.
    pub fn feature(&self) -> &FeatureType {
        self.steps.last().map_or(&self.from, |step| &step.feature)
    }

    /// The shape of the output.
    pub fn shape(&self) -> &[usize] {
        self.steps.last().map_or(&self.input, |step| &step.shape)
    }

    /// Whether the output does not move at all: its type is trivial, so that no channel changes places, and
    /// it has no pixels that could, or a single one.
    pub fn is_invariant(&self) -> bool {
        self.feature().is_trivial() && self.shape().iter().skip(2).all(|&length| length == 1)
    }
}

impl fmt::Display for Equivariance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = self.from.group();
        if self.is_invariant() {
            writeln!(f, "invariant under {group}, for all weights and inputs:")?;
        } else {
            writeln!(f, "equivariant under {group}, for all weights and inputs, to {}:", self.feature())?;
        }
        for (place, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {place}  {}: {}", step.layer, step.because)?;
        }
        Ok(())
    }
}
