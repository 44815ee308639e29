//! Counterexamples: found among small integers, checked with rigorous bounds, shrunk.
//!
//! A counterexample is worth more than a failed comparison: it has to be *real* and *small*. Real: both sides are
//! evaluated in [`Bounded`] arithmetic and differ by more than their bounds allow, so rounding cannot explain it.
//! Small: first the shape (sizes are tried from the smallest on), then the element (generators first),
//! then the input: entries become 0 as long as the sides still differ, and what remains becomes 1 where it can.

use std::fmt;

use ndarray::ArrayD;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::identity::{AnyIdentity, Failure};
use crate::scalar::{Bounded, Ring};

/// One side, or one input, of a counterexample.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An array of numbers.
    Array(ArrayD<f64>),
    /// Anything else, as people write it.
    Text(String),
}

impl From<ArrayD<f64>> for Value {
    fn from(array: ArrayD<f64>) -> Self {
        Value::Array(array)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Array(array) => write_array(f, array),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// Rows of aligned numbers, blocks for the axes before the last two; `·` stands for zero.
fn write_array(f: &mut fmt::Formatter<'_>, array: &ArrayD<f64>) -> fmt::Result {
    let Some(&columns) = array.shape().last() else {
        return match array.first() {
            Some(number) => write!(f, "{}", short(*number)),
            None => f.write_str("[]"),
        };
    };
    if array.is_empty() {
        return write!(f, "empty array of shape {:?}", array.shape());
    }
    let numbers: Vec<String> = array.iter().map(|&number| short(number)).collect();
    let width = numbers.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let rows = if array.ndim() >= 2 { array.shape()[array.ndim() - 2] } else { 1 };
    for (index, row) in numbers.chunks(columns).enumerate() {
        if index > 0 {
            f.write_str(if index % rows == 0 { "\n\n" } else { "\n" })?;
        }
        let cells: Vec<String> = row.iter().map(|text| format!("{text:>width$}")).collect();
        write!(f, "[{}]", cells.join(" "))?;
    }
    Ok(())
}

fn short(number: f64) -> String {
    if number == 0.0 {
        "·".to_owned()
    } else if number == number.trunc() && number.abs() < 1e15 {
        format!("{number}").replace('-', "−")
    } else {
        format!("{number:.4}").replace('-', "−")
    }
}

/// Values for which the two sides of a statement differ for certain.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterexample {
    /// The size: `height 2, width 3`; empty where there is only one.
    pub shape: String,
    /// The group element, where a group acts.
    pub element: Option<String>,
    /// The inputs, by name.
    pub inputs: Vec<(String, Value)>,
    /// The left side.
    pub left: Value,
    /// The right side.
    pub right: Value,
    /// The line that reproduces it.
    pub replay: String,
}

impl Counterexample {
    /// A counterexample that is no array: a pair of group elements that violates a law, say.
    pub fn from_text(
        inputs: impl IntoIterator<Item = (String, String)>,
        left: impl Into<Value>,
        right: impl Into<Value>,
    ) -> Self {
        Counterexample {
            shape: String::new(),
            element: None,
            inputs: inputs.into_iter().map(|(name, text)| (name, Value::Text(text))).collect(),
            left: left.into(),
            right: right.into(),
            replay: String::new(),
        }
    }

    /// How many numbers it consists of: the measure by which the smaller of two is kept.
    pub fn size(&self) -> usize {
        self.inputs
            .iter()
            .map(|(_, value)| if let Value::Array(array) = value { array.len() } else { 1 })
            .sum()
    }

