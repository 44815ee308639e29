//! The field reading: both sides at random points of GF(p), p = 2⁶⁴ − 2³² + 1.
//!
//! By the Schwartz–Zippel lemma (Schwartz 1980, Zippel 1979; `schwartz_zippel_repeated` in `proofs/`) a false
//! polynomial identity of degree d survives k independent random points with probability at most (d/p)^k. The
//! degree is not declared but computed, by running the same code on [`Degree`]. For rational functions d is
//! the degree of the cross-multiplied difference. Max, square root and exponential are fixed functions on
//! GF(p); the lemma says nothing about them, so with them there is no bound, and as many points are tried as
//! reals by the other readings.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;

use super::{Outcome, Reader};
use crate::scalar::Goldilocks;
use crate::verify::draws::Nature;
use crate::verify::identity::{AnyIdentity, Failure};
use crate::verify::report::Finding;

/// Independent points for each identity: with p ≈ 2⁶⁴ and degrees below 2¹⁶, two points leave less than 2⁻⁹⁶.
const POINTS: usize = 2;

/// log₂ p, rounded down, so that bounds computed with it are upper bounds.
const LOG2_P: f64 = 63.999_999;

/// See the module.
#[derive(Default)]
pub(in crate::verify) struct Field {
    /// The highest degree seen; `None` once an opaque function has occurred.
    degree: Option<u64>,
    opaque: bool,
    /// The fewest points at which an identity was evaluated.
    fewest_points: Option<usize>,
}

impl Reader for Field {
    fn read(
        &mut self,
        identity: &dyn AnyIdentity,
        _linear_in: Option<usize>,
        draws: usize,
        random: &mut ChaCha8Rng,
    ) -> Result<Outcome, Failure> {
        let unknowns = identity.unknowns();
        let degree = Nature::of(identity)?.degree;
        let points = if degree.is_some() { POINTS } else { draws };
        self.fewest_points = Some(self.fewest_points.map_or(points, |fewest| fewest.min(points)));
        match degree {
            Some(degree) => self.degree = self.degree.max(Some(degree)),
            None => self.opaque = true,
        }
        for _ in 0..points {
            let values: Vec<_> =
                unknowns.iter().map(|unknown| random_array(&unknown.shape, random)).collect();
            let (left, right) = identity.field(&values)?;
            if left != right {
                let decisive = degree.is_some() || left.shape() != right.shape();
                return Ok(if decisive { Outcome::Refutes } else { Outcome::Silent });
            }
        }
        Ok(Outcome::Confirms)
    }

    fn finding(&self, shape: String) -> Finding {
        let log2_failure = match self.degree {
            Some(degree) if !self.opaque => Some(POINTS as f64 * ((degree.max(1) as f64).log2() - LOG2_P)),
            _ => None,
        };
        Finding::Field { shape, points: self.fewest_points.unwrap_or(0), log2_failure }
    }
}

pub(super) fn random_array(shape: &[usize], random: &mut ChaCha8Rng) -> ArrayD<Goldilocks> {
    ArrayD::from_shape_simple_fn(shape, || Goldilocks::sample(random))
}

/// Checks at a random point that both sides are additive and homogeneous in one unknown: f(a·x + y) =
/// a·f(x) + f(y).
///
/// # Errors
/// If they are not, or whatever the code under test reports.
pub(super) fn certify_linearity(
    identity: &dyn AnyIdentity,
    position: usize,
    random: &mut ChaCha8Rng,
) -> Result<(), Failure> {
    let unknowns = identity.unknowns();
    if position >= unknowns.len() {
        let names: Vec<_> = unknowns.into_iter().map(|unknown| unknown.name).collect();
        let names = names.join(", ");
        return Err(format!(
            "the statement is said to be linear in unknown {position}, but it has only {names} (counted from 0)"
        )
        .into());
    }
    let factor = Goldilocks::sample(random);
    let mut values: Vec<_> = unknowns.iter().map(|unknown| random_array(&unknown.shape, random)).collect();
    let first = values[position].clone();
    let second = random_array(&unknowns[position].shape, random);
    let (left_first, right_first) = identity.field(&values)?;
    values[position] = second.clone();
    let (left_second, right_second) = identity.field(&values)?;
    values[position] = combine(factor, &first, &second);
    let (left, right) = identity.field(&values)?;
    if left == combine(factor, &left_first, &left_second)
        && right == combine(factor, &right_first, &right_second)
    {
        Ok(())
    } else {
        Err(format!("the statement is said to be linear in {}, but it is not", unknowns[position].name)
            .into())
    }
}

fn combine(
    factor: Goldilocks,
    first: &ArrayD<Goldilocks>,
    second: &ArrayD<Goldilocks>,
) -> ArrayD<Goldilocks> {
    ndarray::Zip::from(first).and(second).map_collect(|&x, &y| factor * x + y)
}
