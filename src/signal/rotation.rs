//! Rotation of images by any angle about the centre of the frame, with zero outside: *not* an action.
//!
//! `(R_θ x)(p) = x(R_{−θ} p)`, with `p` measured from the centre `((h − 1)/2, (w − 1)/2)` of the `h × w`
//! frame, which stays; counter-clockwise as the picture is displayed. On square images the multiples of 90°
//! move pixels to pixels and equal [`OnGrid`](super::OnGrid) exactly. At other angles values are interpolated
//! and corners leave the frame, so that `R_a R_b ≠ R_{a+b}`:
//! [`composition_defect`](super::composition_defect) measures by how much, [`share_of_disc_in_frame`] and
//! [`share_of_pixels_kept`] tell what is lost, and [`restrict_to_disc`] leaves the part of an image that no
//! rotation moves out of the frame.
//!
//! Cost: one sample of the [`Interpolation`] a pixel.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, ArrayViewD};

use super::{ActionError, Interpolation, first_of_last_axes};
use crate::group::{Action, Angle, Group, PlaneRotations};

/// The rotation of the last two axes by any angle, about the centre of the frame.
///
/// It has the form of an action of [`PlaneRotations`], and keeps the law of the identity, but not that of
/// composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotate {
    /// How the image is read between its pixels.
    pub interpolation: Interpolation,
}

impl Rotate {
    /// The image rotated by the angle, counter-clockwise, in the same frame.
    ///
    /// # Errors
    /// If `x` has fewer than two axes.
    pub fn by_angle(&self, angle: Angle, x: ArrayViewD<'_, f64>) -> Result<ArrayD<f64>, ActionError> {
        let first = first_of_last_axes(x.shape(), 2, || {
            format!("rotation by any angle with {} sampling", self.interpolation)
        })?;
        let (height, width) = (x.shape()[first], x.shape()[first + 1]);
        let images = x.shape()[..first].iter().product::<usize>();
        let source = x.to_shape((images, height, width)).expect("leading axes merge into one");
        let mut target = Array3::zeros((images, height, width));
        for (from, mut to) in source.outer_iter().zip(target.outer_iter_mut()) {
            to.assign(&self.image_by_angle(angle, from));
        }
        Ok(target.into_shape_with_order(x.raw_dim()).expect("the leading axes come apart again"))
    }

    fn image_by_angle(&self, angle: Angle, image: ArrayView2<'_, f64>) -> Array2<f64> {
        let (height, width) = image.dim();
        let back = PlaneRotations.inverse(&angle);
        Array2::from_shape_fn((height, width), |(row, column)| {
            let (row, column) = rotated_about_centre(height, width, back, row, column);
            self.interpolation.sample(image, row, column)
        })
    }
}

