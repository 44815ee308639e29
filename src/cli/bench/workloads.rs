//! `equivariant bench`: times the kernels of `conv::plan`, on a grid of sizes or on a list of workloads.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::destination::{self, Destination};
use crate::conv::plan::{Accuracy, GradientPlan, Kernel, Plan, PlanOptions};
use crate::conv::{Algorithm, ConvolutionError, Extent, Fourier, Operation, Options, Problem};

/// Times the convolution kernels: direct against the rest over a range of sizes, and how far the planner's choice is
/// from the best; or the workloads of a list, one JSON object a line.
///
/// Exit code: 0, or 2 on wrong use.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Fewer sizes and repetitions.
    #[arg(long)]
    quick: bool,

    /// A JSON list of workloads to time instead: objects with "kind" (conv2d or conv1d), sizes and "pass" (fwd or bwd).
    #[arg(long, value_name = "FILE.json")]
    workloads: Option<PathBuf>,

    /// Threads to use.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,

    /// Write the results as JSON, one object a line, to a file or to standard output (-).
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// The seed of the random inputs.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// What to time.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Workload {
    /// A layer.
    Conv2d {
        name: String,
        n: usize,
        cin: usize,
        h: usize,
        w: usize,
        cout: usize,
        k: usize,
        #[serde(default = "one")]
        stride: usize,
        #[serde(default)]
        pad: usize,
        #[serde(default = "one")]
        dil: usize,
        #[serde(default = "one")]
        groups: usize,
        #[serde(default)]
        transposed: bool,
        #[serde(default)]
        pass: Pass,
    },
    /// A full convolution of one channel.
    Conv1d { name: String, n: usize, k: usize },
}

fn one() -> usize {
    1
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pass {
    /// The output.
    #[default]
    Fwd,
    /// The gradients of input and weights.
    Bwd,
}

/// A line of the results.
#[derive(Clone, Debug, Serialize)]
struct Row {
    workload: String,
    peer: &'static str,
    threads: u16,
    median_s: f64,
    min_s: f64,
    reps: usize,
    algorithm: &'static str,
    strict: bool,
}

impl Workload {
    fn name(&self) -> &str {
        match self {
            Workload::Conv2d { name, .. } | Workload::Conv1d { name, .. } => name,
        }
    }

    /// The problem, whether the transposed map is wanted, and the pass.
    fn problem(&self) -> Result<(Problem, bool, Pass), ConvolutionError> {
        match *self {
            Workload::Conv1d { n, k, .. } => {
                let problem = Problem::single_channel(Operation::Convolution, &[k], &[n], Extent::Full)?;
                Ok((problem, false, Pass::Fwd))
            }
            Workload::Conv2d {
                n, cin, h, w, cout, k, stride, pad, dil, groups, transposed, pass, ..
            } => {
                let options = Options::new()
                    .stride([stride, stride])
                    .padding([pad, pad])
                    .dilation([dil, dil])
                    .groups(groups);
                // A transposed convolution is the adjoint of one from its output to its input.
                let length = |input: usize| {
                    let reach = input.saturating_sub(1) * stride + dil * k.saturating_sub(1) + 1;
                    reach.saturating_sub(2 * pad)
                };
                let (signal, kernel) = match transposed {
                    false => ([n, cin, h, w], [cout, cin / groups.max(1), k, k]),
                    true => ([n, cout, length(h), length(w)], [cin, cout / groups.max(1), k, k]),
                };
                Ok((Problem::new(Operation::Correlation, &kernel, &signal, &options)?, transposed, pass))
            }
        }
    }

    /// Times it with this accuracy.
    fn time(
        &self,
        options: &PlanOptions,
        seed: u64,
        budget: Duration,
    ) -> Result<(&'static str, Times), ConvolutionError> {
        let (problem, transposed, pass) = self.problem()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut array =
            |shape: Vec<usize>| ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0f32));
        let kernel = array(problem.kernel_shape());
        let signal = array(problem.signal_shape());
        let y = array(problem.output_shape());
        let mut forward = Plan::forward(&problem, options)?;
        let mut back = Plan::transposed(&problem, options)?;
        let (mut output, mut gradient) = (ArrayD::zeros(y.raw_dim()), ArrayD::zeros(signal.raw_dim()));
        if pass == Pass::Fwd && !transposed {
            forward.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || forward.run(signal.view(), output.view_mut()))?;
            return Ok((forward.kernel_name(), times));
        }
        if pass == Pass::Fwd {
            back.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || back.run(y.view(), gradient.view_mut()))?;
            return Ok((back.kernel_name(), times));
        }
        let mut of_kernel = GradientPlan::new(&problem, options);
        let mut kernel_gradient = ArrayD::zeros(kernel.raw_dim());
        if transposed {
            // Of a transposed convolution, the forward map is the gradient of the input.
            forward.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || {
                forward.run(signal.view(), output.view_mut())?;
                of_kernel.run(signal.view(), y.view(), kernel_gradient.view_mut())
            })?;
            return Ok((forward.kernel_name(), times));
        }
        back.prepare(kernel.view(), None)?;
        let times = Times::of(budget, || {
            back.run(y.view(), gradient.view_mut())?;
            of_kernel.run(signal.view(), y.view(), kernel_gradient.view_mut())
        })?;
        Ok((back.kernel_name(), times))
    }
}

