//! Normalisation of channels does not see where an entry stands.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use super::layer::{Normalised, Statistics};
use crate::claims::Claim;
use crate::group::{Group, Permutation, Symmetric};
use crate::layer::BatchNormalisation;
use crate::scalar::Ring;
use crate::signal::{ActionError, ArrayAction, OnAxis};
use crate::verify::{ExamineError, Examiner, Report, Statement, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.spatial",
            "per-channel normalisation commutes with every permutation of the pixels",
            |examiner| spatial(examiner, [Statistics::Training, Statistics::Inference]),
        )
        .theorem("batch_norm_permutation")
        .theorem("batch_statistics_invariant")
        .mutant("the statistics of one column normalise all", |examiner| {
            spatial(examiner, [Statistics::FirstColumn, Statistics::FirstColumn])
        }),
    ]
}

/// A permutation of all places of space, in row-major order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixels;

impl ArrayAction<Symmetric> for Pixels {
    fn name(&self) -> String {
        "permutation of the pixels".to_owned()
    }

    fn try_act<S: Ring>(
        &self,
        group: &Symmetric,
        g: &Permutation,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let error = || ActionError::new("permutation of the pixels", "(batch, channels, space…)", x.shape());
        let rows = x.to_shape(vec![x.shape()[0], x.shape()[1], group.points()]).map_err(|_| error())?;
        let moved = OnAxis::new(1).try_act(group, g, rows.view())?;
        moved.into_shape_with_order(x.shape()).map_err(|_| error())
    }
}

/// Normalisation of two channels commutes with the permutations of the places of an input of `rank` axes of
/// space.
fn permutations(rank: usize, statistics: Statistics) -> Statement {
    let names = [&["samples", "channels"], &["depth", "height", "width"][3 - rank..]].concat();
    let map = Normalised::new(BatchNormalisation::new(2), statistics);
    equivariance(
        &names,
        Arc::new(map),
        |shape| if shape[1] == 2 { Symmetric::new(shape[2..].iter().product()).ok() } else { None },
        Pixels,
        Pixels,
        Group::generators,
    )
}

fn spatial(examiner: &Examiner, modes: [Statistics; 2]) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for statistics in modes {
        let line = permutations(1, statistics).at([2, 2, 5]).at_large([3, 2, 9]);
        let image = permutations(2, statistics).at([2, 2, 2, 3]).at_large([2, 2, 5, 4]);
        let volume = permutations(3, statistics).at([1, 2, 2, 1, 3]).at_large([2, 2, 3, 2, 3]);
        reports.push(examiner.examine(&line.shrinking_to([1, 2, 2]))?);
        reports.push(examiner.examine(&image.shrinking_to([1, 2, 1, 2]))?);
        reports.push(examiner.examine(&volume.shrinking_to([1, 2, 1, 1, 2]))?);
    }
    Ok(Report::all(reports))
}
