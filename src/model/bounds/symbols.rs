//! Bounds of functions, of finite arguments.

use std::f64::consts::FRAC_PI_2;

use super::{Bounds, FUNCTION_ULPS, NAME, hull, monotone, truth, unknown, within};
use crate::model::{Arithmetic, Function, Symbol, Unreadable};
use crate::scalar::{Bounded, DivideByInteger, Field, Lattice, SquareRoot};

impl Bounds {
    /// The functions of finite arguments.
    pub(super) fn finite(self, function: &Function, arguments: &[&Bounded]) -> Result<Bounded, Unreadable> {
        let value = match (function, arguments) {
            (Function::Add, [a, b]) => self.once(**a + **b),
            (Function::Subtract, [a, b]) => self.once(**a - **b),
            (Function::Multiply, [a, b]) => self.once(**a * **b),
            (Function::Divide, [a, b]) => self.once(quotient(a, b)),
            (Function::Negate, [a]) => -**a,
            (Function::Maximum, list) => Arithmetic::maximum(&self, &mut list.iter().copied())?,
            (Function::Minimum, list) => {
                let negatives = list.iter().map(|a| -**a).collect::<Vec<_>>();
                -Arithmetic::maximum(&self, &mut negatives.iter())?
            }
            (Function::Absolute, [a]) => Lattice::maximum(*a, &-**a),
            // The exact result is not negative; what a machine has for it may be.
            (Function::SquareRoot, [a]) if self.unit > 0.0 && a.value() < a.error() => {
                unknown(a.value().sqrt())
            }
            (Function::SquareRoot, [a]) => self.once(a.square_root()),
            (Function::Exponential, [a]) => self.library(monotone(f64::exp, a, FUNCTION_ULPS)),
            (Function::Logarithm, [a]) => self.library(monotone(f64::ln, a, FUNCTION_ULPS)),
            (Function::HyperbolicTangent, [a]) => self.library(monotone(f64::tanh, a, FUNCTION_ULPS)),
            (Function::Erf, [a]) => self.library(monotone(libm::erf, a, FUNCTION_ULPS)),
            // Machines compute it by an exponential or a hyperbolic tangent, with errors relative to 1.
            (Function::Sigmoid, [a]) => {
                let sigmoid = |x: f64| Function::Sigmoid.value(&[x]).unwrap_or(f64::NAN);
                self.library_of(monotone(sigmoid, a, 2.0 * FUNCTION_ULPS), 1.0)
            }
            (Function::Other(symbol), list) => self.symbol(symbol, list)?,
            (function, _) => return Err(unreadable(function)),
        };
        Ok(value)
    }

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
            ("Asin" | "Acos" | "Atan" | "Sinh" | "Asinh" | "Acosh" | "Atanh", [x]) => library(x),
            // ln(1 + eˣ) and eˣ − 1, as machines compute them, are off by units of 1.
            ("Softplus", [x]) => self.library_of(monotone(at, x, FUNCTION_ULPS), 1.0),
            ("Elu" | "Selu" | "Celu", [x]) if is_monotone(symbol) => {
                let scale = symbol.parameters.iter().product();
                self.library_of(monotone(at, x, FUNCTION_ULPS), scale)
            }
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
            (name, list) if name.starts_with("Bitwise") || name.starts_with("Shift") => {
                let values = list.iter().map(|a| a.value()).collect::<Vec<_>>();
                let value = function.value(&values).ok_or_else(|| unreadable(&function))?;
                if list.iter().all(|a| a.error() == 0.0) { Bounded::new(value) } else { unknown(value) }
            }
            ("IsNaN" | "IsInf", [a]) => truth(at(a.value()) == 1.0, a.error() < f64::INFINITY),
            ("Where", [condition, a, b]) => {
                let (chosen, other) = if condition.value() != 0.0 { (a, b) } else { (b, a) };
                if condition.error() == 0.0 || condition.certainly_differs(&Bounded::new(0.0)) {
                    **chosen
                } else {
                    let distance = (chosen.value() - other.value()).abs() + other.error();
                    // A comparison with NaN is false, so that NaN comes through.
                    let covers = distance <= chosen.error();
                    within(chosen.value(), if covers { chosen.error() } else { distance.next_up() })
                }
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
