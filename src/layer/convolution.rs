//! The convolutional layer: correlation with a kernel, and a bias.
//!
//! ```text
//! y(n, m, o) = bias(m) + Σ_c Σ_k kernel(m, c, k) · x̃(n, g(m) + c, o·stride + k·dilation − padding)
//! ```
//!
//! over the channels c of the group of m and the taps k ([`crate::conv`] has the definition). The gradient
//! with respect to the input is the transposed convolution of the output's gradient, the one with respect to
//! the kernel a correlation of input and output's gradient ([`adjoint`](crate::conv::algorithm::adjoint)),
//! the one with respect to the bias a sum. All are run by [`sums`]: by the definition over exact scalars, at
//! the speed of the machine over floats. Cost: `connections` products a sample and direction.

use ndarray::{ArrayD, Axis};

use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Parameter, View, Window, check_backward, check_weights,
    equivariance, extents, saturating_product, shape_error,
};
use crate::conv::{Operation, Options, Problem, sums};
use crate::scalar::{Scalar, pairwise_sum};
use crate::signal::FeatureType;

/// The settings that all kinds of convolution share, each handed on to [`Options`](crate::conv::Options).
macro_rules! convolution_settings {
    ($layer:ident) => {
        impl $layer {
            /// With this stride along each axis.
            #[must_use]
            pub fn stride(mut self, stride: impl Into<Vec<usize>>) -> Self {
                self.options = self.options.stride(stride);
                self
            }

            /// With this dilation along each axis.
            #[must_use]
            pub fn dilation(mut self, dilation: impl Into<Vec<usize>>) -> Self {
                self.options = self.options.dilation(dilation);
                if self.options.keeps_size { self.same_padding() } else { self }
            }

            /// With this padding of the convolution on both sides along each axis; a transposed one cuts it
            /// off.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<Vec<usize>>) -> Self {
                self.options = self.options.padding(padding);
                self
            }

            /// With this padding `(before, after)` of the convolution along each axis.
            #[must_use]
            pub fn padding_before_after(mut self, padding: impl Into<Vec<(usize, usize)>>) -> Self {
                self.options = self.options.padding_before_after(padding);
                self
            }

            /// With the padding that keeps sizes, whatever the taps and the dilation: (taps − 1)·dilation in
            /// all, an odd entry behind, as PyTorch's `padding="same"`. As there, a stride above 1 is
            /// refused.
            #[must_use]
            pub fn same_padding(mut self) -> Self {
                self.options = self.options.same_padding(&self.taps);
                self
            }

            /// With this continuation of the convolution beyond the border; a transposed one adds what is
            /// read there back where it comes from.
            #[must_use]
            pub fn boundary(mut self, boundary: $crate::conv::Boundary) -> Self {
                self.options = self.options.boundary(boundary);
                self
            }

            /// With this number of groups of inputs that do not see each other (of channels or, for a group
            /// convolution, of fields); as many as inputs is *depthwise*.
            #[must_use]
            pub fn groups(mut self, groups: usize) -> Self {
                self.options = self.options.groups(groups);
                self
            }

            /// Without a bias.
            #[must_use]
            pub fn without_bias(mut self) -> Self {
                self.bias = false;
                self
            }
        }
    };
}

pub(super) use convolution_settings;

