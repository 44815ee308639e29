//! The chapter *norm*: batch normalisation and dropout, in training and at inference.
//!
//! A square root is opaque to the symbolic and the field reading: they know nothing of (√x)². Statements that rest on that law are
//! read on floats with rigorous bounds alone.

use ndarray::{Array1, ArrayD, Axis};

use super::Claim;
use crate::group::{C4, Group, Symmetric};
use crate::layer::{BatchNormalisation, Dropout, Fraction, Layer, Mode, drops};
use crate::network::Network;
use crate::scalar::Scalar;
use crate::signal::{ArrayAction, OnAxis, OnGrid, RegularChannels, roll};
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Reading, Report, Sides,
    Statement, Unknown,
};

const TRAINING: Mode = Mode::Training { seed: 0 };

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.standardises",
            "in training each channel leaves with mean 0 and variance σ²/(σ² + δ), and a constant channel as zeros",
            |examiner| standardises(examiner, 1),
        )
        .theorem("norm_standardises")
.theorem("norm_constant")
.mutant("the layer normalises by the unbiased variance", |examiner| standardises(examiner, 2)),
        Claim::holds(
            "norm.affine",
            "γ and β give any mean and deviation, and a bias before the layer changes nothing",
            |examiner| numbers(examiner, Law::Affine),
        )
        .theorem("norm_affine_restores")
.theorem("norm_ignores_bias")
.mutant("β is added before γ multiplies", |examiner| numbers(examiner, Law::AffineInTheWrongOrder)),
        Claim::holds(
            "norm.running",
            "at inference a sample gives the same result alone and in a batch",
            |examiner| alone(examiner, Mode::Inference),
        )
        .theorem("norm_inference_alone")
.theorem("running_between")
.theorem("running_converges")
.mutant("the statistics of the batch are used", |examiner| alone(examiner, TRAINING)),
        Claim::fails(
            "norm.running.training_mode",
            "in training a sample gives the same result alone and in a batch",
            |examiner| alone(examiner, TRAINING),
        )
        .theorem("norm_training_mixes")
.mutant("the running statistics are used", |examiner| alone(examiner, Mode::Inference)),
        Claim::holds(
            "norm.scale_invariance",
            "the output in training does not change when the input is scaled by c > 0, with δ = 0",
            |examiner| numbers(examiner, Law::Scaled(Fraction::ZERO)),
        )
        .theorem("norm_scale_invariance")
.theorem("norm_scale")
.mutant("δ is 1", |examiner| numbers(examiner, Law::Scaled(Fraction::ONE))),
        Claim::holds(
            "norm.spatial",
            "normalisation by channel commutes with every permutation of the pixels",
            |examiner| spatial(examiner, false),
        )
        .theorem("batch_norm_permutation")
.theorem("batch_statistics_invariant")
.mutant("the first pixel is left out of the mean", |examiner| spatial(examiner, true)),
        Claim::fails(
            "norm.orbit",
            "with statistics of each channel of a group feature map, normalisation commutes with the rotation of a sample",
            |examiner| orbit(examiner, 1),
        )
        .theorem("channel_statistics_break")
.mutant("an orbit shares its statistics", |examiner| orbit(examiner, 4)),
        Claim::holds(
            "norm.orbit.shared",
            "it does when an orbit of channels shares its statistics, γ and β",
            |examiner| orbit(examiner, 4),
        )
        .theorem("orbit_norm")
.theorem("orbit_statistics_invariant")
.theorem("orbit_affine")
.theorem("block_norm_whole_batch")
.mutant("half an orbit shares them", |examiner| orbit(examiner, 2)),
        Claim::holds(
            "layer.dropout",
            "dropout is the identity at inference, and keeps the mean in training",
            |examiner| dropout_mean(examiner, Fraction::new(1, 4)),
        )
        .theorem("dropout_keeps_mean")
.theorem("dropout_chances")
.mutant("entries that are kept are not scaled", |examiner| dropout_mean(examiner, Fraction::ZERO)),
        Claim::fails("layer.dropout.training", "dropout in training commutes with translation", |examiner| {
            dropout_moves(examiner, TRAINING)
        })
        .theorem("dropout_permutation")
.theorem("dropout_in_distribution")
.mutant("there is no dropout at inference", |examiner| dropout_moves(examiner, Mode::Inference)),
    ]
}

