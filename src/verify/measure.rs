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

use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::experiment::Experiment;
use super::measurement::{Judgement, MeasureError, Measurement};
use super::prove::seed_from_environment;
use super::subgroup::LARGEST_ORDER;
use crate::group::{FiniteGroup, Group};
use crate::scalar::Ring;
use crate::signal::{ArrayAction, TrivialAction};

/// Largest order of a group for which every element is measured.
const EVERY_ELEMENT: u128 = 64;

/// The floats that a black box may work in.
pub trait Float: Ring + num_traits::Float + Into<f64> {}

impl Float for f32 {}
impl Float for f64 {}

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
    pub(super) function: F,
    pub(super) shape: Vec<usize>,
    pub(super) seed: u64,
    pub(super) inputs: Vec<ArrayD<T>>,
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
