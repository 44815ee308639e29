//! Whether an image keeps its class over a whole interval: intervals, split where they are not decided.
//!
//! An interval is certified where every margin is above 0 on all of it. One that is not is split in two
//! halves; all intervals of a width are done, side by side on all cores, before the narrower ones, so that
//! a budget goes to the widest. Where a line falls below 0, the end of its interval is tried by itself: if
//! a margin is certainly negative there, this is a counterexample. Results do not depend on the number of
//! threads. Cost: one enclosure and [`margins`](Propagation::margins) for each interval, and for each
//! parameter that is tried.

use ndarray::{ArrayD, ArrayViewD};
use rayon::prelude::*;

use super::{AngleError, Interval, Propagation, Transformation};
use crate::scalar::Affine;

/// What is certain of the class of an image over an interval.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is the same for every parameter.
    Certified {
        /// Intervals that cover the whole, in order, and a lower bound of all margins on each.
        margins: Vec<(Interval, f64)>,
    },
    /// For this parameter it certainly is another one.
    Refuted {
        /// The parameter: an exact number, from which the image is made again.
        parameter: f64,
        /// A class whose score is higher.
        class: usize,
        /// An upper bound of the margin above it: a negative number.
        margin: f64,
    },
    /// Neither was shown.
    Undecided {
        /// The intervals for which it is the same, in order, joined where they meet.
        certified: Vec<Interval>,
    },
}

impl Verdict {
    /// The widest interval on which the class is certified, of equals the first; `None` where there is none.
    pub fn largest(&self) -> Option<Interval> {
        let intervals = match self {
            Verdict::Certified { margins } => join(margins.iter().map(|(interval, _)| *interval)),
            Verdict::Undecided { certified } => certified.clone(),
            Verdict::Refuted { .. } => Vec::new(),
        };
        let wider = |best: Interval, next: Interval| if next.width() > best.width() { next } else { best };
        intervals.into_iter().reduce(wider)
    }
}

/// What gives scores to enclosed samples: a [`Propagation`], or any other network that runs on [`Affine`].
pub trait Classifier: Sync {
    /// How far the score of this class is above that of each other one, with the other's number, for a sample
    /// (channels, space…).
    ///
    /// # Errors
    /// If the sample does not fit, or there is no such class.
    fn margins(&self, sample: &ArrayD<Affine>, class: usize) -> Result<Vec<(usize, Affine)>, AngleError>;
}

impl Classifier for Propagation {
    fn margins(&self, sample: &ArrayD<Affine>, class: usize) -> Result<Vec<(usize, Affine)>, AngleError> {
        Propagation::margins(self, sample, class)
    }
}

/// How much is done for an image.
///
/// ```
/// use equivariant::angle::{Interval, Propagation, Search, Transformation, Verdict};
/// use equivariant::layer::{Dense, Flatten};
/// use equivariant::network::{Network, Weights};
/// use ndarray::{ArrayD, arr1, arr2};
///
/// // Two scores of one pixel x: x and 1/2.
/// let network = Network::new().then(Flatten).then(Dense::new(1, 2));
/// let arrays = [arr2(&[[1.0], [0.0]]).into_dyn(), arr1(&[0.0, 0.5]).into_dyn()];
/// let weights = Weights::from_arrays(&network, &arrays)?;
/// let propagation = Propagation::new(&network, &weights)?;
/// let image = ArrayD::from_elem(vec![1, 1, 1], 1.0);
/// let within = |darker: f64| {
///     let levels = Interval::new(-darker, 0.0)?;
///     Search::new().run(&propagation, Transformation::Brightness, levels, image.view(), 0)
/// };
/// assert!(matches!(within(0.4)?, Verdict::Certified { .. }));
/// assert!(matches!(within(0.6)?, Verdict::Refuted { class: 1, parameter, .. } if parameter < -0.5));
/// # Ok::<(), equivariant::angle::AngleError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    least_width: f64,
    evaluations: usize,
}

impl Default for Search {
    fn default() -> Self {
        Self::new()
    }
}

