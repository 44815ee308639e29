//! The experiment behind a measurement: one function, one group, one pair of actions.
//!
//! Cost: one evaluation of the function for each input and element, four more for each input to find the noise floor,
//! and where the symmetry is broken up to 400 to shrink the counterexample.

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::counterexample::Counterexample;
use super::measure::{BlackBoxOn, Float};
use super::measurement::{Judgement, MeasureError, Measurement, judge};
use super::prove::replay_line;
use crate::group::{FiniteGroup, Group, Subgroup};
use crate::signal::ArrayAction;

/// Random inputs.
const INPUTS: usize = 4;
/// Perturbations of each input for the noise floor.
const PERTURBATIONS: usize = 4;
/// Evaluations that shrinking a counterexample may cost.
const SHRINKING: usize = 400;

/// One function, one group, one pair of actions.
pub(super) struct Experiment<'a, T, F, G, I, O> {
    pub(super) black_box: &'a BlackBoxOn<T, F>,
    pub(super) group: &'a G,
    pub(super) input: &'a I,
    pub(super) output: &'a O,
}

impl<T, F, G, I, O> Experiment<'_, T, F, G, I, O>
where
    T: Float,
    F: Fn(&ArrayD<T>) -> ArrayD<T>,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    pub(super) fn run(&self, elements: &[G::Element]) -> Result<Measurement, MeasureError> {
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
    pub(super) fn preserved(&self, noise_floor: f64) -> Result<Option<String>, MeasureError> {
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