/// Floats alone: what the other readings cannot know.
fn on_numbers(examiner: &Examiner, statement: &Statement) -> Result<Report, ExamineError> {
    let readings = [Reading::Rounding, Reading::Float].into_iter().filter(|&reading| examiner.uses(reading));
    examiner.clone().with_readings(readings).examine(statement)
}

/// The identity of a function that is written for every scalar, in some unknowns.
struct Equation<F> {
    unknowns: Vec<Unknown>,
    sides: F,
}

/// What [`Equation`] says.
trait Says: Send + Sync + 'static {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure>;
}

impl<F: Says> Identity for Equation<F> {
    fn unknowns(&self) -> Vec<Unknown> {
        self.unknowns.clone()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        self.sides.sides(values)
    }
}

fn says(unknowns: Vec<Unknown>, sides: impl Says) -> Case {
    Case::new(Equation { unknowns, sides })
}

fn filled<S: Scalar>(count: usize, value: S) -> ArrayD<S> {
    ArrayD::from_elem(vec![count], value)
}

fn array<S: Scalar>(entries: Vec<S>) -> ArrayD<S> {
    Array1::from(entries).into_dyn()
}

/// Trained scale and shift with running statistics that training does not look at.
fn weights<S: Scalar>(scale: ArrayD<S>, shift: ArrayD<S>) -> [ArrayD<S>; 4] {
    let count = scale.len();
    [scale, shift, filled(count, S::zero()), filled(count, S::one())]
}

/// Mean and variance of the output of each channel against 0 and σ²/(σ² + δ).
struct Standardised {
    layer: BatchNormalisation,
    /// The variance is divided by n − `unbiased` + 1.
    unbiased: u64,
}

impl Says for Standardised {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (layer, count) = (self.layer, values[0].len() / self.layer.channels);
        let channels = layer.channels;
        let plain = weights(filled(channels, S::one()), filled(channels, S::zero()));
        let output = layer.forward(&values[0], &plain, TRAINING)?;
        let [means, variances] = layer.statistics(&output)?;
        let [_, before] = layer.statistics(&values[0])?;
        // Times the denominators, so that nothing is divided by a difference.
        let correct = |variance: S| {
            (variance * S::from_integer(count as i64)).divide_by_integer(count as u64 + 1 - self.unbiased)
        };
        let delta = layer.delta.to::<S>();
        let left = variances
            .into_iter()
            .zip(&before)
            .map(|(variance, before)| variance * (correct(before.clone()) + delta.clone()));
        let left = means.into_iter().chain(left).collect();
        let right = vec![S::zero(); channels].into_iter().chain(before).collect();
        Ok((array(left), array(right)))
    }
}

fn standardises(examiner: &Examiner, unbiased: u64) -> Result<Report, Failure> {
    let layer = BatchNormalisation::new(2).delta(Fraction::new(1, 8));
    let constant = layer.forward(
        &ArrayD::<f32>::from_elem(vec![2, 2, 3], 7.0),
        &weights(filled(2, 1.0), filled(2, 0.0)),
        TRAINING,
    )?;
    if constant.iter().any(|entry| *entry != 0.0) {
        return Err("a constant channel must leave as zeros".into());
    }
    let statement = Statement::new(&["batch", "length"], move |size| {
        let input = Unknown::new("x", [size[0], 2, size[1]]);
        Ok(vec![says(vec![input], Standardised { layer, unbiased })])
    });
    Ok(on_numbers(examiner, &statement.at([2, 3]).at_large([4, 9]).shrinking_to([1, 2]))?)
}

/// A law of batch normalisation in training.
#[derive(Clone, Copy)]
enum Law {
    /// norm(x + b) with γ and β is γ·norm(x) + β.
    Affine,
    /// … is γ·(norm(x) + β).
    AffineInTheWrongOrder,
    /// norm(3x) = norm(x), with this δ.
    Scaled(Fraction),
}

