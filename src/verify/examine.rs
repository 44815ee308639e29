//! The examiner: runs the readings over a statement and weighs what they say.
//!
//! A statement *holds* if at least one reading confirms it and none refutes it. It *fails* if a counterexample was found
//! and checked; a reading that refutes without one leaves it *undecided*. Checking nothing is an error.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::counterexample::{Counterexample, Value, find_witness};
use super::identity::{Failure, degrees};
use super::reading::{Field, Float, Outcome, Reader, Rounding, Symbols};
use super::report::{Evidence, Reading, Report, Verdict};
use super::statement::{Case, Statement};

/// Attempts at a random counterexample, for each case. A false polynomial identity of degree d agrees on a random
/// input from {−n, …, n} with probability at most d / (2n + 1), so that a few suffice.
const ATTEMPTS: usize = 12;

/// Why an examination came to no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExamineError {
    /// There was no case, no reading, or no entry on either side.
    #[error("nothing was checked: {0}")]
    NothingChecked(String),
    /// The code under test reported an error.
    #[error("the code under test failed at {place}: {source}")]
    Evaluation {
        /// The size and the element.
        place: String,
        /// What it reported.
        source: Failure,
    },
    /// What was found contradicts itself: a defect of the code under test or of this crate.
    #[error("contradiction: {0}")]
    Contradiction(String),
}

/// Runs readings over statements.
#[derive(Clone, Debug)]
pub struct Examiner {
    readings: BTreeSet<Reading>,
    seed: u64,
    replay: String,
}

impl Examiner {
    /// An examiner that uses all readings, with this seed for everything random.
    pub fn new(seed: u64) -> Self {
        Examiner { readings: Reading::ALL.into(), seed, replay: String::new() }
    }

    /// The same, restricted to these readings.
    #[must_use]
    pub fn with_readings(mut self, readings: impl IntoIterator<Item = Reading>) -> Self {
        self.readings = readings.into_iter().collect();
        self
    }

    /// The same, with the line that a counterexample prints to be reproduced.
    #[must_use]
    pub fn with_replay(mut self, replay: impl Into<String>) -> Self {
        self.replay = replay.into();
        self
    }

    /// Whether this reading is wanted.
    pub fn uses(&self, reading: Reading) -> bool {
        self.readings.contains(&reading)
    }

