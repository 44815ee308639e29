//! The little exact linear algebra that representations need, over any ring or field.
//!
//! nalgebra's own product and decompositions ask for machine scalars; these ask for a [`Ring`] or a
//! [`Field`].

use std::collections::BTreeMap;

use nalgebra::DMatrix;

use crate::scalar::{Field, Ring};

/// The matrix product `a · b`. Skips the zeros of `a`: matrices of representations are mostly zeros.
///
/// # Panics
/// If the inner dimensions differ.
pub(super) fn multiply<S: Ring>(a: &DMatrix<S>, b: &DMatrix<S>) -> DMatrix<S> {
    assert_eq!(a.ncols(), b.nrows(), "expected matrices that can be multiplied");
    let mut product = DMatrix::from_element(a.nrows(), b.ncols(), S::zero());
    for k in 0..a.ncols() {
        for i in (0..a.nrows()).filter(|&i| !a[(i, k)].is_zero()) {
            for j in 0..b.ncols() {
                product[(i, j)].add_product(&a[(i, k)], &b[(k, j)]);
            }
        }
    }
    product
}

/// The identity matrix.
pub(super) fn identity<S: Ring>(n: usize) -> DMatrix<S> {
    DMatrix::from_fn(n, n, |i, j| if i == j { S::one() } else { S::zero() })
}

/// A row of a linear system: coefficients by unknown, the zeros left out.
pub(super) type SparseRow<S> = BTreeMap<usize, S>;

/// `row ← row + factor · other`, dropping what cancels.
pub(super) fn add_multiple<S: Ring>(row: &mut SparseRow<S>, factor: &S, other: &SparseRow<S>) {
    for (&unknown, coefficient) in other {
        let sum = row.entry(unknown).or_insert_with(S::zero);
        sum.add_product(factor, coefficient);
        if sum.is_zero() {
            row.remove(&unknown);
        }
    }
}

/// A basis of the solutions of a homogeneous linear system, by Gaussian elimination: exact over an exact
/// field.
///
/// One solution for each free unknown, which is 1 there and 0 at the other free unknowns.
pub(super) fn null_space<S: Field>(
    unknowns: usize,
    rows: impl IntoIterator<Item = SparseRow<S>>,
) -> Vec<Vec<S>> {
    // By leading unknown; the leading coefficient is 1 and is left out.
    let mut echelon: BTreeMap<usize, SparseRow<S>> = BTreeMap::new();
    for mut row in rows {
        while let Some((pivot, leading)) = row.pop_first() {
            match echelon.get(&pivot) {
                Some(known) => add_multiple(&mut row, &-leading, known),
                None => {
                    let scale = leading.reciprocal();
                    row.values_mut()
                        .for_each(|coefficient| *coefficient = coefficient.clone() * scale.clone());
                    echelon.insert(pivot, row);
                    break;
                }
            }
        }
    }
    let free = (0..unknowns).filter(|unknown| !echelon.contains_key(unknown));
    let solution = |free: usize| {
        let mut solution = vec![S::zero(); unknowns];
        solution[free] = S::one();
        for (&pivot, row) in echelon.iter().rev() {
            let mut sum = S::zero();
            for (&unknown, coefficient) in row {
                sum.add_product(coefficient, &solution[unknown]);
            }
            solution[pivot] = -sum;
        }
        solution
    };
    free.map(solution).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Goldilocks, Rational};

    /// x + 2y + 3z = 0, twice, and 4x + 5y + 6z + w = 0: of rank 2 in four unknowns.
    fn check_example<S: Field>() {
        let equations = [[1, 2, 3, 0], [2, 4, 6, 0], [4, 5, 6, 1]];
        let rows = equations.map(|row| {
            let coefficients = row.into_iter().enumerate().filter(|(_, n)| *n != 0);
            coefficients.map(|(unknown, n)| (unknown, S::from_integer(n))).collect()
        });
        let basis = null_space::<S>(4, rows);
        assert_eq!(basis.len(), 2);
        for (solution, free) in basis.iter().zip([[1, 0], [0, 1]]) {
            assert_eq!(solution[2..], free.map(S::from_integer));
            for row in equations {
                let terms = row.iter().zip(solution).map(|(&n, x)| S::from_integer(n) * x.clone());
                assert_eq!(terms.fold(S::zero(), |sum, term| sum + term), S::zero());
            }
        }
    }

    #[test]
    fn null_space_over_the_rationals_and_a_prime_field() {
        check_example::<Rational>();
        check_example::<Goldilocks>();
    }

    #[test]
    fn null_space_of_no_equations_is_everything() {
        let basis = null_space::<Rational>(2, []);
        let unit = [[1, 0], [0, 1]].map(|row| row.map(Rational::from_integer).to_vec());
        assert_eq!(basis, unit);
    }

    #[test]
    fn matrices_multiply_row_by_column() {
        let (a, b) =
            (DMatrix::from_row_slice(2, 2, &[1_i64, 2, 0, 3]), DMatrix::from_row_slice(2, 1, &[5, 7]));
        assert_eq!(multiply(&a, &b), DMatrix::from_row_slice(2, 1, &[19, 21]));
        assert_eq!(multiply(&identity(2), &a), a);
    }
}
