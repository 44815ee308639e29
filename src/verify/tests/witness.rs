//! The search for a counterexample: what it finds is real, as small as it claims, and the first in the order
//! that is promised.

use super::*;
use crate::scalar::Scalar;
use crate::verify::identity::Identity;
use crate::verify::{Counterexample, Value, Verdict};

/// A polynomial of four unknown numbers that is said to be zero.
#[derive(Clone, Copy, Debug)]
enum Polynomial {
    /// d·(1 − c + a·c): a, which is tried first, can go only once c is gone.
    LaterFreed,
    /// a·b·c·d: nothing can go.
    Product,
    /// a + b + c + d: all but one can go.
    Sum,
    /// a³ − a: zero at −1, 0 and 1.
    Cube,
    /// (a − 1)·a·(a + 1)·(a − 2)·(b + d): zero at small numbers.
    Small,
    /// a² + 1: nothing need be there.
    Positive,
    /// (a − b)·(c − d): no two neighbours may be equal.
    Differences,
    /// d·(d − 1)·c: d is neither 0 nor 1.
    MinusOne,
    /// 1 + 2·a·b·c·d: nowhere zero.
    Nowhere,
}

impl Polynomial {
    fn of<S: Scalar>(self, x: &[S]) -> S {
        let [a, b, c, d] = [0, 1, 2, 3].map(|place: usize| x[place].clone());
        let n = S::from_integer;
        match self {
            Polynomial::LaterFreed => d * (n(1) - c.clone() + a * c),
            Polynomial::Product => a * b * c * d,
            Polynomial::Sum => a + b + c + d,
            Polynomial::Cube => a.clone() * a.clone() * a.clone() - a,
            Polynomial::Small => (a.clone() - n(1)) * a.clone() * (a.clone() + n(1)) * (a - n(2)) * (b + d),
            Polynomial::Positive => a.clone() * a + n(1),
            Polynomial::Differences => (a - b) * (c - d),
            Polynomial::MinusOne => d.clone() * (d - n(1)) * c,
            Polynomial::Nowhere => n(1) + n(2) * a * b * c * d,
        }
    }
}

const POLYNOMIALS: [Polynomial; 9] = [
    Polynomial::LaterFreed,
    Polynomial::Product,
    Polynomial::Sum,
    Polynomial::Cube,
    Polynomial::Small,
    Polynomial::Positive,
    Polynomial::Differences,
    Polynomial::MinusOne,
    Polynomial::Nowhere,
];

impl Identity for Polynomial {
    /// The four numbers in three arrays.
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("one", []), Unknown::new("two", [1, 2]), Unknown::new("three", [1])]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let numbers: Vec<S> = values.iter().flatten().cloned().collect();
        let value = self.of(&numbers);
        // Both sides are the sum of all, and the polynomial stands at one of two entries.
        let sum = numbers.into_iter().fold(S::zero(), |sum, number| sum + number);
        Ok((arr1(&[sum.clone(), sum.clone() + value]).into_dyn(), arr1(&[sum.clone(), sum]).into_dyn()))
    }
}

fn counterexample(polynomial: Polynomial, seed: u64) -> Counterexample {
    let report = Examiner::new(seed).examine(&Statement::single(polynomial)).expect("an examination");
    assert_eq!(report.verdict, Verdict::Fails, "{polynomial:?}, seed {seed}");
    report.counterexample.expect("a counterexample")
}

fn array(value: &Value) -> &ArrayD<f64> {
    let Value::Array(array) = value else { panic!("{value} is an array") };
    array
}

/// Numbers of a counterexample, one after the other.
fn numbers(counterexample: &Counterexample) -> Vec<f64> {
    counterexample.inputs.iter().flat_map(|(_, value)| array(value).iter().copied()).collect()
}

/// The inputs make the sides what is printed, and the sides differ.
#[test]
fn what_is_found_is_real() {
    for polynomial in POLYNOMIALS {
        for seed in 0..30 {
            let found = counterexample(polynomial, seed);
            let names: Vec<_> =
                found.inputs.iter().map(|(name, value)| (name.as_str(), array(value).shape())).collect();
            assert_eq!(names, [("one", &[][..]), ("two", &[1, 2]), ("three", &[1])]);
            let values: Vec<_> = found.inputs.iter().map(|(_, value)| array(value).clone()).collect();
            let (left, right) = polynomial.sides(&values).unwrap();
            assert_eq!((array(&found.left), array(&found.right)), (&left, &right));
            assert_ne!(left, right, "{polynomial:?}, seed {seed}");
            assert!(numbers(&found).iter().all(|number| *number == number.trunc()));
        }
    }
}

/// No entry can be zeroed, and none that is not 1 can be made 1, nor −1 where it is neither, without the
/// sides becoming equal.
#[test]
fn what_is_found_is_small() {
    for polynomial in POLYNOMIALS {
        for seed in 0..30 {
            let found = numbers(&counterexample(polynomial, seed));
            let differs = |numbers: &[f64]| polynomial.of(numbers) != 0.0;
            for place in 0..4 {
                let simpler: &[f64] = match found[place] {
                    0.0 => &[],
                    1.0 => &[0.0],
                    -1.0 => &[0.0, 1.0],
                    _ => &[0.0, 1.0, -1.0],
                };
                for &number in simpler {
                    let mut changed = found.clone();
                    changed[place] = number;
                    assert!(
                        !differs(&changed),
                        "{polynomial:?}, seed {seed}: {found:?} could be {changed:?}"
                    );
                }
            }
        }
    }
    for seed in 0..10 {
        assert_eq!(numbers(&counterexample(Polynomial::Product, seed)), [1.0; 4]);
        assert_eq!(numbers(&counterexample(Polynomial::Positive, seed)), [0.0; 4]);
        assert_eq!(numbers(&counterexample(Polynomial::Nowhere, seed)), [0.0; 4]);
        let sum = numbers(&counterexample(Polynomial::Sum, seed));
        assert_eq!((sum.iter().sum::<f64>(), sum.iter().filter(|number| **number == 0.0).count()), (1.0, 3));
    }
}

