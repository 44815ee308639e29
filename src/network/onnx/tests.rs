//! Models are read back by another implementation, run, and compared with the definition of the layers.
//!
//! Where all numbers are small integers, every sum is exact and the outputs must be equal. Otherwise the
//! reader must be within a bound that is computed along: the layers run on [`Bounded`], and before each of
//! them inputs and weights are given the relative errors that stand for every order in which a float program
//! may sum (N. Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1: a computed sum of t
//! products is the exact one of factors changed by γ = tu/(1 − tu) at most).

mod functions;
mod padding;
mod pooling;

use ndarray::ArrayD;
use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::conv::Boundary;
use crate::group::{Representation, Symmetric};
use crate::layer::{
    Activation, AdaptivePool, BatchNormalisation, Convolution, Dense, Dropout, EquivariantLinear, Flatten,
    Fraction, GlobalPool, GroupConvolution, GroupNormalisation, GroupPool, Initialisation, Layer,
    LayerNormalisation, LogSoftmax, Mode, Pool, Reduction, Role, SetLinear, Softmax, TransposedConvolution,
    Upsample, View,
};
use crate::network::{
    Join, Network, Node, Residual, Weights, all_convolutional, lenet5, lenet5_of_1998, p4cnn,
};
use crate::onnx::message;
use crate::scalar::Bounded;
use crate::scalar::Rounding;
use crate::signal::{FeatureType, GridGroup};

/// What the reader computes: an array with so many axes.
fn read(model: Vec<u8>, x: &ArrayD<f32>, rank: usize) -> ArrayD<f32> {
    let model = rten::Model::load(model).unwrap();
    let input = rten::Value::from_shape(x.shape(), x.iter().copied().collect::<Vec<_>>()).unwrap();
    let output = model.run_one(input.into(), None).unwrap();
    let (shape, values) = match rank {
        2 => output.into_shape_vec::<f32, 2>().map(|(shape, values)| (shape.to_vec(), values)),
        3 => output.into_shape_vec::<f32, 3>().map(|(shape, values)| (shape.to_vec(), values)),
        _ => output.into_shape_vec::<f32, 4>().map(|(shape, values)| (shape.to_vec(), values)),
    }
    .unwrap();
    ArrayD::from_shape_vec(shape, values).unwrap()
}

