//! A training: epochs of augmented batches, tests between them, and a state that can be saved at any step.
//!
//! Step t of epoch e takes the images at places tB … (t+1)B − 1 of a permutation; images beyond the last
//! whole batch wait for the next epoch. The permutation, each image's augmentation and each mask of dropout
//! are functions of (seed, epoch, step, image), so that a resumed run gives the same bits as an uninterrupted
//! one, and one thread the same as two, and one process the same as several that share each batch.
//!
//! Cost: for each image, one augmentation and one forward and backward pass.

mod error;
mod evaluation;
mod ranks;
mod saving;
mod source;
#[cfg(test)]
mod tests;

pub use error::TrainError;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

pub use evaluation::Evaluation;
pub(super) use evaluation::{evaluate, first_greatest, mistakes};
pub(super) use source::Source;

use super::augmentation::{Augmentation, Augmenter, Workspace};
use super::average::Average;
use super::checkpoint::Architecture;
use super::data::{DataError, Samples};
use super::early_stopping::{EarlyStopping, Progress};
use super::optimiser::Optimiser;
use super::random::SampleRandom;
use super::recipe::Recipe;
use crate::executor::{Exchange, Executor, Objective};
use crate::layer::loss::{check_class_weights, check_smoothing};
use crate::network::{Network, Weights};

/// Images that one task augments.
const IMAGES: usize = 16;

/// What became of one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochRecord {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// Seconds of training, tests left out.
    pub seconds: f64,
    /// Mean loss of the steps, on augmented images.
    pub train_loss: f64,
    /// Mistakes on the test set.
    pub test_mistakes: usize,
}

/// A step of the training, as it is told to an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepRecord {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// Steps of this epoch so far, and in all.
    pub steps: (usize, usize),
    /// Mean loss of this epoch so far.
    pub loss: f64,
    /// Share of mistakes of this epoch so far, on augmented images.
    pub mistakes: f64,
}

/// What the current epoch has gathered.
#[derive(Clone, Copy, Debug, Default)]
struct Gathered {
    steps: usize,
    loss: f64,
    mistakes: usize,
    seconds: f64,
}

/// A training in progress, epoch by epoch: what [`Trainer::begin`](super::Trainer::begin) gives.
#[derive(Debug)]
pub struct Training<'a> {
    data: Source<'a>,
    /// The samples' identity.
    images: String,
    recipe: Recipe,
    seed: u64,
    architecture: Architecture,
    pool: ThreadPool,
    /// The processes that share each batch.
    exchange: Arc<dyn Exchange>,
    executor: Executor,
    weights: Weights,
    optimiser: Optimiser,
    /// Of the trained and of the running numbers.
    averages: Option<[Average; 2]>,
    stopping: Option<EarlyStopping>,
    /// None where samples stay as they are.
    augmenter: Option<Augmenter>,
    workspaces: Vec<Workspace>,
    order: Vec<usize>,
    inputs: Vec<f32>,
    labels: Vec<usize>,
    gradient: Vec<f32>,
    history: Vec<EpochRecord>,
    gathered: Gathered,
    stopped: bool,
}

/// Purposes for which numbers are drawn; each has streams of its own.
#[derive(Clone, Copy)]
enum Purpose {
    Order,
    Augmentation,
    Dropout,
}

fn random(seed: u64, purpose: Purpose, epoch: usize, index: usize) -> SampleRandom {
    SampleRandom::new(seed, epoch as u64 * 3 + purpose as u64, index as u64)
}

/// What changes images of this shape at random, if anything does.
fn augmenter(augmentation: &Augmentation, shape: &[usize]) -> Result<Option<Augmenter>, TrainError> {
    if augmentation.is_identity() {
        return Ok(None);
    }
    match *shape {
        [channels, height, width] => Ok(Some(augmentation.prepare([channels, height, width])?)),
        _ => Err(TrainError::NoImages { shape: shape.to_vec() }),
    }
}

