//! How many nanoseconds a unit of each kernel's cost takes here.

use std::time::Duration;

use ndarray::ArrayD;

use super::timing::Times;
use crate::conv::plan::{Machine, Method, Plan, PlanOptions, Workspace};
use crate::conv::{ConvolutionError, Operation, Options, Problem};
use crate::simd::Element;

/// Measures, keeps and tells.
///
/// # Errors
/// If the cache directory cannot be written.
pub(super) fn run(seed: u64, budget: Duration) -> anyhow::Result<String> {
    let mut machine = Machine::default();
    for kernel in Method::ALL {
        machine = machine.with_nanoseconds::<f32>(kernel, measure::<f32>(kernel, seed, budget)?);
        machine = machine.with_nanoseconds::<f64>(kernel, measure::<f64>(kernel, seed, budget)?);
    }
    let path = machine.save()?;
    let mut text = format!("{:16} {:>10} {:>10}\n", "ns a unit of cost", "f32", "f64");
    for kernel in Method::ALL {
        let (single, double) = (machine.nanoseconds::<f32>(kernel), machine.nanoseconds::<f64>(kernel));
        text += &format!("{:17} {single:10.3} {double:10.3}\n", format!("{kernel:?}"));
    }
    text += &format!("kept in {}\n", path.display());
    Ok(text)
}

/// The median over some shapes, on one thread: a shape that a kernel was not made for does not count.
fn measure<T: Element>(kernel: Method, seed: u64, budget: Duration) -> anyhow::Result<f64> {
    let mut nanoseconds = Vec::new();
    for problem in shapes()? {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let options = PlanOptions::new().method(kernel);
        let Ok(plan) = Plan::<T>::forward(&problem, &options) else { continue };
        let entry = |n: usize| T::rounded(((n as u64 ^ seed) % 17) as f64 / 8.0 - 1.0);
        let fill = |shape: Vec<usize>| {
            let mut n = 0;
            ArrayD::from_shape_simple_fn(shape, || {
                n += 1;
                entry(n)
            })
        };
        let cost = plan.candidates().iter().map(|candidate| candidate.cost).sum::<f64>();
        let convolution = plan.prepare(fill(problem.kernel_shape()).view(), None)?;
        let signal = fill(problem.signal_shape());
        let mut output = ArrayD::zeros(problem.output_shape());
        let mut workspace = Workspace::new();
        let run = || convolution.run(signal.view(), output.view_mut(), &mut workspace);
        let times = pool.install(|| Times::of(budget, run))?;
        nanoseconds.push(times.least * 1e9 / cost);
    }
    nanoseconds.sort_by(f64::total_cmp);
    Ok(nanoseconds[nanoseconds.len() / 2])
}

/// Layers and planes, most of which all kernels can run.
fn shapes() -> Result<Vec<Problem>, ConvolutionError> {
    [
        (1, 1, 128, 1, 3, 1),
        (1, 16, 64, 16, 3, 1),
        (1, 64, 28, 64, 3, 1),
        (8, 16, 32, 24, 3, 1),
        (1, 1, 128, 1, 9, 1),
        (2, 16, 32, 16, 7, 1),
        (8, 64, 28, 64, 3, 64),
        (8, 64, 28, 64, 7, 64),
    ]
    .into_iter()
    .map(|(batch, channels, side, results, taps, groups)| {
        let options = Options::new().padding([taps / 2; 2]).groups(groups);
        Problem::new(
            Operation::Correlation,
            &[results, channels / groups, taps, taps],
            &[batch, channels, side, side],
            &options,
        )
    })
    .collect()
}
