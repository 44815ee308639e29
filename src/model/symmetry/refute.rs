//! Refutations: an input for which no permutation of the entries explains an output, beyond all rounding.
//!
//! If f(g ▷ x) = σ f(x) for some permutation σ, both have the same entries, and sorted they are equal.
//! Sorting moves no value by more than the entries move: the exact value of each rank is within e of the
//! computed one, where e is the greatest of the bounds of the output. So one input, with sorted values that
//! differ by more than e + e′ somewhere, refutes every σ at once. Values and bounds are those of
//! [`FixedPoint`](super::super::FixedPoint) on inputs that are exact, so that what is refuted is refuted for
//! the model in exact arithmetic.

use ndarray::ArrayD;

use super::super::run::{Prepared, RunError};
use super::super::{Arithmetic, Fixed, FixedPoint, Floats, Model, Program};
use super::exact::Moving;
use super::measured::gap;
use super::motion::Motion;
use crate::scalar::Bounded;

/// An input that refutes a symmetry.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterexample {
    /// The element of the group.
    pub element: String,
    /// The inputs, by name.
    pub inputs: Vec<(String, ArrayD<f64>)>,
    /// The output that is compared.
    pub output: String,
    /// Its values on the moved input.
    pub left: ArrayD<f64>,
    /// Its values on the input.
    pub right: ArrayD<f64>,
    /// The greatest difference between the sorted values.
    pub difference: f64,
    /// What rounding explains of it, at most.
    pub bound: f64,
}

/// What came of an attempt to refute.
pub(in crate::model) enum Attempt {
    Found(Box<Counterexample>),
    /// Bounds on the first input are wider than the outputs.
    Vacuous,
    Nothing,
}

/// Two outputs that no permutation makes equal.
struct Gap {
    output: usize,
    left: ArrayD<f64>,
    right: ArrayD<f64>,
    difference: f64,
    bound: f64,
}

impl Gap {
    /// The difference over the greatest value.
    fn relative(&self) -> f64 {
        let values = self.left.iter().chain(&self.right);
        self.difference / values.fold(0.0_f64, |greatest, value| greatest.max(value.abs()))
    }
}

pub(in crate::model) struct Refuter<'p> {
    pub(in crate::model) model: &'p Model,
    pub(in crate::model) program: &'p Program,
    /// The program in the arithmetic that decides.
    pub(in crate::model) exact: &'p Prepared<'p, FixedPoint>,
    pub(in crate::model) moving: &'p Moving,
    pub(in crate::model) motion: &'p Motion,
    /// The bounded outputs for the first input that is tried.
    pub(in crate::model) first: Outputs,
}

/// Values with their bounds, one array for each output.
pub(in crate::model) type Outputs = Vec<ArrayD<Bounded>>;

/// The outputs with bounds within which the exact results lie.
pub(in crate::model) fn bounded(
    program: &Prepared<'_, FixedPoint>,
    inputs: &[ArrayD<f64>],
) -> Result<Outputs, RunError> {
    let exact = |input: &ArrayD<f64>| input.mapv(|value| FixedPoint.constant(value));
    let outputs = program.outputs(&inputs.iter().map(exact).collect::<Vec<_>>())?;
    Ok(outputs.iter().map(|output| output.map(Fixed::to_bounded)).collect())
}

/// Whether the bounds of all outputs are wider than the outputs.
fn is_vacuous(outputs: &Outputs) -> bool {
    outputs.iter().all(|output| {
        let greatest = output.iter().map(|entry| entry.value().abs()).fold(0.0, f64::max);
        output.iter().any(|entry| entry.error() > greatest)
    })
}