impl Action<PlaneRotations, ArrayD<f64>> for Rotate {
    fn act(&self, _: &PlaneRotations, angle: &Angle, x: &ArrayD<f64>) -> ArrayD<f64> {
        match self.by_angle(*angle, x.view()) {
            Ok(rotated) => rotated,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Where the rotation takes a pixel: exact for multiples of 90°, as sines and half integers are.
fn rotated_about_centre(height: usize, width: usize, angle: Angle, row: usize, column: usize) -> (f64, f64) {
    let (cosine, sine) = angle.cosine_and_sine();
    let (middle_row, middle_column) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    let (down, right) = (row as f64 - middle_row, column as f64 - middle_column);
    (middle_row + (down * cosine - right * sine), middle_column + (down * sine + right * cosine))
}

/// The share of a disc about the centre of a `height × width` frame that lies in the frame, by area.
///
/// Rotations move content within such discs, so that no more than this share of them is ever kept: all of it
/// up to the inscribed disc, and `2/π` of the disc through the corners of a square. The area is
/// `4 ∫₀^{a} min(b, √(r² − u²)) du` with `a`, `b` the half sides.
///
/// # Panics
/// If the radius is not positive and finite.
pub fn share_of_disc_in_frame(height: usize, width: usize, radius: f64) -> f64 {
    assert!(radius > 0.0 && radius.is_finite(), "a disc of radius {radius}");
    // In units of the radius.
    let (a, b) = (height as f64 / 2.0 / radius, width as f64 / 2.0 / radius);
    // ∫₀^u √(1 − v²) dv
    let under_the_arc = |u: f64| (u * (1.0 - u * u).sqrt() + u.asin()) / 2.0;
    let a = a.min(1.0);
    // Up to here the frame is lower than the arc.
    let cut = if b < 1.0 { (1.0 - b * b).sqrt().min(a) } else { 0.0 };
    (b.min(1.0) * cut + under_the_arc(a) - under_the_arc(cut)) * 4.0 / std::f64::consts::PI
}

/// The share of the pixels of a `height × width` frame whose centres the rotation leaves within
/// the frame (a pixel being a unit square), or 1 for an empty frame.
pub fn share_of_pixels_kept(height: usize, width: usize, angle: Angle) -> f64 {
    let inside = |position: f64, extent: usize| -0.5 <= position && position <= extent as f64 - 0.5;
    let kept = (0..height)
        .flat_map(|row| (0..width).map(move |column| (row, column)))
        .map(|(row, column)| rotated_about_centre(height, width, angle, row, column))
        .filter(|&(row, column)| inside(row, height) && inside(column, width))
        .count();
    if height * width == 0 { 1.0 } else { kept as f64 / (height * width) as f64 }
}

/// The image with zeros wherever a pixel's centre is further than `radius` from the centre of the frame.
///
/// # Errors
/// If `x` has fewer than two axes.
pub fn restrict_to_disc(x: ArrayViewD<'_, f64>, radius: f64) -> Result<ArrayD<f64>, ActionError> {
    let first = first_of_last_axes(x.shape(), 2, || "the restriction to a disc".to_owned())?;
    let middle = |axis: usize| (x.shape()[axis] as f64 - 1.0) / 2.0;
    let (middle_row, middle_column) = (middle(first), middle(first + 1));
    let mut restricted = x.to_owned();
    for (index, value) in restricted.indexed_iter_mut() {
        let (down, right) = (index[first] as f64 - middle_row, index[first + 1] as f64 - middle_column);
        if down * down + right * right > radius * radius {
            *value = 0.0;
        }
    }
    Ok(restricted)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::group::{C4, FiniteGroup};
    use crate::signal::{OnGrid, composition_defect};

    fn random_images(shape: [usize; 3]) -> ArrayD<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        Array::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0)).into_dyn()
    }

    fn rotated(interpolation: Interpolation, degrees: f64, x: &ArrayD<f64>) -> ArrayD<f64> {
        let rotated = Rotate { interpolation }.by_angle(Angle::from_degrees(degrees), x.view());
        rotated.expect("at least two axes")
    }

    #[test]
    fn quarter_turns_of_squares_are_those_of_the_grid() {
        for n in [1, 2, 5, 8] {
            let x = random_images([2, n, n]);
            for (turn, interpolation) in C4.elements().flat_map(|g| Interpolation::ALL.map(|i| (g, i))) {
                let degrees = 90.0 * f64::from(turn.quarter_turns());
                let expected = OnGrid.act(&C4, &turn, &x);
                assert_eq!(rotated(interpolation, degrees, &x), expected, "{turn}, {interpolation}, {n}×{n}");
                assert_eq!(rotated(interpolation, degrees - 360.0, &x), expected);
            }
        }
    }

