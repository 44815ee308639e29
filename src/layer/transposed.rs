//! The transposed convolution: the adjoint of a convolutional layer, which makes small arrays large.
//!
//! Along an axis of L inputs the output has s(L − 1) − p − q + d(k − 1) + 1 + r entries, where s is the
//! stride, (p, q) the padding that is cut off, d the dilation and r the output padding: the r entries by
//! which the sizes of a strided convolution that give the same output differ. ⟨conv(x), y⟩ = ⟨x,
//! transposed(y)⟩ is its definition ([`adjoint::transposed`](crate::conv::algorithm::adjoint::transposed));
//! so the gradient with respect to its input is the convolution. Source: V. Dumoulin, F. Visin, *A guide to
//! convolution arithmetic for deep learning*, 2016, ch. 4.

use ndarray::ArrayD;

use super::convolution::{convolution_settings, sum_over_places};
use super::{
    Gradients, Layer, LayerError, Mode, OutputType, Parameter, Spread, Symmetry, View, Window,
    check_backward, check_weights, equivariance, extents, saturating_product, shape_error,
};
use crate::conv::{ConvolutionError, Operation, Options, Problem, sums};
use crate::scalar::Scalar;
use crate::signal::FeatureType;

/// A transposed convolutional layer.
///
/// Inputs have shape (batch, inputs, space…), weights (inputs, outputs/groups, taps…) and, if it has a bias,
/// (outputs).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransposedConvolution {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Extents of the kernel.
    pub taps: Vec<usize>,
    /// Stride, dilation, padding, boundary and groups of the convolution of which this is the adjoint.
    pub options: Options,
    /// Entries added to the output along each axis; none or one for each axis, less than the stride.
    pub output_padding: Vec<usize>,
    /// Whether there is a bias.
    pub bias: bool,
}

impl TransposedConvolution {
    /// With stride and dilation 1, no padding, one group, and a bias.
    pub fn new(inputs: usize, outputs: usize, taps: impl Into<Vec<usize>>) -> Self {
        let (taps, options) = (taps.into(), Options::new());
        TransposedConvolution { inputs, outputs, taps, options, output_padding: Vec::new(), bias: true }
    }

    /// With so many entries added to the output along each axis.
    #[must_use]
    pub fn output_padding(mut self, output_padding: impl Into<Vec<usize>>) -> Self {
        self.output_padding = output_padding.into();
        self
    }

    /// (inputs, outputs/groups, taps…)
    pub fn kernel_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.inputs, self.outputs / self.options.groups.max(1)];
        shape.extend(&self.taps);
        shape
    }

    /// The convolution of which this is the adjoint: its signal has the shape of this layer's output.
    ///
    /// # Errors
    /// If inputs of this shape do not fit.
    pub fn problem(&self, input: &[usize]) -> Result<Problem, LayerError> {
        let rank = self.taps.len();
        if input.len() != rank + 2 || input[1] != self.inputs || input[2..].contains(&0) {
            let expected = format!("(batch, {}{})", self.inputs, ", length".repeat(rank));
            let suggestion =
                format!("give it {} channels and {rank} axes of space that are not empty", self.inputs);
            return Err(shape_error(self, expected, input, suggestion));
        }
        let at = |values: &[usize], axis: usize, default: usize| values.get(axis).copied().unwrap_or(default);
        let mut signal = vec![input[0], self.outputs];
        for (axis, &length) in input[2..].iter().enumerate() {
            let stride = at(&self.options.stride, axis, 1);
            let extra = at(&self.output_padding, axis, 0);
            if extra >= stride.max(1) {
                return Err(LayerError::Setting {
                    layer: self.name(),
                    setting: "the output padding",
                    expected: format!("less than the stride {stride}"),
                    found: extra.to_string(),
                });
            }
            let (before, after) = self.options.padding.get(axis).copied().unwrap_or((0, 0));
            let too_large = || {
                let source = ConvolutionError::TooLarge { what: "the output of the transposed convolution" };
                LayerError::Convolution { layer: self.name(), source }
            };
            let spread = stride.checked_mul(length - 1);
            let reach = at(&self.options.dilation, axis, 1).checked_mul(self.taps[axis].max(1) - 1);
            let full =
                spread.zip(reach).and_then(|(spread, reach)| spread.checked_add(reach)?.checked_add(1));
            let full = full.and_then(|full| full.checked_add(extra)).ok_or_else(too_large)?;
            let cut = before.checked_add(after).ok_or_else(too_large)?;
            let extent = full.checked_sub(cut).filter(|&extent| extent > 0).ok_or_else(|| {
                let expected = format!("less than the {full} entries that it cuts");
                let found = cut.to_string();
                LayerError::Setting { layer: self.name(), setting: "the padding", expected, found }
            })?;
            signal.push(extent);
        }
        Problem::new(Operation::Correlation, &self.kernel_shape(), &signal, &self.options)
            .map_err(|source| LayerError::Convolution { layer: self.name(), source })
    }
}

