//! `equivariant train`, run as people run it: on a small set of digits in IDX files.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use equivariant::train::data::{digits, write_idx};
use serde_json::Value;

/// A folder with 160 digits to train on and 40 to test with.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |prefix: &str, count: usize, seed: u64| {
        let file = |kind: &str| folder.path().join(format!("{prefix}-{kind}-ubyte"));
        write_idx(&digits(count, seed).unwrap(), &file("images-idx3"), &file("labels-idx1")).unwrap();
    };
    write("train", 160, 1);
    write("t10k", 40, 2);
    folder
}

fn train(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("equivariant").unwrap();
    command.args(["train", "--epochs", "2", "--data"]).arg(data).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn json_checkpoint_and_exports() {
    let (data, folder) = (data(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (checkpoint, onnx, weights) = (path("state"), path("net.onnx"), path("net.safetensors"));
    let html = path("page.html");
    let first = json(&train(data.path(), &["--json", "-", "--checkpoint", &checkpoint, "--export", &onnx]));
    assert_eq!(
        (&first["model"], &first["parameters"], &first["train_samples"], &first["test_samples"]),
        (&"lenet5".into(), &61_706.into(), &160.into(), &40.into())
    );
    assert_eq!(first["epochs"].as_array().unwrap().len(), 2);
    assert_eq!(first["test_mistakes"], first["epochs"][1]["test_mistakes"]);
    assert!(std::fs::metadata(&onnx).unwrap().len() > 4 * 61_706);

    // Resumed at its end, the training has nothing left to do and finds the same.
    let again = train(
        data.path(),
        &[
            "--json",
            "-",
            "--checkpoint",
            &checkpoint,
            "--resume",
            "--export",
            &weights,
            "--threads",
            "1",
            "--html",
            &html,
        ],
    );
    let again = json(&again);
    for key in ["epochs", "test_mistakes", "train_seconds"] {
        assert_eq!(again[key], first[key], "{key}");
    }
    assert!(std::fs::metadata(&weights).unwrap().len() > 4 * 61_706);
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("lenet5"));
}

#[test]
fn wrong_use_is_one_line() {
    let (data, folder) = (data(), tempfile::tempdir().unwrap());
    let told = |data: &Path, arguments: &[&str]| {
        let output = train(data, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        text
    };
    assert!(told(folder.path(), &[]).starts_with("equivariant: "));
    assert!(
        told(data.path(), &["--export", "net.txt"]).contains("let the name end in .onnx or .safetensors")
    );
    let damaged = folder.path().join("state");
    std::fs::write(&damaged, "no checkpoint").unwrap();
    let arguments = ["--resume", "--checkpoint", damaged.to_str().unwrap()];
    assert!(told(data.path(), &arguments).contains("is not a checkpoint"));
}
