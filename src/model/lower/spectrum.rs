//! Discrete Fourier transforms, of signals and of their frames, as products with matrices.
//!
//! > y[k] = Σₙ e^(−2πi k n / N) x[n], and back x[n] = (1 / N) Σₖ e^(2πi k n / N) y[k].
//!
//! Cosines and sines are the nearest floats; those of angles that are mirrored are equal to the last bit.
//! Cost: N products for each number of the result.

use std::f64::consts::PI;

use ndarray::{ArrayD, IxDyn};

use super::super::error::{Refusal, malformed};
use super::{Builder, Call, Lowering, Value};

pub(super) fn operator(name: &str) -> Option<Lowering> {
    Some(match name {
        "DFT" => transform,
        "STFT" => of_frames,
        _ => return None,
    })
}

/// cos(2π k / n), by the angle in the first eighth of the circle.
fn cosine(k: usize, n: usize) -> f64 {
    // In eighths of steps: the angle is 2π · place / (8 n).
    let place = 8 * (k % n);
    let folded = place.min(8 * n - place);
    let (folded, sign) = if folded > 2 * n { (4 * n - folded, -1.0) } else { (folded, 1.0) };
    let angle = |place: usize| 2.0 * PI * place as f64 / (8 * n) as f64;
    sign * if folded == 2 * n {
        0.0
    } else if folded <= n {
        angle(folded).cos()
    } else {
        angle(2 * n - folded).sin()
    }
}

/// sin(2π k / n) = cos(2π (k − n/4) / n), with angles counted in quarters of steps.
fn sine(k: usize, n: usize) -> f64 {
    cosine((4 * (k % n) + 3 * n) % (4 * n), 4 * n)
}

/// A transform of the last axis but one; the last holds real and imaginary parts.
struct Transform {
    length: usize,
    is_inverse: bool,
    is_one_sided: bool,
}

impl Transform {
    /// The numbers of the result along the axis, and the parts of each.
    fn outputs(&self) -> (usize, usize) {
        match (self.is_one_sided, self.is_inverse) {
            (true, false) => (self.length / 2 + 1, 2),
            (true, true) => (self.length, 1),
            (false, _) => (self.length, 2),
        }
    }

    /// The coefficient of part `from` of entry n for part `to` of output k.
    fn coefficient(&self, n: usize, from: usize, k: usize, to: usize) -> f64 {
        // Half a spectrum stands for both halves; the ends have no partner.
        let is_half = self.is_one_sided && self.is_inverse;
        if n >= self.length || is_half && n > self.length / 2 {
            return 0.0;
        }
        let weight = if is_half && n > 0 && 2 * n != self.length { 2.0 } else { 1.0 };
        let at = (n as u128 * k as u128 % self.length as u128) as usize;
        let turn = if self.is_inverse { 1.0 } else { -1.0 };
        weight
            * match (from, to) {
                (0, 0) | (1, 1) => cosine(at, self.length),
                (0, _) => turn * sine(at, self.length),
                _ => -turn * sine(at, self.length),
            }
    }

    fn apply(&self, builder: &mut Builder, x: &Value) -> Result<Value, Refusal> {
        let rank = x.rank();
        let (outer, [count, parts]) = (&x.shape[..rank - 2], [x.shape[rank - 2], x.shape[rank - 1]]);
        if !(1..=2).contains(&parts) || self.length == 0 || self.length > builder.limit {
            return malformed(format!("a transform of length {} of {:?}", self.length, x.shape));
        }
        let (outputs, wanted) = self.outputs();
        let shape = [count * parts, outputs * wanted];
        builder.claim(&shape)?;
        let matrix = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
            let (n, from) = (index[0] / parts, index[0] % parts);
            let (k, to) = (index[1] / wanted, index[1] % wanted);
            self.coefficient(n, from, k, to)
        });
        let rows = outer.iter().product::<usize>();
        let flat = builder.reshape(x, &[rows, count * parts])?;
        let mut value = builder.matmul(&flat, &Value::floats(x.element, matrix), x.element)?;
        if self.is_inverse {
            value = builder.divide(&value, &Value::scalar(x.element, self.length as f64))?;
        }
        builder.reshape(&value, &[outer, &[outputs, wanted]].concat())
    }
}

