//! Measuring the symmetry of a black box: a function of floats whose code the engine cannot run on other scalars.
//!
//! Nothing is proved here. What is measured, for random inputs x and every element g tried, is the relative error
//!
//! > ‖f(g ▷ x) − g ▷ f(x)‖₂ / ‖f(x)‖₂
//!
//! and beside it the function's own rounding noise: how far f(x) moves, relatively, if every entry of x is off by a random part of one
//! unit in the last place — at least one unit roundoff. An exactly equivariant function computes the same sums in
//! another order, so its error is of the size of that noise. How much larger it may be depends on how it sums: n terms
//! of random sign, added one after the other, have partial sums of size √k and so a rounding error of u·√(Σk) = u·n/√2,
//! against a noise of u·√n: a ratio of √(n/2), at most 64 for n ≤ 8192. Breaking a symmetry, on the other hand, moves the
//! output by a share of its own size, 10⁵ noise floors and more in f32. Hence:
//!
//! | error / noise floor | judgement |
//! |---|---|
//! | ≤ 64 | consistent with equivariance |
//! | > 64, ≤ 4096 | undecided: measure in `f64`, or prove |
//! | > 4096 | broken |
//!
//! A function whose output never changes, or is not finite, is an error: measuring it would show nothing.

use std::fmt;

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::counterexample::Counterexample;
use super::prove::{replay_line, seed_from_environment};
use super::subgroup::LARGEST_ORDER;
use crate::group::{FiniteGroup, Group, Subgroup};
use crate::scalar::Ring;
use crate::signal::{ActionError, ArrayAction, TrivialAction};

/// Ratio of error to noise up to which the symmetry is taken to hold.
const CONSISTENT: f64 = 64.0;
/// Ratio of error to noise beyond which the symmetry is taken to be broken.
const BROKEN: f64 = 4096.0;
/// Random inputs.
const INPUTS: usize = 4;
/// Perturbations of each input for the noise floor.
const PERTURBATIONS: usize = 4;
/// Largest order of a group for which every element is measured.
const EVERY_ELEMENT: u128 = 64;
/// Evaluations that shrinking a counterexample may cost.
const SHRINKING: usize = 400;

/// The floats that a black box may work in.
pub trait Float: Ring + num_traits::Float + Into<f64> {}

impl Float for f32 {}
impl Float for f64 {}

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

/// Begins the measurement of a symmetry of `function`.
pub fn measure<T: Float, F: Fn(&ArrayD<T>) -> ArrayD<T>>(function: F) -> BlackBox<T, F> {
    BlackBox { function, float: std::marker::PhantomData }
}

/// A function whose symmetry is to be measured; say next on which shape.
#[must_use = "nothing is measured until a symmetry is named"]
pub struct BlackBox<T, F> {
    function: F,
    float: std::marker::PhantomData<T>,
}

impl<T: Float, F: Fn(&ArrayD<T>) -> ArrayD<T>> BlackBox<T, F> {
    /// The shape of the input; inputs are uniform in [−1, 1].
    pub fn on(self, shape: impl Into<Vec<usize>>) -> BlackBoxOn<T, F> {
        BlackBoxOn {
            function: self.function,
            shape: shape.into(),
            seed: seed_from_environment(),
            inputs: Vec::new(),
        }
    }
}

/// A function and a shape; say next which symmetry.
#[must_use = "nothing is measured until a symmetry is named"]
pub struct BlackBoxOn<T, F> {
    function: F,
    shape: Vec<usize>,
    seed: u64,
    inputs: Vec<ArrayD<T>>,
}

impl<T: Float, F: Fn(&ArrayD<T>) -> ArrayD<T>> BlackBoxOn<T, F> {
    /// The seed of the inputs; by default that of the environment variable `EQUIVARIANT_SEED`, or 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Measures on these inputs rather than on random ones.
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = ArrayD<T>>) -> Self {
        self.inputs = inputs.into_iter().collect();
        self
    }

    /// Measures f(g ▷ x) = g ▷ f(x) over a finite group: for every element where there are at most 64, else for the
    /// generators and 32 random elements (a random element misses a violation with probability at most ½).
    pub fn commutes_with<G: FiniteGroup, I: ArrayAction<G>, O: ArrayAction<G>>(
        self,
        group: G,
        input: I,
        output: O,
    ) -> Measured {
        let elements: Vec<G::Element> = if group.order() <= EVERY_ELEMENT {
            group.elements().collect()
        } else {
            let mut random = ChaCha8Rng::seed_from_u64(self.seed);
            let sample: Vec<_> = (0..32).map(|_| group.sample(&mut random)).collect();
            group.generators().into_iter().chain(sample).collect()
        };
        let experiment = Experiment { black_box: &self, group: &group, input: &input, output: &output };
        Measured(experiment.run(&elements).and_then(|mut measurement| {
            if measurement.judgement() == Judgement::Broken && group.order() <= LARGEST_ORDER {
                measurement.largest = experiment.preserved(measurement.noise_floor)?;
            }
            Ok(measurement)
        }))
    }

    /// Measures f(g ▷ x) = f(x) over a finite group.
    pub fn is_invariant_under<G: FiniteGroup, I: ArrayAction<G>>(self, group: G, input: I) -> Measured {
        self.commutes_with(group, input, TrivialAction)
    }

    /// Measures f(g ▷ x) = g ▷ f(x) for these elements only, of any group.
    pub fn commutes_with_elements<G: Group, I: ArrayAction<G>, O: ArrayAction<G>>(
        self,
        group: G,
        elements: impl IntoIterator<Item = G::Element>,
        input: I,
        output: O,
    ) -> Measured {
        let elements: Vec<G::Element> = elements.into_iter().collect();
        Measured(
            Experiment { black_box: &self, group: &group, input: &input, output: &output }.run(&elements),
        )
    }
}