/// Many entries: whichever single one matters is found, and nothing else stays.
#[test]
fn one_of_many_entries_stays() {
    struct At(usize);
    impl Identity for At {
        fn unknowns(&self) -> Vec<Unknown> {
            vec![Unknown::new("x", [3, 3]), Unknown::new("y", [4])]
        }
        fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
            let entry = values.iter().flatten().nth(self.0).expect("one of 13").clone();
            Ok((ArrayD::from_elem(vec![], entry), ArrayD::from_elem(vec![], S::zero())))
        }
    }
    for place in 0..13 {
        let report = Examiner::new(4).examine(&Statement::single(At(place))).unwrap();
        let found = numbers(&report.counterexample.unwrap());
        let expected: Vec<f64> = (0..13).map(|entry| if entry == place { 1.0 } else { 0.0 }).collect();
        assert_eq!(found, expected);
    }
}

/// What does not matter goes in blocks: of n entries some 2·log₂ n evaluations find the one that stays, not
/// n.
#[test]
fn shrinking_is_quick_where_little_matters() {
    for place in [0, 1, 511, 700, 1023] {
        let script: Script<Bounded> = Arc::new(move |values| {
            let entry = |x: Bounded| ArrayD::from_elem(vec![], x);
            (entry(values[0][[place]]), entry(Bounded::new(0.0)))
        });
        let scripted = Scripted::new().saying(Reading::Field, Outcome::Refutes);
        let scripted = Scripted { unknowns: vec![Unknown::new("x", [1024])], bounded: script, ..scripted };
        let found = scripted.read(Reading::Field).unwrap().counterexample.unwrap();
        assert_eq!(numbers(&found).iter().sum::<f64>(), 1.0);
        // 21 for the blocks, some for the last rounds, and one for each draw in which the entry happens to be
        // 0.
        let asked = scripted.asked.bounded.lock().unwrap().len();
        assert!(asked <= 100, "{asked} evaluations");
    }
}

/// Of all sizes from the smallest on the first that shows it is taken, and of its cases the first.
#[test]
fn the_smallest_size_and_the_first_case_come_first() {
    let make = |from: [usize; 2], guilty: &'static [usize]| {
        Statement::new(&["rows", "columns"], move |size| {
            let case = |place: usize| {
                let differs = size[0] >= from[0] && size[1] >= from[1] && guilty.contains(&place);
                let bounded = if differs { one_more() } else { same() };
                let field = if differs { one_more() } else { same() };
                let element = Some(format!("g{place}"));
                Case { element, identity: Arc::new(Scripted { bounded, field, ..Scripted::new() }) }
            };
            Ok((0..3).map(case).collect())
        })
    };
    let find = |statement: &Statement| {
        let examiner = Examiner::new(1).with_replay("the line");
        let found = examiner.examine(statement).unwrap().counterexample.unwrap();
        assert_eq!(found.replay, "the line");
        (found.shape, found.element.unwrap())
    };
    for guilty in [&[0][..], &[1], &[2], &[1, 2], &[0, 2]] {
        let first = format!("g{}", guilty[0]);
        let statement = make([2, 1], guilty).at([4, 5]);
        assert_eq!(find(&statement), ("rows 4, columns 5".to_owned(), first.clone()));
        let shrinking = statement.shrinking_to([1, 1]);
        assert_eq!(find(&shrinking), ("rows 2, columns 1".to_owned(), first.clone()));
        let wider = make([2, 3], guilty).at([4, 5]).shrinking_to([1, 1]);
        assert_eq!(find(&wider), ("rows 2, columns 3".to_owned(), first.clone()));
        // Of two sizes that are asked for the first that shows it.
        let two = make([3, 1], guilty).at([2, 2]).at([4, 4]).at([3, 3]);
        assert_eq!(find(&two), ("rows 4, columns 4".to_owned(), first));
    }
}

/// A difference that rounding may explain is no counterexample, and neither is one between numbers that are
/// not known.
#[test]
fn what_rounding_may_explain_is_no_counterexample() {
    let witness: Script<Bounded> = Arc::new(|values| {
        let vague = |x: &Bounded| Bounded::with_error(x.value(), 1.0);
        (values[0].map(vague), values[0].map(|x| vague(&(*x + Bounded::one()))))
    });
    let unknown: Script<Bounded> = always(&[Bounded::new(f64::NAN)], &[Bounded::new(1.0)]);
    for script in [witness, unknown] {
        let scripted = Scripted::new().saying(Reading::Field, Outcome::Refutes);
        let scripted = Scripted { bounded: script, ..scripted };
        let report = Examiner::new(1).with_readings([Reading::Field]).examine(&scripted.statement()).unwrap();
        assert_eq!((report.verdict, report.counterexample), (Verdict::Undecided, None));
    }
}
