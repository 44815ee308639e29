//! Composition of equivariant maps, and invariance as equivariance with the trivial action on the output.

use std::sync::Arc;

use ndarray::ArrayD;

use super::super::Claim;
use super::maps::{Activation, Dense, Filter, Kernel, Pool, Then};
use crate::conv::Boundary;
use crate::group::{D4, Group, RotationReflection, p4m};
use crate::scalar::Scalar;
use crate::signal::{ArrayAction, OnGrid, TrivialAction};
use crate::verify::{
    Case, ExamineError, Examiner, Failure, Identity, Map, Report, Sides, Statement, Unknown, equivariance,
};

pub(super) fn claims() -> Vec<Claim> {
    let free = Filter { kernel: Kernel::Free, ..Filter::symmetric("v") };
    let bordered = Filter { boundary: Boundary::Zero, ..Filter::symmetric("v") };
    vec![
        Claim::holds(
            "map.composition",
            "equivariant ∘ equivariant is equivariant; invariant ∘ equivariant is invariant",
            |examiner| composition(examiner, Filter::symmetric("v"), Pool::Mean),
        )
        .theorem("composition_equivariant")
        .theorem("composition_invariant")
        .mutant("the second map is not equivariant", move |examiner| {
            composition(examiner, free, Pool::UpperHalf)
        }),
        Claim::holds(
            "map.invariance_is_trivial_action",
            "f(g ▷ x) = f(x) for all g iff f is equivariant with the trivial action on the output",
            |examiner| invariance_is_equivariance(examiner, TrivialAction),
        )
        .theorem("invariance_is_trivial_action")
        .mutant("the output moves with the input", |examiner| invariance_is_equivariance(examiner, OnGrid)),
        Claim::holds(
            "map.segmentation_and_label",
            "a map of pixels moves with the image, a globally pooled label does not change",
            |examiner| segmentation_and_label(examiner, Filter::symmetric("w"), Pool::Mean),
        )
        .theorem("translation_equivariance")
        .theorem("global_pooling_invariant")
        .mutant("zero padding, and the upper half pooled", move |examiner| {
            segmentation_and_label(examiner, bordered, Pool::UpperHalf)
        }),
    ]
}

fn composition(examiner: &Examiner, second: Filter, label: Pool) -> Result<Report, ExamineError> {
    let first = Filter { boundary: Boundary::Zero, ..Filter::symmetric("w") };
    let pixels = equivariance(
        &["height", "width"],
        Arc::new(Then(first, second)),
        |_| Some(D4),
        OnGrid,
        OnGrid,
        Group::generators,
    )
    .at([3, 2])
    .at_large([9, 8])
    .shrinking_to([1, 1]);
    let pooled = equivariance(
        &["height", "width"],
        Arc::new(Then(first, label)),
        |_| Some(D4),
        OnGrid,
        TrivialAction,
        Group::generators,
    )
    .at([3, 4])
    .at_large([12, 9])
    .shrinking_to([1, 1]);
    Ok(Report::all([examiner.examine(&pixels)?, examiner.examine(&pooled)?]))
}

/// f(g ▷ x) − f(x) = f(g ▷ x) − g ▷ f(x): the two conditions are that the one side, or the other, is zero.
/// For any f: here a dense layer with free weights, which has no symmetry at all.
struct SameCondition<O> {
    shape: Vec<usize>,
    element: RotationReflection,
    output: O,
}

const ANY_MAP: Dense = Dense { scores: None, activation: Activation::Square };

impl<O: ArrayAction<D4>> Identity for SameCondition<O> {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone())];
        unknowns.extend(ANY_MAP.weights(&self.shape));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let result = ANY_MAP.apply(&values[0], &values[1..])?;
        let moved = OnGrid.try_act(&D4, &self.element, values[0].view())?;
        let result_of_moved = ANY_MAP.apply(&moved, &values[1..])?;
        let moved_result = self.output.try_act(&D4, &self.element, result.view())?;
        Ok((result_of_moved.clone() - result, result_of_moved - moved_result))
    }
}

fn invariance_is_equivariance(
    examiner: &Examiner,
    output: impl ArrayAction<D4> + Copy,
) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["height", "width"], move |shape| {
        // A quarter turn of an oblong has another shape, and nothing to be compared with.
        if shape[0] != shape[1] {
            return Ok(Vec::new());
        }
        let case =
            |element| Case::for_element(element, SameCondition { shape: shape.to_vec(), element, output });
        Ok(D4.generators().into_iter().map(case).collect())
    });
    examiner.examine(&statement.at([3, 3]).at_large([8, 8]).shrinking_to([1, 1]))
}

fn segmentation_and_label(examiner: &Examiner, filter: Filter, label: Pool) -> Result<Report, ExamineError> {
    let motions = |shape: &[usize]| (shape[0] == shape[1]).then(|| p4m(shape[0]));
    let pixels =
        equivariance(&["height", "width"], Arc::new(filter), motions, OnGrid, OnGrid, Group::generators)
            .at([4, 4])
            .at_large([13, 13])
            .shrinking_to([1, 1]);
    let pooled = equivariance(
        &["height", "width"],
        Arc::new(Then(filter, label)),
        motions,
        OnGrid,
        TrivialAction,
        Group::generators,
    )
    .at([3, 3])
    .at_large([12, 12])
    .shrinking_to([1, 1]);
    Ok(Report::all([examiner.examine(&pixels)?, examiner.examine(&pooled)?]))
}
