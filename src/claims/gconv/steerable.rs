//! Layers with steerable filters in more orientations than the grid has commute with the quarter turns,
//! exactly.
//!
//! A field of N orientations is a function on p4 whose values are the N/4 orientations within a quarter, so
//! the theorem about windows on p4 is about these layers, too. The faults are made from the right kernel by
//! taking its entries from other orientations.

use ndarray::{ArrayD, IxDyn};

use super::layers::turning;
use crate::claims::Claim;
use crate::group::C4;
use crate::layer::{Bank, GroupConvolution, Layer, Mode};
use crate::scalar::Scalar;
use crate::signal::{FeatureType, GridGroup};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Unknown};

/// Orientations of the fields that are tried.
const ORIENTATIONS: usize = 8;

pub(super) fn claims() -> Vec<Claim> {
    let claim = Claim::holds(
        "gconv.steerable",
        "a layer whose filters are combinations of circular harmonics, in eight orientations, commutes with \
         the quarter turns exactly: samples of the turns by less than a quarter are moved on the grid for \
         the others",
        |examiner| commutes(examiner, None),
    )
    .theorem("group_window_equivariant");
    let claim = [Fault::NotTurned, Fault::WrongSense, Fault::NoShift, Fault::PlainOrder]
        .into_iter()
        .fold(claim, |claim, fault| {
            claim.mutant(fault.name(), move |examiner| commutes(examiner, Some(fault)))
        });
    vec![claim]
}

/// What is wrong with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NotTurned,
    WrongSense,
    NoShift,
    PlainOrder,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Fault::NotTurned => "the filters are not turned",
            Fault::WrongSense => "the filters are turned in the other sense",
            Fault::NoShift => "the orientations are not shifted",
            Fault::PlainOrder => "channels stand in the order of their angles",
        }
    }

    /// The orientations of output and input from which the entry between these two comes.
    fn source(self, output: usize, input: usize) -> (usize, usize) {
        let turned = |by: usize| by % ORIENTATIONS;
        match self {
            Fault::NotTurned => (0, turned(input + ORIENTATIONS - output)),
            // The filter that belongs to the opposite angle, of the right relative orientation.
            Fault::WrongSense => (turned(ORIENTATIONS - output), turned(input + 2 * (ORIENTATIONS - output))),
            Fault::NoShift => (output, turned(input + output)),
            Fault::PlainOrder => (output, input),
        }
    }
}

/// A channel's orientation, where it stands within its field.
fn orientation(channel: usize) -> usize {
    channel % 4 * (ORIENTATIONS / 4) + channel / 4
}

/// The channel of an orientation within its field.
fn channel(orientation: usize) -> usize {
    orientation % (ORIENTATIONS / 4) * 4 + orientation / (ORIENTATIONS / 4)
}

/// A layer from one field, or an image, to one field, with or without a fault.
#[derive(Clone, Debug)]
struct Steerable {
    layer: GroupConvolution,
    fault: Option<Fault>,
}

impl Map for Steerable {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        Map::weights(&self.layer, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let Some(fault) = self.fault else {
            return Ok(self.layer.forward(x, weights, Mode::Inference)?);
        };
        let bank: Bank = self.layer.bank()?;
        let right = bank.expand(&weights[0]);
        let lifts = self.layer.inputs.is_trivial();
        let kernel = ArrayD::from_shape_fn(right.raw_dim(), |place| {
            let mut place: IxDyn = place;
            let read = |place: usize| if fault == Fault::PlainOrder { place } else { orientation(place) };
            let (output, input) = fault.source(read(place[0]), if lifts { 0 } else { read(place[1]) });
            place[0] = channel(output);
            place[1] = if lifts { 0 } else { channel(input) };
            right[&place].clone()
        });
        Ok(self.layer.plain().forward(x, &[kernel], Mode::Inference)?)
    }
}

fn commutes(examiner: &Examiner, fault: Option<Fault>) -> Result<Report, ExamineError> {
    let c4 = GridGroup::c4();
    let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, ORIENTATIONS / 4));
    let mut reports = Vec::new();
    for (from, small, large) in [(image, [3, 4], [9, 8]), (maps.clone(), [2, 3], [5, 4])] {
        // Without a shift nothing is wrong where there is one orientation to read.
        if fault == Some(Fault::NoShift) && from.is_trivial() {
            continue;
        }
        let layer = GroupConvolution::new(from.clone(), maps.clone(), [3, 3]).steerable(ORIENTATIONS);
        let map = Steerable { layer: layer.padding([1, 1]).without_bias(), fault };
        let shape = |[height, width]: [usize; 2]| [1, from.channels(), height, width];
        let statement = turning(C4, map, &from, &maps).at(shape(small)).at_large(shape(large));
        reports.push(examiner.examine(&statement.shrinking_to(shape([1, 1])))?);
    }
    Ok(Report::all(reports))
}
