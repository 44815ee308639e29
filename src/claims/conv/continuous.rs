//! Convolution on ℝⁿ: its theorem with the unitary transform, and the sums over grids that converge to it.
//!
//! F(x*y) = (2π)^(n/2) F(x)·F(y) for (F x)(ω) = (2π)^(−n/2) ∫ x(t) e^(−i⟨ω,t⟩) dt. The sums are held to
//! bounds that are derived in [`quadrature`](super::quadrature): Gaussians converge faster than any power of
//! the spacing, boxes like it.
//!
//! Source: L. Trefethen, J. Weideman, *The exponentially convergent trapezoidal rule*, 2014.

use super::quadrature::{
    CELLS, NARROW, REACH, WIDE, greatest_error_of_boxes, greatest_error_of_gaussians, rounding_of_gaussians,
    rounding_of_transform, rounding_of_values, sampled, transform_error,
};
use crate::claims::Claim;
use crate::conv::continuous::{Cuboid, convolution_factor};
use crate::verify::{Counterexample, ExamineError, Examiner, Failure, Figure, Finding, Reading, Report};

pub(super) fn claims() -> Vec<Claim> {
    use Law::{WithFactor, WithoutFactor};
    use Transform::{Plain, Unitary};
    let all = |law, transform| move |examiner: &Examiner| theorem(examiner, law, transform).map(Report::all);
    let none =
        |law, transform| move |examiner: &Examiner| theorem(examiner, law, transform).map(Report::none);
    let limit = |sum| move |examiner: &Examiner| limit(examiner, sum);
    vec![
        Claim::holds(
            "conv.theorem_continuous",
            "F(x * y) = (2π)^(n/2) F(x) · F(y) on ℝⁿ, for the unitary F",
            all(WithFactor, Unitary),
        )
        .mutant("the factor is left out", all(WithoutFactor, Unitary))
        .mutant("the transform is the integral without its factor", all(WithFactor, Plain)),
        Claim::fails(
            "conv.theorem_continuous.without_factor",
            "F(x * y) = F(x) · F(y) on ℝⁿ, for the unitary F",
            none(WithoutFactor, Unitary),
        )
        .mutant("the transform is the integral without its factor", none(WithoutFactor, Plain)),
        Claim::holds(
            "conv.continuous_limit",
            "the sum over a grid times the cell volume converges to x * y: for Gaussians faster than any \
             power of the spacing, for boxes like the spacing",
            limit(Sum::Correct),
        )
        .mutant("the cell volume is left out", limit(Sum::WithoutVolume))
        .mutant("one function is sampled half a cell aside", limit(Sum::HalfCellAside)),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Law {
    WithFactor,
    WithoutFactor,
}

/// The transform that stands for F.
#[derive(Clone, Copy, Debug)]
enum Transform {
    Unitary,
    /// `∫ x(t) e^(−i⟨ω,t⟩) dt`, which is (2π)^(n/2) times the unitary one.
    Plain,
}

fn wants_rounding(examiner: &Examiner) -> Result<(), Failure> {
    if examiner.uses(Reading::Rounding) {
        return Ok(());
    }
    Err(ExamineError::NothingChecked("integrals are compared in floating point only".into()).into())
}

/// One report for the line, one for the plane.
fn theorem(examiner: &Examiner, law: Law, transform: Transform) -> Result<[Report; 2], Failure> {
    wants_rounding(examiner)?;
    Ok([
        theorem_in(law, transform, [[0.0], [0.5], [1.0]])?,
        theorem_in(law, transform, [[0.0, 0.0], [0.5, -0.25], [1.0, 0.75]])?,
    ])
}

fn theorem_in<const N: usize>(
    law: Law,
    transform: Transform,
    frequencies: [[f64; N]; 3],
) -> Result<Report, Failure> {
    let scale = match transform {
        Transform::Unitary => 1.0,
        Transform::Plain => convolution_factor::<N>(),
    };
    let factor = match law {
        Law::WithFactor => convolution_factor::<N>(),
        Law::WithoutFactor => 1.0,
    };
    let mut measured = Measured::default();
    let mut curves = frequencies.map(|frequency| (format!("ω = {frequency:?}"), Vec::new()));
    for cells in CELLS {
        let spacing = REACH / cells as f64;
        let (x, y) = (sampled(|t| NARROW.at(t), REACH, cells)?, sampled(|t| WIDE.at(t), REACH, cells)?);
        let z = x.convolve(&y)?;
        let rounding = rounding_of_transform(&x, &y, &z)?;
        for (frequency, (_, curve)) in frequencies.into_iter().zip(&mut curves) {
            let left = z.fourier(frequency) * scale;
            let [fx, fy] = [NARROW, WIDE].map(|gaussian| gaussian.fourier::<N>().at(frequency) * scale);
            let right = factor * fx * fy;
            let error = (left - right).norm();
            curve.push((spacing, error));
            let bound = scale * (transform_error(frequency, spacing) + rounding);
            measured.add(error, bound, || {
                let inputs = [
                    ("x".to_owned(), format!("{NARROW:?}")),
                    ("y".to_owned(), format!("{WIDE:?}")),
                    ("ω".to_owned(), format!("{frequency:?}")),
                ];
                let left = format!("{left:.6} ± {bound:.1e}, by sums of spacing {spacing}");
                Counterexample::from_text(inputs, left, format!("{right:.6}"))
            });
        }
    }
    let figure = Figure {
        title: format!("F(x*y) by sums and the product of the transforms, n = {N}"),
        horizontal: "spacing of the grid, in units of length".into(),
        vertical: "difference".into(),
        series: curves.into(),
    };
    Ok(measured.report(format!("Gaussians, n = {N}, {} spacings", CELLS.len())).with_figure(figure))
}

/// Errors beside their bounds: the one that uses most of its bound is kept, and the last that exceeds it.
#[derive(Default)]
struct Measured {
    error: f64,
    bound: f64,
    counterexample: Option<Counterexample>,
}

impl Measured {
    fn add(&mut self, error: f64, bound: f64, counterexample: impl FnOnce() -> Counterexample) {
        if error * self.bound >= self.error * bound {
            (self.error, self.bound) = (error, bound);
        }
        // Not a number is no confirmation.
        let within = error <= bound;
        if !within {
            self.counterexample = Some(counterexample());
        }
    }

    fn report(self, shape: String) -> Report {
        let finding = Finding::Rounding { shape, error: self.error, bound: self.bound };
        match self.counterexample {
            Some(counterexample) => Report::refuted(finding, counterexample),
            None => Report::confirmed(finding),
        }
    }
}

/// The quadrature under test, and plausible mistakes.
#[derive(Clone, Copy, Debug)]
enum Sum {
    Correct,
    /// Wrong: the values are summed and not multiplied by the volume of a cell.
    WithoutVolume,
    /// Wrong: the kernel is sampled at t + h/2 and taken for its samples at t.
    HalfCellAside,
}

impl Sum {
    /// The kernel as this quadrature samples it.
    fn kernel<const N: usize>(self, x: impl Fn([f64; N]) -> f64, spacing: f64) -> impl Fn([f64; N]) -> f64 {
        move |t| match self {
            Sum::Correct => x(t),
            Sum::WithoutVolume => x(t) / spacing.powi(N as i32),
            Sum::HalfCellAside => x(t.map(|coordinate| coordinate + spacing / 2.0)),
        }
    }
}

fn limit(examiner: &Examiner, sum: Sum) -> Result<Report, Failure> {
    wants_rounding(examiner)?;
    let mut reports = Vec::new();
    let mut series = Vec::new();
    for (name, (report, curve)) in [
        ("Gaussians, n = 1", gaussians::<1>(sum)?),
        ("Gaussians, n = 2", gaussians::<2>(sum)?),
        ("boxes, n = 1", boxes::<1>(sum)?),
        ("boxes, n = 2", boxes::<2>(sum)?),
    ] {
        reports.push(report.report(format!("{name}: greatest error against the expected one")));
        series.push((name.to_owned(), curve));
    }
    let figure = Figure {
        title: "Convolution by sums over a grid".into(),
        horizontal: "spacing of the grid, in units of length".into(),
        vertical: "greatest error".into(),
        series,
    };
    Ok(Report::all(reports).with_figure(figure))
}

type Curve = Vec<(f64, f64)>;

fn gaussians<const N: usize>(sum: Sum) -> Result<(Measured, Curve), Failure> {
    let (mut measured, mut curve) = (Measured::default(), Curve::new());
    let exact = NARROW.convolve::<N>(&WIDE);
    for cells in CELLS {
        let spacing = REACH / cells as f64;
        let x = sampled(sum.kernel(|t: [f64; N]| NARROW.at(t), spacing), REACH, cells)?;
        let y = sampled(|t| WIDE.at(t), REACH, cells)?;
        let error = x.convolve(&y)?.greatest_error(|t| exact.at(t));
        let (expected, beyond) = greatest_error_of_gaussians::<N>(spacing);
        let rounding = rounding_of_values(&x, &y)? + rounding_of_gaussians(exact.amplitude.abs() + expected);
        curve.push((spacing, error));
        compare(&mut measured, spacing, error, expected, beyond + rounding);
    }
    Ok((measured, curve))
}

fn boxes<const N: usize>(sum: Sum) -> Result<(Measured, Curve), Failure> {
    let (mut measured, mut curve) = (Measured::default(), Curve::new());
    let (small, large) = (Cuboid { half_width: 0.5 }, Cuboid { half_width: 1.0 });
    for cells in [4, 8, 16, 32] {
        let spacing = 2.0 / f64::from(cells);
        let x = sampled(sum.kernel(|t: [f64; N]| small.at(t), spacing), 2.0, cells as usize)?;
        let y = sampled(|t| large.at(t), 2.0, cells as usize)?;
        let error = x.convolve(&y)?.greatest_error(|t| small.convolution_at(&large, t));
        curve.push((spacing, error));
        // Samples, points and closed forms are dyadic numbers of few bits: only the convolution rounds.
        let rounding = rounding_of_values(&x, &y)?;
        compare(&mut measured, spacing, error, greatest_error_of_boxes::<N>(spacing), rounding);
    }
    Ok((measured, curve))
}

fn compare(measured: &mut Measured, spacing: f64, error: f64, expected: f64, tolerance: f64) {
    measured.add((error - expected).abs(), tolerance, || {
        let inputs = [("spacing".to_owned(), spacing.to_string())];
        let expected = format!("expected {expected:e} ± {tolerance:e}");
        Counterexample::from_text(inputs, format!("greatest error {error:e}"), expected)
    });
}
