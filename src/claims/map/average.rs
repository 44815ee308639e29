//! Averages over a finite group: the Reynolds operator.
//!
//! (R f)(x) = 1/|G| · Σ_g g⁻¹ ▷ f(g ▷ x) is equivariant for any f; R (R f) = R f; and R f = f where f is
//! equivariant. With the trivial action on the output R f is invariant. The group is S_3 on triples, which is
//! not abelian, so that g and g⁻¹ cannot be mistaken for each other unnoticed.

use std::sync::Arc;

use ndarray::ArrayD;

use super::super::Claim;
use super::maps::{Activation, Dense};
use crate::group::{FiniteGroup, Group, Symmetric};
use crate::scalar::Scalar;
use crate::signal::{ArrayAction, OnAxis, TrivialAction};
use crate::verify::{
    Case, ExamineError, Examiner, Failure, Identity, Map, Report, Sides, Statement, Unknown, equivariance,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "map.orbit_average",
            "averaging over a finite group makes any map invariant or equivariant, is a projection, and \
             leaves equivariant maps alone",
            |examiner| examine(examiner, Undo::Inverse),
        )
        .theorem("average_equivariant")
        .theorem("average_invariant")
        .theorem("average_projection")
        .theorem("average_keeps_equivariant")
        .mutant("the output is moved by g instead of g⁻¹", |examiner| examine(examiner, Undo::Element))
        .mutant("the output is not moved back", |examiner| examine(examiner, Undo::Nothing)),
    ]
}

/// What the average does to the output for g ▷ x.
#[derive(Clone, Copy, Debug)]
enum Undo {
    /// Moves it back, by g⁻¹.
    Inverse,
    /// Moves it on, by g.
    Element,
    /// Nothing.
    Nothing,
}

/// The average of a map over all permutations of the entries of its input.
#[derive(Clone, Debug)]
struct Average<M, O> {
    map: M,
    output: O,
    undo: Undo,
}

/// The entries of a vector.
fn entries() -> OnAxis {
    OnAxis::new(1)
}

fn permutations(shape: &[usize]) -> Option<Symmetric> {
    Symmetric::new(shape[0]).ok()
}

impl<M: Map, O: ArrayAction<Symmetric>> Map for Average<M, O> {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        self.map.weights(input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let group = Symmetric::new(x.len())?;
        let mut sum: Option<ArrayD<S>> = None;
        for g in group.elements() {
            let moved = entries().try_act(&group, &g, x.view())?;
            let result = self.map.apply(&moved, weights)?;
            let back = match self.undo {
                Undo::Inverse => group.inverse(&g),
                Undo::Element => g,
                Undo::Nothing => group.identity(),
            };
            let result = self.output.try_act(&group, &back, result.view())?;
            sum = Some(match sum {
                Some(sum) => sum + result,
                None => result,
            });
        }
        let order = group.order() as u64;
        sum.map(|sum| sum.mapv(|entry| entry.divide_by_integer(order)))
            .ok_or_else(|| "a group has an element".into())
    }
}

/// The maps (a·xᵢ + b·Σ x)²: equivariant under all permutations.
#[derive(Clone, Debug)]
struct EquivariantLayer;

impl Map for EquivariantLayer {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new("a", []), Unknown::new("b", [])]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let (a, b) = (&weights[0][[]], &weights[1][[]]);
        let sum = x.fold(S::zero(), |sum, entry| sum + entry.clone());
        Ok(x.mapv(|entry| Activation::Square.apply(a.clone() * entry + b.clone() * sum.clone())))
    }
}

/// Two maps with the same weights take the same values.
struct Same<A, B> {
    left: A,
    right: B,
    shape: Vec<usize>,
}

impl<A: Map, B: Map> Identity for Same<A, B> {
    fn unknowns(&self) -> Vec<Unknown> {
        let mut unknowns = vec![Unknown::new("x", self.shape.clone())];
        unknowns.extend(self.right.weights(&self.shape));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, weights) = (&values[0], &values[1..]);
        Ok((self.left.apply(x, weights)?, self.right.apply(x, weights)?))
    }
}

fn same<A: Map + Clone, B: Map + Clone>(left: A, right: B) -> Statement {
    Statement::new(&["entries"], move |shape| {
        Ok(vec![Case::new(Same { left: left.clone(), right: right.clone(), shape: shape.to_vec() })])
    })
}

fn examine(examiner: &Examiner, undo: Undo) -> Result<Report, ExamineError> {
    let any = |scores| Dense { scores, activation: Activation::Square };
    let equivariant = Average { map: any(None), output: entries(), undo };
    let twice = Average { map: equivariant.clone(), output: entries(), undo };
    let invariant = Average { map: any(Some(2)), output: TrivialAction, undo };
    let unchanged = Average { map: EquivariantLayer, output: entries(), undo };
    let becomes_equivariant = equivariance(
        &["entries"],
        Arc::new(equivariant.clone()),
        permutations,
        entries(),
        entries(),
        Group::generators,
    );
    let becomes_invariant = equivariance(
        &["entries"],
        Arc::new(invariant),
        permutations,
        entries(),
        TrivialAction,
        Group::generators,
    );
    let statements =
        [becomes_equivariant, becomes_invariant, same(twice, equivariant), same(unchanged, EquivariantLayer)];
    let reports = statements
        .into_iter()
        .map(|statement| examiner.examine(&statement.at([3]).at_large([4]).shrinking_to([2])))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Report::all(reports))
}
