//! What the evidence says is what was done: sizes, points, degrees and the largest numbers of all entries and
//! cases.

use super::*;
use crate::scalar::Ring;

/// log₂ of p = 2⁶⁴ − 2³² + 1: 64 + log₂(1 − 2⁻³² + 2⁻⁶⁴).
fn log2_p() -> f64 {
    64.0 + (-(2f64.powi(-32)) + 2f64.powi(-64)).ln_1p() / std::f64::consts::LN_2
}

fn power(exponent: u32) -> Degree {
    (0..exponent).fold(Degree::constant(), |power, _| power * Degree::variable())
}

/// x to the power of 2^`doublings`.
fn doubled(doublings: u32) -> Degree {
    (0..doublings).fold(Degree::variable(), |power, _| power * power)
}

fn of_degrees(left: &[Degree], right: &[Degree]) -> Scripted {
    Scripted { degree: always(left, right), ..Scripted::new() }
}

fn field_finding(statement: &Statement) -> (usize, Option<f64>) {
    match finding(Examiner::new(1).with_readings([Reading::Field]).examine(statement)) {
        Finding::Field { points, log2_failure, .. } => (points, log2_failure),
        other => panic!("{other}"),
    }
}

/// The bound is (d/p)^points: never below it, and above it by no more than a thousandth of a bit for each
/// point.
fn check_bound((points, log2_failure): (usize, Option<f64>), log2_degree: f64) {
    assert!(points >= 1);
    let found = log2_failure.expect("a bound for rational functions");
    let exact = points as f64 * (log2_degree - log2_p());
    assert!(found >= exact && found <= exact + 1e-3 * points as f64, "{found} for {exact}");
}

/// The degree is the highest of all entries, on either side, wherever it stands.
#[test]
fn the_degree_is_that_of_the_highest_entry() {
    for (high, log2_degree) in
        [(power(1), 0.0), (power(7), 7f64.log2()), (doubled(10), 10.0), (doubled(40), 40.0)]
    {
        let low = Degree::constant();
        for place in 0..3 {
            let mut side = [low; 3];
            side[place] = high;
            for (left, right) in [(side, [low; 3]), ([low; 3], side), (side, side)] {
                check_bound(field_finding(&of_degrees(&left, &right).statement()), log2_degree);
            }
        }
    }
    // Constants differ with certainty or not at all; a degree of 1 is an upper bound.
    check_bound(field_finding(&of_degrees(&[Degree::constant()], &[Degree::constant()]).statement()), 0.0);
    // Fractions are cross-multiplied: N/D against N′/D′ has the degree of N·D′ − N′·D.
    let fractions = [power(2), power(3)].map(|power| power + Degree::from_integer(1));
    use crate::scalar::Field as _;
    let crossed = of_degrees(&[fractions[0].reciprocal()], &[power(4) * fractions[1].reciprocal()]);
    check_bound(field_finding(&crossed.statement()), 6f64.log2());
}

/// The degree is the highest of all cases and sizes, in any order; one opaque entry anywhere leaves no bound.
#[test]
fn the_degree_is_that_of_the_highest_case() {
    let unknown = Degree::variable().relu();
    for place in 0..4 {
        for (special, bound) in [(power(9), Some(9f64.log2())), (unknown, None)] {
            let case = |here: usize| {
                let entry = if here == place { special } else { power(2) };
                of_degrees(&[power(1), entry, power(1)], &[power(1); 3]).case()
            };
            let sizes = by_size(vec![vec![case(0), case(1)], vec![case(2)], vec![case(3)]]);
            let found = field_finding(&sizes.at([0]).at([1]).at_large([2]));
            match bound {
                Some(log2_degree) => check_bound(found, log2_degree),
                None => assert_eq!(found.1, None),
            }
        }
    }
    for place in 0..3 {
        let mut side = [power(2); 3];
        side[place] = unknown;
        for (left, right) in [(side, [power(2); 3]), ([power(2); 3], side)] {
            assert_eq!(field_finding(&of_degrees(&left, &right).statement()).1, None);
        }
    }
}

/// As many points as the certificate claims were evaluated, for each identity, and no two of them are
/// related.
#[test]
fn as_many_points_as_are_claimed_were_evaluated() {
    for is_opaque in [false, true] {
        let cases: Vec<Scripted> = (0..4)
            .map(|_| Scripted { degree: if is_opaque { opaque() } else { same() }, ..Scripted::new() })
            .collect();
        let case = |place: usize| cases[place].case();
        let statement = by_size(vec![vec![case(0), case(1)], vec![case(2)], vec![case(3)]]);
        let (points, _) = field_finding(&statement.at([0]).at([1]).at_large([2]));
        let mut drawn = Vec::new();
        for case in &cases {
            let asked = case.asked.field.lock().unwrap();
            assert!(asked.len() >= points, "{} points for {points}", asked.len());
            drawn.extend(asked.iter().flat_map(|values| values.iter().flatten().map(|x| x.value())));
        }
        let numbers = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        // Two of some hundred random numbers below 2⁶⁴ are equal with probability below 2⁻⁴⁸.
        assert_eq!(drawn.len(), numbers);
        // All below 2³² with probability 2⁻³² each.
        assert!(drawn.iter().filter(|&&number| number >= 1 << 32).count() > numbers / 2);
    }
}

