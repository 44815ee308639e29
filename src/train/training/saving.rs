//! The state of a training as a checkpoint, and back.
//!
//! Between two steps a training is its weights, its optimiser, its averages, what its epochs have given, and
//! the number of its step: whatever is drawn at random is a function of these numbers and the seed.

use super::{EpochRecord, Gathered, TrainError, Training};
use crate::train::checkpoint::{Checkpoint, CheckpointError};

impl Training<'_> {
    /// Everything that the training needs to go on.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = Checkpoint::new(&self.architecture);
        for (name, value) in self.settings() {
            checkpoint.insert(name, value);
        }
        checkpoint.insert("weights.trained", self.weights.trained.clone());
        checkpoint.insert("weights.running", self.weights.running.clone());
        self.optimiser.store(&mut checkpoint);
        if let Some([trained, running]) = &self.averages {
            trained.store("average.trained", &mut checkpoint);
            running.store("average.running", &mut checkpoint);
        }
        if let Some(stopping) = &self.stopping {
            stopping.store(&mut checkpoint);
        }
        let column = |value: fn(&EpochRecord) -> f64| self.history.iter().map(value).collect::<Vec<_>>();
        checkpoint.insert("history.seconds", column(|record| record.seconds));
        checkpoint.insert("history.train_loss", column(|record| record.train_loss));
        checkpoint.insert("history.test_mistakes", column(|record| record.test_mistakes as f64));
        let Gathered { steps, loss, mistakes, seconds } = self.gathered;
        checkpoint.insert("epoch.counts", vec![steps as u64, mistakes as u64, u64::from(self.stopped)]);
        checkpoint.insert("epoch.sums", vec![loss, seconds]);
        checkpoint
    }

    /// Goes on where the checkpoint was made.
    ///
    /// # Errors
    /// If it is of another network, recipe, seed or set of images. Then nothing has changed but the
    /// optimiser, the averages and what early stopping keeps.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        checkpoint.check_architecture(&self.architecture)?;
        for (name, value) in self.settings() {
            checkpoint.check_setting(&name, &value)?;
        }
        let trained = checkpoint.single_of("weights.trained", self.weights.trained.len())?;
        let running = checkpoint.single_of("weights.running", self.weights.running.len())?;
        self.optimiser.restore(checkpoint)?;
        if let Some([trained, running]) = &mut self.averages {
            trained.restore("average.trained", checkpoint)?;
            running.restore("average.running", checkpoint)?;
        }
        if let Some(stopping) = &mut self.stopping {
            stopping.restore(checkpoint)?;
            if stopping.best().is_some() {
                checkpoint.single_of("early_stopping.parameters", trained.len())?;
                checkpoint.single_of("early_stopping.running", running.len())?;
            }
        }
        let columns = [
            checkpoint.double("history.seconds")?,
            checkpoint.double("history.train_loss")?,
            checkpoint.double("history.test_mistakes")?,
        ];
        let record = |epoch: usize| EpochRecord {
            epoch: epoch + 1,
            seconds: columns[0][epoch],
            train_loss: columns[1][epoch],
            test_mistakes: columns[2][epoch] as usize,
        };
        let epochs = columns.map(<[f64]>::len).into_iter().min().unwrap_or(0);
        let history = (0..epochs).map(record).collect();
        let counts = checkpoint.counts("epoch.counts")?;
        let sums = checkpoint.double("epoch.sums")?;
        let (&[steps, mistakes, stopped], &[loss, seconds]) = (counts, sums) else {
            return Err(CheckpointError::Entry {
                name: "epoch".to_owned(),
                expected: "3 × u64 and 2 × f64".to_owned(),
                found: format!("{} and {}", counts.len(), sums.len()),
            }
            .into());
        };
        self.weights.trained.copy_from_slice(trained);
        self.weights.running.copy_from_slice(running);
        self.history = history;
        self.gathered = Gathered { steps: steps as usize, loss, mistakes: mistakes as usize, seconds };
        self.stopped = stopped != 0;
        Ok(())
    }

    /// What must be the same for a run to be the same run.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let recipe = self.recipe.lines().into_iter().map(|(name, value)| (format!("recipe.{name}"), value));
        let images = self.images.clone();
        recipe.chain([("seed".to_owned(), self.seed.to_string()), ("images".to_owned(), images)]).collect()
    }
}
