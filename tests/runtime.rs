//! Foreign models beside an independent runtime, rten: what it computes is within the derived bound of every
//! evaluation in `f32`, and so is what the reading of floats computes.
//!
//! The models are those that this crate exports, and those of the folder `../shared/models` where there is
//! one.
#![cfg(all(feature = "files", feature = "model"))]

use std::path::Path;

use equivariant::layer::Initialisation;
use equivariant::model::{Bounds, ElementType, Floats, Model};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Network, Weights, all_convolutional, lenet5, lenet5_of_1998, p4cnn};
use equivariant::scalar::Bounded;
use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn runtime(bytes: Vec<u8>, input: &ArrayD<f32>, rank: usize) -> Vec<f32> {
    let runtime = rten::Model::load(bytes).unwrap();
    let value = rten::Value::from_shape(input.shape(), input.iter().copied().collect::<Vec<_>>()).unwrap();
    let output = runtime.run_one(value.into(), None).unwrap();
    match rank {
        2 => output.into_shape_vec::<f32, 2>().unwrap().1,
        3 => output.into_shape_vec::<f32, 3>().unwrap().1,
        _ => output.into_shape_vec::<f32, 4>().unwrap().1,
    }
}

/// The seed of everything random: that of `EQUIVARIANT_SEED`, else the number of the day since 1970.
fn seed() -> u64 {
    let seed = std::env::var("EQUIVARIANT_SEED")
        .map(|text| text.parse().unwrap())
        .unwrap_or_else(|_| std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86400);
    println!("replay: EQUIVARIANT_SEED={seed} cargo test --features files,model --test runtime");
    seed
}

fn assert_within_bounds(name: &str, bytes: Vec<u8>, sample: Option<&[usize]>) {
    let model = Model::from_bytes(&bytes).unwrap();
    let shapes = sample.map(|shape| (model.inputs()[0].name.as_str(), shape));
    let program = model.program(&shapes.into_iter().collect::<Vec<_>>()).unwrap();
    let shape = program.slots[program.inputs[0]].shape.clone();
    let mut random = ChaCha8Rng::seed_from_u64(seed());
    let input = ArrayD::from_shape_simple_fn(shape.as_slice(), || random.random_range(-1.0..1.0_f32));
    let bounded = input.mapv(|x| Bounded::new(x.into()));
    let bounds = program.outputs(&Bounds::of_machine(ElementType::Float32), &[bounded]).unwrap();
    let ours = program.outputs(&Floats::of_the_model(), &[input.mapv(f64::from)]).unwrap();
    let theirs = runtime(bytes, &input, bounds[0].ndim());
    assert_eq!(theirs.len(), bounds[0].len(), "{name}");
    for ((bound, &ours), &theirs) in bounds[0].iter().zip(ours[0].iter()).zip(&theirs) {
        assert!(bound.error() < f64::INFINITY, "{name}: nothing is known of an output");
        for value in [ours, theirs.into()] {
            assert!(bound.may_equal(&Bounded::new(value)), "{name}: {value} is not within {bound}");
        }
    }
}

#[test]
fn exported_networks_give_what_the_runtime_gives() {
    let networks: [(&str, Network, &[usize]); 4] = [
        ("lenet5", lenet5(10), &[1, 28, 28]),
        ("lenet5_of_1998", lenet5_of_1998(10), &[1, 28, 28]),
        ("all_convolutional", all_convolutional(10), &[1, 28, 28]),
        ("p4cnn", p4cnn(10), &[1, 28, 28]),
    ];
    for (name, network, sample) in networks {
        let weights = Weights::initial(&network, Initialisation::He, seed());
        let bytes = to_onnx(&network, &weights, sample).unwrap();
        assert_within_bounds(name, bytes, Some(&[&[2], sample].concat()));
    }
}

#[test]
fn models_of_the_folder_give_what_the_runtime_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let paths = entries.map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "onnx")) {
        assert_within_bounds(&path.display().to_string(), std::fs::read(&path).unwrap(), None);
    }
}
