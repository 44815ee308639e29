//! A builder of ONNX graphs: one method for each operator.
//!
//! Operators follow the [standard](https://onnx.ai/onnx/operators/); a method documents what it adds to that.
//! A graph is of operator set 13 (and format version 7), or of 17 (and 8) or 19 (and 9) if it needs what came
//! later, so that as many readers as possible take it.

use std::collections::HashSet;

use prost::Message;

use super::setting::{Setting, float, int, ints};
use crate::conv::Boundary;
use crate::onnx::message::{
    Attribute, DataType, Dimension, Extent, Graph as GraphMessage, Model, Node, OperatorSet, Shape, Tensor,
    TensorType, Type, ValueInfo,
};

/// The name of a tensor in a graph: its input, a parameter, or the output of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

/// Windows along each axis of space. An empty list leaves the operator's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Taps.
    pub taps: Vec<usize>,
    /// Strides.
    pub stride: Vec<usize>,
    /// Dilations.
    pub dilation: Vec<usize>,
    /// Padding `(before, after)`, by zeros, or by nothing in pooling.
    pub padding: Vec<(usize, usize)>,
}

impl Windows {
    fn attributes(&self) -> Vec<Attribute> {
        let (before, after): (Vec<_>, Vec<_>) = self.padding.iter().copied().unzip();
        let lists = [
            ("kernel_shape", self.taps.clone()),
            ("strides", self.stride.clone()),
            ("dilations", self.dilation.clone()),
            ("pads", [before, after].concat()),
        ];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| ints(name, &list)).collect()
    }
}

/// A graph under construction, with one input and one output whose first axis is a batch of any size.
#[derive(Clone, Debug)]
pub struct Graph {
    place: String,
    nodes: Vec<Node>,
    names: HashSet<String>,
    initializers: Vec<Tensor>,
    input: ValueInfo,
    operator_set: i64,
}

const INPUT: &str = "input";
const OUTPUT: &str = "output";

impl Graph {
    /// A graph with the input `input` of shape (batch, `sample`…).
    pub fn new(sample: &[usize]) -> Self {
        Graph {
            place: String::new(),
            nodes: Vec::new(),
            names: HashSet::new(),
            initializers: Vec::new(),
            input: batches(INPUT, sample),
            operator_set: 13,
        }
    }

    /// The input.
    pub fn input(&self) -> Value {
        Value(INPUT.to_owned())
    }

    /// Names the nodes that follow after this place, as in `2.body.0/Conv`.
    pub fn at(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// A constant tensor of `f32` in row-major order.
    ///
    /// # Panics
    /// If it has not as many values as its shape says.
    pub fn parameter(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let len: usize = shape.iter().product();
        assert_eq!(values.len(), len, "{name} has another number of values than its shape");
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, DataType::Float, bytes)
    }

    /// `Conv`, weight (outputs, inputs/groups, taps…).
    pub fn conv(
        &mut self,
        x: &Value,
        weight: &Value,
        bias: Option<&Value>,
        windows: &Windows,
        groups: usize,
    ) -> Value {
        let attributes = [windows.attributes(), vec![int("group", groups)]].concat();
        self.node("Conv", &[Some(x), Some(weight), bias], attributes)
    }

    /// `ConvTranspose`, weight (inputs, outputs/groups, taps…).
    pub fn conv_transpose(
        &mut self,
        x: &Value,
        weight: &Value,
        bias: Option<&Value>,
        windows: &Windows,
        groups: usize,
        output_padding: &[usize],
    ) -> Value {
        let mut attributes = [windows.attributes(), vec![int("group", groups)]].concat();
        if !output_padding.is_empty() {
            attributes.push(ints("output_padding", output_padding));
        }
        self.node("ConvTranspose", &[Some(x), Some(weight), bias], attributes)
    }

    /// `MaxPool`
    pub fn max_pool(&mut self, x: &Value, windows: &Windows) -> Value {
        self.node("MaxPool", &[Some(x)], windows.attributes())
    }

    /// `AveragePool`. Dilations need operator set 19.
    pub fn average_pool(&mut self, x: &Value, windows: &Windows, padding_counts: bool) -> Value {
        if !windows.dilation.is_empty() {
            self.operator_set = 19;
        }
        let attributes =
            [windows.attributes(), vec![int("count_include_pad", padding_counts.into())]].concat();
        self.node("AveragePool", &[Some(x)], attributes)
    }

    /// `GlobalMaxPool`, which keeps axes of space of length 1.
    pub fn global_max_pool(&mut self, x: &Value) -> Value {
        self.node("GlobalMaxPool", &[Some(x)], Vec::new())
    }

    /// `GlobalAveragePool`, which keeps axes of space of length 1.
    pub fn global_average_pool(&mut self, x: &Value) -> Value {
        self.node("GlobalAveragePool", &[Some(x)], Vec::new())
    }