    #[test]
    fn rectangles_keep_their_frame() {
        let x = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]].into_dyn();
        for interpolation in Interpolation::ALL {
            let half = array![[8.0, 7.0, 6.0, 5.0], [4.0, 3.0, 2.0, 1.0]].into_dyn();
            assert_eq!(rotated(interpolation, 180.0, &x), half);
            // The outer columns leave by the top and the bottom, and zeros come in at the sides.
            let quarter = array![[0.0, 3.0, 7.0, 0.0], [0.0, 2.0, 6.0, 0.0]].into_dyn();
            assert_eq!(rotated(interpolation, 90.0, &x), quarter);
        }
    }

    #[test]
    fn positive_angles_turn_counter_clockwise() {
        // The pixel right of the centre comes to the diagonal above it: distance 1, less than √2 away.
        let x = array![[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]].into_dyn();
        let turned = rotated(Interpolation::Bilinear, 45.0, &x);
        assert!(turned[[0, 2]] > turned[[1, 2]] && turned[[0, 2]] > 0.0, "{turned}");
        assert_eq!(turned[[2, 2]], 0.0);
    }

    #[test]
    fn composition_holds_at_quarter_turns_and_fails_between() {
        let defect = |interpolation, a, b, x: &ArrayD<f64>| {
            let [a, b] = [a, b].map(Angle::from_degrees);
            composition_defect(&PlaneRotations, &Rotate { interpolation }, &a, &b, x)
        };
        // The corner of 21 × 21 pixels is turned 10·√2 − 10 > 4 pixels out of the frame: no sample reaches
        // it.
        let mut corner = ArrayD::zeros(vec![21, 21]);
        corner[[0, 0]] = 1.0;
        for interpolation in Interpolation::ALL {
            assert_eq!(defect(interpolation, 90.0, 270.0, &random_images([2, 6, 6])), 0.0);
            assert_eq!(defect(interpolation, 45.0, -45.0, &corner), 1.0, "all is lost");
            // Not rounding: that is below 100·2⁻⁵³ for sums of 16 products, three times over.
            assert!(defect(interpolation, 30.0, 30.0, &random_images([1, 9, 9])) > 0.01, "{interpolation}");
        }
    }

    #[test]
    fn the_share_of_a_disc_in_the_frame() {
        assert_eq!(share_of_disc_in_frame(4, 6, 2.0), 1.0, "inscribed");
        assert_eq!(share_of_disc_in_frame(8, 8, 3.0), 1.0);
        // About twenty operations of the formula, each within 2u of values of at most 2.
        let tolerance = 40.0 * f64::EPSILON;
        let pi = std::f64::consts::PI;
        for (height, width, radius, expected) in [
            (2, 2, 2.0_f64.sqrt(), 2.0 / pi),
            (3, 4, 2.5, 12.0 / (6.25 * pi)),
            (4, 4, 10.0, 16.0 / (100.0 * pi)),
            (0, 4, 1.0, 0.0),
            // A band of half height 1/2 over the unit disc: 2·(1/2·√3/2 + asin(1/2)) of π.
            (1, 9, 1.0, (3.0_f64.sqrt() / 2.0 + pi / 3.0) / pi),
        ] {
            for found in
                [share_of_disc_in_frame(height, width, radius), share_of_disc_in_frame(width, height, radius)]
            {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{height}×{width}, {radius}: {found} ≠ {expected}"
                );
            }
        }
    }

    #[test]
    fn the_share_of_pixels_kept() {
        let kept = |height, width, degrees| share_of_pixels_kept(height, width, Angle::from_degrees(degrees));
        assert_eq!([0.0, 90.0, 180.0, 270.0].map(|degrees| kept(5, 5, degrees)), [1.0; 4]);
        assert_eq!(kept(2, 4, 90.0), 0.5);
        // The corners of 3 × 3 pixels come to √2 < 3/2 above the centre.
        assert_eq!(kept(3, 3, 45.0), 1.0);
        // (r, c) from the centre comes to (r ∓ c)/√2: within 5/2 if |r| + |c| ≤ 3, for all but the corners.
        assert_eq!(kept(5, 5, 45.0), 21.0 / 25.0);
        assert_eq!(kept(0, 3, 45.0), 1.0);
    }

    #[test]
    fn what_is_in_the_disc_stays() {
        let x = ArrayD::ones(vec![2, 3, 5]);
        let disc = array![[0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0, 0.0]];
        let restricted = restrict_to_disc(x.view(), 1.5).expect("two axes");
        assert_eq!(restricted, disc.broadcast([2, 3, 5]).expect("one image twice").into_dyn());
        assert!(restrict_to_disc(ArrayD::zeros(vec![3]).view(), 1.0).is_err());
    }

    #[test]
    fn a_signal_is_no_image() {
        let error = Rotate { interpolation: Interpolation::Nearest }
            .by_angle(Angle::from_degrees(10.0), ArrayD::zeros(vec![3]).view())
            .expect_err("one axis");
        assert_eq!(
            error.to_string(),
            "rotation by any angle with nearest sampling needs at least 2 axes, but the array has shape [3]"
        );
    }
}
