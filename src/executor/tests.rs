//! The executor judged by the layers themselves, run in `f64`.

mod definition;
mod rounded;
mod sets;
mod words;

use ndarray::{ArrayD, IxDyn};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPoolBuilder;

use super::*;
use crate::conv::Boundary;
use crate::group::{Representation, Symmetric};
use crate::layer::{
    Activation, AdaptivePool, BatchNormalisation, Convolution, Dense, Dropout, EquivariantLinear, Flatten,
    Fraction, GlobalPool, GroupConvolution, GroupPool, Initialisation, Layer, Pool, Reduction, Role,
    SetLinear, Softmax, TransposedConvolution,
};
use crate::network::{Node, Residual, all_convolutional, lenet5};
use crate::signal::{FeatureType, GridGroup};

/// Two whole chunks and one with dead lanes.
const SAMPLES: usize = 2 * LANES + 5;

fn random_values(count: usize, random: &mut impl Rng, value: impl Fn(i32) -> f32) -> Vec<f32> {
    (0..count).map(|_| value(random.random_range(-2..=2))).collect()
}

/// An array (sample, …) in `f64`.
fn rows(values: &[f32], sample: &[usize]) -> ArrayD<f64> {
    let shape = [&[values.len() / sample.iter().product::<usize>()], sample].concat();
    ArrayD::from_shape_vec(IxDyn(&shape), values.iter().map(|&value| f64::from(value)).collect())
        .expect("whole rows")
}

/// The trained gradients of the layers, in one vector.
fn flat(gradients: &[ArrayD<f64>]) -> Vec<f64> {
    gradients.iter().flat_map(|gradient| gradient.iter().copied()).collect()
}

/// One step is the layers' backward pass, and a prediction their forward pass, number for number. All numbers
/// are small integers or halves: the caller chooses networks in which every sum stays below 2²⁴ in units of
/// the smallest bit.
fn check_exactly(network: &Network, sample: &[usize]) {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut weights = Weights::initial(network, Initialisation::He, 1);
    weights.trained = random_values(weights.trained.len(), &mut random, |i| (i / 2) as f32);
    let x = random_values(SAMPLES * sample.iter().product::<usize>(), &mut random, |i| i as f32);
    for instructions in InstructionSet::available() {
        let mut executor = Executor::with_instructions(network, sample, instructions).unwrap();
        let (wide, arrays) = (rows(&x, sample), weights.arrays::<f64>());
        let expected = network.forward(&wide, &arrays, Mode::Inference).unwrap();
        assert!(expected.iter().any(|&y| y != 0.0), "nothing but zeros");
        let mut y = vec![f32::NAN; SAMPLES * executor.outputs()];
        executor.predict(&weights, &x, &mut y);
        assert_eq!(rows(&y, &expected.shape()[1..]), expected);

        let dy = random_values(y.len(), &mut random, |i| i as f32);
        let mode = Mode::Training { seed: 9 };
        let expected = network.backward(&wide, &arrays, mode, &rows(&dy, &expected.shape()[1..])).unwrap();
        assert!(flat(&expected.weights).iter().any(|&slope| slope != 0.0), "nothing but zeros");
        let mut gradient = vec![f32::NAN; weights.trained.len()];
        for _ in 0..2 {
            // The second time memory is used again.
            let outcome = executor.step(&weights, &x, Objective::Gradient { output: &dy }, 9, &mut gradient);
            let found: Vec<_> = gradient.iter().map(|&slope| f64::from(slope)).collect();
            assert_eq!(found, flat(&expected.weights));
            let y = network.forward(&wide, &arrays, mode).unwrap();
            let loss: f64 = y.iter().zip(&dy).map(|(y, &dy)| y * f64::from(dy)).sum();
            assert_eq!((outcome.loss, outcome.mistakes), (loss, 0));
        }
    }
}

