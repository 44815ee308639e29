//! `prove` as the entry to the engine: all generators, the options, and what a failure says.

use super::*;
use crate::group::{
    C4, CyclicTranslations, D4, IntegerTranslations, Rotation, Symmetric, Translation, Trivial,
};
use crate::scalar::Scalar;
use crate::signal::{OnAxis, OnGrid, TrivialAction, ZeroFillShift};
use crate::verify::seed::{replay_line, seed_from_environment};
use crate::verify::{Map, Verdict, prove};

/// Every entry times a number that depends on its index.
struct Mask(fn(&[usize]) -> i64);

impl Map for Mask {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut result = x.clone();
        for (index, entry) in result.indexed_iter_mut() {
            *entry = entry.clone() * S::from_integer((self.0)(ndarray::Dimension::slice(&index)));
        }
        Ok(result)
    }
}

/// A map that commutes with all generators but one fails, whichever that one is.
#[test]
fn every_generator_is_tried() {
    let group = CyclicTranslations::new([2, 3, 2]);
    let masks: [fn(&[usize]) -> i64; 3] =
        [|index| index[0] as i64, |index| index[1] as i64, |index| index[2] as i64];
    for (axis, mask) in masks.into_iter().enumerate() {
        let report = prove(Mask(mask)).on([2, 3, 2]).commutes_with(group, OnGrid, OnGrid).check().unwrap();
        assert_eq!(report.verdict, Verdict::Fails, "axis {axis}");
        let element = report.counterexample.unwrap().element.unwrap();
        let mut steps = [0; 3];
        steps[axis] = 1;
        assert_eq!(element, group.translation(steps).to_string());
    }
    // Neither generator keeps the first, the reflection alone the second, the quarter turn alone the third.
    let diagonal: fn(&[usize]) -> i64 = |index| [[1, 2, 1], [2, 0, 3], [1, 3, 1]][index[0]][index[1]];
    let bars: fn(&[usize]) -> i64 = |index| [[1, 2, 1], [3, 0, 3], [1, 2, 1]][index[0]][index[1]];
    let pinwheel: fn(&[usize]) -> i64 =
        |index| [[1, 2, 3, 1], [3, 0, 0, 2], [2, 0, 0, 3], [1, 3, 2, 1]][index[0]][index[1]];
    let kept = ["{Id, Rot90·Ref}", "{Id, Rot180, Ref, Rot180·Ref}", "multiples of 90°"];
    for ((mask, side), kept) in [(diagonal, 3), (bars, 3), (pinwheel, 4)].into_iter().zip(kept) {
        let check = prove(Mask(mask)).on([side, side]).commutes_with(D4, OnGrid, OnGrid);
        let report = check.check().unwrap();
        assert_eq!(report.verdict, Verdict::Fails);
        assert_eq!(report.largest.as_deref(), Some(kept));
    }
    // The last of three points, the only one that differs.
    let last: fn(&[usize]) -> i64 = |index| i64::from(index[0] == 2);
    let points = Symmetric::new(3).unwrap();
    let report = prove(Mask(last)).on([3]).commutes_with(points, OnAxis::new(1), OnAxis::new(1)).check();
    assert_eq!(report.unwrap().verdict, Verdict::Fails);
}

/// Given elements are tried and no others, and the identity is none to try.
#[test]
fn given_elements_are_tried() {
    let bars: fn(&[usize]) -> i64 = |index| [[1, 2, 1], [3, 0, 3], [1, 2, 1]][index[0]][index[1]];
    let of = |elements: Vec<Rotation>| {
        prove(Mask(bars)).on([3, 3]).commutes_with_elements(C4, elements, OnGrid, OnGrid).check()
    };
    assert_eq!(of(vec![Rotation::Rot180]).unwrap().verdict, Verdict::Holds);
    let report = of(vec![Rotation::Rot180, Rotation::Rot90]).unwrap();
    assert_eq!((report.verdict, report.largest), (Verdict::Fails, None));
    assert_eq!(report.counterexample.unwrap().element.as_deref(), Some("Rot90"));
    for none in [vec![], vec![Rotation::Identity]] {
        assert!(matches!(of(none), Err(ExamineError::NothingChecked(_))));
    }
    // Of an infinite group.
    let shifts = [1, 3].map(|steps| Translation([steps]));
    let of = |mask| {
        let proof = prove(Mask(mask)).on([4]);
        proof
            .commutes_with_elements(IntegerTranslations, shifts, ZeroFillShift, ZeroFillShift)
            .check()
            .unwrap()
    };
    assert_eq!((of(|_| 1).verdict, of(|index| index[0] as i64).verdict), (Verdict::Holds, Verdict::Fails));
}

