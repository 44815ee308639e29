//! What came of a training, and how it is shown: [`json`], and a page with pictures ([`html`]).

pub mod html;
pub mod json;
mod sections;

use crate::network::Summary;
use crate::train::inspection::Inspection;

/// A training run in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingRun {
    /// The name of the network: `lenet5`.
    pub model: String,
    /// The name of the images.
    pub data: String,
    /// Trained numbers of the network.
    pub parameters: usize,
    /// Images that it was trained on.
    pub train_samples: usize,
    /// Images that it was tested on.
    pub test_samples: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// Threads that trained.
    pub threads: usize,
    /// The epochs, in their order.
    pub epochs: Vec<Epoch>,
    /// Seconds of training, tests left out.
    pub train_seconds: f64,
    /// Mistakes of the final weights on the test images.
    pub test_mistakes: usize,
    /// Whether the training came to its end, or was interrupted.
    pub finished: bool,
}

impl TrainingRun {
    /// Mistakes as a fraction of the test images; 0 where there are none.
    pub fn test_error(&self) -> f64 {
        if self.test_samples == 0 { 0.0 } else { self.test_mistakes as f64 / self.test_samples as f64 }
    }
}

/// An epoch in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Mean loss of its steps.
    pub train_loss: f64,
    /// Mistakes on the test images after it.
    pub test_mistakes: usize,
    /// Images trained on in a second.
    pub images_per_second: f64,
}

/// All that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPage {
    /// The run.
    pub run: TrainingRun,
    /// The network, layer by layer.
    pub summary: Summary,
    /// How it was trained, as (name, value).
    pub recipe: Vec<(&'static str, String)>,
    /// What the trained network was found to do.
    pub inspection: Inspection,
    /// What is known of its symmetry, in sentences.
    pub symmetry: Vec<String>,
}

#[cfg(test)]
pub(super) mod tests {
    use ndarray::{Array2, Array4, Axis};

    use super::{Epoch, TrainingPage, TrainingRun};
    use crate::layer::{Initialisation, Layer};
    use crate::network::{Network, Summary, Weights, lenet5};
    use crate::train::inspection::Inspection;

    /// Two epochs of a run on 20 images; untrained weights serve to show pictures.
    pub(super) fn sample_page() -> TrainingPage {
        let network: Network = lenet5(10);
        let weights = Weights::initial(&network, Initialisation::He, 0);
        let images = Array4::from_shape_fn((20, 1, 28, 28), |(image, _, row, column)| {
            f32::from(u8::from((image * 3 + row * column) % 11 == 0))
        });
        let labels: Vec<usize> = (0..20).map(|image| image % 10).collect();
        // Only class 0 is recognised: 18 mistakes.
        let predict = |images: &ndarray::ArrayRef<f32, ndarray::Ix4>| {
            Array2::from_shape_fn((images.len_of(Axis(0)), 10), |(_, class)| f32::from(u8::from(class == 0)))
        };
        let inspection = Inspection::new(&network, &weights, &images, &labels, &predict).unwrap();
        let epoch = |epoch, train_loss, test_mistakes| Epoch {
            epoch,
            seconds: 0.5,
            train_loss,
            test_mistakes,
            images_per_second: 40.0,
        };
        TrainingPage {
            run: TrainingRun {
                model: "lenet5".into(),
                data: "a <set>".into(),
                parameters: network.parameters().iter().map(|parameter| parameter.len()).sum(),
                train_samples: 20,
                test_samples: 20,
                seed: 3,
                threads: 2,
                epochs: vec![epoch(1, 2.5, 19), epoch(2, 1.25, 18)],
                train_seconds: 1.0,
                test_mistakes: 18,
                finished: true,
            },
            summary: Summary::new(&network, &[1, 28, 28]).unwrap(),
            recipe: vec![("batch", "64".into())],
            inspection,
            symmetry: vec!["not invariant".into()],
        }
    }
}
