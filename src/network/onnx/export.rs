//! From the layers of a network to the operators of a graph.

use ndarray::ArrayD;

use super::{Graph, OnnxError, Value, Windows};
use crate::conv::{Boundary, Options};
use crate::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, CustomLayer, Dense,
    EquivariantLinear, GlobalPool, GroupPool, Layer, Mode, Pool, Reduction, SetLinear, TransposedConvolution,
    matrix,
};
use crate::network::{Network, Node, Part, Weights};

/// A graph, and how many of the weights are in it.
pub(super) struct Export<'a, W> {
    pub(super) graph: Graph,
    weights: &'a Weights,
    next: usize,
    /// Writes custom layers.
    write: W,
}

impl<'a, W> Export<'a, W>
where
    W: Fn(&CustomLayer, &mut Graph, &Value, &[Value]) -> Option<Value>,
{
    pub(super) fn new(sample: &[usize], weights: &'a Weights, write: W) -> Self {
        Export { graph: Graph::new(sample), weights, next: 0, write }
    }

    /// Appends a network that stands at a place; returns its output and the shape of that.
    pub(super) fn network(
        &mut self,
        network: &Network,
        prefix: &str,
        mut value: Value,
        mut shape: Vec<usize>,
    ) -> Result<(Value, Vec<usize>), OnnxError> {
        for (number, node) in network.nodes().iter().enumerate() {
            let place = format!("{prefix}{number}");
            (value, shape) = match node {
                Node::Layer(layer) => {
                    self.graph.at(place.as_str());
                    let output = layer.output_shape(&shape)?;
                    (self.layer(layer, &place, &value, &shape)?, output)
                }
                Node::Residual(block) => {
                    let body = format!("{place}.body.");
                    let (sum, output) = self.network(&block.body, &body, value.clone(), shape.clone())?;
                    let shortcut = format!("{place}.shortcut.");
                    let (other, _) = self.network(&block.shortcut, &shortcut, value, shape)?;
                    self.graph.at(place);
                    (self.graph.add(&sum, &other), output)
                }
                Node::Network(network) => self.network(network, &format!("{place}."), value, shape)?,
            };
        }
        Ok((value, shape))
    }

    fn layer(
        &mut self,
        layer: &AnyLayer,
        place: &str,
        x: &Value,
        shape: &[usize],
    ) -> Result<Value, OnnxError> {
        Ok(match layer {
            AnyLayer::Convolution(layer) => self.convolution(layer, x),
            AnyLayer::TransposedConvolution(layer) => self.transposed(layer, place, x)?,
            AnyLayer::Pool(layer) => self.pool(layer, place, x, shape)?,
            AnyLayer::AdaptivePool(layer) => self.adaptive(layer, place, x, shape)?,
            AnyLayer::GlobalPool(layer) => self.global(layer, x, shape.len()),
            AnyLayer::BatchNormalisation(layer) => self.normalisation(layer, x),
            AnyLayer::Dense(layer) => self.dense(layer, x),
            AnyLayer::EquivariantLinear(layer) => self.equivariant(layer, x, shape)?,
            AnyLayer::SetLinear(layer) => self.set(layer, x),
            AnyLayer::Activation(Activation::Relu) => self.graph.relu(x),
            AnyLayer::Activation(Activation::LeakyRelu(slope)) => self.graph.leaky_relu(x, slope.to()),
            AnyLayer::Activation(Activation::Tanh) => self.graph.tanh(x),
            AnyLayer::Activation(Activation::Sigmoid) => self.graph.sigmoid(x),
            AnyLayer::Softmax(_) => self.graph.softmax(x),
            AnyLayer::Flatten(_) => self.graph.flatten(x),
            AnyLayer::Dropout(_) => x.clone(),
            AnyLayer::CustomLayer(layer) => {
                let weights: Vec<_> = layer.parameters().iter().map(|_| self.parameter()).collect();
                let needs = "an exporter that is told what to write for it";
                (self.write)(layer, &mut self.graph, x, &weights)
                    .ok_or_else(|| unsupported(place, layer, needs))?
            }
            AnyLayer::GroupPool(layer) => self.group_pool(layer, x, &shape[2..])?,
            AnyLayer::GroupConvolution(layer) => {
                unreachable!("{} is exported as the ordinary one that it is", layer.name())
            }
        })
    }

    fn convolution(&mut self, layer: &Convolution, x: &Value) -> Value {
        let mut windows = windows(&layer.taps, &layer.options);
        let mut x = x.clone();
        if layer.options.boundary != Boundary::Zero
            && windows.padding.iter().any(|&padding| padding != (0, 0))
        {
            x = self.graph.pad(&x, &windows.padding, layer.options.boundary);
            windows.padding.clear();
        }
        let weight = self.parameter();
        let bias = layer.bias.then(|| self.parameter());
        self.graph.conv(&x, &weight, bias.as_ref(), &windows, layer.options.groups)
    }

    fn transposed(
        &mut self,
        layer: &TransposedConvolution,
        place: &str,
        x: &Value,
    ) -> Result<Value, OnnxError> {
        let windows = windows(&layer.taps, &layer.options);
        if layer.options.boundary != Boundary::Zero
            && windows.padding.iter().any(|&padding| padding != (0, 0))
        {
            return Err(unsupported(place, layer, "padding by zeros"));
        }
        let weight = self.parameter();
        let bias = layer.bias.then(|| self.parameter());
        let (groups, output_padding) = (layer.options.groups, &layer.output_padding);
        Ok(self.graph.conv_transpose(x, &weight, bias.as_ref(), &windows, groups, output_padding))
    }

    /// Runtimes ask that padding be less than the taps. Padding that no window reads is left out; where more
    /// is left, which needs dilation, it is a node of its own.
    fn pool(&mut self, layer: &Pool, place: &str, x: &Value, shape: &[usize]) -> Result<Value, OnnxError> {
        let outputs = layer.output_shape(shape)?;
        let read = layer.padding.iter().enumerate().map(|(axis, &(before, _))| {
            let span = (layer.taps[axis] - 1) * layer.dilation.get(axis).unwrap_or(&1) + 1;
            let end = (outputs[2 + axis] - 1) * layer.stride[axis] + span;
            (before, end.saturating_sub(shape[2 + axis] + before))
        });
        let mut padding: Vec<_> = read.collect();
        let mut x = x.clone();
        if padding.iter().zip(&layer.taps).any(|(&(before, after), &taps)| before.max(after) >= taps) {
            let border = match layer.reduction {
                Reduction::Maximum => f32::NEG_INFINITY,
                Reduction::Mean if !layer.padding_counts => {
                    return Err(unsupported(place, layer, "less padding than taps, or padding that counts"));
                }
                Reduction::Mean | Reduction::Sum => 0.0,
            };
            x = self.graph.pad_with(&x, &padding, border);
            padding.clear();
        }
        let is_dense = layer.dilation.iter().all(|&dilation| dilation == 1);
        let dilation = if is_dense { vec![] } else { layer.dilation.clone() };
        let windows = Windows { taps: layer.taps.clone(), stride: layer.stride.clone(), dilation, padding };
        Ok(match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(&x, &windows),
            Reduction::Mean => self.graph.average_pool(&x, &windows, layer.padding_counts),
            Reduction::Sum => self.sum_pool(&x, &windows),
        })
    }

    /// The sum is the mean over all taps, those in the padding too, times their number.
    fn sum_pool(&mut self, x: &Value, windows: &Windows) -> Value {
        let mean = self.graph.average_pool(x, windows, true);
        self.graph.scale(&mean, windows.taps.iter().product::<usize>() as f32)
    }

    /// Windows are of one size if their number divides the length: they tile it.
    fn adaptive(
        &mut self,
        layer: &AdaptivePool,
        place: &str,
        x: &Value,
        shape: &[usize],
    ) -> Result<Value, OnnxError> {
        let mut taps = Vec::new();
        for (&length, &outputs) in shape[2..].iter().zip(&layer.outputs) {
            if !length.is_multiple_of(outputs) {
                let needs = format!("a length that is a multiple of {outputs}, found {length}");
                return Err(unsupported(place, layer, needs));
            }
            taps.push(length / outputs);
        }
        let windows = Windows { stride: taps.clone(), taps, ..Windows::default() };
        Ok(match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(x, &windows),
            Reduction::Mean => self.graph.average_pool(x, &windows, true),
            Reduction::Sum => self.sum_pool(x, &windows),
        })
    }

    fn global(&mut self, layer: &GlobalPool, x: &Value, rank: usize) -> Value {
        if rank == 2 {
            return x.clone();
        }
        let pooled = self.over_space(layer.reduction, x, rank - 2);
        self.graph.flatten(&pooled)
    }

    /// One entry for each channel, the axes of space kept.
    fn over_space(&mut self, reduction: Reduction, x: &Value, axes: usize) -> Value {
        match reduction {
            Reduction::Maximum => self.graph.global_max_pool(x),
            Reduction::Mean => self.graph.global_average_pool(x),
            Reduction::Sum => self.graph.sum_over_space(x, axes),
        }
    }

    /// A convolution with one tap of the points, another of what is pooled over them, and the sum of both.
    fn set(&mut self, layer: &SetLinear, x: &Value) -> Value {
        let one_tap = Windows { taps: vec![1], ..Windows::default() };
        let [weight, pooled_weight] =
            [(), ()].map(|()| self.parameter_of_shape(&[layer.outputs, layer.inputs, 1]));
        let bias = layer.bias.then(|| self.parameter());
        let of_points = self.graph.conv(x, &weight, None, &one_tap, 1);
        let pooled = self.over_space(layer.pooling, x, 1);
        let of_set = self.graph.conv(&pooled, &pooled_weight, bias.as_ref(), &one_tap, 1);
        self.graph.add(&of_points, &of_set)
    }

    /// A dense layer by the matrix Σ w_b·B_b and the bias Σ β_k·u_k, which are computed here.
    fn equivariant(
        &mut self,
        layer: &EquivariantLinear,
        x: &Value,
        shape: &[usize],
    ) -> Result<Value, OnnxError> {
        let count = layer.parameters().len();
        let parts = &self.weights.parts[self.next..][..count];
        self.next += count;
        let array = |part: &Part| {
            let values = self.weights.values(part).to_vec();
            ArrayD::from_shape_vec(part.shape.as_slice(), values)
                .unwrap_or_else(|_| unreachable!("a part has as many numbers as its shape"))
        };
        let arrays: Vec<ArrayD<f32>> = parts.iter().map(array).collect();
        let weight = matrix(layer, &shape[1..], &arrays)?;
        let at_zero =
            layer.forward(&ArrayD::zeros([&[1], &shape[1..]].concat()), &arrays, Mode::Inference)?;
        let values: Vec<_> = weight.iter().copied().collect();
        let weight = self.graph.parameter(&parts[0].name, &[weight.nrows(), weight.ncols()], &values);
        let bias = parts.get(1).map(|part| {
            let values: Vec<_> = at_zero.iter().copied().collect();
            self.graph.parameter(&part.name, &[values.len()], &values)
        });
        let flat = self.graph.flatten(x);
        let mapped = self.graph.gemm(&flat, &weight, bias.as_ref());
        Ok(self.graph.reshape(&mapped, &at_zero.shape()[1..]))
    }

    /// The channels of a set side by side, then the maximum, mean or sum over them.
    fn group_pool(&mut self, layer: &GroupPool, x: &Value, space: &[usize]) -> Result<Value, OnnxError> {
        let sets = layer.sets()?;
        let channels = (0..layer.to.fields()).flat_map(|field| {
            let first = field * layer.together * layer.from.size();
            sets.iter().flatten().map(move |channel| first + channel)
        });
        let channels: Vec<_> = channels.collect();
        let mut x = x.clone();
        if !channels.is_sorted() {
            x = self.graph.gather_channels(&x, &channels);
        }
        // One axis for the members of a set and one for all pixels: windows of a whole set, of one pixel.
        let (members, pixels) = (sets[0].len(), space.iter().product());
        let split = self.graph.reshape(&x, &[layer.to.channels(), members, pixels]);
        let taps = vec![members, 1];
        let windows = Windows { stride: taps.clone(), taps, ..Windows::default() };
        let pooled = match layer.reduction {
            Reduction::Maximum => self.graph.max_pool(&split, &windows),
            Reduction::Mean => self.graph.average_pool(&split, &windows, true),
            Reduction::Sum => self.sum_pool(&split, &windows),
        };
        Ok(self.graph.reshape(&pooled, &[&[layer.to.channels()], space].concat()))
    }

    fn normalisation(&mut self, layer: &BatchNormalisation, x: &Value) -> Value {
        let weights = [self.parameter(), self.parameter(), self.parameter(), self.parameter()];
        self.graph.batch_normalization(x, weights.each_ref(), layer.delta.to())
    }

    fn dense(&mut self, layer: &Dense, x: &Value) -> Value {
        let weight = self.parameter();
        let bias = layer.bias.then(|| self.parameter());
        self.graph.gemm(x, &weight, bias.as_ref())
    }

    /// The next array of weights.
    fn parameter(&mut self) -> Value {
        let shape = self.weights.parts[self.next].shape.clone();
        self.parameter_of_shape(&shape)
    }

    /// The next array of weights, in another shape.
    fn parameter_of_shape(&mut self, shape: &[usize]) -> Value {
        let part = &self.weights.parts[self.next];
        self.next += 1;
        self.graph.parameter(&part.name, shape, self.weights.values(part))
    }
}

fn windows(taps: &[usize], options: &Options) -> Windows {
    Windows {
        taps: taps.to_vec(),
        stride: options.stride.clone(),
        dilation: options.dilation.clone(),
        padding: options.padding.clone(),
    }
}

fn unsupported(place: &str, layer: &impl Layer, needs: impl Into<String>) -> OnnxError {
    OnnxError::Unsupported { place: place.to_owned(), layer: layer.name(), needs: needs.into() }
}
