//! Feature maps on a group: a rotation moves the pixels and permutes the orientations of each feature.
//!
//! Statistics for each channel move along when a whole batch is turned, so that there only parameters for
//! each channel do harm; but when one sample of a batch is turned its orientations fall under the statistics
//! of other channels.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

use super::layer::{Normalised, Statistics, constants};
use crate::claims::Claim;
use crate::group::{C4, FiniteGroup, Group, Rotation};
use crate::layer::BatchNormalisation;
use crate::scalar::{Ring, Scalar};
use crate::signal::{ActionError, ArrayAction, FeatureType, GridGroup};
use crate::verify::{
    ExamineError, Examiner, Failure, Map, Report, Statement, Unknown, Verdict, equivariance, symmetries,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "norm.orbit",
            "normalisation with statistics and parameters for each channel commutes with the rotation of a \
             group feature map",
            |examiner| per_channel(examiner, 1),
        )
        .theorem("channel_statistics_break")
        .theorem("orbit_affine")
        .mutant("the orientations of a feature share them", |examiner| per_channel(examiner, 4)),
        Claim::holds(
            "norm.orbit.shared",
            "it does, sample by sample, when the orientations of a feature share statistics and parameters",
            |examiner| shared(examiner, 4, MODES),
        )
        .theorem("orbit_norm")
        .theorem("orbit_statistics_invariant")
        .mutant("statistics and parameters for each channel", |examiner| shared(examiner, 1, MODES))
        .mutant("two and two orientations share", |examiner| shared(examiner, 2, MODES))
        .mutant("the statistics of one column normalise all", |examiner| {
            shared(examiner, 4, [Statistics::FirstColumn; 2])
        }),
        Claim::holds(
            "norm.orbit.whole_batch",
            "with statistics for each channel and shared parameters it does when the whole batch is turned",
            |examiner| whole_batch(examiner, Statistics::Training),
        )
        .theorem("block_norm_whole_batch")
        .mutant("the statistics of one column normalise all", |examiner| {
            whole_batch(examiner, Statistics::FirstColumn)
        }),
    ]
}

/// Which samples of a batch are turned.
#[derive(Clone, Copy, Debug)]
enum Turned {
    All,
    First,
}

impl Turned {
    /// Turns (batch, 4·features, n, n), where the four orientations of a feature stand together.
    fn all<S: Ring>(g: &Rotation, x: ArrayViewD<'_, S>) -> Result<ArrayD<S>, ActionError> {
        let channels = x.shape().get(1).copied().unwrap_or(0);
        FeatureType::regular(&GridGroup::c4(), channels / 4).on_maps().try_act(&C4, g, x)
    }
}

impl ArrayAction<C4> for Turned {
    fn name(&self) -> String {
        match self {
            Turned::All => "rotation of feature maps",
            Turned::First => "rotation of the feature map of the first sample",
        }
        .to_owned()
    }

    fn try_act<S: Ring>(&self, _: &C4, g: &Rotation, x: ArrayViewD<'_, S>) -> Result<ArrayD<S>, ActionError> {
        if let Turned::All = self {
            return Turned::all(g, x);
        }
        let first = Slice::from(..1);
        let mut moved = x.to_owned();
        moved.slice_axis_mut(Axis(0), first).assign(&Turned::all(g, x.slice_axis(Axis(0), first))?);
        Ok(moved)
    }
}

/// A normalisation with γ = 1 and β = 0, so that only the statistics are examined.
#[derive(Clone, Copy, Debug)]
struct StatisticsAlone(Normalised);

impl Map for StatisticsAlone {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        Vec::new()
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let orbits = self.0.layer.channels / self.0.layer.orbit;
        let [ones, zeros] = [1, 0].map(|value| constants::<S>(&vec![value; orbits]));
        self.0.of(x, &[ones.clone(), zeros.clone(), zeros, ones])
    }
}

/// Features with four orientations each.
fn normalised(features: usize, orbit: usize, statistics: Statistics) -> Normalised {
    Normalised::new(BatchNormalisation::new(4 * features).orbit(orbit), statistics)
}

/// A map of so many features commutes with the rotation of some samples.
fn turning(features: usize, map: impl Map, turned: Turned) -> Statement {
    let channels = 4 * features;
    let group = move |shape: &[usize]| (shape[1] == channels && shape[2] == shape[3]).then_some(C4);
    equivariance(
        &["samples", "channels", "height", "width"],
        Arc::new(map),
        group,
        turned,
        turned,
        Group::generators,
    )
    .at([2, channels, 2, 2])
    .at_large([3, channels, 5, 5])
    .shrinking_to([2, channels, 1, 1])
}

/// Statistics alone with one sample turned, and parameters with all samples turned.
fn per_channel(examiner: &Examiner, orbit: usize) -> Result<Report, ExamineError> {
    let map = normalised(1, orbit, Statistics::Training);
    let alone = StatisticsAlone(map);
    let report = Report::none([
        examiner.examine(&turning(1, alone, Turned::First))?,
        examiner.examine(&turning(1, map, Turned::All))?,
    ]);
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let preserved =
        symmetries(examiner, &Arc::new(alone), &[2, 4, 3, 3], &C4, &Turned::First, &Turned::First)?;
    Ok(report.with_largest(C4.describe_subgroup(&preserved)))
}

/// The statistics of both modes.
const MODES: [Statistics; 2] = [Statistics::Training, Statistics::Inference];

fn shared(examiner: &Examiner, orbit: usize, modes: [Statistics; 2]) -> Result<Report, ExamineError> {
    let reports = modes
        .map(|statistics| examiner.examine(&turning(2, normalised(2, orbit, statistics), Turned::First)))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Report::all(reports))
}

fn whole_batch(examiner: &Examiner, statistics: Statistics) -> Result<Report, ExamineError> {
    examiner.examine(&turning(2, StatisticsAlone(normalised(2, 1, statistics)), Turned::All))
}
