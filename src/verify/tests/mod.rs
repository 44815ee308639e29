//! Laws and tables for the judge itself: which verdict follows from which outcomes, and which evidence from
//! which run.
//!
//! What is judged here is *scripted*: a pair of sides that is told for each scalar what to answer, and that
//! keeps what it was asked. So every outcome of every reading can be had alone, and every number in the
//! evidence is known beforehand.

mod counterexample;
mod evidence;
mod field;
mod float;
mod map;
mod outcomes;
mod prove;
mod report;
mod rounding;
mod statement;
mod subgroup;
mod symbolic;
mod witness;

use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, arr1};
use num_traits::One;

use super::identity::{AnyIdentity, Failure, Sides, Unknown};
use super::reading::Outcome;
use super::report::{Finding, Reading, Report};
use super::statement::{Case, Statement};
use super::{ExamineError, Examiner};
use crate::scalar::{Bounded, Degree, Exponential, Goldilocks, Lattice, Ring, Symbolic, Term};

/// The readings that run something.
const RUNNING: [Reading; 4] = [Reading::Symbolic, Reading::Field, Reading::Rounding, Reading::Float];
/// All that a reading can say.
const OUTCOMES: [Outcome; 3] = [Outcome::Confirms, Outcome::Refutes, Outcome::Silent];

/// What a scripted pair of sides answers on one scalar.
type Script<S> = Arc<dyn Fn(&[ArrayD<S>]) -> Sides<S> + Send + Sync>;

/// What a scripted pair of sides was asked.
#[derive(Default)]
struct Asked {
    symbolic: Mutex<Vec<Vec<ArrayD<Symbolic>>>>,
    field: Mutex<Vec<Vec<ArrayD<Goldilocks>>>>,
    bounded: Mutex<Vec<Vec<ArrayD<Bounded>>>>,
    single: Mutex<Vec<Vec<ArrayD<f32>>>>,
}

/// A pair of sides that answers what it was told to. All copies share what they were asked.
#[derive(Clone)]
struct Scripted {
    unknowns: Vec<Unknown>,
    symbolic: Script<Symbolic>,
    field: Script<Goldilocks>,
    degree: Script<Degree>,
    bounded: Script<Bounded>,
    single: Script<f32>,
    asked: Arc<Asked>,
}

/// Both sides are the first unknown.
fn same<S: Clone + 'static>() -> Script<S> {
    Arc::new(|values| (values[0].clone(), values[0].clone()))
}

/// The right side is one more.
fn one_more<S: Clone + One + std::ops::Add<Output = S> + 'static>() -> Script<S> {
    Arc::new(|values| (values[0].clone(), values[0].mapv(|x| x + S::one())))
}

/// Always these two sides.
fn always<S: Clone + Send + Sync + 'static>(left: &[S], right: &[S]) -> Script<S> {
    let sides = (arr1(left).into_dyn(), arr1(right).into_dyn());
    Arc::new(move |_| sides.clone())
}

impl Scripted {
    /// The true identity x = x, of three entries.
    fn new() -> Self {
        Scripted {
            unknowns: vec![Unknown::new("x", [3])],
            symbolic: same(),
            field: same(),
            degree: same(),
            bounded: same(),
            single: same(),
            asked: Arc::default(),
        }
    }

    fn case(&self) -> Case {
        Case { element: None, identity: Arc::new(self.clone()) }
    }

    /// A statement of this alone.
    fn statement(&self) -> Statement {
        let case = self.case();
        Statement::new(&[], move |_| Ok(vec![case.clone()])).at([])
    }

    /// What one reading finds of it.
    fn read(&self, reading: Reading) -> Result<Report, ExamineError> {
        Examiner::new(5).with_readings([reading]).examine(&self.statement())
    }

    /// Made so that this reading says this, and the others what they said.
    fn saying(mut self, reading: Reading, outcome: Outcome) -> Self {
        match (reading, outcome) {
            (Reading::Theorem, _) => unreachable!("theorems do not run"),
            (Reading::Symbolic, Outcome::Confirms) => self.symbolic = same(),
            (Reading::Symbolic, Outcome::Refutes) => self.symbolic = one_more(),
            (Reading::Symbolic, Outcome::Silent) => {
                // Other opaque functions, which might yet be the same.
                self.symbolic = Arc::new(|values| {
                    let left = values[0].mapv(|x| x.exponential());
                    let right = left.mapv(|x| x.maximum(&Symbolic::one()));
                    (left, right)
                });
            }
            (Reading::Field, Outcome::Confirms) => (self.field, self.degree) = (same(), same()),
            (Reading::Field, Outcome::Refutes) => (self.field, self.degree) = (one_more(), same()),
            (Reading::Field, Outcome::Silent) => (self.field, self.degree) = (one_more(), opaque()),
            (Reading::Rounding, outcome) => {
                let rounding: Script<Bounded> = match outcome {
                    Outcome::Confirms => same(),
                    Outcome::Refutes => one_more(),
                    Outcome::Silent => always(&[Bounded::with_error(0.0, 1.0)], &[Bounded::new(0.0)]),
                };
                self.bounded = self.bounded_for(Asker::Rounding, rounding);
            }
            (Reading::Float, outcome) => {
                let (single, exact): (Script<f32>, Script<Bounded>) = match outcome {
                    Outcome::Confirms => (same(), same()),
                    Outcome::Refutes => (one_more(), one_more()),
                    Outcome::Silent => {
                        let unknown = [Bounded::with_error(0.0, f64::INFINITY); 3];
                        (same(), always(&unknown, &unknown))
                    }
                };
                self.single = single;
                self.bounded = self.bounded_for(Asker::Float, exact);
            }
        }
        self
    }

