//! Pointwise nonlinearities. They commute with every permutation of the entries.
//!
//! | name | f(x) | f′(x) |
//! |---|---|---|
//! | ReLU | max(0, x) | 1 for x > 0, else 0 |
//! | leaky ReLU | max(a·x, x), 0 ≤ a < 1 | 1 for x > 0, else a |
//! | tanh | 1 − 2/(e²ˣ + 1) | 1 − f(x)² |
//! | sigmoid | 1/(1 + e⁻ˣ) | f(x)·(1 − f(x)) |
//!
//! At 0 the derivative of ReLU is 0 and that of leaky ReLU is a, as in PyTorch. NaN gives NaN; there the
//! derivative of ReLU is 1 and that of leaky ReLU is a, as in PyTorch. A leaky ReLU of slope 0 is ReLU, at ±∞
//! too. Over floats tanh is the library's function, accurate for small numbers.

use ndarray::{ArrayD, Zip};

use super::{
    Fraction, Gradients, Layer, LayerError, Mode, OutputType, check_backward, check_weights, equivariance,
};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A pointwise nonlinearity, on arrays of any shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The rectifier.
    Relu,
    /// The rectifier that lets negative values through, scaled by this slope.
    LeakyRelu(Fraction),
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
}

impl Activation {
    /// The leaky rectifier with the slope 1/100, which is PyTorch's default.
    pub const LEAKY_RELU: Activation = Activation::LeakyRelu(Fraction::new(1, 100));

    /// f(x)
    pub fn apply<S: Scalar>(self, x: &S) -> S {
        match self {
            Activation::Relu => S::zero().maximum(x),
            // 0·∞ is NaN.
            Activation::LeakyRelu(slope) if slope.is_zero() => Activation::Relu.apply(x),
            Activation::LeakyRelu(slope) => (slope.to::<S>() * x.clone()).maximum(x),
            Activation::Tanh => x.hyperbolic_tangent(),
            Activation::Sigmoid => (S::one() + (-x.clone()).exponential()).reciprocal(),
        }
    }

    /// f′(x)
    pub fn derivative<S: Scalar + PartialOrd>(self, x: &S) -> S {
        match self {
            Activation::Relu => {
                if *x <= S::zero() {
                    S::zero()
                } else {
                    S::one()
                }
            }
            Activation::LeakyRelu(slope) if slope.is_zero() => Activation::Relu.derivative(x),
            Activation::LeakyRelu(slope) => {
                let slope = slope.to::<S>();
                let scaled = slope.clone() * x.clone();
                // Both are the same at 0 and at ±∞.
                let is_kept = *x > scaled || (*x == scaled && *x > S::zero());
                if is_kept { S::one() } else { slope }
            }
            Activation::Tanh => {
                let y = self.apply(x);
                S::one() - y.clone() * y
            }
            Activation::Sigmoid => {
                let y = self.apply(x);
                y.clone() * (S::one() - y)
            }
        }
    }
}

impl Layer for Activation {
    fn name(&self) -> String {
        match self {
            Activation::Relu => "ReLU".to_owned(),
            Activation::LeakyRelu(slope) => format!("leaky ReLU {slope}"),
            Activation::Tanh => "tanh".to_owned(),
            Activation::Sigmoid => "sigmoid".to_owned(),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        if let Activation::LeakyRelu(slope) = self
            && !slope.is_share()
        {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the slope",
                expected: "at least 0 and less than 1".to_owned(),
                found: slope.to_string(),
            });
        }
        Ok(input.to_vec())
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::entrywise(self, input, from)
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.output_shape(x.shape())?;
        check_weights(self, weights)?;
        Ok(x.map(|entry| self.apply(entry)))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let input = Zip::from(x).and(output_gradient).map_collect(|x, dy| self.derivative(x) * dy.clone());
        Ok(Gradients { input, weights: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    const ALL: [Activation; 4] =
        [Activation::Relu, Activation::LEAKY_RELU, Activation::Tanh, Activation::Sigmoid];

    #[test]
    fn gradients_are_exact() {
        for activation in ALL {
            laws::gradient(&activation, &[2, 3, 4]);
        }
    }

    #[test]
    fn values() {
        let at = |activation: Activation| [-2.0_f64, 0.0, 2.0].map(|x| activation.apply(&x));
        assert_eq!(at(Activation::Relu), [0.0, 0.0, 2.0]);
        assert_eq!(at(Activation::LeakyRelu(Fraction::new(1, 4))), [-0.5, 0.0, 2.0]);
        assert_eq!((at(Activation::Tanh)[1], at(Activation::Sigmoid)[1]), (0.0, 0.5));
        for x in [-800.0, -2.0, -0.1, 0.3, 5.0, 800.0_f64] {
            // exp within two units, one rounding each for the sum, the reciprocal, the product and the
            // difference of numbers up to 2: less than 8 units in the last place of 1.
            assert!((Activation::Tanh.apply(&x) - x.tanh()).abs() <= 8.0 * f64::EPSILON, "{x}");
            let sigmoid = 0.5 * (1.0 + (0.5 * x).tanh());
            assert!((Activation::Sigmoid.apply(&x) - sigmoid).abs() <= 8.0 * f64::EPSILON, "{x}");
        }
        assert_eq!([-1.0, 0.0, 1.0].map(|x| Activation::Relu.derivative(&x)), [0.0, 0.0, 1.0]);
        assert_eq!([-1.0, 0.0, 1.0].map(|x| Activation::LEAKY_RELU.derivative(&x)), [0.01, 0.01, 1.0]);
    }

    #[test]
    fn a_slope_is_less_than_one() {
        let error = Activation::LeakyRelu(Fraction::new(3, 2)).output_shape(&[1]).unwrap_err().to_string();
        assert_eq!(error, "leaky ReLU 3/2: the slope must be at least 0 and less than 1, found 3/2");
    }
}
