//! How far an equivariant model is from equivariant in floats, for all inputs in a box.
//!
//! Let f be the model in exact arithmetic, proved equivariant, and f̂ what a machine computes. If |f̂(x) −
//! f(x)| ≤ e for all x in a box that the motion maps to itself, then |f̂(g ▷ x) − g ▷ f̂(x)| ≤ 2e. Propagated
//! are, for each entry, an interval of its exact values and a bound e of the error. A sum of n products aᵢ bᵢ
//! adds, in whatever order it is summed and whether products are fused or not,
//!
//! > Σ (|aᵢ| e(bᵢ) + |bᵢ| e(aᵢ) + e(aᵢ) e(bᵢ)) + γₙ Σ (|aᵢ| + e(aᵢ)) (|bᵢ| + e(bᵢ)), γₙ = n u / (1 − n u)
//!
//! (Higham, *Accuracy and Stability of Numerical Algorithms*, § 4.2). Of a mended model the weights count as
//! off by their change: then f is the mended model, and f̂ the original one. Functions without a rule here
//! have an infinite bound. Libraries are taken to be right within [`FUNCTION_ULPS`] units in the last place.

use ndarray::ArrayD;

use crate::model::run::RunError;
use crate::model::{Arithmetic, ElementType, FUNCTION_ULPS, Function, Program, Symbol, Unreadable};

/// The numbers here are computed with fewer than 2²⁰ roundings of 2⁻⁵³ each, one after the other.
const OWN_ROUNDING: f64 = 1.0 + 1.0 / (1_u64 << 32) as f64;

/// The bound of the deviation for inputs with |xᵢ| ≤ `reach`, with weights off by at most `change`.
pub(in crate::model) fn bound(program: &Program, reach: f64, change: f64) -> Result<f64, RunError> {
    let inputs: Vec<_> = program
        .inputs
        .iter()
        .map(|&slot| ArrayD::from_elem(program.slots[slot].shape.clone(), Enclosed::new(-reach, reach, 0.0)))
        .collect();
    run(program, &inputs, change)
}

/// The same for those of these inputs that lie in the box; `None` if there is no finite bound.
pub(in crate::model) fn on_samples(
    program: &Program,
    trials: &[Vec<ArrayD<f64>>],
    reach: f64,
    change: f64,
) -> Result<Option<f64>, RunError> {
    let mut worst = 0.0_f64;
    let is_within = |inputs: &&Vec<ArrayD<f64>>| inputs.iter().flatten().all(|value| value.abs() <= reach);
    for inputs in trials.iter().filter(is_within) {
        let exact =
            |input: &ArrayD<f64>| input.mapv(|value| Enclosed { low: value, high: value, error: 0.0 });
        worst = worst.max(run(program, &inputs.iter().map(exact).collect::<Vec<_>>(), change)?);
    }
    Ok(Some(worst).filter(|worst| worst.is_finite()))
}

fn run(program: &Program, inputs: &[ArrayD<Enclosed>], change: f64) -> Result<f64, RunError> {
    let types = program.slots.iter().map(|slot| slot.element).filter(|element| element.is_float());
    let coarsest = types.reduce(|a, b| if b.unit_roundoff() > a.unit_roundoff() { b } else { a });
    let element = coarsest.unwrap_or(ElementType::Float32);
    let machine = Machine { unit: element.unit_roundoff(), least: element.least_positive(), change };
    let outputs = match program.outputs(&machine, inputs) {
        Err(RunError::Unreadable { .. }) => return Ok(f64::INFINITY),
        outputs => outputs?,
    };
    let error = outputs.iter().flat_map(|output| output.iter()).map(|entry| entry.error).fold(0.0, f64::max);
    Ok(2.0 * error * OWN_ROUNDING)
}

/// Numbers of which the exact value lies in an interval, and the computed one within an error of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Enclosed {
    low: f64,
    high: f64,
    error: f64,
}

impl Enclosed {
    /// What is not a number is not known.
    fn new(low: f64, high: f64, error: f64) -> Self {
        if low.is_nan() || high.is_nan() || error.is_nan() {
            return Enclosed { low: f64::NEG_INFINITY, high: f64::INFINITY, error: f64::INFINITY };
        }
        // Ends are rounded outwards.
        Enclosed { low: low.next_down(), high: high.next_up(), error: error * OWN_ROUNDING }
    }

    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

/// A machine with this unit roundoff and least positive number, and weights that are off.
#[derive(Clone, Copy, Debug)]
struct Machine {
    unit: f64,
    least: f64,
    change: f64,
}

/// The product of magnitudes, 0 of 0 and ∞.
fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

impl Machine {
    /// Adds the error of `count` roundings, relative to numbers that sum up to `total`.
    fn rounded(&self, value: Enclosed, count: usize, total: f64) -> Enclosed {
        let n = count as f64 * self.unit;
        let gamma = if n < 0.5 { n / (1.0 - n) } else { f64::INFINITY };
        let error = value.error + times(gamma, total) + count as f64 * self.least;
        Enclosed { error: error * OWN_ROUNDING, ..value }
    }

