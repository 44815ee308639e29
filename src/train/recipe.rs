//! How a network is trained: every choice in one place, so that a run can be repeated, described and resumed.

use super::augmentation::Augmentation;
use super::average::Beginning;
use super::optimiser::{Clip, Decay, Rule};
use super::schedule::Schedule;
use crate::layer::Initialisation;

/// The moving average of the weights, which is what is tested and exported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smooth {
    /// The decay of the average for each step.
    pub decay: f64,
    /// How it begins.
    pub beginning: Beginning,
}

/// Everything that decides a run besides the network, the images and the seed.
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
    /// The moving average of the weights; `None` to use the weights themselves.
    pub average: Option<Smooth>,
    /// How weights begin.
    pub initialisation: Initialisation,
    /// Stop once the test has not improved for so many epochs, and go back to the best weights.
    pub patience: Option<u64>,
}

impl Recipe {
    /// The choices as (name, value), for people and for telling whether two runs are the same.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let average =
            |smooth: Smooth| format!("{:?}, decay {}", smooth.beginning, smooth.decay).to_lowercase();
        vec![
            ("epochs", self.epochs.to_string()),
            ("batch", self.batch.to_string()),
            ("optimiser", self.rule.to_string()),
            ("weight decay", format!("L2 {}, L1 {}", self.decay.l2, self.decay.l1)),
            ("clipping", self.clip.to_string()),
            ("schedule", self.schedule.to_string()),
            ("augmentation", self.augmentation.to_string()),
            ("label smoothing", self.smoothing.to_string()),
            ("average of weights", self.average.map_or("none".to_owned(), average)),
            ("first weights", format!("{:?}", self.initialisation)),
            ("patience", self.patience.map_or("none".to_owned(), |epochs| format!("{epochs} epochs"))),
        ]
    }
}
