//! Group normalisation does not see where an entry stands either, and layer normalisation where it has no
//! weights.

use std::sync::Arc;

use ndarray::ArrayD;

use super::spatial::Pixels;
use crate::claims::Claim;
use crate::group::{Group, Symmetric};
use crate::layer::{AnyLayer, GroupNormalisation, LayerNormalisation};
use crate::scalar::Scalar;
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, Unknown, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "norm.group",
            "group, layer and instance normalisation, with γ and β for each channel, commute with every \
             permutation of the pixels",
            |examiner| spatial(examiner, Kind::Groups),
        )
        .mutant("each pixel has its γ and β", |examiner| spatial(examiner, |_| Kind::PixelByPixel))
        .mutant("each column has its statistics", |examiner| spatial(examiner, |_| Kind::Columns)),
    ]
}

/// Which normalisation runs on four channels.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Of this many groups of channels.
    Groups(usize),
    /// Wrong: with weights for each entry of a sample.
    PixelByPixel,
    /// Wrong: with statistics for each place along the last axis.
    Columns,
}

impl Kind {
    fn layer(self, input: &[usize]) -> AnyLayer {
        let axes: Vec<_> = (1..input.len() - 1).collect();
        match self {
            Kind::Groups(groups) => GroupNormalisation::new(groups, 4).into(),
            Kind::PixelByPixel => LayerNormalisation::new(&input[1..]).into(),
            Kind::Columns => {
                LayerNormalisation::over(axes, &input[1..input.len() - 1]).without_weights().into()
            }
        }
    }
}

impl Map for Kind {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer(input), input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Map::apply(&self.layer(x.shape()), x, weights)
    }
}

/// Normalisation of four channels commutes with the permutations of the places of an input of `rank` axes of
/// space.
fn permutations(rank: usize, kind: Kind) -> Statement {
    let names = [&["samples", "channels"], &["height", "width"][2 - rank..]].concat();
    equivariance(
        &names,
        Arc::new(kind),
        |shape| if shape[1] == 4 { Symmetric::new(shape[2..].iter().product()).ok() } else { None },
        Pixels,
        Pixels,
        Group::generators,
    )
}

fn spatial(examiner: &Examiner, kind: fn(usize) -> Kind) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for kind in [1, 2, 4].map(kind) {
        let line = permutations(1, kind).at([1, 4, 3]).at_large([2, 4, 9]);
        let image = permutations(2, kind).at([1, 4, 2, 2]).at_large([2, 4, 5, 4]);
        // On a line a column is a pixel.
        if !matches!(kind, Kind::Columns) {
            reports.push(examiner.examine(&line.shrinking_to([1, 4, 2]))?);
        }
        reports.push(examiner.examine(&image.shrinking_to([1, 4, 1, 2]))?);
    }
    Ok(Report::all(reports))
}
