//! Numbers at the edges: large, tiny, many, not finite, and sizes that overflow.
//!
//! Each row is an input on which users of such software were bitten, what came out here, and what is right.
//!
//! | report | came out | right | test |
//! |---|---|---|---|
//! | PyTorch #11752, MLX #4188: cross-entropy of [10⁸, 10⁸]; [1000, 990]; [10⁶, 10⁶ − 5] with ε = 0.1 | 0; 6.10e-5; 0.25 | ln 2; 4.54e-5; 0.2567 | [`large_scores`] |
//! | Optax #896, flash-attention #1930: excluded classes, [−∞, 0] and [0, −∞, 0] | NaN | 0; ln 2 | [`excluded_classes`] |
//! | label smoothing of 2 | a number | an error | [`smoothing_is_a_share`] |
//! | NumPy #22956, candle #3719, flax #1491: mean of 0.1 over 1024²; bias gradient of 0.1 over (64, 1, 256, 256) | 0.10099; 402,741 | 0.1; 419,430.4 | [`sums_of_many`] |
//! | MXNet #11115, tfjs #1001, PyTorch #7645: relu(NaN); the maximum of [1, NaN, 3, 4] | 0; 4 | NaN, and its gradient goes to the NaN | [`nan_is_not_swallowed`], [`every_way_of_running_agrees`], [`gradients_agree`] |
//! | leaky ReLU of slope 0 at +∞; the derivative of leaky ReLU there | NaN; 0.01 | ∞; 1 | [`rectifiers_at_infinity`] |
//! | ComputeLibrary #1002, tt-metal #25325: tanh of 10⁻⁸ and 10⁻⁴ in `f32` | 0; 1.000166e-4 | 10⁻⁸; 10⁻⁴ | [`small_hyperbolic_tangents`] |
//! | ultralytics #19357: SGD with rate 10¹⁰ | ends well | an error: what, where, when; no export | [`training::training_stops`], `what_is_not_finite_is_not_exported` |
//! | PyTorch #46849: clipping the gradients [NaN, 100] to the norm 1 | a step of 10 | never an unclipped step | [`training::clipping_keeps_nan`] |
//! | torchcvnn #32, ncnn #303: δ = 0 in batch normalisation of a constant channel | a panic | NaN, as IEEE arithmetic has it | [`batch_normalisation_at_its_edges`] |
//! | PyTorch #1381, #4534: one value a channel in training | β | an error | [`batch_normalisation_at_its_edges`] |
//! | NNlib #763, TensorFlow #14657: batch normalisation of no samples at inference | an error | shape (0, …) | [`batch_normalisation_at_its_edges`] |
//! | PyTorch #91765: one cycle of two steps, rise 0.3 | 0.1 | 0.0812 | [`training::a_short_rise`] |
//! | TensorFlow #31192: fan of a transposed convolution, 8 → 4, 2×2, stride 2 | (32, 16) | (8, 16) | [`training::fan_of_a_strided_transposed_convolution`] |
//! | PyTorch #191566, #189664: a transposed convolution with stride 2⁶² | a panic, or a wrong shape | too large | [`sizes::sizes_that_overflow`] |
//! | PyTorch #113956, SciPy #15927, #22390: one sample with NaN, or 10⁸ times as large | others spoilt | others untouched | [`transforms::samples_do_not_mix`] |
//! | 3·10³⁷ under a kernel of 63² times 10⁻⁵, by transforms | NaN | 1.19·10³⁶ | [`transforms::transforms_do_not_overflow`] |
//! | the kernel [∞, 1, 1] over zero padding | 3 by the definition, NaN by methods | 3: beyond a border of zeros nothing is read | [`transforms::infinite_weights_over_zero_padding`] |
//! | an infinite gradient of the output at a padded border | NaN by the executor, not by `backward` | as `backward`: padding is not read | [`transforms::infinite_gradients_over_zero_padding`] |

#[path = "edges/sizes.rs"]
mod sizes;
#[path = "edges/training.rs"]
mod training;
#[path = "edges/transforms.rs"]
mod transforms;

