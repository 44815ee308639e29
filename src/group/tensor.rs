//! New representations from old: direct sum, tensor product and dual, and what characters say of them.
//!
//! ```text
//! χ_{V ⊕ W} = χ_V + χ_W,   χ_{V ⊗ W} = χ_V · χ_W,   χ_{V*}(g) = χ_V(g⁻¹),   dim Hom_G(V, W) = ⟨χ_V, χ_W⟩
//! ```
//!
//! (J.-P. Serre, *Linear Representations of Finite Groups*, sections 1.5, 2.1 and 2.3.)

use nalgebra::DMatrix;

use super::{FiniteGroup, Group, Representation, parenthesised};
use crate::scalar::{DivideByInteger, Ring};

impl<G: Group, S: Ring> Representation<G, S> {
    /// The direct sum V ⊕ W: block-diagonal matrices.
    ///
    /// # Panics
    /// If the two are representations of different groups.
    #[must_use]
    pub fn direct_sum(&self, other: &Self) -> Self {
        self.assert_same_group(other);
        let (first, second, split) = (self.clone(), other.clone(), self.dimension());
        let name = format!("{} ⊕ {}", self.name(), other.name());
        Self::from_function(self.group(), name, split + other.dimension(), move |a| {
            let (upper, lower) = (first.matrix(a), second.matrix(a));
            DMatrix::from_fn(split + lower.nrows(), split + lower.nrows(), |i, j| {
                match (i < split, j < split) {
                    (true, true) => upper[(i, j)].clone(),
                    (false, false) => lower[(i - split, j - split)].clone(),
                    _ => S::zero(),
                }
            })
        })
    }

    /// The tensor product V ⊗ W: Kronecker products, with e_i ⊗ e_j at i·dim W + j.
    ///
    /// # Panics
    /// If the two are representations of different groups.
    #[must_use]
    pub fn tensor_product(&self, other: &Self) -> Self {
        self.assert_same_group(other);
        let (first, second, n) = (self.clone(), other.clone(), other.dimension());
        let name = format!("{} ⊗ {}", parenthesised(self.name()), parenthesised(other.name()));
        Self::from_function(self.group(), name, self.dimension() * n, move |a| {
            let (outer, inner) = (first.matrix(a), second.matrix(a));
            DMatrix::from_fn(outer.nrows() * n, outer.nrows() * n, |i, j| {
                outer[(i / n, j / n)].clone() * inner[(i % n, j % n)].clone()
            })
        })
    }

    /// The dual V*: ρ*(g) = ρ(g⁻¹)ᵀ.
    #[must_use]
    pub fn dual(&self) -> Self {
        let original = self.clone();
        let name = format!("{}*", parenthesised(self.name()));
        Self::from_function(self.group(), name, self.dimension(), move |a| {
            original.matrix(&original.group().inverse(a)).transpose()
        })
    }
}

/// ⟨χ_V, χ_W⟩ = 1/|G| · Σ_g χ_V(g⁻¹)·χ_W(g): the dimension of the space of equivariant linear maps V → W, as
/// an element of the scalars. Makes two matrices for each element of the group.
///
/// # Panics
/// If the two are representations of different groups, the order of the group does not fit 64 bits, or it is
/// zero in the scalars.
#[must_use]
pub fn character_inner_product<G: FiniteGroup, S: DivideByInteger>(
    v: &Representation<G, S>,
    w: &Representation<G, S>,
) -> S {
    v.assert_same_group(w);
    let group = v.group();
    let order = match u64::try_from(group.order()) {
        Ok(order) => order,
        Err(_) => panic!("expected a group whose order fits 64 bits, found {}", group.name()),
    };
    let mut sum = S::zero();
    for a in group.elements() {
        sum.add_product(&v.character(&group.inverse(&a)), &w.character(&a));
    }
    sum.divide_by_integer(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Symmetric, p4};

    #[test]
    fn characters_of_sums_products_and_duals() {
        let s4 = Symmetric::new(4).expect("small");
        let (natural, sign) = (Representation::<_, i64>::natural(&s4), Representation::sign(&s4));
        let (sum, product) = (natural.direct_sum(&sign), natural.tensor_product(&sign));
        assert_eq!((sum.name(), sum.dimension()), ("natural ⊕ sign", 5));
        for a in s4.elements() {
            let (fixed_points, parity) = (natural.character(&a), sign.character(&a));
            assert_eq!(fixed_points, (0..4).filter(|&i| a.image(i) == i).count() as i64);
            assert_eq!(sum.character(&a), fixed_points + parity);
            assert_eq!(product.character(&a), fixed_points * parity);
            assert_eq!(natural.dual().character(&a), natural.character(&s4.inverse(&a)));
        }
        assert_eq!(Representation::<_, i64>::regular(&s4).character(&s4.identity()), 24);
    }

    #[test]
    #[should_panic(expected = "expected two representations of one group")]
    fn representations_of_different_groups_do_not_add() {
        let first = Representation::<_, i64>::regular(&p4(1));
        let _ = first.direct_sum(&Representation::regular(&p4(2)));
    }
}
