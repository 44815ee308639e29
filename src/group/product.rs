//! The direct product A × B: pairs, multiplied side by side, (a₁, b₁)·(a₂, b₂) = (a₁·a₂, b₁·b₂).

use std::fmt::{self, Display};

use rand::Rng;

use super::{FiniteGroup, Group, parenthesised};

/// The direct product A × B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product<A, B> {
    first: A,
    second: B,
}

/// An element of [`Product`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair<A, B>(pub A, pub B);

impl<A: Display, B: Display> Display for Pair<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.to_string().as_str(), self.1.to_string().as_str()) {
            ("Id", "Id") => f.pad("Id"),
            (first, second) => f.pad(&format!("({first}, {second})")),
        }
    }
}

impl<A: Group, B: Group> Product<A, B> {
    /// The direct product of the two groups.
    #[must_use]
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    /// The factor A.
    #[must_use]
    pub fn first(&self) -> &A {
        &self.first
    }

    /// The factor B.
    #[must_use]
    pub fn second(&self) -> &B {
        &self.second
    }
}

impl<A: Group, B: Group> Group for Product<A, B> {
    type Element = Pair<A::Element, B::Element>;

    fn name(&self) -> String {
        format!("{} × {}", parenthesised(&self.first.name()), parenthesised(&self.second.name()))
    }

    fn identity(&self) -> Self::Element {
        Pair(self.first.identity(), self.second.identity())
    }

    fn compose(&self, a: &Self::Element, b: &Self::Element) -> Self::Element {
        Pair(self.first.compose(&a.0, &b.0), self.second.compose(&a.1, &b.1))
    }

    fn inverse(&self, a: &Self::Element) -> Self::Element {
        Pair(self.first.inverse(&a.0), self.second.inverse(&a.1))
    }

    fn generators(&self) -> Vec<Self::Element> {
        let first = self.first.generators().into_iter().map(|a| Pair(a, self.second.identity()));
        let second = self.second.generators().into_iter().map(|b| Pair(self.first.identity(), b));
        first.chain(second).collect()
    }

    fn contains(&self, a: &Self::Element) -> bool {
        self.first.contains(&a.0) && self.second.contains(&a.1)
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Self::Element {
        Pair(self.first.sample(random), self.second.sample(random))
    }
}

impl<A: FiniteGroup, B: FiniteGroup> FiniteGroup for Product<A, B> {
    /// # Panics
    /// If the order does not fit 128 bits.
    fn order(&self) -> u128 {
        product_of_orders(self.first.order(), self.second.order(), &self.name())
    }

    fn element(&self, index: u128) -> Self::Element {
        let second = self.second.order();
        Pair(self.first.element(index / second), self.second.element(index % second))
    }

    fn index(&self, a: &Self::Element) -> u128 {
        self.first.index(&a.0) * self.second.order() + self.second.index(&a.1)
    }
}

/// The order of a group of pairs.
pub(super) fn product_of_orders(first: u128, second: u128, name: &str) -> u128 {
    match first.checked_mul(second) {
        Some(order) => order,
        None => panic!("the order of {name} does not fit 128 bits"),
    }
}
