//! The functions over floats, and which of them are exact there.
//!
//! Values are computed in `f64` with the functions of Rust's standard library; `erf` and the inverse
//! hyperbolic functions with those of `libm`, since the standard library loses more than some units in the
//! last place.

use std::fmt;

use super::{Function, Symbol};
use crate::scalar::{Bounded, DivideByInteger, Field, SquareRoot};

impl Function {
    /// A function that is known by its name and has no parameters.
    pub fn named(name: &str) -> Self {
        Self::with_parameters(name, &[])
    }

    /// A function that is known by its name, with parameters.
    pub fn with_parameters(name: &str, parameters: &[f64]) -> Self {
        Function::Other(Symbol { name: name.to_owned(), parameters: parameters.to_vec() })
    }

    /// The name in the standard.
    pub fn name(&self) -> &str {
        match self {
            Function::Add => "Add",
            Function::Subtract => "Sub",
            Function::Multiply => "Mul",
            Function::Divide => "Div",
            Function::Negate => "Neg",
            Function::Maximum => "Max",
            Function::Minimum => "Min",
            Function::Absolute => "Abs",
            Function::Exponential => "Exp",
            Function::Logarithm => "Log",
            Function::SquareRoot => "Sqrt",
            Function::HyperbolicTangent => "Tanh",
            Function::Sigmoid => "Sigmoid",
            Function::Erf => "Erf",
            Function::Other(symbol) => &symbol.name,
        }
    }

    /// The value over floats; `None` for a function that is only a name here.
    pub fn value(&self, arguments: &[f64]) -> Option<f64> {
        Some(match (self, arguments) {
            (Function::Add, [a, b]) => a + b,
            (Function::Subtract, [a, b]) => a - b,
            (Function::Multiply, [a, b]) => a * b,
            (Function::Divide, [a, b]) => a / b,
            (Function::Negate, [a]) => -a,
            (Function::Maximum, list) => list.iter().copied().reduce(greater)?,
            (Function::Minimum, list) => list.iter().copied().reduce(|a, b| -greater(-a, -b))?,
            (Function::Absolute, [a]) => a.abs(),
            (Function::Exponential, [a]) => a.exp(),
            (Function::Logarithm, [a]) => a.ln(),
            (Function::SquareRoot, [a]) => a.sqrt(),
            (Function::HyperbolicTangent, [a]) => a.tanh(),
            // The exponential of a negative number never overflows.
            (Function::Sigmoid, [a]) if *a < 0.0 => a.exp() / (1.0 + a.exp()),
            (Function::Sigmoid, [a]) => 1.0 / (1.0 + (-a).exp()),
            (Function::Erf, [a]) => libm::erf(*a),
            (Function::Other(symbol), _) => return symbol.value(arguments),
            _ => return None,
        })
    }

    /// The value over floats if it is exact: that of the real numbers, not rounded.
    pub(super) fn exact_value(&self, arguments: &[f64]) -> Option<f64> {
        let bounded = |n: usize| Bounded::new(arguments[n]);
        let settled = |result: Bounded| (result.error() == 0.0).then(|| result.value());
        match (self, arguments) {
            (Function::Add, [_, _]) => settled(bounded(0) + bounded(1)),
            (Function::Subtract, [_, _]) => settled(bounded(0) - bounded(1)),
            (Function::Multiply, [_, _]) => settled(bounded(0) * bounded(1)),
            (Function::Divide, [_, b]) if b.fract() == 0.0 && (1.0..9e15).contains(b) => {
                settled(bounded(0).divide_by_integer(*b as u64))
            }
            (Function::Divide, [_, _]) => {
                let reciprocal =
                    bounded(1).try_reciprocal().filter(|reciprocal| reciprocal.error() == 0.0)?;
                settled(bounded(0) * reciprocal)
            }
            (Function::SquareRoot, [a]) if *a >= 0.0 => settled(bounded(0).square_root()),
            (Function::Exponential, [0.0]) => Some(1.0),
            (Function::Logarithm, [1.0]) => Some(0.0),
            (Function::HyperbolicTangent | Function::Erf, [0.0]) => Some(0.0),
            (Function::Negate | Function::Maximum | Function::Minimum | Function::Absolute, _) => {
                self.value(arguments)
            }
            (Function::Other(symbol), _) if symbol.is_exact() => self.value(arguments),
            _ => None,
        }
    }
}

