//! Products and maxima of functions that are enclosed over an interval, beside those of their values.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::refuted;
use crate::claims::Claim;
use crate::scalar::{Affine, Lattice};
use crate::verify::{Examiner, Failure, Report};

/// Pairs of functions, and parameters for each.
const PAIRS: usize = 200;
const PARAMETERS: usize = 9;

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "angle.relaxed",
            "products, maxima and rectified values of two enclosed functions lie within the radius of their line",
            |examiner| relaxed(examiner, |_, line, _, _| line),
        )
        .theorem("product_enclosed")
        .theorem("maximum_below_chord")
        .theorem("relu_triangle")
        .mutant("a product whose slopes are taken for independent of each other's square", |examiner| {
            relaxed(examiner, |operation, line, x, y| match operation {
                Operation::Product => {
                    let curved = (x.slope() * y.slope()).abs() / 2.0;
                    Affine::new(line.centre(), line.slope(), (line.radius() - curved).max(0.0))
                }
                _ => line,
            })
        })
        .mutant("a relaxation of the maximum that is too small", |examiner| {
            relaxed(examiner, |operation, line, _, _| match operation {
                Operation::Product => line,
                _ => Affine::new(line.centre(), line.slope(), line.radius() / 2.0),
            })
        })
        .mutant("a rectifier whose slope has the wrong sign", |examiner| {
            relaxed(examiner, |operation, line, _, _| match operation {
                Operation::Rectifier => Affine::new(line.centre(), -line.slope(), line.radius()),
                _ => line,
            })
        }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Product,
    Maximum,
    Rectifier,
}

/// Random lines with random functions within their radii; `change` makes another line of each result.
fn relaxed(
    examiner: &Examiner,
    change: fn(Operation, Affine, Affine, Affine) -> Affine,
) -> Result<Report, Failure> {
    let mut random = ChaCha8Rng::seed_from_u64(examiner.seed());
    let mut cases = 0;
    for _ in 0..PAIRS {
        let mut draw = || {
            let radius = if random.random() { 0.0 } else { random.random_range(0.0..0.5) };
            Affine::new(random.random_range(-2.0..2.0), random.random_range(-2.0..2.0), radius)
        };
        let (x, y) = (draw(), draw());
        for (operation, line) in [
            (Operation::Product, x * y),
            (Operation::Maximum, x.maximum(&y)),
            (Operation::Rectifier, x.relu()),
        ] {
            let line = change(operation, line, x, y);
            for step in 0..PARAMETERS {
                let t = step as f64 / (PARAMETERS - 1) as f64 * 2.0 - 1.0;
                // Both at the borders of their enclosures, on either side.
                for (one, other) in [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)] {
                    let at =
                        |line: &Affine, side: f64| line.centre() + line.slope() * t + side * line.radius();
                    let (a, b) = (at(&x, one), at(&y, other));
                    let value = match operation {
                        Operation::Product => a * b,
                        Operation::Maximum => a.max(b),
                        Operation::Rectifier => a.max(0.0),
                    };
                    cases += 1;
                    let middle = line.centre() + line.slope() * t;
                    // A dozen roundings of numbers below 25, of the values here.
                    if (value - middle).abs() > line.radius() + 12.0 * 25.0 * f64::EPSILON {
                        let at = format!("{operation:?} of {x:?} and {y:?} at t = {t}");
                        let expected = format!("within {} of {middle}", line.radius());
                        return Ok(refuted(cases, at, value.to_string(), expected));
                    }
                }
            }
        }
    }
    Ok(Report::enumerated("products and maxima of random lines", cases))
}
