//! What is taken over all points does not depend on their order, nor does a network that ends in it.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use crate::claims::Claim;
use crate::group::{Group, Symmetric};
use crate::layer::{Activation, Dense, GlobalPool, Layer, Mode, Reduction, SetLinear};
use crate::network::{Network, deepsets};
use crate::scalar::Scalar;
use crate::signal::{OnAxis, TrivialAction};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, Unknown, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    let sound = [Reduction::Sum, Reduction::Mean, Reduction::Maximum].map(Readout::Over);
    vec![
        Claim::holds(
            "set.deepsets.readout",
            "the sum, the mean and the maximum over the points are invariant under their permutations, \
             and so is a network of layers on sets that ends in one of them, whatever the number of \
             points",
            move |examiner| invariance(examiner, &sound),
        )
        .theorem("global_pooling_invariant")
        .mutant("points are weighted by their place", |examiner| invariance(examiner, &[Readout::ByPlace]))
        .mutant("the first point in place of the maximum", |examiner| {
            invariance(examiner, &[Readout::First])
        }),
    ]
}

/// What is read of a set, channel by channel: (sets, channels, points) to (sets, channels).
#[derive(Clone, Copy, Debug)]
enum Readout {
    Over(Reduction),
    /// Wrong: Σ_p (p + 1)·x(p)
    ByPlace,
    /// Wrong: x(0)
    First,
}

impl Map for Readout {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let over = |reduction, x: &ArrayD<S>| GlobalPool { reduction }.forward(x, &[], Mode::Inference);
        match self {
            Readout::Over(reduction) => Ok(over(*reduction, x)?),
            Readout::ByPlace => Ok(x.map_axis(Axis(2), |points| {
                let mut sum = S::zero();
                (1..).zip(points).for_each(|(place, point)| sum.add_product(&S::from_integer(place), point));
                sum
            })),
            Readout::First => Ok(x.index_axis(Axis(2), 0).to_owned()),
        }
    }
}

/// Two layers on sets with rectifiers, the readout, and a dense layer.
#[derive(Debug)]
struct EndingIn {
    readout: Readout,
    before: Network,
    after: Dense,
}

impl EndingIn {
    fn new(readout: Readout) -> Self {
        let before = Network::new()
            .then(SetLinear::new(2, 2))
            .then(Activation::Relu)
            .then(SetLinear::new(2, 3).pooling(Reduction::Sum))
            .then(Activation::Relu);
        EndingIn { readout, before, after: Dense::new(3, 2) }
    }
}

impl Map for EndingIn {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        let parts = [Map::weights(&self.before, input), Map::weights(&self.after, input)];
        parts.into_iter().flatten().collect()
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let (before, after) = weights.split_at(self.before.parameters().len());
        let read = self.readout.apply(&self.before.forward(x, before, Mode::Inference)?, &[])?;
        Ok(self.after.forward(&read, after, Mode::Inference)?)
    }
}

fn statement(map: impl Map) -> Statement {
    equivariance(
        &["sets", "coordinates", "points"],
        Arc::new(map),
        |shape| if shape[1] == 2 { Symmetric::new(shape[2]).ok() } else { None },
        OnAxis::new(1),
        TrivialAction,
        Group::generators,
    )
    .at([1, 2, 2])
    .at([1, 2, 4])
    .at_large([2, 2, 9])
    .shrinking_to([1, 2, 2])
}

fn invariance(examiner: &Examiner, readouts: &[Readout]) -> Result<Report, ExamineError> {
    let mut reports = vec![examiner.examine(&statement(deepsets(2, 2, 2)))?];
    for &readout in readouts {
        reports.push(examiner.examine(&statement(readout))?);
        reports.push(examiner.examine(&statement(EndingIn::new(readout)))?);
    }
    Ok(Report::all(reports))
}
