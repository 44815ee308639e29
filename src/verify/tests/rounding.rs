//! The rounding reading: what bounds explain, what they refute, and where they are too wide to say anything.

use super::*;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn read(left: &[(f64, f64)], right: &[(f64, f64)]) -> Outcome {
    let entries = |side: &[(f64, f64)]| -> Vec<Bounded> {
        side.iter().map(|&(value, error)| Bounded::with_error(value, error)).collect()
    };
    let bounded = always(&entries(left), &entries(right));
    outcome_of(Scripted { bounded, ..Scripted::new() }.read(Reading::Rounding))
}

/// Both ways round, and with an entry before and after that agrees.
fn check(left: (f64, f64), right: (f64, f64), expected: Outcome) {
    let calm = (1.0, 0.0);
    for (left, right) in [(left, right), (right, left)] {
        assert_eq!(read(&[left], &[right]), expected, "{left:?} and {right:?}");
        // A calm entry of 1 neither explains nor widens anything: for entries of at least 1.
        if left.0.abs() >= 1.0 || right.0.abs() >= 1.0 || expected != Outcome::Silent {
            assert_eq!(read(&[calm, left], &[calm, right]), expected, "after: {left:?} and {right:?}");
            assert_eq!(read(&[left, calm], &[right, calm]), expected, "before: {left:?} and {right:?}");
        }
    }
}

#[test]
fn bounds_explain_or_refute() {
    check((8.0, 0.0), (8.0, 0.0), Outcome::Confirms);
    check((8.0, 0.0), (8.5, 0.0), Outcome::Refutes);
    check((8.0, 0.5), (8.5, 0.0), Outcome::Confirms);
    check((8.0, 0.25), (8.5, 0.25), Outcome::Confirms);
    check((8.0, 0.25), (8.5, 0.125), Outcome::Refutes);
    check((-8.0, 0.25), (-8.5, 0.125), Outcome::Refutes);
    check((-8.0, 0.0), (8.0, 0.0), Outcome::Refutes);
    // The least differences there are.
    check((1.0, 0.0), (1.0 + f64::EPSILON, 0.0), Outcome::Refutes);
    check((1.0, f64::EPSILON), (1.0 + f64::EPSILON, 0.0), Outcome::Confirms);
    // Zeros that are exact are equal.
    assert_eq!(read(&[(0.0, 0.0)], &[(-0.0, 0.0)]), Outcome::Confirms);
}

/// Bounds wider than the values silence the reading: the sum of both, at any entry, against the largest value
/// of either side.
#[test]
fn wide_bounds_silence() {
    check((1.0, 2.0), (1.0, 0.0), Outcome::Silent);
    check((1.0, 0.75), (1.0, 0.75), Outcome::Silent);
    check((1.0, 0.25), (1.0, 0.25), Outcome::Confirms);
    check((-8.0, 4.0), (-8.0, 3.0), Outcome::Confirms);
    check((-8.0, 5.0), (-8.0, 5.0), Outcome::Silent);
    check((0.0, 0.5), (0.0, 0.0), Outcome::Silent);
    check((0.0, 1e-300), (0.0, 1e-300), Outcome::Silent);
    // The largest value may stand at another entry or on the other side.
    assert_eq!(read(&[(0.0, 0.5), (8.0, 0.0)], &[(0.0, 0.5), (8.0, 0.0)]), Outcome::Confirms);
    assert_eq!(read(&[(8.0, 0.0), (0.0, 0.5)], &[(8.0, 0.0), (0.0, 0.5)]), Outcome::Confirms);
    // Bounds of 7.5 are below 8 and above 7, which stand on one side each.
    let vague = (0.0, 7.5);
    for (left, right) in [(8.0, 7.0), (7.0, 8.0), (-8.0, -7.0), (-7.0, -8.0)] {
        let (left, right) = ((left, 0.5), (right, 0.5));
        assert_eq!(read(&[left, vague], &[right, (0.0, 0.0)]), Outcome::Confirms, "{left:?}, {right:?}");
        assert_eq!(read(&[vague, left], &[(0.0, 0.0), right]), Outcome::Confirms, "{left:?}, {right:?}");
    }
    assert_eq!(read(&[(7.0, 0.0), vague], &[(7.0, 0.0), (0.0, 0.0)]), Outcome::Silent);
    assert_eq!(read(&[vague, (7.0, 0.0)], &[(0.0, 0.0), (7.0, 0.0)]), Outcome::Silent);
    // A difference that even wide bounds do not explain refutes.
    check((1.0, 2.0), (9.0, 2.0), Outcome::Refutes);
}

/// What is not finite, or has no finite bound, never confirms; and never hides that another entry differs.
#[test]
fn what_is_not_finite_never_confirms() {
    for value in [1.0, NAN, INF, -INF] {
        for (error, other) in [(INF, 1.0), (INF, value), (0.0, value)] {
            if value.is_finite() && error == 0.0 {
                continue;
            }
            let strange = (value, error);
            for (left, right) in [(strange, (other, 0.0)), ((other, 0.0), strange), (strange, strange)] {
                assert_eq!(read(&[left], &[right]), Outcome::Silent, "{left:?} and {right:?}");
                for huge in [1.0, f64::MAX] {
                    let calm = (huge, 0.0);
                    assert_eq!(read(&[calm, left], &[calm, right]), Outcome::Silent, "{left:?}, {right:?}");
                    assert_eq!(read(&[left, calm], &[right, calm]), Outcome::Silent, "{left:?}, {right:?}");
                }
                let (one, two) = ((1.0, 0.0), (2.0, 0.0));
                assert_eq!(read(&[one, left], &[two, right]), Outcome::Refutes, "{left:?}, {right:?}");
                assert_eq!(read(&[left, one], &[right, two]), Outcome::Refutes, "{left:?}, {right:?}");
            }
        }
    }
}

/// Inputs are drawn anew, from both signs, and not from a few numbers only.
#[test]
fn inputs_are_drawn_anew() {
    let scripted =
        Scripted { unknowns: vec![Unknown::new("x", [4]), Unknown::new("y", [2])], ..Scripted::new() };
    assert_eq!(outcome_of(scripted.read(Reading::Rounding)), Outcome::Confirms);
    let asked = scripted.asked.bounded.lock().unwrap();
    let drawn: Vec<f64> = asked.iter().flatten().flatten().map(|x| x.value()).collect();
    assert!(asked.len() >= 2 && asked.iter().all(|values| values[0].len() == 4 && values[1].len() == 2));
    let mut different = drawn.clone();
    different.sort_by(f64::total_cmp);
    different.dedup();
    assert_eq!(different.len(), drawn.len());
    assert!(drawn.iter().any(|x| *x < 0.0) && drawn.iter().any(|x| *x > 0.0));
}
