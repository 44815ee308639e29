//! DeepSets: networks on sets of points, which do not depend on the order of the points.

use super::Network;
use crate::layer::{Activation, Dense, Dropout, Fraction, GlobalPool, Reduction, SetLinear};

/// DeepSets for sets of points with so many coordinates, (batch, coordinates, points), any number of points: three layers that commute with
/// their permutations, with `width` channels, tanh and the maximum over the points; the maximum of each channel; two dense layers behind
/// dropout by one half. Scores do not change when points change their places.
///
/// The design is that of M. Zaheer et al., *Deep Sets*, NeurIPS 2017, for the classification of point clouds, where the width is 256;
/// its layers have one matrix for a point and for the maximum, these have two.
///
/// ```
/// use equivariant::layer::Layer;
/// use equivariant::network::deepsets;
///
/// let network = deepsets(3, 256, 40);
/// for points in [100, 1000] {
///     assert_eq!(network.output_shape(&[16, 3, points])?, [16, 40]);
/// }
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
pub fn deepsets(coordinates: usize, width: usize, classes: usize) -> Network {
    let on_sets = |inputs: usize| SetLinear::new(inputs, width).pooling(Reduction::Maximum);
    let half = Dropout::new(Fraction::new(1, 2));
    Network::new()
        .then(on_sets(coordinates))
        .then(Activation::Tanh)
        .then(on_sets(width))
        .then(Activation::Tanh)
        .then(on_sets(width))
        .then(Activation::Tanh)
        .then(GlobalPool::MAXIMUM)
        .then(half)
        .then(Dense::new(width, width))
        .then(Activation::Tanh)
        .then(half)
        .then(Dense::new(width, classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Executor, Objective};
    use crate::group::Symmetric;
    use crate::layer::{Initialisation, Layer};
    use crate::network::Weights;
    use crate::signal::OnAxis;
    use crate::verify::prove;

    #[test]
    fn scores_do_not_depend_on_the_order_of_the_points() {
        for points in [1, 2, 3, 5] {
            let group = Symmetric::new(points).unwrap();
            prove(deepsets(2, 2, 2)).on([1, 2, points]).is_invariant_under(group, OnAxis::new(1)).assert();
        }
        // Twice (3·256 + 256·256·2) + 3·256 biases, and the dense layers.
        let sets = 2 * (3 * 256 + 2 * 256 * 256) + 3 * 256;
        assert_eq!(deepsets(3, 256, 40).trained_parameters(), sets + 257 * 256 + 257 * 40);
    }

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
        let objective = Objective::CrossEntropy { labels: &labels, smoothing: 0.0 };
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
}
