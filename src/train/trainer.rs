//! The way to train a network: what, on what, by which recipe.

use std::fmt;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Recipe;
use super::data::{Samples, Streamed};
use super::training::{EpochRecord, Evaluation, Source, TrainError, Training};
use crate::executor::{Alone, Exchange};
use crate::network::{Network, Weights};

/// A network, samples, and how it is trained on them.
///
/// ```
/// use equivariant::layer::{Activation, Dense};
/// use equivariant::network::Network;
/// use equivariant::train::data::Samples;
/// use equivariant::train::{Recipe, Trainer};
/// use ndarray::ArrayD;
///
/// // Is the first number the greater one?
/// let values = ArrayD::from_shape_fn(vec![400, 2], |at| ((at[0] * 37 + at[1] * 11) % 101) as f32 / 101.0);
/// let labels = values.outer_iter().map(|pair| usize::from(pair[[0]] > pair[[1]])).collect();
/// let (train, test) = Samples::new(values, labels, 2, "pairs")?.split(100, 0)?;
///
/// let network = Network::new().then(Dense::new(2, 8)).then(Activation::Relu).then(Dense::new(8, 2));
/// let trained = Trainer::new(&network, &train)
///     .recipe(Recipe::new(40).batch(20))
///     .seed(1)
///     .on_epoch(|epoch| println!("{}: loss {:.3}, {} mistakes", epoch.epoch, epoch.train_loss, epoch.test_mistakes))
///     .run(&test)?;
/// assert!(trained.test.mistakes <= 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Trainer<'n, 'd> {
    network: &'n Network,
    data: Source<'d>,
    name: String,
    recipe: Recipe,
    seed: u64,
    threads: usize,
    exchange: Arc<dyn Exchange>,
    tell: Box<dyn FnMut(&EpochRecord) + 'n>,
}

impl fmt::Debug for Trainer<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("name", &self.name)
            .field("recipe", &self.recipe)
            .field("seed", &self.seed)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// What a training ends with.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The weights: the best, the averages or the last ones, as the recipe says.
    pub weights: Weights,
    /// What became of each epoch.
    pub history: Vec<EpochRecord>,
    /// What the weights give on the test samples.
    pub test: Evaluation,
}

impl<'n, 'd> Trainer<'n, 'd> {
    /// A training of a network on samples: images ([`Dataset`](super::data::Dataset)) or arrays of any shape
    /// ([`Samples`]). Twenty epochs of [`Recipe::new`], seed 0, on all processors, unless told otherwise.
    pub fn new(network: &'n Network, data: &'d impl AsRef<Samples>) -> Self {
        Trainer::of(network, Source::Memory(data.as_ref()))
    }

    /// As [`new`](Self::new), on images that stay in their files: each is read when a step needs it.
    pub fn streaming(network: &'n Network, data: &'d Streamed) -> Self {
        Trainer::of(network, Source::Files(data))
    }

    fn of(network: &'n Network, data: Source<'d>) -> Self {
        Trainer {
            network,
            data,
            name: "network".to_owned(),
            recipe: Recipe::new(20),
            seed: 0,
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            exchange: Arc::new(Alone),
            tell: Box::new(|_| {}),
        }
    }

    /// With this name of the network, by which checkpoints know it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With this recipe.
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// With this seed of the first weights, the order of samples, augmentation and dropout. The same seed
    /// gives the same bits for any number of threads.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// On this number of threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// With each batch shared by several processes, which all run the same training; each gives the same bits as one
    /// process would alone.
    pub fn exchange(mut self, exchange: Arc<dyn Exchange>) -> Self {
        self.exchange = exchange;
        self
    }

    /// Telling of each epoch that is complete.
    pub fn on_epoch(mut self, tell: impl FnMut(&EpochRecord) + 'n) -> Self {
        self.tell = Box::new(tell);
        self
    }

    /// Trains to the end, with a test after each epoch.
    ///
    /// # Errors
    /// If samples, network and recipe do not fit together, the threads cannot be started, or a number becomes
    /// infinite or no number.
    pub fn run(mut self, test: &impl AsRef<Samples>) -> Result<Trained, TrainError> {
        let mut tell = std::mem::replace(&mut self.tell, Box::new(|_| {}));
        let mut training = self.begin()?;
        while !training.is_finished() {
            if let Some(record) = training.epoch(test, &mut |_| ControlFlow::Continue(()))? {
                tell(&record);
            }
        }
        let weights = training.result();
        let test = training.evaluate(&weights, test);
        Ok(Trained { weights, history: training.history().to_vec(), test })
    }

    /// The training, to be taken epoch by epoch: to break off, to save and to resume.
    ///
    /// # Errors
    /// If samples, network and recipe do not fit together, or the threads cannot be started.
    pub fn begin(self) -> Result<Training<'d>, TrainError> {
        let Trainer { network, data, name, recipe, seed, threads, exchange, .. } = self;
        Training::new(&name, network, data, recipe, seed, threads, exchange)
    }
}
