//! Functions of every kind that a measurement may be given, with what it must say of each.
//!
//! A verdict must not depend on the seed. For exactly symmetric functions the ratio of error to noise is distributed as
//! Student's t with 16 degrees of freedom (see the documentation of `measure`): it exceeds 16 with probability 3·10⁻¹¹ in a comparison,
//! and a table of 40 functions, two types, three seeds and 32 comparisons each has 8000 of them. What breaks the symmetry
//! here does so by 250 noise floors and more, or by less than 8, but for the rows that say what they must not be. So the seeds are
//! not fixed: they are those of the day, or begin with `EQUIVARIANT_SEED`.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use equivariant::group::D4;
use equivariant::signal::OnGrid;
use equivariant::verify::{Doubt, Float, Judgement, MeasureError, Measurement, Precision, measure};
use ndarray::ArrayD;

type Array<T> = ArrayD<T>;
type Function<T> = Box<dyn Fn(&Array<T>) -> Array<T>>;
type Outcome = Result<Measurement, MeasureError>;
type Expected = fn(&Outcome) -> bool;

fn seeds() -> impl Iterator<Item = u64> {
    let given = std::env::var("EQUIVARIANT_SEED").ok().and_then(|text| text.parse().ok());
    let day = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400);
    let first = given.unwrap_or_else(day);
    (0..3).map(move |number| first.wrapping_mul(3).wrapping_add(number))
}

fn number<T: Float>(value: f64) -> T {
    T::from(value).unwrap()
}

/// A number rounded to so many bits, half to even.
fn rounded<T: Float>(value: T, bits: i32) -> T {
    let wide: f64 = value.into();
    if wide == 0.0 {
        return value;
    }
    let step = 2_f64.powi(wide.abs().log2().floor() as i32 - bits + 1);
    number((wide / step).round_ties_even() * step)
}

/// To half precision, but for its range.
fn half<T: Float>(value: T) -> T {
    rounded(value, 11)
}

fn bf16<T: Float>(value: T) -> T {
    rounded(value, 8)
}

/// To 255 steps in [−1, 1].
fn int8<T: Float>(value: T) -> T {
    (value * number(127.0)).round() / number(127.0)
}

/// To 255 steps up to the largest entry.
fn dynamic_int8<T: Float>(x: &Array<T>) -> Array<T> {
    let largest = x.iter().fold(T::zero(), |largest, &entry| largest.max(num_traits::Float::abs(entry)));
    x.mapv(|entry| (entry / largest * number(127.0)).round() * largest / number(127.0))
}

/// A symmetric filter on periodic images, with every product and sum rounded.
fn blur_in<T: Float>(x: &Array<T>, round: fn(T) -> T) -> Array<T> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let kernel = [[0.1, 0.2, 0.1], [0.2, 0.3, 0.2], [0.1, 0.2, 0.1]];
    Array::from_shape_fn(x.raw_dim(), |index| {
        let mut sum = T::zero();
        for (i, weights) in kernel.iter().enumerate() {
            for (j, &weight) in weights.iter().enumerate() {
                let place = [(index[0] + i + rows - 1) % rows, (index[1] + j + columns - 1) % columns];
                sum = round(sum + round(number::<T>(weight) * x[place]));
            }
        }
        sum
    })
}

fn blur<T: Float>(x: &Array<T>) -> Array<T> {
    blur_in(x, |value| value)
}

/// (row + 1)/rows · x, which no element but the mirror of the columns keeps.
fn ramp<T: Float>(x: &Array<T>) -> Array<T> {
    let rows = x.shape()[0] as f64;
    Array::from_shape_fn(x.raw_dim(), |index| number::<T>((index[0] + 1) as f64 / rows) * x[&index])
}

/// A symmetric filter with a leak of about this share of its variation.
fn leaking<T: Float>(leak: f64) -> Function<T> {
    Box::new(move |x| blur(x) + ramp(x).mapv(|entry| entry * number(leak)))
}

fn scaled<T: Float>(function: fn(&Array<T>) -> Array<T>, factor: f64) -> Function<T> {
    Box::new(move |x| function(x).mapv(|entry| entry * number(factor)))
}

fn shifted<T: Float>(function: fn(&Array<T>) -> Array<T>, offset: f64) -> Function<T> {
    Box::new(move |x| function(x).mapv(|entry| entry + number(offset)))
}

