//! Real defects of published libraries and of their tests, and what here would have caught each; then what
//! has fooled a measurement of symmetry, and what it must say instead.
//!
//! | where | what went wrong | caught by |
//! |---|---|---|
//! | ndarray-conv #6, and an example of ndarray | "convolution" that computes correlation | `conv.commutative`, `corr.is_reflected_conv` |
//! | candle #849, PyTorch #29712, #20981, #37844 | circular padding absent or wrong | `conv.translation` |
//! | e3nn | equivariance checked on one random rotation | `map.generators_suffice.one_element` |
//! | symmetric_learning #14 | a pointwise nonlinearity on vectors that rotate | `map.pointwise_rotation` |
//! | burn #2286 | a backend and its reference wrong in the same way | `conv.algorithms_agree` |
//! | escnn | 17 of 53 equivariance checks check nothing | [`nothing_checked_is_an_error`] |
//! | lie-deriv | a perfect score for what it does not understand | [`a_constant_is_no_success`] |
//! | cuEquivariance | a comparison that nobody asserts | `unused_must_use`: see `src/verify/misuse.rs` |
//!
//! A measurement once took each of these for symmetric, or refused what is:
//!
//! | what was measured | what hid the fault | what is said now |
//! |---|---|---|
//! | 18 steps of a chaotic map on a ramp | the noise, as large as the output | [`too noisy`](noise_has_an_upper_limit) |
//! | 10⁶ + a ramp times x | the offset, in the norm of the output | [`not consistent`](an_offset_hides_nothing) |
//! | 10⁸·x beside a ramp | the large channel | [`broken`](a_large_channel_hides_nothing) |
//! | a ramp times 10⁻¹⁷⁰, or 10¹⁵⁴ | squares that underflow or overflow | [`broken`](no_size_hides_anything) |
//! | no inputs | random ones, silently | [`an error`](no_inputs_is_an_error) |
//! | a network with dropout left on | its own randomness | [`an error`](dropout_left_on_is_an_error) |
//! | a symmetric network in half precision | (broken, said the noise of single precision) | [`consistent`](half_precision_is_no_break) |
//! | a function on 3×224×224 | a report of 2000 lines, after minutes | [`a page`](a_report_is_a_page) |

use equivariant::claims::catalogue;
use std::cell::Cell;

use equivariant::group::{C4, D4};
use equivariant::signal::{OnGrid, TrivialAction};
use equivariant::verify::{
    Doubt, ExamineError, Examiner, Float, Judgement, MeasureError, Measurement, Statement, measure,
};
use ndarray::{ArrayD, Axis, stack};

/// The claims of the table exist, and each has a mutant: a wrong implementation that its check must catch.
#[test]
fn the_claims_that_catch_them_exist() {
    let claims = catalogue();
    for id in [
        "conv.commutative",
        "corr.is_reflected_conv",
        "conv.translation",
        "map.generators_suffice.one_element",
        "map.pointwise_rotation",
        "conv.algorithms_agree",
    ] {
        let claim = claims.iter().find(|claim| claim.id == id);
        let claim = claim.unwrap_or_else(|| panic!("there is no claim {id}"));
        assert!(!claim.mutants.is_empty(), "{id} has no mutant");
    }
}

#[test]
fn nothing_checked_is_an_error() {
    let empty = Statement::new(&["size"], |_| Ok(Vec::new())).at([3]);
    assert!(matches!(Examiner::new(0).examine(&empty), Err(ExamineError::NothingChecked(_))));
}

#[test]
fn a_constant_is_no_success() {
    let constant = |_: &ArrayD<f32>| ArrayD::zeros(vec![3]);
    let measured = measure(constant).on([4, 4]).commutes_with(C4, OnGrid, TrivialAction);
    assert!(matches!(measured.check(), Err(MeasureError::Constant)));
}

/// What a measurement on 4×4 pixels says of D4.
fn measured<T: Float>(function: impl Fn(&ArrayD<T>) -> ArrayD<T>) -> Result<Measurement, MeasureError> {
    measure(function).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).check()
}

