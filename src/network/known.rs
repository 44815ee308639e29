//! Networks that are known by name.

use super::Network;
use crate::layer::{Activation, AnyLayer, BatchNormalisation, Convolution, Dense, Flatten, GlobalPool, Pool};

/// LeNet-5 for images of one channel, 28 × 28 (padded by two, so as if 32 × 32), with ReLU and maximum
/// pooling: 61,706 parameters for ten classes.
///
/// Sizes are those of Y. LeCun et al., *Gradient-based learning applied to document recognition*, 1998,
/// section II.B, with the third layer connected to all maps of the second and dense layers at the end.
pub fn lenet5(classes: usize) -> Network {
    lenet(classes, Activation::Relu, Pool::maximum([2, 2]))
}

/// LeNet-5 with the functions of 1998: tanh and mean pooling.
pub fn lenet5_of_1998(classes: usize) -> Network {
    lenet(classes, Activation::Tanh, Pool::mean([2, 2]))
}

fn lenet(classes: usize, activation: Activation, pool: Pool) -> Network {
    Network::new()
        .then(Convolution::new(1, 6, [5, 5]).padding([2, 2]))
        .then(activation)
        .then(pool.clone())
        .then(Convolution::new(6, 16, [5, 5]))
        .then(activation)
        .then(pool)
        .then(Flatten)
        .then(Dense::new(400, 120))
        .then(activation)
        .then(Dense::new(120, 84))
        .then(activation)
        .then(Dense::new(84, classes))
}

/// A small network without dense layers, for images of one channel and at least 10 × 10 pixels of any shape:
/// strided 3 × 3 convolutions with batch normalisation, then the mean of each of `classes` maps.
///
/// Source of the design: J. Springenberg et al., *Striving for simplicity: the all convolutional net*, 2015.
pub fn all_convolutional(classes: usize) -> Network {
    let block = |inputs: usize, outputs: usize, stride: usize| -> [AnyLayer; 3] {
        let convolution = Convolution::new(inputs, outputs, [3, 3]).stride([stride, stride]).padding([1, 1]);
        [convolution.without_bias().into(), BatchNormalisation::new(outputs).into(), Activation::Relu.into()]
    };
    [block(1, 16, 1), block(16, 16, 2), block(16, 32, 1), block(32, 32, 2), block(32, 64, 1)]
        .into_iter()
        .flatten()
        .chain([Convolution::new(64, classes, [1, 1]).into(), GlobalPool::MEAN.into()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layer;

    #[test]
    fn lenet_has_the_numbers_of_the_paper() {
        for network in [lenet5(10), lenet5_of_1998(10)] {
            // 156 + 2,416 + 48,120 + 10,164 + 850
            assert_eq!(network.trained_parameters(), 61_706);
            assert_eq!(network.output_shape(&[3, 1, 28, 28]).unwrap(), [3, 10]);
            // 28² · 6 · 25 without the taps in the padding (28·5 − 6 along each axis), then 10²·16·150 and
            // the dense layers.
            let connections = (28 * 5 - 6_u128).pow(2) * 6 + 240_000 + 48_000 + 10_080 + 840;
            assert_eq!(network.connections(&[1, 1, 28, 28]).unwrap(), connections);
        }
    }

    #[test]
    fn one_network_takes_images_of_several_sizes() {
        let network = all_convolutional(10);
        for size in [[10, 10], [28, 28], [33, 47]] {
            assert_eq!(network.output_shape(&[2, 1, size[0], size[1]]).unwrap(), [2, 10]);
        }
    }
}