fn bounded_case(left: &[Bounded], right: &[Bounded]) -> Case {
    Scripted { bounded: always(left, right), ..Scripted::new() }.case()
}

/// The error and the bound are the largest of all entries, cases and sizes that confirm.
#[test]
fn the_rounding_evidence_is_the_largest() {
    let entry = |value, error| Bounded::with_error(value, error);
    let plain =
        || bounded_case(&[entry(8.0, 0.25), entry(8.0, 0.25)], &[entry(8.0, 0.25), entry(8.25, 0.25)]);
    let far = |place: usize| {
        let mut right = [entry(8.0, 1.0); 2];
        right[place] = entry(8.75, 0.5);
        bounded_case(&[entry(8.0, 0.5); 2], &right)
    };
    for place in 0..2 {
        for order in 0..3 {
            let mut cases = vec![plain(), plain(), plain()];
            cases[order] = far(place);
            let sizes = by_size(cases.into_iter().map(|case| vec![case]).collect());
            let examiner = Examiner::new(1).with_readings([Reading::Rounding]);
            let found = finding(examiner.examine(&sizes.at([0]).at([1]).at_large([2])));
            let shape = "size 0; size 1; size 2".to_owned();
            assert_eq!(found, Finding::Rounding { shape, error: 0.75, bound: 1.5 });
        }
    }
}

fn float_case(left: f32, right: f32, exact_left: Bounded, exact_right: Bounded) -> Case {
    let scripted = Scripted {
        single: always(&[left], &[right]),
        bounded: always(&[exact_left], &[exact_right]),
        ..Scripted::new()
    };
    scripted.case()
}

/// The error and the noise are the largest of all cases and sizes that confirm, in units of the largest
/// entry.
#[test]
fn the_float_evidence_is_the_largest() {
    // Error 1 and noise 1 + 0.5, of 8; error 0 and noise 2, of 16.
    let first = || float_case(7.0, 8.0, Bounded::with_error(8.0, 0.5), Bounded::new(8.0));
    let second = || float_case(-16.0, -16.0, Bounded::new(-15.0), Bounded::new(-17.0));
    for cases in [[first(), second()], [second(), first()]] {
        let sizes = by_size(cases.into_iter().map(|case| vec![case]).collect());
        let examiner = Examiner::new(1).with_readings([Reading::Float]);
        let found = finding(examiner.examine(&sizes.at([0]).at_large([1])));
        let shape = "size 0; size 1".to_owned();
        assert_eq!(found, Finding::Float { shape, relative_error: 0.125, noise_floor: 0.1875 });
    }
}

/// Relative to the largest entry, be it smaller or larger than one; the largest finite one.
#[test]
fn the_float_evidence_is_relative() {
    for scale in [2f64.powi(-20), 0.5, 1.0, 2.0, 2f64.powi(40)] {
        let entry = |value: f64, error: f64| Bounded::with_error(value * scale, error * scale);
        let case = float_case(scale as f32, 0.75 * scale as f32, entry(1.0, 0.125), entry(0.75, 0.25));
        let found = finding(
            Examiner::new(1).with_readings([Reading::Float]).examine(&by_size(vec![vec![case]]).at([0])),
        );
        let shape = "size 0".to_owned();
        assert_eq!(found, Finding::Float { shape, relative_error: 0.25, noise_floor: 0.375 });
    }
}

/// What a refutation shows is what refutes, whatever else was read before or after.
#[test]
fn the_numbers_of_a_refutation_are_those_that_refute() {
    let entry = |value, error| Bounded::with_error(value, error);
    // One entry is known well and differs; at the others rounding explains more, and the values are larger.
    let known = (entry(1.0, 0.0625), entry(1.5, 0.125));
    let vague = (entry(64.0, 16.0), entry(64.0, 16.0));
    for place in 0..3 {
        let (mut left, mut right) = ([vague.0; 3], [vague.1; 3]);
        (left[place], right[place]) = known;
        for order in 0..3 {
            let mut cases = vec![bounded_case(&[vague.0], &[vague.1]); 3];
            cases[order] = bounded_case(&left, &right);
            let examiner = Examiner::new(1).with_readings([Reading::Rounding]);
            let report = examiner.examine(&by_size(vec![cases]).at([0])).unwrap();
            let shape = "size 0".to_owned();
            assert!(!report.evidence[0].confirms);
            assert_eq!(report.evidence[0].finding, Finding::Rounding { shape, error: 0.5, bound: 0.1875 });
        }
    }
    // The same in floats: of 64 the error is 0.5, and noise explains 0.125 of it; elsewhere it is 32 and
    // explained.
    for place in 0..3 {
        let (mut left, mut right) = ([64.0_f32; 3], [32.0_f32; 3]);
        (left[place], right[place]) = (1.0, 1.5);
        let (mut exact_left, mut exact_right) = ([entry(64.0, 16.0); 3], [entry(32.0, 32.0); 3]);
        (exact_left[place], exact_right[place]) = (entry(1.0, 0.0), entry(1.5, 0.125));
        let differing = Scripted {
            single: always(&left, &right),
            bounded: always(&exact_left, &exact_right),
            ..Scripted::new()
        };
        let noisy = || float_case(64.0, 32.0, entry(64.0, 16.0), entry(32.0, 32.0));
        for order in 0..3 {
            let mut cases = vec![noisy(), noisy(), noisy()];
            cases[order] = differing.case();
            let examiner = Examiner::new(1).with_readings([Reading::Float]);
            let report = examiner.examine(&by_size(vec![cases]).at([0])).unwrap();
            let expected = Finding::Float {
                shape: "size 0".to_owned(),
                relative_error: 0.5 / 64.0,
                noise_floor: 0.125 / 64.0,
            };
            assert!(!report.evidence[0].confirms);
            assert_eq!(report.evidence[0].finding, expected);
        }
    }
}

