//! Intertwiners: the equivariant linear maps between two representations.
//!
//! A map A: V → W is equivariant when ρ_W(g)·A = A·ρ_V(g) for all g; for the generators of the group is
//! enough. That is a homogeneous linear system in the entries of A, dim V · dim W unknowns and as many
//! equations for each generator, and its solutions are found in three independent ways:
//! - [`intertwiners`]: exactly, by sparse Gaussian elimination over a field. The definition.
//! - [`orbit_intertwiners`]: for two permutation representations, as the indicators of the orbits of the
//!   group on pairs of points (a matrix is equivariant iff A_{g(i),g(j)} = A_{ij}). Near-linear in the pairs.
//! - [`real_intertwiners`]: over `f64`, as the right singular vectors of singular value zero.
//!
//! The first two over ℚ, in whole numbers that every scalar holds, are
//! [`integer_intertwiners`](super::integer_intertwiners).
//!
//! Their number is ⟨χ_V, χ_W⟩ ([`character_inner_product`](super::character_inner_product)). The permutations
//! S_n have 2 intertwiners Rⁿ → Rⁿ and 15 of R^{n×n} → R^{n×n} for n ≥ 4 (Maron et al., *Invariant and
//! Equivariant Graph Networks*, 2019: Bell's numbers).

use nalgebra::DMatrix;

use super::linear_algebra::{SparseRow, add_multiple, multiply, null_space};
use super::singular_values::singular_values;
use super::{FiniteGroup, Representation};
use crate::scalar::{Field, Ring};

/// Whether A: V → W, dim W × dim V, is equivariant: ρ_W(g)·A = A·ρ_V(g) for the generators, compared exactly.
///
/// # Panics
/// If the two are representations of different groups, or A has another shape.
#[must_use]
pub fn is_intertwiner<G: FiniteGroup, S: Ring>(
    v: &Representation<G, S>,
    w: &Representation<G, S>,
    a: &DMatrix<S>,
) -> bool {
    v.assert_same_group(w);
    assert_eq!(a.shape(), (w.dimension(), v.dimension()), "expected a map from {v:?} to {w:?}");
    let commutes = |g| multiply(&w.matrix(g), a) == multiply(a, &v.matrix(g));
    v.group().generators().iter().all(commutes)
}

/// A basis of the equivariant linear maps V → W, as matrices dim W × dim V, exact over an exact field.
///
/// # Panics
/// If the two are representations of different groups.
#[must_use]
pub fn intertwiners<G: FiniteGroup, S: Field>(
    v: &Representation<G, S>,
    w: &Representation<G, S>,
) -> Vec<DMatrix<S>> {
    let basis = null_space(v.dimension() * w.dimension(), equations(v, w));
    basis
        .into_iter()
        .map(|entries| DMatrix::from_row_iterator(w.dimension(), v.dimension(), entries))
        .collect()
}

/// The entries of ρ_W(g)·A − A·ρ_V(g) for the generators g, as linear forms in the entries of A, row by row.
fn equations<G: FiniteGroup, S: Ring>(
    v: &Representation<G, S>,
    w: &Representation<G, S>,
) -> Vec<SparseRow<S>> {
    v.assert_same_group(w);
    let (columns, rows) = (v.dimension(), w.dimension());
    let mut equations = Vec::new();
    for g in v.group().generators() {
        let (on_v, on_w) = (v.matrix(&g), w.matrix(&g));
        for i in 0..rows {
            for j in 0..columns {
                let mut equation = SparseRow::new();
                let left = (0..rows).map(|k| (k * columns + j, on_w[(i, k)].clone()));
                let right = (0..columns).map(|k| (i * columns + k, -on_v[(k, j)].clone()));
                for (unknown, coefficient) in left.chain(right).filter(|(_, c)| !c.is_zero()) {
                    add_multiple(&mut equation, &coefficient, &SparseRow::from([(unknown, S::one())]));
                }
                equations.push(equation);
            }
        }
    }
    equations
}

