//! The ordinary network that a network with group layers is: only ordinary convolutions, same numbers.
//!
//! A [`GroupConvolution`] is the ordinary convolution with the kernel of its [`Bank`], every other layer
//! stays as it is. So each weight of the ordinary network is one of the weights of the network itself,
//! `plain[i] = shared[source(i)]`, and a gradient goes back by adding up, `shared[source(i)] += plain[i]`;
//! where filters are steerable it is a combination of some of them. Made once, an equivariant network costs
//! at inference what an ordinary one costs; it is also what is trained ([`Executor`](super::Executor)) and
//! exported ([`onnx`](super::onnx)). Cost: one look-up for each weight, that of [`SteerableBank`] where
//! filters are steerable.

use std::ops::Range;

use super::place::inside;
use super::{Network, Node, Weights};
use crate::layer::{
    AnyLayer, Bank, BatchNormalisation, GroupConvolution, Layer, LayerError, Parameter, SteerableBank,
};

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
    /// Of each of its running statistics, that of the network itself.
    running: Vec<usize>,
    /// Trained weights and running statistics of the network itself.
    shared: (usize, usize),
    /// Its trained weights.
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
        Self::rewritten(network, false)
    }

    /// The ordinary network that this one is at inference: channels of an orbit have their own, equal numbers
    /// of batch normalisation, too, so that other programs need to know nothing of orbits.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn at_inference(network: &Network) -> Result<Self, LayerError> {
        Self::rewritten(network, true)
    }

    fn rewritten(network: &Network, at_inference: bool) -> Result<Self, LayerError> {
        let mut rewriting = Rewriting { parts: Vec::new(), running: Vec::new(), seen: (0, 0), at_inference };
        let network = rewriting.network(network)?;
        let Rewriting { parts, running, seen, .. } = rewriting;
        let trained = parts.iter().map(Part::len).sum();
        Ok(Plain { network, parts, running, shared: seen, trained })
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
            ("trained weights", self.shared.0, shared.trained.len()),
            ("running statistics", self.shared.1, shared.running.len()),
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
    pub(crate) fn expand(&self, shared: &Weights, plain: &mut Weights) {
        let found = (shared.trained.len(), shared.running.len());
        assert_eq!(found, self.shared, "these are the weights of another network");
        assert_eq!(plain.trained.len(), self.trained, "these are the weights of another network");
        for (statistic, &source) in plain.running.iter_mut().zip(&self.running) {
            *statistic = shared.running[source];
        }
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

    /// Writes the gradient with respect to the shared weights, given that with respect to those of the
    /// ordinary network.
    ///
    /// # Panics
    /// If either is of another network.
    #[cfg(feature = "train")]
    pub(crate) fn fold(&self, plain: &[f32], shared: &mut [f32]) {
        assert_eq!(plain.len(), self.trained, "this is the gradient of another network");
        assert_eq!(shared.len(), self.shared.0, "the gradient has one entry for each trained weight");
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

/// An ordinary network in the making.
struct Rewriting {
    parts: Vec<Part>,
    running: Vec<usize>,
    /// Numbers of the network itself so far: trained weights and running statistics.
    seen: (usize, usize),
    /// Whether each channel gets its own numbers of batch normalisation.
    at_inference: bool,
}

impl Rewriting {
    fn network(&mut self, network: &Network) -> Result<Network, LayerError> {
        let mut node = |(place, node): (usize, &Node)| -> Result<Node, LayerError> {
            let plain = match node {
                Node::Layer(AnyLayer::GroupConvolution(layer)) => self.convolution(layer).map(Node::Layer),
                Node::Layer(AnyLayer::BatchNormalisation(layer)) if self.at_inference => {
                    Ok(Node::Layer(self.normalisation(layer)))
                }
                Node::Layer(layer) => {
                    let count = |trained: bool| -> usize {
                        let parameters = layer.parameters();
                        let chosen = parameters.iter().filter(|part| part.role.is_trained() == trained);
                        chosen.map(Parameter::len).sum()
                    };
                    let (trained, running) = (count(true), count(false));
                    self.parts.push(Part::Same(self.seen.0, trained));
                    self.running.extend(self.seen.1..self.seen.1 + running);
                    self.seen = (self.seen.0 + trained, self.seen.1 + running);
                    Ok(node.clone())
                }
                Node::Residual(block) => self.network(&block.body).and_then(|body| {
                    let shortcut = self.network(&block.shortcut)?;
                    Ok(block.with_ways(body, shortcut).into())
                }),
                Node::Network(network) => self.network(network).map(Node::Network),
            };
            plain.map_err(|source| inside(place, source))
        };
        network.nodes().iter().enumerate().map(&mut node).collect()
    }

    /// The ordinary convolution.
    fn convolution(&mut self, layer: &GroupConvolution) -> Result<AnyLayer, LayerError> {
        let bank = layer.bank()?;
        let first = self.seen.0;
        let lengths: Vec<usize> = layer.parameters().iter().map(Parameter::len).collect();
        self.parts.push(match bank {
            Bank::Free(bank) => Part::Places(bank.places().map(|place| first + place).collect()),
            Bank::Steerable(bank) => Part::Steerable(first..first + lengths[0], bank),
        });
        if layer.bias {
            let (bias, size) = (first + lengths[0], layer.field_size());
            let places = (0..layer.outputs.channels()).map(|channel| bias + channel / size);
            self.parts.push(Part::Places(places.collect()));
        }
        self.seen.0 += lengths.iter().sum::<usize>();
        Ok(layer.plain().into())
    }

    /// Batch normalisation channel by channel.
    fn normalisation(&mut self, layer: &BatchNormalisation) -> AnyLayer {
        let orbits = layer.channels / layer.orbit;
        let each = |first: usize| (0..layer.channels).map(move |channel| first + channel / layer.orbit);
        let (trained, running) = self.seen;
        self.parts.push(Part::Places(each(trained).chain(each(trained + orbits)).collect()));
        self.running.extend(each(running).chain(each(running + orbits)));
        self.seen = (trained + 2 * orbits, running + 2 * orbits);
        layer.orbit(1).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Activation, Dropout, Flatten, Fraction, GroupPool, Initialisation, Mode, Reduction};
    use crate::network::Residual;
    use crate::signal::{FeatureType, GridGroup};
    use ndarray::ArrayD;

    /// A network with every kind of sharing, biases and orbits among them.
    fn shared() -> Network {
        let c4 = GridGroup::c4();
        let maps = FeatureType::regular(&c4, 4);
        let body = Network::new()
            .then(GroupConvolution::new(maps.clone(), maps.clone(), [3, 3]).steerable(8).padding([1, 1]))
            .then(BatchNormalisation::new(16).orbit(8));
        Network::new()
            .then(GroupConvolution::new(FeatureType::trivial(&c4, 1), maps.clone(), [3, 3]).steerable(8))
            .then(Residual::new(body))
            .then(Activation::Relu)
            .then(Dropout::new(Fraction::new(1, 10)).orbit(8))
            .then(GroupConvolution::new(maps.clone(), maps.clone(), [3, 3]).groups(2))
            .then(BatchNormalisation::new(16).orbit(4))
            .then(GroupPool::over_orientations(maps, 8, Reduction::Maximum))
            .then(Flatten)
    }

    /// Multiples of 1/32 for everything, with positive variances.
    fn numbers(network: &Network) -> Weights {
        let mut weights = Weights::initial(network, Initialisation::He, 3);
        for (at, weight) in weights.trained.iter_mut().enumerate() {
            *weight = (at * at % 31) as f32 / 32.0 - 0.5;
        }
        for (at, statistic) in weights.running.iter_mut().enumerate() {
            *statistic = 0.5 + (at % 7) as f32 / 8.0;
        }
        weights
    }

    #[test]
    fn the_ordinary_networks_have_the_same_scores() {
        let network = shared();
        let weights = numbers(&network);
        let x = ArrayD::from_shape_fn(vec![2, 1, 5, 5], |at| {
            ((7 * at[0] + 5 * at[2] + 3 * at[3]) % 8) as f32 / 8.0
        });
        let scores = |network: &Network, weights: &Weights| {
            network.forward(&x, &weights.arrays::<f32>(), Mode::Inference).unwrap()
        };
        let expected = scores(&network, &weights);
        assert!(expected.iter().any(|score| *score != expected[[0, 0]]));
        for plain in [Plain::of(&network).unwrap(), Plain::at_inference(&network).unwrap()] {
            assert!(!plain.is_same());
            // The same kernels go through the same operations.
            assert_eq!(scores(plain.network(), &plain.weights(&weights).unwrap()), expected);
        }
        let plain = Plain::at_inference(&network).unwrap();
        let shared =
            |layer: &AnyLayer| matches!(layer, AnyLayer::BatchNormalisation(layer) if layer.orbit != 1);
        assert!(
            !plain.network().nodes().iter().any(|node| matches!(node, Node::Layer(layer) if shared(layer)))
        );
        let other = Weights::zeros(plain.network());
        let error = plain.weights(&other).unwrap_err().to_string();
        assert!(error.contains("trained weights must be"), "{error}");
    }

    #[cfg(feature = "train")]
    /// ⟨expand(w), g⟩ = ⟨w, fold(g)⟩: on multiples of 2⁻¹² every sum is exact in f64, and products of f32
    /// are, too, as bases have 13 bits.
    #[test]
    fn gradients_go_back_by_the_transpose() {
        let network = shared();
        let plain = Plain::of(&network).unwrap();
        let (mut weights, mut kernels) = (Weights::zeros(&network), Weights::zeros(plain.network()));
        let gradient: Vec<f32> = (0..kernels.trained.len()).map(|at| (at % 3) as f32 - 1.0).collect();
        for (at, weight) in weights.trained.iter_mut().enumerate() {
            *weight = (at % 5) as f32 - 2.0;
        }
        plain.expand(&weights, &mut kernels);
        let mut folded = vec![0.0; weights.trained.len()];
        plain.fold(&gradient, &mut folded);
        let inner =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
        assert_eq!(inner(&kernels.trained, &gradient), inner(&weights.trained, &folded));
    }
}
