//! Softmax over the channels: s_i = e^(x_i − m) / Σ_j e^(x_j − m), with m = max x.
//!
//! The maximum changes nothing but that no power overflows. The gradient is ∂x_i = s_i·(∂y_i − Σ_j s_j ∂y_j).
//! Source: J. Bridle, *Probabilistic interpretation of feedforward classification network outputs*, 1990.

use ndarray::{ArrayD, ArrayView1, Axis, Zip};

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, check_backward, check_weights, equivariance, shape_error,
};
use crate::scalar::{Scalar, pairwise_sum};
use crate::signal::FeatureType;

/// Softmax over axis 1 of (batch, channels, space…): at each place the channels become shares of 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Softmax;

impl Layer for Softmax {
    fn name(&self) -> String {
        "softmax".to_owned()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        if input.len() < 2 || input[1] == 0 {
            return Err(shape_error(self, "(batch, channels, length…)", input, "there must be a channel"));
        }
        Ok(input.to_vec())
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let because = "it treats all channels alike, and the group permutes them".to_owned();
        Ok(OutputType { feature: from.clone(), because })
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
            lane.map_inplace(|entry| *entry = (entry.clone() - greatest.clone()).exponential());
            let share = pairwise_sum(lane.iter().cloned()).reciprocal();
            lane.map_inplace(|entry| *entry = entry.clone() * share.clone());
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
        let mut input = self.forward(x, weights, mode)?;
        Zip::from(input.lanes_mut(Axis(1))).and(output_gradient.lanes(Axis(1))).for_each(|mut shares, dy| {
            let mut mean = S::zero();
            shares.iter().zip(dy).for_each(|(share, dy)| mean.add_product(share, dy));
            for (share, dy) in shares.iter_mut().zip(dy) {
                *share = share.clone() * (dy.clone() - mean.clone());
            }
        });
        Ok(Gradients { input, weights: Vec::new() })
    }
}

/// The maximum m of the channels at a place, of which there is at least one.
pub(super) fn greatest<S: Scalar>(lane: ArrayView1<'_, S>) -> S {
    lane.iter().skip(1).fold(lane[0].clone(), |greatest, entry| greatest.maximum(entry))
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::super::laws;
    use super::*;

    #[test]
    fn gradients_are_exact() {
        laws::gradient(&Softmax, &[3, 4]);
        laws::gradient(&Softmax, &[2, 3, 2]);
    }

    #[test]
    fn shares_of_one_without_overflow() {
        let x = arr2(&[[1000.0_f32, 1000.0, -1000.0], [0.0, 0.0, 0.0]]).into_dyn();
        let y = Softmax.forward(&x, &[], Mode::Inference).unwrap();
        // 1/3 is the rounded reciprocal of 3, times 1.
        assert_eq!(y, arr2(&[[0.5, 0.5, 0.0], [1.0_f32 / 3.0; 3]]).into_dyn());
    }
}
