//! The rounding reading: both sides in f64 with a rigorous running bound of their rounding errors.
//!
//! If the statement is true the exact values of both sides are equal, so the computed ones differ by at most
//! the sum of the two bounds (`equivariance_test` in `proofs/`): the tolerance is derived, never chosen. An
//! input on which the bounds are wider than the values themselves says nothing and is passed over; the
//! reading is silent if there is no other.

use ndarray::ArrayD;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Outcome, Reader, first_refutation};
use crate::scalar::Bounded;
use crate::verify::counterexample::certainly_differ;
use crate::verify::identity::{AnyIdentity, Failure};
use crate::verify::report::Finding;

/// See the module.
#[derive(Default)]
pub(in crate::verify) struct Rounding {
    error: f64,
    bound: f64,
    /// Error and bound at the entry, of all that refute, where the error is furthest beyond its bound.
    refutation: Option<(f64, f64)>,
}

impl Rounding {
    fn draw(&mut self, identity: &dyn AnyIdentity, random: &mut ChaCha8Rng) -> Result<Outcome, Failure> {
        let values: Vec<_> = identity
            .unknowns()
            .iter()
            .map(|unknown| {
                ArrayD::from_shape_simple_fn(unknown.shape.clone(), || {
                    Bounded::new(random.random_range(-1.0..1.0))
                })
            })
            .collect();
        let (left, right) = identity.bounded(&values)?;
        if left.shape() != right.shape() {
            return Ok(Outcome::Refutes);
        }
        let (mut error, mut bound, mut scale) = (0.0_f64, 0.0_f64, 0.0_f64);
        for (l, r) in left.iter().zip(&right) {
            error = error.max((l.value() - r.value()).abs());
            bound = bound.max(l.error() + r.error());
            scale = scale.max(l.value().abs()).max(r.value().abs());
        }
        if certainly_differ(&left, &right) {
            let entries = left.iter().zip(&right).filter(|(l, r)| l.certainly_differs(r));
            let found = entries.map(|(l, r)| ((l.value() - r.value()).abs(), l.error() + r.error()));
            let beyond = |(error, bound): &(f64, f64)| error - bound;
            self.refutation = found.chain(self.refutation).max_by(|a, b| beyond(a).total_cmp(&beyond(b)));
            return Ok(Outcome::Refutes);
        }
        // A bound as wide as the values would let anything pass.
        if !bound.is_finite() || bound > scale {
            return Ok(Outcome::Silent);
        }
        self.error = self.error.max(error);
        self.bound = self.bound.max(bound);
        Ok(Outcome::Confirms)
    }
}

impl Reader for Rounding {
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
        let (error, bound) = self.refutation.unwrap_or((self.error, self.bound));
        Finding::Rounding { shape, error, bound }
    }
}