/// The logistic map, 18 times: it doubles a difference each time.
fn chaotic<T: Float>(x: &Array<T>) -> Array<T> {
    x.mapv(|entry| {
        (0..18).fold((entry + T::one()) / number(2.0), |v, _| number::<T>(4.0) * v * (T::one() - v))
    })
}

fn two_channels<T: Float>(first: Array<T>, second: Array<T>) -> Array<T> {
    ndarray::stack![ndarray::Axis(0), first, second]
}

fn judged(outcome: &Outcome, judgement: Judgement) -> bool {
    outcome.as_ref().is_ok_and(|measurement| measurement.judgement == judgement)
}

fn consistent(outcome: &Outcome) -> bool {
    judged(outcome, Judgement::Consistent)
}

fn broken(outcome: &Outcome) -> bool {
    judged(outcome, Judgement::Broken)
        && outcome.as_ref().is_ok_and(|measurement| measurement.counterexample.is_some())
}

fn broken_or_undecided(outcome: &Outcome) -> bool {
    broken(outcome) || judged(outcome, Judgement::Undecided)
}

fn not_broken(outcome: &Outcome) -> bool {
    consistent(outcome) || judged(outcome, Judgement::Undecided)
}

fn too_noisy(outcome: &Outcome) -> bool {
    judged(outcome, Judgement::Undecided)
        && outcome.as_ref().is_ok_and(|found| matches!(found.doubt, Some(Doubt::TooNoisy { .. })))
}

/// Consistent only where the report says that a leak of half of this size would not have been told.
fn told<const LEAK_EXPONENT: i32>(outcome: &Outcome) -> bool {
    let share = 10_f64.powi(LEAK_EXPONENT) / 2.0;
    not_broken(outcome)
        && outcome
            .as_ref()
            .is_ok_and(|found| found.judgement != Judgement::Consistent || found.detection_limit >= share)
}

