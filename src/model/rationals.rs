//! Reading a program on exact rational numbers: what the function is, without any rounding.
//!
//! Weights are floats, so dyadic fractions. Sums, products, quotients, maxima, comparisons and rounding to
//! integers are exact; roots and transcendental functions have a value only where it is rational and known:
//! √4, e⁰. Numbers grow with each product, so that this is for small inputs and short programs.

use super::{Arithmetic, Function, Symbol, Unreadable};
use crate::scalar::{DivideByInteger, Field, Rational};

/// Exact rational numbers. `None` stands for what is no number: an infinity or NaN of the file, a quotient by
/// zero, and all that is computed of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rationals;

const NAME: &str = "the rational numbers";

fn zero() -> Rational {
    Rational::from(0)
}

fn truth(holds: bool) -> Rational {
    Rational::from(i64::from(holds))
}

/// The nearest integer, of two the even one.
fn round(x: &Rational) -> Rational {
    let half = Rational::new(1, 2);
    let floor = x.floor();
    let rest = x.clone() - floor.clone();
    let is_even = floor.divide_by_integer(2).is_integer();
    if rest > half || rest == half && !is_even { floor + Rational::from(1) } else { floor }
}

fn truncate(x: &Rational) -> Rational {
    if x.is_negative() { -(-x.clone()).floor() } else { x.floor() }
}

/// a / b, if b is not zero.
fn quotient(a: &Rational, b: &Rational) -> Option<Rational> {
    b.try_reciprocal().map(|inverse| a.clone() * inverse)
}

fn unreadable(function: &impl ToString) -> Unreadable {
    Unreadable { function: function.to_string(), arithmetic: NAME }
}

impl Arithmetic for Rationals {
    type Element = Option<Rational>;

    fn constant(&self, value: f64) -> Option<Rational> {
        Rational::try_from_f64(value)
    }

    fn dot(&self, a: &[Option<Rational>], b: &[Option<Rational>]) -> Option<Rational> {
        a.iter().zip(b).try_fold(zero(), |sum, (a, b)| Some(sum + a.clone()? * b.clone()?))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Option<Rational>>) -> Option<Rational> {
        let mut sum = zero();
        for entry in entries {
            sum = sum + entry.clone()?;
        }
        Some(sum)
    }

    fn maximum(
        &self,
        entries: &mut dyn Iterator<Item = &Option<Rational>>,
    ) -> Result<Option<Rational>, Unreadable> {
        let entries = entries.cloned().collect::<Option<Vec<_>>>();
        Ok(entries.and_then(|entries| entries.into_iter().max()))
    }

    fn apply(
        &self,
        function: &Function,
        arguments: &[&Option<Rational>],
    ) -> Result<Option<Rational>, Unreadable> {
        let known = arguments.iter().map(|argument| argument.as_ref()).collect::<Option<Vec<_>>>();
        let Some(known) = known else { return Ok(None) };
        let refused = || unreadable(function);
        Ok(match (function, &known[..]) {
            (Function::Add, [a, b]) => Some((*a).clone() + (*b).clone()),
            (Function::Subtract, [a, b]) => Some((*a).clone() - (*b).clone()),
            (Function::Multiply, [a, b]) => Some((*a).clone() * (*b).clone()),
            (Function::Divide, [a, b]) => quotient(a, b),
            (Function::Negate, [a]) => Some(-(*a).clone()),
            (Function::Absolute, [a]) => Some(a.abs()),
            (Function::Maximum, list) => list.iter().copied().max().cloned(),
            (Function::Minimum, list) => list.iter().copied().min().cloned(),
            (Function::SquareRoot, [a]) => Some(a.exact_square_root().ok_or_else(refused)?),
            (Function::Other(symbol), list) => return symbol.rational(list),
            // Of the other functions a value at one place is known.
            (function, [a]) => {
                let value = function.exact_value(&[a.to_f64()]).filter(|_| a.is_integer());
                Some(value.and_then(Rational::try_from_f64).ok_or_else(refused)?)
            }
            _ => return Err(refused()),
        })
    }

    fn apply_to_list(
        &self,
        symbol: &Symbol,
        list: &[&Option<Rational>],
    ) -> Result<Option<Rational>, Unreadable> {
        let Some(list) = list.iter().map(|entry| entry.as_ref()).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        // The order of the entries is that of their ranks, which floats can hold.
        let mut sorted = list.clone();
        sorted.sort();
        sorted.dedup();
        let ranks = list.iter().map(|entry| sorted.partition_point(|other| other < entry) as f64);
        let value = symbol.value_of_list(&ranks.collect::<Vec<_>>()).ok_or_else(|| unreadable(symbol))?;
        Ok(if symbol.name == "Sorted" {
            sorted.get(value as usize).map(|&entry| entry.clone())
        } else {
            Some(Rational::from(value as i64))
        })
    }
}