/// (row + 1)·x, which turns and reflections of the rows break.
fn ramp<T: Float>(x: &ArrayD<T>) -> ArrayD<T> {
    ArrayD::from_shape_fn(x.raw_dim(), |index| T::from_integer(index[0] as i64 + 1) * x[&index])
}

#[test]
fn noise_has_an_upper_limit() {
    let chaos = |x: &ArrayD<f32>| {
        ramp(x).mapv(|entry| (0..18).fold((entry / 4.0 + 1.0) / 2.0, |v, _| 4.0 * v * (1.0 - v)))
    };
    let found = measured(chaos).unwrap();
    assert_eq!(found.judgement, Judgement::Undecided);
    assert!(matches!(found.doubt, Some(Doubt::TooNoisy { .. })), "{found}");
}

#[test]
fn an_offset_hides_nothing() {
    let single = measured(|x: &ArrayD<f32>| ramp(x).mapv(|entry| 1e6 + entry)).unwrap();
    assert_ne!(single.judgement, Judgement::Consistent, "{single}");
    let double = measured(|x: &ArrayD<f64>| ramp(x).mapv(|entry| 1e6 + entry)).unwrap();
    assert_eq!(double.judgement, Judgement::Broken, "{double}");
}

#[test]
fn a_large_channel_hides_nothing() {
    let found = measured(|x: &ArrayD<f32>| stack![Axis(0), x * 1e8, ramp(x)]).unwrap();
    assert_eq!((found.judgement, found.channel.as_str()), (Judgement::Broken, "[1, ·, ·]"));
}

#[test]
fn no_size_hides_anything() {
    for factor in [1e-300, 1e-170, 1e154, 1e300] {
        let found = measured(|x: &ArrayD<f64>| ramp(x) * factor).unwrap();
        assert_eq!(found.judgement, Judgement::Broken, "{factor:e}: {found}");
    }
}

#[test]
fn no_inputs_is_an_error() {
    let identity = |x: &ArrayD<f32>| x.clone();
    let none = measure(identity).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).inputs([]).check();
    assert!(matches!(none, Err(MeasureError::NoInputs)));
}

#[test]
fn dropout_left_on_is_an_error() {
    let calls = Cell::new(0);
    let dropout = |x: &ArrayD<f32>| {
        calls.set(calls.get() + 1);
        let mut y = x.clone();
        y.iter_mut().skip(calls.get() % 2).step_by(2).for_each(|entry| *entry = 0.0);
        y
    };
    assert!(matches!(measured(dropout), Err(MeasureError::NotDeterministic { .. })));
}

#[test]
fn half_precision_is_no_break() {
    // Dekker's splitting: v·(2¹³ + 1) − (v·(2¹³ + 1) − v) has the upper eleven of the 24 bits.
    let half = |value: f32| (value * 8193.0) - (value * 8193.0 - value);
    let blur = move |x: &ArrayD<f32>| {
        ArrayD::from_shape_fn(x.raw_dim(), |index| {
            let at = |r: usize, c: usize| half(x[[(index[0] + r + 3) % 4, (index[1] + c + 3) % 4]]);
            let places = (0..9).map(|place| half(0.1 * at(place / 3, place % 3)));
            places.fold(0.0, |sum, entry| half(sum + entry))
        })
    };
    let found = measured(blur).unwrap();
    assert_eq!(found.judgement, Judgement::Consistent, "{found}");
    // What it would not have told is part of the report.
    assert!(found.detection_limit > 1e-3 && found.relative_error > 1e-5, "{found}");
}

#[test]
fn a_report_is_a_page() {
    let rows = |x: &ArrayD<f32>| {
        let mut y = x.clone();
        for (number, mut row) in y.axis_iter_mut(Axis(1)).enumerate() {
            row *= (number + 1) as f32;
        }
        y
    };
    let found = measure(rows).on([3, 224, 224]).commutes_with(C4, OnGrid, OnGrid).check().unwrap();
    assert_eq!(found.judgement, Judgement::Broken);
    assert!(found.to_string().lines().count() <= 60, "{found}");
}
