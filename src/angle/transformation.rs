//! Families of transformations with one parameter: where each pixel comes from, and where that crosses a
//! grid line.
//!
//! A transformed image reads the given one at a place (row, column) that moves with the parameter p:
//!
//! ```text
//! rotation by p degrees:    row = r₀ + d·cos p + e·sin p,  column = c₀ − d·sin p + e·cos p
//! translation by p·(a, b):  row = i − a·p,                 column = j − b·p
//! ```
//!
//! with (d, e) the pixel (i, j) seen from the centre (r₀, c₀) of the frame. So (R_θ x)(v) = x(R_{−θ} v),
//! counter-clockwise as the picture is displayed, as [`Rotate`](crate::signal::Rotate) has it. Over a line
//! p = c + s·t ± r, with cos(st) between 1 − s²/2 and 1 and sin(st) within |s|³/6 of st.

use std::f64::consts::PI;

use super::Interval;
use crate::scalar::{Affine, Ring};

/// A family of transformations of images with one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Transformation {
    /// Rotation by so many degrees, counter-clockwise, about the centre of the frame; bilinear, zero outside.
    Rotation,
    /// Translation by so many times this vector; bilinear, zero outside.
    Translation {
        /// Pixels downward.
        down: f64,
        /// Pixels to the right.
        right: f64,
    },
    /// The parameter is added to every pixel.
    Brightness,
    /// Every pixel is multiplied by the parameter.
    Contrast,
}

/// By how much a sine or cosine of the standard library may be off: 4 units in the last place of 1.
const TRIGONOMETRIC_ERROR: f64 = 4.0 * f64::EPSILON;

/// π/180: off by less than two roundings of it.
fn radians_in_a_degree() -> Affine {
    let value = PI / 180.0;
    Affine::new(value, 0.0, 2.0 * value * f64::EPSILON)
}

/// Cosine and sine of an angle in degrees.
fn cosine_and_sine(degrees: Affine) -> [Affine; 2] {
    let angle = degrees * radians_in_a_degree();
    let (sine, cosine) = angle.centre().sin_cos();
    let [cosine, sine] = [cosine, sine].map(|value| Affine::new(value, 0.0, TRIGONOMETRIC_ERROR));
    let turn = Affine::constant(angle.slope());
    // 1 − s²/2, below which no cosine of st falls.
    let least = (Affine::constant(1.0) - turn * turn * Affine::constant(0.5)).low();
    let turned = [
        Affine::between(least, 1.0, 0.0),
        // s³/6 < 0.17·s³
        Affine::new(0.0, angle.slope(), magnitude(turn * turn * turn * Affine::constant(0.17))),
    ];
    // Both functions have derivatives of at most 1.
    [cosine * turned[0] - sine * turned[1], sine * turned[0] + cosine * turned[1]]
        .map(|value| value.widened(angle.radius()))
}

/// An upper bound of the absolute value.
fn magnitude(x: Affine) -> f64 {
    x.high().max(-x.low())
}

impl Transformation {
    /// Where the pixel comes from, (row, column), for a parameter on this line; `None` if pixels stay.
    pub(super) fn source(
        self,
        frame: [usize; 2],
        pixel: [usize; 2],
        parameter: Affine,
    ) -> Option<[Affine; 2]> {
        match self {
            Transformation::Rotation => {
                let [cosine, sine] = cosine_and_sine(parameter);
                let [(middle_row, down), (middle_column, right)] = from_centre(frame, pixel);
                let [down, right] = [down, right].map(Affine::constant);
                Some([
                    Affine::constant(middle_row) + down * cosine + right * sine,
                    Affine::constant(middle_column) - down * sine + right * cosine,
                ])
            }
            Transformation::Translation { down, right } => Some([
                Affine::from_integer(pixel[0] as i64) - Affine::constant(down) * parameter,
                Affine::from_integer(pixel[1] as i64) - Affine::constant(right) * parameter,
            ]),
            Transformation::Brightness | Transformation::Contrast => None,
        }
    }

    /// The t in (−1, 1), in order, at which a coordinate of the source is near a grid line of the frame.
    ///
    /// Enclosures hold with any list here; they are tight with the right one.
    pub(super) fn breakpoints(self, frame: [usize; 2], pixel: [usize; 2], interval: &Interval) -> Vec<f64> {
        let (centre, half) = (interval.centre(), interval.half());
        let mut places = Vec::new();
        if half > 0.0 {
            for axis in 0..2 {
                // One line beyond the frame on either side, where zeros begin.
                for line in -1..=frame[axis] as i64 {
                    self.crossings(frame, pixel, axis, line as f64, centre - half, &mut |parameter| {
                        let t = (parameter - centre) / half;
                        if t > -1.0 && t < 1.0 {
                            places.push(t);
                        }
                        t < 1.0
                    });
                }
            }
        }
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Hands over parameters from `first` on at which a coordinate is on this line, until told to stop.
    fn crossings(
        self,
        frame: [usize; 2],
        pixel: [usize; 2],
        axis: usize,
        line: f64,
        first: f64,
        found: &mut impl FnMut(f64) -> bool,
    ) {
        match self {
            Transformation::Rotation => {
                let [(middle_row, down), (middle_column, right)] = from_centre(frame, pixel);
                // a·cos + b·sin = ρ·cos(p − φ)
                let (middle, a, b) =
                    if axis == 0 { (middle_row, down, right) } else { (middle_column, right, -down) };
                let share = (line - middle) / a.hypot(b);
                if share.is_nan() || share.abs() > 1.0 {
                    return;
                }
                for side in [-1.0, 1.0] {
                    let angle = (b.atan2(a) + side * share.acos()).to_degrees();
                    let mut at = first + (angle - first).rem_euclid(360.0);
                    while found(at) {
                        at += 360.0;
                    }
                }
            }
            Transformation::Translation { down, right } => {
                let speed = [down, right][axis];
                if speed != 0.0 {
                    found((pixel[axis] as f64 - line) / speed);
                }
            }
            Transformation::Brightness | Transformation::Contrast => {}
        }
    }
}

/// For each axis: the middle of the frame, and the pixel seen from there. Halves are exact floats.
fn from_centre(frame: [usize; 2], pixel: [usize; 2]) -> [(f64, f64); 2] {
    [0, 1].map(|axis| {
        let middle = (frame[axis] as f64 - 1.0) / 2.0;
        (middle, pixel[axis] as f64 - middle)
    })
}