/// The basis of the equivariant linear maps between two permutation representations that consists of the
/// indicators of the orbits on pairs, or `None` if a generator acts by something else than a permutation
/// matrix.
///
/// # Panics
/// If the two are representations of different groups.
#[must_use]
pub fn orbit_intertwiners<G: FiniteGroup, S: Ring>(
    v: &Representation<G, S>,
    w: &Representation<G, S>,
) -> Option<Vec<DMatrix<S>>> {
    v.assert_same_group(w);
    let (columns, rows) = (v.dimension(), w.dimension());
    let images =
        v.group().generators().into_iter().map(|g| Some((images(&v.matrix(&g))?, images(&w.matrix(&g))?)));
    let images: Vec<_> = images.collect::<Option<_>>()?;
    let mut seen = DMatrix::from_element(rows, columns, false);
    let mut basis = Vec::new();
    for i in 0..rows {
        for j in 0..columns {
            if seen[(i, j)] {
                continue;
            }
            let mut orbit = DMatrix::from_element(rows, columns, S::zero());
            let mut fresh = vec![(i, j)];
            while let Some((i, j)) = fresh.pop() {
                if !std::mem::replace(&mut seen[(i, j)], true) {
                    orbit[(i, j)] = S::one();
                    fresh.extend(images.iter().map(|(on_v, on_w)| (on_w[i], on_v[j])));
                }
            }
            basis.push(orbit);
        }
    }
    Some(basis)
}

/// Where a permutation matrix takes each basis vector, or `None` if it is no permutation matrix.
fn images<S: Ring>(matrix: &DMatrix<S>) -> Option<Vec<usize>> {
    let n = matrix.ncols();
    let mut used = vec![false; n];
    (0..n)
        .map(|j| {
            let mut entries = (0..n).filter(|&i| !matrix[(i, j)].is_zero());
            let image = entries.next().filter(|&i| matrix[(i, j)].is_one())?;
            let fresh = !std::mem::replace(&mut used[image], true);
            (fresh && entries.next().is_none()).then_some(image)
        })
        .collect()
}

/// The equivariant linear maps V → W over the reals, as singular values see them.
#[derive(Clone, Debug)]
pub struct RealIntertwiners {
    /// An orthonormal basis (in the Frobenius inner product), as matrices dim W × dim V.
    pub basis: Vec<DMatrix<f64>>,
    /// All singular values of the system of equations, in descending order.
    pub singular_values: Vec<f64>,
    /// Singular values up to here count as zero.
    pub tolerance: f64,
}

