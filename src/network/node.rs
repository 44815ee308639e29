//! An element of a network: a layer, a residual block, or a network again.

use ndarray::ArrayD;

use super::tree::Node;
use crate::layer::{Gradients, Layer, LayerError, Mode, OutputType, Parameter, Symmetry, View};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// Asks the kind of node that it is.
macro_rules! with_node {
    ($node:expr, $inside:ident => $call:expr) => {
        match $node {
            Node::Layer($inside) => $call,
            Node::Residual($inside) => $call,
            Node::Network($inside) => $call,
        }
    };
}

impl Layer for Node {
    fn name(&self) -> String {
        with_node!(self, inside => inside.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        with_node!(self, inside => inside.output_shape(input))
    }

    fn parameters(&self) -> Vec<Parameter> {
        with_node!(self, inside => inside.parameters())
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        with_node!(self, inside => inside.view(input))
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        with_node!(self, inside => inside.symmetry(input))
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        with_node!(self, inside => inside.output_type(input, from))
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        with_node!(self, inside => inside.connections(input))
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        with_node!(self, inside => inside.forward(x, weights, mode))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        with_node!(self, inside => inside.backward(x, weights, mode, output_gradient))
    }
}
