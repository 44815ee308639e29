//! The logarithm of softmax over the channels: y_i = x_i − m − log Σ_j e^(x_j − m), with m = max x.
//!
//! The maximum changes nothing but that no power overflows. The gradient is ∂x_i = ∂y_i − s_i·Σ_j ∂y_j, s =
//! softmax.

use ndarray::{ArrayD, Axis, Zip};

use super::softmax::greatest;
use super::{Gradients, Layer, LayerError, Mode, OutputType, Softmax, check_backward, check_weights};
use crate::scalar::{Scalar, pairwise_sum};
use crate::signal::FeatureType;

/// The logarithm of [`Softmax`] over axis 1 of (batch, channels, space…).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSoftmax;

impl Layer for LogSoftmax {
    fn name(&self) -> String {
        "log-softmax".to_owned()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        Softmax.output_shape(input)
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        Softmax.output_type(input, from)
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        let mut output = x.clone();
        for mut lane in output.lanes_mut(Axis(1)) {
            let greatest = greatest(lane.view());
            let powers = lane.iter().map(|entry| (entry.clone() - greatest.clone()).exponential());
            let logarithm = pairwise_sum(powers).logarithm();
            lane.map_inplace(|entry| *entry = entry.clone() - greatest.clone() - logarithm.clone());
        }
        Ok(output)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let mut input = Softmax.forward(x, weights, mode)?;
        Zip::from(input.lanes_mut(Axis(1))).and(output_gradient.lanes(Axis(1))).for_each(|mut shares, dy| {
            let sum = pairwise_sum(dy.iter().cloned());
            for (share, dy) in shares.iter_mut().zip(dy) {
                *share = dy.clone() - share.clone() * sum.clone();
            }
        });
        Ok(Gradients { input, weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::super::laws;
    use super::*;

    #[test]
    fn gradients_are_exact() {
        laws::gradient(&LogSoftmax, &[3, 4]);
        laws::gradient(&LogSoftmax, &[2, 3, 2]);
    }

    /// Two equal scores far above a third: log ½ twice, and a score 2000 below.
    #[test]
    fn logarithms_of_shares_without_overflow() {
        let y = LogSoftmax.forward(&arr2(&[[1000.0_f64, 1000.0, -1000.0]]).into_dyn(), &[], Mode::Inference);
        let half = -(2.0_f64.ln());
        assert_eq!(y.unwrap(), arr2(&[[half, half, -2000.0 + half]]).into_dyn());
    }
}
