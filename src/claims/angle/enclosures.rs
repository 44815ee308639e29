//! Pixels of a moved image over an interval of the parameter, beside the definition of bilinear sampling.

use ndarray::{Array2, ArrayD};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::refuted;
use crate::angle::{Interval, Transformation};
use crate::claims::Claim;
use crate::scalar::Affine;
use crate::verify::{Examiner, Failure, Report};

/// What the definition in floats may be off by: some forty roundings of numbers below 10, in coordinates that
/// meet slopes below 4.
const ROUNDING: f64 = 40.0 * 10.0 * 4.0 * f64::EPSILON;
/// Intervals for each kind of transformation, and parameters that are tried in each.
const INTERVALS: usize = 12;
const PARAMETERS: usize = 65;

pub(super) fn claims() -> Vec<Claim> {
    vec![
        Claim::holds(
            "angle.enclosed",
            "every pixel of an image under every rotation, shift, brightness and contrast of an interval lies \
             within the radius of its line",
            |examiner| enclosed(examiner, |line, _| line),
        )
        .mutant("a radius that is half too small", |examiner| {
            enclosed(examiner, |line, _| Affine::new(line.centre(), line.slope(), line.radius() / 2.0))
        })
        .mutant("a slope of the wrong sign", |examiner| {
            enclosed(examiner, |line, _| Affine::new(line.centre(), -line.slope(), line.radius()))
        })
        .mutant("a line through the ends, as if no coordinate crossed the grid between", |examiner| {
            enclosed(examiner, |_, [low, high]| {
                // Exact but for what rounds.
                Affine::new((low + high) / 2.0, (high - low) / 2.0, ROUNDING)
            })
        }),
        Claim::holds(
            "angle.quarter",
            "a rotation by θ + 90° of a square image is the quarter turn of the rotation by θ",
            |examiner| quarter(examiner, 90.0, |[i, j], n| [j, n - 1 - i]),
        )
        .theorem("rotation_by_a_quarter_more")
        .theorem("a_quarter_is_the_circle")
        .mutant("the quarter turn goes the other way", |examiner| {
            quarter(examiner, 90.0, |[i, j], n| [n - 1 - j, i])
        })
        .mutant("a degree more than a quarter", |examiner| quarter(examiner, 91.0, |[i, j], n| [j, n - 1 - i])),
    ]
}

/// An image with entries from −1 to 1.
fn image(random: &mut impl Rng, shape: [usize; 2]) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(shape.to_vec(), || random.random_range(-1.0..1.0))
}

/// The bilinear sample at a place, zero outside: the definition.
fn sample(image: &Array2<f64>, row: f64, column: f64) -> f64 {
    let hat = |distance: f64| (1.0 - distance.abs()).max(0.0);
    image.indexed_iter().map(|((i, j), pixel)| pixel * hat(row - i as f64) * hat(column - j as f64)).sum()
}

/// The moved image at one parameter, in floats.
fn moved(transformation: Transformation, image: &ArrayD<f64>, parameter: f64) -> ArrayD<f64> {
    let plane = image.clone().into_shape_with_order((image.shape()[0], image.shape()[1]));
    let plane = plane.unwrap_or_else(|_| Array2::zeros((0, 0)));
    let centre = [0, 1].map(|axis| (image.shape()[axis] as f64 - 1.0) / 2.0);
    let (sine, cosine) = parameter.to_radians().sin_cos();
    ArrayD::from_shape_fn(image.raw_dim(), |index| {
        let (i, j) = (index[0] as f64, index[1] as f64);
        let (down, right) = (i - centre[0], j - centre[1]);
        match transformation {
            Transformation::Rotation => sample(
                &plane,
                centre[0] + down * cosine + right * sine,
                centre[1] - down * sine + right * cosine,
            ),
            Transformation::Translation { down, right } => {
                sample(&plane, i - down * parameter, j - right * parameter)
            }
            Transformation::Brightness => image[&index] + parameter,
            Transformation::Contrast => image[&index] * parameter,
        }
    })
}

/// Random images and intervals; `change` makes of a line, and of the values at its ends, another line.
fn enclosed(examiner: &Examiner, change: fn(Affine, [f64; 2]) -> Affine) -> Result<Report, Failure> {
    let mut random = ChaCha8Rng::seed_from_u64(examiner.seed());
    let kinds = [
        (Transformation::Rotation, [-180.0, 180.0], 6.0),
        (Transformation::Translation { down: 1.0, right: -0.5 }, [-2.0, 2.0], 0.8),
        (Transformation::Brightness, [-1.0, 1.0], 1.0),
        (Transformation::Contrast, [-2.0, 2.0], 1.0),
    ];
    let mut cases = 0;
    for (transformation, [from, to], widest) in kinds {
        for _ in 0..INTERVALS {
            let image = image(&mut random, [5, 6]);
            let low: f64 = random.random_range(from..to);
            let interval = Interval::new(low, low + widest * random.random_range(0.05..1.0))?;
            let lines = transformation.enclose(image.view(), interval)?;
            let ends = [interval.low(), interval.high()].map(|end| moved(transformation, &image, end));
            for step in 0..PARAMETERS {
                let share = step as f64 / (PARAMETERS - 1) as f64;
                let parameter = interval.low() + interval.width() * share;
                let t = (parameter - interval.centre()) / interval.half();
                let values = moved(transformation, &image, parameter);
                for (index, value) in values.indexed_iter() {
                    let line = change(lines[&index], [ends[0][&index], ends[1][&index]]);
                    let middle = line.centre() + line.slope() * t;
                    cases += 1;
                    if (value - middle).abs() > line.radius() + ROUNDING {
                        let at = format!("pixel {index:?}, {transformation:?} by {parameter}");
                        let expected = format!("within {} of {middle}", line.radius());
                        return Ok(refuted(cases, at, value.to_string(), expected));
                    }
                }
            }
        }
    }
    Ok(Report::enumerated("pixels of images under transformations of random intervals", cases))
}

/// A rotation by `more` degrees further beside the first, whose pixels change places.
fn quarter(
    examiner: &Examiner,
    more: f64,
    place: fn([usize; 2], usize) -> [usize; 2],
) -> Result<Report, Failure> {
    let mut random = ChaCha8Rng::seed_from_u64(examiner.seed());
    let mut cases = 0;
    for n in [2, 5, 6] {
        for _ in 0..INTERVALS {
            let image = image(&mut random, [n, n]);
            let angle: f64 = random.random_range(-180.0..180.0);
            let at = |angle: f64| Transformation::Rotation.enclose(image.view(), Interval::point(angle)?);
            let (first, further) = (at(angle)?, at(angle + more)?);
            for (index, pixel) in further.indexed_iter() {
                let other = first[place([index[0], index[1]], n).as_slice()];
                cases += 1;
                // The sum of two angles is rounded, and a degree moves no sample by more than 4·6·2π/360.
                let slack = pixel.radius() + other.radius() + 180.0 * f64::EPSILON;
                if (pixel.centre() - other.centre()).abs() > slack {
                    let at = format!("pixel {index:?} of {n} × {n}, {angle}° and {more}° more");
                    return Ok(refuted(cases, at, pixel.centre().to_string(), other.centre().to_string()));
                }
            }
        }
    }
    Ok(Report::enumerated("pixels of square images under two rotations", cases))
}
