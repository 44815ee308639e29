//! What an examination found: a verdict, the evidence in numbers, a counterexample.

use std::fmt;

use super::counterexample::Counterexample;

/// Whether a statement is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every reading confirms it.
    Holds,
    /// There is a counterexample, checked with rigorous bounds.
    Fails,
    /// A reading does not confirm it, yet no counterexample was found.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Undecided => "undecided",
        })
    }
}

/// A way of gaining knowledge about a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// A theorem of `proofs/`, machine-checked, for all sizes.
    Theorem,
    /// Exact computation: on symbols, or on every element of a finite domain. A proof for the sizes it names.
    Symbolic,
    /// Random points of GF(p): a certificate with a bound on the probability that a false identity survives.
    Field,
    /// Floating point with a rigorous bound on its rounding error.
    Rounding,
    /// Floating point beside a measured noise floor.
    Float,
}

impl Reading {
    /// All of them, the strongest first.
    pub const ALL: [Reading; 5] =
        [Reading::Theorem, Reading::Symbolic, Reading::Field, Reading::Rounding, Reading::Float];

    /// The name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Reading::Theorem => "theorem",
            Reading::Symbolic => "symbolic",
            Reading::Field => "field",
            Reading::Rounding => "rounding",
            Reading::Float => "float",
        }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one reading found, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Whether the reading confirms the statement; otherwise it speaks against it.
    pub confirms: bool,
    /// The numbers.
    pub finding: Finding,
}

/// The numbers of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// A theorem of `proofs/`.
    Theorem {
        /// Its name.
        name: String,
    },
    /// Exact computation.
    Symbolic {
        /// The sizes, or the finite domain, it was done for.
        shape: String,
        /// How many unknowns the expressions have (0 for an enumeration).
        variables: usize,
        /// How many terms were compared (elements visited, for an enumeration).
        terms: usize,
    },
    /// Evaluation at random points of GF(p).
    Field {
        /// The sizes.
        shape: String,
        /// How many independent points.
        points: usize,
        /// log₂ of the bound on the probability that a false identity survives all points; `None` where it
        /// holds by a law of max, square root or exponential that [`Term`](crate::scalar::Term) has not, or
        /// does not hold as one of terms.
        log2_failure: Option<f64>,
    },
    /// Floating point within rigorous bounds.
    Rounding {
        /// The sizes.
        shape: String,
        /// The largest difference of the two sides.
        error: f64,
        /// What rounding can explain at that entry.
        bound: f64,
    },
    /// Floating point beside a noise floor, both relative to the largest entry.
    Float {
        /// The sizes.
        shape: String,
        /// The difference of the two sides.
        relative_error: f64,
        /// The rounding noise of the sides themselves.
        noise_floor: f64,
    },
}

impl Finding {
    /// Which reading found it.
    pub fn reading(&self) -> Reading {
        match self {
            Finding::Theorem { .. } => Reading::Theorem,
            Finding::Symbolic { .. } => Reading::Symbolic,
            Finding::Field { .. } => Reading::Field,
            Finding::Rounding { .. } => Reading::Rounding,
            Finding::Float { .. } => Reading::Float,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Theorem { name } => write!(f, "theorem {name}"),
            Finding::Symbolic { shape, variables: 0, terms } => write!(f, "exact: {shape}, {terms} cases"),
            Finding::Symbolic { shape, variables, terms } => {
                write!(f, "symbolic: {shape}: {variables} variables, {terms} terms")
            }
            Finding::Field { shape, points, log2_failure: Some(log2) } => {
                write!(f, "field: {shape}: {points} points of GF(p), failure ≤ 2^{}", log2.ceil())
            }
            Finding::Field { shape, points, log2_failure: None } => {
                write!(f, "field: {shape}: {points} points of GF(p), opaque functions")
            }
            Finding::Rounding { shape, error, bound } => {
                write!(f, "rounding: {shape}: error {error:.1e}, bound {bound:.1e}")
            }
            Finding::Float { shape, relative_error, noise_floor } => {
                write!(
                    f,
                    "float: {shape}: relative error {relative_error:.1e}, noise floor {noise_floor:.1e}"
                )
            }
        }
    }
}

