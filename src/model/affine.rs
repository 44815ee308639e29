//! Reading a program on functions of one parameter, enclosed: see [`Affine`].
//!
//! A sum of products with weights is taken in floats: n terms in any order are off by at most γ Σ|w||x| with
//! γ = nu/(1 − nu) (Higham, *Accuracy and Stability of Numerical Algorithms*, § 4.2), which is added to the
//! radius. Every other function is that of the scalar; what it does not have is refused.

use super::{Arithmetic, Function, Symbol, Unreadable};
use crate::scalar::{Affine, Exponential, Field, Lattice, Logarithm, SquareRoot, summation_error};

/// Enclosures over an interval of a parameter.
#[derive(Clone, Copy, Debug)]
pub struct Affines;

const NAME: &str = "enclosures over an interval";

fn is_constant(x: &Affine) -> bool {
    x.slope() == 0.0 && x.radius() == 0.0
}

/// A sum of products with constants, and one number more.
fn weighted(weights: &[Affine], entries: &[Affine], bias: Affine) -> Affine {
    let (mut centre, mut slope, mut radius, mut size) = (bias.centre(), bias.slope(), 0.0, 0.0);
    size += centre.abs() + slope.abs();
    for (weight, x) in weights.iter().zip(entries) {
        let weight = weight.centre();
        centre += weight * x.centre();
        slope += weight * x.slope();
        radius += weight.abs() * x.radius();
        size += weight.abs() * (x.centre().abs() + x.slope().abs());
    }
    // One for each product, and the bias.
    let gamma = summation_error(weights.len() + 2);
    // Both sums of sizes are rounded as well; what underflows is less than the least normal number.
    let radius = (radius + 2.0 * gamma * size) * (1.0 + 2.0 * gamma + 8.0 * f64::EPSILON) + f64::MIN_POSITIVE;
    Affine::new(centre, slope, radius).widened(bias.radius())
}

impl Arithmetic for Affines {
    type Element = Affine;

    fn constant(&self, value: f64) -> Affine {
        Affine::constant(value)
    }

    fn dot(&self, a: &[Affine], b: &[Affine]) -> Affine {
        self.dot_plus(a, b, &Affine::constant(0.0))
    }

    fn dot_plus(&self, a: &[Affine], b: &[Affine], bias: &Affine) -> Affine {
        if a.iter().all(is_constant) {
            return weighted(a, b, *bias);
        }
        if b.iter().all(is_constant) {
            return weighted(b, a, *bias);
        }
        a.iter().zip(b).fold(*bias, |sum, (&a, &b)| sum + a * b)
    }

    fn sum(&self, entries: &mut dyn Iterator<Item = &Affine>) -> Affine {
        entries.fold(Affine::constant(0.0), |sum, &entry| sum + entry)
    }

    fn maximum(&self, entries: &mut dyn Iterator<Item = &Affine>) -> Result<Affine, Unreadable> {
        Ok(greatest(entries.copied()))
    }

    fn apply(&self, function: &Function, arguments: &[&Affine]) -> Result<Affine, Unreadable> {
        let one = Affine::constant(1.0);
        Ok(match (function, arguments) {
            (Function::Add, [a, b]) => **a + **b,
            (Function::Subtract, [a, b]) => **a - **b,
            (Function::Multiply, [a, b]) => **a * **b,
            (Function::Divide, [a, b]) => **a * b.reciprocal(),
            (Function::Negate, [a]) => -**a,
            (Function::Maximum, [_, ..]) => greatest(arguments.iter().map(|&&entry| entry)),
            (Function::Minimum, [_, ..]) => -greatest(arguments.iter().map(|&&entry| -entry)),
            (Function::Absolute, [a]) => a.maximum(&-**a),
            (Function::Exponential, [a]) => a.exponential(),
            (Function::Logarithm, [a]) => a.logarithm(),
            (Function::SquareRoot, [a]) => a.square_root(),
            (Function::Sigmoid, [a]) => (one + (-**a).exponential()).reciprocal(),
            // 1 − 2/(e²ˣ + 1)
            (Function::HyperbolicTangent, [a]) => {
                one - Affine::constant(2.0) * ((**a + **a).exponential() + one).reciprocal()
            }
            (Function::Other(Symbol { name, parameters }), [a]) if name == "LeakyRelu" => {
                let [slope] = parameters[..] else { return Err(unreadable(name)) };
                // max(x, 0) − slope·max(−x, 0)
                a.relu() - Affine::constant(slope) * (-**a).relu()
            }
            (Function::Other(symbol), _) => return Err(unreadable(&symbol.name)),
            (function, _) => return Err(unreadable(&format!("{function:?}"))),
        })
    }

    fn apply_to_list(&self, symbol: &Symbol, _: &[&Affine]) -> Result<Affine, Unreadable> {
        Err(unreadable(&symbol.name))
    }
}

/// The greatest of at least one.
fn greatest(mut entries: impl Iterator<Item = Affine>) -> Affine {
    let first = entries.next().unwrap_or_else(|| Affine::constant(f64::NEG_INFINITY));
    entries.fold(first, |greatest, entry| greatest.maximum(&entry))
}

fn unreadable(function: &str) -> Unreadable {
    Unreadable { function: function.to_owned(), arithmetic: NAME }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the parameter, the value at it lies in the enclosure.
    #[test]
    fn sums_and_functions_enclose_their_values() {
        let at = |x: &Affine, t: f64| x.centre() + x.slope() * t;
        let entries: Vec<Affine> = (0..40)
            .map(|n| Affine::new(f64::from(n % 7) - 3.0, f64::from(n % 5) / 8.0 - 0.25, 0.0))
            .collect();
        let weights: Vec<Affine> = (0..40).map(|n| Affine::constant(f64::from(n % 11) / 7.0 - 0.6)).collect();
        let product: Vec<Affine> = entries.iter().rev().copied().collect();
        let bias = Affine::new(0.5, -0.125, 0.0);
        for t in [-1.0, -0.3, 0.0, 0.7, 1.0] {
            let value = |a: &[Affine], b: &[Affine]| {
                let sum: f64 = a.iter().zip(b).map(|(a, b)| at(a, t) * at(b, t)).sum();
                sum + at(&bias, t)
            };
            for (a, b) in [(&weights, &entries), (&entries, &weights), (&entries, &product)] {
                let found = Affines.dot_plus(a, b, &bias);
                let (centre, radius) = (at(&found, t), found.radius());
                // The value here is rounded too: forty sums of numbers below 10.
                assert!((value(a, b) - centre).abs() <= radius + 1e-13, "{found:?} at {t}");
            }
            for function in [Function::Sigmoid, Function::HyperbolicTangent, Function::Absolute] {
                for x in &entries {
                    let found = Affines.apply(&function, &[x]).unwrap();
                    let x = at(x, t);
                    let value = match function {
                        Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                        Function::HyperbolicTangent => x.tanh(),
                        _ => x.abs(),
                    };
                    let distance = (value - at(&found, t)).abs();
                    assert!(distance <= found.radius() + 1e-14, "{function:?} {x} {found:?}");
                }
            }
        }
        assert!(Affines.apply(&Function::Erf, &[&bias]).is_err());
    }
}
