//! Measuring the symmetry of a black box: a function of floats whose code the engine cannot run on other
//! scalars.
//!
//! Nothing is proved here. For every input x and every element g tried, f(g ▷ x) is compared with g ▷ f(x),
//! beside the function's own rounding noise. Four questions are asked first, so that nothing else passes for
//! symmetry:
//!
//! 1. *Is it a function?* f(x) is evaluated twice and must be the same number for number. Outputs must be
//!    finite.
//! 2. *What is judged by itself?* The output is split into channels, as finely as the action on it allows:
//!    rows and columns that are turned into each other belong together, samples, feature maps and classes do
//!    not (`channels.rs` has the rule). In each channel the mean over the inputs is taken off, and the
//!    largest distance from it is the *variation* of the channel. Errors are shares of that, so that neither
//!    an offset nor another channel hides them. Everything is divided by the largest entry of its channel
//!    before it is squared. A channel that never varies is not judged, and told; if none does, the
//!    measurement is an error.
//! 3. *How exactly does it compute?* The standard deviation σ of the rounding noise is found from 20 lines
//!    through the inputs, along which steps grow until the output moves in proportion (`noise.rs` has the
//!    rule): a function that rounds to half precision or to eight bits inside is judged by that noise, not by
//!    that of its input's type. With [`precision`](MeasureCheck::precision) it can be told instead.
//! 4. *Could a fault hide in the noise?* 16·√2·σ is the *detection limit*, the smallest leak that is told. If
//!    it is more than half of the variation of some channel, the measurement is undecided: too noisy. (An
//!    output that has nothing to do with the symmetry differs by about √2 times the variation, thrice that.)
//!
//! Then, with e the largest difference in a channel:
//!
//! | e / (√2·σ) | judgement |
//! |---|---|
//! | ≤ 16 | consistent with equivariance |
//! | ≤ 128, or more but not at inputs close by | undecided: measure in `f64`, or prove |
//! | > 128 | broken |
//!
//! *Why 16.* An exactly equivariant function computes the same numbers in another order: the two sides differ
//! by two roundings, √2·σ in the standard deviation, and σ itself is estimated with 20 degrees of freedom. So
//! the ratio is distributed as Student's |t₂₀|, which exceeds 16 with probability 7·10⁻¹³; where kinks leave
//! 16 lines of 20, by integration over their order statistics, with less than 10⁻¹⁰: in 10⁴ comparisons (say,
//! 100 channels, 4 inputs, 25 elements) once in a million measurements, whatever the seed. *Why 128.* The
//! noise of a real function is not normal and independent; three further bits are left to that. And a break
//! is seen again at four of six inputs close by, 64 units away, as a rounding at a jump is not (it is there
//! at one of 64). A leak of eight times the detection limit is thus broken, one below it is consistent, and
//! the limit is part of the report.

use std::marker::PhantomData;

use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::experiment::{Experiment, Found};
use super::function::{Float, Output};
use super::measure_error::MeasureError;
use super::measurement::{Judgement, Measurement};
use super::precision::Precision;
use super::runner::Runner;
use super::seed::seed_from_environment;
use super::statement::shapes_between;
use super::subgroup::LARGEST_ORDER;
use crate::group::{FiniteGroup, Group};
use crate::signal::{ArrayAction, TrivialAction};

/// Largest order of a group for which every element is measured.
const EVERY_ELEMENT: u128 = 64;
/// Smaller shapes on which a counterexample is looked for.
const SHAPES: usize = 64;

/// Begins the measurement of a symmetry of `function`, in the same words as [`prove`](super::prove()).
///
/// The function returns an array, or a `Result` with one:
///
/// ```
/// use equivariant::group::C4;
/// use equivariant::signal::OnGrid;
/// use equivariant::verify::measure;
/// use ndarray::ArrayD;
///
/// let halves = |image: &ArrayD<f32>| -> Result<ArrayD<f32>, String> {
///     if image.ndim() == 2 { Ok(image / 2.0) } else { Err(format!("{} axes", image.ndim())) }
/// };
/// measure(halves).on([8, 8]).commutes_with(C4, OnGrid, OnGrid).seed(7).assert();
/// ```
pub fn measure<T, R, F>(function: F) -> BlackBox<T, R, F>
where
    T: Float,
    R: Output<T>,
    F: Fn(&ArrayD<T>) -> R,
{
    BlackBox { function, types: PhantomData }
}

/// A function whose symmetry is to be measured; say next on which shape.
#[must_use = "nothing is measured until a symmetry is named and checked"]
pub struct BlackBox<T, R, F> {
    function: F,
    types: PhantomData<fn(T) -> R>,
}