use equivariant::executor::{Executor, Objective};
use equivariant::layer::{
    Activation, AdaptivePool, AnyLayer, BatchNormalisation, Convolution, Dense, Flatten, Fraction,
    GlobalPool, Initialisation, Layer, LayerError, Mode, Pool, SetLinear, Softmax, TransposedConvolution,
};
use equivariant::network::{Network, Weights};
use equivariant::train::loss::{CrossEntropy, LossError};
use ndarray::{Array2, ArrayD, Dimension as _, arr1, array};

const TRAINING: Mode = Mode::Training { seed: 1 };

const INFINITY: f32 = f32::INFINITY;

/// The loss of one sample over `f32`, over `f64` and by the executor.
fn losses(scores: &[f32], label: usize, smoothing: f32) -> [f64; 3] {
    let row = Array2::from_shape_vec((1, scores.len()), scores.to_vec()).expect("one row");
    let single = CrossEntropy::new().smoothing(smoothing).value(row.view(), &[label]).expect("a share");
    let wide = row.mapv(f64::from);
    let double =
        CrossEntropy::new().smoothing(f64::from(smoothing)).value(wide.view(), &[label]).expect("a share");
    let mut executor = Executor::new(&Network::new(), &[scores.len()]).expect("any shape");
    let weights = Weights::initial(&Network::new(), Initialisation::He, 1);
    let objective = Objective::CrossEntropy { labels: &[label], smoothing, class_weights: &[] };
    let found = executor.step(&weights, scores, objective, 0, &mut []);
    [f64::from(single), double, found.loss]
}

/// Differences of scores are exact here; exponential, logarithm, ε and the products with it are rounded fewer
/// than 8 times.
fn assert_losses(found: [f64; 3], expected: f64) {
    for (found, unit) in
        found.into_iter().zip([f32::EPSILON.into(), f64::from(f32::EPSILON), f32::EPSILON.into()])
    {
        assert!((found - expected).abs() <= 8.0 * unit * expected, "{found} is not {expected}");
    }
}

#[test]
fn large_scores() {
    assert_losses(losses(&[1e8, 1e8], 1, 0.0), 2_f64.ln());
    assert_losses(losses(&[1000.0, 990.0], 0, 0.0), (-10_f64).exp().ln_1p());
    assert_losses(losses(&[1e6, 1e6 - 5.0], 0, 0.1), (-5_f64).exp().ln_1p() + 0.05 * 5.0);
}

#[test]
fn excluded_classes() {
    assert_eq!(losses(&[-INFINITY, 0.0], 1, 0.0), [0.0; 3]);
    assert_losses(losses(&[0.0, -INFINITY, 0.0], 0, 0.0), 2_f64.ln());
    assert_eq!(losses(&[0.0, -INFINITY], 1, 0.0), [f64::INFINITY; 3]);
    assert!(losses(&[0.0, f32::NAN], 0, 0.0).iter().all(|loss| loss.is_nan()));
}

#[test]
fn smoothing_is_a_share() {
    for smoothing in [2.0, -0.1, f64::NAN, f64::INFINITY] {
        let scores = array![[0.0, 1.0]];
        let (loss, mut gradient) = (CrossEntropy::new().smoothing(smoothing), Array2::zeros((1, 2)));
        assert!(matches!(loss.value(scores.view(), &[0]), Err(LossError::Smoothing { .. })), "{smoothing}");
        assert!(loss.gradient(scores.view(), &[0], &1.0, gradient.view_mut()).is_err(), "{smoothing}");
    }
    let error = CrossEntropy::new().smoothing(2.0_f32).value(array![[0.0, 1.0]].view(), &[0]).unwrap_err();
    assert_eq!(error.to_string(), "the share of label smoothing must lie in [0, 1], found 2");
}

