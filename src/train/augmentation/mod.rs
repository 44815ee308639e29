//! Augmentation: images moved, turned, sheared, bent and mirrored a little, each time in another way.
//!
//! Moved images of a class belong to the class, so a net that is trained on them learns to be invariant where
//! the architecture does not make it so. One image is warped once, by one map from the output to the source:
//! an affine map ([`Motion`]) and a smooth random displacement ([`Elastic`]), read between pixels by bilinear
//! or bicubic [`Interpolation`].
//!
//! The parts are drawn uniformly: the shift of each axis from ±`shift`, the angle from ±`rotation`, the
//! logarithm of the scale from ±ln(1 + `scale`), the shear from ±`shear`, and each permitted mirror image
//! half the time. They come from the sample's own generator ([`SampleRandom`](super::random::SampleRandom)),
//! so that they depend on nothing but the seed, the epoch and the sample.
//!
//! Source: P. Simard, D. Steinkraus, J. Platt, *Best practices for convolutional neural networks applied to
//! visual document analysis*, ICDAR 2003, §2.

mod affine;
mod elastic;
mod lanes;
mod warp;

use std::fmt;

use rand::{Rng, RngExt};
use thiserror::Error;

pub use affine::{Affine, Motion};
pub use elastic::Elastic;
use elastic::Splines;
pub use warp::Workspace;

use crate::group::Angle;
use crate::signal::Interpolation;
use crate::simd::vectorised;

/// How much images are changed. The default is: not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Largest shift along each axis, in pixels.
    pub shift: f32,
    /// Largest angle either way, in degrees.
    pub rotation: f32,
    /// Largest growth, as a share: 0.1 for factors between 1/1.1 and 1.1.
    pub scale: f32,
    /// Largest shear either way, in pixels right for each pixel upwards.
    pub shear: f32,
    /// Smooth random displacement.
    pub elastic: Option<Elastic>,
    /// Whether left and right may change places. Only where the mirror image has the same label.
    pub mirror_left_right: bool,
    /// Whether top and bottom may change places. Only where the mirror image has the same label.
    pub mirror_top_bottom: bool,
    /// The value outside the frame: 0 for images on a black ground, (0 − mean)/deviation once they are
    /// standardised.
    pub fill: f32,
    /// How images are read between their pixels. Bicubic keeps strokes sharper, and may exceed the values
    /// around by a little.
    pub interpolation: Interpolation,
}

/// A parameter of [`Augmentation`] that means nothing.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("augmentation: {parameter} must be {expected}, found {found}")]
pub struct AugmentationError {
    /// Its name.
    pub parameter: &'static str,
    /// What it may be.
    pub expected: &'static str,
    /// What it is.
    pub found: String,
}

impl Augmentation {
    /// Whether images stay as they are.
    pub fn is_identity(&self) -> bool {
        *self == Self { fill: self.fill, interpolation: self.interpolation, ..Self::default() }
    }

    /// The parameters on one line, for logs: `shift 2, rotation 15°, scale 0.1, elastic 1.2 (smoothness 4)`,
    /// or `none`.
    pub fn describe(&self) -> String {
        self.to_string()
    }

    /// Prepares for images of one shape (channels, height, width).
    ///
    /// # Errors
    /// If a parameter is negative or not finite, the elastic smoothness is below half a pixel, or the shape
    /// has no pixels, or more than 2³¹ with their frame.
    pub fn prepare(&self, shape: [usize; 3]) -> Result<Augmenter, AugmentationError> {
        let elastic = self.elastic.unwrap_or(Elastic { displacement: 0.0, smoothness: 1.0 });
        for (parameter, value) in [
            ("shift", self.shift),
            ("rotation", self.rotation),
            ("scale", self.scale),
            ("shear", self.shear),
            ("the elastic displacement", elastic.displacement),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = "a number from 0 on";
                return Err(AugmentationError { parameter, expected, found: value.to_string() });
            }
        }
        // Below, the grid would be finer than the pixels.
        if !(elastic.smoothness >= 0.5 && elastic.smoothness.is_finite()) {
            return Err(AugmentationError {
                parameter: "the elastic smoothness",
                expected: "at least half a pixel",
                found: elastic.smoothness.to_string(),
            });
        }
        if !self.fill.is_finite() {
            return Err(AugmentationError {
                parameter: "fill",
                expected: "a finite number",
                found: self.fill.to_string(),
            });
        }
        let [channels, height, width] = shape;
        let pixels =
            |[a, b]: [usize; 2]| a.checked_add(7)?.checked_mul(b.checked_add(7)?)?.checked_mul(channels);
        if shape.contains(&0) || pixels([height, width]).is_none_or(|pixels| pixels >= 1 << 31) {
            return Err(AugmentationError {
                parameter: "the shape of the images",
                expected: "some, but fewer than 2^31 pixels",
                found: format!("{shape:?}"),
            });
        }
        let splines = self.elastic.map(|elastic| Splines::new(elastic, height, width));
        Ok(Augmenter { augmentation: *self, shape, splines })
    }

    /// Draws an affine map.
    fn draw(&self, random: &mut (impl Rng + ?Sized)) -> Affine {
        let mut symmetric = |largest: f32| f64::from(largest) * (2.0 * random.random::<f64>() - 1.0);
        let shift = [symmetric(self.shift), symmetric(self.shift)];
        let angle = Angle::from_degrees(symmetric(self.rotation));
        let shear = symmetric(self.shear);
        let scale = symmetric(self.scale.ln_1p()).exp();
        let mirror =
            [self.mirror_top_bottom, self.mirror_left_right].map(|may| may && random.random::<bool>());
        Motion { mirror, scale, shear, angle, shift }.affine()
    }
}

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, value, unit) in [
            ("shift", self.shift, ""),
            ("rotation", self.rotation, "°"),
            ("scale", self.scale, ""),
            ("shear", self.shear, ""),
        ] {
            if value != 0.0 {
                parts.push(format!("{name} {value}{unit}"));
            }
        }
        if let Some(Elastic { displacement, smoothness }) = self.elastic {
            parts.push(format!("elastic {displacement} (smoothness {smoothness})"));
        }
        for (may, name) in
            [(self.mirror_left_right, "mirror left–right"), (self.mirror_top_bottom, "mirror top–bottom")]
        {
            if may {
                parts.push(name.to_owned());
            }
        }
        if !parts.is_empty() && self.interpolation != Interpolation::default() {
            parts.push(self.interpolation.to_string());
        }
        if parts.is_empty() { f.write_str("none") } else { f.write_str(&parts.join(", ")) }
    }
}