convolution_settings!(TransposedConvolution);

impl Layer for TransposedConvolution {
    fn name(&self) -> String {
        format!("transposed convolution {}, {} → {}", extents(&self.taps), self.inputs, self.outputs)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.problem(input).map(|problem| problem.signal_shape())
    }

    fn parameters(&self) -> Vec<Parameter> {
        let groups = self.options.groups.max(1);
        let of_outputs = (self.outputs / groups).saturating_mul(saturating_product(&self.taps));
        // Of k taps with stride s an output sees one in s, rounded up: those that its place modulo s has.
        let stride = |axis: usize| self.options.stride.get(axis).copied().unwrap_or(1).max(1);
        let seen = self.taps.iter().enumerate().map(|(axis, taps)| taps.div_ceil(stride(axis)));
        let of_inputs = (self.inputs / groups).saturating_mul(saturating_product(&seen.collect::<Vec<_>>()));
        let fan = (of_inputs, of_outputs);
        Parameter::weight_and_bias(self.kernel_shape(), fan, self.bias.then_some(self.outputs))
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        let spread = |window: &Window| Spread {
            stride: window.axis.stride,
            inputs: window.axis.span().div_ceil(window.axis.stride),
        };
        Ok(View::Spread(Window::of(&self.problem(input)?).iter().map(spread).collect()))
    }

    /// A grid of windows that the flip keeps is kept in both directions. A translation of the input by 1 is
    /// one of the output by the stride where the convolution keeps multiples of its stride.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        let windows = Window::of(&self.problem(input)?);
        let mut symmetry = Symmetry::of_windows(&windows, true);
        symmetry.translations.iter_mut().for_each(|step| *step = step.map(|_| 1));
        Ok(symmetry)
    }

    fn connections(&self, input: &[usize]) -> Result<u128, LayerError> {
        self.problem(input).map(|problem| problem.connections())
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let hypothesis = "its weights are free, while the group moves the taps of its kernel";
        Err(equivariance::broken(self, from, hypothesis, "repeat pixels, then take a group convolution"))
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        _mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        let problem = self.problem(x.shape())?;
        check_weights(self, weights)?;
        sums::transposed(&problem, &weights[0], x, weights.get(1))
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
        let input = sums::output(&problem, &weights[0], output_gradient, None).map_err(failed)?;
        let kernel = sums::kernel_gradient(&problem, output_gradient, x).map_err(failed)?;
        let mut weights = vec![kernel];
        if self.bias {
            weights.push(sum_over_places(output_gradient));
        }
        Ok(Gradients { input, weights })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr3};

    use super::super::laws;
    use super::*;
    use crate::conv::Boundary;

    #[test]
    fn by_hand() {
        // Stride 2, three taps 1 2 3: x = (1, 10) gives 1 2 3·1+10 20 30, and one more with output padding.
        let layer = TransposedConvolution::new(1, 1, [3]).stride([2]);
        let x = arr3(&[[[1.0, 10.0]]]).into_dyn();
        let weights = [arr3(&[[[1.0, 2.0, 3.0]]]).into_dyn(), arr1(&[0.5]).into_dyn()];
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y, arr3(&[[[1.5, 2.5, 13.5, 20.5, 30.5]]]).into_dyn());
        let padded = layer.clone().padding([1]).output_padding([1]);
        let y = padded.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y, arr3(&[[[2.5, 13.5, 20.5, 30.5]]]).into_dyn());
    }

    #[test]
    fn gradients_are_exact() {
        for boundary in Boundary::ALL {
            let layer = TransposedConvolution::new(2, 4, [3]).groups(2).stride([2]).padding([1]);
            laws::gradient(&layer.output_padding([1]).boundary(boundary), &[2, 2, 4]);
            let layer = TransposedConvolution::new(3, 2, [2, 3]).stride([2, 1]).dilation([1, 2]);
            laws::gradient(&layer.padding_before_after([(1, 0), (1, 1)]).boundary(boundary), &[2, 3, 3, 4]);
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let told = |layer: &TransposedConvolution| layer.output_shape(&[1, 1, 3]).unwrap_err().to_string();
        let layer = TransposedConvolution::new(1, 1, [3]);
        assert!(told(&layer.clone().output_padding([1])).contains("must be less than the stride 1, found 1"));
        assert!(told(&layer.padding([3])).contains("must be less than the 5 entries that it cuts, found 6"));
        let error = TransposedConvolution::new(2, 1, [3]).output_shape(&[1, 1, 3]).unwrap_err().to_string();
        assert!(error.ends_with("give it 2 channels and 1 axes of space that are not empty"), "{error}");
    }
}
