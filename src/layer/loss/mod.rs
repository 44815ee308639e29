//! Losses: their values and their gradients with respect to the scores, for every scalar.
//!
//! *Cross-entropy* of scores z (N samples, K classes) with labels y, smoothed by ε as in PyTorch:
//!
//! ```text
//! t(k) = w(k)·((1−ε)·[k = y] + ε/K)     L = −Σ_k t(k)·log softmax(z)(k) = T·log Σ_k e^{z(k)−m} − Σ_k t(k)·(z(k) − m)
//! ∂L/∂z = T·softmax(z) − t              m = max z, T = Σ_k t(k), which is 1 for equal weights w = 1
//! ```
//!
//! and Σ L / Σ w(y) over the batch, its mean for equal weights. Samples with the label [`IGNORED`] take no
//! part in either sum. The maximum is subtracted before anything else, so that nothing overflows and scores
//! that are large beside their differences lose no digits; its own term e⁰ = 1 is left to `log(1 + Σ')`,
//! which is accurate for small losses. A class that is no target takes no part in the second sum, whatever
//! its score: a score of −∞ means that the class is excluded, and 0·∞ counts as 0. The loss is ∞ where a
//! target is excluded, and NaN where a score is NaN or +∞, or all are −∞. *Mean square*: the mean of (x − t)²
//! over all entries, gradient 2(x − t)/n. Cost: K exponentials a sample.
//!
//! Like root and exponential, the logarithm is an arbitrary function over GF(p) whose derivative is
//! *declared* by the usual rule. That is enough to judge the gradient of the cross-entropy exactly: its
//! derivation uses the chain rule and field arithmetic alone.
//!
//! Sources: C. Szegedy et al., *Rethinking the inception architecture*, 2016, section 7 (smoothing).

mod error;
mod mean_square;

use std::any::Any;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

pub use self::error::LossError;
pub use self::mean_square::{mean_square, mean_square_gradient};
use crate::layer::softmax::greatest;
use crate::scalar::{Scalar, pairwise_sum};

/// The label of a sample that takes no part: it adds nothing to losses, gradients and mistakes.
pub const IGNORED: usize = usize::MAX;

/// Cross-entropy, with smoothed labels and weighted classes if wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropy<S> {
    smoothing: S,
    class_weights: Vec<S>,
}

impl<S: Scalar> Default for CrossEntropy<S> {
    fn default() -> Self {
        CrossEntropy { smoothing: S::zero(), class_weights: Vec::new() }
    }
}

impl<S: Scalar> CrossEntropy<S> {
    /// The labels as they are, all classes with equal weights.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the share ε in [0, 1] of the target spread over all classes.
    #[must_use]
    pub fn smoothing(mut self, share: S) -> Self {
        self.smoothing = share;
        self
    }

    /// With the weight w(k) for class k; an empty list for equal weights.
    #[must_use]
    pub fn class_weights(mut self, weights: impl Into<Vec<S>>) -> Self {
        self.class_weights = weights.into();
        self
    }

    /// Σ w(y) over the labels that count: by what the sum of losses is divided.
    ///
    /// # Panics
    /// If a label is no class.
    #[must_use]
    pub fn total_weight(&self, labels: &[usize]) -> S {
        let counted = labels.iter().filter(|&&label| label != IGNORED);
        if self.class_weights.is_empty() {
            return S::from_integer(counted.count() as i64);
        }
        pairwise_sum(counted.map(|&label| self.class_weights[label].clone()))
    }

    /// The loss of each sample of (samples, classes), 0 where it is ignored.
    ///
    /// # Errors
    /// If a label is missing or no class, ε does not lie in [0, 1], or there is not one weight for each
    /// class.
    pub fn values(&self, scores: ArrayView2<'_, S>, labels: &[usize]) -> Result<Vec<S>, LossError> {
        self.check(scores.dim(), labels)?;
        let value = |(row, &label): (ArrayView1<'_, S>, &usize)| {
            if label == IGNORED {
                return S::zero();
            }
            let greatest = greatest(row);
            // Its own term is 1. There is none if it is NaN, and then everything is.
            let own = row.iter().position(|score| *score == greatest);
            let distances = || row.iter().map(|score| score.clone() - greatest.clone()).enumerate();
            let others = distances().filter(|(class, _)| own != Some(*class));
            let others = pairwise_sum(others.map(|(_, distance)| distance.exponential()));
            let targets =
                distances().map(|(class, distance)| (self.target(class, label, row.len()), distance));
            let targets = targets.filter(|(target, _)| !target.is_zero());
            let inner = pairwise_sum(targets.map(|(target, distance)| target * distance));
            self.whole(label, row.len()) * others.logarithm_of_one_plus() - inner
        };
        Ok(scores.rows().into_iter().zip(labels).map(value).collect())
    }