impl Refuter<'_> {
    /// Tries these inputs. The first with a difference of at least `least`, relative to the greatest value,
    /// is made smaller with at most so many runs more; a quarter of the difference has to be left.
    pub(in crate::model) fn refute(
        &self,
        element: &str,
        trials: &[Vec<ArrayD<f64>>],
        least: f64,
        shrinks: usize,
    ) -> Result<Attempt, RunError> {
        for (number, inputs) in trials.iter().enumerate() {
            let right = match number {
                0 => self.first.clone(),
                _ => bounded(self.exact, inputs)?,
            };
            if number == 0 && is_vacuous(&right) {
                return Ok(Attempt::Vacuous);
            }
            let Some(mut gap) = self.gap(inputs, right, least)? else { continue };
            let least = least.max(gap.relative() / 4.0);
            let mut inputs = inputs.clone();
            if shrinks > 0 {
                self.shrink(&mut inputs, &mut gap, least, shrinks)?;
            }
            let names = self.model.inputs().iter().map(|port| port.name.clone());
            let named = names.zip(inputs).collect();
            let output =
                self.model.outputs().get(gap.output).map_or_else(String::new, |port| port.name.clone());
            let Gap { left, right, difference, bound, .. } = gap;
            return Ok(Attempt::Found(Box::new(Counterexample {
                element: element.to_owned(),
                inputs: named,
                output,
                left,
                right,
                difference,
                bound,
            })));
        }
        Ok(Attempt::Nothing)
    }

    fn gap(&self, inputs: &[ArrayD<f64>], right: Outputs, least: f64) -> Result<Option<Gap>, RunError> {
        let Some(moved) = self.moving.apply(self.motion, inputs) else { return Ok(None) };
        let left = bounded(self.exact, &moved)?;
        let gaps = left.iter().zip(&right).enumerate().filter_map(|(output, (left, right))| {
            let (difference, bound) = sorted_difference(left, right)?;
            let values = |array: &ArrayD<Bounded>| array.mapv(|entry| entry.value());
            let gap = Gap { output, left: values(left), right: values(right), difference, bound };
            (gap.relative() >= least).then_some(gap)
        });
        Ok(gaps.reduce(|one, other| if other.difference > one.difference { other } else { one }))
    }

    /// Sets parts of the inputs to zero, halves first, as long as what is left refutes in floats; what comes
    /// of it has to refute beyond all bounds too.
    fn shrink(
        &self,
        inputs: &mut Vec<ArrayD<f64>>,
        gap: &mut Gap,
        least: f64,
        runs: usize,
    ) -> Result<(), RunError> {
        let mut smaller = inputs.clone();
        self.clear(&mut smaller, least, runs)?;
        let right = bounded(self.exact, &smaller)?;
        if let Some(found) = self.gap(&smaller, right, least)? {
            *gap = found;
            *inputs = smaller;
        }
        Ok(())
    }

    fn clear(&self, inputs: &mut [ArrayD<f64>], least: f64, mut runs: usize) -> Result<(), RunError> {
        let floats = self.program.prepare(&Floats::double());
        for number in 0..inputs.len() {
            let count = inputs[number].len();
            let mut part = count.div_ceil(2);
            while part > 0 {
                for start in (0..count).step_by(part) {
                    let mut smaller = inputs[number].clone();
                    let mut changes = false;
                    let list = smaller.as_slice_mut().expect("inputs are in standard layout");
                    for entry in &mut list[start..(start + part).min(count)] {
                        changes |= *entry != 0.0;
                        *entry = 0.0;
                    }
                    if !changes {
                        continue;
                    }
                    if runs == 0 {
                        return Ok(());
                    }
                    runs -= 1;
                    let kept = std::mem::replace(&mut inputs[number], smaller);
                    if self.differs_in_floats(&floats, inputs)? < least {
                        inputs[number] = kept;
                    }
                }
                part = if part == 1 { 0 } else { part.div_ceil(2) };
            }
        }
        Ok(())
    }

    /// The greatest relative difference of the sorted values of an output in `f64`.
    fn differs_in_floats(
        &self,
        floats: &Prepared<'_, Floats>,
        inputs: &[ArrayD<f64>],
    ) -> Result<f64, RunError> {
        let Some(moved) = self.moving.apply(self.motion, inputs) else { return Ok(0.0) };
        let right = floats.outputs(inputs)?;
        let left = floats.outputs(&moved)?;
        Ok(gap(left.iter().zip(&right).map(|(left, right)| (&**left, &**right))))
    }
}

/// The greatest difference of the sorted values, and the bound that it exceeds; `None` if it exceeds none.
fn sorted_difference(left: &ArrayD<Bounded>, right: &ArrayD<Bounded>) -> Option<(f64, f64)> {
    let error = |array: &ArrayD<Bounded>| array.iter().map(Bounded::error).fold(0.0, f64::max);
    // The sum is rounded, and so is the difference below: a few units in the last place more.
    let bound = (error(left) + error(right)).next_up();
    if !bound.is_finite() {
        return None;
    }
    let sorted = |array: &ArrayD<Bounded>| {
        let mut list: Vec<f64> = array.iter().map(Bounded::value).collect();
        list.sort_by(f64::total_cmp);
        list
    };
    let differences = sorted(left).into_iter().zip(sorted(right)).map(|(a, b)| (a - b).abs().next_down());
    let difference = differences.fold(0.0, f64::max);
    (difference > bound).then_some((difference, bound))
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn only_what_no_permutation_explains_is_a_difference() {
        let array = |values: [f64; 3], error: f64| {
            arr1(&values.map(|value| Bounded::with_error(value, error))).into_dyn()
        };
        let one = array([1.0, 2.0, 3.0], 1e-3);
        assert_eq!(sorted_difference(&one, &array([3.0, 1.0, 2.0], 0.0)), None);
        assert_eq!(sorted_difference(&one, &array([3.0, 1.0, 2.0005], 0.0)), None);
        let (difference, bound) = sorted_difference(&one, &array([3.0, 1.0, 2.25], 0.0)).unwrap();
        assert!((0.2499..=0.25).contains(&difference) && (1e-3..1.1e-3).contains(&bound));
        assert_eq!(sorted_difference(&one, &array([9.0, 1.0, 2.0], f64::INFINITY)), None);
    }
}
