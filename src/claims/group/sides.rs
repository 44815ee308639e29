//! x ↦ x∘g, without the inverse, is a right action: a left one of abelian groups only.
//!
//! (a·b) ▷ x = x∘a∘b, but a ▷ (b ▷ x) = x∘b∘a. On rotations alone the mistake cannot be seen.

use ndarray::{ArrayD, Axis, concatenate};

use super::super::Claim;
use super::law::{Slip, Slipped, laws};
use crate::group::{
    C4, CyclicTranslations, D4, FiniteGroup, Group, Hyperoctahedral, Reflection, RotationReflection,
    Symmetric, p4,
};
use crate::scalar::Scalar;
use crate::signal::{ArrayAction, OnAxis, OnGrid};
use crate::verify::{
    Case, Examiner, Failure, Identity, Report, Sides, Statement, Unknown, preserved_subgroup,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "action.left_not_right",
            "x ↦ x∘g, without the inverse, is a left action of D4 on images, p4 on periodic images, B_3 on \
             volumes, S_n on points",
            |examiner| not_abelian(examiner, Slip::NoInverse),
        )
        .theorem("left_not_right")
        .mutant("with the inverse", |examiner| not_abelian(examiner, Slip::None)),
        Claim::holds(
            "action.left_not_right.abelian",
            "x ↦ x∘g is a left action of abelian groups: quarter turns, cyclic translations, a reflection",
            |examiner| abelian(examiner, Slip::NoInverse),
        )
        .theorem("left_not_right")
        .mutant("one generator moves the other way", |examiner| abelian(examiner, Slip::OneBackwards))
        .mutant("everything moves one step too far", |examiner| abelian(examiner, Slip::StepTooFar)),
    ]
}

fn on_grid(slip: Slip) -> Slipped<OnGrid> {
    Slipped { action: OnGrid, slip }
}

fn not_abelian(examiner: &Examiner, slip: Slip) -> Result<Report, Failure> {
    let images =
        Statement::new(&["channels", "height", "width"], move |shape| Ok(laws(&D4, &on_grid(slip), shape)));
    let periodic = Statement::new(&["height", "width"], move |shape| {
        Ok(if shape[0] == shape[1] { laws(&p4(shape[0]), &on_grid(slip), shape) } else { Vec::new() })
    });
    let volumes = Statement::new(&["depth", "height", "width"], move |shape| {
        Ok(laws(&Hyperoctahedral::<3>, &on_grid(slip), shape))
    });
    let points = Statement::new(&["points", "coordinates"], move |shape| {
        Ok(laws(&Symmetric::new(shape[0])?, &Slipped { action: OnAxis::new(2), slip }, shape))
    });
    let statements = [
        images.at([2, 2, 3]).at_large([3, 9, 8]).shrinking_to([1, 1, 1]),
        periodic.at([3, 3]).at_large([4, 4]).shrinking_to([1, 1]),
        volumes.at([1, 2, 2]).at_large([2, 3, 4]).shrinking_to([1, 1, 1]),
        points.at([3, 2]).at_large([6, 3]).shrinking_to([1, 1]),
    ];
    let reports: Result<Vec<_>, _> = statements.iter().map(|statement| examiner.examine(statement)).collect();
    let composing = preserved_subgroup(examiner, &D4, |a| {
        Some(Case::for_element(a, ComposesWithAll { element: *a, slip }))
    })?;
    let largest =
        format!("(a · b) ▷ x = a ▷ (b ▷ x) for a, or b, in D4: {}", D4.describe_subgroup(&composing));
    Ok(Report::none(reports?).with_largest(largest))
}

/// (a · b) ▷ x = a ▷ (b ▷ x) for one a and every b of D4. The a with this property are a subgroup: for x ↦
/// x∘g the centre, the elements that commute with all others.
struct ComposesWithAll {
    element: RotationReflection,
    slip: Slip,
}

impl Identity for ComposesWithAll {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", [1, 3, 3])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let act = |g: &RotationReflection, x: &ArrayD<S>| on_grid(self.slip).try_act(&D4, g, x.view());
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        for b in D4.elements() {
            once.push(act(&D4.compose(&self.element, &b), &values[0])?);
            twice.push(act(&self.element, &act(&b, &values[0])?)?);
        }
        let stacked = |images: &[ArrayD<S>]| {
            concatenate(Axis(0), &images.iter().map(|image| image.view()).collect::<Vec<_>>())
        };
        Ok((stacked(&once)?, stacked(&twice)?))
    }
}

fn abelian(examiner: &Examiner, slip: Slip) -> Result<Report, Failure> {
    let signals = Statement::new(&["channels", "length"], move |shape| {
        let mut cases = laws(&Reflection, &on_grid(slip), shape);
        cases.extend(laws(&CyclicTranslations::new([shape[1]]), &on_grid(slip), shape));
        Ok(cases)
    });
    let images = Statement::new(&["channels", "height", "width"], move |shape| {
        let mut cases = laws(&C4, &on_grid(slip), shape);
        cases.extend(laws(&CyclicTranslations::new([shape[1], shape[2]]), &on_grid(slip), shape));
        Ok(cases)
    });
    let signals = signals.at([2, 5]).at_large([3, 24]).shrinking_to([1, 1]);
    let images = images.at([2, 2, 3]).at_large([3, 6, 5]).shrinking_to([1, 1, 1]);
    Ok(Report::all([examiner.examine(&signals)?, examiner.examine(&images)?]))
}