impl Says for Law {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let [x, scale, shift, bias] = values else { return Err("expected x, γ, β and b".into()) };
        let plain = || weights(filled(2, S::one()), filled(2, S::zero()));
        let layer = BatchNormalisation::new(2).delta(match self {
            Law::Scaled(delta) => *delta,
            Law::Affine | Law::AffineInTheWrongOrder => Fraction::new(1, 8),
        });
        let mut channelwise = layer.forward(x, &plain(), TRAINING)?;
        for (channel, mut entries) in channelwise.axis_iter_mut(Axis(1)).enumerate() {
            let (scale, shift) = (scale[channel].clone(), shift[channel].clone());
            entries.map_inplace(|entry| {
                *entry = match self {
                    Law::Affine => scale.clone() * entry.clone() + shift.clone(),
                    Law::AffineInTheWrongOrder => scale.clone() * (entry.clone() + shift.clone()),
                    Law::Scaled(_) => entry.clone(),
                }
            });
        }
        let left = if let Law::Scaled(_) = self {
            layer.forward(&x.mapv(|entry| S::from_integer(3) * entry), &plain(), TRAINING)?
        } else {
            let mut moved = x.clone();
            for (mut entries, bias) in moved.axis_iter_mut(Axis(1)).zip(bias) {
                entries.map_inplace(|entry| entry.add_in_place(bias));
            }
            layer.forward(&moved, &weights(scale.clone(), shift.clone()), TRAINING)?
        };
        Ok((left, channelwise))
    }
}

fn numbers(examiner: &Examiner, law: Law) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["batch", "length"], move |size| {
        let two = |name: &str| Unknown::new(name, [2]);
        let input = Unknown::new("x", [size[0], 2, size[1]]);
        Ok(vec![says(vec![input, two("γ"), two("β"), two("b")], law)])
    });
    on_numbers(examiner, &statement.at([2, 3]).at_large([4, 9]).shrinking_to([1, 2]))
}

/// The first sample of a batch, and the same sample alone.
struct Alone(Mode);

impl Says for Alone {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        let layer = BatchNormalisation::new(2);
        let first = |array: &ArrayD<S>| array.slice_axis(Axis(0), (0..1).into()).to_owned();
        let in_batch = layer.forward(x, weights, self.0)?;
        Ok((first(&in_batch), layer.forward(&first(x), weights, self.0)?))
    }
}

fn alone(examiner: &Examiner, mode: Mode) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["batch", "length"], move |size| {
        let mut unknowns = vec![Unknown::new("x", [size[0], 2, size[1]])];
        let parameters = BatchNormalisation::new(2).parameters().into_iter();
        unknowns.extend(parameters.map(|parameter| Unknown::new(parameter.name, parameter.shape)));
        // Positive running variances: the squares of what is unknown.
        Ok(vec![says(unknowns, Squared(Alone(mode)))])
    });
    examiner.examine(&statement.at([2, 3]).at_large([4, 9]).shrinking_to([2, 1]))
}

/// With the last unknown, a variance, replaced by its square.
struct Squared<F>(F);

impl<F: Says> Says for Squared<F> {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let mut values = values.to_vec();
        if let Some(variance) = values.last_mut() {
            variance.map_inplace(|entry| *entry = entry.clone() * entry.clone());
        }
        self.0.sides(&values)
    }
}

/// Permuting the pixels and normalising, in either order.
struct Permuted {
    group: Symmetric,
    element: <Symmetric as Group>::Element,
    without_first: bool,
}

impl Says for Permuted {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let layer = BatchNormalisation::new(2);
        let weights = weights(values[1].clone(), values[2].clone());
        let normalise = |x: &ArrayD<S>| -> Result<ArrayD<S>, Failure> {
            let output = layer.forward(x, &weights, TRAINING)?;
            if !self.without_first {
                return Ok(output);
            }
            let rest = layer.statistics(&x.slice_axis(Axis(2), (1..).into()).to_owned())?;
            let [all, _] = layer.statistics(x)?;
            let mut moved = output;
            for (channel, mut entries) in moved.axis_iter_mut(Axis(1)).enumerate() {
                let difference = all[channel].clone() - rest[0][channel].clone();
                entries.map_inplace(|entry| entry.add_in_place(&difference));
            }
            Ok(moved)
        };
        let permute = |x: &ArrayD<S>| OnAxis::new(1).try_act(&self.group, &self.element, x.view());
        Ok((normalise(&permute(&values[0])?)?, permute(&normalise(&values[0])?)?))
    }
}

fn spatial(examiner: &Examiner, without_first: bool) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["batch", "pixels"], move |size| {
        let group = Symmetric::new(size[1])?;
        let unknowns =
            vec![Unknown::new("x", [size[0], 2, size[1]]), Unknown::new("γ", [2]), Unknown::new("β", [2])];
        let case = |element| says(unknowns.clone(), Permuted { group, element, without_first });
        Ok(group.generators().into_iter().map(case).collect())
    });
    // Sums in another order are other sums of floats, and roots of unequal expressions are unequal atoms: but the normal form orders
    // its terms, so the symbolic reading sees that these are equal.
    examiner.examine(&statement.at([1, 3]).at_large([3, 16]).shrinking_to([1, 2]))
}

