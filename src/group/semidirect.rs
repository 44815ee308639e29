//! The semidirect product N ⋊ H of a group N with a group H of automorphisms of it.
//!
//! ```text
//! (n₁, h₁) · (n₂, h₂) = (n₁ · (h₁ ▷ n₂), h₁ · h₂)
//! (n, h)⁻¹            = (h⁻¹ ▷ n⁻¹, h⁻¹)
//! ```
//!
//! (n, h) stands for `n · h`: first h, then n. With N the translations of a periodic square grid it gives the
//! wallpaper groups of group-equivariant networks (Cohen and Welling, *Group Equivariant Convolutional
//! Networks*, 2016, section 4): [`p4`] = Z_n² ⋊ C4 and [`p4m`] = Z_n² ⋊ D4; with B_3 those of a cube.
//!
//! How they move a periodic image: `(t, r)` takes what is at the index p to `t + r·p` modulo n, so r turns
//! **about the index origin**: Rot90 takes (i, j) to (−j, i) modulo n. Turning the array about its middle
//! takes (i, j) to (n−1−j, i) instead. They differ by one step along every axis that r reverses: r about the
//! origin is r about the middle, followed by the translation by 1 along each reversed axis of the result.

use std::fmt::{self, Display};

use rand::Rng;
use thiserror::Error;

use super::product::product_of_orders;
use super::{
    C4, CyclicTranslations, D4, FiniteGroup, Group, SignedPermutation, Translation, assert_contains,
    parenthesised,
};

/// A group H that acts on a group N by automorphisms.
///
/// Laws, for all h, k in H and n, m in N, where H [acts on](Automorphisms::acts_on) N:
/// - `e ▷ n = n` and `(h · k) ▷ n = h ▷ (k ▷ n)`;
/// - `h ▷ (n · m) = (h ▷ n) · (h ▷ m)`.
pub trait Automorphisms<N: Group>: Group {
    /// Whether every element of H maps this N onto itself. (Quarter turns do not map Z_4 × Z_6 to itself.)
    fn acts_on(&self, normal: &N) -> bool;

    /// `h ▷ n`.
    ///
    /// # Panics
    /// If `n` is not an element of `normal`.
    fn automorphism(&self, normal: &N, h: &Self::Element, n: &N::Element) -> N::Element;
}

/// Signed permutations of the axes (and every group of them) move translations as they move points.
impl<const D: usize, H: Group> Automorphisms<CyclicTranslations<D>> for H
where
    SignedPermutation<D>: From<H::Element>,
{
    fn acts_on(&self, normal: &CyclicTranslations<D>) -> bool {
        let extents = normal.extents();
        let keeps_extents = |h| SignedPermutation::from(h).axes().map(|axis| extents[axis]) == extents;
        self.generators().into_iter().all(keeps_extents)
    }

    fn automorphism(
        &self,
        normal: &CyclicTranslations<D>,
        h: &H::Element,
        n: &Translation<D>,
    ) -> Translation<D> {
        assert_contains(normal, n);
        normal.translation(SignedPermutation::from(h.clone()).image(n.0))
    }
}

/// Two groups that have no semidirect product, because one does not act on the other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a group that {point} maps onto itself (as a square grid), found {normal}")]
pub struct SemidirectError {
    /// The group that was to be acted on.
    pub normal: String,
    /// The group that was to act.
    pub point: String,
}

/// The semidirect product N ⋊ H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semidirect<N, H> {
    normal: N,
    point: H,
}

/// An element of [`Semidirect`]: `normal · point`, first the point symmetry, then the normal element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SemidirectElement<N, H> {
    /// The element of N (the translation): comes second.
    pub normal: N,
    /// The element of H (the rotation): comes first.
    pub point: H,
}

impl<N: Display, H: Display> Display for SemidirectElement<N, H> {
    /// `T(1,2)·Rot90`, with identities left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.normal.to_string().as_str(), self.point.to_string().as_str()) {
            (normal, "Id") => f.pad(normal),
            ("Id", point) => f.pad(point),
            (normal, point) => f.pad(&format!("{normal}·{point}")),
        }
    }
}

/// p4: the translations and quarter turns of a periodic n×n image.
pub type P4 = Semidirect<CyclicTranslations<2>, C4>;

/// p4m: the translations, quarter turns and reflections of a periodic n×n image.
pub type P4m = Semidirect<CyclicTranslations<2>, D4>;

/// p4 on a periodic n×n image: Z_n² ⋊ C4, of order 4·n².
///
/// # Panics
/// If n is zero or at least 2³².
#[must_use]
pub fn p4(n: usize) -> P4 {
    Semidirect { normal: CyclicTranslations::new([n, n]), point: C4 }
}

