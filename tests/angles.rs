//! `certify-angles` as its users meet it.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;

use std::fs;
use std::path::{Path, PathBuf};

use equivariant::angle::{Interval, Transformation};
use equivariant::model::{Floats, Model};
use ndarray::{ArrayD, Axis};
use serde_json::Value as Json;

use crate::command::{code, run, text};

fn model() -> String {
    format!("{}/tests/onnx/symmetry/c4_invariant.onnx", env!("CARGO_MANIFEST_DIR"))
}

/// Three images of 9 × 9 in an .npy file each.
fn images(folder: &Path) -> PathBuf {
    for number in 0..3_u32 {
        let pixel = |pixel: u32| ((pixel + 81 * number).wrapping_mul(2_654_435_761) >> 24) as f32 / 255.0;
        npy::write(&folder.join(format!("{number}.npy")), &[1, 9, 9], (0..81).map(pixel));
    }
    folder.to_owned()
}

fn certify(data: &Path, arguments: &[&str]) -> Json {
    let path = model();
    let data = data.to_str().unwrap();
    let output = run(&[&["certify-angles", &path, "--data", data, "--json", "-"], arguments].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    serde_json::from_str(text(&output.stdout)).unwrap()
}

/// The scores of the model in floats.
fn scores(image: ArrayD<f64>) -> Vec<f64> {
    let program = Model::read(model()).unwrap().program(&[]).unwrap();
    let outputs = program.outputs(&Floats::double(), &[image.insert_axis(Axis(0))]).unwrap();
    outputs[0].iter().copied().collect()
}

fn greatest(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
}

/// What is certified is not violated by any parameter that is tried, and what is refuted is refuted by the
/// parameter that is told.
#[test]
fn verdicts_hold_in_floats() {
    let folder = tempfile::tempdir().unwrap();
    let data = images(folder.path());
    for (kind, transformation, from, to) in [
        ("rotation", Transformation::Rotation, "0", "0.5"),
        ("rotation", Transformation::Rotation, "-30", "30"),
        ("brightness", Transformation::Brightness, "-2", "2"),
        ("contrast", Transformation::Contrast, "0.5", "3"),
        ("translation-right", Transformation::Translation { down: 0.0, right: 1.0 }, "-0.01", "2"),
    ] {
        let arguments = ["--transformation", kind, "--from", from, "--to", to, "--budget", "40"];
        let found = certify(&data, &arguments);
        assert_eq!(found["images"].as_array().unwrap().len(), 3);
        for image in found["images"].as_array().unwrap() {
            let index = image["index"].as_u64().unwrap() as usize;
            let path = data.join(format!("{index}.npy"));
            let pixels = equivariant::train::data::load_samples(&path).unwrap().swap_remove(0);
            let class = image["class"].as_u64().unwrap() as usize;
            assert_eq!(greatest(&scores(pixels.clone())), class);
            let at = |parameter: f64| {
                let point = Interval::point(parameter).unwrap();
                let there = transformation.enclose(pixels.view(), point).unwrap();
                greatest(&scores(there.mapv(|pixel| pixel.centre())))
            };
            if let Some(parameter) = image["parameter"].as_f64() {
                assert_eq!(image["verdict"], "refuted");
                assert_eq!(at(parameter) as u64, image["other_class"].as_u64().unwrap(), "{kind} {image}");
            }
            for interval in image["certified"].as_array().into_iter().flatten() {
                let ends = [0, 1].map(|end| interval[end].as_f64().unwrap());
                for step in 0..=8 {
                    let parameter = ends[0] + (ends[1] - ends[0]) * f64::from(step) / 8.0;
                    assert_eq!(at(parameter), class, "{kind} {image} at {parameter}");
                }
            }
        }
        let count = |key: &str| found["totals"][key].as_u64().unwrap();
        assert_eq!(count("certified") + count("refuted") + count("undecided"), 3, "{kind}: {found}");
    }
}

#[test]
fn an_invariant_network_needs_a_quarter_of_the_circle() {
    let folder = tempfile::tempdir().unwrap();
    let found = certify(&images(folder.path()), &["--images", "1", "--budget", "4"]);
    assert_eq!(found["invariant_under_quarter_turns"], true);
    assert_eq!((&found["interval"][1], &found["searched"][1]), (&Json::from(360.0), &Json::from(90.0)));
}

#[test]
fn pages_shards_and_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let images_in = folder.path().join("images");
    fs::create_dir(&images_in).unwrap();
    let data = images(&images_in);
    let (path, data) = (model(), data.to_str().unwrap());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let base = ["certify-angles", &path, "--data", data, "--transformation", "brightness", "--budget", "20"];
    let page = file("page.html");
    let output = run(&[&base[..], &["--html", &page, "--at-least", "0"]].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(fs::read_to_string(&page).unwrap().contains("Certified margins"));
    let wide = run(&[&base[..], &["--from", "-1000", "--to", "1000", "--at-least", "1"]].concat());
    assert_eq!(code(&wide), 1, "{}", text(&wide.stdout));

    let whole = file("whole");
    assert_eq!(code(&run(&[&base[..], &["--json", &whole]].concat())), 0);
    let mut merge = vec!["merge".to_owned()];
    for number in 1..=2 {
        let shard = file(&number.to_string());
        let of = format!("{number}/2");
        assert_eq!(code(&run(&[&base[..], &["--json", &shard, "--shard", &of]].concat())), 0);
        merge.push(shard);
    }
    let merged = file("merged");
    merge.extend(["--json".to_owned(), merged.clone()]);
    let output = run(&merge.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let without_times = |name: &str| {
        let whole = fs::read_to_string(name).unwrap();
        whole.lines().filter(|line| !line.contains("\"seconds\"")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_times(&whole), without_times(&merged));
}

#[test]
fn wrong_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = images(folder.path());
    let (path, data) = (model(), data.to_str().unwrap());
    let missing = folder.path().join("missing.safetensors");
    for arguments in [
        &["certify-angles"][..],
        &["certify-angles", "missing.onnx", "--data", data],
        &["certify-angles", missing.to_str().unwrap(), "--model", "lenet5"],
        &["certify-angles", missing.to_str().unwrap(), "--data", data],
        &["certify-angles", &path, "--data", data, "--model", "lenet5"],
        &["certify-angles", &path],
        &["certify-angles", &path, "--data", "missing"],
        &["certify-angles", &path, "--data", data, "--from", "1", "--to", "0"],
        &["certify-angles", &path, "--data", data, "--from", "nan"],
        &["certify-angles", &path, "--data", data, "--images", "0"],
        &["certify-angles", &path, "--data", data, "--budget", "0"],
        &["certify-angles", &path, "--data", data, "--least-width", "0"],
        &["certify-angles", &path, "--data", data, "--at-least", "2"],
        &["certify-angles", &path, "--data", data, "--transformation", "turn"],
        &["certify-angles", &path, "--data", data, "--shard", "1/2"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stdout));
        assert!(output.stdout.is_empty() && !text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}
