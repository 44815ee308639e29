//! Bounds against exact rational numbers, at random and at the edges.

use proptest::prelude::*;

use super::number::{Form, LIMIT, UNIT};
use super::*;
use crate::scalar::{Field, Rational};

fn exact(x: f64) -> Rational {
    Rational::try_from_f64(x).unwrap()
}

/// v as a fraction.
fn value(x: &Fixed) -> Rational {
    match &x.0 {
        Form::Float(x) => exact(*x),
        Form::Wide(wide) => {
            let digit = exact(2.0_f64.powi(64));
            let digits = wide.limbs.iter().rev().fold(exact(0.0), |sum, &limb| {
                let [high, low] = [limb >> 32, limb & 0xffff_ffff].map(|half| exact(half as f64));
                sum * digit.clone() + high * exact(2.0_f64.powi(32)) + low
            });
            let sign = if wide.is_negative { -1.0 } else { 1.0 };
            digits * exact(sign * UNIT)
        }
        Form::Rough(rough) => exact(rough.value()),
    }
}

/// Whether a number is within its bound, by the bound and by that in floats.
fn covers(found: &Fixed, truth: &Rational) -> bool {
    let distance = |value: Rational| (value - truth.clone()).abs();
    let bounded = found.to_bounded();
    let in_floats =
        bounded.error() == f64::INFINITY || distance(exact(bounded.value())) <= exact(bounded.error());
    let is_known = found.error() < f64::INFINITY;
    in_floats && (!is_known || distance(value(found)) <= exact(found.error()))
}

/// Floats of all sizes, and integers.
fn floats() -> impl Strategy<Value = f64> {
    let edges = vec![0.0, 1.0, -1.0, UNIT, -UNIT / 2.0, f64::MIN_POSITIVE, LIMIT, LIMIT / 2.0, 1e300];
    prop_oneof![
        4 => -4.0_f64..4.0,
        2 => (-1.0_f64..1.0, -250_i32..70).prop_map(|(x, exponent)| x * 2.0_f64.powi(exponent)),
        1 => (-100_i32..100).prop_map(f64::from),
        1 => proptest::sample::select(edges),
    ]
}

/// A number that is off by any part of its bound, and what it stands for.
fn numbers() -> impl Strategy<Value = (Fixed, Rational)> {
    let errors = prop_oneof![2 => Just(0.0), 1 => (0_i32..200).prop_map(|bits| 2.0_f64.powi(-bits))];
    (floats(), floats(), errors, -64_i32..=64).prop_map(|(x, y, error, part)| {
        // Sums have more bits than a float.
        let sum = FixedPoint.sum(&mut [Fixed::float(x), Fixed::float(y)].iter());
        let truth = exact(x) + exact(y);
        let shift = error * f64::from(part) / 64.0;
        let off = Fixed::of_bounded(&Bounded::with_error(0.0, error));
        (FixedPoint.sum(&mut [sum, off].iter()), truth + exact(shift))
    })
}

