//! A kernel that is the outer product of vectors acts as one-dimensional passes, one along each axis:
//! Σ_{j,k} f(j) g(k) y(m+j, n+k) = Σ_j f(j) Σ_k g(k) y(m+j, n+k); in three dimensions likewise.
//!
//! Cost: K + L products for each entry instead of K·L.

use ndarray::{ArrayD, ArrayView1, Axis, Ix1};

use crate::claims::Claim;
use crate::claims::conv::grids::on_grids;
use crate::conv::{ConvolutionError, Extent, correlate, correlate_separable, outer_product};
use crate::scalar::{Ring, Scalar};
use crate::verify::{Case, ExamineError, Examiner, Failure, Identity, Report, Sides, Statement, Unknown};

pub(super) fn claims() -> Vec<Claim> {
    let check = |passes| move |examiner: &Examiner| examine(examiner, passes);
    vec![
        Claim::holds(
            "corr.separable",
            "correlation with the outer product of vectors is one pass with each of them along its axis",
            check(Passes::Correct),
        )
        .theorem("separable_kernel")
        .mutant("the last pass flips its vector", check(Passes::LastFlipped))
        .mutant("the last pass is left out", check(Passes::LastLeftOut)),
    ]
}

/// The implementation under test, and plausible mistakes.
#[derive(Clone, Copy, Debug)]
enum Passes {
    Correct,
    /// Wrong: the last vector is turned around.
    LastFlipped,
    /// Wrong: the last vector is replaced by 1 at its centre, which passes the signal on.
    LastLeftOut,
}

impl Passes {
    fn run<S: Ring>(
        self,
        factors: &[ArrayView1<'_, S>],
        signal: &ArrayD<S>,
        extent: Extent,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        let mut factors: Vec<_> = factors.iter().map(|factor| factor.to_owned()).collect();
        let last = factors.len() - 1;
        match self {
            Passes::Correct => {}
            Passes::LastFlipped => factors[last].invert_axis(Axis(0)),
            Passes::LastLeftOut => {
                let centre = (factors[last].len() - 1) / 2;
                factors[last].fill(S::zero());
                factors[last][centre] = S::one();
            }
        }
        let views: Vec<_> = factors.iter().map(|factor| factor.view()).collect();
        correlate_separable(&views, signal, extent)
    }
}

/// Taps and image in two and three dimensions: for symbols, and for numbers.
const SIZES: [(usize, &[usize], &[usize]); 2] =
    [(2, &[2, 3, 3, 4], &[3, 4, 7, 10]), (3, &[2, 1, 2, 2, 3, 2], &[2, 3, 2, 4, 3, 5])];

fn examine(examiner: &Examiner, passes: Passes) -> Result<Report, ExamineError> {
    let mut reports = Vec::new();
    for extent in Extent::ALL {
        for (rank, size, large) in SIZES {
            reports.push(examiner.examine(&statement(rank, passes, extent).at(size).at_large(large))?);
        }
    }
    Ok(Report::all(reports))
}

fn statement(rank: usize, passes: Passes, extent: Extent) -> Statement {
    on_grids(rank, &["the kernel", "the signal"], move |shapes| {
        let [taps, signal] = shapes else { return Ok(Vec::new()) };
        let fits = taps.iter().zip(signal).all(|(taps, length)| taps <= length);
        if matches!(extent, Extent::Valid | Extent::Circular) && !fits {
            return Ok(Vec::new());
        }
        Ok(vec![Case::new(OuterProduct { passes, extent, taps: taps.clone(), signal: signal.clone() })])
    })
}

struct OuterProduct {
    passes: Passes,
    extent: Extent,
    taps: Vec<usize>,
    signal: Vec<usize>,
}

impl Identity for OuterProduct {
    fn unknowns(&self) -> Vec<Unknown> {
        let factors = self.taps.iter().zip(["f", "g", "h"]);
        let mut unknowns: Vec<_> = factors.map(|(&taps, name)| Unknown::new(name, [taps])).collect();
        unknowns.push(Unknown::new("y", self.signal.clone()));
        unknowns
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let Some((signal, factors)) = values.split_last() else { return Err("expected the signal".into()) };
        let factors: Vec<ArrayView1<'_, S>> = factors
            .iter()
            .map(|factor| factor.view().into_dimensionality::<Ix1>())
            .collect::<Result<_, _>>()?;
        let kernel = outer_product(&factors);
        Ok((self.passes.run(&factors, signal, self.extent)?, correlate(signal, &kernel, self.extent)?))
    }
}
