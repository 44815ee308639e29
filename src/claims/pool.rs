//! The chapter *pool*: pooling under translation, within its windows, and on inputs of any size.

use std::sync::Arc;

use ndarray::ArrayD;

use super::Claim;
use super::layer::maps::{Alteration, Altered, Same, Shifted};
use super::layer::translation::{kept_translations, pooled};
use crate::layer::{AdaptivePool, Convolution, GlobalPool, Layer, Mode, Pool};
use crate::network::Network;
use crate::scalar::Scalar;
use crate::signal::roll;
use crate::verify::{Counterexample, ExamineError, Examiner, Failure, Finding, Report, Statement, Verdict};

/// The claims of this chapter.
pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "pool.translation",
            "max and mean pooling of stride s take a translation by s·t to one by t",
            |examiner| multiples(examiner, |stride| (stride, 1)),
        )
        .theorem("pool_stride_equivariance")
.mutant("the output moves as far as the input", |examiner| multiples(examiner, |stride| (stride, stride))),
        Claim::fails(
            "pool.translation.others",
            "max and mean pooling of stride s commute with translations by other numbers than multiples of s",
            |examiner| others(examiner, 3),
        )
        .theorem("pool_only_multiples")
.mutant("the stride is 1", |examiner| others(examiner, 1)),
        Claim::holds(
            "pool.tolerance",
            "a max pool's output does not change when entries change places inside their window",
            |examiner| tolerance(examiner, Pool::maximum([2, 2]), 2),
        )
        .theorem("pool_tolerance")
.theorem("pool_window_permuted")
.mutant("they change places with the next window", |examiner| {
            tolerance(examiner, Pool::maximum([2, 2]), 3)
        }),
        Claim::fails("pool.tolerance.invariance", "max pooling is translation invariant", |examiner| {
            invariance(examiner, Network::new().then(Pool::maximum([2, 2])))
        })
        .theorem("pool_not_invariant")
.mutant("pooling is over everything", |examiner| {
            invariance(examiner, Network::new().then(GlobalPool::MAXIMUM))
        }),
        Claim::holds(
            "pool.any_size",
            "global and adaptive pooling give an output of one size for inputs of any size, so that one network takes them all",
            |_| any_size(false),
        )
        .theorem("adaptive_windows_inside")
.theorem("adaptive_windows_cover")
.theorem("adaptive_is_plain_pooling")
.theorem("adaptive_global")
.theorem("global_pooling_invariant")
.mutant("the pooling is over windows", |_| any_size(true)),
    ]
}

fn multiples(examiner: &Examiner, steps: fn(i64) -> (i64, i64)) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for axes in 1..=3 {
        for stride in [2, 3] {
            let windows = vec![2; axes];
            for pool in [Pool::maximum(windows.clone()), Pool::mean(windows)] {
                let pool = pool.stride(vec![stride; axes]);
                reports.push(pooled(examiner, &pool, steps(stride as i64))?);
            }
        }
    }
    Ok(Report::all(reports))
}

/// Translation by one entry, with the output where it was if s > 1; and what is kept instead.
fn others(examiner: &Examiner, stride: usize) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for pool in [Pool::maximum([stride, stride]), Pool::mean([stride, stride])] {
        let report = pooled(examiner, &pool, (1, i64::from(stride == 1)))?;
        if report.verdict == Verdict::Fails {
            let kept = kept_translations(examiner, &Arc::new(pool), [stride * 2, stride * 3], stride as i64)?;
            reports.push(report.with_largest(kept));
        } else {
            reports.push(report);
        }
    }
    Ok(Report::none(reports))
}

/// The pool after the entries of the first row were rolled among `width` neighbours.
struct Rolled {
    width: usize,
}

impl Alteration<Pool> for Rolled {
    fn apply<S: Scalar>(
        &self,
        layer: &Pool,
        x: &ArrayD<S>,
        weights: &[ArrayD<S>],
    ) -> Result<ArrayD<S>, Failure> {
        let mut moved = x.clone();
        for channel in 0..x.shape()[1] {
            let first = ndarray::s![0, channel, 0, ..self.width];
            let rolled = roll(x.slice(first).into_dyn(), &[1]);
            moved.slice_mut(first).into_dyn().assign(&rolled);
        }
        Ok(layer.forward(&moved, weights, Mode::Inference)?)
    }
}

fn tolerance(examiner: &Examiner, pool: Pool, width: usize) -> Result<Report, ExamineError> {
    let statement = Statement::new(&["height", "width"], move |space| {
        let input = [&[1, 2], space].concat();
        let fits = pool.output_shape(&input).is_ok() && space[1] >= width;
        let other = Altered { layer: pool.clone(), how: Rolled { width } };
        Ok(if fits { vec![Same::case(pool.clone(), other, input)] } else { Vec::new() })
    });
    examiner.examine(&statement.at([4, 6]).at_large([10, 14]).shrinking_to([2, 2]))
}

fn invariance(examiner: &Examiner, network: Network) -> Result<Report, ExamineError> {
    let map = Arc::new(network);
    let statement = Statement::new(&["height", "width"], move |space| {
        let input = [&[1, 1], space].concat();
        let fits = map.output_shape(&input).is_ok();
        Ok(if fits { Shifted::cases(&map, &input, 2, (1, 0), 0) } else { Vec::new() })
    });
    examiner.examine(&statement.at([4, 6]).at_large([10, 14]).shrinking_to([2, 2]))
}

/// Networks that end in global and in adaptive pooling, on inputs of all small sizes, run on floats.
fn any_size(windows: bool) -> Result<Report, Failure> {
    let begin = || Network::new().then(Convolution::new(1, 2, [3, 3]).padding([1, 1]));
    let networks = if windows {
        vec![(begin().then(Pool::maximum([1, 1])), vec![1, 2])]
    } else {
        vec![
            (begin().then(GlobalPool::MEAN), vec![1, 2]),
            (begin().then(GlobalPool::MAXIMUM), vec![1, 2]),
            (begin().then(AdaptivePool::mean([3, 2])), vec![1, 2, 3, 2]),
            (begin().then(AdaptivePool::maximum([3, 2])), vec![1, 2, 3, 2]),
        ]
    };
    let mut cases = 0;
    for (network, expected) in networks {
        let weights: Vec<_> =
            network.parameters().iter().map(|p| ArrayD::<f64>::ones(p.shape.clone())).collect();
        for (height, width) in (1..=9).flat_map(|height| (1..=9).map(move |width| (height, width))) {
            let x = ArrayD::ones(vec![1, 1, height, width]);
            let output = network.forward(&x, &weights, Mode::Inference)?;
            cases += 1;
            if output.shape() != expected {
                let shape = format!("{height} × {width}");
                let inputs = [("input".to_owned(), shape.clone()), ("network".to_owned(), network.name())];
                let counterexample = Counterexample::from_text(
                    inputs,
                    format!("{:?}", output.shape()),
                    format!("{expected:?}"),
                );
                return Ok(Report::refuted(
                    Finding::Symbolic { shape, variables: 0, terms: cases },
                    counterexample,
                ));
            }
        }
    }
    Ok(Report::enumerated("images of 1 × 1 to 9 × 9 pixels, four networks", cases))
}

#[cfg(test)]
mod tests {
    use crate::claims::tests::assert_agrees;

    #[test]
    fn every_claim_agrees() {
        assert_agrees(super::claims());
    }
}
