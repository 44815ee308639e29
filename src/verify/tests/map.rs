//! Maps: the two sides of f(g ▷ x) = g ▷ f(x), in numbers, and one case for each element that is picked.

use ndarray::arr2;

use super::*;
use crate::group::{C4, D4, FiniteGroup, Group, Rotation};
use crate::scalar::Scalar;
use crate::signal::{OnGrid, TrivialAction};
use crate::verify::identity::Identity;
use crate::verify::{Commutation, Map, equivariance};

/// x·w + the entry above.
struct Sheared;

impl Map for Sheared {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        vec![Unknown::new("w", input)]
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut result = x.clone() * &weights[0];
        let rows = x.shape()[0];
        for row in 1..rows {
            for column in 0..x.shape()[1] {
                result[[row, column]] = result[[row, column]].clone() + x[[row - 1, column]].clone();
            }
        }
        Ok(result)
    }
}

#[test]
fn the_left_side_moves_first_and_the_right_side_last() {
    let sides = |output_moves: bool| {
        let x = arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn();
        let w = arr2(&[[1.0, 10.0], [100.0, 1000.0]]).into_dyn();
        let values = [x, w];
        let (map, shape, element) = (Arc::new(Sheared), vec![2, 2], Rotation::Rot90);
        if output_moves {
            let (input, output) = (OnGrid, OnGrid);
            Commutation { map, shape, group: C4, element, input, output }.sides::<f64>(&values).unwrap()
        } else {
            let (input, output) = (OnGrid, TrivialAction);
            Commutation { map, shape, group: C4, element, input, output }.sides::<f64>(&values).unwrap()
        }
    };
    // x turned is (2 4; 1 3): times w (2 40; 100 3000), and what is above added.
    let left = arr2(&[[2.0, 40.0], [102.0, 3004.0]]).into_dyn();
    // x·w is (1 20; 300 4000), with what is above (1 20; 301 4002), turned (20 4002; 1 301).
    let turned = arr2(&[[20.0, 4002.0], [1.0, 301.0]]).into_dyn();
    let still = arr2(&[[1.0, 20.0], [301.0, 4002.0]]).into_dyn();
    assert_eq!(sides(true), (left.clone(), turned));
    assert_eq!(sides(false), (left, still));
}

#[test]
fn weights_are_unknowns_after_the_input() {
    let (map, shape) = (Arc::new(Sheared), vec![2, 3]);
    let (element, input, output) = (Rotation::Rot180, OnGrid, OnGrid);
    let identity = Commutation { map, shape, group: C4, element, input, output };
    let expected = [Unknown::new("x", [2, 3]), Unknown::new("w", [2, 3])];
    assert_eq!(Identity::unknowns(&identity), expected);
    struct Plain;
    impl Map for Plain {
        fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
            Ok(x.clone())
        }
    }
    assert!(Plain.weights(&[2, 3]).is_empty());
}

/// One case for each element that is picked from the group of the shape, in their order; none where there is
/// no group.
#[test]
fn a_case_for_each_element() {
    let group = |shape: &[usize]| (shape[0] == shape[1]).then_some(D4);
    let map = Arc::new(Sheared);
    let all = equivariance(&["a", "b"], Arc::clone(&map), group, OnGrid, OnGrid, |group: &D4| {
        group.elements().collect()
    });
    let cases = all.cases(&[3, 3]).unwrap();
    let elements: Vec<_> = cases.iter().map(|case| case.element.clone().unwrap()).collect();
    assert_eq!(elements, D4.elements().map(|g| g.to_string()).collect::<Vec<_>>());
    assert!(cases.iter().all(|case| case.identity.unknowns()[0].shape == [3, 3]));
    assert_eq!(all.cases(&[3, 4]).unwrap().len(), 0);
    let generators = equivariance(&["a", "b"], map, group, OnGrid, OnGrid, |group: &D4| group.generators());
    let examined = Examiner::new(1).examine(&generators.clone().at([2, 3]));
    assert!(matches!(examined, Err(ExamineError::NothingChecked(_))));
    let report = Examiner::new(1).examine(&generators.at([2, 3]).at([2, 2])).unwrap();
    assert_eq!(report.counterexample.unwrap().shape, "a 2, b 2");
}
