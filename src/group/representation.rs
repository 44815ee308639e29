//! Representations: a group as matrices, ρ(a·b) = ρ(a)·ρ(b).
//!
//! Over any [`Ring`]: exact over `Rational` and `Goldilocks`, numerical over `f64`. The matrices of this
//! file's own constructors have entries 0 and ±1, and so are exact over every scalar. A matrix is made when
//! it is asked for; nothing is stored. (J.-P. Serre, *Linear Representations of Finite Groups*, chapters
//! 1–3.)

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use nalgebra::DMatrix;
use thiserror::Error;

use super::laws::{Checked, Checker, LawViolation, representative_elements};
use super::linear_algebra::{identity, multiply};
use super::{FiniteGroup, Group, Sign, SignedPermutation, Symmetric};
use crate::scalar::Ring;

/// Matrices of generators that do not extend to the group.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RepresentationError {
    /// There are more or fewer matrices than generators.
    #[error("expected one matrix for each of the {expected} generators, found {found}")]
    WrongCount {
        /// The number of generators.
        expected: usize,
        /// The number of matrices.
        found: usize,
    },
    /// A matrix has the wrong shape.
    #[error("expected {dimension}×{dimension} matrices, found one of shape {rows}×{columns}")]
    WrongShape {
        /// The dimension of the representation.
        dimension: usize,
        /// The rows that were found.
        rows: usize,
        /// The columns that were found.
        columns: usize,
    },
    /// Two products of generators are the same element but have different matrices.
    #[error(
        "expected matrices that satisfy the relations of {group}, found two different ones for {element}"
    )]
    NotAHomomorphism {
        /// The group.
        group: String,
        /// The element.
        element: String,
    },
}

type MatrixOf<E, S> = dyn Fn(&E) -> DMatrix<S> + Send + Sync;

/// A homomorphism from a group to invertible matrices over `S`.
///
/// Law: `matrix(a · b) = matrix(a) · matrix(b)`, checked by [`check_homomorphism`].
pub struct Representation<G: Group, S> {
    group: G,
    name: String,
    dimension: usize,
    matrix: Arc<MatrixOf<G::Element, S>>,
}

impl<G: Group, S> Clone for Representation<G, S> {
    fn clone(&self) -> Self {
        let matrix = Arc::clone(&self.matrix);
        Self { group: self.group.clone(), name: self.name.clone(), dimension: self.dimension, matrix }
    }
}

impl<G: Group, S> Debug for Representation<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}, of dimension {}", self.name, self.group.name(), self.dimension)
    }
}

impl<G: Group, S: Ring> Representation<G, S> {
    /// The representation with these matrices, which must be `dimension` × `dimension` and satisfy the law.
    pub fn from_function(
        group: &G,
        name: impl Into<String>,
        dimension: usize,
        matrix: impl Fn(&G::Element) -> DMatrix<S> + Send + Sync + 'static,
    ) -> Self {
        Self { group: group.clone(), name: name.into(), dimension, matrix: Arc::new(matrix) }
    }

    /// The trivial representation, of dimension 1: ρ(g) = 1.
    #[must_use]
    pub fn trivial(group: &G) -> Self {
        Self::from_function(group, "trivial", 1, |_| identity(1))
    }

    /// The sign representation, of dimension 1: ρ(g) = ±1.
    #[must_use]
    pub fn sign(group: &G) -> Self
    where
        G: Sign,
    {
        let signs = group.clone();
        let matrix = move |a: &G::Element| DMatrix::from_element(1, 1, S::from_integer(signs.sign(a)));
        Self::from_function(group, "sign", 1, matrix)
    }

    /// The permutation representation on so many points: ρ(g)·e_i = e_{g(i)}. `image` is a left action on
    /// points.
    pub fn permutation(
        group: &G,
        name: impl Into<String>,
        points: usize,
        image: impl Fn(&G::Element, usize) -> usize + Send + Sync + 'static,
    ) -> Self {
        Self::from_function(group, name, points, move |a| {
            let mut matrix = DMatrix::from_element(points, points, S::zero());
            for point in 0..points {
                matrix[(image(a, point), point)] = S::one();
            }
            matrix
        })
    }

    /// The regular representation: the group permutes its own elements, ρ(g)·e_a = e_{g·a}. Of dimension |G|.
    #[must_use]
    pub fn regular(group: &G) -> Self
    where
        G: FiniteGroup,
    {
        let elements = group.clone();
        let image = move |g: &G::Element, point: usize| {
            elements.index(&elements.compose(g, &elements.element(point as u128))) as usize
        };
        Self::permutation(group, "regular", group.order() as usize, image)
    }

