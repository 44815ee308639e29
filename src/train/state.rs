//! How optimisers, averages and early stopping enter a checkpoint and come back.
//!
//! Each stores what its future depends on. What it was made with is stored as a setting, and resuming with
//! another one is an error: it would not be the same training.

use super::average::Average;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::early_stopping::EarlyStopping;
use super::optimiser::Optimiser;

impl Optimiser {
    /// Writes the moments and the number of steps.
    pub fn store(&self, checkpoint: &mut Checkpoint) {
        checkpoint.insert("optimiser", self.setting());
        checkpoint.insert("optimiser.steps", vec![self.steps]);
        checkpoint.insert("optimiser.first", self.first.clone());
        checkpoint.insert("optimiser.second", self.second.clone());
    }

    /// Takes them back.
    ///
    /// # Errors
    /// If an entry is missing, or the checkpoint is of another rule, decay or clipping, or of other
    /// parameters.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint.check_setting("optimiser", &self.setting())?;
        let first = checkpoint.single_of("optimiser.first", self.first.len())?;
        let second = checkpoint.single_of("optimiser.second", self.second.len())?;
        self.steps = checkpoint.count("optimiser.steps")?;
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        Ok(())
    }

    fn setting(&self) -> String {
        format!("{:?} with {:?}, {:?}", self.rule, self.decay, self.clip)
    }
}

impl Average {
    /// Writes the average under this name.
    pub fn store(&self, name: &str, checkpoint: &mut Checkpoint) {
        checkpoint.insert(name, self.setting());
        checkpoint.insert(format!("{name}.updates"), vec![self.updates]);
        checkpoint.insert(format!("{name}.values"), self.values.clone());
    }

    /// Takes it back.
    ///
    /// # Errors
    /// If an entry is missing, or the average in the checkpoint is of another kind or length.
    pub fn restore(&mut self, name: &str, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint.check_setting(name, &self.setting())?;
        let values = checkpoint.single_of(&format!("{name}.values"), self.values.len())?;
        self.updates = checkpoint.count(&format!("{name}.updates"))?;
        self.values.copy_from_slice(values);
        Ok(())
    }

    fn setting(&self) -> String {
        format!("{:?} average with decay {:?}", self.beginning, self.decay)
    }
}

impl EarlyStopping {
    /// Writes the best numbers so far.
    pub fn store(&self, checkpoint: &mut Checkpoint) {
        checkpoint.insert("early_stopping", self.setting());
        checkpoint.insert("early_stopping.best", vec![self.best]);
        checkpoint.insert("early_stopping.waited", vec![self.waited]);
        checkpoint.insert("early_stopping.parameters", self.parameters.clone());
        checkpoint.insert("early_stopping.running", self.running.clone());
    }

    /// Takes them back.
    ///
    /// # Errors
    /// If an entry is missing, or the patience was another.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint.check_setting("early_stopping", &self.setting())?;
        let best = checkpoint.double("early_stopping.best")?;
        let waited = checkpoint.count("early_stopping.waited")?;
        let parameters = checkpoint.single("early_stopping.parameters")?;
        let running = checkpoint.single("early_stopping.running")?;
        self.best = best.first().copied().unwrap_or(f64::INFINITY);
        self.waited = waited;
        self.parameters = parameters.to_vec();
        self.running = running.to_vec();
        Ok(())
    }

    fn setting(&self) -> String {
        format!("a patience of {}", self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Initialisation;
    use crate::network::{Weights, lenet5};
    use crate::train::average::Beginning;
    use crate::train::checkpoint::Architecture;
    use crate::train::optimiser::{Clip, Decay, Moments, Rule};
    use crate::train::schedule::{OneCycle, Schedule};

    /// A training without data: the gradient is a function of step and parameters.
    struct Training {
        weights: Weights,
        optimiser: Optimiser,
        average: Average,
        stopping: EarlyStopping,
    }

    impl Training {
        fn new(rule: Rule) -> Self {
            let weights = Weights::initial(&lenet5(10), Initialisation::He, 3);
            let decay = Decay { l1: 1e-5, l2: 1e-2 };
            let optimiser =
                Optimiser::new(rule, &weights.parts).unwrap().decay(decay).unwrap().clip(Clip::Norm(1.0));
            let average = Average::new(0.9, Beginning::Corrected, weights.trained.len());
            Training { weights, optimiser: optimiser.unwrap(), average, stopping: EarlyStopping::new(5) }
        }

        fn run(&mut self, steps: std::ops::Range<u64>) {
            let schedule = Schedule::OneCycle(OneCycle::new(0.01));
            for step in steps {
                let gradient: Vec<_> =
                    self.weights.trained.iter().map(|x| x * (step as f32 + 1.5) - 0.01).collect();
                self.optimiser.step(schedule.at(step, 10), &mut self.weights.trained, &gradient);
                self.average.update(&self.weights.trained);
                self.stopping.observe(10.0 - step as f64 % 3.0, &self.weights.trained, &[step as f32]);
            }
        }

        fn store(&self) -> Checkpoint {
            let mut checkpoint = Checkpoint::new(&Architecture::new("lenet5", &lenet5(10)));
            checkpoint.insert("parameters", self.weights.trained.clone());
            self.optimiser.store(&mut checkpoint);
            self.average.store("average", &mut checkpoint);
            self.stopping.store(&mut checkpoint);
            checkpoint
        }

        fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
            checkpoint.check_architecture(&Architecture::new("lenet5", &lenet5(10)))?;
            self.weights.trained = checkpoint.single_of("parameters", self.weights.trained.len())?.to_vec();
            self.optimiser.restore(checkpoint)?;
            self.average.restore("average", checkpoint)?;
            self.stopping.restore(checkpoint)
        }
    }

    #[test]
    fn a_resumed_training_has_the_bits_of_an_uninterrupted_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let moments = Moments::default();
        for rule in [Rule::Sgd { momentum: 0.9, nesterov: true }, Rule::Adam(moments), Rule::AdamW(moments)] {
            let mut whole = Training::new(rule);
            whole.run(0..7);
            let mut first = Training::new(rule);
            first.run(0..4);
            first.store().write(&path).unwrap();
            let mut second = Training::new(rule);
            second.restore(&Checkpoint::read(&path).unwrap()).unwrap();
            second.run(4..7);
            // Equal checkpoints, and their bytes: −0 and 0 would differ.
            second.store().write(&path).unwrap();
            let resumed = std::fs::read(&path).unwrap();
            whole.store().write(&path).unwrap();
            assert!(std::fs::read(&path).unwrap() == resumed, "{rule:?}");
        }
    }

    #[test]
    fn another_setting_is_refused() {
        let adam = Training::new(Rule::Adam(Moments::default())).store();
        let mut sgd = Training::new(Rule::Sgd { momentum: 0.9, nesterov: false });
        let error = sgd.restore(&adam).unwrap_err().to_string();
        assert!(error.starts_with("the checkpoint was written with optimiser Adam("), "{error}");
        let mut average = Average::new(0.9, Beginning::WarmUp, 61_706);
        assert!(matches!(average.restore("average", &adam), Err(CheckpointError::Setting { .. })));
        assert!(EarlyStopping::new(6).restore(&adam).is_err());
        let mut small = Average::new(0.9, Beginning::Corrected, 3);
        let error = small.restore("average", &adam).unwrap_err().to_string();
        assert_eq!(error, "the checkpoint's entry average.values must be 3 × f32, found 61706 × f32");
    }
}
