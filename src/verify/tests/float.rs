//! The float reading: which difference noise explains, and where there is too much of it.

use super::*;

const INF: f64 = f64::INFINITY;

/// One entry: both sides in single precision, and both in double precision with their bounds.
type Entry = (f32, f32, (f64, f64), (f64, f64));

fn read(entries: &[Entry]) -> Outcome {
    let single = |pick: fn(&Entry) -> f32| entries.iter().map(pick).collect::<Vec<_>>();
    let exact = |pick: fn(&Entry) -> (f64, f64)| -> Vec<Bounded> {
        entries.iter().map(pick).map(|(value, error)| Bounded::with_error(value, error)).collect()
    };
    let scripted = Scripted {
        single: always(&single(|entry| entry.0), &single(|entry| entry.1)),
        bounded: always(&exact(|entry| entry.2), &exact(|entry| entry.3)),
        ..Scripted::new()
    };
    outcome_of(scripted.read(Reading::Float))
}

/// Alone, both ways round, and beside an entry without difference or noise.
fn check(entry: Entry, expected: Outcome) {
    let (left, right, exact_left, exact_right) = entry;
    let calm = (1.0, 1.0, (1.0, 0.0), (1.0, 0.0));
    for entry in [entry, (right, left, exact_right, exact_left)] {
        assert_eq!(read(&[entry]), expected, "{entry:?}");
        assert_eq!(read(&[calm, entry]), expected, "after: {entry:?}");
        assert_eq!(read(&[entry, calm]), expected, "before: {entry:?}");
    }
}

/// Each of the four parts of the noise counts, and no more than each does.
#[test]
fn noise_explains_or_refutes() {
    check((4.0, 4.0, (4.0, 0.0), (4.0, 0.0)), Outcome::Confirms);
    check((4.0, 5.0, (4.0, 0.0), (5.0, 0.0)), Outcome::Refutes);
    for noise in [0.5, 1.0] {
        let expected = if noise < 1.0 { Outcome::Refutes } else { Outcome::Confirms };
        for sign in [1.0, -1.0] {
            check((4.0, 5.0, (4.0 + sign * noise, 0.0), (5.0, 0.0)), expected);
            check((4.0, 5.0, (4.0, 0.0), (5.0 + sign * noise, 0.0)), expected);
        }
        check((4.0, 5.0, (4.0, noise), (5.0, 0.0)), expected);
        check((4.0, 5.0, (4.0, 0.0), (5.0, noise)), expected);
        let quarter = noise / 4.0;
        check((4.0, 5.0, (4.0 + quarter, quarter), (5.0 - quarter, quarter)), expected);
    }
    // An error may exceed the noise by what rounds in their comparison, a few units of f64, and by no more.
    let below = |units: f64| 1.0 - units * f64::EPSILON;
    check((4.0, 5.0, (4.0, below(0.5)), (5.0, 0.0)), Outcome::Confirms);
    check((4.0, 5.0, (4.0, below(16.0)), (5.0, 0.0)), Outcome::Refutes);
    // One unit in the last place is an error unless noise explains it.
    let next = 1.0 + f32::EPSILON;
    check((1.0, next, (1.0, 0.0), (next.into(), 0.0)), Outcome::Refutes);
    check((1.0, next, (1.0, 0.0), (1.0, 0.0)), Outcome::Confirms);
    assert_eq!(read(&[(0.0, -0.0, (0.0, 0.0), (0.0, 0.0))]), Outcome::Confirms);
}

