//! Bounds of functions, at random places within.

use proptest::prelude::*;

use super::*;

/// A function over numbers of 32 bits.
type Single = fn(f32) -> f32;

/// Functions of one entry, with what they do to numbers of 32 bits.
fn functions() -> Vec<(Function, Single)> {
    let named = Function::named;
    let with = Function::with_parameters;
    vec![
        (Function::Exponential, f32::exp),
        (Function::Logarithm, f32::ln),
        (Function::SquareRoot, f32::sqrt),
        (Function::HyperbolicTangent, f32::tanh),
        (Function::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Function::Erf, libm::erff),
        (Function::Absolute, f32::abs),
        (named("Floor"), f32::floor),
        (named("Round"), f32::round_ties_even),
        (named("Sin"), f32::sin),
        (named("Cos"), f32::cos),
        (named("Tan"), f32::tan),
        (named("Asin"), f32::asin),
        (named("Acos"), f32::acos),
        (named("Atan"), f32::atan),
        (named("Sinh"), f32::sinh),
        (named("Cosh"), f32::cosh),
        (named("Asinh"), libm::asinhf),
        (named("Atanh"), libm::atanhf),
        (named("Softplus"), |x| (1.0 + x.exp()).ln()),
        (with("Elu", &[1.5]), |x| if x < 0.0 { 1.5 * (x.exp() - 1.0) } else { x }),
        (with("LeakyRelu", &[0.25]), |x| if x < 0.0 { 0.25 * x } else { x }),
        (with("ThresholdedRelu", &[1.0]), |x| if x > 1.0 { x } else { 0.0 }),
        (with("Shrink", &[0.25, 0.5]), |x| {
            if x < -0.5 {
                x + 0.25
            } else if x > 0.5 {
                x - 0.25
            } else {
                0.0
            }
        }),
    ]
}

/// Whether a value of `f64`, itself off by some units in the last place, is within the bound, which NaN is if
/// nothing is known.
fn covers(bound: &Bounded, value: f64) -> bool {
    let own = || FUNCTION_ULPS * f64::EPSILON * value.abs();
    bound.error() == f64::INFINITY || value.is_finite() && bound.may_equal(&Bounded::with_error(value, own()))
}

/// Errors above the rounding of the places within, which are in the inner half.
fn errors() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (0..49).prop_map(|bits| f64::powi(0.5, bits))]
}

proptest! {
    #[test]
    fn functions_are_within_their_bounds(x in -6.0_f32..6.0, error in errors(), place in -0.5..0.5_f64) {
        for (function, single) in functions() {
            let x = f64::from(x);
            let bounded = Bounded::with_error(x, error);
            let exact = Bounds::exact().apply(&function, &[&bounded]).unwrap();
            let inside = x + place * error;
            // The exact argument of a root is not negative.
            if function == Function::SquareRoot && inside < 0.0 {
                continue;
            }
            let value = function.value(&[inside]).unwrap();
            prop_assert!(covers(&exact, value), "{function} of {bounded}: {value} is not within {exact}");
            let machine = Bounds::of_machine(ElementType::Float32);
            let wide = machine.apply(&function, &[&bounded]).unwrap();
            let inside = inside as f32;
            if (f64::from(inside) - x).abs() <= error {
                let value = f64::from(single(inside));
                prop_assert!(covers(&wide, value), "{function} of {bounded}: {value} is not within {wide}");
            }
        }
    }

    #[test]
    fn functions_of_two_are_within_their_bounds(
        [x, y] in prop::array::uniform2(-4.0..4.0_f64),
        [dx, dy] in prop::array::uniform2(errors()),
        [s, t] in prop::array::uniform2(-0.5..0.5_f64),
    ) {
        let (a, b) = (Bounded::with_error(x, dx), Bounded::with_error(y, dy));
        for name in ["Pow", "Mod", "Remainder", "Less", "GreaterOrEqual", "Equal"] {
            let function = Function::named(name);
            let bound = Bounds::exact().apply(&function, &[&a, &b]).unwrap();
            let value = function.value(&[x + s * dx, y + t * dy]).unwrap();
            prop_assert!(covers(&bound, value), "{name} of {a} and {b}: {value} is not within {bound}");
        }
        let condition = Bounded::with_error(1.0, if dx > 0.01 { 1.0 } else { 0.0 });
        let bound = Bounds::exact().apply(&Function::named("Where"), &[&condition, &a, &b]).unwrap();
        prop_assert!(covers(&bound, x + s * dx));
        prop_assert!(dx <= 0.01 || covers(&bound, y + t * dy));
    }

    /// Forwards, backwards and pairwise, with and without fused products.
    #[test]
    fn sums_of_machines_are_within_their_bounds(
        terms in prop::collection::vec((-1.0..1.0_f32, -1.0..1.0_f32), 1..60),
        bias in -1.0..1.0_f32,
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = terms.into_iter().unzip();
        let wide = |list: &[f32]| list.iter().map(|&x| Bounded::new(x.into())).collect::<Vec<_>>();
        let machine = Bounds::of_machine(ElementType::Float32);
        let bound = machine.dot_plus(&wide(&a), &wide(&b), &Bounded::new(bias.into()));
        let pairs = || a.iter().zip(&b);
        let fused = pairs().fold(bias, |sum, (a, b)| a.mul_add(*b, sum));
        let backwards = pairs().rev().fold(0.0, |sum, (a, b)| sum + a * b) + bias;
        let mut products = pairs().map(|(a, b)| a * b).collect::<Vec<_>>();
        while products.len() > 1 {
            products = products.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
        for value in [fused, backwards, products[0] + bias] {
            prop_assert!(covers(&bound, value.into()), "{value} is not within {bound}");
        }
        // Not silly: each of n + 1 roundings is relative to a sum below n + 1, all rounded up a little.
        let n = a.len() as f64 + 1.0;
        prop_assert!(bound.error() <= 1.01 * n * n * f64::powi(0.5, 24));
    }
}

#[test]
fn what_is_not_known_is_not_claimed() {
    let nan = Bounded::new(f64::NAN);
    let is_nan = Bounds::exact().apply(&Function::named("IsNaN"), &[&nan]).unwrap();
    assert_eq!((is_nan.value(), is_nan.error()), (1.0, 1.0));
    // A logarithm of what may be negative, and a quotient by what may be zero.
    let wide = Bounded::with_error(0.5, 1.0);
    let logarithm = Bounds::exact().apply(&Function::Logarithm, &[&wide]).unwrap();
    assert_eq!(logarithm.error(), f64::INFINITY);
    let ratio = Bounds::exact().apply(&Function::Divide, &[&Bounded::new(1.0), &wide]).unwrap();
    assert_eq!(ratio.error(), f64::INFINITY);
    // What overflows is no infinity that is meant.
    let large = Bounded::new(3e38);
    let sum = Bounds::of_machine(ElementType::Float32).apply(&Function::Add, &[&large, &large]).unwrap();
    assert!(sum.value().is_nan() && sum.error() == f64::INFINITY);
    // A choice that is open between a number and NaN.
    let open = Bounded::with_error(0.0, 1.0);
    let chosen =
        Bounds::exact().apply(&Function::named("Where"), &[&open, &nan, &Bounded::new(1.0)]).unwrap();
    assert_eq!(chosen.error(), f64::INFINITY);
}
