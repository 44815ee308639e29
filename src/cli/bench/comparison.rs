//! Kernels against each other: over signal and kernel sizes of one channel, and over the layers that people
//! use.

use std::time::Duration;

use ndarray::ArrayD;

use super::timing::{Contender, in_turns, random_arrays};
use crate::cli::shard::PRODUCTS_A_SECOND;
use crate::conv::plan::{Method, Plan, PlanOptions, Workspace};
use crate::conv::{Algorithm, ConvolutionError, Extent, Fourier, Operation, Options, Problem};
use crate::report::crossover::{Comparison, ComparisonRun, Family};

/// Direct convolutions of more products than this are not timed: they take seconds.
const MOST_PRODUCTS: u128 = 2_000_000_000;

/// Times these shapes.
///
/// # Errors
/// If no method runs one of them, which is not so.
pub(super) fn run(
    shapes: &[(Family, Problem)],
    threads: usize,
    seed: u64,
    budget: Duration,
) -> anyhow::Result<ComparisonRun> {
    let mut comparisons = Vec::new();
    for (family, problem) in shapes {
        comparisons.push(compare(*family, problem, seed, budget)?);
    }
    Ok(ComparisonRun { version: env!("CARGO_PKG_VERSION"), seed, threads, comparisons })
}

/// About how long each takes, in seconds: some methods, each for the budget, or ten rounds of a direct one.
pub(super) fn costs(shapes: &[(Family, Problem)], budget: Duration) -> Vec<f64> {
    let cost = |(_, problem): &(Family, Problem)| {
        let products = problem.multiply_adds().min(MOST_PRODUCTS) as f64;
        4.0 * budget.as_secs_f64() + 10.0 * products / PRODUCTS_A_SECOND
    };
    shapes.iter().map(cost).collect()
}

/// The shapes, the ones of a family in the order of their kernels.
///
/// # Errors
/// If a shape is not a valid problem, which none is.
pub(super) fn shapes(quick: bool) -> Result<Vec<(Family, Problem)>, ConvolutionError> {
    let mut shapes = Vec::new();
    let (lengths, sides): (&[usize], &[usize]) =
        if quick { (&[10_000], &[64]) } else { (&[1000, 10_000, 100_000], &[32, 128, 512]) };
    for &length in lengths {
        let taps: &[usize] = if quick { &[3, 15, 63, 255] } else { &[3, 7, 15, 31, 63, 127, 255, 511, 1023] };
        for &taps in taps.iter().filter(|&&taps| taps <= length) {
            let problem = Problem::single_channel(Operation::Convolution, &[taps], &[length], Extent::Full)?;
            shapes.push((Family::Line, problem));
        }
    }
    for &side in sides {
        let taps: &[usize] = if quick { &[3, 7, 15] } else { &[3, 5, 7, 9, 11, 15, 21, 31, 63] };
        for &taps in taps.iter().filter(|&&taps| taps <= side) {
            let (kernel, signal) = ([taps, taps], [side, side]);
            let problem = Problem::single_channel(Operation::Convolution, &kernel, &signal, Extent::Full)?;
            shapes.push((Family::Plane, problem));
        }
    }
    // (batch, channels, side, results, taps, stride, dilation, groups)
    let mut layers = vec![
        (64, 1, 28, 6, 5, 1, 1, 1),
        (64, 6, 14, 16, 5, 1, 1, 1),
        (1, 64, 56, 64, 3, 1, 1, 1),
        (8, 64, 32, 64, 1, 1, 1, 1),
    ];
    if !quick {
        layers.extend([
            (64, 40, 26, 40, 3, 1, 1, 1),
            (8, 64, 56, 64, 3, 1, 1, 1),
            (8, 128, 28, 128, 3, 1, 1, 1),
            (8, 256, 14, 256, 3, 1, 1, 1),
            (1, 256, 14, 256, 3, 1, 1, 1),
            (8, 256, 28, 256, 1, 1, 1, 1),
            (8, 64, 56, 128, 3, 2, 1, 1),
            (8, 64, 32, 64, 3, 1, 2, 1),
            (8, 64, 56, 64, 3, 1, 1, 64),
            (8, 64, 56, 64, 7, 1, 1, 64),
            (8, 3, 64, 32, 7, 2, 1, 1),
            (1, 3, 224, 64, 7, 2, 1, 1),
            (4, 16, 64, 16, 5, 1, 1, 1),
            (4, 16, 64, 16, 7, 1, 1, 1),
            (4, 16, 64, 16, 9, 1, 1, 1),
            (4, 16, 64, 16, 15, 1, 1, 1),
            (1, 8, 128, 8, 5, 1, 1, 1),
            (1, 8, 128, 8, 11, 1, 1, 1),
            (1, 1, 128, 16, 7, 1, 1, 1),
            (16, 32, 32, 32, 5, 1, 1, 1),
            (16, 32, 32, 32, 3, 1, 1, 4),
            (32, 3, 32, 16, 3, 1, 1, 1),
            (1, 512, 7, 512, 3, 1, 1, 1),
        ]);
    }
    for (batch, channels, side, results, taps, stride, dilation, groups) in layers {
        let padding = dilation * (taps - 1) / 2;
        let options =
            Options::new().padding([padding; 2]).stride([stride; 2]).dilation([dilation; 2]).groups(groups);
        let (kernel, signal) = ([results, channels / groups, taps, taps], [batch, channels, side, side]);
        shapes.push((Family::Layer, Problem::new(Operation::Correlation, &kernel, &signal, &options)?));
    }
    Ok(shapes)
}

fn compare(family: Family, problem: &Problem, seed: u64, budget: Duration) -> anyhow::Result<Comparison> {
    let [weights, signal, _] = random_arrays(problem, seed);
    let mut contenders: Vec<Contender<'_>> = Vec::new();
    for kernel in Method::ALL {
        if matches!(kernel, Method::Direct | Method::DirectTiles | Method::Depthwise)
            && problem.multiply_adds() > MOST_PRODUCTS
        {
            continue;
        }
        let Ok(plan) = Plan::forward(problem, &PlanOptions::new().method(kernel)) else { continue };
        let (signal, mut output) = (&signal, ArrayD::zeros(problem.output_shape()));
        let name = plan.method_name();
        let (convolution, mut workspace) = (plan.prepare(weights.view(), None)?, Workspace::new());
        let run = move || Ok(convolution.run(signal.view(), output.view_mut(), &mut workspace)?);
        contenders.push((name, Box::new(run)));
    }
    if family != Family::Layer {
        let (weights, signal) = (&weights, &signal);
        let run = move || Ok(Fourier.run(problem, weights.view(), signal.view()).map(drop)?);
        contenders.push((UNPLANNED, Box::new(run)));
    }
    let seconds = in_turns(&mut contenders, budget)?;
    let plan = Plan::<f32>::forward(problem, &PlanOptions::new())?;
    let planned = seconds.iter().filter(|(name, _)| *name != UNPLANNED);
    let best = planned.fold(f64::INFINITY, |best, (_, seconds)| best.min(*seconds));
    let chosen = seconds.iter().find(|(name, _)| *name == plan.method_name());
    Ok(Comparison {
        family,
        signal: problem.signal_shape(),
        kernel: problem.kernel_shape(),
        output: problem.output_shape(),
        products: problem.multiply_adds() as f64,
        chosen: plan.method_name(),
        regret: chosen.map_or(0.0, |(_, seconds)| seconds / best - 1.0),
        seconds,
    })
}

/// The transform of the whole signal, planned anew in each run.
const UNPLANNED: &str = "unplanned transform";