/// What each function must get, in any precision; `single` and `double` where that differs.
fn table<T: Float>(single: bool) -> Vec<(&'static str, Function<T>, Expected)> {
    let either = |in_single: Expected, in_double: Expected| if single { in_single } else { in_double };
    vec![
        ("the identity", Box::new(|x| x.clone()), consistent),
        ("squares", Box::new(|x| x.mapv(|entry| entry * entry)), consistent),
        ("a filter", Box::new(blur), consistent),
        ("a rectified filter", Box::new(|x| blur(x).mapv(|entry| entry.max(T::zero()))), consistent),
        (
            "a product with the sum",
            Box::new(|x| x.mapv(|entry| entry * x.iter().fold(T::zero(), |a, &b| a + b))),
            consistent,
        ),
        ("half precision", Box::new(|x| blur_in(&x.mapv(half), half)), consistent),
        ("half precision at both ends", Box::new(|x| blur(&x.mapv(half)).mapv(half)), consistent),
        ("half precision inside", Box::new(|x| blur(&blur(x).mapv(half))), consistent),
        ("half precision beside", Box::new(|x| x + &blur_in(&x.mapv(half), half)), consistent),
        ("bf16", Box::new(|x| blur_in(&x.mapv(bf16), bf16)), consistent),
        ("int8", Box::new(|x| blur(&x.mapv(int8)).mapv(int8)), consistent),
        ("int8 inside", Box::new(|x| blur(&blur(x).mapv(int8))), consistent),
        ("int8 with a scale", Box::new(|x| dynamic_int8(&blur(&dynamic_int8(x)))), consistent),
        ("a ramp in half precision", Box::new(|x| ramp(&x.mapv(half)).mapv(half)), broken),
        ("a ramp in bf16", Box::new(|x| ramp(&x.mapv(bf16)).mapv(bf16)), broken),
        ("a ramp in int8", Box::new(|x| dynamic_int8(&ramp(x))), broken),
        ("half precision, leaking 1e-1", Box::new(|x| leaking(1e-1)(&x.mapv(half)).mapv(half)), broken),
        ("half precision, leaking 1e-2", Box::new(|x| leaking(1e-2)(&x.mapv(half)).mapv(half)), told::<-2>),
        ("half precision, leaking 1e-3", Box::new(|x| leaking(1e-3)(&x.mapv(half)).mapv(half)), told::<-3>),
        ("bf16, leaking 1e-2", Box::new(|x| leaking(1e-2)(&x.mapv(bf16)).mapv(bf16)), told::<-2>),
        ("leaking 1e-2", leaking(1e-2), broken),
        ("leaking 1e-3", leaking(1e-3), broken),
        ("leaking 1e-4", leaking(1e-4), broken),
        ("leaking 1e-5", leaking(1e-5), either(broken_or_undecided, broken)),
        ("leaking 1e-6", leaking(1e-6), either(told::<-6>, broken)),
        ("a ramp", Box::new(ramp), broken),
        ("a ramp on a million", shifted(ramp, 1e6), either(broken_or_undecided, broken)),
        ("a filter on a million", shifted(blur, 1e6), either(not_broken, consistent)),
        ("a ramp times 1e30", scaled(ramp, 1e30), broken),
        ("a ramp times 1e-30", scaled(ramp, 1e-30), broken),
        ("a filter times 1e30", scaled(blur, 1e30), consistent),
        ("a filter times 1e-30", scaled(blur, 1e-30), consistent),
        ("chaos", Box::new(chaotic), either(too_noisy, consistent)),
        ("chaos on a ramp", Box::new(|x| ramp(&chaotic(x))), either(broken_or_undecided, broken)),
        (
            "a ramp beside a large channel",
            Box::new(|x| two_channels(x.mapv(|entry| entry * number(1e8)), ramp(x))),
            broken,
        ),
        (
            "a ramp beside a constant channel",
            Box::new(|x| two_channels(x.mapv(|_| T::one()), ramp(x))),
            broken,
        ),
        (
            "a filter beside a constant channel",
            Box::new(|x| two_channels(x.mapv(|_| T::one()), blur(x))),
            consistent,
        ),
        (
            "chaos beside a filter",
            Box::new(|x| two_channels(blur(x), chaotic(x))),
            either(too_noisy, consistent),
        ),
        ("a constant", Box::new(|x| x.mapv(|_| number(3.0))), |outcome| {
            matches!(outcome, Err(MeasureError::Constant))
        }),
        ("zero", Box::new(|x| x.mapv(|_| T::zero())), |outcome| {
            matches!(outcome, Err(MeasureError::Constant))
        }),
        (
            "no number",
            Box::new(|x| x.mapv(|entry| (entry - T::one()).sqrt())),
            |outcome| matches!(outcome, Err(MeasureError::NotFinite { place, index, .. }) if !place.perturbed && *index == [0, 0]),
        ),
        (
            "an infinity",
            Box::new(|x| x.mapv(|entry| entry / T::zero())),
            |outcome| matches!(outcome, Err(MeasureError::NotFinite { value, .. }) if value.is_infinite()),
        ),
    ]
}

