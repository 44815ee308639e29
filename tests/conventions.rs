//! The conventions of the field, which are PyTorch's, and that the layers follow them: small cases worked out
//! by hand.
//!
//! | convention | test |
//! |---|---|
//! | a convolution layer correlates; zeros, mirror, end entry or circle beyond the border | [`convolutions`] |
//! | sizes of convolutions and pools are rounded down | [`sizes`] |
//! | a transposed convolution gives (L − 1)·s − 2p + d(k − 1) + o + 1 entries | [`transposed_convolutions`] |
//! | shapes of weights | [`weights`] |
//! | the biased variance normalises, the unbiased one runs; momentum weighs the newest | [`batch_normalisation`] |
//! | of equal entries the first is the maximum; padding is −∞ | [`max_pooling`] |
//! | padding counts in a mean unless told otherwise | [`mean_pooling`] |
//! | adaptive windows from ⌊iL/m⌋ to ⌈(i + 1)L/m⌉ | [`adaptive_pooling`] |
//! | the derivative of ReLU at 0 is 0, of leaky ReLU its slope | [`activations`] |
//! | dropout scales what it keeps | [`dropout`] |
//! | softmax is over the channels | [`softmax`] |
//! | flattening goes row by row, dense layers give W x + b | [`flatten_and_dense`] |
//! | label smoothing spreads ε over all classes, the true one included; losses are means | [`losses`] |

use equivariant::conv::Boundary;
use equivariant::layer::{
    Activation, AdaptivePool, BatchNormalisation, Convolution, Dense, Dropout, Flatten, Fraction, GlobalPool,
    Layer, Mode, Pool, Softmax, TransposedConvolution,
};
use equivariant::train::loss::{CrossEntropy, mean_square};
use ndarray::{ArrayD, array};

const TRAINING: Mode = Mode::Training { seed: 3 };

fn tensor(shape: &[usize], entries: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(shape, entries.to_vec()).expect("one entry for each place")
}

/// One sample of one channel.
fn line(entries: &[f64]) -> ArrayD<f64> {
    tensor(&[1, 1, entries.len()], entries)
}

#[track_caller]
fn forward(layer: &impl Layer, x: &ArrayD<f64>, weights: &[ArrayD<f64>]) -> Vec<f64> {
    layer.forward(x, weights, Mode::Inference).expect("a shape that fits").into_iter().collect()
}

/// The gradient with respect to the input, where that with respect to the output is 1, 10, 100, …
#[track_caller]
fn input_gradient(layer: &impl Layer, x: &ArrayD<f64>) -> Vec<f64> {
    let shape = layer.output_shape(x.shape()).expect("a shape that fits");
    let mut power = 0.1;
    let gradient = ArrayD::from_shape_simple_fn(shape, || {
        power *= 10.0;
        power
    });
    let gradients = layer.backward(x, &[], Mode::Inference, &gradient).expect("a shape that fits");
    gradients.input.into_iter().collect()
}

/// Equality up to so many units of 2⁻⁵³, relative.
#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], units: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let bound = units * f64::EPSILON / 2.0 * expected.abs();
        assert!((found - expected).abs() <= bound, "expected {expected} ± {bound:e}, found {found}");
    }
}

/// Kernel (1, 10, 100) on the signal (1, 2, 3), with one entry added on either side.
#[test]
fn convolutions() {
    let x = line(&[1.0, 2.0, 3.0]);
    let kernel = line(&[1.0, 10.0, 100.0]);
    let layer = Convolution::new(1, 1, [3]).without_bias();
    // 1·1 + 10·2 + 100·3: the kernel is not flipped, as in a convolution proper it would be (123).
    assert_eq!(forward(&layer, &x, std::slice::from_ref(&kernel)), [321.0]);
    let cases = [
        // 0 1 2 3 0
        (Boundary::Zero, [210.0, 321.0, 32.0]),
        // 2 1 2 3 2: the end entry is not repeated.
        (Boundary::Reflect, [212.0, 321.0, 232.0]),
        // 1 1 2 3 3
        (Boundary::Replicate, [211.0, 321.0, 332.0]),
        // 3 1 2 3 1
        (Boundary::Periodic, [213.0, 321.0, 132.0]),
    ];
    for (boundary, expected) in cases {
        let layer = layer.clone().padding([1]).boundary(boundary);
        assert_eq!(forward(&layer, &x, std::slice::from_ref(&kernel)), expected, "{boundary:?}");
    }
    // Groups: the first output sees the first input alone, the second the second.
    let grouped = Convolution::new(2, 2, [1]).groups(2);
    let x = tensor(&[1, 2, 1], &[3.0, 5.0]);
    // 3·2 + 1, 5·7 + 4
    let weights = [tensor(&[2, 1, 1], &[2.0, 7.0]), tensor(&[2], &[1.0, 4.0])];
    assert_eq!(forward(&grouped, &x, &weights), [7.0, 39.0]);
}

