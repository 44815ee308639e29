//! Where the samples of a training come from: memory, or files.

use crate::executor::{Exchange, gather_word, share};
use crate::train::data::{DataError, Samples, Streamed};

/// Samples to train on.
#[derive(Clone, Copy, Debug)]
pub(in crate::train) enum Source<'a> {
    /// In memory.
    Memory(&'a Samples),
    /// In their files.
    Files(&'a Streamed),
}

impl<'a> Source<'a> {
    /// The shape of a sample.
    pub(super) fn shape(self) -> &'a [usize] {
        match self {
            Source::Memory(samples) => samples.shape(),
            Source::Files(images) => images.shape(),
        }
    }

    /// The classes of the samples.
    pub(super) fn labels(self) -> &'a [usize] {
        match self {
            Source::Memory(samples) => samples.labels(),
            Source::Files(images) => images.labels(),
        }
    }

    /// The number of classes.
    pub(super) fn classes(self) -> usize {
        match self {
            Source::Memory(samples) => samples.classes(),
            Source::Files(images) => images.classes(),
        }
    }

    /// What the set is called.
    pub(super) fn name(self) -> &'a str {
        match self {
            Source::Memory(samples) => samples.name(),
            Source::Files(images) => images.name(),
        }
    }

    /// The number of samples.
    pub(super) fn len(self) -> usize {
        self.labels().len()
    }

    /// The entries of a sample, in memory or read into the room that is given.
    pub(super) fn sample<'s>(self, index: usize, room: &'s mut Vec<f32>) -> Result<&'s [f32], DataError>
    where
        'a: 's,
    {
        match self {
            Source::Memory(samples) => Ok(samples.sample(index)),
            Source::Files(images) => {
                room.resize(images.shape().iter().product(), 0.0);
                images.read(index, room)?;
                Ok(room)
            }
        }
    }

    /// Which samples these are. Of files each rank reads a part, once.
    pub(super) fn identity(self, exchange: &dyn Exchange) -> Result<String, DataError> {
        let images = match self {
            Source::Memory(samples) => return Ok(samples.identity()),
            Source::Files(images) => images,
        };
        let part = |rank| share(images.len(), rank, exchange.size());
        let digest = images.digest(part(exchange.rank()))?.finalize();
        let sample = 4 * images.shape().iter().product::<usize>();
        let mut all = crc32fast::Hasher::new();
        for (rank, digest) in gather_word(exchange, digest).into_iter().enumerate() {
            let bytes = (part(rank).len() * sample) as u64;
            all.combine(&crc32fast::Hasher::new_with_initial_len(digest, bytes));
        }
        Ok(images.identity(all.finalize()))
    }
}
