//! The preserved subgroup: exactly the elements that survive, and an error where they are none.

use super::*;
use crate::group::{C4, CyclicTranslations, D4, FiniteGroup, Group, Reflection, Rotation, Symmetric};
use crate::scalar::Scalar;
use crate::signal::{ArrayAction, OnAxis, OnGrid, TrivialAction};
use crate::verify::{LARGEST_ORDER, Map, preserved_subgroup, symmetries};

/// Every entry times a fixed one.
struct Mask(ArrayD<i64>);

impl Map for Mask {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(self.0.mapv(S::from_integer) * x)
    }
}

/// The sum of all entries, each times a fixed one.
struct Inner(ArrayD<i64>);

impl Map for Inner {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(ArrayD::from_elem(vec![], (self.0.mapv(S::from_integer) * x).sum()))
    }
}

/// Multiplying by a mask, and the inner product with it, keep those elements that keep the mask; and no
/// other.
fn check<G: FiniteGroup, A: ArrayAction<G>>(group: &G, action: &A, mask: &ArrayD<i64>) -> u128 {
    let expected: Vec<_> = group
        .elements()
        .filter(|g| action.try_act(group, g, mask.view()).expect("the mask can be moved") == *mask)
        .collect();
    let examiner = Examiner::new(3);
    let (map, inner) = (Arc::new(Mask(mask.clone())), Arc::new(Inner(mask.clone())));
    let kept = symmetries(&examiner, &map, mask.shape(), group, action, action).unwrap();
    assert_eq!(kept.elements(), expected, "{} on {mask}", group.name());
    let kept = symmetries(&examiner, &inner, mask.shape(), group, action, &TrivialAction).unwrap();
    assert_eq!(kept.elements(), expected, "{} on {mask}", group.name());
    // The theorem at_most_half: all of the group, or at most half of it, and a divisor by Lagrange.
    assert!(kept.order() == group.order() || 2 * kept.order() <= group.order());
    assert_eq!(group.order() % kept.order(), 0);
    kept.order()
}

#[test]
fn the_subgroup_is_that_which_keeps_the_mask() {
    let mut orders = std::collections::BTreeSet::new();
    for code in 0..3_i64.pow(4) {
        let mask = ArrayD::from_shape_fn(vec![2, 2], |i| code / 3_i64.pow(2 * i[0] as u32 + i[1] as u32) % 3);
        orders.insert(check(&D4, &OnGrid, &mask));
        check(&C4, &OnGrid, &mask);
    }
    // Four corners cannot be told to be turned without being reflected as well; nine places can.
    assert_eq!(orders.into_iter().collect::<Vec<_>>(), [1, 2, 4, 8]);
    let vane = ndarray::arr2(&[[1, 2, 3, 1], [3, 0, 0, 2], [2, 0, 0, 3], [1, 3, 2, 1]]).into_dyn();
    assert_eq!(check(&D4, &OnGrid, &vane), 4);
    for mask in [[1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 2, 2], [1, 2, 2, 3], [1, 2, 3, 4]] {
        check(&Symmetric::new(4).unwrap(), &OnAxis::new(1), &arr1(&mask).into_dyn());
    }
    for mask in [[1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 1, 2], [1, 2, 3, 1, 2, 3], [1, 1, 1, 1, 1, 2]] {
        check(&CyclicTranslations::new([6]), &OnGrid, &arr1(&mask).into_dyn());
    }
}

/// Whether a case survives, for all outcomes of what is asked: the field, and where it confirms the bounds,
/// where it is silent small integers.
#[test]
fn what_survives_for_all_outcomes() {
    for field in OUTCOMES {
        for rounding in OUTCOMES {
            for witness in [false, true] {
                let scripted =
                    Scripted::new().saying(Reading::Field, field).saying(Reading::Rounding, rounding);
                let case = scripted.with_witness(witness).case();
                let expected = match field {
                    Outcome::Refutes => false,
                    Outcome::Confirms => rounding != Outcome::Refutes,
                    Outcome::Silent => !witness,
                };
                let cases = |g: &_| {
                    Some(if *g == Reflection.identity() { Scripted::new().case() } else { case.clone() })
                };
                let kept = preserved_subgroup(&Examiner::new(1), &Reflection, cases).unwrap();
                assert_eq!(kept.order() == 2, expected, "{field:?}, {rounding:?}, {witness}");
            }
        }
    }
}

fn refuted() -> Case {
    Scripted::new().saying(Reading::Field, Outcome::Refutes).case()
}

/// An element without a case is no candidate, as if it had been refuted.
#[test]
fn elements_without_a_case_are_none() {
    let even = |g: &Rotation| g.quarter_turns().is_multiple_of(2).then(|| Scripted::new().case());
    let kept = preserved_subgroup(&Examiner::new(1), &C4, even).unwrap();
    assert_eq!(kept.elements(), [Rotation::Identity, Rotation::Rot180]);
}

#[test]
fn survivors_that_are_no_subgroup_contradict() {
    let only = |kept: &'static [Rotation]| {
        let case = |g: &Rotation| Some(if kept.contains(g) { Scripted::new().case() } else { refuted() });
        preserved_subgroup(&Examiner::new(1), &C4, case).unwrap_err().to_string()
    };
    assert_eq!(
        only(&[Rotation::Identity, Rotation::Rot90]),
        "contradiction: the elements of C4 that are preserved: expected a subgroup, but Rot90 · Rot90 = \
         Rot180 is missing"
    );
    assert_eq!(
        only(&[Rotation::Rot90]),
        "contradiction: the elements of C4 that are preserved: expected a subgroup, but the identity is \
         missing"
    );
}

/// Every element is tried up to the largest order, the last one too; beyond, nothing is.
#[test]
fn all_elements_are_tried_up_to_the_largest_order() {
    let small = Scripted { unknowns: vec![Unknown::new("x", [1])], ..Scripted::new() };
    let largest = CyclicTranslations::new([64, 64]);
    assert_eq!(largest.order(), LARGEST_ORDER);
    let tried = Mutex::new(0);
    let case = |_: &_| {
        *tried.lock().unwrap() += 1;
        Some(small.case())
    };
    let kept = preserved_subgroup(&Examiner::new(1), &largest, case).unwrap();
    assert_eq!((kept.order(), *tried.lock().unwrap()), (LARGEST_ORDER, 4096));
    let larger = CyclicTranslations::new([4097]);
    let error = preserved_subgroup(&Examiner::new(1), &larger, |_| Some(small.case())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was checked: Z_4097 has 4097 elements, more than the 4096 that are tried one by one"
    );
}

#[test]
fn errors_name_the_element() {
    struct Failing;
    impl crate::verify::Identity for Failing {
        fn unknowns(&self) -> Vec<Unknown> {
            vec![Unknown::new("x", [1])]
        }
        fn sides<S: Scalar>(&self, _values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
            Err("no".into())
        }
    }
    let case =
        |g: &Rotation| Some(if *g == Rotation::Rot180 { Case::new(Failing) } else { Scripted::new().case() });
    let error = preserved_subgroup(&Examiner::new(1), &C4, case).unwrap_err().to_string();
    assert_eq!(error, "the code under test failed at g = Rot180: no");
}
