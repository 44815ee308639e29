//! The command as its users meet it: arguments, exit codes, what is printed where, what the files hold.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeSet;
use std::fs;

use equivariant::train::data::{Dataset, write_idx};
use ndarray::Array4;
use serde_json::Value as Json;

use crate::command::{code, run, text};

/// A quick part of the catalogue.
const QUICK: &str = "conv.commutative";
/// A false statement.
const REFUTED: &str = "map.pointwise_rotation";

fn json(arguments: &[&str]) -> Json {
    let output = run(arguments);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs what must be refused, and gives the error's text.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    let error = text(&output.stderr).to_owned();
    assert!(!error.contains("panicked") && !error.contains("RUST_BACKTRACE"), "{error}");
    error
}

fn listed_ids() -> Vec<String> {
    let list = json(&["verify", "--list", "--json", "-"]);
    list["claims"].as_array().unwrap().iter().map(|claim| claim["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_id_is_listed_once() {
    let ids = listed_ids();
    assert!(ids.iter().any(|id| id == QUICK));
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len());
    let output = run(&["verify", "--list"]);
    let list = text(&output.stdout);
    for id in ids {
        let lines = list.lines().filter(|line| line.split_whitespace().next() == Some(&id)).count();
        assert_eq!(lines, 1, "{id}");
    }
}

#[test]
fn the_table_is_plain_where_it_is_piped() {
    let output = run(&["verify", QUICK]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("✓ conv.commutative") && table.contains("1 of 1 claims as expected"), "{table}");
    assert!(!table.contains('\u{1b}'), "colours are for terminals");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let document = json(&["verify", QUICK, "--seed", "3", "--json", "-"]);
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["seed"], 3);
    let claim = &document["claims"][0];
    for (key, value) in [("id", QUICK), ("chapter", "conv"), ("expected", "holds"), ("verdict", "holds")] {
        assert_eq!(claim[key], value);
    }
    assert_eq!(claim["agrees"], true);
    assert_eq!((&claim["largest"], &claim["counterexample"]), (&Json::Null, &Json::Null));
    assert!(claim["statement"].is_string() && claim["seconds"].is_f64());
    assert!(claim["mutants"]["run"].as_u64() > Some(0));
    assert_eq!(claim["mutants"]["run"], claim["mutants"]["caught"]);
    let keys = |reading: &str| -> &[&str] {
        match reading {
            "theorem" => &["name"],
            "symbolic" => &["shape", "variables", "terms"],
            "field" => &["points", "failure_bound"],
            "rounding" => &["error", "bound"],
            "float" => &["relative_error", "noise_floor"],
            other => panic!("an unknown reading {other}"),
        }
    };
    let evidence = claim["evidence"].as_array().unwrap();
    assert!(!evidence.is_empty());
    for item in evidence {
        for key in keys(item["reading"].as_str().unwrap()) {
            assert!(item.get(key).is_some(), "{item} lacks {key}");
        }
    }
    for key in ["claims", "agree", "disagree", "mutants_run", "mutants_caught", "seconds"] {
        assert!(document["summary"][key].is_number(), "{key}");
    }
}

#[test]
fn a_refuted_claim_carries_its_counterexample() {
    let document = json(&["verify", REFUTED, "--json", "-"]);
    let claim = &document["claims"][0];
    assert_eq!((&claim["expected"], &claim["verdict"]), (&"fails".into(), &"fails".into()));
    let counterexample = &claim["counterexample"];
    for key in ["shape", "element", "inputs", "left", "right", "replay"] {
        assert!(counterexample.get(key).is_some(), "{key}");
    }
    assert!(
        counterexample["replay"].as_str().unwrap().starts_with("equivariant verify map.pointwise_rotation")
    );
    assert_ne!(counterexample["left"], counterexample["right"]);
}

#[test]
fn the_same_seed_gives_the_same_results() {
    let without_times = |seed: &str| {
        let mut document = json(&["verify", QUICK, REFUTED, "--seed", seed, "--json", "-"]);
        document["summary"]["seconds"].take();
        for claim in document["claims"].as_array_mut().unwrap() {
            claim["seconds"].take();
        }
        document
    };
    assert_eq!(without_times("11"), without_times("11"));
}

#[test]
fn readings_restrict_the_evidence() {
    let document = json(&["verify", "conv.commutative", "--reading", "field", "--json", "-"]);
    let evidence = document["claims"][0]["evidence"].as_array().unwrap();
    assert!(!evidence.is_empty());
    assert!(evidence.iter().all(|item| item["reading"] == "field"), "{evidence:?}");
}

