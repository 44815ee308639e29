//! The residual block: y = body(x) + shortcut(x), the empty shortcut being the identity.
//!
//! Source: K. He et al., *Deep residual learning for image recognition*, 2016, section 3.2.

use ndarray::ArrayD;

use super::Network;
use super::sequence::inside;
use crate::layer::{Gradients, Layer, LayerError, Mode, OutputType, Parameter, Symmetry, View};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// The sum of two ways from input to output. Parameters are named `body.…` and `shortcut.…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Residual {
    /// The layers that learn the difference.
    pub body: Network,
    /// What is added to it; empty for the input itself.
    pub shortcut: Network,
}

/// Places of the two ways, for the masks of dropout.
const WAYS: [&str; 2] = ["body", "shortcut"];

impl Residual {
    /// A body around which the input itself is led.
    pub fn new(body: Network) -> Self {
        Residual { body, shortcut: Network::new() }
    }

    /// With these layers in the shortcut.
    #[must_use]
    pub fn shortcut(mut self, shortcut: Network) -> Self {
        self.shortcut = shortcut;
        self
    }

    fn ways(&self) -> [&Network; 2] {
        [&self.body, &self.shortcut]
    }

    fn both<T>(
        &self,
        mut ask: impl FnMut(usize, &Network) -> Result<T, LayerError>,
    ) -> Result<[T; 2], LayerError> {
        let [body, shortcut] = self.ways();
        let mut told = |way: usize, network| ask(way, network).map_err(|source| inside(WAYS[way], source));
        Ok([told(0, body)?, told(1, shortcut)?])
    }

    fn split<'a, S>(&self, weights: &'a [ArrayD<S>]) -> Result<[&'a [ArrayD<S>]; 2], LayerError> {
        let [body, shortcut] = self.ways().map(|way| way.parameters().len());
        if body + shortcut != weights.len() {
            let (expected, found) = (body + shortcut, weights.len());
            return Err(LayerError::WeightCount { layer: self.name(), expected, found });
        }
        let (first, second) = weights.split_at(body);
        Ok([first, second])
    }
}

impl Layer for Residual {
    fn name(&self) -> String {
        format!("residual block of {} and {} layers", self.body.nodes().len(), self.shortcut.nodes().len())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let [body, shortcut] = self.both(|_, way| way.output_shape(input))?;
        if body != shortcut {
            return Err(LayerError::Residual { input: input.to_vec(), body, shortcut });
        }
        Ok(body)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let named = |(way, network): (&str, &Network)| {
            let named = |mut parameter: Parameter| {
                parameter.name = format!("{way}.{}", parameter.name);
                parameter
            };
            network.parameters().into_iter().map(named).collect::<Vec<_>>()
        };
        WAYS.into_iter().zip(self.ways()).flat_map(named).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    /// What both ways keep, in the same manner.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        let [body, shortcut] = self.both(|_, way| way.symmetry(input))?;
        let common = |(a, b): (&Option<usize>, &Option<usize>)| if a == b { *a } else { None };
        Ok(Symmetry {
            translations: body.translations.iter().zip(&shortcut.translations).map(common).collect(),
            flips: body.flips.iter().zip(&shortcut.flips).map(|(a, b)| *a && *b).collect(),
            axes_alike: body.axes_alike && shortcut.axes_alike,
            kernel_turns: body.kernel_turns || shortcut.kernel_turns,
            invariant: body.invariant && shortcut.invariant,
        })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        self.output_shape(input)?;
        let [body, shortcut] = self.both(|_, way| way.output_type(input, from))?;
        if body.feature != shortcut.feature {
            let hypothesis = format!("its ways end in {} and {}", body.feature, shortcut.feature);
            return Err(LayerError::Equivariance {
                layer: self.name(),
                group: from.group().to_string(),
                hypothesis,
                suggestion: "end both in one type".to_owned(),
            });
        }
        Ok(OutputType {
            feature: body.feature,
            because: "both of its ways do, and end in one type".to_owned(),
        })
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        let [body, shortcut] = self.both(|_, way| way.connections(input))?;
        Ok(body + shortcut)
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        let weights = self.split(weights)?;
        let [body, shortcut] = self.both(|way, network| network.forward(x, weights[way], mode.at(way)))?;
        Ok(body + shortcut)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        self.output_shape(x.shape())?;
        let weights = self.split(weights)?;
        let [body, shortcut] =
            self.both(|way, network| network.backward(x, weights[way], mode.at(way), output_gradient))?;
        let weights = body.weights.into_iter().chain(shortcut.weights).collect();
        Ok(Gradients { input: body.input + shortcut.input, weights })
    }
}
