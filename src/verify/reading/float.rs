//! The float reading: both sides in f32, beside their own rounding noise.
//!
//! The noise of a side is its distance from the same side in f64. If the statement is true, then by the
//! triangle inequality the sides differ in f32 by at most the sum of both noises and of the f64 bounds.
//! Errors and noise are relative to the largest entry of either side. An input on which the noise is as large
//! as the values says nothing and is passed over; the reading is silent if there is no other.

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
    /// Error and noise at the entry, of all that refute, where the error is furthest beyond the noise.
    refutation: Option<(f64, f64)>,
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
        let (mut largest_error, mut largest_noise) = (0.0_f64, 0.0_f64);
        let (mut refutes, mut is_known) = (false, true);
        let finite = left.iter().chain(&right).filter(|x| x.is_finite());
        let largest = finite.fold(0.0, |largest: f64, &x| largest.max(x.abs().into()));
        // Below every float in single precision but 0, of which the error is 0.
        let scale = largest.max(f64::MIN_POSITIVE);
        for (((&l, &r), el), er) in left.iter().zip(&right).zip(&exact_left).zip(&exact_right) {
            let error = (f64::from(l) - f64::from(r)).abs();
            let noise = (f64::from(l) - el.value()).abs()
                + (f64::from(r) - er.value()).abs()
                + el.error()
                + er.error();
            if !error.is_finite() || !noise.is_finite() {
                is_known = false;
                continue;
            }
            // Each of the four terms of the noise passes at most four roundings, the error one and this
            // product one more: six units of half an epsilon, and their squares.
            if error > noise * (1.0 + 4.0 * f64::EPSILON) {
                refutes = true;
                let found = (error / scale, noise / scale);
                if self.refutation.is_none_or(|(error, noise)| found.0 - found.1 > error - noise) {
                    self.refutation = Some(found);
                }
            }
            largest_error = largest_error.max(error);
            largest_noise = largest_noise.max(noise);
        }
        if refutes {
            return Ok(Outcome::Refutes);
        }
        // Noise as large as the values would let anything pass.
        if !is_known || largest_noise > largest {
            return Ok(Outcome::Silent);
        }
        self.relative_error = self.relative_error.max(largest_error / scale);
        self.noise_floor = self.noise_floor.max(largest_noise / scale);
        Ok(Outcome::Confirms)
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
        let (relative_error, noise_floor) =
            self.refutation.unwrap_or((self.relative_error, self.noise_floor));
        Finding::Float { shape, relative_error, noise_floor }
    }
}
