//! The checkpoint of a training: whose it is, whether it may be written, and what it belongs to.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::destination;
use crate::train::Training;
use crate::train::checkpoint::{Checkpoint, CheckpointLock};
use crate::train::data::Dataset;

/// The entry that tells which images the training is tested on, which the trainer does not know before its
/// first test.
const TESTED: &str = "images to test";

/// A checkpoint's place, which no other training uses meanwhile.
pub(super) struct Keeper {
    path: PathBuf,
    /// What to go on from.
    before: Option<Checkpoint>,
    _lock: CheckpointLock,
}

impl Keeper {
    /// Takes the place, and reads what is there if that is to be resumed.
    ///
    /// # Errors
    /// If it cannot be written, another training uses it, something is there that is neither to be resumed
    /// nor overwritten, or it is no checkpoint.
    pub(super) fn open(path: &Path, resume: bool, overwrite: bool) -> anyhow::Result<Self> {
        destination::check(path)?;
        let lock = CheckpointLock::take(path)?;
        let before = match path.exists() {
            true if resume => Some(Checkpoint::read(path)?),
            true if !overwrite => bail!(
                "there is a file {} already: go on from it with --resume, begin anew in its place with \
                 --overwrite, or choose another name",
                path.display()
            ),
            _ => None,
        };
        Ok(Keeper { path: path.to_owned(), before, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Brings a training that has not begun to where the checkpoint was made, if there is one.
    ///
    /// # Errors
    /// If the checkpoint is of another network, recipe, seed or images.
    pub(super) fn resume(&mut self, trainer: &mut Training<'_>, tested: &Dataset) -> anyhow::Result<()> {
        let Some(checkpoint) = self.before.take() else { return Ok(trainer.resume_together(None)?) };
        let cannot = || format!("cannot go on from {}", self.path.display());
        checkpoint.check_setting(TESTED, &tested.identity()).with_context(cannot)?;
        trainer.resume_together(Some(&checkpoint)).with_context(cannot)
    }

    /// Writes the state of a training.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn keep(&self, trainer: &Training<'_>, tested: &Dataset) -> anyhow::Result<()> {
        let mut checkpoint = trainer.checkpoint();
        checkpoint.insert(TESTED, tested.identity());
        Ok(checkpoint.write(&self.path)?)
    }
}
