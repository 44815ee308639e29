//! A small classifier in burn whose answer does not depend on the orientation of the image.
//!
//! Convolution, ReLU, convolution, ReLU, mean over all places, dense. Every kernel is symmetric under quarter
//! turns, so each convolution commutes with them, and the mean does not see them.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// The classifier.
#[derive(Module, Debug)]
pub struct Classifier {
    pub first: Conv2d,
    pub second: Conv2d,
    pub last: Linear,
}

impl Classifier {
    /// With random weights. Training would make the kernels symmetric after each step.
    pub fn random(device: &Device) -> Self {
        let convolution = |inputs, outputs| {
            let mut layer = Conv2dConfig::new([inputs, outputs], [3, 3]).init(device);
            layer.weight = layer.weight.map(symmetric);
            layer
        };
        Classifier {
            first: convolution(1, 6),
            second: convolution(6, 8),
            last: LinearConfig::new(8, 10).init(device),
        }
    }

    /// Images (batch, 1, rows, columns) to scores (batch, 10).
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let maps = relu(self.first.forward(images));
        let maps = relu(self.second.forward(maps));
        self.last.forward(maps.mean_dims(&[2, 3]).flatten(1, 3))
    }
}

/// The mean of a kernel's four turns, symmetric to the last bit: each of the two sums is of two numbers, whose
/// order does not matter.
fn symmetric(kernel: Tensor<4>) -> Tensor<4> {
    let half = kernel.clone() + kernel.flip([2, 3]);
    let turned = half.clone().flip([2]).swap_dims(2, 3);
    (half + turned) / 4.0
}
