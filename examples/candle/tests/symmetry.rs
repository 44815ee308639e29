//! The classifier is judged in two ways: measured as it runs, and proved from its weights.

use std::error::Error;

use candle_core::{Device, Result, Tensor};
use candle_nn::{Module, VarMap};
use equivariant::layer::{Activation, Convolution, Dense, GlobalPool};
use equivariant::model::{Basis, GroupReport, GroupVerdict, Model, SymmetryGroup};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Network, read_safetensors};
use equivariant::prelude::*;
use equivariant_with_candle::Classifier;

/// A module of candle as a function of arrays. Copy this to judge your own.
fn run(network: &impl Module, images: &ArrayD<f32>) -> std::result::Result<ArrayD<f32>, Box<dyn Error>> {
    let input = Tensor::from_iter(images.iter().copied(), &Device::Cpu)?.reshape(images.shape())?;
    let output = network.forward(&input)?;
    Ok(ArrayD::from_shape_vec(output.dims(), output.flatten_all()?.to_vec1()?)?)
}

/// What is proved of quarter turns, from the file of weights that candle writes and the same layers here.
fn proved(weights: &VarMap) -> std::result::Result<GroupReport, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("weights.safetensors");
    weights.save(&path)?;
    let network = Network::new()
        .then(Convolution::new(1, 6, [3, 3]))
        .then(Activation::Relu)
        .then(Convolution::new(6, 8, [3, 3]))
        .then(Activation::Relu)
        .then(GlobalPool::MEAN)
        .then(Dense::new(8, 10));
    let weights = read_safetensors(&network, &path)?;
    let model = Model::from_bytes(&to_onnx(&network, &weights, &[1, 9, 9])?)?;
    let report = model.prove().input("input", [1, 1, 9, 9]).under(SymmetryGroup::Rot90).check()?;
    Ok(report.group(SymmetryGroup::Rot90).expect("it was asked for").clone())
}

/// One corner of each kernel of the second convolution moved.
fn with_a_leak() -> Result<(Classifier, VarMap)> {
    let (network, weights) = Classifier::random()?;
    {
        let variables = weights.data().lock().expect("nobody else has it");
        let kernel = &variables["2.weight"];
        let mut values = kernel.flatten_all()?.to_vec1::<f32>()?;
        values.iter_mut().step_by(9).for_each(|corner| *corner += 0.1);
        kernel.set(&Tensor::from_vec(values, kernel.dims(), &Device::Cpu)?)?;
    }
    Ok((network, weights))
}

#[test]
fn the_classifier_is_measured_to_be_invariant() {
    let (network, _) = Classifier::random().unwrap();
    measure(|images: &ArrayD<f32>| run(&network, images).map_err(|error| error.to_string()))
        .on([1, 1, 9, 9])
        .is_invariant_under(C4, OnGrid)
        .assert();
}

#[test]
fn the_classifier_is_proved_to_be_invariant() {
    let (_, weights) = Classifier::random().unwrap();
    let turns = proved(&weights).unwrap();
    assert_eq!((turns.verdict, turns.basis), (GroupVerdict::Invariant, Some(Basis::Proved)));
    assert!(turns.failure_probability().unwrap() < 1e-12);
}

#[test]
fn a_leak_is_found_in_both_ways() {
    let (network, weights) = with_a_leak().unwrap();
    let measurement =
        measure(|images: &ArrayD<f32>| run(&network, images).map_err(|error| error.to_string()))
            .on([1, 1, 9, 9])
            .is_invariant_under(C4, OnGrid)
            .check()
            .unwrap();
    assert_eq!(measurement.judgement, Judgement::Broken);
    let turns = proved(&weights).unwrap();
    assert_eq!((turns.verdict, turns.basis), (GroupVerdict::Broken, Some(Basis::Refuted)));
}
