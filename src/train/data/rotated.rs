//! Rotated MNIST: images turned by random angles, so that a net must recognise them in every position.
//!
//! The first images of the training set, each turned by an angle uniform in [0, 2π), to train; other images,
//! each turned, to test; bilinear sampling about the centre of the frame, zero outside. One mean and one
//! deviation for all pixels, so that standardising commutes with rotation.
//!
//! Source of the setting: H. Larochelle, D. Erhan, A. Courville, J. Bergstra, Y. Bengio, *An empirical
//! evaluation of deep architectures on problems with many factors of variation*, ICML 2007, §3.1 (12,000 to
//! train, 50,000 to test).

use ndarray::{Array4, Axis, concatenate};
use rand::RngExt;
use rayon::prelude::*;

use super::{DataError, Dataset, SetFault, Splits};
use crate::group::Angle;
use crate::train::augmentation::{Motion, Workspace, warp_affine};
use crate::train::random::SampleRandom;

/// Turned images, and by how much.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotated {
    /// The turned images.
    pub splits: Splits,
    /// The angles of the training images.
    pub train_angles: Vec<Angle>,
    /// The angles of the test images.
    pub test_angles: Vec<Angle>,
    /// Mean of all training pixels.
    pub mean: f32,
    /// Deviation of all training pixels.
    pub deviation: f32,
}

/// Turns the first `count` training images to train, and of the others, those left of the training set first
/// and then the test set, as many as there are up to `test_count` to test. The seed fixes all angles.
///
/// # Errors
/// If there are fewer than `count` training images, or one of the counts is zero.
pub fn rotated(splits: &Splits, count: usize, test_count: usize, seed: u64) -> Result<Rotated, DataError> {
    let (train, test) = (&splits.train, &splits.test);
    let origin = format!("{}, rotated (seed {seed})", splits.origin);
    if count > train.len() {
        let remedy = "ask for fewer";
        return Err(SetFault::TooFew { expected: count, found: train.len(), remedy }.of(&origin));
    }
    if count == 0 || test_count == 0 {
        let remedy = "ask for at least one image to train and one to test";
        return Err(SetFault::TooFew { expected: 1, found: 0, remedy }.of(&origin));
    }
    let left = (train.len() - count).min(test_count);
    let more = test.len().min(test_count - left);
    let slice = |set: &Dataset, from: usize, to: usize| {
        set.images().slice_axis(Axis(0), (from..to).into()).to_owned()
    };
    let others = concatenate![Axis(0), slice(train, count, count + left), slice(test, 0, more)];
    let other_labels = [&train.labels()[count..count + left], &test.labels()[..more]].concat();

    let (train_images, train_angles) = turned(&slice(train, 0, count), 0, seed);
    let (test_images, test_angles) = turned(&others, count, seed);
    let set =
        |images, labels, what| Dataset::new(images, labels, train.classes(), format!("{origin}, {what} set"));
    let train = set(train_images, train.labels()[..count].to_vec(), "training")?;
    let test = set(test_images, other_labels, "test")?;
    let (mean, deviation) = train.mean_and_deviation();
    Ok(Rotated { splits: Splits { train, test, origin }, train_angles, test_angles, mean, deviation })
}

