//! Every group acts on what it moves: signals, images, volumes, channels, points, and products of these.

use ndarray::{ArrayD, ArrayViewD};

use super::super::Claim;
use super::law::{Slip, Slipped, laws};
use crate::group::{
    C4, CyclicTranslations, D4, FiniteGroup, Group, Hyperoctahedral, P4, Product, Reflection, Representation,
    SignedPermutation, Symmetric, Trivial, p4, p4m,
};
use crate::scalar::Ring;
use crate::signal::{
    AboutOrigin, ActionError, ArrayAction, Both, First, LinearOnAxis, OnAxis, OnGrid, PointPart,
    RegularChannels, Second, TrivialAction,
};
use crate::verify::{Case, Examiner, Failure, Report, Statement};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "action.laws",
            "e ▷ x = x and (a · b) ▷ x = a ▷ (b ▷ x), for every group on what it moves: signals, images, \
             volumes, channels, points, and products of these",
            |examiner| all_laws(examiner, Slip::None),
        )
        .theorem("product_acts")
        .theorem("dihedral_acts_on_squares")
        .theorem("translations_act")
        .theorem("permutations_act")
        .theorem("motions_act")
        .theorem("signed_permutations_act")
        .mutant("x ↦ x∘g, without the inverse", |examiner| all_laws(examiner, Slip::NoInverse))
        .mutant("one generator moves backwards", |examiner| all_laws(examiner, Slip::OneBackwards))
        .mutant("everything moves one step too far", |examiner| all_laws(examiner, Slip::StepTooFar))
        .mutant("p4 translates first, and then turns", |examiner| {
            let statement = Statement::new(&["height", "width"], |shape| {
                Ok(if shape[0] == shape[1] {
                    laws(&p4(shape[0]), &TranslateThenTurn, shape)
                } else {
                    Vec::new()
                })
            });
            examiner.examine(&statement.at([3, 3]).at_large([5, 5]).shrinking_to([1, 1]))
        }),
    ]
}

fn all_laws(examiner: &Examiner, slip: Slip) -> Result<Report, Failure> {
    let statements = [signals, images, volumes, channels, points, products].map(|moved| moved(slip));
    let reports: Result<Vec<_>, _> = statements.iter().map(|statement| examiner.examine(statement)).collect();
    Ok(Report::all(reports?))
}

/// The laws of one action with a slip, gathered over several groups.
struct Gathered<'a> {
    slip: Slip,
    shape: &'a [usize],
    cases: Vec<Case>,
}

impl<'a> Gathered<'a> {
    fn new(slip: Slip, shape: &'a [usize]) -> Self {
        Gathered { slip, shape, cases: Vec::new() }
    }

    fn add<G: FiniteGroup>(&mut self, group: &G, action: impl ArrayAction<G>) {
        self.add_on(group, action, self.shape.to_vec());
    }

    fn add_on<G: FiniteGroup>(
        &mut self,
        group: &G,
        action: impl ArrayAction<G>,
        shape: impl Into<Vec<usize>>,
    ) {
        self.cases.extend(laws(group, &Slipped { action, slip: self.slip }, &shape.into()));
    }
}

fn signals(slip: Slip) -> Statement {
    Statement::new(&["channels", "length"], move |shape| {
        let mut gathered = Gathered::new(slip, shape);
        gathered.add(&Trivial, TrivialAction);
        gathered.add(&Reflection, OnGrid);
        gathered.add(&Hyperoctahedral::<1>, AboutOrigin);
        gathered.add(&CyclicTranslations::new([shape[1]]), OnGrid);
        Ok(gathered.cases)
    })
    .at([2, 4])
    .at([1, 5])
    .at_large([3, 24])
    .shrinking_to([1, 1])
}

fn images(slip: Slip) -> Statement {
    Statement::new(&["channels", "height", "width"], move |shape| {
        let mut gathered = Gathered::new(slip, shape);
        gathered.add(&Reflection, OnGrid);
        gathered.add(&C4, OnGrid);
        gathered.add(&D4, OnGrid);
        gathered.add(&D4, AboutOrigin);
        gathered.add(&Hyperoctahedral::<2>, OnGrid);
        gathered.add(&CyclicTranslations::new([shape[1], shape[2]]), OnGrid);
        if shape[1] == shape[2] {
            gathered.add(&p4(shape[1]), OnGrid);
            gathered.add(&p4m(shape[1]), AboutOrigin);
        }
        Ok(gathered.cases)
    })
    .at([2, 2, 3])
    .at([1, 3, 3])
    .at_large([2, 6, 5])
    .shrinking_to([1, 1, 1])
}

