//! The table of claims, `proofs/CLAIMS.md`: claim, statement, Rust path, theorem, tests.
//!
//! It is made from the catalogue and from the list of theorems, never typed. The test fails where the
//! committed table is not the one that would be made now; `make -C proofs table` makes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use equivariant::claims::{Claim, Expected, catalogue};

const TABLE: &str = "proofs/CLAIMS.md";
/// Set to anything, this variable has the table written instead of compared.
const UPDATE: &str = "UPDATE_TABLE";

const INTRODUCTION: &str = "# Claims and theorems\n\n\
    Made by `make -C proofs table` from the catalogue and from [`theorems.txt`](theorems.txt), and compared with them by \
    `cargo test --test claims_table`: not to be edited.\n\n\
    A claim is checked on the code, at definite shapes, by the test named last; a theorem says it of the mathematical definition for \
    all shapes. *False* marks a statement that must be refuted. Each test must also catch the wrong implementations listed with it.\n";

/// A line of the list of theorems.
struct Theorem {
    name: &'static str,
    file: &'static str,
    words: &'static str,
}

fn theorems() -> Vec<Theorem> {
    include_str!("../proofs/theorems.txt")
        .lines()
        .map(|line| {
            let [name, file, words] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else {
                panic!("a theorem has a name, a file and words, separated by tabs: {line}")
            };
            Theorem { name, file, words }
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The path of the module in a source file: `claims::conv::algebra` for `src/claims/conv/algebra.rs`.
fn module(file: &str) -> String {
    let file = file.replace('\\', "/");
    let path = file.strip_prefix("src/").unwrap_or(&file);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
}

/// The unit test that runs the claims of a source file: the one beside it, or in a module above it, that
/// asserts that `super::claims()` agree.
///
/// # Panics
/// If no test runs them.
fn test_of(file: &str) -> String {
    let mut place = PathBuf::from(file.replace('\\', "/"));
    loop {
        let source = std::fs::read_to_string(root().join(&place)).unwrap_or_default();
        if let Some((before, _)) = source.split_once("assert_agrees(super::claims())")
            && let Some((_, opening)) = before.rsplit_once("fn ")
            && let Some((name, _)) = opening.split_once('(')
        {
            return format!("{}::tests::{name}", module(&place.to_string_lossy()));
        }
        let folder = place.parent().expect("the claims lie in a folder").to_path_buf();
        let above =
            if place.ends_with("mod.rs") { folder.parent().map(Path::to_path_buf) } else { Some(folder) };
        match above {
            Some(above) if above.starts_with("src/claims") => place = above.join("mod.rs"),
            _ => panic!("no test runs the claims of {file}"),
        }
    }
}

/// Text in a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*").replace('_', "\\_").replace('<', "&lt;")
}

fn row(claim: &Claim, files: &HashMap<&str, &str>, test: &str) -> String {
    let falsehood = if claim.expected == Expected::Fails { "*False:* " } else { "" };
    let theorems: Vec<_> = claim
        .theorems
        .iter()
        .map(|name| {
            let file = files
                .get(name)
                .unwrap_or_else(|| panic!("{} names {name}, which is not in proofs/", claim.id));
            format!("[`{name}`]({file})")
        })
        .collect();
    let theorems = if theorems.is_empty() { "none".to_owned() } else { theorems.join(", ") };
    let mutants: Vec<_> = claim.mutants.iter().map(|mutant| cell(mutant.name)).collect();
    let file = claim.file.replace('\\', "/");
    format!(
        "| `{}` | {falsehood}{} | [`{}`](../{file}) | {theorems} | `{test}`, which catches: {} |\n",
        claim.id,
        cell(claim.statement),
        module(&file),
        mutants.join("; "),
    )
}

fn table(claims: &[Claim], theorems: &[Theorem]) -> String {
    let files: HashMap<_, _> = theorems.iter().map(|theorem| (theorem.name, theorem.file)).collect();
    let mut tests = BTreeMap::new();
    let mut text = INTRODUCTION.to_owned();
    let mut chapter = "";
    for claim in claims {
        if claim.chapter() != chapter {
            chapter = claim.chapter();
            write!(text, "\n## {chapter}\n\n| claim | statement | Rust path | theorem | tests |\n|---|---|---|---|---|\n")
                .expect("a string takes any text");
        }
        let test = tests.entry(claim.file).or_insert_with(|| test_of(claim.file));
        text.push_str(&row(claim, &files, test));
    }
    let used: HashSet<_> = claims.iter().flat_map(|claim| &claim.theorems).copied().collect();
    text.push_str("\n## Theorems that no claim names\n\nWhat the readings rest on, steps, and what has no claim of its own.\n\n");
    text.push_str("| theorem | in words |\n|---|---|\n");
    for Theorem { name, file, words } in theorems.iter().filter(|theorem| !used.contains(theorem.name)) {
        writeln!(text, "| [`{name}`]({file}) | {} |", cell(words)).expect("a string takes any text");
    }
    text
}

#[test]
fn the_table_is_up_to_date() {
    let made = table(&catalogue(), &theorems());
    let path = root().join(TABLE);
    if std::env::var_os(UPDATE).is_some() {
        let partial = path.with_extension("partial");
        std::fs::write(&partial, &made).expect("the table can be written");
        std::fs::rename(&partial, &path).expect("the table can be put in place");
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let (mut made_lines, mut committed_lines) = (made.lines(), committed.lines());
    loop {
        match (made_lines.next(), committed_lines.next()) {
            (None, None) => break,
            (made, committed) => assert_eq!(
                committed, made,
                "{TABLE} (left) is not what the catalogue and the theorems make (right): make -C proofs table"
            ),
        }
    }
}

#[test]
fn every_theorem_is_listed_once_and_named_once_by_a_claim() {
    let theorems = theorems();
    let names: HashSet<_> = theorems.iter().map(|theorem| theorem.name).collect();
    assert_eq!(names.len(), theorems.len(), "a theorem is listed twice");
    for claim in catalogue() {
        let named: HashSet<_> = claim.theorems.iter().collect();
        assert_eq!(named.len(), claim.theorems.len(), "{} names a theorem twice", claim.id);
    }
}