fn transform(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    if x.rank() < 2 {
        return malformed(format!("expected an axis and one of parts, found {:?}", x.shape));
    }
    let axis = match call.optional(2) {
        Some(axis) => super::call::axis(axis.to_integer("the axis")?, x.rank())?,
        None => call.axis("axis", if call.opset < 20 { 1 } else { -2 }, x.rank())?,
    };
    if axis == x.rank() - 1 {
        return malformed("the axis of real and imaginary parts cannot be transformed");
    }
    let (is_inverse, is_one_sided) = (call.flag("inverse", false), call.flag("onesided", false));
    let default =
        if is_inverse && is_one_sided { 2 * x.shape[axis].saturating_sub(1) } else { x.shape[axis] };
    let length = match call.optional(1) {
        Some(length) => usize::try_from(length.to_integer("the length")?).unwrap_or(0),
        None => default,
    };
    let mut order = (0..x.rank()).collect::<Vec<_>>();
    order.swap(axis, x.rank() - 2);
    let turned = builder.transpose(x, &order)?;
    let value = Transform { length, is_inverse, is_one_sided }.apply(builder, &turned)?;
    Ok(vec![builder.transpose(&value, &order)?])
}

/// Frames of a signal (batch, length, parts), each multiplied by a window and transformed.
fn of_frames(builder: &mut Builder, call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0)?;
    let step = usize::try_from(call.input(1)?.to_integer("the step of frames")?).unwrap_or(0);
    let length = match (call.optional(3), call.optional(2)) {
        (Some(length), _) => usize::try_from(length.to_integer("the length of frames")?).unwrap_or(0),
        (None, Some(window)) => window.len(),
        (None, None) => return malformed("a transform of frames needs their length or a window"),
    };
    if x.rank() != 3 || step == 0 || length == 0 || x.shape[1] < length {
        return malformed(format!("frames of {length} with a step of {step} of {:?}", x.shape));
    }
    let count = (x.shape[1] - length) / step + 1;
    let shape = [x.shape[0], count, length, x.shape[2]];
    builder.claim(&shape)?;
    let places = builder.places(0, x)?;
    let places = ArrayD::from_shape_fn(IxDyn(&shape), |index| {
        places[[index[0], index[1] * step + index[2], index[3]].as_slice()]
    });
    let mut frames = builder.rearrange(&[x], places, x.element)?;
    if let Some(window) = call.optional(2) {
        let window = builder.reshape(window, &[length, 1])?;
        frames = builder.multiply(&frames, &window)?;
    }
    let is_one_sided = call.flag("onesided", true);
    Ok(vec![Transform { length, is_inverse: false, is_one_sided }.apply(builder, &frames)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Angles of whole eighths are exact or equal, mirrored ones are equal, and all are right to a unit of
    /// roundoff of the angle, at most 2π, and one of the function.
    #[test]
    fn cosines_and_sines_are_mirrored() {
        assert_eq!(
            [0, 1, 2, 3].map(|k| (cosine(k, 4), sine(k, 4))),
            [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
        );
        for n in 1..40 {
            for k in 0..n {
                assert_eq!(cosine(k, n), cosine(n - k, n));
                assert_eq!(sine(k, n), -sine(n - k, n));
                assert_eq!(cosine(2 * k + n, 2 * n), -cosine(2 * k, 2 * n));
                let angle = 2.0 * PI * k as f64 / n as f64;
                let tolerance = 8.0 * PI * f64::EPSILON;
                assert!((cosine(k, n) - angle.cos()).abs() <= tolerance, "{k} of {n}");
                assert!((sine(k, n) - angle.sin()).abs() <= tolerance, "{k} of {n}");
            }
        }
    }
}
