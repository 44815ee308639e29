//! `equivariant train`, stopped from outside: what is resumed ends with the same bits as what was never stopped.
#![cfg(all(unix, feature = "cli"))]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use equivariant::train::data::{digits, write_idx};
use serde_json::Value;
use tempfile::TempDir;

/// Enough epochs that a process which is stopped after its first is not at its end.
const EPOCHS: &str = "4";

/// A folder with 128 digits to train on, two steps an epoch, and 20 to test with.
fn data() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        for (prefix, count, seed) in [("train", 128, 1), ("t10k", 20, 2)] {
            let file = |kind: &str| folder.path().join(format!("{prefix}-{kind}-ubyte"));
            write_idx(&digits(count, seed).unwrap(), &file("images-idx3"), &file("labels-idx1")).unwrap();
        }
        folder
    };
    FOLDER.get_or_init(make).path()
}

/// Training with its checkpoint and its weights in this folder, from the checkpoint if there is one.
struct Training(TempDir);

impl Training {
    fn new() -> Self {
        Training(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equivariant"));
        command.args(["train", "--epochs", EPOCHS, "--threads", "1", "--json", "-", "--resume", "--data"]);
        command.arg(data()).arg("--checkpoint").arg(self.file("state"));
        command.arg("--export").arg(self.file("net.safetensors"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Trains on until the checkpoint is another one than it was at the start, and is stopped then. A training that comes to its end
    /// before that (on a machine that lets this process wait) begins anew.
    fn stop(&self, stop: impl Fn(&mut Child)) -> Output {
        let state = || std::fs::read(self.file("state")).ok();
        loop {
            let before = state();
            let mut child = self.command().spawn().unwrap();
            while state() == before {
                assert!(child.try_wait().unwrap().is_none(), "the training ended without a checkpoint");
                sleep(Duration::from_millis(1));
            }
            stop(&mut child);
            let output = child.wait_with_output().unwrap();
            if !output.status.success() {
                return output;
            }
            std::fs::remove_file(self.file("state")).unwrap();
        }
    }

    /// Trains to the end; what matters of the results, and the weights.
    fn finish(&self) -> (Vec<Value>, Vec<u8>) {
        let output = self.command().output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (results(&output), std::fs::read(self.file("net.safetensors")).unwrap())
    }
}

/// All but the seconds.
fn results(output: &Output) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let epochs = document["epochs"].as_array().unwrap().iter();
    let mut results: Vec<_> = epochs
        .flat_map(|epoch| ["epoch", "train_loss", "test_mistakes"].map(|key| epoch[key].clone()))
        .collect();
    results.push(document["test_mistakes"].clone());
    results
}

/// What comes of a training that nobody stops.
fn undisturbed() -> &'static (Vec<Value>, Vec<u8>) {
    static RESULT: OnceLock<(Vec<Value>, Vec<u8>)> = OnceLock::new();
    RESULT.get_or_init(|| Training::new().finish())
}

#[test]
fn killed_at_any_moment_it_resumes_to_the_same_bits() {
    let training = Training::new();
    for _ in 0..2 {
        let output = training.stop(|child| child.kill().unwrap());
        assert_eq!(output.status.code(), None, "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(training.finish(), *undisturbed());
}

#[test]
fn an_interrupt_saves_the_checkpoint_and_is_told() {
    let training = Training::new();
    let output = training.stop(|child| {
        let interrupt = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status();
        assert!(interrupt.unwrap().success());
    });
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("interrupted: go on with --checkpoint") && told.lines().count() == 1, "{told}");
    // The whole epochs are told, and the steps of the one that was interrupted are in the checkpoint.
    let whole = undisturbed();
    let results = results(&output);
    let (epochs, mistakes) = (&results[..results.len() - 1], whole.0.len() - 1);
    assert!(
        !epochs.is_empty() && epochs.len() < mistakes && *epochs == whole.0[..epochs.len()],
        "{results:?}"
    );
    assert_eq!(training.finish(), *whole);
}
