//! What can go wrong with a training.

use rayon::ThreadPoolBuildError;
use thiserror::Error;

use crate::layer::LayerError;
use crate::layer::loss::LossError;
use crate::network::NotFinite;
use crate::train::augmentation::AugmentationError;
use crate::train::checkpoint::CheckpointError;
use crate::train::data::DataError;
use crate::train::optimiser::OptimiserError;

/// Why a training cannot begin or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The images do not fit the network.
    #[error("the images do not fit the network: {0}")]
    Layer(#[from] LayerError),
    /// An option of the optimiser makes no sense.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// A parameter of augmentation makes no sense.
    #[error(transparent)]
    Augmentation(#[from] AugmentationError),
    /// The network has another number of outputs than there are classes.
    #[error("the network has {outputs} outputs, but {data} has {classes} classes: they must be as many")]
    Classes {
        /// Outputs of the network.
        outputs: usize,
        /// The set of images.
        data: String,
        /// Its classes.
        classes: usize,
    },
    /// Images of training and test differ in shape or classes.
    #[error(
        "the images to train on are {train:?} of {train_classes} classes, those to test on {test:?} of \
         {test_classes}"
    )]
    Sets {
        /// Shape of the first.
        train: Vec<usize>,
        /// Classes of the first.
        train_classes: usize,
        /// Shape of the second.
        test: Vec<usize>,
        /// Classes of the second.
        test_classes: usize,
    },
    /// Samples that are no images are to be changed as images are.
    #[error(
        "augmentation changes images of shape (channels, height, width), found samples of shape {shape:?}: \
         take a recipe without it"
    )]
    NoImages {
        /// Their shape.
        shape: Vec<usize>,
    },
    /// The samples cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A number of the recipe is zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] ThreadPoolBuildError),
    /// The checkpoint cannot be resumed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The share of label smoothing makes no sense.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The loss is infinite or not a number.
    #[error(
        "the loss of epoch {epoch} is {loss} at step {step}: lower the learning rate, and look for such \
         numbers in the images"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The step of the epoch, from 1.
        step: usize,
        /// The mean loss of its batch.
        loss: f64,
    },
    /// A number of the network or of its gradient is infinite or not a number.
    #[error(
        "{what} is not finite after step {step} of epoch {epoch}: {source}; lower the learning rate or clip \
         the gradients"
    )]
    NotFinite {
        /// The gradient, the weights or their averages.
        what: &'static str,
        /// The epoch, from 1.
        epoch: usize,
        /// The step of the epoch, from 1.
        step: usize,
        /// Which number.
        source: NotFinite,
    },
    /// The processes that share the batches do not train the same.
    #[error(
        "rank {rank} has other {what} than rank 0: start the same command on the same data everywhere, on processors with the same instructions"
    )]
    Ranks {
        /// The first that differs.
        rank: usize,
        /// In what.
        what: &'static str,
    },
}