impl<T: Float, R: Output<T>, F: Fn(&ArrayD<T>) -> R> BlackBox<T, R, F> {
    /// The shape of the input, without the axis of samples if the function takes a
    /// [batch](MeasureCheck::batched).
    pub fn on(self, shape: impl Into<Vec<usize>>) -> BlackBoxOn<T, R, F> {
        BlackBoxOn { function: self.function, shape: shape.into(), types: PhantomData }
    }
}

/// A function and a shape; say next which symmetry.
#[must_use = "nothing is measured until a symmetry is named and checked"]
pub struct BlackBoxOn<T, R, F> {
    function: F,
    shape: Vec<usize>,
    types: PhantomData<fn(T) -> R>,
}

impl<T: Float, R: Output<T>, F: Fn(&ArrayD<T>) -> R> BlackBoxOn<T, R, F> {
    /// The claim f(g ▷ x) = g ▷ f(x) over a finite group: for every element where there are at most 64, else
    /// for the generators and 32 random elements (a random element misses a violation with probability at
    /// most ½).
    pub fn commutes_with<G: FiniteGroup, I: ArrayAction<G>, O: ArrayAction<G>>(
        self,
        group: G,
        input: I,
        output: O,
    ) -> MeasureCheck<T, R, F, G, I, O> {
        MeasureCheck::new(self, group, Elements::of_group(), input, output)
    }

    /// The claim f(g ▷ x) = f(x) over a finite group.
    pub fn is_invariant_under<G: FiniteGroup, I: ArrayAction<G>>(
        self,
        group: G,
        input: I,
    ) -> MeasureCheck<T, R, F, G, I, TrivialAction> {
        self.commutes_with(group, input, TrivialAction)
    }

    /// The claim f(g ▷ x) = g ▷ f(x) for these elements only, of any group.
    pub fn commutes_with_elements<G: Group, I: ArrayAction<G>, O: ArrayAction<G>>(
        self,
        group: G,
        elements: impl IntoIterator<Item = G::Element>,
        input: I,
        output: O,
    ) -> MeasureCheck<T, R, F, G, I, O> {
        MeasureCheck::new(self, group, Elements::Given(elements.into_iter().collect()), input, output)
    }
}

type Preserved<T, G, I, O> = for<'a, 'b> fn(
    &Experiment<'a, T, G, I, O>,
    &'b [<G as Group>::Element],
    &'b Found<T>,
) -> Result<Option<String>, MeasureError>;

/// The elements that are tried.
enum Elements<T, G: Group, I, O> {
    Given(Vec<G::Element>),
    /// Those of a finite group: which, and what is left of it where its symmetry is broken.
    OfGroup(fn(&G, u64) -> Vec<G::Element>, Preserved<T, G, I, O>),
}

impl<T: Float, G: FiniteGroup, I: ArrayAction<G>, O: ArrayAction<G>> Elements<T, G, I, O> {
    fn of_group() -> Self {
        let tried = |group: &G, seed: u64| -> Vec<G::Element> {
            if group.order() <= EVERY_ELEMENT {
                return group.elements().collect();
            }
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let sample: Vec<_> = (0..32).map(|_| group.sample(&mut random)).collect();
            group.generators().into_iter().chain(sample).collect()
        };
        let preserved: Preserved<T, G, I, O> = |experiment, elements, found| {
            if experiment.group.order() > LARGEST_ORDER {
                return Ok(None);
            }
            experiment.preserved(elements, found)
        };
        Elements::OfGroup(tried, preserved)
    }
}

type GroupOfShape<G> = dyn Fn(&[usize]) -> Option<G> + Send + Sync;

/// A claim of symmetry, ready to be measured.
#[must_use = "a claim is not measured until `check` or `assert` is called"]
pub struct MeasureCheck<T, R, F, G: Group, I, O> {
    function: F,
    shape: Vec<usize>,
    group: Box<GroupOfShape<G>>,
    elements: Elements<T, G, I, O>,
    input: I,
    output: O,
    inputs: Option<Vec<ArrayD<T>>>,
    batched: bool,
    precision: Option<Precision>,
    smallest: Option<Vec<usize>>,
    seed: u64,
    types: PhantomData<fn(T) -> R>,
}

