//! From the layers of a network to the operators of a graph.

mod pooling;

use ndarray::ArrayD;

use super::{Graph, OnnxError, Setting, Value, Windows};
use crate::conv::{Boundary, Options};
use crate::layer::{
    Activation, AnyLayer, BatchNormalisation, Convolution, CustomLayer, Dense, EquivariantLinear,
    GroupNormalisation, Layer, LayerNormalisation, Mode, SetLinear, TransposedConvolution, Upsample, matrix,
};
use crate::network::{Join, Network, Node, Part, Weights};

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
                    let block_output = block.output_shape(&shape)?;
                    let body = format!("{place}.body.");
                    let (sum, _) = self.network(&block.body, &body, value.clone(), shape.clone())?;
                    let shortcut = format!("{place}.shortcut.");
                    let (other, _) = self.network(&block.shortcut, &shortcut, value, shape)?;
                    self.graph.at(place);
                    let joined = match block.join {
                        Join::Sum => self.graph.add(&sum, &other),
                        Join::Concatenation => {
                            self.graph.operator("Concat", &[&sum, &other], &[("axis", Setting::Integer(1))])
                        }
                    };
                    (joined, block_output)
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
            AnyLayer::Activation(Activation::Elu(scale)) => {
                self.graph.operator("Elu", &[x], &[("alpha", Setting::Float(scale.to()))])
            }
            AnyLayer::Activation(Activation::Silu) => {
                let share = self.graph.sigmoid(x);
                self.graph.operator("Mul", &[x, &share], &[])
            }
            AnyLayer::Activation(Activation::Gelu) => self.gelu(x),
            AnyLayer::Activation(Activation::GeluByTanh) => self.gelu_by_tanh(x),
            AnyLayer::LogSoftmax(_) => {
                self.graph.operator("LogSoftmax", &[x], &[("axis", Setting::Integer(1))])
            }
            AnyLayer::GroupNormalisation(layer) => self.group_normalisation(layer, x, &shape[1..]),
            AnyLayer::LayerNormalisation(layer) => self.layer_normalisation(layer, x, shape.len()),
            AnyLayer::Upsample(layer) => self.upsample(layer, x),
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

    fn normalisation(&mut self, layer: &BatchNormalisation, x: &Value) -> Value {
        let weights = [self.parameter(), self.parameter(), self.parameter(), self.parameter()];
        self.graph.batch_normalization(x, weights.each_ref(), layer.delta.to())
    }

    fn dense(&mut self, layer: &Dense, x: &Value) -> Value {
        let weight = self.parameter();
        let bias = layer.bias.then(|| self.parameter());
        self.graph.gemm(x, &weight, bias.as_ref())
    }

    /// By its formula, x/2 + x/2·erf(x/√2): operator sets before 20 have no operator for it.
    fn gelu(&mut self, x: &Value) -> Value {
        let graph = &mut self.graph;
        let scaled = graph.scale(x, std::f32::consts::FRAC_1_SQRT_2);
        let (half, share) = (graph.scale(x, 0.5), graph.operator("Erf", &[&scaled], &[]));
        let bent = graph.operator("Mul", &[&half, &share], &[]);
        graph.add(&half, &bent)
    }

    /// By its formula too.
    fn gelu_by_tanh(&mut self, x: &Value) -> Value {
        let graph = &mut self.graph;
        let square = graph.operator("Mul", &[x, x], &[]);
        let cube = graph.operator("Mul", &[&square, x], &[]);
        let cube = graph.scale(&cube, 0.044_715);
        let inner = graph.add(x, &cube);
        let inner = graph.scale(&inner, (2.0 / std::f64::consts::PI).sqrt() as f32);
        let (tangent, half) = (graph.tanh(&inner), graph.scale(x, 0.5));
        let bent = graph.operator("Mul", &[&half, &tangent], &[]);
        graph.add(&half, &bent)
    }

    /// Instance normalisation of the groups, each in a line, then the numbers of each channel.
    fn group_normalisation(&mut self, layer: &GroupNormalisation, x: &Value, sample: &[usize]) -> Value {
        let place = self.next;
        let entries = sample.iter().product::<usize>() / layer.groups;
        let lines = self.graph.reshape(x, &[layer.groups, entries]);
        let mut each = |name: &str, value: f32| {
            let values = vec![value; layer.groups];
            self.graph.parameter(&format!("{place}.{name}"), &[layer.groups], &values)
        };
        let (ones, zeros) = (each("ones", 1.0), each("zeros", 0.0));
        let epsilon = [("epsilon", Setting::Float(layer.delta.to()))];
        let lines = self.graph.operator("InstanceNormalization", &[&lines, &ones, &zeros], &epsilon);
        let mut y = self.graph.reshape(&lines, sample);
        if layer.affine {
            let shape = [&[layer.channels], &vec![1; sample.len() - 1][..]].concat();
            for operator in ["Mul", "Add"] {
                let part = &self.weights.parts[self.next];
                self.next += 1;
                let values = self.weights.values(part);
                let values: Vec<_> =
                    (0..layer.channels).map(|channel| values[channel / layer.orbit]).collect();
                let numbers = self.graph.parameter(&part.name, &shape, &values);
                y = self.graph.operator(operator, &[&y, &numbers], &[]);
            }
        }
        y
    }

    /// `LayerNormalization` is over the last axes: others are brought there, and back.
    fn layer_normalisation(&mut self, layer: &LayerNormalisation, x: &Value, rank: usize) -> Value {
        let (order, place) = (layer.order(rank), self.next);
        let weights = if layer.affine {
            [self.parameter(), self.parameter()]
        } else {
            [("ones", 1.0), ("zeros", 0.0)].map(|(name, value)| {
                let values = vec![value; layer.shape.iter().product()];
                self.graph.parameter(&format!("{place}.{name}"), &layer.shape, &values)
            })
        };
        let x = self.graph.transpose(x, &order);
        let axes = layer.shape.len();
        let y = self.graph.layer_normalization(&x, weights.each_ref(), axes, layer.delta.to());
        let back: Vec<_> = (0..rank).flat_map(|axis| order.iter().position(|&from| from == axis)).collect();
        self.graph.transpose(&y, &back)
    }

    fn upsample(&mut self, layer: &Upsample, x: &Value) -> Value {
        let coordinates = match () {
            () if layer.is_nearest() => "asymmetric",
            () if layer.aligns_corners() => "align_corners",
            () => "half_pixel",
        };
        let mode = if layer.is_nearest() { "nearest" } else { "linear" };
        self.graph.resize(x, layer.factors(), mode, coordinates)
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