/// The greater number; NaN if one of them is.
fn greater(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

impl Symbol {
    /// Whether floats give the value of the real numbers, for every argument.
    pub(super) fn is_exact(&self) -> bool {
        matches!(
            self.name.as_str(),
            "Floor"
                | "Ceil"
                | "Round"
                | "Sign"
                | "Equal"
                | "Less"
                | "Greater"
                | "LessOrEqual"
                | "GreaterOrEqual"
                | "And"
                | "Or"
                | "Xor"
                | "Not"
                | "Where"
                | "IsNaN"
                | "IsInf"
                | "Truncate"
                | "Relu"
                | "NonZero"
        )
    }

    fn value(&self, arguments: &[f64]) -> Option<f64> {
        let parameter = |n: usize| self.parameters.get(n).copied().unwrap_or(0.0);
        Some(match (self.name.as_str(), arguments) {
            ("Floor", [a]) => a.floor(),
            ("Ceil", [a]) => a.ceil(),
            ("Round", [a]) => a.round_ties_even(),
            ("Truncate", [a]) => a.trunc(),
            ("NonZero", [a]) => truth(*a != 0.0),
            ("Sign", [a]) => {
                if *a > 0.0 {
                    1.0
                } else if *a < 0.0 {
                    -1.0
                } else {
                    *a
                }
            }
            ("Sin", [a]) => a.sin(),
            ("Cos", [a]) => a.cos(),
            ("Tan", [a]) => a.tan(),
            ("Asin", [a]) => a.asin(),
            ("Acos", [a]) => a.acos(),
            ("Atan", [a]) => a.atan(),
            ("Sinh", [a]) => a.sinh(),
            ("Cosh", [a]) => a.cosh(),
            ("Asinh", [a]) => libm::asinh(*a),
            ("Acosh", [a]) => libm::acosh(*a),
            ("Atanh", [a]) => libm::atanh(*a),
            ("LeakyRelu", [a]) => {
                if *a < 0.0 {
                    parameter(0) * a
                } else {
                    *a
                }
            }
            ("Elu", [a]) => {
                if *a < 0.0 {
                    parameter(0) * a.exp_m1()
                } else {
                    *a
                }
            }
            ("Selu", [a]) if *a <= 0.0 => parameter(1) * parameter(0) * a.exp_m1(),
            ("Selu", [a]) => parameter(1) * a,
            ("Celu", [a]) => a.max(0.0) + (parameter(0) * (a / parameter(0)).exp_m1()).min(0.0),
            // max(a, 0) + ln(1 + e^−|a|) never overflows.
            ("Softplus", [a]) => a.max(0.0) + (-a.abs()).exp().ln_1p(),
            ("ThresholdedRelu", [a]) => {
                if *a > parameter(0) {
                    *a
                } else {
                    0.0
                }
            }
            ("Shrink", [a]) if *a < -parameter(1) => a + parameter(0),
            ("Shrink", [a]) if *a > parameter(1) => a - parameter(0),
            ("Shrink", [_]) => 0.0,
            ("Not", [a]) => truth(*a == 0.0),
            ("IsNaN", [a]) => truth(a.is_nan()),
            ("IsInf", [a]) => {
                let (positive, negative) = (parameter(0) != 0.0, parameter(1) != 0.0);
                truth(positive && *a == f64::INFINITY || negative && *a == f64::NEG_INFINITY)
            }
            ("Equal", [a, b]) => truth(a == b),
            ("Less", [a, b]) => truth(a < b),
            ("Greater", [a, b]) => truth(a > b),
            ("LessOrEqual", [a, b]) => truth(a <= b),
            ("GreaterOrEqual", [a, b]) => truth(a >= b),
            ("And", [a, b]) => truth(*a != 0.0 && *b != 0.0),
            ("Or", [a, b]) => truth(*a != 0.0 || *b != 0.0),
            ("Xor", [a, b]) => truth((*a != 0.0) != (*b != 0.0)),
            ("Pow", [a, b]) => a.powf(*b),
            ("IntegerDivide", [a, b]) => (a / b).trunc(),
            // The remainder of C has the sign of the dividend, that of Python the sign of the divisor.
            ("Remainder", [a, b]) => a % b,
            ("Mod", [a, b]) => {
                let remainder = a % b;
                if remainder != 0.0 && (remainder < 0.0) != (*b < 0.0) { remainder + b } else { remainder }
            }
            ("Where", [condition, a, b]) => {
                if *condition != 0.0 {
                    *a
                } else {
                    *b
                }
            }
            ("BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "BitwiseNot" | "ShiftLeft" | "ShiftRight", list) => {
                // Integers below 2⁵³ are floats of their own.
                let is_integer = |x: &f64| x.fract() == 0.0 && x.abs() < 9e15;
                let integers = list.iter().map(|&x| x as i64).collect::<Vec<_>>();
                let function = Function::Other(self.clone());
                let value =
                    list.iter().all(is_integer).then(|| integer_value(&function, &integers)).flatten()?;
                value as f64
            }
            _ => return None,
        })
    }
}

impl Symbol {
    /// The value of a function of a list: the place of the greatest or least entry, or the entry of a rank.
    pub(super) fn value_of_list(&self, list: &[f64]) -> Option<f64> {
        let parameter = |n: usize| self.parameters.get(n).copied().unwrap_or(0.0);
        // The sort is stable: of equal entries, the first comes first.
        let in_order = |descends: bool| {
            let mut places = (0..list.len()).collect::<Vec<_>>();
            let sign = if descends { -1.0 } else { 1.0 };
            places.sort_by(|&a, &b| (sign * list[a]).total_cmp(&(sign * list[b])));
            places
        };
        let ranked = |list: &[usize]| list.get(parameter(0) as usize).copied();
        match self.name.as_str() {
            "ArgMax" | "ArgMin" => {
                let places = in_order(self.name == "ArgMax");
                let first = *places.first()?;
                let last = places.iter().copied().take_while(|&place| list[place] == list[first]).last()?;
                Some(if parameter(0) != 0.0 { last } else { first } as f64)
            }
            "Sorted" => ranked(&in_order(parameter(1) != 0.0)).map(|place| list[place]),
            "SortedPlace" => ranked(&in_order(parameter(1) != 0.0)).map(|place| place as f64),
            _ => None,
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        if self.parameters.is_empty() {
            return Ok(());
        }
        let parameters = self.parameters.iter().map(f64::to_string).collect::<Vec<_>>();
        write!(formatter, "[{}]", parameters.join(", "))
    }
}

impl fmt::Display for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Function::Other(symbol) => symbol.fmt(formatter),
            _ => formatter.write_str(self.name()),
        }
    }
}

