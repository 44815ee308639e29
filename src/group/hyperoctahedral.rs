//! B_d: the symmetries of the d-dimensional cube, as signed permutations of its axes.
//!
//! With coordinates counted from the centre of the cube, the element with `axes` and `reversed` moves the
//! point x to
//!
//! ```text
//! y_k = ± x_{axes[k]},   with − where reversed[k].
//! ```
//!
//! So it moves a d-dimensional array by permuting its axes (axis k of the result is axis `axes[k]` of the
//! argument) and then reversing every axis k of the result with `reversed[k]`: both are views.
//!
//! B_1 ≅ [`Reflection`](super::Reflection), B_2 ≅ [`D4`](super::D4), and C4 ⊂ B_2, with the `From`s below.
//! The order of B_d is 2ᵈ·d!: 2, 8 and 48.

use std::fmt::{self, Display};

use rand::{Rng, RngExt};

use super::{FiniteGroup, Flip, Group, Permutation, Rotation, RotationReflection, Symmetric};

/// The group of the signed permutations of `D` axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hyperoctahedral<const D: usize>;

/// An element of [`Hyperoctahedral`]: moves x to y with `y_k = ± x_{axes[k]}`, − where `reversed[k]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignedPermutation<const D: usize> {
    axes: [usize; D],
    reversed: [bool; D],
}

impl<const D: usize> SignedPermutation<D> {
    /// The element that moves x to y with `y_k = ± x_{axes[k]}`, − where `reversed[k]`.
    ///
    /// # Panics
    /// If `axes` are not each of `0 .. D` once.
    #[must_use]
    pub fn new(axes: [usize; D], reversed: [bool; D]) -> Self {
        match Permutation::new(axes.to_vec()) {
            Ok(_) => Self { axes, reversed },
            Err(error) => panic!("axes of a signed permutation: {error}"),
        }
    }

    /// Which axis of the argument becomes axis k of the result.
    #[must_use]
    pub fn axes(&self) -> [usize; D] {
        self.axes
    }

    /// Whether axis k of the result is reversed, after the axes are permuted.
    #[must_use]
    pub fn reversed(&self) -> [bool; D] {
        self.reversed
    }

    /// Where the point goes; coordinates count from the centre.
    #[must_use]
    pub fn image(&self, point: [i64; D]) -> [i64; D] {
        std::array::from_fn(|k| {
            let x = point[self.axes[k]];
            if self.reversed[k] { -x } else { x }
        })
    }

    /// The determinant of the matrix: −1 if a mirror image results, 1 if a rotation does.
    #[must_use]
    pub fn determinant(&self) -> i64 {
        let reversals = self.reversed.iter().filter(|&&reversed| reversed).count();
        let inversions =
            (0..D).map(|k| self.axes[k + 1..].iter().filter(|&&axis| axis < self.axes[k]).count());
        if (reversals + inversions.sum::<usize>()).is_multiple_of(2) { 1 } else { -1 }
    }
}

impl From<Flip> for SignedPermutation<1> {
    fn from(flip: Flip) -> Self {
        Self { axes: [0], reversed: [flip.is_reflected()] }
    }
}

impl From<SignedPermutation<1>> for Flip {
    fn from(a: SignedPermutation<1>) -> Self {
        Self::from_reflected(a.reversed[0])
    }
}

impl From<Rotation> for SignedPermutation<2> {
    fn from(rotation: Rotation) -> Self {
        let (axes, reversed) = match rotation {
            Rotation::Identity => ([0, 1], [false, false]),
            Rotation::Rot90 => ([1, 0], [true, false]),
            Rotation::Rot180 => ([0, 1], [true, true]),
            Rotation::Rot270 => ([1, 0], [false, true]),
        };
        Self { axes, reversed }
    }
}

/// The mirror reverses the columns.
impl From<RotationReflection> for SignedPermutation<2> {
    fn from(a: RotationReflection) -> Self {
        let mirror = Self { axes: [0, 1], reversed: [false, a.flip.is_reflected()] };
        Hyperoctahedral.compose(&a.rotation.into(), &mirror)
    }
}

impl From<SignedPermutation<2>> for RotationReflection {
    fn from(a: SignedPermutation<2>) -> Self {
        let flip = Flip::from_reflected(a.determinant() < 0);
        // The rotation is a·flip⁻¹; it is known from where it takes the axis of rows, which the flip leaves
        // alone.
        let rotation = match a.image([1, 0]) {
            [1, _] => Rotation::Identity,
            [_, 1] => Rotation::Rot90,
            [-1, _] => Rotation::Rot180,
            _ => Rotation::Rot270,
        };
        Self::new(rotation, flip)
    }
}

