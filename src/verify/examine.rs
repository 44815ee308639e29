//! The examiner: runs the readings over a statement and weighs what they say.
//!
//! A statement *holds* if at least one reading confirms it and none refutes it. It *fails* if a
//! counterexample was found and checked; a reading that refutes without one leaves it *undecided*. Checking
//! nothing is an error.
//!
//! Readings on numbers make as many draws as [`draws`](super::draws) derives, and stop at the first that
//! refutes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::counterexample::{Counterexample, Value, find_witness};
use super::draws::{AT_LARGE, Nature};
use super::identity::{Failure, degrees};
use super::reading::{Field, Float, Outcome, Reader, Rounding, Symbols};
use super::report::{Evidence, Reading, Report, Verdict};
use super::statement::{Case, Statement};

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

/// Which draws are made once, and what was asked for.
#[derive(Clone, Debug)]
struct Single {
    /// Only those of which so many are enough; all without a number.
    only: Option<usize>,
    asked: Arc<Mutex<BTreeSet<usize>>>,
}

/// Runs readings over statements.
#[derive(Clone, Debug)]
pub struct Examiner {
    readings: BTreeSet<Reading>,
    seed: u64,
    replay: String,
    /// Where single draws are made to measure their power.
    single: Option<Single>,
}

impl Examiner {
    /// An examiner that uses all readings, with this seed for everything random.
    pub fn new(seed: u64) -> Self {
        Examiner { readings: Reading::ALL.into(), seed, replay: String::new(), single: None }
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

    /// The same, with a single draw wherever there would be several, or where there would be exactly `only`
    /// so many; and not at large sizes: to measure how often one draw shows a fault.
    #[must_use]
    pub fn with_single_draws(mut self, only: Option<usize>) -> Self {
        self.single = Some(Single { only, asked: Arc::default() });
        self
    }

    /// How many independent draws to make where `enough` are enough not to miss a fault.
    ///
    /// Every check that draws asks, so that its power can be measured:
    /// [`with_single_draws`](Self::with_single_draws) makes the answer 1. What finds a fault with probability
    /// q in such a run misses it with at most (1 − q)^`enough` in all others.
    pub fn draws(&self, enough: usize) -> usize {
        let Some(single) = &self.single else { return enough };
        if let Ok(mut asked) = single.asked.lock() {
            asked.insert(enough);
        }
        if single.only.is_none_or(|only| only == enough) { 1 } else { enough }
    }

    /// The numbers that [`draws`](Self::draws) was asked about, where single draws are made.
    pub fn asked_draws(&self) -> Vec<usize> {
        let asked = self.single.as_ref().and_then(|single| single.asked.lock().ok());
        asked.map_or_else(Vec::new, |asked| asked.iter().copied().collect())
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
            let large = if reading == Reading::Symbolic { &[] } else { self.large_sizes(statement) };
            let outcome = self.read(statement, large, reader.as_mut(), reading)?;
            if outcome == Outcome::Silent {
                continue;
            }
            let confirms = outcome == Outcome::Confirms;
            evidence.push(Evidence { confirms, finding: reader.finding(label(statement, large)?) });
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

    /// Whether the statement survives a search for a counterexample at one of its sizes: the quick question
    /// that the preserved subgroup asks of every element.
    pub(super) fn survives(&self, case: &Case) -> Result<bool, Failure> {
        let identity = case.identity.as_ref();
        let mut random = self.random("survives");
        let nature = Nature::of(identity)?;
        let draws = self.draws(nature.draws());
        match Field::default().read(identity, None, draws, &mut random)? {
            Outcome::Refutes => Ok(false),
            Outcome::Confirms => {
                Ok(Rounding::default().read(identity, None, draws, &mut random)? != Outcome::Refutes)
            }
            Outcome::Silent => {
                let reaches = self.reaches(nature, &mut random);
                Ok(find_witness(identity, &reaches, &mut random)?.is_none())
            }
        }
    }

    fn read(
        &self,
        statement: &Statement,
        large: &[Vec<usize>],
        reader: &mut dyn Reader,
        reading: Reading,
    ) -> Result<Outcome, ExamineError> {
        let mut random = self.random(reading.name());
        let mut overall = Outcome::Confirms;
        let mut cases_read = 0;
        let sizes = statement.sizes.iter().map(|size| (size, false));
        for (size, is_large) in sizes.chain(large.iter().map(|size| (size, true))) {
            for case in cases(statement, size)? {
                let outcome = self
                    .draws_of(&case, reading, is_large)
                    .and_then(|draws| {
                        reader.read(case.identity.as_ref(), statement.linear_in, draws, &mut random)
                    })
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

    /// The large sizes, which are left out where the power of single draws at the others is measured.
    fn large_sizes<'a>(&self, statement: &'a Statement) -> &'a [Vec<usize>] {
        if self.single.is_some() { &[] } else { &statement.large }
    }

    fn draws_of(&self, case: &Case, reading: Reading, is_large: bool) -> Result<usize, Failure> {
        Ok(match reading {
            Reading::Theorem | Reading::Symbolic => 1,
            _ if is_large => AT_LARGE,
            _ => self.draws(Nature::of(case.identity.as_ref())?.draws()),
        })
    }

    /// The reaches of a search on which a verdict depends. Of those that no lemma bounds, one at random
    /// stands for all where single draws are made.
    fn reaches(&self, nature: Nature, random: &mut ChaCha8Rng) -> Vec<i64> {
        let (reaches, bounded) = nature.reaches();
        if bounded || self.draws(reaches.len()) > 1 {
            return reaches;
        }
        vec![reaches[random.random_range(0..reaches.len())]]
    }

    fn smallest_counterexample(&self, statement: &Statement) -> Result<Option<Counterexample>, ExamineError> {
        // One stream for all, so that what is drawn for one size or case says nothing of what is drawn for
        // another.
        let mut random = self.random("counterexample");
        for largest in statement.sizes.iter().chain(self.large_sizes(statement)) {
            for size in statement.sizes_up_to(largest) {
                let decisive = statement.sizes.contains(&size);
                if self.single.is_some() && !decisive {
                    continue;
                }
                for case in cases(statement, &size)? {
                    let identity = case.identity.as_ref();
                    let witness = Nature::of(identity)
                        .and_then(|nature| {
                            let reaches = match decisive {
                                true => self.reaches(nature, &mut random),
                                false => nature.few_reaches(),
                            };
                            find_witness(identity, &reaches, &mut random)
                        })
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
fn label(statement: &Statement, large: &[Vec<usize>]) -> Result<String, ExamineError> {
    let mut labels = Vec::new();
    for size in statement.sizes.iter().chain(large) {
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
