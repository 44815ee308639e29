//! Infinities that are meant: exact values, of which limits are known.

use super::{truth, unknown};
use crate::model::Function;
use crate::scalar::{Bounded, Lattice};

/// Whether this is an infinity.
pub(super) fn is_infinite(x: &Bounded) -> bool {
    x.value().is_infinite()
}

/// A result of finite numbers; one that overflows is no infinity.
pub(super) fn overflowed(x: Bounded) -> Bounded {
    if is_infinite(&x) { unknown(f64::NAN) } else { x }
}

/// An infinity that is a value: its bound says nothing.
fn infinity(sign: f64) -> Bounded {
    Bounded::new(f64::INFINITY.copysign(sign))
}

/// Whether a number is certainly finite.
fn is_finite(x: &Bounded) -> bool {
    x.error() < f64::INFINITY
}

pub(super) fn sum(terms: impl Iterator<Item = Bounded>) -> Bounded {
    let mut found: Option<f64> = None;
    let mut is_known = true;
    for term in terms {
        if !is_infinite(&term) {
            is_known &= is_finite(&term);
        } else if found.is_some_and(|sign| sign != term.value()) {
            is_known = false;
        } else {
            found = Some(term.value());
        }
    }
    match found {
        Some(sign) if is_known => infinity(sign),
        _ => unknown(f64::NAN),
    }
}

/// ∞ · x, where the sign of x is certain.
pub(super) fn product(a: &Bounded, b: &Bounded) -> Bounded {
    if !is_infinite(a) && !is_infinite(b) {
        return overflowed(*a * *b);
    }
    let has_sign = |x: &Bounded| is_infinite(x) || x.value().abs() > x.error();
    if has_sign(a) && has_sign(b) { infinity(a.value() * b.value()) } else { unknown(f64::NAN) }
}

pub(super) fn maximum(a: &Bounded, b: &Bounded) -> Bounded {
    let least = |x: &Bounded| x.value() == f64::NEG_INFINITY;
    match (is_infinite(a), is_infinite(b)) {
        (true, _) if least(a) => *b,
        (_, true) if least(b) => *a,
        (true, _) => *a,
        (_, true) => *b,
        _ => Lattice::maximum(a, b),
    }
}

/// A function of arguments of which at least one is infinite.
pub(super) fn apply(function: &Function, arguments: &[&Bounded]) -> Bounded {
    let is_settled = |x: &Bounded| is_infinite(x) || x.error() == 0.0;
    match (function, arguments) {
        (Function::Add, [a, b]) => sum([**a, **b].into_iter()),
        (Function::Subtract, [a, b]) => sum([**a, -**b].into_iter()),
        (Function::Multiply, [a, b]) => product(a, b),
        (Function::Negate, [a]) => infinity(-a.value()),
        (Function::Maximum, [a, b]) => maximum(a, b),
        (Function::Minimum, [a, b]) => -maximum(&-**a, &-**b),
        (Function::Divide, [a, b]) if is_infinite(b) && is_finite(a) => Bounded::new(0.0),
        (Function::Other(symbol), [condition, a, b])
            if symbol.name == "Where" && condition.error() == 0.0 =>
        {
            if condition.value() != 0.0 {
                **a
            } else {
                **b
            }
        }
        // Comparisons with an infinity hold for every finite number.
        (Function::Other(symbol), list)
            if matches!(
                symbol.name.as_str(),
                "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "Equal" | "IsNaN" | "IsInf"
            ) && list.iter().all(|x| is_infinite(x) || is_finite(x)) =>
        {
            let values = list.iter().map(|x| x.value()).collect::<Vec<_>>();
            truth(function.value(&values) == Some(1.0), true)
        }
        // Limits, and functions of exact arguments.
        (_, list) if list.iter().all(|x| is_settled(x)) => {
            let values = list.iter().map(|x| x.value()).collect::<Vec<_>>();
            match function.value(&values) {
                Some(value) if value.is_infinite() => infinity(value),
                // Zero is a limit that is exact: e to −∞.
                Some(0.0) => Bounded::new(0.0),
                Some(value) if value.abs() == 1.0 => Bounded::new(value),
                Some(value) => unknown(value),
                None => unknown(f64::NAN),
            }
        }
        _ => unknown(f64::NAN),
    }
}
