//! γ and β: they give a channel any mean and deviation, and make a bias before the layer pointless.

use ndarray::{ArrayD, Axis, Ix1, concatenate};

use super::layer::{
    DELTA, DEVIATIONS, Normalised, Statistics, channels_with_deviations, constants, moments, unknown_weights,
    with_positive_variance,
};
use crate::claims::Claim;
use crate::layer::BatchNormalisation;
use crate::scalar::Scalar;
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.affine",
            "γH′ + β has mean β and variance γ² times that of H′, so that γ and β restore any mean and \
             deviation",
            |examiner| affine(examiner, Parameters::AsTheyAre),
        )
        .theorem("norm_affine_restores")
        .mutant("γ and β are exchanged", |examiner| affine(examiner, Parameters::Exchanged))
        .mutant("β is scaled by γ too", |examiner| affine(examiner, Parameters::ShiftFirst))
        .mutant("γ is forgotten", |examiner| affine(examiner, Parameters::NoScale)),
        Claim::holds("norm.affine.bias", "a bias before batch norm changes nothing", |examiner| {
            bias(examiner, Statistics::Training)
        })
        .theorem("norm_ignores_bias")
        .mutant("the mean is not subtracted", |examiner| bias(examiner, Statistics::NotCentred))
        .mutant("the running statistics are used in training", |examiner| {
            bias(examiner, Statistics::Inference)
        }),
    ]
}

/// What the layer gets as γ and β.
#[derive(Clone, Copy, Debug)]
enum Parameters {
    AsTheyAre,
    /// Wrong: β and γ.
    Exchanged,
    /// Wrong: γ and γβ, as if the shift came before the scale.
    ShiftFirst,
    /// Wrong: 1 and β.
    NoScale,
}

impl Parameters {
    fn apply<S: Scalar>(
        self,
        x: &ArrayD<S>,
        scale: &ArrayD<S>,
        shift: &ArrayD<S>,
    ) -> Result<ArrayD<S>, Failure> {
        let (scale, shift) = match self {
            Parameters::AsTheyAre => (scale.clone(), shift.clone()),
            Parameters::Exchanged => (shift.clone(), scale.clone()),
            Parameters::ShiftFirst => (scale.clone(), scale.clone() * shift.clone()),
            Parameters::NoScale => (constants(&[1, 1]), shift.clone()),
        };
        let map = Normalised::new(BatchNormalisation::new(2).delta(DELTA), Statistics::Training);
        map.of(x, &[scale, shift, constants(&[0, 0]), constants(&[1, 1])])
    }

    /// (mean y, (σ² + δ)·variance y) = (β, γ²σ²), and y = x for γ² = σ² + δ, β = the mean of x.
    fn sides<S: Scalar>(
        self,
        x: &ArrayD<S>,
        scale: &ArrayD<S>,
        shift: &ArrayD<S>,
    ) -> Result<Sides<S>, Failure> {
        let (mean, variance) = moments(&self.apply(x, scale, shift)?);
        let (center, spread) = moments(x);
        let room = spread.mapv(|entry| entry + DELTA.to::<S>());
        let (cleared, scaled) = (room.clone() * variance, scale.clone() * scale.clone() * spread);
        let restored = self.apply(x, &room.mapv(|entry| entry.square_root()), &center)?;
        let flat =
            |array: &ArrayD<S>| ArrayD::from_shape_vec(vec![array.len()], array.iter().cloned().collect());
        let (restored, original) = (flat(&restored)?, flat(x)?);
        Ok((
            concatenate(Axis(0), &[mean.view(), cleared.view(), restored.view()])?,
            concatenate(Axis(0), &[shift.view(), scaled.view(), original.view()])?,
        ))
    }
}

/// On any input of this shape.
struct AnyInput {
    parameters: Parameters,
    shape: Vec<usize>,
}

impl Identity for AnyInput {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone()), Unknown::new("γ", [2]), Unknown::new("β", [2])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        self.parameters.sides(&values[0], &values[1], &values[2])
    }
}

/// On channels with fixed deviations, whose root is rational, and with any means.
struct AnyMeans(Parameters);

impl Identity for AnyMeans {
    fn unknowns(&self) -> Vec<Unknown> {
        ["means", "γ", "β"].map(|name| Unknown::new(name, [2])).into()
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let means = values[0].view().into_dimensionality::<Ix1>()?;
        let x = channels_with_deviations(means, DEVIATIONS, [1, 1]);
        self.0.sides(&x, &values[1], &values[2])
    }
}

fn affine(examiner: &Examiner, parameters: Parameters) -> Result<Report, ExamineError> {
    let any_input = Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        let shape = shape.to_vec();
        Ok(if shape[1] == 2 { vec![Case::new(AnyInput { parameters, shape })] } else { Vec::new() })
    });
    let mut report = Report::all([
        examiner.examine(&Statement::single(AnyMeans(parameters)))?,
        examiner.examine(&any_input.at([2, 2, 1, 3]).at_large([3, 2, 5, 4]).shrinking_to([1, 2, 1, 2]))?,
    ]);
    report.remark.get_or_insert_with(|| {
        "symbolically for all γ, β and means of channels with a rational root; on any input by numbers"
            .to_owned()
    });
    Ok(report)
}

/// Normalising x + b is normalising x, for a number b for each channel.
struct Bias {
    map: Normalised,
    shape: Vec<usize>,
}

impl Identity for Bias {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone()), Unknown::new("b", [2])];
        unknowns.extend(unknown_weights(&self.map.layer));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, bias) = (&values[0], &values[1]);
        let weights = with_positive_variance(&values[2..]);
        let biased = ArrayD::from_shape_fn(x.raw_dim(), |index| {
            x[&index].clone() + bias[[index[1]].as_slice()].clone()
        });
        Ok((self.map.of(&biased, &weights)?, self.map.of(x, &weights)?))
    }
}

fn bias(examiner: &Examiner, statistics: Statistics) -> Result<Report, ExamineError> {
    let map = Normalised::new(BatchNormalisation::new(2), statistics);
    let statement = Statement::new(&["samples", "channels", "height", "width"], move |shape| {
        let shape = shape.to_vec();
        Ok(if shape[1] == 2 { vec![Case::new(Bias { map, shape })] } else { Vec::new() })
    });
    examiner.examine(&statement.at([2, 2, 1, 3]).at_large([3, 2, 5, 4]).shrinking_to([1, 2, 1, 2]))
}