/// What came of a measurement.
#[derive(Clone, Debug)]
#[must_use = "a measurement says nothing until it is looked at"]
pub struct Measured(Result<Measurement, MeasureError>);

impl Measured {
    /// The measurement, whatever it says.
    ///
    /// # Errors
    /// If it shows nothing: see [`MeasureError`].
    pub fn check(self) -> Result<Measurement, MeasureError> {
        self.0
    }

    /// The measurement, if it is consistent with the symmetry.
    ///
    /// # Panics
    /// If it is not, with the counterexample, the table of elements and the line that replays it; or if it shows
    /// nothing.
    #[track_caller]
    pub fn assert(self) -> Measurement {
        match self.0 {
            Ok(measurement) if measurement.judgement() == Judgement::Consistent => measurement,
            Ok(measurement) => panic!("the function does not commute with the group\n{measurement}"),
            Err(error) => panic!("{error}"),
        }
    }
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

fn judge(error: f64, noise: f64) -> Judgement {
    if error <= CONSISTENT * noise {
        Judgement::Consistent
    } else if error <= BROKEN * noise {
        Judgement::Undecided
    } else {
        Judgement::Broken
    }
}

/// One function, one group, one pair of actions.
struct Experiment<'a, T, F, G, I, O> {
    black_box: &'a BlackBoxOn<T, F>,
    group: &'a G,
    input: &'a I,
    output: &'a O,
}

