//! The continuous groups ℝ and SO(2): translations by any distance, rotations by any angle.
//!
//! They act on sampled signals only by interpolation, which is where the theory meets its defects. They have
//! no finite set of generators, and `f64` addition is associative only where it does not round: so
//! [`sample`](Group::sample) draws multiples of 2⁻¹⁰, on which the laws hold exactly.

use std::fmt::{self, Display};

use rand::{Rng, RngExt};

use super::{Group, assert_contains};

/// Samples are multiples of one over this many parts of a unit.
const PARTS: i32 = 1 << 10;

/// The translations of the line: ℝ under addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealTranslations;

/// A translation by so many grid steps, not necessarily whole: (T_t x)(n) = x(n − t).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealTranslation(pub f64);

impl Display for RealTranslation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0.0 {
            return f.pad("Id");
        }
        f.pad(&format!("T({})", self.0.to_string().replace('-', "−")))
    }
}

impl RealTranslations {
    /// Samples are uniform among the multiples of 2⁻¹⁰ of at most this magnitude.
    pub const SAMPLED_STEPS: i32 = 8;
}

impl Group for RealTranslations {
    type Element = RealTranslation;

    fn name(&self) -> String {
        "ℝ".into()
    }

    fn identity(&self) -> RealTranslation {
        RealTranslation(0.0)
    }

    fn compose(&self, a: &RealTranslation, b: &RealTranslation) -> RealTranslation {
        assert_contains(self, a);
        assert_contains(self, b);
        RealTranslation(a.0 + b.0)
    }

    fn inverse(&self, a: &RealTranslation) -> RealTranslation {
        assert_contains(self, a);
        RealTranslation(-a.0)
    }

    fn generators(&self) -> Vec<RealTranslation> {
        Vec::new()
    }

    fn contains(&self, a: &RealTranslation) -> bool {
        a.0.is_finite()
    }

    /// Uniform among the multiples of 2⁻¹⁰ within [`SAMPLED_STEPS`](Self::SAMPLED_STEPS).
    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> RealTranslation {
        let limit = Self::SAMPLED_STEPS * PARTS;
        RealTranslation(f64::from(random.random_range(-limit..=limit)) / f64::from(PARTS))
    }
}

/// The rotations of the plane about a point: SO(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaneRotations;

/// A counter-clockwise angle, in degrees from 0 (included) to 360 (excluded).
///
/// Degrees, not radians, so that quarter turns are exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Angle {
    degrees: f64,
}

impl Angle {
    /// The angle of so many degrees, counter-clockwise, whole turns dropped.
    ///
    /// # Panics
    /// If `degrees` is not finite.
    #[must_use]
    pub fn from_degrees(degrees: f64) -> Self {
        assert!(degrees.is_finite(), "expected a finite angle, found {degrees}°");
        let reduced = degrees.rem_euclid(360.0);
        // A tiny negative angle rounds up to the full turn.
        Self { degrees: if reduced < 360.0 { reduced } else { 0.0 } }
    }

    /// The angle in degrees, in `0 .. 360`.
    #[must_use]
    pub fn degrees(self) -> f64 {
        self.degrees
    }

    /// The cosine and the sine: exact at multiples of 90°.
    #[must_use]
    pub fn cosine_and_sine(self) -> (f64, f64) {
        let quarter_turns = (self.degrees / 90.0).floor();
        let (sine, cosine) = (self.degrees - 90.0 * quarter_turns).to_radians().sin_cos();
        match quarter_turns as u8 {
            0 => (cosine, sine),
            1 => (-sine, cosine),
            2 => (-cosine, -sine),
            _ => (sine, -cosine),
        }
    }
}

impl Display for Angle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.degrees == 0.0 {
            return f.pad("Id");
        }
        f.pad(&format!("Rot({}°)", self.degrees))
    }
}

impl Group for PlaneRotations {
    type Element = Angle;

    fn name(&self) -> String {
        "SO(2)".into()
    }

    fn identity(&self) -> Angle {
        Angle::from_degrees(0.0)
    }

    fn compose(&self, a: &Angle, b: &Angle) -> Angle {
        Angle::from_degrees(a.degrees + b.degrees)
    }

    fn inverse(&self, a: &Angle) -> Angle {
        Angle::from_degrees(-a.degrees)
    }

    fn generators(&self) -> Vec<Angle> {
        Vec::new()
    }

    fn contains(&self, _: &Angle) -> bool {
        true
    }

    /// Uniform among the multiples of 2⁻¹⁰ degrees.
    fn sample<R: Rng + ?Sized>(&self, random: &mut R) -> Angle {
        Angle::from_degrees(f64::from(random.random_range(0..360 * PARTS)) / f64::from(PARTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_reduced_and_written_in_degrees() {
        assert_eq!(Angle::from_degrees(390.0).to_string(), "Rot(30°)");
        assert_eq!(Angle::from_degrees(-90.0).degrees(), 270.0);
        assert_eq!(Angle::from_degrees(-1e-30), PlaneRotations.identity());
        assert_eq!(RealTranslation(-0.5).to_string(), "T(−0.5)");
    }

    #[test]
    fn quarter_turns_have_exact_sines() {
        let expected = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)];
        for (turns, pair) in (0..4).zip(expected) {
            assert_eq!(Angle::from_degrees(90.0 * f64::from(turns)).cosine_and_sine(), pair);
        }
    }
}
