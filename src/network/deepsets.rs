//! DeepSets: networks on sets of points, which do not depend on the order of the points.

use super::Network;
use crate::layer::{Activation, Dense, Dropout, Fraction, GlobalPool, Reduction, SetLinear};

/// DeepSets for sets of points with so many coordinates, (batch, coordinates, points), any number of points:
/// three layers that commute with their permutations, with `width` channels, tanh and the maximum over the
/// points; the maximum of each channel; two dense layers behind dropout by one half. Scores do not change
/// when points change their places.
///
/// The design is that of M. Zaheer et al., *Deep Sets*, NeurIPS 2017, for the classification of point clouds,
/// where the width is 256; its layers have one matrix for a point and for the maximum, these have two.
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
    use crate::group::Symmetric;
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
}