/// p4m on a periodic n×n image: Z_n² ⋊ D4, of order 8·n².
///
/// # Panics
/// If n is zero or at least 2³².
#[must_use]
pub fn p4m(n: usize) -> P4m {
    Semidirect { normal: CyclicTranslations::new([n, n]), point: D4 }
}

impl<N: Group, H: Automorphisms<N>> Semidirect<N, H> {
    /// The semidirect product N ⋊ H.
    ///
    /// # Errors
    /// If H does not act on N.
    pub fn new(normal: N, point: H) -> Result<Self, SemidirectError> {
        if point.acts_on(&normal) {
            Ok(Self { normal, point })
        } else {
            Err(SemidirectError { normal: normal.name(), point: point.name() })
        }
    }

    /// The group N that is acted on: the translations.
    #[must_use]
    pub fn normal(&self) -> &N {
        &self.normal
    }

    /// The group H that acts: the rotations.
    #[must_use]
    pub fn point(&self) -> &H {
        &self.point
    }
}

impl<N: Group, H: Automorphisms<N>> Group for Semidirect<N, H> {
    type Element = SemidirectElement<N::Element, H::Element>;

    fn name(&self) -> String {
        format!("{} ⋊ {}", parenthesised(&self.normal.name()), parenthesised(&self.point.name()))
    }

    fn identity(&self) -> Self::Element {
        SemidirectElement { normal: self.normal.identity(), point: self.point.identity() }
    }

    fn compose(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
        let moved = self.point.automorphism(&self.normal, &a.point, &b.normal);
        SemidirectElement {
            normal: self.normal.compose(&a.normal, &moved),
            point: self.point.compose(&a.point, &b.point),
        }
    }

    fn inverse(&self, a: &Self::Element) -> Self::Element {
        let point = self.point.inverse(&a.point);
        let normal = self.point.automorphism(&self.normal, &point, &self.normal.inverse(&a.normal));
        SemidirectElement { normal, point }
    }

    fn generators(&self) -> Vec<Self::Element> {
        let (normal_identity, point_identity) = (self.normal.identity(), self.point.identity());
        let normal = self.normal.generators().into_iter();
        let normal = normal.map(|normal| SemidirectElement { normal, point: point_identity.clone() });
        let point = self.point.generators().into_iter();
        let point = point.map(|point| SemidirectElement { normal: normal_identity.clone(), point });
        normal.chain(point).collect()
    }

    fn contains(&self, a: &Self::Element) -> bool {
        self.normal.contains(&a.normal) && self.point.contains(&a.point)
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Self::Element {
        SemidirectElement { normal: self.normal.sample(random), point: self.point.sample(random) }
    }
}

impl<N: FiniteGroup, H: Automorphisms<N> + FiniteGroup> FiniteGroup for Semidirect<N, H> {
    /// # Panics
    /// If the order does not fit 128 bits.
    fn order(&self) -> u128 {
        product_of_orders(self.normal.order(), self.point.order(), &self.name())
    }

    fn element(&self, index: u128) -> Self::Element {
        let points = self.point.order();
        SemidirectElement {
            normal: self.normal.element(index / points),
            point: self.point.element(index % points),
        }
    }

    fn index(&self, a: &Self::Element) -> u128 {
        self.normal.index(&a.normal) * self.point.order() + self.point.index(&a.point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Flip, Rotation};

    #[test]
    fn first_the_rotation_then_the_translation() {
        let group = p4(5);
        let turn = SemidirectElement { normal: Translation([0, 0]), point: Rotation::Rot90 };
        let right = SemidirectElement { normal: Translation([0, 1]), point: Rotation::Identity };
        // Moving right and then turning counter-clockwise is turning and then moving up.
        assert_eq!(group.compose(&turn, &right).to_string(), "T(−1,0)·Rot90");
        assert_eq!(group.compose(&right, &turn).to_string(), "T(0,1)·Rot90");
        assert_eq!(group.compose(&turn, &turn).to_string(), "Rot180");
        assert_eq!(right.to_string(), "T(0,1)");
    }

    #[test]
    fn quarter_turns_do_not_act_on_a_rectangle() {
        let rectangle = CyclicTranslations::new([4, 6]);
        let error = Semidirect::new(rectangle, C4).expect_err("4×6 is no square");
        assert_eq!(
            error.to_string(),
            "expected a group that C4 maps onto itself (as a square grid), found Z_4 × Z_6"
        );
    }

    #[test]
    fn a_mirror_fixes_the_translations_along_it() {
        let group = p4m(4);
        let mirror = SemidirectElement { normal: Translation([1, 1]), point: Flip::Reflect.into() };
        assert_eq!(group.compose(&mirror, &mirror).to_string(), "T(2,0)");
        assert_eq!(group.name(), "Z_4² ⋊ D4");
    }
}