/// The rotation of one sample of a batch of maps on C4: it turns the pixels and permutes the orientations.
struct OneSampleTurned {
    orbit: usize,
}

impl Says for OneSampleTurned {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let layer = BatchNormalisation::new(4).orbit(self.orbit);
        let parts = 4 / self.orbit;
        let weights = weights(filled(parts, S::one()), filled(parts, S::zero()));
        let turn = |x: &ArrayD<S>| -> Result<ArrayD<S>, Failure> {
            let (group, element) = (C4, crate::group::Rotation::Rot90);
            let mut moved = x.clone();
            let first = x.index_axis(Axis(0), 0);
            let turned = OnGrid.try_act(&group, &element, first)?;
            let turned = RegularChannels::new(3).try_act(&group, &element, turned.view())?;
            moved.index_axis_mut(Axis(0), 0).assign(&turned);
            Ok(moved)
        };
        Ok((
            layer.forward(&turn(&values[0])?, &weights, TRAINING)?,
            turn(&layer.forward(&values[0], &weights, TRAINING)?)?,
        ))
    }
}

fn orbit(examiner: &Examiner, orbit: usize) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["batch", "size"], move |size| {
        let input = Unknown::new("x", [size[0], 4, size[1], size[1]]);
        Ok(vec![says(vec![input], OneSampleTurned { orbit })])
    });
    examiner.examine(&statement.at([2, 1]).at_large([3, 5]).shrinking_to([2, 1]))
}

/// Dropout at inference against its input; and the mean of its scales over all masks, counted with their probabilities.
fn dropout_mean(examiner: &Examiner, share_of_scale: Fraction) -> Result<Report, Failure> {
    let layer = Dropout::new(Fraction::new(1, 4));
    let statement = Statement::new(&["length"], move |size| {
        let input = vec![2, 2, size[0]];
        Ok(vec![super::layer::maps::Same::case(layer, Network::new(), input)])
    });
    let identity = examiner.examine(&statement.at([3]).at_large([20]).shrinking_to([1]))?;
    // What is kept is x/(1 − p), with probability 1 − p: exactly x in the mean, in the rational numbers.
    let ones = ArrayD::<f64>::ones(vec![1, 1, 400]);
    let output = layer.forward(&ones, &[], TRAINING)?;
    let scale = if share_of_scale == Fraction::ZERO { 1.0 } else { 4.0 / 3.0 };
    let as_drawn = (0..400).all(|entry| {
        let dropped = drops(0, 0, entry as u64, layer.threshold());
        output[[0, 0, entry]] == if dropped { 0.0 } else { scale }
    });
    // p = 1/4 is exact in 32 bits, and 3/4 · 4/3 = 1.
    let probability = f64::from(layer.threshold()) / 2f64.powi(32);
    if as_drawn && (1.0 - probability) * scale == 1.0 {
        return Ok(Report::all([identity, Report::enumerated("400 entries of a mask", 400)]));
    }
    let counterexample = Counterexample::from_text(
        [("x".to_owned(), "1".to_owned())],
        format!("a mean of {}", (1.0 - probability) * scale),
        "1",
    );
    let finding = Finding::Symbolic { shape: "400 entries of a mask".into(), variables: 0, terms: 400 };
    let refuted = Report::refuted(finding, counterexample);
    Ok(refuted)
}

/// Dropout of a translated signal.
struct DropoutMoved(Mode);

impl Says for DropoutMoved {
    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let layer = Dropout::new(Fraction::new(1, 2));
        let run = |x: &ArrayD<S>| layer.forward(x, &[], self.0);
        let x = &values[0];
        Ok((run(&roll(x.view(), &[1]))?, roll(run(x)?.view(), &[1])))
    }
}

fn dropout_moves(examiner: &Examiner, mode: Mode) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["length"], move |size| {
        Ok(vec![says(vec![Unknown::new("x", [1, 1, size[0]])], DropoutMoved(mode))])
    });
    examiner.examine(&statement.at([12]).at_large([30]).shrinking_to([2]))
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