/// Seconds of repeated runs.
#[derive(Clone, Copy, Debug)]
struct Times {
    median: f64,
    least: f64,
    repetitions: usize,
}

impl Times {
    /// Runs warm for about this long, five times at least.
    fn of<E>(budget: Duration, mut run: impl FnMut() -> Result<(), E>) -> Result<Self, E> {
        run()?;
        let begin = Instant::now();
        let mut seconds = Vec::new();
        while seconds.len() < 5 || (begin.elapsed() < budget && seconds.len() < 10_000) {
            let start = Instant::now();
            run()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok(Times { median: seconds[seconds.len() / 2], least: seconds[0], repetitions: seconds.len() })
    }
}

/// Runs the command, and prints on `output`. Always as expected.
///
/// # Errors
/// On wrong use, and where something cannot be read or written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let json_to = arguments.json.as_deref().map(Destination::open).transpose()?;
    let on_standard_output = matches!(json_to, Some(Destination::Standard));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(arguments.threads)).build()?;
    let (text, lines) = pool.install(|| match &arguments.workloads {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let workloads: Vec<Workload> = serde_json::from_str(&text)
                .with_context(|| format!("{} is no list of workloads", path.display()))?;
            if workloads.is_empty() {
                bail!("{} lists no workload", path.display());
            }
            let rows = time_workloads(arguments, &workloads)?;
            Ok((table(&rows), lines(&rows)?))
        }
        None => crossover(arguments),
    })?;
    if !on_standard_output {
        destination::print(output, &text)?;
    }
    if let Some(destination) = json_to {
        destination.write(&lines)?;
    }
    Ok(true)
}

/// One row for each workload, two where the strict setting has another kernel than the default.
fn time_workloads(arguments: &Arguments, workloads: &[Workload]) -> anyhow::Result<Vec<Row>> {
    let budget = Duration::from_millis(if arguments.quick { 60 } else { 500 });
    let mut rows: Vec<Row> = Vec::new();
    for workload in workloads {
        let mut first = None;
        for (strict, accuracy) in [(false, Accuracy::default()), (true, Accuracy::Strict)] {
            if strict && first == Some("direct") {
                break;
            }
            let options = PlanOptions::new().accuracy(accuracy);
            let (algorithm, times) = workload
                .time(&options, arguments.seed, budget)
                .with_context(|| format!("workload {}", workload.name()))?;
            first = Some(algorithm);
            rows.push(Row {
                workload: workload.name().to_owned(),
                peer: "equivariant",
                threads: arguments.threads,
                median_s: times.median,
                min_s: times.least,
                reps: times.repetitions,
                algorithm,
                strict: strict || algorithm == "direct",
            });
        }
    }
    Ok(rows)
}

fn lines<Line: Serialize>(rows: &[Line]) -> anyhow::Result<String> {
    let mut text = String::new();
    for row in rows {
        text += &serde_json::to_string(row)?;
        text.push('\n');
    }
    Ok(text)
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:40} {:>12} {:>12}  algorithm\n", "workload", "median µs", "least µs");
    for row in rows {
        let (median, least) = (row.median_s * 1e6, row.min_s * 1e6);
        text += &format!("{:40} {median:12.1} {least:12.1}  {}\n", row.workload, row.algorithm);
    }
    text
}

