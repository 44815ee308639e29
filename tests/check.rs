//! The commands `check` and `certify` as their users meet them: exit codes, keys of the JSON, files.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::command::{code, run, text};

fn model(name: &str) -> String {
    format!("{}/tests/onnx/symmetry/{name}.onnx", env!("CARGO_MANIFEST_DIR"))
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn expectations_decide_the_exit_code() {
    let path = model("c4_invariant");
    for (expectations, expected) in [
        (&[][..], 0),
        (&["rot90=invariant", "flip=broken"], 0),
        (&["rot90=equivariant"], 0),
        (&["rot90=broken"], 1),
        (&["d4=invariant"], 1),
        (&["permute:2=invariant"], 1),
    ] {
        let mut arguments = vec!["check", path.as_str(), "--group", "rot90"];
        expectations.iter().for_each(|expectation| arguments.extend(["--expect", expectation]));
        let output = run(&arguments);
        assert_eq!(code(&output), expected, "{expectations:?}: {}", text(&output.stdout));
    }
}

#[test]
fn wrong_use_is_refused() {
    let (path, page) = (model("c4_invariant"), model("truth"));
    for arguments in [
        &["check"][..],
        &["check", "missing.onnx"],
        &["check", &page],
        &["check", &path, "--group", "turn"],
        &["check", &path, "--expect", "rot90"],
        &["check", &path, "--input", "input=1,1,8,8"],
        &["check", &path, "--input", "other=1"],
        &["check", &path, "--keys", "0"],
        &["check", &path, "--box", "-1"],
        &["check", &path, "--data", "missing.png"],
        &["certify", &path, &path],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stdout));
        assert!(output.stdout.is_empty() && !text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}

/// The keys are a contract; numbers that are not there are null.
#[test]
fn the_keys_of_the_json() {
    let output = run(&[
        "check",
        &model("c4_near_miss"),
        "--group",
        "rot90",
        "--group",
        "d4",
        "--group",
        "cube",
        "--per-layer",
        "--box",
        "1",
        "--json",
        "-",
    ]);
    assert_eq!(code(&output), 0);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    for key in ["model", "opset", "inputs", "outputs", "groups", "layers", "seconds"] {
        assert!(!report[key].is_null(), "{key}");
    }
    assert_eq!(report["inputs"][0]["type"], "float32");
    let groups = report["groups"].as_array().unwrap();
    let keys = [
        "group",
        "verdict",
        "evidence",
        "failure_probability",
        "output_action",
        "largest",
        "weights_defect",
        "deviation_bound",
        "relative_error",
        "noise_floor",
        "consistency",
        "elements",
        "breaks_at",
        "hint",
        "counterexample",
    ];
    for group in groups {
        keys.iter().for_each(|&key| assert!(group.as_object().unwrap().contains_key(key), "{key}"));
    }
    let [turns, all, cube] = &groups[..] else { panic!("{} groups", groups.len()) };
    assert_eq!((&turns["verdict"], &turns["evidence"]), (&"invariant".into(), &"proved-mended".into()));
    assert!(turns["failure_probability"].as_f64().unwrap() < 1e-12);
    assert!(turns["deviation_bound"]["bound"].as_f64().unwrap() > 0.0);
    assert!(turns["counterexample"].is_null() && turns["breaks_at"].is_null());
    assert_eq!((&all["verdict"], &all["largest"]), (&"broken".into(), &"rot90".into()));
    assert_eq!(all["breaks_at"]["op"], "Conv");
    assert!(all["counterexample"]["inputs"]["input"].is_array());
    assert_eq!((&cube["verdict"], &cube["evidence"]), (&"not-applicable".into(), &Json::Null));
    assert!(report["layers"].as_array().unwrap().iter().any(|layer| layer["action"].is_string()));
}

#[test]
fn a_mended_model_is_certified_and_the_original_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let [mended, certificate, page] =
        ["mended.onnx", "certificate.json", "page.html"].map(|name| folder.path().join(name));
    let original = model("c4_near_miss");
    let refused = run(&["check", &original, "--group", "rot90", "--certificate", name(&certificate)]);
    assert_eq!(code(&refused), 2);
    assert!(!certificate.exists());
    let output = run(&[
        "check",
        &original,
        "--group",
        "rot90",
        "--mend",
        name(&mended),
        "--certificate",
        name(&certificate),
        "--html",
        name(&page),
    ]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(fs::read_to_string(&page).unwrap().contains("rot90"));
    let certified = run(&["certify", name(&mended), name(&certificate)]);
    assert_eq!(code(&certified), 0, "{}", text(&certified.stdout));
    assert!(text(&certified.stdout).contains("rot90: Rot90: output unchanged"));
    assert_eq!(code(&run(&["certify", &original, name(&certificate)])), 1);
    // A permutation that is changed, and a key that is not known.
    let written = fs::read_to_string(&certificate).unwrap();
    fs::write(&certificate, written.replacen("[3,0,1,2", "[0,3,1,2", 1)).unwrap();
    assert_ne!(fs::read_to_string(&certificate).unwrap(), written);
    assert_eq!(code(&run(&["certify", name(&mended), name(&certificate)])), 1);
    fs::write(&certificate, written.replacen("format", "form", 1)).unwrap();
    assert_eq!(code(&run(&["certify", name(&mended), name(&certificate)])), 2);
}
