//! Training that diverges, and what steers it.

use std::ops::ControlFlow;

use equivariant::layer::{
    Activation, BatchNormalisation, Convolution, Dense, Flatten, GlobalPool, Initialisation, Layer,
    TransposedConvolution,
};
use equivariant::network::{Network, Weights};
use equivariant::train::data::Dataset;
use equivariant::train::optimiser::{Clip, Decay, Optimiser, Rule};
use equivariant::train::schedule::{OneCycle, Schedule, Setting};
use equivariant::train::{Recipe, TrainError, Trainer};
use ndarray::Array4;

use super::INFINITY;

/// Images of 6 × 6 pixels: a bright row (class 0) or a bright column (class 1).
fn bars() -> Dataset {
    let bright = |image: usize, row: usize, column: usize| {
        if (if image.is_multiple_of(2) { row } else { column }) == image / 2 % 6 { 1.0 } else { 0.1 }
    };
    let images = Array4::from_shape_fn((24, 1, 6, 6), |(image, _, row, column)| bright(image, row, column));
    Dataset::new(images, (0..24).map(|image| image % 2).collect(), 2, "bars").unwrap()
}

fn recipe(rate: f64) -> Recipe {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    Recipe::new(3).batch(8).rule(rule).decay(Decay::default()).schedule(Schedule::Constant { rate })
}

/// Until it ends or is stopped.
fn train(network: &Network, recipe: Recipe) -> Result<Weights, TrainError> {
    let data = bars();
    let mut trainer = Trainer::new(network, &data).name("bars").recipe(recipe).seed(1).threads(1).begin()?;
    while !trainer.is_finished() {
        trainer.epoch(&data, &mut |_| ControlFlow::Continue(()))?;
    }
    Ok(trainer.result())
}

#[test]
fn training_stops() {
    let network = Network::new()
        .then(Convolution::new(1, 4, [3, 3]))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Dense::new(64, 8))
        .then(Activation::Relu)
        .then(Dense::new(8, 2));
    assert_eq!(train(&network, recipe(0.01)).unwrap().check_finite(), Ok(()));
    // Each step multiplies the weights by far more than 10¹⁰, and the products of three layers by its third
    // power.
    for clip in [Clip::None, Clip::Norm(1.0)] {
        let error = train(&network, Recipe { clip, ..recipe(1e30) }).unwrap_err();
        let (told, said) = (error.to_string(), "lower the learning rate");
        assert!(matches!(error, TrainError::Diverged { .. } | TrainError::NotFinite { .. }), "{told}");
        assert!(told.contains("epoch 1") && told.contains("step") && told.contains(said), "{told}");
    }
    let error = train(&network, Recipe { smoothing: 2.0, ..recipe(0.01) }).unwrap_err();
    assert!(matches!(error, TrainError::Loss(_)), "{error}");
    let pooled =
        Network::new().then(GlobalPool::MEAN).then(BatchNormalisation::new(1)).then(Dense::new(1, 2));
    let error = train(&pooled, Recipe { batch: 1, ..recipe(0.01) }).unwrap_err();
    assert!(error.to_string().contains("at least 2 values a channel"), "{error}");
}

#[test]
#[cfg(feature = "files")]
fn what_is_not_finite_is_not_exported() {
    let network = Network::new().then(Dense::new(2, 2));
    let mut weights = Weights::initial(&network, Initialisation::He, 1);
    weights.trained[3] = f32::NAN;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    let error = equivariant::network::onnx::export_onnx(&network, &weights, &[2], &path).unwrap_err();
    assert!(error.to_string().contains("0.weight has the entry NaN at [1, 1]"), "{error}");
    let error = equivariant::network::write_safetensors(&weights, &path).unwrap_err();
    assert!(error.to_string().contains("0.weight has the entry NaN at [1, 1]"), "{error}");
    assert!(!path.exists());
}

#[test]
fn clipping_keeps_nan() {
    let network = Network::new().then(Dense::new(2, 1).without_bias());
    let weights = Weights::initial(&network, Initialisation::He, 1);
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    for bad in [f32::NAN, INFINITY] {
        let mut optimiser = Optimiser::new(rule, &weights.parts).unwrap().clip(Clip::Norm(1.0)).unwrap();
        let mut moved = vec![0.0, 0.0];
        optimiser.step(Setting { rate: 0.1, momentum: None }, &mut moved, &[bad, 100.0]);
        assert!(moved.iter().all(|weight| weight.is_nan()), "{moved:?}");
    }
}

#[test]
fn a_short_rise() {
    let first = Schedule::OneCycle(OneCycle::new(0.1)).at(0, 2).rate;
    // The peak at −0.4: 2/7 of half a cosine, to 4·10⁻⁷.
    let expected = 4e-7 + (0.1 - 4e-7) * (1.0 + (std::f64::consts::PI * 2.0 / 7.0).cos()) / 2.0;
    assert!((first - expected).abs() <= 8.0 * f64::EPSILON && (first - 0.0812).abs() < 5e-5, "{first}");
}

#[test]
fn fan_of_a_strided_transposed_convolution() {
    let fan = |layer: TransposedConvolution| layer.parameters()[0].fan;
    assert_eq!(fan(TransposedConvolution::new(8, 4, [2, 2]).stride([2, 2])), (8, 16));
    assert_eq!(fan(TransposedConvolution::new(8, 4, [2, 2])), (32, 16));
    assert_eq!(fan(TransposedConvolution::new(8, 4, [3]).stride([2]).groups(2)), (8, 6));
}