    fn once(&self, value: Enclosed) -> Enclosed {
        self.rounded(value, 1, value.magnitude() + value.error)
    }

    fn product(a: Enclosed, b: Enclosed) -> Enclosed {
        let corners =
            [a.low, a.high].map(|a| [b.low, b.high].map(|b| if a == 0.0 || b == 0.0 { 0.0 } else { a * b }));
        let corners = corners.concat();
        let (low, high) =
            corners.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &c| (l.min(c), h.max(c)));
        let error = times(a.magnitude(), b.error) + times(b.magnitude(), a.error) + times(a.error, b.error);
        Enclosed::new(low, high, error)
    }

    fn products(&self, a: &[Enclosed], b: &[Enclosed], bias: Option<&Enclosed>) -> Enclosed {
        let (mut low, mut high, mut error, mut total) = (0.0, 0.0, 0.0, 0.0);
        let mut add = |term: Enclosed| {
            low += term.low;
            high += term.high;
            error += term.error;
            total += term.magnitude() + term.error;
        };
        a.iter().zip(b).for_each(|(a, b)| add(Self::product(*a, *b)));
        bias.into_iter().for_each(|bias| add(*bias));
        // Sums of the ends are rounded too, each time relative to a partial sum.
        let slack = total * (OWN_ROUNDING - 1.0);
        let value = Enclosed::new(low - slack, high + slack, error);
        self.rounded(value, a.len() + usize::from(bias.is_some()), total)
    }

    /// A monotone function with a bound of its slope between these numbers.
    fn smooth(&self, a: Enclosed, function: impl Fn(f64) -> f64, slope: f64) -> Enclosed {
        let (low, high) = (function(a.low), function(a.high));
        let margin = 2.0 * FUNCTION_ULPS * f64::EPSILON * low.abs().max(high.abs());
        let value = Enclosed::new(low - margin, high + margin, times(slope, a.error));
        self.rounded(value, 2 * FUNCTION_ULPS as usize, value.magnitude() + value.error)
    }

    fn quotient(&self, a: Enclosed, b: Enclosed) -> Option<Enclosed> {
        let least = if b.low > 0.0 {
            b.low
        } else if b.high < 0.0 {
            -b.high
        } else {
            return None;
        };
        let safe = least - b.error;
        if safe <= 0.0 {
            return None;
        }
        let inverse = Enclosed::new(1.0 / b.high, 1.0 / b.low, 0.0);
        let exact = Self::product(a, inverse);
        let error = (a.error + times(exact.magnitude(), b.error)) / safe;
        Some(self.once(Enclosed { error, ..exact }))
    }
}

const UNKNOWN: Enclosed = Enclosed { low: f64::NEG_INFINITY, high: f64::INFINITY, error: f64::INFINITY };

impl Arithmetic for Machine {
    type Element = Enclosed;

    fn constant(&self, value: f64) -> Enclosed {
        if value.is_finite() {
            Enclosed { low: value - self.change, high: value + self.change, error: self.change }
        } else {
            UNKNOWN
        }
    }

    fn dot(&self, a: &[Enclosed], b: &[Enclosed]) -> Enclosed {
        self.products(a, b, None)
    }

    fn dot_plus(&self, a: &[Enclosed], b: &[Enclosed], bias: &Enclosed) -> Enclosed {
        self.products(a, b, Some(bias))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Enclosed>) -> Enclosed {
        let entries: Vec<Enclosed> = entries.copied().collect();
        let ones = vec![Enclosed { low: 1.0, high: 1.0, error: 0.0 }; entries.len()];
        self.products(&entries, &ones, None)
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Enclosed>) -> Result<Enclosed, Unreadable> {
        let greater = |a: Enclosed, b: Enclosed| Enclosed {
            low: a.low.max(b.low),
            high: a.high.max(b.high),
            error: a.error.max(b.error),
        };
        Ok(entries.copied().reduce(greater).unwrap_or(UNKNOWN))
    }

