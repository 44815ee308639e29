//! `check --tiles` and the command `tile` as their users meet them.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::command::{code, run, text};

fn model(name: &str) -> String {
    format!("{}/tests/onnx/tiles/{name}.onnx", env!("CARGO_MANIFEST_DIR"))
}

fn tiles(arguments: &[&str]) -> Json {
    let output = run(&[&["check"], arguments, &["--group", "rot180", "--tiles", "--json", "-"]].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    serde_json::from_str::<Json>(text(&output.stdout)).unwrap()["tiles"].clone()
}

#[test]
fn the_contract_is_kept() {
    let found = tiles(&[&model("unet_nearest")]);
    for (key, value) in [
        ("possible", json!(true)),
        ("lattice", json!([4, 4])),
        ("scale", json!([1.0, 1.0])),
        ("legal_sizes", json!({"from": 4, "step": 4})),
        ("evidence", json!("proved")),
        ("node", Json::Null),
        ("reason", Json::Null),
    ] {
        assert_eq!(found[key], value, "{key}");
    }
    assert!(found["failure_probability"].as_f64().unwrap() < 1e-12);
    for axis in 0..2 {
        for side in 0..2 {
            let (reach, halo) = (&found["reach"][axis][side], &found["halo"][axis][side]);
            let (reach, halo) = (reach.as_u64().unwrap(), halo.as_u64().unwrap());
            assert_eq!(halo, reach.next_multiple_of(4));
        }
    }
    assert_eq!(found["counterexamples"].as_array().unwrap().len(), 4);

    let none = tiles(&[&model("squeeze_and_excitation")]);
    assert_eq!((&none["possible"], &none["lattice"]), (&json!(false), &Json::Null));
    assert!(none["node"].as_str().unwrap().contains("GlobalAveragePool") && none["reason"].is_string());
}

#[test]
fn a_plan_can_be_followed() {
    let found = tiles(&[&model("half_resolution"), "--tile", "32", "--image", "100x64"]);
    let plan = &found["plan"];
    assert_eq!((&plan["image"], &plan["output"]), (&json!([100, 64]), &json!([1, 2, 50, 32])));
    let mut covered = vec![0; 50 * 32];
    for piece in plan["pieces"].as_array().unwrap() {
        let range = |key: &str, axis: usize| {
            let ends = &piece[key][axis];
            ends[0].as_u64().unwrap() as usize..ends[1].as_u64().unwrap() as usize
        };
        for axis in 0..2 {
            assert_eq!(range("crop", axis).len(), range("write", axis).len());
            assert!(range("read", axis).end <= [100, 64][axis]);
        }
        range("write", 0)
            .for_each(|row| range("write", 1).for_each(|column| covered[row * 32 + column] += 1));
    }
    assert!(covered.iter().all(|&count| count == 1));
    let output = run(&["check", &model("half_resolution"), "--tiles", "--image", "101x64"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("100 or 102"), "{}", text(&output.stderr));
}

#[test]
fn tiles_give_the_bits_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (image, out) = (folder.path().join("image.npy"), folder.path().join("out.npy"));
    let (image, out) = (image.to_str().unwrap(), out.to_str().unwrap());
    let pixel = |number: u32| ((number.wrapping_mul(2_654_435_761) >> 20) as f32 - 2048.0) / 256.0;
    npy::write(Path::new(image), &[1, 96, 72], (0..96 * 72).map(pixel));
    let path = model("unet_linear");
    let output = run(&["tile", &path, "--image", image, "--tile", "24", "--out", out, "--check"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("[1, 2, 96, 72]") && told.contains("the same bits as the whole image"), "{told}");
    assert!(told.contains("12 tiles of 24×24"), "{told}");

    // Where there are no tiles the node is named, and nothing is written.
    fs::remove_file(out).unwrap();
    let path = model("instance_normalisation");
    let arguments = ["tile", &path, "--image", image, "--tile", "24", "--out", out, "--check"];
    let output = run(&arguments);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("InstanceNormalization") && !Path::new(out).exists());
    let output = run(&[&arguments[..], &["--halo", "8"]].concat());
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(
        told.contains("an approximation") && told.contains("differs from the whole image by up to"),
        "{told}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn wrong_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.npy");
    npy::write(&image, &[2, 33, 32], (0..2 * 33 * 32).map(|_| 1.0));
    let (image, path) = (image.to_str().unwrap(), model("unet_nearest"));
    let out = folder.path().join("out.npy");
    let out = out.to_str().unwrap();
    for arguments in [
        &["check", &path, "--tile", "4"][..],
        &["check", &path, "--tiles", "--tile", "0"],
        &["check", &path, "--tiles", "--tile", "4x4x4"],
        &["check", &path, "--tiles", "--image", "a"],
        &["tile", &path, "--image", image, "--tile", "16", "--out", image],
        &["tile", &path, "--image", image, "--tile", "16", "--out", out],
        &["tile", &path, "--image", "missing.npy", "--tile", "16", "--out", out],
        &["tile", &path, "--image", &path, "--tile", "16", "--out", out],
        &["tile", &path, "--image", image, "--tile", "16x16x16", "--out", out],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stdout));
        assert!(output.stdout.is_empty() && !text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
    assert!(!Path::new(out).exists());
}

#[test]
fn shards_are_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (path, other) = (model("signal"), model("attention"));
    let check = |more: &[&str]| {
        let output = run(&[&["check", &path, &other, "--tiles"], more].concat());
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    };
    check(&["--json", &file("whole")]);
    let shards: Vec<String> = (1..=3).map(|number| file(&number.to_string())).collect();
    for (shard, number) in shards.iter().zip(1..) {
        check(&["--json", shard, "--shard", &format!("{number}/3")]);
    }
    let mut merge = vec!["merge"];
    merge.extend(shards.iter().map(String::as_str));
    let merged = file("merged");
    merge.extend(["--json", &merged]);
    assert_eq!(code(&run(&merge)), 0);
    let without_times = |name: &str| {
        let whole = fs::read_to_string(name).unwrap();
        let lines = whole.lines().filter(|line| !line.contains("\"seconds\""));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_times(&file("whole")), without_times(&merged));
}
