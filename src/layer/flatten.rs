//! Flattening: (batch, channels, space…) to (batch, features), row by row.

use ndarray::ArrayD;

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Symmetry, check_backward, check_weights, checked_product,
    equivariance, from_rows, saturating_product, shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// Forgets channels and space. What was symmetric in space is no symmetry of the features (other than by
/// permuting them).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flatten;

impl Layer for Flatten {
    fn name(&self) -> String {
        "flatten".to_owned()
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        match input {
            [] => Err(shape_error(self, "(batch, …)", input, "there must be a batch")),
            [batch, rest @ ..] => match checked_product(rest) {
                Some(features) => Ok(vec![*batch, features]),
                None => Err(shape_error(self, "(batch, …)", input, "these are too many features")),
            },
        }
    }

    /// The axes of space are lost, unless they were all of length one: then what was kept before has become
    /// an invariance.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        let space = input.get(2..).unwrap_or_default();
        if space.iter().all(|&length| length == 1) {
            return Ok(Symmetry { invariant: true, ..Symmetry::full(space.len()) });
        }
        Ok(Symmetry::none(space.len()))
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        if input[2..].iter().any(|&length| length != 1) {
            let hypothesis = format!(
                "pixels become features, {} of them in each channel",
                saturating_product(&input[2..])
            );
            let suggestion = "pool over all pixels first, or take a kernel as large as the map";
            return Err(equivariance::broken(self, from, hypothesis, suggestion));
        }
        let because = "there is one pixel, which stays where it is".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        check_weights(self, weights)?;
        Ok(from_rows(x.iter().cloned().collect(), &self.output_shape(x.shape())?))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let input = from_rows(output_gradient.iter().cloned().collect(), x.shape());
        Ok(Gradients { input, weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    #[test]
    fn gradients_are_exact() {
        laws::gradient(&Flatten, &[2, 3, 2, 2]);
        assert_eq!(Flatten.output_shape(&[8, 16, 5, 5]).unwrap(), [8, 400]);
        assert!(Flatten.symmetry(&[8, 10, 1, 1]).unwrap().invariant);
        assert_eq!(Flatten.symmetry(&[8, 10, 2, 1]).unwrap(), Symmetry::none(2));
    }
}