/// Noise larger than the largest value silences, wherever it is; unless the sides differ by more than noise.
#[test]
fn noise_above_the_values_silences() {
    check((1.0, 1.0, (3.0, 0.0), (1.0, 0.0)), Outcome::Silent);
    check((1.0, 1.0, (1.0, 0.75), (1.0, 0.75)), Outcome::Silent);
    check((4.0, 4.0, (4.0, 1.5), (4.0, 1.5)), Outcome::Confirms);
    check((-4.0, -4.0, (-4.0, 1.5), (-4.0, 1.5)), Outcome::Confirms);
    check((-4.0, -4.0, (-4.0, 2.5), (-4.0, 2.5)), Outcome::Silent);
    check((1.0, 9.0, (1.0, 2.0), (9.0, 4.0)), Outcome::Refutes);
    // Any noise is larger than zeros.
    assert_eq!(read(&[(0.0, 0.0, (0.5, 0.0), (0.0, 0.0))]), Outcome::Silent);
    assert_eq!(read(&[(0.0, 0.0, (0.0, 0.0), (0.0, 0.0))]), Outcome::Confirms);
    assert_eq!(read(&[(0.0, 0.0, (1.5, 0.0), (0.0, 0.0))]), Outcome::Silent);
    // The largest value of either side, at any entry.
    let (noisy, large) = ((0.0, 0.0, (0.0, 1.5), (0.0, 1.5)), (8.0, 8.0, (8.0, 0.0), (8.0, 0.0)));
    assert_eq!(read(&[noisy, large]), Outcome::Confirms);
    assert_eq!(read(&[large, noisy]), Outcome::Confirms);
    // Noise of 7.5 is below 8 and above 7, which stand on one side each.
    let noisy = (0.0, 0.0, (0.0, 7.5), (0.0, 0.0));
    for (left, right) in [(8.0, 7.0), (7.0, 8.0), (-8.0, -7.0), (-7.0, -8.0)] {
        let large = (left, right, (left.into(), 0.5), (right.into(), 0.5));
        assert_eq!(read(&[large, noisy]), Outcome::Confirms, "{left} and {right}");
        assert_eq!(read(&[noisy, large]), Outcome::Confirms, "{left} and {right}");
    }
    let seven = (7.0, 7.0, (7.0, 0.0), (7.0, 0.0));
    assert_eq!(read(&[seven, noisy]), Outcome::Silent);
    assert_eq!(read(&[noisy, seven]), Outcome::Silent);
}

/// What is not finite never confirms, and never hides that another entry differs.
#[test]
fn what_is_not_finite_never_confirms() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let strange: [Entry; 9] = [
        (nan, 1.0, (1.0, 0.0), (1.0, 0.0)),
        (nan, nan, (1.0, 0.0), (1.0, 0.0)),
        (inf, 1.0, (1.0, 0.0), (1.0, 0.0)),
        (inf, inf, (1.0, 0.0), (1.0, 0.0)),
        (inf, -inf, (1.0, 0.0), (1.0, 0.0)),
        (nan, nan, (f64::NAN, 0.0), (f64::NAN, 0.0)),
        (inf, inf, (INF, 0.0), (INF, 0.0)),
        (1.0, 1.0, (1.0, INF), (1.0, 0.0)),
        (1.0, 2.0, (1.0, INF), (2.0, INF)),
    ];
    let (calm, differing) = ((1.0, 1.0, (1.0, 0.0), (1.0, 0.0)), (1.0, 2.0, (1.0, 0.0), (2.0, 0.0)));
    for (left, right, exact_left, exact_right) in strange {
        for entry in [(left, right, exact_left, exact_right), (right, left, exact_right, exact_left)] {
            assert_eq!(read(&[entry]), Outcome::Silent, "{entry:?}");
            assert_eq!(read(&[calm, entry]), Outcome::Silent, "{entry:?}");
            assert_eq!(read(&[entry, calm]), Outcome::Silent, "{entry:?}");
            assert_eq!(read(&[differing, entry]), Outcome::Refutes, "{entry:?}");
            assert_eq!(read(&[entry, differing]), Outcome::Refutes, "{entry:?}");
        }
    }
}

/// Both precisions are asked at the same inputs, which are drawn from both signs.
#[test]
fn both_precisions_see_the_same_inputs() {
    let scripted =
        Scripted { unknowns: vec![Unknown::new("x", [40]), Unknown::new("y", [2])], ..Scripted::new() };
    assert_eq!(outcome_of(scripted.read(Reading::Float)), Outcome::Confirms);
    let (single, exact) = (scripted.asked.single.lock().unwrap(), scripted.asked.bounded.lock().unwrap());
    assert!(!single.is_empty() && single.len() == exact.len());
    for (single, exact) in single.iter().zip(exact.iter()) {
        for (single, exact) in single.iter().zip(exact) {
            assert_eq!(single.mapv(|x| Bounded::new(x.into())), exact);
        }
        assert!(single[0].iter().any(|x| *x < 0.0) && single[0].iter().any(|x| *x > 0.0));
        let mut different: Vec<f32> = single[0].iter().copied().collect();
        different.sort_by(f32::total_cmp);
        different.dedup();
        // Of 40 draws of 2²⁴ numbers some two are equal with probability below 780/2²⁴; of five of them 2⁻⁴⁰
        // and less.
        assert!(different.len() > 35);
    }
}
