//! Shards of `verify`, `check` and `bench`, and `merge`: together they are what one run writes.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use equivariant::layer::{Activation, Convolution, Initialisation};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Network, Weights};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::command::{code, run, text};

/// Quick claims, true and false, one of which has a theorem.
const CLAIMS: [&str; 6] =
    ["verify", "conv.commutative", "map.pointwise_rotation", "map.six_and_nine", "norm.running", "set"];

fn model(name: &str) -> String {
    format!("{}/tests/onnx/symmetry/{name}.onnx", env!("CARGO_MANIFEST_DIR"))
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a command whole, with what it writes.
fn whole(arguments: &[&str], expected: i32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("whole.json");
    let output = run(&[arguments, &["--json", name(&file)]].concat());
    assert_eq!(code(&output), expected, "{arguments:?}: {}", text(&output.stderr));
    fs::read_to_string(file).unwrap()
}

/// Runs all shards of a command, and gives their files.
fn shards(arguments: &[&str], of: usize, folder: &TempDir) -> Vec<PathBuf> {
    let one = |number: usize| {
        let file = folder.path().join(format!("{number}.json"));
        let shard = format!("{number}/{of}");
        let output = run(&[arguments, &["--shard", &shard, "--json", name(&file)]].concat());
        assert!(code(&output) < 2, "{arguments:?} {shard}: {}", text(&output.stderr));
        file
    };
    (1..=of).map(one).collect()
}

fn merge(files: &[PathBuf]) -> (i32, String, String) {
    let files: Vec<&str> = files.iter().map(|file| name(file)).collect();
    let output = run(&[&["merge"], &files[..]].concat());
    (code(&output), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

/// The text with every time set to 0; what else stands in it stays as it is, byte for byte.
fn without_times(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    let keys = ["\"seconds\":", "\"median_s\":", "\"min_s\":", "\"reps\":"];
    while let Some((at, key)) = keys.iter().filter_map(|key| Some((rest.find(key)?, key))).min() {
        let (before, after) = rest.split_at(at + key.len());
        kept += before;
        let digits = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | 'e' | '-' | '+');
        rest = after.trim_start_matches(digits);
        kept.push('0');
    }
    kept + rest
}

/// All shards of a command together are the same bytes as one run, whatever their number and their order.
fn together_they_are_one_run(arguments: &[&str], expected: i32) {
    let one = without_times(&whole(arguments, expected));
    for of in [1, 2, 7] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = shards(arguments, of, &folder);
        files.reverse();
        let (code, merged, error) = merge(&files);
        assert_eq!(code, expected, "{arguments:?}, {of} shards: {error}");
        let merged = without_times(&merged);
        assert!(merged == one, "{arguments:?}, {of} shards give\n{merged}\none run\n{one}");
    }
}

#[test]
fn claims_are_sharded() {
    together_they_are_one_run(&CLAIMS, 0);
}

#[test]
fn claims_without_a_reading_are_counted_once() {
    together_they_are_one_run(&[&CLAIMS[..], &["--reading", "theorem", "--seed", "3"]].concat(), 0);
}

#[test]
fn claims_are_sharded_for_each_of_several_seeds() {
    together_they_are_one_run(
        &["verify", "conv.commutative", "map.pointwise_rotation", "--seeds", "7..9"],
        0,
    );
}

#[test]
fn groups_of_a_model_are_sharded() {
    let path = model("c4_leak");
    together_they_are_one_run(&["check", &path, "--per-layer", "--box", "1"], 0);
}

/// The shards in which an expectation fails say so, and so does the whole.
#[test]
fn models_and_shapes_are_sharded() {
    let [first, second] = [model("c4_invariant"), model("mirror")];
    together_they_are_one_run(&["check", &first, &second, "--expect", "flip:3=equivariant"], 1);
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open.onnx");
    let network = Network::new().then(Convolution::new(1, 2, [3, 3])).then(Activation::Relu);
    let weights = Weights::initial(&network, Initialisation::He, 0);
    fs::write(&open, to_onnx(&network, &weights, &[1, 6, 6]).unwrap()).unwrap();
    let [one, two] = ["input=1,1,6,6", "input=2,1,6,6"];
    let arguments = ["check", name(&open), "--input", one, "--input", two, "--group", "rot90"];
    together_they_are_one_run(&arguments, 0);
    let document: Json = serde_json::from_str(&whole(&arguments, 0)).unwrap();
    let shapes: Vec<&Json> =
        document["checks"].as_array().unwrap().iter().map(|check| &check["inputs"][0]["shape"]).collect();
    assert_eq!(shapes, [&serde_json::json!([1, 1, 6, 6]), &serde_json::json!([2, 1, 6, 6])]);
}

/// What an earlier group found must not show in a later one: each alone is as it is among all.
#[test]
fn a_group_alone_is_judged_as_among_others() {
    for name in ["c4_leak", "mirror", "c2_in_c4", "even_kernel", "cube_leak"] {
        let path = model(name);
        let all: Json = serde_json::from_str(&whole(&["check", &path], 0)).unwrap();
        for group in all["groups"].as_array().unwrap() {
            let asked = group["group"].as_str().unwrap();
            let alone: Json = serde_json::from_str(&whole(&["check", &path, "--group", asked], 0)).unwrap();
            assert_eq!(alone["groups"][0], *group, "{name} under {asked}");
        }
    }
}

fn workloads(folder: &TempDir) -> PathBuf {
    let list = folder.path().join("list.json");
    let conv2d = r#""kind": "conv2d", "n": 1, "cin": 2, "h": 8, "w": 8, "cout": 4, "k": 3"#;
    let text = format!(
        r#"[{{"name": "a", {conv2d}}}, {{"name": "b", "kind": "conv1d", "n": 100, "k": 31}},
            {{"name": "a", {conv2d}, "pass": "bwd"}}]"#
    );
    fs::write(&list, text).unwrap();
    list
}

