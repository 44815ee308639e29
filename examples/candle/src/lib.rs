//! A small classifier in candle whose answer does not depend on the orientation of the image.
//!
//! Convolution, ReLU, convolution, ReLU, mean over all places, dense. Every kernel is symmetric under quarter
//! turns, so each convolution commutes with them, and the mean does not see them.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module, VarBuilder, VarMap, conv2d, linear};

/// The classifier.
pub struct Classifier {
    first: Conv2d,
    second: Conv2d,
    last: Linear,
}

impl Classifier {
    /// Weights have the names of PyTorch's `nn.Sequential`.
    pub fn new(weights: VarBuilder) -> Result<Self> {
        let plain = Conv2dConfig::default();
        Ok(Classifier {
            first: conv2d(1, 6, 3, plain, weights.pp("0"))?,
            second: conv2d(6, 8, 3, plain, weights.pp("2"))?,
            last: linear(8, 10, weights.pp("5"))?,
        })
    }

    /// The classifier with random weights, and the weights. Training would make the kernels symmetric after
    /// each step.
    pub fn random() -> Result<(Self, VarMap)> {
        let weights = VarMap::new();
        let network = Self::new(VarBuilder::from_varmap(&weights, DType::F32, &Device::Cpu))?;
        for variable in weights.all_vars().iter().filter(|variable| variable.rank() == 4) {
            variable.set(&symmetric(variable)?)?;
        }
        Ok((network, weights))
    }
}

impl Module for Classifier {
    /// Images (batch, 1, rows, columns) to scores (batch, 10).
    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let maps = self.first.forward(images)?.relu()?;
        let maps = self.second.forward(&maps)?.relu()?;
        self.last.forward(&maps.mean((2, 3))?)
    }
}

/// The mean of a kernel's four turns, symmetric to the last bit: each of the two sums is of two numbers, whose
/// order does not matter.
fn symmetric(kernel: &Tensor) -> Result<Tensor> {
    let half = (kernel + kernel.flip(&[2, 3])?)?;
    let turned = half.flip(&[2])?.transpose(2, 3)?;
    (half + turned)? / 4.0
}
