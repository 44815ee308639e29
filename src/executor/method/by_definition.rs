//! Any layer on a chunk, by its own `forward` and `backward`.
//!
//! For layers that have no method here, those of users among them. The samples of the chunk are taken apart
//! and put side by side again. Cost: that of the layer, two transpositions, and an allocation for each array.

use std::ops::Range;

use ndarray::ArrayD;

use crate::executor::layout::{deinterleave, interleave};
use crate::layer::{AnyLayer, Layer, LayerError, Mode, Parameter};
use crate::network::Weights;

/// A layer, its shapes, and where its weights are.
#[derive(Clone, Debug)]
pub struct ByDefinition {
    layer: AnyLayer,
    /// The shapes of a sample.
    input: Vec<usize>,
    output: Vec<usize>,
    parameters: Vec<Parameter>,
    /// For each parameter its part of the trained weights, or of the running statistics.
    places: Vec<Range<usize>>,
}

/// What the layer is asked on: the samples of a chunk, all weights of the network, and the mode of its place.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub samples: usize,
    pub weights: &'a Weights,
    pub mode: Mode,
}

impl ByDefinition {
    /// Runs a custom layer once on zeros, forward and backward: what it says of itself has to be so.
    ///
    /// # Errors
    /// If it is not.
    pub fn new(
        layer: AnyLayer,
        input: &[usize],
        output: &[usize],
        places: Vec<Range<usize>>,
    ) -> Result<Self, LayerError> {
        let parameters = layer.parameters();
        if matches!(layer, AnyLayer::CustomLayer(_)) {
            let zeros: Vec<_> = parameters.iter().map(|part| ArrayD::zeros(part.shape.clone())).collect();
            let x = ArrayD::<f32>::zeros(input);
            let y = layer.forward(&x, &zeros, Mode::Inference)?;
            layer.backward(&x, &zeros, Mode::Inference, &y)?;
        }
        let (input, output) = (input[1..].to_vec(), output[1..].to_vec());
        Ok(ByDefinition { layer, input, output, parameters, places })
    }

    /// The output of a chunk.
    ///
    /// # Panics
    /// If the layer refuses an input whose shape it takes.
    pub fn forward(&self, situation: Situation<'_>, x: &[f32], y: &mut [f32]) {
        let x = rows(x, situation.samples, &self.input);
        let output = self.layer.forward(&x, &self.arrays(situation.weights), situation.mode);
        side_by_side(&output.unwrap_or_else(|error| refused(&error)), y);
    }

    /// The gradient of the input, and that of each trained parameter, which goes to `keep` with its place.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn backward(
        &self,
        situation: Situation<'_>,
        x: &[f32],
        output_gradient: &[f32],
        input_gradient: Option<&mut [f32]>,
        mut keep: impl FnMut(&Range<usize>, &ArrayD<f32>),
    ) {
        let x = rows(x, situation.samples, &self.input);
        let slope = rows(output_gradient, situation.samples, &self.output);
        let arrays = self.arrays(situation.weights);
        let gradients = self.layer.backward(&x, &arrays, situation.mode, &slope);
        let gradients = gradients.unwrap_or_else(|error| refused(&error));
        let trained = self.parameters.iter().zip(&self.places).filter(|(part, _)| part.role.is_trained());
        trained.zip(&gradients.weights).for_each(|((_, place), slope)| keep(place, slope));
        if let Some(input_gradient) = input_gradient {
            side_by_side(&gradients.input, input_gradient);
        }
    }

    fn arrays(&self, weights: &Weights) -> Vec<ArrayD<f32>> {
        let array = |(part, place): (&Parameter, &Range<usize>)| {
            let from = if part.role.is_trained() { &weights.trained } else { &weights.running };
            array(from[place.clone()].to_vec(), &part.shape)
        };
        self.parameters.iter().zip(&self.places).map(array).collect()
    }
}

fn refused(error: &LayerError) -> ! {
    panic!("a layer refuses what it took when the network was compiled: {error}")
}

fn array(values: Vec<f32>, shape: &[usize]) -> ArrayD<f32> {
    ArrayD::from_shape_vec(shape, values)
        .unwrap_or_else(|_| unreachable!("there are as many entries as the shape has"))
}

/// The samples of a chunk, (sample, shape…).
fn rows(chunk: &[f32], samples: usize, shape: &[usize]) -> ArrayD<f32> {
    let features: usize = shape.iter().product();
    let mut values = vec![0.0; samples * features];
    deinterleave(chunk, features, &mut values);
    array(values, &[&[samples], shape].concat())
}

fn side_by_side(rows: &ArrayD<f32>, chunk: &mut [f32]) {
    let features = rows.shape()[1..].iter().product();
    let values: Vec<f32> = rows.iter().copied().collect();
    interleave(&values, features, chunk);
}
