//! The images of a training: in memory, or those to train on in their files.

use super::Arguments;
use crate::network::Network;
use crate::train::Trainer;
use crate::train::data::{self, Dataset, Splits, Streamed};

/// Built-in digits to train on, and to test with.
const DIGITS: (usize, usize) = (20_000, 5_000);
/// Turned images to train on, and to test with at most.
const ROTATED: (usize, usize) = (12_000, 50_000);

/// Images to train on, and to test with.
pub(super) struct Sets {
    pub(super) train: TrainingSet,
    pub(super) test: Dataset,
    /// Where they come from.
    pub(super) origin: String,
}

/// Images to train on.
pub(super) enum TrainingSet {
    Memory(Dataset),
    Files(Streamed),
}

impl Sets {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn load(arguments: &Arguments) -> anyhow::Result<Self> {
        if let (Some(path), true) = (&arguments.data, arguments.stream) {
            let data::StreamedSplits { train, test, origin } = data::stream(path)?;
            return Ok(Sets {
                train: TrainingSet::Files(train),
                test,
                origin: format!("{origin}, streamed"),
            });
        }
        let sets = match &arguments.data {
            Some(path) => data::load(path)?,
            None => data::digit_splits(DIGITS.0, DIGITS.1, arguments.seed)?,
        };
        if !arguments.rotate {
            return Ok(sets.into());
        }
        let count = ROTATED.0.min(sets.train.len());
        Ok(data::rotated(&sets, count, ROTATED.1, arguments.seed)?.splits.into())
    }
}

impl From<Splits> for Sets {
    fn from(Splits { train, test, origin }: Splits) -> Self {
        Sets { train: TrainingSet::Memory(train), test, origin }
    }
}

impl TrainingSet {
    pub(super) fn len(&self) -> usize {
        match self {
            TrainingSet::Memory(images) => images.len(),
            TrainingSet::Files(images) => images.len(),
        }
    }

    pub(super) fn classes(&self) -> usize {
        match self {
            TrainingSet::Memory(images) => images.classes(),
            TrainingSet::Files(images) => images.classes(),
        }
    }

    /// Channels, height and width.
    pub(super) fn shape(&self) -> [usize; 3] {
        match self {
            TrainingSet::Memory(images) => images.shape(),
            TrainingSet::Files(images) => *images.shape(),
        }
    }

    /// A training of a network on them.
    pub(super) fn trainer<'a>(&'a self, network: &'a Network) -> Trainer<'a, 'a> {
        match self {
            TrainingSet::Memory(images) => Trainer::new(network, images),
            TrainingSet::Files(images) => Trainer::streaming(network, images),
        }
    }
}
