//! `equivariant verify`: runs the catalogue of claims, or a part of it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde_json::json;

use super::destination::{self, Destination};
use super::progress::bar;
use super::seeds::Seeds;
use super::shard::{ClaimPart, Shard};
use super::{pattern, quiet};
use crate::claims::Claim;
use crate::claims::power::{Count, LARGEST_MISS};
use crate::report::{Record, Run, html, json, terminal};
use crate::verify::Reading;

/// The width of the table where there is no terminal to fit.
const COLUMNS: usize = 100;

/// Runs the catalogue of claims: what the theory says, proved, certified, bounded or refuted, statement by
/// statement.
///
/// Exit code: 0 if every claim came out as expected and every mutant was caught, 1 if not, 2 on wrong use.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Claims to run: an id or what ids begin with, up to a dot (conv, conv.commutative) or the name of a
    /// chapter (group), or a whole id in which * stands for any text ('*.translation*'). Without a pattern,
    /// all.
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// Readings to use; may be repeated. Without it, all.
    #[arg(long = "reading", value_name = "READING", value_parser = reading_parser())]
    readings: Vec<Reading>,

    /// List the claims instead of running them.
    #[arg(long, conflicts_with_all = ["readings", "html", "seed", "seeds"])]
    list: bool,

    /// The seed of everything random: the same seed gives the same results.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Seeds to run one after the other, both ends included (0..199): prints a line for each with which
    /// something does not come out as expected.
    #[arg(long, value_name = "A..B", conflicts_with_all = ["seed", "html"])]
    seeds: Option<Seeds>,

    /// Count for how many of the seeds one draw, in place of several, finds what is false: how easily it is
    /// missed.
    #[arg(long, hide = true, requires = "seeds", conflicts_with_all = ["readings", "json", "list"])]
    power: bool,

    /// Run only the Ith of N parts that take about alike long; `equivariant merge` puts their JSON together.
    #[arg(long, value_name = "I/N", requires = "json", conflicts_with_all = ["list", "html", "power"])]
    shard: Option<Shard>,

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

/// Runs the command on a catalogue, and prints the table on `output`. Returns whether everything is as
/// expected.
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

    let part = arguments.shard.map(|shard| {
        let seeds = arguments.seeds.as_ref().map_or(arguments.seed.to_string(), ToString::to_string);
        ClaimPart::of(&claims, shard, &seeds, &chosen(&arguments.readings))
    });
    let claims = part.as_ref().map_or(claims, |part| part.claims.clone());
    if let Some(seeds) = &arguments.seeds {
        return match arguments.power {
            true => measure_power(&claims, seeds, output),
            false => run_seeds(&claims, arguments, part.as_ref(), seeds, json_to, output),
        };
    }

    let progress = bar(claims.len() as u64, "claims, {elapsed}");
    let run = run_claims(&claims, arguments, arguments.seed, &progress)?;
    progress.finish_and_clear();
    if json_on_standard_output {
        anstream::eprintln!("{}", terminal::summary(&run));
    } else {
        destination::print(output, &terminal::run(&run, columns()))?;
    }
    let as_expected = run.disagreements().next().is_none();
    if let Some(destination) = json_to {
        destination.write(&match &part {
            Some(part) => part.mark(as_expected).stamped(json::value(&run)?)?,
            None => json::run(&run)?,
        })?;
    }
    if let Some(destination) = html_to {
        destination.write(&html::page(&run).context("cannot draw the page")?)?;
    }
    Ok(as_expected)
}

/// Runs claims with one seed after the other, and tells with which something disagrees as soon as it is
/// known.
fn run_seeds(
    claims: &[&Claim],
    arguments: &Arguments,
    part: Option<&ClaimPart<'_>>,
    seeds: &Seeds,
    json_to: Option<Destination>,
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    let json_on_standard_output = matches!(json_to, Some(Destination::Standard));
    let mut tell = |line: String| match json_on_standard_output {
        true => {
            anstream::eprintln!("{line}");
            Ok(())
        }
        false => destination::print(output, &(line + "\n")),
    };
    let start = Instant::now();
    let progress = bar(seeds.count() * claims.len() as u64, "claims, {elapsed}");
    let (mut agree, mut documents) = (0, Vec::new());
    for seed in seeds.iter() {
        let run = run_claims(claims, arguments, seed, &progress)?;
        if run.disagreements().next().is_none() {
            agree += 1;
        } else {
            progress.suspend(|| tell(terminal::disagreements(&run)))?;
        }
        if json_to.is_some() {
            documents.push(json::value(&run)?);
        }
    }
    progress.finish_and_clear();
    tell(terminal::summary_of_seeds(&seeds.to_string(), seeds.count(), agree, start.elapsed()))?;
    if let Some(destination) = json_to {
        let (name, as_expected) = (seeds.to_string(), agree == seeds.count());
        destination.write(&match part {
            Some(part) => part.mark(as_expected).stamped(json!({"seeds": name, "runs": documents}))?,
            None => json::runs(&name, &documents)?,
        })?;
    }
    Ok(agree == seeds.count())
}