/// Sums in pairs round each of n entries at most 17 + log₂(n/16) times, the executor at most 18 + 4 times.
#[test]
fn sums_of_many() {
    let u = f64::from(f32::EPSILON) / 2.0;
    let near = |found: f32, exact: f64, roundings: f64| {
        let off = (f64::from(found) - exact).abs();
        assert!(off <= 1.01 * roundings * u * exact, "{found} is not {exact}");
    };
    let tenth = f64::from(0.1_f32);
    let image = ArrayD::from_elem(vec![1, 1, 1024, 1024], 0.1_f32);
    let mean = GlobalPool::MEAN.forward(&image, &[], Mode::Inference).unwrap();
    near(mean[[0, 0]], tenth, 17.0 + 16.0);
    let network = Network::new().then(GlobalPool::MEAN);
    let mut executor = Executor::new(&network, &[1, 512, 512]).unwrap();
    let mut found = [0.0];
    let weights = Weights::initial(&network, Initialisation::He, 1);
    executor.predict(&weights, &vec![0.1; 512 * 512], &mut found);
    near(found[0], tenth, 22.0);

    let gradient = ArrayD::from_elem(vec![64, 1, 256, 256], 0.1_f32);
    let layer = Convolution::new(1, 1, [1, 1]);
    let weights = [ArrayD::ones(vec![1, 1, 1, 1]), ArrayD::zeros(vec![1])];
    let gradients =
        layer.backward(&ArrayD::zeros(gradient.raw_dim()), &weights, TRAINING, &gradient).unwrap();
    near(gradients.weights[1][0], tenth * 64.0 * 65_536.0, 17.0 + 18.0);
    let network = Network::new().then(layer);
    let mut executor = Executor::new(&network, &[1, 256, 256]).unwrap();
    let weights = Weights::initial(&network, Initialisation::He, 1);
    let mut found = [0.0; 2];
    let (inputs, output) = (vec![0.0; 64 * 65_536], gradient.into_raw_vec_and_offset().0);
    executor.step(&weights, &inputs, Objective::Gradient { output: &output }, 0, &mut found);
    near(found[1], tenth * 64.0 * 65_536.0, 22.0 + 2.0);
}

/// Equal as numbers, or both NaN.
fn same(a: f32, b: f32) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[test]
fn nan_is_not_swallowed() {
    let relu =
        Activation::Relu.forward(&arr1(&[f32::NAN, -1.0, -0.0]).into_dyn(), &[], Mode::Inference).unwrap();
    assert!(relu[0].is_nan() && relu[1] == 0.0 && relu[2] == 0.0);
    let pool = Pool::maximum([2, 2]);
    let x = array![[[[1.0, f32::NAN], [3.0, 4.0]]]].into_dyn();
    assert!(pool.forward(&x, &[], Mode::Inference).unwrap()[[0, 0, 0, 0]].is_nan());
    let gradients = pool.backward(&x, &[], Mode::Inference, &ArrayD::ones(vec![1, 1, 1, 1])).unwrap();
    assert_eq!(gradients.input, array![[[[0.0, 1.0], [0.0, 0.0]]]].into_dyn());
    // The bias in front of the pool gets the whole gradient, by way of the NaN, in the executor too: also
    // where ReLU stands between.
    for network in [
        Network::new().then(Convolution::new(1, 1, [1, 1])).then(pool.clone()),
        Network::new().then(Convolution::new(1, 1, [1, 1])).then(Activation::Relu).then(pool.clone()),
        Network::new().then(Convolution::new(1, 1, [1, 1])).then(pool.clone().stride([1, 1])),
    ] {
        let mut executor = Executor::new(&network, &[1, 2, 2]).unwrap();
        let weights = Weights::initial(&network, Initialisation::He, 1);
        let (inputs, mut output, mut gradient) = ([1.0, f32::NAN, 3.0, 4.0], [0.0], [0.0; 2]);
        executor.predict(&weights, &inputs, &mut output);
        assert!(output[0].is_nan());
        executor.step(&weights, &inputs, Objective::Gradient { output: &[5.0] }, 0, &mut gradient);
        assert_eq!(gradient[1], 5.0);
    }
}

