//! Reading a program in fixed-point arithmetic of 256 bits, with bounds within which the exact result lies.
//!
//! Rigorous bounds of floats grow from layer to layer by Σ|w|, where the numbers themselves grow by a square
//! root of that: after twenty layers of a hundred products the bounds of `f64` are wider than the numbers.
//! The same bounds over numbers with 192 bits behind the binary point begin at 2⁻¹⁹² = 1.6·10⁻⁵⁸, so that
//! forty more digits may be lost. Sums and products of integers are exact but for one cut, see `sum`; maxima
//! are comparisons; quotients and roots, of which normalisations need some for each channel, and the
//! exponential with the functions that are made of it, are those of integers. Every other function is taken
//! from [`Bounds`], and brings the error of `f64` with it.
//!
//! Numbers reach to 2⁶². What may be larger, as in masks of attention, is computed in [`Bounds`] too.

mod difference;
mod division;
mod exponential;
mod number;
mod sum;
#[cfg(test)]
mod tests;

pub use number::Fixed;

use super::{Arithmetic, Bounds, ElementType, Function, Symbol, Unreadable};
use crate::scalar::Bounded;
use sum::Sum;

/// Fixed-point arithmetic with bounds of the exact result.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedPoint;

impl FixedPoint {
    /// The result in bounds of floats, from those of the arguments.
    fn in_floats(arguments: &[&Fixed]) -> Vec<Bounded> {
        arguments.iter().map(|argument| argument.to_bounded()).collect()
    }

    /// A sum of products that has no digits here.
    fn dot_in_floats(a: &[Fixed], b: &[Fixed]) -> Fixed {
        let bounded = |list: &[Fixed]| list.iter().map(Fixed::to_bounded).collect::<Vec<_>>();
        Fixed::of_bounded(&Bounds::exact().dot(&bounded(a), &bounded(b)))
    }
}

impl Arithmetic for FixedPoint {
    type Element = Fixed;

    fn constant(&self, value: f64) -> Fixed {
        Fixed::float(value)
    }

    fn dot(&self, a: &[Fixed], b: &[Fixed]) -> Fixed {
        let mut sum = Sum::default();
        a.iter().zip(b).for_each(|(a, b)| sum.add_product(a, b));
        sum.finish().unwrap_or_else(|| Self::dot_in_floats(a, b))
    }

    fn dot_plus(&self, a: &[Fixed], b: &[Fixed], bias: &Fixed) -> Fixed {
        let mut sum = Sum::default();
        a.iter().zip(b).for_each(|(a, b)| sum.add_product(a, b));
        sum.add(bias);
        sum.finish().unwrap_or_else(|| self.sum(&mut [Self::dot_in_floats(a, b), bias.clone()].iter()))
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Fixed>) -> Fixed {
        let entries: Vec<&Fixed> = entries.collect();
        let mut sum = Sum::default();
        entries.iter().for_each(|entry| sum.add(entry));
        sum.finish().unwrap_or_else(|| {
            let list = Self::in_floats(&entries);
            Fixed::of_bounded(&Bounds::exact().sum(&mut list.iter()))
        })
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Fixed>) -> Result<Fixed, Unreadable> {
        let mut greatest: Option<Fixed> = None;
        for entry in entries {
            greatest = Some(match greatest {
                None => entry.clone(),
                Some(other) => match other.greater(entry) {
                    Some(greater) => greater,
                    None => self.apply_in_floats(&Function::Maximum, &[&other, entry])?,
                },
            });
        }
        Ok(greatest.expect("a maximum of at least one entry"))
    }

