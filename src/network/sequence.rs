//! A sequence of layers, residual blocks and networks.
//!
//! Forward applies one after the other; backward goes back through the inputs that forward passed on (the
//! chain rule). Parameters are named as PyTorch names those of the same `nn.Sequential`: `0.weight`,
//! `0.bias`, `3.weight` …

use ndarray::ArrayD;

use super::Equivariance;
use super::place::inside;
use super::tree::{Network, Node};
use crate::layer::{AnyLayer, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Symmetry, View};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A node, its place in its network, and its part of the weights.
type Placed<'a, S> = (usize, &'a Node, &'a [ArrayD<S>]);

impl Network {
    /// The empty network.
    pub fn new() -> Self {
        Network::default()
    }

    /// With one more layer, block or network at the end.
    ///
    /// A layer that is defined outside this crate comes in a
    /// [`CustomLayer`](crate::layer::CustomLayer).
    #[must_use]
    pub fn then(mut self, node: impl Into<Node>) -> Self {
        self.nodes.push(node.into());
        self
    }

    /// The layers, blocks and networks.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The same without its dropout layers, for which later ones move up.
    ///
    /// ```
    /// use equivariant::network::p4cnn;
    ///
    /// let (with, without) = (p4cnn(10), p4cnn(10).without_dropout());
    /// assert_eq!((with.nodes().len(), without.nodes().len()), (28, 22));
    /// assert_eq!(with.trained_parameters(), without.trained_parameters());
    /// ```
    #[must_use]
    pub fn without_dropout(&self) -> Self {
        let kept = |node: &Node| match node {
            Node::Layer(AnyLayer::Dropout(_)) => None,
            Node::Layer(_) => Some(node.clone()),
            Node::Residual(block) => {
                let [body, shortcut] = [&block.body, &block.shortcut].map(Network::without_dropout);
                Some(block.with_ways(body, shortcut).into())
            }
            Node::Network(network) => Some(network.without_dropout().into()),
        };
        self.nodes.iter().filter_map(kept).collect()
    }

    /// Number of trained numbers.
    pub fn trained_parameters(&self) -> usize {
        self.parameters().iter().filter(|parameter| parameter.role.is_trained()).map(Parameter::len).sum()
    }

    /// For each node: its number, itself, and its part of the weights. Behind the last node that has its
    /// weights, none are left over.
    fn with_weights<'a, S>(&'a self, weights: &'a [ArrayD<S>]) -> Result<Vec<Placed<'a, S>>, LayerError> {
        let counts: Vec<usize> = self.nodes.iter().map(|node| node.parameters().len()).collect();
        let expected = counts.iter().sum();
        if expected != weights.len() {
            let found = weights.len();
            return Err(LayerError::WeightCount { layer: self.name(), expected, found });
        }
        let mut rest = weights;
        Ok(counts
            .into_iter()
            .zip(&self.nodes)
            .enumerate()
            .map(|(place, (count, node))| {
                let (first, others) = rest.split_at(count);
                rest = others;
                (place, node, first)
            })
            .collect())
    }

    /// The inputs of all nodes, and the output.
    fn activations<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<Vec<ArrayD<S>>, LayerError> {
        let mut activations = vec![x.clone()];
        for (place, node, weights) in self.with_weights(weights)? {
            let input = &activations[place];
            let output = node.forward(input, weights, mode.at(place));
            activations.push(output.map_err(|source| inside(place, source))?);
        }
        Ok(activations)
    }

    /// Folds a fact about each node over the shapes that reach it.
    fn over_shapes<T>(
        &self,
        input: &[usize],
        first: T,
        mut fold: impl FnMut(T, &Node, &[usize]) -> Result<T, LayerError>,
    ) -> Result<T, LayerError> {
        let (mut shape, mut value) = (input.to_vec(), first);
        for (place, node) in self.nodes.iter().enumerate() {
            value = fold(value, node, &shape).map_err(|source| inside(place, source))?;
            shape = node.output_shape(&shape).map_err(|source| inside(place, source))?;
        }
        Ok(value)
    }
}

impl<N: Into<Node>> FromIterator<N> for Network {
    fn from_iter<I: IntoIterator<Item = N>>(nodes: I) -> Self {
        Network { nodes: nodes.into_iter().map(Into::into).collect() }
    }
}

impl Layer for Network {
    fn name(&self) -> String {
        format!("network of {} layers", self.nodes.len())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let mut shape = input.to_vec();
        for (place, node) in self.nodes.iter().enumerate() {
            shape = node.output_shape(&shape).map_err(|source| inside(place, source))?;
        }
        Ok(shape)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let named = |(place, node): (usize, &Node)| {
            let parameters = node.parameters();
            parameters.into_iter().map(move |mut parameter| {
                parameter.name = format!("{place}.{}", parameter.name);
                parameter
            })
        };
        self.nodes.iter().enumerate().flat_map(named).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        match self.nodes.as_slice() {
            [] => Ok(View::Entry),
            [node] => node.view(input),
            _ => self.output_shape(input).map(|_| View::Everything),
        }
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        let axes = input.len().saturating_sub(2);
        self.over_shapes(input, Symmetry::full(axes), |symmetry, node, shape| {
            Ok(symmetry.then(&node.symmetry(shape)?))
        })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        let argument = Equivariance::of(self, input, from)?;
        Ok(OutputType { feature: argument.feature().clone(), because: "all of its layers do".to_owned() })
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.over_shapes(input, 0, |sum, node, shape| Ok(sum + node.connections(shape)?))
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let mut value = x.clone();
        for (place, node, weights) in self.with_weights(weights)? {
            value = node.forward(&value, weights, mode.at(place)).map_err(|source| inside(place, source))?;
        }
        Ok(value)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let activations = self.activations(x, weights, mode)?;
        let mut gradient = output_gradient.clone();
        let mut from_the_end = Vec::new();
        for (place, node, weights) in self.with_weights(weights)?.into_iter().rev() {
            let input = &activations[place];
            let Gradients { input, weights } = node
                .backward(input, weights, mode.at(place), &gradient)
                .map_err(|source| inside(place, source))?;
            gradient = input;
            from_the_end.push(weights);
        }
        Ok(Gradients { input: gradient, weights: from_the_end.into_iter().rev().flatten().collect() })
    }
}
