//! What a maximum does not see: where in its window it stands. That is less than invariance under
//! translation.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn, indices};

use crate::claims::Claim;
use crate::group::{CyclicTranslations, FiniteGroup, Group, Permutation, Symmetric};
use crate::layer::{GlobalPool, Layer, Mode, Pool};
use crate::scalar::{Ring, Scalar};
use crate::signal::{ActionError, ArrayAction, OnGrid, TrivialAction};
use crate::verify::{
    Case, ExamineError, Examiner, Failure, Identity, Map, Report, Sides, Statement, Unknown, Verdict,
    equivariance, symmetries,
};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "pool.tolerance",
            "the output of a max pool does not change when the entries of its window change places",
            |examiner| permuted_windows(examiner, Fault::None),
        )
        .theorem("pool_window_permuted")
        .mutant("the window is one entry short", |examiner| permuted_windows(examiner, Fault::Short))
        .mutant("the first entry of the window", |examiner| permuted_windows(examiner, Fault::Subsampling)),
        Claim::holds(
            "pool.tolerance.maximum",
            "wherever in its window the maximum stands, it is what a max pool gives",
            |examiner| planted_maximum(examiner, Fault::None),
        )
        .theorem("pool_tolerance")
        .mutant("the minimum in place of the maximum", |examiner| planted_maximum(examiner, Fault::Minimum))
        .mutant("the mean in place of the maximum", |examiner| planted_maximum(examiner, Fault::Mean))
        .mutant("the window is one entry short", |examiner| planted_maximum(examiner, Fault::Short)),
        Claim::fails("pool.tolerance.invariance", "max pooling is invariant under translation", |examiner| {
            invariance(examiner, Pool::maximum([2, 3]))
        })
        .theorem("pool_not_invariant")
        .mutant("a maximum over everything", |examiner| invariance(examiner, GlobalPool::MAXIMUM)),
    ]
}

/// What is wrong with the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The last tap along the last axis is not read.
    Short,
    /// Only the first tap is read.
    Subsampling,
    Minimum,
    Mean,
}

/// A max pool whose windows tile the input.
#[derive(Clone, Debug)]
struct Tiles {
    taps: Vec<usize>,
    fault: Fault,
}

impl Map for Tiles {
    fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        let mut taps = self.taps.clone();
        match self.fault {
            Fault::Short => taps.last_mut().into_iter().for_each(|last| *last -= 1),
            Fault::Subsampling => taps.fill(1),
            Fault::None | Fault::Minimum | Fault::Mean => {}
        }
        let pool = if self.fault == Fault::Mean { Pool::mean(taps) } else { Pool::maximum(taps) };
        let pool = pool.stride(self.taps.as_slice());
        let sign = S::from_integer(if self.fault == Fault::Minimum { -1 } else { 1 });
        let signed = |array: ArrayD<S>| array.mapv(|entry| entry * sign.clone());
        Ok(signed(pool.forward(&signed(x.clone()), &[], Mode::Inference)?))
    }
}

/// A permutation of the entries of every window of these extents, where windows tile the last axes.
#[derive(Clone, Debug)]
struct InWindows(Vec<usize>);

impl ArrayAction<Symmetric> for InWindows {
    fn name(&self) -> String {
        format!("permutation of the entries of windows {:?}", self.0)
    }

    fn try_act<S: Ring>(
        &self,
        group: &Symmetric,
        g: &Permutation,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let leading = x.ndim() - self.0.len();
        let inverse = group.inverse(g);
        Ok(ArrayD::from_shape_fn(x.raw_dim(), |mut index| {
            let place = self
                .0
                .iter()
                .enumerate()
                .fold(0, |place, (axis, taps)| place * taps + index[leading + axis] % taps);
            let mut source = inverse.image(place);
            for (axis, taps) in self.0.iter().enumerate().rev() {
                let entry = &mut index[leading + axis];
                *entry = *entry - *entry % taps + source % taps;
                source /= taps;
            }
            x[index].clone()
        }))
    }
}

const WINDOWS: [&[usize]; 3] = [&[3], &[2, 3], &[2, 1, 2]];

