//! Trains a network that is invariant under quarter turns on drawn digits, and exports it to ONNX.
//!
//! `cargo run --release --example train_a_p4_network`

use equivariant::layer::{
    Activation, BatchNormalisation, Flatten, GroupConvolution, GroupPool, Pool, Reduction,
};
use equivariant::network::onnx::export_onnx;
use equivariant::network::{Equivariance, Network};
use equivariant::signal::{FeatureType, GridGroup};
use equivariant::train::data::digit_splits;
use equivariant::train::{Recipe, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let group = GridGroup::c4();
    let (image, maps) = (FeatureType::trivial(&group, 1), FeatureType::regular(&group, 8));
    let scores = FeatureType::regular(&group, 10);
    let network = Network::new()
        .then(GroupConvolution::new(image.clone(), maps.clone(), [5, 5]))
        .then(BatchNormalisation::of(&maps))
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]))
        .then(GroupConvolution::new(maps.clone(), maps.clone(), [5, 5]))
        .then(BatchNormalisation::of(&maps))
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]))
        .then(GroupConvolution::new(maps, scores.clone(), [4, 4]))
        .then(GroupPool::over_group(scores, Reduction::Maximum))
        .then(Flatten);
    println!("{}", Equivariance::of(&network, &[1, 1, 28, 28], &image)?);

    let digits = digit_splits(1000, 200, 0)?;
    let trained = Trainer::new(&network, &digits.train)
        .recipe(Recipe::new(4).batch(16))
        .on_epoch(|epoch| println!("epoch {}: {} mistakes of 200", epoch.epoch, epoch.test_mistakes))
        .run(&digits.test)?;
    let path = std::env::temp_dir().join("p4.onnx");
    export_onnx(&network, &trained.weights, &[1, 28, 28], &path)?;
    println!("{} mistakes; the model is {}", trained.test.mistakes, path.display());
    Ok(())
}
