//! Tensors while a model is lowered: what is known of them before the program runs.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::super::{Data, ElementType};

/// A tensor of the model.
#[derive(Clone, Debug)]
pub(in crate::model) struct Value {
    pub(in crate::model) shape: Vec<usize>,
    pub(in crate::model) element: ElementType,
    pub(in crate::model) content: Content,
}

/// Its numbers.
#[derive(Clone, Debug)]
pub(in crate::model) enum Content {
    /// Integers and booleans that are known: weights, shapes, indices.
    Integers(Arc<ArrayD<i64>>),
    /// Floats that are known exactly.
    Floats(Arc<ArrayD<f64>>),
    /// What a step or an input gives. Where only constants reach it, `rounded` is what the types of the model
    /// make of it, for shapes and indices that are computed in floats.
    Slot { slot: usize, rounded: Option<Arc<ArrayD<f64>>> },
}

impl Value {
    pub(in crate::model) fn constant(element: ElementType, data: Data) -> Self {
        match data {
            Data::Floats(array) => {
                Value { shape: array.shape().to_vec(), element, content: Content::Floats(array) }
            }
            Data::Integers(array) => {
                Value { shape: array.shape().to_vec(), element, content: Content::Integers(array) }
            }
        }
    }

    pub(in crate::model) fn integers(shape: &[usize], values: Vec<i64>) -> Self {
        let array = ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many numbers as the shape has");
        Value {
            shape: shape.to_vec(),
            element: ElementType::Signed(64),
            content: Content::Integers(Arc::new(array)),
        }
    }

    pub(in crate::model) fn floats(element: ElementType, array: ArrayD<f64>) -> Self {
        Value { shape: array.shape().to_vec(), element, content: Content::Floats(Arc::new(array)) }
    }

    /// A number without axes, of the type of another tensor.
    pub(in crate::model) fn scalar(element: ElementType, value: f64) -> Self {
        if element.is_float() {
            return Self::floats(element, ArrayD::from_elem(IxDyn(&[]), value));
        }
        Value { element, ..Self::integers(&[], vec![value as i64]) }
    }

    pub(in crate::model) fn rank(&self) -> usize {
        self.shape.len()
    }

    pub(in crate::model) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same numbers, counted as another type.
    pub(in crate::model) fn with_element(mut self, element: ElementType) -> Self {
        self.element = element;
        self
    }

    /// The numbers as floats, if they are known.
    pub(in crate::model) fn known_floats(&self) -> Option<ArrayD<f64>> {
        match &self.content {
            Content::Floats(array) => Some(array.as_ref().clone()),
            Content::Integers(array) if array.iter().all(|&n| n.unsigned_abs() <= 1 << 53) => {
                Some(array.mapv(|n| n as f64))
            }
            _ => None,
        }
    }

    /// The numbers as the types of the model have them, if inputs do not reach them.
    pub(in crate::model) fn rounded(&self) -> Option<ArrayD<f64>> {
        match &self.content {
            Content::Slot { rounded, .. } => rounded.as_ref().map(|array| array.as_ref().clone()),
            _ => self.known_floats(),
        }
    }

    /// The integers of a list that has to be known: a shape, indices.
    pub(in crate::model) fn to_integers(&self, what: &str) -> Result<Vec<i64>, Refusal> {
        match &self.content {
            Content::Integers(array) => Ok(array.iter().copied().collect()),
            _ => {
                let Some(array) = self.rounded() else { return Err(Refusal::Varying(what.to_owned())) };
                array.iter().map(|&value| integral(value, what)).collect()
            }
        }
    }

    /// The only integer.
    pub(in crate::model) fn to_integer(&self, what: &str) -> Result<i64, Refusal> {
        let list = self.to_integers(what)?;
        match list[..] {
            [value] => Ok(value),
            _ => malformed(format!("expected one number for {what}, found {}", list.len())),
        }
    }

    /// The floats of a list that has to be known: scales of a resizing, bounds of a clip.
    pub(in crate::model) fn to_floats(&self, what: &str) -> Result<Vec<f64>, Refusal> {
        self.rounded().map(|array| array.iter().copied().collect()).ok_or(Refusal::Varying(what.to_owned()))
    }

    /// The only float.
    pub(in crate::model) fn to_float(&self, what: &str) -> Result<f64, Refusal> {
        let list = self.to_floats(what)?;
        match list[..] {
            [value] => Ok(value),
            _ => malformed(format!("expected one number for {what}, found {}", list.len())),
        }
    }
}

fn integral(value: f64, what: &str) -> Result<i64, Refusal> {
    // Below 2⁵³ every integer is a float of its own.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Ok(value as i64)
    } else {
        malformed(format!("expected integers for {what}, found {value}"))
    }
}
