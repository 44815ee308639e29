//! Networks for images that are turned: Z2CNN, P4CNN and P4MCNN of Cohen and Welling, and a better one of the
//! same size.
//!
//! All take images of one channel, 28 × 28. The three are seven layers of 3 × 3 filters (4 × 4 in the last),
//! each but the last followed by batch normalisation, ReLU and dropout, with maximum pooling after the
//! second: sizes 28-26-24-12-10-8-6-4-1, each of which satisfies the grid rule. Z2CNN has 20 ordinary
//! channels; P4CNN and P4MCNN have 10 and 7 fields with a channel for each of the 4 or 8 orientations, so
//! about as many weights, and end with the maximum over orientations: they are invariant, for all weights.
//!
//! Source: T. Cohen, M. Welling, *Group equivariant convolutional networks*, 2016, section 8.1. Weights of
//! the convolutions: 21,380, 24,490 and 26,663.

use super::Network;
use crate::layer::{
    Activation, AnyLayer, BatchNormalisation, Convolution, Dense, Dropout, Flatten, Fraction,
    GroupConvolution, GroupPool, Pool, Reduction,
};
use crate::signal::{FeatureType, GridGroup};

/// What follows a convolution: normalisation, ReLU and dropout that treat so many consecutive channels alike.
fn after(channels: usize, orbit: usize, dropout: Fraction) -> [AnyLayer; 3] {
    [
        BatchNormalisation::new(channels).orbit(orbit).into(),
        Activation::Relu.into(),
        Dropout::new(dropout).orbit(orbit).into(),
    ]
}

/// The share of entries that are dropped in training.
const DROPOUT: Fraction = Fraction::new(1, 10);

/// The plain network: 20 channels.
pub fn z2cnn(classes: usize) -> Network {
    let mut network = Network::new();
    for layer in 0..6 {
        let inputs = if layer == 0 { 1 } else { 20 };
        network = network.then(Convolution::new(inputs, 20, [3, 3]).without_bias());
        network = after(20, 1, DROPOUT).into_iter().fold(network, Network::then);
        if layer == 1 {
            network = network.then(Pool::maximum([2, 2]));
        }
    }
    network.then(Convolution::new(20, classes, [4, 4])).then(Flatten)
}

/// Invariant under quarter turns: 10 fields of 4 orientations.
pub fn p4cnn(classes: usize) -> Network {
    seven_layers(&GridGroup::c4(), 10, classes)
}

/// Invariant under quarter turns and reflections: 7 fields of 8 orientations.
pub fn p4mcnn(classes: usize) -> Network {
    seven_layers(&GridGroup::d4(), 7, classes)
}

fn seven_layers(group: &GridGroup, fields: usize, classes: usize) -> Network {
    let maps = FeatureType::regular(group, fields);
    let mut network = Network::new();
    for layer in 0..6 {
        let from = if layer == 0 { FeatureType::trivial(group, 1) } else { maps.clone() };
        network = network.then(GroupConvolution::new(from, maps.clone(), [3, 3]).without_bias());
        network = after(maps.channels(), maps.size(), DROPOUT).into_iter().fold(network, Network::then);
        if layer == 1 {
            network = network.then(Pool::maximum([2, 2]));
        }
    }
    let scores = maps.with_fields(classes);
    network
        .then(GroupConvolution::new(maps, scores.clone(), [4, 4]))
        .then(GroupPool::over_group(scores, Reduction::Maximum))
        .then(Flatten)
}

/// Orientations of the fields of [`c8_steerable`].
const ORIENTATIONS: usize = 8;
/// Taps along each axis, padding and output fields of its layers.
const STEERABLE: [(usize, usize, usize); 7] =
    [(5, 0, 8), (3, 1, 8), (3, 1, 8), (3, 0, 8), (3, 1, 10), (3, 0, 10), (3, 0, 12)];

/// Invariant under quarter turns, and nearly under eighths, with fewer parameters than [`p4cnn`] and fewer
/// mistakes: seven layers of steerable filters in eight orientations, 23,978 parameters for ten classes.
///
/// Filters are combinations of circular harmonics, on 5 × 5 taps in the first layer and 3 × 3 in the others;
/// each layer is followed by batch normalisation and ReLU, the second and the fourth by maximum pooling too:
/// sizes 28-24-24-12-12-10-5-5-3-1. After the maximum over orientations a dense layer reads twelve
/// invariants.
///
/// Source of the design: T. Cohen, M. Welling, 2016, as above, with the filters of M. Weiler, F. Hamprecht,
/// M. Storath, *Learning steerable filters for rotation equivariant CNNs*, CVPR 2018.
pub fn c8_steerable(classes: usize) -> Network {
    let group = GridGroup::c4();
    let mut maps = FeatureType::trivial(&group, 1);
    let mut network = Network::new();
    for (layer, (taps, padding, fields)) in STEERABLE.into_iter().enumerate() {
        let from = std::mem::replace(&mut maps, FeatureType::regular(&group, fields * ORIENTATIONS / 4));
        let convolution = GroupConvolution::new(from, maps.clone(), [taps, taps]).steerable(ORIENTATIONS);
        network = network
            .then(convolution.padding([padding, padding]).without_bias())
            .then(BatchNormalisation::new(maps.channels()).orbit(ORIENTATIONS))
            .then(Activation::Relu);
        if layer == 1 || layer == 3 {
            network = network.then(Pool::maximum([2, 2]));
        }
    }
    let invariants = maps.channels() / ORIENTATIONS;
    network
        .then(GroupPool::over_orientations(maps, ORIENTATIONS, Reduction::Maximum))
        .then(Flatten)
        .then(Dense::new(invariants, classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::{Layer, Role};
    use crate::network::Equivariance;

    #[test]
    fn weights_are_those_of_the_paper() {
        for (network, expected) in [(z2cnn(10), 21_380), (p4cnn(10), 24_490), (p4mcnn(10), 26_663)] {
            let parameters = network.parameters();
            let weights = parameters.iter().filter(|parameter| parameter.role == Role::Weight);
            assert_eq!(weights.map(|parameter| parameter.len()).sum::<usize>(), expected);
            assert_eq!(network.output_shape(&[2, 1, 28, 28]).unwrap(), [2, 10]);
        }
    }

    #[test]
    fn the_better_network_has_no_more_parameters() {
        assert_eq!((c8_steerable(10).trained_parameters(), p4cnn(10).trained_parameters()), (23_978, 24_620));
        assert_eq!(c8_steerable(10).output_shape(&[2, 1, 28, 28]).unwrap(), [2, 10]);
    }

    #[test]
    fn the_group_networks_are_invariant() {
        let networks = [
            (p4cnn(10), GridGroup::c4()),
            (p4mcnn(10), GridGroup::d4()),
            (c8_steerable(10), GridGroup::c4()),
        ];
        for (network, group) in networks {
            let image = FeatureType::trivial(&group, 1);
            let argument = Equivariance::of(&network, &[1, 1, 28, 28], &image).unwrap();
            assert!(argument.is_invariant());
            assert!(argument.to_string().starts_with(&format!("invariant under {group}")));
            assert!(Equivariance::of(&z2cnn(10), &[1, 1, 28, 28], &image).is_err());
        }
    }
}
