//! Claims of every kind of outcome, for the tests of what runs and reports them.

use ndarray::array;

use super::Claim;
use crate::verify::{Counterexample, Failure, Figure, Finding, Report};

/// A true claim, a false one with a counterexample and a figure, one that is wrong about its truth and
/// one that breaks.
pub(crate) fn sample_claims() -> Vec<Claim> {
    let confirmed = |_: &_| {
        let finding = Finding::Symbolic { shape: "n = 4".into(), variables: 8, terms: 16 };
        Ok::<_, Failure>(Report::confirmed(finding))
    };
    let refuted = |_: &_| {
        let finding = Finding::Rounding { shape: "2 × 2".into(), error: 1.0, bound: f64::INFINITY };
        let counterexample = Counterexample {
            shape: "height 2, width 2".into(),
            element: Some("Rot90".into()),
            inputs: vec![("x<1>".into(), array![[1.0, 0.0], [0.0, -2.5]].into_dyn().into())],
            left: array![[0.0, 1.0], [0.0, 0.0]].into_dyn().into(),
            right: array![[1.0, 0.0], [0.0, 0.0]].into_dyn().into(),
            replay: "equivariant verify map.turns --seed 0".into(),
        };
        let figure = Figure {
            title: "Defect & angle".into(),
            horizontal: "angle (degrees)".into(),
            vertical: "relative defect".into(),
            series: vec![("nearest".into(), vec![(0.0, 0.0), (45.0, 0.25), (90.0, 0.0)])],
        };
        Ok::<_, Failure>(
            Report::refuted(finding, counterexample).with_largest("multiples of 180°").with_figure(figure),
        )
    };
    vec![
        Claim::holds("conv.commutative", "x * y = y * x", confirmed)
            .theorem("convolution_commutative")
            .mutant("the kernel is not flipped", refuted),
        Claim::fails("map.turns", "a < b turns && turns", refuted).mutant("it commutes", confirmed),
        Claim::holds("map.wrong", "what is false is true", refuted).mutant("escapes", confirmed),
        Claim::holds("map.broken", "the check breaks", |_| -> Result<Report, Failure> {
            Err("no such axis".into())
        })
        .mutant("never run", refuted),
    ]
}