fn integers(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<f32> {
    ArrayD::from_shape_simple_fn(shape, || (random.next_u32() % 7) as f32 - 3.0)
}

fn reals(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<f32> {
    ArrayD::from_shape_simple_fn(shape, || random.next_u32() as f32 / 2.0_f32.powi(31) - 1.0)
}

/// Weights of which no part is what training begins with.
fn weights(network: &Network, draw: impl Fn(&[usize], &mut ChaCha8Rng) -> ArrayD<f32>, seed: u64) -> Weights {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let array = |parameter: crate::layer::Parameter| {
        let array = draw(&parameter.shape, &mut random);
        if parameter.role == Role::RunningVariance { array.mapv(|x| x * x + 0.5) } else { array }
    };
    let arrays: Vec<_> = network.parameters().into_iter().map(array).collect();
    Weights::from_arrays(network, &arrays).unwrap()
}

/// Sums of at most 2¹² products of integers below 4 pass through at most three layers: all are below 2²⁴.
fn assert_equal(network: &Network, sample: &[usize]) {
    let weights = weights(network, integers, 1);
    let model = to_onnx(network, &weights, sample).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for batch in [1, 3] {
        let x = integers(&[&[batch], sample].concat(), &mut random);
        let expected = network.forward(&x, &weights.arrays(), Mode::Inference).unwrap();
        assert_eq!(read(model.clone(), &x, expected.ndim()), expected, "{network:?}");
    }
}

/// The elementary functions of the reader are taken to be right to so many units of roundoff of the result.
const FUNCTION: f64 = 8.0;

/// Values with bounds for what any program in `f32` computes.
fn bounded(network: &Network, x: ArrayD<Bounded>, weights: &mut &[ArrayD<Bounded>]) -> ArrayD<Bounded> {
    let relative = |array: &ArrayD<Bounded>, roundings: f64| {
        let gamma = roundings * f32::UNIT_ROUNDOFF / (1.0 - roundings * f32::UNIT_ROUNDOFF);
        array.mapv(|x| x + Bounded::with_error(0.0, (x.value().abs() + x.error()) * gamma))
    };
    let mut value = x;
    for node in network.nodes() {
        value = match node {
            Node::Layer(layer) => {
                let parameters = layer.parameters();
                let (own, rest) = weights.split_at(parameters.len());
                *weights = rest;
                // Products of a sum, entries of a window, or channels; and a few operations more.
                let fan = parameters.iter().map(|parameter| parameter.fan.0).max();
                let seen = || match layer.view(value.shape()).unwrap() {
                    View::Windows(windows) => windows.iter().map(|window| window.axis.taps).product(),
                    View::Everything => value.shape()[2..].iter().product(),
                    _ => value.shape()[1],
                };
                let roundings = fan.unwrap_or_else(seen) as f64 + 8.0;
                let own: Vec<_> = own.iter().map(|array| relative(array, roundings)).collect();
                let output = layer.forward(&relative(&value, roundings), &own, Mode::Inference).unwrap();
                relative(&output, FUNCTION)
            }
            Node::Residual(block) => {
                let body = bounded(&block.body, value.clone(), weights);
                let shortcut = bounded(&block.shortcut, value, weights);
                match block.join {
                    Join::Sum => relative(&(body + shortcut), 1.0),
                    Join::Concatenation => ndarray::concatenate![ndarray::Axis(1), body, shortcut],
                }
            }
            Node::Network(network) => bounded(network, value, weights),
        };
    }
    value
}

/// Returns the largest bound relative to the largest output, so that a test can ask for one that says
/// something.
fn assert_within_bound(network: &Network, weights: &Weights, sample: &[usize]) -> f64 {
    let model = to_onnx(network, weights, sample).unwrap();
    let x = reals(&[&[3], sample].concat(), &mut ChaCha8Rng::seed_from_u64(3));
    let lift = |array: &ArrayD<f32>| array.mapv(|x| Bounded::new(x.into()));
    let arrays: Vec<_> = weights.arrays::<f32>().iter().map(lift).collect();
    let expected = bounded(network, lift(&x), &mut arrays.as_slice());
    let found = read(model, &x, expected.ndim());
    assert_eq!(found.shape(), expected.shape());
    let (mut error, mut scale) = (0.0_f64, 0.0_f64);
    for (found, expected) in found.iter().zip(&expected) {
        assert!(Bounded::new((*found).into()).may_equal(expected), "{found} is not {expected}: {network:?}");
        (error, scale) = (error.max(expected.error()), scale.max(expected.value().abs()));
    }
    error / scale
}

fn one(node: impl Into<Node>) -> Network {
    Network::new().then(node)
}

/// Exported as ordinary convolutions, with pooling over consecutive channels and over those that have to be
/// gathered.
#[test]
fn group_layers() {
    let d4 = GridGroup::d4();
    let maps = FeatureType::regular(&d4, 2);
    let pairs = FeatureType::quotient(&d4, &d4.generated_by(&[4]), 2).unwrap();
    for reduction in [Reduction::Maximum, Reduction::Mean, Reduction::Sum] {
        let network = Network::new()
            .then(GroupConvolution::new(FeatureType::trivial(&d4, 1), maps.clone(), [3, 3]))
            .then(BatchNormalisation::new(16).orbit(8).delta(Fraction::new(1, 4)))
            .then(GroupPool::new(maps.clone(), pairs.clone(), reduction));
        let weights = weights(&network, integers, 1);
        let model = String::from_utf8_lossy(&to_onnx(&network, &weights, &[1, 5, 5]).unwrap()).into_owned();
        assert!(model.contains("Conv") && model.contains("Gather"), "{reduction:?}");
        let network = Network::new()
            .then(GroupConvolution::new(FeatureType::trivial(&d4, 1), maps.clone(), [3, 3]))
            .then(GroupPool::new(maps.clone(), pairs.clone(), reduction))
            .then(GroupPool::over_group(pairs.clone(), reduction));
        assert_equal(&network, &[1, 5, 5]);
    }
}

#[test]
fn convolutions_are_equal() {
    let layer = || Convolution::new(4, 6, [3, 2]);
    assert_equal(&one(layer()), &[4, 6, 7]);
    assert_equal(&one(layer().without_bias().stride([2, 3]).dilation([1, 2])), &[4, 6, 7]);
    assert_equal(&one(layer().groups(2).padding_before_after([(2, 0), (1, 3)])), &[4, 6, 7]);
    assert_equal(&one(Convolution::new(4, 8, [3, 3]).groups(4).padding([1, 1])), &[4, 5, 5]);
    assert_equal(&one(Convolution::new(2, 3, [3]).padding([1]).stride([2])), &[2, 9]);
    for boundary in Boundary::ALL {
        let padded = layer().padding_before_after([(1, 2), (2, 0)]).boundary(boundary);
        assert_equal(&one(padded), &[4, 6, 7]);
        assert_equal(&one(layer().boundary(boundary)), &[4, 6, 7]);
    }
}

#[test]
fn transposed_convolutions_are_equal() {
    let layer = || TransposedConvolution::new(4, 6, [3, 2]);
    assert_equal(&one(layer()), &[4, 3, 4]);
    assert_equal(&one(layer().without_bias().stride([2, 3]).output_padding([1, 2])), &[4, 3, 4]);
    assert_equal(&one(layer().groups(2).padding_before_after([(1, 0), (0, 1)])), &[4, 3, 4]);
}

/// The mean over four points is exact.
#[test]
fn layers_on_sets_and_between_representations_are_equal() {
    for pooling in [Reduction::Mean, Reduction::Sum, Reduction::Maximum] {
        let layer = || SetLinear::new(3, 5).pooling(pooling);
        assert_equal(&one(layer()), &[3, 4]);
        assert_equal(&one(layer().without_bias()).then(Activation::Relu).then(GlobalPool::SUM), &[3, 4]);
    }
    let group = Symmetric::new(3).unwrap();
    let nodes = Representation::natural(&group);
    let edges = nodes.tensor_product(&nodes);
    let layer = |v, w| EquivariantLinear::new(v, w, 2, 3).unwrap();
    assert_equal(&one(layer(&edges, &nodes)), &[2, 9]);
    assert_equal(&one(layer(&nodes, &edges).without_bias()), &[2, 3]);
}

#[test]
fn dense_layers_activations_and_blocks_are_equal() {
    assert_equal(&one(Upsample::nearest([2, 3])), &[2, 3, 4]);
    assert_equal(&one(Upsample::linear([2, 2])), &[2, 3, 4]);
    assert_equal(&one(Convolution::new(2, 3, [4, 3]).same_padding()), &[2, 5, 5]);
    assert_equal(&Network::new(), &[2, 3]);
    assert_equal(&one(Dense::new(5, 3)), &[5]);
    assert_equal(&one(Dense::new(5, 3).without_bias()).then(Activation::Relu), &[5]);
    assert_equal(&one(Activation::LeakyRelu(Fraction::new(1, 4))), &[2, 3]);
    assert_equal(&one(Dropout::new(Fraction::new(1, 2))).then(Flatten).then(Dense::new(12, 2)), &[3, 2, 2]);
    let body = || one(Convolution::new(2, 2, [3]).padding([1])).then(Activation::Relu);
    assert_equal(&one(Residual::new(body())), &[2, 5]);
    let shortcut = one(Convolution::new(2, 2, [1]));
    let skip = Residual::new(one(Convolution::new(2, 3, [3]).padding([1]))).concatenated();
    assert_equal(&one(skip).then(Convolution::new(5, 2, [1])), &[2, 5]);
    assert_equal(
        &one(Activation::Relu).then(Residual::new(body()).shortcut(shortcut)).then(Flatten),
        &[2, 5],
    );
    assert_equal(&one(Residual::new(one(Residual::new(Network::new())))), &[2, 5]);
}

/// Most weights are 0, so that sums stay small: of magnitudes, they say that all sums of LeNet-5 are exact.
#[test]
fn lenet_is_equal() {
    let network = lenet5(10);
    let sparse = |shape: &[usize], random: &mut ChaCha8Rng| {
        ArrayD::from_shape_simple_fn(shape, || {
            [1.0, -1.0].get(random.next_u32() as usize % 16).map_or(0.0, |x| *x)
        })
    };
    let weights = weights(&network, sparse, 6);
    let x = integers(&[3, 1, 28, 28], &mut ChaCha8Rng::seed_from_u64(7));
    let magnitudes: Vec<_> = weights.arrays::<f64>().iter().map(|array| array.mapv(f64::abs)).collect();
    let sums = network.forward(&x.mapv(|x| f64::from(x).abs()), &magnitudes, Mode::Inference).unwrap();
    assert!(sums.iter().all(|&sum| sum < 2.0_f64.powi(24)) && sums.iter().any(|&sum| sum > 1.0));
    let expected = network.forward(&x, &weights.arrays(), Mode::Inference).unwrap();
    assert_eq!(read(to_onnx(&network, &weights, &[1, 28, 28]).unwrap(), &x, 2), expected);
}

/// Weights are so small that functions do not saturate, and positive but for biases, so that not all digits
/// cancel.
#[test]
fn known_networks_are_within_their_bounds() {
    let networks =
        [(lenet5_of_1998(10), [1, 28, 28]), (all_convolutional(10), [1, 12, 13]), (p4cnn(10), [1, 28, 28])];
    for (network, sample) in networks {
        let mut weights = weights(&network, reals, 5);
        let fans = network.parameters().into_iter().map(|parameter| parameter.fan.0.max(1) as f32);
        for (part, fan) in weights.parts.iter().zip(fans) {
            if part.role == Role::Weight {
                weights.trained[part.range()].iter_mut().for_each(|x| *x = 2.0 * x.abs() / fan);
            }
        }
        let bound = assert_within_bound(&network, &weights, &sample);
        assert!(bound < 0.01, "{bound}");
    }
}

fn message(network: &Network, sample: &[usize]) -> message::Model {
    let weights = weights(network, integers, 1);
    message::Model::decode(to_onnx(network, &weights, sample).unwrap().as_slice()).unwrap()
}

/// The smallest operator set that has what a model needs, and the version of the format that it came with.
#[test]
fn versions_fit_the_operators() {
    let version = |network: Network| {
        let model = message(&network, &[2, 8]);
        (model.opset_import[0].version, model.ir_version)
    };
    let padded = |boundary| one(Convolution::new(2, 2, [3]).padding([1]).boundary(boundary));
    assert_eq!(version(padded(Boundary::Zero)), (13, 7));
    assert_eq!(version(padded(Boundary::Reflect)), (13, 7));
    assert_eq!(version(padded(Boundary::Periodic)), (19, 9));
    assert_eq!(version(one(Pool::mean([2]))), (13, 7));
    assert_eq!(version(one(LayerNormalisation::new([8]))), (17, 8));
    let dilated = Pool { dilation: vec![2], ..Pool::mean([2]) };
    assert_eq!(version(one(dilated)), (19, 9));
}

#[test]
fn nodes_and_parameters_are_named_after_their_layers() {
    let body = one(Convolution::new(2, 2, [3]).padding([1]).boundary(Boundary::Periodic));
    let graph = message(&one(Residual::new(body)).then(Activation::Relu), &[2, 8]).graph.unwrap();
    let names: Vec<_> = graph.node.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["0.body.0/Pad", "0.body.0/Conv", "0/Add", "1/Relu"]);
    let initializers: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(initializers, ["0.body.0/pads", "0.body.0.weight", "0.body.0.bias"]);
    assert_eq!((graph.input[0].name.as_str(), graph.output[0].name.as_str()), ("input", "output"));
    assert_eq!(graph.node[3].output, ["output"]);
}

/// The reader has no dilated maxima and no dilated transposed convolutions, so their attributes are looked
/// at.
#[test]
fn dilations_are_in_the_attributes() {
    let attribute = |network: Network, name: &str| {
        let graph = message(&network, &[2, 9, 9]).graph.unwrap();
        graph.node[0].attribute.iter().find(|attribute| attribute.name == name).unwrap().ints.clone()
    };
    let pool =
        || one(Pool::maximum([2, 3]).dilation([2, 3]).stride([1, 2]).padding_before_after([(1, 0), (0, 2)]));
    assert_eq!(attribute(pool(), "dilations"), [2, 3]);
    assert_eq!(attribute(pool(), "kernel_shape"), [2, 3]);
    assert_eq!(attribute(pool(), "strides"), [1, 2]);
    // Those before all axes, then those behind.
    assert_eq!(attribute(pool(), "pads"), [1, 0, 0, 2]);
    let transposed = one(TransposedConvolution::new(2, 2, [3, 3]).dilation([2, 1]));
    assert_eq!(attribute(transposed, "dilations"), [2, 1]);
}

#[test]
fn what_cannot_be_exported_is_told() {
    let told = |network: Network, sample: &[usize]| {
        let weights = Weights::initial(&network, Initialisation::He, 1);
        to_onnx(&network, &weights, sample).unwrap_err().to_string()
    };
    assert_eq!(
        told(one(Flatten).then(Dense::new(4, 2)), &[2, 3]),
        "layer 1: dense 4 → 2 takes inputs of shape (batch, 4), found [1, 6]: give the layer 6 inputs"
    );
    assert_eq!(
        told(one(AdaptivePool::mean([3])), &[2, 7]),
        "layer 0: ONNX has no operator for adaptive mean pooling to 3: a length that is a multiple of 3, \
         found 7"
    );
    let circular = TransposedConvolution::new(1, 1, [3]).padding([1]).boundary(Boundary::Periodic);
    assert!(told(one(circular), &[1, 5]).ends_with("padding by zeros"));
    let wide = Pool::mean([2]).dilation([3]).padding([2]).padding_does_not_count();
    assert!(told(one(wide), &[1, 5]).ends_with("padding that counts"));
    let weights = Weights::initial(&lenet5(10), Initialisation::He, 1);
    assert!(matches!(to_onnx(&one(Dense::new(2, 2)), &weights, &[2]), Err(OnnxError::Weights { .. })));
}

#[test]
fn a_file_holds_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let network = one(Dense::new(2, 1));
    let weights = weights(&network, integers, 1);
    export_onnx(&network, &weights, &[2], &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), to_onnx(&network, &weights, &[2]).unwrap());
    let missing = export_onnx(&network, &weights, &[2], &folder.path().join("missing/model.onnx"));
    assert!(matches!(missing, Err(OnnxError::Write { .. })));
}