/// Of several entries and cases that refute the one that is furthest beyond what is explained is shown.
#[test]
fn the_worst_of_all_refutations_is_shown() {
    // (error, explained) of 16: beyond by 2, 3 and 1.
    let entries = [(2.0, 0.0), (8.0, 5.0), (9.0, 8.0)];
    let bounded =
        |&(error, bound): &(f64, f64)| (Bounded::with_error(16.0, bound), Bounded::new(16.0 - error));
    let case = |entries: &[(f64, f64)]| {
        let (left, right): (Vec<_>, Vec<_>) = entries.iter().map(bounded).unzip();
        let single = |side: &[Bounded]| side.iter().map(|x| x.value() as f32).collect::<Vec<_>>();
        let single = always(&single(&left), &single(&right));
        Scripted { single, bounded: always(&left, &right), ..Scripted::new() }.case()
    };
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let entries = order.map(|entry| entries[entry]);
        let in_one = by_size(vec![vec![case(&entries)]]).at([0]);
        let apart = by_size(vec![entries.iter().map(|&entry| case(&[entry])).collect()]).at([0]);
        for statement in [in_one, apart] {
            let found = |reading| finding(Examiner::new(1).with_readings([reading]).examine(&statement));
            let shape = || "size 0".to_owned();
            assert_eq!(
                found(Reading::Rounding),
                Finding::Rounding { shape: shape(), error: 8.0, bound: 5.0 }
            );
            let expected = Finding::Float { shape: shape(), relative_error: 0.5, noise_floor: 0.3125 };
            assert_eq!(found(Reading::Float), expected);
        }
    }
}

/// The symbolic evidence counts the unknowns of the largest identity and the terms of all.
#[test]
fn the_symbolic_evidence_counts_unknowns_and_terms() {
    let of = |shapes: &[&[usize]], terms: usize| {
        let unknowns =
            shapes.iter().zip(["x", "y"]).map(|(&shape, name)| Unknown::new(name, shape)).collect();
        let sum = (0..terms)
            .map(|term| Symbolic::variable(format!("v{term}")))
            .fold(Symbolic::from_integer(0), |sum, variable| sum + variable);
        Scripted {
            unknowns,
            symbolic: always(&[sum.clone(), sum.clone()], &[sum.clone(), sum]),
            ..Scripted::new()
        }
        .case()
    };
    for cases in [
        [of(&[&[2, 3], &[4]], 3), of(&[&[5]], 1), of(&[&[7], &[]], 2)],
        [of(&[&[5]], 1), of(&[&[2, 3], &[4]], 3), of(&[&[7], &[]], 2)],
        [of(&[&[7], &[]], 2), of(&[&[5]], 1), of(&[&[2, 3], &[4]], 3)],
    ] {
        let sizes = by_size(cases.into_iter().map(|case| vec![case]).collect());
        let examiner = Examiner::new(1).with_readings([Reading::Symbolic]);
        let found = finding(examiner.examine(&sizes.at([0]).at([1]).at([2])));
        let shape = "size 0; size 1; size 2".to_owned();
        assert_eq!(found, Finding::Symbolic { shape, variables: 10, terms: 12 });
    }
}

/// Evidence names the sizes that were read: symbols only go to some, and a size without a case is not read.
#[test]
fn evidence_names_the_sizes_that_were_read() {
    let case = || vec![Scripted::new().case()];
    let statement = by_size(vec![case(), vec![], case(), case(), vec![]]);
    let statement = statement.at([0]).at([1]).at([2]).at_large([3]).at_large([4]);
    let report = Examiner::new(1).examine(&statement).unwrap();
    for (evidence, reading) in report.evidence.iter().zip(RUNNING) {
        let shape = match &evidence.finding {
            Finding::Symbolic { shape, .. }
            | Finding::Field { shape, .. }
            | Finding::Rounding { shape, .. }
            | Finding::Float { shape, .. } => shape.as_str(),
            Finding::Theorem { .. } => panic!("theorems do not run"),
        };
        let expected = if reading == Reading::Symbolic { "size 0; size 2" } else { "size 0; size 2; size 3" };
        assert_eq!(shape, expected, "{reading}");
    }
}
