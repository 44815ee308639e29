//! The power of the checks: how probable it is that a false statement, or a mutant, is missed.
//!
//! Over many seeds the checks are run with one draw wherever they make several
//! ([`Examiner::draws`](crate::verify::Examiner::draws)), and it is counted how often each part of a check
//! that must find what is false does find it: each reading, and the search for a counterexample. If k of N
//! such runs do, the probability q of finding it is, but for a probability of [`DOUBT`], at least the q₀ at
//! which k or more finds have that probability: Σ_{i ≥ k} C(N, i)·q₀ⁱ·(1 − q₀)^(N − i) = [`DOUBT`] (Clopper
//! and Pearson 1934, one-sided). A part that makes n independent draws misses it with probability at most (1
//! − q₀)ⁿ, and all of them together with at most the sum.

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

/// What must find something false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The draws that are made in place of the one; none where nothing is left to chance.
    pub draws: Option<usize>,
    /// A reading, the `search` for a counterexample, or the `verdict`.
    pub name: &'static str,
}

/// How often single draws found something false, part by part.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// The claim.
    pub claim: &'static str,
    /// The mutant; none where the statement itself is false.
    pub mutant: Option<&'static str>,
    /// The parts that must find it.
    pub parts: BTreeMap<Part, Finds>,
}

impl Power {
    /// A bound of the probability that it is missed.
    pub fn miss(&self) -> f64 {
        self.parts.iter().map(|(&part, &finds)| missed_by(part, finds)).sum::<f64>().min(1.0)
    }

    /// The part that misses it most easily.
    pub fn weakest_part(&self) -> Option<(Part, Finds)> {
        let parts = self.parts.iter().map(|(&part, &finds)| (part, finds));
        parts.max_by(|one, other| missed_by(one.0, one.1).total_cmp(&missed_by(other.0, other.1)))
    }

    fn add(&mut self, report: Option<&Report>, draws: Option<usize>) {
        let speaks = |reading| {
            let evidence = report.into_iter().flat_map(|report| &report.evidence);
            evidence.filter(move |evidence| evidence.finding.reading() == reading)
        };
        let refutes = |reading| speaks(reading).any(|evidence| !evidence.confirms);
        let fails = report.is_some_and(|report| report.verdict == Verdict::Fails);
        let mut add = |name, found| self.parts.entry(Part { draws, name }).or_default().add(found);
        if self.mutant.is_none() {
            // One reading is enough to begin the search.
            return add("verdict", fails);
        }
        // Where the sides differ by opaque functions only these are silent, which stands in nobody's way.
        for reading in [Reading::Symbolic, Reading::Field] {
            let stands_in_the_way = speaks(reading).next().is_some() && !refutes(reading);
            add(reading.name(), report.is_some() && !stands_in_the_way);
        }
        // Where these are silent, another draw would speak.
        for reading in [Reading::Rounding, Reading::Float] {
            add(reading.name(), refutes(reading));
        }
        if Reading::ALL.into_iter().any(refutes) || report.is_none() {
            add("search", fails);
        }
    }
}

fn missed_by(part: Part, finds: Finds) -> f64 {
    match part.draws {
        // Every run is the same.
        None if finds.found == finds.runs => 0.0,
        None => 1.0,
        Some(draws) => (1.0 - finds.least()).powi(draws as i32),
    }
}

/// What is false, by its claim and its mutant.
type Name = (&'static str, Option<&'static str>);

/// Counts finds over seeds.
#[derive(Default)]
pub struct Count {
    /// With the readings that spoke at all.
    counted: BTreeMap<Name, (Power, BTreeSet<&'static str>)>,
}

impl Count {
    /// Adds a run of each of the claims with this seed.
    pub fn add(&mut self, claims: &[&Claim], seed: u64) {
        let runs: Vec<Vec<SingleDraws>> =
            claims.par_iter().map(|claim| claim.by_single_draws(seed)).collect();
        for (claim, run) in claims.iter().zip(runs) {
            for SingleDraws { name, report, draws } in run {
                let new = Power { claim: claim.id, mutant: name, parts: BTreeMap::new() };
                let (power, spoke) =
                    self.counted.entry((claim.id, name)).or_insert_with(|| (new, BTreeSet::new()));
                power.add(report.as_ref(), draws);
                let evidence = report.iter().flat_map(|report| &report.evidence);
                spoke.extend(evidence.map(|evidence| evidence.finding.reading().name()));
            }
        }
    }

    /// What was counted, what is missed most easily first. Readings on reals that never spoke are no part of
    /// a check.
    pub fn weakest_first(self) -> Vec<Power> {
        let mut powers: Vec<Power> = Vec::new();
        for (mut power, spoke) in self.counted.into_values() {
            for reading in [Reading::Rounding.name(), Reading::Float.name()] {
                power.parts.retain(|part, _| part.name != reading || spoke.contains(reading));
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

    use super::{Count, DOUBT, Finds, Part, Power, at_least, least_probability};
    use crate::claims::samples::sample_claims;

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
        let mut told: Vec<_> = powers.iter().map(|power| (power.claim, power.mutant, power.miss())).collect();
        told[1..].sort_by_key(|(claim, _, _)| *claim);
        assert_eq!(
            told,
            [
                ("map.wrong", Some("escapes"), 1.0),
                ("conv.commutative", Some("the kernel is not flipped"), 0.0),
                ("map.broken", Some("never run"), 0.0),
                ("map.turns", None, 0.0),
            ]
        );
        let (part, finds) = powers[0].weakest_part().unwrap();
        assert_eq!((part.draws, finds), (None, Finds { runs: 3, found: 0 }));
    }

    #[test]
    fn more_draws_miss_less() {
        let power = |draws, found| {
            let part = |name, found| (Part { draws, name }, Finds { runs: 200, found });
            let parts = BTreeMap::from([part("float", 200), part("rounding", found)]);
            Power { claim: "a.b", mutant: Some("c"), parts }
        };
        assert!(power(Some(64), 100).miss() < 1e-6 && power(Some(8), 100).miss() > 1e-3);
        assert_eq!(power(Some(64), 100).weakest_part().unwrap().0.name, "rounding");
        assert_eq!((power(None, 199).miss(), power(None, 200).miss()), (1.0, 0.0));
        // The sum over both parts.
        let one = 1.0 - DOUBT.powf(1.0 / 200.0);
        assert!((power(Some(2), 200).miss() - 2.0 * one * one).abs() < 1e-12);
    }
}