/// ⌊(L + 2p − d(k − 1) − 1)/s⌋ + 1.
#[test]
fn sizes() {
    // (L, k, s, p, d, the size)
    let cases = [
        (8, 3, 2, 1, 1, 4), // ⌊7/2⌋ + 1
        (7, 3, 2, 0, 2, 2), // ⌊2/2⌋ + 1
        (6, 3, 2, 0, 2, 1), // ⌊1/2⌋ + 1
        (5, 2, 2, 0, 1, 2), // ⌊3/2⌋ + 1
        (5, 2, 3, 1, 1, 2), // ⌊5/3⌋ + 1
        (9, 4, 4, 2, 1, 3), // ⌊9/4⌋ + 1
        (28, 5, 1, 2, 1, 28),
    ];
    for (length, taps, stride, padding, dilation, expected) in cases {
        let input = [2, 1, length];
        let convolution =
            Convolution::new(1, 1, [taps]).stride([stride]).padding([padding]).dilation([dilation]);
        assert_eq!(convolution.output_shape(&input).expect("a shape that fits"), [2, 1, expected]);
        let pool = Pool::maximum([taps]).stride([stride]).padding([padding]).dilation([dilation]);
        assert_eq!(pool.output_shape(&input).expect("a shape that fits"), [2, 1, expected]);
    }
    // The stride of a pool is the extent of its window unless told otherwise.
    assert_eq!(Pool::mean([3, 2]).output_shape(&[1, 4, 10, 7]).expect("a shape that fits"), [1, 4, 3, 3]);
}

#[test]
fn transposed_convolutions() {
    // (L, k, s, p, d, o, the size)
    let cases = [
        (4, 3, 2, 1, 1, 1, 8),  // 3·2 − 2 + 2 + 1 + 1
        (4, 3, 2, 1, 1, 0, 7),  // 3·2 − 2 + 2 + 0 + 1
        (3, 2, 3, 0, 2, 2, 11), // 2·3 − 0 + 2 + 2 + 1
        (5, 4, 2, 1, 1, 0, 10), // 4·2 − 2 + 3 + 0 + 1
    ];
    for (length, taps, stride, padding, dilation, output_padding, expected) in cases {
        let layer = TransposedConvolution::new(1, 1, [taps])
            .stride([stride])
            .padding([padding])
            .dilation([dilation])
            .output_padding([output_padding]);
        assert_eq!(layer.output_shape(&[2, 1, length]).expect("a shape that fits"), [2, 1, expected]);
    }
    // Each entry lays down the kernel, two places after the one before: (1, 10, 100) + two places on 2·(1,
    // 10, 100).
    let layer = TransposedConvolution::new(1, 1, [3]).stride([2]).without_bias();
    let (x, kernel) = (line(&[1.0, 2.0]), line(&[1.0, 10.0, 100.0]));
    assert_eq!(forward(&layer, &x, std::slice::from_ref(&kernel)), [1.0, 10.0, 102.0, 20.0, 200.0]);
    // Padding cuts off on both sides; output padding adds at the end what was cut there.
    let layer = layer.padding([1]);
    assert_eq!(forward(&layer, &x, std::slice::from_ref(&kernel)), [10.0, 102.0, 20.0]);
    let layer = layer.output_padding([1]);
    assert_eq!(forward(&layer, &x, &[kernel]), [10.0, 102.0, 20.0, 200.0]);
}

/// Names and shapes as in PyTorch's state dictionaries.
#[test]
fn weights() {
    fn named(layer: &impl Layer) -> Vec<(String, Vec<usize>)> {
        layer.parameters().into_iter().map(|parameter| (parameter.name, parameter.shape)).collect()
    }
    let pair = |weight: &[usize], bias: usize| {
        vec![("weight".to_owned(), weight.to_vec()), ("bias".to_owned(), vec![bias])]
    };
    // (outputs, inputs/groups, taps…), for transposed layers (inputs, outputs/groups, taps…), for dense ones
    // (outputs, inputs).
    assert_eq!(named(&Convolution::new(4, 6, [3, 5]).groups(2)), pair(&[6, 2, 3, 5], 6));
    assert_eq!(named(&TransposedConvolution::new(4, 6, [3, 5]).groups(2)), pair(&[4, 3, 3, 5], 6));
    assert_eq!(named(&Dense::new(4, 6)), pair(&[6, 4], 6));
    let names = ["weight", "bias", "running_mean", "running_var"];
    assert_eq!(named(&BatchNormalisation::new(5)), names.map(|name| (name.to_owned(), vec![5])));
}