    fn apply(&self, function: &Function, arguments: &[&Fixed]) -> Result<Fixed, Unreadable> {
        let are_rough = arguments.iter().any(|argument| argument.is_rough());
        let add = |a: &Fixed, b: &Fixed| self.sum(&mut [a, b].into_iter());
        let multiply = |a: &Fixed, b: &Fixed| self.dot(std::slice::from_ref(a), std::slice::from_ref(b));
        Ok(match (function, arguments) {
            (Function::Maximum, list) => self.maximum(&mut list.iter().copied())?,
            (Function::Minimum, list) => {
                let negatives: Vec<Fixed> = list.iter().map(|entry| entry.negated()).collect();
                self.maximum(&mut negatives.iter())?.negated()
            }
            _ if are_rough => self.apply_in_floats(function, arguments)?,
            (Function::Add, [a, b]) => add(a, b),
            (Function::Subtract, [a, b]) => add(a, &b.negated()),
            (Function::Multiply, [a, b]) => multiply(a, b),
            (Function::Divide, [a, b]) => match division::quotient(a, b) {
                Some(quotient) => quotient,
                None => self.apply_in_floats(function, arguments)?,
            },
            (Function::Negate, [a]) => a.negated(),
            (Function::Absolute, [a]) => a.absolute(),
            (Function::SquareRoot, [a]) => match division::root(a) {
                Some(root) => root,
                None => self.apply_in_floats(function, arguments)?,
            },
            (Function::Exponential, [a]) => match exponential::exponential(a) {
                Some(exponential) => exponential,
                None => self.apply_in_floats(function, arguments)?,
            },
            (Function::Sigmoid, [a]) => {
                self.of_decay(&a.absolute(), |decay, one| if a.is_negative() { decay } else { one })?
            }
            (Function::HyperbolicTangent, [a]) => {
                let magnitude = a.absolute();
                let doubled = add(&magnitude, &magnitude);
                let tangent = self.of_decay(&doubled, |decay, one| add(&one, &decay.negated()))?;
                if a.is_negative() { tangent.negated() } else { tangent }
            }
            (Function::Other(symbol), list) => {
                match (symbol.name.as_str(), &symbol.parameters[..], list) {
                    // The greater of x and a smaller multiple of it.
                    ("LeakyRelu", [slope], [a]) if (0.0..=1.0).contains(slope) => {
                        self.maximum(&mut [*a, &multiply(&Fixed::float(*slope), a)].into_iter())?
                    }
                    ("Where", _, [condition, a, b]) if condition.error() == 0.0 => {
                        if condition.size() != 0.0 { (*a).clone() } else { (*b).clone() }
                    }
                    _ => self.apply_in_floats(function, arguments)?,
                }
            }
            _ => self.apply_in_floats(function, arguments)?,
        })
    }

    fn apply_to_list(&self, symbol: &Symbol, list: &[&Fixed]) -> Result<Fixed, Unreadable> {
        let list = Self::in_floats(list);
        let value = Bounds::exact().apply_to_list(symbol, &list.iter().collect::<Vec<_>>())?;
        Ok(Fixed::of_bounded(&value))
    }

    fn stored(&self, value: Fixed, element: ElementType) -> Fixed {
        if element.is_float() {
            return value;
        }
        // Integers wrap.
        let bounded = value.to_bounded();
        let stored = Bounds::exact().stored(bounded, element);
        if stored == bounded { value } else { Fixed::of_bounded(&stored) }
    }
}

impl FixedPoint {
    /// n / (1 + e^(−x)) with a numerator n of e^(−x) and 1.
    fn of_decay(self, x: &Fixed, numerator: impl Fn(Fixed, Fixed) -> Fixed) -> Result<Fixed, Unreadable> {
        let one = Fixed::float(1.0);
        let decay = self.apply(&Function::Exponential, &[&x.negated()])?;
        let sum = self.sum(&mut [&one, &decay].into_iter());
        self.apply(&Function::Divide, &[&numerator(decay, one), &sum])
    }

    fn apply_in_floats(self, function: &Function, arguments: &[&Fixed]) -> Result<Fixed, Unreadable> {
        let list = Self::in_floats(arguments);
        let value = Bounds::exact().apply(function, &list.iter().collect::<Vec<_>>())?;
        Ok(Fixed::of_bounded(&value))
    }
}
