//! Group normalisation, with layer and instance normalisation as its ends.
//!
//! For each sample and each of g groups of consecutive channels, over the n entries of the group, space
//! included:
//!
//! ```text
//! μ = Σ x/n      σ² = Σ (x − μ)²/n      x̂ = (x − μ)/√(σ² + δ)      y = γ·x̂ + β
//! ```
//!
//! with γ and β for each orbit of channels. One group is layer normalisation, as many groups as channels are
//! instance normalisation. Nothing depends on the batch, in training and at inference alike. The gradient ∂x
//! is that of [`standardise`](super::standardise) with the slopes d = γ·∂y, ∂γ = Σ ∂y·x̂, ∂β = Σ ∂y. Over
//! `f32` everything runs in `f64` and is rounded once. Cost: three passes.
//!
//! Source: Y. Wu, K. He, *Group normalization*, 2018.

use ndarray::{Array1, ArrayD, Axis};

use super::normalisation::{backward_in_double, check_normalised, forward_in_double};
use super::standardise::{in_rows, standardise, standardise_backward};
use super::{
    Fraction, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Role, Symmetry, View,
    check_backward, check_weights, equivariance,
};
use crate::scalar::{Scalar, pairwise_sum};
use crate::signal::FeatureType;

/// Group normalisation of (batch, channels, space…), with or without axes of space.
///
/// Weights, if it has them: scale γ and shift β, each of shape (channels/orbit).
///
/// ```
/// use equivariant::layer::{GroupNormalisation, Layer};
///
/// let layer = GroupNormalisation::new(2, 6);
/// assert_eq!(layer.output_shape(&[5, 6, 8, 8])?, [5, 6, 8, 8]);
/// assert_eq!(layer.name(), "group normalisation of 6 in 2 groups");
/// assert_eq!(GroupNormalisation::instance(6).name(), "instance normalisation of 6");
/// # Ok::<(), equivariant::layer::LayerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupNormalisation {
    /// Groups of channels with statistics of their own.
    pub groups: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Consecutive channels that share γ and β.
    pub orbit: usize,
    /// δ, added to the variance.
    pub delta: Fraction,
    /// Whether there are γ and β.
    pub affine: bool,
}

impl GroupNormalisation {
    /// With δ = 10⁻⁵ (PyTorch's default), γ and β for each channel.
    pub fn new(groups: usize, channels: usize) -> Self {
        let delta = Fraction::new(1, 100_000);
        GroupNormalisation { groups, channels, orbit: 1, delta, affine: true }
    }

    /// Layer normalisation: all channels of a sample, and its space, together. On (batch, features) this is
    /// PyTorch's `LayerNorm`; over other axes it is [`LayerNormalisation`](super::LayerNormalisation).
    pub fn layer(channels: usize) -> Self {
        Self::new(1, channels)
    }

    /// Instance normalisation: each channel of a sample by itself. It has γ and β, which PyTorch's
    /// `InstanceNorm` has only if asked.
    pub fn instance(channels: usize) -> Self {
        Self::new(channels, channels)
    }

    /// For feature maps of this type: the channels of a field share γ and β.
    pub fn of(groups: usize, maps: &FeatureType) -> Self {
        GroupNormalisation { orbit: maps.size(), ..Self::new(groups, maps.channels()) }
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

    fn check(&self, input: &[usize]) -> Result<(), LayerError> {
        let setting = |setting, divisor: usize| match divisor {
            0 => Err((setting, divisor)),
            _ if !self.channels.is_multiple_of(divisor) => Err((setting, divisor)),
            _ => Ok(()),
        };
        setting("the number of groups", self.groups)
            .and_then(|()| setting("the orbit", self.orbit))
            .map_err(|(setting, found)| LayerError::Setting {
                layer: self.name(),
                setting,
                expected: format!("a divisor of the {} channels", self.channels),
                found: found.to_string(),
            })?;
        check_normalised(self, self.channels, self.delta, input)
    }

    /// Entries of a group, of one sample.
    fn entries<S>(&self, x: &ArrayD<S>) -> usize {
        x.shape()[1..].iter().product::<usize>() / self.groups
    }

    /// x̂, and 1/√(σ² + δ) of each sample and group.
    fn normalised<S: Scalar>(&self, x: &ArrayD<S>) -> (ArrayD<S>, Vec<S>) {
        let mut result = x.as_standard_layout().into_owned();
        let rates = standardise(in_rows(&mut result), self.entries(x), self.delta);
        (result, rates)
    }

    fn run<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> ArrayD<S> {
        let (mut y, _) = self.normalised(x);
        if let [scale, shift] = weights {
            for (channel, mut entries) in y.axis_iter_mut(Axis(1)).enumerate() {
                let (scale, shift) = (&scale[[channel / self.orbit]], &shift[[channel / self.orbit]]);
                entries.map_inplace(|entry| *entry = entry.clone() * scale.clone() + shift.clone());
            }
        }
        y
    }

    fn gradients<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>], dy: &ArrayD<S>) -> Gradients<S> {
        let (mut normal, rates) = self.normalised(x);
        let mut input = dy.as_standard_layout().into_owned();
        let mut of_weights = Vec::new();
        if let [scale, _] = weights {
            let sums = |values: &ArrayD<S>| -> ArrayD<S> {
                let orbit = |orbit: usize| {
                    let channels = orbit * self.orbit..(orbit + 1) * self.orbit;
                    let entries = channels.flat_map(|channel| {
                        values.index_axis(Axis(1), channel).iter().cloned().collect::<Vec<_>>()
                    });
                    pairwise_sum(entries)
                };
                let sums: Array1<S> = (0..self.channels / self.orbit).map(orbit).collect();
                sums.into_dyn()
            };
            of_weights = vec![sums(&(dy * &normal)), sums(dy)];
            for (channel, mut slopes) in input.axis_iter_mut(Axis(1)).enumerate() {
                let scale = &scale[[channel / self.orbit]];
                slopes.map_inplace(|slope| *slope = slope.clone() * scale.clone());
            }
        }
        standardise_backward(in_rows(&mut input), in_rows(&mut normal), rates, self.entries(x));
        Gradients { input, weights: of_weights }
    }
}

