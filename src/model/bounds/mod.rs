//! Reading a program with rigorous bounds: of the exact result, or of every evaluation in floats.
//!
//! The elements are [`Bounded`]: a value v and a bound e. With a unit roundoff u of 0 the exact result is
//! within e of v. With that of a float type, so is what any machine gives that computes in this type or a
//! finer one, in whatever order it adds and whether it fuses products or not: a sum of n terms tᵢ is off by
//! at most γₙ Σ |tᵢ| with γₙ = n u / (1 − n u) (Higham, *Accuracy and Stability of Numerical Algorithms*, §
//! 4.2), and all that it inherits is added. Numbers below the normal ones add half of the least positive
//! number each.
//!
//! Functions of one entry are enclosed by their values at v − e and v + e where they are monotone, else by a
//! bound of their derivative. Libraries come without a promise: values of transcendental functions are taken
//! to be right within [`FUNCTION_ULPS`] units in the last place.
//!
//! What is bounded is the program as it is written: an engine that multiplies the scale of a normalisation
//! into the weights before, or takes a variance as E[x²] − E[x]², computes another one.
//!
//! An infinity as a value is one that is meant: −∞ in a mask of attention. What overflows is NaN here, with
//! an infinite bound.

mod infinite;
mod symbols;
#[cfg(test)]
mod tests;

use super::{Arithmetic, ElementType, Function, Symbol, Unreadable};
use crate::scalar::Bounded;

/// Units in the last place by which a library's transcendental function may be off.
pub const FUNCTION_ULPS: f64 = 4.0;

/// Bounds of results.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The unit roundoff u of the machine; 0 for exact results.
    unit: f64,
    /// The least positive number of the machine; 0 for exact results.
    least: f64,
    /// The greatest number of the machine.
    greatest: f64,
}

const EXACT: Bounds = Bounds { unit: 0.0, least: 0.0, greatest: f64::MAX };

impl Bounds {
    /// Bounds within which the exact result lies.
    pub fn exact() -> Self {
        EXACT
    }

    /// Bounds within which the result of every evaluation lies, in this type or a finer one.
    pub fn of_machine(element: ElementType) -> Self {
        if !element.is_float() {
            return Self::exact();
        }
        let (unit, least) = (element.unit_roundoff(), element.least_positive());
        Bounds { unit, least, greatest: element.greatest() }
    }

    /// A result with what `roundings` in sequence add to it, each relative to a number of at most
    /// `magnitude`.
    fn rounded(self, value: Bounded, roundings: usize, magnitude: f64) -> Bounded {
        // Zeros are not rounded, nor is anything of an exact reading.
        if self.unit == 0.0 || magnitude == 0.0 {
            return value;
        }
        if magnitude > self.greatest {
            return unknown(f64::NAN);
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
        self.library_of(value, 0.0)
    }

    /// A result of a library's function that may be off by units of a number of this size besides.
    fn library_of(self, value: Bounded, size: f64) -> Bounded {
        self.rounded(value, 2 * FUNCTION_ULPS as usize, magnitude(&value) + size)
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
    // NaN would be lost in a maximum.
    if low.is_nan() || high.is_nan() {
        return unknown(value);
    }
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
    if ends[0] <= ends[1] { hull(value, ends[0], ends[1], ulps) } else { hull(value, ends[1], ends[0], ulps) }
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
        if a.iter().chain(b).any(infinite::is_infinite) {
            return infinite::sum(a.iter().zip(b).map(|(a, b)| infinite::product(a, b)));
        }
        let products = a.iter().zip(b).map(|(a, b)| *a * *b);
        let mut sum = Bounded::new(0.0);
        let mut total = 0.0;
        for product in products {
            total += magnitude(&product);
            sum = sum + product;
        }
        // The magnitudes are added with one relative error 2⁻⁵³ each.
        self.rounded(infinite::overflowed(sum), a.len(), total * (1.0 + a.len() as f64 * f64::EPSILON))
    }

    fn dot_plus(&self, a: &[Bounded], b: &[Bounded], bias: &Bounded) -> Bounded {
        if a.iter().chain(b).chain([bias]).any(infinite::is_infinite) {
            return infinite::sum(a.iter().zip(b).map(|(a, b)| infinite::product(a, b)).chain([*bias]));
        }
        let sum = infinite::overflowed(Bounds::exact().dot(a, b) + *bias);
        let total = a.iter().zip(b).map(|(a, b)| magnitude(&(*a * *b))).sum::<f64>() + magnitude(bias);
        self.rounded(sum, a.len() + 1, total * (1.0 + (a.len() + 1) as f64 * f64::EPSILON))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Bounded>) -> Bounded {
        let mut sum = Bounded::new(0.0);
        let (mut total, mut count) = (0.0, 0_usize);
        let mut infinity = None;
        for entry in entries {
            if infinite::is_infinite(entry) {
                infinity = Some(infinity.map_or(*entry, |other| infinite::sum([other, *entry].into_iter())));
                continue;
            }
            total += magnitude(entry);
            sum = sum + *entry;
            count += 1;
        }
        let sum = infinite::overflowed(sum);
        if let Some(infinity) = infinity {
            return infinite::sum([infinity, sum].into_iter());
        }
        self.rounded(sum, count.saturating_sub(1), total * (1.0 + count as f64 * f64::EPSILON))
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Bounded>) -> Result<Bounded, Unreadable> {
        let greatest = entries.copied().reduce(|a, b| infinite::maximum(&a, &b));
        Ok(greatest.expect("a maximum of at least one entry"))
    }

    fn apply(&self, function: &Function, arguments: &[&Bounded]) -> Result<Bounded, Unreadable> {
        if arguments.iter().any(|argument| infinite::is_infinite(argument)) {
            return Ok(infinite::apply(function, arguments));
        }
        self.finite(function, arguments).map(infinite::overflowed)
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

    fn of_integers(&self) -> &Self {
        &EXACT
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
        value
    }

    fn cast(&self, value: Bounded, element: ElementType) -> Bounded {
        // A number of the type stays as it is; another one is rounded.
        let is_of_type = value.error() == 0.0 && element.round(value.value()) == value.value();
        if self.unit == 0.0 || !element.is_float() || is_of_type || infinite::is_infinite(&value) {
            return self.stored(value, element);
        }
        Bounds::of_machine(element).once(value)
    }
}
