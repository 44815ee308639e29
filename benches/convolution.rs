//! Direct against Fourier against the rest: full convolution of one channel in one and two dimensions, f32,
//! over sizes of signal and kernel. Plans are warm, with the kernel prepared; what has no plan starts anew
//! each time.
//!
//! `cargo bench --bench convolution`, or with `-- --quick` in a minute or so. Answers are compared with the
//! definition's before anything is timed.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use equivariant::conv::algorithm::choice::algorithm;
use equivariant::conv::plan::{Method, Plan, PlanOptions, Workspace};
use equivariant::conv::{Choice, Extent, Operation, Problem};
use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const UNPLANNED: [Choice; 3] = [Choice::MatrixProduct, Choice::Fourier, Choice::OverlapAdd];

/// An array with one sample and one channel, uniform in [−1, 1).
fn random(space: &[usize], generator: &mut ChaCha8Rng) -> ArrayD<f32> {
    let shape = [&[1, 1], space].concat();
    ArrayD::from_shape_simple_fn(shape, || generator.random_range(-1.0..1.0))
}

fn compare(criterion: &mut Criterion, name: &str, signal_space: &[usize], kernel_space: &[usize]) {
    let mut generator = ChaCha8Rng::seed_from_u64(0);
    let problem = Problem::single_channel(Operation::Convolution, kernel_space, signal_space, Extent::Full)
        .expect("these sizes fit");
    let signal = random(signal_space, &mut generator);
    let kernel = random(kernel_space, &mut generator);
    let definition =
        algorithm::<f32>(&problem, Choice::Definition).expect("the definition computes everything");
    let truth = definition.run(&problem, kernel.view(), signal.view()).expect("the shapes fit");
    let truth_bound = definition.error_bound(&problem, kernel.view(), signal.view()).expect("the shapes fit");
    let check = |output: &ArrayD<f32>, choice: Choice| {
        let algorithm = algorithm::<f32>(&problem, choice).expect("it ran");
        let bound = algorithm.error_bound(&problem, kernel.view(), signal.view()).expect("the shapes fit");
        for (((y, t), b), tb) in output.iter().zip(&truth).zip(&bound).zip(&truth_bound) {
            assert!(f64::from((y - t).abs()) <= b + tb, "{} is wrong", choice.name());
        }
    };

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(problem.multiply_adds() as u64)).sample_size(10);
    let parameter = format!("kernel {kernel_space:?}, signal {signal_space:?}");
    for method in Method::ALL {
        let options = PlanOptions::new().method(method);
        let Ok(plan) = Plan::forward(&problem, &options) else { continue };
        let plan = plan.prepare(kernel.view(), None).expect("the shapes fit");
        let mut workspace = Workspace::new();
        let mut output = ArrayD::zeros(problem.output_shape());
        plan.run(signal.view(), output.view_mut(), &mut workspace).expect("the shapes fit");
        check(&output, Choice::Planned(method));
        let name = format!("{}, planned", method.name());
        group.bench_function(BenchmarkId::new(name, &parameter), |bencher| {
            bencher.iter(|| plan.run(signal.view(), output.view_mut(), &mut workspace));
        });
    }
    for choice in UNPLANNED {
        let Ok(algorithm) = algorithm::<f32>(&problem, choice) else { continue };
        check(&algorithm.run(&problem, kernel.view(), signal.view()).expect("the shapes fit"), choice);
        group.bench_function(BenchmarkId::new(choice.name(), &parameter), |bencher| {
            bencher.iter(|| algorithm.run(&problem, kernel.view(), signal.view()));
        });
    }
    group.finish();
}

fn one_dimension(criterion: &mut Criterion) {
    for signal in [1000, 10_000, 100_000] {
        for kernel in [3, 15, 63, 255] {
            compare(criterion, "convolution 1-D", &[signal], &[kernel]);
        }
    }
}

fn two_dimensions(criterion: &mut Criterion) {
    for signal in [32, 128, 256] {
        for kernel in [3, 7, 15, 31] {
            compare(criterion, "convolution 2-D", &[signal, signal], &[kernel, kernel]);
        }
    }
}

criterion_group!(benches, one_dimension, two_dimensions);
criterion_main!(benches);
