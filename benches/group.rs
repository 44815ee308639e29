//! What equivariance costs: a group layer against the ordinary one with as many channels, and the check of
//! such a layer.
//!
//! The layer is that of P4CNN, 10 → 10 regular fields of C4, 3 × 3, on 64 samples of 26 × 26: forward, and
//! forward and backward, as networks run it; then what it takes to establish that it commutes with the
//! quarter turns, for all weights: by argument, and by a certificate over GF(p) on a small and on the full
//! shape.
//!
//! `cargo bench --bench group`.

use criterion::{Criterion, criterion_group, criterion_main};
use equivariant::executor::{Executor, Objective};
use equivariant::group::C4;
use equivariant::layer::{AnyLayer, Convolution, GroupConvolution, Initialisation, Layer};
use equivariant::network::{Network, Weights};
use equivariant::signal::{FeatureType, GridGroup};
use equivariant::verify::{Reading, prove};

/// Samples of a batch.
const SAMPLES: usize = 64;
/// Channels of the layer.
const CHANNELS: usize = 40;
/// Side of its input.
const SIDE: usize = 26;

fn layer() -> GroupConvolution {
    let maps = FeatureType::regular(&GridGroup::c4(), CHANNELS / 4);
    GroupConvolution::new(maps.clone(), maps, [3, 3])
}

fn cost_of_sharing(criterion: &mut Criterion) {
    let steerable = layer().steerable(8);
    let layers: [(&str, AnyLayer); 3] = [
        ("ordinary", Convolution::new(CHANNELS, CHANNELS, [3, 3]).into()),
        ("group", layer().into()),
        ("steerable, 8 orientations", steerable.into()),
    ];
    let inputs: Vec<f32> =
        (0..SAMPLES * CHANNELS * SIDE * SIDE).map(|at| (at * at % 97) as f32 / 97.0 - 0.5).collect();
    let outputs = vec![0.125; SAMPLES * CHANNELS * (SIDE - 2) * (SIDE - 2)];
    for backward in [false, true] {
        let pass = if backward { "forward and backward" } else { "forward" };
        let mut group = criterion.benchmark_group(format!("3 × 3, 64 × 40 × 26 × 26 → 40, {pass}"));
        group.sample_size(20);
        for (name, layer) in &layers {
            let network = Network::new().then(layer.clone());
            let weights = Weights::initial(&network, Initialisation::He, 0);
            let sample = [CHANNELS, SIDE, SIDE];
            let mut executor = Executor::new(&network, &sample).expect("the layer takes such samples");
            let mut scores = outputs.clone();
            let mut gradient = vec![0.0; weights.trained.len()];
            group.bench_function(*name, |bencher| {
                bencher.iter(|| {
                    if backward {
                        let objective = Objective::Gradient { output: &outputs };
                        executor.step(&weights, &inputs, objective, 0, &mut gradient);
                    } else {
                        executor.predict(&weights, &inputs, &mut scores);
                    }
                });
            });
        }
        group.finish();
    }
}

fn check_of_a_layer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("10 → 10 regular fields of C4, 3 × 3: equivariance");
    group.sample_size(10);
    group.bench_function("argument, 26 × 26", |bencher| {
        let layer = layer();
        bencher.iter(|| layer.output_type(&[1, CHANNELS, SIDE, SIDE], &layer.inputs).expect("it commutes"));
    });
    for side in [4, SIDE] {
        group.bench_function(format!("certificate over GF(p), {side} × {side}"), |bencher| {
            bencher.iter(|| {
                let (layer, maps) = (layer(), layer().inputs.on_maps());
                let check = prove(layer).on([1, CHANNELS, side, side]).commutes_with(C4, maps.clone(), maps);
                check.readings([Reading::Field]).assert()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, cost_of_sharing, check_of_a_layer);
criterion_main!(benches);
