//! Batch normalisation: every channel leaves with mean β and deviation γ.
//!
//! In training, with μ and σ² the mean and the (biased) variance of a channel over the batch and space,
//!
//! ```text
//! y = γ · (x − μ) / √(σ² + δ) + β
//! ```
//!
//! and the running statistics move by r ← (1 − m)·r + m·s, where s is μ or the unbiased variance σ²·n/(n − 1)
//! and m the momentum. At inference μ and σ² are the running ones, so that a sample gives the same result
//! alone and in a batch. An *orbit* is a group of consecutive channels (the orientations of one feature) that
//! share all of these: then the layer commutes with every permutation of them.
//!
//! The gradient: with x̂ = (x − μ)/√(σ² + δ) and means over the n entries of a channel, ∂x = γ/√(σ² + δ) ·
//! (∂y − mean(∂y) − x̂·mean(∂y·x̂)), ∂γ = Σ ∂y·x̂, ∂β = Σ ∂y. Cost: two passes over the input. Source: S.
//! Ioffe, C. Szegedy, *Batch normalization*, 2015, algorithm 1 and section 3.1; sharing over orbits: T.
//! Cohen, M. Welling, *Group equivariant convolutional networks*, 2016, section 6.3.
//!
//! Over `f32` all of this is computed in `f64` and rounded at the end, so that squares neither overflow nor
//! vanish; sums are added up in pairs. Over floats a rate 1/√0 is ∞, as IEEE arithmetic has it: with δ = 0 a
//! constant channel becomes NaN. In training a channel must have two values at least, at inference it may
//! have none.

use ndarray::{Array1, ArrayD, Axis};

use super::{
    Fraction, Gradients, Layer, LayerError, Mode, OutputType, Parameter, Role, check_backward, check_weights,
    equivariance, shape_error,
};
use crate::scalar::{Scalar, back, pairwise_sum, same_type};
use crate::signal::FeatureType;

/// Batch normalisation of (batch, channels, space…), with or without axes of space.
///
/// Weights: scale γ, shift β, running mean, running variance, each of shape (channels/orbit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchNormalisation {
    /// Channels of the input.
    pub channels: usize,
    /// Consecutive channels that share statistics and parameters.
    pub orbit: usize,
    /// δ, added to the variance.
    pub delta: Fraction,
    /// Weight of the newest statistics in the running ones.
    pub momentum: Fraction,
}

impl BatchNormalisation {
    /// With δ = 10⁻⁵, momentum 1/10 (PyTorch's defaults), each channel by itself.
    pub fn new(channels: usize) -> Self {
        BatchNormalisation {
            channels,
            orbit: 1,
            delta: Fraction::new(1, 100_000),
            momentum: Fraction::new(1, 10),
        }
    }

    /// For feature maps of this type: the channels of a field, which the group may exchange, share statistics
    /// and parameters, so that the layer commutes with the group.
    pub fn of(maps: &FeatureType) -> Self {
        BatchNormalisation::new(maps.channels()).orbit(maps.size())
    }

    /// With statistics shared by so many consecutive channels.
    #[must_use]
    pub fn orbit(mut self, orbit: usize) -> Self {
        self.orbit = orbit;
        self
    }

    /// With this δ.
    #[must_use]
    pub fn delta(mut self, delta: Fraction) -> Self {
        self.delta = delta;
        self
    }

    /// With this momentum.
    #[must_use]
    pub fn momentum(mut self, momentum: Fraction) -> Self {
        self.momentum = momentum;
        self
    }

    /// Mean and biased variance of each orbit of a batch.
    ///
    /// # Errors
    /// If the input has a wrong shape, or no entry.
    pub fn statistics<S: Scalar>(&self, x: &ArrayD<S>) -> Result<[Vec<S>; 2], LayerError> {
        self.check(x.shape())?;
        if x.is_empty() {
            return Err(LayerError::TooFewValues { layer: self.name(), found: 0 });
        }
        let statistics = |orbit: usize| {
            let entries = self.entries(x, orbit);
            let count = entries.len() as u64;
            let mean = pairwise_sum(entries.iter().cloned()).divide_by_integer(count);
            let square = |entry: &S| {
                let distance = entry.clone() - mean.clone();
                distance.clone() * distance
            };
            let variance = pairwise_sum(entries.iter().map(square)).divide_by_integer(count);
            (mean, variance)
        };
        let (means, variances) = (0..self.orbits()).map(statistics).unzip();
        Ok([means, variances])
    }