/// Only in double precision: sizes whose squares have no exponent.
fn far_sizes() -> Vec<(&'static str, Function<f64>, Expected)> {
    let mut table: Vec<(&'static str, Function<f64>, Expected)> = Vec::new();
    for (name, factor) in [
        ("1e-290", 1e-290),
        ("1e-170", 1e-170),
        ("1e-154", 1e-154),
        ("1e154", 1e154),
        ("1e170", 1e170),
        ("1e307", 1e307),
    ] {
        table.push((name, scaled(ramp, factor), broken));
        table.push((name, scaled(blur, factor), consistent));
        let leak: Function<f64> = Box::new(move |x| leaking(1e-6)(x).mapv(|entry| entry * factor));
        table.push((name, leak, broken));
    }
    table
}

fn check<T: Float>(table: Vec<(&'static str, Function<T>, Expected)>) {
    for seed in seeds() {
        for (name, function, expected) in &table {
            let outcome = measure(function).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).seed(seed).check();
            match &outcome {
                Ok(found) => assert!(expected(&outcome), "{name}, seed {seed}: {found}"),
                Err(error) => assert!(expected(&outcome), "{name}, seed {seed}: {error}"),
            }
            if let Ok(found) = &outcome {
                // The identity moves nothing, and what is consistent is below the limit that is told.
                assert_eq!(found.elements[0], ("Id".to_owned(), 0.0), "{name}, seed {seed}");
                let below = found.relative_error <= found.detection_limit;
                assert!(found.judgement != Judgement::Consistent || below, "{name}, seed {seed}: {found}");
            }
        }
    }
}

#[test]
fn functions_in_single_precision_get_their_verdicts() {
    check(table::<f32>(true));
}

#[test]
fn functions_in_double_precision_get_their_verdicts() {
    check(table::<f64>(false));
    check(far_sizes());
}

#[test]
fn the_precision_is_found_or_given() {
    let unit = |function: Function<f32>, seed| {
        let found = measure(function).on([8, 8]).commutes_with(D4, OnGrid, OnGrid).seed(seed).assert();
        found.unit.unwrap().log2()
    };
    for seed in seeds() {
        // Some twenty roundings of independent signs make √20 of one; bf16 has eight bits, half precision eleven.
        let found = unit(Box::new(blur), seed);
        assert!((-24.0..-20.0).contains(&found), "{found}");
        let found = unit(Box::new(|x| blur_in(&x.mapv(half), half)), seed);
        assert!((-11.0..-7.5).contains(&found), "{found}");
        let found = unit(Box::new(|x| blur_in(&x.mapv(bf16), bf16)), seed);
        assert!((-8.0..-4.0).contains(&found), "{found}");
    }
    // Given, it is a floor: a leak in single precision may hide in what is said to be half precision, and the report says so.
    let leak = || measure(leaking::<f32>(1e-4)).on([4, 4]).commutes_with(D4, OnGrid, OnGrid);
    assert_eq!(leak().check().unwrap().judgement, Judgement::Broken);
    let found = leak().precision(Precision::F16).assert();
    assert!(found.detection_limit > 1e-4, "{found}");
}

#[test]
fn what_is_not_deterministic_is_an_error() {
    // Dropout left on: another mask in each call, with any period.
    for period in 2..20 {
        let calls = Cell::new(0);
        let dropout = |x: &ArrayD<f32>| {
            calls.set(calls.get() + 1);
            let mut kept = x.clone();
            kept.iter_mut().skip(calls.get() % period).step_by(period).for_each(|entry| *entry = 0.0);
            kept
        };
        let error = measure(dropout).on([8, 8]).commutes_with(D4, OnGrid, OnGrid).check().unwrap_err();
        assert!(matches!(error, MeasureError::NotDeterministic { .. }), "{period}: {error}");
        assert!(error.to_string().contains("dropout") && error.to_string().contains("threads"), "{error}");
    }
}

#[test]
fn infinities_are_told_where_they_are() {
    // Infinite where the corner is positive: in f(x) for one input, in f(g ▷ x) for another.
    let corner = |x: &ArrayD<f64>| {
        let mut y = x.clone();
        if x[[0, 0]] > 0.5 {
            y[[2, 1]] = f64::INFINITY;
        }
        y
    };
    let with = |place: [usize; 2]| {
        let mut x = ArrayD::from_elem(vec![3, 3], 0.25);
        x[[1, 0]] = 0.125;
        x[place] = 1.0;
        measure(corner).on([3, 3]).commutes_with(D4, OnGrid, OnGrid).inputs([x]).check().unwrap_err()
    };
    let text = with([0, 0]).to_string();
    assert!(text.starts_with("f(x) for input 0 is inf at [2, 1]"), "{text}");
    let text = with([0, 2]).to_string();
    assert!(text.starts_with("f(g ▷ x) for input 0 and g = ") && text.contains("inf at [2, 1]"), "{text}");
}

#[test]
fn inputs_are_looked_at() {
    let on = |inputs: Vec<ArrayD<f32>>| {
        measure(|x: &ArrayD<f32>| x.clone())
            .on([3, 3])
            .commutes_with(D4, OnGrid, OnGrid)
            .inputs(inputs)
            .check()
    };
    assert!(matches!(on(vec![]), Err(MeasureError::NoInputs)));
    let error = on(vec![ArrayD::ones(vec![3, 3]), ArrayD::ones(vec![4, 4])]).unwrap_err();
    assert_eq!(error.to_string(), "input 1 has shape [4, 4], but the function was said to be on [3, 3]");
    let mut x = ArrayD::ones(vec![3, 3]);
    x[[1, 2]] = f32::NAN;
    assert_eq!(on(vec![x]).unwrap_err().to_string(), "input 0 is NaN at [1, 2]; inputs must be finite");
    // One input of any kind is enough: a black and white one, and one that is almost all zero.
    let picture = ArrayD::from_shape_fn(vec![3, 3], |index| if index[1] == 0 { 255.0 } else { 0.0 });
    assert_eq!(on(vec![picture]).unwrap().judgement, Judgement::Consistent);
}

#[test]
fn functions_may_fail_and_take_batches() {
    let small = |x: &ArrayD<f32>| -> Result<ArrayD<f32>, String> {
        if x[[0, 0]] > 10.0 { Err("too large".to_owned()) } else { Ok(x.clone()) }
    };
    let mut x = ArrayD::ones(vec![2, 2]);
    x[[0, 1]] = 100.0;
    let error = measure(small).on([2, 2]).commutes_with(D4, OnGrid, OnGrid).inputs([x]).check().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("f(g ▷ x) for input 0 and g = ") && text.ends_with("failed: too large"),
        "{text}"
    );
    // All inputs of one element in one call.
    let calls = Cell::new(0);
    let batch = |x: &ArrayD<f32>| {
        calls.set(calls.get() + 1);
        assert_eq!(x.ndim(), 3);
        x.mapv(|entry| entry * entry)
    };
    measure(batch).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).batched().assert();
    // Twice, the others, twelve steps and one more, eight elements.
    assert!(calls.get() <= 2 + 1 + 13 + 8, "{}", calls.get());
    let merged = |x: &ArrayD<f32>| x.sum_axis(ndarray::Axis(0));
    let on = |side| measure(merged).on([side, side]).commutes_with(D4, OnGrid, OnGrid).batched().check();
    let error = on(5).unwrap_err();
    assert!(matches!(error, MeasureError::Batch { .. }), "{error}");
    // Four rows pass for four samples, but samples that depend on each other are found out.
    let error = on(4).unwrap_err();
    assert!(matches!(error, MeasureError::NotDeterministic { .. }), "{error}");
}

