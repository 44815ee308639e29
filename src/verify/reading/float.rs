//! The float reading: both sides in f32, beside their own rounding noise.
//!
//! The noise of a side is its distance from the same side in f64. If the statement is true, then by the triangle
//! inequality the sides differ in f32 by at most the sum of both noises and of the f64 bounds. Errors and noise are relative to the
//! largest entry of either side. An input on which the noise is as large as the values says nothing and is passed over; the
//! reading is silent if there is no other.

use ndarray::ArrayD;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Outcome, Reader, first_refutation};
use crate::scalar::Bounded;
use crate::verify::identity::{AnyIdentity, Failure};
use crate::verify::report::Finding;

/// See the module.
#[derive(Default)]
pub(in crate::verify) struct Float {
    relative_error: f64,
    noise_floor: f64,
}

impl Float {
    fn draw(&mut self, identity: &dyn AnyIdentity, random: &mut ChaCha8Rng) -> Result<Outcome, Failure> {
        let values: Vec<ArrayD<f32>> = identity
            .unknowns()
            .iter()
            .map(|unknown| {
                ArrayD::from_shape_simple_fn(unknown.shape.clone(), || random.random_range(-1.0..1.0))
            })
            .collect();
        let exact: Vec<_> =
            values.iter().map(|array| array.mapv(|number| Bounded::new(number.into()))).collect();
        let (left, right) = identity.single(&values)?;
        let (exact_left, exact_right) = identity.bounded(&exact)?;
        if left.shape() != right.shape() {
            return Ok(Outcome::Refutes);
        }
        let mut outcome = Outcome::Confirms;
        let (mut relative_error, mut noise_floor) = (0.0_f64, 0.0_f64);
        let scale = left.iter().chain(&right).fold(0.0, |scale: f64, &x| scale.max(x.abs().into()));
        let scale = if scale > 0.0 { scale } else { 1.0 };
        for (((&l, &r), el), er) in left.iter().zip(&right).zip(&exact_left).zip(&exact_right) {
            let error = (f64::from(l) - f64::from(r)).abs();
            let noise = (f64::from(l) - el.value()).abs()
                + (f64::from(r) - er.value()).abs()
                + el.error()
                + er.error();
            if !error.is_finite() || !noise.is_finite() {
                return Ok(Outcome::Silent);
            }
            // Each of the four terms of the noise passes at most four roundings, the error one and this product one more: six units of
            // half an epsilon, and their squares.
            if error > noise * (1.0 + 4.0 * f64::EPSILON) {
                outcome = Outcome::Refutes;
            }
            relative_error = relative_error.max(error / scale);
            noise_floor = noise_floor.max(noise / scale);
        }
        // Noise as large as the values would let anything pass.
        if outcome == Outcome::Confirms && noise_floor > 1.0 {
            return Ok(Outcome::Silent);
        }
        self.relative_error = self.relative_error.max(relative_error);
        self.noise_floor = self.noise_floor.max(noise_floor);
        Ok(outcome)
    }
}

impl Reader for Float {
    fn read(
        &mut self,
        identity: &dyn AnyIdentity,
        _linear_in: Option<usize>,
        draws: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Outcome, Failure> {
        first_refutation(draws, || self.draw(identity, random))
    }

    fn finding(&self, shape: String) -> Finding {
        Finding::Float { shape, relative_error: self.relative_error, noise_floor: self.noise_floor }
    }
}
