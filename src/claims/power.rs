//! The power of the checks: how probable it is that a false statement, or a mutant, is missed.
//!
//! Over many seeds the checks are run with one draw wherever they make several ([`Examiner::draws`](crate::verify::Examiner::draws)), and
//! it is counted how often each part of a check that must find what is false does find it: each reading, and the search for a
//! counterexample. If k of N such runs do, the probability q of finding it is, but for a probability of [`DOUBT`], at least the q₀
//! at which k or more finds have that probability: Σ_{i ≥ k} C(N, i)·q₀ⁱ·(1 − q₀)^(N − i) = [`DOUBT`] (Clopper and Pearson 1934,
//! one-sided). A part that makes n independent draws misses it with probability at most (1 − q₀)ⁿ, and all of them together with at most the
//! sum.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::claim::{Claim, SingleDraws};
use crate::verify::{Reading, Report, Verdict};

/// The probability with which a lower bound of q may be wrong.
pub const DOUBT: f64 = 1e-6;

/// What a false statement may be missed with.
pub const LARGEST_MISS: f64 = 1e-6;

/// How often single draws found something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finds {
    /// Runs in which they could.
    pub runs: u64,
    /// Those in which they did.
    pub found: u64,
}

impl Finds {
    fn add(&mut self, found: bool) {
        self.runs += 1;
        self.found += u64::from(found);
    }

    /// The lower bound q₀ of the probability that one draw finds it.
    pub fn least(self) -> f64 {
        least_probability(self.found, self.runs)
    }
}

/// How often single draws found something false, part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// The claim.
    pub claim: &'static str,
    /// The mutant; none where the statement itself is false.
    pub mutant: Option<&'static str>,
    /// The parts that must find it: readings, and the `search` for a counterexample.
    pub parts: BTreeMap<&'static str, Finds>,
    /// The draws that are made instead of one, at least; none where nothing is left to chance.
    pub draws: Option<usize>,
}

impl Power {
    /// A bound of the probability that it is missed.
    pub fn miss(&self) -> f64 {
        let missed = |finds: &Finds| match self.draws {
            // Every run is the same.
            None if finds.found == finds.runs => 0.0,
            None => 1.0,
            Some(draws) => (1.0 - finds.least()).powi(draws as i32),
        };
        self.parts.values().map(missed).sum::<f64>().min(1.0)
    }

    /// The part that finds it least often.
    pub fn weakest_part(&self) -> Option<(&'static str, Finds)> {
        let parts = self.parts.iter().map(|(&name, &finds)| (name, finds));
        parts.min_by(|(_, one), (_, other)| one.least().total_cmp(&other.least()))
    }

    fn add(&mut self, report: Option<&Report>) {
        let speaks = |reading| {
            let evidence = report.into_iter().flat_map(|report| &report.evidence);
            evidence.filter(move |evidence| evidence.finding.reading() == reading)
        };
        let refutes = |reading| speaks(reading).any(|evidence| !evidence.confirms);
        let fails = report.is_some_and(|report| report.verdict == Verdict::Fails);
        if self.mutant.is_none() {
            // One reading is enough to begin the search.
            return self.parts.entry("verdict").or_default().add(fails);
        }
        // Where these differ only by opaque functions they are silent, which stands in nobody's way.
        for reading in [Reading::Symbolic, Reading::Field] {
            let stands_in_the_way = speaks(reading).next().is_some() && !refutes(reading);
            self.parts.entry(reading.name()).or_default().add(report.is_some() && !stands_in_the_way);
        }
        // Where these are silent, another draw would speak.
        for reading in [Reading::Rounding, Reading::Float] {
            self.parts.entry(reading.name()).or_default().add(refutes(reading));
        }
        if Reading::ALL.into_iter().any(refutes) || report.is_none() {
            self.parts.entry("search").or_default().add(fails);
        }
    }
}

