//! Up and down again, and beside what was there: upsampling and skip connections keep the square's
//! symmetries.

use std::sync::Arc;

use ndarray::{ArrayD, Axis};

use crate::claims::Claim;
use crate::group::{D4, Group};
use crate::layer::{Layer, Mode, Pool, TransposedConvolution, Upsample};
use crate::network::{Network, Residual};
use crate::scalar::Scalar;
use crate::signal::{OnGrid, roll};
use crate::verify::{ExamineError, Examiner, Failure, Map, Report, Statement, equivariance};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.upsample",
            "nearest and linear upsampling, corners aligned or not, commute with the symmetries of the \
             square",
            |examiner| upsampling(examiner, Fault::None),
        )
        .mutant("linear places are o/s, without the half", |examiner| upsampling(examiner, Fault::NoHalf))
        .mutant("the output begins one entry late", |examiner| upsampling(examiner, Fault::OneLate)),
        Claim::holds(
            "layer.skip",
            "the channels of two ways, one after the other, commute with the symmetries of the square that \
             both ways commute with",
            |examiner| skipping(examiner, Fault::None),
        )
        .mutant("the way up has free weights", |examiner| skipping(examiner, Fault::FreeWeights))
        .mutant("the shortcut is joined one entry late", |examiner| skipping(examiner, Fault::OneLate)),
    ]
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    NoHalf,
    OneLate,
    FreeWeights,
}

/// Upsampling that may be wrong.
#[derive(Clone, Debug)]
struct Upsampling {
    layer: Upsample,
    fault: Fault,
}

/// Linear between ⌊o/s⌋ and the entry behind it, along the last two axes.
fn without_half<S: Scalar>(x: &ArrayD<S>, factors: &[usize]) -> ArrayD<S> {
    let mut value = x.clone();
    for (axis, &factor) in (2..).zip(factors) {
        let last = value.shape()[axis] - 1;
        let mut shape = value.raw_dim();
        shape[axis] *= factor;
        value = ArrayD::from_shape_fn(shape, |index| {
            let (place, share) = (index[axis] / factor, (index[axis] % factor) as i64);
            let at = |place: usize, share: i64| {
                let mut index = index.clone();
                index[axis] = place.min(last);
                S::from_integer(share) * value[index].clone()
            };
            (at(place, factor as i64 - share) + at(place + 1, share)).divide_by_integer(factor as u64)
        });
    }
    value
}

impl Map for Upsampling {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        if self.fault == Fault::NoHalf {
            return Ok(without_half(x, self.layer.factors()));
        }
        let y = self.layer.forward(x, &[], Mode::Inference)?;
        Ok(if self.fault == Fault::OneLate { roll(y.view(), &[0, 1]) } else { y })
    }
}

/// A map of square images commutes with D4.
fn on_squares(map: impl Map) -> Statement {
    let square = |shape: &[usize]| (shape[2] == shape[3] && shape[2].is_multiple_of(2)).then_some(D4);
    let names = ["samples", "channels", "height", "width"];
    let statement = equivariance(&names, Arc::new(map), square, OnGrid, OnGrid, Group::generators);
    statement.at([1, 2, 4, 4]).at_large([2, 2, 10, 10])
}

fn upsampling(examiner: &Examiner, fault: Fault) -> Result<Report, ExamineError> {
    let layers = [
        Upsample::nearest([2, 2]),
        Upsample::linear([2, 2]),
        Upsample::linear([3, 3]),
        Upsample::linear_with_corners_aligned([2, 2]),
    ];
    let examine = |layer| {
        let statement = on_squares(Upsampling { layer, fault });
        examiner.examine(&statement.shrinking_to([1, 1, 2, 2]))
    };
    Ok(Report::all(layers.map(examine).into_iter().collect::<Result<Vec<_>, _>>()?))
}

/// A skip connection whose shortcut may be late.
struct Skip {
    network: Network,
    fault: Fault,
}

impl Map for Skip {
    fn weights(&self, input: &[usize]) -> Vec<crate::verify::Unknown> {
        Map::weights(&self.network, input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut y = self.network.forward(x, weights, Mode::Inference)?;
        if self.fault == Fault::OneLate {
            let (_, mut shortcut) = y.view_mut().split_at(Axis(1), x.shape()[1]);
            let late = roll(shortcut.view(), &[0, 1]);
            shortcut.assign(&late);
        }
        Ok(y)
    }
}

/// The lowest step of a U-Net: down by a pool and up again, beside the input.
fn skipping(examiner: &Examiner, fault: Fault) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for pool in [Pool::maximum([2, 2]), Pool::mean([2, 2])] {
        let down = Network::new().then(pool);
        let body = match fault {
            Fault::FreeWeights => {
                down.then(TransposedConvolution::new(2, 2, [2, 2]).stride([2, 2]).without_bias())
            }
            _ => down.then(Upsample::nearest([2, 2])),
        };
        let network = Network::new().then(Residual::new(body).concatenated());
        let statement = on_squares(Skip { network, fault }).shrinking_to([1, 2, 2, 2]);
        reports.push(examiner.examine(&statement)?);
    }
    Ok(Report::all(reports))
}