#[test]
fn workloads_are_sharded() {
    let folder = tempfile::tempdir().unwrap();
    let list = workloads(&folder);
    together_they_are_one_run(&["bench", "--quick", "--workloads", name(&list)], 0);
}

#[test]
fn a_shard_has_one_field_more() {
    let folder = tempfile::tempdir().unwrap();
    let files = shards(&CLAIMS, 2, &folder);
    let keys = |text: &str| -> Vec<String> {
        serde_json::from_str::<Json>(text).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let mut expected = keys(&whole(&CLAIMS, 0));
    expected.push("shard".to_owned());
    for file in &files {
        assert_eq!(keys(&fs::read_to_string(file).unwrap()), expected);
    }
}

#[test]
fn what_is_no_whole_run_is_refused() {
    let folders: Vec<TempDir> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let arguments = ["verify", "conv.commutative", "map.pointwise_rotation"];
    let own = shards(&arguments, 3, &folders[0]);
    let other_seed = shards(&[&arguments[..], &["--seed", "1"]].concat(), 3, &folders[1]);
    let other_claims = shards(&arguments[..2], 3, &folders[2]);
    let other_number = shards(&arguments, 2, &folders[3]);
    let write = |name: &str, text: &str| {
        let path = folders[0].path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let first = fs::read_to_string(&own[0]).unwrap();
    let version = write("version.json", &first.replace(env!("CARGO_PKG_VERSION"), "0.0.1"));
    let dealt = write("dealt.json", &first.replacen("\"dealt\": [\n      0\n    ]", "\"dealt\": []", 1));
    assert_ne!(fs::read_to_string(&dealt).unwrap(), first);
    let plain = write("plain.json", &whole(&arguments, 0));
    let nonsense = write("nonsense.json", "{\"shard\": {}}");
    let cut = write("cut.json", &first[..first.len() / 2]);
    let empty = write("empty.json", "");
    let table: [(&[&PathBuf], &[&str]); 13] = [
        (&[&own[0], &own[2]], &["shard 2/3 is missing"]),
        (&[&own[1]], &["2 shards are missing: 1/3, 3/3"]),
        (&[&own[0], &own[1], &own[2], &own[1]], &["shard 2/3 is there twice", "2.json"]),
        (&[&own[0], &other_seed[1], &own[2]], &["another run", "seed is 1", "0"]),
        (&[&own[0], &other_claims[1], &own[2]], &["another run", "claims.0 is conv.commutative"]),
        (&[&own[0], &other_number[1]], &["another run", "number of shards is 2", "3"]),
        (&[&version, &own[1], &own[2]], &["another run", "version is"]),
        (&[&dealt, &own[1], &own[2]], &["a part of it is missing or done twice"]),
        (&[&plain, &own[1], &own[2]], &["plain.json is no shard"]),
        (&[&nonsense], &["cannot be what a shard wrote"]),
        (&[&cut], &["cut.json is no JSON"]),
        (&[&empty], &["empty.json is no shard"]),
        (&[&folders[0].path().join("nowhere.json")], &["cannot read"]),
    ];
    for (files, parts) in table {
        let (code, merged, error) = merge(&files.iter().map(|&file| file.clone()).collect::<Vec<_>>());
        assert!(code == 2 && merged.is_empty(), "{files:?}: {merged}");
        assert!(error.lines().count() == 1 && parts.iter().all(|part| error.contains(part)), "{error}");
    }
    assert_eq!(merge(&own).0, 0);
}

#[test]
fn shards_of_other_models_are_refused() {
    let folders: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    // Another model by the same name.
    let path = folders[0].path().join("model.onnx");
    let shard = |number: usize, name_of: &str| {
        fs::copy(model(name_of), &path).unwrap();
        let file = folders[1].path().join(format!("{number}.json"));
        let shard = format!("{number}/2");
        let line = ["check", name(&path), "--group", "rot90", "--group", "flip"];
        let output = run(&[&line[..], &["--shard", &shard, "--json", name(&file)]].concat());
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        file
    };
    let (first, second) = (shard(1, "c4_invariant"), shard(2, "c4_near_miss"));
    let (code, _, error) = merge(&[first.clone(), second]);
    assert!(code == 2 && error.contains("another run: its models.0.digest is"), "{error}");
    assert_eq!(merge(&[first, shard(2, "c4_invariant")]).0, 0);
}

#[test]
fn a_shard_is_written_as_json() {
    for arguments in [
        &["verify", "--shard", "1/2"][..],
        &["bench", "--shard", "1/2"],
        &["check", "m.onnx", "--shard", "1/2"],
        &["check", "m.onnx", "--shard", "1/2", "--json", "-", "--html", "page.html"],
        &["verify", "--shard", "3/2", "--json", "-"],
        &["merge"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(output.stdout.is_empty() && !text(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}