    /// The seed of everything random.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A generator of its own for each purpose, so that one draw more here changes nothing there.
    pub fn random(&self, purpose: &str) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        // FNV-1a, for a stream number that is the same on every machine.
        let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        random.set_stream(hash);
        random
    }

    /// Examines a statement by every reading that is wanted.
    ///
    /// # Errors
    /// If nothing was checked, or the code under test fails.
    pub fn examine(&self, statement: &Statement) -> Result<Report, ExamineError> {
        let mut evidence = Vec::new();
        let mut refuting = Vec::new();
        for reading in Reading::ALL.into_iter().filter(|&reading| self.uses(reading)) {
            let Some(mut reader) = reader(reading) else { continue };
            let mut sizes = statement.sizes.clone();
            if reading != Reading::Symbolic {
                sizes.extend(statement.large.iter().cloned());
            }
            let outcome = self.read(statement, &sizes, reader.as_mut(), reading)?;
            if outcome == Outcome::Silent {
                continue;
            }
            let confirms = outcome == Outcome::Confirms;
            evidence.push(Evidence { confirms, finding: reader.finding(label(statement, &sizes)?) });
            if !confirms {
                refuting.push(reading.name());
            }
        }
        let counterexample =
            if refuting.is_empty() { None } else { self.smallest_counterexample(statement)? };
        if evidence.is_empty() {
            return Err(ExamineError::NothingChecked(
                "no reading of those wanted can decide this statement".into(),
            ));
        }
        let verdict = match (&counterexample, refuting.is_empty()) {
            (Some(_), _) => Verdict::Fails,
            (None, true) => Verdict::Holds,
            (None, false) => Verdict::Undecided,
        };
        if verdict == Verdict::Holds && !has_entries(statement)? {
            return Err(ExamineError::NothingChecked("the sides have no entry at any of the sizes".into()));
        }
        let remark = (verdict == Verdict::Undecided).then(|| {
            format!(
                "refuted by the {} reading, but no counterexample on small integers was found",
                refuting.join(", ")
            )
        });
        Ok(Report { verdict, evidence, counterexample, largest: None, figures: Vec::new(), remark })
    }

    /// Whether the statement survives a search for a counterexample at one of its sizes: the quick question that
    /// the preserved subgroup asks of every element.
    pub(super) fn survives(&self, case: &Case) -> Result<bool, Failure> {
        let mut random = self.random("survives");
        let mut field = Field::default();
        match field.read(case.identity.as_ref(), None, &mut random)? {
            Outcome::Refutes => Ok(false),
            Outcome::Confirms => {
                Ok(Rounding::default().read(case.identity.as_ref(), None, &mut random)? != Outcome::Refutes)
            }
            Outcome::Silent => Ok(find_witness(case.identity.as_ref(), ATTEMPTS, &mut random)?.is_none()),
        }
    }

    fn read(
        &self,
        statement: &Statement,
        sizes: &[Vec<usize>],
        reader: &mut dyn Reader,
        reading: Reading,
    ) -> Result<Outcome, ExamineError> {
        let mut random = self.random(reading.name());
        let mut overall = Outcome::Confirms;
        let mut cases_read = 0;
        for size in sizes {
            for case in cases(statement, size)? {
                let outcome = reader
                    .read(case.identity.as_ref(), statement.linear_in, &mut random)
                    .map_err(|source| failed(statement, size, &case, source))?;
                cases_read += 1;
                match outcome {
                    Outcome::Refutes => overall = Outcome::Refutes,
                    Outcome::Silent if overall == Outcome::Confirms => overall = Outcome::Silent,
                    _ => {}
                }
            }
        }
        if cases_read == 0 {
            return Err(ExamineError::NothingChecked("the statement has no case at its sizes".into()));
        }
        Ok(overall)
    }

    fn smallest_counterexample(&self, statement: &Statement) -> Result<Option<Counterexample>, ExamineError> {
        for largest in statement.sizes.iter().chain(&statement.large) {
            for size in statement.sizes_up_to(largest) {
                let mut random = self.random("counterexample");
                for case in cases(statement, &size)? {
                    let witness = find_witness(case.identity.as_ref(), ATTEMPTS, &mut random)
                        .map_err(|source| failed(statement, &size, &case, source))?;
                    if let Some(witness) = witness {
                        return Ok(Some(Counterexample {
                            shape: statement.describe(&size),
                            element: case.element,
                            inputs: witness
                                .inputs
                                .into_iter()
                                .map(|(name, array)| (name, array.into()))
                                .collect(),
                            left: Value::Array(witness.left),
                            right: Value::Array(witness.right),
                            replay: self.replay.clone(),
                        }));
                    }
                }
            }
        }
        Ok(None)
    }
}

fn reader(reading: Reading) -> Option<Box<dyn Reader>> {
    match reading {
        Reading::Theorem => None,
        Reading::Symbolic => Some(Box::new(Symbols::default())),
        Reading::Field => Some(Box::new(Field::default())),
        Reading::Rounding => Some(Box::new(Rounding::default())),
        Reading::Float => Some(Box::new(Float::default())),
    }
}

fn cases(statement: &Statement, size: &[usize]) -> Result<Vec<Case>, ExamineError> {
    statement
        .cases(size)
        .map_err(|source| ExamineError::Evaluation { place: statement.describe(size), source })
}

/// The sizes that were read, as people read them: those with a case.
fn label(statement: &Statement, sizes: &[Vec<usize>]) -> Result<String, ExamineError> {
    let mut labels = Vec::new();
    for size in sizes {
        if !cases(statement, size)?.is_empty() {
            labels.push(statement.describe(size));
        }
    }
    Ok(labels.join("; "))
}

/// Whether there is anything to compare: arrays without entries are equal, whatever was to be shown of them.
fn has_entries(statement: &Statement) -> Result<bool, ExamineError> {
    for size in statement.sizes.iter().chain(&statement.large) {
        for case in cases(statement, size)? {
            let (left, right) =
                degrees(case.identity.as_ref()).map_err(|source| failed(statement, size, &case, source))?;
            if !left.is_empty() || !right.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn failed(statement: &Statement, size: &[usize], case: &Case, source: Failure) -> ExamineError {
    let size = statement.describe(size);
    let place = match &case.element {
        Some(element) if size.is_empty() => format!("g = {element}"),
        Some(element) => format!("{size}, g = {element}"),
        None => size,
    };
    ExamineError::Evaluation { place, source }
}
