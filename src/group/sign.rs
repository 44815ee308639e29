//! Sign homomorphisms: which elements count as odd.

use super::{C4, D4, Group, Hyperoctahedral, Reflection, Symmetric};

/// A homomorphism to {1, −1}.
///
/// Law: `sign(a · b) = sign(a) · sign(b)`.
pub trait Sign: Group {
    /// 1 or −1.
    fn sign(&self, a: &Self::Element) -> i64;
}

/// −1 for odd permutations.
impl Sign for Symmetric {
    fn sign(&self, a: &Self::Element) -> i64 {
        a.sign()
    }
}

/// −1 for the reflection.
impl Sign for Reflection {
    fn sign(&self, a: &Self::Element) -> i64 {
        if a.is_reflected() { -1 } else { 1 }
    }
}

/// −1 for Rot90 and Rot270: the parity of the number of quarter turns.
impl Sign for C4 {
    fn sign(&self, a: &Self::Element) -> i64 {
        if a.quarter_turns() % 2 == 1 { -1 } else { 1 }
    }
}

/// −1 for mirror images: the determinant.
impl Sign for D4 {
    fn sign(&self, a: &Self::Element) -> i64 {
        Reflection.sign(&a.flip)
    }
}

/// −1 for mirror images: the determinant.
impl<const D: usize> Sign for Hyperoctahedral<D> {
    fn sign(&self, a: &Self::Element) -> i64 {
        a.determinant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Flip, Rotation, RotationReflection};

    #[test]
    fn signs_are_those_of_mirror_images() {
        let sign = |rotation, flip| D4.sign(&RotationReflection::new(rotation, flip));
        assert_eq!(sign(Rotation::Rot90, Flip::Identity), 1);
        assert_eq!(sign(Rotation::Rot90, Flip::Reflect), -1);
        assert_eq!(C4.sign(&Rotation::Rot270), -1);
    }
}
