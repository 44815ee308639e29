//! Networks for images that are turned: Z2CNN, P4CNN and P4MCNN of Cohen and Welling, and a better one of the same size.
//!
//! All take images of one channel, 28 × 28. The three are seven layers of 3 × 3 filters (4 × 4 in the last), each but the last followed by batch
//! normalisation, ReLU and dropout, with maximum pooling after the second: sizes 28-26-24-12-10-8-6-4-1, each of which
//! satisfies the grid rule. Z2CNN has 20 ordinary channels; P4CNN and P4MCNN have 10 and 7 fields with a channel for each of the 4 or 8 orientations, so
//! about as many weights, and end with the maximum over orientations: they are invariant, for all weights.
//!
//! Source: T. Cohen, M. Welling, *Group equivariant convolutional networks*, 2016, section 8.1. Weights of the convolutions: 21,380, 24,490 and 26,663.

use super::{Network, Residual};
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

/// Fields of [`p4_separable`].
const FIELDS: usize = 22;

/// Invariant under quarter turns, with no more parameters than [`p4cnn`] and fewer mistakes: 22 fields of 4 orientations in residual blocks of depthwise
/// 3 × 3 and pointwise group convolutions, 24,056 parameters for ten classes.
///
/// A full layer from 10 to 10 fields has 3,600 weights; a depthwise and a pointwise one of 22 fields together 2,728. Sizes are 28-14-7-1: a 5 × 5 lifting and
/// pooling, three blocks, pooling, three blocks, and a depthwise layer as large as the map. After a last pointwise layer the maximum over
/// orientations is taken, and a dense layer reads the invariants.
///
/// Source of the design: F. Chollet, *Xception*, 2017, section 3 (depthwise and pointwise layers); K. He et al., *Deep residual learning for image
/// recognition*, 2016.
pub fn p4_separable(classes: usize) -> Network {
    let group = GridGroup::c4();
    let maps = FeatureType::regular(&group, FIELDS);
    let normalisation = || BatchNormalisation::new(maps.channels()).orbit(maps.size());
    let depthwise = |taps: usize, padding: usize| {
        let layer =
            GroupConvolution::new(maps.clone(), maps.clone(), [taps, taps]).padding([padding, padding]);
        layer.groups(FIELDS).without_bias()
    };
    let pointwise = || GroupConvolution::new(maps.clone(), maps.clone(), [1, 1]).without_bias();
    let separable = |network: Network, depthwise: GroupConvolution| {
        let network = network.then(depthwise).then(normalisation()).then(Activation::Relu);
        network.then(pointwise()).then(normalisation())
    };
    let lifting = GroupConvolution::new(FeatureType::trivial(&group, 1), maps.clone(), [5, 5]);
    let mut network = Network::new()
        .then(lifting.padding([2, 2]).without_bias())
        .then(normalisation())
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]));
    for block in 0..6 {
        network =
            network.then(Residual::new(separable(Network::new(), depthwise(3, 1)))).then(Activation::Relu);
        if block == 2 {
            network = network.then(Pool::maximum([2, 2]));
        }
    }
    separable(network, depthwise(7, 0))
        .then(Activation::Relu)
        .then(GroupPool::over_group(maps.clone(), Reduction::Maximum))
        .then(Flatten)
        .then(Dense::new(FIELDS, classes))
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
        assert_eq!((p4_separable(10).trained_parameters(), p4cnn(10).trained_parameters()), (24_056, 24_620));
        assert_eq!(p4_separable(10).output_shape(&[2, 1, 28, 28]).unwrap(), [2, 10]);
    }

    #[test]
    fn the_group_networks_are_invariant() {
        let networks = [
            (p4cnn(10), GridGroup::c4()),
            (p4mcnn(10), GridGroup::d4()),
            (p4_separable(10), GridGroup::c4()),
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