    fn apply(&self, function: &Function, arguments: &[&Enclosed]) -> Result<Enclosed, Unreadable> {
        let negate = |a: Enclosed| Enclosed { low: -a.high, high: -a.low, error: a.error };
        let sum = |a: Enclosed, b: Enclosed| {
            self.once(Enclosed::new(a.low + b.low, a.high + b.high, a.error + b.error))
        };
        Ok(match (function, arguments) {
            (Function::Add, [a, b]) => sum(**a, **b),
            (Function::Subtract, [a, b]) => sum(**a, negate(**b)),
            (Function::Multiply, [a, b]) => self.once(Self::product(**a, **b)),
            (Function::Divide, [a, b]) => self.quotient(**a, **b).unwrap_or(UNKNOWN),
            (Function::Negate, [a]) => negate(**a),
            (Function::Maximum, list) => self.maximum(&mut list.iter().copied())?,
            (Function::Minimum, list) => {
                let negatives: Vec<Enclosed> = list.iter().map(|a| negate(**a)).collect();
                negate(self.maximum(&mut negatives.iter())?)
            }
            (Function::Absolute, [a]) => {
                let low = if a.low <= 0.0 && a.high >= 0.0 { 0.0 } else { a.low.abs().min(a.high.abs()) };
                Enclosed { low, high: a.magnitude(), error: a.error }
            }
            (Function::HyperbolicTangent, [a]) => self.smooth(**a, f64::tanh, 1.0),
            // The slope is at most 1/4, and that of the error function at most 2/√π < 1.13.
            (Function::Sigmoid, [a]) => self.smooth(**a, |x| 1.0 / (1.0 + (-x).exp()), 0.25),
            (Function::Erf, [a]) => self.smooth(**a, libm::erf, 1.13),
            (Function::Exponential, [a]) => self.smooth(**a, f64::exp, (a.high + a.error).exp() * 1.001),
            (Function::SquareRoot, [a]) if a.low - a.error > 0.0 => {
                self.smooth(**a, f64::sqrt, 0.501 / (a.low - a.error).sqrt())
            }
            (Function::Logarithm, [a]) if a.low - a.error > 0.0 => {
                self.smooth(**a, f64::ln, 1.001 / (a.low - a.error))
            }
            (Function::Other(Symbol { name, parameters }), [a])
                if name == "LeakyRelu" && parameters[0] >= 0.0 =>
            {
                let slope = parameters[0];
                let leaky = move |x: f64| if x < 0.0 { slope * x } else { x };
                self.smooth(**a, leaky, slope.max(1.0))
            }
            _ => UNKNOWN,
        })
    }

    fn apply_to_list(&self, _: &Symbol, _: &[&Enclosed]) -> Result<Enclosed, Unreadable> {
        Ok(UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_bounded_in_every_order() {
        let machine = Machine { unit: 2.0_f64.powi(-24), least: 0.0, change: 0.0 };
        let entry = Enclosed { low: -1.0, high: 1.0, error: 0.0 };
        let weight = Enclosed { low: 0.5, high: 0.5, error: 0.0 };
        let sum = machine.dot(&[entry; 100], &[weight; 100]);
        // γ₁₀₀ · 50, and no more than rounding of our own above it.
        let gamma = 100.0 * machine.unit / (1.0 - 100.0 * machine.unit);
        assert!(sum.error >= 50.0 * gamma && sum.error <= 50.0 * gamma * 1.001, "{sum:?}");
        assert!(sum.low <= -50.0 && sum.high >= 50.0);
        let floats = (0..100).fold(0.0_f32, |sum, k| sum + 0.5 * (k as f32 * 0.7).sin());
        let exact: f64 = (0..100).map(|k| 0.5 * f64::from((k as f32 * 0.7).sin())).sum();
        assert!((f64::from(floats) - exact).abs() <= sum.error);
    }

    #[test]
    fn what_may_be_divided_by_zero_is_unknown() {
        let machine = Machine { unit: 0.0, least: 0.0, change: 0.0 };
        let number = |low: f64, high: f64| Enclosed { low, high, error: 0.0 };
        let divide = |a: &Enclosed, b: &Enclosed| machine.apply(&Function::Divide, &[a, b]).unwrap();
        assert_eq!(divide(&number(1.0, 2.0), &number(-1.0, 1.0)).error, f64::INFINITY);
        let half = divide(&number(1.0, 1.0), &number(2.0, 2.0));
        assert!(half.low <= 0.5 && half.high >= 0.5 && half.high - half.low < 1e-12);
    }
}
