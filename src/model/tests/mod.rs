//! Models made by hand, with values computed by hand. Numbers are small integers or dyadic fractions, so that
//! floats are exact and compared for equality.

mod build;
mod families;
mod files;
mod readings;

use ndarray::{ArrayD, IxDyn};
use prost::Message;

use super::{Data, Floats, Model, ModelError, Program};
use crate::onnx::message::{
    self, Attribute, DataType, Dimension, Extent, Graph, Node, OperatorSet, Shape, Tensor, TensorType, Type,
    ValueInfo,
};

/// An attribute of a test.
pub(super) fn int(name: &str, value: i64) -> Attribute {
    Attribute { name: name.to_owned(), i: Some(value), ..Attribute::default() }
}

pub(super) fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), ints: values.to_vec(), ..Attribute::default() }
}

pub(super) fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: Some(value), ..Attribute::default() }
}

pub(super) fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), s: Some(value.as_bytes().to_vec()), ..Attribute::default() }
}

pub(super) fn array(shape: &[usize], values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
}

pub(super) fn list(values: &[f64]) -> ArrayD<f64> {
    array(&[values.len()], values)
}

/// A graph under construction.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) graph: Graph,
    pub(super) opset: i64,
}

impl Draft {
    pub(super) fn new(opset: i64) -> Self {
        Draft { graph: Graph::default(), opset }
    }

    pub(super) fn input(mut self, name: &str, shape: &[usize]) -> Self {
        let dim = shape.iter().map(|&n| Dimension { value: Some(Extent::Fixed(n as i64)) }).collect();
        let kind = TensorType { elem_type: DataType::Float.into(), shape: Some(Shape { dim }) };
        let r#type = Some(Type { tensor_type: Some(kind) });
        self.graph.input.push(ValueInfo { name: name.to_owned(), r#type });
        self
    }

    pub(super) fn floats(mut self, name: &str, array: &ArrayD<f64>) -> Self {
        self.graph.initializer.push(Tensor {
            dims: array.shape().iter().map(|&n| n as i64).collect(),
            data_type: DataType::Float.into(),
            name: name.to_owned(),
            float_data: array.iter().map(|&x| x as f32).collect(),
            ..Tensor::default()
        });
        self
    }

    pub(super) fn integers(mut self, name: &str, values: &[i64]) -> Self {
        self.graph.initializer.push(Tensor {
            dims: vec![values.len() as i64],
            data_type: DataType::Int64.into(),
            name: name.to_owned(),
            int64_data: values.to_vec(),
            ..Tensor::default()
        });
        self
    }

    pub(super) fn node(
        mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[Attribute],
    ) -> Self {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: format!("the {operator}"),
            op_type: operator.to_owned(),
            attribute: attributes.to_vec(),
            ..Node::default()
        });
        self
    }

    pub(super) fn bytes(mut self, outputs: &[&str]) -> Vec<u8> {
        let info = |name: &&str| ValueInfo { name: (*name).to_owned(), r#type: None };
        self.graph.output = outputs.iter().map(info).collect();
        let opset_import = vec![OperatorSet { domain: None, version: self.opset }];
        message::Model { graph: Some(self.graph), opset_import, ..message::Model::default() }.encode_to_vec()
    }

    pub(super) fn model(self, outputs: &[&str]) -> Result<Model, ModelError> {
        Model::from_bytes(&self.bytes(outputs))
    }

    pub(super) fn program(self, outputs: &[&str]) -> Result<Program, ModelError> {
        self.model(outputs)?.program(&[])
    }
}

/// The output of one node: floats as inputs of the model, integers as constants.
pub(super) fn run(
    opset: i64,
    operator: &str,
    attributes: &[Attribute],
    floats: &[ArrayD<f64>],
    integers: &[&[i64]],
) -> ArrayD<f64> {
    let mut draft = Draft::new(opset);
    let names = (0..floats.len()).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let more = (0..integers.len()).map(|n| format!("n{n}")).collect::<Vec<_>>();
    for (name, array) in names.iter().zip(floats) {
        draft = draft.input(name, array.shape());
    }
    for (name, list) in more.iter().zip(integers) {
        draft = draft.integers(name, list);
    }
    let inputs = names.iter().chain(&more).map(String::as_str).collect::<Vec<_>>();
    let program = draft.node(operator, &inputs, "y", attributes).program(&["y"]).unwrap();
    program.outputs(&Floats::double(), floats).unwrap()[0].as_ref().clone()
}

/// The constant of a model in the data of a test.
pub(super) fn constant(array: ArrayD<f64>) -> Data {
    Data::Floats(array.into())
}
