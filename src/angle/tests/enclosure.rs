//! No sampled image leaves its enclosure, and the enclosure is tight.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::{Interval, Transformation};
use super::{place, random};
use crate::group::Angle;
use crate::scalar::Affine;
use crate::signal::{Interpolation, Rotate};

const SHIFT: Transformation = Transformation::Translation { down: 0.75, right: -1.25 };

fn image(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || random.random_range(-1.0..1.0))
}

/// The transformed image in floats, by the other definitions of this crate.
fn sampled(transformation: Transformation, x: ArrayViewD<'_, f64>, p: f64) -> ArrayD<f64> {
    match transformation {
        Transformation::Rotation => {
            let rotate = Rotate { interpolation: Interpolation::Bilinear };
            rotate.by_angle(Angle::from_degrees(p), x).unwrap()
        }
        Transformation::Translation { down, right } => {
            let mut y = ArrayD::zeros(x.raw_dim());
            for (from, mut to) in x.axis_iter(Axis(0)).zip(y.axis_iter_mut(Axis(0))) {
                let from = from.into_dimensionality().unwrap();
                for (at, entry) in to.indexed_iter_mut() {
                    let (row, column) = (at[0] as f64 - down * p, at[1] as f64 - right * p);
                    *entry = Interpolation::Bilinear.sample(from, row, column);
                }
            }
            y
        }
        Transformation::Brightness => x.mapv(|pixel| pixel + p),
        Transformation::Contrast => x.mapv(|pixel| pixel * p),
    }
}

/// What the floats above may be off: coordinates below 16 by less than sixteen roundings of 2⁻⁵²·16 each,
/// angles below 512° included, with slopes of at most 2 in each of two directions; the sample itself by
/// less.
const OFF: f64 = 2.0 * 2.0 * 16.0 * 16.0 * f64::EPSILON * 2.0;

fn deviation(line: &Affine, t: f64, value: f64) -> f64 {
    (value - (line.centre() + line.slope() * t)).abs()
}

