//! A training run as JSON. The keys are a contract with whoever reads it; numbers that are not finite are
//! `null`.

use serde::Serialize;

use super::{Epoch, TrainingRun};

/// The run, indented, with a line break at its end.
///
/// # Errors
/// If the text cannot be made.
pub fn run(run: &TrainingRun) -> serde_json::Result<String> {
    let document = Document {
        model: &run.model,
        parameters: run.parameters,
        train_samples: run.train_samples,
        test_samples: run.test_samples,
        seed: run.seed,
        threads: run.threads,
        epochs: run.epochs.iter().map(EpochObject::from).collect(),
        train_seconds: run.train_seconds,
        test_mistakes: run.test_mistakes,
        test_error: run.test_error(),
        finished: run.finished,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    parameters: usize,
    train_samples: usize,
    test_samples: usize,
    seed: u64,
    threads: usize,
    epochs: Vec<EpochObject>,
    train_seconds: f64,
    test_mistakes: usize,
    test_error: f64,
    finished: bool,
}

#[derive(Serialize)]
struct EpochObject {
    epoch: usize,
    seconds: f64,
    train_loss: f64,
    test_mistakes: usize,
}

impl From<&Epoch> for EpochObject {
    fn from(epoch: &Epoch) -> Self {
        let &Epoch { epoch, seconds, train_loss, test_mistakes, .. } = epoch;
        EpochObject { epoch, seconds, train_loss, test_mistakes }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::sample_page;

    #[test]
    fn the_keys_are_a_contract() {
        let text = super::run(&sample_page().run).unwrap();
        let expected = json!({
            "model": "lenet5",
            "parameters": 61_706,
            "train_samples": 20,
            "test_samples": 20,
            "seed": 3,
            "threads": 2,
            "epochs": [
                {"epoch": 1, "seconds": 0.5, "train_loss": 2.5, "test_mistakes": 19},
                {"epoch": 2, "seconds": 0.5, "train_loss": 1.25, "test_mistakes": 18},
            ],
            "train_seconds": 1.0,
            "test_mistakes": 18,
            "test_error": 0.9,
            "finished": true,
        });
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found, expected);
        // The order of keys is kept as well.
        assert_eq!(found.to_string(), expected.to_string());
    }

    #[test]
    fn no_test_images_are_no_error() {
        let mut run = sample_page().run;
        (run.test_samples, run.test_mistakes) = (0, 0);
        let found: Value = serde_json::from_str(&super::run(&run).unwrap()).unwrap();
        assert_eq!(found["test_error"], 0.0);
    }
}
