//! A claim: a statement with its expected truth, the check that decides it, and the mutants that the check
//! must catch.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::time::{Duration, Instant};

use crate::verify::{Evidence, ExamineError, Examiner, Failure, Finding, Reading, Report, Verdict};

type Check = Box<dyn Fn(&Examiner) -> Result<Report, Failure> + Send + Sync>;

/// Whether the theory says that a statement is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The statement is true: every reading must confirm it.
    Holds,
    /// The statement is false: it must be refuted, with a counterexample.
    Fails,
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Expected::Holds => "holds",
            Expected::Fails => "fails",
        })
    }
}

/// A plausible wrong implementation, on which the claim's own check must come to the opposite result.
pub struct Mutant {
    /// What is wrong with it: `the kernel is not flipped`.
    pub name: &'static str,
    check: Check,
}

/// One statement of the catalogue.
pub struct Claim {
    /// The name: `conv.commutative`.
    pub id: &'static str,
    /// What is asserted, for people.
    pub statement: &'static str,
    /// Whether it is true.
    pub expected: Expected,
    /// The theorems of `proofs/` that say so for all sizes.
    pub theorems: Vec<&'static str>,
    /// The source file that states it, as the compiler was given it: `src/claims/conv/algebra.rs`.
    pub file: &'static str,
    /// The wrong implementations that its check must catch.
    pub mutants: Vec<Mutant>,
    check: Check,
}

impl Claim {
    /// A true statement and the check that confirms it.
    #[track_caller]
    pub fn holds<E: Into<Failure>>(
        id: &'static str,
        statement: &'static str,
        check: impl Fn(&Examiner) -> Result<Report, E> + Send + Sync + 'static,
    ) -> Self {
        Self::new(id, statement, Expected::Holds, check)
    }

    /// A false statement and the check that refutes it.
    #[track_caller]
    pub fn fails<E: Into<Failure>>(
        id: &'static str,
        statement: &'static str,
        check: impl Fn(&Examiner) -> Result<Report, E> + Send + Sync + 'static,
    ) -> Self {
        Self::new(id, statement, Expected::Fails, check)
    }

    #[track_caller]
    fn new<E: Into<Failure>>(
        id: &'static str,
        statement: &'static str,
        expected: Expected,
        check: impl Fn(&Examiner) -> Result<Report, E> + Send + Sync + 'static,
    ) -> Self {
        Claim {
            id,
            statement,
            expected,
            theorems: Vec::new(),
            file: Location::caller().file(),
            mutants: Vec::new(),
            check: Box::new(move |examiner| check(examiner).map_err(Into::into)),
        }
    }

    /// Names a theorem of `proofs/` that decides the statement for all sizes.
    #[must_use]
    pub fn theorem(mut self, name: &'static str) -> Self {
        self.theorems.push(name);
        self
    }

    /// Adds a wrong implementation, examined as the claim's own.
    #[must_use]
    pub fn mutant<E: Into<Failure>>(
        mut self,
        name: &'static str,
        check: impl Fn(&Examiner) -> Result<Report, E> + Send + Sync + 'static,
    ) -> Self {
        self.mutants
            .push(Mutant { name, check: Box::new(move |examiner| check(examiner).map_err(Into::into)) });
        self
    }

