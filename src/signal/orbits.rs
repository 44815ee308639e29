//! Orbits, stabilisers, and Burnside's count of the colourings of a grid.
//!
//! `|orbit of x| · |stabiliser of x| = |G|`. The number of orbits on the k-coloured arrays of one shape is
//! `(1/|G|) Σ_g k^{c(g)}`, with `c(g)` the number of cycles in which `g` permutes the cells.
//!
//! Cost: |G| applications of the action (and, for an orbit, |G|² comparisons at worst).
//! Source: J. J. Rotman, *An Introduction to the Theory of Groups*, 4th ed., Theorems 3.19 and 3.22.

use ndarray::{Array1, ArrayD};
use num_bigint::BigUint;

use super::{ActionError, ArrayAction};
use crate::group::{FiniteGroup, Group, Permutation};
use crate::scalar::Ring;

/// The different arrays `g ▷ x`, with `x` first.
///
/// # Errors
/// If the group does not move arrays of this shape.
pub fn orbit<G: FiniteGroup, S: Ring>(
    group: &G,
    action: &impl ArrayAction<G>,
    x: &ArrayD<S>,
) -> Result<Vec<ArrayD<S>>, ActionError> {
    let mut orbit = Vec::new();
    for g in group.elements() {
        let moved = action.try_act(group, &g, x.view())?;
        if !orbit.contains(&moved) {
            orbit.push(moved);
        }
    }
    Ok(orbit)
}

/// The elements with `g ▷ x = x`, the identity first.
///
/// # Errors
/// If the group does not move arrays of this shape.
pub fn stabiliser<G: FiniteGroup, S: Ring>(
    group: &G,
    action: &impl ArrayAction<G>,
    x: &ArrayD<S>,
) -> Result<Vec<G::Element>, ActionError> {
    let mut stabiliser = Vec::new();
    for g in group.elements() {
        if action.try_act(group, &g, x.view())? == *x {
            stabiliser.push(g);
        }
    }
    Ok(stabiliser)
}

/// How `g` permutes the cells of an array: the permutation takes the number of a cell, in row-major order, to that of
/// the cell to which its entry comes.
///
/// # Errors
/// If the group does not move arrays of this shape, maps them to another shape (`Rot90` of a proper
/// rectangle), or does more to them than to permute their cells.
pub fn permutation_of_cells<G: Group>(
    group: &G,
    action: &impl ArrayAction<G>,
    g: &G::Element,
    shape: &[usize],
) -> Result<Permutation, ActionError> {
    let refused = |expected: &str| ActionError::new(action.name(), expected, shape);
    let numbers = Array1::from_iter(0..shape.iter().product::<usize>() as i64);
    let numbered = numbers.into_shape_with_order(shape).expect("one number a cell");
    let moved = action.try_act(group, g, numbered.view())?;
    if moved.shape() != shape {
        return Err(refused("a shape that the whole group keeps, to permute its cells,"));
    }
    // The cell from which each entry came, or none for what is not the number of a cell.
    let sources = moved.iter().map(|&number| usize::try_from(number).unwrap_or(usize::MAX)).collect();
    let came_from =
        Permutation::new(sources).map_err(|_| refused("to do no more than to permute the cells"))?;
    Ok(came_from.inverse())
}

/// The number of arrays of this shape with entries of so many colours, up to the group: Burnside's count.
///
/// # Errors
/// As for [`permutation_of_cells`].
pub fn count_colourings<G: FiniteGroup>(
    group: &G,
    action: &impl ArrayAction<G>,
    shape: &[usize],
    colours: u32,
) -> Result<BigUint, ActionError> {
    let mut fixed = BigUint::ZERO;
    for g in group.elements() {
        let permutation = permutation_of_cells(group, action, &g, shape)?;
        // A cycle of c cells has one free colour: c − 1 fewer than its cells have.
        let bound: usize = permutation.cycles().iter().map(|cycle| cycle.len() - 1).sum();
        fixed += num_traits::pow(BigUint::from(colours), permutation.size() - bound);
    }
    Ok(fixed / group.order())
}
