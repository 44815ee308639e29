//! What a trained network gets wrong, what it looks for, and what it bears: numbers for a report, without
//! words.
//!
//! | what | file |
//! |---|---|
//! | [`Inspection`]: the confusion matrix and the list of mistakes, with all of what follows | here |
//! | [`Filters`], [`Feature`]: the kernels of the first convolution, and the patches that excite each feature most | `features` |
//! | [`MovedMaps`]: the orientations of a group feature map, as the image is moved | `orbit` |
//! | [`Invariance`]: how far the scores change when images are turned or mirrored | `invariance` |
//! | [`Moved`]: predictions as images are shifted and turned | `motion` |
//!
//! Everything is a function of the network, its weights and the images: nothing is drawn at random, and the
//! result is the same for any number of threads if that of the predictions is.
//!
//! Cost: one prediction of all images, 51 of [`MOVED_IMAGES`], and one pass of the definition of the first
//! two convolutions over [`EXCITING_IMAGES`].

mod features;
mod invariance;
mod motion;
mod orbit;

use ndarray::{Array2, Array3, ArrayRef, ArrayView1, Axis, Ix4};

pub use features::{EXCITING_IMAGES, Feature, FeatureLayer, Filters, PATCHES, Patch};
pub use invariance::{Invariance, MEASURED_IMAGES};
pub use motion::{MOVED_IMAGES, Moved};
pub use orbit::MovedMaps;

use super::training::first_greatest;
use crate::layer::LayerError;
use crate::network::{Network, Plain, Weights};

/// What was found out about a trained network on labelled images.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Images by truth (rows) and prediction (columns).
    pub confusion: Array2<usize>,
    /// The images whose prediction is wrong, the most confident first, of equals the first.
    pub mistakes: Vec<Mistake>,
    /// The kernels of the first convolution, if there is one on two axes.
    pub filters: Option<Filters>,
    /// What excites the features of the first convolutions: of at most two.
    pub layers: Vec<FeatureLayer>,
    /// A group feature map of the first image, if the first layer is a group convolution.
    pub moved_maps: Vec<MovedMaps>,
    /// Predictions of images moved right by −6 … 6 pixels, zeros coming in.
    pub shifted_right: Vec<Moved>,
    /// Predictions of images moved down by −6 … 6 pixels, zeros coming in.
    pub shifted_down: Vec<Moved>,
    /// Predictions of images turned counter-clockwise by 0° … 360° in steps of 15°, bilinearly.
    pub turned: Vec<Moved>,
}

/// An image whose prediction is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Its number among the images.
    pub index: usize,
    /// Its class.
    pub truth: usize,
    /// The class with the greatest score.
    pub predicted: usize,
    /// The share of the true class in the softmax of the scores.
    pub truth_share: f64,
    /// The share of the predicted class.
    pub predicted_share: f64,
    /// The image (channels, height, width).
    pub image: Array3<f32>,
}

impl Inspection {
    /// Of a network on images (samples, channels, height, width) with values from 0 to 1, where `predict`
    /// gives its scores (samples, classes) at inference.
    ///
    /// # Errors
    /// If the weights or the images do not fit the network.
    ///
    /// # Panics
    /// If there are not as many labels as images and rows of scores, or a label is not below the number of
    /// classes.
    pub fn new(
        network: &Network,
        weights: &Weights,
        images: &ArrayRef<f32, Ix4>,
        labels: &[usize],
        predict: &(dyn Fn(&ArrayRef<f32, Ix4>) -> Array2<f32> + Sync),
    ) -> Result<Self, LayerError> {
        assert_eq!(images.len_of(Axis(0)), labels.len(), "a label for each image");
        let scores = predict(images);
        assert_eq!(scores.nrows(), labels.len(), "a row of scores for each image");
        let predicted: Vec<usize> = scores.outer_iter().map(|scores| first_greatest(&scores)).collect();
        let mut confusion = Array2::zeros((scores.ncols(), scores.ncols()));
        for (&truth, &predicted) in labels.iter().zip(&predicted) {
            confusion[[truth, predicted]] += 1;
        }
        let moved_maps = match images.outer_iter().next() {
            Some(image) => MovedMaps::of(network, weights, &image.to_owned())?,
            None => Vec::new(),
        };
        // Group layers are shown as the ordinary ones that they are.
        let plain = Plain::of(network)?;
        let (network, weights) = (plain.network(), &plain.weights(weights)?);
        let motions = motion::Motions::new(images, labels, &predicted, predict);
        Ok(Inspection {
            confusion,
            mistakes: mistakes(&scores, labels, &predicted, images),
            filters: features::filters(network, weights),
            layers: features::layers(network, weights, images)?,
            moved_maps,
            shifted_right: motions.shifted([0.0, 1.0]),
            shifted_down: motions.shifted([1.0, 0.0]),
            turned: motions.turned(),
        })
    }
}

