//! Layers over `f32`: forward and backward as layers run them, against the definition; and a whole network in
//! its three ways of running.
//!
//! A layer plans its kernels anew in each call, and hands out new arrays; `equivariant bench --workloads`
//! times what a plan that is kept takes.
//!
//! `cargo bench --bench layer`.

use criterion::{Criterion, criterion_group, criterion_main};
use equivariant::conv::{Algorithm, Definition, adjoint};
use equivariant::executor::Executor;
use equivariant::layer::{Convolution, Dense, Initialisation, Layer, Mode};
use equivariant::network::{Inference, Weights, lenet5};
use ndarray::ArrayD;

/// Small multiples of 1/97, some of them negative.
fn numbers(shape: &[usize]) -> ArrayD<f32> {
    let mut at = 0;
    ArrayD::from_shape_simple_fn(shape, || {
        at += 1;
        (at * at % 97) as f32 / 97.0 - 0.5
    })
}

fn convolutions(criterion: &mut Criterion) {
    let layers = [
        ("LeNet-5, first", Convolution::new(1, 6, [5, 5]).padding([2, 2]), [16, 1, 28, 28]),
        ("LeNet-5, second", Convolution::new(6, 16, [5, 5]), [16, 6, 14, 14]),
        ("3 × 3, 32 → 32 on 14 × 14", Convolution::new(32, 32, [3, 3]).padding([1, 1]), [4, 32, 14, 14]),
    ];
    for (name, layer, shape) in layers {
        let problem = layer.problem(&shape).expect("the layer takes this shape");
        let (x, dy) = (numbers(&shape), numbers(&problem.output_shape()));
        let weights = [numbers(&problem.kernel_shape()), numbers(&[layer.outputs])];
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        group.bench_function("forward, layer", |bencher| {
            bencher.iter(|| layer.forward(&x, &weights, Mode::Inference).expect("the shapes fit"));
        });
        group.bench_function("forward, definition", |bencher| {
            bencher.iter(|| Definition.run(&problem, weights[0].view(), x.view()).expect("the shapes fit"));
        });
        group.bench_function("backward, layer", |bencher| {
            bencher.iter(|| {
                layer.backward(&x, &weights, Mode::Training { seed: 0 }, &dy).expect("the shapes fit")
            });
        });
        group.bench_function("backward, definition", |bencher| {
            bencher.iter(|| {
                let input = adjoint::transposed(&problem, weights[0].view(), dy.view());
                (input, adjoint::kernel_gradient(&problem, x.view(), dy.view()))
            });
        });
        group.finish();
    }
}

fn dense(criterion: &mut Criterion) {
    let layer = Dense::new(400, 120);
    let weights = [numbers(&[120, 400]), numbers(&[120])];
    let (x, dy) = (numbers(&[64, 400]), numbers(&[64, 120]));
    let mut group = criterion.benchmark_group("dense 400 → 120, 64 samples");
    group.bench_function("forward", |bencher| {
        bencher.iter(|| layer.forward(&x, &weights, Mode::Inference).expect("the shapes fit"));
    });
    group.bench_function("backward", |bencher| {
        bencher
            .iter(|| layer.backward(&x, &weights, Mode::Training { seed: 0 }, &dy).expect("the shapes fit"));
    });
    group.finish();
}

/// LeNet-5, one sample and many: by the definition of the layers, prepared, and sixteen samples side by side.
fn networks(criterion: &mut Criterion) {
    let network = lenet5(10);
    let weights = Weights::initial(&network, Initialisation::He, 1);
    let arrays = weights.arrays::<f32>();
    let inference: Inference<f32> = network.prepare(&weights, &[1, 28, 28]).expect("the shapes fit");
    let mut executor = Executor::new(&network, &[1, 28, 28]).expect("the shapes fit");
    for samples in [1, 128] {
        let x = numbers(&[samples, 1, 28, 28]);
        let rows: Vec<f32> = x.iter().copied().collect();
        let mut outputs = vec![0.0; samples * 10];
        let mut group = criterion.benchmark_group(format!("LeNet-5, {samples} samples"));
        group.sample_size(10);
        group.bench_function("forward", |bencher| {
            bencher.iter(|| network.forward(&x, &arrays, Mode::Inference).expect("the shapes fit"));
        });
        group.bench_function("inference", |bencher| {
            bencher.iter(|| inference.run(x.view()).expect("the shapes fit"));
        });
        group.bench_function("executor", |bencher| {
            bencher.iter(|| executor.predict(&weights, &rows, &mut outputs));
        });
        group.finish();
    }
}

criterion_group!(benches, convolutions, dense, networks);
criterion_main!(benches);
