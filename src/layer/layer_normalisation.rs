//! Layer normalisation over chosen axes, by default the last ones.
//!
//! For each sample and each place along the other axes, over the entries of the chosen axes:
//!
//! ```text
//! μ = Σ x/n      σ² = Σ (x − μ)²/n      x̂ = (x − μ)/√(σ² + δ)      y = γ·x̂ + β
//! ```
//!
//! with γ and β for each entry, as PyTorch's `LayerNorm` has it. Nothing depends on the batch. The gradient
//! is that of [`standardise`](super::standardise). Over `f32` everything runs in `f64` and is rounded once.
//! Cost: three passes, and one each way to bring the axes together.
//!
//! Source: J. Ba, J. Kiros, G. Hinton, *Layer normalization*, 2016.

use ndarray::{ArrayD, Axis, IxDyn, Zip};

use super::normalisation::{backward_in_double, forward_in_double};
use super::standardise::{in_rows, standardise, standardise_backward};
use super::{
    Fraction, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Role, Symmetry, View,
    check_backward, check_weights, equivariance, extents, shape_error,
};
use crate::scalar::{Scalar, pairwise_sum};
use crate::signal::FeatureType;

/// Layer normalisation of (batch, …) over the last axes, or over chosen ones.
///
/// Weights, if it has them: scale γ and shift β, each as long as the axes together.
///
/// ```
/// use equivariant::layer::{Layer, LayerNormalisation};
///
/// // The features of each token.
/// let tokens = LayerNormalisation::new([64]);
/// assert_eq!(tokens.output_shape(&[2, 10, 64])?, [2, 10, 64]);
/// // The channels of each pixel, as in ConvNeXt.
/// let pixels = LayerNormalisation::over([1], [64]);
/// assert_eq!(pixels.output_shape(&[2, 64, 7, 7])?, [2, 64, 7, 7]);
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LayerNormalisation {
    /// The axes, in increasing order, without that of the batch; empty for the last ones.
    pub axes: Vec<usize>,
    /// The length of each axis: the shape of γ and of β.
    pub shape: Vec<usize>,
    /// δ, added to the variance.
    pub delta: Fraction,
    /// Whether there are γ and β.
    pub affine: bool,
}

impl LayerNormalisation {
    /// Over the last axes, which have these lengths, with δ = 10⁻⁵ (PyTorch's default), γ and β.
    pub fn new(shape: impl Into<Vec<usize>>) -> Self {
        Self::over([], shape)
    }

    /// Over these axes, which have these lengths. Axis 0 is the batch, axis 1 has the channels.
    pub fn over(axes: impl Into<Vec<usize>>, shape: impl Into<Vec<usize>>) -> Self {
        let delta = Fraction::new(1, 100_000);
        LayerNormalisation { axes: axes.into(), shape: shape.into(), delta, affine: true }
    }

    /// With this δ.
    #[must_use]
    pub fn delta(mut self, delta: Fraction) -> Self {
        self.delta = delta;
        self
    }

    /// Without γ and β.
    #[must_use]
    pub fn without_weights(mut self) -> Self {
        self.affine = false;
        self
    }

    /// The axes of an input of this rank.
    pub(crate) fn axes_of(&self, rank: usize) -> Vec<usize> {
        match self.axes[..] {
            [] => (rank.saturating_sub(self.shape.len())..rank).collect(),
            _ => self.axes.clone(),
        }
    }