/// Group layers run as the ordinary ones that they are; weights that stand in several places get the sum of
/// their gradients.
#[test]
fn group_layers() {
    let d4 = GridGroup::d4();
    let maps = FeatureType::regular(&d4, 2);
    let pairs = FeatureType::quotient(&d4, &d4.generated_by(&[4]), 2).unwrap();
    for reduction in [Reduction::Maximum, Reduction::Mean, Reduction::Sum] {
        let shortcut = Network::new().then(GroupConvolution::new(maps.clone(), pairs.clone(), [1, 1]));
        let body = Network::new().then(GroupPool::new(maps.clone(), pairs.clone(), reduction));
        let network = Network::new()
            .then(GroupConvolution::new(FeatureType::trivial(&d4, 1), maps.clone(), [3, 3]))
            .then(Activation::Relu)
            .then(Pool::maximum([2, 2]))
            .then(Residual::new(body).shortcut(shortcut))
            .then(GroupConvolution::new(pairs.clone(), pairs.with_fields(3), [2, 2]).without_bias())
            .then(GroupPool::over_group(pairs.with_fields(3), reduction))
            .then(Flatten)
            .then(Dense::new(3, 2));
        check_exactly(&network, &[1, 6, 6]);
    }
}

#[test]
fn convolutions_and_pooling() {
    let network = Network::new()
        .then(Convolution::new(2, 6, [3, 3]).padding([1, 1]))
        .then(Activation::Relu)
        .then(Pool::maximum([2, 2]))
        .then(
            Convolution::new(6, 4, [3, 2])
                .groups(2)
                .stride([2, 1])
                .padding([1, 1])
                .boundary(Boundary::Periodic),
        )
        .then(Activation::LeakyRelu(Fraction::new(1, 2)))
        .then(Pool::mean([2, 2]).stride([1, 1]))
        .then(Flatten)
        .then(Dense::new(4 * 4, 5).without_bias());
    check_exactly(&network, &[2, 8, 8]);
}

#[test]
fn one_and_three_axes() {
    let one = Network::new()
        .then(Convolution::new(1, 5, [4]).dilation([2]))
        .then(Activation::Relu)
        .then(Pool::maximum([3]).stride([2]).padding([1]))
        .then(Convolution::new(5, 3, [3]).without_bias())
        .then(GlobalPool::MAXIMUM);
    check_exactly(&one, &[1, 30]);
    let three = Network::new()
        .then(Convolution::new(2, 3, [2, 2, 2]))
        .then(AdaptivePool::mean([1, 2, 2]))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Dense::new(12, 2));
    // Windows of 4·2·2 entries: the mean is a multiple of 1/16.
    check_exactly(&three, &[2, 5, 5, 5]);
}

#[test]
fn transposed_convolutions_and_dropout() {
    let network = Network::new()
        .then(Dense::new(6, 8))
        .then(Dropout::new(Fraction::new(1, 2)))
        .then(Activation::Relu)
        .then(Dropout::new(Fraction::new(1, 2)))
        .then(Dense::new(8, 4));
    check_exactly(&network, &[6]);
    let network = Network::new()
        .then(TransposedConvolution::new(2, 6, [3, 3]).stride([2, 2]).output_padding([1, 1]))
        .then(Activation::Relu)
        .then(Dropout::new(Fraction::new(1, 2)).orbit(3))
        .then(TransposedConvolution::new(6, 3, [2, 2]).groups(3).without_bias());
    check_exactly(&network, &[2, 3, 4]);
}

#[test]
fn residual_blocks() {
    let body = || Network::new().then(Activation::Relu).then(Convolution::new(3, 3, [3, 3]).padding([1, 1]));
    let network = Network::new()
        .then(Residual::new(Network::new().then(Convolution::new(3, 3, [1, 1]))))
        .then(Residual::new(body()))
        .then(
            Residual::new(body())
                .shortcut(Network::new().then(Convolution::new(3, 3, [1, 1]).without_bias())),
        )
        .then(Residual::new(Network::new()).shortcut(body()))
        .then(Residual::new(Network::new()))
        .then(
            Residual::new(Network::new().then(Dropout::new(Fraction::new(1, 2))))
                .shortcut(Network::new().then(Activation::Relu)),
        )
        .then(GlobalPool::MAXIMUM);
    check_exactly(&network, &[3, 4, 4]);
}

/// Sets of four points: their means are multiples of 1/4.
#[test]
fn layers_on_sets() {
    for pooling in [Reduction::Mean, Reduction::Sum, Reduction::Maximum] {
        let first = SetLinear::new(3, 5).pooling(pooling);
        // Its input needs no gradient, that of the second does.
        let network = Network::new()
            .then(first)
            .then(Activation::Relu)
            .then(SetLinear::new(5, 4).pooling(pooling).without_bias())
            .then(GlobalPool::MAXIMUM)
            .then(Dense::new(4, 3));
        check_exactly(&network, &[3, 4]);
        let network = Network::new()
            .then(Convolution::new(2, 3, [1]))
            .then(Residual::new(Network::new().then(SetLinear::new(3, 3).pooling(pooling))))
            .then(GlobalPool::SUM);
        check_exactly(&network, &[2, 4]);
    }
}

