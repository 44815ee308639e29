//! What several processes that share the batches of a training agree on.
//!
//! Every rank has all weights, and moves them by the gradient of the whole batch: they stay the same everywhere without
//! being sent. That they do is checked at the beginning and after each epoch, by digests.

use super::evaluation::{evaluate_range, mistakes};
use super::{TrainError, Training};
use crate::executor::{broadcast, gather_word, share};
use crate::network::Weights;
use crate::train::checkpoint::Checkpoint;
use crate::train::data::Samples;

/// Images that a chunk of a test has.
const TESTED: usize = 16;

impl Training<'_> {
    /// The number of this process among those that share the batches, and how many there are.
    pub fn rank(&self) -> (usize, usize) {
        (self.exchange.rank(), self.exchange.size())
    }

    /// That all ranks train the same in the same way.
    pub(super) fn check_ranks(&self) -> Result<(), TrainError> {
        if self.exchange.size() == 1 {
            return Ok(());
        }
        let mut text = format!("{} {:?}", env!("CARGO_PKG_VERSION"), self.executor.instructions());
        for (name, value) in self.settings() {
            text += &format!("\n{name} {value}");
        }
        self.check_same(crc32fast::hash(text.as_bytes()), "settings")?;
        self.check_weights()
    }

    /// That all ranks have the same weights.
    pub(super) fn check_weights(&self) -> Result<(), TrainError> {
        if self.exchange.size() == 1 {
            return Ok(());
        }
        let mut digest = crc32fast::Hasher::new();
        for value in self.weights.trained.iter().chain(&self.weights.running) {
            digest.update(&value.to_le_bytes());
        }
        self.check_same(digest.finalize(), "weights")
    }

    fn check_same(&self, digest: u32, what: &'static str) -> Result<(), TrainError> {
        let all = gather_word(&*self.exchange, digest);
        match all.iter().position(|&other| other != all[0]) {
            Some(rank) => Err(TrainError::Ranks { rank, what }),
            None => Ok(()),
        }
    }

    /// Whether any rank says so. All must ask.
    pub fn is_any(&self, is_so: bool) -> bool {
        match self.exchange.size() {
            1 => is_so,
            _ => gather_word(&*self.exchange, u32::from(is_so)).into_iter().any(|word| word != 0),
        }
    }

    /// How many samples are mistaken: each rank tests some of them.
    pub(super) fn mistakes_together(&mut self, weights: &Weights, samples: &Samples) -> usize {
        let blocks = share(samples.len().div_ceil(TESTED), self.exchange.rank(), self.exchange.size());
        let own = blocks.start * TESTED..(blocks.end * TESTED).min(samples.len());
        let executor = &mut self.executor;
        let scores = self.pool.install(|| evaluate_range(executor, weights, samples, own.clone()));
        let found = mistakes(&scores, &samples.labels()[own]);
        // A set that fits in memory has far fewer than 2³² samples.
        gather_word(&*self.exchange, found as u32).into_iter().map(|word| word as usize).sum()
    }

    /// Goes on where the checkpoint of rank 0 was made, if it has one; what other ranks give is ignored. The number of
    /// ranks need not be that of the run which made it.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_together(&mut self, checkpoint: Option<&Checkpoint>) -> Result<(), TrainError> {
        let bytes = checkpoint.filter(|_| self.exchange.rank() == 0).map(Checkpoint::to_bytes);
        match broadcast(&*self.exchange, &bytes.unwrap_or_default())[..] {
            [] => Ok(()),
            ref bytes => self.resume(&Checkpoint::from_bytes(bytes)?).and_then(|()| self.check_weights()),
        }
    }
}
