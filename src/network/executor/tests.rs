//! The executor judged by the layers themselves, run in `f64`.

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

/// One step is the layers' backward pass, and a prediction their forward pass, number for number. All numbers are small
/// integers or halves: the caller chooses networks in which every sum stays below 2²⁴ in units of the smallest bit.
fn check_exactly(network: &Network, sample: &[usize]) {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut weights = Weights::initial(network, Initialisation::He, 1);
    weights.trained = random_values(weights.trained.len(), &mut random, |i| (i / 2) as f32);
    let x = random_values(SAMPLES * sample.iter().product::<usize>(), &mut random, |i| i as f32);
    for instructions in Instructions::available() {
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

/// Group layers run as the ordinary ones that they are; weights that stand in several places get the sum of their gradients.
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

/// The first layers need no gradient: nothing is trained before the dense layer, and nothing at all in the second network.
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
    assert_eq!(executor.plan.buffers, [32, 8, 3, 3].map(|features| features * LANES));
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
    // The input; two convolutions, whose gradients take their places; two poolings, which ReLU overwrites, and three dense layers,
    // each with its gradient.
    let features = [784, 4704, 0, 1176, 1176, 1600, 0, 400, 400, 120, 120, 84, 84, 10, 10];
    assert_eq!(lenet.plan.buffers, features.map(|features| features * LANES));
}

/// A kernel 1×1 or a matrix with one ±1 in each row and column.
fn signed_permutation(size: usize, random: &mut impl Rng) -> Vec<f32> {
    let shift = random.random_range(0..size);
    let mut values = vec![0.0; size * size];
    for row in 0..size {
        values[row * size + (row + shift) % size] = if random.random() { 1.0 } else { -1.0 };
    }
    values
}

/// Batch normalisation, chunks meeting three times, number for number: every input of a normalisation is ±1 equally often
/// in each channel, so that with δ = 3 its mean is 0 and its rate 1/√(1 + 3); γ = ±2 and β = 0 make it ±1 again. All
/// other numbers are small integers, and the number of values of a channel is a power of two.
#[test]
fn batch_normalisation() {
    const CHANNELS: usize = 4;
    let normal = |orbit| BatchNormalisation::new(CHANNELS).orbit(orbit).delta(Fraction::new(3, 1));
    let mix = || Convolution::new(CHANNELS, CHANNELS, [1, 1]).without_bias();
    let network = Network::new()
        .then(normal(1))
        .then(mix())
        .then(normal(2))
        .then(Activation::LeakyRelu(Fraction::new(1, 2)))
        .then(Residual::new(Network::new().then(Activation::Relu)).shortcut(Network::new().then(mix())))
        .then(Dropout::new(Fraction::new(1, 2)))
        .then(GlobalPool::MEAN)
        .then(Dense::new(CHANNELS, 3));
    let in_block = Network::new()
        .then(mix())
        .then(Residual::new(Network::new().then(normal(4)).then(mix()).then(normal(1))))
        .then(Flatten)
        .then(Dense::new(CHANNELS * 4, 3));
    for network in [network, in_block] {
        // A chunk with dead lanes, and two whole chunks.
        for samples in [8, 2 * LANES] {
            check_normalisation(&network, samples);
        }
    }
}

fn check_normalisation(network: &Network, samples: usize) {
    let sample = [4, 2, 2];
    let mut random = ChaCha8Rng::seed_from_u64(17);
    let mut weights = Weights::initial(network, Initialisation::He, 1);
    for part in weights.parts.clone() {
        let values = match (part.role, part.shape.as_slice()) {
            (Role::Weight, [4, 4, 1, 1]) => signed_permutation(4, &mut random),
            (Role::Scale, _) => vec![if random.random() { 2.0 } else { -2.0 }; part.range().len()],
            (Role::Shift, _) => vec![0.0; part.range().len()],
            (Role::RunningMean, _) => vec![0.5; part.range().len()],
            (Role::RunningVariance, _) => vec![1.0; part.range().len()],
            _ => random_values(part.range().len(), &mut random, |i| i as f32),
        };
        let vector = if part.role.is_trained() { &mut weights.trained } else { &mut weights.running };
        vector[part.range()].copy_from_slice(&values);
    }
    // Samples and their opposites, in another order in each channel.
    let features = 16;
    let sign = |n: usize, i: usize| (n * (2 * i + 1) + i / 4 + (n / 4) * i).is_multiple_of(2);
    let x: Vec<f32> = (0..samples * features)
        .map(|at| {
            let (n, i) = (at / features, at % features);
            let flip = n % 2 == 1;
            if sign(n / 2, i) != flip { 1.0 } else { -1.0 }
        })
        .collect();
    let (wide, arrays) = (rows(&x, &sample), weights.arrays::<f64>());
    for instructions in Instructions::available() {
        let mut executor = Executor::with_instructions(network, &sample, instructions).unwrap();
        let dy = random_values(samples * 3, &mut random, |i| i as f32);
        let mode = Mode::Training { seed: 4 };
        let mut gradient = vec![f32::NAN; weights.trained.len()];
        let outcome = executor.step(&weights, &x, Objective::Gradient { output: &dy }, 4, &mut gradient);
        let expected = flat(&network.backward(&wide, &arrays, mode, &rows(&dy, &[3])).unwrap().weights);
        assert!(expected.iter().any(|&slope| slope != 0.0));
        assert_eq!(gradient.iter().map(|&slope| f64::from(slope)).collect::<Vec<_>>(), expected);
        let y = network.forward(&wide, &arrays, mode).unwrap();
        let loss: f64 = y.iter().zip(&dy).map(|(y, &dy)| y * f64::from(dy)).sum();
        assert_eq!(outcome.loss, loss);

        // All means are 0 and all variances 1, so with n values m·0 + 9/10·½ and 9/10 + n/(n−1)/10, rounded to f32 once.
        let mut after = weights.clone();
        executor.update_running(&mut after);
        for part in after.parts.iter().filter(|part| !part.role.is_trained()) {
            let values = (samples * features / part.shape[0]) as f64;
            let expected = match part.role {
                Role::RunningMean => 0.9 * 0.5,
                _ => 0.9 + 0.1 * values / (values - 1.0),
            };
            for &found in after.values(part) {
                // A few roundings of f64 beside the one of f32.
                assert!((f64::from(found) - expected).abs() <= expected * (2f64.powi(-24) + 2f64.powi(-50)));
            }
        }

        let mut y = vec![f32::NAN; samples * 3];
        executor.predict(&weights, &x, &mut y);
        assert_eq!(rows(&y, &[3]), network.forward(&wide, &arrays, Mode::Inference).unwrap());
    }
}

/// Functions that round, between dense layers of integers: z = W₁x + b is exact, y = f(z) within c·u and at most 1,
/// W₂y + b′ with at most t terms is off by (c + t)·u·(Σ|w₂| + |b′|), u = 2⁻²⁴. Backward g = W₂ᵀdy is exact, and with G = Σ|g| of
/// the sample:
/// - tanh, sigmoid: y is within 2.5 ulps, c = 5; g·(1 − y²) or g·y(1 − y) within (2c + 3)·u·G;
/// - softmax of K entries, whose arguments are integers: the exponential within an ulp, the sum of K and the quotient
///   rounded: c = 2 + (2 + K) + 1; s·(dy − Σ s·dy) within (c + (c + K + 2) + 2)·u·2G.
///
/// So with C = 2·(2c + K + 4) in all cases, and sums over N samples: W₁′ within (C + 2N)·u·Σ|x|G (each |dz| ≤ 2G), W₂′ within
/// (c + N)·u·Σ|dy|, all times 1 + 2⁻¹⁰ for products of roundings.
#[test]
fn functions_that_round() {
    const INPUTS: usize = 5;
    const HIDDEN: usize = 6;
    const OUTPUTS: usize = 3;
    let u = 2f64.powi(-24) * (1.0 + 2f64.powi(-10));
    let functions: [Node; 3] = [Activation::Tanh.into(), Activation::Sigmoid.into(), Softmax.into()];
    for function in functions {
        let c = if function == Node::from(Softmax) { 5.0 + HIDDEN as f64 } else { 5.0 };
        let network =
            Network::new().then(Dense::new(INPUTS, HIDDEN)).then(function).then(Dense::new(HIDDEN, OUTPUTS));
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let mut weights = Weights::initial(&network, Initialisation::He, 1);
        weights.trained = random_values(weights.trained.len(), &mut random, |i| (i / 2) as f32);
        let x = random_values(SAMPLES * INPUTS, &mut random, |i| i as f32 / 2.0);
        let dy = random_values(SAMPLES * OUTPUTS, &mut random, |i| i as f32);
        let (wide, arrays) = (rows(&x, &[INPUTS]), weights.arrays::<f64>());
        let expected_y = network.forward(&wide, &arrays, Mode::Inference).unwrap();
        let mode = Mode::Training { seed: 0 };
        let expected = network.backward(&wide, &arrays, mode, &rows(&dy, &[OUTPUTS])).unwrap().weights;
        let total = |values: &[f32]| values.iter().map(|&value| f64::from(value.abs())).sum::<f64>();
        // G of each sample.
        let second = &arrays[2];
        let back = |n: usize, k: usize| -> f64 {
            (0..OUTPUTS).map(|m| second[[m, k]] * f64::from(dy[n * OUTPUTS + m])).sum()
        };
        let sums: Vec<f64> = (0..SAMPLES).map(|n| (0..HIDDEN).map(|k| back(n, k).abs()).sum()).collect();
        for instructions in Instructions::available() {
            let mut executor = Executor::with_instructions(&network, &[INPUTS], instructions).unwrap();
            let mut y = vec![f32::NAN; SAMPLES * OUTPUTS];
            executor.predict(&weights, &x, &mut y);
            for (i, (&found, &expected)) in y.iter().zip(&expected_y).enumerate() {
                let m = i % OUTPUTS;
                let magnitude: f64 =
                    (0..HIDDEN).map(|k| second[[m, k]].abs()).sum::<f64>() + arrays[3][[m]].abs();
                assert!((f64::from(found) - expected).abs() <= (c + HIDDEN as f64 + 1.0) * u * magnitude);
            }
            let mut gradient = vec![f32::NAN; weights.trained.len()];
            executor.step(&weights, &x, Objective::Gradient { output: &dy }, 0, &mut gradient);
            let n = SAMPLES as f64;
            let first = (2.0 * (2.0 * c + HIDDEN as f64 + 4.0) + 2.0 * n) * u;
            let mut found = gradient.into_iter().map(f64::from);
            let mut off = |expected: f64, allowed: f64| {
                let found = found.next().expect("as many as weights");
                assert!((found - expected).abs() <= allowed, "{found} {expected} {allowed:e}");
                assert!(allowed < 0.01, "a bound of {allowed} says nothing");
            };
            for k in 0..HIDDEN {
                for i in 0..INPUTS {
                    let magnitude: f64 = sums
                        .iter()
                        .enumerate()
                        .map(|(n, sum)| f64::from(x[n * INPUTS + i].abs()) * sum)
                        .sum();
                    off(expected[0][[k, i]], first * magnitude);
                }
            }
            (0..HIDDEN).for_each(|k| off(expected[1][[k]], first * sums.iter().sum::<f64>()));
            for m in 0..OUTPUTS {
                let of_output: Vec<f32> = dy.iter().copied().skip(m).step_by(OUTPUTS).collect();
                (0..HIDDEN).for_each(|k| off(expected[2][[m, k]], (c + n) * u * total(&of_output)));
            }
            (0..OUTPUTS).for_each(|m| off(expected[3][[m]], 0.0));
        }
    }
}

/// The losses reach the first layer: on exact scores z = W x, the gradient of W is Σ dz·x with dz the derivative of the
/// loss, which the losses' own tests bound. With |z| ≤ 20, K = 4 classes and B samples, the softmax is off by at most (2·(20 + 2) + K +
/// 4)·u; products with |x| ≤ 2 are added up B times.
#[test]
fn losses() {
    let (inputs, classes) = (5, 4);
    let network = Network::new().then(Dense::new(inputs, classes).without_bias());
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let mut weights = Weights::initial(&network, Initialisation::He, 1);
    weights.trained = random_values(weights.trained.len(), &mut random, |i| i as f32);
    let x = random_values(SAMPLES * inputs, &mut random, |i| i as f32);
    let labels: Vec<usize> = (0..SAMPLES).map(|_| random.random_range(0..classes)).collect();
    let targets = random_values(SAMPLES * classes, &mut random, |i| i as f32);
    let z = network.forward(&rows(&x, &[inputs]), &weights.arrays(), Mode::Inference).unwrap();
    let batch = SAMPLES as f64;
    let u = 2f64.powi(-24);
    for instructions in Instructions::available() {
        let mut executor = Executor::with_instructions(&network, &[inputs], instructions).unwrap();
        let mut gradient = vec![f32::NAN; weights.trained.len()];
        let mut check = |objective, slope: &dyn Fn(usize, usize) -> f64, loss: f64, mistakes: usize| {
            let outcome = executor.step(&weights, &x, objective, 0, &mut gradient);
            let allowed = (2.0 * 22.0 + 8.0 + 2.0 + batch) * u * 1.01;
            assert!((outcome.loss - loss).abs() <= allowed * loss.max(20.0), "{} {loss}", outcome.loss);
            assert_eq!(outcome.mistakes, mistakes);
            for m in 0..classes {
                for i in 0..inputs {
                    let terms = (0..SAMPLES).map(|n| slope(n, m) * f64::from(x[n * inputs + i]));
                    let magnitude: f64 = (0..SAMPLES).map(|n| slope(n, m).abs().max(1.0 / batch) * 2.0).sum();
                    let found = f64::from(gradient[m * inputs + i]);
                    assert!((found - terms.sum::<f64>()).abs() <= allowed * magnitude);
                }
            }
        };
        let normaliser = |n: usize| (0..classes).map(|k| z[[n, k]].exp()).sum::<f64>();
        let q = |n: usize, k: usize| 0.875 * f64::from(u8::from(labels[n] == k)) + 0.125 / classes as f64;
        let loss_of =
            |n: usize| -> f64 { (0..classes).map(|k| q(n, k) * (normaliser(n).ln() - z[[n, k]])).sum() };
        let best = |n: usize| (0..classes).fold(0, |best, k| if z[[n, k]] > z[[n, best]] { k } else { best });
        check(
            Objective::CrossEntropy { labels: &labels, smoothing: 0.125 },
            &|n, k| (z[[n, k]].exp() / normaliser(n) - q(n, k)) / batch,
            (0..SAMPLES).map(loss_of).sum::<f64>() / batch,
            (0..SAMPLES).filter(|&n| best(n) != labels[n]).count(),
        );
        let distance = |n: usize, k: usize| z[[n, k]] - f64::from(targets[n * classes + k]);
        let squares = (0..SAMPLES).flat_map(|n| (0..classes).map(move |k| distance(n, k).powi(2)));
        check(
            Objective::MeanSquare { targets: &targets },
            &|n, k| 2.0 * distance(n, k) / (batch * classes as f64),
            squares.sum::<f64>() / (batch * classes as f64),
            0,
        );
    }
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
                let objective = Objective::CrossEntropy { labels: &labels, smoothing: 0.1 };
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
