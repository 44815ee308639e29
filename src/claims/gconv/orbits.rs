//! One bias and one normalisation for all orientations of a feature, or one for each.

use std::sync::Arc;

use ndarray::ArrayD;

use super::layers::turning;
use crate::claims::Claim;
use crate::group::{C4, D4, FiniteGroup};
use crate::layer::{BatchNormalisation, GroupConvolution, Layer, Mode};
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup, PointGroup};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Unknown, Verdict, symmetries};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "gconv.bias_norm",
            "with one bias and one normalisation for all orientations of a feature a group layer commutes \
             with the group",
            |examiner| shared(examiner, Shared::BOTH),
        )
        .theorem("orientations_share")
        .theorem("orbit_norm")
        .theorem("orbit_statistics_invariant")
        .mutant("a bias for each orientation", |examiner| {
            shared(examiner, Shared { bias: false, ..Shared::BOTH })
        })
        .mutant("a normalisation for each orientation", |examiner| {
            shared(examiner, Shared { normalisation: false, ..Shared::BOTH })
        }),
        Claim::fails(
            "gconv.bias_norm.per_orientation",
            "with one bias and one normalisation for each orientation it commutes with the group",
            |examiner| per_orientation(examiner, Shared { bias: false, normalisation: false }),
        )
        .theorem("orientations_share")
        .theorem("orbit_affine")
        .theorem("channel_statistics_break")
        .mutant("one of each for all orientations of a feature", |examiner| {
            per_orientation(examiner, Shared::BOTH)
        }),
    ]
}

/// What the orientations of a feature share.
#[derive(Clone, Copy, Debug)]
struct Shared {
    bias: bool,
    normalisation: bool,
}

impl Shared {
    const BOTH: Shared = Shared { bias: true, normalisation: true };
}

/// The normalisation, as at inference, of the outputs of a group layer.
#[derive(Clone, Debug)]
struct Normalised {
    layer: GroupConvolution,
    shared: Shared,
}

impl Normalised {
    fn new(group: &GridGroup, shared: Shared) -> Self {
        let layer =
            GroupConvolution::new(FeatureType::trivial(group, 1), FeatureType::regular(group, 2), [3, 3]);
        Normalised { layer: layer.padding([1, 1]), shared }
    }

    fn normalisation(&self) -> BatchNormalisation {
        let orbit = if self.shared.normalisation { self.layer.outputs.size() } else { 1 };
        BatchNormalisation::new(self.layer.outputs.channels()).orbit(orbit)
    }
}

impl Map for Normalised {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        let outputs = &self.layer.outputs;
        let biases = if self.shared.bias { outputs.fields() } else { outputs.channels() };
        let mut unknowns = Map::weights(&self.layer, input);
        unknowns[1] = Unknown::new("bias", [biases]);
        let orbits = outputs.channels() / self.normalisation().orbit;
        unknowns
            .extend(["γ", "β", "running mean", "running deviation"].map(|name| Unknown::new(name, [orbits])));
        unknowns
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let outputs = &self.layer.outputs;
        let no_bias = ArrayD::from_elem(vec![outputs.fields()], S::zero());
        let mut maps = self.layer.forward(x, &[weights[0].clone(), no_bias], Mode::Inference)?;
        let share = if self.shared.bias { outputs.size() } else { 1 };
        for (channel, mut pixels) in maps.axis_iter_mut(ndarray::Axis(1)).enumerate() {
            pixels.mapv_inplace(|pixel| pixel + weights[1][channel / share].clone());
        }
        // A variance is not negative.
        let variance = weights[5].mapv(|deviation| deviation.clone() * deviation);
        let normalisation = [weights[2].clone(), weights[3].clone(), weights[4].clone(), variance];
        Ok(self.normalisation().forward(&maps, &normalisation, Mode::Inference)?)
    }
}

fn examine<G: FiniteGroup + PointGroup>(
    examiner: &Examiner,
    group: G,
    shared: Shared,
) -> Result<Report, ExamineError> {
    let map = Normalised::new(&GridGroup::of(&group), shared);
    let (from, to) = (map.layer.inputs.clone(), map.layer.outputs.clone());
    let statement = turning(group, map, &from, &to);
    examiner.examine(&statement.at([1, 1, 2, 3]).at_large([2, 1, 6, 5]).shrinking_to([1, 1, 1, 1]))
}

fn shared(examiner: &Examiner, shared: Shared) -> Result<Report, ExamineError> {
    Ok(Report::all([examine(examiner, C4, shared)?, examine(examiner, D4, shared)?]))
}

fn per_orientation(examiner: &Examiner, shared: Shared) -> Result<Report, ExamineError> {
    let report = Report::none([examine(examiner, C4, shared)?, examine(examiner, D4, shared)?]);
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let map = Normalised::new(&GridGroup::d4(), shared);
    let (from, to) = (map.layer.inputs.on_maps(), map.layer.outputs.on_maps());
    let preserved = symmetries(examiner, &Arc::new(map), &[1, 1, 3, 3], &D4, &from, &to)?;
    Ok(report.with_largest(D4.describe_subgroup(&preserved)))
}