    /// The running mean and variance after a step of training on `x`.
    ///
    /// # Errors
    /// If the input has a wrong shape, or only one entry a channel, whose unbiased variance does not exist.
    pub fn running_statistics<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        running: [&ArrayD<S>; 2],
    ) -> Result<[ArrayD<S>; 2], LayerError> {
        let [means, variances] = self.statistics(x)?;
        self.check_count(x)?;
        let count = x.len() / self.orbits();
        let unbiased =
            |variance: S| (variance * S::from_integer(count as i64)).divide_by_integer(count as u64 - 1);
        let (old, new) = (self.momentum.complement().to::<S>(), self.momentum.to::<S>());
        let mix = |running: &ArrayD<S>, newest: Vec<S>| {
            let mixed = running.iter().zip(newest).map(|(r, s)| old.clone() * r.clone() + new.clone() * s);
            Array1::from_iter(mixed).into_dyn()
        };
        Ok([mix(running[0], means), mix(running[1], variances.into_iter().map(unbiased).collect())])
    }

    /// That a channel has a variance that says something: normalised, a single value is 0 whatever it is.
    fn check_count<S: Scalar>(&self, x: &ArrayD<S>) -> Result<(), LayerError> {
        let found = x.len() / self.orbits();
        if found < 2 { Err(LayerError::TooFewValues { layer: self.name(), found }) } else { Ok(()) }
    }

    fn orbits(&self) -> usize {
        self.channels / self.orbit
    }

    fn check(&self, input: &[usize]) -> Result<(), LayerError> {
        if self.orbit == 0 || !self.channels.is_multiple_of(self.orbit) {
            return Err(LayerError::Setting {
                layer: self.name(),
                setting: "the orbit",
                expected: format!("a divisor of the {} channels", self.channels),
                found: self.orbit.to_string(),
            });
        }
        check_normalised(self, self.channels, self.delta, input)
    }

    /// The entries of an orbit, channel by channel.
    fn entries<S: Clone>(&self, x: &ArrayD<S>, orbit: usize) -> Vec<S> {
        let channels = orbit * self.orbit..(orbit + 1) * self.orbit;
        channels
            .flat_map(|channel| x.index_axis(Axis(1), channel).iter().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Mean and 1/√(variance + δ) of each orbit, those of the batch or the running ones.
    fn normaliser<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
    ) -> Result<Vec<(S, S)>, LayerError> {
        let [means, variances] = match mode {
            Mode::Training { .. } => {
                self.check_count(x)?;
                self.statistics(x)?
            }
            Mode::Inference => [2, 3].map(|running| weights[running].iter().cloned().collect()),
        };
        let delta = self.delta.to::<S>();
        let rate = |variance: S| (variance + delta.clone()).square_root().reciprocal();
        Ok(means.into_iter().zip(variances.into_iter().map(rate)).collect())
    }

    /// Applies a function of (orbit, entry) to every entry.
    fn map<S: Scalar>(&self, x: &ArrayD<S>, f: impl Fn(usize, &S) -> S) -> ArrayD<S> {
        let mut result = x.clone();
        for (channel, mut entries) in result.axis_iter_mut(Axis(1)).enumerate() {
            entries.map_inplace(|entry| *entry = f(channel / self.orbit, entry));
        }
        result
    }
}