impl<T, R, F, G, I, O> MeasureCheck<T, R, F, G, I, O>
where
    T: Float,
    R: Output<T>,
    F: Fn(&ArrayD<T>) -> R,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    fn new(on: BlackBoxOn<T, R, F>, group: G, elements: Elements<T, G, I, O>, input: I, output: O) -> Self {
        MeasureCheck {
            function: on.function,
            shape: on.shape,
            group: Box::new(move |_| Some(group.clone())),
            elements,
            input,
            output,
            inputs: None,
            batched: false,
            precision: None,
            smallest: None,
            seed: seed_from_environment(),
            types: PhantomData,
        }
    }

    /// Measures on these inputs rather than on four random ones with entries uniform in [−1, 1].
    pub fn inputs(mut self, inputs: impl IntoIterator<Item = ArrayD<T>>) -> Self {
        self.inputs = Some(inputs.into_iter().collect());
        self
    }

    /// The function takes a batch (N, …) and returns a batch: all inputs of one element are run in one call.
    pub fn batched(mut self) -> Self {
        self.batched = true;
        self
    }

    /// The precision in which the function works, where that is coarser than the type of its inputs. Without
    /// it, it is found.
    ///
    /// # Panics
    /// If a [`Unit`](Precision::Unit) is not between 0 and 1/16.
    pub fn precision(mut self, precision: Precision) -> Self {
        let unit = precision.unit();
        assert!(unit > 0.0 && unit <= 0.0625, "a unit roundoff lies between 0 and 1/16, but this is {unit}");
        self.precision = Some(precision);
        self
    }

    /// Lets a counterexample shrink to inputs as small as `smallest`: the function must then accept shapes
    /// from there to the one that is measured, or return an error for those that it does not.
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
        self.group = Box::new(group);
        self
    }

    /// The seed of everything random; by default that of the environment variable `EQUIVARIANT_SEED`, or 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Measures.
    ///
    /// # Errors
    /// If the measurement shows nothing: see [`MeasureError`].
    pub fn check(&self) -> Result<Measurement, MeasureError> {
        let group = (self.group)(&self.shape).ok_or_else(|| MeasureError::NoGroup(self.shape.clone()))?;
        self.on_shape(&self.shape, self.inputs.as_deref(), &group, |experiment, elements, generating| {
            let found = experiment.run(elements, generating)?;
            let mut measurement = found.measurement.clone();
            if measurement.judgement == Judgement::Broken {
                if let Elements::OfGroup(_, preserved) = &self.elements {
                    measurement.largest = preserved(experiment, elements, &found)?;
                }
                measurement.counterexample = match self.on_a_smaller_shape() {
                    Some(smaller) => Some(smaller),
                    None => experiment.counterexample(elements, &found)?,
                };
            }
            Ok(measurement)
        })
    }

    /// Measures, and returns what was found if it is consistent with the symmetry.
    ///
    /// # Panics
    /// If it is not, with the counterexample, the table of elements and the line that replays it; or if the
    /// measurement shows nothing.
    #[track_caller]
    pub fn assert(&self) -> Measurement {
        match self.check() {
            Ok(measurement) if measurement.judgement == Judgement::Consistent => measurement,
            Ok(measurement) => panic!(
                "f(g ▷ x) = g ▷ f(x), with g ▷ x the {} and g ▷ f(x) the {}: {measurement}",
                self.input.name(),
                self.output.name()
            ),
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs an experiment on inputs of one shape, with the elements to be tried and those that generate them.
    fn on_shape<W>(
        &self,
        shape: &[usize],
        inputs: Option<&[ArrayD<T>]>,
        group: &G,
        work: impl FnOnce(&Experiment<'_, T, G, I, O>, &[G::Element], &[G::Element]) -> Result<W, MeasureError>,
    ) -> Result<W, MeasureError> {
        let function = |x: &ArrayD<T>| (self.function)(x).into_result();
        let of_type: f64 = T::epsilon().into() / 2.0;
        let experiment = Experiment {
            runner: Runner { function: &function, batched: self.batched },
            shape,
            inputs,
            seed: self.seed,
            unit: self.precision.map_or(of_type, |precision| precision.unit().max(of_type)),
            group,
            input: &self.input,
            output: &self.output,
        };
        match &self.elements {
            Elements::Given(elements) => {
                let elements: Vec<G::Element> =
                    elements.iter().filter(|element| group.contains(element)).cloned().collect();
                work(&experiment, &elements, &elements)
            }
            Elements::OfGroup(tried, _) => work(&experiment, &tried(group, self.seed), &group.generators()),
        }
    }

    /// A counterexample on the smallest of the shapes on which random inputs show the symmetry broken. A
    /// shape that the function or an action does not accept is passed over.
    fn on_a_smaller_shape(&self) -> Option<super::Counterexample> {
        let shapes = shapes_between(self.smallest.as_ref()?, &self.shape);
        let smaller = shapes.into_iter().take(SHAPES).filter(|shape| *shape != self.shape);
        smaller.into_iter().find_map(|shape| {
            let group = (self.group)(&shape)?;
            let found = self.on_shape(&shape, None, &group, |experiment, elements, generating| {
                let found = experiment.run(elements, generating)?;
                experiment.counterexample(elements, &found)
            });
            let counterexample = found.ok().flatten()?;
            let extents: Vec<String> = shape.iter().map(ToString::to_string).collect();
            Some(super::Counterexample { shape: extents.join(" × "), ..counterexample })
        })
    }
}
