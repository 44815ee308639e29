//! How a network is trained: every choice in one place, so that a run can be repeated, described and resumed.

use super::augmentation::Augmentation;
use super::average::Beginning;
use super::optimiser::{Clip, Decay, Moments, Rule};
use super::schedule::{OneCycle, Schedule};
use crate::layer::Initialisation;

/// The moving average of the weights, which is what is tested and exported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smooth {
    /// The decay of the average for each step.
    pub decay: f64,
    /// How it begins.
    pub beginning: Beginning,
}

/// Everything that decides a run besides the network, the samples and the seed.
///
/// ```
/// use equivariant::train::Recipe;
/// use equivariant::train::schedule::Schedule;
///
/// let recipe = Recipe::new(20).batch(32).schedule(Schedule::Constant { rate: 1e-3 }).patience(3);
/// assert_eq!((recipe.epochs, recipe.batch, recipe.patience), (20, 32, Some(3)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Passes over the training set.
    pub epochs: usize,
    /// Images to a step.
    pub batch: usize,
    /// How weights follow gradients.
    pub rule: Rule,
    /// Penalties on large weights.
    pub decay: Decay,
    /// Limits on gradients.
    pub clip: Clip,
    /// Learning rate and momentum over the steps of the run.
    pub schedule: Schedule,
    /// How images are changed.
    pub augmentation: Augmentation,
    /// The share ε of the target that label smoothing spreads over all classes.
    pub smoothing: f32,
    /// A weight for each class, by which the losses of its samples count; none for equal weights.
    pub class_weights: Vec<f32>,
    /// The moving average of the weights; `None` to use the weights themselves.
    pub average: Option<Smooth>,
    /// How weights begin.
    pub initialisation: Initialisation,
    /// Stop once the test has not improved for so many epochs, and go back to the best weights.
    pub patience: Option<u64>,
}

impl Recipe {
    /// A recipe that suits most small networks: batches of 64, AdamW with a decay of 0.01, one cycle of the
    /// learning rate up to 0.003 and down again; no augmentation, no smoothing, no average.
    #[must_use]
    pub fn new(epochs: usize) -> Self {
        Recipe {
            epochs,
            batch: 64,
            rule: Rule::AdamW(Moments::default()),
            decay: Decay { l1: 0.0, l2: 0.01 },
            clip: Clip::None,
            schedule: Schedule::OneCycle(OneCycle { momentum: None, ..OneCycle::new(0.003) }),
            augmentation: Augmentation::default(),
            smoothing: 0.0,
            class_weights: Vec::new(),
            average: None,
            initialisation: Initialisation::He,
            patience: None,
        }
    }

    /// With so many samples to a step.
    #[must_use]
    pub fn batch(mut self, samples: usize) -> Self {
        self.batch = samples;
        self
    }

    /// With this rule by which weights follow gradients.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    /// With these penalties on large weights.
    #[must_use]
    pub fn decay(mut self, decay: Decay) -> Self {
        self.decay = decay;
        self
    }

    /// With this limit on gradients.
    #[must_use]
    pub fn clip(mut self, clip: Clip) -> Self {
        self.clip = clip;
        self
    }

    /// With this learning rate over the steps of the run.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// With images that are changed like this, anew in each epoch.
    #[must_use]
    pub fn augmentation(mut self, augmentation: Augmentation) -> Self {
        self.augmentation = augmentation;
        self
    }

    /// With this share of the target spread over all classes.
    #[must_use]
    pub fn smoothing(mut self, share: f32) -> Self {
        self.smoothing = share;
        self
    }

    /// With a weight for each class, by which the losses of its samples count.
    #[must_use]
    pub fn class_weights(mut self, weights: impl Into<Vec<f32>>) -> Self {
        self.class_weights = weights.into();
        self
    }

    /// With a moving average of the weights, which is tested and exported.
    #[must_use]
    pub fn average(mut self, smooth: Smooth) -> Self {
        self.average = Some(smooth);
        self
    }

    /// With weights that begin like this.
    #[must_use]
    pub fn initialisation(mut self, initialisation: Initialisation) -> Self {
        self.initialisation = initialisation;
        self
    }

    /// Stopping once the test has not improved for so many epochs, with the best weights.
    #[must_use]
    pub fn patience(mut self, epochs: u64) -> Self {
        self.patience = Some(epochs);
        self
    }

    /// The choices as (name, value), for people and for telling whether two runs are the same.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let average =
            |smooth: Smooth| format!("{:?}, decay {}", smooth.beginning, smooth.decay).to_lowercase();
        let classes = match self.class_weights.as_slice() {
            [] => "equal".to_owned(),
            weights => weights.iter().map(f32::to_string).collect::<Vec<_>>().join(", "),
        };
        vec![
            ("epochs", self.epochs.to_string()),
            ("batch", self.batch.to_string()),
            ("optimiser", self.rule.to_string()),
            ("weight decay", format!("L2 {}, L1 {}", self.decay.l2, self.decay.l1)),
            ("clipping", self.clip.to_string()),
            ("schedule", self.schedule.to_string()),
            ("augmentation", self.augmentation.to_string()),
            ("label smoothing", self.smoothing.to_string()),
            ("class weights", classes),
            ("average of weights", self.average.map_or("none".to_owned(), average)),
            ("first weights", format!("{:?}", self.initialisation)),
            ("patience", self.patience.map_or("none".to_owned(), |epochs| format!("{epochs} epochs"))),
        ]
    }
}
