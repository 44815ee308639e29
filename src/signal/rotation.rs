//! Rotation of images by any angle about the centre of the frame, with zero outside: *not* an action.
//!
//! `(R_θ x)(p) = x(R_{−θ} p)`, with `p` measured from the centre `((h − 1)/2, (w − 1)/2)` of the `h × w` frame, which
//! stays; counter-clockwise as the picture is displayed. On square images the multiples of 90° move pixels to
//! pixels and equal [`OnGrid`](super::OnGrid) exactly. At other angles values are interpolated and corners
//! leave the frame, so that `R_a R_b ≠ R_{a+b}`: [`composition_defect`](super::composition_defect) measures
//! by how much, [`share_of_disc_in_frame`] and [`share_of_pixels_kept`] tell what is lost, and
//! [`restrict_to_disc`] leaves the part of an image that no rotation moves out of the frame.
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
/// Rotations move content within such discs, so what is at this radius is kept by all of them in this share only:
/// all of it up to the inscribed disc, and `2/π` of the disc through the corners of a square. The area is
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
