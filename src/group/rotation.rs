//! C4: the quarter turns of a square image.
//!
//! `Rot90` turns the picture counter-clockwise as it is displayed, with the row axis pointing down: like
//! `numpy.rot90(x)`. On an n×n array it takes what is at (i, j) to (n−1−j, i).
//! Presentation: ⟨ r | r⁴ = e ⟩.

use std::fmt::{self, Display};

use rand::{Rng, RngExt};

use super::{FiniteGroup, Group, Subgroup, subgroup};

/// The group of quarter turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct C4;

/// An element of [`C4`]: a counter-clockwise rotation of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// By 0°.
    Identity,
    /// By 90°.
    Rot90,
    /// By 180°.
    Rot180,
    /// By 270°, which is 90° clockwise.
    Rot270,
}

impl Rotation {
    /// The rotation by this many quarter turns, counted modulo 4.
    #[must_use]
    pub fn from_quarter_turns(quarter_turns: u8) -> Self {
        match quarter_turns % 4 {
            0 => Self::Identity,
            1 => Self::Rot90,
            2 => Self::Rot180,
            _ => Self::Rot270,
        }
    }

    /// The number of quarter turns, 0 to 3.
    #[must_use]
    pub fn quarter_turns(self) -> u8 {
        self as u8
    }
}

impl Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Identity => "Id",
            Self::Rot90 => "Rot90",
            Self::Rot180 => "Rot180",
            Self::Rot270 => "Rot270",
        })
    }
}

impl Group for C4 {
    type Element = Rotation;

    fn name(&self) -> String {
        "C4".into()
    }

    fn identity(&self) -> Rotation {
        Rotation::Identity
    }

    fn compose(&self, a: &Rotation, b: &Rotation) -> Rotation {
        Rotation::from_quarter_turns(a.quarter_turns() + b.quarter_turns())
    }

    fn inverse(&self, a: &Rotation) -> Rotation {
        Rotation::from_quarter_turns(4 - a.quarter_turns())
    }

    fn generators(&self) -> Vec<Rotation> {
        vec![Rotation::Rot90]
    }

    fn contains(&self, _: &Rotation) -> bool {
        true
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Rotation {
        Rotation::from_quarter_turns(random.random_range(0..4))
    }
}

impl FiniteGroup for C4 {
    fn order(&self) -> u128 {
        4
    }

    fn element(&self, index: u128) -> Rotation {
        assert!(index < 4, "expected an index below 4, found {index}");
        Rotation::from_quarter_turns(index as u8)
    }

    fn index(&self, a: &Rotation) -> u128 {
        u128::from(a.quarter_turns())
    }

    fn describe_subgroup(&self, subgroup: &Subgroup<Self>) -> String {
        match subgroup.order() {
            2 => "multiples of 180°".into(),
            _ => subgroup::describe_by_elements(self, subgroup),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_rotations() {
        for (rotation, inverse) in [
            (Rotation::Identity, Rotation::Identity),
            (Rotation::Rot90, Rotation::Rot270),
            (Rotation::Rot180, Rotation::Rot180),
            (Rotation::Rot270, Rotation::Rot90),
        ] {
            assert_eq!(C4.inverse(&rotation), inverse);
        }
    }
}