    /// All axes of an input of this rank, the normalised ones last.
    pub(crate) fn order(&self, rank: usize) -> Vec<usize> {
        let axes = self.axes_of(rank);
        (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect()
    }

    fn check(&self, input: &[usize]) -> Result<(), LayerError> {
        let wrong = |setting, expected: String, found: String| {
            Err(LayerError::Setting { layer: self.name(), setting, expected, found })
        };
        if self.shape.is_empty() || self.shape.contains(&0) {
            let found = format!("{:?}", self.shape);
            return wrong("the shape", "of at least one axis, none of them empty".to_owned(), found);
        }
        let is_chosen = !self.axes.is_empty();
        let is_increasing = self.axes.windows(2).all(|pair| pair[0] < pair[1]) && !self.axes.contains(&0);
        if is_chosen && (!is_increasing || self.axes.len() != self.shape.len()) {
            let expected = format!("{} in increasing order, without axis 0", self.shape.len());
            return wrong("the axes", expected, format!("{:?}", self.axes));
        }
        if self.delta.is_negative() {
            return wrong("δ", "at least 0".to_owned(), self.delta.to_string());
        }
        let axes = self.axes_of(input.len());
        let fits = axes.len() == self.shape.len()
            && axes[0] > 0
            && axes.iter().zip(&self.shape).all(|(&axis, length)| input.get(axis) == Some(length));
        if input.len() < 2 || !fits {
            let suggestion = match self.axes[..] {
                [] => "normalise the lengths of its last axes".to_owned(),
                _ => format!("normalise the lengths of its axes {axes:?}"),
            };
            let expected = match self.axes[..] {
                [] => format!("(batch, …, {})", extents(&self.shape)),
                _ => format!("(batch, …) with {} along axes {axes:?}", extents(&self.shape)),
            };
            return Err(shape_error(self, expected, input, suggestion));
        }
        Ok(())
    }

    fn entries(&self) -> usize {
        self.shape.iter().product()
    }

    /// The array with the normalised axes last.
    fn gathered<S: Clone>(&self, array: &ArrayD<S>) -> ArrayD<S> {
        let order = self.order(array.ndim());
        array.view().permuted_axes(IxDyn(&order)).as_standard_layout().into_owned()
    }

    /// The way back from [`gathered`](Self::gathered).
    fn spread<S: Clone>(&self, array: ArrayD<S>) -> ArrayD<S> {
        let order = self.order(array.ndim());
        let back: Vec<_> = (0..order.len())
            .map(|axis| order.iter().position(|&from| from == axis).unwrap_or_default())
            .collect();
        array.permuted_axes(IxDyn(&back)).as_standard_layout().into_owned()
    }

    fn run<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> ArrayD<S> {
        let mut y = self.gathered(x);
        standardise(in_rows(&mut y), self.entries(), self.delta);
        if let [scale, shift] = weights {
            let affine = |y: &mut S, scale: &S, shift: &S| *y = y.clone() * scale.clone() + shift.clone();
            Zip::from(&mut y).and_broadcast(scale).and_broadcast(shift).for_each(affine);
        }
        self.spread(y)
    }

    fn gradients<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>], dy: &ArrayD<S>) -> Gradients<S> {
        let (mut normal, mut slopes) = (self.gathered(x), self.gathered(dy));
        let rates = standardise(in_rows(&mut normal), self.entries(), self.delta);
        let mut of_weights = Vec::new();
        if let [scale, _] = weights {
            let sums = |values: &ArrayD<S>| {
                let count = values.len() / self.entries();
                let flat = values.to_shape((count, self.entries())).map(|flat| flat.into_owned());
                let flat = flat.unwrap_or_else(|_| unreachable!("as many entries"));
                let column = |column: ndarray::ArrayView1<'_, S>| pairwise_sum(column.iter().cloned());
                let sums: Vec<S> = flat.axis_iter(Axis(1)).map(column).collect();
                ArrayD::from_shape_vec(IxDyn(&self.shape), sums)
                    .unwrap_or_else(|_| unreachable!("a sum for each entry"))
            };
            of_weights = vec![sums(&(&slopes * &normal)), sums(&slopes)];
            Zip::from(&mut slopes)
                .and_broadcast(scale)
                .for_each(|slope, scale| *slope = slope.clone() * scale.clone());
        }
        standardise_backward(in_rows(&mut slopes), in_rows(&mut normal), rates, self.entries());
        Gradients { input: self.spread(slopes), weights: of_weights }
    }
}