/// A convolutional layer on any number of axes of space.
///
/// Inputs have shape (batch, inputs, space…), weights (outputs, inputs/groups, taps…) and, if it has a bias,
/// (outputs).
///
/// ```
/// use equivariant::layer::{Convolution, Layer};
///
/// // The first layer of LeNet-5 on 28×28.
/// let layer = Convolution::new(1, 6, [5, 5]).padding([2, 2]);
/// assert_eq!(layer.output_shape(&[64, 1, 28, 28])?, [64, 6, 28, 28]);
/// let error = layer.output_shape(&[64, 3, 28, 28]).unwrap_err().to_string();
/// assert!(error.ends_with("give the layer 3 inputs, or the signal 1 channel"));
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Extents of the kernel.
    pub taps: Vec<usize>,
    /// Stride, dilation, padding, boundary and groups.
    pub options: Options,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Convolution {
    /// With stride and dilation 1, no padding, one group, and a bias.
    pub fn new(inputs: usize, outputs: usize, taps: impl Into<Vec<usize>>) -> Self {
        Convolution { inputs, outputs, taps: taps.into(), options: Options::new(), bias: true }
    }

    /// The convolution that it computes on an input of this shape.
    ///
    /// # Errors
    /// If inputs of this shape do not fit.
    pub fn problem(&self, input: &[usize]) -> Result<Problem, LayerError> {
        if input.len() != self.taps.len() + 2 || input[1] != self.inputs {
            let suggestion = match input.get(1) {
                Some(&channels) if input.len() == self.taps.len() + 2 => {
                    let plural = if self.inputs == 1 { "" } else { "s" };
                    format!("give the layer {channels} inputs, or the signal {} channel{plural}", self.inputs)
                }
                _ => format!(
                    "its kernel has {} axes, so the input needs {}",
                    self.taps.len(),
                    self.taps.len() + 2
                ),
            };
            let space = ", length".repeat(self.taps.len());
            return Err(shape_error(self, format!("(batch, {}{space})", self.inputs), input, suggestion));
        }
        Problem::new(Operation::Correlation, &self.kernel_shape(), input, &self.options)
            .map_err(|source| LayerError::Convolution { layer: self.name(), source })
    }

    /// (outputs, inputs/groups, taps…)
    pub fn kernel_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.outputs, self.inputs / self.options.groups.max(1)];
        shape.extend(&self.taps);
        shape
    }
}

convolution_settings!(Convolution);