fn volumes(slip: Slip) -> Statement {
    Statement::new(&["channels", "depth", "height", "width"], move |shape| {
        let mut gathered = Gathered::new(slip, shape);
        gathered.add(&Hyperoctahedral::<3>, OnGrid);
        gathered.add(&Hyperoctahedral::<3>, AboutOrigin);
        gathered.add(&CyclicTranslations::new([shape[1], shape[2], shape[3]]), OnGrid);
        Ok(gathered.cases)
    })
    .at([1, 2, 2, 3])
    .at_large([2, 3, 4, 5])
    .shrinking_to([1, 1, 1, 1])
}

/// Regular representations, and vectors moved as points are.
fn channels(slip: Slip) -> Statement {
    Statement::new(&["copies"], move |size| {
        let mut gathered = Gathered::new(slip, size);
        let s3 = Symmetric::new(3)?;
        gathered.add_on(&C4, RegularChannels::new(2), [4, size[0]]);
        gathered.add_on(&D4, RegularChannels::new(2), [8, size[0]]);
        gathered.add_on(&s3, RegularChannels::new(2), [6, size[0]]);
        gathered.add_on(&CyclicTranslations::new([2, 3]), RegularChannels::new(2), [6, size[0]]);
        gathered.add_on(&D4, vectors::<2, _>(&D4), [2, size[0], 1]);
        gathered.add_on(&Hyperoctahedral::<3>, vectors::<3, _>(&Hyperoctahedral::<3>), [3, size[0], 1]);
        Ok(gathered.cases)
    })
    .at([1])
    .at_large([3])
    .shrinking_to([1])
}

fn points(slip: Slip) -> Statement {
    Statement::new(&["points", "coordinates"], move |shape| {
        let mut gathered = Gathered::new(slip, shape);
        gathered.add(&Symmetric::new(shape[0])?, OnAxis::new(2));
        Ok(gathered.cases)
    })
    .at([3, 2])
    .at([4, 3])
    .at_large([7, 3])
    .shrinking_to([1, 1])
}

/// One group on several axes, and several groups at once.
fn products(slip: Slip) -> Statement {
    Statement::new(&["height", "width"], move |shape| {
        let (height, width) = (shape[0], shape[1]);
        let mut gathered = Gathered::new(slip, shape);
        gathered.add_on(&D4, Both(OnGrid, vectors::<2, _>(&D4)), [2, height, width]);
        gathered.add_on(&C4, Both(OnGrid, RegularChannels::new(3)), [4, height, width]);
        gathered.add_on(
            &Product::new(C4, Symmetric::new(3)?),
            Both(First(OnGrid), Second(OnAxis::new(3))),
            [3, height, width],
        );
        if height == width {
            gathered.add_on(
                &p4(height),
                Both(OnGrid, PointPart(RegularChannels::new(3))),
                [4, height, width],
            );
            gathered.add_on(
                &p4m(height),
                Both(AboutOrigin, PointPart(RegularChannels::new(3))),
                [8, height, width],
            );
        }
        Ok(gathered.cases)
    })
    .at([2, 3])
    .at([3, 3])
    .at_large([5, 4])
    .shrinking_to([1, 1])
}

/// Vectors on the axis before the last two, moved as points are.
fn vectors<const D: usize, G: Group>(group: &G) -> LinearOnAxis<G>
where
    SignedPermutation<D>: From<G::Element>,
{
    LinearOnAxis::new(Representation::standard::<D>(group), 3)
}

/// The two parts of an element of p4 in the wrong order.
#[derive(Clone, Copy, Debug)]
struct TranslateThenTurn;

impl ArrayAction<P4> for TranslateThenTurn {
    fn name(&self) -> String {
        ArrayAction::<P4>::name(&OnGrid)
    }

    fn try_act<S: Ring>(
        &self,
        group: &P4,
        g: &<P4 as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let translated = OnGrid.try_act(group.normal(), &g.normal, x)?;
        OnGrid.try_act(group.point(), &g.point, translated.view())
    }
}
