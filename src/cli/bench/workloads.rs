//! A list of workloads, in the format that other programs' runners take too, and the time of each.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::timing::{Times, random_arrays};
use crate::cli::shard::{Digest, FIELD, Mark, PRODUCTS_A_SECOND};
use crate::conv::plan::{Accuracy, GradientPlan, Plan, PlanOptions, Workspace};
use crate::conv::{ConvolutionError, Extent, Operation, Options, Problem};

/// The largest number of a workload: no product of three of them overflows.
const LARGEST_NUMBER: usize = 1 << 20;
/// Entries of the largest array of a workload: 2²⁸, a gigabyte.
const LARGEST_ARRAY: usize = 1 << 28;

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
    threads: usize,
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

    /// That no number and no array is larger than what is timed.
    fn check_sizes(&self) -> anyhow::Result<()> {
        let numbers = match *self {
            Workload::Conv1d { n, k, .. } => vec![n, k],
            Workload::Conv2d { n, cin, h, w, cout, k, stride, pad, dil, groups, .. } => {
                vec![n, cin, h, w, cout, k, stride, pad, dil, groups]
            }
        };
        if let Some(number) = numbers.into_iter().find(|&number| number > LARGEST_NUMBER) {
            bail!("{number} is more than {LARGEST_NUMBER}, the largest number that is timed");
        }
        let (problem, ..) = self.problem()?;
        for shape in [problem.signal_shape(), problem.kernel_shape(), problem.output_shape()] {
            let entries = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
            if entries.is_none_or(|entries| entries > LARGEST_ARRAY) {
                bail!(
                    "an array of shape {shape:?} has more than {LARGEST_ARRAY} entries, the most that are \
                     timed"
                );
            }
        }
        Ok(())
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
        let [kernel, signal, y] = random_arrays(&problem, seed);
        let forward = Plan::forward(&problem, options)?;
        let back = Plan::transposed(&problem, options)?;
        let (forward_name, back_name) = (forward.method_name(), back.method_name());
        let workspace = &mut Workspace::new();
        let (mut output, mut gradient) = (ArrayD::zeros(y.raw_dim()), ArrayD::zeros(signal.raw_dim()));
        if pass == Pass::Fwd && !transposed {
            let forward = forward.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || forward.run(signal.view(), output.view_mut(), workspace))?;
            return Ok((forward_name, times));
        }
        if pass == Pass::Fwd {
            let back = back.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || back.run(y.view(), gradient.view_mut(), workspace))?;
            return Ok((back_name, times));
        }
        let mut of_kernel = GradientPlan::new(&problem, options);
        let mut kernel_gradient = ArrayD::zeros(kernel.raw_dim());
        if transposed {
            // Of a transposed convolution, the forward map is the gradient of the input.
            let forward = forward.prepare(kernel.view(), None)?;
            let times = Times::of(budget, || {
                forward.run(signal.view(), output.view_mut(), workspace)?;
                of_kernel.run(signal.view(), y.view(), kernel_gradient.view_mut())
            })?;
            return Ok((forward_name, times));
        }
        let back = back.prepare(kernel.view(), None)?;
        let times = Times::of(budget, || {
            back.run(y.view(), gradient.view_mut(), workspace)?;
            of_kernel.run(signal.view(), y.view(), kernel_gradient.view_mut())
        })?;
        Ok((back_name, times))
    }
}

/// A list of workloads as it was read.
pub(super) struct List {
    workloads: Vec<Workload>,
    digest: String,
}

impl List {
    /// Reads a list.
    ///
    /// # Errors
    /// If there is none in the file, or it is empty.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let workloads: Vec<Workload> = serde_json::from_str(&text)
            .with_context(|| format!("{} is no list of workloads", path.display()))?;
        if workloads.is_empty() {
            bail!("{} lists no workload", path.display());
        }
        Ok(List { workloads, digest: Digest::default().bytes(text.as_bytes()).finish() })
    }

    pub(super) fn len(&self) -> usize {
        self.workloads.len()
    }

    /// What tells this list from others.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// About how long each takes, in seconds: twice the budget, or a dozen runs of the definition. What
    /// cannot be timed costs nothing.
    pub(super) fn costs(&self, budget: Duration) -> Vec<f64> {
        let cost = |workload: &Workload| match workload.check_sizes().and_then(|()| Ok(workload.problem()?)) {
            Ok((problem, ..)) => {
                2.0 * budget.as_secs_f64() + 12.0 * problem.multiply_adds() as f64 / PRODUCTS_A_SECOND
            }
            Err(_) => 0.0,
        };
        self.workloads.iter().map(cost).collect()
    }

    /// Times the workloads, or those of a shard, and tells as a table and as JSON, a line for each.
    ///
    /// # Errors
    /// If one is too large or no valid problem.
    pub(super) fn run(
        &self,
        part: Option<&Mark>,
        threads: usize,
        seed: u64,
        budget: Duration,
    ) -> anyhow::Result<(String, String)> {
        let Some(part) = part else {
            let rows = time(&self.workloads, threads, seed, budget)?;
            return Ok((table(&rows), lines(&rows)?));
        };
        let (mut all, mut text) = (Vec::new(), String::new());
        for &place in &part.dealt {
            let rows = time(&self.workloads[place..=place], threads, seed, budget)?;
            let mark = serde_json::to_value(Mark { place: Some(place), ..part.clone() })?;
            for row in &rows {
                let mut line = serde_json::to_value(row)?;
                line[FIELD] = mark.clone();
                text += &format!("{line}\n");
            }
            all.extend(rows);
        }
        // A shard without work is none that is missing.
        if part.dealt.is_empty() {
            text = format!("{}\n", serde_json::json!({FIELD: part}));
        }
        Ok((table(&all), text))
    }
}

/// Whether a kernel adds the products of the definition and nothing else.
fn is_strict(algorithm: &str) -> bool {
    algorithm.starts_with("direct")
}

/// One row for each workload, two where the strict setting has another kernel than the default.
fn time(workloads: &[Workload], threads: usize, seed: u64, budget: Duration) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    for workload in workloads {
        let in_workload = || format!("workload {}", workload.name());
        workload.check_sizes().with_context(in_workload)?;
        let mut first = None;
        for (strict, accuracy) in [(false, Accuracy::default()), (true, Accuracy::Strict)] {
            if strict && first.is_some_and(is_strict) {
                break;
            }
            let options = PlanOptions::new().accuracy(accuracy);
            let (algorithm, times) = workload.time(&options, seed, budget).with_context(in_workload)?;
            first = Some(algorithm);
            rows.push(Row {
                workload: workload.name().to_owned(),
                peer: "equivariant",
                threads,
                median_s: times.median,
                min_s: times.least,
                reps: times.repetitions,
                algorithm,
                strict: strict || is_strict(algorithm),
            });
        }
    }
    Ok(rows)
}

fn lines(rows: &[Row]) -> anyhow::Result<String> {
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
