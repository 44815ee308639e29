//! Trains DeepSets to tell points on a circle, in a disc and on a line apart, and shows that the order of the
//! points does not matter.
//!
//! `cargo run --release --example train_deepsets`

use std::f32::consts::TAU;

use equivariant::network::{Inference, deepsets};
use equivariant::train::data::Samples;
use equivariant::train::{Recipe, Trainer};
use ndarray::{Array3, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const POINTS: usize = 12;

/// Sets of points, (samples, coordinates, points), with their classes.
fn sets(count: usize, seed: u64) -> Result<Samples, Box<dyn std::error::Error>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let labels: Vec<usize> = (0..count).map(|set| set % 3).collect();
    let mut points = Array3::zeros((count, 2, POINTS));
    for (mut set, &label) in points.outer_iter_mut().zip(&labels) {
        let tilt = random.random_range(0.0..TAU);
        for mut point in set.axis_iter_mut(Axis(1)) {
            let share: f32 = random.random_range(0.0..1.0);
            let (radius, angle) = match label {
                0 => (1.0, TAU * share),
                1 => (share.sqrt(), random.random_range(0.0..TAU)),
                _ => (2.0 * share - 1.0, tilt),
            };
            point[0] = radius * angle.cos();
            point[1] = radius * angle.sin();
        }
    }
    Ok(Samples::new(points.into_dyn(), labels, 3, "circles, discs and lines")?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = (sets(900, 1)?, sets(300, 2)?);
    let network = deepsets(2, 32, 3);
    let trained = Trainer::new(&network, &train).recipe(Recipe::new(12)).run(&test)?;
    println!("{} mistakes on {} sets that it has not seen", trained.test.mistakes, test.len());

    let inference: Inference<f32> = network.prepare(&trained.weights, test.shape())?;
    let scores = inference.run(test.values().view())?;
    let mut backwards = test.values().clone();
    backwards.invert_axis(Axis(2));
    let again = inference.run(backwards.view())?;
    let difference = scores.iter().zip(&again).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("with the points in the opposite order, scores differ by {difference:e}");
    Ok(())
}