/// An input of two channels on which so many windows fit along each axis.
fn input(taps: &[usize], windows: &[usize]) -> Vec<usize> {
    [1, 2].into_iter().chain(taps.iter().zip(windows).map(|(taps, count)| taps * count)).collect()
}

fn permuted_windows(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for taps in WINDOWS {
        let entries = Symmetric::new(taps.iter().product())?;
        let axes = ["samples", "channels", "depth", "height", "width"];
        let names = [&axes[..2], &axes[5 - taps.len()..]].concat();
        let whole = taps.to_vec();
        let statement = equivariance(
            &names,
            Arc::new(Tiles { taps: taps.to_vec(), fault }),
            move |shape| {
                let fits = shape[2..].iter().zip(&whole).all(|(extent, taps)| extent.is_multiple_of(*taps));
                fits.then_some(entries)
            },
            InWindows(taps.to_vec()),
            TrivialAction,
            Group::generators,
        );
        let statement = statement
            .at(input(taps, &[2, 1, 2]))
            .at_large(input(taps, &[5, 4, 3]))
            .shrinking_to(vec![1; taps.len() + 2]);
        reports.push(examiner.examine(&statement)?);
    }
    Ok(Report::all(reports))
}

/// Where the background is at most 0 and one entry of each window is m = max(m, 0), the output is m.
struct Planted {
    map: Tiles,
    shape: Vec<usize>,
    /// The place of the maximum in its window, along each axis.
    place: Vec<usize>,
}

impl Identity for Planted {
    fn unknowns(&self) -> Vec<Unknown> {
        let windows = self.shape[2..].iter().zip(&self.map.taps).map(|(extent, taps)| extent / taps);
        let output: Vec<usize> = self.shape[..2].iter().copied().chain(windows).collect();
        vec![Unknown::new("background", self.shape.clone()), Unknown::new("maximum", output)]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let maximum = values[1].mapv(|entry| entry.relu());
        let mut x = values[0].mapv(|entry| -entry.relu());
        for index in indices(maximum.raw_dim()) {
            let space =
                (0..self.place.len()).map(|axis| index[axis + 2] * self.map.taps[axis] + self.place[axis]);
            let place: Vec<usize> = [index[0], index[1]].into_iter().chain(space).collect();
            x[IxDyn(&place)] = maximum[&index].clone();
        }
        Ok((self.map.apply(&x, &[])?, maximum))
    }
}

fn planted_maximum(examiner: &Examiner, fault: Fault) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for taps in WINDOWS {
        let map = Tiles { taps: taps.to_vec(), fault };
        let shape = input(taps, &[2, 1, 2]);
        let places = indices(IxDyn(taps)).into_iter().map(|place| {
            let place: Vec<usize> = (0..taps.len()).map(|axis| place[axis]).collect();
            Case::for_element(
                format!("place {place:?}"),
                Planted { map: map.clone(), shape: shape.clone(), place },
            )
        });
        let cases: Vec<Case> = places.collect();
        let statement = Statement::new(&[], move |_| Ok(cases.clone()));
        reports.push(examiner.examine(&statement.at([]))?);
    }
    Ok(Report::all(reports))
}

fn invariance(examiner: &Examiner, layer: impl Layer) -> Result<Report, ExamineError> {
    let map = Arc::new(layer);
    let translations = |shape: &[usize]| {
        let whole = shape[2].is_multiple_of(2) && shape[3].is_multiple_of(3);
        whole.then(|| CyclicTranslations::new([shape[2], shape[3]]))
    };
    let statement = equivariance(
        &["samples", "channels", "height", "width"],
        Arc::clone(&map),
        translations,
        OnGrid,
        TrivialAction,
        Group::generators,
    );
    let report =
        examiner.examine(&statement.at([1, 2, 4, 6]).at_large([2, 3, 8, 9]).shrinking_to([1, 1, 2, 3]))?;
    if report.verdict != Verdict::Fails {
        return Ok(report);
    }
    let group = CyclicTranslations::new([4, 6]);
    let preserved = symmetries(examiner, &map, &[1, 2, 4, 6], &group, &OnGrid, &TrivialAction)?;
    Ok(report.with_largest(group.describe_subgroup(&preserved)))
}
