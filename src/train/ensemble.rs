//! Ensembles: several runs of one recipe, whose predictions are averaged.
//!
//! The ensemble of k networks gives class c the mean of their shares, p(c) = 1/k · Σ_m softmax(z_m)(c). Runs
//! of different seeds end in different places and err on different images, and the mean errs on fewer. With
//! [`Sampling::Bootstrap`] each run moreover has a training set of its own, drawn with replacement from the
//! whole one and as large: some 63 % (1 − 1/e) of the images, some of them several times (*bagging*, L.
//! Breiman, *Bagging predictors*, 1996). That helps learners whose runs would be alike otherwise; networks
//! already differ by their first weights and the order of the images, and lose more by the images they do not
//! see (B. Lakshminarayanan et al., *Simple and scalable predictive uncertainty estimation using deep
//! ensembles*, 2017).
//!
//! Cost: k trainings, one after the other, and k passes for a prediction.

use std::ops::Range;

use ndarray::Array2;
use rand::RngExt;

use super::data::{Dataset, Splits};
use super::random::SampleRandom;
use super::recipe::Recipe;
use super::trainer::Trainer;
use super::training::{EpochRecord, Evaluation, TrainError, evaluate, mistakes};
use crate::executor::Executor;
use crate::layer::{LayerError, Softmax};
use crate::network::{Network, Weights};

/// What each run is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// All images.
    All,
    /// As many images as there are, drawn with replacement, for each seed others.
    Bootstrap,
}

/// How an ensemble comes about.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// The recipe of every run.
    pub recipe: Recipe,
    /// One run for each of these seeds.
    pub seeds: Range<u64>,
    /// The images of each run.
    pub sampling: Sampling,
}

/// Networks of one architecture, trained apart, that predict together.
///
/// ```
/// use equivariant::network::lenet5;
/// use equivariant::train::data::digit_splits;
/// use equivariant::train::{Ensemble, Model, Runs, Sampling};
///
/// let sets = digit_splits(128, 64, 1)?;
/// let runs = Runs { recipe: Model::Lenet5.recipe(1), seeds: 0..2, sampling: Sampling::Bootstrap };
/// let ensemble = Ensemble::train("lenet5", &lenet5(10), &sets, &runs, 1, &mut |seed, epoch| {
///     println!("seed {seed}, epoch {}: {} mistakes", epoch.epoch, epoch.test_mistakes);
/// })?;
/// let evaluation = ensemble.evaluate(&sets.test)?;
/// println!("{} mistakes together, {:?} apart", evaluation.together.mistakes, evaluation.apart);
/// # assert_eq!(evaluation.apart.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ensemble {
    /// With the softmax that makes shares of its scores.
    network: Network,
    members: Vec<Weights>,
}

/// How an ensemble does on a set of images, together and apart.
#[derive(Clone, Debug, PartialEq)]
pub struct EnsembleEvaluation {
    /// Its shares, as scores, and its mistakes.
    pub together: Evaluation,
    /// The mistakes of each member.
    pub apart: Vec<usize>,
}

impl Ensemble {
    /// Trains the members one after the other on so many threads, and tells of each epoch with the member's
    /// seed. A member is what a [`Trainer`] of its seed, its images and the recipe ends with.
    ///
    /// # Errors
    /// As [`Trainer::run`], and if there is no seed.
    pub fn train(
        name: &str,
        network: &Network,
        sets: &Splits,
        runs: &Runs,
        threads: usize,
        tell: &mut dyn FnMut(u64, &EpochRecord),
    ) -> Result<Self, TrainError> {
        if runs.seeds.is_empty() {
            return Err(TrainError::Zero("the number of runs"));
        }
        let mut members = Vec::new();
        for seed in runs.seeds.clone() {
            let own = match runs.sampling {
                Sampling::All => None,
                Sampling::Bootstrap => Some(bootstrap(&sets.train, seed)),
            };
            let data = own.as_ref().unwrap_or(&sets.train);
            let trainer = Trainer::new(network, data).name(name).recipe(runs.recipe.clone()).seed(seed);
            let trained = trainer.threads(threads).on_epoch(|record| tell(seed, record)).run(&sets.test)?;
            members.push(trained.weights);
        }
        Ok(Ensemble { network: network.clone().then(Softmax), members })
    }

    /// The weights of each member, in the order of the seeds.
    pub fn members(&self) -> &[Weights] {
        &self.members
    }

    /// The mean of the members' shares on images, and the mistakes of all together and of each apart.
    ///
    /// # Errors
    /// If the images do not fit the network.
    pub fn evaluate(&self, images: &Dataset) -> Result<EnsembleEvaluation, LayerError> {
        let mut executor = Executor::new(&self.network, &images.shape())?;
        let mut scores = Array2::zeros((images.len(), executor.outputs()));
        let mut apart = Vec::new();
        for weights in &self.members {
            let member = evaluate(&mut executor, weights, images.samples());
            scores += &member.scores;
            apart.push(member.mistakes);
        }
        scores /= self.members.len() as f32;
        let mistakes = mistakes(&scores, images.labels());
        Ok(EnsembleEvaluation { together: Evaluation { scores, mistakes }, apart })
    }
}