/// A channel with the entries 1 and 3, in two samples: mean 2, biased variance 1, unbiased variance 2.
#[test]
fn batch_normalisation() {
    let x = tensor(&[2, 1], &[1.0, 3.0]);
    let one = |value| tensor(&[1], &[value]);
    let layer = BatchNormalisation::new(1).delta(Fraction::new(3, 1)).momentum(Fraction::new(1, 4));
    // In training (x − 2)/√(1 + 3) = ∓1/2, times γ = 4, plus β = 5.
    let weights = [one(4.0), one(5.0), one(1.0), one(13.0)];
    let trained = layer.forward(&x, &weights, TRAINING).expect("a shape that fits");
    assert_eq!(trained, tensor(&[2, 1], &[3.0, 7.0]));
    // At inference (x − 1)/√(13 + 3) = 0 and 1/2.
    assert_eq!(forward(&layer, &x, &weights), [5.0, 7.0]);
    // 3/4 of the old ones 1 and 13, 1/4 of the mean 2 and of the unbiased variance 2.
    let [mean, variance] =
        layer.running_statistics(&x, [&weights[2], &weights[3]]).expect("a shape that fits");
    assert_eq!((mean, variance), (one(1.25), one(10.25)));
    // The defaults.
    let default = BatchNormalisation::new(1);
    assert_eq!((default.delta, default.momentum), (Fraction::new(1, 100_000), Fraction::new(1, 10)));
}