/// With no generator the identity is tried: something is checked.
#[test]
fn the_trivial_group_is_checked_with_the_identity() {
    let report = prove(Mask(|_| 2)).on([3]).commutes_with(Trivial, TrivialAction, TrivialAction).assert();
    assert_eq!(report.evidence.len(), 4);
    struct Failing;
    impl Map for Failing {
        fn apply<S: Scalar>(&self, _x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            Err("no".into())
        }
    }
    let error = prove(Failing).on([3]).is_invariant_under(Trivial, TrivialAction).check().unwrap_err();
    assert_eq!(error.to_string(), "the code under test failed at 3, g = Id: no");
}

fn ones(_: &[usize]) -> i64 {
    1
}

fn first_column(index: &[usize]) -> i64 {
    i64::from(index[1] == 0)
}

#[test]
fn what_holds_has_no_largest_part_and_what_fails_has() {
    let holds = prove(Mask(ones)).on([3, 3]).commutes_with(C4, OnGrid, OnGrid).check().unwrap();
    assert_eq!((holds.verdict, holds.largest, holds.counterexample), (Verdict::Holds, None, None));
    let fails = prove(Mask(first_column)).on([3, 3]).commutes_with(D4, OnGrid, OnGrid).check().unwrap();
    assert_eq!(fails.verdict, Verdict::Fails);
    let largest = fails.largest.unwrap();
    assert!(largest.starts_with("{Id, ") && largest.split(", ").count() == 2, "{largest}");
    // Too large a group to try all of it.
    let group = CyclicTranslations::new([3, 1366]);
    let large = prove(Mask(first_column)).on([3, 1366]).commutes_with(group, OnGrid, OnGrid);
    let large = large.readings([Reading::Field]).check().unwrap();
    assert_eq!((large.verdict, large.largest), (Verdict::Fails, None));
}

#[test]
fn options_reach_the_examination() {
    let on = || prove(Mask(first_column)).on([3, 3]).commutes_with(C4, OnGrid, OnGrid);
    for reading in RUNNING {
        let report = on().readings([reading]).check().unwrap();
        let found: Vec<_> = report.evidence.iter().map(|evidence| evidence.finding.reading()).collect();
        assert_eq!(found, [reading]);
    }
    let shape = |report: Report| report.counterexample.unwrap().shape;
    assert_eq!(shape(on().check().unwrap()), "3 × 3");
    // A column alone is turned into a row, which is not one.
    assert_eq!(shape(on().shrinking_to([1, 1]).check().unwrap()), "1 × 2");
    let replay = on().seed(11).check().unwrap().counterexample.unwrap().replay;
    assert!(replay.starts_with("EQUIVARIANT_SEED=11 cargo test"), "{replay}");
    let none = on().for_each_shape(|_| None).check();
    assert!(matches!(none, Err(ExamineError::NothingChecked(_))));
    let holds = prove(Mask(ones)).on([2, 3]).commutes_with(C4, OnGrid, OnGrid);
    let terms = |report: Report| match &report.evidence[0].finding {
        Finding::Symbolic { terms, .. } => *terms,
        other => panic!("{other}"),
    };
    // Six variables, and six basis vectors with one term each.
    assert_eq!([terms(holds.check().unwrap()), terms(holds.linear().check().unwrap())], [6, 6]);
    struct Square;
    impl Map for Square {
        fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            Ok(x.mapv(|x| x.clone() * x))
        }
    }
    let square = || prove(Square).on([2, 2]).commutes_with(C4, OnGrid, OnGrid);
    assert_eq!(square().check().unwrap().verdict, Verdict::Holds);
    assert!(square().linear().check().unwrap_err().to_string().contains("said to be linear in x"));
}

