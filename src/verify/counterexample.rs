//! Counterexamples: found among small integers, checked with rigorous bounds, shrunk.
//!
//! A counterexample is worth more than a failed comparison: it has to be *real* and *small*. Real: both sides
//! are evaluated in [`Bounded`] arithmetic and differ by more than their bounds allow, so rounding cannot
//! explain it. Small: first the shape (sizes are tried from the smallest on), then the element (generators
//! first), then the input: entries become 0 as long as the sides still differ, and what remains becomes 1
//! where it can.

use std::fmt;

use ndarray::{ArrayD, Dimension, IxDyn};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::identity::{AnyIdentity, Failure};
use super::picture::{self, Style};
use super::shrink::shrink;
use crate::scalar::{Bounded, Ring};

/// Significant digits of the largest number of an array.
const DIGITS: usize = 4;
/// Entries of the difference that are told with their indices.
const LARGEST: usize = 4;
/// Evaluations to set entries to 0, and as many to make the rest simple.
const SHRINKING: usize = 1000;

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

/// Rows of aligned numbers, blocks for the axes before the last two; `·` stands for zero. Large arrays are
/// cropped around their largest entry, with a line that says so.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Array(array) => {
                let (centre, size) = picture::largest(array).unwrap_or_default();
                f.write_str(&picture::picture(array, &centre, Style::of(size, DIGITS)).join("\n"))
            }
            Value::Text(text) => f.write_str(text),
        }
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
            write_labelled(f, name, &value.to_string())?;
        }
        match (&self.left, &self.right) {
            (Value::Array(left), Value::Array(right)) => write_sides(f, left, right)?,
            (left, right) => {
                write_labelled(f, "left", &left.to_string())?;
                write_labelled(f, "right", &right.to_string())?;
            }
        }
        if !self.replay.is_empty() {
            writeln!(f, "replay: {}", self.replay)?;
        }
        Ok(())
    }
}

/// Both sides and their difference around its largest entry, with digits enough to see it; then its largest
/// entries.
fn write_sides(f: &mut fmt::Formatter<'_>, left: &ArrayD<f64>, right: &ArrayD<f64>) -> fmt::Result {
    if left.shape() != right.shape() {
        write_labelled(f, "left", &Value::Array(left.clone()).to_string())?;
        write_labelled(f, "right", &Value::Array(right.clone()).to_string())?;
        return writeln!(f, "the sides have shapes {:?} and {:?}", left.shape(), right.shape());
    }
    let difference = left - right;
    let (centre, largest) = picture::largest(&difference).unwrap_or_default();
    let size = [left, right].map(|side| picture::largest(side).map_or(0.0, |(_, size)| size));
    let size = size[0].max(size[1]);
    let sides = Style::of(size, picture::digits_to_see(largest, size));
    let differences = Style::of(largest, DIGITS);
    for (label, array, style) in
        [("left", left, sides), ("right", right, sides), ("left − right", &difference, differences)]
    {
        write_labelled(f, label, &picture::picture(array, &centre, style).join("\n"))?;
    }
    if difference.len() == 1 {
        return Ok(());
    }
    let mut entries: Vec<(IxDyn, f64)> = difference
        .indexed_iter()
        .filter(|(_, entry)| **entry != 0.0)
        .map(|(index, &entry)| (index, entry))
        .collect();
    entries.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    for (index, entry) in entries.iter().take(LARGEST) {
        let (left, right) = (sides.write(left[index]), sides.write(right[index]));
        writeln!(f, "at {:?}: {left} and {right}, difference {}", index.slice(), differences.write(*entry))?;
    }
    if entries.len() > LARGEST {
        writeln!(f, "… and {} more entries differ", entries.len() - LARGEST)?;
    }
    Ok(())
}

fn write_labelled(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
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

/// Looks for integers of these reaches for which the sides of `identity` differ for certain, and shrinks what
/// it finds.
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
            let mut values = values;
            shrink(&mut values, SHRINKING, &[1, -1], |values| differs(identity, values))?;
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
