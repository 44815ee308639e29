//! Rotation of pixel images by any angle: an action on the multiples of 90° only.
//!
//! Between pixels an image is interpolated, so that R_a R_b x ≠ R_{a+b} x, and corners leave the frame. What
//! is asked is by how much, and which angles compose with all others: these form a subgroup.

use ndarray::{Array3, ArrayD};
use rand::RngExt;

use super::super::Claim;
use super::sampled::{Comparison, Sampled};
use crate::group::{Action, Angle, C4, FiniteGroup, Group, PlaneRotations, Rotation};
use crate::signal::{
    Interpolation, OnGrid, Rotate, composition_defect, share_of_disc_in_frame, share_of_pixels_kept,
};
use crate::verify::{Counterexample, Examiner, Failure, Figure, Finding, Report, Value};

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::fails(
            "action.rotation_by_any_angle",
            "SO(2) acts on bounded pixel images, with nearest, bilinear or bicubic sampling",
            |examiner| {
                let report = any_angle(examiner, Turning::Sampled)?;
                Ok::<_, Failure>(
                    report
                        .with_figure(defect_by_angle())
                        .with_figure(kept_by_angle())
                        .with_figure(kept_of_disc()),
                )
            },
        )
        .theorem("divisible_group_moves_nothing")
        .theorem("no_rotation_of_images")
        .mutant("nothing is rotated", |examiner| any_angle(examiner, Turning::Ignored)),
        Claim::holds(
            "action.rotation_by_any_angle.quarter_turns",
            "the multiples of 90° act on square pixel images, with any sampling: they are the quarter turns \
             of the grid",
            |_| quarter_turns(Turning::Sampled),
        )
        .theorem("rotations_act_on_squares")
        .mutant("the centre lies half a pixel off", |_| quarter_turns(Turning::OffCentre))
        .mutant("the sense of the rotation is the other", |_| quarter_turns(Turning::Clockwise))
        .mutant("nothing is rotated", |_| quarter_turns(Turning::Ignored)),
    ]
}

/// How images are turned, rightly or wrongly.
#[derive(Clone, Copy, Debug)]
enum Turning {
    Sampled,
    Ignored,
    /// About the corner of the middle pixel.
    OffCentre,
    Clockwise,
}

/// A way of turning, with a way of sampling.
struct Turned {
    turning: Turning,
    interpolation: Interpolation,
}

impl Action<PlaneRotations, ArrayD<f64>> for Turned {
    fn act(&self, group: &PlaneRotations, angle: &Angle, x: &ArrayD<f64>) -> ArrayD<f64> {
        let rotate = Rotate { interpolation: self.interpolation };
        match self.turning {
            Turning::Sampled => rotate.act(group, angle, x),
            Turning::Ignored => x.clone(),
            Turning::Clockwise => rotate.act(group, &group.inverse(angle), x),
            Turning::OffCentre => {
                let (channels, height, width) = (x.shape()[0], x.shape()[1], x.shape()[2]);
                let mut framed = Array3::zeros((channels, height + 1, width + 1)).into_dyn();
                let inside = ndarray::s![.., ..height, ..width];
                framed.slice_mut(inside).assign(x);
                rotate.act(group, angle, &framed).slice(inside).to_owned().into_dyn()
            }
        }
    }
}

/// The angles that are tried are the multiples of 22.5°: sums of them are exact.
const ANGLES: usize = 16;

/// Images in as many channels, drawn independently.
const CHANNELS: usize = 8;

/// The side of the images: odd, so that the centre is a pixel and no sample lies half-way between two.
const SIDE: usize = 9;

fn angle(number: usize) -> Angle {
    Angle::from_degrees(number as f64 * 360.0 / ANGLES as f64)
}