/// As many images as there are, drawn with replacement: the same ones for the same seed.
fn bootstrap(images: &Dataset, seed: u64) -> Dataset {
    // The trainer's streams are those of its epochs, from 0 on.
    let mut random = SampleRandom::new(seed, u64::MAX, 0);
    let drawn: Vec<usize> = (0..images.len()).map(|_| random.random_range(0..images.len())).collect();
    images.subset(&drawn).unwrap_or_else(|_| unreachable!("a set has at least one image"))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use ndarray::Array4;

    use super::*;
    use crate::layer::{Activation, Dense, Flatten};
    use crate::train::Model;

    /// Two blurred classes of 2 × 2 pixels, told apart by a diagonal.
    fn sets() -> Splits {
        let set = |count: usize, seed| {
            let mut random = SampleRandom::new(seed, 0, 0);
            let images = Array4::from_shape_fn((count, 1, 2, 2), |(image, _, row, column)| {
                let bright = (row == column) == image.is_multiple_of(2);
                random.random::<f32>() * 0.6 + if bright { 0.4 } else { 0.0 }
            });
            Dataset::new(images, (0..count).map(|image| image % 2).collect(), 2, "diagonals").unwrap()
        };
        Splits { train: set(128, 1), test: set(50, 2), origin: "made here".into() }
    }

    fn network() -> Network {
        Network::new().then(Flatten).then(Dense::new(4, 6)).then(Activation::Relu).then(Dense::new(6, 2))
    }

    fn runs(seeds: Range<u64>, sampling: Sampling) -> Runs {
        Runs { recipe: Model::Lenet5.recipe(2), seeds, sampling }
    }

    fn train(runs: &Runs) -> Ensemble {
        Ensemble::train("diagonals", &network(), &sets(), runs, 2, &mut |_, _| {}).unwrap()
    }

    #[test]
    fn shares_are_the_mean_of_the_members() {
        let sets = sets();
        let ensemble = train(&runs(3..6, Sampling::All));
        let evaluation = ensemble.evaluate(&sets.test).unwrap();
        let mut mean = Array2::<f64>::zeros((50, 2));
        for (seed, mistakes) in (3..6).zip(&evaluation.apart) {
            let recipe = runs(0..1, Sampling::All).recipe;
            let mut trainer = Trainer::new(&network(), &sets.train)
                .name("alone")
                .recipe(recipe)
                .seed(seed)
                .threads(1)
                .begin()
                .unwrap();
            while !trainer.is_finished() {
                trainer.epoch(&sets.test, &mut |_| ControlFlow::Continue(())).unwrap();
            }
            // A member is a run of its seed, to the bit.
            let alone = trainer.result();
            assert_eq!(ensemble.members()[(seed - 3) as usize], alone);
            let Evaluation { scores, mistakes: expected } = trainer.evaluate(&alone, &sets.test);
            assert_eq!(*mistakes, expected);
            for (mean, scores) in mean.outer_iter_mut().zip(scores.outer_iter()) {
                let powers = scores.map(|&score| f64::from(score).exp());
                let sum = powers.sum();
                mean.into_iter().zip(powers).for_each(|(mean, power)| *mean += power / sum / 3.0);
            }
        }
        for (&found, &expected) in evaluation.together.scores.iter().zip(&mean) {
            // In units of 2⁻²⁴: |z| < 4, so a difference of scores is off by at most 8 and its exponential by
            // an ulp (2) more, of which a share e/(e + e') of two takes on a quarter. Its sum and its
            // quotient, and the sum of three shares and its quotient, round by at most 1 each, in the mean.
            // Below 10/4 + 4 < 8.
            assert!((f64::from(found) - expected).abs() <= 8.0 * 2f64.powi(-24), "{found} is not {expected}");
        }
        let wrong = |(row, &label): (ndarray::ArrayView1<'_, f64>, &usize)| row[1 - label] > row[label];
        let expected = mean.outer_iter().zip(sets.test.labels()).filter(|&pair| wrong(pair)).count();
        assert_eq!(evaluation.together.mistakes, expected);
    }

    #[test]
    fn a_bootstrap_sample_is_as_large_and_holds_two_thirds() {
        let sets = sets();
        let sample = bootstrap(&sets.train, 7);
        assert_eq!(sample.len(), 128);
        let seen = (0..128).filter(|&image| (0..128).any(|i| sample.image(i) == sets.train.image(image)));
        // Each image is missed with probability (1 − 1/128)¹²⁸ = 0.366, so 81.1 are seen on average. To see
        // one makes another less likely, so the variance is below that of independent ones, 128·0.366·0.634 =
        // 5.45². Six deviations.
        let seen = seen.count() as f64;
        assert!((seen - 81.1).abs() < 6.0 * 5.45, "{seen}");
        assert_eq!(sample, bootstrap(&sets.train, 7));
        assert_ne!(sample, bootstrap(&sets.train, 8));
        let [all, drawn] = [Sampling::All, Sampling::Bootstrap].map(|sampling| train(&runs(0..1, sampling)));
        assert_ne!(all.members(), drawn.members());
    }

    #[test]
    fn no_run_is_no_ensemble() {
        let none =
            Ensemble::train("none", &network(), &sets(), &runs(2..2, Sampling::All), 1, &mut |_, _| {});
        assert_eq!(none.unwrap_err().to_string(), "the number of runs must be at least 1");
    }
}
