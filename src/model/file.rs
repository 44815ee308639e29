//! Models as they are in files: inputs, outputs, nodes and weights.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use prost::Message;

use super::error::{ModelError, Refusal, plain};
use super::functions::{self, Inlined};
use super::opset::check_opset;
use super::{Data, ElementType, data};
use crate::onnx::message::{self, DataType};

/// The most entries that all tensors of a model, and of a program of it, have where nothing else is said.
pub const ENTRIES: usize = 1 << 28;

/// A trained network, read from an ONNX file.
#[derive(Debug)]
pub struct Model {
    pub(super) file: String,
    pub(super) folder: Option<PathBuf>,
    pub(super) opset: i64,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) nodes: Vec<Inlined>,
    pub(super) constants: HashMap<String, (ElementType, Data)>,
    pub(super) limit: usize,
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The type of its numbers; `None` for what is no tensor of numbers.
    pub element: Option<ElementType>,
    /// Its shape; `None` where the file does not say.
    pub shape: Option<Vec<Extent>>,
}

/// An extent of a shape in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A number.
    Fixed(usize),
    /// A name: any number, the same wherever the name stands.
    Named(String),
    /// Any number.
    Unknown,
}

impl fmt::Display for Extent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Fixed(extent) => extent.fmt(formatter),
            Extent::Named(name) => formatter.write_str(name),
            Extent::Unknown => formatter.write_str("?"),
        }
    }
}

/// A node, described.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a>(&'a message::Node);

impl<'a> NodeView<'a> {
    /// Its name; empty if it has none.
    pub fn name(self) -> &'a str {
        &self.0.name
    }

    /// Its operator.
    pub fn operator(self) -> &'a str {
        &self.0.op_type
    }

    /// The names of its inputs; empty where one is left out.
    pub fn inputs(self) -> &'a [String] {
        &self.0.input
    }

    /// The names of its outputs; empty where one is left out.
    pub fn outputs(self) -> &'a [String] {
        &self.0.output
    }
}

impl Model {
    /// Reads a model, and the weights that lie in files beside it.
    ///
    /// # Errors
    /// If a file cannot be read, is no ONNX model, or imports operators that are older or newer than those
    /// known here.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::parse(&bytes, path.display().to_string(), Some(folder), ENTRIES)
    }

    /// Reads a model from memory. Its weights must be in it, not in files beside it.
    ///
    /// # Errors
    /// As those of [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::from_bytes_within(bytes, ENTRIES)
    }

    /// Reads a model from memory, with a limit of the entries of all its tensors, and of those of its
    /// programs.
    ///
    /// # Errors
    /// As those of [`read`](Self::read), and if there are more entries.
    pub fn from_bytes_within(bytes: &[u8], limit: usize) -> Result<Self, ModelError> {
        Self::parse(bytes, "model in memory".to_owned(), None, limit)
    }

    fn parse(bytes: &[u8], file: String, folder: Option<PathBuf>, limit: usize) -> Result<Self, ModelError> {
        let format = |reason: String| ModelError::Format { file: file.clone(), reason: plain(&reason) };
        let model = message::Model::decode(bytes)
            .map_err(|error| format(format!("expected an ONNX model, found something else: {error}")))?;
        let standard = |domain: Option<&str>| matches!(domain, None | Some("" | "ai.onnx"));
        let opset = model.opset_import.iter().filter(|set| standard(set.domain.as_deref()));
        let Some(opset) = opset.map(|set| set.version).max() else {
            return Err(format("expected an ONNX model, found no version of its operators".to_owned()));
        };
        check_opset(opset).map_err(&format)?;
        let Some(graph) = model.graph else {
            return Err(format("expected an ONNX model, found no graph".to_owned()));
        };
        let mut constants = HashMap::new();
        let mut left = limit;
        let mut keep = |name: &str, read: Result<(ElementType, Data), Refusal>| {
            let (element, data) = read.map_err(|refusal| format(format!("tensor {name}: {refusal}")))?;
            left = left.saturating_sub(data.shape().iter().product());
            constants.insert(name.to_owned(), (element, data));
            Ok::<_, ModelError>(left)
        };
        let mut rest = limit;
        for tensor in &graph.initializer {
            rest = keep(&tensor.name, data::read(tensor, folder.as_deref(), rest))?;
        }
        for sparse in &graph.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", |values| &values.name);
            rest = keep(name, data::read_sparse(sparse, rest))?;
        }
        // Up to version 3 of the format, weights are inputs too.
        let inputs = graph.input.iter().filter(|input| !constants.contains_key(&input.name));
        let inputs = inputs.map(port).collect();
        let outputs = graph.output.iter().map(port).collect();
        let nodes = functions::inline(graph.node, opset, &model.functions, bytes.len()).map_err(&format)?;
        Ok(Model { file, folder, opset, inputs, outputs, nodes, constants, limit })
    }

    /// The version of the operators.
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// What the model is given, weights not counted.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What the model gives.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The nodes, in the order of the file, with those of functions in place of their calls; a step of a
    /// program has the number of its node.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeView<'_>> {
        self.nodes.iter().map(|inlined| NodeView(&inlined.node))
    }

    /// What a node is called, or what it computes if it has no name, and its operator.
    pub(super) fn node_name(&self, number: usize) -> (String, String) {
        match self.nodes.get(number).map(|inlined| &inlined.node) {
            Some(node) if node.name.is_empty() => {
                let output = node.output.first().cloned();
                (output.unwrap_or_else(|| format!("number {number}")), node.op_type.clone())
            }
            Some(node) => (node.name.clone(), node.op_type.clone()),
            None => (format!("number {number}"), String::new()),
        }
    }

    /// The weights and other tensors of the file, by name.
    pub fn constant(&self, name: &str) -> Option<&Data> {
        self.constants.get(name).map(|(_, data)| data)
    }

    /// The model with an input that is a constant from now on: a shape, indices, a mask. It takes the type
    /// that the file gives the input.
    ///
    /// # Errors
    /// If there is no such input, or its numbers are of another kind.
    pub fn with_constant(mut self, name: &str, data: Data) -> Result<Self, ModelError> {
        let reason = |reason: &str| ModelError::Input {
            file: self.file.clone(),
            input: name.to_owned(),
            reason: reason.to_owned(),
        };
        let Some(place) = self.inputs.iter().position(|input| input.name == name) else {
            return Err(reason("the model has no such input"));
        };
        let element = self.inputs[place].element.ok_or_else(|| reason("not a tensor of numbers"))?;
        let data = match data {
            Data::Floats(array) if element.is_float() => {
                Data::Floats(array.as_standard_layout().into_owned().into())
            }
            Data::Integers(array) if !element.is_float() => {
                Data::Integers(array.as_standard_layout().into_owned().into())
            }
            _ => return Err(reason(&format!("expected numbers of type {}", element.name()))),
        };
        self.inputs.remove(place);
        self.constants.insert(name.to_owned(), (element, data));
        Ok(self)
    }
}

fn port(info: &message::ValueInfo) -> Port {
    let tensor = info.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let element =
        tensor.and_then(|tensor| DataType::try_from(tensor.elem_type).ok()).and_then(ElementType::of);
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| {
        let extent = |dimension: &message::Dimension| match &dimension.value {
            Some(message::Extent::Fixed(extent)) => {
                usize::try_from(*extent).map_or(Extent::Unknown, Extent::Fixed)
            }
            Some(message::Extent::Named(name)) if !name.is_empty() => Extent::Named(name.clone()),
            _ => Extent::Unknown,
        };
        shape.dim.iter().map(extent).collect()
    });
    Port { name: info.name.clone(), element, shape }
}
