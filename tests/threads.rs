//! The same results with the same seed, whatever the number of threads: what the commands write is compared,
//! but for the times, with one, two and three threads. The seed is that of the day, or `EQUIVARIANT_SEED`.
#![cfg(feature = "cli")]

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use assert_cmd::Command;
use equivariant::train::data::{digits, write_idx};
use serde_json::Value as Json;

const THREADS: [&str; 3] = ["1", "2", "3"];

fn seed() -> String {
    let day = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400);
    std::env::var("EQUIVARIANT_SEED").unwrap_or_else(|_| day().to_string())
}

/// What a command writes with rayon's pool of so many threads, without times and the number of threads.
fn results(arguments: &[&str], threads: &str) -> Json {
    let mut command = Command::cargo_bin("equivariant").unwrap();
    let output = command.env("RAYON_NUM_THREADS", threads).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    let mut document = serde_json::from_slice(&output.stdout).unwrap();
    forget_times(&mut document);
    document
}

fn forget_times(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            entries.retain(|key, _| !key.ends_with("seconds") && key != "threads");
            entries.values_mut().for_each(forget_times);
        }
        Json::Array(entries) => entries.iter_mut().for_each(forget_times),
        _ => {}
    }
}

/// With each number of threads the results are those with one, and there are some.
fn check(arguments: impl Fn(&str) -> Vec<String>, key: &str) -> Json {
    let results = THREADS.map(|threads| {
        let arguments = arguments(threads);
        results(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), threads)
    });
    let [one, others @ ..] = results;
    assert!(one[key].as_array().is_some_and(|found| !found.is_empty()), "{one}");
    for (threads, other) in THREADS[1..].iter().zip(&others) {
        assert_eq!(&one, other, "{threads} threads, seed {}", seed());
    }
    one
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn verify_gives_the_same_results() {
    let line = format!(
        "verify conv.theorem map.basis_suffices pool.tolerance norm.affine layer.gradients \
         --json - --seed {}",
        seed()
    );
    check(|_| words(&line), "claims");
}

#[test]
fn check_gives_the_same_results() {
    for (name, groups) in
        [("c4_invariant", "rot90 flip d4"), ("c4_near_miss", "rot90"), ("unet_nearest", "d4")]
    {
        let path = format!("{}/tests/onnx/symmetry/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let groups: String = groups.split(' ').map(|group| format!(" --group {group}")).collect();
        let line = format!("--json - --per-layer{groups} --seed {}", seed());
        check(|_| [words("check"), vec![path.clone()], words(&line)].concat(), "groups");
    }
}

#[test]
fn train_gives_the_same_results_and_weights() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (prefix, count, seed) in [("train", 200, 1), ("t10k", 50, 2)] {
        let file = |kind: &str| folder.path().join(format!("{prefix}-{kind}-ubyte"));
        write_idx(&digits(count, seed).unwrap(), &file("images-idx3"), &file("labels-idx1")).unwrap();
    }
    let net = |threads: &str| at(&format!("{threads}.safetensors"));
    let line = format!("train --epochs 2 --seed {} --json -", seed());
    let arguments = |threads: &str| {
        let options = ["--data".to_owned(), at(""), "--threads".to_owned(), threads.to_owned()];
        [words(&line), options.to_vec(), vec!["--export".to_owned(), net(threads)]].concat()
    };
    let document = check(arguments, "epochs");
    assert_eq!(document["epochs"].as_array().unwrap().len(), 2);
    let weights = THREADS.map(|threads| fs::read(net(threads)).unwrap());
    assert!(weights.iter().all(|bits| *bits == weights[0]), "the weights differ, seed {}", seed());
}