fn any_angle(examiner: &Examiner, turning: Turning) -> Result<Report, Failure> {
    let mut random = examiner.random("rotation");
    let shape = vec![examiner.draws(CHANNELS), SIDE, SIDE];
    let x = ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0));
    let reports: Result<Vec<_>, Failure> = Interpolation::ALL
        .into_iter()
        .map(|interpolation| {
            let action = Turned { turning, interpolation };
            let bound = rounding_bound(interpolation, SIDE)?;
            let composed = Sampled::compare_all(ANGLES, |a, b| {
                Comparison::of(&PlaneRotations, &action, &angle(a), &angle(b), &x, bound)
            })?;
            let finding = Finding::Rounding {
                shape: format!(
                    "{interpolation}, {CHANNELS} × {SIDE} × {SIDE}, multiples of {}°",
                    angle(1).degrees()
                ),
                error: composed.error,
                bound,
            };
            Ok(match composed.smallest_step {
                1 => Report::confirmed(finding),
                step => Report::refuted(finding, counterexample(&action)?)
                    .with_largest(format!("multiples of {}°", 360 * step / ANGLES)),
            })
        })
        .collect();
    Ok(Report::none(reports?))
}

/// How far rounding may move an entry of R_a R_b x − R_{a+b} x for entries of x of at most 1; u = 2⁻⁵³.
///
/// *Positions* are sums of two products of an offset below n by a sine, itself within 6u (the angle in
/// radians is within 2u of at most π/2, and the function within 2u): they err by at most 10n·u.
///
/// *Nearest*: where no position is so close to the middle between two pixels (which is checked) no value errs
/// at all. *Bilinear*: moving the position by ε along an axis moves the value by at most 2ε. *Bicubic*: by at
/// most 5ε, as Σ|k′| ≤ 4 for the weights along that axis and Σ|k| ≤ 5/4 for those along the other. The
/// weights are polynomials of at most 8 roundings with terms of at most 5/2: within 20u, four of them against
/// Σ|k| ≤ 5/4, for two axes: 200u; products and the sum of 16 add 18·(5/4)²·u < 30u. So one rotation errs by
/// at most e = (10·10n + 230)·u for both.
///
/// Of two rotations the second enlarges the error of the first, and the values, by at most (5/4)² < 1.6: the
/// sides err by 1.6e + 1.6e + e < 5e.
fn rounding_bound(interpolation: Interpolation, side: usize) -> Result<f64, Failure> {
    let unit = f64::EPSILON / 2.0;
    let position = 10.0 * side as f64 * unit;
    if interpolation != Interpolation::Nearest {
        return Ok(5.0 * (10.0 * position + 230.0 * unit));
    }
    let middle = (side as f64 - 1.0) / 2.0;
    for number in 0..ANGLES {
        let (cosine, sine) = angle(number).cosine_and_sine();
        for (down, right) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
            let (down, right) = (down as f64 - middle, right as f64 - middle);
            for place in [down * cosine - right * sine, down * sine + right * cosine] {
                let from_boundary = ((middle + place).rem_euclid(1.0) - 0.5).abs();
                if from_boundary <= 2.0 * position {
                    return Err("a sample lies half-way between two pixels".into());
                }
            }
        }
    }
    Ok(0.0)
}

/// One pixel, twice by 45° and once by 90°: the smallest image and the first pixel for which these differ.
fn counterexample(action: &Turned) -> Result<Counterexample, Failure> {
    let (eighth, quarter) = (Angle::from_degrees(45.0), Angle::from_degrees(90.0));
    // Odd sides only, for the sake of nearest sampling.
    for side in [1, 3, 5] {
        let bound = rounding_bound(action.interpolation, side)?;
        for pixel in 0..side * side {
            let mut x = ArrayD::zeros(vec![1, side, side]);
            x[[0, pixel / side, pixel % side]] = 1.0;
            let comparison = Comparison::of(&PlaneRotations, action, &eighth, &eighth, &x, bound);
            if comparison.differs() {
                return Ok(Counterexample {
                    shape: format!("height {side}, width {side}, {} sampling", action.interpolation),
                    element: Some(format!("twice by {}°, once by {}°", eighth.degrees(), quarter.degrees())),
                    inputs: vec![("x".to_owned(), Value::Array(x))],
                    left: comparison.twice.into(),
                    right: comparison.once.into(),
                    replay: String::new(),
                });
            }
        }
    }
    Err("45° twice and 90° once agree on all small images".into())
}

