//! Running statistics: what they are at inference, and how training moves them.

use ndarray::{ArrayD, Axis, concatenate};

use super::layer::{
    DELTA, Normalised, Statistics, constants, each_sample, moments, unknown_weights, with_positive_variance,
};
use crate::claims::Claim;
use crate::layer::{BatchNormalisation, Fraction};
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.running",
            "inference uses the running mean and variance: one sample gives the same result alone or in a \
             batch",
            |examiner| inference(examiner, Statistics::Inference),
        )
        .theorem("norm_inference_alone")
        .mutant("the statistics of the batch are used at inference", |examiner| {
            inference(examiner, Statistics::Training)
        }),
        Claim::holds(
            "norm.running.update",
            "training moves the running mean by r ← (1 − m)·r + m·μ, and the running variance so towards \
             σ²·n/(n − 1)",
            |examiner| update(examiner, Update::AsItIs),
        )
        .mutant("the running variance is the biased one", |examiner| update(examiner, Update::Biased))
        .mutant("the momentum weighs the old statistics", |examiner| {
            update(examiner, Update::MomentumOfTheOld)
        }),
        Claim::fails(
            "norm.running.training_mode",
            "in training mode one sample gives the same result alone or in a batch",
            |examiner| examiner.examine(&alone_or_in_a_batch(Statistics::Training)),
        )
        .theorem("norm_training_mixes")
        .mutant("each sample is normalised by itself", |examiner| {
            examiner.examine(&alone_or_in_a_batch(Statistics::EachSample))
        })
        .mutant("the running statistics are used in training", |examiner| {
            examiner.examine(&alone_or_in_a_batch(Statistics::Inference))
        }),
    ]
}

/// A batch gives what its samples give one by one.
struct Alone {
    map: Normalised,
    shape: Vec<usize>,
}

impl Identity for Alone {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone())];
        unknowns.extend(unknown_weights(&self.map.layer));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let weights = with_positive_variance(&values[1..]);
        let alone = each_sample(&values[0], |sample| self.map.of(sample, &weights))?;
        Ok((self.map.of(&values[0], &weights)?, alone))
    }
}

fn alone_or_in_a_batch(statistics: Statistics) -> Statement {
    Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        let map = Normalised::new(BatchNormalisation::new(shape[1]), statistics);
        Ok(vec![Case::new(Alone { map, shape: shape.to_vec() })])
    })
    .at([2, 2, 2, 3])
    .at_large([5, 3, 4, 5])
    .shrinking_to([1, 1, 1, 2])
}

/// With running variances 45 and 0 and δ = 4 the roots are 7 and 2: y = γ·(x − r)/√(v + δ) + β is a
/// polynomial.
struct RunningOnes {
    statistics: Statistics,
}

impl Identity for RunningOnes {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", [2, 2, 3])];
        unknowns.extend(["γ", "β", "running mean"].map(|name| Unknown::new(name, [2])));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let map = Normalised::new(BatchNormalisation::new(2).delta(DELTA), self.statistics);
        let [x, scale, shift, mean] = [0, 1, 2, 3].map(|unknown: usize| &values[unknown]);
        let weights = [scale.clone(), shift.clone(), mean.clone(), constants(&[45, 0])];
        let expected = ArrayD::from_shape_fn(x.raw_dim(), |index| {
            let channel = [index[1]];
            let distance = x[&index].clone() - mean[channel.as_slice()].clone();
            let root = [7, 2][channel[0]];
            scale[channel.as_slice()].clone() * distance.divide_by_integer(root)
                + shift[channel.as_slice()].clone()
        });
        Ok((map.of(x, &weights)?, expected))
    }
}

fn inference(examiner: &Examiner, statistics: Statistics) -> Result<Report, ExamineError> {
    Ok(Report::all([
        examiner.examine(&Statement::single(RunningOnes { statistics }))?,
        examiner.examine(&alone_or_in_a_batch(statistics))?,
    ]))
}

/// How the running statistics move.
#[derive(Clone, Copy, Debug)]
enum Update {
    AsItIs,
    /// Wrong: towards the variance that divides by n.
    Biased,
    /// Wrong: r ← m·r + (1 − m)·s.
    MomentumOfTheOld,
}

/// The running statistics after a step with momentum 1/3, against sums of powers: n·μ = Σx and n·(n − 1)·s² =
/// n·Σx² − (Σx)².
struct Moves {
    update: Update,
    shape: Vec<usize>,
}

impl Identity for Moves {
    fn unknowns(&self) -> Vec<Unknown> {
        let running = ["running mean", "running variance"].map(|name| Unknown::new(name, [self.shape[1]]));
        [vec![Unknown::new("x", self.shape.clone())], running.into()].concat()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, running) = (&values[0], [&values[1], &values[2]]);
        let third = Fraction::new(1, 3);
        let count = x.len() / x.shape()[1];
        let layer = BatchNormalisation::new(x.shape()[1]).momentum(match self.update {
            Update::MomentumOfTheOld => third.complement(),
            Update::AsItIs | Update::Biased => third,
        });
        let [mean, mut variance] = layer.running_statistics(x, running)?;
        let mix = |old: &ArrayD<S>, new: &ArrayD<S>| {
            (old.mapv(|entry| entry * S::from_integer(2)) + new).mapv(|entry| entry.divide_by_integer(3))
        };
        let (newest, biased) = moments(x);
        if matches!(self.update, Update::Biased) {
            variance = mix(running[1], &biased);
        }
        let unbiased =
            biased.mapv(|entry| (entry * S::from_integer(count as i64)).divide_by_integer(count as u64 - 1));
        let (means, variances) = (mix(running[0], &newest), mix(running[1], &unbiased));
        Ok((
            concatenate(Axis(0), &[mean.view(), variance.view()])?,
            concatenate(Axis(0), &[means.view(), variances.view()])?,
        ))
    }
}

fn update(examiner: &Examiner, update: Update) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        let shape = shape.to_vec();
        let enough = shape[0] * shape[2] * shape[3] > 1;
        Ok(if enough { vec![Case::new(Moves { update, shape })] } else { Vec::new() })
    });
    examiner.examine(&statement.at([2, 2, 2, 3]).at_large([3, 2, 5, 4]).shrinking_to([1, 1, 1, 2]))
}
