//! Why invariance can hurt: the six and the nine.
//!
//! A classifier that is invariant under the half turn gives an image and its half turn the same scores,
//! whatever its weights. A nine is a six, turned.

use std::sync::Arc;

use ndarray::{ArrayD, arr2};

use super::super::Claim;
use super::maps::{Activation, Dense};
use crate::group::{Action, C4, Rotation};
use crate::scalar::Scalar;
use crate::signal::{OnGrid, TrivialAction};
use crate::verify::{
    Counterexample, Evidence, Examiner, Failure, Map, Report, Unknown, Value, Verdict, equivariance,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "map.six_and_nine",
            "a classifier invariant under Rot180 separates an image from its half turn (the 6 and the 9)",
            |examiner| separation(examiner, Classifier { both_ways_up: true }),
        )
        .theorem("invariant_does_not_separate")
        .mutant("the classifier is not invariant", |examiner| {
            separation(examiner, Classifier { both_ways_up: false })
        }),
    ]
}

/// Two scores from a dense layer with a rectifier, if wanted summed over the image and its half turn.
#[derive(Clone, Copy, Debug)]
struct Classifier {
    both_ways_up: bool,
}

const DENSE: Dense = Dense { scores: Some(2), activation: Activation::Rectify };

impl Map for Classifier {
    fn weights(&self, input: &[usize]) -> Vec<Unknown> {
        DENSE.weights(input)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let scores = DENSE.apply(x, weights)?;
        if !self.both_ways_up {
            return Ok(scores);
        }
        Ok(scores + DENSE.apply(&OnGrid.act(&C4, &Rotation::Rot180, x), weights)?)
    }
}

/// A six, five pixels high.
const SIX: [[f64; 3]; 5] =
    [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]];

/// "Separates" is the negation of "gives the same scores": what confirms the one refutes the other.
fn separation(examiner: &Examiner, classifier: Classifier) -> Result<Report, Failure> {
    let same_scores = equivariance(
        &["height", "width"],
        Arc::new(classifier),
        |_| Some(C4),
        OnGrid,
        TrivialAction,
        |_| vec![Rotation::Rot180],
    );
    let report = examiner.examine(&same_scores.at([5, 3]).at_large([28, 28]))?;
    let verdict = match report.verdict {
        Verdict::Holds => Verdict::Fails,
        Verdict::Fails => Verdict::Holds,
        Verdict::Undecided => Verdict::Undecided,
    };
    let evidence: Vec<Evidence> = report
        .evidence
        .into_iter()
        .map(|Evidence { confirms, finding }| Evidence { confirms: !confirms, finding })
        .collect();
    let counterexample = if verdict == Verdict::Fails { Some(six_and_nine(classifier)?) } else { None };
    Ok(Report { verdict, evidence, counterexample, ..report })
}

/// The scores of a six and of a nine, for weights 1, 2, 3 … of either sign.
fn six_and_nine(classifier: Classifier) -> Result<Counterexample, Failure> {
    let six = arr2(&SIX).into_dyn();
    let nine = OnGrid.act(&C4, &Rotation::Rot180, &six);
    let weights = ArrayD::from_shape_fn(vec![2, six.len()], |index| {
        let count = (index[1] + 1) as f64;
        if index[0] == 0 { count } else { 10.0 - count }
    });
    let left = classifier.apply(&six, std::slice::from_ref(&weights))?;
    let right = classifier.apply(&nine, std::slice::from_ref(&weights))?;
    if left != right {
        return Err("small integers are exact: the scores should be equal".into());
    }
    Ok(Counterexample {
        shape: "height 5, width 3".into(),
        element: Some(Rotation::Rot180.to_string()),
        inputs: vec![("six".into(), six.into()), ("nine".into(), nine.into()), ("w".into(), weights.into())],
        left: format!("scores {} for the six, {} for the nine", Value::from(left), Value::from(right)).into(),
        right: "different scores".into(),
        replay: String::new(),
    })
}
