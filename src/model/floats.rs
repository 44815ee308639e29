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

/// Sums that are computed side by side: each waits for its own last addition only.
const SIDE_BY_SIDE: usize = 8;

impl Arithmetic for Floats {
    type Element = f64;

    fn constant(&self, value: f64) -> f64 {
        value
    }

    fn dot(&self, a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn dots(&self, a: &[f64], rows: &[f64], bias: Option<&f64>, results: &mut [f64]) {
        let length = a.len();
        let last = results.len() - results.len() % SIDE_BY_SIDE;
        for number in (0..last).step_by(SIDE_BY_SIDE) {
            let rows: [&[f64]; SIDE_BY_SIDE] =
                std::array::from_fn(|place| &rows[(number + place) * length..][..length]);
            // What a sum of floats begins with.
            let mut sums = [-0.0; SIDE_BY_SIDE];
            for (at, a) in a.iter().enumerate() {
                for (sum, row) in sums.iter_mut().zip(rows) {
                    *sum += a * row[at];
                }
            }
            for (result, sum) in results[number..].iter_mut().zip(sums) {
                *result = bias.map_or(sum, |bias| sum + bias);
            }
        }
        for (number, result) in results.iter_mut().enumerate().skip(last) {
            let row = &rows[number * length..][..length];
            *result = bias.map_or_else(|| self.dot(a, row), |bias| self.dot_plus(a, row, bias));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows side by side give the same bits as one after the other.
    #[test]
    fn sums_side_by_side_are_the_same() {
        let numbers: Vec<f64> =
            (0..19 * 23).map(|n| (f64::from(n) * 0.7).sin() * 10.0_f64.powi(n % 9 - 4)).collect();
        for length in [0, 1, 19] {
            for bias in [None, Some(&0.1)] {
                let mut results = [0.0; 23];
                Floats::double().dots(&numbers[..length], &numbers[..length * 23], bias, &mut results);
                for (number, result) in results.iter().enumerate() {
                    let row = &numbers[number * length..][..length];
                    let one = match bias {
                        Some(bias) => Floats::double().dot_plus(&numbers[..length], row, bias),
                        None => Floats::double().dot(&numbers[..length], row),
                    };
                    assert_eq!(result.to_bits(), one.to_bits(), "{length} {number}");
                }
            }
        }
    }
}
