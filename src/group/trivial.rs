//! The trivial group: one element, which moves nothing.
//!
//! Invariance under a group is equivariance into an output on which the group acts trivially.

use std::fmt::{self, Display};

use rand::Rng;

use super::{FiniteGroup, Group};

/// The group of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trivial;

/// The element of [`Trivial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity;

impl Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Id")
    }
}

impl Group for Trivial {
    type Element = Identity;

    fn name(&self) -> String {
        "{Id}".into()
    }

    fn identity(&self) -> Identity {
        Identity
    }

    fn compose(&self, _: &Identity, _: &Identity) -> Identity {
        Identity
    }

    fn inverse(&self, _: &Identity) -> Identity {
        Identity
    }

    fn generators(&self) -> Vec<Identity> {
        Vec::new()
    }

    fn contains(&self, _: &Identity) -> bool {
        true
    }

    fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> Identity {
        Identity
    }
}

impl FiniteGroup for Trivial {
    fn order(&self) -> u128 {
        1
    }

    fn element(&self, index: u128) -> Identity {
        assert_eq!(index, 0, "the trivial group has one element");
        Identity
    }

    fn index(&self, _: &Identity) -> u128 {
        0
    }
}
