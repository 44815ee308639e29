//! What was found about images under a continuous transformation, for people and for programs.

pub mod html;
pub mod json;
mod polar;
pub mod terminal;

use ndarray::ArrayD;

use crate::angle::{Interval, Verdict};

/// What was found about one image.
#[derive(Clone, Debug)]
pub struct ImageResult {
    /// Its number among the images.
    pub index: usize,
    /// Its label, where there is one.
    pub label: Option<usize>,
    /// The class that the network gives it as it is.
    pub class: usize,
    /// The verdict over the interval that was searched.
    pub verdict: Verdict,
    /// The image (channels, rows, columns).
    pub image: ArrayD<f64>,
    /// Where it is refuted: the image at that parameter.
    pub turned: Option<ArrayD<f64>>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl ImageResult {
    /// Whether the network's class is the label.
    pub fn is_right(&self) -> Option<bool> {
        self.label.map(|label| label == self.class)
    }

    /// The verdict in a word.
    pub fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Certified { .. } => "certified",
            Verdict::Refuted { .. } => "refuted",
            Verdict::Undecided { .. } => "undecided",
        }
    }
}

/// A run over images.
#[derive(Clone, Debug)]
pub struct AngleResults {
    /// The file of the network.
    pub model: String,
    /// Where the images are from.
    pub images_from: String,
    /// The transformation, as the option names it.
    pub transformation: &'static str,
    /// The unit of its parameter.
    pub unit: &'static str,
    /// The interval that was asked about.
    pub asked: Interval,
    /// The interval that was searched: a quarter of the circle where the network is invariant under quarter
    /// turns.
    pub searched: Interval,
    /// Whether the network is proved to be invariant under quarter turns.
    pub is_invariant: bool,
    /// What was found.
    pub images: Vec<ImageResult>,
}

impl AngleResults {
    /// How many images have a verdict of this word.
    pub fn count(&self, word: &str) -> usize {
        self.images.iter().filter(|image| image.word() == word).count()
    }

    /// The share of the images that are certified, of those that the network gets right if labels are known.
    pub fn certified_share(&self) -> f64 {
        let counted: Vec<_> = self.images.iter().filter(|image| image.is_right() != Some(false)).collect();
        let certified = counted.iter().filter(|image| image.word() == "certified").count();
        certified as f64 / counted.len().max(1) as f64
    }
}
