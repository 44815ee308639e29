//! Groups: what acts.
//!
//! A group is a value (`Cyclic::new(5)`, `D4`, `Symmetric::new(4)`); its elements are values of
//! [`Group::Element`], displayed as people write them (`Rot90`, `T(3,−1)`, `(0 2 1)`).
//! How elements move signals is told one floor up, in [`crate::signal`].

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
