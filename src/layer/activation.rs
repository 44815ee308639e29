//! Pointwise nonlinearities. They commute with every permutation of the entries.
//!
//! | name | f(x) | f′(x) |
//! |---|---|---|
//! | ReLU | max(0, x) | 1 for x > 0, else 0 |
//! | leaky ReLU | max(a·x, x), 0 ≤ a < 1 | 1 for x > 0, else a |
//! | tanh | 1 − 2/(e²ˣ + 1) | 1 − f(x)² |
//! | sigmoid | 1/(1 + e⁻ˣ) | f(x)·(1 − f(x)) |
//! | ELU | x for x > 0, else a·(eˣ − 1) | 1 for x > 0, else a·eˣ |
//! | SiLU | x·σ(x), σ the sigmoid | σ(x)·(1 + x·(1 − σ(x))) |
//! | GELU | x/2·(1 + erf(x/√2)) | ½(1 + erf(x/√2)) + x/√(2π)·e^(−x²/2) |
//! | GELU by tanh | x/2·(1 + tanh(β·(x + κ·x³))), β = √(2/π), κ = 0.044715 | ½(1 + t) + ½x·(1 − t²)·β·(1 + 3κ·x²), t the tanh |
//!
//! At 0 the derivative of ReLU is 0 and that of leaky ReLU is a, as in PyTorch. NaN gives NaN; there the
//! derivative of ReLU is 1 and that of leaky ReLU is a, as in PyTorch. A leaky ReLU of slope 0 is ReLU, at ±∞
//! too. GELU, exact and by tanh, is of D. Hendrycks and K. Gimpel, *Gaussian error linear units*, 2016; the
//! latter is PyTorch's `approximate='tanh'`. β and 1/√2 are the floats next to them, on every scalar. Over
//! floats tanh is the library's function, accurate for small numbers.

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
    /// The exponential linear unit, with this a ≥ 0 (PyTorch's default is 1).
    Elu(Fraction),
    /// The sigmoid-weighted linear unit, or swish.
    Silu,
    /// The Gaussian error linear unit, by the error function.
    Gelu,
    /// The Gaussian error linear unit, approximated by tanh.
    GeluByTanh,
}

/// x/√2, with 1/√2 = 6369051672525773 / 2⁵³
fn over_root_of_two<S: Scalar>(x: &S) -> S {
    S::from_integer(6_369_051_672_525_773).divide_by_integer(1 << 53) * x.clone()
}

/// β = 7186705221432913 / 2⁵³
fn gelu_rate<S: Scalar>() -> S {
    S::from_integer(7_186_705_221_432_913).divide_by_integer(1 << 53)
}

/// κ
fn gelu_cubic<S: Scalar>() -> S {
    S::from_integer(44_715).divide_by_integer(1_000_000)
}

/// tanh(β·(x + κ·x³))
fn gelu_tanh<S: Scalar>(x: &S) -> S {
    let cubed = x.clone() * x.clone() * x.clone();
    (gelu_rate::<S>() * (x.clone() + gelu_cubic::<S>() * cubed)).hyperbolic_tangent()
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
            Activation::Elu(scale) => {
                // Of equals the first is the maximum: at 0 the lower branch is taken.
                let below = (-(-x.clone()).relu()).exponential() - S::one();
                S::zero().maximum(x) + scale.to::<S>() * below
            }
            Activation::Silu => x.clone() * Activation::Sigmoid.apply(x),
            Activation::Gelu => {
                (x.clone() * (S::one() + over_root_of_two(x).error_function())).divide_by_integer(2)
            }
            Activation::GeluByTanh => (x.clone() * (S::one() + gelu_tanh(x))).divide_by_integer(2),
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
            Activation::Elu(scale) => {
                if *x > S::zero() {
                    S::one()
                } else {
                    scale.to::<S>() * x.exponential()
                }
            }
            Activation::Silu => {
                let share = Activation::Sigmoid.apply(x);
                share.clone() * (S::one() + x.clone() * (S::one() - share))
            }
            Activation::Gelu => {
                let scaled = over_root_of_two(x);
                let bend = scaled.clone() * scaled.error_function_derivative();
                (S::one() + scaled.error_function() + bend).divide_by_integer(2)
            }
            Activation::GeluByTanh => {
                let tangent = gelu_tanh(x);
                let square = S::from_integer(3) * gelu_cubic::<S>() * x.clone() * x.clone();
                let inner = gelu_rate::<S>() * (S::one() + square);
                let bend = x.clone() * (S::one() - tangent.clone() * tangent.clone()) * inner;
                (S::one() + tangent + bend).divide_by_integer(2)
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
            Activation::Elu(scale) => format!("ELU {scale}"),
            Activation::Silu => "SiLU".to_owned(),
            Activation::Gelu => "GELU".to_owned(),
            Activation::GeluByTanh => "GELU by tanh".to_owned(),
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
        if let Activation::Elu(scale) = self
            && scale.is_negative()
        {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the scale",
                expected: "at least 0".to_owned(),
                found: scale.to_string(),
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

    const ALL: [Activation; 8] = [
        Activation::Relu,
        Activation::LEAKY_RELU,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Elu(Fraction::new(3, 2)),
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluByTanh,
    ];

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

    /// By the formulas, with the library's functions. Fewer than 16 roundings of numbers below 8.
    #[test]
    fn smooth_units_are_their_formulas() {
        for x in [-5.0, -1.0, -0.25, 0.0, 0.5, 1.0, 3.0_f64] {
            let close = |activation: Activation, expected: f64| {
                let found = activation.apply(&x);
                assert!((found - expected).abs() <= 64.0 * f64::EPSILON, "{activation:?} at {x}: {found}");
            };
            close(Activation::Elu(Fraction::new(2, 1)), if x > 0.0 { x } else { 2.0 * x.exp_m1() });
            close(Activation::Silu, x / (1.0 + (-x).exp()));
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            close(Activation::GeluByTanh, 0.5 * x * (1.0 + inner.tanh()));
            close(Activation::Gelu, 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2));
        }
        assert_eq!(Activation::Elu(Fraction::ONE).apply(&f64::NEG_INFINITY), -1.0);
        assert_eq!(Activation::Elu(Fraction::ONE).apply(&f64::INFINITY), f64::INFINITY);
        assert_eq!(over_root_of_two(&1.0_f64), std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(gelu_rate::<f64>(), (2.0 / std::f64::consts::PI).sqrt());
    }

    #[test]
    fn a_slope_is_less_than_one() {
        let error = Activation::LeakyRelu(Fraction::new(3, 2)).output_shape(&[1]).unwrap_err().to_string();
        assert_eq!(error, "leaky ReLU 3/2: the slope must be at least 0 and less than 1, found 3/2");
    }
}