#[test]
fn patterns_choose_claims() {
    let ids = |pattern: &str| -> BTreeSet<String> {
        let list = json(&["verify", pattern, "--list", "--json", "-"]);
        list["claims"]
            .as_array()
            .unwrap()
            .iter()
            .map(|claim| claim["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = listed_ids();
    let expected = |wanted: &dyn Fn(&str) -> bool| all.iter().filter(|id| wanted(id)).cloned().collect();
    assert_eq!(ids("conv"), expected(&|id| id.starts_with("conv.")));
    assert_eq!(ids("*.*tive"), expected(&|id| id.ends_with("tive")));
    assert_eq!(ids(QUICK), BTreeSet::from([QUICK.to_owned()]));
}

#[test]
fn wrong_use_is_refused_in_one_clear_line() {
    let error = refused(&["verify", "conv.comutative"]);
    assert!(error.contains("conv.comutative") && error.contains("nearest are conv.commutative"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(refused(&["verify", "--reading", "tea-leaves"]).contains("symbolic"));
    assert!(refused(&["verify", "--seed", "−1"]).contains("--seed"));
    assert!(refused(&["verify", "--list", "--html", "page.html"]).contains("--list"));
    assert!(refused(&["verify", "--html", "-"]).contains("--html"));
    refused(&["verifi"]);
    refused(&[]);
}

/// Every place to write to is tried first: before data are read, of which there are none here.
#[test]
fn ranges_of_seeds_are_run_or_refused() {
    let document = json(&["verify", QUICK, "--seeds", "3..4", "--json", "-"]);
    assert_eq!(document["seeds"], "3..4");
    let single = json(&["verify", QUICK, "--seed", "4", "--json", "-"]);
    let of_range = &document["runs"][1];
    assert_eq!((&of_range["seed"], document["runs"].as_array().unwrap().len()), (&single["seed"], 2));
    assert_eq!(of_range["claims"][0]["evidence"], single["claims"][0]["evidence"]);
    let output = run(&["verify", QUICK, "--seeds", "3..4"]);
    assert_eq!(code(&output), 0);
    assert!(text(&output.stdout).starts_with("2 of 2 seeds as expected"), "{}", text(&output.stdout));
    for (range, part) in
        [("5..3", "comes after"), ("", "0..199"), ("0..", "0..199"), ("0..1000000", "more than")]
    {
        let error = refused(&["verify", QUICK, "--seeds", range]);
        let first = error.lines().next().unwrap();
        assert!(first.contains("--seeds") && first.contains(part), "{range}: {error}");
    }
    for other in [["--seed", "1"], ["--html", "page.html"]] {
        assert!(refused(&["verify", "--seeds", "0..1", other[0], other[1]]).contains(other[0]));
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["folder", "folder.onnx", "folder.safetensors"] {
        fs::create_dir(at(name)).unwrap();
    }
    let verify: &[&str] = &["verify", QUICK];
    let train: &[&str] = &["train", "--data", "no-such-data"];
    let bench: &[&str] = &["bench", "--workloads", "no-such-list.json"];
    let table: [(&[&str], &[&str], &str); 4] = [
        (verify, &["--json", "--html"], ""),
        (train, &["--json", "--html", "--checkpoint", "--export"], ".onnx"),
        (train, &["--export"], ".safetensors"),
        (bench, &["--json"], ""),
    ];
    for (command, options, ending) in table {
        for option in options {
            for path in [at(&format!("missing/report{ending}")), at(&format!("folder{ending}"))] {
                let error = refused(&[command, &[option, path.as_str()][..]].concat());
                assert!(error.contains(&format!("cannot write {path}")), "{error}");
                assert!(error.lines().count() == 1 && !error.contains(".equivariant-"), "{error}");
            }
        }
    }
    for option in ["--html", "--svg"] {
        assert!(refused(&["bench", "--quick", option, &at("missing/page")]).contains("cannot write"));
    }
    let both = ["train", "--data", "no-such-data", "--json", &at("one"), "--checkpoint", &at("one")];
    assert!(refused(&both).contains("--checkpoint and --json both name"));
}

/// For each option of each command some values that it cannot have, refused at once by a line that names the
/// value or the option.
#[test]
fn every_option_refuses_what_it_cannot_be() {
    const NUMBERS: [&str; 4] = ["-1", "1.5", "many", "18446744073709551616"];
    const SHARDS: [&str; 6] = ["0/2", "3/2", "1", "a/b", "1/100001", ""];
    let paths = ["no-such-folder/file"];
    let table: [(&str, &str, Vec<&str>); 22] = [
        ("train", "--data", vec!["no-such-data", ""]),
        ("train", "--model", vec!["lenet6", ""]),
        ("train", "--epochs", [&NUMBERS[..], &["0", "1000001"]].concat()),
        ("train", "--patience", [&NUMBERS[..], &["0", "1000001"]].concat()),
        ("train", "--checkpoint", paths.to_vec()),
        ("train", "--export", vec!["net.txt", "net", "no-such-folder/net.onnx"]),
        ("train", "--seed", NUMBERS.to_vec()),
        ("train", "--threads", [&NUMBERS[..], &["0"]].concat()),
        ("train", "--json", paths.to_vec()),
        ("train", "--html", vec!["-", paths[0]]),
        ("verify", "--reading", vec!["tea-leaves", ""]),
        ("verify", "--seed", NUMBERS.to_vec()),
        ("verify", "--seeds", vec!["5..3", "7", "..", "a..b", "0..1000000", ""]),
        ("verify", "--json", paths.to_vec()),
        ("verify", "--html", vec!["-", paths[0]]),
        ("verify", "--shard", SHARDS.to_vec()),
        ("bench", "--shard", SHARDS.to_vec()),
        ("bench", "--workloads", vec!["no-such-list.json", "Cargo.toml"]),
        ("bench", "--threads", [&NUMBERS[..], &["0"]].concat()),
        ("bench", "--json", paths.to_vec()),
        ("bench", "--html", vec!["-", paths[0]]),
        ("bench", "--svg", vec!["-", paths[0]]),
    ];
    for (command, option, values) in &table {
        for value in values {
            let error = refused(&[command, &format!("{option}={value}")]);
            assert!(error.contains(option) || error.contains(value), "{command} {option} {value}: {error}");
        }
    }
    for flags in [["train", "--resume"], ["train", "--overwrite"], ["train", "--plain"]] {
        assert!(refused(&flags).contains("required"), "{flags:?}");
    }
    // No option is forgotten.
    for command in ["train", "verify", "bench"] {
        let help = run(&[command, "--help"]);
        let options = text(&help.stdout).lines().map(str::trim_start).filter(|line| line.starts_with("--"));
        for option in options.filter(|line| line.contains('<')).filter_map(|line| line.split(' ').next()) {
            let is_tried = table.iter().any(|(tried, name, _)| *tried == command && *name == option);
            assert!(is_tried || (command, option) == ("bench", "--seed"), "{command} {option}");
        }
    }
    assert!(refused(&["bench", "--seed=-1"]).contains("--seed"));
}

/// Each part of an error stands in its line once, though the errors that it is made of tell their causes,
/// too.
#[test]
fn images_that_are_too_small_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let set = Dataset::new(Array4::zeros((4, 1, 3, 3)), vec![0, 1, 2, 3], 10, "small").unwrap();
    for name in ["train", "t10k"] {
        let path = |kind: &str| folder.path().join(format!("{name}-{kind}-ubyte"));
        write_idx(&set, &path("images-idx3"), &path("labels-idx1")).unwrap();
    }
    let told = refused(&["train", "--data", folder.path().to_str().unwrap()]);
    assert!(told.starts_with("equivariant: the images do not fit the network: layer "), "{told}");
    for words in ["the images do not fit", "convolution 5×5", "the kernel spans", "pad more"] {
        assert_eq!(told.matches(words).count(), 1, "{words}: {told}");
    }
}

#[test]
fn too_many_threads_are_told_and_not_started() {
    for command in [["train", "--data", "no-such-data"], ["bench", "--workloads", "no-such-list.json"]] {
        for asked in ["2000", "100000", "18446744073709551615"] {
            let told = refused(&[&command[..], &["--threads", asked]].concat());
            let line = told.lines().next().unwrap();
            assert!(line.contains(&format!("threads instead of {asked}: this machine runs")), "{told}");
        }
    }
}

#[test]
fn the_page_is_complete_in_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (page, report) = (folder.path().join("page.html"), folder.path().join("report.json"));
    let output = run(&[
        "verify",
        QUICK,
        REFUTED,
        "--html",
        page.to_str().unwrap(),
        "--json",
        report.to_str().unwrap(),
    ]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(REFUTED), "files do not replace the table");
    let page = fs::read_to_string(page).unwrap();
    let document: Json = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    for claim in document["claims"].as_array().unwrap() {
        let anchor = format!("id=\"{}\"", claim["id"].as_str().unwrap());
        assert_eq!(page.matches(&anchor).count(), 1, "{anchor}");
    }
    assert!(page.contains("<table class=\"cells\">"), "the picture of the counterexample");
    // The name of SVG's namespace looks like an address and is none.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn help_explains_patterns_and_exit_codes() {
    let output = run(&["verify", "--help"]);
    assert_eq!(code(&output), 0);
    let help = text(&output.stdout);
    for word in ["*.translation*", "theorem", "symbolic", "--seed", "--json", "--html", "--list", "Exit code"]
    {
        assert!(help.contains(word), "{word}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::process::{Command, Stdio};

    let mut child = Command::new(assert_cmd::cargo::cargo_bin("equivariant"))
        .args(["verify", "--list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}
