//! Affine maps of the plane of pixels, as the warp reads them: from a place in the output to the place in the
//! source.
//!
//! y(p) = x(A(p − c) + c − A·t), where c = ((h − 1)/2, (w − 1)/2) is the centre of the frame and the image
//! moves by t. The forward map of the content, p ↦ B(p − c) + c + t with B = A⁻¹, is B = rotation(θ) ·
//! shear(k) · scale(s) · mirror, the mirror first. Coordinates are (row down, column right) and positive
//! angles turn counter-clockwise as the picture is displayed, as in [`crate::signal::Rotate`].

use crate::group::Angle;

/// Where each output pixel is read: `A(p − c) + c + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// A, from (down, right) to (down, right).
    pub(super) matrix: [[f32; 2]; 2],
    /// −A·t, in pixels.
    pub(super) offset: [f32; 2],
}

/// What moves an image: every part of an [`Affine`] map, in the order in which they act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Whether top and bottom change places, and left and right.
    pub mirror: [bool; 2],
    /// The factor by which the image grows.
    pub scale: f64,
    /// By how many pixels the image moves right for each pixel upwards.
    pub shear: f64,
    /// The angle of the turn, counter-clockwise.
    pub angle: Angle,
    /// Down and right, in pixels.
    pub shift: [f64; 2],
}

impl Motion {
    /// No motion.
    pub fn none() -> Self {
        Self { mirror: [false; 2], scale: 1.0, shear: 0.0, angle: Angle::from_degrees(0.0), shift: [0.0; 2] }
    }

    /// The map from output to source. Exact if the scale is a power of two, the angle a multiple of 90° and
    /// the shear and the shift are small dyadic numbers.
    ///
    /// # Panics
    /// If the scale is not positive.
    pub fn affine(&self) -> Affine {
        assert!(self.scale > 0.0, "a scale of {}", self.scale);
        let (cosine, sine) = self.angle.cosine_and_sine();
        // rotation(−θ): (down, right) ↦ (down·cos + right·sin, −down·sin + right·cos).
        // shear(−k):    (down, right) ↦ (down, right + k·down).
        let signs = self.mirror.map(|mirrored| if mirrored { -1.0 } else { 1.0 } / self.scale);
        let down = [cosine, sine];
        let right = [self.shear * cosine - sine, self.shear * sine + cosine];
        let matrix = [down.map(|entry| signs[0] * entry), right.map(|entry| signs[1] * entry)];
        let offset = matrix.map(|row| -(row[0] * self.shift[0] + row[1] * self.shift[1]));
        Affine {
            matrix: matrix.map(|row| row.map(|entry| entry as f32)),
            offset: offset.map(|entry| entry as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_motion_is_the_identity() {
        assert_eq!(Motion::none().affine(), Affine { matrix: [[1.0, 0.0], [0.0, 1.0]], offset: [0.0, 0.0] });
    }

    /// B·A = 1 in f64, up to rounding, with B multiplied together from its factors.
    #[test]
    fn the_map_is_the_inverse_of_the_motion() {
        let product = |a: [[f64; 2]; 2], b: [[f64; 2]; 2]| {
            [0, 1].map(|i| [0, 1].map(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
        };
        let motion = Motion {
            mirror: [true, false],
            scale: 1.25,
            shear: 0.3,
            angle: Angle::from_degrees(37.0),
            shift: [2.0, -1.0],
        };
        let (cosine, sine) = motion.angle.cosine_and_sine();
        let rotation = [[cosine, -sine], [sine, cosine]];
        let shear = [[1.0, 0.0], [-motion.shear, 1.0]];
        let forward = product(product(rotation, shear), [[-1.25, 0.0], [0.0, 1.25]]);
        let affine = motion.affine();
        let back = affine.matrix.map(|row| row.map(f64::from));
        let identity = product(forward, back);
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let expected = if i == j { 1.0 } else { 0.0 };
            // The entries of A are rounded to f32, by 2⁻²⁴ of at most 1.3/1.25 < 2 each; the rows of B sum to
            // less than 1.25·(2 + 0.3) < 4; rounding in f64 is far below.
            assert!((identity[i][j] - expected).abs() <= 4.0 * 2.0 * 2.0_f64.powi(-24), "{identity:?}");
        }
        // The centre moves by the shift: what comes to c + t is what was at c.
        for (row, offset) in back.into_iter().zip(affine.offset) {
            let at = row[0] * motion.shift[0] + row[1] * motion.shift[1] + f64::from(offset);
            // Three rounded numbers: two entries below 2 times at most 2, and an offset below 4.
            assert!(at.abs() <= 3.0 * 4.0 * 2.0_f64.powi(-24), "{at}");
        }
    }
}