impl<'a> Training<'a> {
    /// A training that has not begun.
    ///
    /// # Errors
    /// If samples, network and recipe do not fit together, or the threads cannot be started.
    pub(super) fn new(
        name: &str,
        network: &Network,
        data: Source<'a>,
        recipe: Recipe,
        seed: u64,
        threads: usize,
        exchange: Arc<dyn Exchange>,
    ) -> Result<Self, TrainError> {
        for (name, number) in [
            ("the number of epochs", recipe.epochs),
            ("the batch", recipe.batch),
            ("the number of threads", threads),
        ] {
            if number == 0 {
                return Err(TrainError::Zero(name));
            }
        }
        check_smoothing(f64::from(recipe.smoothing))?;
        let class_weights: Vec<_> = recipe.class_weights.iter().map(|&weight| f64::from(weight)).collect();
        check_class_weights(&class_weights, data.classes())?;
        let executor = Executor::new(network, data.shape())?.with_exchange(Arc::clone(&exchange));
        executor.check_batch(recipe.batch.min(data.len()))?;
        if executor.outputs() != data.classes() {
            let (outputs, data, classes) = (executor.outputs(), data.name().to_owned(), data.classes());
            return Err(TrainError::Classes { outputs, data, classes });
        }
        let weights = Weights::initial(network, recipe.initialisation, seed);
        let parts: Vec<_> = weights.parts.iter().filter(|part| part.role.is_trained()).cloned().collect();
        let optimiser = Optimiser::new(recipe.rule, &parts)?.decay(recipe.decay)?.clip(recipe.clip)?;
        let average = |smooth: super::Smooth| {
            [weights.trained.len(), weights.running.len()]
                .map(|len| Average::new(smooth.decay, smooth.beginning, len))
        };
        let augmenter = augmenter(&recipe.augmentation, data.shape())?;
        let batch = recipe.batch.min(data.len());
        let own = executor.own_samples(batch).len();
        let training = Training {
            data,
            images: data.identity(&*exchange)?,
            seed,
            architecture: Architecture::new(name, network),
            pool: ThreadPoolBuilder::new().num_threads(threads).build()?,
            exchange,
            executor,
            optimiser,
            averages: recipe.average.map(average),
            stopping: recipe.patience.map(EarlyStopping::new),
            workspaces: match &augmenter {
                Some(augmenter) => (0..own.div_ceil(IMAGES)).map(|_| augmenter.workspace()).collect(),
                None => Vec::new(),
            },
            augmenter,
            order: Vec::new(),
            inputs: vec![0.0; own * data.shape().iter().product::<usize>()],
            labels: vec![0; batch],
            gradient: vec![0.0; weights.trained.len()],
            weights,
            history: Vec::new(),
            gathered: Gathered::default(),
            stopped: false,
            recipe,
        };
        training.check_ranks()?;
        Ok(training)
    }

    /// The epochs that are complete.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// Whether there is no epoch left, or patience is at its end.
    pub fn is_finished(&self) -> bool {
        self.stopped || self.history.len() >= self.recipe.epochs
    }

    /// Seconds of training so far, tests left out.
    pub fn seconds(&self) -> f64 {
        self.history.iter().map(|record| record.seconds).sum::<f64>() + self.gathered.seconds
    }

    /// Steps of an epoch.
    pub fn steps(&self) -> usize {
        self.data.len() / self.labels.len()
    }

    /// Images to a step.
    pub fn batch(&self) -> usize {
        self.labels.len()
    }

    /// The numbers that are exported: where patience is asked for the best ones of all complete epochs, of
    /// equals the first; else the averages, else the weights.
    pub fn result(&self) -> Weights {
        match self.stopping.as_ref().and_then(EarlyStopping::best) {
            Some((_, trained, running)) => {
                Weights { trained: trained.to_vec(), running: running.to_vec(), ..self.weights.clone() }
            }
            _ => self.current(),
        }
    }

    /// The averages, or the weights where nothing is averaged.
    fn current(&self) -> Weights {
        match &self.averages {
            Some([trained, running]) if trained.updates() > 0 => Weights {
                trained: trained.values().to_vec(),
                running: running.values().to_vec(),
                ..self.weights.clone()
            },
            _ => self.weights.clone(),
        }
    }

