//! What a measurement found: the error of each element, the noise floor, and what their ratio says.
//!
//! The thresholds are those of the table in [`measure`](super::measure()).

use std::fmt;

use thiserror::Error;

use super::counterexample::Counterexample;
use crate::signal::ActionError;

/// Ratio of error to noise up to which the symmetry is taken to hold.
const CONSISTENT: f64 = 64.0;
/// Ratio of error to noise beyond which the symmetry is taken to be broken.
const BROKEN: f64 = 4096.0;

/// What the ratio of error to noise says; see the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The error is of the size of rounding noise.
    Consistent,
    /// The error is neither noise nor clearly more.
    Undecided,
    /// The error cannot be rounding.
    Broken,
}

/// Why a measurement would show nothing.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// An action cannot move the input, or the output.
    #[error("the {side} cannot be moved: {source}")]
    Action {
        /// `input` or `output`.
        side: &'static str,
        /// Why.
        source: ActionError,
    },
    /// The output for a moved input has another shape than the moved output.
    #[error("for {element} the output has shape {found:?}, but the moved output has shape {expected:?}")]
    Shape {
        /// The element.
        element: String,
        /// The shape of g ▷ f(x).
        expected: Vec<usize>,
        /// The shape of f(g ▷ x).
        found: Vec<usize>,
    },
    /// The output contains infinities or is not a number.
    #[error("nothing was measured: the output is not finite")]
    NotFinite,
    /// The output is zero or the same for all inputs.
    #[error("nothing was measured: the output is the same for every input")]
    Constant,
    /// No element but the identity was tried.
    #[error("nothing was measured: no element other than the identity was tried")]
    NoElement,
}

/// The measured symmetry of a black box.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The group, as people write it.
    pub group: String,
    /// Every element tried, with its largest relative error over all inputs.
    pub elements: Vec<(String, f64)>,
    /// The largest relative error.
    pub relative_error: f64,
    /// The function's own relative rounding noise.
    pub noise_floor: f64,
    /// What is left of the group where the symmetry is broken.
    pub largest: Option<String>,
    /// An input, with as few non-zero entries as were found, on which the symmetry is broken.
    pub counterexample: Option<Counterexample>,
}

impl Measurement {
    /// How many noise floors the error is.
    pub fn ratio(&self) -> f64 {
        self.relative_error / self.noise_floor
    }

    /// What the ratio says.
    pub fn judgement(&self) -> Judgement {
        judge(self.relative_error, self.noise_floor)
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judgement = match self.judgement() {
            Judgement::Consistent => "consistent with equivariance",
            Judgement::Undecided => "undecided: measure in f64, or prove",
            Judgement::Broken => "broken",
        };
        writeln!(f, "{}: {judgement}", self.group)?;
        writeln!(
            f,
            "relative error {:.1e}, noise floor {:.1e}, ratio {:.1e}",
            self.relative_error,
            self.noise_floor,
            self.ratio()
        )?;
        for (element, error) in self.elements.iter().take(12) {
            writeln!(f, "  {element:>12}  {error:.1e}")?;
        }
        if self.elements.len() > 12 {
            writeln!(f, "  … and {} more elements", self.elements.len() - 12)?;
        }
        if let Some(largest) = &self.largest {
            writeln!(f, "what holds: {largest}")?;
        }
        if let Some(counterexample) = &self.counterexample {
            write!(f, "counterexample\n{counterexample}")?;
        }
        Ok(())
    }
}

pub(super) fn judge(error: f64, noise: f64) -> Judgement {
    if error <= CONSISTENT * noise {
        Judgement::Consistent
    } else if error <= BROKEN * noise {
        Judgement::Undecided
    } else {
        Judgement::Broken
    }
}
