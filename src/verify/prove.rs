//! Proving the symmetry of a generic map, in one expression of a test.
//!
//! `prove(map).on(shape).commutes_with(group, input action, output action)` is a [`ProofCheck`]: it is run
//! with [`ProofCheck::check`], which returns what was found, or with [`ProofCheck::assert`], which panics
//! with the counterexample. The shape is the one that is proved, for all inputs and weights; sizes in between
//! are covered by the theorems of `proofs/`, if at all.

use std::sync::Arc;

use super::examine::{ExamineError, Examiner};
use super::map::{Map, equivariance, symmetries};
use super::report::{Reading, Report, Verdict};
use super::seed::{replay_line, seed_from_environment};
use super::statement::Statement;
use super::subgroup::LARGEST_ORDER;
use crate::group::{FiniteGroup, Group};
use crate::signal::{ArrayAction, TrivialAction};

/// Begins the proof of a symmetry of `map`.
///
/// ```
/// use equivariant::group::Symmetric;
/// use equivariant::scalar::Scalar;
/// use equivariant::signal::OnAxis;
/// use equivariant::verify::{Failure, Map, prove};
/// use ndarray::{ArrayD, Axis};
///
/// /// The largest coordinates of a cloud of points (point, coordinate).
/// struct Corner;
///
/// impl Map for Corner {
///     fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
///         let largest = x.axis_iter(Axis(0)).map(|point| point.to_owned());
///         let largest = largest.reduce(|a, b| ndarray::Zip::from(&a).and(&b).map_collect(|a, b| a.maximum(b)));
///         largest.ok_or_else(|| "a cloud has a point".into())
///     }
/// }
///
/// prove(Corner).on([4, 3]).is_invariant_under(Symmetric::new(4)?, OnAxis::new(2)).assert();
/// # Ok::<(), equivariant::group::SymmetricError>(())
/// ```
pub fn prove<M: Map>(map: M) -> Proof<M> {
    Proof { map: Arc::new(map) }
}

/// A map whose symmetry is to be proved; say next on which shape.
#[derive(Debug)]
#[must_use = "nothing is proved until a symmetry is named and checked"]
pub struct Proof<M> {
    map: Arc<M>,
}

impl<M: Map> Proof<M> {
    /// The shape of the input.
    pub fn on(self, shape: impl Into<Vec<usize>>) -> ProofOn<M> {
        ProofOn { map: self.map, shape: shape.into() }
    }
}

/// A map and a shape; say next which symmetry.
#[derive(Debug)]
#[must_use = "nothing is proved until a symmetry is named and checked"]
pub struct ProofOn<M> {
    map: Arc<M>,
    shape: Vec<usize>,
}

impl<M: Map> ProofOn<M> {
    pub(super) fn into_parts(self) -> (Arc<M>, Vec<usize>) {
        (self.map, self.shape)
    }

    /// The claim f(g ▷ x) = g ▷ f(x) for every g of a group, with one action on inputs and one on outputs.
    pub fn commutes_with<G, I, O>(self, group: G, input: I, output: O) -> ProofCheck<M, G, I, O>
    where
        G: FiniteGroup,
        I: ArrayAction<G>,
        O: ArrayAction<G>,
    {
        ProofCheck::new(self, group, Elements::of_group(), input, output)
    }

    /// The claim f(g ▷ x) = f(x) for every g of a group.
    pub fn is_invariant_under<G: FiniteGroup, I: ArrayAction<G>>(
        self,
        group: G,
        input: I,
    ) -> ProofCheck<M, G, I, TrivialAction> {
        self.commutes_with(group, input, TrivialAction)
    }

    /// The claim f(g ▷ x) = g ▷ f(x) for these elements only, of any group.
    pub fn commutes_with_elements<G: Group, I: ArrayAction<G>, O: ArrayAction<G>>(
        self,
        group: G,
        elements: impl IntoIterator<Item = G::Element>,
        input: I,
        output: O,
    ) -> ProofCheck<M, G, I, O> {
        ProofCheck::new(self, group, Elements::Given(elements.into_iter().collect()), input, output)
    }
}

/// An examiner for a test, whose counterexamples tell the line that replays it.
pub(super) fn examiner(seed: u64, readings: &[Reading]) -> Examiner {
    Examiner::new(seed).with_readings(readings.iter().copied()).with_replay(replay_line(seed))
}

type Preserved<M, G, I, O> =
    fn(&Examiner, &ProofCheck<M, G, I, O>, &G) -> Result<Option<String>, ExamineError>;

/// The elements that are tried.
enum Elements<M, G: Group, I, O> {
    Given(Arc<[G::Element]>),
    /// Those that generate a finite group, and what is left of it where its symmetry is broken.
    OfGroup(fn(&G) -> Vec<G::Element>, Preserved<M, G, I, O>),
}

impl<M, G: Group, I, O> Elements<M, G, I, O> {
    fn tried(&self, group: &G) -> Vec<G::Element> {
        match self {
            Elements::OfGroup(tried, _) => tried(group),
            Elements::Given(elements) => {
                let inside = elements.iter().filter(|element| group.contains(element));
                inside.filter(|element| **element != group.identity()).cloned().collect()
            }
        }
    }
}