    /// Trains to the end of the current epoch and tests, or until the observer breaks off between two steps:
    /// then `None`, and the training can go on later from there.
    ///
    /// # Errors
    /// If the loss, a gradient or a weight becomes infinite or no number, or the images to test do not fit. A
    /// loss or gradient that is not finite moves no weight.
    pub fn epoch(
        &mut self,
        test: &impl AsRef<Samples>,
        observe: &mut dyn FnMut(StepRecord) -> ControlFlow<()>,
    ) -> Result<Option<EpochRecord>, TrainError> {
        let test = test.as_ref();
        let (train, train_classes) = (self.data.shape(), self.data.classes());
        if (train, train_classes) != (test.shape(), test.classes()) {
            let [train, test_shape] = [train, test.shape()].map(<[usize]>::to_vec);
            return Err(TrainError::Sets {
                train,
                train_classes,
                test: test_shape,
                test_classes: test.classes(),
            });
        }
        let epoch = self.history.len();
        self.order.clear();
        self.order.extend(0..self.data.len());
        self.order.shuffle(&mut random(self.seed, Purpose::Order, epoch, 0));
        let steps = self.steps();
        while self.gathered.steps < steps {
            let start = Instant::now();
            self.step(epoch)?;
            self.gathered.seconds += start.elapsed().as_secs_f64();
            let done = self.gathered.steps as f64;
            let report = StepRecord {
                epoch: epoch + 1,
                steps: (self.gathered.steps, steps),
                loss: self.gathered.loss / done,
                mistakes: self.gathered.mistakes as f64 / (done * self.labels.len() as f64),
            };
            let is_told_to_stop = observe(report).is_break();
            if self.is_any(is_told_to_stop) && self.gathered.steps < steps {
                return Ok(None);
            }
        }
        let Gathered { loss, seconds, .. } = std::mem::take(&mut self.gathered);
        let train_loss = loss / steps as f64;
        let current = self.current();
        let test_mistakes = self.mistakes_together(&current, test);
        if let Some(stopping) = &mut self.stopping {
            let progress = stopping.observe(test_mistakes as f64, &current.trained, &current.running);
            self.stopped = progress == Progress::Stop;
        }
        let record = EpochRecord { epoch: epoch + 1, seconds, train_loss, test_mistakes };
        self.history.push(record);
        self.check_weights()?;
        Ok(Some(record))
    }

    fn step(&mut self, epoch: usize) -> Result<(), TrainError> {
        let batch = self.labels.len();
        let all = (self.recipe.epochs * self.steps()) as u64;
        let images = &self.order[self.gathered.steps * batch..][..batch];
        let own = &images[self.executor.own_samples(batch)];
        self.labels.iter_mut().zip(images).for_each(|(label, &image)| *label = self.data.labels()[image]);
        let pixels: usize = self.data.shape().iter().product();
        let (data, augmenter, seed) = (self.data, &self.augmenter, self.seed);
        let Training {
            pool, inputs, workspaces, executor, weights, gradient, labels, gathered, recipe, ..
        } = self;
        let outcome = pool.install(|| -> Result<_, DataError> {
            let blocks = inputs.par_chunks_mut(pixels * IMAGES).zip(own.par_chunks(IMAGES));
            match augmenter {
                Some(augmenter) => blocks.zip(workspaces).try_for_each(|((inputs, images), workspace)| {
                    let mut room = Vec::new();
                    for (input, &image) in inputs.chunks_exact_mut(pixels).zip(images) {
                        let mut random = random(seed, Purpose::Augmentation, epoch, image);
                        augmenter.apply(data.sample(image, &mut room)?, &mut random, input, 1, workspace);
                    }
                    Ok(())
                })?,
                None => blocks.try_for_each(|(inputs, images)| {
                    let mut room = Vec::new();
                    for (input, &image) in inputs.chunks_exact_mut(pixels).zip(images) {
                        input.copy_from_slice(data.sample(image, &mut room)?);
                    }
                    Ok(())
                })?,
            }
            let mask = random(seed, Purpose::Dropout, epoch, gathered.steps).next_u64();
            let objective = Objective::CrossEntropy {
                labels,
                smoothing: recipe.smoothing,
                class_weights: &recipe.class_weights,
            };
            Ok(executor.step(weights, inputs, objective, mask, gradient))
        })?;
        let (epoch, step) = (epoch + 1, gathered.steps + 1);
        if !outcome.loss.is_finite() {
            return Err(TrainError::Diverged { epoch, step, loss: outcome.loss });
        }
        let not_finite = |what| move |source| TrainError::NotFinite { what, epoch, step, source };
        weights.check_gradient(gradient).map_err(not_finite("the gradient"))?;
        gathered.loss += outcome.loss;
        gathered.mistakes += outcome.mistakes;
        gathered.steps += 1;
        executor.update_running(weights);
        let setting = recipe.schedule.at(self.optimiser.steps(), all);
        self.optimiser.step(setting, &mut weights.trained, gradient);
        weights.check_finite().map_err(not_finite("a weight"))?;
        if let Some([trained, running]) = &mut self.averages {
            trained.update(&weights.trained);
            running.update(&weights.running);
        }
        Ok(())
    }

    /// The scores of these numbers on samples, at inference.
    ///
    /// # Panics
    /// If the samples have another shape than those of the training.
    pub fn evaluate(&mut self, weights: &Weights, samples: &impl AsRef<Samples>) -> Evaluation {
        let samples = samples.as_ref();
        assert_eq!(samples.shape(), self.data.shape(), "samples of the same shape");
        let executor = &mut self.executor;
        self.pool.install(|| evaluate(executor, weights, samples))
    }
}