/// That δ is not negative, and an input has these channels and something to normalise.
pub(super) fn check_normalised(
    layer: &impl Layer,
    channels: usize,
    delta: Fraction,
    input: &[usize],
) -> Result<(), LayerError> {
    if delta.is_negative() {
        return Err(LayerError::Setting {
            layer: layer.name(),
            setting: "δ",
            expected: "at least 0".to_owned(),
            found: delta.to_string(),
        });
    }
    // The batch alone may be empty.
    if input.len() < 2 || input[1] != channels || input[1..].contains(&0) {
        let suggestion = match input.get(1) {
            Some(&found) if found != channels => format!("normalise {found} channels"),
            _ => "there must be something to normalise".to_owned(),
        };
        return Err(shape_error(layer, format!("(batch, {channels}, length…)"), input, suggestion));
    }
    Ok(())
}

/// Over `f32`: what the same layer gives over `f64`, rounded once. `None` over other scalars.
pub(super) fn forward_in_double<S: Scalar>(
    layer: &impl Layer,
    x: &ArrayD<S>,
    weights: &[ArrayD<S>],
    mode: Mode,
) -> Option<Result<ArrayD<S>, LayerError>> {
    let weights: Vec<_> = weights.iter().filter_map(widened).collect();
    Some(layer.forward(&widened(x)?, &weights, mode).map(narrowed))
}

/// The same of its gradients.
pub(super) fn backward_in_double<S: Scalar>(
    layer: &impl Layer,
    x: &ArrayD<S>,
    weights: &[ArrayD<S>],
    mode: Mode,
    output_gradient: &ArrayD<S>,
) -> Option<Result<Gradients<S>, LayerError>> {
    let weights: Vec<_> = weights.iter().filter_map(widened).collect();
    let gradients = layer.backward(&widened(x)?, &weights, mode, &widened(output_gradient)?);
    Some(gradients.map(|Gradients { input, weights }| Gradients {
        input: narrowed(input),
        weights: weights.into_iter().map(narrowed).collect(),
    }))
}

/// An array over `f32` as one over `f64`.
fn widened<S: Scalar>(array: &ArrayD<S>) -> Option<ArrayD<f64>> {
    same_type::<S, f32>(array).map(|array| array.mapv(f64::from))
}

/// Back to `f32`, each entry rounded once.
fn narrowed<S: Scalar>(array: ArrayD<f64>) -> ArrayD<S> {
    back(array.mapv(|entry| entry as f32))
}