/// On every image of one pixel, and so, as rotation is linear, on every image: in exact arithmetic, since
/// positions, weights and values are small integers and their halves.
fn quarter_turns(turning: Turning) -> Result<Report, Failure> {
    let mut cases = 0;
    for interpolation in Interpolation::ALL {
        let action = Turned { turning, interpolation };
        for (side, pixel) in
            [4, 5].into_iter().flat_map(|side| (0..side * side).map(move |pixel| (side, pixel)))
        {
            let mut x = ArrayD::zeros(vec![1, side, side]);
            x[[0, pixel / side, pixel % side]] = 1.0;
            for (a, b) in C4.elements().flat_map(|a| C4.elements().map(move |b| (a, b))) {
                let degrees = |turn: Rotation| Angle::from_degrees(90.0 * f64::from(turn.quarter_turns()));
                let comparison = Comparison::of(&PlaneRotations, &action, &degrees(a), &degrees(b), &x, 0.0);
                let of_grid = OnGrid.act(&C4, &C4.compose(&a, &b), &x);
                cases += 1;
                if comparison.differs() || comparison.once != of_grid {
                    let finding = Finding::Symbolic {
                        shape: format!("{interpolation}, {side} × {side}"),
                        variables: 0,
                        terms: cases,
                    };
                    return Ok(Report::refuted(
                        finding,
                        Counterexample {
                            shape: format!("height {side}, width {side}, {interpolation} sampling"),
                            element: Some(format!("{a} · {b}")),
                            inputs: vec![("x".to_owned(), x.into())],
                            left: comparison.twice.into(),
                            right: of_grid.into(),
                            replay: String::new(),
                        },
                    ));
                }
            }
        }
    }
    Ok(Report::enumerated("quarter turns of all pixels of 4 × 4 and 5 × 5 images, three samplings", cases))
}

/// Two soft blobs off the centre, well inside of the frame.
fn smooth_image(side: usize) -> ArrayD<f64> {
    Array3::from_shape_fn((1, side, side), |(_, row, column)| {
        let blob = |at_row: f64, at_column: f64, width: f64| {
            let (down, right) = (row as f64 / side as f64 - at_row, column as f64 / side as f64 - at_column);
            (-(down * down + right * right) / (2.0 * width * width)).exp()
        };
        blob(0.35, 0.6, 0.1) - 0.5 * blob(0.65, 0.45, 0.06)
    })
    .into_dyn()
}

fn defect_by_angle() -> Figure {
    let x = smooth_image(33);
    let curve = |interpolation| {
        let defect = |degrees: f64| {
            let angle = Angle::from_degrees(degrees);
            composition_defect(&PlaneRotations, &Rotate { interpolation }, &angle, &angle, &x)
        };
        (interpolation.to_string(), degrees().map(|degrees| (degrees, defect(degrees))).collect())
    };
    Figure {
        title: "Defect of composition of rotations, smooth image of 33 × 33 pixels".to_owned(),
        horizontal: "angle θ in degrees".to_owned(),
        vertical: "‖R_θ R_θ x − R_2θ x‖ / ‖x‖".to_owned(),
        series: Interpolation::ALL.map(curve).into(),
    }
}

fn kept_by_angle() -> Figure {
    let curve = |side: usize| {
        let kept = |degrees: f64| 100.0 * share_of_pixels_kept(side, side, Angle::from_degrees(degrees));
        (format!("{side} × {side}"), degrees().map(|degrees| (degrees, kept(degrees))).collect())
    };
    Figure {
        title: "Pixels that stay in the frame".to_owned(),
        horizontal: "angle in degrees".to_owned(),
        vertical: "pixels kept in %".to_owned(),
        series: [9, 33, 129].map(curve).into(),
    }
}

fn kept_of_disc() -> Figure {
    let curve = |(height, width): (usize, usize)| {
        let radius = |step: u32| f64::from(step) / 20.0;
        let kept = |radius: f64| 100.0 * share_of_disc_in_frame(height, width, radius * height as f64 / 2.0);
        (format!("{height} × {width}"), (1..=40).map(radius).map(|radius| (radius, kept(radius))).collect())
    };
    Figure {
        title: "Part of a disc about the centre that lies in the frame".to_owned(),
        horizontal: "radius in half heights of the frame".to_owned(),
        vertical: "area kept in %".to_owned(),
        series: [(32, 32), (32, 48)].map(curve).into(),
    }
}

/// From 0° to 90°, in steps of 2.5°.
fn degrees() -> impl Iterator<Item = f64> {
    (0..=36).map(|step| 2.5 * f64::from(step))
}
