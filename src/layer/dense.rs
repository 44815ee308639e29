//! The dense layer: y = W x + b, every input connected with every output.
//!
//! Cost: inputs · outputs products a sample and direction. Its kernel obeys no symmetry; a convolution is the dense layer whose matrix is
//! banded and repeats its entries ([`matrix`](super::matrix)).

use ndarray::{Array2, ArrayD};

use super::convolution::{add_bias, sum_over_places};
use super::{
    Gradients, Kept, Layer, LayerError, Mode, Parameter, View, check_backward, check_weights, equivariance,
    shape_error,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A dense layer: inputs (batch, inputs), weight (outputs, inputs) and, if it has a bias, (outputs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dense {
    /// Features of the input.
    pub inputs: usize,
    /// Features of the output.
    pub outputs: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Dense {
    /// With a bias.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Dense { inputs, outputs, bias: true }
    }

    /// Without a bias.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }
}

/// Σ_j a(i, j)·b(j, k)
fn product<S: Scalar>(
    rows: [usize; 3],
    a: impl Fn(usize, usize) -> S,
    b: impl Fn(usize, usize) -> S,
) -> ArrayD<S> {
    let [first, inner, last] = rows;
    Array2::from_shape_fn((first, last), |(i, k)| {
        let mut sum = S::zero();
        (0..inner).for_each(|j| sum.add_product(&a(i, j), &b(j, k)));
        sum
    })
    .into_dyn()
}

impl Layer for Dense {
    fn name(&self) -> String {
        format!("dense {} → {}", self.inputs, self.outputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        match input {
            &[batch, features] if features == self.inputs => Ok(vec![batch, self.outputs]),
            _ => {
                let suggestion = match input {
                    [_, features] => format!("give the layer {features} inputs"),
                    _ => format!(
                        "flatten first; these are {} features",
                        input.iter().skip(1).product::<usize>()
                    ),
                };
                Err(shape_error(self, format!("(batch, {})", self.inputs), input, suggestion))
            }
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let (shape, fan) = ([self.outputs, self.inputs], (self.inputs, self.outputs));
        Parameter::weight_and_bias(shape, fan, self.bias.then_some(self.outputs))
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.output_shape(input).map(|_| self.inputs as u128 * self.outputs as u128)
    }

    fn keeps(&self, input: &[usize], from: &FeatureType) -> Result<Kept, LayerError> {
        equivariance::check_input(self, input, from)?;
        if !from.is_trivial() {
            let hypothesis = format!("the group permutes its inputs, {from}, and its weights are free");
            return Err(equivariance::broken(self, from, hypothesis, "pool over the group first"));
        }
        let because = "its inputs are invariant".to_owned();
        Ok(Kept { feature: from.with_fields(self.outputs), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let shape = self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        let w = &weights[0];
        let sizes = [shape[0], self.inputs, self.outputs];
        let mut output = product(sizes, |n, i| x[[n, i]].clone(), |i, o| w[[o, i]].clone());
        if self.bias {
            add_bias(&mut output, &weights[1]);
        }
        Ok(output)
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let (batch, w, dy) = (x.shape()[0], &weights[0], output_gradient);
        let sizes = [batch, self.outputs, self.inputs];
        let input = product(sizes, |n, o| dy[[n, o]].clone(), |o, i| w[[o, i]].clone());
        let sizes = [self.outputs, batch, self.inputs];
        let mut weights = vec![product(sizes, |o, n| dy[[n, o]].clone(), |n, i| x[[n, i]].clone())];
        if self.bias {
            weights.push(sum_over_places(dy));
        }
        Ok(Gradients { input, weights })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::super::laws;
    use super::*;

    #[test]
    fn by_hand() {
        let layer = Dense::new(2, 3);
        let weights =
            [arr2(&[[1, 2], [3, 4], [5, 6]]).mapv(f64::from).into_dyn(), arr1(&[0.5, 0.0, 0.0]).into_dyn()];
        let x = arr2(&[[1.0, 10.0]]).into_dyn();
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y, arr2(&[[21.5, 43.0, 65.0]]).into_dyn());
    }

    #[test]
    fn gradients_are_exact() {
        laws::gradient(&Dense::new(5, 3), &[4, 5]);
        laws::gradient(&Dense::new(5, 3).without_bias(), &[1, 5]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let layer = Dense::new(400, 120);
        assert_eq!(laws::facts(&layer, &[1, 400]), (vec![1, 120], 48_120, 48_000));
        let error = layer.output_shape(&[8, 16, 5, 5]).unwrap_err().to_string();
        assert!(error.ends_with("found [8, 16, 5, 5]: flatten first; these are 400 features"), "{error}");
    }
}
