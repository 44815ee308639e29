//! S_n moves the points of a cloud; what does not depend on their order is invariant.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use super::super::Claim;
use super::law::{Slip, Slipped, laws};
use crate::group::{Group, Symmetric};
use crate::scalar::Scalar;
use crate::signal::{OnAxis, TrivialAction};
use crate::verify::{Examiner, Failure, Map, Report, Statement, Unknown, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    use Readout::{First, Maximum, Mean, NeighbouringProducts, Sum, Weighted};
    vec![
        Claim::holds(
            "action.permutation_points",
            "S_n acts on the points of a cloud; the sum, the mean and the maximum over the points are \
             invariant",
            |examiner| permutations(examiner, Slip::None, &[Sum, Mean, Maximum]),
        )
        .theorem("permutations_act")
        .theorem("global_pooling_invariant")
        .mutant("the first point is read", |examiner| permutations(examiner, Slip::None, &[First]))
        .mutant("each point has a weight of its own", |examiner| {
            permutations(examiner, Slip::None, &[Weighted])
        })
        .mutant("products of neighbours are summed", |examiner| {
            permutations(examiner, Slip::None, &[NeighbouringProducts])
        })
        .mutant("points are moved by the inverse permutation", |examiner| {
            permutations(examiner, Slip::NoInverse, &[Sum])
        }),
    ]
}

/// What is read of a cloud (point, coordinate), coordinate by coordinate.
#[derive(Clone, Copy, Debug)]
enum Readout {
    Sum,
    Mean,
    Maximum,
    First,
    Weighted,
    NeighbouringProducts,
}

impl Map for Readout {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        match self {
            Readout::Weighted => vec![Unknown::new("w", [input[0]])],
            _ => Vec::new(),
        }
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let points = x.len_of(Axis(0)) as u64;
        let sum = |entries: &mut dyn Iterator<Item = S>| entries.fold(S::zero(), |sum, entry| sum + entry);
        Ok(x.map_axis(Axis(0), |coordinates| {
            let mut entries = coordinates.iter().cloned();
            match self {
                Readout::Sum => sum(&mut entries),
                Readout::Mean => sum(&mut entries).divide_by_integer(points),
                Readout::Maximum => {
                    entries.reduce(|greatest, entry| greatest.maximum(&entry)).unwrap_or_else(S::zero)
                }
                Readout::First => coordinates[0].clone(),
                Readout::Weighted => sum(&mut entries.zip(&weights[0]).map(|(x, w)| x * w.clone())),
                Readout::NeighbouringProducts => {
                    let next = entries.clone().skip(1);
                    sum(&mut entries.zip(next).map(|(x, y)| x * y))
                }
            }
        }))
    }
}

fn permutations(examiner: &Examiner, slip: Slip, readouts: &[Readout]) -> Result<Report, Failure> {
    let dimensions = ["points", "coordinates"];
    let points = Slipped { action: OnAxis::new(2), slip };
    let action = points.clone();
    let acts = Statement::new(&dimensions, move |shape| Ok(laws(&Symmetric::new(shape[0])?, &action, shape)));
    let invariant = readouts.iter().map(|&readout| {
        equivariance(
            &dimensions,
            Arc::new(readout),
            |shape| Symmetric::new(shape[0]).ok(),
            points.clone(),
            TrivialAction,
            Group::generators,
        )
    });
    let statements = std::iter::once(acts.at([4, 2]).at_large([6, 3]))
        .chain(invariant.map(|statement| statement.at([4, 2]).at_large([12, 3])));
    let reports: Result<Vec<_>, _> =
        statements.map(|statement| examiner.examine(&statement.shrinking_to([1, 1]))).collect();
    Ok(Report::all(reports?))
}
