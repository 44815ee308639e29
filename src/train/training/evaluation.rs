//! What weights give on a set of images: their scores, and how many are mistaken.
//!
//! Cost: one forward pass for each image.

use std::ops::Range;

use ndarray::{Array2, ArrayView1};

use crate::executor::Executor;
use crate::network::Weights;
use crate::train::data::Samples;

/// Images that are tested at a time.
const TESTED: usize = 512;

/// The scores of a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// (images, classes)
    pub scores: Array2<f32>,
    /// Images whose greatest score is not that of their label; of equal scores the first counts. An image
    /// with a score that is no number is mistaken, whatever its label.
    pub mistakes: usize,
}

/// What these numbers give on images, on the threads of the current pool.
pub(in crate::train) fn evaluate(executor: &mut Executor, weights: &Weights, images: &Samples) -> Evaluation {
    let scores = evaluate_range(executor, weights, images, 0..images.len());
    let mistakes = mistakes(&scores, images.labels());
    Evaluation { scores, mistakes }
}

/// The scores of some of the images.
pub(super) fn evaluate_range(
    executor: &mut Executor,
    weights: &Weights,
    images: &Samples,
    range: Range<usize>,
) -> Array2<f32> {
    let pixels: usize = images.shape().iter().product();
    let inputs = &images.rows()[range.start * pixels..range.end * pixels];
    let classes = executor.outputs();
    let mut scores = Array2::zeros((range.len(), classes));
    let rows = scores.as_slice_mut().unwrap_or_else(|| unreachable!("a new array is row-major"));
    for (inputs, rows) in inputs.chunks(pixels * TESTED).zip(rows.chunks_mut(classes * TESTED)) {
        executor.predict(weights, inputs, rows);
    }
    scores
}

/// How many rows have their greatest score elsewhere than at their label, or a score that is no number.
pub(in crate::train) fn mistakes(scores: &Array2<f32>, labels: &[usize]) -> usize {
    let is_wrong = |(scores, label): &(ArrayView1<'_, f32>, &usize)| {
        scores.iter().any(|score| score.is_nan()) || first_greatest(scores) != **label
    };
    scores.outer_iter().zip(labels).filter(is_wrong).count()
}

/// The place of the greatest number, of equals the first.
pub(in crate::train) fn first_greatest(scores: &ArrayView1<'_, f32>) -> usize {
    let better = |best: usize, next: usize| if scores[next] > scores[best] { next } else { best };
    (0..scores.len()).reduce(better).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;

    #[test]
    fn of_equal_scores_the_first_is_the_greatest() {
        let greatest = |scores: &[f32]| first_greatest(&arr1(scores).view());
        for (scores, expected) in [
            (&[1.0, 2.0, 3.0][..], 2),
            (&[3.0, 2.0, 1.0], 0),
            (&[1.0, 3.0, 3.0], 1),
            (&[3.0, 1.0, 3.0], 0),
            (&[0.0, 0.0, 0.0], 0),
            (&[-0.0, 0.0], 0),
            (&[-2.0, -1.0, -1.0], 1),
            (&[-INF, -INF], 0),
            (&[1.0, INF, INF], 1),
            (&[5.0], 0),
        ] {
            assert_eq!(greatest(scores), expected, "{scores:?}");
        }
    }

    #[test]
    fn mistakes_are_told_by_the_first_greatest_score() {
        let scores = arr2(&[[1.0, 1.0], [0.0, 1.0], [2.0, 1.0], [1.0, 1.0]]);
        for (labels, expected) in [([0, 1, 0, 0], 0), ([1, 1, 0, 0], 1), ([1, 0, 1, 1], 4), ([0, 0, 0, 0], 1)]
        {
            assert_eq!(mistakes(&scores, &labels), expected, "{labels:?}");
        }
        // What is no number has no greatest: no label is right.
        let scores = arr2(&[[NAN, NAN], [NAN, 1.0], [1.0, NAN], [INF, 1.0]]);
        for (label, expected) in [(0, 3), (1, 4)] {
            assert_eq!(mistakes(&scores, &[label; 4]), expected, "label {label}");
        }
    }
}
