//! A copy of the crate with a switch for each fault, built once.
//!
//! The compiler tells in which switches its errors are; these are taken out, until the copy compiles. A fault
//! that does not compile is no fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::faults::{Fault, Sources};

/// What every switch asks; it is written into the root of the copy.
const MODULE: &str = r#"
/// Whether the fault of a number is on.
pub(crate) fn fault(number: u32) -> bool {
    static ON: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let read = || std::env::var("EQUIVARIANT_FAULT").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    *ON.get_or_init(read) == number
}
"#;

/// The folder of the crate.
pub fn root() -> Result<PathBuf> {
    let output = Command::new("git").args(["rev-parse", "--show-toplevel"]).output()?;
    ensure!(output.status.success(), "run this inside the repository");
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

/// A copy of the crate.
pub struct Copy {
    /// Its folder.
    pub folder: PathBuf,
}

impl Copy {
    /// Copies what git knows to a folder, or brings a copy that is there up to date.
    pub fn make(root: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let output = Command::new("git").current_dir(root).args(["ls-files", "-z"]).output()?;
        for name in output.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
            let name = Path::new(std::str::from_utf8(name)?);
            let (from, to) = (root.join(name), folder.join(name));
            let Ok(bytes) = fs::read(&from) else { continue };
            write_if_other(&to, &bytes)?;
        }
        Ok(Self { folder })
    }

    /// Builds the library's tests with all faults that compile; returns the binary and these faults.
    pub fn build(&self, sources: &Sources, mut faults: Vec<Fault>) -> Result<(PathBuf, Vec<Fault>)> {
        loop {
            let spots = self.write(sources, &faults)?;
            let (messages, succeeded) =
                self.cargo(&["test", "--locked", "--lib", "--no-run", "--message-format", "json"])?;
            let errors = errors(&messages);
            if errors.is_empty() {
                ensure!(succeeded, "cargo failed without an error in a file: see above");
                let binary = messages.iter().rev().find_map(|message| {
                    let test = message["profile"]["test"].as_bool() == Some(true);
                    message["executable"].as_str().filter(|_| test).map(PathBuf::from)
                });
                return Ok((binary.context("cargo named no binary of tests")?, faults));
            }
            let wrong: Vec<u32> = spots
                .iter()
                .filter(|spot| errors.iter().any(|error| error.meets(spot)))
                .map(|spot| spot.number)
                .collect();
            println!("{} errors; {} faults do not compile", errors.len(), wrong.len());
            if wrong.is_empty() {
                bail!("the copy does not compile, and no fault is to blame: {:?}", errors[0]);
            }
            faults.retain(|fault| !wrong.contains(&fault.number));
        }
    }

    /// Writes all files with their switches; returns where these are.
    fn write(&self, sources: &Sources, faults: &[Fault]) -> Result<Vec<Spot>> {
        let mut spots = Vec::new();
        for (path, text) in &sources.files {
            let mut inside: Vec<&Fault> = faults.iter().filter(|fault| fault.file == *path).collect();
            inside.sort_by_key(|fault| fault.range.start);
            let (mut written, mut at) = (String::new(), 0);
            for fault in inside {
                written.push_str(&text[at..fault.range.start]);
                let start = written.len();
                written.push_str(&fault.switch.replace("ON", &format!("crate::fault({})", fault.number)));
                spots.push(Spot { file: path.clone(), start, end: written.len(), number: fault.number });
                at = fault.range.end;
            }
            written.push_str(&text[at..]);
            if path == "lib.rs" {
                written.push_str(MODULE);
            }
            write_if_other(&self.folder.join("src").join(path), written.as_bytes())?;
        }
        Ok(spots)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<(Vec<Value>, bool)> {
        let output = Command::new("cargo")
            .current_dir(&self.folder)
            .args(arguments)
            .env_remove("RUSTFLAGS")
            .stderr(Stdio::inherit())
            .output()?;
        let lines = String::from_utf8(output.stdout)?;
        let messages = lines.lines().filter_map(|line| serde_json::from_str(line).ok());
        Ok((messages.collect(), output.status.success()))
    }
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    Ok(fs::write(path, bytes)?)
}

/// Where a switch is in the copy.
struct Spot {
    file: String,
    start: usize,
    end: usize,
    number: u32,
}

/// A place that the compiler names in an error.
#[derive(Debug)]
struct Blamed {
    /// File and bytes, of every span that belongs to the error.
    spans: Vec<(String, usize, usize)>,
    #[expect(dead_code, reason = "shown where no fault is to blame")]
    message: String,
}

impl Blamed {
    fn meets(&self, spot: &Spot) -> bool {
        let inside = |(file, start, end): &(String, usize, usize)| {
            *file == spot.file && *start < spot.end && spot.start < *end
        };
        self.spans.iter().any(inside)
    }
}

fn errors(messages: &[Value]) -> Vec<Blamed> {
    let errors = messages.iter().map(|message| &message["message"]);
    errors
        .filter(|message| {
            message["level"] == "error" && message["spans"].as_array().is_some_and(|s| !s.is_empty())
        })
        .map(|message| {
            let spans = message["spans"].as_array().into_iter().flatten();
            let primary = spans.clone().filter(|span| span["is_primary"] == true);
            let of = |span: &Value| {
                let number = |name: &str| span[name].as_u64().unwrap_or(0) as usize;
                let file = span["file_name"].as_str().unwrap_or_default();
                (file.trim_start_matches("src/").to_string(), number("byte_start"), number("byte_end"))
            };
            let rest = spans.filter(|span| span["is_primary"] != true);
            let text = message["message"].as_str().unwrap_or_default().to_string();
            Blamed { spans: primary.chain(rest).map(of).collect(), message: text }
        })
        .collect()
}