    /// `ReduceSum` over so many axes of space, which are kept with length 1.
    pub fn sum_over_space(&mut self, x: &Value, axes: usize) -> Value {
        let axes: Vec<_> = (2..2 + axes).collect();
        let axes = self.integers("axes", &axes);
        self.node("ReduceSum", &[Some(x), Some(&axes)], Vec::new())
    }

    /// `Mul` by a number.
    pub fn scale(&mut self, x: &Value, factor: f32) -> Value {
        let name = format!("{}/factor", self.place);
        let factor = self.parameter(&name, &[], &[factor]);
        self.node("Mul", &[Some(x), Some(&factor)], Vec::new())
    }

    /// `BatchNormalization` as at inference; `weights` are scale, shift, mean and variance.
    pub fn batch_normalization(&mut self, x: &Value, weights: [&Value; 4], epsilon: f32) -> Value {
        let [scale, shift, mean, variance] = weights.map(Some);
        let inputs = [Some(x), scale, shift, mean, variance];
        self.node("BatchNormalization", &inputs, vec![float("epsilon", epsilon)])
    }

    /// `LayerNormalization` over so many of the last axes; `weights` are scale and shift. It needs operator
    /// set 17.
    pub fn layer_normalization(
        &mut self,
        x: &Value,
        weights: [&Value; 2],
        axes: usize,
        epsilon: f32,
    ) -> Value {
        self.operator_set = self.operator_set.max(17);
        let [scale, shift] = weights.map(Some);
        let axis = Setting::Integer(-(axes as i64)).attribute("axis");
        self.node("LayerNormalization", &[Some(x), scale, shift], vec![axis, float("epsilon", epsilon)])
    }

    /// `Transpose`: axis k of the result is axis `order[k]` of x. None, where that changes nothing.
    pub fn transpose(&mut self, x: &Value, order: &[usize]) -> Value {
        if order.is_sorted() {
            return x.clone();
        }
        self.node("Transpose", &[Some(x)], vec![ints("perm", order)])
    }

    /// `Gemm`: x·Wᵀ + b, weight (outputs, inputs).
    pub fn gemm(&mut self, x: &Value, weight: &Value, bias: Option<&Value>) -> Value {
        self.node("Gemm", &[Some(x), Some(weight), bias], vec![int("transB", 1)])
    }

    /// `Relu`
    pub fn relu(&mut self, x: &Value) -> Value {
        self.node("Relu", &[Some(x)], Vec::new())
    }

    /// `LeakyRelu`
    pub fn leaky_relu(&mut self, x: &Value, slope: f32) -> Value {
        self.node("LeakyRelu", &[Some(x)], vec![float("alpha", slope)])
    }

    /// `Tanh`
    pub fn tanh(&mut self, x: &Value) -> Value {
        self.node("Tanh", &[Some(x)], Vec::new())
    }

    /// `Sigmoid`
    pub fn sigmoid(&mut self, x: &Value) -> Value {
        self.node("Sigmoid", &[Some(x)], Vec::new())
    }

    /// `Softmax` over axis 1.
    pub fn softmax(&mut self, x: &Value) -> Value {
        self.node("Softmax", &[Some(x)], vec![int("axis", 1)])
    }

    /// `Flatten` of all axes but the batch.
    pub fn flatten(&mut self, x: &Value) -> Value {
        self.node("Flatten", &[Some(x)], vec![int("axis", 1)])
    }

    /// `Pad` of the axes of space behind batch and channels. Periodic padding needs operator set 19.
    pub fn pad(&mut self, x: &Value, padding: &[(usize, usize)], boundary: Boundary) -> Value {
        let mode = match boundary {
            Boundary::Zero => "constant",
            Boundary::Reflect => "reflect",
            Boundary::Replicate => "edge",
            Boundary::Periodic => "wrap",
        };
        if boundary == Boundary::Periodic {
            self.operator_set = 19;
        }
        let pads = self.pads(padding);
        let attribute = Setting::Text(mode.to_owned()).attribute("mode");
        self.node("Pad", &[Some(x), Some(&pads)], vec![attribute])
    }

    /// `Pad` of the axes of space by a number.
    pub fn pad_with(&mut self, x: &Value, padding: &[(usize, usize)], number: f32) -> Value {
        let pads = self.pads(padding);
        let number = self.parameter(&format!("{}/border", self.place), &[], &[number]);
        self.node("Pad", &[Some(x), Some(&pads), Some(&number)], Vec::new())
    }

    /// The amounts for all axes before the entries, then those behind.
    fn pads(&mut self, padding: &[(usize, usize)]) -> Value {
        let (before, after): (Vec<_>, Vec<_>) = padding.iter().copied().unzip();
        self.integers("pads", &[&[0, 0], before.as_slice(), &[0, 0], after.as_slice()].concat())
    }

