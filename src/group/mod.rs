//! Groups: what acts.
//!
//! A group is a value (`Cyclic::new(5)`, `D4`, `Symmetric::new(4)`); its elements are values of
//! [`Group::Element`], displayed as people write them (`Rot90`, `T(3,−1)`, `(0 2 1)`).
//! How elements move signals is told one floor up, in [`crate::signal`].
//!
//! | group | elements | order | file |
//! |---|---|---|---|
//! | [`Trivial`] | [`Identity`] | 1 | `trivial` |
//! | [`Reflection`] | [`Flip`] | 2 | `reflection` |
//! | [`C4`] | [`Rotation`] | 4 | `rotation` |
//! | [`D4`] | [`RotationReflection`] | 8 | `dihedral` |
//! | [`Symmetric`] S_n | [`Permutation`] | n! | `symmetric` |
//! | [`Hyperoctahedral`] B_d | [`SignedPermutation`] | 2ᵈ·d! | `hyperoctahedral` |
//! | [`CyclicTranslations`] Z_n × Z_m × … | [`Translation`] | n·m·… | `translation` |
//! | [`IntegerTranslations`] Zᵈ | [`Translation`] | infinite | `translation` |
//! | [`RealTranslations`] ℝ, [`PlaneRotations`] SO(2) | [`RealTranslation`], [`Angle`] | continuous | `continuous` |
//! | [`Product`] A × B | [`Pair`] | \|A\|·\|B\| | `product` |
//! | [`Semidirect`] N ⋊ H, with [`P4`] and [`P4m`] | [`SemidirectElement`] | \|N\|·\|H\| | `semidirect` |
//!
//! The identity of each of them displays as `Id`.
//!
//! Around them: the laws as functions ([`laws`]), [`Subgroup`]s and their names, presentations
//! ([`check_presentation`]), and matrices: [`Representation`]s and the linear maps that commute with them
//! ([`intertwiners`], and in whole numbers [`integer_intertwiners`]).

mod continuous;
mod dihedral;
mod hyperoctahedral;
mod integer_intertwiner;
mod intertwiner;
pub mod laws;
mod linear_algebra;
mod permutation;
mod presentation;
mod product;
mod reflection;
mod representation;
mod rotation;
#[cfg(test)]
mod sample_tests;
mod semidirect;
mod sign;
mod singular_values;
mod subgroup;
mod symmetric;
mod tensor;
mod translation;
mod trivial;

pub use continuous::{Angle, PlaneRotations, RealTranslation, RealTranslations};
pub use dihedral::{D4, RotationReflection};
pub use hyperoctahedral::{Hyperoctahedral, SignedPermutation};
pub use integer_intertwiner::{LargeEntry, integer_intertwiners};
pub use intertwiner::{
    RealIntertwiners, intertwiners, is_intertwiner, orbit_intertwiners, real_intertwiners,
};
pub use permutation::{Permutation, PermutationError};
pub use presentation::{PresentationError, Word, check_presentation, presented_order};
pub use product::{Pair, Product};
pub use reflection::{Flip, Reflection};
pub use representation::{Representation, RepresentationError, check_homomorphism};
pub use rotation::{C4, Rotation};
pub use semidirect::{Automorphisms, P4, P4m, Semidirect, SemidirectElement, SemidirectError, p4, p4m};
pub use sign::Sign;
pub use subgroup::{Subgroup, SubgroupError};
pub use symmetric::{Symmetric, SymmetricError};
pub use tensor::character_inner_product;
pub use translation::{CyclicTranslations, IntegerTranslations, Translation};
pub use trivial::{Identity, Trivial};

use std::fmt::{Debug, Display};
use std::hash::Hash;

use rand::Rng;

/// A group.
///
/// Laws, for all elements `a`, `b`, `c`, with `e` the identity:
/// - `e · a = a = a · e`;
/// - `a⁻¹ · a = e = a · a⁻¹`;
/// - `(a · b) · c = a · (b · c)`;
/// - every element is a product of [generators](Group::generators) (and of their inverses, where the group is
///   infinite). Continuous groups have no finite set of generators and return an empty one.
///
/// `a · b` means *first b, then a*, as for functions: every action of this crate is a left action.
pub trait Group: Clone + Debug + Send + Sync + 'static {
    /// What the group consists of.
    type Element: Clone + PartialEq + Debug + Display + Send + Sync + 'static;

    /// How people write the group: `C4`, `Z_5 × Z_7`, `S_4`, `Z_6² ⋊ D4`.
    fn name(&self) -> String;

    /// The neutral element.
    fn identity(&self) -> Self::Element;

    /// The product `a · b`: first `b`, then `a`.
    ///
    /// # Panics
    /// If an operand is not an [element of this group](Group::contains).
    fn compose(&self, a: &Self::Element, b: &Self::Element) -> Self::Element;

    /// The inverse `a⁻¹`.
    ///
    /// # Panics
    /// If `a` is not an [element of this group](Group::contains).
    fn inverse(&self, a: &Self::Element) -> Self::Element;

    /// A small set that generates the group.
    fn generators(&self) -> Vec<Self::Element>;

    /// Whether `a` is an element (a permutation of the right size, a reduced translation …).
    fn contains(&self, a: &Self::Element) -> bool;

    /// A random element: uniform where the group is finite, else documented by the group.
    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Self::Element;
}

/// A group of finite order, with its elements numbered `0 .. order` and the identity first.
///
/// Laws: `index` and `element` are inverse to each other; `element(0)` is the identity.
pub trait FiniteGroup: Group<Element: Eq + Hash> {
    /// The number of elements.
    fn order(&self) -> u128;

    /// The element with this index.
    ///
    /// # Panics
    /// If `index ≥ order`.
    fn element(&self, index: u128) -> Self::Element;

    /// The index of an element.
    ///
    /// # Panics
    /// If `a` is not an element of this group.
    fn index(&self, a: &Self::Element) -> u128;

    /// All elements, the identity first.
    fn elements(&self) -> impl Iterator<Item = Self::Element> + '_ {
        (0..self.order()).map(|i| self.element(i))
    }

    /// A subgroup as people write it: `the whole group`, `{Id, Ref}`, `2Z × 2Z`, `multiples of 180°`.
    fn describe_subgroup(&self, subgroup: &Subgroup<Self>) -> String {
        subgroup::describe_by_elements(self, subgroup)
    }
}

/// A left action of a group on values of type `X`.
///
/// Laws, for all elements `a`, `b` and all `x`:
/// - `e ▷ x = x`;
/// - `(a · b) ▷ x = a ▷ (b ▷ x)`.
///
/// Arrays of any scalar implement it through [`crate::signal::ArrayAction`].
pub trait Action<G: Group, X> {
    /// `g ▷ x`.
    ///
    /// # Panics
    /// If `x` is not something that the group moves in this way (a wrong shape, say).
    fn act(&self, group: &G, g: &G::Element, x: &X) -> X;
}

/// Panics unless `a` is an element of the group: elements of `Z_8` must not pass for elements of `Z_5`.
fn assert_contains<G: Group>(group: &G, a: &G::Element) {
    assert!(group.contains(a), "expected an element of {}, found {a}", group.name());
}

/// `(A × B)` for a name of several words, the name itself otherwise.
fn parenthesised(name: &str) -> String {
    if name.contains(' ') && !name.starts_with('{') { format!("({name})") } else { name.to_owned() }
}