impl Layer for LayerNormalisation {
    fn name(&self) -> String {
        match self.axes[..] {
            [] => format!("layer normalisation of {}", extents(&self.shape)),
            _ => format!("layer normalisation of {} along axes {:?}", extents(&self.shape), self.axes),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.check(input)?;
        Ok(input.to_vec())
    }

    fn parameters(&self) -> Vec<Parameter> {
        let roles = [Role::Scale, Role::Shift].into_iter().filter(|_| self.affine);
        roles.map(|role| Parameter::new(role, self.shape.clone(), (1, 1))).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.check(input)?;
        Ok(if self.axes_of(input.len()) == [1] { View::Entry } else { View::Everything })
    }

    /// Where γ and β differ from place to place nothing is kept along that axis.
    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.check(input)?;
        let (axes, space) = (self.axes_of(input.len()), 2..input.len());
        let normalised: Vec<_> = space.map(|axis| axes.contains(&axis)).collect();
        let is_kept = |&normalised: &bool| !(normalised && self.affine);
        let is_alike = normalised.windows(2).all(|pair| pair[0] == pair[1]);
        Ok(Symmetry {
            translations: normalised.iter().map(|axis| is_kept(axis).then_some(1)).collect(),
            flips: normalised.iter().map(is_kept).collect(),
            axes_alike: normalised.len() < 2 || is_alike && normalised.iter().all(is_kept),
            ..Symmetry::full(normalised.len())
        })
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        let axes = self.axes_of(input.len());
        let broken =
            |hypothesis: String, suggestion| Err(equivariance::broken(self, from, hypothesis, suggestion));
        if self.affine && axes.contains(&1) && from.size() > 1 {
            let hypothesis =
                format!("the {} channels of a field change places, and each has its γ and β", from.size());
            return broken(hypothesis, "leave the weights out");
        }
        let moves = (0..from.group().order()).flat_map(|element| {
            from.group().signed_axes(element).iter().enumerate().map(|(axis, &source)| (axis, source))
        });
        for (axis, (source, reversed)) in moves.filter(|_| input.len() > 2) {
            let [here, there] = [axis, source].map(|axis| axes.contains(&(axis + 2)));
            if here != there {
                let hypothesis = format!("axes {source} and {axis} are exchanged, and one is normalised");
                return broken(hypothesis, "normalise both or none");
            }
            if here && self.affine && (reversed || axis != source) {
                let hypothesis = format!("axis {source} is moved, and each place along it has its γ and β");
                return broken(hypothesis, "leave the weights out");
            }
        }
        let because = "it treats what the group moves alike".to_owned();
        Ok(OutputType { feature: from.clone(), because })
    }

    fn forward<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<ArrayD<S>, LayerError> {
        self.check(x.shape())?;
        check_weights(self, weights)?;
        forward_in_double(self, x, weights, mode).unwrap_or_else(|| Ok(self.run(x, weights)))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        backward_in_double(self, x, weights, mode, output_gradient)
            .unwrap_or_else(|| Ok(self.gradients(x, weights, output_gradient)))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr3};

    use super::super::{GroupNormalisation, laws};
    use super::*;
    use crate::group::D4;
    use crate::scalar::Goldilocks;
    use crate::signal::{GridGroup, OnGrid};
    use crate::verify::{Verdict, prove};

    #[test]
    fn gradients_are_exact() {
        for layer in [
            LayerNormalisation::new([3]),
            LayerNormalisation::new([4, 3]),
            LayerNormalisation::over([1], [4]),
            LayerNormalisation::over([1, 2], [4, 3]).without_weights(),
        ] {
            laws::gradient(&layer, &[2, 4, 3]);
        }
        laws::gradient(&LayerNormalisation::over([1, 3], [2, 3]), &[2, 2, 2, 3]);
    }

