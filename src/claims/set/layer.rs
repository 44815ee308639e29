//! The linear layer on sets commutes with the permutations of the points.

use std::sync::Arc;

use ndarray::{Array2, ArrayD, Axis};

use crate::claims::Claim;
use crate::group::{Group, Symmetric};
use crate::layer::{Layer, Mode, Reduction, SetLinear};
use crate::scalar::Scalar;
use crate::signal::OnAxis;
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, Unknown, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    let wrong = |reduction, fault| [OnSets { fault, ..OnSets::new(reduction) }];
    vec![
        Claim::holds(
            "set.deepsets",
            "x ↦ λx + γ·mean(x)·1, with channels and a bias, commutes with the permutations of the \
             points; so with the sum in place of the mean",
            |examiner| permutations(examiner, [Reduction::Mean, Reduction::Sum].map(OnSets::new)),
        )
        .theorem("deepsets")
        .theorem("permutations_act")
        .mutant("one point has a weight of its own", move |examiner| {
            permutations(examiner, wrong(Reduction::Mean, Fault::WeightOfOnePoint))
        })
        .mutant("the mean of the next two points around a circle in place of that of all", move |examiner| {
            permutations(examiner, wrong(Reduction::Mean, Fault::Neighbours))
        }),
        Claim::holds(
            "set.deepsets.maximum",
            "x ↦ λx + γ·max(x)·1, with channels and a bias, commutes with the permutations of the points",
            |examiner| permutations(examiner, [OnSets::new(Reduction::Maximum)]),
        )
        .theorem("global_pooling_invariant")
        .theorem("permutations_act")
        .mutant("the first point in place of the maximum", move |examiner| {
            permutations(examiner, wrong(Reduction::Maximum, Fault::First))
        }),
    ]
}

/// What is wrong with the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The first point is multiplied by one more matrix.
    WeightOfOnePoint,
    /// What is taken over the set is, at each point, the mean of the two that follow it.
    Neighbours,
    /// What is taken over the set is its first point.
    First,
}

/// The layer from two channels to three, rightly or wrongly.
#[derive(Clone, Copy, Debug)]
struct OnSets {
    layer: SetLinear,
    fault: Fault,
}

impl OnSets {
    fn new(pooling: Reduction) -> Self {
        OnSets { layer: SetLinear::new(2, 3).pooling(pooling), fault: Fault::None }
    }

    /// Wrong: with what the fault takes over the set, at point p.
    fn at_each_point<S: Scalar>(
        &self,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
        pooled: impl Fn(usize) -> ArrayD<S>,
    ) -> Result<ArrayD<S>, Failure> {
        let (of_points, (_, dense)) = (self.layer.of_points(), self.layer.of_set());
        let one_tap = weights[0].clone().insert_axis(Axis(2));
        let mut output = of_points.forward(x, &[one_tap], Mode::Inference)?;
        for (p, mut point) in output.axis_iter_mut(Axis(2)).enumerate() {
            let summand = dense.forward(&pooled(p), &weights[1..], Mode::Inference)?;
            point.zip_mut_with(&summand, S::add_in_place);
        }
        Ok(output)
    }
}

impl Map for OnSets {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        let own = Unknown::new("weight of the first", [self.layer.outputs, self.layer.inputs]);
        let mut unknowns = Map::weights(&self.layer, input);
        unknowns.extend((self.fault == Fault::WeightOfOnePoint).then_some(own));
        unknowns
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let points = x.shape()[2];
        let at = |p: usize| x.index_axis(Axis(2), p % points);
        match self.fault {
            Fault::None => Ok(self.layer.forward(x, weights, Mode::Inference)?),
            Fault::WeightOfOnePoint => {
                let mut output = self.layer.forward(x, &weights[..3], Mode::Inference)?;
                let (first, own) = (at(0), &weights[3]);
                let more = Array2::from_shape_fn((x.shape()[0], self.layer.outputs), |(n, m)| {
                    let mut sum = S::zero();
                    (0..self.layer.inputs).for_each(|c| sum.add_product(&own[[m, c]], &first[[n, c]]));
                    sum
                });
                output.index_axis_mut(Axis(2), 0).zip_mut_with(&more.into_dyn(), S::add_in_place);
                Ok(output)
            }
            Fault::Neighbours => self.at_each_point(x, weights, |p| {
                (at(p + 1).to_owned() + at(p + 2)).mapv(|sum| sum.divide_by_integer(2))
            }),
            Fault::First => self.at_each_point(x, weights, |_| at(0).to_owned()),
        }
    }
}

fn statement(map: OnSets) -> Statement {
    let inputs = map.layer.inputs;
    equivariance(
        &["sets", "channels", "points"],
        Arc::new(map),
        move |shape| if shape[1] == inputs { Symmetric::new(shape[2]).ok() } else { None },
        OnAxis::new(1),
        OnAxis::new(1),
        Group::generators,
    )
    .at([2, 2, 2])
    .at([1, 2, 5])
    .at_large([3, 2, 12])
    .shrinking_to([1, 2, 2])
}

fn permutations<const N: usize>(examiner: &Examiner, maps: [OnSets; N]) -> Result<Report, ExamineError> {
    let reports: Result<Vec<_>, _> = maps.into_iter().map(|map| examiner.examine(&statement(map))).collect();
    Ok(Report::all(reports?))
}
