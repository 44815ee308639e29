//! Reading a program with rigorous bounds: of the exact result, or of every evaluation in floats.
//!
//! The elements are [`Bounded`]: a value v and a bound e. With a unit roundoff u of 0 the exact result is within e
//! of v. With that of a float type, so is what any machine gives that computes in this type or a finer one, in
//! whatever order it adds and whether it fuses products or not: a sum of n terms tᵢ is off by at most
//! γₙ Σ |tᵢ| with γₙ = n u / (1 − n u) (Higham, *Accuracy and Stability of Numerical Algorithms*, § 4.2), and all
//! that it inherits is added. Numbers below the normal ones add half of the least positive number each.
//!
//! Functions of one entry are enclosed by their values at v − e and v + e where they are monotone, else by a bound
//! of their derivative. Libraries come without a promise: values of transcendental functions are taken to be right
//! within [`FUNCTION_ULPS`] units in the last place.

use std::f64::consts::FRAC_PI_2;

use super::{Arithmetic, ElementType, Function, Symbol, Unreadable};
use crate::scalar::{Bounded, DivideByInteger, Field, Lattice, SquareRoot};

/// Units in the last place by which a library's transcendental function may be off.
pub const FUNCTION_ULPS: f64 = 4.0;

/// Bounds of results.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The unit roundoff u of the machine; 0 for exact results.
    unit: f64,
    /// The least positive number of the machine; 0 for exact results.
    least: f64,
}

impl Bounds {
    /// Bounds within which the exact result lies.
    pub fn exact() -> Self {
        Bounds { unit: 0.0, least: 0.0 }
    }

    /// Bounds within which the result of every evaluation lies, in this type or a finer one.
    pub fn of_machine(element: ElementType) -> Self {
        if !element.is_float() {
            return Self::exact();
        }
        Bounds { unit: element.unit_roundoff(), least: element.least_positive() }
    }

    /// A result with what `roundings` in sequence add to it, each relative to a number of at most `magnitude`.
    fn rounded(self, value: Bounded, roundings: usize, magnitude: f64) -> Bounded {
        if self.unit == 0.0 {
            return value;
        }
        let n = roundings as f64 * self.unit;
        let gamma = if n < 0.5 { n / (1.0 - n) } else { f64::INFINITY };
        let added = gamma * magnitude + roundings as f64 * self.least / 2.0;
        // The sum and the products above are rounded four times.
        within(value.value(), (value.error() + added) * (1.0 + 4.0 * f64::EPSILON))
    }

    /// A result that is rounded once.
    fn once(self, value: Bounded) -> Bounded {
        self.rounded(value, 1, magnitude(&value))
    }

    /// A result of a library's function.
    fn library(self, value: Bounded) -> Bounded {
        self.rounded(value, 2 * FUNCTION_ULPS as usize, magnitude(&value))
    }
}

/// The greatest absolute value behind a bound.
fn magnitude(value: &Bounded) -> f64 {
    (value.value().abs() + value.error()) * (1.0 + f64::EPSILON)
}

/// A value and its bound; one that cannot be computed, ∞ − ∞ say, is infinite.
fn within(value: f64, error: f64) -> Bounded {
    Bounded::with_error(value, if error.is_nan() { f64::INFINITY } else { error })
}

/// A value that is not known at all.
fn unknown(value: f64) -> Bounded {
    Bounded::with_error(value, f64::INFINITY)
}

/// The numbers from `low` to `high` about a value between them, with some units in the last place.
fn hull(value: f64, low: f64, high: f64, ulps: f64) -> Bounded {
    let reach = (high - value).abs().max((value - low).abs());
    let greatest = value.abs().max(low.abs()).max(high.abs());
    if !value.is_finite() || !greatest.is_finite() || reach.is_nan() {
        return unknown(value);
    }
    let unit = greatest.next_up() - greatest;
    // Two values are off by so many units each; the last one is for this sum.
    let error = reach + unit * 2.0 * ulps;
    Bounded::with_error(value, if error == 0.0 { 0.0 } else { error.next_up().next_up() })
}

