//! The field reading: what differs at a point, with and without opaque functions, and the certificate of
//! linearity.

use super::*;
use crate::scalar::Scalar;
use crate::verify::identity::Identity;

/// With opaque functions a difference at a point says nothing, without them it refutes; equality confirms
/// either way.
#[test]
fn what_a_difference_says() {
    let rational: Script<Degree> = same();
    for (differs, degree, expected) in [
        (false, rational.clone(), Outcome::Confirms),
        (false, opaque(), Outcome::Confirms),
        (true, rational, Outcome::Refutes),
        (true, opaque(), Outcome::Silent),
    ] {
        let field = if differs { one_more() } else { same() };
        let scripted = Scripted { field, degree, ..Scripted::new() };
        assert_eq!(outcome_of(scripted.read(Reading::Field)), expected);
    }
}

/// A point at which false sides agree does not acquit them: they are asked again.
#[test]
fn one_point_is_not_enough() {
    let script: Script<Goldilocks> = {
        let asked = Mutex::new(0);
        Arc::new(move |values| {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked == 1 { same()(values) } else { one_more()(values) }
        })
    };
    let scripted = Scripted { field: script, ..Scripted::new() };
    assert_eq!(outcome_of(scripted.read(Reading::Field)), Outcome::Refutes);
}

/// A side as a function of the first unknown, a constant among them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Linear,
    Quadratic,
    Affine,
    Constant,
    /// The first unknown times the second.
    Bilinear,
    /// The square at the last entry only.
    QuadraticAtTheLast,
    Zero,
}

impl Side {
    fn of<S: Scalar>(self, x: &ArrayD<S>, y: &S) -> ArrayD<S> {
        let last = x.len() - 1;
        let entry = |(place, x): (usize, &S)| match self {
            Side::Linear => S::from_integer(3) * x.clone(),
            Side::Quadratic => x.clone() * x.clone(),
            Side::Affine => x.clone() + S::one(),
            Side::Constant => S::one(),
            Side::Bilinear => y.clone() * x.clone(),
            Side::QuadraticAtTheLast if place == last => x.clone() * x.clone(),
            Side::QuadraticAtTheLast => x.clone(),
            Side::Zero => S::zero(),
        };
        x.iter().enumerate().map(entry).collect::<ndarray::Array1<S>>().into_dyn()
    }
}

struct Pair(Side, Side);

impl Identity for Pair {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", [3]), Unknown::new("y", [])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let (x, y) = (&values[0], &values[1][[]]);
        Ok((self.0.of(x, y), self.1.of(x, y)))
    }
}

/// What is said to be linear is linear on both sides, or the examination is an error: on either side alone.
#[test]
fn both_sides_must_be_linear() {
    let is_linear = |side| matches!(side, Side::Linear | Side::Bilinear | Side::Zero);
    let sides = [
        Side::Linear,
        Side::Quadratic,
        Side::Affine,
        Side::Constant,
        Side::Bilinear,
        Side::QuadraticAtTheLast,
        Side::Zero,
    ];
    for (left, right) in sides.into_iter().flat_map(|left| sides.map(|right| (left, right))) {
        let examiner = Examiner::new(2).with_readings([Reading::Symbolic]);
        let examined = examiner.examine(&Statement::single(Pair(left, right)).linear_in(0));
        if is_linear(left) && is_linear(right) {
            let expected = if left == right { Outcome::Confirms } else { Outcome::Refutes };
            assert_eq!(outcome_of(examined), expected, "{left:?} and {right:?}");
        } else {
            let error = examined.unwrap_err().to_string();
            let told = "the statement is said to be linear in x, but it is not";
            assert!(error.ends_with(told), "{left:?} and {right:?}: {error}");
        }
    }
}

/// Linear in one unknown is not linear in another, and the error names it; nor is there a third one.
#[test]
fn linearity_is_in_the_unknown_that_is_named() {
    let examiner = Examiner::new(2).with_readings([Reading::Symbolic]);
    let bilinear = |unknown| Statement::single(Pair(Side::Bilinear, Side::Bilinear)).linear_in(unknown);
    assert_eq!(outcome_of(examiner.examine(&bilinear(0))), Outcome::Confirms);
    assert_eq!(outcome_of(examiner.examine(&bilinear(1))), Outcome::Confirms);
    let affine_in_y = Statement::single(Pair(Side::Linear, Side::Linear)).linear_in(1);
    let error = examiner.examine(&affine_in_y).unwrap_err().to_string();
    assert!(error.ends_with("the statement is said to be linear in y, but it is not"), "{error}");
    let error = examiner.examine(&bilinear(2)).unwrap_err().to_string();
    let told = "the statement is said to be linear in unknown 2, but it has only x, y (counted from 0)";
    assert!(error.ends_with(told), "{error}");
}

/// What holds on the basis is proved with variables for the others, and what fails on one basis vector is
/// refuted.
#[test]
fn basis_vectors_are_all_tried() {
    struct AtOne(usize);
    impl Identity for AtOne {
        fn unknowns(&self) -> Vec<Unknown> {
            vec![Unknown::new("w", []), Unknown::new("x", [4])]
        }
        fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
            let left = values[1].mapv(|x| x * values[0][[]].clone());
            let mut right = left.clone();
            right[[self.0]] = right[[self.0]].clone() + values[1][[self.0]].clone();
            Ok((left, right))
        }
    }
    let examiner = Examiner::new(2).with_readings([Reading::Symbolic]);
    for place in 0..4 {
        let report = examiner.examine(&Statement::single(AtOne(place)).linear_in(1)).unwrap();
        assert_eq!(report.verdict, crate::verify::Verdict::Fails, "basis vector {place}");
    }
}

/// Opaque on one basis vector leaves silent, whichever it is, unless another refutes.
#[test]
fn silence_on_a_basis_vector_is_not_forgotten() {
    let say = |said: [Outcome; 3]| {
        let count = Mutex::new(0);
        let mut scripted = Scripted::new();
        scripted.symbolic = Arc::new(move |values| {
            let mut count = count.lock().unwrap();
            *count += 1;
            // Of variables, so that opaque functions do not fold to numbers.
            let variables = [Symbolic::variables("x", values[0].shape())];
            (Scripted::new().saying(Reading::Symbolic, said[*count - 1]).symbolic)(&variables)
        });
        let statement = scripted.statement().linear_in(0);
        outcome_of(Examiner::new(1).with_readings([Reading::Symbolic]).examine(&statement))
    };
    for code in 0..27 {
        let said = [0, 1, 2].map(|place| OUTCOMES[code / 3_usize.pow(place) % 3]);
        let expected = if said.contains(&Outcome::Refutes) {
            Outcome::Refutes
        } else if said.contains(&Outcome::Silent) {
            Outcome::Silent
        } else {
            Outcome::Confirms
        };
        assert_eq!(say(said), expected, "{said:?}");
    }
}