/// Layers on NaN, infinities, zeros, subnormal, small and large numbers, forward and by the executor, at
/// inference.
///
/// Both add the same few numbers of the same signs, so that they are NaN and infinite at the same places;
/// elsewhere they differ by roundings of sums of at most 8 terms of these magnitudes and by the executor's
/// functions, 2.5 units each, and results below the normal numbers may be 0.
#[test]
fn every_way_of_running_agrees() {
    let layers: Vec<AnyLayer> = vec![
        Activation::Relu.into(),
        Activation::LEAKY_RELU.into(),
        Activation::LeakyRelu(Fraction::ZERO).into(),
        Activation::Tanh.into(),
        Activation::Sigmoid.into(),
        Softmax.into(),
        Pool::maximum([2]).into(),
        Pool::mean([2]).into(),
        Pool::sum([2]).padding([1]).into(),
        GlobalPool::MAXIMUM.into(),
        GlobalPool::MEAN.into(),
        GlobalPool::SUM.into(),
        AdaptivePool::maximum([2]).into(),
        AdaptivePool::mean([3]).into(),
        Convolution::new(2, 2, [3]).padding([1]).into(),
        TransposedConvolution::new(2, 2, [2]).stride([2]).into(),
        BatchNormalisation::new(2).into(),
        BatchNormalisation::new(2).delta(Fraction::ZERO).into(),
        SetLinear::new(2, 2).into(),
        Flatten.into(),
    ];
    let special = [
        f32::NAN,
        INFINITY,
        -INFINITY,
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(99),
        f32::MIN_POSITIVE,
        1e-30,
        -1e-30,
        1e30,
        -1e30,
        1.0,
        -2.0,
        88.0,
        -104.0,
    ];
    for layer in layers {
        let name = layer.name();
        let network = Network::new().then(layer.clone());
        let weights = Weights::initial(&network, Initialisation::He, 3);
        let mut executor = Executor::new(&network, &[2, 4]).unwrap();
        for (place, &value) in (0..8).flat_map(|place| special.iter().map(move |value| (place, value))) {
            let mut x = [0.5, -0.25, 2.0, 1.0, -1.0, 0.75, 3.0, -4.0];
            x[place] = value;
            let input = ArrayD::from_shape_vec(vec![1, 2, 4], x.to_vec()).unwrap();
            let expected = layer.forward(&input, &weights.arrays(), Mode::Inference).unwrap();
            let mut found = vec![0.0; expected.len()];
            executor.predict(&weights, &x, &mut found);
            let largest = x
                .iter()
                .fold(1.0_f32, |largest, x| if x.is_finite() { largest.max(x.abs()) } else { largest });
            let bound = 64.0 * f32::EPSILON * largest;
            for (&expected, found) in expected.iter().zip(found) {
                let near = (expected - found).abs() <= bound.max(f32::MIN_POSITIVE);
                assert!(same(expected, found) || near, "{name} of {x:?}: {expected} and {found}");
            }
        }
    }
}