proptest! {
    #[test]
    fn sums_of_products_are_within_their_bounds(terms in prop::collection::vec((numbers(), numbers()), 1..6)) {
        let (a, b): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
        let (a, x): (Vec<_>, Vec<_>) = a.into_iter().unzip();
        let (b, y): (Vec<_>, Vec<_>) = b.into_iter().unzip();
        let products = x.iter().zip(&y).map(|(x, y)| x.clone() * y.clone());
        let dot = products.fold(exact(0.0), |sum, product| sum + product);
        prop_assert!(covers(&FixedPoint.dot(&a, &b), &dot));
        prop_assert!(covers(&FixedPoint.dot_plus(&a, &b, &a[0]), &(dot + x[0].clone())));
        let sum = x.iter().fold(exact(0.0), |sum, x| sum + x.clone());
        prop_assert!(covers(&FixedPoint.sum(&mut a.iter()), &sum));
        prop_assert!(covers(&FixedPoint.maximum(&mut a.iter()).unwrap(), x.iter().max().unwrap()));
    }

    #[test]
    fn functions_are_within_their_bounds((a, x) in numbers(), (b, y) in numbers(), slope in 0.0_f64..=1.0) {
        let of = |function: Function, arguments: &[&Fixed]| FixedPoint.apply(&function, arguments).unwrap();
        prop_assert!(covers(&of(Function::Subtract, &[&a, &b]), &(x.clone() - y.clone())));
        prop_assert!(covers(&of(Function::Minimum, &[&a, &b]), &x.clone().min(y.clone())));
        prop_assert!(covers(&of(Function::Absolute, &[&a]), &x.abs()));
        if let Some(reciprocal) = y.try_reciprocal() {
            prop_assert!(covers(&of(Function::Divide, &[&a, &b]), &(x.clone() * reciprocal)));
        }
        let leaky = Function::with_parameters("LeakyRelu", &[slope]);
        let truth = if x.is_negative() { x.clone() * exact(slope) } else { x.clone() };
        prop_assert!(covers(&of(leaky, &[&a]), &truth));
        // The root of a square.
        let (square, truth) = (of(Function::Multiply, &[&a, &a]), x.abs());
        prop_assert!(covers(&of(Function::SquareRoot, &[&square]), &truth));
    }

    #[test]
    fn floats_are_exact(x in floats()) {
        let [zero, number] = [0.0, x].map(Fixed::float);
        let found = FixedPoint.sum(&mut [zero, number.clone()].iter());
        prop_assert!(covers(&found, &exact(x)));
        let fits = (exact(x) * exact(1.0 / UNIT)).is_integer();
        prop_assert!(x.abs() > LIMIT / 2.0 || (found.error() == 0.0) == fits);
        prop_assert_eq!(number.to_bounded(), Bounded::new(x));
    }
}

/// Forty digits are left where floats have none: 1 + 10⁻³⁰ − 1, and a root.
#[test]
fn there_are_more_digits_than_in_floats() {
    let list = [1.0, 1e-30, -1.0].map(Fixed::float);
    let sum = FixedPoint.sum(&mut list.iter()).to_bounded();
    assert!((sum.value() - 1e-30).abs() < 1e-45 && sum.error() < 1e-45, "{sum:?}");
    let root = FixedPoint.apply(&Function::SquareRoot, &[&Fixed::float(2.0)]).unwrap();
    assert!(root.error() < 2.0 * UNIT);
    let square = FixedPoint.apply(&Function::Multiply, &[&root, &root]).unwrap();
    let rest = FixedPoint.apply(&Function::Subtract, &[&square, &Fixed::float(2.0)]).unwrap().to_bounded();
    assert!(rest.value().abs() <= rest.error() && rest.error() < 10.0 * UNIT, "{rest:?}");
}

/// What overflows, or is no number, is not known; it is never a small bound.
#[test]
fn what_cannot_be_held_is_not_known() {
    let unknown = |x: &Fixed| x.to_bounded().error() == f64::INFINITY;
    let [large, zero, one] = [2.0_f64.powi(61), 0.0, 1.0].map(Fixed::float);
    // Floats are larger.
    assert_eq!(FixedPoint.sum(&mut [&large; 4].into_iter()), Fixed::float(2.0_f64.powi(63)));
    let of = |function: Function, arguments: &[&Fixed]| FixedPoint.apply(&function, arguments).unwrap();
    assert_eq!(of(Function::Multiply, &[&large, &large]), Fixed::float(2.0_f64.powi(122)));
    let quotient = of(Function::Divide, &[&Fixed::float(1e40), &Fixed::float(-4.0)]);
    assert_eq!(quotient.to_bounded().value(), -2.5e39);
    assert_eq!(
        of(Function::SquareRoot, &[&Fixed::float(2.0_f64.powi(80))]).to_bounded().value(),
        2.0_f64.powi(40)
    );
    assert!(unknown(&of(Function::Divide, &[&one, &zero])));
    assert!(unknown(&of(Function::SquareRoot, &[&Fixed::float(-1.0)])));
    let nan = Fixed::float(f64::NAN);
    for function in [Function::Add, Function::Multiply, Function::Maximum, Function::Divide] {
        assert!(unknown(&of(function.clone(), &[&one, &nan])), "{function}");
        assert!(unknown(&of(function.clone(), &[&nan, &one])), "{function}");
    }
    assert!(unknown(&of(Function::Multiply, &[&nan, &zero])));
}

