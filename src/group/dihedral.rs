//! D4: the eight symmetries of a square image.
//!
//! An element is a rotation after an optional reflection, `Rotᵏ · Ref`, where `Ref` reverses the columns: the
//! left-right mirror (i, j) ↦ (i, n−1−j), and `Rot90` is the counter-clockwise turn of [`C4`]. So `Rot90·Ref`
//! transposes, `Rot180·Ref` reverses the rows, and `Rot270·Ref` transposes along the anti-diagonal.
//!
//! Presentation: ⟨ r, s | r⁴ = s² = (r·s)² = e ⟩, hence s·rᵏ = r⁻ᵏ·s.
//! D4 is isomorphic to B_2 ([`Hyperoctahedral<2>`](super::Hyperoctahedral)), with `From` both ways.

use std::fmt::{self, Display};

use rand::Rng;

use super::{C4, FiniteGroup, Flip, Group, Reflection, Rotation, Subgroup, subgroup};

/// The group of the symmetries of a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct D4;

/// An element of [`D4`]: `rotation · flip`, that is first the flip, then the rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RotationReflection {
    /// The left-right mirror, or nothing: comes first.
    pub flip: Flip,
    /// The counter-clockwise turn: comes second.
    pub rotation: Rotation,
}

impl RotationReflection {
    /// `rotation · flip`: first the flip, then the rotation.
    #[must_use]
    pub fn new(rotation: Rotation, flip: Flip) -> Self {
        Self { flip, rotation }
    }
}

impl From<Rotation> for RotationReflection {
    fn from(rotation: Rotation) -> Self {
        Self::new(rotation, Flip::Identity)
    }
}

impl From<Flip> for RotationReflection {
    fn from(flip: Flip) -> Self {
        Self::new(Rotation::Identity, flip)
    }
}

impl Display for RotationReflection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rotation, self.flip) {
            (rotation, Flip::Identity) => rotation.fmt(f),
            (Rotation::Identity, flip) => flip.fmt(f),
            (rotation, flip) => f.pad(&format!("{rotation}·{flip}")),
        }
    }
}

impl Group for D4 {
    type Element = RotationReflection;

    fn name(&self) -> String {
        "D4".into()
    }

    fn identity(&self) -> RotationReflection {
        Rotation::Identity.into()
    }

    fn compose(&self, a: &RotationReflection, b: &RotationReflection) -> RotationReflection {
        let rotation = match a.flip {
            Flip::Identity => b.rotation,
            Flip::Reflect => C4.inverse(&b.rotation),
        };
        RotationReflection::new(C4.compose(&a.rotation, &rotation), Reflection.compose(&a.flip, &b.flip))
    }

    fn inverse(&self, a: &RotationReflection) -> RotationReflection {
        match a.flip {
            Flip::Identity => C4.inverse(&a.rotation).into(),
            Flip::Reflect => *a,
        }
    }

    fn generators(&self) -> Vec<RotationReflection> {
        vec![Rotation::Rot90.into(), Flip::Reflect.into()]
    }

    fn contains(&self, _: &RotationReflection) -> bool {
        true
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> RotationReflection {
        RotationReflection::new(C4.sample(random), Reflection.sample(random))
    }
}

impl FiniteGroup for D4 {
    fn order(&self) -> u128 {
        8
    }

    fn element(&self, index: u128) -> RotationReflection {
        RotationReflection::new(C4.element(index % 4), Reflection.element(index / 4))
    }

    fn index(&self, a: &RotationReflection) -> u128 {
        C4.index(&a.rotation) + 4 * Reflection.index(&a.flip)
    }

    fn describe_subgroup(&self, subgroup: &Subgroup<Self>) -> String {
        let rotations_only = !subgroup.elements().iter().any(|a| a.flip.is_reflected());
        match subgroup.order() {
            2 if rotations_only => "multiples of 180°".into(),
            4 if rotations_only => "multiples of 90°".into(),
            _ => subgroup::describe_by_elements(self, subgroup),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reflection_does_not_commute_with_a_quarter_turn() {
        let (turn, mirror) = (Rotation::Rot90.into(), Flip::Reflect.into());
        assert_eq!(D4.compose(&turn, &mirror).to_string(), "Rot90·Ref");
        assert_eq!(D4.compose(&mirror, &turn).to_string(), "Rot270·Ref");
    }

    #[test]
    fn elements_are_written_as_people_write_them() {
        let names: Vec<_> = D4.elements().map(|a| a.to_string()).collect();
        assert_eq!(
            names,
            ["Id", "Rot90", "Rot180", "Rot270", "Ref", "Rot90·Ref", "Rot180·Ref", "Rot270·Ref"]
        );
    }
}
