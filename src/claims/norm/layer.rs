//! The layer under examination, rightly or wrongly, and the inputs for which its root is a rational number.

use ndarray::{Array1, ArrayD, ArrayView1, Axis, Slice, concatenate};

use crate::layer::{BatchNormalisation, Fraction, Layer, Mode};
use crate::scalar::Scalar;
use crate::verify::{Failure, Map, Unknown};

/// What normalises a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistics {
    /// Those that the layer takes in training.
    Training,
    /// Those that the layer takes at inference.
    Inference,
    /// Wrong in training: the variance divides by n − 1.
    Unbiased,
    /// Wrong in training: the variance is the square of itself, so that entries are divided by it and not by
    /// its root.
    SquaredVariance,
    /// Wrong in training: the mean counts as 0.
    NotCentred,
    /// Wrong in training on floats: the variance as mean square minus squared mean.
    MeanOfSquares,
    /// Wrong in training: of the first entry along the last axis alone.
    FirstColumn,
    /// Wrong in training: of each sample by itself.
    EachSample,
}

/// Batch normalisation by statistics of one kind or another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normalised {
    pub(super) layer: BatchNormalisation,
    pub(super) statistics: Statistics,
}

impl Normalised {
    pub(super) fn new(layer: BatchNormalisation, statistics: Statistics) -> Self {
        Normalised { layer, statistics }
    }

    /// The layer's output for γ, β and the running mean and variance.
    ///
    /// Wrong statistics reach the layer as running ones, so that all but them is the layer's own.
    pub(super) fn of<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let training = Mode::Training { seed: 0 };
        let by = |mean: Vec<S>, variance: Vec<S>| {
            let [scale, shift] = [0, 1].map(|parameter: usize| weights[parameter].clone());
            let running = [mean, variance].map(|values| Array1::from_vec(values).into_dyn());
            let [mean, variance] = running;
            Ok(self.layer.forward(x, &[scale, shift, mean, variance], Mode::Inference)?)
        };
        let [mean, variance] = self.layer.statistics(x)?;
        match self.statistics {
            Statistics::Training => Ok(self.layer.forward(x, weights, training)?),
            Statistics::Inference => Ok(self.layer.forward(x, weights, Mode::Inference)?),
            Statistics::Unbiased => {
                let count = (x.len() / mean.len()) as u64;
                let unbiased = |v: S| (v * S::from_integer(count as i64)).divide_by_integer(count - 1);
                by(mean, variance.into_iter().map(unbiased).collect())
            }
            Statistics::SquaredVariance => by(mean, variance.into_iter().map(|v| v.clone() * v).collect()),
            Statistics::NotCentred => by(vec![S::zero(); mean.len()], variance),
            Statistics::MeanOfSquares => {
                let [squares, _] = self.layer.statistics(&x.mapv(|entry| entry.clone() * entry))?;
                let difference = |(square, mean): (S, &S)| square - mean.clone() * mean.clone();
                let variance = squares.into_iter().zip(&mean).map(difference).collect();
                by(mean, variance)
            }
            Statistics::FirstColumn => {
                let column = x.slice_axis(Axis(x.ndim() - 1), Slice::from(..1)).to_owned();
                let [mean, variance] = self.layer.statistics(&column)?;
                by(mean, variance)
            }
            Statistics::EachSample => {
                each_sample(x, |sample| Ok(self.layer.forward(sample, weights, training)?))
            }
        }
    }
}

/// A function of batches, applied to each sample as a batch of one.
pub(super) fn each_sample<S: Scalar>(
    x: &ArrayD<S>,
    f: impl Fn(&ArrayD<S>) -> Result<ArrayD<S>, Failure>,
) -> Result<ArrayD<S>, Failure> {
    let samples = x
        .axis_iter(Axis(0))
        .map(|sample| f(&sample.insert_axis(Axis(0)).to_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    let views: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
    Ok(concatenate(Axis(0), &views)?)
}

impl Map for Normalised {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        unknown_weights(&self.layer)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        self.of(x, &with_positive_variance(weights))
    }
}

/// γ, β, the running mean, and a number whose square is the running variance.
pub(super) fn unknown_weights(layer: &BatchNormalisation) -> Vec<Unknown> {
    ["γ", "β", "running mean", "running deviation"]
        .map(|name| Unknown::new(name, [layer.channels / layer.orbit]))
        .into()
}

/// The weights of the layer from those of [`unknown_weights`]: a variance is not negative.
pub(super) fn with_positive_variance<S: Scalar>(weights: &[ArrayD<S>]) -> Vec<ArrayD<S>> {
    let square = |deviation: &S| deviation.clone() * deviation.clone();
    vec![weights[0].clone(), weights[1].clone(), weights[2].clone(), weights[3].map(square)]
}

/// A number for each channel, the same ones for every scalar.
pub(super) fn constants<S: Scalar>(values: &[i64]) -> ArrayD<S> {
    Array1::from_iter(values.iter().map(|&value| S::from_integer(value))).into_dyn()
}

/// Deviations from the mean with variance 45; with δ = 4 the root is √49 = 7, and 8 where the variance
/// divides by n − 1.
pub(super) const DEVIATIONS: [i64; 4] = [9, -3, 3, -9];

/// The δ that goes with [`DEVIATIONS`].
pub(super) const DELTA: Fraction = Fraction::new(4, 1);

/// Two samples of two channels of two entries each, with any means and with these deviations times a number
/// for each channel.
pub(super) fn channels_with_deviations<S: Scalar>(
    means: ArrayView1<'_, S>,
    deviations: [i64; 4],
    times: [i64; 2],
) -> ArrayD<S> {
    ArrayD::from_shape_fn(vec![2, 2, 2], |index| {
        let (sample, channel, place) = (index[0], index[1], index[2]);
        means[channel].clone() + S::from_integer(deviations[2 * sample + place] * times[channel])
    })
}

/// `x` with 32 added to the first entry of each channel: no small integers then make a constant channel,
/// which δ = 0 would divide by zero.
pub(super) fn never_constant<S: Scalar>(x: &ArrayD<S>) -> ArrayD<S> {
    let mut result = x.clone();
    for mut channel in result.axis_iter_mut(Axis(1)) {
        if let Some(first) = channel.first_mut() {
            *first = first.clone() + S::from_integer(32);
        }
    }
    result
}

/// Mean and variance of each channel, one after the other, computed from sums of powers: Σx/n and (n·Σx² −
/// (Σx)²)/n².
pub(super) fn moments<S: Scalar>(x: &ArrayD<S>) -> (ArrayD<S>, ArrayD<S>) {
    let moments = x.axis_iter(Axis(1)).map(|channel| {
        let count = channel.len() as u64;
        let (mut sum, mut squares) = (S::zero(), S::zero());
        for entry in channel {
            sum.add_in_place(entry);
            squares.add_product(entry, entry);
        }
        let spread = S::from_integer(count as i64) * squares - sum.clone() * sum.clone();
        (sum.divide_by_integer(count), spread.divide_by_integer(count * count))
    });
    let (means, variances): (Vec<S>, Vec<S>) = moments.unzip();
    (Array1::from_vec(means).into_dyn(), Array1::from_vec(variances).into_dyn())
}
