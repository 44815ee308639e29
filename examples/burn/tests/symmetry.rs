//! The classifier is judged in two ways: measured as it runs, and proved from its weights.

use std::error::Error;

use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Tensor, TensorData};
use equivariant::layer::{Activation, Convolution, Dense, GlobalPool};
use equivariant::model::{Basis, GroupReport, GroupVerdict, Model, SymmetryGroup};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Network, read_safetensors};
use equivariant::prelude::*;
use equivariant_with_burn::Classifier;

/// A network of burn as a function of arrays. Copy this to judge your own.
fn run(network: &Classifier, images: &ArrayD<f32>, device: &Device) -> Result<ArrayD<f32>, Box<dyn Error>> {
    let data = TensorData::new(images.iter().copied().collect(), images.shape().to_vec());
    let output = network.forward(Tensor::from_data(data, device));
    Ok(ArrayD::from_shape_vec(output.dims().to_vec(), output.into_data().try_into_vec()?)?)
}

/// What is proved of quarter turns, from the file of weights that burn writes and the same layers here.
fn proved(classifier: &Classifier) -> Result<GroupReport, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("weights.safetensors");
    // Names and matrices as in PyTorch's `nn.Sequential`.
    let mut store = SafetensorsStore::from_file(&path)
        .with_to_adapter(BurnToPyTorchAdapter)
        .with_key_remapping("^first", "0")
        .with_key_remapping("^second", "2")
        .with_key_remapping("^last", "5");
    classifier.save_into(&mut store)?;
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
fn with_a_leak(device: &Device) -> Classifier {
    let mut classifier = Classifier::random(device);
    classifier.second.weight = classifier.second.weight.map(|kernel| {
        let mut data = kernel.into_data();
        let values = data.as_mut_slice::<f32>().expect("kernels are in single precision");
        values.iter_mut().step_by(9).for_each(|corner| *corner += 0.1);
        Tensor::from_data(data, device)
    });
    classifier
}

#[test]
fn the_classifier_is_measured_to_be_invariant() {
    let device = Device::flex();
    let network = Classifier::random(&device);
    measure(|images: &ArrayD<f32>| run(&network, images, &device).map_err(|error| error.to_string()))
        .on([1, 1, 9, 9])
        .is_invariant_under(C4, OnGrid)
        .assert();
}

#[test]
fn the_classifier_is_proved_to_be_invariant() {
    let turns = proved(&Classifier::random(&Device::flex())).unwrap();
    assert_eq!((turns.verdict, turns.basis), (GroupVerdict::Invariant, Some(Basis::Proved)));
    assert!(turns.failure_probability().unwrap() < 1e-12);
}

#[test]
fn a_leak_is_found_in_both_ways() {
    let device = Device::flex();
    let network = with_a_leak(&device);
    let measurement =
        measure(|images: &ArrayD<f32>| run(&network, images, &device).map_err(|error| error.to_string()))
            .on([1, 1, 9, 9])
            .is_invariant_under(C4, OnGrid)
            .check()
            .unwrap();
    assert_eq!(measurement.judgement, Judgement::Broken);
    let turns = proved(&network).unwrap();
    assert_eq!((turns.verdict, turns.basis), (GroupVerdict::Broken, Some(Basis::Refuted)));
}
