//! The scale of the input: without δ it is lost in training, and with δ almost.

use ndarray::{ArrayD, Ix1};

use super::layer::{
    DELTA, DEVIATIONS, Normalised, Statistics, channels_with_deviations, never_constant, unknown_weights,
    with_positive_variance,
};
use crate::claims::Claim;
use crate::layer::{BatchNormalisation, Fraction};
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.scale_invariance",
            "with δ = 0 the training-mode output does not change when the input is scaled by c > 0",
            |examiner| invariance(examiner, Statistics::Training, Fraction::ZERO),
        )
        .theorem("norm_scale_invariance")
        .mutant("divides by the variance and not by its root", |examiner| {
            invariance(examiner, Statistics::SquaredVariance, Fraction::ZERO)
        })
        .mutant("the running statistics are used in training", |examiner| {
            invariance(examiner, Statistics::Inference, Fraction::ONE)
        }),
        Claim::holds(
            "norm.scale_invariance.limit",
            "scaling the input by c > 0 is dividing δ by c²: the larger the input, the less δ counts",
            |examiner| limit(examiner, Room::DividedBySquare),
        )
        .theorem("norm_scale")
        .mutant("δ is divided by c", |examiner| limit(examiner, Room::Divided))
        .mutant("δ is left as it is", |examiner| limit(examiner, Room::Same)),
        Claim::fails(
            "norm.scale_invariance.delta",
            "with δ > 0 the training-mode output does not change when the input is scaled by c > 0",
            |examiner| examiner.examine(&any_input(Statistics::Training, |_| (Fraction::ONE, Fraction::ONE))),
        )
        .theorem("norm_scale")
        .mutant("δ is 0", |examiner| {
            examiner.examine(&any_input(Statistics::Training, |_| (Fraction::ZERO, Fraction::ZERO)))
        }),
    ]
}

/// The factors c by which inputs are scaled.
const FACTORS: [u32; 2] = [2, 3];

/// Normalising c·x with `large` is normalising x with `small`.
#[derive(Clone, Copy)]
struct Scaled {
    factor: u32,
    large: Normalised,
    small: Normalised,
}

impl Scaled {
    fn new(statistics: Statistics, factor: u32, large: Fraction, small: Fraction) -> Self {
        let map = |delta| Normalised::new(BatchNormalisation::new(2).delta(delta), statistics);
        Scaled { factor, large: map(large), small: map(small) }
    }

    fn sides<S: Scalar>(self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let weights = with_positive_variance(weights);
        let scaled = x.mapv(|entry| entry * S::from_integer(self.factor.into()));
        Ok((self.large.of(&scaled, &weights)?, self.small.of(x, &weights)?))
    }
}

/// On any input of this shape that is not constant.
struct AnyInput {
    scaled: Scaled,
    shape: Vec<usize>,
}

impl Identity for AnyInput {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone())];
        unknowns.extend(unknown_weights(&self.scaled.small.layer));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        self.scaled.sides(&never_constant(&values[0]), &values[1..])
    }
}

/// On channels with fixed deviations, whose roots are rational, and with any means.
struct AnyMeans {
    scaled: Scaled,
    deviations: [i64; 4],
}

impl Identity for AnyMeans {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("means", [2])];
        unknowns.extend(unknown_weights(&self.scaled.small.layer));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let means = values[0].view().into_dimensionality::<Ix1>()?;
        self.scaled.sides(&channels_with_deviations(means, self.deviations, [1, 1]), &values[1..])
    }
}

/// For each factor c: normalising c·x with the first δ of `deltas(c)` is normalising x with the second.
fn any_input(
    statistics: Statistics,
    deltas: impl Fn(u32) -> (Fraction, Fraction) + Send + Sync + 'static,
) -> Statement {
    Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        // A single entry has no deviation, and without δ nothing to divide by.
        if shape[1] != 2 || shape[0] * shape[2] * shape[3] < 2 {
            return Ok(Vec::new());
        }
        let case = |factor| {
            let (large, small) = deltas(factor);
            let scaled = Scaled::new(statistics, factor, large, small);
            Case::new(AnyInput { scaled, shape: shape.to_vec() })
        };
        Ok(FACTORS.map(case).into())
    })
    .at([2, 2, 1, 3])
    .at_large([3, 2, 5, 4])
    .shrinking_to([1, 2, 1, 2])
}

/// The same on channels with these deviations.
fn any_means(
    statistics: Statistics,
    deviations: [i64; 4],
    deltas: impl Fn(u32) -> (Fraction, Fraction) + Send + Sync + 'static,
) -> Statement {
    Statement::new(&[], move |_| {
        let case = |factor| {
            let (large, small) = deltas(factor);
            Case::new(AnyMeans { scaled: Scaled::new(statistics, factor, large, small), deviations })
        };
        Ok(FACTORS.map(case).into())
    })
    .at([])
}

fn invariance(examiner: &Examiner, statistics: Statistics, delta: Fraction) -> Result<Report, ExamineError> {
    let mut report = Report::all([
        // Deviations with variance 25, whose root is 5.
        examiner.examine(&any_means(statistics, [7, -1, 1, -7], move |_| (delta, delta)))?,
        examiner.examine(&any_input(statistics, move |_| (delta, delta)))?,
    ]);
    report.remark.get_or_insert_with(|| {
        "symbolically for all means of channels with a rational root; on any input by numbers; for c = 2 and \
         3"
        .to_owned()
    });
    Ok(report)
}

/// What δ becomes for x, where it is 4c² for c·x.
#[derive(Clone, Copy, Debug)]
enum Room {
    /// δ for c·x and δ/c² for x.
    DividedBySquare,
    /// Wrong: δ/c for x.
    Divided,
    /// Wrong: δ for x too.
    Same,
}

impl Room {
    /// δ = 4c² for c·x, with which both roots are rational on [`DEVIATIONS`], and the δ for x.
    fn deltas(self, factor: u32) -> (Fraction, Fraction) {
        let square = i64::from(factor * factor);
        let small = match self {
            Room::DividedBySquare => DELTA,
            Room::Divided => Fraction::new(4 * i64::from(factor), 1),
            Room::Same => Fraction::new(4 * square, 1),
        };
        (Fraction::new(4 * square, 1), small)
    }
}

fn limit(examiner: &Examiner, room: Room) -> Result<Report, ExamineError> {
    Ok(Report::all([
        examiner.examine(&any_means(Statistics::Training, DEVIATIONS, move |factor| room.deltas(factor)))?,
        examiner.examine(&any_input(Statistics::Training, move |factor| room.deltas(factor)))?,
    ]))
}