fn mistakes(
    scores: &Array2<f32>,
    labels: &[usize],
    predicted: &[usize],
    images: &ArrayRef<f32, Ix4>,
) -> Vec<Mistake> {
    let wrong = (0..labels.len()).filter(|&index| labels[index] != predicted[index]);
    let mut mistakes: Vec<Mistake> = wrong
        .map(|index| {
            let (truth, predicted) = (labels[index], predicted[index]);
            let shares = softmax(scores.row(index));
            let image = images.index_axis(Axis(0), index).to_owned();
            let (truth_share, predicted_share) = (shares[truth], shares[predicted]);
            Mistake { index, truth, predicted, truth_share, predicted_share, image }
        })
        .collect();
    mistakes.sort_by(|one, other| other.predicted_share.total_cmp(&one.predicted_share));
    mistakes
}

/// e^(z(k) − m) / Σ e^(z − m), where m = max z, so that nothing overflows.
fn softmax(scores: ArrayView1<'_, f32>) -> Vec<f64> {
    let greatest = scores.fold(f32::NEG_INFINITY, |greatest, &score| greatest.max(score));
    let powers: Vec<f64> = scores.iter().map(|&score| f64::from(score - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;
    use crate::layer::{Activation, Convolution, Flatten, Initialisation, Layer, Mode, Pool};

    /// Three images of 8 × 8 with one bright pixel each, and scores that read its column: class 0 on the
    /// left, 1 on the right.
    fn images() -> Array4<f32> {
        let mut images = Array4::zeros((3, 1, 8, 8));
        images[[0, 0, 3, 0]] = 1.0;
        images[[1, 0, 3, 7]] = 1.0;
        images[[2, 0, 4, 1]] = 0.5;
        images
    }

    fn predict(images: &ArrayRef<f32, Ix4>) -> Array2<f32> {
        Array2::from_shape_fn((images.len_of(Axis(0)), 2), |(image, class)| {
            let columns = if class == 0 { 0..4 } else { 4..8 };
            let pixels = images.index_axis(Axis(0), image);
            columns.map(|column| pixels.index_axis(Axis(2), column).sum()).sum()
        })
    }

    fn network() -> Network {
        Network::new()
            .then(Convolution::new(1, 2, [3, 3]).padding([1, 1]))
            .then(Activation::Relu)
            .then(Pool::maximum([2, 2]))
            .then(Convolution::new(2, 3, [3, 3]))
            .then(Flatten)
    }

    #[test]
    fn confusions_and_mistakes() {
        let weights = Weights::initial(&network(), Initialisation::He, 1);
        let inspection = Inspection::new(&network(), &weights, &images(), &[1, 1, 1], &predict).unwrap();
        assert_eq!(inspection.confusion, ndarray::array![[0, 0], [2, 1]]);
        // Scores (1, 0) are more confident than (0.5, 0).
        let order: Vec<_> = inspection.mistakes.iter().map(|mistake| mistake.index).collect();
        assert_eq!(order, [0, 2]);
        let first = &inspection.mistakes[0];
        assert_eq!((first.truth, first.predicted), (1, 0));
        // Two shares of two exponentials: four roundings of 2⁻⁵³ of numbers below 1, and an exponential
        // within 2⁻⁵².
        let expected = 1.0 / (1.0 + (-1.0_f64).exp());
        assert!((first.predicted_share - expected).abs() <= 8.0 * 2.0_f64.powi(-53));
        assert!((first.predicted_share + first.truth_share - 1.0).abs() <= 8.0 * 2.0_f64.powi(-53));
        assert_eq!(first.image[[0, 3, 0]], 1.0);
    }

    #[test]
    fn great_scores_do_not_overflow() {
        assert_eq!(softmax(ndarray::array![1e30, 0.0, -1e30].view()), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn weights_that_do_not_fit_are_an_error() {
        let other = Network::new().then(Convolution::new(1, 2, [3, 3]));
        let weights = Weights::initial(&other, Initialisation::He, 1);
        assert!(Inspection::new(&network(), &weights, &images(), &[0, 1, 0], &predict).is_err());
    }

    #[test]
    fn a_network_without_convolutions_has_no_features() {
        let network = Network::new().then(Flatten);
        let weights = Weights::initial(&network, Initialisation::He, 1);
        let inspection = Inspection::new(&network, &weights, &images(), &[0, 1, 0], &predict).unwrap();
        assert_eq!((inspection.filters, inspection.layers.len()), (None, 0));
        assert!(network.forward(&images().into_dyn(), &weights.arrays(), Mode::Inference).is_ok());
    }
}