/// An [`Augmentation`] made ready for images of one shape; shared by all threads.
#[derive(Clone, Debug)]
pub struct Augmenter {
    augmentation: Augmentation,
    shape: [usize; 3],
    splines: Option<Splines>,
}

impl Augmenter {
    /// What it does.
    pub fn augmentation(&self) -> &Augmentation {
        &self.augmentation
    }

    /// The shape (channels, height, width) of the images.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Memory for one thread, with which [`apply`](Self::apply) allocates nothing.
    pub fn workspace(&self) -> Workspace {
        let mut workspace = Workspace::default();
        workspace.fit(self.shape, self.splines.as_ref().map_or(0, Splines::node_chunks));
        workspace
    }

    /// Augments one image, row-major in its shape. Entry e of the result goes to `output[e · stride]`, and
    /// nothing else of the output is touched, so that samples can be interleaved.
    ///
    /// ```
    /// use equivariant::train::augmentation::Augmentation;
    /// use equivariant::train::random::SampleRandom;
    ///
    /// let augmentation = Augmentation { shift: 1.0, rotation: 20.0, ..Augmentation::default() };
    /// let augmenter = augmentation.prepare([1, 2, 2])?;
    /// let mut workspace = augmenter.workspace();
    /// let (seed, epoch, sample) = (0, 5, 17);
    /// let mut output = [0.0; 4];
    /// let mut random = SampleRandom::new(seed, epoch, sample);
    /// augmenter.apply(&[0.0, 0.25, 0.5, 1.0], &mut random, &mut output, 1, &mut workspace);
    /// assert!(output.iter().all(|value| (0.0..=1.0).contains(value)));
    /// # Ok::<(), equivariant::train::augmentation::AugmentationError>(())
    /// ```
    ///
    /// # Panics
    /// If the image or the output is too short, or the stride is zero.
    pub fn apply(
        &self,
        image: &[f32],
        random: &mut (impl Rng + ?Sized),
        output: &mut [f32],
        stride: usize,
        workspace: &mut Workspace,
    ) {
        let map = self.augmentation.draw(random);
        workspace.fit(self.shape, self.splines.as_ref().map_or(0, Splines::node_chunks));
        if let Some(splines) = &self.splines {
            splines.draw(random, &mut workspace.nodes);
        }
        let reading = (self.augmentation.interpolation, self.augmentation.fill);
        run(image, self.shape, &map, self.splines.as_ref(), reading, (output, stride), workspace);
    }
}

/// Warps one image of shape (channels, height, width) by an affine map with bilinear sampling, with `fill`
/// outside. Entry e of the result goes to `output[e · stride]`.
///
/// # Panics
/// If the image or the output is too short, or the stride is zero.
pub fn warp_affine(
    image: &[f32],
    shape: [usize; 3],
    map: &Affine,
    fill: f32,
    output: &mut [f32],
    stride: usize,
    workspace: &mut Workspace,
) {
    workspace.fit(shape, 0);
    run(image, shape, map, None, (Interpolation::Bilinear, fill), (output, stride), workspace);
}

fn run(
    image: &[f32],
    shape: [usize; 3],
    map: &Affine,
    splines: Option<&Splines>,
    reading: (Interpolation, f32),
    (output, stride): (&mut [f32], usize),
    workspace: &mut Workspace,
) {
    let pixels: usize = shape.iter().product();
    assert!(stride > 0, "a stride of 0");
    assert_eq!(image.len(), pixels, "pixels of the image, of shape {shape:?}");
    assert!(
        pixels == 0 || output.len() > (pixels - 1) * stride,
        "{} entries for an image of shape {shape:?} at stride {stride}",
        output.len()
    );
    vectorised(
        #[inline(always)]
        || warp::warp(image, shape, map, splines, reading, (output, stride), workspace),
    );
}

#[cfg(test)]
mod tests;