#[test]
fn max_pooling() {
    // (2, 2) and (1, 3): of the equal ones the first gets the gradient.
    let x = line(&[2.0, 2.0, 1.0, 3.0]);
    assert_eq!(forward(&Pool::maximum([2]), &x, &[]), [2.0, 3.0]);
    assert_eq!(input_gradient(&Pool::maximum([2]), &x), [1.0, 0.0, 0.0, 10.0]);
    // In rows, from left to right and then down.
    let x = tensor(&[1, 1, 2, 2], &[0.0, 7.0, 7.0, 7.0]);
    assert_eq!(input_gradient(&Pool::maximum([2, 2]), &x), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(input_gradient(&GlobalPool::MAXIMUM, &x), [0.0, 1.0, 0.0, 0.0]);
    // Padding is −∞ and not 0: windows (·, −1), (−2, ·).
    let padded = Pool::maximum([2]).padding([1]);
    assert_eq!(forward(&padded, &line(&[-1.0, -2.0]), &[]), [-1.0, -2.0]);
    // Dilation 2, stride 1: windows (1, 2), (5, 3).
    let dilated = Pool::maximum([2]).stride([1]).dilation([2]);
    assert_eq!(forward(&dilated, &line(&[1.0, 5.0, 2.0, 3.0]), &[]), [2.0, 5.0]);
    // The entry left over at the end is in no window.
    assert_eq!(forward(&Pool::maximum([2]), &line(&[1.0, 2.0, 9.0]), &[]), [2.0]);
}

#[test]
fn mean_pooling() {
    // Windows (·, 2), (4, 6) and, with stride 2 and length 3 + 2, no third.
    let padded = Pool::mean([2]).padding([1]);
    let x = line(&[2.0, 4.0, 6.0]);
    assert_eq!(forward(&padded, &x, &[]), [1.0, 5.0]);
    assert_eq!(forward(&padded.padding_does_not_count(), &x, &[]), [2.0, 5.0]);
    // Each entry gets its share.
    assert_eq!(
        input_gradient(&Pool::mean([2]), &line(&[1.0, 2.0, 3.0, 4.0, 5.0])),
        [0.5, 0.5, 5.0, 5.0, 0.0]
    );
}

#[test]
fn adaptive_pooling() {
    // m = 3 of L = 5: windows 0–1, 1–3, 3–4.
    let x = line(&[1.0, 2.0, 4.0, 6.0, 10.0]);
    assert_eq!(forward(&AdaptivePool::mean([3]), &x, &[]), [1.5, 4.0, 8.0]);
    assert_eq!(forward(&AdaptivePool::maximum([3]), &x, &[]), [2.0, 6.0, 10.0]);
    // m = 3 of L = 2: windows 0, 0–1, 1.
    assert_eq!(forward(&AdaptivePool::mean([3]), &line(&[1.0, 2.0]), &[]), [1.0, 1.5, 2.0]);
}

#[test]
fn activations() {
    let x = line(&[-2.0, 0.0, 3.0]);
    assert_eq!(forward(&Activation::Relu, &x, &[]), [0.0, 0.0, 3.0]);
    assert_eq!(input_gradient(&Activation::Relu, &x), [0.0, 0.0, 100.0]);
    let leaky = Activation::LeakyRelu(Fraction::new(1, 4));
    assert_eq!(forward(&leaky, &x, &[]), [-0.5, 0.0, 3.0]);
    assert_eq!(input_gradient(&leaky, &x), [0.25, 2.5, 100.0]);
    assert_eq!(Activation::LEAKY_RELU, Activation::LeakyRelu(Fraction::new(1, 100)));
}

#[test]
fn dropout() {
    // Kept with probability 3/4: 3 becomes 4. With 256 entries a mask that keeps or drops all has probability
    // below 10⁻³¹.
    let layer = Dropout::new(Fraction::new(1, 4));
    let x = ArrayD::from_elem(vec![4, 64], 3.0);
    let trained = layer.forward(&x, &[], TRAINING).expect("a shape that fits");
    // 1/(1 − p) = 4/3 is rounded, and so is the product: two roundings.
    let kept: Vec<f64> = trained.iter().copied().filter(|&entry| entry != 0.0).collect();
    assert!(!kept.is_empty() && kept.len() < 256, "{} of 256 entries kept", kept.len());
    assert_near(&kept, &vec![4.0; kept.len()], 2.0);
    assert_eq!(layer.forward(&x, &[], Mode::Inference).expect("a shape that fits"), x);
}

#[test]
fn softmax() {
    // At the first place the channels have e⁰ : e^ln 3 = 1 : 3, at the second 3 : 1.
    let ln3 = 3.0_f64.ln();
    let x = tensor(&[1, 2, 2], &[0.0, ln3, ln3, 0.0]);
    // e^−ln 3: ln 3 < 2 is off by at most 2⁻⁵³, the power by one unit more of its own (2 · 2⁻⁵³, relative);
    // sum, reciprocal and product one rounding each, so at most 1 + 2 for the numerator and 3 + 3 for all.
    assert_near(&forward(&Softmax, &x, &[]), &[0.25, 0.75, 0.75, 0.25], 9.0);
}

#[test]
fn flatten_and_dense() {
    let x = ArrayD::from_shape_fn(vec![2, 2, 2, 3], |i| (1000 * i[0] + 100 * i[1] + 10 * i[2] + i[3]) as f64);
    let flat = Flatten.forward(&x, &[], Mode::Inference).expect("a shape that fits");
    assert_eq!(flat.shape(), [2, 12]);
    let second = [1000, 1001, 1002, 1010, 1011, 1012, 1100, 1101, 1102, 1110, 1111, 1112].map(f64::from);
    assert_eq!(flat.iter().copied().skip(12).collect::<Vec<_>>(), second);
    // Rows of W are outputs: 1·1 + 2·10 + 7, 3·1 + 4·10 + 8, 5·1 + 6·10 + 9.
    let weights = [tensor(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), tensor(&[3], &[7.0, 8.0, 9.0])];
    assert_eq!(forward(&Dense::new(2, 3), &tensor(&[1, 2], &[1.0, 10.0]), &weights), [28.0, 51.0, 74.0]);
}

#[test]
fn losses() {
    // Scores 0 and ln 3 are the probabilities 1/4 and 3/4.
    let scores = array![[0.0, 3.0_f64.ln()], [0.0, 3.0_f64.ln()]];
    let (quarter, three_quarters) = (-(0.25_f64.ln()), -(0.75_f64.ln()));
    // The mean over samples with labels 1 and 0. Each value is log(1 + e^−ln 3) + ln 3 less a score: at most
    // eight roundings of numbers below 2, and the mean of 0.29 and 1.39 is 0.84, so relative to it 8 · 2/0.84
    // < 20 units.
    let plain = CrossEntropy::new().smoothing(0.0).value(scores.view(), &[1, 0]).expect("labels that fit");
    assert_near(&[plain], &[(quarter + three_quarters) / 2.0], 20.0);
    // ε = 1/2 over both classes: targets 3/4 for the label and 1/4 for the other.
    let smooth = CrossEntropy::new().smoothing(0.5).values(scores.view(), &[1, 0]).expect("labels that fit");
    let expected = [0.75 * three_quarters + 0.25 * quarter, 0.25 * three_quarters + 0.75 * quarter];
    // The same, relative to 0.56: 8 · 2/0.56 < 30 units.
    assert_near(&smooth, &expected, 30.0);
    // ((1 − 0)² + (2 − 0)² + 0 + (1 − 2)²)/4: over all entries, not samples.
    let outputs = tensor(&[2, 2], &[1.0, 2.0, 3.0, 1.0]);
    let targets = tensor(&[2, 2], &[0.0, 0.0, 3.0, 2.0]);
    assert_eq!(mean_square(outputs.view(), targets.view()).expect("one shape"), 1.5);
}