/// Masks of attention add −∞; the greatest of the rest is found, and e to −∞ is zero.
#[test]
fn infinities_of_a_mask_are_values() {
    let [mask, one, two] = [f64::NEG_INFINITY, 1.0, 2.0].map(Fixed::float);
    let masked = FixedPoint.apply(&Function::Add, &[&one, &mask]).unwrap();
    assert_eq!(FixedPoint.maximum(&mut [&masked, &two, &one].into_iter()).unwrap(), two);
    assert_eq!(FixedPoint.apply(&Function::Exponential, &[&masked]).unwrap(), Fixed::float(0.0));
}

/// So are masks of the least float in single precision, with digits that are rounded.
#[test]
fn large_numbers_of_a_mask_are_rough() {
    let [mask, third, two] = [f64::from(f32::MIN), 1.0 / 3.0, 2.0].map(Fixed::float);
    let of = |function: Function, arguments: &[&Fixed]| FixedPoint.apply(&function, arguments).unwrap();
    let masked = of(Function::Add, &[&third, &mask]);
    let truth = exact(f32::MIN.into()) + exact(1.0 / 3.0);
    assert!(covers(&masked, &truth) && masked.error() < 1.0);
    assert_eq!(of(Function::Maximum, &[&masked, &two]).to_bounded(), Bounded::new(2.0));
    let zero = of(Function::Exponential, &[&of(Function::Subtract, &[&masked, &two])]).to_bounded();
    assert!(zero.value() == 0.0 && zero.error() < 1e-50, "{zero:?}");
    assert!(covers(&of(Function::Multiply, &[&masked, &two]), &(truth * exact(2.0))));
}

/// eˣ by its series in fractions, with terms until they are below 10⁻¹⁰⁰.
fn series(x: &Rational) -> Rational {
    let (mut sum, mut term, mut n) = (exact(0.0), exact(1.0), 0);
    while n < 10 || term.to_f64().abs() > 1e-100 {
        sum = sum + term.clone();
        n += 1;
        term = term * x.clone() * Rational::new(1, n);
    }
    sum
}

#[test]
fn exponentials_have_all_digits() {
    let of = |function: Function, x: &Fixed| FixedPoint.apply(&function, &[x]).unwrap();
    for x in [-41.0, -20.5, -3.0, -0.4375, -1e-12, 0.0, 0.0625, 1.0, 2.5, 20.0, 41.5] {
        let (number, truth) = (Fixed::float(x), series(&exact(x)));
        let found = of(Function::Exponential, &number);
        assert!(covers(&found, &truth) && found.error() <= 3.0 * UNIT, "{x}: {found:?}");
        let reciprocal = (exact(1.0) + series(&exact(-x))).try_reciprocal().unwrap();
        let found = of(Function::Sigmoid, &number);
        assert!(covers(&found, &reciprocal) && found.error() <= 9.0 * UNIT, "{x}: {found:?}");
        let (plus, minus) = (truth, series(&exact(-x)));
        let tangent = (plus.clone() - minus.clone()) * (plus + minus).try_reciprocal().unwrap();
        let found = of(Function::HyperbolicTangent, &number);
        let beyond = if 2.0 * x.abs() >= 42.0 { 1e-30 } else { 9.0 * UNIT };
        assert!(covers(&found, &tangent) && found.error() <= beyond, "{x}: {found:?}");
        // What is inherited: x is off by up to 2⁻²⁰.
        for error in [2.0_f64.powi(-20), -2.0_f64.powi(-20), 2.0_f64.powi(-21)] {
            let off = Fixed::of_bounded(&Bounded::with_error(x, 2.0_f64.powi(-20)));
            let truth = series(&(exact(x) + exact(error)));
            assert!(covers(&of(Function::Exponential, &off), &truth), "{x} {error}");
        }
    }
    // Beyond, floats do.
    assert!(
        of(Function::Exponential, &Fixed::float(50.0))
            .to_bounded()
            .may_equal(&Bounded::with_error(50.0_f64.exp(), 1e7))
    );
}

/// Functions that floats give have the bounds of floats.
#[test]
fn other_functions_are_those_of_floats() {
    let third = FixedPoint.apply(&Function::Divide, &[&Fixed::float(1.0), &Fixed::float(3.0)]).unwrap();
    assert!(covers(&third, &Rational::new(1, 3)));
    let found = FixedPoint.apply(&Function::Erf, &[&third]).unwrap().to_bounded();
    assert!((found.value() - libm::erf(1.0 / 3.0)).abs() < 1e-15 && (1e-20..1e-14).contains(&found.error()));
}