    /// The chapter: what stands before the first dot of the id; actions are told in that of groups.
    pub fn chapter(&self) -> &'static str {
        match self.id.split('.').next().unwrap_or(self.id) {
            "action" => "group",
            chapter => chapter,
        }
    }

    /// Checks the claim, and then its mutants, by the given readings with the given seed.
    ///
    /// Returns `None` where none of the readings can say anything about this claim.
    ///
    /// # Errors
    /// If the check itself fails: nothing was checked, or the code under test reports an error.
    pub fn run(&self, readings: &[Reading], seed: u64) -> Result<Option<Decision>, Failure> {
        let start = Instant::now();
        let replay = format!("equivariant verify {} --seed {seed}", self.id);
        let examiner =
            Examiner::new(seed).with_readings(readings.iter().copied()).with_replay(replay.clone());
        let mut report = match (self.check)(&examiner) {
            Ok(report) => report,
            Err(error) if readings != Reading::ALL && is_nothing_checked(&error) => {
                return Ok(self.by_theorem(readings));
            }
            Err(error) => return Err(error),
        };
        if let Some(counterexample) = &mut report.counterexample {
            counterexample.replay = replay;
        }
        report.evidence.retain(|evidence| examiner.uses(evidence.finding.reading()));
        if report.evidence.is_empty() {
            return Ok(self.by_theorem(readings));
        }
        let mut mutants = Vec::new();
        for mutant in &self.mutants {
            match (mutant.check)(&examiner) {
                Ok(report) => mutants.push((mutant.name, self.catches(&report))),
                // Some of the readings alone may have nothing to say about what is wrong.
                Err(error) if readings != Reading::ALL && is_nothing_checked(&error) => {}
                Err(error) => return Err(error),
            }
        }
        report.evidence.splice(0..0, self.theorem_evidence(readings));
        Ok(Some(Decision { report, mutants, duration: start.elapsed() }))
    }

    /// Whether the outcome of a mutant is the opposite of what is expected of the claim, by each reading that
    /// was used.
    fn catches(&self, report: &Report) -> bool {
        match self.expected {
            Expected::Fails => report.verdict == Verdict::Holds,
            Expected::Holds => {
                let refutes = |reading| {
                    report
                        .evidence
                        .iter()
                        .any(|evidence| !evidence.confirms && evidence.finding.reading() == reading)
                };
                report.verdict == Verdict::Fails
                    && report.evidence.iter().all(|evidence| refutes(evidence.finding.reading()))
            }
        }
    }

    /// What single draws find of what is false: the statement if it is expected to fail, else each mutant.
    /// Where a check draws different numbers for different purposes, one run for each, with single draws for
    /// that purpose alone.
    pub(super) fn by_single_draws(&self, seed: u64) -> Vec<SingleDraws> {
        let mut runs = Vec::new();
        let mut run = |name, check: &Check| {
            let examine = |only| {
                let examiner = Examiner::new(seed).with_single_draws(only);
                // What breaks off has found nothing.
                let report = catch_unwind(AssertUnwindSafe(|| check(&examiner).ok())).unwrap_or_default();
                (report, examiner.asked_draws())
            };
            let (report, asked) = examine(None);
            match asked.as_slice() {
                [] | [_] => runs.push(SingleDraws { name, report, draws: asked.first().copied() }),
                several => runs.extend(several.iter().map(|&draws| {
                    let (report, _) = examine(Some(draws));
                    SingleDraws { name, report, draws: Some(draws) }
                })),
            }
        };
        match self.expected {
            Expected::Fails => run(None, &self.check),
            Expected::Holds => self.mutants.iter().for_each(|mutant| run(Some(mutant.name), &mutant.check)),
        }
        runs
    }

    fn theorem_evidence(&self, readings: &[Reading]) -> Vec<Evidence> {
        if !readings.contains(&Reading::Theorem) {
            return Vec::new();
        }
        let confirms = self.expected == Expected::Holds;
        self.theorems
            .iter()
            .map(|&name| Evidence { confirms, finding: Finding::Theorem { name: name.to_owned() } })
            .collect()
    }

    /// The outcome where no reading but the theorem speaks.
    fn by_theorem(&self, readings: &[Reading]) -> Option<Decision> {
        let evidence = self.theorem_evidence(readings);
        let first = evidence.first()?.finding.clone();
        let verdict = match self.expected {
            Expected::Holds => Verdict::Holds,
            Expected::Fails => Verdict::Fails,
        };
        let report = Report { verdict, evidence, ..Report::confirmed(first) };
        Some(Decision { report, mutants: Vec::new(), duration: Duration::ZERO })
    }

    /// Whether an outcome is what the theory says: the verdict is the expected one, a failure has its
    /// counterexample (or its theorem), and every mutant was caught.
    pub fn agrees(&self, outcome: &Decision) -> bool {
        self.is_as_expected(&outcome.report) && outcome.mutants.iter().all(|(_, caught)| *caught)
    }

    /// Whether the verdict is the expected one, whatever came of the mutants.
    pub fn is_as_expected(&self, report: &Report) -> bool {
        let by_theorem =
            report.evidence.iter().all(|evidence| evidence.finding.reading() == Reading::Theorem);
        match self.expected {
            Expected::Holds => report.verdict == Verdict::Holds,
            Expected::Fails => {
                report.verdict == Verdict::Fails && (report.counterexample.is_some() || by_theorem)
            }
        }
    }
}

/// What came of one run of a check with single draws.
pub(super) struct SingleDraws {
    /// The mutant; none where the statement itself is false.
    pub(super) name: Option<&'static str>,
    /// What was found; none where the check broke off.
    pub(super) report: Option<Report>,
    /// How many draws are made in place of each single one; none where nothing is left to chance.
    pub(super) draws: Option<usize>,
}

fn is_nothing_checked(error: &Failure) -> bool {
    matches!(error.downcast_ref(), Some(ExamineError::NothingChecked(_)))
}

/// How a claim was decided: what came of running it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The verdict with its evidence.
    pub report: Report,
    /// Each mutant, and whether it was caught.
    pub mutants: Vec<(&'static str, bool)>,
    /// The time that the claim and its mutants took.
    pub duration: Duration,
}