/// Prints how easily what is false is missed. Returns whether each is missed with a probability that is small
/// enough.
fn measure_power(claims: &[&Claim], seeds: &Seeds, output: &mut impl Write) -> anyhow::Result<bool> {
    let progress = bar(seeds.count(), "seeds, {elapsed}");
    let mut count = Count::default();
    for seed in seeds.iter() {
        count.add(claims, seed);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let powers = count.weakest_first();
    destination::print(output, &terminal::power(&powers))?;
    Ok(powers.iter().all(|power| power.miss() < LARGEST_MISS))
}

/// Runs claims in parallel. Each draws its random numbers from the seed alone, so that their order does not
/// matter.
///
/// # Errors
/// If these readings say nothing about any of them, unless the claims are a shard's.
fn run_claims<'a>(
    claims: &[&'a Claim],
    arguments: &Arguments,
    seed: u64,
    progress: &ProgressBar,
) -> anyhow::Result<Run<'a>> {
    let readings = chosen(&arguments.readings);
    let start = Instant::now();
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
    let skipped = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let records: Vec<_> = outcomes.into_iter().flatten().collect();
    if records.is_empty() && arguments.shard.is_none() {
        let readings: Vec<&str> = readings.iter().map(|reading| reading.name()).collect();
        bail!("nothing was checked: none of these claims has a reading among {}", readings.join(", "));
    }
    Ok(Run { seed, readings, records, skipped, duration: start.elapsed() })
}

/// All readings where none is asked for, else those. Without repetition, the strongest first: `Claim::run`
/// compares with `Reading::ALL` to tell whether all are wanted.
fn chosen(asked: &[Reading]) -> Vec<Reading> {
    Reading::ALL.into_iter().filter(|reading| asked.is_empty() || asked.contains(reading)).collect()
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
    use crate::claims::samples::sample_claims;
    use crate::verify::{Counterexample, Failure, Finding, Report};

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
    fn seeds_are_run_one_after_the_other() {
        let (as_expected, document) =
            verify(&["conv", "map.turns", "--seeds", "7..9"], &sample_claims()).unwrap();
        assert!(as_expected);
        assert_eq!(document["seeds"], "7..9");
        let seeds: Vec<_> = document["runs"].as_array().unwrap().iter().map(|run| &run["seed"]).collect();
        assert_eq!(seeds, [7, 8, 9]);
        let (_, mut single) = verify(&["conv", "map.turns", "--seed", "8"], &sample_claims()).unwrap();
        let mut run = document["runs"][1].clone();
        for document in [&mut run, &mut single] {
            document["summary"]["seconds"].take();
            document["claims"].as_array_mut().unwrap().iter_mut().for_each(|claim| {
                claim["seconds"].take();
            });
        }
        assert_eq!(run, single, "each run is written as a single one is");
    }

    #[test]
    fn the_seed_with_which_something_disagrees_is_told() {
        let by_seed = Claim::holds("map.by_seed", "the seed is not 4", |examiner| {
            let finding = Finding::Symbolic { shape: "n = 1".into(), variables: 1, terms: 1 };
            let counterexample = Counterexample::from_text([], "0", "1");
            Ok::<_, Failure>(match examiner.seed() {
                4 => Report::refuted(finding, counterexample),
                _ => Report::confirmed(finding),
            })
        });
        let mut printed = Vec::new();
        let line = ["verify", "map.by_seed", "conv", "--seeds", "3..5"];
        let arguments = Command::try_parse_from(line).unwrap().arguments;
        let mut catalogue = sample_claims();
        catalogue.push(by_seed);
        assert!(!run(&arguments, &catalogue, &mut printed).unwrap());
        let printed = anstream::adapter::strip_str(std::str::from_utf8(&printed).unwrap()).to_string();
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines[0], "✗ seed 4: map.by_seed found fails");
        assert!(lines[1].starts_with("2 of 3 seeds as expected") && lines.len() == 2, "{printed}");
    }

    #[test]
    fn the_power_of_single_draws_is_told() {
        let mut printed = Vec::new();
        let line = ["verify", "conv", "map.wrong", "--seeds", "0..4", "--power"];
        let arguments = Command::try_parse_from(line).unwrap().arguments;
        assert!(!run(&arguments, &sample_claims(), &mut printed).unwrap());
        let printed = String::from_utf8(printed).unwrap();
        assert!(printed.contains("| 0 of 5 | 0.000 | `map.wrong`, mutant: escapes |"), "{printed}");
        assert!(printed.contains("| 0.0e0 |") && printed.lines().count() == 4, "{printed}");
        let of = |line: &[&str]| Command::try_parse_from([&["verify"], line].concat()).is_ok();
        assert!(
            !of(&["--power"])
                && !of(&["--seeds", "0..1", "--seed", "0"])
                && !of(&["--seeds", "0..1", "--html", "a"])
        );
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
