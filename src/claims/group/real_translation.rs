//! Translation of periodic signals by any real distance.
//!
//! With linear interpolation T_½ T_½ is the filter (¼, ½, ¼), not T_1: whole steps only act. With Fourier
//! interpolation ℝ acts on signals of odd length, and on those of even length n without a component of
//! frequency n/2: for that one T_a T_b − T_{a+b} = sin πa · sin πb.

use std::f64::consts::PI;

use ndarray::{ArrayD, Axis};
use rand::RngExt;

use super::super::Claim;
use super::sampled::{Comparison, Sampled};
use crate::group::{Action, RealTranslation, RealTranslations};
use crate::signal::{TranslateReal, composition_defect, without_nyquist};
use crate::verify::{Counterexample, Examiner, Failure, Figure, Finding, Report};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "action.translation_real",
            "ℝ acts on periodic signals by translation with linear interpolation",
            |examiner| Ok::<_, Failure>(linear(Moving::Linear)?.with_figure(defect_by_distance(examiner))),
        )
        .theorem("linear_interpolation_is_no_action")
        .mutant("with Fourier interpolation", |_| linear(Moving::Fourier)),
        Claim::holds(
            "action.translation_real.fourier",
            "ℝ acts by translation with Fourier interpolation on signals of odd length, and on signals of \
             even length without a Nyquist component",
            |examiner| fourier(examiner, Moving::Fourier, Signals::WithoutNyquist),
        )
        .theorem("multipliers_act")
        .mutant("frequencies are counted from 0 to n − 1", |examiner| {
            fourier(examiner, Moving::OneSided, Signals::WithoutNyquist)
        })
        .mutant("signals of even length keep their Nyquist component", |examiner| {
            fourier(examiner, Moving::Fourier, Signals::All)
        })
        .mutant("with linear interpolation", |examiner| {
            fourier(examiner, Moving::Linear, Signals::WithoutNyquist)
        }),
        Claim::fails(
            "action.translation_real.nyquist",
            "ℝ acts by translation with Fourier interpolation on all signals of even length",
            |_| wave(2),
        )
        .theorem("no_half_step_of_even_length")
        .mutant("the wave that is tried has half the Nyquist frequency", |_| wave(1)),
    ]
}

/// How signals are moved, rightly or wrongly.
#[derive(Clone, Copy, Debug)]
enum Moving {
    Linear,
    Fourier,
    /// With the frequencies 0 … n − 1 in place of those around zero; the real part is kept.
    OneSided,
}

impl Action<RealTranslations, ArrayD<f64>> for Moving {
    fn act(&self, group: &RealTranslations, distance: &RealTranslation, x: &ArrayD<f64>) -> ArrayD<f64> {
        match self {
            Moving::Linear => TranslateReal::Linear.act(group, distance, x),
            Moving::Fourier => TranslateReal::Fourier.act(group, distance, x),
            Moving::OneSided => one_sided(distance.0, x),
        }
    }
}

/// Σ_j x(j) · (1/n) Σ_{k<n} cos(2πk(m − j − t)/n), along the last axis.
fn one_sided(distance: f64, x: &ArrayD<f64>) -> ArrayD<f64> {
    let axis = Axis(x.ndim() - 1);
    let n = x.len_of(axis);
    let kernel =
        |place: f64| (0..n).map(|k| (2.0 * PI * k as f64 * place / n as f64).cos()).sum::<f64>() / n as f64;
    let mut moved = x.clone();
    for (from, mut to) in x.lanes(axis).into_iter().zip(moved.lanes_mut(axis)) {
        for (m, value) in to.iter_mut().enumerate() {
            *value =
                from.indexed_iter().map(|(j, entry)| entry * kernel(m as f64 - j as f64 - distance)).sum();
        }
    }
    moved
}

/// How much rounding may move an entry of T_a T_b x − T_{a+b} x with Fourier interpolation: three
/// translations, each by so much of the norm of x, and what rounding leaves of a Nyquist component that was
/// removed, n + 2 roundings of the norm, which is itself within n roundings.
fn rounding_bound(x: &ArrayD<f64>) -> f64 {
    let n = x.len_of(Axis(x.ndim() - 1));
    let norm = x.iter().map(|value| value * value).sum::<f64>().sqrt();
    let roundings = n as f64 + 2.0;
    (3.0 * TranslateReal::fourier_error_bound(n) + roundings * f64::EPSILON)
        * norm
        * (1.0 + roundings * f64::EPSILON)
}

/// The length of the signals on which linear interpolation is tried, and the parts of a step: all distances
/// in between, and the values of a unit impulse at them, are exact numbers of few bits.
const LENGTH: usize = 5;
const PARTS: usize = 4;

fn impulse() -> ArrayD<f64> {
    let mut impulse = ArrayD::zeros(vec![LENGTH]);
    impulse[[0]] = 1.0;
    impulse
}

fn linear(moving: Moving) -> Result<Report, Failure> {
    let x = impulse();
    let bound = match moving {
        // Products of quarters: exact.
        Moving::Linear => 0.0,
        _ => rounding_bound(&x),
    };
    composing(moving, x, bound, "impulse")
}

