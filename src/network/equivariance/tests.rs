//! What is said of a network's output is what happens to arrays of its type and shape.

use ndarray::{ArrayD, IxDyn};

use super::*;
use crate::group::{Action, C4, D4, FiniteGroup};
use crate::layer::{
    Activation, AdaptivePool, Dense, Flatten, GlobalPool, GroupConvolution, GroupPool, Initialisation, Mode,
    Reduction,
};
use crate::network::Weights;
use crate::signal::{ArrayAction, GridGroup, OnGrid, PointGroup};

fn numbered(shape: &[usize]) -> ArrayD<f64> {
    let len = shape.iter().product::<usize>();
    ArrayD::from_shape_vec(IxDyn(shape), (0..len).map(|n| n as f64).collect()).expect("as many numbers")
}

/// Whether no element of the group moves a numbered array of this type and shape.
fn stays<G: FiniteGroup + PointGroup>(group: &G, feature: &FeatureType, shape: &[usize]) -> bool {
    let x = numbered(shape);
    let moved = |g| match shape.len() {
        2 => feature.on_vectors().try_act(group, &g, x.view()),
        _ => feature.on_maps().try_act(group, &g, x.view()),
    };
    group.elements().all(|g| moved(g).expect("an array of this type") == x)
}

/// The types of a group of which some channels move and some do not.
fn types(group: &GridGroup) -> Vec<FeatureType> {
    let mut types = vec![FeatureType::trivial(group, 3), FeatureType::regular(group, 1)];
    for element in 1..group.order() {
        let stabiliser = group.generated_by(&[element]);
        types.push(FeatureType::quotient(group, &stabiliser, 2).expect("a subgroup"));
    }
    types
}

/// Invariant is said of an output that no element moves, and of no other: of every type, as vectors, as
/// single pixels and as maps.
fn law<G: FiniteGroup + PointGroup>(group: &G) {
    for feature in types(&GridGroup::of(group)) {
        let channels = feature.channels();
        for (layers, input) in [
            (Network::new(), vec![1, channels, 3, 3]),
            (Network::new(), vec![1, channels, 1, 1]),
            (Network::new(), vec![1, channels]),
            (Network::new().then(Activation::Relu), vec![1, channels, 3, 3]),
            (Network::new().then(Activation::Relu), vec![1, channels, 1, 1]),
            (Network::new().then(Activation::Relu), vec![1, channels]),
            (Network::new().then(GlobalPool::MAXIMUM), vec![1, channels, 3, 3]),
            (Network::new().then(AdaptivePool::mean([1, 1])), vec![1, channels, 3, 3]),
            (Network::new().then(AdaptivePool::mean([1, 1])).then(Flatten), vec![1, channels, 3, 3]),
            (Network::new().then(Flatten), vec![1, channels, 1, 1]),
        ] {
            let argument = Equivariance::of(&layers, &input, &feature).expect("all of these commute");
            let output = layers.output_shape(&input).expect("a shape");
            assert_eq!(argument.feature(), &feature);
            let expected = stays(group, &feature, &output);
            assert_eq!(argument.is_invariant(), expected, "{feature} of shape {output:?}");
            let told = argument.to_string();
            let begins = if expected { "invariant under " } else { "equivariant under " };
            assert!(told.starts_with(begins), "{told}");
        }
    }
}

#[test]
fn invariant_is_what_no_element_moves() {
    law(&C4);
    law(&D4);
}

/// The scores of lifted maps, pooled over pixels only: their channels still change places.
#[test]
fn a_flattened_regular_output_is_not_invariant() {
    let group = GridGroup::c4();
    let image = FeatureType::trivial(&group, 1);
    let maps = FeatureType::regular(&group, 2);
    let lifted = Network::new()
        .then(GroupConvolution::new(image.clone(), maps.clone(), [2, 2]))
        .then(Activation::Relu)
        .then(AdaptivePool::maximum([1, 1]));
    let pooled = lifted.clone().then(GroupPool::over_group(maps.clone(), Reduction::Maximum)).then(Flatten);
    let halves = FeatureType::quotient(&group, &[0, 2], 2).unwrap();
    for (network, expected) in [
        (lifted.clone().then(Flatten), false),
        (lifted.then(GroupPool::new(maps, halves, Reduction::Maximum)).then(Flatten), false),
        (pooled.clone(), true),
        (pooled.then(Dense::new(2, 3)), true),
    ] {
        let argument = Equivariance::of(&network, &[1, 1, 4, 4], &image).unwrap();
        assert_eq!(argument.is_invariant(), expected, "{argument}");
        // Small integers: sums are exact, and equal numbers are the same.
        let mut weights = Weights::initial(&network, Initialisation::He, 1);
        let count = weights.trained.len();
        weights.trained = (0..count).map(|n| ((n * n * 7 + 3 * n) % 11) as f32 - 4.0).collect();
        let output = |x: &ArrayD<f64>| network.forward(x, &weights.arrays::<f64>(), Mode::Inference).unwrap();
        let x = numbered(&[1, 1, 4, 4]).mapv(|n| (n * 5.0) % 13.0);
        let stays = C4.elements().all(|g| output(&OnGrid.act(&C4, &g, &x)) == output(&x));
        assert_eq!(stays, expected, "{argument}");
    }
}