/// The images, each turned by the angle of its number, counted from `first`.
fn turned(images: &Array4<f32>, first: usize, seed: u64) -> (Array4<f32>, Vec<Angle>) {
    let (count, channels, height, width) = images.dim();
    let shape = [channels, height, width];
    let pixels = channels * height * width;
    let angles: Vec<Angle> = (first..first + count)
        .map(|index| Angle::from_degrees(360.0 * SampleRandom::new(seed, 0, index as u64).random::<f64>()))
        .collect();
    let mut turned = Array4::zeros(images.dim());
    let source = images.as_slice().expect("copied images are row-major").par_chunks_exact(pixels);
    let target = turned.as_slice_mut().expect("new images are row-major").par_chunks_exact_mut(pixels);
    target.zip(source).zip(&angles).for_each_init(Workspace::default, |workspace, ((to, from), &angle)| {
        let map = Motion { angle, ..Motion::none() }.affine();
        warp_affine(from, shape, &map, 0.0, to, 1, workspace);
        // Interpolation may exceed the values that it lies between by their rounding.
        for pixel in to {
            *pixel = pixel.clamp(0.0, 1.0);
        }
    });
    (turned, angles)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, s};

    use super::*;
    use crate::signal::{Interpolation, Rotate};

    fn splits() -> Splits {
        let set = |first: usize, count: usize| {
            let value = |(i, _, r, c): (usize, usize, usize, usize)| ((i + first) * 7 + r * 5 + c * c) % 16;
            let images = Array::from_shape_fn((count, 1, 9, 9), |index| value(index) as f32 / 16.0);
            let labels = (first..first + count).map(|i| i % 10).collect();
            Dataset::new(images, labels, 10, "patterns").unwrap()
        };
        Splits { train: set(0, 30), test: set(30, 12), origin: "patterns".into() }
    }

    #[test]
    fn each_image_is_turned_as_the_action_of_rotations_turns_it() {
        let splits = splits();
        let rotated = rotated(&splits, 20, 15, 4).unwrap();
        let rotate = Rotate { interpolation: Interpolation::Bilinear };
        let originals = |index: usize| {
            if index < 30 { splits.train.image(index) } else { splits.test.image(index - 30) }
        };
        assert_eq!((rotated.splits.train.len(), rotated.splits.test.len()), (20, 15));
        let results = (0..20).map(|i| (rotated.splits.train.image(i), rotated.train_angles[i]));
        let results = results.chain((0..15).map(|i| (rotated.splits.test.image(i), rotated.test_angles[i])));
        for (index, (image, angle)) in results.enumerate() {
            let original = Array::from_iter(originals(index).iter().map(|&pixel| f64::from(pixel)));
            let original = original.into_shape_with_order((9, 9)).unwrap().into_dyn();
            let expected = rotate.by_angle(angle, original.view()).unwrap();
            for (&found, &expected) in image.iter().zip(&expected) {
                // The place is off by the rounding of two entries of the matrix, of two products and three
                // sums of numbers below 16, which is at most 8 · 16 · 2⁻²⁴, along each of two axes; a
                // bilinear image of values in [0, 1] moves by no more than that times its steepest slope 1;
                // interpolation adds 8 · 2⁻²⁴.
                let bound = (2.0 * 8.0 * 16.0 + 8.0) * 2.0_f64.powi(-24);
                assert!((f64::from(found) - expected).abs() <= bound, "{found} {expected} at {angle}");
            }
        }
    }

    #[test]
    fn the_seed_fixes_everything_and_counts_are_checked() {
        let splits = splits();
        let first = rotated(&splits, 20, 50, 1).unwrap();
        assert_eq!(first.splits.test.len(), 22, "all others");
        let labels: Vec<usize> = (20..42).map(|i| i % 10).collect();
        assert_eq!(first.splits.test.labels(), labels);
        assert_eq!(rotated(&splits, 20, 50, 1).unwrap(), first);
        assert_ne!(rotated(&splits, 20, 50, 2).unwrap().train_angles, first.train_angles);
        assert_eq!((first.mean, first.deviation), first.splits.train.mean_and_deviation());
        let few = rotated(&splits, 20, 5, 1).unwrap();
        let all = first.splits.test.images();
        assert_eq!(few.splits.test.images(), &all.slice(s![..5, .., .., ..]));
        for (count, test_count) in [(31, 1), (0, 1), (1, 0)] {
            assert!(rotated(&splits, count, test_count, 1).is_err());
        }
        assert_eq!(rotated(&splits, 30, 5, 1).unwrap().splits.test.len(), 5);
    }
}