    /// Made so that small integers show that the sides differ, or do not.
    fn with_witness(mut self, exists: bool) -> Self {
        self.bounded = self.bounded_for(Asker::Witness, if exists { one_more() } else { same() });
        self
    }

    fn bounded_for(&self, asker: Asker, script: Script<Bounded>) -> Script<Bounded> {
        let others = Arc::clone(&self.bounded);
        Arc::new(move |values| if asker == Asker::of(values) { script(values) } else { others(values) })
    }
}

/// The degree of opaque functions.
fn opaque() -> Script<Degree> {
    Arc::new(|values| {
        let side = values[0].mapv(|x| x.relu());
        (side.clone(), side)
    })
}

/// Who asks for bounded numbers: told by the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// The search for a counterexample tries integers.
    Witness,
    /// The float reading asks again on its floats in single precision.
    Float,
    /// The rounding reading draws in double precision: three such numbers are all floats in single precision
    /// with probability 2⁻⁸⁷.
    Rounding,
}

impl Asker {
    fn of(values: &[ArrayD<Bounded>]) -> Self {
        let all = |holds: fn(f64) -> bool| values.iter().flatten().all(|x| holds(x.value()));
        if all(|x| x == x.trunc()) {
            Asker::Witness
        } else if all(|x| f64::from(x as f32) == x) {
            Asker::Float
        } else {
            Asker::Rounding
        }
    }
}

fn answer<S: Clone>(
    asked: &Mutex<Vec<Vec<ArrayD<S>>>>,
    script: &Script<S>,
    values: &[ArrayD<S>],
) -> Sides<S> {
    asked.lock().expect("no test panics while it asks").push(values.to_vec());
    script(values)
}

impl AnyIdentity for Scripted {
    fn unknowns(&self) -> Vec<Unknown> {
        self.unknowns.clone()
    }

    fn symbolic(&self, values: &[ArrayD<Symbolic>]) -> Result<Sides<Symbolic>, Failure> {
        Ok(answer(&self.asked.symbolic, &self.symbolic, values))
    }

    fn field(&self, values: &[ArrayD<Goldilocks>]) -> Result<Sides<Goldilocks>, Failure> {
        Ok(answer(&self.asked.field, &self.field, values))
    }

    /// Different terms: what is opaque is then read on fixed functions.
    fn term(&self, _values: &[ArrayD<Term>]) -> Result<Sides<Term>, Failure> {
        let side = |number| ArrayD::from_elem(vec![1], Term::from_integer(number));
        Ok((side(0), side(1)))
    }

    fn degree(&self, values: &[ArrayD<Degree>]) -> Result<Sides<Degree>, Failure> {
        Ok((self.degree)(values))
    }

    fn bounded(&self, values: &[ArrayD<Bounded>]) -> Result<Sides<Bounded>, Failure> {
        Ok(answer(&self.asked.bounded, &self.bounded, values))
    }

    fn single(&self, values: &[ArrayD<f32>]) -> Result<Sides<f32>, Failure> {
        Ok(answer(&self.asked.single, &self.single, values))
    }
}

/// What a statement says at sizes 0, 1, … where at each there are these cases.
fn by_size(cases: Vec<Vec<Case>>) -> Statement {
    Statement::new(&["size"], move |size| Ok(cases[size[0]].clone()))
}

/// The outcome of a single reading, as an examination without a counterexample shows it.
fn outcome_of(examined: Result<Report, ExamineError>) -> Outcome {
    use super::Verdict;
    match examined {
        Ok(report) => {
            assert_eq!(report.evidence.len(), 1, "{report}");
            match (report.verdict, report.evidence[0].confirms) {
                (Verdict::Holds, true) => Outcome::Confirms,
                (Verdict::Undecided | Verdict::Fails, false) => Outcome::Refutes,
                other => panic!("{other:?}: the verdict contradicts the evidence"),
            }
        }
        Err(ExamineError::NothingChecked(_)) => Outcome::Silent,
        Err(error) => panic!("{error}"),
    }
}

/// The only finding of an examination.
fn finding(examined: Result<Report, ExamineError>) -> Finding {
    let report = examined.expect("an examination");
    assert_eq!(report.evidence.len(), 1, "{report}");
    report.evidence[0].finding.clone()
}

/// Writes to a writer with room for so many bytes and no more.
struct Cut(usize);

impl std::fmt::Write for Cut {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

/// What is written for people passes on the error of the writer, wherever it occurs.
fn fails_wherever_it_is_cut(value: &impl std::fmt::Display) {
    use std::fmt::Write;
    let whole = value.to_string();
    for room in 0..whole.len() {
        assert!(write!(Cut(room), "{value}").is_err(), "{room} bytes of {whole:?}");
    }
    assert!(write!(Cut(whole.len()), "{value}").is_ok(), "{whole:?}");
}
