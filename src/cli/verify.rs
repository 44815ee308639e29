//! `equivariant verify`: runs the catalogue of claims, or a part of it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::destination::{self, Destination};
use super::{pattern, quiet};
use crate::claims::Claim;
use crate::report::{Record, Run, html, json, terminal};
use crate::verify::Reading;

/// The width of the table where there is no terminal to fit.
const COLUMNS: usize = 100;

/// Runs the catalogue of claims: what the theory says, proved, certified, bounded or refuted, statement by statement.
///
/// Exit code: 0 if every claim came out as expected and every mutant was caught, 1 if not, 2 on wrong use.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Claims to run: an id or what ids begin with, up to a dot (conv, conv.commutative) or the name of a chapter (group), or a whole id in which * stands
    /// for any text ('*.translation*'). Without a pattern, all.
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// Readings to use; may be repeated. Without it, all.
    #[arg(long = "reading", value_name = "READING", value_parser = reading_parser())]
    readings: Vec<Reading>,

    /// List the claims instead of running them.
    #[arg(long, conflicts_with_all = ["readings", "html", "seed"])]
    list: bool,

    /// The seed of everything random: the same seed gives the same results.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Write the results as JSON to a file, or to standard output (-) instead of the table.
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write the results as one self-contained page, with pictures of the counterexamples.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn reading_parser() -> impl TypedValueParser<Value = Reading> {
    PossibleValuesParser::new(Reading::ALL.map(Reading::name)).try_map(|name| {
        Reading::ALL.into_iter().find(|reading| reading.name() == name).ok_or("an unknown reading")
    })
}

/// Runs the command on a catalogue, and prints the table on `output`. Returns whether everything is as expected.
///
/// # Errors
/// On wrong use, and where output cannot be written.
pub(super) fn run(
    arguments: &Arguments,
    catalogue: &[Claim],
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    let claims = pattern::select(catalogue, &arguments.patterns)?;
    let Arguments { json, html, .. } = arguments;
    destination::check_distinct(&[("--json", json.as_ref()), ("--html", html.as_ref())])?;
    let json_to = json.as_deref().map(Destination::open).transpose()?;
    let html_to = html.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let json_on_standard_output = matches!(json_to, Some(Destination::Standard));

    if arguments.list {
        if let Some(destination) = json_to {
            destination.write(&json::list(&claims)?)?;
        }
        if !json_on_standard_output {
            destination::print(output, &terminal::list(&claims, columns()))?;
        }
        return Ok(true);
    }

    let run = run_claims(&claims, &arguments.readings, arguments.seed);
    if run.records.is_empty() {
        let readings: Vec<&str> = run.readings.iter().map(|reading| reading.name()).collect();
        bail!("nothing was checked: none of these claims has a reading among {}", readings.join(", "));
    }
    if json_on_standard_output {
        anstream::eprintln!("{}", terminal::summary(&run));
    } else {
        destination::print(output, &terminal::run(&run, columns()))?;
    }
    if let Some(destination) = json_to {
        destination.write(&json::run(&run)?)?;
    }
    if let Some(destination) = html_to {
        destination.write(&html::page(&run).context("cannot draw the page")?)?;
    }
    Ok(run.disagreements().next().is_none())
}

/// Runs claims in parallel. Each draws its random numbers from the seed alone, so that their order does not matter.
fn run_claims<'a>(claims: &[&'a Claim], readings: &[Reading], seed: u64) -> Run<'a> {
    let readings = if readings.is_empty() { Reading::ALL.to_vec() } else { sorted(readings) };
    let start = Instant::now();
    let progress = progress(claims.len());
    let outcomes: Vec<Option<Record<'a>>> = claims
        .par_iter()
        .map(|&claim| {
            let outcome = match quiet::catch(|| claim.run(&readings, seed)) {
                Ok(Ok(outcome)) => outcome.map(Ok),
                Ok(Err(error)) => Some(Err(error.to_string())),
                Err(message) => Some(Err(format!("the check broke off: {message}"))),
            };
            progress.inc(1);
            outcome.map(|outcome| Record { claim, outcome })
        })
        .collect();
    progress.finish_and_clear();
    let skipped = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    Run {
        seed,
        readings,
        records: outcomes.into_iter().flatten().collect(),
        skipped,
        duration: start.elapsed(),
    }
}

/// Without repetition, the strongest first: `Claim::run` compares with `Reading::ALL` to tell whether all are wanted.
fn sorted(readings: &[Reading]) -> Vec<Reading> {
    Reading::ALL.into_iter().filter(|reading| readings.contains(reading)).collect()
}

/// A bar on standard error, where that is a terminal.
fn progress(claims: usize) -> ProgressBar {
    let bar = ProgressBar::new(claims as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40.green} {pos} of {len} claims, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn columns() -> usize {
    let output = io::stdout();
    if !output.is_terminal() {
        return COLUMNS;
    }
    terminal_size::terminal_size_of(output).map_or(COLUMNS, |(width, _)| usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::Value as Json;

    use super::{Arguments, run};
    use crate::claims::Claim;
    use crate::report::tests::sample_claims;
    use crate::verify::{Failure, Report};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// Runs `verify` with these arguments on a catalogue, and gives its JSON.
    fn verify(arguments: &[&str], catalogue: &[Claim]) -> anyhow::Result<(bool, Json)> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("report.json");
        let path = file.to_str().expect("a path in plain text");
        let line = ["verify", "--json", path].into_iter().chain(arguments.iter().copied());
        let as_expected = run(&Command::try_parse_from(line)?.arguments, catalogue, &mut std::io::sink())?;
        Ok((as_expected, serde_json::from_str(&std::fs::read_to_string(file)?)?))
    }

    #[test]
    fn all_is_well_where_all_claims_agree() {
        let (as_expected, document) =
            verify(&["conv", "map.turns", "--seed", "7"], &sample_claims()).unwrap();
        assert!(as_expected);
        assert_eq!((&document["seed"], &document["summary"]["agree"]), (&7.into(), &2.into()));
    }

    #[test]
    fn what_disagrees_is_told() {
        let (as_expected, document) = verify(&[], &sample_claims()).unwrap();
        assert!(!as_expected);
        assert_eq!(document["summary"]["disagree"], 2);
        assert_eq!(document["claims"][3]["error"], "no such axis");
    }

    #[test]
    fn a_panic_is_the_failure_of_its_claim_only() {
        let mut catalogue = sample_claims();
        catalogue.push(Claim::holds("map.panics", "the check panics", |_| -> Result<Report, Failure> {
            panic!("index 3\n  out of range")
        }));
        let (as_expected, document) = verify(&["map.panics", "conv"], &catalogue).unwrap();
        assert!(!as_expected);
        assert_eq!(document["summary"]["agree"], 1);
        assert_eq!(document["claims"][1]["error"], "the check broke off: index 3 out of range");
    }

    #[test]
    fn readings_that_say_nothing_are_wrong_use() {
        let error = verify(&["map.turns", "--reading", "theorem"], &sample_claims()).unwrap_err().to_string();
        assert!(error.starts_with("nothing was checked"), "{error}");
        let (as_expected, document) = verify(&["--reading", "theorem"], &sample_claims()).unwrap();
        assert_eq!(
            document["summary"]["claims"], 2,
            "one by its theorem, and the one that breaks: {document}"
        );
        assert!(!as_expected);
    }
}