    /// Along axis 1 the pairs (1 5), (2 8): means 3 and 5, deviations 2 and 3, δ = 0.
    #[test]
    fn by_hand() {
        let layer = LayerNormalisation::over([1], [2]).delta(Fraction::new(0, 1));
        let x = arr3(&[[[1.0, 2.0], [5.0, 8.0]]]).into_dyn();
        let weights = [arr1(&[1.0, 2.0]).into_dyn(), arr1(&[0.0, 10.0]).into_dyn()];
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        // 3·(1/3) is rounded to 1.
        assert_eq!(y, arr3(&[[[-1.0_f64, -1.0], [12.0, 12.0]]]).into_dyn());
    }

    /// Over all axes it is group normalisation of one group.
    #[test]
    fn over_everything_it_is_one_group() {
        let x = ArrayD::from_shape_fn(vec![2, 3, 4], |index| {
            Goldilocks::from((index[0] * 31 + index[1] * index[1] * 7 + index[2] * 5) as i64)
        });
        let whole = LayerNormalisation::new([3, 4]).without_weights();
        let group = GroupNormalisation::layer(3).without_weights();
        let [y, z] = [whole.forward(&x, &[], Mode::Inference), group.forward(&x, &[], Mode::Inference)];
        assert_eq!(y.unwrap(), z.unwrap());
    }

    #[test]
    fn what_it_keeps_is_told_and_true() {
        let (channels, plane) = (LayerNormalisation::over([1], [2]), LayerNormalisation::new([3, 3]));
        prove(channels.clone()).on([1, 2, 3, 3]).commutes_with(D4, OnGrid, OnGrid).assert();
        let bare = plane.clone().without_weights();
        prove(bare.clone()).on([1, 2, 3, 3]).commutes_with(D4, OnGrid, OnGrid).assert();
        let report = prove(plane.clone()).on([1, 2, 3, 3]).commutes_with(D4, OnGrid, OnGrid).check().unwrap();
        assert_eq!(report.verdict, Verdict::Fails);
        let told = |layer: &LayerNormalisation| layer.symmetry(&[1, 2, 3, 3]).unwrap();
        assert_eq!(told(&channels), Symmetry::full(2));
        assert_eq!(told(&bare), Symmetry::full(2));
        assert_eq!(told(&plane), Symmetry::none(2));
        assert!(!told(&LayerNormalisation::new([3]).without_weights()).axes_alike);
        let c4 = GridGroup::c4();
        let (maps, pixels) = (FeatureType::regular(&c4, 1), LayerNormalisation::over([1], [4]));
        let error =
            |layer: &LayerNormalisation| layer.output_type(&[1, 4, 3, 3], &maps).unwrap_err().to_string();
        assert!(error(&pixels).ends_with("each has its γ and β; leave the weights out"));
        assert!(error(&plane).contains("each place along it has its γ and β"));
        assert!(error(&LayerNormalisation::new([3]).without_weights()).ends_with("normalise both or none"));
        assert!(pixels.without_weights().output_type(&[1, 4, 3, 3], &maps).is_ok());
    }

    #[test]
    fn settings_that_make_no_sense_are_told() {
        let told =
            |layer: LayerNormalisation, input: &[usize]| layer.output_shape(input).unwrap_err().to_string();
        assert!(told(LayerNormalisation::over([2, 1], [3, 3]), &[1, 3, 3]).contains("in increasing order"));
        assert!(told(LayerNormalisation::over([0], [3]), &[3, 3]).contains("without axis 0"));
        assert!(told(LayerNormalisation::new([]), &[3, 3]).contains("of at least one axis"));
        assert!(
            told(LayerNormalisation::new([4]), &[1, 3]).ends_with("normalise the lengths of its last axes")
        );
        // The batch is not among the last axes.
        assert!(told(LayerNormalisation::new([3, 3]), &[3, 3]).contains("found [3, 3]"));
    }
}
