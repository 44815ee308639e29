//! Counterexamples on paper: how numbers, arrays and both sides are written, and by what they are compared.

use ndarray::{arr0, arr2, arr3};

use super::*;
use crate::verify::{Counterexample, Value};

fn written(array: ArrayD<f64>) -> String {
    Value::from(array).to_string()
}

#[test]
fn arrays_are_written_in_rows_and_blocks() {
    assert_eq!(written(arr0(2.0).into_dyn()), "2");
    assert_eq!(written(arr1(&[0.0, -1.0, 12.0]).into_dyn()), "[ ·  −1  12]".replace("  ", " ").as_str());
    assert_eq!(written(arr2(&[[1.0, 0.0], [10.0, -3.0]]).into_dyn()), "[ 1  ·]\n[10 −3]");
    let blocks = arr3(&[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]).into_dyn();
    assert_eq!(written(blocks), "[1 2]\n[3 4]\n\n[5 6]\n[7 8]");
    let flat = arr3(&[[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]).into_dyn();
    assert_eq!(written(flat), "[1 2 3]\n\n[4 5 6]");
    let tall = arr3(&[[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]).into_dyn();
    assert_eq!(written(tall), "[1]\n[2]\n[3]\n\n[4]\n[5]\n[6]");
    assert_eq!(written(ArrayD::zeros(vec![2, 0])), "empty array of shape [2, 0]");
    assert_eq!(written(ArrayD::zeros(vec![0, 2])), "empty array of shape [0, 2]");
}

#[test]
fn numbers_are_short() {
    let numbers = [0.0, -0.0, 7.0, -7.0, 0.5, -0.123_456, 1e14, 1e15, f64::INFINITY];
    let expected = ["·", "·", "7", "−7", "0.5000", "−0.1235", "1.000e14", "1.000e15", "inf"];
    assert_eq!(numbers.map(|number| written(arr0(number).into_dyn())), expected);
    assert_eq!(written(arr0(f64::NAN).into_dyn()), "NaN");
}

fn example() -> Counterexample {
    Counterexample {
        shape: "height 2, width 2".to_owned(),
        element: Some("Rot90".to_owned()),
        inputs: vec![
            ("x".to_owned(), arr2(&[[1.0, 0.0], [0.0, 0.0]]).into_dyn().into()),
            ("π".to_owned(), "a text".into()),
        ],
        left: arr1(&[1.0, 2.0]).into_dyn().into(),
        right: arr1(&[3.0, 5.0]).into_dyn().into(),
        replay: "EQUIVARIANT_SEED=1 cargo test".to_owned(),
    }
}

#[test]
fn both_sides_stand_below_what_was_put_in() {
    let expected = "size: height 2, width 2\ng = Rot90\nx = [1 ·]\n    [· ·]\nπ = a text\nleft = [1 2]\n\
                    right = [3 5]\nleft − right = [−2 −3]\nat [1]: 2 and 5, difference −3\n\
                    at [0]: 1 and 3, difference −2\nreplay: EQUIVARIANT_SEED=1 cargo test\n";
    assert_eq!(example().to_string(), expected);
    let blocks = Counterexample { left: ArrayD::zeros(vec![2, 1, 1]).into(), ..example() };
    assert!(blocks.to_string().contains("left = [·]\n\n       [·]\n"), "{blocks}");
    let bare = Counterexample::from_text([("a".to_owned(), "1".to_owned())], "2", arr1(&[3.0]).into_dyn());
    assert_eq!(bare.to_string(), "a = 1\nleft = 2\nright = [3]\n");
    let other = Counterexample { right: ArrayD::zeros(vec![1, 2]).into(), ..example() };
    assert!(other.to_string().contains("\nthe sides have shapes [2] and [1, 2]\n"), "{other}");
    assert!(!example().to_string().contains("shapes"));
}

#[test]
fn a_writer_that_fails_is_told() {
    fails_wherever_it_is_cut(&example());
    fails_wherever_it_is_cut(&Counterexample { right: ArrayD::zeros(vec![2, 1, 2]).into(), ..example() });
    fails_wherever_it_is_cut(&Value::from(ArrayD::zeros(vec![2, 0])));
    fails_wherever_it_is_cut(&Value::from(arr0(0.5).into_dyn()));
}

#[test]
fn differences_and_sizes() {
    // Four entries and a text.
    assert_eq!(example().size(), 5);
    assert_eq!(Counterexample::from_text([], "1", "2").size(), 0);
    assert_eq!(example().difference(), Some(arr1(&[-2.0, -3.0]).into_dyn()));
    let other = Counterexample { right: ArrayD::zeros(vec![1, 2]).into(), ..example() };
    assert_eq!(other.difference(), None);
    assert_eq!(Counterexample { left: "text".into(), ..example() }.difference(), None);
    assert_eq!(Counterexample { right: String::from("text").into(), ..example() }.difference(), None);
}
