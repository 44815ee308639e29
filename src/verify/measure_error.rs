//! Why a measurement would show nothing, and where the function was called when that came out.

use std::fmt;

use thiserror::Error;

use super::identity::Failure;
use crate::signal::ActionError;

/// Where in a measurement the function was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which input, counted from 0.
    pub input: usize,
    /// The element by which the input was moved.
    pub element: Option<String>,
    /// Whether the input was perturbed, to find the noise of the function or how much its output varies.
    pub perturbed: bool,
}

impl Place {
    pub(super) fn at(input: usize) -> Self {
        Place { input, element: None, perturbed: false }
    }

    pub(super) fn moved(input: usize, element: &impl ToString) -> Self {
        Place { element: Some(element.to_string()), ..Place::at(input) }
    }

    pub(super) fn perturbed(input: usize) -> Self {
        Place { perturbed: true, ..Place::at(input) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input = self.input;
        match (&self.element, self.perturbed) {
            (None, false) => write!(f, "f(x) for input {input}"),
            (None, true) => write!(f, "f(x + δ) for input {input}, perturbed"),
            (Some(element), false) => write!(f, "f(g ▷ x) for input {input} and g = {element}"),
            (Some(element), true) => {
                write!(f, "f(g ▷ (x + δ)) for input {input}, perturbed, and g = {element}")
            }
        }
    }
}

/// Why a measurement would show nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The function reported an error.
    #[error("{place} failed: {source}")]
    Failed {
        /// Where.
        place: Place,
        /// What it reported.
        source: Failure,
    },
    /// The function gave two outputs for one input.
    #[error(
        "the function is not deterministic: called twice, {place} is {first:e} and then {second:e} at \
         {index:?}, a difference of {difference:.1e}; turn off dropout and other randomness, keep the \
         samples of a batch apart, and fix the number of threads"
    )]
    NotDeterministic {
        /// Where.
        place: Place,
        /// The first entry that differs.
        index: Vec<usize>,
        /// Its first value.
        first: f64,
        /// Its second value.
        second: f64,
        /// How far they differ.
        difference: f64,
    },
    /// The output contains infinities or is not a number.
    #[error("{place} is {value} at {index:?}: an output that is not finite cannot be judged")]
    NotFinite {
        /// Where.
        place: Place,
        /// The entry of the output.
        index: Vec<usize>,
        /// Its value.
        value: f64,
    },
    /// An action cannot move the input, or the output.
    #[error("the {side} cannot be moved: {source}")]
    Action {
        /// `input` or `output`.
        side: &'static str,
        /// Why.
        source: ActionError,
    },
    /// The output has another shape than it should: that of f(x), or that of g ▷ f(x).
    #[error("{place} has shape {found:?}, but the other side has shape {expected:?}")]
    Shape {
        /// Where.
        place: Place,
        /// The shape of the other side.
        expected: Vec<usize>,
        /// The shape of the output.
        found: Vec<usize>,
    },
    /// A function of batches returned another number of samples than it was given.
    #[error(
        "a batch of {expected} inputs came back with shape {found:?}, but its first axis should be \
         {expected} long"
    )]
    Batch {
        /// How many samples.
        expected: usize,
        /// The shape of what came back.
        found: Vec<usize>,
    },
    /// The list of inputs is empty.
    #[error("nothing was measured: there are no inputs; leave them out and random ones are taken")]
    NoInputs,
    /// An input has another shape than was announced.
    #[error("input {input} has shape {found:?}, but the function was said to be on {expected:?}")]
    InputShape {
        /// Which, counted from 0.
        input: usize,
        /// The shape that was announced.
        expected: Vec<usize>,
        /// The shape of the input.
        found: Vec<usize>,
    },
    /// An input contains infinities or is not a number.
    #[error("input {input} is {value} at {index:?}; inputs must be finite")]
    InputNotFinite {
        /// Which, counted from 0.
        input: usize,
        /// The entry.
        index: Vec<usize>,
        /// Its value.
        value: f64,
    },
    /// The group has no elements on inputs of this shape.
    #[error("nothing was measured: there is no group on inputs of shape {0:?}")]
    NoGroup(Vec<usize>),
    /// The output is the same for all inputs.
    #[error("nothing was measured: the output is the same for every input")]
    Constant,
    /// No element but the identity was tried.
    #[error("nothing was measured: no element other than the identity was tried")]
    NoElement,
}
