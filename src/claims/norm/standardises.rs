//! What leaves batch normalisation in training: mean 0 and variance σ²/(σ² + δ).
//!
//! The mean is 0 whatever the root is, which is proved symbolically. The variance is not: r² · (σ² + δ) = 1
//! for r = 1/√(σ² + δ) is a property of the root. It is decided by numbers on any input, and proved for all
//! means on channels whose root is rational.

use ndarray::{ArrayD, Axis, Ix1, concatenate};

use super::layer::{DELTA, DEVIATIONS, Normalised, Statistics, channels_with_deviations, constants, moments};
use crate::claims::Claim;
use crate::layer::{BatchNormalisation, Fraction};
use crate::scalar::Scalar;
use crate::verify::{
    Case, Counterexample, ExamineError, Examiner, Failure, Finding, Identity, Report, Sides, Statement,
    Unknown,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.standardises",
            "in training, each channel leaves with mean 0 and variance σ²/(σ² + δ)",
            |examiner| standardises(examiner, Statistics::Training, DELTA),
        )
        .theorem("norm_standardises")
        .mutant("the variance divides by n − 1", |examiner| {
            standardises(examiner, Statistics::Unbiased, DELTA)
        })
        .mutant("the running statistics are used in training", |examiner| {
            standardises(examiner, Statistics::Inference, DELTA)
        })
        .mutant("δ is next to nothing", |examiner| {
            standardises(examiner, Statistics::Training, Fraction::new(1, 1_000_000))
        })
        .mutant("divides by the variance and not by its root", |examiner| {
            standardises(examiner, Statistics::SquaredVariance, DELTA)
        }),
        Claim::holds("norm.standardises.mean", "in training, each channel leaves with mean 0", |examiner| {
            mean(examiner, Statistics::Training)
        })
        .theorem("norm_standardises")
        .mutant("the mean is not subtracted", |examiner| mean(examiner, Statistics::NotCentred))
        .mutant("the statistics of one column normalise all", |examiner| {
            mean(examiner, Statistics::FirstColumn)
        }),
        Claim::holds("norm.standardises.constant", "a channel of equal entries leaves as β", |examiner| {
            constant(examiner, Statistics::Training)
        })
        .theorem("norm_constant")
        .mutant("the mean is not subtracted", |examiner| constant(examiner, Statistics::NotCentred))
        .mutant("the running statistics are used in training", |examiner| {
            constant(examiner, Statistics::Inference)
        }),
        Claim::holds(
            "norm.standardises.finite",
            "a channel of equal entries leaves finite in single and in double precision",
            |_| finite(Statistics::Training),
        )
        .mutant("the variance is the mean square minus the squared mean", |_| {
            finite(Statistics::MeanOfSquares)
        }),
    ]
}

/// γ = 1, β = 0 and running statistics 0 and 1, for two channels.
fn plain<S: Scalar>() -> [ArrayD<S>; 4] {
    [constants(&[1, 1]), constants(&[0, 0]), constants(&[0, 0]), constants(&[1, 1])]
}

/// Mean and cleared variance of the output: (mean y, (σ² + δ)·variance y) = (0, σ²).
fn mean_and_variance<S: Scalar>(map: Normalised, x: &ArrayD<S>) -> Result<Sides<S>, Failure> {
    let (mean, variance) = moments(&map.of(x, &plain())?);
    let (_, spread) = moments(x);
    let cleared = (spread.mapv(|entry| entry + DELTA.to::<S>())) * variance;
    let zero = mean.mapv(|_| S::zero());
    Ok((
        concatenate(Axis(0), &[mean.view(), cleared.view()])?,
        concatenate(Axis(0), &[zero.view(), spread.view()])?,
    ))
}

/// On any input of this shape.
struct AnyInput {
    map: Normalised,
    shape: Vec<usize>,
}

impl Identity for AnyInput {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        mean_and_variance(self.map, &values[0])
    }
}

/// On channels with fixed deviations, whose root is rational, and with any means.
struct AnyMeans(Normalised);

impl Identity for AnyMeans {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("means", [2])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let means = values[0].view().into_dimensionality::<Ix1>()?;
        mean_and_variance(self.0, &channels_with_deviations(means, DEVIATIONS, [1, 1]))
    }
}