    /// `Gather` of these channels, axis 1.
    pub fn gather_channels(&mut self, x: &Value, channels: &[usize]) -> Value {
        let indices = self.integers("channels", channels);
        self.node("Gather", &[Some(x), Some(&indices)], vec![int("axis", 1)])
    }

    /// `Reshape` of all axes but the batch.
    pub fn reshape(&mut self, x: &Value, sample: &[usize]) -> Value {
        // A zero stands for the length that is there.
        let shape = self.integers("shape", &[&[0], sample].concat());
        self.node("Reshape", &[Some(x), Some(&shape)], Vec::new())
    }

    /// `Resize` of the axes of space by whole factors; what is nearest is rounded down.
    pub fn resize(&mut self, x: &Value, factors: &[usize], mode: &str, coordinates: &str) -> Value {
        let factors: Vec<_> =
            [1.0, 1.0].into_iter().chain(factors.iter().map(|&factor| factor as f32)).collect();
        let scales = self.parameter(&format!("{}/scales", self.place), &[factors.len()], &factors);
        // The region of interest is left out by an empty name.
        let attributes =
            [("mode", mode), ("coordinate_transformation_mode", coordinates), ("nearest_mode", "floor")];
        let attributes = attributes.map(|(name, word)| Setting::Text(word.to_owned()).attribute(name));
        self.node("Resize", &[Some(x), Some(&Value(String::new())), Some(&scales)], attributes.into())
    }

    /// `Add`
    pub fn add(&mut self, x: &Value, y: &Value) -> Value {
        self.node("Add", &[Some(x), Some(y)], Vec::new())
    }

    /// `Identity`
    pub fn identity(&mut self, x: &Value) -> Value {
        self.node("Identity", &[Some(x)], Vec::new())
    }

    /// The bytes of the model whose output `output`, of shape (batch, `sample`…), is this value.
    pub fn finish(mut self, value: &Value, sample: &[usize]) -> Vec<u8> {
        let value = if *value == self.input() { self.identity(value) } else { value.clone() };
        for name in self.nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output)) {
            if *name == value.0 {
                OUTPUT.clone_into(name);
            }
        }
        let graph = GraphMessage {
            node: self.nodes,
            name: "network".to_owned(),
            initializer: self.initializers,
            input: vec![self.input],
            output: vec![batches(OUTPUT, sample)],
            ..GraphMessage::default()
        };
        let model = Model {
            ir_version: match self.operator_set {
                ..17 => 7,
                17..19 => 8,
                19.. => 9,
            },
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: Some(String::new()), version: self.operator_set }],
            ..Model::default()
        };
        model.encode_to_vec()
    }

    fn initializer(&mut self, name: &str, shape: &[usize], kind: DataType, raw_data: Vec<u8>) -> Value {
        let name = self.unique(name.to_owned());
        self.initializers.push(Tensor {
            dims: shape.iter().map(|&extent| extent as i64).collect(),
            data_type: kind.into(),
            name: name.clone(),
            raw_data,
            ..Tensor::default()
        });
        Value(name)
    }

    /// A constant list of `i64`, under this name at the place of its node.
    pub fn integers(&mut self, name: &str, list: &[usize]) -> Value {
        let bytes = list.iter().flat_map(|&integer| (integer as i64).to_le_bytes()).collect();
        self.initializer(&format!("{}/{name}", self.place), &[list.len()], DataType::Int64, bytes)
    }

    /// Any operator of the standard that has one output, by its name.
    pub fn operator(&mut self, operator: &str, inputs: &[&Value], settings: &[(&str, Setting)]) -> Value {
        let inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
        let attributes = settings.iter().map(|(name, setting)| setting.attribute(name)).collect();
        self.node(operator, &inputs, attributes)
    }

    /// Inputs that are missing at the end are left out.
    fn node(&mut self, operator: &str, inputs: &[Option<&Value>], attribute: Vec<Attribute>) -> Value {
        let name = self.unique(format!("{}/{operator}", self.place));
        let output = format!("{name}_output");
        self.nodes.push(Node {
            input: inputs.iter().flatten().map(|value| value.0.clone()).collect(),
            output: vec![output.clone()],
            name,
            op_type: operator.to_owned(),
            attribute,
            ..Node::default()
        });
        Value(output)
    }

    fn unique(&mut self, name: String) -> String {
        let mut candidate = name.clone();
        let mut number = 1;
        while !self.names.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        candidate
    }
}

fn batches(name: &str, sample: &[usize]) -> ValueInfo {
    let batch = Extent::Named("batch".to_owned());
    let extents = std::iter::once(batch).chain(sample.iter().map(|&extent| Extent::Fixed(extent as i64)));
    let shape = Shape { dim: extents.map(|extent| Dimension { value: Some(extent) }).collect() };
    let tensor_type = TensorType { elem_type: DataType::Float.into(), shape: Some(shape) };
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}