impl<M, G: Group, I, O> Clone for Elements<M, G, I, O> {
    fn clone(&self) -> Self {
        match self {
            Elements::OfGroup(tried, preserved) => Elements::OfGroup(*tried, *preserved),
            Elements::Given(elements) => Elements::Given(Arc::clone(elements)),
        }
    }
}

impl<M: Map, G: FiniteGroup, I: ArrayAction<G>, O: ArrayAction<G>> Elements<M, G, I, O> {
    fn of_group() -> Self {
        let tried = |group: &G| {
            // With no generator the group is trivial, and the identity is all there is to try.
            let generators = group.generators();
            if generators.is_empty() { vec![group.identity()] } else { generators }
        };
        let preserved: Preserved<M, G, I, O> = |examiner, check, group| {
            if group.order() > LARGEST_ORDER {
                return Ok(None);
            }
            let ProofCheck { map, shape, input, output, .. } = check;
            let preserved = symmetries(examiner, map, shape, group, input, output)?;
            Ok(Some(group.describe_subgroup(&preserved)))
        };
        Elements::OfGroup(tried, preserved)
    }
}

type GroupOfShape<G> = dyn Fn(&[usize]) -> Option<G> + Send + Sync;

/// A claim of symmetry, ready to be checked.
#[must_use = "a claim is not checked until `check` or `assert` is called"]
pub struct ProofCheck<M, G: Group, I, O> {
    map: Arc<M>,
    shape: Vec<usize>,
    group: Arc<GroupOfShape<G>>,
    elements: Elements<M, G, I, O>,
    input: I,
    output: O,
    smallest: Option<Vec<usize>>,
    linear: bool,
    readings: Vec<Reading>,
    seed: u64,
}

impl<M, G, I, O> ProofCheck<M, G, I, O>
where
    M: Map,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    fn new(on: ProofOn<M>, group: G, elements: Elements<M, G, I, O>, input: I, output: O) -> Self {
        ProofCheck {
            map: on.map,
            shape: on.shape,
            group: Arc::new(move |_| Some(group.clone())),
            elements,
            input,
            output,
            smallest: None,
            linear: false,
            readings: Reading::ALL.to_vec(),
            seed: seed_from_environment(),
        }
    }

    /// Lets a counterexample shrink to inputs as small as `smallest`: the map must then accept every shape
    /// from there to the one that is proved.
    ///
    /// # Panics
    /// If the two shapes differ in rank.
    pub fn shrinking_to(mut self, smallest: impl Into<Vec<usize>>) -> Self {
        let smallest = smallest.into();
        assert_eq!(smallest.len(), self.shape.len(), "both shapes must have the same number of axes");
        self.smallest = Some(smallest);
        self
    }

    /// The group for each shape, where it depends on it as translations do; `None` where the shape does not
    /// suit it.
    pub fn for_each_shape(mut self, group: impl Fn(&[usize]) -> Option<G> + Send + Sync + 'static) -> Self {
        self.group = Arc::new(group);
        self
    }

    /// The map is linear in its input: proved on basis vectors, which is far cheaper.
    /// That it *is* linear is certified first; if it is not, the check is an error.
    pub fn linear(mut self) -> Self {
        self.linear = true;
        self
    }

    /// Only these readings.
    pub fn readings(mut self, readings: impl IntoIterator<Item = Reading>) -> Self {
        self.readings = readings.into_iter().collect();
        self
    }

    /// The seed of everything random; by default that of the environment variable `EQUIVARIANT_SEED`, or 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks the claim.
    ///
    /// # Errors
    /// If nothing was checked (given elements count if they are not the identity), or the map reports an
    /// error.
    pub fn check(&self) -> Result<Report, ExamineError> {
        let examiner = examiner(self.seed, &self.readings);
        let mut report = examiner.examine(&self.statement())?;
        if report.verdict == Verdict::Fails
            && let Some(group) = (self.group)(&self.shape)
            && let Elements::OfGroup(_, preserved) = &self.elements
        {
            report.largest = preserved(&examiner, self, &group)?;
        }
        Ok(report)
    }

    /// Checks the claim and returns what was found if it holds.
    ///
    /// # Panics
    /// If it does not hold: with the counterexample, what is left of the symmetry, and the line that replays
    /// it. Also if nothing was checked or the map reports an error.
    #[track_caller]
    pub fn assert(&self) -> Report {
        match self.check() {
            Ok(report) if report.verdict == Verdict::Holds => report,
            Ok(report) => panic!(
                "f(g ▷ x) = g ▷ f(x), with g ▷ x the {} and g ▷ f(x) the {}: {report}",
                self.input.name(),
                self.output.name()
            ),
            Err(error) => panic!("{error}"),
        }
    }

    fn statement(&self) -> Statement {
        let group = Arc::clone(&self.group);
        let elements = self.elements.clone();
        let mut statement = equivariance(
            &vec![""; self.shape.len()],
            Arc::clone(&self.map),
            move |shape| group(shape),
            self.input.clone(),
            self.output.clone(),
            move |group: &G| elements.tried(group),
        )
        .at(self.shape.clone());
        if let Some(smallest) = &self.smallest {
            statement = statement.shrinking_to(smallest.clone());
        }
        if self.linear { statement.linear_in(0) } else { statement }
    }
}