/// What became of an interval.
enum Judged {
    Certified(f64),
    Refuted(Verdict),
    Open,
}

impl Search {
    /// Intervals down to a width of 2⁻¹⁰, and 20,000 of them.
    pub fn new() -> Self {
        Search { least_width: 1.0 / 1024.0, evaluations: 20_000 }
    }

    /// With intervals of at least half of this width: those that are not wider are not split.
    #[must_use]
    pub fn least_width(mut self, width: f64) -> Self {
        self.least_width = width;
        self
    }

    /// With so many intervals at most.
    #[must_use]
    pub fn evaluations(mut self, evaluations: usize) -> Self {
        self.evaluations = evaluations;
        self
    }

    /// Whether the image (channels, rows, columns) has this class for every parameter of the interval:
    /// whether its score is above all others.
    ///
    /// # Errors
    /// If the image does not fit the network or has a pixel that is not finite, or there is no such class.
    pub fn run(
        &self,
        classifier: &impl Classifier,
        transformation: Transformation,
        interval: Interval,
        image: ArrayViewD<'_, f64>,
        class: usize,
    ) -> Result<Verdict, AngleError> {
        let image = image.to_owned();
        let margins =
            |interval: Interval| classifier.margins(&transformation.enclose(image.view(), interval)?, class);
        let judge = |interval: &Interval| self::judge(*interval, &margins);
        let (mut open, mut left) = (vec![interval], self.evaluations);
        let (mut certified, mut is_complete) = (Vec::new(), true);
        while !open.is_empty() {
            is_complete &= open.len() <= left;
            open.truncate(left);
            left -= open.len();
            let judged: Vec<Judged> = open.par_iter().map(judge).collect::<Result<_, _>>()?;
            let mut next = Vec::new();
            for (interval, judged) in open.into_iter().zip(judged) {
                match judged {
                    Judged::Certified(margin) => certified.push((interval, margin)),
                    Judged::Refuted(verdict) => return Ok(verdict),
                    Judged::Open => match interval.split() {
                        Some(halves) if interval.width() > self.least_width => next.extend(halves),
                        _ => is_complete = false,
                    },
                }
            }
            open = next;
        }
        certified.sort_by(|(a, _), (b, _)| a.low().total_cmp(&b.low()));
        Ok(match is_complete {
            true => Verdict::Certified { margins: certified },
            false => {
                Verdict::Undecided { certified: join(certified.into_iter().map(|(interval, _)| interval)) }
            }
        })
    }
}

fn judge(
    interval: Interval,
    margins: &impl Fn(Interval) -> Result<Vec<(usize, Affine)>, AngleError>,
) -> Result<Judged, AngleError> {
    let lines = margins(interval)?;
    let least = lines.iter().map(|(_, margin)| margin.low()).fold(f64::INFINITY, f64::min);
    if least > 0.0 {
        return Ok(Judged::Certified(least));
    }
    let lowest = |line: &Affine| line.centre() - line.slope().abs();
    let below = lines.iter().map(|(_, line)| line).min_by(|a, b| lowest(a).total_cmp(&lowest(b)));
    if let Some(line) = below
        && lowest(line) < 0.0
    {
        let parameter = if line.slope() > 0.0 { interval.low() } else { interval.high() };
        let there = margins(Interval::point(parameter)?)?;
        let higher = there.into_iter().find(|(_, margin)| margin.high() < 0.0);
        if let Some((class, margin)) = higher {
            return Ok(Judged::Refuted(Verdict::Refuted { parameter, class, margin: margin.high() }));
        }
    }
    Ok(Judged::Open)
}

/// Intervals in order, joined where they meet.
fn join(intervals: impl Iterator<Item = Interval>) -> Vec<Interval> {
    let mut joined: Vec<Interval> = Vec::new();
    for interval in intervals {
        match joined.last_mut().and_then(|last| last.joined(&interval).map(|both| (last, both))) {
            Some((last, both)) => *last = both,
            None => joined.push(interval),
        }
    }
    joined
}