#[test]
fn nothing_runs_before_it_is_asked_for() {
    let calls = Cell::new(0);
    let counted = |x: &ArrayD<f32>| {
        calls.set(calls.get() + 1);
        x.clone()
    };
    let check = measure(counted).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).seed(3);
    assert_eq!(calls.get(), 0);
    assert_eq!(check.check().unwrap(), check.assert());
    assert!(calls.get() > 0);
}

#[test]
fn reports_stay_a_page() {
    let calls = Cell::new(0);
    let faulty = |x: &ArrayD<f32>| {
        calls.set(calls.get() + 1);
        let mut y = x.mapv(|entry| entry * 0.5 + 0.25);
        y[[1, 100, 17]] += 1e-3 * x[[0, 3, 3]];
        y
    };
    let shape = [3, 224, 224];
    let found = measure(faulty).on(shape).commutes_with(D4, OnGrid, OnGrid).check().unwrap();
    assert_eq!(found.judgement, Judgement::Broken);
    assert_eq!(found.channel, "[1, ·, ·]");
    let text = found.to_string();
    assert!(text.lines().count() <= 60, "{} lines\n{text}", text.lines().count());
    assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
    // One entry is left of 150,528; the sides are shown where they differ, with the digits that it takes.
    assert!(text.contains("left − right") && text.contains("of 3 × 224 × 224; all else is 0"), "{text}");
    // Not quadratic: some hundred evaluations find the noise, and some hundred more the counterexample, whatever the size.
    assert!(calls.get() < 1500, "{}", calls.get());
}

#[test]
fn counterexamples_shrink_in_shape_first() {
    let edge = |x: &ArrayD<f32>| -> Result<ArrayD<f32>, String> {
        if x.shape()[0] < 2 {
            return Err("an edge needs two rows".to_owned());
        }
        let mut y = x.clone();
        y.index_axis_mut(ndarray::Axis(0), 0).mapv_inplace(|entry| entry * 1.01);
        Ok(y)
    };
    let found =
        measure(edge).on([16, 16]).commutes_with(D4, OnGrid, OnGrid).shrinking_to([1, 1]).check().unwrap();
    let counterexample = found.counterexample.expect("a broken symmetry has a counterexample");
    // Two rows of one pixel have no quarter turn that the function accepts.
    assert_eq!(counterexample.shape, "2 × 2");
    assert!(counterexample.difference().unwrap().iter().any(|entry| entry.abs() > 1e-3));
}