#[test]
fn no_parameter_leaves_the_enclosure() {
    let mut random = random(0x0a11);
    let families = [Transformation::Rotation, SHIFT, Transformation::Brightness, Transformation::Contrast];
    for transformation in families {
        for shape in [[2, 7, 7], [1, 6, 9], [1, 1, 4], [1, 8, 8]] {
            for width in [0.0, 0.05, 0.5, 5.0, 90.0, 400.0] {
                let x = image(&shape, &mut random);
                let low = random.random_range(-100.0..100.0);
                let interval = Interval::new(low, low + width).unwrap();
                let enclosed = transformation.enclose(x.view(), interval).unwrap();
                // The ends too, and what lies at the least distance from them.
                let places = [-1.0, 1.0, -1.0 + 1e-9].into_iter().chain((0..40).map(|_| place(&mut random)));
                for t in places.collect::<Vec<_>>() {
                    let p = interval.centre() + interval.half() * t;
                    let y = sampled(transformation, x.view(), p);
                    for ((at, line), &value) in enclosed.indexed_iter().zip(&y) {
                        let beyond = deviation(line, t, value) - line.radius();
                        assert!(
                            beyond <= OFF,
                            "{transformation:?} of {shape:?} by {p} at {at:?}: {beyond:e} outside of {line:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Against the least radius that a line of the same slope can have for the values at many parameters.
///
/// A line with a remainder loses what is of second order: with m the greatest half of the way of a pixel,
/// second differences of at most 4, and the curvature of the way, at most 8·m² in a pixel; and over the
/// image, at most five per cent of what its pixels go through.
#[test]
fn small_intervals_are_tight() {
    let mut random = random(0x7161);
    let x = image(&[1, 28, 28], &mut random);
    let mut kinks = 0;
    for (transformation, width, half_way) in [(Transformation::Rotation, 0.05, 0.0086), (SHIFT, 0.01, 0.0073)]
    {
        // A shift by 1.6·(…, −1.25) takes columns to columns, so that all pixels have a breakpoint there.
        for low in [1.6 - 0.4 * width, random.random_range(0.0..8.0)] {
            let interval = Interval::new(low, low + width).unwrap();
            let enclosed = transformation.enclose(x.view(), interval).unwrap();
            let places: Vec<f64> = (-32..=32).map(|step| f64::from(step) / 32.0).collect();
            let at = |&t: &f64| sampled(transformation, x.view(), interval.centre() + interval.half() * t);
            let images: Vec<ArrayD<f64>> = places.iter().map(at).collect();
            let (mut all_loose, mut all_ranges) = (0.0, 0.0);
            for (at, line) in enclosed.indexed_iter() {
                let spread = |value: &dyn Fn(usize) -> f64| {
                    let values = || (0..places.len()).map(value);
                    values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
                };
                let range = spread(&|step| images[step][&at]);
                let needed = spread(&|step| images[step][&at] - line.slope() * places[step]);
                kinks += usize::from(needed > range / 4.0 && range > 1e-3);
                let loose = 2.0 * line.radius() - needed;
                assert!(
                    loose <= 0.05 * range + 8.0 * half_way * half_way,
                    "{transformation:?} {interval:?} at {at:?}: {line:?} is {loose:e} too wide, of {range:e}"
                );
                (all_loose, all_ranges) = (all_loose + loose, all_ranges + range);
            }
            let share = all_loose / all_ranges;
            println!("{transformation:?} {interval:?}: {share} of the ranges is lost");
            assert!(share <= 0.05, "{transformation:?} {interval:?}: {share}");
        }
    }
    assert!(kinks > 100, "only {kinks} pixels had a breakpoint");
}

#[test]
fn a_missed_breakpoint_is_not_missed_by_the_enclosure() {
    // A pixel that leaves its cell in the middle of the piece: |t| as the sample of (1, 0, 1) around the
    // centre.
    let x = ndarray::arr3(&[[[1.0, 0.0, 1.0]]]).into_dyn();
    let shift = Transformation::Translation { down: 0.0, right: 1.0 };
    let line = shift.enclose(x.view(), Interval::new(-0.5, 0.5).unwrap()).unwrap()[[0, 0, 1]];
    assert!(line.slope().abs() <= 1e-12 && line.low() <= 0.0 && line.high() >= 0.5);
    assert!(line.radius() <= 0.25 + 1e-12, "{line:?}");
    let reached = super::super::enclosure::sample_across(x.view(), 1.0, 0.5);
    // The cell's polynomial is τ/2; at τ = −1 the image is 1/2, and so 1 above it.
    assert!(deviation(&reached, -1.0, 0.5) <= reached.radius() && reached.radius() >= 1.0, "{reached:?}");
}

#[test]
fn quarter_turns_are_those_of_the_grid() {
    let mut random = random(0x9000);
    let x = image(&[1, 9, 9], &mut random);
    for _ in 0..20 {
        let low = random.random_range(0.0..90.0);
        let [here, turned] = [low, low + 90.0].map(|low| {
            Transformation::Rotation.enclose(x.view(), Interval::new(low, low + 0.1).unwrap()).unwrap()
        });
        for row in 0..9 {
            for column in 0..9 {
                // Counter-clockwise: what is at (r, c) afterwards was at (c, 8 − r).
                let (after, before) = (turned[[0, row, column]], here[[0, column, 8 - row]]);
                let distance = (after.centre() - before.centre()).abs();
                assert!(distance <= after.radius() + before.radius() + 1e-12, "{after:?} {before:?}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let point = Interval::point(0.0).unwrap();
    let told = |x: ArrayD<f64>| Transformation::Rotation.enclose(x.view(), point).unwrap_err().to_string();
    assert!(told(ArrayD::zeros(vec![3])).contains("found [3]"));
    assert!(told(ArrayD::from_elem(vec![2, 2], f64::NAN)).contains("found NaN at [0, 0]"));
    assert!(Interval::new(1.0, 0.0).is_err() && Interval::new(f64::NAN, 0.0).is_err());
    assert!(Interval::new(f64::MIN, f64::MAX).is_err());
}
