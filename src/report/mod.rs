//! What a run of the catalogue found, and how it is shown: [`terminal`], [`json`], [`html`]; what came of a
//! [`training`], the [symmetries](symmetry) and the [tiles](tiling) of models, and where convolution kernels
//! [cross over](crossover).

pub mod angles;
mod ansi;
pub mod crossover;
pub mod evidence;
mod heat_map;
pub mod html;
pub mod json;
mod orbit;
mod page;
mod pictures;
mod plot;
pub mod symmetry;
pub mod terminal;
pub mod text;
pub mod tiling;
pub mod training;

use std::time::Duration;

use serde::Serialize;

use crate::claims::{Claim, Decision, Expected};
use crate::verify::{Reading, Report, Verdict};

/// What came of one claim.
pub struct Record<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// What its run found, or the one line that says why it came to no result.
    pub outcome: Result<Decision, String>,
}

impl Record<'_> {
    /// Whether the outcome is what the theory says. A claim that came to no result disagrees.
    pub fn agrees(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|outcome| self.claim.agrees(outcome))
    }

    /// Whether the statement was found to hold. What is undecided, or came to no result, is the opposite of
    /// what is expected.
    pub fn verdict(&self) -> Expected {
        match (self.report().map(|report| report.verdict), self.claim.expected) {
            (Some(Verdict::Holds), _) => Expected::Holds,
            (Some(Verdict::Fails), _) => Expected::Fails,
            (Some(Verdict::Undecided) | None, Expected::Holds) => Expected::Fails,
            (Some(Verdict::Undecided) | None, Expected::Fails) => Expected::Holds,
        }
    }

    /// The report, where there is one.
    pub fn report(&self) -> Option<&Report> {
        self.outcome.as_ref().ok().map(|outcome| &outcome.report)
    }

    /// The mutants that were run, and whether each was caught.
    pub fn mutants(&self) -> &[(&'static str, bool)] {
        self.outcome.as_ref().map_or(&[], |outcome| &outcome.mutants)
    }

    /// How many mutants were caught.
    pub fn mutants_caught(&self) -> usize {
        self.mutants().iter().filter(|(_, caught)| *caught).count()
    }

    /// The names of the mutants that were not caught.
    pub fn escaped(&self) -> impl Iterator<Item = &'static str> {
        self.mutants().iter().filter(|(_, caught)| !caught).map(|(name, _)| *name)
    }

    /// The time that it took.
    pub fn duration(&self) -> Duration {
        self.outcome.as_ref().map_or(Duration::ZERO, |outcome| outcome.duration)
    }
}

/// A run of the catalogue, or of a part of it.
pub struct Run<'a> {
    /// The seed of everything random.
    pub seed: u64,
    /// The readings that were used.
    pub readings: Vec<Reading>,
    /// The claims about which these readings say something, in the order of the catalogue.
    pub records: Vec<Record<'a>>,
    /// How many claims were left out because none of these readings says anything about them.
    pub skipped: usize,
    /// The time from the first to the last.
    pub duration: Duration,
}

impl Run<'_> {
    /// The records of each chapter, with its name.
    pub fn chapters(&self) -> impl Iterator<Item = (&'static str, &[Record<'_>])> {
        self.records
            .chunk_by(|one, next| one.claim.chapter() == next.claim.chapter())
            .map(|records| (records[0].claim.chapter(), records))
    }

    /// The claims that did not come out as expected.
    pub fn disagreements(&self) -> impl Iterator<Item = &Record<'_>> {
        self.records.iter().filter(|record| !record.agrees())
    }

    /// The numbers of the run.
    pub fn summary(&self) -> Summary {
        let disagree = self.disagreements().count();
        Summary {
            claims: self.records.len(),
            agree: self.records.len() - disagree,
            disagree,
            skipped: self.skipped,
            mutants_run: self.records.iter().map(|record| record.mutants().len()).sum(),
            mutants_caught: self.records.iter().map(Record::mutants_caught).sum(),
            seconds: self.duration.as_secs_f64(),
        }
    }
}

/// The numbers of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Claims that were run.
    pub claims: usize,
    /// Those that came out as expected.
    pub agree: usize,
    /// Those that did not.
    pub disagree: usize,
    /// Claims about which none of the wanted readings says anything.
    pub skipped: usize,
    /// Mutants that were run.
    pub mutants_run: usize,
    /// Mutants that were caught.
    pub mutants_caught: usize,
    /// Seconds from the first to the last.
    pub seconds: f64,
}

impl Summary {
    /// In one line: `62 of 62 claims as expected · 130 of 130 mutants caught · 4.2 s`.
    pub fn line(&self) -> String {
        let mut parts = vec![
            format!("{} of {} claims as expected", self.agree, self.claims),
            format!("{} of {} mutants caught", self.mutants_caught, self.mutants_run),
        ];
        if self.skipped > 0 {
            parts.push(format!("{} outside these readings", self.skipped));
        }
        parts.push(text::duration(Duration::from_secs_f64(self.seconds)));
        parts.join(" · ")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::{Record, Run};
    use crate::claims::{Claim, samples::sample_claims};
    use crate::verify::Reading;

    pub(crate) fn sample_run(claims: &[Claim]) -> Run<'_> {
        let records = claims.iter().map(|claim| {
            let outcome = match claim.run(&Reading::ALL, 0) {
                Ok(outcome) => Ok(outcome.expect("all readings are used")),
                Err(error) => Err(error.to_string()),
            };
            Record { claim, outcome }
        });
        Run {
            seed: 0,
            readings: Reading::ALL.to_vec(),
            records: records.collect(),
            skipped: 0,
            duration: Duration::from_millis(1500),
        }
    }

    #[test]
    fn what_breaks_disagrees_with_the_opposite_verdict() {
        let claims = sample_claims();
        let run = sample_run(&claims);
        let ids: Vec<_> = run.disagreements().map(|record| record.claim.id).collect();
        assert_eq!(ids, ["map.wrong", "map.broken"]);
        assert_eq!(run.records[3].verdict().to_string(), "fails");
        assert_eq!(run.records[2].escaped().collect::<Vec<_>>(), ["escapes"]);
        assert_eq!(
            run.chapters().map(|(name, records)| (name, records.len())).collect::<Vec<_>>(),
            [("conv", 1), ("map", 3)]
        );
    }

    #[test]
    fn the_summary_counts() {
        let claims = sample_claims();
        let summary = sample_run(&claims).summary();
        assert_eq!((summary.claims, summary.agree, summary.disagree), (4, 2, 2));
        assert_eq!((summary.mutants_run, summary.mutants_caught), (3, 2));
        assert_eq!(summary.line(), "2 of 4 claims as expected · 2 of 3 mutants caught · 1.5 s");
    }
}