    /// The standard representation on R^D of a group of signed permutations of the axes: rotation matrices
    /// for C4, rotations and reflections for D4. The matrix of g takes a point, counted from the centre, to
    /// its image.
    #[must_use]
    pub fn standard<const D: usize>(group: &G) -> Self
    where
        SignedPermutation<D>: From<G::Element>,
    {
        Self::from_function(group, "standard", D, |a| {
            let a = SignedPermutation::from(a.clone());
            DMatrix::from_fn(D, D, |i, j| {
                let sign = if a.reversed()[i] { -1 } else { 1 };
                if a.axes()[i] == j { S::from_integer(sign) } else { S::zero() }
            })
        })
    }

    /// The representation with these matrices for the group's [generators](Group::generators), in their
    /// order. Makes and keeps the matrices of all elements; for exact scalars, as it compares matrices.
    ///
    /// # Errors
    /// If there is not one square matrix of the dimension for each generator, or they do not satisfy the
    /// group's relations.
    pub fn from_generators(
        group: &G,
        name: impl Into<String>,
        dimension: usize,
        matrices: &[DMatrix<S>],
    ) -> Result<Self, RepresentationError>
    where
        G: FiniteGroup,
    {
        let generators = group.generators();
        if matrices.len() != generators.len() {
            let (expected, found) = (generators.len(), matrices.len());
            return Err(RepresentationError::WrongCount { expected, found });
        }
        if let Some(matrix) = matrices.iter().find(|matrix| matrix.shape() != (dimension, dimension)) {
            let (rows, columns) = matrix.shape();
            return Err(RepresentationError::WrongShape { dimension, rows, columns });
        }
        let mut known = HashMap::from([(group.identity(), identity(dimension))]);
        let mut fresh = vec![group.identity()];
        while let Some(a) = fresh.pop() {
            for (generator, matrix) in generators.iter().zip(matrices) {
                let (product, matrix) = (group.compose(&a, generator), multiply(&known[&a], matrix));
                match known.get(&product) {
                    Some(other) if *other == matrix => {}
                    Some(_) => {
                        let (group, element) = (group.name(), product.to_string());
                        return Err(RepresentationError::NotAHomomorphism { group, element });
                    }
                    None => {
                        known.insert(product.clone(), matrix);
                        fresh.push(product);
                    }
                }
            }
        }
        Ok(Self::from_function(group, name, dimension, move |a| known[a].clone()))
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> &G {
        &self.group
    }

    /// What the representation is called: `regular`, `standard ⊗ sign`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dimension of the space that is acted on.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The matrix ρ(a).
    ///
    /// # Panics
    /// If `a` is not an element of the group, or the function that makes the matrices made one of the wrong
    /// shape.
    #[must_use]
    pub fn matrix(&self, a: &G::Element) -> DMatrix<S> {
        let matrix = (self.matrix)(a);
        let expected = (self.dimension, self.dimension);
        assert_eq!(matrix.shape(), expected, "expected square matrices of {self:?}");
        matrix
    }

    /// The character χ(a): the trace of ρ(a).
    #[must_use]
    pub fn character(&self, a: &G::Element) -> S {
        let matrix = self.matrix(a);
        (0..self.dimension).fold(S::zero(), |sum, i| sum + matrix[(i, i)].clone())
    }

    /// Panics unless both are representations of one group.
    pub(super) fn assert_same_group(&self, other: &Self) {
        let (expected, found) = (self.group.name(), other.group.name());
        assert_eq!(expected, found, "expected two representations of one group");
    }
}

impl<G: Group> Representation<G, i64> {
    /// The same integer matrices over another ring.
    #[must_use]
    pub fn over<S: Ring>(&self) -> Representation<G, S> {
        let integers = self.clone();
        Representation::from_function(self.group(), self.name(), self.dimension(), move |a| {
            integers.matrix(a).map(S::from_integer)
        })
    }
}

impl<S: Ring> Representation<Symmetric, S> {
    /// The natural representation of S_n on Rⁿ, which permutes the coordinates.
    #[must_use]
    pub fn natural(group: &Symmetric) -> Self {
        Self::permutation(group, "natural", group.points(), |a, point| a.image(point))
    }
}

/// The law of a representation, `ρ(a·b) = ρ(a)·ρ(b)` and `ρ(e) = 1`, compared exactly: on all pairs of
/// elements where the group is small, else on sampled ones.
///
/// # Errors
/// The first violation.
pub fn check_homomorphism<G: FiniteGroup, S: Ring>(
    representation: &Representation<G, S>,
    seed: u64,
) -> Result<Checked, LawViolation> {
    let group = representation.group();
    let (elements, exhaustive) = representative_elements(group, seed);
    let mut check = Checker::new(group);
    let show = |matrix: &DMatrix<S>| format!("{matrix:?}");
    let at_identity = representation.matrix(&group.identity());
    check.equal("ρ(e) = 1", &[], &at_identity, &identity(representation.dimension()), show)?;
    let matrices: Vec<_> = elements.iter().map(|a| representation.matrix(a)).collect();
    for (a, left) in elements.iter().zip(&matrices) {
        for (b, right) in elements.iter().zip(&matrices) {
            let product = representation.matrix(&group.compose(a, b));
            check.equal("ρ(a · b) = ρ(a) · ρ(b)", &[a, b], &product, &multiply(left, right), show)?;
        }
    }
    Ok(check.checked(exhaustive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{C4, D4, Hyperoctahedral, Reflection, Rotation, Trivial};

    fn assert_homomorphism<G: FiniteGroup>(representation: &Representation<G, i64>) {
        if let Err(violation) = check_homomorphism(representation, 0) {
            panic!("{representation:?}: {violation}");
        }
    }

    /// The laws of all the representations that are made from one with a sign.
    fn assert_all_homomorphisms<G: FiniteGroup + Sign>(group: &G, own: &Representation<G, i64>) {
        let (trivial, sign) = (Representation::trivial(group), Representation::sign(group));
        let regular = Representation::regular(group);
        for representation in [&trivial, &sign, &regular, own] {
            assert_homomorphism(representation);
            assert_homomorphism(&representation.dual());
            assert_homomorphism(&own.direct_sum(representation));
        }
        assert_homomorphism(&own.tensor_product(own));
        assert_homomorphism(&own.tensor_product(&sign));
    }

    macro_rules! homomorphisms {
        ($($name:ident: $group:expr, $own:expr;)*) => {
            $(#[test]
            fn $name() {
                let group = $group;
                assert_all_homomorphisms(&group, &$own(&group));
            })*
        };
    }

    homomorphisms! {
        reflection: Reflection, Representation::standard::<1>;
        quarter_turns: C4, Representation::standard::<2>;
        square: D4, Representation::standard::<2>;
        b3: Hyperoctahedral::<3>, Representation::standard::<3>;
        permutations: Symmetric::new(3).expect("small"), Representation::natural;
        permutations_of_four_points: Symmetric::new(4).expect("small"), Representation::natural;
    }

    #[test]
    fn what_is_no_homomorphism_is_refused() {
        let transposed = Representation::from_function(&D4, "transposed", 2, |a| {
            Representation::<_, i64>::standard::<2>(&D4).matrix(a).transpose()
        });
        let violation = check_homomorphism(&transposed, 0).expect_err("transposition reverses products");
        assert_eq!(violation.law, "ρ(a · b) = ρ(a) · ρ(b)");
        assert_eq!(violation.elements, ["Rot90", "Ref"]);
    }

    #[test]
    fn the_standard_representation_turns_right_to_up() {
        let standard = Representation::<_, i64>::standard::<2>(&C4);
        // Rows count downwards: (row, column) = (0, 1) is right, (−1, 0) is up.
        let turn = DMatrix::from_row_slice(2, 2, &[0, -1, 1, 0]);
        assert_eq!(standard.matrix(&Rotation::Rot90), turn);
        assert_eq!(standard.character(&Rotation::Rot180), -2);
    }

    #[test]
    fn matrices_of_generators_extend_to_the_group() {
        let standard = Representation::<_, i64>::standard::<2>(&D4);
        let matrices: Vec<_> = D4.generators().iter().map(|g| standard.matrix(g)).collect();
        let extended =
            Representation::from_generators(&D4, "standard", 2, &matrices).expect("relations hold");
        for a in D4.elements() {
            assert_eq!(extended.matrix(&a), standard.matrix(&a), "{a}");
        }
        let trivial = Representation::<_, i64>::from_generators(&Trivial, "zero", 0, &[]);
        assert_eq!(trivial.map(|zero| zero.dimension()), Ok(0));
    }

    #[test]
    fn matrices_that_break_a_relation_are_refused() {
        let refused = |matrices: &[DMatrix<i64>]| {
            Representation::from_generators(&D4, "wrong", 1, matrices).expect_err("refused").to_string()
        };
        let number = |n| DMatrix::from_element(1, 1, n);
        assert_eq!(refused(&[number(1)]), "expected one matrix for each of the 2 generators, found 1");
        assert_eq!(
            refused(&[DMatrix::zeros(1, 2), number(1)]),
            "expected 1×1 matrices, found one of shape 1×2"
        );
        assert!(
            refused(&[number(2), number(1)])
                .starts_with("expected matrices that satisfy the relations of D4")
        );
    }
}
