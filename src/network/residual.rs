//! Two ways from input to output, the empty shortcut being the identity: the residual block y = body(x) +
//! shortcut(x), and the skip connection y = (body(x), shortcut(x)), channels one after the other.
//!
//! Sources: K. He et al., *Deep residual learning for image recognition*, 2016, section 3.2; O. Ronneberger
//! et al., *U-Net*, 2015.

use ndarray::{ArrayD, Axis, Slice, concatenate};

use super::place::inside;
use super::tree::{Join, Network, Residual};
use crate::layer::{Gradients, Layer, LayerError, Mode, OutputType, Parameter, Symmetry, View};
use crate::scalar::{Ring, Scalar};
use crate::signal::FeatureType;

impl Join {
    /// What two ways give together, (batch, channels, …).
    ///
    /// # Panics
    /// If their shapes do not fit.
    pub(crate) fn of<S: Ring>(self, body: ArrayD<S>, shortcut: ArrayD<S>) -> ArrayD<S> {
        match self {
            Join::Sum => body + shortcut,
            Join::Concatenation => concatenate![Axis(1), body, shortcut],
        }
    }
}

/// Places of the two ways, for the masks of dropout.
const WAYS: [&str; 2] = ["body", "shortcut"];

impl Residual {
    /// A body around which the input itself is led.
    pub fn new(body: Network) -> Self {
        Residual { body, shortcut: Network::new(), join: Join::Sum }
    }

    /// With these layers in the shortcut.
    #[must_use]
    pub fn shortcut(mut self, shortcut: Network) -> Self {
        self.shortcut = shortcut;
        self
    }

    /// With the channels of the body and of the shortcut one after the other, not added.
    #[must_use]
    pub fn concatenated(mut self) -> Self {
        self.join = Join::Concatenation;
        self
    }

    /// The same join of other ways.
    pub(crate) fn with_ways(&self, body: Network, shortcut: Network) -> Self {
        Residual { body, shortcut, join: self.join }
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
        let kind = match self.join {
            Join::Sum => "residual block",
            Join::Concatenation => "skip connection",
        };
        format!("{kind} of {} and {} layers", self.body.nodes().len(), self.shortcut.nodes().len())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        let [body, shortcut] = self.both(|_, way| way.output_shape(input))?;
        let fits = match self.join {
            Join::Sum => body == shortcut,
            Join::Concatenation => {
                let without_channels =
                    |shape: &[usize]| [&shape[..1], shape.get(2..).unwrap_or_default()].concat();
                body.len() > 1 && shortcut.len() > 1 && without_channels(&body) == without_channels(&shortcut)
            }
        };
        if !fits {
            return Err(LayerError::Residual { input: input.to_vec(), body, shortcut });
        }
        let mut output = body;
        if self.join == Join::Concatenation {
            output[1] += shortcut[1];
        }
        Ok(output)
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
        let alike = match self.join {
            Join::Sum => body.feature == shortcut.feature,
            Join::Concatenation => body.feature.with_fields(1) == shortcut.feature.with_fields(1),
        };
        if !alike {
            let hypothesis = format!("its ways end in {} and {}", body.feature, shortcut.feature);
            return Err(LayerError::Equivariance {
                layer: self.name(),
                group: from.group().to_string(),
                hypothesis,
                suggestion: "end both in one type".to_owned(),
            });
        }
        if self.join == Join::Concatenation {
            let fields = body.feature.fields() + shortcut.feature.fields();
            let because = "both of its ways do, and end in fields of one type".to_owned();
            return Ok(OutputType { feature: body.feature.with_fields(fields), because });
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
        Ok(self.join.of(body, shortcut))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        let expected = self.output_shape(x.shape())?;
        if expected != output_gradient.shape() {
            let found = output_gradient.shape().to_vec();
            return Err(LayerError::Gradient { layer: self.name(), expected, found });
        }
        let weights = self.split(weights)?;
        let slopes = match self.join {
            Join::Sum => [output_gradient.clone(), output_gradient.clone()],
            Join::Concatenation => {
                let channels = self.body.output_shape(x.shape())?[1];
                let part = |part: Slice| output_gradient.slice_axis(Axis(1), part).to_owned();
                [part(Slice::from(..channels)), part(Slice::from(channels..))]
            }
        };
        let [body, shortcut] =
            self.both(|way, network| network.backward(x, weights[way], mode.at(way), &slopes[way]))?;
        let weights = body.weights.into_iter().chain(shortcut.weights).collect();
        Ok(Gradients { input: body.input + shortcut.input, weights })
    }
}