impl Symbol {
    /// The value over rational numbers; the inner `None` where there is no number.
    fn rational(&self, arguments: &[&Rational]) -> Result<Option<Rational>, Unreadable> {
        let parameters = self.parameters.iter().map(|&parameter| Rational::try_from_f64(parameter));
        let Some(parameters) = parameters.collect::<Option<Vec<_>>>() else { return Err(unreadable(self)) };
        let holds = |x: &Rational| *x != zero();
        Ok(match (self.name.as_str(), arguments, &parameters[..]) {
            ("Floor", [a], _) => Some(a.floor()),
            ("Ceil", [a], _) => Some(-(-(*a).clone()).floor()),
            ("Round", [a], _) => Some(round(a)),
            ("Truncate", [a], _) => Some(truncate(a)),
            ("Sign", [a], _) => Some(truth(**a > zero()) - truth(**a < zero())),
            ("LeakyRelu", [a], [slope]) if a.is_negative() => Some(slope.clone() * (*a).clone()),
            ("LeakyRelu", [a], _) => Some((*a).clone()),
            ("ThresholdedRelu", [a], [alpha]) => Some(if *a > alpha { (*a).clone() } else { zero() }),
            ("Shrink", [a], [bias, lambda]) => Some(if **a < -lambda.clone() {
                (*a).clone() + bias.clone()
            } else if *a > lambda {
                (*a).clone() - bias.clone()
            } else {
                zero()
            }),
            ("Equal", [a, b], _) => Some(truth(a == b)),
            ("Less", [a, b], _) => Some(truth(a < b)),
            ("Greater", [a, b], _) => Some(truth(a > b)),
            ("LessOrEqual", [a, b], _) => Some(truth(a <= b)),
            ("GreaterOrEqual", [a, b], _) => Some(truth(a >= b)),
            ("And", [a, b], _) => Some(truth(holds(a) && holds(b))),
            ("Or", [a, b], _) => Some(truth(holds(a) || holds(b))),
            ("Xor", [a, b], _) => Some(truth(holds(a) != holds(b))),
            ("Not", [a], _) => Some(truth(!holds(a))),
            ("NonZero", [a], _) => Some(truth(holds(a))),
            ("IsNaN" | "IsInf", [_], _) => Some(zero()),
            ("Where", [condition, a, b], _) => {
                Some(if holds(condition) { (*a).clone() } else { (*b).clone() })
            }
            ("IntegerDivide", [a, b], _) => quotient(a, b).map(|ratio| truncate(&ratio)),
            ("Mod", [a, b], _) => quotient(a, b).map(|ratio| (*a).clone() - (*b).clone() * ratio.floor()),
            ("Remainder", [a, b], _) => {
                quotient(a, b).map(|ratio| (*a).clone() - (*b).clone() * truncate(&ratio))
            }
            _ => return Err(unreadable(self)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(numerator: i64, denominator: i64) -> Option<Rational> {
        Some(Rational::new(numerator, denominator))
    }

    fn apply(name: &str, arguments: &[(i64, i64)]) -> Option<Rational> {
        let arguments = arguments.iter().map(|&(n, d)| number(n, d)).collect::<Vec<_>>();
        let function = Function::named(name);
        Rationals.apply(&function, &arguments.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn integers_are_the_nearest() {
        // −5/2 lies between −3 and −2, of which −2 is even.
        assert_eq!(apply("Round", &[(-5, 2)]), number(-2, 1));
        assert_eq!(apply("Round", &[(7, 2)]), number(4, 1));
        assert_eq!(apply("Truncate", &[(-5, 2)]), number(-2, 1));
        assert_eq!(apply("Floor", &[(-5, 2)]), number(-3, 1));
        assert_eq!(apply("Ceil", &[(-5, 2)]), number(-2, 1));
        // −7/2 = 2·(−2) + 1/2 and 2·(−1) − 3/2.
        assert_eq!(apply("Mod", &[(-7, 2), (2, 1)]), number(1, 2));
        assert_eq!(apply("Remainder", &[(-7, 2), (2, 1)]), number(-3, 2));
    }

    #[test]
    fn what_is_no_number_stays_none() {
        assert_eq!(apply("Mod", &[(1, 1), (0, 1)]), None);
        assert_eq!(Rationals.constant(f64::NEG_INFINITY), None);
        let list = [number(1, 1), None];
        assert_eq!(Rationals.sum(&mut list.iter()), None);
        assert_eq!(Rationals.maximum(&mut list.iter()), Ok(None));
        let root = Rationals.apply(&Function::SquareRoot, &[&number(9, 4)]);
        assert_eq!(root, Ok(number(3, 2)));
        let told = Rationals.apply(&Function::Exponential, &[&number(1, 1)]).unwrap_err();
        assert_eq!(told.to_string(), "Exp has no value in the rational numbers");
        assert_eq!(Rationals.apply(&Function::Exponential, &[&number(0, 1)]), Ok(number(1, 1)));
    }

    #[test]
    fn lists_are_ordered_by_rank() {
        let list = [number(1, 3), number(-1, 2), number(1, 3)];
        let list = list.iter().collect::<Vec<_>>();
        let symbol = |name: &str, parameters: &[f64]| Symbol {
            name: name.to_owned(),
            parameters: parameters.to_vec(),
        };
        let value = |symbol: &Symbol| Rationals.apply_to_list(symbol, &list).unwrap();
        assert_eq!(value(&symbol("ArgMax", &[0.0])), number(0, 1));
        assert_eq!(value(&symbol("ArgMax", &[1.0])), number(2, 1));
        assert_eq!(value(&symbol("Sorted", &[2.0, 1.0])), number(-1, 2));
        assert_eq!(value(&symbol("SortedPlace", &[1.0, 1.0])), number(2, 1));
    }
}
