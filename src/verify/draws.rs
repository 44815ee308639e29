//! How many random inputs are enough, so that a false statement is not missed.
//!
//! *Rational functions.* Where both sides of an identity are rational functions, the computed degree d tells
//! how often a false identity can agree. On integers drawn from {−n, …, n} it does so with probability at
//! most d/(2n + 1) (Schwartz 1980, Zippel 1979), d counting the poles too. The [reaches] n of a search grow
//! until the product of these bounds is below [`MISSED`]: small integers first, because they read well.
//! [`Bounded`](crate::scalar::Bounded) computes exactly on them, up to 2⁵³.
//!
//! *Opaque functions.* Of max, √ and exp no lemma tells how often a false identity agrees: a maximum hides
//! all its arguments but one, and a network may answer 0 to everything. If one draw shows the fault with
//! probability q, n independent draws miss it with probability (1 − q)ⁿ. So [`OPAQUE`] draws miss a fault
//! that shows in one draw of four with 0.75⁶⁴ < 2·10⁻⁸. How large q is, is measured: see
//! [`Examiner::draws`](super::Examiner::draws).

use super::identity::{AnyIdentity, Failure, degrees};
use crate::scalar::Degree;

/// Draws of each reading on numbers where opaque functions occur. See the module.
pub(super) const OPAQUE: usize = 64;

/// Draws of the readings on reals where both sides are rational functions. These agree on a set of measure 0,
/// but may differ by less than rounding explains. Single draws never did, in 30 runs for each mutant and
/// more: so one draw finds it with a probability of at least 10^(−6/30) = 0.63 (Clopper and Pearson, doubt
/// 10⁻⁶), and sixteen draws of four parts miss it with less than 4·0.37¹⁶ = 5·10⁻⁷.
pub(super) const RATIONAL: usize = 16;

/// Draws at sizes that are there to show that a true statement holds for them too. False ones are refuted at
/// the others.
pub(super) const AT_LARGE: usize = 2;

/// The probability with which a search may miss a rational identity that is false.
const MISSED: f64 = 1e-9;

/// The reaches that are tried first, one after the other.
const SMALL_REACHES: i64 = 12;

/// The largest reach: with coefficients of a few digits, polynomials of degree 3 stay below 2⁵³ and so exact.
const LARGEST_REACH: i64 = 4096;

/// What is known of both sides together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nature {
    /// The degree d of the Schwartz–Zippel lemma; `None` where an opaque function occurs.
    pub(super) degree: Option<u64>,
    /// The degree of what must not vanish for both sides to be defined.
    pub(super) poles: u64,
}

impl Nature {
    /// Runs both sides on [`Degree`].
    ///
    /// # Errors
    /// Whatever the code under test reports.
    pub(super) fn of(identity: &dyn AnyIdentity) -> Result<Self, Failure> {
        let (left, right) = degrees(identity)?;
        if left.shape() != right.shape() {
            // They differ at every input.
            return Ok(Nature { degree: Some(1), poles: 0 });
        }
        let mut nature = Nature { degree: Some(0), poles: 0 };
        for (l, r) in left.iter().zip(&right) {
            let entry = l.schwartz_zippel_degree(r);
            nature.degree = nature.degree.zip(entry).map(|(highest, degree)| highest.max(degree));
            for (_, denominator) in [l, r].into_iter().filter_map(Degree::rational_degree) {
                nature.poles = nature.poles.max(denominator);
            }
        }
        Ok(nature)
    }

    /// How many draws the readings on reals make.
    pub(super) fn draws(self) -> usize {
        if self.degree.is_some() { RATIONAL } else { OPAQUE }
    }

    /// A bound on the probability that a false identity agrees, or is not defined, on integers of this reach.
    fn missed(self, reach: i64) -> f64 {
        match self.degree {
            // An entry has two sides, and so two denominators.
            Some(degree) => ((degree as f64 + 2.0 * self.poles as f64) / (2.0 * reach as f64 + 1.0)).min(1.0),
            None => 1.0,
        }
    }

    /// The reaches of the attempts at a counterexample, and whether the lemma bounds what they miss together
    /// by [`MISSED`].
    pub(super) fn reaches(self) -> (Vec<i64>, bool) {
        let (mut reaches, mut missed): (Vec<i64>, f64) = (Vec::new(), 1.0);
        while missed > MISSED && reaches.len() < OPAQUE {
            let reach = match reaches.last() {
                None => 1,
                Some(&last) if last < SMALL_REACHES => last + 1,
                // Where no lemma speaks, small integers are tried again: among large ones a maximum hides as
                // much.
                Some(_) if self.degree.is_none() => 1,
                Some(&last) => (2 * last).min(LARGEST_REACH),
            };
            missed *= self.missed(reach);
            reaches.push(reach);
        }
        (reaches, missed <= MISSED)
    }

    /// As many as make a smaller counterexample likely, at a size on which no verdict depends.
    pub(super) fn few_reaches(self) -> Vec<i64> {
        let (mut reaches, _) = self.reaches();
        reaches.truncate(SMALL_REACHES as usize);
        reaches
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_REACH, MISSED, Nature, OPAQUE};

    #[test]
    fn searches_go_on_until_the_lemma_bounds_what_they_miss() {
        for (degree, poles) in [(0, 0), (1, 0), (2, 0), (3, 4), (40, 0), (400, 90)] {
            let nature = Nature { degree: Some(degree), poles };
            let (reaches, bounded) = nature.reaches();
            let missed: f64 = reaches
                .iter()
                .map(|&n| ((degree + 2 * poles) as f64 / (2 * n + 1) as f64).min(1.0))
                .product();
            assert!(bounded && missed <= MISSED, "degree {degree}: {missed}");
            assert!(reaches.is_sorted() && reaches.iter().all(|reach| (1..=LARGEST_REACH).contains(reach)));
        }
        // d = 1: 3 · 5 · 7 · … · 21 is above 10⁹, and no shorter product is.
        assert_eq!(Nature { degree: Some(1), poles: 0 }.reaches().0.len(), 10);
    }

    #[test]
    fn where_no_lemma_speaks_as_many_are_tried_as_of_reals() {
        for nature in [Nature { degree: None, poles: 0 }, Nature { degree: Some(u64::MAX), poles: 0 }] {
            let (reaches, bounded) = nature.reaches();
            assert_eq!((reaches.len(), bounded), (OPAQUE, false));
        }
        let (reaches, _) = Nature { degree: None, poles: 0 }.reaches();
        assert_eq!(reaches[..14], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2]);
        assert_eq!(Nature { degree: None, poles: 0 }.few_reaches().len(), 12);
    }
}