/// A monotone function: all its values lie between those at the ends.
fn monotone(function: impl Fn(f64) -> f64, x: &Bounded, ulps: f64) -> Bounded {
    let value = function(x.value());
    if x.error() == 0.0 {
        return hull(value, value, value, ulps);
    }
    let ends = [(x.value() - x.error()).next_down(), (x.value() + x.error()).next_up()].map(function);
    hull(value, ends[0].min(ends[1]), ends[0].max(ends[1]), ulps)
}

/// A truth that is certain, or may be either.
fn truth(holds: bool, is_certain: bool) -> Bounded {
    Bounded::with_error(f64::from(u8::from(holds)), f64::from(u8::from(!is_certain)))
}

const NAME: &str = "bounds";

impl Arithmetic for Bounds {
    type Element = Bounded;

    fn constant(&self, value: f64) -> Bounded {
        Bounded::new(value)
    }

    fn dot(&self, a: &[Bounded], b: &[Bounded]) -> Bounded {
        let products = a.iter().zip(b).map(|(a, b)| *a * *b);
        let mut sum = Bounded::new(0.0);
        let mut total = 0.0;
        for product in products {
            total += magnitude(&product);
            sum = sum + product;
        }
        // The magnitudes are added with one relative error 2⁻⁵³ each.
        self.rounded(sum, a.len(), total * (1.0 + a.len() as f64 * f64::EPSILON))
    }

    fn dot_plus(&self, a: &[Bounded], b: &[Bounded], bias: &Bounded) -> Bounded {
        let sum = Bounds::exact().dot(a, b) + *bias;
        let total = a.iter().zip(b).map(|(a, b)| magnitude(&(*a * *b))).sum::<f64>() + magnitude(bias);
        self.rounded(sum, a.len() + 1, total * (1.0 + (a.len() + 1) as f64 * f64::EPSILON))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Bounded>) -> Bounded {
        let mut sum = Bounded::new(0.0);
        let (mut total, mut count) = (0.0, 0_usize);
        for entry in entries {
            total += magnitude(entry);
            sum = sum + *entry;
            count += 1;
        }
        self.rounded(sum, count.saturating_sub(1), total * (1.0 + count as f64 * f64::EPSILON))
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Bounded>) -> Result<Bounded, Unreadable> {
        let greatest = entries.copied().reduce(|a, b| Lattice::maximum(&a, &b));
        Ok(greatest.expect("a maximum of at least one entry"))
    }

    fn apply(&self, function: &Function, arguments: &[&Bounded]) -> Result<Bounded, Unreadable> {
        let value = match (function, arguments) {
            (Function::Add, [a, b]) => self.once(**a + **b),
            (Function::Subtract, [a, b]) => self.once(**a - **b),
            (Function::Multiply, [a, b]) => self.once(**a * **b),
            (Function::Divide, [a, b]) => self.once(quotient(a, b)),
            (Function::Negate, [a]) => -**a,
            (Function::Maximum, list) => self.maximum(&mut list.iter().copied())?,
            (Function::Minimum, list) => {
                let negatives = list.iter().map(|a| -**a).collect::<Vec<_>>();
                -self.maximum(&mut negatives.iter())?
            }
            (Function::Absolute, [a]) => Lattice::maximum(*a, &-**a),
            (Function::SquareRoot, [a]) => self.once(a.square_root()),
            (Function::Exponential, [a]) => self.library(monotone(f64::exp, a, FUNCTION_ULPS)),
            (Function::Logarithm, [a]) => self.library(monotone(f64::ln, a, FUNCTION_ULPS)),
            (Function::HyperbolicTangent, [a]) => self.library(monotone(f64::tanh, a, FUNCTION_ULPS)),
            (Function::Erf, [a]) => self.library(monotone(libm::erf, a, FUNCTION_ULPS)),
            // A machine computes it by an exponential, a sum and a quotient: three roundings more.
            (Function::Sigmoid, [a]) => {
                let sigmoid = |x: f64| Function::Sigmoid.value(&[x]).unwrap_or(f64::NAN);
                self.library(monotone(sigmoid, a, 2.0 * FUNCTION_ULPS))
            }
            (Function::Other(symbol), list) => self.symbol(symbol, list)?,
            (function, _) => return Err(unreadable(function)),
        };
        Ok(value)
    }

