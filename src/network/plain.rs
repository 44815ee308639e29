//! The ordinary network that a network with group layers is: only ordinary convolutions, same numbers.
//!
//! A [`GroupConvolution`] is the ordinary convolution with the kernel of its filter bank, every other layer stays as it is. So each
//! weight of the ordinary network is one of the weights of the network itself: `plain[i] = shared[source(i)]`, and a gradient goes back
//! by adding up, `shared[source(i)] += plain[i]`. Made once, an equivariant network costs at inference what an ordinary one
//! costs; it is also what is trained ([`Executor`](super::Executor)) and exported ([`onnx`](super::onnx)). Cost: one look-up for each weight.

use super::sequence::inside;
use super::{Network, Node, Residual, Weights};
use crate::layer::{AnyLayer, GroupConvolution, Layer, LayerError, Parameter};

/// A network without group convolutions, and where its weights come from.
///
/// ```
/// use equivariant::layer::{GroupConvolution, Initialisation, Layer};
/// use equivariant::network::{Network, Plain, Weights};
/// use equivariant::signal::{FeatureType, GridGroup};
///
/// let d4 = GridGroup::d4();
/// let lifting = GroupConvolution::new(FeatureType::trivial(&d4, 1), FeatureType::regular(&d4, 2), [3, 3]);
/// let network = Network::new().then(lifting);
/// let weights = Weights::initial(&network, Initialisation::He, 0);
/// let plain = Plain::of(&network)?;
/// let kernel = &plain.weights(&weights)?.parts[0];
/// assert_eq!((weights.parts[0].shape.as_slice(), kernel.shape.as_slice()), (&[2, 1, 1, 3, 3][..], &[16, 1, 3, 3][..]));
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plain {
    network: Network,
    /// Of each trained weight of the ordinary network, the weight of the network itself.
    sources: Vec<usize>,
    /// Trained weights of the network itself.
    shared: usize,
}

impl Plain {
    /// The ordinary network that this one is.
    ///
    /// # Errors
    /// If a group layer has settings that make no sense.
    pub fn of(network: &Network) -> Result<Self, LayerError> {
        let (mut sources, mut shared) = (Vec::new(), 0);
        let network = rewrite(network, &mut sources, &mut shared)?;
        Ok(Plain { network, sources, shared })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Whether it is the network that it was made from, which has no group convolutions.
    pub fn is_same(&self) -> bool {
        self.sources.len() == self.shared
    }

    /// The numbers of the ordinary network.
    ///
    /// # Errors
    /// If `shared` are the weights of another network.
    pub fn weights(&self, shared: &Weights) -> Result<Weights, LayerError> {
        let mut weights = Weights::zeros(&self.network);
        for (what, expected, found) in [
            ("trained weights", self.shared, shared.trained.len()),
            ("running statistics", weights.running.len(), shared.running.len()),
        ] {
            if expected != found {
                return Err(LayerError::Setting {
                    layer: self.network.name(),
                    setting: what,
                    expected: format!("{expected} numbers"),
                    found: found.to_string(),
                });
            }
        }
        self.expand(shared, &mut weights);
        Ok(weights)
    }

    /// Writes the numbers of the ordinary network.
    ///
    /// # Panics
    /// If either are the weights of another network.
    pub(super) fn expand(&self, shared: &Weights, plain: &mut Weights) {
        assert_eq!(shared.trained.len(), self.shared, "these are the weights of another network");
        assert_eq!(plain.trained.len(), self.sources.len(), "these are the weights of another network");
        plain.running.copy_from_slice(&shared.running);
        for (weight, &source) in plain.trained.iter_mut().zip(&self.sources) {
            *weight = shared.trained[source];
        }
    }

    /// Writes the gradient with respect to the shared weights, given that with respect to those of the ordinary network.
    ///
    /// # Panics
    /// If either is of another network.
    pub(super) fn fold(&self, plain: &[f32], shared: &mut [f32]) {
        assert_eq!(plain.len(), self.sources.len(), "this is the gradient of another network");
        assert_eq!(shared.len(), self.shared, "the gradient has one entry for each trained weight");
        shared.fill(0.0);
        for (slope, &source) in plain.iter().zip(&self.sources) {
            shared[source] += slope;
        }
    }
}

fn rewrite(network: &Network, sources: &mut Vec<usize>, shared: &mut usize) -> Result<Network, LayerError> {
    let mut node = |(place, node): (usize, &Node)| -> Result<Node, LayerError> {
        let plain = match node {
            Node::Layer(AnyLayer::GroupConvolution(layer)) => {
                convolution(layer, sources, shared).map(Node::Layer)
            }
            Node::Layer(layer) => {
                let trained = layer.parameters().into_iter().filter(|parameter| parameter.role.is_trained());
                let count: usize = trained.map(|parameter| parameter.len()).sum();
                sources.extend(*shared..*shared + count);
                *shared += count;
                Ok(node.clone())
            }
            Node::Residual(block) => rewrite(&block.body, sources, shared).and_then(|body| {
                let shortcut = rewrite(&block.shortcut, sources, shared)?;
                Ok(Residual::new(body).shortcut(shortcut).into())
            }),
        };
        plain.map_err(|source| inside(place, source))
    };
    network.nodes().iter().enumerate().map(&mut node).collect()
}

/// The ordinary convolution; notes where its weights come from.
fn convolution(
    layer: &GroupConvolution,
    sources: &mut Vec<usize>,
    shared: &mut usize,
) -> Result<AnyLayer, LayerError> {
    let bank = layer.bank()?;
    let first = *shared;
    sources.extend(bank.places().map(|place| first + place));
    let lengths: Vec<usize> = layer.parameters().iter().map(Parameter::len).collect();
    if layer.bias {
        let bias = first + lengths[0];
        sources.extend((0..layer.outputs.channels()).map(|channel| bias + channel / layer.outputs.size()));
    }
    *shared += lengths.iter().sum::<usize>();
    Ok(layer.plain().into())
}
