//! What a measurement must say of each function.

use equivariant::verify::{Doubt, Float, Judgement, MeasureError, Measurement};

use crate::functions::{
    Function, bf16, blur, blur_in, chaotic, dynamic_int8, edges, half, int8, largest, leaking, lengths,
    median, number, ramp, rectified, scaled, shift, shifted, two_channels,
};

pub(crate) type Outcome = Result<Measurement, MeasureError>;
pub(crate) type Expected = fn(&Outcome) -> bool;

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
pub(crate) fn table<T: Float>(single: bool) -> Vec<(&'static str, Function<T>, Expected)> {
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
        ("edges", Box::new(edges), consistent),
        ("medians", Box::new(median), consistent),
        ("largest neighbours", Box::new(largest), consistent),
        ("rectified filters", Box::new(rectified), consistent),
        ("edges in half precision", Box::new(|x| edges(&x.mapv(half)).mapv(half)), consistent),
        ("edges in bf16", Box::new(|x| edges(&x.mapv(bf16)).mapv(bf16)), consistent),
        ("medians in half precision", Box::new(|x| median(&x.mapv(half)).mapv(half)), consistent),
        ("medians in bf16", Box::new(|x| median(&x.mapv(bf16)).mapv(bf16)), consistent),
        ("largest neighbours in half precision", Box::new(|x| largest(&x.mapv(half))), consistent),
        ("largest neighbours in bf16", Box::new(|x| largest(&x.mapv(bf16))), consistent),
        ("lengths in half precision", Box::new(|x| lengths(&x.mapv(half)).mapv(half)), consistent),
        ("lengths in bf16", Box::new(|x| lengths(&x.mapv(bf16)).mapv(bf16)), consistent),
        ("medians of a ramp in half precision", Box::new(|x| median(&ramp(&x.mapv(half)))), broken),
        ("medians of a ramp", Box::new(|x| median(&ramp(x))), broken),
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
        // Steps of 2⁻⁷ make a noise of 2⁻⁷/√12, and the ramp breaks the symmetry by some 200 of √2 times that: the
        // estimate of the noise may be that much larger. The shift does so by three times as much.
        ("a ramp in int8", Box::new(|x| dynamic_int8(&ramp(x))), broken_or_undecided),
        ("a shift in int8", Box::new(|x| dynamic_int8(&shift(x))), broken),
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
pub(crate) fn far_sizes() -> Vec<(&'static str, Function<f64>, Expected)> {
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