impl<const D: usize> Display for SignedPermutation<D> {
    /// `Ref` for D = 1, the names of [`D4`](super::D4) for D = 2, `(i,j,k) ↦ (−j,i,k)` for D = 3 and `i₀` …
    /// beyond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Hyperoctahedral.identity() {
            return f.pad("Id");
        }
        match (self.axes.as_slice(), self.reversed.as_slice()) {
            (_, &[reversed]) => Flip::from_reflected(reversed).fmt(f),
            (&[first, second], &[up, left]) => {
                let same = SignedPermutation::<2> { axes: [first, second], reversed: [up, left] };
                RotationReflection::from(same).fmt(f)
            }
            _ => {
                let name = |axis: usize| match (D, axis) {
                    (3, 0..3) => ["i", "j", "k"][axis].to_owned(),
                    _ => format!("i{axis}"),
                };
                let from: Vec<_> = (0..D).map(name).collect();
                let sign = |k: usize| if self.reversed[k] { "−" } else { "" };
                let to: Vec<_> = (0..D).map(|k| format!("{}{}", sign(k), from[self.axes[k]])).collect();
                f.pad(&format!("({}) ↦ ({})", from.join(","), to.join(",")))
            }
        }
    }
}

impl<const D: usize> Hyperoctahedral<D> {
    /// The permutations of the axes.
    fn axes(self) -> Symmetric {
        match Symmetric::new(D) {
            Ok(axes) => axes,
            Err(error) => panic!("axes of a cube: {error}"),
        }
    }
}

impl<const D: usize> Group for Hyperoctahedral<D> {
    type Element = SignedPermutation<D>;

    fn name(&self) -> String {
        format!("B_{D}")
    }

    fn identity(&self) -> SignedPermutation<D> {
        SignedPermutation { axes: std::array::from_fn(|k| k), reversed: [false; D] }
    }

    fn compose(&self, a: &SignedPermutation<D>, b: &SignedPermutation<D>) -> SignedPermutation<D> {
        SignedPermutation {
            axes: a.axes.map(|axis| b.axes[axis]),
            reversed: std::array::from_fn(|k| a.reversed[k] ^ b.reversed[a.axes[k]]),
        }
    }

    fn inverse(&self, a: &SignedPermutation<D>) -> SignedPermutation<D> {
        let mut inverse = self.identity();
        for k in 0..D {
            inverse.axes[a.axes[k]] = k;
            inverse.reversed[a.axes[k]] = a.reversed[k];
        }
        inverse
    }

    /// The reversal of the last axis, and the exchange of each axis with the next (Coxeter's generators).
    fn generators(&self) -> Vec<SignedPermutation<D>> {
        let exchange = |k: usize| {
            let mut exchange = self.identity();
            exchange.axes.swap(k, k + 1);
            exchange
        };
        let mut reversal = self.identity();
        let reversal = reversal.reversed.last_mut().map(|last| *last = true).map(|()| reversal);
        reversal.into_iter().chain((1..D).map(|k| exchange(k - 1))).collect()
    }

    fn contains(&self, _: &SignedPermutation<D>) -> bool {
        true
    }

    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> SignedPermutation<D> {
        self.element(random.random_range(0..self.order()))
    }
}

impl<const D: usize> FiniteGroup for Hyperoctahedral<D> {
    fn order(&self) -> u128 {
        self.axes().order() << D
    }

    fn element(&self, index: u128) -> SignedPermutation<D> {
        let axes = self.axes().element(index >> D);
        SignedPermutation {
            axes: std::array::from_fn(|k| axes.image(k)),
            reversed: std::array::from_fn(|k| (index >> k) & 1 == 1),
        }
    }

    fn index(&self, a: &SignedPermutation<D>) -> u128 {
        let axes = match Permutation::new(a.axes.to_vec()) {
            Ok(axes) => self.axes().index(&axes),
            Err(error) => unreachable!("checked by the constructor: {error}"),
        };
        (0..D).fold(axes << D, |index, k| index | u128::from(a.reversed[k]) << k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::D4;

    #[test]
    fn d4_is_isomorphic_to_b2() {
        for a in D4.elements() {
            let a_signed = SignedPermutation::<2>::from(a);
            assert_eq!(RotationReflection::from(a_signed), a);
            assert_eq!(a_signed.to_string(), a.to_string());
            for b in D4.elements() {
                let product = Hyperoctahedral.compose(&a_signed, &b.into());
                assert_eq!(product, D4.compose(&a, &b).into(), "{a} · {b}");
            }
        }
    }

    #[test]
    fn signed_permutations_move_points_from_the_left() {
        let point = [1, 2, 3];
        for a in Hyperoctahedral::<3>.elements() {
            for b in Hyperoctahedral::<3>.elements() {
                let product = Hyperoctahedral.compose(&a, &b);
                assert_eq!(product.image(point), a.image(b.image(point)), "{a} · {b}");
                assert_eq!(product.determinant(), a.determinant() * b.determinant());
            }
        }
    }

    #[test]
    fn a_quarter_turn_takes_the_right_of_the_picture_to_its_top() {
        // Coordinates are (row, column), rows count downwards: right is (0, 1), up is (−1, 0).
        assert_eq!(SignedPermutation::from(Rotation::Rot90).image([0, 1]), [-1, 0]);
    }

    #[test]
    fn elements_of_b3_are_written_as_maps() {
        let turn = SignedPermutation::new([1, 0, 2], [true, false, false]);
        assert_eq!(turn.to_string(), "(i,j,k) ↦ (−j,i,k)");
    }
}