fn standardises(
    examiner: &Examiner,
    statistics: Statistics,
    delta: Fraction,
) -> Result<Report, ExamineError> {
    let map = Normalised::new(BatchNormalisation::new(2).delta(delta), statistics);
    let any_input = Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        Ok(vec![Case::new(AnyInput { map, shape: shape.to_vec() })])
    });
    let mut report = Report::all([
        examiner.examine(&Statement::single(AnyMeans(map)))?,
        examiner.examine(&any_input.at([2, 2, 2, 3]).at_large([3, 2, 5, 4]))?,
    ]);
    report.remark.get_or_insert_with(|| {
        "symbolically for all means of channels with a rational root; on any input by numbers".to_owned()
    });
    Ok(report)
}

/// The mean of the output is 0.
struct MeanIsZero {
    map: Normalised,
    shape: Vec<usize>,
}

impl Identity for MeanIsZero {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        // A multiple of √(σ² + δ) in place of 0 would do as well: 1 is there to give the sides a scale.
        let (mean, _) = moments(&self.map.of(&values[0], &plain())?);
        Ok((mean.mapv(|entry| entry + S::one()), mean.mapv(|_| S::one())))
    }
}

fn mean(examiner: &Examiner, statistics: Statistics) -> Result<Report, ExamineError> {
    let map = Normalised::new(BatchNormalisation::new(2), statistics);
    let statement = Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        let shape = shape.to_vec();
        Ok(if shape[1] == 2 { vec![Case::new(MeanIsZero { map, shape })] } else { Vec::new() })
    });
    examiner.examine(&statement.at([2, 2, 2, 3]).at_large([3, 2, 5, 4]).shrinking_to([1, 2, 1, 2]))
}

/// A batch whose channels are constant leaves as β.
struct Constant {
    map: Normalised,
    shape: Vec<usize>,
}

impl Identity for Constant {
    fn unknowns(&self) -> Vec<Unknown> {
        ["a", "γ", "β"].map(|name| Unknown::new(name, [2])).into()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let spread = |numbers: &ArrayD<S>| {
            ArrayD::from_shape_fn(self.shape.clone(), |index| numbers[[index[1]].as_slice()].clone())
        };
        let [_, _, mean, variance] = plain();
        let weights = [values[1].clone(), values[2].clone(), mean, variance];
        Ok((self.map.of(&spread(&values[0]), &weights)?, spread(&values[2])))
    }
}

fn constant(examiner: &Examiner, statistics: Statistics) -> Result<Report, ExamineError> {
    let map = Normalised::new(BatchNormalisation::new(2), statistics);
    let statement = Statement::new(&["samples", "channels", "length"], move |shape| {
        let shape = shape.to_vec();
        Ok(if shape[1] == 2 { vec![Case::new(Constant { map, shape })] } else { Vec::new() })
    });
    examiner.examine(&statement.at([2, 2, 3]).at_large([4, 2, 13]).shrinking_to([1, 2, 2]))
}

/// Constants of every size of single precision whose sum over the batch is still a number.
fn finite(statistics: Statistics) -> Result<Report, Failure> {
    let map = Normalised::new(BatchNormalisation::new(2), statistics);
    let powers = (-30..=30).map(|exponent| 10_f64.powi(exponent));
    let sizes: Vec<f64> = powers.flat_map(|power| [power, -0.7 * power, power / 3.0]).chain([0.0]).collect();
    for &size in &sizes {
        let shape = vec![3, 2, 7];
        let single = map.of(&ArrayD::from_elem(shape.clone(), size as f32), &plain())?;
        let double = map.of(&ArrayD::from_elem(shape.clone(), size), &plain())?;
        let lost = |precision: &str, output: String| {
            let inputs = [("every entry".to_owned(), format!("{size:e} in {precision} precision"))];
            let counterexample = Counterexample::from_text(inputs, output, "a finite number");
            Report::refuted(finding(1.0), counterexample)
        };
        if let Some(entry) = single.iter().find(|entry| !entry.is_finite()) {
            return Ok(lost("single", entry.to_string()));
        }
        if let Some(entry) = double.iter().find(|entry| !entry.is_finite()) {
            return Ok(lost("double", entry.to_string()));
        }
    }
    Ok(Report::confirmed(finding(0.0)))
}

/// Of finiteness: there is no rounding to allow for, and the error is that some output is no number.
fn finding(relative_error: f64) -> Finding {
    let shape = "3 samples, 2 channels, length 7, constants from 10⁻³⁰ to 10³⁰ and 0".to_owned();
    Finding::Float { shape, relative_error, noise_floor: 0.0 }
}