impl Layer for Convolution {
    fn name(&self) -> String {
        format!("convolution {}, {} → {}", extents(&self.taps), self.inputs, self.outputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.problem(input).map(|problem| problem.output_shape())
    }

    fn parameters(&self) -> Vec<Parameter> {
        let taps = saturating_product(&self.taps);
        let groups = self.options.groups.max(1);
        let fan = ((self.inputs / groups).saturating_mul(taps), (self.outputs / groups).saturating_mul(taps));
        Parameter::weight_and_bias(self.kernel_shape(), fan, self.bias.then_some(self.outputs))
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.problem(input).map(|problem| View::Windows(Window::of(&problem)))
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.problem(input).map(|problem| problem.connections())
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        if self.taps.iter().any(|&taps| taps != 1) || !from.is_trivial() {
            let hypothesis = format!(
                "its weights are free, while the group moves the taps of its kernel or the channels of {from}"
            );
            let suggestion = format!("take a group convolution from {from}");
            return Err(equivariance::broken(self, from, hypothesis, suggestion));
        }
        equivariance::check_windows(self, &Window::of(&self.problem(input)?), from)?;
        let because = "it mixes channels that are not moved, pixel by pixel".to_owned();
        Ok(OutputType { feature: from.with_fields(self.outputs), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let problem = self.problem(x.shape())?;
        check_weights(self, weights)?;
        sums::output(&problem, &weights[0], x, weights.get(1))
            .map_err(|source| LayerError::Convolution { layer: self.name(), source })
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        let problem = self.problem(x.shape())?;
        let failed = |source| LayerError::Convolution { layer: self.name(), source };
        let input = sums::transposed(&problem, &weights[0], output_gradient, None).map_err(failed)?;
        let kernel = sums::kernel_gradient(&problem, x, output_gradient).map_err(failed)?;
        let mut weights = vec![kernel];
        if self.bias {
            weights.push(sum_over_places(output_gradient));
        }
        Ok(Gradients { input, weights })
    }
}

/// The sum of each channel of (batch, channels, space…): the gradient with respect to a bias. In pairs: each
/// of n entries is rounded at most 16 + log₂(n/16) times over floats.
pub(super) fn sum_over_places<S: Scalar>(gradient: &ArrayD<S>) -> ArrayD<S> {
    let sum = |channel: ndarray::ArrayViewD<'_, S>| pairwise_sum(channel.iter().cloned());
    ndarray::Array1::from_iter(gradient.axis_iter(Axis(1)).map(sum)).into_dyn()
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr3};

    use super::super::laws;
    use super::*;
    use crate::conv::Boundary;

    #[test]
    fn by_hand() {
        let layer = Convolution::new(2, 2, [2]).groups(2);
        let x = arr3(&[[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]]).into_dyn();
        let weights = [arr3(&[[[1.0, 1.0]], [[1.0, -1.0]]]).into_dyn(), arr1(&[0.5, 0.25]).into_dyn()];
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y, arr3(&[[[3.5, 5.5], [-9.75, -9.75]]]).into_dyn());
        let ones = ArrayD::ones(vec![1, 2, 2]);
        let gradients = layer.backward(&x, &weights, Mode::Inference, &ones).unwrap();
        // Of x: each entry meets the taps that read it, 1; 1 + 1; 1 and 1; 1 − 1; −1.
        assert_eq!(gradients.input, arr3(&[[[1.0, 2.0, 1.0], [1.0, 0.0, -1.0]]]).into_dyn());
        // Of the taps: sums of what they read. Of the biases: the number of outputs.
        assert_eq!(gradients.weights[0], arr3(&[[[3.0, 5.0]], [[30.0, 50.0]]]).into_dyn());
        assert_eq!(gradients.weights[1], arr1(&[2.0, 2.0]).into_dyn());
    }

    #[test]
    fn weights_are_drawn_by_the_fan_of_one_group() {
        for (groups, fan) in [(1, (60, 90)), (2, (30, 45))] {
            let parameters = Convolution::new(4, 6, [3, 5]).groups(groups).parameters();
            assert_eq!(parameters.iter().map(|of| of.fan).collect::<Vec<_>>(), [fan; 2], "{groups} groups");
        }
    }

    #[test]
    fn gradients_are_exact() {
        for boundary in Boundary::ALL {
            let layer = Convolution::new(2, 4, [3]).groups(2).stride([2]).dilation([2]);
            laws::gradient(&layer.padding_before_after([(2, 1)]).boundary(boundary), &[2, 2, 7]);
            let layer = Convolution::new(2, 3, [2, 3]).stride([2, 1]).padding([1, 1]).boundary(boundary);
            laws::gradient(&layer, &[2, 2, 4, 5]);
            let layer =
                Convolution::new(1, 2, [2, 1, 2]).padding([1, 0, 1]).boundary(boundary).without_bias();
            laws::gradient(&layer, &[1, 1, 3, 2, 3]);
        }
    }

    #[test]
    fn what_is_known_before_it_runs() {
        let layer = Convolution::new(6, 16, [5, 5]);
        let facts = laws::facts(&layer, &[1, 6, 14, 14]);
        assert_eq!(facts, (vec![1, 16, 10, 10], 16 * (6 * 25 + 1), 16 * 100 * 6 * 25));
        let symmetry = Convolution::new(1, 1, [3, 3]).stride([2, 2]).symmetry(&[1, 1, 28, 29]).unwrap();
        assert_eq!(symmetry.flips, [false, true]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let layer = Convolution::new(2, 4, [3, 3]);
        let told = |input: &[usize]| layer.output_shape(input).unwrap_err().to_string();
        assert_eq!(
            told(&[1, 3, 5, 5]),
            "convolution 3×3, 2 → 4 takes inputs of shape (batch, 2, length, length), found [1, 3, 5, 5]: \
             give the layer 3 inputs, or the signal 2 channels"
        );
        assert!(told(&[1, 2, 5]).ends_with("its kernel has 2 axes, so the input needs 4"));
        assert!(told(&[1, 2, 2, 5]).ends_with("pad more, or take a smaller kernel or dilation"));
        let weights = [ArrayD::<f64>::zeros(vec![4, 2, 3, 3])];
        let x = ArrayD::zeros(vec![1, 2, 5, 5]);
        let error = layer.forward(&x, &weights, Mode::Inference).unwrap_err();
        assert_eq!(error, LayerError::WeightCount { layer: layer.name(), expected: 2, found: 1 });
    }
}