/// The gradients of a convolution of one tap in front of layers, whose inputs are those numbers: by
/// `backward` and by the executor.
///
/// Both add products of the same 8 inputs with gradients of at most 2 in size, or what a layer makes of them,
/// at most twice as large: where they are finite they differ by roundings of those sums and of the executor's
/// functions.
#[test]
fn gradients_agree() {
    let layers: Vec<AnyLayer> = vec![
        Activation::Relu.into(),
        Activation::LEAKY_RELU.into(),
        Activation::LeakyRelu(Fraction::ZERO).into(),
        Activation::Tanh.into(),
        Activation::Sigmoid.into(),
        Pool::maximum([2]).into(),
        Pool::maximum([2]).stride([1]).into(),
        GlobalPool::MAXIMUM.into(),
        GlobalPool::MEAN.into(),
        AdaptivePool::maximum([3]).into(),
    ];
    for layer in layers {
        let name = layer.name();
        let network = Network::new().then(Convolution::new(2, 2, [1])).then(layer);
        // Each channel stays what it is.
        let identity = ArrayD::from_shape_vec(vec![2, 2, 1], vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        let weights = Weights::from_arrays(&network, &[identity, ArrayD::zeros(vec![2])]).unwrap();
        let mut executor = Executor::new(&network, &[2, 4]).unwrap();
        for value in [f32::NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e30, -1e30, 1e-30, -2.0] {
            let mut x = [0.5, -0.25, 2.0, 1.0, -1.0, 0.75, 3.0, -4.0];
            x[2] = value;
            let input = ArrayD::from_shape_vec(vec![1, 2, 4], x.to_vec()).unwrap();
            let shape = network.output_shape(&[1, 2, 4]).unwrap();
            let dy = ArrayD::from_shape_fn(shape, |at| 2.0 - at[at.ndim() - 1] as f32);
            let expected = network.backward(&input, &weights.arrays(), TRAINING, &dy).unwrap().weights;
            let expected: Vec<f32> = expected.iter().flatten().copied().collect();
            let mut found = vec![0.0; expected.len()];
            let output = dy.into_raw_vec_and_offset().0;
            executor.step(&weights, &x, Objective::Gradient { output: &output }, 1, &mut found);
            let largest = if value.is_finite() { value.abs().max(4.0) } else { 4.0 };
            let bound = 64.0 * f32::EPSILON * 8.0 * 4.0 * largest;
            for (&expected, found) in expected.iter().zip(found) {
                let near = (expected - found).abs() <= bound;
                assert!(same(expected, found) || near, "{name} of {x:?}: {expected} and {found}");
            }
        }
    }
}

#[test]
fn rectifiers_at_infinity() {
    let flat = Activation::LeakyRelu(Fraction::new(0, 7));
    assert_eq!([INFINITY, -INFINITY, -1.0].map(|x| flat.apply(&x)), [INFINITY, 0.0, 0.0]);
    assert_eq!(
        [INFINITY, -INFINITY, 0.0, 1e-45].map(|x: f32| Activation::LEAKY_RELU.derivative(&x)),
        [1.0, 0.01, 0.01, 1.0]
    );
    assert_eq!([INFINITY, 0.0].map(|x: f32| flat.derivative(&x)), [1.0, 0.0]);
}

#[test]
fn small_hyperbolic_tangents() {
    // tanh x = x − x³/3 + …: of 10⁻⁴ it is x less 3.3·10⁻¹³, far less than half a unit, 3.6·10⁻¹². The
    // library is within a unit.
    let x = [1e-8_f32, 1e-4, -1e-4, 1e-30];
    for (x, y) in x.into_iter().map(|x| (x, Activation::Tanh.apply(&x))) {
        assert!(y == x || y == x.next_down() || y == x.next_up(), "{x}: {y}");
    }
}

#[test]
fn batch_normalisation_at_its_edges() {
    let weights =
        |gamma: f32| [arr1(&[gamma]), arr1(&[7.0]), arr1(&[0.5]), arr1(&[0.0])].map(|array| array.into_dyn());
    let bare = BatchNormalisation::new(1).delta(Fraction::ZERO);
    let constant = ArrayD::from_elem(vec![2, 1, 2], 0.5_f32);
    for mode in [TRAINING, Mode::Inference] {
        let y = bare.forward(&constant, &weights(1.0), mode).unwrap();
        assert!(y.iter().all(|y| y.is_nan()), "{y}");
    }
    let network = Network::new().then(bare);
    let numbers = Weights::from_arrays(&network, &weights(1.0)).unwrap();
    let mut executor = Executor::new(&network, &[1, 2]).unwrap();
    let mut found = [0.0; 4];
    executor.predict(&numbers, &[0.5; 4], &mut found);
    assert!(found.iter().all(|y| y.is_nan()));

    let layer = BatchNormalisation::new(1);
    let one = ArrayD::ones(vec![1, 1, 1]);
    let error = layer.forward(&one, &weights(1.0), TRAINING).unwrap_err();
    assert!(matches!(error, LayerError::TooFewValues { found: 1, .. }), "{error}");
    assert!(layer.backward(&one, &weights(1.0), TRAINING, &one).is_err());
    let network = Network::new().then(layer).then(Flatten).then(Dense::new(1, 2));
    assert!(Executor::new(&network, &[1, 1]).unwrap().check_batch(1).is_err());
    assert!(Executor::new(&network, &[1, 1]).unwrap().check_batch(2).is_ok());

    let none = ArrayD::zeros(vec![0, 1, 5]);
    assert_eq!(layer.output_shape(&[0, 1, 5]).unwrap(), [0, 1, 5]);
    assert_eq!(layer.forward(&none, &weights(1.0), Mode::Inference).unwrap().shape(), [0, 1, 5]);
    assert!(layer.forward(&none, &weights(1.0), TRAINING).is_err());
}