#[test]
#[should_panic(expected = "both shapes must have the same number of axes")]
fn the_smallest_shape_has_as_many_axes() {
    let _ = prove(Mask(ones)).on([3, 3]).commutes_with(C4, OnGrid, OnGrid).shrinking_to([1]);
}

/// What `assert` says when it panics, or `None` when it does not.
fn told(assert: impl FnOnce() -> Report) -> Option<String> {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assert)).err()?;
    Some(panic.downcast_ref::<String>().expect("a message").clone())
}

#[test]
fn an_assertion_panics_unless_the_claim_holds() {
    let on = || prove(Mask(ones)).on([3, 3]).is_invariant_under(C4, OnGrid);
    let holds = prove(Mask(ones)).on([3, 3]).commutes_with(C4, OnGrid, OnGrid);
    assert_eq!(told(|| holds.assert()), None);
    let message = told(|| on().assert()).expect("pixels move");
    let begin = "f(g ▷ x) = g ▷ f(x), with g ▷ x the point symmetry of the last 2 axes and g ▷ f(x) the trivial action: fails\n";
    assert!(message.starts_with(begin), "{message}");
    assert!(message.contains("what holds: the identity only"), "{message}");
    let message = told(|| on().readings([]).assert()).expect("nothing was checked");
    assert_eq!(message, "nothing was checked: no reading of those wanted can decide this statement");
    // Undecided is not held: the scalar of the field is told another thing than the one of the bounds.
    struct TwoFaced;
    impl Map for TwoFaced {
        fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            let is_field = std::any::type_name::<S>().ends_with("Goldilocks");
            Ok(x.indexed_iter()
                .map(|(index, x)| if is_field && index[0] == 0 { S::zero() } else { x.clone() })
                .collect::<ndarray::Array1<S>>()
                .into_shape_with_order(x.raw_dim())?)
        }
    }
    let message = told(|| prove(TwoFaced).on([2, 2]).commutes_with(C4, OnGrid, OnGrid).assert());
    let message = message.expect("undecided is not held");
    assert!(
        message.contains(": undecided\n") && message.contains("refuted by the field reading"),
        "{message}"
    );
    assert!(!message.contains("what holds"), "{message}");
}

/// The line that replays a test names it, unless the thread has no test's name.
#[test]
fn the_replay_line_names_the_test() {
    let of_thread = |name: Option<&str>| {
        let builder = std::thread::Builder::new();
        let builder = match name {
            Some(name) => builder.name(name.to_owned()),
            None => builder,
        };
        builder.spawn(|| replay_line(7)).unwrap().join().unwrap()
    };
    assert_eq!(of_thread(Some("a::test")), "EQUIVARIANT_SEED=7 cargo test -- --exact a::test");
    assert_eq!(of_thread(Some("main")), "EQUIVARIANT_SEED=7 cargo test");
    assert_eq!(of_thread(None), "EQUIVARIANT_SEED=7 cargo test");
}

/// Runs this very test again with the variable set, and there compares.
#[test]
fn the_seed_is_that_of_the_environment() {
    const EXPECTED: &str = "EQUIVARIANT_EXPECTED_SEED";
    if let Ok(expected) = std::env::var(EXPECTED) {
        let seed = std::panic::catch_unwind(seed_from_environment);
        let seed = seed.map_or_else(
            |panic| panic.downcast_ref::<String>().expect("a message").clone(),
            |seed| seed.to_string(),
        );
        assert_eq!(seed, expected);
        return;
    }
    let largest = u64::MAX.to_string();
    for (variable, expected) in [
        (None, "0"),
        (Some("9"), "9"),
        (Some(&largest), &largest),
        (Some("nine"), "EQUIVARIANT_SEED should be a whole number, but it is \"nine\""),
        (Some(""), "EQUIVARIANT_SEED should be a whole number, but it is \"\""),
    ] {
        let mut test = std::process::Command::new(std::env::current_exe().expect("this test"));
        test.args(["--exact", "verify::tests::prove::the_seed_is_that_of_the_environment"]);
        test.env(EXPECTED, expected).env_remove("EQUIVARIANT_SEED");
        if let Some(variable) = variable {
            test.env("EQUIVARIANT_SEED", variable);
        }
        let output = test.output().expect("the test runs");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{variable:?}: {told}");
    }
}