impl<T, F, G, I, O> Experiment<'_, T, F, G, I, O>
where
    T: Float,
    F: Fn(&ArrayD<T>) -> ArrayD<T>,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    fn run(&self, elements: &[G::Element]) -> Result<Measurement, MeasureError> {
        let identity = self.group.identity();
        if elements.iter().all(|element| *element == identity) {
            return Err(MeasureError::NoElement);
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.black_box.seed);
        let inputs = self.inputs(&mut random);
        let noise_floor = self.noise_floor(&inputs, &mut random)?;
        let mut errors = vec![0.0_f64; elements.len()];
        let mut worst: Option<(f64, usize, usize)> = None;
        for (input, x) in inputs.iter().enumerate() {
            let result = (self.black_box.function)(x);
            for (position, element) in elements.iter().enumerate() {
                let error = self.relative_error(element, x, &result)?;
                errors[position] = errors[position].max(error);
                if worst.is_none_or(|(largest, _, _)| error > largest) {
                    worst = Some((error, input, position));
                }
            }
        }
        let (relative_error, input, position) = worst.ok_or(MeasureError::NoElement)?;
        let counterexample = match judge(relative_error, noise_floor) {
            Judgement::Broken => Some(self.shrink(&elements[position], &inputs[input], noise_floor)?),
            _ => None,
        };
        Ok(Measurement {
            group: self.group.name(),
            elements: elements.iter().map(ToString::to_string).zip(errors).collect(),
            relative_error,
            noise_floor,
            largest: None,
            counterexample,
        })
    }

    fn inputs(&self, random: &mut ChaCha8Rng) -> Vec<ArrayD<T>> {
        if !self.black_box.inputs.is_empty() {
            return self.black_box.inputs.clone();
        }
        (0..INPUTS)
            .map(|_| ArrayD::from_shape_simple_fn(self.black_box.shape.clone(), || uniform(random)))
            .collect()
    }

    /// The relative change of the output when every entry of the input is off by a random part of a unit in the last place.
    fn noise_floor(&self, inputs: &[ArrayD<T>], random: &mut ChaCha8Rng) -> Result<f64, MeasureError> {
        let unit = T::epsilon() / (T::one() + T::one());
        let mut floor: f64 = unit.into();
        let mut outputs: Vec<ArrayD<T>> = Vec::new();
        for x in inputs {
            let exact = (self.black_box.function)(x);
            if exact.iter().any(|entry| !entry.is_finite()) {
                return Err(MeasureError::NotFinite);
            }
            for _ in 0..PERTURBATIONS {
                let perturbed = x.mapv(|entry| entry * (T::one() + T::epsilon() * uniform(random)));
                let result = (self.black_box.function)(&perturbed);
                if result.shape() == exact.shape() {
                    floor = floor.max(relative_distance(&result, &exact));
                }
            }
            outputs.push(exact);
        }
        let first = outputs.first().ok_or(MeasureError::Constant)?;
        let zero = first.iter().all(|entry| entry.is_zero());
        let same = inputs.len() > 1 && outputs.iter().all(|output| output == first);
        if zero && outputs.len() == 1 || same { Err(MeasureError::Constant) } else { Ok(floor) }
    }

    fn relative_error(
        &self,
        element: &G::Element,
        x: &ArrayD<T>,
        result: &ArrayD<T>,
    ) -> Result<f64, MeasureError> {
        let (left, right) = self.sides(element, x, result)?;
        Ok(relative_distance(&left, &right))
    }

    fn sides(
        &self,
        element: &G::Element,
        x: &ArrayD<T>,
        result: &ArrayD<T>,
    ) -> Result<(ArrayD<T>, ArrayD<T>), MeasureError> {
        let moved = self
            .input
            .try_act(self.group, element, x.view())
            .map_err(|source| MeasureError::Action { side: "input", source })?;
        let left = (self.black_box.function)(&moved);
        let right = self
            .output
            .try_act(self.group, element, result.view())
            .map_err(|source| MeasureError::Action { side: "output", source })?;
        if left.shape() != right.shape() {
            return Err(MeasureError::Shape {
                element: element.to_string(),
                expected: right.shape().to_vec(),
                found: left.shape().to_vec(),
            });
        }
        if left.iter().any(|entry| !entry.is_finite()) {
            return Err(MeasureError::NotFinite);
        }
        Ok((left, right))
    }

    /// Sets entries of the input to zero, in blocks that halve, while the symmetry stays broken.
    fn shrink(
        &self,
        element: &G::Element,
        x: &ArrayD<T>,
        noise: f64,
    ) -> Result<Counterexample, MeasureError> {
        let mut x = x.clone();
        let mut evaluations = 0;
        let mut block = x.len();
        while block > 0 && evaluations < SHRINKING {
            for start in (0..x.len()).step_by(block) {
                let mut candidate = x.clone();
                candidate.iter_mut().skip(start).take(block).for_each(|entry| *entry = T::zero());
                if candidate == x || evaluations >= SHRINKING {
                    continue;
                }
                evaluations += 1;
                let result = (self.black_box.function)(&candidate);
                // An input on which the function misbehaves is no simpler counterexample to its symmetry.
                if let Ok(error) = self.relative_error(element, &candidate, &result)
                    && judge(error, noise) == Judgement::Broken
                {
                    x = candidate;
                }
            }
            block /= 2;
        }
        let result = (self.black_box.function)(&x);
        let (left, right) = self.sides(element, &x, &result)?;
        let wide = |array: ArrayD<T>| array.mapv(Into::<f64>::into).into();
        Ok(Counterexample {
            shape: String::new(),
            element: Some(element.to_string()),
            inputs: vec![("x".to_owned(), wide(x))],
            left: wide(left),
            right: wide(right),
            replay: replay_line(self.black_box.seed),
        })
    }
}

impl<T, F, G, I, O> Experiment<'_, T, F, G, I, O>
where
    T: Float,
    F: Fn(&ArrayD<T>) -> ArrayD<T>,
    G: FiniteGroup,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    /// The subgroup under which the symmetry is not broken, on one input; `None` where errors close to the noise
    /// make a set of elements that is no subgroup.
    fn preserved(&self, noise_floor: f64) -> Result<Option<String>, MeasureError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.black_box.seed);
        let inputs = self.inputs(&mut random);
        let Some(x) = inputs.first() else { return Err(MeasureError::Constant) };
        let result = (self.black_box.function)(x);
        let mut preserved = Vec::new();
        for element in self.group.elements() {
            if judge(self.relative_error(&element, x, &result)?, noise_floor) != Judgement::Broken {
                preserved.push(element);
            }
        }
        Ok(Subgroup::new(self.group, preserved).ok().map(|subgroup| self.group.describe_subgroup(&subgroup)))
    }
}

fn uniform<T: Float>(random: &mut ChaCha8Rng) -> T {
    T::from(random.random_range(-1.0..=1.0_f64)).unwrap_or_else(T::zero)
}

/// ‖a − b‖₂ / ‖b‖₂ in f64; the absolute distance where b is zero.
fn relative_distance<T: Float>(a: &ArrayD<T>, b: &ArrayD<T>) -> f64 {
    let norm =
        |entries: &mut dyn Iterator<Item = f64>| entries.map(|entry| entry * entry).sum::<f64>().sqrt();
    let distance = norm(&mut a.iter().zip(b).map(|(&x, &y)| x.into() - y.into()));
    let size = norm(&mut b.iter().map(|&y| y.into()));
    if size > 0.0 { distance / size } else { distance }
}
