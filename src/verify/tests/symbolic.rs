//! The symbolic reading: equal forms prove, other polynomials refute, other opaque forms say nothing.

use super::*;
use crate::scalar::{Field as _, SquareRoot};

fn read(left: &[Symbolic], right: &[Symbolic]) -> Outcome {
    outcome_of(Scripted { symbolic: always(left, right), ..Scripted::new() }.read(Reading::Symbolic))
}

/// The same for one entry.
fn compare(left: &Symbolic, right: &Symbolic) -> Outcome {
    use std::slice::from_ref;
    read(from_ref(left), from_ref(right))
}

#[test]
fn forms_prove_refute_or_say_nothing() {
    let [x, y] = ["x", "y"].map(Symbolic::variable);
    let opaque = [
        x.relu(),
        x.maximum(&y),
        x.reciprocal(),
        x.square_root(),
        x.exponential(),
        y.exponential() + x.clone(),
    ];
    for (place, form) in opaque.iter().enumerate() {
        assert_eq!(compare(form, form), Outcome::Confirms);
        for other in [&x, &Symbolic::one()] {
            // A polynomial may be equal to an opaque form: neither way round is it refuted.
            assert_eq!(compare(form, other), Outcome::Silent, "{form} and {other}");
            assert_eq!(compare(other, form), Outcome::Silent, "{other} and {form}");
        }
        for other in &opaque[..place] {
            assert_eq!(compare(form, other), Outcome::Silent, "{form} and {other}");
        }
    }
    assert_eq!(compare(&(x.clone() * y.clone()), &(y.clone() * x.clone())), Outcome::Confirms);
    assert_eq!(compare(&x, &y), Outcome::Refutes);
    assert_eq!(compare(&x, &(-x.clone())), Outcome::Refutes);
}

/// Polynomials that differ at one entry refute, whatever opaque forms stand at the others.
#[test]
fn opaque_entries_hide_no_refutation() {
    let [x, y] = ["x", "y"].map(Symbolic::variable);
    let pairs = [(x.clone(), x.clone()), (x.exponential(), y.exponential()), (x.relu(), x.relu()), (x, y)];
    let outcomes = [Outcome::Confirms, Outcome::Silent, Outcome::Confirms, Outcome::Refutes];
    for code in 0..64 {
        let chosen = [0, 1, 2].map(|place| code / 4_usize.pow(place) % 4);
        let left: Vec<_> = chosen.iter().map(|&pair| pairs[pair].0.clone()).collect();
        let right: Vec<_> = chosen.iter().map(|&pair| pairs[pair].1.clone()).collect();
        let said = chosen.map(|pair| outcomes[pair]);
        let expected = if said.contains(&Outcome::Refutes) {
            Outcome::Refutes
        } else if said.contains(&Outcome::Silent) {
            Outcome::Silent
        } else {
            Outcome::Confirms
        };
        assert_eq!(read(&left, &right), expected, "{chosen:?}");
    }
}

/// The unknowns are variables of their own, all different: what is proved is proved for all of them.
#[test]
fn unknowns_are_variables() {
    let scripted =
        Scripted { unknowns: vec![Unknown::new("x", [2, 2]), Unknown::new("w", [3])], ..Scripted::new() };
    scripted.read(Reading::Symbolic).unwrap();
    let asked = scripted.asked.symbolic.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0][0], Symbolic::variables("x", &[2, 2]));
    assert_eq!(asked[0][1], Symbolic::variables("w", &[3]));
}

/// On a basis the other unknowns stay variables, and each basis vector comes once.
#[test]
fn the_basis_replaces_one_unknown() {
    let scripted =
        Scripted { unknowns: vec![Unknown::new("x", [2, 2]), Unknown::new("w", [3])], ..Scripted::new() };
    let examiner = Examiner::new(1).with_readings([Reading::Symbolic]);
    examiner.examine(&scripted.statement().linear_in(0)).unwrap();
    let asked = scripted.asked.symbolic.lock().unwrap();
    assert_eq!(asked.len(), 4);
    for (place, values) in asked.iter().enumerate() {
        let vector: Vec<_> = values[0].iter().map(|entry| entry.as_constant()).collect();
        let expected: Vec<_> = (0..4).map(|entry| Some(i64::from(entry == place).into())).collect();
        assert_eq!((vector, values[0].shape()), (expected, &[2, 2][..]));
        assert_eq!(values[1], Symbolic::variables("w", &[3]));
    }
}
