//! Programs of foreign models: lowering, and running in several readings.
//!
//! A network of the sizes of ResNet-18 (He et al., *Deep residual learning for image recognition*, 2016) on
//! 64 × 64 pixels: 0.15 · 10⁹ products a run.
//!
//! `cargo bench --bench model`.

use criterion::{Criterion, criterion_group, criterion_main};
use equivariant::layer::{
    Activation, BatchNormalisation, Convolution, Dense, Flatten, GlobalPool, Initialisation, Pool,
};
use equivariant::model::{Arithmetic, Bounds, FixedPoint, Floats, Model, Oracle, Program};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Network, Residual, Weights, lenet5};
use ndarray::ArrayD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Two convolutions beside a shortcut, which is one convolution where the size changes.
fn block(network: Network, inputs: usize, outputs: usize, stride: usize) -> Network {
    let convolution = |inputs: usize, taps: usize, stride: usize| {
        Convolution::new(inputs, outputs, [taps, taps])
            .stride([stride, stride])
            .padding([taps / 2, taps / 2])
            .without_bias()
    };
    let body = Network::new()
        .then(convolution(inputs, 3, stride))
        .then(BatchNormalisation::new(outputs))
        .then(Activation::Relu)
        .then(convolution(outputs, 3, 1))
        .then(BatchNormalisation::new(outputs));
    let mut residual = Residual::new(body);
    if inputs != outputs {
        let shortcut =
            Network::new().then(convolution(inputs, 1, stride)).then(BatchNormalisation::new(outputs));
        residual = residual.shortcut(shortcut);
    }
    network.then(residual).then(Activation::Relu)
}

fn resnet18() -> Network {
    let stem = Network::new()
        .then(Convolution::new(3, 64, [7, 7]).stride([2, 2]).padding([3, 3]).without_bias())
        .then(BatchNormalisation::new(64))
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]));
    let stages = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)];
    let body = stages.into_iter().fold(stem, |network, (inputs, outputs, stride)| {
        block(block(network, inputs, outputs, stride), outputs, outputs, 1)
    });
    body.then(GlobalPool::MEAN).then(Flatten).then(Dense::new(512, 10))
}

fn model(network: &Network, sample: &[usize]) -> Model {
    let weights = Weights::initial(network, Initialisation::He, 0);
    let bytes = to_onnx(network, &weights, sample).expect("the network can be exported");
    Model::from_bytes(&bytes).expect("what is exported can be read")
}

fn program(model: &Model, shape: &[usize]) -> Program {
    model.program(&[(&model.inputs()[0].name, shape)]).expect("every operator is lowered")
}

/// Runs with constants that are read once.
fn run<A: Arithmetic>(criterion: &mut Criterion, name: &str, program: &Program, arithmetic: &A) {
    let prepared = program.prepare(arithmetic);
    let shape = program.slots[program.inputs[0]].shape.as_slice();
    let mut at = 0_u64;
    // Small multiples of 1/128, some of them negative.
    let input = ArrayD::from_shape_simple_fn(shape, || {
        at += 1;
        arithmetic.constant((at * at % 97) as f64 / 128.0 - 0.375)
    });
    let mut group = criterion.benchmark_group("run");
    group.sample_size(10);
    group.bench_function(name, |bencher| {
        bencher.iter(|| prepared.outputs(std::slice::from_ref(&input)).expect("the input fits"));
    });
    group.finish();
}

fn models(criterion: &mut Criterion) {
    let (large, small) = (model(&resnet18(), &[3, 64, 64]), model(&lenet5(10), &[1, 28, 28]));
    let mut group = criterion.benchmark_group("lower");
    group.sample_size(10);
    group.bench_function("ResNet-18", |bencher| bencher.iter(|| program(&large, &[1, 3, 64, 64])));
    group.finish();
    let large = program(&large, &[1, 3, 64, 64]);
    let small = program(&small, &[1, 1, 28, 28]);
    run(criterion, "ResNet-18, floats", &large, &Floats::double());
    run(criterion, "LeNet-5, floats", &small, &Floats::double());
    run(criterion, "LeNet-5, bounds", &small, &Bounds::exact());
    run(criterion, "LeNet-5, fixed point", &small, &FixedPoint);
    let oracle = Oracle::draw(&mut ChaCha8Rng::seed_from_u64(0));
    run(criterion, "LeNet-5, GF(p)", &small, &oracle);
}

criterion_group!(benches, models);
criterion_main!(benches);
