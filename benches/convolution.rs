//! Direct against Fourier against overlap-add: full convolution of one channel in one and two dimensions, f32.
//!
//! `cargo bench --bench convolution`; answers are compared with the definition's before anything is timed.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use equivariant::conv::planner::algorithm;
use equivariant::conv::{Choice, Extent, Operation, Problem};
use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CHOICES: [Choice; 3] = [Choice::MatrixProduct, Choice::Fourier, Choice::OverlapAdd];

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

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(problem.multiply_adds() as u64)).sample_size(10);
    for choice in CHOICES {
        let Ok(algorithm) = algorithm::<f32>(&problem, choice) else { continue };
        let output = algorithm.run(&problem, kernel.view(), signal.view()).expect("the shapes fit");
        let bound = algorithm.error_bound(&problem, kernel.view(), signal.view()).expect("the shapes fit");
        for (((y, t), b), tb) in output.iter().zip(&truth).zip(&bound).zip(&truth_bound) {
            assert!(f64::from((y - t).abs()) <= b + tb, "{} is wrong", choice.name());
        }
        let parameter = format!("kernel {kernel_space:?}, signal {signal_space:?}");
        group.bench_function(BenchmarkId::new(choice.name(), parameter), |bencher| {
            bencher.iter(|| algorithm.run(&problem, kernel.view(), signal.view()));
        });
    }
    group.finish();
}

fn one_dimension(criterion: &mut Criterion) {
    for (signal, kernel) in [(10_000, 7), (10_000, 31), (10_000, 127), (100_000, 255)] {
        compare(criterion, "convolution 1-D", &[signal], &[kernel]);
    }
}

fn two_dimensions(criterion: &mut Criterion) {
    for (signal, kernel) in [(128, 3), (128, 9), (128, 31), (256, 15)] {
        compare(criterion, "convolution 2-D", &[signal, signal], &[kernel, kernel]);
    }
}

criterion_group!(benches, one_dimension, two_dimensions);
criterion_main!(benches);
