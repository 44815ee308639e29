//! The field reading: both sides at random points of GF(p), p = 2⁶⁴ − 2³² + 1.
//!
//! By the Schwartz–Zippel lemma (Schwartz 1980, Zippel 1979; `schwartz_zippel_repeated` in `proofs/`) a false
//! polynomial identity of degree d survives k independent random points with probability at most (d/p)^k. The
//! degree is not declared but computed, by running the same code on [`Degree`]. For rational functions d is
//! the degree of the cross-multiplied difference.
//!
//! Where max, square root or exponential occur, both sides are read as [`Term`]s, with random functions in
//! their place: equal values then mean equal terms, but for a probability that is counted. Terms that differ
//! may still be equal functions, by a law that terms do not have. Then both sides are tried on GF(p), with
//! functions that are fixed ones, at as many points as reals by the other readings; to agree there is
//! evidence without a bound.
//!
//! [`Degree`]: crate::scalar::Degree

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;

use super::{Outcome, Reader};
use crate::scalar::{Goldilocks, Interpretation, Term};
use crate::verify::draws::Nature;
use crate::verify::identity::{AnyIdentity, Failure};
use crate::verify::report::Finding;

/// Independent points for each identity: with p ≈ 2⁶⁴ and degrees below 2¹⁶, two points leave less than 2⁻⁹⁶.
const POINTS: usize = 2;

/// log₂ p, rounded down, so that bounds computed with it are upper bounds.
const LOG2_P: f64 = 63.999_999;

/// log₂ of the probability of error that enough random interpretations leave.
const ENOUGH: f64 = -96.0;

/// Random interpretations of an identity, at most.
const MOST_INTERPRETATIONS: usize = 16;

/// See the module.
#[derive(Default)]
pub(in crate::verify) struct Field {
    /// log₂ of the largest probability that an identity is false, of those that have one.
    log2_failure: Option<f64>,
    /// Whether an identity has none.
    has_no_bound: bool,
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
        let points = match degree {
            Some(degree) => {
                self.confirmed(POINTS, POINTS as f64 * ((degree.max(1) as f64).log2() - LOG2_P));
                POINTS
            }
            None => {
                if let Some((count, log2_failure)) = by_terms(identity, random)? {
                    self.confirmed(count, log2_failure);
                    return Ok(Outcome::Confirms);
                }
                self.has_no_bound = true;
                self.evaluated(draws);
                draws
            }
        };
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
        let log2_failure = self.log2_failure.filter(|_| !self.has_no_bound);
        Finding::Field { shape, points: self.fewest_points.unwrap_or(0), log2_failure }
    }
}

impl Field {
    fn evaluated(&mut self, points: usize) {
        self.fewest_points = Some(self.fewest_points.map_or(points, |fewest| fewest.min(points)));
    }

    fn confirmed(&mut self, points: usize, log2_failure: f64) {
        self.evaluated(points);
        self.log2_failure = Some(self.log2_failure.map_or(log2_failure, |largest| largest.max(log2_failure)));
    }
}

/// How many random interpretations give both sides the same values, and log₂ of the probability that they are
/// different terms; `None` where they are, or where there are too many functions for a bound.
fn by_terms(identity: &dyn AnyIdentity, random: &mut ChaCha8Rng) -> Result<Option<(usize, f64)>, Failure> {
    let unknowns = identity.unknowns();
    let (mut count, mut total) = (0, 0.0);
    while count < POINTS || (total > ENOUGH && count < MOST_INTERPRETATIONS) {
        let interpretation = Interpretation::draw(random);
        let mut values: Vec<ArrayD<Term>> = Vec::new();
        for unknown in &unknowns {
            let entry = || interpretation.unknown(random);
            values.push(ArrayD::from_shape_simple_fn(unknown.shape.clone(), entry));
        }
        let (left, right) = identity.term(&values)?;
        let log2_failure = interpretation.log2_failure(&left, &right);
        if left != right || log2_failure >= -1.0 {
            return Ok(None);
        }
        (count, total) = (count + 1, total + log2_failure);
    }
    Ok(Some((count, total)))
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
            "the statement is said to be linear in unknown {position}, but it has only {names} (counted from \
             0)"
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