    /// Left minus right, where both are arrays of one shape.
    pub fn difference(&self) -> Option<ArrayD<f64>> {
        match (&self.left, &self.right) {
            (Value::Array(left), Value::Array(right)) if left.shape() == right.shape() => Some(left - right),
            _ => None,
        }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.shape.is_empty() {
            writeln!(f, "size: {}", self.shape)?;
        }
        if let Some(element) = &self.element {
            writeln!(f, "g = {element}")?;
        }
        for (name, value) in &self.inputs {
            write_labelled(f, name, value)?;
        }
        write_labelled(f, "left", &self.left)?;
        write_labelled(f, "right", &self.right)?;
        if let (Value::Array(left), Value::Array(right)) = (&self.left, &self.right)
            && left.shape() != right.shape()
        {
            writeln!(f, "the sides have shapes {:?} and {:?}", left.shape(), right.shape())?;
        }
        if !self.replay.is_empty() {
            writeln!(f, "replay: {}", self.replay)?;
        }
        Ok(())
    }
}

fn write_labelled(f: &mut fmt::Formatter<'_>, label: &str, value: &Value) -> fmt::Result {
    let text = value.to_string();
    let indent = " ".repeat(label.chars().count() + 3);
    let mut lines = text.lines();
    writeln!(f, "{label} = {}", lines.next().unwrap_or(""))?;
    for line in lines {
        if line.is_empty() { writeln!(f)? } else { writeln!(f, "{indent}{line}")? }
    }
    Ok(())
}

/// Values of the unknowns with both sides, which differ for certain.
pub(super) struct Witness {
    pub(super) inputs: Vec<(String, ArrayD<f64>)>,
    pub(super) left: ArrayD<f64>,
    pub(super) right: ArrayD<f64>,
}

/// Whether the sides differ for certain: in shape, or at an entry by more than both bounds.
pub(super) fn certainly_differ(left: &ArrayD<Bounded>, right: &ArrayD<Bounded>) -> bool {
    left.shape() != right.shape() || left.iter().zip(right).any(|(l, r)| l.certainly_differs(r))
}

/// Looks for integers of these reaches for which the sides of `identity` differ for certain, and shrinks what it finds.
///
/// # Errors
/// Whatever the code under test reports.
pub(super) fn find_witness(
    identity: &dyn AnyIdentity,
    reaches: &[i64],
    random: &mut ChaCha8Rng,
) -> Result<Option<Witness>, Failure> {
    let unknowns = identity.unknowns();
    for &reach in reaches {
        let values: Vec<ArrayD<i64>> = unknowns
            .iter()
            .map(|unknown| {
                ArrayD::from_shape_simple_fn(unknown.shape.clone(), || random.random_range(-reach..=reach))
            })
            .collect();
        if differs(identity, &values)? {
            let values = shrink(identity, values)?;
            let (left, right) = identity.bounded(&to_bounded(&values))?;
            let names = unknowns.into_iter().map(|unknown| unknown.name);
            return Ok(Some(Witness {
                inputs: names.zip(values.iter().map(|array| array.mapv(|n| n as f64))).collect(),
                left: left.mapv(|number| number.value()),
                right: right.mapv(|number| number.value()),
            }));
        }
    }
    Ok(None)
}

fn to_bounded(values: &[ArrayD<i64>]) -> Vec<ArrayD<Bounded>> {
    values.iter().map(|array| array.mapv(Bounded::from_integer)).collect()
}

fn differs(identity: &dyn AnyIdentity, values: &[ArrayD<i64>]) -> Result<bool, Failure> {
    let (left, right) = identity.bounded(&to_bounded(values))?;
    Ok(certainly_differ(&left, &right))
}

/// Sets entries to 0, in blocks that halve, and then what remains to 1, as long as the sides differ.
fn shrink(identity: &dyn AnyIdentity, mut values: Vec<ArrayD<i64>>) -> Result<Vec<ArrayD<i64>>, Failure> {
    let total: usize = values.iter().map(ArrayD::len).sum();
    let mut block = total;
    while block > 0 {
        for start in (0..total).step_by(block) {
            let candidate = with_entries(&values, start..start + block, 0);
            if candidate != values && differs(identity, &candidate)? {
                values = candidate;
            }
        }
        block /= 2;
    }
    for position in 0..total {
        for simpler in [1, -1] {
            let candidate = with_entries(&values, position..position + 1, simpler);
            let current = entry(&values, position);
            if current == 0 || current == simpler {
                break;
            }
            if differs(identity, &candidate)? {
                values = candidate;
                break;
            }
        }
    }
    Ok(values)
}

fn entry(values: &[ArrayD<i64>], position: usize) -> i64 {
    values.iter().flatten().copied().nth(position).unwrap_or(0)
}

fn with_entries(values: &[ArrayD<i64>], positions: std::ops::Range<usize>, number: i64) -> Vec<ArrayD<i64>> {
    let mut changed = values.to_vec();
    for (position, entry) in changed.iter_mut().flatten().enumerate() {
        if positions.contains(&position) {
            *entry = number;
        }
    }
    changed
}
