//! `equivariant bench`: times the kernels of `conv::plan` against each other, or on a list of workloads.

mod calibration;
mod comparison;
mod timing;
mod workloads;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::destination::{self, Destination};
use super::limits;
use super::shard::{Mark, Shard};
use crate::report::crossover;

/// Times the convolution kernels: where direct convolution and Fourier transforms cross over a range of
/// sizes, and how far the planner's choice is from the best; or the workloads of a list, one JSON object a
/// line.
///
/// Exit code: 0, or 2 on wrong use.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Fewer sizes and repetitions.
    #[arg(long)]
    quick: bool,

    /// A JSON list of workloads to time instead: objects with "kind" (conv2d or conv1d), sizes and "pass"
    /// (fwd or bwd).
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["html", "svg", "calibrate"])]
    workloads: Option<PathBuf>,

    /// Measure how fast this machine runs each kernel, and keep it in the cache directory for all later
    /// plans.
    #[arg(long, conflicts_with_all = ["html", "svg", "json"])]
    calibrate: bool,

    /// Threads to use, at most four for each that the machine runs at once.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = limits::at_least_one())]
    threads: usize,

    /// Run only the Ith of N parts that take about alike long; `equivariant merge` puts their JSON together.
    #[arg(
        long,
        value_name = "I/N",
        requires = "json",
        conflicts_with_all = ["html", "svg", "calibrate"]
    )]
    shard: Option<Shard>,

    /// Write the results as JSON to a file or to standard output (-): a document, or a line for each
    /// workload.
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write a page with the table and the plot.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write the plot of the crossover alone.
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,

    /// The seed of the random inputs.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs the command, and prints on `output`. Always as expected.
