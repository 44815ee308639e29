//! How predictions change as images are shifted and turned: what a network bears of the motions it was not
//! built for.
//!
//! Moved by [`warp_affine`]: shifts by whole pixels and quarter turns of square images are exact, other turns
//! bilinear; zeros come in from outside. A turn about the centre is counter-clockwise.

use ndarray::{Array2, Array4, ArrayRef, Axis, Ix4};
use rayon::prelude::*;

use super::first_greatest;
use crate::group::Angle;
use crate::train::augmentation::{Motion, Workspace, warp_affine};

/// Images that are moved, at most; of more, as many evenly spread ones.
pub const MOVED_IMAGES: usize = 2000;
/// Shifts reach this far, in pixels.
const FARTHEST: i32 = 6;
/// Degrees from one turn to the next.
const STEP: i32 = 15;

/// Predictions of moved images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// How far: pixels, or degrees.
    pub amount: f64,
    /// The share of right predictions.
    pub correct: f64,
    /// The share of predictions that are those of the image as it stands.
    pub unchanged: f64,
}

/// Images to be moved, with what they are and what they are taken for.
pub(super) struct Motions<'a> {
    images: Array4<f32>,
    labels: Vec<usize>,
    predicted: Vec<usize>,
    predict: &'a (dyn Fn(&ArrayRef<f32, Ix4>) -> Array2<f32> + Sync),
}

impl<'a> Motions<'a> {
    /// Chooses the images.
    pub(super) fn new(
        images: &ArrayRef<f32, Ix4>,
        labels: &[usize],
        predicted: &[usize],
        predict: &'a (dyn Fn(&ArrayRef<f32, Ix4>) -> Array2<f32> + Sync),
    ) -> Self {
        let count = labels.len().min(MOVED_IMAGES);
        let chosen: Vec<usize> = (0..count).map(|place| place * labels.len() / count).collect();
        Motions {
            images: images.select(Axis(0), &chosen),
            labels: chosen.iter().map(|&index| labels[index]).collect(),
            predicted: chosen.iter().map(|&index| predicted[index]).collect(),
            predict,
        }
    }

    /// By −6 … 6 pixels along a direction (down, right).
    pub(super) fn shifted(&self, direction: [f64; 2]) -> Vec<Moved> {
        let motion = |pixels: f64| Motion { shift: direction.map(|step| step * pixels), ..Motion::none() };
        (-FARTHEST..=FARTHEST).map(f64::from).map(|pixels| self.moved(pixels, &motion(pixels))).collect()
    }

    /// By 0° … 360°.
    pub(super) fn turned(&self) -> Vec<Moved> {
        let motion = |degrees: f64| Motion { angle: Angle::from_degrees(degrees), ..Motion::none() };
        let degrees = (0..=360 / STEP).map(|step| f64::from(step * STEP));
        degrees.map(|degrees| self.moved(degrees, &motion(degrees))).collect()
    }

    fn moved(&self, amount: f64, motion: &Motion) -> Moved {
        let scores = (self.predict)(&self.move_all(motion));
        let predicted: Vec<usize> = scores.outer_iter().map(|scores| first_greatest(&scores)).collect();
        let share = |wanted: &[usize]| {
            let equal =
                predicted.iter().zip(wanted).filter(|(predicted, wanted)| predicted == wanted).count();
            equal as f64 / wanted.len() as f64
        };
        Moved { amount, correct: share(&self.labels), unchanged: share(&self.predicted) }
    }

    fn move_all(&self, motion: &Motion) -> Array4<f32> {
        let (count, channels, height, width) = self.images.dim();
        let map = motion.affine();
        let pixels = (channels * height * width).max(1);
        let images = self.images.as_standard_layout();
        let sources = images.as_slice().unwrap_or_else(|| unreachable!("in standard layout"));
        let mut moved = vec![0.0; sources.len()];
        moved.par_chunks_mut(pixels).zip(sources.par_chunks(pixels)).for_each_init(
            Workspace::default,
            |workspace, (target, source)| {
                warp_affine(source, [channels, height, width], &map, 0.0, target, 1, workspace);
            },
        );
        Array4::from_shape_vec((count, channels, height, width), moved)
            .unwrap_or_else(|_| unreachable!("an entry for each of the images"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column (or row, if `axis` is 2) of the brightest pixel as the class, of the first one if none is
    /// bright.
    fn brightest(axis: usize) -> impl Fn(&ArrayRef<f32, Ix4>) -> Array2<f32> + Sync {
        move |images| {
            let sum = |image: usize, place: usize| {
                images.index_axis(Axis(0), image).index_axis(Axis(axis - 1), place).sum()
            };
            Array2::from_shape_fn((images.len_of(Axis(0)), images.len_of(Axis(axis))), |(i, j)| sum(i, j))
        }
    }

    fn points(places: &[(usize, usize)]) -> Array4<f32> {
        let mut images = Array4::zeros((places.len(), 1, 15, 15));
        for (image, &(row, column)) in places.iter().enumerate() {
            images[[image, 0, row, column]] = 1.0;
        }
        images
    }

    #[test]
    fn shifts_move_right_and_down() {
        // In column 3, and labelled as it will be two to the right; in column 12, as it stands.
        let (images, predict) = (points(&[(7, 3), (7, 12)]), brightest(3));
        let motions = Motions::new(&images, &[5, 12], &[3, 12], &predict);
        let right = motions.shifted([0.0, 1.0]);
        assert_eq!(right.len(), 13);
        assert_eq!(right[6], Moved { amount: 0.0, correct: 0.5, unchanged: 1.0 });
        assert_eq!(right[8], Moved { amount: 2.0, correct: 0.5, unchanged: 0.0 });
        assert_eq!(right[7], Moved { amount: 1.0, correct: 0.0, unchanged: 0.0 });
        // Down, columns stay until the point leaves below the border, at 8 of 7 pixels: never.
        assert!(motions.shifted([1.0, 0.0]).iter().all(|moved| moved.unchanged == 1.0));
    }

    #[test]
    fn turns_are_counter_clockwise() {
        // A point at the right comes to the top at 90°: row 2 of column 7.
        let (images, predict) = (points(&[(7, 12)]), brightest(2));
        let turned = Motions::new(&images, &[2], &[7], &predict).turned();
        assert_eq!((turned.len(), turned[24].amount), (25, 360.0));
        assert_eq!(turned[6], Moved { amount: 90.0, correct: 1.0, unchanged: 0.0 });
        for back in [0, 12, 24] {
            assert_eq!((turned[back].correct, turned[back].unchanged), (0.0, 1.0), "{}", turned[back].amount);
        }
    }

    #[test]
    fn of_many_images_evenly_spread_ones_are_moved() {
        let count = MOVED_IMAGES * 5 / 2;
        let images = Array4::from_shape_fn((count, 1, 1, 1), |(index, ..)| index as f32);
        let labels: Vec<usize> = (0..count).collect();
        let predict = |images: &ArrayRef<f32, Ix4>| Array2::zeros((images.len_of(Axis(0)), 1));
        let motions = Motions::new(&images, &labels, &labels, &predict);
        assert_eq!(motions.labels.len(), MOVED_IMAGES);
        assert_eq!(motions.labels[..4], [0, 2, 5, 7]);
        assert_eq!(motions.images[[3, 0, 0, 0]], 7.0);
    }
}