#[test]
fn layers_between_representations() {
    let group = Symmetric::new(3).unwrap();
    let nodes = Representation::natural(&group);
    let (edges, signs) = (nodes.tensor_product(&nodes), Representation::sign(&group));
    let network = Network::new()
        .then(EquivariantLinear::new(&edges, &nodes, 2, 3).unwrap())
        .then(Activation::Relu)
        .then(EquivariantLinear::new(&nodes, &nodes.direct_sum(&signs), 3, 2).unwrap())
        .then(Activation::LeakyRelu(Fraction::new(1, 2)))
        .then(EquivariantLinear::new(&nodes.direct_sum(&signs), &nodes, 2, 1).unwrap().without_bias())
        .then(GlobalPool::MAXIMUM);
    check_exactly(&network, &[2, 9]);
}

/// The first layers need no gradient: nothing is trained before the dense layer, and nothing at all in the
/// second network.
#[test]
fn what_no_weight_needs_is_left_out() {
    let network = Network::new()
        .then(Pool::maximum([2, 2]))
        .then(Activation::Relu)
        .then(Flatten)
        .then(Dense::new(8, 3));
    check_exactly(&network, &[2, 4, 4]);
    let executor = Executor::new(&network, &[2, 4, 4]).unwrap();
    // The input, its maxima, the output and the gradient of the output.
    assert_eq!(executor.program.buffers, [32, 8, 3, 3].map(|features| features * LANES));
    let network = Network::new().then(Activation::Relu);
    let mut executor = Executor::new(&network, &[2]).unwrap();
    let outcome = executor.step(
        &Weights::initial(&network, Initialisation::He, 1),
        &[1.0, -2.0],
        Objective::MeanSquare { targets: &[0.0, 3.0] },
        0,
        &mut [],
    );
    assert_eq!(outcome.loss, 5.0);
    let lenet = Executor::new(&lenet5(10), &[1, 28, 28]).unwrap();
    // The input; two convolutions, whose gradients take their places; two poolings, which ReLU overwrites,
    // and three dense layers, each with its gradient.
    let features = [784, 4704, 0, 1176, 1176, 1600, 0, 400, 400, 120, 120, 84, 84, 10, 10];
    assert_eq!(lenet.program.buffers, features.map(|features| features * LANES));
}

/// The same bits for 1, 2 and 3 threads, with and without batch normalisation.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let dropping = Network::new()
        .then(Residual::new(Network::new().then(Convolution::new(3, 3, [3, 3]).padding([1, 1]))))
        .then(BatchNormalisation::new(3))
        .then(Dropout::new(Fraction::new(3, 10)))
        .then(Flatten)
        .then(Dense::new(108, 10));
    for (network, sample) in
        [(lenet5(10), vec![1, 28, 28]), (all_convolutional(10), vec![1, 12, 12]), (dropping, vec![3, 6, 6])]
    {
        let weights = Weights::initial(&network, Initialisation::He, 4);
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let x: Vec<f32> =
            (0..SAMPLES * sample.iter().product::<usize>()).map(|_| random.random_range(-1.0..1.0)).collect();
        let labels: Vec<usize> = (0..SAMPLES).map(|i| i * 7 % 5).collect();
        let results = [1, 2, 3].map(|threads| {
            ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                let mut executor = Executor::new(&network, &sample).unwrap();
                let mut gradient = vec![f32::NAN; weights.trained.len()];
                let objective =
                    Objective::CrossEntropy { labels: &labels, smoothing: 0.1, class_weights: &[] };
                let outcome = executor.step(&weights, &x, objective, 1, &mut gradient);
                let mut after = weights.clone();
                executor.update_running(&mut after);
                let mut y = vec![f32::NAN; SAMPLES * executor.outputs()];
                executor.predict(&weights, &x, &mut y);
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                (outcome, bits(&gradient), bits(&after.running), bits(&y))
            })
        });
        assert!(results[0].1.iter().any(|&bits| bits != 0));
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
    }
}
