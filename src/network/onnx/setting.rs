//! The attributes of an operator, with their values.

use crate::onnx::message::{Attribute, AttributeType};

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// An integer.
    Integer(i64),
    /// A list of integers.
    Integers(Vec<i64>),
    /// A number.
    Float(f32),
    /// A word.
    Text(String),
}

impl Setting {
    pub(super) fn attribute(&self, name: &str) -> Attribute {
        let name = name.to_owned();
        match self {
            Setting::Integer(value) => {
                Attribute { name, i: Some(*value), kind: AttributeType::Int.into(), ..Attribute::default() }
            }
            Setting::Integers(list) => Attribute {
                name,
                ints: list.clone(),
                kind: AttributeType::Ints.into(),
                ..Attribute::default()
            },
            Setting::Float(value) => {
                Attribute { name, f: Some(*value), kind: AttributeType::Float.into(), ..Attribute::default() }
            }
            Setting::Text(word) => {
                let word = Some(word.as_bytes().to_vec());
                Attribute { name, s: word, kind: AttributeType::String.into(), ..Attribute::default() }
            }
        }
    }
}

pub(super) fn int(name: &str, value: usize) -> Attribute {
    Setting::Integer(value as i64).attribute(name)
}

pub(super) fn ints(name: &str, values: &[usize]) -> Attribute {
    Setting::Integers(values.iter().map(|&value| value as i64).collect()).attribute(name)
}

pub(super) fn float(name: &str, value: f32) -> Attribute {
    Setting::Float(value).attribute(name)
}