///
/// # Errors
/// On wrong use, and where something cannot be read or written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { json, html, svg, .. } = arguments;
    destination::check_distinct(&[
        ("--json", json.as_ref()),
        ("--html", html.as_ref()),
        ("--svg", svg.as_ref()),
        ("--workloads", arguments.workloads.as_ref()),
    ])?;
    let json_to = json.as_deref().map(Destination::open).transpose()?;
    let html_to = html.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let svg_to = svg.as_deref().map(|path| Destination::open_file("--svg", path)).transpose()?;
    let on_standard_output = matches!(json_to, Some(Destination::Standard));
    let (threads, fewer) = limits::threads(Some(arguments.threads));
    if let Some(line) = fewer {
        eprintln!("equivariant: {line}");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let milliseconds =
        |quick, otherwise| Duration::from_millis(if arguments.quick { quick } else { otherwise });
    if arguments.calibrate {
        let text = pool.install(|| calibration::run(arguments.seed, milliseconds(5, 50)))?;
        destination::print(output, &text)?;
        return Ok(true);
    }
    let seed = arguments.seed;
    let (text, json) = match &arguments.workloads {
        Some(path) => {
            let list = workloads::List::read(path)?;
            let budget = milliseconds(60, 500);
            let part = arguments.shard.map(|shard| {
                let common = json!({
                    "seed": seed, "threads": threads, "quick": arguments.quick, "workloads": list.digest(),
                    "count": list.len(),
                });
                Mark::new("bench", shard, shard.dealt(&list.costs(budget)), true, common)
            });
            pool.install(|| list.run(part.as_ref(), threads, seed, budget))?
        }
        None => {
            let (shapes, budget) = (comparison::shapes(arguments.quick)?, milliseconds(2, 50));
            let part = arguments.shard.map(|shard| {
                let common = json!({
                    "seed": seed, "threads": threads, "quick": arguments.quick, "count": shapes.len(),
                });
                Mark::new("bench", shard, shard.dealt(&comparison::costs(&shapes, budget)), true, common)
            });
            let shapes = match &part {
                Some(part) => part.dealt.iter().map(|&place| shapes[place].clone()).collect(),
                None => shapes,
            };
            let run = pool.install(|| comparison::run(&shapes, threads, seed, budget))?;
            if let Some(destination) = html_to {
                destination.write(&crossover::page(&run)?)?;
            }
            if let Some(destination) = svg_to {
                destination.write(&crossover::drawing(&run)?)?;
            }
            let document = match &part {
                Some(part) => part.stamped(serde_json::to_value(&run)?)?,
                None => serde_json::to_string_pretty(&run)? + "\n",
            };
            (crossover::text(&run), document)
        }
    };
    if !on_standard_output {
        destination::print(output, &text)?;
    }
    if let Some(destination) = json_to {
        destination.write(&json)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::Value as Json;

    use super::{Arguments, run};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn bench(workloads: &str) -> anyhow::Result<Vec<Json>> {
        let folder = tempfile::tempdir()?;
        let (list, results) = (folder.path().join("list.json"), folder.path().join("results.json"));
        std::fs::write(&list, workloads)?;
        let line = ["bench", "--quick", "--workloads"].map(Into::into).into_iter();
        let line = line.chain([list.into_os_string(), "--json".into(), results.clone().into_os_string()]);
        run(&Command::try_parse_from(line)?.arguments, &mut std::io::sink())?;
        let text = std::fs::read_to_string(results)?;
        Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    #[test]
    fn workloads_give_a_line_each() {
        let rows = bench(
            r#"[{"name":"a/fwd","kind":"conv2d","n":1,"cin":2,"h":8,"w":8,"cout":4,"k":4,"stride":2,"pad":1,"dil":1,"groups":1,"transposed":true,"pass":"fwd"},
                {"name":"b/bwd","kind":"conv2d","n":1,"cin":2,"h":8,"w":8,"cout":4,"k":5,"stride":1,"pad":0,"dil":1,"groups":1,"transposed":false,"pass":"bwd"},
                {"name":"c","kind":"conv1d","n":100,"k":31}]"#,
        )
        .unwrap();
        let names: Vec<_> = rows.iter().map(|row| row["workload"].as_str().unwrap()).collect();
        // Where the default is not strict, a strict line follows.
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        for row in &rows {
            assert_eq!(
                (&row["peer"], &row["threads"], &row["strict"]),
                (
                    &"equivariant".into(),
                    &1.into(),
                    &row["algorithm"].as_str().unwrap().starts_with("direct").into()
                )
            );
            assert!(row["median_s"].as_f64().unwrap() >= row["min_s"].as_f64().unwrap());
            assert!(row["reps"].as_u64().unwrap() >= 5);
        }
    }

    #[test]
    fn what_is_no_list_of_workloads_is_wrong_use() {
        assert!(bench("[]").is_err());
        assert!(bench(r#"[{"kind":"conv3d"}]"#).is_err());
        let too_large = r#"[{"name":"a","kind":"conv2d","n":1,"cin":1,"h":2,"w":2,"cout":1,"k":3}]"#;
        assert!(format!("{:#}", bench(too_large).unwrap_err()).contains("workload a"));
        for (sizes, told) in [
            ("\"n\":18446744073709551615,\"k\":3", "is more than 1048576, the largest number that is timed"),
            ("\"n\":0,\"k\":3", ""),
            ("\"n\":8,\"k\":0", ""),
            ("\"n\":-1,\"k\":3", "is no list of workloads"),
        ] {
            let error = bench(&format!("[{{\"name\":\"b\",\"kind\":\"conv1d\",{sizes}}}]")).unwrap_err();
            assert!(format!("{error:#}").contains(told), "{sizes}: {error:#}");
        }
        let layer = |number: usize| {
            format!(
                r#"[{{"name":"c","kind":"conv2d","n":{number},"cin":{number},"h":{number},"w":{number},"cout":{number},"k":1,
                    "stride":{number},"transposed":true}}]"#
            )
        };
        for number in [1 << 10, 1 << 20] {
            let error = format!("{:#}", bench(&layer(number)).unwrap_err());
            assert!(error.starts_with("workload c: "), "{error}");
        }
    }
}
