//! Dropout: the identity at inference, the right mean in training, and a mask that stays where it is.

use std::sync::Arc;

use ndarray::{Array2, ArrayD, IxDyn};

use super::Claim;
use crate::group::{CyclicTranslations, FiniteGroup, Group};
use crate::layer::{Dropout, Fraction, Layer, Mode};
use crate::scalar::Scalar;
use crate::signal::OnGrid;
use crate::verify::{
    Case, Counterexample, Examiner, Failure, Finding, Identity, Map, Report, Sides, Statement, Unknown,
    Verdict, equivariance, symmetries,
};

/// The claims on dropout.
pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "layer.dropout",
            "dropout is the identity at inference and keeps the mean in training",
            |examiner| examine(examiner, Fault::None),
        )
        .theorem("dropout_keeps_mean")
        .theorem("dropout_chances")
        .mutant("the entries that are kept are not scaled", |examiner| examine(examiner, Fault::NotScaled))
        .mutant("entries are dropped at inference too", |examiner| examine(examiner, Fault::AtInference))
        .mutant("entries are kept with the probability to be dropped", |examiner| {
            examine(examiner, Fault::Exchanged)
        }),
        Claim::fails("layer.dropout.training", "dropout commutes with translation in training", |examiner| {
            translations(examiner, Mask::EachEntry)
        })
        .theorem("dropout_permutation")
        .mutant("a channel is dropped as a whole", |examiner| translations(examiner, Mask::EachChannel)),
    ]
}

/// The share of entries that are dropped.
const SHARE: Fraction = Fraction::new(1, 4);

/// What is wrong with dropout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    NotScaled,
    AtInference,
    Exchanged,
}

impl Fault {
    fn forward<S: Scalar>(self, x: &ArrayD<S>, mode: Mode) -> Result<ArrayD<S>, Failure> {
        let share = if self == Fault::Exchanged { SHARE.complement() } else { SHARE };
        let mode = if self == Fault::AtInference { Mode::Training { seed: 0 } } else { mode };
        let result = Dropout::new(share).forward(x, &[], mode)?;
        let kept = SHARE.complement().to::<S>();
        Ok(if self == Fault::NotScaled { result.mapv(|entry| entry * kept.clone()) } else { result })
    }
}

/// At inference the output is the input; in training each entry y is 0 or x/(1 − p): y·(y·(1 − p) − x) = 0.
struct ZeroOrScaled {
    fault: Fault,
    mode: Mode,
    shape: Vec<usize>,
}

impl Identity for ZeroOrScaled {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let x = &values[0];
        let output = self.fault.forward(x, self.mode)?;
        if self.mode == Mode::Inference {
            return Ok((output, x.clone()));
        }
        let kept = SHARE.complement().to::<S>();
        Ok((output.clone() * output.mapv(|entry| entry * kept.clone()), output * x))
    }
}

fn examine(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let statement = |modes: Vec<Mode>| {
        Statement::new(&["samples", "channels", "height", "width"], move |shape| {
            let case = |&mode| Case::new(ZeroOrScaled { fault, mode, shape: shape.to_vec() });
            Ok(modes.iter().map(case).collect())
        })
        .at([2, 2, 3, 4])
        .at_large([3, 4, 9, 8])
        .shrinking_to([1, 1, 1, 1])
    };
    let mask = |number| Mode::Training { seed: examiner.seed() }.at(number);
    let mut report = Report::all([
        examiner.examine(&statement(vec![Mode::Inference]))?,
        examiner.examine(&statement((0..examiner.draws(SEVERAL)).map(mask).collect()))?,
        mean_over_masks(examiner, fault)?,
    ]);
    report.remark.get_or_insert_with(|| "the mean over masks by drawing them".to_owned());
    Ok(report)
}

/// Masks drawn for the values. On 48 entries one of them alone would be all dropped, or all kept, once in 10⁶
/// times.
const SEVERAL: usize = 8;

/// Masks drawn for the mean.
const MASKS: u64 = 2000;

/// The mean of dropped-out ones over many masks is 1, up to what chance allows.
///
/// Hoeffding (1963): the mean of N independent numbers between 0 and 1/(1 − p) is off by more than t with
/// probability at most 2·exp(−2N·t²(1 − p)²). With t = √(ln(2·10⁹)/2N)/(1 − p) that is 10⁻⁹.
fn mean_over_masks(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let ones = ArrayD::from_elem(vec![2, 2, 3, 4], 1.0_f64);
    let mut sum = 0.0;
    for mask in 0..MASKS {
        let mode = Mode::Training { seed: examiner.seed() }.at(mask as usize);
        sum += fault.forward(&ones, mode)?.sum();
    }
    let draws = MASKS as f64 * ones.len() as f64;
    let error = (sum / draws - 1.0).abs();
    let chance = (2e9_f64.ln() / (2.0 * draws)).sqrt() / SHARE.complement().to::<f64>();
    let shape = format!("mean over {MASKS} masks of {} entries", ones.len());
    let finding = Finding::Float { shape, relative_error: error, noise_floor: chance };
    if error <= chance {
        return Ok(Report::confirmed(finding));
    }
    let inputs = [("x".to_owned(), "all ones".to_owned())];
    let counterexample = Counterexample::from_text(
        inputs,
        format!("a mean of {:.4}", sum / draws),
        format!("1 ± {chance:.4}"),
    );
    Ok(Report::refuted(finding, counterexample))
}

/// What a mask drops.
#[derive(Clone, Copy, Debug)]
enum Mask {
    EachEntry,
    /// All entries of a channel together: then there is nothing to move.
    EachChannel,
}

impl Map for Mask {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let (dropout, mode) = (Dropout::new(Fraction::new(1, 2)), Mode::Training { seed: 0 });
        match self {
            Mask::EachEntry => Ok(dropout.forward(x, &[], mode)?),
            Mask::EachChannel => {
                let channels = Array2::from_elem((x.shape()[0], x.shape()[1]), S::one()).into_dyn();
                let kept = dropout.forward(&channels, &[], mode)?;
                Ok(ArrayD::from_shape_fn(x.raw_dim(), |index| {
                    x[&index].clone() * kept[IxDyn(&[index[0], index[1]])].clone()
                }))
            }
        }
    }
}

fn translations(examiner: &Examiner, mask: Mask) -> Result<Report, Failure> {
    let map = Arc::new(mask);
    let statement = equivariance(
        &["samples", "channels", "height", "width"],
        Arc::clone(&map),
        |shape| Some(CyclicTranslations::new([shape[2], shape[3]])),
        OnGrid,
        OnGrid,
        Group::generators,
    );
    let report =
        examiner.examine(&statement.at([2, 2, 3, 4]).at_large([3, 4, 9, 8]).shrinking_to([1, 1, 1, 1]))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let group = CyclicTranslations::new([3, 4]);
    let preserved = symmetries(examiner, &map, &[2, 2, 3, 4], &group, &OnGrid, &OnGrid)?;
    Ok(report.with_largest(group.describe_subgroup(&preserved)))
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