    /// The mean loss over the batch, weighted as the classes are; 0 where no sample counts.
    ///
    /// # Errors
    /// As [`CrossEntropy::values`].
    pub fn value(&self, scores: ArrayView2<'_, S>, labels: &[usize]) -> Result<S, LossError> {
        let sum = pairwise_sum(self.values(scores, labels)?.into_iter());
        Ok(self.share_of(sum, &self.total_weight(labels)))
    }

    /// Writes the gradient of the mean loss over a batch, of which these samples may be a part: `total` is
    /// the [`total_weight`](Self::total_weight) of the labels of all.
    ///
    /// # Errors
    /// As [`CrossEntropy::values`], or if the gradient has not the shape of the scores.
    pub fn gradient(
        &self,
        scores: ArrayView2<'_, S>,
        labels: &[usize],
        total: &S,
        mut gradient: ArrayViewMut2<'_, S>,
    ) -> Result<(), LossError> {
        self.check(scores.dim(), labels)?;
        check_shape("the gradient", scores.shape(), gradient.shape())?;
        for ((row, mut gradient), &label) in scores.rows().into_iter().zip(gradient.rows_mut()).zip(labels) {
            if label == IGNORED {
                gradient.fill(S::zero());
                continue;
            }
            let greatest = greatest(row);
            let whole = self.whole(label, row.len());
            let exponentials = row.iter().map(|score| (score.clone() - greatest.clone()).exponential());
            gradient.iter_mut().zip(exponentials).for_each(|(entry, exponential)| *entry = exponential);
            let scale = pairwise_sum(gradient.iter().cloned()).reciprocal();
            for (class, entry) in gradient.iter_mut().enumerate() {
                let share = entry.clone() * scale.clone();
                *entry = self.share_of(whole.clone() * share - self.target(class, label, row.len()), total);
            }
        }
        Ok(())
    }

    /// That there is a label for each sample, and, where scalars are ordered (over floats), that ε is a share
    /// and weights are not negative.
    fn check(&self, (samples, classes): (usize, usize), labels: &[usize]) -> Result<(), LossError> {
        check(samples, classes, labels)?;
        if let Some(share) = float(&self.smoothing) {
            check_smoothing(share)?;
        }
        let weights: Vec<_> = self.class_weights.iter().map(|weight| float(weight).unwrap_or(1.0)).collect();
        check_class_weights(&weights, classes)
    }

    /// w(k)
    fn weight(&self, class: usize) -> S {
        self.class_weights.get(class).cloned().unwrap_or_else(S::one)
    }

    /// t(k)
    fn target(&self, class: usize, label: usize, classes: usize) -> S {
        let smooth = self.smoothing.divide_by_integer(classes as u64);
        let share = if class == label { S::one() - self.smoothing.clone() + smooth } else { smooth };
        if self.class_weights.is_empty() { share } else { self.weight(class) * share }
    }

    /// T
    fn whole(&self, label: usize, classes: usize) -> S {
        if self.class_weights.is_empty() {
            return S::one();
        }
        pairwise_sum((0..classes).map(|class| self.target(class, label, classes)))
    }

    /// `value / total`, which is an integer if weights are equal; 0 where nothing counts.
    fn share_of(&self, value: S, total: &S) -> S {
        if total.is_zero() {
            return S::zero();
        }
        value * total.reciprocal()
    }
}

/// The number, if it is a float.
fn float<S: 'static>(number: &S) -> Option<f64> {
    let number = number as &dyn Any;
    let single = number.downcast_ref::<f32>().map(|&number| f64::from(number));
    single.or_else(|| number.downcast_ref::<f64>().copied())
}

/// That there is none, or one for each class, finite and not negative, and one that is not zero.
pub(crate) fn check_class_weights(weights: &[f64], classes: usize) -> Result<(), LossError> {
    if weights.is_empty() {
        return Ok(());
    }
    let is_good = |weight: &f64| weight.is_finite() && *weight >= 0.0;
    let fits =
        weights.len() == classes && weights.iter().all(is_good) && weights.iter().any(|&weight| weight > 0.0);
    if fits { Ok(()) } else { Err(LossError::ClassWeights { classes, found: format!("{weights:?}") }) }
}

/// That a share of label smoothing lies in [0, 1].
pub(crate) fn check_smoothing(share: f64) -> Result<(), LossError> {
    let fits = (0.0..=1.0).contains(&share);
    if fits { Ok(()) } else { Err(LossError::Smoothing { found: share.to_string() }) }
}