impl Layer for GroupNormalisation {
    fn name(&self) -> String {
        match (self.groups, self.channels) {
            (groups, channels) if groups == channels => format!("instance normalisation of {channels}"),
            (1, channels) => format!("layer normalisation of {channels}"),
            (groups, channels) => format!("group normalisation of {channels} in {groups} groups"),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.check(input)?;
        Ok(input.to_vec())
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shape = [self.channels / self.orbit.max(1)];
        let roles = [Role::Scale, Role::Shift].into_iter().filter(|_| self.affine);
        roles.map(|role| Parameter::new(role, shape, (1, 1))).collect()
    }

    fn view(&self, input: &[usize]) -> Result<View, LayerError> {
        self.output_shape(input).map(|_| View::Everything)
    }

    fn symmetry(&self, input: &[usize]) -> Result<Symmetry, LayerError> {
        self.output_shape(input)?;
        Ok(Symmetry::full(input.len() - 2))
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        if self.affine {
            equivariance::check_orbit(self, self.orbit, from)?;
        }
        let together = self.channels / self.groups;
        if together != 1 && !together.is_multiple_of(from.size()) {
            let hypothesis = format!(
                "the {} channels of a field change places, and groups of {together} channels part them",
                from.size()
            );
            return Err(equivariance::broken(self, from, hypothesis, "take groups of whole fields"));
        }
        let because =
            "its statistics are over all places, and it treats the channels of a field alike".to_owned();
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
    use ndarray::{arr1, arr2};

    use super::super::laws;
    use super::*;
    use crate::signal::GridGroup;

    #[test]
    fn gradients_are_exact() {
        for layer in [
            GroupNormalisation::new(2, 4),
            GroupNormalisation::layer(4),
            GroupNormalisation::instance(4),
            GroupNormalisation::new(2, 4).without_weights(),
            GroupNormalisation::of(1, &FeatureType::regular(&GridGroup::c4(), 1)),
        ] {
            laws::gradient(&layer, &[2, 4, 3]);
        }
        laws::gradient(&GroupNormalisation::layer(5), &[3, 5]);
    }

    /// Groups (1 3) and (2 6): means 2 and 4, deviations 1 and 2, δ = 0.
    #[test]
    fn by_hand() {
        let layer = GroupNormalisation::new(2, 4).delta(Fraction::new(0, 1));
        let x = arr2(&[[1.0, 3.0, 2.0, 6.0]]).into_dyn();
        let weights = [arr1(&[1.0, 2.0, 3.0, 4.0]).into_dyn(), arr1(&[0.0, 0.0, 10.0, 10.0]).into_dyn()];
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y, arr2(&[[-1.0_f64, 2.0, 7.0, 14.0]]).into_dyn());
    }

    #[test]
    fn what_it_keeps_is_told() {
        let c4 = GridGroup::c4();
        let (maps, input) = (FeatureType::regular(&c4, 2), [1, 8, 3, 3]);
        let told = |layer: GroupNormalisation| layer.output_type(&input, &maps);
        assert!(told(GroupNormalisation::of(2, &maps)).is_ok());
        assert!(told(GroupNormalisation::instance(8).without_weights()).is_ok());
        assert!(
            told(GroupNormalisation::new(2, 8)).unwrap_err().to_string().contains("share over orbits of 4")
        );
        let parted = told(GroupNormalisation::of(4, &maps)).unwrap_err().to_string();
        assert!(parted.ends_with("groups of 2 channels part them; take groups of whole fields"), "{parted}");
    }

    #[test]
    fn settings_that_make_no_sense_are_told() {
        let told = |layer: GroupNormalisation| layer.output_shape(&[1, 6, 2]).unwrap_err().to_string();
        assert!(
            told(GroupNormalisation::new(4, 6)).ends_with("must be a divisor of the 6 channels, found 4")
        );
        assert!(told(GroupNormalisation::new(0, 6)).contains("the number of groups"));
        assert!(told(GroupNormalisation::new(2, 4)).ends_with("normalise 6 channels"));
    }
}
