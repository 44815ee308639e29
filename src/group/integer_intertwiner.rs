//! Intertwiners in whole numbers: a basis that every scalar holds exactly.
//!
//! Where the matrices of two representations are rational (permutations, signs, their sums and products, any
//! matrices of generators with rational entries), so is the system ρ_W(g)·A = A·ρ_V(g), and elimination over
//! ℚ finds a basis whose span over ℝ is all solutions: the rank of a matrix is the same over every field that
//! contains its entries. Multiplied by its common denominator, each matrix of it is one of integers without a
//! common factor. (Over ℝ, M. Finzi, M. Welling, A. Wilson, *A practical method for constructing equivariant
//! multilayer perceptrons*, ICML 2021, section 4, find the same space by singular values, in floats.)
//!
//! Cost: that of [`orbit_intertwiners`] where the group permutes on both sides, else of [`intertwiners`].

use nalgebra::DMatrix;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive};
use thiserror::Error;

use super::{FiniteGroup, Representation, intertwiners, orbit_intertwiners};
use crate::scalar::Rational;

/// An entry of a basis that is no 64-bit integer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected maps from {from} to {to} with entries that fit 64 bits, found {entry}: choose bases of the \
     representations in which their matrices have small entries"
)]
pub struct LargeEntry {
    /// The representation that is mapped.
    pub from: String,
    /// The representation that is mapped to.
    pub to: String,
    /// The entry.
    pub entry: String,
}

/// A basis of the equivariant linear maps V → W, as matrices dim W × dim V of integers without a common
/// factor: the indicators of the orbits on pairs where the group permutes on both sides.
///
/// # Errors
/// If an entry does not fit 64 bits.
///
/// # Panics
/// If the two are representations of different groups.
pub fn integer_intertwiners<G: FiniteGroup>(
    v: &Representation<G, Rational>,
    w: &Representation<G, Rational>,
) -> Result<Vec<DMatrix<i64>>, LargeEntry> {
    let basis = orbit_intertwiners(v, w).unwrap_or_else(|| intertwiners(v, w));
    basis.iter().map(|matrix| whole(matrix).map_err(|entry| large(v, w, &entry))).collect()
}

/// A rational matrix times the least common multiple of its denominators, or the first entry that is too
/// large.
///
/// Each matrix of the basis has an entry 1, so that the result has no common factor: it would divide the
/// multiple, of which each prime power is the denominator of some entry.
fn whole(matrix: &DMatrix<Rational>) -> Result<DMatrix<i64>, Rational> {
    let mut multiple = Rational::one();
    for entry in matrix {
        let rest = (entry.clone() * multiple.clone()).denominator();
        multiple = multiple * Rational::from(BigRational::from(rest));
    }
    let mut integers = DMatrix::zeros(matrix.nrows(), matrix.ncols());
    for (integer, entry) in integers.iter_mut().zip(matrix) {
        let entry = entry.clone() * multiple.clone();
        *integer = entry.numerator().to_i64().ok_or(entry)?;
    }
    Ok(integers)
}

fn large<G: FiniteGroup>(
    v: &Representation<G, Rational>,
    w: &Representation<G, Rational>,
    entry: &Rational,
) -> LargeEntry {
    LargeEntry { from: v.name().to_owned(), to: w.name().to_owned(), entry: entry.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{C4, D4, Reflection, Sign, Symmetric, is_intertwiner};

    /// The maps commute with the group, are independent, and as many as elimination finds.
    fn check<G: FiniteGroup>(v: &Representation<G, i64>, w: &Representation<G, i64>) {
        let maps = integer_intertwiners(&v.over(), &w.over()).expect("small entries");
        assert!(maps.iter().all(|map| is_intertwiner(v, w, map)), "{v:?} to {w:?}");
        assert_eq!(maps.len(), intertwiners::<_, Rational>(&v.over(), &w.over()).len());
        // Each has an entry that is zero in all others, so none is a combination of the rest.
        for map in &maps {
            let alone = |place: usize| maps.iter().all(|other| (other[place] != 0) == (other == map));
            assert!((0..map.len()).any(alone), "{v:?} to {w:?}");
        }
    }

    fn check_pairs<G: FiniteGroup + Sign>(group: &G, own: &Representation<G, i64>) {
        let (trivial, sign) = (Representation::trivial(group), Representation::sign(group));
        let all = [trivial, sign.clone(), own.tensor_product(own), own.direct_sum(&sign), own.clone()];
        for v in &all {
            for w in &all {
                check(v, w);
            }
        }
    }

    #[test]
    fn permutations_signs_sums_and_products() {
        check_pairs(&C4, &Representation::regular(&C4));
        check_pairs(&D4, &Representation::standard::<2>(&D4));
        let s3 = Symmetric::new(3).expect("small");
        check_pairs(&s3, &Representation::natural(&s3));
    }

    #[test]
    fn fractions_are_cleared() {
        // A reflection of the plane in a basis that is not orthogonal; its fixed vectors are the multiples of
        // (2, 3): those of (x, y) = (−x + 4/3·y, y).
        let entries = [(-1, 1), (4, 3), (0, 1), (1, 1)].map(|(n, d)| Rational::new(n, d));
        let mirror = DMatrix::from_row_slice(2, 2, &entries);
        let skew = Representation::from_generators(&Reflection, "skew", 2, &[mirror]).expect("an involution");
        let fixed = integer_intertwiners(&Representation::trivial(&Reflection), &skew).expect("small");
        assert_eq!(fixed, [DMatrix::from_row_slice(2, 1, &[2, 3])]);
        let maps = integer_intertwiners(&skew, &skew).expect("small");
        assert_eq!(maps.len(), 2);
        for map in maps {
            let map = map.map(Rational::from);
            assert!(is_intertwiner(&skew, &skew, &map));
        }
    }

    #[test]
    fn entries_beyond_64_bits_are_told() {
        let huge = |n| Rational::new(1, n);
        let entries =
            [Rational::from(-1), huge(i64::MAX) * huge(i64::MAX), Rational::from(0), Rational::from(1)];
        let mirror = DMatrix::from_row_slice(2, 2, &entries);
        let skew = Representation::from_generators(&Reflection, "skew", 2, &[mirror]).expect("an involution");
        let error =
            integer_intertwiners(&Representation::trivial(&Reflection), &skew).expect_err("too large");
        assert!(error.to_string().starts_with("expected maps from trivial to skew with entries that fit 64"));
    }
}