impl Layer for BatchNormalisation {
    fn name(&self) -> String {
        match self.orbit {
            1 => format!("batch normalisation of {}", self.channels),
            orbit => format!("batch normalisation of {} in orbits of {orbit}", self.channels),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, LayerError> {
        self.check(input)?;
        Ok(input.to_vec())
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shape = [self.channels / self.orbit.max(1)];
        [Role::Scale, Role::Shift, Role::RunningMean, Role::RunningVariance]
            .map(|role| Parameter::new(role, shape, (1, 1)))
            .into()
    }

    fn output_type(&self, input: &[usize], from: &FeatureType) -> Result<OutputType, LayerError> {
        equivariance::check_input(self, input, from)?;
        equivariance::check_orbit(self, self.orbit, from)?;
        let because = "it treats the channels of a field alike".to_owned();
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
        if let Some(y) = forward_in_double(self, x, weights, mode) {
            return y;
        }
        let normaliser = self.normaliser(x, weights, mode)?;
        let (scale, shift) = (&weights[0], &weights[1]);
        Ok(self.map(x, |orbit, entry| {
            let (mean, rate) = normaliser[orbit].clone();
            scale[orbit].clone() * ((entry.clone() - mean) * rate) + shift[orbit].clone()
        }))
    }

    fn backward<S: Scalar + PartialOrd>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        mode: Mode,
        output_gradient: &ArrayD<S>,
    ) -> Result<Gradients<S>, LayerError> {
        check_backward(self, x.shape(), weights, output_gradient.shape())?;
        if let Some(gradients) = backward_in_double(self, x, weights, mode, output_gradient) {
            return gradients;
        }
        let normaliser = self.normaliser(x, weights, mode)?;
        let normal = self.map(x, |orbit, entry| {
            let (mean, rate) = normaliser[orbit].clone();
            (entry.clone() - mean) * rate
        });
        let sums = |array: &ArrayD<S>| {
            (0..self.orbits())
                .map(|orbit| pairwise_sum(self.entries(array, orbit).into_iter()))
                .collect::<Vec<S>>()
        };
        let shift = sums(output_gradient);
        let mut products = output_gradient.clone();
        products.zip_mut_with(&normal, |product, entry| *product = product.clone() * entry.clone());
        let scale = sums(&products);

        let factor = |orbit: usize| weights[0][orbit].clone() * normaliser[orbit].1.clone();
        let mut input = self.map(output_gradient, |orbit, gradient| gradient.clone() * factor(orbit));
        if let Mode::Training { .. } = mode {
            let count = (x.len() / self.orbits()) as u64;
            let correction = self.map(&normal, |orbit, entry| {
                let mean_product = scale[orbit].divide_by_integer(count);
                factor(orbit) * (shift[orbit].divide_by_integer(count) + entry.clone() * mean_product)
            });
            input = input - correction;
        }
        let array = |entries: Vec<S>| Array1::from(entries).into_dyn();
        Ok(Gradients { input, weights: vec![array(scale), array(shift)] })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::super::{from_rows, laws};
    use super::*;
    use crate::scalar::{Goldilocks, Ring};

    const TRAINING: Mode = Mode::Training { seed: 0 };

    #[test]
    fn gradients_are_exact() {
        let layer = BatchNormalisation::new(4);
        for layer in [layer, layer.orbit(2), layer.orbit(4)] {
            laws::gradient(&layer, &[3, 4]);
            laws::gradient(&layer, &[2, 4, 3]);
            laws::gradient(&layer, &[2, 4, 2, 3]);
        }
    }

    #[test]
    fn biased_to_normalise_and_unbiased_to_run() {
        // 1, 3, 5, 7: mean 4, biased variance 5, unbiased 20/3.
        let number = Goldilocks::from_integer;
        let x = from_rows([1, 3, 5, 7].map(number).to_vec(), &[2, 1, 2]);
        let layer = BatchNormalisation::new(1).delta(Fraction::new(4, 1));
        assert_eq!(layer.statistics(&x).unwrap(), [vec![number(4)], vec![number(5)]]);
        let one = arr1(&[number(1)]).into_dyn();
        let [mean, variance] = layer.running_statistics(&x, [&one, &one]).unwrap();
        // 9/10 + 4/10 = 13/10 and 9/10 + 2/3 = 47/30.
        assert_eq!((mean[0] * number(10), variance[0] * number(30)), (number(13), number(47)));
        // δ = 4 makes the deviation 3: 2·(x − 4)/3 + 1 in floats.
        let x = from_rows(vec![1.0, 3.0, 5.0, 7.0], &[2, 1, 2]);
        let weights = [2.0, 1.0, 7.0, 12.0].map(|number| arr1(&[number]).into_dyn());
        let y = layer.forward(&x, &weights, TRAINING).unwrap();
        assert_eq!(
            y.iter().copied().collect::<Vec<f64>>(),
            [-3.0, -1.0, 1.0, 3.0].map(|d| 2.0 * (d * (1.0 / 3.0)) + 1.0)
        );
        // Running mean 7, running variance 12: deviation 4.
        let y = layer.forward(&x, &weights, Mode::Inference).unwrap();
        assert_eq!(y.iter().copied().collect::<Vec<f64>>(), [-2.0, -1.0, 0.0, 1.0]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let told =
            |layer: BatchNormalisation, input: &[usize]| layer.output_shape(input).unwrap_err().to_string();
        let layer = BatchNormalisation::new(6);
        assert!(told(layer, &[2, 5, 3]).ends_with("found [2, 5, 3]: normalise 5 channels"));
        assert!(told(layer.orbit(4), &[2, 6, 3]).ends_with("must be a divisor of the 6 channels, found 4"));
        let x = from_rows(vec![1.0; 6], &[1, 6]);
        let running = arr1(&[0.0; 6]).into_dyn();
        assert!(layer.running_statistics(&x, [&running, &running]).is_err());
    }
}
