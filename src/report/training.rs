//! What a training found, as JSON.

use serde::Serialize;

use crate::train::EpochRecord;

/// A training that has ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// The name of the network.
    pub model: String,
    /// Its trained numbers.
    pub parameters: usize,
    /// Images to train on.
    pub train_samples: usize,
    /// Images to test with.
    pub test_samples: usize,
    /// The seed of the run.
    pub seed: u64,
    /// Threads that were used.
    pub threads: usize,
    /// The epochs, from the first.
    pub epochs: Vec<Epoch>,
    /// Seconds of training, without tests.
    pub train_seconds: f64,
    /// Mistakes on the test set in the end.
    pub test_mistakes: usize,
    /// The same as a share of the test set.
    pub test_error: f64,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub epoch: usize,
    /// Seconds of training, without the test.
    pub seconds: f64,
    /// Mean loss on the augmented images.
    pub train_loss: f64,
    /// Mistakes on the test set behind it.
    pub test_mistakes: usize,
}

impl From<&EpochRecord> for Epoch {
    fn from(record: &EpochRecord) -> Self {
        let &EpochRecord { epoch, seconds, train_loss, test_mistakes } = record;
        Epoch { epoch, seconds, train_loss, test_mistakes }
    }
}

impl Training {
    /// The document, with a line end.
    ///
    /// # Errors
    /// If a number cannot be written: none can be infinite.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|document| document + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_contract() {
        let record = EpochRecord { epoch: 1, seconds: 0.5, train_loss: 0.25, test_mistakes: 3 };
        let training = Training {
            model: "lenet5".into(),
            parameters: 61_706,
            train_samples: 50_000,
            test_samples: 12,
            seed: 7,
            threads: 2,
            epochs: vec![(&record).into()],
            train_seconds: 0.5,
            test_mistakes: 3,
            test_error: 0.25,
        };
        let expected = concat!(
            r#"{"model":"lenet5","parameters":61706,"train_samples":50000,"test_samples":12,"seed":7,"threads":2,"#,
            r#""epochs":[{"epoch":1,"seconds":0.5,"train_loss":0.25,"test_mistakes":3}],"#,
            r#""train_seconds":0.5,"test_mistakes":3,"test_error":0.25}"#
        );
        assert_eq!(serde_json::to_string(&training).unwrap(), expected);
        assert!(training.json().unwrap().ends_with("}\n"));
    }
}
