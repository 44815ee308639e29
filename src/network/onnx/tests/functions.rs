//! Functions and normalisations, within bounds of their roundings.

use super::*;

/// Near 0 a reader may lose what it takes the 1 from: a·(eˣ − 1) for numbers up to 1, with an exponential
/// within 8 units of roundoff and two roundings more, is off by at most a·10·u.
#[test]
fn exponential_units_are_within_their_bound() {
    let network = one(Activation::Elu(Fraction::new(3, 2)));
    let x = reals(&[3, 2, 30], &mut ChaCha8Rng::seed_from_u64(5));
    let model = to_onnx(&network, &Weights::zeros(&network), &[2, 30]).unwrap();
    let expected = network.forward(&x.mapv(f64::from), &[], Mode::Inference).unwrap();
    let bound = 1.5 * 10.0 * f32::UNIT_ROUNDOFF;
    let found = read(model, &x, 3);
    assert!(
        found.iter().zip(&expected).all(|(&found, expected)| (f64::from(found) - expected).abs() <= bound)
    );
}

/// The reader's error function is off by 6.7·10⁻⁷ at most, as it says; for numbers up to 1 half of that
/// counts, and six roundings. The form with tanh is more than 10⁻⁴ off.
#[test]
fn exact_units_are_within_their_bound() {
    let network = one(Activation::Gelu);
    let x = reals(&[3, 2, 30], &mut ChaCha8Rng::seed_from_u64(5));
    let model = to_onnx(&network, &Weights::zeros(&network), &[2, 30]).unwrap();
    let exact = x.mapv(f64::from);
    let expected = network.forward(&exact, &[], Mode::Inference).unwrap();
    let by_tanh = one(Activation::GeluByTanh).forward(&exact, &[], Mode::Inference).unwrap();
    let bound = 0.5 * 6.7e-7 + 6.0 * f32::UNIT_ROUNDOFF;
    let found = read(model, &x, 3);
    let off = |expected: &ArrayD<f64>| {
        let errors = found.iter().zip(expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
        errors.fold(0.0, f64::max)
    };
    assert!(off(&expected) <= bound && off(&by_tanh) > 1e-4, "{} and {}", off(&expected), off(&by_tanh));
}

#[test]
fn functions_and_normalisations_are_within_their_bounds() {
    let normalisation = BatchNormalisation::new(6);
    let layers: [(Network, &[usize]); 22] = [
        (one(Activation::Tanh), &[2, 30]),
        (one(Activation::Silu), &[2, 30]),
        (one(Activation::GeluByTanh), &[2, 30]),
        (one(LogSoftmax), &[6, 5]),
        (one(GroupNormalisation::new(2, 6)), &[6, 4, 3]),
        (one(GroupNormalisation::layer(12)), &[12]),
        (one(GroupNormalisation::instance(3)), &[3, 4, 5]),
        (one(GroupNormalisation::instance(3).without_weights()), &[3, 4, 5]),
        (one(Upsample::linear_with_corners_aligned([2, 3])), &[2, 3, 4]),
        (one(Upsample::linear_with_corners_aligned([4, 2])), &[2, 5, 1]),
        (one(GroupNormalisation::new(2, 6).without_weights()), &[6, 4, 3]),
        (one(LayerNormalisation::new([6])), &[5, 6]),
        (one(LayerNormalisation::new([4, 6]).without_weights()), &[2, 4, 6]),
        (one(LayerNormalisation::over([1], [6])), &[6, 3, 2]),
        (one(LayerNormalisation::over([1, 3], [6, 2])), &[6, 3, 2]),
        (one(Activation::Sigmoid), &[2, 30]),
        (one(Softmax), &[4, 5]),
        (one(Softmax), &[4, 2, 3]),
        (one(normalisation), &[6, 3, 4]),
        (one(normalisation.orbit(3).delta(Fraction::new(1, 8))), &[6, 4]),
        (one(normalisation), &[6]),
        (one(Pool::mean([3, 3]).stride([2, 2])), &[2, 7, 7]),
    ];
    for (network, sample) in layers {
        let weights = weights(&network, reals, 4);
        let bound = assert_within_bound(&network, &weights, sample);
        // At most some hundred roundings: far less than what a wrong formula would change.
        assert!(bound < 1e-4, "{bound}: {network:?}");
    }
}