/// A curve or several over one axis, for the reports that people read.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What the figure shows.
    pub title: String,
    /// The horizontal axis, with its unit.
    pub horizontal: String,
    /// The vertical axis, with its unit.
    pub vertical: String,
    /// Named curves, as (x, y) points.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whether the statement is true.
    pub verdict: Verdict,
    /// What each reading found.
    pub evidence: Vec<Evidence>,
    /// A smallest counterexample, where the statement fails.
    pub counterexample: Option<Counterexample>,
    /// The largest part that holds where the statement fails: `2Z × 2Z`, `multiples of 90°`.
    pub largest: Option<String>,
    /// Curves that show how it fails.
    pub figures: Vec<Figure>,
    /// Why the examination is undecided, or a remark that people should read.
    pub remark: Option<String>,
}

impl Report {
    /// The statement was confirmed by one reading.
    pub fn confirmed(finding: Finding) -> Self {
        Report { evidence: vec![Evidence { confirms: true, finding }], ..Report::confirmed_by_nothing() }
    }

    /// The statement was refuted, with a counterexample, by one reading.
    pub fn refuted(finding: Finding, counterexample: Counterexample) -> Self {
        Report {
            verdict: Verdict::Fails,
            evidence: vec![Evidence { confirms: false, finding }],
            counterexample: Some(counterexample),
            ..Report::confirmed_by_nothing()
        }
    }

    /// Confirmed by going through all of a finite domain of `cases` elements, exactly.
    ///
    /// # Panics
    /// If there were no cases: nothing was checked.
    pub fn enumerated(domain: impl Into<String>, cases: usize) -> Self {
        assert!(cases > 0, "an enumeration of nothing confirms nothing");
        Report::confirmed(Finding::Symbolic { shape: domain.into(), variables: 0, terms: cases })
    }

    fn confirmed_by_nothing() -> Self {
        Report {
            verdict: Verdict::Holds,
            evidence: Vec::new(),
            counterexample: None,
            largest: None,
            figures: Vec::new(),
            remark: None,
        }
    }

    /// Several statements, all of which are asserted: holds iff all hold, fails as soon as one fails.
    pub fn all(reports: impl IntoIterator<Item = Report>) -> Self {
        Self::merge(reports, |verdicts| {
            if verdicts.contains(&Verdict::Fails) {
                Verdict::Fails
            } else if verdicts.contains(&Verdict::Undecided) {
                Verdict::Undecided
            } else {
                Verdict::Holds
            }
        })
    }

    /// Several statements, each of which should fail: fails iff all fail, holds as soon as one holds.
    pub fn none(reports: impl IntoIterator<Item = Report>) -> Self {
        Self::merge(reports, |verdicts| {
            if verdicts.contains(&Verdict::Holds) {
                Verdict::Holds
            } else if verdicts.contains(&Verdict::Undecided) {
                Verdict::Undecided
            } else {
                Verdict::Fails
            }
        })
    }

    fn merge(reports: impl IntoIterator<Item = Report>, verdict: impl Fn(&[Verdict]) -> Verdict) -> Self {
        let mut merged = Report::confirmed_by_nothing();
        let mut verdicts = Vec::new();
        for report in reports {
            verdicts.push(report.verdict);
            merged.evidence.extend(report.evidence);
            merged.counterexample = match (merged.counterexample, report.counterexample) {
                (Some(first), Some(second)) if second.size() < first.size() => Some(second),
                (first, second) => first.or(second),
            };
            merged.largest = merged.largest.or(report.largest);
            merged.figures.extend(report.figures);
            merged.remark = merged.remark.or(report.remark);
        }
        assert!(!verdicts.is_empty(), "a report on no statement confirms nothing");
        merged.verdict = verdict(&verdicts);
        merged
    }

    /// The same with the largest part that holds.
    #[must_use]
    pub fn with_largest(mut self, largest: impl Into<String>) -> Self {
        self.largest = Some(largest.into());
        self
    }

    /// The same with one more figure.
    #[must_use]
    pub fn with_figure(mut self, figure: Figure) -> Self {
        self.figures.push(figure);
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.verdict)?;
        for Evidence { confirms, finding } in &self.evidence {
            writeln!(f, "  {} {finding}", if *confirms { "✓" } else { "✗" })?;
        }
        if let Some(remark) = &self.remark {
            writeln!(f, "  {remark}")?;
        }
        if let Some(largest) = &self.largest {
            writeln!(f, "  what holds: {largest}")?;
        }
        if let Some(counterexample) = &self.counterexample {
            writeln!(f, "counterexample")?;
            for line in counterexample.to_string().lines() {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