/// All pairs of distances that are multiples of a part of a step.
fn composing(moving: Moving, x: ArrayD<f64>, bound: f64, name: &str) -> Result<Report, Failure> {
    let distance = |number: usize| RealTranslation(number as f64 / PARTS as f64);
    let compare = |a: usize, b: usize| {
        Comparison::of(&RealTranslations, &moving, &distance(a), &distance(b), &x, bound)
    };
    let composed = Sampled::compare_all(x.len() * PARTS, compare)?;
    let finding = Finding::Rounding {
        shape: format!("{name} of length {}, multiples of {} steps", x.len(), distance(1).0),
        error: composed.error,
        bound,
    };
    if composed.smallest_step == 1 {
        return Ok(Report::confirmed(finding));
    }
    let comparison = compare(PARTS / 2, PARTS / 2);
    if !comparison.differs() {
        return Err("half a step twice and one step agree".into());
    }
    let largest = format!("translations by multiples of {} grid step", distance(composed.smallest_step).0);
    Ok(Report::refuted(finding, counterexample("T(0.5) · T(0.5) = T(1)", x, comparison))
        .with_largest(largest))
}

fn counterexample(element: &str, x: ArrayD<f64>, comparison: Comparison) -> Counterexample {
    Counterexample {
        shape: format!("length {}", x.len()),
        element: Some(element.to_owned()),
        inputs: vec![("x".to_owned(), x.into())],
        left: comparison.twice.into(),
        right: comparison.once.into(),
        replay: String::new(),
    }
}

#[derive(Clone, Copy, Debug)]
enum Signals {
    All,
    WithoutNyquist,
}

const LENGTHS: [usize; 11] = [1, 2, 3, 4, 5, 8, 12, 17, 31, 64, 97];

/// Pairs of distances with exact sums.
const DISTANCES: [(f64, f64); 5] =
    [(0.5, 0.5), (0.25, -0.25), (1.375, 2.5), (-3.125, 10.75), (0.40625, 0.71875)];

/// Signals in as many channels, drawn independently.
const CHANNELS: usize = 8;

fn random_signals(examiner: &Examiner, length: usize) -> ArrayD<f64> {
    let mut random = examiner.random("real translation");
    let shape = vec![examiner.draws(CHANNELS), length];
    ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0))
}

fn fourier(examiner: &Examiner, moving: Moving, signals: Signals) -> Result<Report, Failure> {
    let mut reports = Vec::new();
    for parity in ["odd", "even"] {
        let (mut error, mut allowed, mut violation) = (0.0_f64, 0.0_f64, None);
        for length in LENGTHS.into_iter().filter(|n| n.is_multiple_of(2) == (parity == "even")) {
            let x = random_signals(examiner, length);
            let x = match signals {
                Signals::All => x,
                Signals::WithoutNyquist => without_nyquist(x.view())?,
            };
            let bound = rounding_bound(&x);
            let composed = DISTANCES.map(|(a, b)| {
                let [a, b] = [a, b].map(RealTranslation);
                (format!("{a} · {b}"), Comparison::of(&RealTranslations, &moving, &a, &b, &x, bound))
            });
            let identity = Comparison::of_identity(&RealTranslations, &moving, &x, bound);
            for (element, comparison) in composed.into_iter().chain([("Id".to_owned(), identity)]) {
                // The pair that comes closest to its bound, or exceeds it most.
                if allowed == 0.0 || comparison.error() * allowed > error * bound {
                    (error, allowed) = (comparison.error(), bound);
                }
                if comparison.differs() && violation.is_none() {
                    violation = Some(counterexample(&element, x.clone(), comparison));
                }
            }
        }
        let finding = Finding::Rounding { shape: format!("{parity} lengths to 97"), error, bound: allowed };
        reports.push(match violation {
            None => Report::confirmed(finding),
            Some(violation) => Report::refuted(finding, violation),
        });
    }
    Ok(Report::all(reports))
}

/// The cosine with so many quarter turns a sample: with two of them the Nyquist wave, for which T_½ T_½ x is
/// 0 and T_1 x is −x.
fn wave(quarter_turns: usize) -> Result<Report, Failure> {
    let reports = [4, 8, 16].map(|length| {
        let cosines = (0..length).map(|m| [1.0, 0.0, -1.0, 0.0][m * quarter_turns % 4]);
        let x = ArrayD::from_shape_vec(vec![length], cosines.collect())?;
        let bound = rounding_bound(&x);
        composing(
            Moving::Fourier,
            x,
            bound,
            &format!("cosine of {} turns a sample", quarter_turns as f64 / 4.0),
        )
    });
    let reports: Result<Vec<_>, Failure> = reports.into_iter().collect();
    Ok(Report::none(reports?))
}

fn defect_by_distance(examiner: &Examiner) -> Figure {
    let curve = |(name, translate, length): (&str, TranslateReal, usize)| {
        let x = random_signals(examiner, length);
        let defect = |distance: f64| {
            let distance = RealTranslation(distance);
            composition_defect(&RealTranslations, &translate, &distance, &distance, &x)
        };
        let distances = (0..=64).map(|step| f64::from(step) / 32.0);
        (format!("{name}, n = {length}"), distances.map(|t| (t, defect(t))).collect())
    };
    Figure {
        title: "Defect of composition of real translations, random signals".to_owned(),
        horizontal: "distance t in grid steps".to_owned(),
        vertical: "‖T_t T_t x − T_2t x‖ / ‖x‖".to_owned(),
        series: [
            ("linear", TranslateReal::Linear, 33),
            ("Fourier, odd length", TranslateReal::Fourier, 33),
            ("Fourier, even length", TranslateReal::Fourier, 32),
        ]
        .map(curve)
        .into(),
    }
}
