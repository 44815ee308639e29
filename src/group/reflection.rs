//! The group {Id, Ref} of a reflection: two elements, `Ref · Ref = Id`.
//!
//! It mirrors a signal, or one axis of an image. It is Z_2 and also B_1
//! ([`Hyperoctahedral<1>`](super::Hyperoctahedral)), with `From` both ways.

use std::fmt::{self, Display};

use rand::{Rng, RngExt};

use super::{FiniteGroup, Group};

/// The group {Id, Ref}.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reflection;

/// An element of [`Reflection`]: to mirror, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flip {
    /// Nothing moves.
    Identity,
    /// The mirror image.
    Reflect,
}

impl Flip {
    /// `Reflect` if `reflected`.
    #[must_use]
    pub fn from_reflected(reflected: bool) -> Self {
        if reflected { Self::Reflect } else { Self::Identity }
    }

    /// Whether this is the reflection.
    #[must_use]
    pub fn is_reflected(self) -> bool {
        self == Self::Reflect
    }
}

impl Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Identity => "Id",
            Self::Reflect => "Ref",
        })
    }
}

impl Group for Reflection {
    type Element = Flip;

    fn name(&self) -> String {
        "{Id, Ref}".into()
    }

    fn identity(&self) -> Flip {
        Flip::Identity
    }

    fn compose(&self, a: &Flip, b: &Flip) -> Flip {
        Flip::from_reflected(a != b)
    }

    fn inverse(&self, a: &Flip) -> Flip {
        *a
    }

    fn generators(&self) -> Vec<Flip> {
        vec![Flip::Reflect]
    }

    fn contains(&self, _: &Flip) -> bool {
        true
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Flip {
        Flip::from_reflected(random.random())
    }
}

impl FiniteGroup for Reflection {
    fn order(&self) -> u128 {
        2
    }

    fn element(&self, index: u128) -> Flip {
        assert!(index < 2, "expected an index below 2, found {index}");
        Flip::from_reflected(index == 1)
    }

    fn index(&self, a: &Flip) -> u128 {
        u128::from(a.is_reflected())
    }
}
