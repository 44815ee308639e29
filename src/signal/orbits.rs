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

/// How `g` permutes the cells of an array: the permutation takes the number of a cell, in row-major order, to
/// that of the cell to which its entry comes.
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
        return Err(refused("a shape that every element keeps"));
    }
    // The cell from which each entry came, or none for what is not the number of a cell.
    let sources = moved.iter().map(|&number| usize::try_from(number).unwrap_or(usize::MAX)).collect();
    let came_from = Permutation::new(sources).map_err(|_| refused("a shape whose cells it only permutes"))?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::group::{C4, CyclicTranslations, D4, Hyperoctahedral, Reflection, Representation, Rotation};
    use crate::signal::{LinearOnAxis, OnGrid, PointGroup};

    fn image(side: usize, entries: &[i64]) -> ArrayD<i64> {
        Array1::from_iter(entries.iter().copied().take(side * side))
            .into_shape_with_order(vec![side, side])
            .expect("enough entries")
    }

    proptest! {
        /// Few colours, so that stabilisers are often larger than the identity.
        #[test]
        fn orbit_times_stabiliser_is_the_order(
            side in 1_usize..5,
            entries in proptest::collection::vec(0_i64..2, 16),
        ) {
            let x = image(side, &entries);
            let orbit_of = orbit(&D4, &OnGrid, &x).expect("an image");
            let stabiliser_of = stabiliser(&D4, &OnGrid, &x).expect("an image");
            prop_assert_eq!(orbit_of.len() * stabiliser_of.len(), 8);
            prop_assert_eq!(&orbit_of[0], &x);
            let torus = CyclicTranslations::new([side, side]);
            let orbit_of = orbit(&torus, &OnGrid, &x).expect("a periodic image");
            let stabiliser_of = stabiliser(&torus, &OnGrid, &x).expect("a periodic image");
            prop_assert_eq!((orbit_of.len() * stabiliser_of.len()) as u128, torus.order());
        }
    }

    #[test]
    fn orbits_of_known_images() {
        let sizes = |x: &ArrayD<i64>| {
            let orbit = orbit(&D4, &OnGrid, x).expect("an image").len();
            (orbit, stabiliser(&D4, &OnGrid, x).expect("an image").len())
        };
        assert_eq!(sizes(&image(2, &[1, 0, 0, 0])), (4, 2));
        assert_eq!(sizes(&image(2, &[1, 0, 0, 1])), (2, 4));
        assert_eq!(sizes(&image(2, &[1, 2, 3, 4])), (8, 1));
        assert_eq!(sizes(&image(3, &[1; 9])), (1, 8));
    }

    /// Burnside's count against the definition: every colouring, with its orbit, one by one.
    #[test]
    fn counting_agrees_with_enumerating() {
        fn enumerated<G: FiniteGroup + PointGroup>(group: &G, side: usize, colours: u32) -> BigUint {
            let cells = (side * side) as u32;
            let mut orbits = 0_u32;
            for number in 0..i64::from(colours).pow(cells) {
                let digit = |cell: u32| number / i64::from(colours).pow(cell) % i64::from(colours);
                let digits: Vec<_> = (0..cells).map(digit).collect();
                let x = image(side, &digits);
                let key = |x: &ArrayD<i64>| x.iter().copied().collect::<Vec<_>>();
                // Each orbit is counted at its first colouring in the order of the lists of entries.
                let least = orbit(group, &OnGrid, &x).expect("an image").iter().map(key).min();
                orbits += u32::from(least == Some(digits));
            }
            orbits.into()
        }
        for (side, colours) in [(1, 5), (2, 2), (2, 3), (3, 2)] {
            let count = |group| count_colourings(&group, &OnGrid, &[side, side], colours);
            assert_eq!(count(C4), Ok(enumerated(&C4, side, colours)), "C4, {side}, {colours}");
            let count = |group| count_colourings(&group, &OnGrid, &[side, side], colours);
            assert_eq!(count(D4), Ok(enumerated(&D4, side, colours)), "D4, {side}, {colours}");
        }
    }

    #[test]
    fn closed_formulas_of_the_counts() {
        // n even: (k^{n²} + k^{n²/2} + 2·k^{n²/4})/4 under C4, as no cell of an even square is fixed.
        let count = count_colourings(&C4, &OnGrid, &[4, 4], 2);
        assert_eq!(count, Ok(BigUint::from((65536_u32 + 256 + 2 * 16) / 4)));
        // n even, D4: besides those, two mirrors with n²/2 cycles and two diagonals with n(n+1)/2.
        let count = count_colourings(&D4, &OnGrid, &[4, 4], 2);
        assert_eq!(count, Ok(BigUint::from((65536_u32 + 256 + 2 * 16 + 2 * 256 + 2 * 1024) / 8)));
        // Rectangles under the mirror; 200 cells, beyond 128 bits: (2²⁰⁰ + 2¹⁰⁰)/2.
        let two = BigUint::from(2_u32);
        assert_eq!(count_colourings(&Reflection, &OnGrid, &[20, 10], 2), Ok(two.pow(199) + two.pow(99)));
        // Cubes of 2 × 2 × 2 cells in black and white, with mirror images: 22.
        assert_eq!(
            count_colourings(&Hyperoctahedral::<3>, &OnGrid, &[2, 2, 2], 2),
            Ok(BigUint::from(22_u32))
        );
    }

    #[test]
    fn cells_go_where_the_group_takes_them() {
        // Row-major: the top left of 2 × 2 cells goes down, and so on around, counter-clockwise.
        let turn = permutation_of_cells(&C4, &OnGrid, &Rotation::Rot90, &[2, 2]).expect("a square");
        assert_eq!(turn.images(), [2, 0, 3, 1]);
    }

    #[test]
    fn what_does_not_permute_cells_is_refused() {
        let error = count_colourings(&C4, &OnGrid, &[2, 3], 2).expect_err("a rectangle");
        assert_eq!(
            error.to_string(),
            "point symmetry of the last 2 axes needs a shape that every element keeps, \
             but the array has shape [2, 3]"
        );
        let sign = LinearOnAxis::new(Representation::sign(&C4), 1);
        let error = count_colourings(&C4, &sign, &[2, 1], 2).expect_err("signs are no permutations");
        assert!(error.to_string().contains("a shape whose cells it only permutes"), "{error}");
    }
}
