//! The ordinary network that a network with group layers is: only ordinary convolutions, same numbers.
//!
//! A [`GroupConvolution`] is the ordinary convolution with the kernel of its [`Bank`], every other layer stays as it is. So each
//! weight of the ordinary network is one of the weights of the network itself, `plain[i] = shared[source(i)]`, and a gradient goes back
//! by adding up, `shared[source(i)] += plain[i]`; where filters are steerable it is a combination of some of them. Made once, an equivariant network costs at inference what an ordinary one
//! costs; it is also what is trained ([`Executor`](super::Executor)) and exported ([`onnx`](super::onnx)). Cost: one look-up for each weight, that of [`SteerableBank`] where filters are steerable.

use std::ops::Range;

use super::sequence::inside;
use super::{Network, Node, Residual, Weights};
use crate::layer::{AnyLayer, Bank, GroupConvolution, Layer, LayerError, Parameter, SteerableBank};

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
    /// How its trained weights are made, in their order.
    parts: Vec<Part>,
    /// Trained weights of the network itself, and of the ordinary one.
    shared: usize,
    trained: usize,
}

/// How consecutive trained weights of the ordinary network are made.
#[derive(Clone, Debug)]
enum Part {
    /// They are those of the network itself, beginning with this one.
    Same(usize, usize),
    /// Each is one of them.
    Places(Vec<usize>),
    /// They are a kernel from a steerable basis, whose weights are these.
    Steerable(Range<usize>, SteerableBank),
}

impl Part {
    /// How many weights of the ordinary network it makes.
    fn len(&self) -> usize {
        match self {
            Part::Same(_, count) => *count,
            Part::Places(places) => places.len(),
            Part::Steerable(_, bank) => bank.kernel_shape().iter().product(),
        }
    }
}

impl Plain {
    /// The ordinary network that this one is.
    ///
    /// # Errors
    /// If a group layer has settings that make no sense.
    pub fn of(network: &Network) -> Result<Self, LayerError> {
        let (mut parts, mut shared) = (Vec::new(), 0);
        let network = rewrite(network, &mut parts, &mut shared)?;
        let trained = parts.iter().map(Part::len).sum();
        Ok(Plain { network, parts, shared, trained })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Whether it is the network that it was made from, which has no group convolutions.
    pub fn is_same(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Same(..)))
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
        assert_eq!(plain.trained.len(), self.trained, "these are the weights of another network");
        plain.running.copy_from_slice(&shared.running);
        let mut rest = plain.trained.as_mut_slice();
        for part in &self.parts {
            let (plain, others) = rest.split_at_mut(part.len());
            rest = others;
            match part {
                Part::Same(first, count) => plain.copy_from_slice(&shared.trained[*first..first + count]),
                Part::Places(places) => {
                    for (weight, &source) in plain.iter_mut().zip(places) {
                        *weight = shared.trained[source];
                    }
                }
                Part::Steerable(weights, bank) => bank.expand_into(&shared.trained[weights.clone()], plain),
            }
        }
    }

    /// Writes the gradient with respect to the shared weights, given that with respect to those of the ordinary network.
    ///
    /// # Panics
    /// If either is of another network.
    pub(super) fn fold(&self, plain: &[f32], shared: &mut [f32]) {
        assert_eq!(plain.len(), self.trained, "this is the gradient of another network");
        assert_eq!(shared.len(), self.shared, "the gradient has one entry for each trained weight");
        shared.fill(0.0);
        let mut rest = plain;
        for part in &self.parts {
            let (plain, others) = rest.split_at(part.len());
            rest = others;
            match part {
                Part::Same(first, count) => shared[*first..first + count].copy_from_slice(plain),
                Part::Places(places) => {
                    for (slope, &source) in plain.iter().zip(places) {
                        shared[source] += slope;
                    }
                }
                Part::Steerable(weights, bank) => bank.fold_into(plain, &mut shared[weights.clone()]),
            }
        }
    }
}

fn rewrite(network: &Network, parts: &mut Vec<Part>, shared: &mut usize) -> Result<Network, LayerError> {
    let mut node = |(place, node): (usize, &Node)| -> Result<Node, LayerError> {
        let plain = match node {
            Node::Layer(AnyLayer::GroupConvolution(layer)) => {
                convolution(layer, parts, shared).map(Node::Layer)
            }
            Node::Layer(layer) => {
                let trained = layer.parameters().into_iter().filter(|parameter| parameter.role.is_trained());
                let count: usize = trained.map(|parameter| parameter.len()).sum();
                parts.push(Part::Same(*shared, count));
                *shared += count;
                Ok(node.clone())
            }
            Node::Residual(block) => rewrite(&block.body, parts, shared).and_then(|body| {
                let shortcut = rewrite(&block.shortcut, parts, shared)?;
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
    parts: &mut Vec<Part>,
    shared: &mut usize,
) -> Result<AnyLayer, LayerError> {
    let bank = layer.bank()?;
    let first = *shared;
    let lengths: Vec<usize> = layer.parameters().iter().map(Parameter::len).collect();
    parts.push(match bank {
        Bank::Free(bank) => Part::Places(bank.places().map(|place| first + place).collect()),
        Bank::Steerable(bank) => Part::Steerable(first..first + lengths[0], bank),
    });
    if layer.bias {
        let (bias, size) = (first + lengths[0], layer.field_size());
        parts
            .push(Part::Places((0..layer.outputs.channels()).map(|channel| bias + channel / size).collect()));
    }
    *shared += lengths.iter().sum::<usize>();
    Ok(layer.plain().into())
}
