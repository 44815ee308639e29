//! A node as its operator sees it: inputs with their values, and attributes with their defaults.

use std::path::Path;

use super::super::data;
use super::super::error::{Refusal, malformed};
use super::super::{Data, ElementType};
use super::value::Value;
use crate::onnx::message::{Attribute, DataType, Node};

/// A node with its inputs.
pub(in crate::model) struct Call<'a> {
    pub(in crate::model) node: &'a Node,
    /// The version of the operators.
    pub(in crate::model) opset: i64,
    /// `None` where an optional input is left out.
    pub(in crate::model) inputs: Vec<Option<Value>>,
    /// Where files with weights may lie.
    pub(in crate::model) folder: Option<&'a Path>,
}

impl Call<'_> {
    /// An input that must be there.
    pub(in crate::model) fn input(&self, number: usize) -> Result<&Value, Refusal> {
        match self.optional(number) {
            Some(value) => Ok(value),
            None => malformed(format!("input {number} is missing")),
        }
    }

    /// An input that may be left out.
    pub(in crate::model) fn optional(&self, number: usize) -> Option<&Value> {
        self.inputs.get(number).and_then(Option::as_ref)
    }

    /// All inputs, none of which may be left out.
    pub(in crate::model) fn all_inputs(&self) -> Result<Vec<&Value>, Refusal> {
        if self.inputs.is_empty() {
            return malformed("expected at least one input, found none");
        }
        (0..self.inputs.len()).map(|number| self.input(number)).collect()
    }

    pub(in crate::model) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// An integer; `default` where it is left out.
    pub(in crate::model) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i.unwrap_or(0))
    }

    /// Whether an integer is there and not zero.
    pub(in crate::model) fn flag(&self, name: &str, default: bool) -> bool {
        self.int(name, default.into()) != 0
    }

    /// A float; `default` where it is left out.
    pub(in crate::model) fn float(&self, name: &str, default: f64) -> f64 {
        self.attribute(name).map_or(default, |attribute| attribute.f.unwrap_or(0.0).into())
    }

    pub(in crate::model) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    /// A text; `default` where it is left out.
    pub(in crate::model) fn string(&self, name: &str, default: &str) -> Result<String, Refusal> {
        let Some(attribute) = self.attribute(name) else { return Ok(default.to_owned()) };
        let bytes = attribute.s.clone().unwrap_or_default();
        String::from_utf8(bytes).or_else(|_| malformed(format!("attribute {name} is not a text")))
    }

    /// A tensor.
    pub(in crate::model) fn tensor(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<(ElementType, Data)>, Refusal> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        let Some(tensor) = &attribute.t else {
            return malformed(format!("attribute {name} is not a tensor"));
        };
        data::read(tensor, self.folder, limit).map(Some)
    }

    /// A type of numbers.
    pub(in crate::model) fn element(&self, name: &str) -> Result<Option<ElementType>, Refusal> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        let number = attribute.i.unwrap_or(0);
        let kind = i32::try_from(number).ok().and_then(|number| DataType::try_from(number).ok());
        match kind.and_then(ElementType::of) {
            Some(element) => Ok(Some(element)),
            None => Err(Refusal::Unsupported(format!("type number {number}"))),
        }
    }

    /// An axis, counted from the end if it is negative.
    pub(in crate::model) fn axis(&self, name: &str, default: i64, rank: usize) -> Result<usize, Refusal> {
        axis(self.int(name, default), rank)
    }

    /// A list of sizes: strides, extents of a kernel.
    pub(in crate::model) fn sizes(&self, name: &str) -> Result<Option<Vec<usize>>, Refusal> {
        let Some(list) = self.ints(name) else { return Ok(None) };
        let sizes = list.iter().map(|&size| usize::try_from(size).ok().filter(|&size| size <= 1 << 32));
        match sizes.collect() {
            Some(sizes) => Ok(Some(sizes)),
            None => malformed(format!("{name} must be sizes, found {list:?}")),
        }
    }

    /// A list of axes from an input if there is one, else from the attribute of that name.
    pub(in crate::model) fn axes(&self, number: usize, rank: usize) -> Result<Option<Vec<usize>>, Refusal> {
        let list = match self.optional(number) {
            Some(value) => Some(value.to_integers("axes")?),
            None => self.ints("axes"),
        };
        list.map(|list| distinct_axes(&list, rank)).transpose()
    }
}

/// The axis of this number, counted from the end if it is negative.
pub(in crate::model) fn axis(number: i64, rank: usize) -> Result<usize, Refusal> {
    let from_front = if number < 0 { number.saturating_add(rank as i64) } else { number };
    match usize::try_from(from_front) {
        Ok(axis) if axis < rank => Ok(axis),
        _ => malformed(format!("axis {number} is not one of {rank}")),
    }
}

pub(in crate::model) fn distinct_axes(list: &[i64], rank: usize) -> Result<Vec<usize>, Refusal> {
    let axes = list.iter().map(|&number| axis(number, rank)).collect::<Result<Vec<_>, _>>()?;
    for (place, number) in axes.iter().enumerate() {
        if axes[..place].contains(number) {
            return malformed(format!("axis {number} is named twice"));
        }
    }
    Ok(axes)
}
