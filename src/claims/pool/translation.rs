//! Pooling and translation: with stride s, what moves by s·t on the way in moves by t on the way out, and
//! nothing else does.
//!
//! On the circle, where nothing is lost at a border. A layer pools what lies inside, so a window that runs
//! past the end gets the beginning of the input once more.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice, concatenate};

use crate::claims::Claim;
use crate::group::{CyclicTranslations, FiniteGroup, Group, Product, Subgroup, Translation};
use crate::layer::{Layer, Mode, Pool};
use crate::scalar::{Ring, Scalar};
use crate::signal::{ActionError, ArrayAction, First, OnGrid, Second, roll};
use crate::verify::{
    Case, Commutation, Examiner, Failure, Map, Report, Statement, Verdict, equivariance, symmetries,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "pool.translation",
            "maximum and mean pooling with window k and stride s take a translation by s·t to a translation \
             by t",
            |examiner| multiples(examiner, Fault::None),
        )
        .theorem("pool_stride_equivariance")
        .mutant("the last window begins one entry late", |examiner| {
            multiples(examiner, Fault::LastWindowLate)
        })
        .mutant("the output moves as far as the input", |examiner| {
            multiples(examiner, Fault::OutputMovesAsFar)
        })
        .mutant("zeros past the end in place of the beginning", |examiner| {
            multiples(examiner, Fault::ZerosPastTheEnd)
        }),
        Claim::fails(
            "pool.translation.others",
            "they take some translation that is not by a multiple of s to a translation",
            |examiner| others(examiner, Stride::Pooling),
        )
        .theorem("pool_only_multiples")
        .mutant("a window at every entry", |examiner| others(examiner, Stride::One)),
    ]
}

/// What is wrong with the pooling or with how its output moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    LastWindowLate,
    OutputMovesAsFar,
    ZerosPastTheEnd,
}

/// Pooling on the circle.
#[derive(Clone, Debug)]
struct OnCircle {
    pool: Pool,
    fault: Fault,
}

impl OnCircle {
    /// The input with as many of its first entries put behind it, along each axis of space, as windows run
    /// past its end.
    fn extended<S: Scalar>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        let mut result = x.clone();
        for (axis, (&taps, &stride)) in self.pool.taps.iter().zip(&self.pool.stride).enumerate() {
            let dilation = self.pool.dilation.get(axis).copied().unwrap_or(1);
            let past = (dilation * (taps - 1) + 1).saturating_sub(stride);
            let mut beginning = result.slice_axis(Axis(axis + 2), Slice::from(..past)).to_owned();
            if self.fault == Fault::ZerosPastTheEnd {
                beginning.fill(S::zero());
            }
            result = concatenate(Axis(axis + 2), &[result.view(), beginning.view()])?;
        }
        Ok(result)
    }

    fn pooled<S: Scalar>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        Ok(self.pool.forward(&self.extended(x)?, &[], Mode::Inference)?)
    }
}

impl Map for OnCircle {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut result = self.pooled(x)?;
        if self.fault == Fault::LastWindowLate {
            let last = Axis(x.ndim() - 1);
            let late = self.pooled(&roll(x.view(), &[-1]))?;
            let end = Slice::from(-1..);
            result.slice_axis_mut(last, end).assign(&late.slice_axis(last, end));
        }
        Ok(result)
    }
}

/// The translations of the output, moving arrays so many times as far along each axis.
#[derive(Clone, Copy, Debug)]
struct Steps<const D: usize>([usize; D]);

impl<const D: usize> ArrayAction<CyclicTranslations<D>> for Steps<D> {
    fn name(&self) -> String {
        format!("translation by multiples of {:?}", self.0)
    }

    fn try_act<S: Ring>(
        &self,
        _: &CyclicTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let shifts: Vec<i64> = g.0.iter().zip(self.0).map(|(&steps, stride)| steps * stride as i64).collect();
        Ok(roll(x, &shifts))
    }
}

/// Both kinds of pooling with these windows.
fn both(taps: &[usize], stride: &[usize]) -> [Pool; 2] {
    [Pool::maximum(taps).stride(stride), Pool::mean(taps).stride(stride)]
}

/// Pooling of arrays with these axes of space commutes with the translations of its output, which move the
/// input by multiples of the stride.
fn commutes<const D: usize>(pool: Pool, stride: [usize; D], fault: Fault) -> Statement {
    let names = [&["samples", "channels"], &["depth", "height", "width"][3 - D..]].concat();
    let output = if fault == Fault::OutputMovesAsFar { stride } else { [1; D] };
    equivariance(
        &names,
        Arc::new(OnCircle { pool, fault }),
        move |shape| {
            let whole = (0..D).all(|axis| shape[axis + 2].is_multiple_of(stride[axis]));
            whole.then(|| CyclicTranslations::new(std::array::from_fn(|axis| shape[axis + 2] / stride[axis])))
        },
        Steps(stride),
        Steps(output),
        Group::generators,
    )
}

