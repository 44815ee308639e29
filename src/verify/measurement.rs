//! What a measurement found: the error of each element, the noise floor, and what their ratio says.
//!
//! The thresholds are those derived in [`measure`](super::measure()).

use std::fmt;

use super::counterexample::Counterexample;
use super::precision;

/// Ratio of error to noise up to which an exactly equivariant function may come.
pub(super) const CONSISTENT: f64 = 16.0;
/// Ratio of error to noise beyond which it is no rounding.
pub(super) const BROKEN: f64 = 128.0;
/// The largest share of its variation that a leak may have without being told in any channel.
pub(super) const TOO_NOISY: f64 = 0.5;

/// What the ratio of error to noise says.
///
/// It is not a [`Verdict`](super::Verdict): a measurement knows some inputs and not all of them, so it never
/// says that a symmetry *holds*, and it has no rigorous bound, so it never says that it *fails*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The error is of the size of rounding noise, and the noise is small enough to tell.
    Consistent,
    /// It cannot be told; the reason is a [`Doubt`].
    Undecided,
    /// The error cannot be rounding.
    Broken,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Judgement::Consistent => "consistent with equivariance",
            Judgement::Undecided => "undecided",
            Judgement::Broken => "broken",
        })
    }
}

/// Why a measurement is undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// The noise of a channel is so large that a break of the symmetry could hide in it.
    TooNoisy {
        /// The noisiest channel.
        channel: String,
        /// How many are too noisy.
        count: usize,
    },
    /// The error is larger than rounding should make it, but not by so much that it cannot be rounding.
    CloseToNoise,
    /// A large error was found at one input and not at inputs close to it: a rounding at a jump of the
    /// function, or a fault at a point.
    Isolated,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::TooNoisy { channel, count } => {
                let others = if *count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                write!(
                    f,
                    "too noisy in channel {channel}{others}: a break of the symmetry could hide there; \
                     compute in a higher precision, take other inputs, or prove it"
                )
            }
            Doubt::CloseToNoise => {
                f.write_str("more than rounding should be, but not by much: measure in f64, or prove it")
            }
            Doubt::Isolated => f.write_str(
                "the error is large at one input and gone at inputs close to it: a rounding at a jump, or a \
                 fault at a point; give inputs away from jumps, or prove it",
            ),
        }
    }
}

/// The measured symmetry of a black box.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// The group, as people write it.
    pub group: String,
    /// Every element tried, with its relative error where it stands out most from the noise, over all inputs
    /// and channels.
    pub elements: Vec<(String, f64)>,
    /// The error that stands out most from the noise: the largest difference in its channel, as a share of
    /// the variation of that channel.
    pub relative_error: f64,
    /// The noise of the difference in that channel, as a share of its variation.
    pub noise_floor: f64,
    /// The channel where that was.
    pub channel: String,
    /// The smallest leak that would have been told in every channel, as a share of the channel's variation:
    /// 16 noise floors of the noisiest channel.
    pub detection_limit: f64,
    /// The unit in which the function works, of the middle channel: its noise is that of a function whose
    /// input is rounded to this unit. `None` if the output never moved in proportion to the input.
    pub unit: Option<f64>,
    /// How many channels the output has.
    pub channels: usize,
    /// Channels that never vary and could not be judged.
    pub constant_channels: Vec<String>,
    /// What this says.
    pub judgement: Judgement,
    /// Why it is undecided.
    pub doubt: Option<Doubt>,
    /// What is left of the group where the symmetry is broken.
    pub largest: Option<String>,
    /// An input on which the symmetry is broken, with as few entries as were found.
    pub counterexample: Option<Counterexample>,
}

impl Measurement {
    /// How many noise floors the error is.
    pub fn ratio(&self) -> f64 {
        self.relative_error / self.noise_floor
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.group, self.judgement)?;
        if let Some(doubt) = &self.doubt {
            writeln!(f, "  {doubt}")?;
        }
        writeln!(
            f,
            "relative error {:.1e}, noise floor {:.1e}, ratio {:.1e}, in channel {} of {}",
            self.relative_error,
            self.noise_floor,
            self.ratio(),
            self.channel,
            self.channels
        )?;
        writeln!(f, "smallest leak that would have been told: {:.1e} of a channel", self.detection_limit)?;
        match self.unit {
            Some(unit) => writeln!(f, "unit of the function: {}", precision::describe(unit))?,
            None => writeln!(f, "unit of the function: not found, for it moves in jumps")?,
        }
        if let [first, others @ ..] = self.constant_channels.as_slice() {
            let others =
                if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            writeln!(f, "not judged, for they never vary: channel {first}{others}")?;
        }
        for (element, error) in self.elements.iter().take(ELEMENTS) {
            writeln!(f, "  {element:>12}  {error:.1e}")?;
        }
        if self.elements.len() > ELEMENTS {
            writeln!(f, "  … and {} more elements", self.elements.len() - ELEMENTS)?;
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

/// Elements in the table that people read.
const ELEMENTS: usize = 12;