/// Counts finds over seeds.
#[derive(Default)]
pub struct Count {
    /// By the number of the claim and of the mutant; and the parts that spoke at all.
    counted: BTreeMap<(usize, usize), (Power, BTreeSet<&'static str>)>,
}

impl Count {
    /// Adds a run of each of the claims, which must be the same ones every time, with this seed.
    pub fn add(&mut self, claims: &[&Claim], seed: u64) {
        let runs: Vec<Vec<SingleDraws>> =
            claims.par_iter().map(|claim| claim.by_single_draws(seed)).collect();
        for (number, (claim, run)) in claims.iter().zip(runs).enumerate() {
            for (place, SingleDraws { name, report, draws }) in run.into_iter().enumerate() {
                let new = Power { claim: claim.id, mutant: name, parts: BTreeMap::new(), draws: None };
                let (power, spoke) =
                    self.counted.entry((number, place)).or_insert_with(|| (new, BTreeSet::new()));
                power.add(report.as_ref());
                for evidence in report.iter().flat_map(|report| &report.evidence) {
                    spoke.insert(evidence.finding.reading().name());
                }
                power.draws = match (power.draws, draws) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
        }
    }

    /// What was counted, what is missed most easily first. Readings on reals that never spoke are no part of a check.
    pub fn weakest_first(self) -> Vec<Power> {
        let mut powers: Vec<Power> = Vec::new();
        for (mut power, spoke) in self.counted.into_values() {
            for reading in [Reading::Rounding, Reading::Float] {
                if !spoke.contains(reading.name()) {
                    power.parts.remove(reading.name());
                }
            }
            powers.push(power);
        }
        powers.sort_by(|one, other| other.miss().total_cmp(&one.miss()));
        powers
    }
}

/// The q at which k or more finds in n runs have the probability [`DOUBT`]; 0 for k = 0.
fn least_probability(k: u64, n: u64) -> f64 {
    assert!(k <= n, "{k} finds in {n} runs");
    if k == 0 {
        return 0.0;
    }
    // By bisection: the probability of so many grows with q. The lower end is taken.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if at_least(k, n, middle) <= DOUBT { low = middle } else { high = middle }
    }
    low
}

/// Σ_{i ≥ k} C(n, i)·qⁱ·(1 − q)^(n − i), for 0 < q < 1.
fn at_least(k: u64, n: u64, q: f64) -> f64 {
    let mut logarithm = n as f64 * (-q).ln_1p();
    let odds = q.ln() - (-q).ln_1p();
    let mut sum = 0.0;
    for i in 0..=n {
        if i >= k {
            sum += logarithm.exp();
        }
        logarithm += ((n - i) as f64 / (i + 1) as f64).ln() + odds;
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Count, DOUBT, Finds, Power, at_least, least_probability};
    use crate::report::tests::sample_claims;

    #[test]
    fn bounds_are_those_of_clopper_and_pearson() {
        // All of n: qⁿ is the doubt. One of n: 1 − (1 − q)ⁿ is. The bisection ends within 2⁻⁶⁰.
        for n in [1, 5, 200] {
            let all = DOUBT.powf(1.0 / n as f64);
            assert!((least_probability(n, n) - all).abs() < 1e-12);
            let one = -(-DOUBT).ln_1p() / n as f64;
            let exact = -(-one).exp_m1();
            assert!((least_probability(1, n) - exact).abs() < 1e-12, "{n}");
            assert_eq!(least_probability(0, n), 0.0);
        }
        let q = least_probability(30, 100);
        assert!((at_least(30, 100, q) / DOUBT - 1.0).abs() < 1e-9);
        assert!((0.1..0.3).contains(&q));
    }

    #[test]
    fn what_single_draws_find_is_counted() {
        let claims = sample_claims();
        let mut count = Count::default();
        for seed in 0..3 {
            count.add(&claims.iter().collect::<Vec<_>>(), seed);
        }
        let powers = count.weakest_first();
        let told: Vec<_> = powers
            .iter()
            .map(|power| (power.claim, power.mutant, power.weakest_part().unwrap(), power.miss()))
            .collect();
        let finds = |found| Finds { runs: 3, found };
        assert_eq!(
            told,
            [
                ("map.wrong", Some("escapes"), ("symbolic", finds(0)), 1.0),
                ("conv.commutative", Some("the kernel is not flipped"), ("field", finds(3)), 0.0),
                ("map.turns", None, ("verdict", finds(3)), 0.0),
                ("map.broken", Some("never run"), ("field", finds(3)), 0.0),
            ]
        );
    }

    #[test]
    fn more_draws_miss_less() {
        let power = |draws, found| {
            let part = |found| Finds { runs: 200, found };
            let parts = BTreeMap::from([("float", part(200)), ("rounding", part(found))]);
            Power { claim: "a.b", mutant: Some("c"), parts, draws }
        };
        assert!(power(Some(64), 100).miss() < 1e-6 && power(Some(8), 100).miss() > 1e-3);
        assert_eq!(power(Some(64), 100).weakest_part().unwrap().0, "rounding");
        assert_eq!((power(None, 199).miss(), power(None, 200).miss()), (1.0, 0.0));
        // The sum over both parts.
        let one = 1.0 - DOUBT.powf(1.0 / 200.0);
        assert!((power(Some(2), 200).miss() - 2.0 * one * one).abs() < 1e-12);
    }
}