/// Windows that overlap, that touch and that leave gaps, wide and dilated, in one, two and three dimensions.
fn multiples(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for pool in both(&[3], &[2]).into_iter().chain(both(&[2], &[3]).map(|pool| pool.dilation([2]))) {
        let stride = [pool.stride[0]];
        let statement = commutes(pool, stride, fault).at([1, 2, 6]).at_large([2, 3, 30]);
        reports.push(examiner.examine(&statement.shrinking_to([1, 1, 3]))?);
    }
    for pool in both(&[2, 3], &[2, 1]) {
        let statement = commutes(pool, [2, 1], fault).at([1, 2, 4, 5]).at_large([2, 3, 10, 9]);
        reports.push(examiner.examine(&statement.shrinking_to([1, 1, 2, 3]))?);
    }
    for pool in both(&[2, 2, 3], &[2, 1, 2]) {
        let statement = commutes(pool, [2, 1, 2], fault).at([1, 1, 4, 3, 4]).at_large([1, 2, 6, 5, 8]);
        reports.push(examiner.examine(&statement.shrinking_to([1, 1, 2, 2, 2]))?);
    }
    Ok(Report::all(reports))
}

/// The stride of the pooling that is put to the test.
#[derive(Clone, Copy, Debug)]
enum Stride {
    Pooling,
    One,
}

/// A step by one entry along an axis with a stride is no translation of the output, whichever is tried.
///
/// The pairs of translations of input and output that belong together are a subgroup of their product, and
/// the engine finds it; their first members are what pooling keeps.
fn on_grid<const D: usize>(
    examiner: &Examiner,
    pool: Pool,
    extents: [usize; D],
    stride: [usize; D],
) -> Result<Report, Failure> {
    let shape = [&[1, 2], extents.as_slice()].concat();
    let moved = CyclicTranslations::new(extents);
    let result = CyclicTranslations::<D>::new(std::array::from_fn(|axis| extents[axis] / pool.stride[axis]));
    let group = Product::new(moved, result);
    let map = Arc::new(OnCircle { pool, fault: Fault::None });
    let is_multiple = |t: &Translation<D>| {
        moved.offsets(t).iter().zip(stride).all(|(offset, stride)| offset.is_multiple_of(stride))
    };
    let steps = (0..D).map(|axis| moved.translation(std::array::from_fn(|other| i64::from(other == axis))));
    let steps: Vec<_> = steps.filter(|step| !is_multiple(step)).collect();
    let mut reports = Vec::new();
    for element in group.elements().filter(|element| steps.contains(&element.0)) {
        let case = Commutation {
            map: Arc::clone(&map),
            shape: shape.clone(),
            group,
            element,
            input: First(OnGrid),
            output: Second(OnGrid),
        };
        let cases = [Case::for_element(element, case)];
        let axes = ["samples", "channels", "depth", "height", "width"];
        let names = [&axes[..2], &axes[5 - D..]].concat();
        let statement = Statement::new(&names, move |_| Ok(cases.to_vec()));
        reports.push(examiner.examine(&statement.at(shape.as_slice()))?);
    }
    let mut report = Report::none(reports);
    // One line for each reading is enough to say that all of them failed.
    let mut seen = Vec::new();
    report.evidence.retain(|evidence| {
        let kind = (evidence.finding.reading(), evidence.confirms);
        let new = !seen.contains(&kind);
        seen.push(kind);
        new
    });
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let pairs = symmetries(examiner, &map, &shape, &group, &First(OnGrid), &Second(OnGrid))?;
    let kept = Subgroup::new(&moved, pairs.elements().iter().map(|pair| pair.0))?;
    if !moved.elements().all(|t| kept.contains(&t) == is_multiple(&t)) {
        let found = moved.describe_subgroup(&kept);
        return Err(format!("pooling keeps {found}, and not the multiples of {stride:?}").into());
    }
    Ok(report.with_largest(moved.describe_subgroup(&kept)))
}

fn others(examiner: &Examiner, stride: Stride) -> Result<Report, Failure> {
    let pools = |taps: &[usize], of: &[usize]| match stride {
        Stride::Pooling => both(taps, of),
        Stride::One => both(taps, &vec![1; taps.len()]),
    };
    let mut reports = Vec::new();
    for pool in pools(&[3], &[2]) {
        reports.push(on_grid(examiner, pool, [6], [2])?);
    }
    for pool in pools(&[2, 3], &[2, 3]) {
        reports.push(on_grid(examiner, pool, [4, 6], [2, 3])?);
    }
    for pool in pools(&[1, 2, 1], &[1, 2, 1]) {
        reports.push(on_grid(examiner, pool, [2, 4, 3], [1, 2, 1])?);
    }
    Ok(Report::none(reports))
}