/// The value over integers, before it is wrapped; `None` where there is none, as of a division by zero.
pub(super) fn integer_value(function: &Function, arguments: &[i64]) -> Option<i128> {
    let wide = |n: usize| i128::from(arguments[n]);
    Some(match (function.name(), arguments) {
        ("Add", [_, _]) => wide(0) + wide(1),
        ("Sub", [_, _]) => wide(0) - wide(1),
        ("Mul", [_, _]) => wide(0) * wide(1),
        ("Div" | "IntegerDivide", [_, _]) => wide(0).checked_div(wide(1))?,
        ("Neg", [_]) => -wide(0),
        ("Abs", [_]) => wide(0).abs(),
        ("Sign", [_]) => wide(0).signum(),
        ("Max", list) => i128::from(*list.iter().max()?),
        ("Min", list) => i128::from(*list.iter().min()?),
        ("Remainder", [_, _]) => wide(0).checked_rem(wide(1))?,
        ("Mod", [_, b]) if *b != 0 => {
            let remainder = wide(0) % wide(1);
            if remainder != 0 && (remainder < 0) != (*b < 0) { remainder + wide(1) } else { remainder }
        }
        ("Pow", [_, exponent]) => wide(0).checked_pow(u32::try_from(*exponent).ok()?)?,
        ("Floor" | "Ceil" | "Round" | "Truncate", [_]) => wide(0),
        ("Not", [a]) => (*a == 0).into(),
        ("NonZero", [a]) => (*a != 0).into(),
        ("And", [a, b]) => (*a != 0 && *b != 0).into(),
        ("Or", [a, b]) => (*a != 0 || *b != 0).into(),
        ("Xor", [a, b]) => ((*a != 0) != (*b != 0)).into(),
        ("Equal", [a, b]) => (a == b).into(),
        ("Less", [a, b]) => (a < b).into(),
        ("Greater", [a, b]) => (a > b).into(),
        ("LessOrEqual", [a, b]) => (a <= b).into(),
        ("GreaterOrEqual", [a, b]) => (a >= b).into(),
        ("Where", [condition, a, b]) => i128::from(if *condition != 0 { *a } else { *b }),
        ("BitwiseAnd", [_, _]) => wide(0) & wide(1),
        ("BitwiseOr", [_, _]) => wide(0) | wide(1),
        ("BitwiseXor", [_, _]) => wide(0) ^ wide(1),
        ("BitwiseNot", [_]) => !wide(0),
        // Beyond the bits of the type, or by a negative number, the sign alone is left.
        ("ShiftLeft", [_, by]) if (0..64).contains(by) => wide(0) << by,
        ("ShiftLeft", [_, _]) => 0,
        ("ShiftRight", [_, by]) if (0..64).contains(by) => wide(0) >> by,
        ("ShiftRight", [_, _]) => wide(0) >> 64,
        _ => return None,
    })
}