fn check(samples: usize, classes: usize, labels: &[usize]) -> Result<(), LossError> {
    if labels.len() != samples {
        return Err(LossError::LabelCount { samples, labels: labels.len() });
    }
    match labels.iter().position(|&label| label >= classes && label != IGNORED) {
        Some(sample) => Err(LossError::Label { sample, label: labels[sample], classes }),
        None => Ok(()),
    }
}

fn check_shape(what: &'static str, expected: &[usize], found: &[usize]) -> Result<(), LossError> {
    if expected == found {
        return Ok(());
    }
    Err(LossError::Shape { what, expected: expected.to_vec(), found: found.to_vec() })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr1, arr2};
    use proptest::prelude::*;

    use super::*;
    use crate::scalar::{Dual, Goldilocks};

    fn gradient<S: Scalar>(loss: &CrossEntropy<S>, scores: &Array2<S>, labels: &[usize]) -> Array2<S> {
        let mut gradient = Array2::from_elem(scores.dim(), S::zero());
        loss.gradient(scores.view(), labels, &loss.total_weight(labels), gradient.view_mut()).unwrap();
        gradient
    }

    proptest! {
        // Exactly: the derivative of the value along any direction is the product with the gradient.
        // Goldilocks has maxima, so the branch of the maximum is taken as well.
        #[test]
        fn the_gradient_is_the_derivative_of_the_value(
            samples in 1_usize..4,
            classes in 1_usize..5,
            seed in prop::collection::vec(any::<u64>(), 32),
            smoothing: u64,
            label in 0_usize..60,
        ) {
            let at = |i: usize, j: usize, k: usize| Goldilocks::new(seed[(i * classes + j) * 2 + k].rotate_left(k as u32));
            let labels: Vec<_> = (0..samples).map(|i| (label + i) % classes).collect();
            let (smoothing, weighted) = (Goldilocks::new(smoothing), seed[0] % 2 == 0);
            let weights: Vec<_> = (0..classes).filter(|_| weighted).map(|k| at(0, k, 0) * at(0, k, 1)).collect();
            let mut labels = labels;
            if seed[1] % 2 == 0 && samples > 1 {
                labels[0] = IGNORED;
            }
            let moving = Array2::from_shape_fn((samples, classes), |(i, j)| Dual::new(at(i, j, 0), at(i, j, 1)));
            let duals: Vec<_> = weights.iter().map(|weight| Dual::constant(*weight)).collect();
            let loss = CrossEntropy::new().smoothing(Dual::constant(smoothing)).class_weights(duals);
            let value = loss.value(moving.view(), &labels).unwrap();
            let scores = moving.mapv(|dual| dual.value);
            let loss = CrossEntropy::new().smoothing(smoothing).class_weights(weights);
            let gradient = gradient(&loss, &scores, &labels);
            let product = gradient.iter().zip(&moving).fold(Goldilocks::from(0), |sum, (g, z)| sum + *g * z.derivative);
            prop_assert_eq!(value.derivative, product);

            let target = moving.map(|z| Dual::constant(z.value * z.value));
            let value = mean_square(moving.view().into_dyn(), target.view().into_dyn()).unwrap();
            let target = target.mapv(|dual| dual.value);
            let gradient = mean_square_gradient(scores.view().into_dyn(), target.view().into_dyn()).unwrap();
            let product = gradient.iter().zip(&moving).fold(Goldilocks::from(0), |sum, (g, z)| sum + *g * z.derivative);
            prop_assert_eq!(value.derivative, product);
        }

        // In floats the logarithm is the true one. Central differences with step h: for K scores in [−4, 4]
        // the third derivative of log Σ e^z along an axis, s(1−s)(1−2s), is below 1/8, so the formula is off
        // by at most h²/48; each value, below 16, is rounded fewer than 3K + 8 times, which the division by
        // 2h enlarges.
        #[test]
        fn the_gradient_is_the_difference_quotient(
            scores in prop::collection::vec(-4.0_f64..4.0, 2..8),
            label in 0_usize..8,
            smoothing in 0.0_f64..0.5,
        ) {
            let (classes, step) = (scores.len(), 2.0_f64.powi(-16));
            let label = [label % classes];
            let scores = Array2::from_shape_vec((1, classes), scores).unwrap();
            let loss = CrossEntropy::new().smoothing(smoothing);
            let gradient = gradient(&loss, &scores, &label);
            let roundings = (3 * classes + 8) as f64 * f64::EPSILON / 2.0 * 16.0;
            let bound = step * step / 48.0 + 2.0 * roundings / (2.0 * step);
            for class in 0..classes {
                let moved = |by: f64| {
                    let mut scores = scores.clone();
                    scores[[0, class]] += by;
                    loss.value(scores.view(), &label).unwrap()
                };
                let quotient = (moved(step) - moved(-step)) / (2.0 * step);
                prop_assert!((quotient - gradient[[0, class]]).abs() <= bound);
            }
        }
    }

    /// Two classes with equal scores: every −log p is log 2. Weights 1 and 3, labels 0, 1, ignored, 1: the
    /// sums are 7·log 2 and 7. With ε = 1/2 each loss is (w(y)/2 + (1 + 3)/4)·log 2: 3/2, 5/2, 5/2 of it.
    #[test]
    fn weights_and_ignored_labels_by_hand() {
        let scores = Array2::from_elem((4, 2), 5.0_f64);
        let labels = [0, 1, IGNORED, 1];
        let loss = CrossEntropy::new().class_weights([1.0, 3.0]);
        let log = 2.0_f64.ln();
        assert_eq!(loss.total_weight(&labels), 7.0);
        let close = |found: f64, expected: f64| (found - expected).abs() <= 8.0 * f64::EPSILON;
        assert!(close(loss.value(scores.view(), &labels).unwrap(), log));
        assert_eq!(loss.values(scores.view(), &labels).unwrap()[2], 0.0);
        let smooth = loss.clone().smoothing(0.5);
        assert!(close(smooth.value(scores.view(), &labels).unwrap(), 6.5 / 7.0 * log));
        // (w(y)·½ − w(y)·[k = y]) / 7
        let expected = arr2(&[[-0.5, 0.5], [1.5, -1.5], [0.0, 0.0], [1.5, -1.5]]) / 7.0;
        let found = gradient(&loss, &scores, &labels);
        assert!(found.iter().zip(&expected).all(|(&found, &expected)| close(found, expected)), "{found}");
        assert_eq!(loss.value(scores.view(), &[IGNORED; 4]).unwrap(), 0.0);
        for weights in [vec![1.0], vec![1.0, -1.0], vec![0.0, 0.0], vec![f64::NAN, 1.0]] {
            let told = CrossEntropy::new().class_weights(weights).value(scores.view(), &labels);
            assert!(matches!(told, Err(LossError::ClassWeights { classes: 2, .. })));
        }
    }

    #[test]
    fn equal_scores_have_the_entropy_of_a_fair_choice() {
        // log 4 whatever the smoothing; gradient (1/4 − t)/N: exact in binary, for t = 5/8 and 1/8 with ε =
        // 1/2.
        let scores = Array2::from_elem((2, 4), 1000.0_f64);
        let loss = CrossEntropy::new().smoothing(0.5);
        // Both logarithms are rounded to within a unit of 2⁻⁵².
        let error = loss.value(scores.view(), &[1, 3]).unwrap() - 4.0_f64.ln();
        assert!(error.abs() <= 2.0 * f64::EPSILON, "{error}");
        let expected = arr2(&[[0.0625, -0.1875, 0.0625, 0.0625], [0.0625, 0.0625, 0.0625, -0.1875]]);
        assert_eq!(gradient(&loss, &scores, &[1, 3]), expected);
    }

    #[test]
    fn nothing_overflows() {
        // e^−20000 is 0: the loss is the distance of the scores, exactly, and the gradient ±1.
        let (loss, scores) = (CrossEntropy::new().smoothing(0.0_f32), arr2(&[[10_000.0_f32, -10_000.0]]));
        assert_eq!(loss.value(scores.view(), &[1]).unwrap(), 20_000.0);
        assert_eq!(gradient(&loss, &scores, &[1]), arr2(&[[1.0, -1.0]]));
    }

    #[test]
    fn mean_squares_and_what_does_not_fit() {
        let (outputs, targets) =
            (arr1(&[1.0, 2.0, 5.0, 0.0]).into_dyn(), arr1(&[1.0, 0.0, 1.0, 2.0]).into_dyn());
        assert_eq!(mean_square(outputs.view(), targets.view()), Ok(6.0));
        let gradient = mean_square_gradient(outputs.view(), targets.view()).unwrap();
        assert_eq!(gradient, arr1(&[0.0, 1.0, 2.0, -1.0]).into_dyn());
        let error = mean_square(outputs.view(), arr1(&[1.0]).into_dyn().view()).unwrap_err();
        assert_eq!(error.to_string(), "the targets must have the shape [4] of the outputs, found [1]");
        let loss = CrossEntropy::new().smoothing(0.0);
        let error = loss.value(Array2::zeros((2, 10)).view(), &[3, 10]).unwrap_err();
        assert_eq!(error.to_string(), "labels of 10 classes are 0 to 9, found 10 for sample 1");
        let error = loss.value(Array2::zeros((2, 10)).view(), &[3]).unwrap_err();
        assert_eq!(error.to_string(), "2 samples need as many labels, found 1");
    }
}
