//! `equivariant train`, stopped from outside: what is resumed ends with the same bits as what was never
//! stopped.
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

    /// Trains on until the checkpoint is another one than it was at the start, and is stopped then. A
    /// training that comes to its end before that (on a machine that lets this process wait) begins anew.
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
            for file in ["state", "net.safetensors"] {
                std::fs::remove_file(self.file(file)).unwrap();
            }
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
    let export = training.file("net.safetensors");
    assert!(told.contains(&format!("{} was not written", export.display())) && !export.exists(), "{told}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["finished"], false);
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

/// What another training has saved is not lost by a slip.
#[test]
fn a_checkpoint_is_overwritten_only_where_that_is_asked_for() {
    let training = Training::new();
    let state = training.file("state");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_equivariant"));
        command.args(["train", "--epochs", "1", "--json", "-", "--data"]).arg(data());
        command.arg("--checkpoint").arg(&state).args(arguments).output().unwrap()
    };
    let told = |output: &Output| {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), told.lines().count()), (Some(2), 1), "{told}");
        told
    };
    assert!(run(&[]).status.success());
    let saved = std::fs::read(&state).unwrap();
    let refused = told(&run(&["--seed", "1"]));
    assert!(refused.contains(state.to_str().unwrap()) && refused.contains("--resume"), "{refused}");
    assert!(refused.contains("--overwrite"), "{refused}");
    assert_eq!(std::fs::read(&state).unwrap(), saved);
    // To resume, everything must be as it was.
    let other = told(&run(&["--resume", "--seed", "1"]));
    assert!(other.contains(&format!("cannot go on from {}: the checkpoint was", state.display())), "{other}");
    assert!(run(&["--resume"]).status.success());
    assert_eq!(std::fs::read(&state).unwrap(), saved, "there was nothing left to do");
    assert!(run(&["--overwrite", "--seed", "1"]).status.success());
    assert_ne!(std::fs::read(&state).unwrap(), saved);
    let files: Vec<_> =
        std::fs::read_dir(training.0.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["state"], "no litter");
}

/// As many images, of the same size and classes, but not the same: a checkpoint tells them apart, and names
/// its file.
#[test]
fn a_checkpoint_goes_on_with_its_own_images_only() {
    let (training, others) = (Training::new(), tempfile::tempdir().unwrap());
    assert!(training.command().status().unwrap().success());
    for (changed, seeds) in [("images", [3, 2]), ("images to test", [1, 3])] {
        for ((prefix, count), seed) in [("train", 128), ("t10k", 20)].into_iter().zip(seeds) {
            let file = |kind: &str| others.path().join(format!("{prefix}-{kind}-ubyte"));
            write_idx(&digits(count, seed).unwrap(), &file("images-idx3"), &file("labels-idx1")).unwrap();
        }
        let output = Command::new(env!("CARGO_BIN_EXE_equivariant"))
            .args(["train", "--epochs", EPOCHS, "--resume", "--data"])
            .arg(others.path())
            .arg("--checkpoint")
            .arg(training.file("state"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let start = format!("the checkpoint was written with {changed} ");
        assert!(
            output.status.code() == Some(2) && told.contains(&start) && told.contains("digest"),
            "{told}"
        );
        assert!(told.contains(training.file("state").to_str().unwrap()), "{told}");
    }
}

/// While one training writes a checkpoint, another is told.
#[test]
fn two_trainings_do_not_share_a_checkpoint() {
    let training = Training::new();
    training.stop(|child| {
        let second = training.command().output().unwrap();
        let told = String::from_utf8_lossy(&second.stderr).into_owned();
        if child.try_wait().unwrap().is_none() {
            assert_eq!(second.status.code(), Some(2), "{told}");
            assert!(told.contains("belongs to a training that is running"), "{told}");
        }
        child.kill().unwrap();
    });
    // The lock of the killed one is no lock.
    assert_eq!(training.finish(), *undisturbed());
}
