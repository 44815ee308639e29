//! A network on sets of points learns what is true of a set.

use crate::executor::{Executor, Objective};
use crate::layer::{Initialisation, Layer};
use crate::network::{Weights, deepsets};

/// Whether one of five numbers ±1 is +1: of all 32 sets, and the scores are for sets of any number of points.
#[test]
fn it_learns_what_is_true_of_a_set() {
    const POINTS: usize = 5;
    let network = deepsets(1, 8, 2);
    let mut executor = Executor::new(&network, &[1, POINTS]).unwrap();
    let mut weights = Weights::initial(&network, Initialisation::Xavier, 1);
    let point = |n: u32, p: usize| if n >> p & 1 == 1 { 1.0 } else { -1.0 };
    let inputs: Vec<f32> = (0..32).flat_map(|n| (0..POINTS).map(move |p| point(n, p))).collect();
    let labels: Vec<usize> = (0..32_u32).map(|n| usize::from(n > 0)).collect();
    let objective = Objective::CrossEntropy { labels: &labels, smoothing: 0.0, class_weights: &[] };
    let mut gradient = vec![0.0; weights.trained.len()];
    for step in 0..300 {
        executor.step(&weights, &inputs, objective, step, &mut gradient);
        weights.trained.iter_mut().zip(&gradient).for_each(|(weight, slope)| *weight -= 0.3 * slope);
    }
    let mut scores = vec![0.0; 64];
    executor.predict(&weights, &inputs, &mut scores);
    let right = (0..32).filter(|&n| (scores[2 * n + 1] > scores[2 * n]) == (labels[n] == 1)).count();
    assert_eq!(right, 32);
    assert_eq!(network.output_shape(&[1, 1, 9]).unwrap(), [1, 2]);
}
