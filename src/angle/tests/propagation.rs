//! Outputs of networks stay in their enclosures: for inputs that are exact floats, read on bounded floats.

use ndarray::{ArrayD, IxDyn, Zip};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::Propagation;
use super::random;
use crate::conv::Boundary;
use crate::layer::{
    Activation, BatchNormalisation, Convolution, Dense, Flatten, GlobalPool, GroupConvolution, GroupPool,
    Initialisation, Layer, Mode, Pool, Reduction,
};
use crate::network::{Network, Residual, Weights};
use crate::scalar::{Affine, Bounded};
use crate::signal::{FeatureType, GridGroup};

/// A multiple of 2⁻⁸ of at most this size: products of three and their sums are exact.
fn dyadic(size: i32, random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.random_range(-size..=size)) / 256.0
}

fn plain() -> Network {
    let body = Network::new()
        .then(Convolution::new(4, 4, [3, 3]).padding([1, 1]).boundary(Boundary::Periodic))
        .then(BatchNormalisation::new(4))
        .then(Activation::LEAKY_RELU);
    Network::new()
        .then(Convolution::new(1, 4, [3, 3]))
        .then(Activation::Relu)
        .then(Residual::new(body.clone()))
        .then(Pool::maximum([2, 2]))
        .then(Residual::new(body).concatenated())
        .then(Pool::mean([2, 2]))
        .then(Flatten)
        .then(Dense::new(8 * 4, 3))
}

fn invariant() -> Network {
    let c4 = GridGroup::c4();
    let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 3));
    Network::new()
        .then(GroupConvolution::new(image, maps.clone(), [3, 3]))
        .then(BatchNormalisation::new(12).orbit(4))
        .then(Activation::Relu)
        .then(GroupConvolution::new(maps.clone(), maps.clone(), [3, 3]))
        .then(Activation::Tanh)
        .then(GroupPool::over_group(maps, Reduction::Maximum))
        .then(GlobalPool::MEAN)
}

#[test]
fn outputs_stay_in_their_enclosures() {
    let mut random = random(0x9d0b);
    for network in [plain(), invariant()] {
        for size in [1, 8, 64] {
            let seed = random.random();
            let weights = Weights::initial(&network, Initialisation::He, seed);
            let propagation = Propagation::new(&network, &weights).unwrap();
            let shape = IxDyn(&[1, 10, 10]);
            let parts = [256, size, size]
                .map(|size| ArrayD::from_shape_simple_fn(shape.clone(), || dyadic(size, &mut random)));
            let radii = parts[2].mapv(f64::abs);
            let enclosed = Zip::from(&parts[0])
                .and(&parts[1])
                .and(&radii)
                .map_collect(|&c, &s, &r| Affine::new(c, s, r));
            let scores = propagation.scores(&enclosed).unwrap();
            let margins = propagation.margins(&enclosed, 1).unwrap();
            assert!(scores.iter().all(|score| score.radius().is_finite()));
            let arrays: Vec<ArrayD<Bounded>> =
                weights.arrays::<f64>().iter().map(|array| array.mapv(Bounded::new)).collect();
            for _ in 0..10 {
                let t = dyadic(256, &mut random);
                let x = Zip::from(&parts[0]).and(&parts[1]).and(&radii).map_collect(|&c, &s, &r| {
                    // All at the border, or anywhere.
                    let place = if random.random() { 1.0 } else { dyadic(256, &mut random) };
                    Bounded::new(c + s * t + r * place)
                });
                let x = x.insert_axis(ndarray::Axis(0));
                let y: Vec<Bounded> =
                    network.forward(&x, &arrays, Mode::Inference).unwrap().into_iter().collect();
                let inside = |line: &Affine, value: Bounded| {
                    let at = Bounded::new(line.centre()) + Bounded::new(line.slope()) * Bounded::new(t);
                    let off = value - at;
                    off.value().abs() <= line.radius() + off.error()
                };
                assert!(scores.iter().zip(&y).all(|(line, &value)| inside(line, value)));
                for (other, line) in &margins {
                    assert!(inside(line, y[1] - y[*other]), "{other}: {line:?}");
                }
            }
        }
    }
}

/// A single linear layer loses nothing but rounding, and margins use the difference of its rows.
#[test]
fn linear_layers_are_exact() {
    let network = Network::new().then(Flatten).then(Dense::new(2, 2));
    let arrays = [ndarray::arr2(&[[3.0, 1.0], [2.0, 1.0]]).into_dyn(), ndarray::arr1(&[0.5, 0.0]).into_dyn()];
    let weights = Weights::from_arrays(&network, &arrays).unwrap();
    let propagation = Propagation::new(&network, &weights).unwrap();
    let x = ndarray::arr1(&[Affine::new(1.0, 0.5, 0.25), Affine::new(2.0, 0.0, 8.0)]).into_dyn();
    let scores = propagation.scores(&x).unwrap();
    assert_eq!((scores[0].centre(), scores[0].slope()), (5.5, 1.5));
    // 3/4 + 8, and less than 100 roundings of numbers below 16.
    assert!(scores[0].radius() >= 8.75 && scores[0].radius() <= 8.75 + 1600.0 * f64::EPSILON);
    let margin = propagation.margins(&x, 0).unwrap()[0].1;
    assert_eq!(margin, Affine::new(1.5, 0.5, 0.25));
    assert!(propagation.margins(&x, 2).unwrap_err().to_string().contains("2 scores"));
}