/// An orthonormal basis of the equivariant linear maps V → W over the reals, by the singular value
/// decomposition of the system M of equations for the generators.
///
/// A backward stable decomposition finds the exact singular values of M + E with ‖E‖₂ ≤ p·u·σ_max for a
/// modest p, and then each is off by at most ‖E‖₂ (Weyl; Golub and Van Loan, *Matrix Computations*, 4th ed.,
/// sections 5.4.1 and 8.6). We take p = 2·(the larger dimension of M) with u = 2⁻⁵³, the customary bound for
/// the numerical rank: what lies under it cannot be told from zero. Each map A of the basis leaves a residual
/// ‖M·A‖₂ ≤ 2 × tolerance.
///
/// # Panics
/// If the two are representations of different groups, or a matrix has an entry that is not finite.
#[must_use]
pub fn real_intertwiners<G: FiniteGroup>(
    v: &Representation<G, f64>,
    w: &Representation<G, f64>,
) -> RealIntertwiners {
    let equations = equations(v, w);
    let unknowns = v.dimension() * w.dimension();
    // At least as many rows as columns, so that the decomposition has all right singular vectors.
    let mut system = DMatrix::zeros(equations.len().max(unknowns), unknowns);
    for (row, equation) in equations.iter().enumerate() {
        for (&unknown, &coefficient) in equation {
            assert!(coefficient.is_finite(), "expected finite matrices of {v:?} and {w:?}");
            system[(row, unknown)] = coefficient;
        }
    }
    let rows = system.nrows();
    let (singular_values, vectors) = singular_values(&system);
    let largest = singular_values.first().copied().unwrap_or(0.0);
    let tolerance = rows as f64 * f64::EPSILON * largest;
    let basis = vectors
        .column_iter()
        .zip(&singular_values)
        .filter(|&(_, &value)| value <= tolerance)
        .map(|(vector, _)| DMatrix::from_row_iterator(w.dimension(), v.dimension(), vector.iter().copied()))
        .collect();
    RealIntertwiners { basis, singular_values, tolerance }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{C4, D4, Sign, Symmetric, Trivial, character_inner_product};
    use crate::scalar::Rational;

    /// The intertwiners by elimination, by characters, by orbits where both permute, and by singular values:
    /// all of the same number, and each an intertwiner. Returns the dimension.
    fn dimension<G: FiniteGroup>(
        v: (&Representation<G, Rational>, &Representation<G, f64>),
        w: (&Representation<G, Rational>, &Representation<G, f64>),
    ) -> usize {
        let basis = intertwiners(v.0, w.0);
        assert!(basis.iter().all(|a| is_intertwiner(v.0, w.0, a)), "{v:?} to {w:?}");
        let by_characters = character_inner_product(v.0, w.0);
        assert_eq!(by_characters, Rational::from_integer(basis.len() as i64), "{v:?} to {w:?}");
        if let Some(orbits) = orbit_intertwiners(v.0, w.0) {
            assert!(orbits.iter().all(|a| is_intertwiner(v.0, w.0, a)), "{v:?} to {w:?}");
            assert_eq!(orbits.len(), basis.len(), "{v:?} to {w:?}");
        }
        let real = real_intertwiners(v.1, w.1);
        assert_eq!(real.basis.len(), basis.len(), "{v:?} to {w:?}");
        // ‖ρ_W(g)·A − A·ρ_V(g)‖_F ≤ ‖M·A‖₂ ≤ 2 × tolerance; forming it rounds entries of sums of a row of A,
        // which is of norm 1, at most (dim V + dim W) times: that much of u for each of the dim V · dim W
        // entries.
        let (columns, rows) = (v.1.dimension(), w.1.dimension());
        let rounding = (columns * rows * (columns + rows)) as f64 * f64::EPSILON;
        for a in &real.basis {
            for g in v.1.group().generators() {
                let defect = w.1.matrix(&g) * a - a * v.1.matrix(&g);
                assert!(
                    defect.norm() <= 2.0 * real.tolerance + rounding,
                    "{v:?} to {w:?}: {}",
                    defect.norm()
                );
            }
        }
        basis.len()
    }

    /// Every pair of the trivial, sign, regular and `own` representations, and the tensor square of `own`.
    fn check_all_pairs<G: FiniteGroup + Sign>(
        group: &G,
        exact: &Representation<G, Rational>,
        real: &Representation<G, f64>,
    ) {
        let exact = [
            Representation::trivial(group),
            Representation::sign(group),
            Representation::regular(group),
            exact.clone(),
            exact.tensor_product(exact),
        ];
        let real = [
            Representation::trivial(group),
            Representation::sign(group),
            Representation::regular(group),
            real.clone(),
            real.tensor_product(real),
        ];
        for v in exact.iter().zip(&real) {
            for w in exact.iter().zip(&real) {
                let dimension = dimension(v, w);
                // The regular representation contains every representation as often as its dimension says.
                if v.0.name() == "regular" {
                    assert_eq!(dimension, w.0.dimension());
                }
            }
        }
    }

    #[test]
    fn quarter_turns() {
        check_all_pairs(&C4, &Representation::standard::<2>(&C4), &Representation::standard::<2>(&C4));
    }

    #[test]
    fn the_square() {
        check_all_pairs(&D4, &Representation::standard::<2>(&D4), &Representation::standard::<2>(&D4));
    }

    #[test]
    fn permutations_of_three_points() {
        let s3 = Symmetric::new(3).expect("small");
        check_all_pairs(&s3, &Representation::natural(&s3), &Representation::natural(&s3));
    }

    #[test]
    fn permutation_equivariant_maps_of_vectors_and_matrices() {
        // Bell's numbers B(2) = 2 and B(4) = 15 of partitions of the index set, those of more than n blocks
        // left out.
        for (n, vectors, matrices) in [(1, 1, 1), (2, 2, 8), (3, 2, 14), (4, 2, 15)] {
            let group = Symmetric::new(n).expect("small");
            let (exact, real) = (Representation::natural(&group), Representation::natural(&group));
            assert_eq!(dimension((&exact, &real), (&exact, &real)), vectors, "n = {n}");
            let (exact, real) = (exact.tensor_product(&exact), real.tensor_product(&real));
            assert_eq!(dimension((&exact, &real), (&exact, &real)), matrices, "n = {n}");
        }
    }

    #[test]
    fn matrices_of_six_points_by_elimination_and_by_orbits() {
        let group = Symmetric::new(6).expect("small");
        let natural = Representation::<_, Rational>::natural(&group);
        let square = natural.tensor_product(&natural);
        let orbits = orbit_intertwiners(&square, &square).expect("a permutation representation");
        assert_eq!((orbits.len(), intertwiners(&square, &square).len()), (15, 15));
    }

    #[test]
    fn equivariant_maps_of_vectors_are_the_identity_and_the_sum() {
        let group = Symmetric::new(5).expect("small");
        let natural = Representation::<_, Rational>::natural(&group);
        let orbits = orbit_intertwiners(&natural, &natural).expect("a permutation representation");
        let off_diagonal = |i, j| Rational::from_integer(i64::from(i != j));
        assert_eq!(orbits[0], crate::group::linear_algebra::identity(5));
        assert_eq!(orbits[1], DMatrix::from_fn(5, 5, off_diagonal));
    }

    /// A sum of representations, whose system has many equal singular values: those of the signed sums of
    /// three permutation matrices, of which the largest is √8.
    #[test]
    fn a_sum_of_representations_onto_the_sign() {
        let (sign, regular) = (Representation::<_, f64>::sign(&D4), Representation::<_, f64>::regular(&D4));
        let v = sign.direct_sum(&regular).direct_sum(&regular);
        let real = real_intertwiners(&v, &sign);
        assert_eq!(real.basis.len(), 3);
        assert!(
            (real.singular_values[0] - 8_f64.sqrt()).abs() <= real.tolerance,
            "{:?}",
            real.singular_values
        );
    }

    #[test]
    fn a_sign_is_no_permutation() {
        let sign = Representation::<_, Rational>::sign(&D4);
        assert_eq!(orbit_intertwiners(&sign, &sign), None);
        assert_eq!(intertwiners(&sign, &Representation::trivial(&D4)).len(), 0);
    }

    #[test]
    fn without_generators_every_map_is_equivariant() {
        let plane = || DMatrix::identity(2, 2);
        let v = Representation::from_function(&Trivial, "plane", 2, move |_| plane());
        assert_eq!(real_intertwiners(&v, &v).basis.len(), 4);
    }

    #[test]
    fn a_map_that_is_not_equivariant_is_told() {
        let standard = Representation::<_, i64>::standard::<2>(&C4);
        assert!(is_intertwiner(&standard, &standard, &DMatrix::from_row_slice(2, 2, &[3, -5, 5, 3])));
        assert!(!is_intertwiner(&standard, &standard, &DMatrix::from_row_slice(2, 2, &[3, 5, 5, 3])));
    }
}
