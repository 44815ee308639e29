//! Integer translation with zero fill is no action of Zᵈ; cyclic translation is one.
//!
//! T_{−1} T_1 x ≠ x: what has left the frame is lost, so that no translation has an inverse. In one direction
//! along each axis zero fill does compose.

use ndarray::{ArrayD, ArrayViewD};

use super::super::Claim;
use super::law::{Slip, Slipped, laws, laws_on};
use crate::group::{CyclicTranslations, IntegerTranslations, Translation};
use crate::scalar::Ring;
use crate::signal::{ActionError, ArrayAction, OnGrid, ZeroFillShift, roll};
use crate::verify::{Examiner, Failure, Report, Statement, Verdict};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "action.translation_zero_fill",
            "integer translation with zero fill is an action of Zᵈ on bounded signals, images and volumes",
            |examiner| {
                let both = bounded(examiner, Fill::Zeros, Directions::Both)?;
                let one = bounded(examiner, Fill::Zeros, Directions::Forward)?;
                let report = Report::none(both);
                Ok::<_, Failure>(match Report::all(one).verdict {
                    Verdict::Holds => {
                        report.with_largest("translations toward larger indices, among themselves")
                    }
                    _ => report,
                })
            },
        )
        .theorem("zero_fill_is_no_action")
        .mutant("around the border", |examiner| {
            Ok::<_, Failure>(Report::none(bounded(examiner, Fill::Wraps, Directions::Both)?))
        }),
        Claim::holds(
            "action.translation_zero_fill.one_direction",
            "with zero fill, translations in one direction along each axis compose",
            |examiner| Ok::<_, Failure>(Report::all(bounded(examiner, Fill::Zeros, Directions::Forward)?)),
        )
        .theorem("zero_fill_one_direction")
        .mutant("the first entry is repeated, one step late", |examiner| {
            Ok::<_, Failure>(Report::all(bounded(examiner, Fill::Late, Directions::Forward)?))
        }),
        Claim::holds(
            "action.translation_zero_fill.cyclic",
            "cyclic translation is an action of Z_n, of Z_n × Z_m and of Z_n × Z_m × Z_k",
            |examiner| Ok::<_, Failure>(Report::all(cyclic(examiner, Around::Whole(Slip::None))?)),
        )
        .theorem("translations_act")
        .mutant("zeros come in", |examiner| Ok::<_, Failure>(Report::all(cyclic(examiner, Around::Zeros)?)))
        .mutant("one step too far", |examiner| {
            Ok::<_, Failure>(Report::all(cyclic(examiner, Around::Whole(Slip::StepTooFar))?))
        })
        .mutant("one of the axes goes backwards", |examiner| {
            Ok::<_, Failure>(Report::all(cyclic(examiner, Around::Whole(Slip::OneBackwards))?))
        }),
    ]
}

/// What comes in at the border.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Zeros,
    Wraps,
    /// Zeros, and every proper translation is one step longer.
    Late,
}

impl<const D: usize> ArrayAction<IntegerTranslations<D>> for Fill {
    fn name(&self) -> String {
        ArrayAction::<IntegerTranslations<D>>::name(&ZeroFillShift)
    }

    fn try_act<S: Ring>(
        &self,
        group: &IntegerTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        match self {
            Fill::Zeros => ZeroFillShift.try_act(group, g, x),
            Fill::Wraps => Ok(roll(x, &g.0)),
            Fill::Late => ZeroFillShift.try_act(group, &Translation(g.0.map(|step| step + step.signum())), x),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Directions {
    Both,
    Forward,
}

/// The laws of an action on signals, images and volumes, one report each.
fn bounded(examiner: &Examiner, fill: Fill, directions: Directions) -> Result<[Report; 3], Failure> {
    let signals = Statement::new(&["length"], move |shape| {
        Ok(laws_on(&IntegerTranslations::<1>, &fill, shape, &steps(directions), &steps(directions)))
    });
    let images = Statement::new(&["height", "width"], move |shape| {
        Ok(laws_on(&IntegerTranslations::<2>, &fill, shape, &steps(directions), &steps(directions)))
    });
    let volumes = Statement::new(&["depth", "height", "width"], move |shape| {
        Ok(laws_on(&IntegerTranslations::<3>, &fill, shape, &steps(directions), &steps(directions)))
    });
    Ok([
        examiner.examine(&signals.at([4]).at_large([24]).shrinking_to([1]))?,
        examiner.examine(&images.at([3, 4]).at_large([9, 8]).shrinking_to([1, 1]))?,
        examiner.examine(&volumes.at([2, 3, 2]).at_large([4, 5, 3]).shrinking_to([1, 1, 1]))?,
    ])
}

/// Steps by 1 and 2 along each axis, one step along all axes at once, and the way back where it is asked for.
fn steps<const D: usize>(directions: Directions) -> Vec<Translation<D>> {
    let mut steps: Vec<[i64; D]> = (0..D)
        .flat_map(|axis| [1, 2].map(|step| std::array::from_fn(|other| if other == axis { step } else { 0 })))
        .collect();
    steps.push([1; D]);
    if matches!(directions, Directions::Both) {
        steps.extend(steps.clone().into_iter().map(|step| step.map(|n: i64| -n)));
    }
    steps.into_iter().map(Translation).collect()
}

/// How a periodic array is moved, rightly or wrongly.
#[derive(Clone, Copy, Debug)]
enum Around {
    Whole(Slip),
    Zeros,
}

impl<const D: usize> ArrayAction<CyclicTranslations<D>> for Around {
    fn name(&self) -> String {
        ArrayAction::<CyclicTranslations<D>>::name(&OnGrid)
    }

    fn try_act<S: Ring>(
        &self,
        group: &CyclicTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        match *self {
            Around::Whole(slip) => Slipped { action: OnGrid, slip }.try_act(group, g, x),
            Around::Zeros => ZeroFillShift.try_act(&IntegerTranslations::<D>, g, x),
        }
    }
}

fn cyclic(examiner: &Examiner, around: Around) -> Result<[Report; 3], Failure> {
    let signals = Statement::new(&["channels", "length"], move |shape| {
        Ok(laws(&CyclicTranslations::new([shape[1]]), &around, shape))
    });
    let images = Statement::new(&["channels", "height", "width"], move |shape| {
        Ok(laws(&CyclicTranslations::new([shape[1], shape[2]]), &around, shape))
    });
    let volumes = Statement::new(&["depth", "height", "width"], move |shape| {
        Ok(laws(&CyclicTranslations::new([shape[0], shape[1], shape[2]]), &around, shape))
    });
    Ok([
        examiner.examine(&signals.at([2, 5]).at_large([3, 24]).shrinking_to([1, 1]))?,
        examiner.examine(&images.at([2, 3, 4]).at_large([3, 7, 6]).shrinking_to([1, 1, 1]))?,
        examiner.examine(&volumes.at([2, 3, 2]).at_large([4, 3, 4]).shrinking_to([1, 1, 1]))?,
    ])
}
