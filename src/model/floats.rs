//! Reading a program on floats: as it runs on a machine.

use super::{Arithmetic, ElementType, Function, Symbol, Unreadable};

/// Floats. Every result is computed in `f64` and then rounded to the type of its tensor, so that a sum is
/// rounded once; or not at all.
#[derive(Clone, Copy, Debug)]
pub struct Floats {
    rounds: bool,
}

impl Floats {
    /// Floats that are rounded to the types of the model.
    pub fn of_the_model() -> Self {
        Floats { rounds: true }
    }

    /// `f64` throughout.
    pub fn double() -> Self {
        Floats { rounds: false }
    }
}

const NAME: &str = "floats";

impl Arithmetic for Floats {
    type Element = f64;

    fn constant(&self, value: f64) -> f64 {
        value
    }

    fn dot(&self, a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &f64>) -> f64 {
        entries.sum()
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &f64>) -> Result<f64, Unreadable> {
        let greatest = entries.copied().reduce(|a, b| if a.is_nan() || a > b { a } else { b });
        Ok(greatest.expect("a maximum of at least one entry"))
    }

    fn apply(&self, function: &Function, arguments: &[&f64]) -> Result<f64, Unreadable> {
        let value = match arguments {
            [a] => function.value(&[**a]),
            [a, b] => function.value(&[**a, **b]),
            all => function.value(&all.iter().map(|&&a| a).collect::<Vec<_>>()),
        };
        value.ok_or_else(|| Unreadable { function: function.to_string(), arithmetic: NAME })
    }

    fn apply_to_list(&self, symbol: &Symbol, list: &[&f64]) -> Result<f64, Unreadable> {
        let list = list.iter().map(|&&number| number).collect::<Vec<_>>();
        symbol
            .value_of_list(&list)
            .ok_or_else(|| Unreadable { function: symbol.to_string(), arithmetic: NAME })
    }

    fn stored(&self, value: f64, element: ElementType) -> f64 {
        if self.rounds || !element.is_float() { element.round(value) } else { value }
    }
}