    fn apply_to_list(&self, symbol: &Symbol, list: &[&Bounded]) -> Result<Bounded, Unreadable> {
        let values = list.iter().map(|entry| entry.value()).collect::<Vec<_>>();
        let Some(value) = symbol.value_of_list(&values) else {
            return Err(Unreadable { function: symbol.to_string(), arithmetic: NAME });
        };
        if symbol.name == "Sorted" {
            // The entry of a rank moves by no more than the entries do.
            let error = list.iter().map(|entry| entry.error()).fold(0.0, f64::max);
            return Ok(Bounded::with_error(value, error));
        }
        let are_exact = list.iter().all(|entry| entry.error() == 0.0);
        let is_certain = are_exact
            || list.iter().enumerate().all(|(n, a)| list[..n].iter().all(|b| a.certainly_differs(b)));
        Ok(Bounded::with_error(value, if is_certain { 0.0 } else { list.len() as f64 }))
    }

    fn stored(&self, value: Bounded, element: ElementType) -> Bounded {
        if !element.is_float() {
            let wrapped = element.round(value.value());
            return if wrapped == value.value() || value.error() == f64::INFINITY {
                value
            } else {
                Bounded::with_error(wrapped, if value.error() == 0.0 { 0.0 } else { f64::INFINITY })
            };
        }
        // A number of a coarser type than the machine's is rounded once more.
        let coarse = Bounds::of_machine(element);
        if coarse.unit > self.unit && self.unit > 0.0 { coarse.once(value) } else { value }
    }
}

/// The quotient, with the exact rule for small integers.
fn quotient(a: &Bounded, b: &Bounded) -> Bounded {
    let divisor = b.value();
    if b.error() == 0.0 && divisor.fract() == 0.0 && (1.0..9e15).contains(&divisor) {
        return a.divide_by_integer(divisor as u64);
    }
    match b.try_reciprocal() {
        // One rounding of the reciprocal and one of the product: no more than twice the error of a quotient.
        Some(reciprocal) if reciprocal.error() < f64::INFINITY => *a * reciprocal,
        _ => unknown(a.value() / divisor),
    }
}

fn unreadable(function: &Function) -> Unreadable {
    Unreadable { function: function.to_string(), arithmetic: NAME }
}

