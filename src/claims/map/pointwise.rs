//! Pointwise nonlinearities: they commute with every permutation representation, and with little else.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use super::super::Claim;
use crate::group::{C4, FiniteGroup, Group, Representation, Symmetric, p4m};
use crate::scalar::Scalar;
use crate::signal::{LinearOnAxis, OnAxis, OnGrid, RegularChannels};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Verdict, equivariance, symmetries};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "map.pointwise_permutation",
            "a pointwise nonlinearity commutes with every permutation representation",
            |examiner| permutation_representations(examiner, Nonlinearity::Pointwise),
        )
        .theorem("pointwise_permutation")
        .mutant("the first entry is left alone", |examiner| {
            permutation_representations(examiner, Nonlinearity::AllButTheFirst)
        }),
        Claim::fails(
            "map.pointwise_rotation",
            "a pointwise ReLU commutes with a 2-vector rotated by 90°",
            |examiner| rotated_vectors(examiner, Nonlinearity::Pointwise),
        )
        .theorem("pointwise_fails_on_turned_vectors")
        .mutant("vectors are scaled by a function of their norm", |examiner| {
            rotated_vectors(examiner, Nonlinearity::OfTheNorm)
        }),
    ]
}

/// A nonlinearity on vectors (the last axis) or on any array.
#[derive(Clone, Copy, Debug)]
enum Nonlinearity {
    /// relu(x) + x² at each entry.
    Pointwise,
    /// The same at each entry but the first.
    AllButTheFirst,
    /// x · relu(1 + |x|²) for vectors x along the last axis.
    OfTheNorm,
}

impl Map for Nonlinearity {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let pointwise = x.mapv(|entry| entry.relu() + entry.clone() * entry);
        Ok(match self {
            Nonlinearity::Pointwise => pointwise,
            Nonlinearity::AllButTheFirst => {
                let mut result = pointwise;
                if let (Some(changed), Some(first)) = (result.first_mut(), x.first()) {
                    *changed = first.clone();
                }
                result
            }
            Nonlinearity::OfTheNorm => {
                let mut result = x.clone();
                for mut vector in result.lanes_mut(Axis(x.ndim() - 1)) {
                    let norm = vector.fold(S::one(), |sum, entry| sum + entry.clone() * entry.clone());
                    vector.mapv_inplace(|entry| entry * norm.relu());
                }
                result
            }
        })
    }
}

fn permutation_representations(examiner: &Examiner, map: Nonlinearity) -> Result<Report, ExamineError> {
    let map = Arc::new(map);
    let points = equivariance(
        &["points", "coordinates"],
        Arc::clone(&map),
        |shape| Symmetric::new(shape[0]).ok(),
        OnAxis::new(2),
        OnAxis::new(2),
        Group::generators,
    );
    let images = equivariance(
        &["height", "width"],
        Arc::clone(&map),
        |shape| (shape[0] == shape[1]).then(|| p4m(shape[0])),
        OnGrid,
        OnGrid,
        Group::generators,
    );
    let channels = equivariance(
        &["orientations", "width"],
        map,
        |shape| (shape[0] as u128 == C4.order()).then_some(C4),
        RegularChannels::new(2),
        RegularChannels::new(2),
        Group::generators,
    );
    Ok(Report::all([
        examiner.examine(&points.at([5, 3]).at_large([40, 3]).shrinking_to([2, 1]))?,
        examiner.examine(&images.at([5, 5]).at_large([28, 28]).shrinking_to([2, 2]))?,
        examiner.examine(&channels.at([4, 3]).at_large([4, 30]).shrinking_to([4, 1]))?,
    ]))
}

/// Vectors in the plane, along the last axis, turned with the quarter turns.
fn vectors() -> LinearOnAxis<C4> {
    LinearOnAxis::new(Representation::standard::<2>(&C4), 1)
}

fn rotated_vectors(examiner: &Examiner, map: Nonlinearity) -> Result<Report, ExamineError> {
    let map = Arc::new(map);
    let statement = equivariance(
        &["vectors", "coordinates"],
        Arc::clone(&map),
        |_| Some(C4),
        vectors(),
        vectors(),
        Group::generators,
    );
    let report = examiner.examine(&statement.at([2, 2]).at_large([20, 2]).shrinking_to([1, 2]))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let preserved = symmetries(examiner, &map, &[2, 2], &C4, &vectors(), &vectors())?;
    Ok(report.with_largest(C4.describe_subgroup(&preserved)))
}