/// A size of the crossover table.
#[derive(Clone, Debug, Serialize)]
struct Crossing {
    signal: Vec<usize>,
    kernel: Vec<usize>,
    /// (algorithm, least seconds)
    seconds: Vec<(&'static str, f64)>,
    chosen: &'static str,
    /// Time of the chosen over time of the best of the planner's kernels, less one.
    regret: f64,
}

/// Kernels against each other on one channel, in one dimension and two.
fn crossover(arguments: &Arguments) -> anyhow::Result<(String, String)> {
    let budget = Duration::from_millis(if arguments.quick { 20 } else { 200 });
    let (lengths, sides): (&[usize], &[usize]) =
        if arguments.quick { (&[10_000], &[64]) } else { (&[10_000, 100_000], &[64, 256]) };
    let mut sizes = Vec::new();
    for &length in lengths {
        sizes.extend([3, 7, 15, 31, 63, 127, 255].map(|taps| (vec![length], vec![taps])));
    }
    for &side in sides {
        sizes.extend([3, 5, 7, 9, 15, 31].map(|taps| (vec![side, side], vec![taps, taps])));
    }
    let mut crossings = Vec::new();
    for (signal, kernel) in sizes {
        crossings.push(cross(signal, kernel, arguments.seed, budget)?);
    }
    let mut regrets: Vec<f64> = crossings.iter().map(|crossing| crossing.regret).collect();
    regrets.sort_by(f64::total_cmp);
    let mut text = format!("{:16} {:10}  microseconds, the planner's choice last\n", "signal", "kernel");
    for crossing in &crossings {
        text += &format!("{:16} {:10} ", format!("{:?}", crossing.signal), format!("{:?}", crossing.kernel));
        for (name, seconds) in &crossing.seconds {
            text += &format!(" {name} {:.1},", seconds * 1e6);
        }
        text += &format!(" → {}\n", crossing.chosen);
    }
    text += &format!(
        "regret among the planner's kernels: median {:.0} %, worst {:.0} %\n",
        100.0 * regrets[regrets.len() / 2],
        100.0 * regrets[regrets.len() - 1]
    );
    Ok((text, lines(&crossings)?))
}

fn cross(
    signal: Vec<usize>,
    kernel: Vec<usize>,
    seed: u64,
    budget: Duration,
) -> Result<Crossing, ConvolutionError> {
    let problem = Problem::single_channel(Operation::Convolution, &kernel, &signal, Extent::Full)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut array =
        |shape: Vec<usize>| ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0f32));
    let (weights, entries) = (array(problem.kernel_shape()), array(problem.signal_shape()));
    let mut output = ArrayD::zeros(problem.output_shape());
    let mut seconds = Vec::new();
    for kernel in [Kernel::Direct, Kernel::WinogradTwo, Kernel::WinogradFour] {
        let Ok(mut plan) = Plan::forward(&problem, &PlanOptions::new().kernel(kernel)) else { continue };
        plan.prepare(weights.view(), None)?;
        let times = Times::of(budget, || plan.run(entries.view(), output.view_mut()))?;
        seconds.push((plan.kernel_name(), times.least));
    }
    let chosen = Plan::<f32>::forward(&problem, &PlanOptions::new())?.kernel_name();
    let of = |name| seconds.iter().find(|(other, _)| *other == name).map_or(f64::NAN, |(_, time)| *time);
    let best = seconds.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min);
    let regret = of(chosen) / best - 1.0;
    let fourier = Times::of(budget, || Fourier.run(&problem, weights.view(), entries.view()).map(drop))?;
    seconds.push(("Fourier", fourier.least));
    Ok(Crossing { signal, kernel, seconds, chosen, regret })
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
        assert_eq!(names, ["a/fwd", "b/bwd", "c"]);
        for row in &rows {
            assert_eq!(
                (&row["peer"], &row["threads"], &row["strict"]),
                (&"equivariant".into(), &1.into(), &true.into())
            );
            assert!(row["median_s"].as_f64().unwrap() >= row["min_s"].as_f64().unwrap());
            assert!(row["reps"].as_u64().unwrap() >= 5 && row["algorithm"] == "direct");
        }
    }

    #[test]
    fn what_is_no_list_of_workloads_is_wrong_use() {
        assert!(bench("[]").is_err());
        assert!(bench(r#"[{"kind":"conv3d"}]"#).is_err());
        let too_large = r#"[{"name":"a","kind":"conv2d","n":1,"cin":1,"h":2,"w":2,"cout":1,"k":3}]"#;
        assert!(format!("{:#}", bench(too_large).unwrap_err()).contains("workload a"));
    }
}