impl Bounds {
    /// The functions that are known by their names.
    fn symbol(self, symbol: &Symbol, arguments: &[&Bounded]) -> Result<Bounded, Unreadable> {
        let function = Function::Other(symbol.clone());
        let at = |x: f64| function.value(&[x]).unwrap_or(f64::NAN);
        let library = |x: &Bounded| self.library(monotone(at, x, FUNCTION_ULPS));
        let value = match (symbol.name.as_str(), arguments) {
            ("Floor" | "Ceil" | "Round" | "Truncate" | "Sign", [x]) => monotone(at, x, 0.0),
            ("ThresholdedRelu" | "Shrink" | "LeakyRelu", [x]) if is_monotone(symbol) => {
                self.once(monotone(at, x, 1.0))
            }
            ("Asin" | "Acos" | "Atan" | "Sinh" | "Asinh" | "Acosh" | "Atanh" | "Softplus", [x]) => library(x),
            ("Elu" | "Selu" | "Celu", [x]) if is_monotone(symbol) => library(x),
            ("Sin" | "Cos", [x]) => {
                let value = at(x.value());
                self.library(hull(
                    value,
                    value - x.error().min(2.0),
                    value + x.error().min(2.0),
                    FUNCTION_ULPS,
                ))
            }
            // Monotone between the poles at odd multiples of π/2.
            ("Tan", [x]) => {
                let branch = |end: f64| ((end + FRAC_PI_2) / (2.0 * FRAC_PI_2)).floor();
                let margin = x.error() + 1e-9;
                if branch(x.value() - margin) != branch(x.value() + margin) {
                    return Ok(unknown(at(x.value())));
                }
                library(x)
            }
            ("Cosh", [x]) => {
                let magnitude = Lattice::maximum(*x, &-**x);
                library(&magnitude)
            }
            ("Pow", [a, b]) => self.library(power(a, b)),
            ("Mod" | "Remainder" | "IntegerDivide", [a, b]) => {
                let ratio = quotient(a, b);
                let whole = match symbol.name.as_str() {
                    "Mod" => monotone(f64::floor, &ratio, 0.0),
                    _ => monotone(f64::trunc, &ratio, 0.0),
                };
                let exact = a.error() == 0.0 && b.error() == 0.0;
                match function.value(&[a.value(), b.value()]) {
                    // The remainder of floats is exact; integers are divided as `f64` below 2⁵³.
                    Some(value) if exact && value.is_finite() => Bounded::new(value),
                    _ if symbol.name == "IntegerDivide" => whole,
                    _ => self.once(**a - **b * whole),
                }
            }
            ("Equal", [a, b]) => {
                let exact = a.error() == 0.0 && b.error() == 0.0;
                truth(a.value() == b.value(), exact || a.certainly_differs(b))
            }
            ("Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual", [a, b]) => {
                let exact = a.error() == 0.0 && b.error() == 0.0;
                let holds = function.value(&[a.value(), b.value()]) == Some(1.0);
                truth(holds, exact || a.certainly_differs(b))
            }
            ("And" | "Or" | "Xor" | "Not" | "NonZero", list) => {
                let values = list.iter().map(|a| a.value()).collect::<Vec<_>>();
                let zero = Bounded::new(0.0);
                let is_certain = list.iter().all(|a| a.error() == 0.0 || a.certainly_differs(&zero));
                truth(function.value(&values) == Some(1.0), is_certain)
            }
            ("IsNaN" | "IsInf", [a]) => truth(at(a.value()) == 1.0, true),
            ("Where", [condition, a, b]) => {
                let (chosen, other) = if condition.value() != 0.0 { (a, b) } else { (b, a) };
                if condition.error() == 0.0 || condition.certainly_differs(&Bounded::new(0.0)) {
                    **chosen
                } else {
                    let distance = (chosen.value() - other.value()).abs() + other.error();
                    within(chosen.value(), chosen.error().max(distance.next_up()))
                }
            }
            ("QuantizeLinear", [a, scale, zero]) => {
                let ratio = self.once(quotient(a, scale));
                let rounded = monotone(f64::round_ties_even, &ratio, 0.0) + **zero;
                let clamp = |x: f64| x.clamp(symbol.parameters[0], symbol.parameters[1]);
                monotone(clamp, &rounded, 0.0)
            }
            _ => return Err(unreadable(&function)),
        };
        Ok(value)
    }
}

/// Whether the parameters leave the function monotone.
fn is_monotone(symbol: &Symbol) -> bool {
    match (symbol.name.as_str(), &symbol.parameters[..]) {
        ("ThresholdedRelu", [alpha]) => *alpha >= 0.0,
        ("Shrink", [bias, lambda]) => *bias <= *lambda && *lambda >= 0.0,
        ("LeakyRelu" | "Elu", [slope]) => *slope >= 0.0,
        ("Celu", [alpha]) => *alpha > 0.0,
        ("Selu", [alpha, gamma]) => *alpha >= 0.0 && *gamma >= 0.0,
        _ => false,
    }
}

/// aᵇ for a > 0 is monotone in each of a and b, so that its extremes are at corners.
fn power(a: &Bounded, b: &Bounded) -> Bounded {
    let value = a.value().powf(b.value());
    if a.error() == 0.0 && b.error() == 0.0 {
        return hull(value, value, value, FUNCTION_ULPS);
    }
    let [low, high] = [a.value() - a.error(), a.value() + a.error()];
    if low <= 0.0 {
        return unknown(value);
    }
    let exponents = [(b.value() - b.error()).next_down(), (b.value() + b.error()).next_up()];
    let corners = [low.next_down(), high.next_up()].map(|a| exponents.map(|b| a.powf(b)));
    let corners = corners.concat();
    let least = corners.iter().copied().fold(value, f64::min);
    let most = corners.iter().copied().fold(value, f64::max);
    hull(value, least, most, FUNCTION_ULPS)
}
