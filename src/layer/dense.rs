//! The dense layer: y = W x + b, every input connected with every output.
//!
//! Cost: inputs · outputs products a sample and direction. Its kernel obeys no symmetry; a convolution is the
//! dense layer whose matrix is banded and repeats its entries ([`matrix`](super::matrix)).

use ndarray::linalg::Dot as _;
use ndarray::{Array2, ArrayD, ArrayView2, Ix2, LinalgScalar};

use super::convolution::sum_over_places;
use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Parameter, View, check_backward, check_weights,
    equivariance, saturating_product, shape_error,
};
use crate::conv::sums::with_bias;
use crate::scalar::{Scalar, back, same_type};
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

/// The products of two matrices that a dense layer needs, a matrix transposed or not.
#[derive(Clone, Copy)]
enum Product {
    /// a·bᵀ
    SecondTransposed,
    /// a·b
    Plain,
    /// aᵀ·b
    FirstTransposed,
}

impl Product {
    /// By a library for matrices over `f32` and `f64`, else term by term.
    fn of<S: Scalar>(self, a: &ArrayD<S>, b: &ArrayD<S>) -> ArrayD<S> {
        self.by_library::<S, f32>(a, b).or_else(|| self.by_library::<S, f64>(a, b)).unwrap_or_else(|| {
            let (a, b) = self.oriented(a, b);
            let sum = |(i, k)| {
                let mut sum = S::zero();
                a.row(i).iter().zip(b.column(k)).for_each(|(x, y)| sum.add_product(x, y));
                sum
            };
            Array2::from_shape_fn((a.nrows(), b.ncols()), sum).into_dyn()
        })
    }

    /// If `S` is `T`.
    fn by_library<S: Scalar, T: Scalar + LinalgScalar>(
        self,
        a: &ArrayD<S>,
        b: &ArrayD<S>,
    ) -> Option<ArrayD<S>> {
        let (a, b) = self.oriented(same_type::<S, T>(a)?, same_type(b)?);
        Some(back(a.dot(&b).into_dyn()))
    }

    fn oriented<'a, S>(self, a: &'a ArrayD<S>, b: &'a ArrayD<S>) -> (ArrayView2<'a, S>, ArrayView2<'a, S>) {
        let [a, b] = [a, b].map(|matrix| {
            let matrix = matrix.view().into_dimensionality::<Ix2>();
            matrix.unwrap_or_else(|_| unreachable!("shapes have been checked"))
        });
        match self {
            Product::SecondTransposed => (a, b.reversed_axes()),
            Product::Plain => (a, b),
            Product::FirstTransposed => (a.reversed_axes(), b),
        }
    }
}

impl Layer for Dense {
    fn name(&self) -> String {
        format!("dense {} → {}", self.inputs, self.outputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        for (setting, count) in
            [("the number of inputs", self.inputs), ("the number of outputs", self.outputs)]
        {
            if count == 0 {
                let (expected, found) = ("at least 1".to_owned(), "0".to_owned());
                return Err(LayerError::Setting { layer: self.name(), setting, expected, found });
            }
        }
        match input {
            &[batch, features] if features == self.inputs => Ok(vec![batch, self.outputs]),
            _ => {
                let suggestion = match input {
                    [_, features] => format!("give the layer {features} inputs"),
                    _ => format!(
                        "flatten first; these are {} features",
                        saturating_product(input.get(1..).unwrap_or_default())
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

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        if !from.is_trivial() {
            let hypothesis = format!("the group permutes its inputs, {from}, and its weights are free");
            return Err(equivariance::broken(self, from, hypothesis, "pool over the group first"));
        }
        let because = "its inputs are invariant".to_owned();
        Ok(OutputType { feature: from.with_fields(self.outputs), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        Ok(with_bias(Product::SecondTransposed.of(x, &weights[0]), weights.get(1)))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let input = Product::Plain.of(output_gradient, &weights[0]);
        let mut weights = vec![Product::FirstTransposed.of(output_gradient, x)];
        if self.bias {
            weights.push(sum_over_places(output_gradient));
        }
        Ok(Gradients { input, weights })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::super::laws;
    use super::*;
    use crate::scalar::Goldilocks;

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
    fn floats_multiply_as_integers_do() {
        fn all<S: Scalar>(integers: [&ArrayD<i64>; 3]) -> [ArrayD<i64>; 3] {
            let [x, w, dy] = integers.map(|array| array.mapv(S::from_integer));
            let products = [
                Product::SecondTransposed.of(&x, &w),
                Product::Plain.of(&dy, &w),
                Product::FirstTransposed.of(&dy, &x),
            ];
            products.map(|array| {
                let small = |entry: &S| (-9999..=9999).find(|&value| S::from_integer(value) == *entry);
                array.map(|entry| small(entry).unwrap())
            })
        }
        let matrix =
            |rows, columns| Array2::from_shape_fn((rows, columns), |(i, j)| (7 * i + 5 * j) as i64 % 19 - 9);
        let (x, w, dy) = (matrix(3, 17).into_dyn(), matrix(9, 17).into_dyn(), matrix(3, 9).into_dyn());
        let expected = all::<Goldilocks>([&x, &w, &dy]);
        assert_eq!(all::<f32>([&x, &w, &dy]), expected);
        assert_eq!(all::<f64>([&x, &w, &dy]), expected);
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
