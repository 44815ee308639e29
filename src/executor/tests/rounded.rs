//! What rounds, within bounds that are derived: normalisation, functions and losses.

use super::*;

/// A kernel 1×1 or a matrix with one ±1 in each row and column.
fn signed_permutation(size: usize, random: &mut impl Rng) -> Vec<f32> {
    let shift = random.random_range(0..size);
    let mut values = vec![0.0; size * size];
    for row in 0..size {
        values[row * size + (row + shift) % size] = if random.random() { 1.0 } else { -1.0 };
    }
    values
}

/// Batch normalisation, chunks meeting three times, number for number: every input of a normalisation is ±1
/// equally often in each channel, so that with δ = 3 its mean is 0 and its rate 1/√(1 + 3); γ = ±2 and β = 0
/// make it ±1 again. All other numbers are small integers, and the number of values of a channel is a power
/// of two.
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
    for instructions in InstructionSet::available() {
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

        // All means are 0 and all variances 1, so with n values m·0 + 9/10·½ and 9/10 + n/(n−1)/10, rounded
        // to f32 once.
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

/// Functions that round, between dense layers of integers: z = W₁x + b is exact, y = f(z) within c·u and at
/// most 1, W₂y + b′ with at most t terms is off by (c + t)·u·(Σ|w₂| + |b′|), u = 2⁻²⁴. Backward g = W₂ᵀdy is
/// exact, and with G = Σ|g| of the sample:
/// - tanh, sigmoid: y is within 2.5 ulps, c = 5; g·(1 − y²) or g·y(1 − y) within (2c + 3)·u·G;
/// - softmax of K entries, whose arguments are integers: the exponential within an ulp, the sum of K and the
///   quotient rounded: c = 2 + (2 + K) + 1; s·(dy − Σ s·dy) within (c + (c + K + 2) + 2)·u·2G.
///
/// So with C = 2·(2c + K + 4) in all cases, and sums over N samples: W₁′ within (C + 2N)·u·Σ|x|G (each |dz| ≤
/// 2G), W₂′ within (c + N)·u·Σ|dy|, all times 1 + 2⁻¹⁰ for products of roundings.
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
        for instructions in InstructionSet::available() {
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

/// The losses reach the first layer: on exact scores z = W x, the gradient of W is Σ dz·x with dz the
/// derivative of the loss, which the losses' own tests bound. With |z| ≤ 20, K = 4 classes and B samples, the
/// softmax is off by at most (2·(20 + 2) + K + 4)·u; products with |x| ≤ 2 are added up B times.
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
    for instructions in InstructionSet::available() {
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
            Objective::CrossEntropy { labels: &labels, smoothing: 0.125, class_weights: &[] },
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
