//! A run as a table for the terminal: two lines for a claim, its counterexample beneath, and what disagrees
//! in full at the end.
//!
//! The text carries ANSI styles; whoever prints it strips them where they are not wanted.

use std::time::Duration;

use anstyle::Style;

use super::ansi::{BAD, FAINT, GOOD, NOTABLE, STRONG};
use super::text::{duration, inline, pad, width, wrap, wrap_pieces};
use super::{Record, Run, evidence};
use crate::claims::power::Power;
use crate::claims::{Claim, Expected};
use crate::verify::Counterexample;

/// The columns after that of the evidence and before it: `expected`, `verdict`, `mutants`, `time`.
const VERDICT: usize = 8;
const MUTANTS: usize = 7;
const TIME: usize = 7;
const GAP: usize = 2;
/// The mark and a blank.
const MARK: usize = 2;
/// Evidence in fewer columns than this stands beneath the statement instead of beside it.
const NARROWEST_EVIDENCE: usize = 26;

/// The table, the disagreements in full, and the summary, for a terminal of so many columns.
pub fn run(run: &Run, columns: usize) -> String {
    let layout = Layout::new(run, columns);
    let mut page = Page::default();
    layout.header(&mut page);
    for (name, records) in run.chapters() {
        layout.chapter(&mut page, name, records);
        for record in records {
            layout.record(&mut page, record);
        }
    }
    let disagreements: Vec<&Record> = run.disagreements().collect();
    for record in &disagreements {
        page.line("");
        expand(&mut page, record, run.seed);
    }
    page.line("");
    page.line(&summary(run));
    page.text
}

/// The last line of the table.
pub fn summary(run: &Run) -> String {
    let style = if run.disagreements().next().is_none() { GOOD } else { BAD };
    format!("{style}{}{style:#} · seed {}", run.summary().line(), run.seed)
}

/// What disagrees, in one line: `seed 8: map.turns found holds · conv.commutative missed "the kernel is not
/// flipped"`.
pub fn disagreements(run: &Run) -> String {
    let parts: Vec<String> = run.disagreements().map(disagreement).collect();
    format!("{BAD}✗{BAD:#} seed {}: {}", run.seed, parts.join(" · "))
}

fn disagreement(record: &Record) -> String {
    let claim = record.claim;
    let Ok(outcome) = &record.outcome else {
        return format!("{} {}", claim.id, record.outcome.as_ref().err().map_or("", String::as_str));
    };
    let mut parts = Vec::new();
    if !claim.is_as_expected(&outcome.report) {
        parts.push(format!("found {}", outcome.report.verdict));
    }
    parts.extend(record.escaped().map(|mutant| format!("missed \"{mutant}\"")));
    format!("{} {}", claim.id, parts.join(", "))
}

/// The last line of a run over many seeds.
pub fn summary_of_seeds(seeds: &str, runs: u64, agree: u64, time: Duration) -> String {
    let style = if runs == agree { GOOD } else { BAD };
    format!("{style}{agree} of {runs} seeds as expected · {}{style:#} · seeds {seeds}", duration(time))
}

/// How easily what is false is missed, as a table in Markdown, what is missed most easily first.
pub fn power(powers: &[Power]) -> String {
    let mut text = String::from(
        "| missed with | draws | weakest part | it found | so one draw finds with | what is false \
         |\n|---|---|---|---|---|---|\n",
    );
    for power in powers {
        let Some((part, finds)) = power.weakest_part() else { continue };
        let draws = part.draws.map_or_else(|| "all".to_owned(), |draws| draws.to_string());
        let part = part.name;
        let what =
            power.mutant.map_or_else(|| "the statement".to_owned(), |mutant| format!("mutant: {mutant}"));
        text.push_str(&format!(
            "| {:.1e} | {draws} | {part} | {} of {} | {:.3} | `{}`, {what} |\n",
            power.miss(),
            finds.found,
            finds.runs,
            finds.least(),
            power.claim,
        ));
    }
    text
}

/// The claims without running them: id and expected truth, then the statement and the theorems.
pub fn list(claims: &[&Claim], columns: usize) -> String {
    let mut page = Page::default();
    for claim in claims {
        let expected = verdict_style(claim.expected, true);
        page.line(&format!("{STRONG}{}{STRONG:#}  {expected}{}{expected:#}", claim.id, claim.expected));
        page.lines(4, &wrap(claim.statement, columns.saturating_sub(4)), Style::new());
        if !claim.theorems.is_empty() {
            let theorems = format!("theorems: {}", claim.theorems.join(", "));
            page.lines(4, &wrap(&theorems, columns.saturating_sub(4)), FAINT);
        }
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn lines(&mut self, indent: usize, lines: &[String], style: Style) {
        for line in lines {
            self.line(&format!("{}{style}{line}{style:#}", " ".repeat(indent)));
        }
    }
}

struct Layout {
    columns: usize,
    id: usize,
    /// Zero where the evidence stands beneath the statement.
    evidence: usize,
}

impl Layout {
    fn new(run: &Run, columns: usize) -> Self {
        let id = run.records.iter().map(|record| width(record.claim.id)).max().unwrap_or(0).max(5);
        let others = MARK + 2 * (GAP + VERDICT) + GAP + MUTANTS + GAP + TIME;
        let left = columns.saturating_sub(others + id);
        match left.checked_sub(GAP) {
            Some(evidence) if evidence >= NARROWEST_EVIDENCE => Layout { columns, id, evidence },
            _ => Layout { columns, id, evidence: 0 },
        }
    }

    /// The columns that a statement takes beneath its id: up to the evidence, or the whole line.
    fn statement(&self) -> usize {
        if self.evidence > 0 { self.id + 2 * (GAP + VERDICT) } else { self.columns.saturating_sub(MARK) }
    }

    fn header(&self, page: &mut Page) {
        let evidence = if self.evidence > 0 { pad("  evidence", GAP + self.evidence) } else { String::new() };
        page.line(&format!(
            "{FAINT}{}{}  expected  verdict {evidence}  mutants     time{FAINT:#}",
            " ".repeat(MARK),
            pad("claim", self.id),
        ));
    }

    fn chapter(&self, page: &mut Page, name: &str, records: &[Record]) {
        let agree = records.iter().filter(|record| record.agrees()).count();
        let title = format!("── {name} ");
        let count = format!(" {agree} of {} as expected", records.len());
        let rule = "─".repeat(self.columns.saturating_sub(width(&title) + width(&count)));
        page.line("");
        page.line(&format!("{STRONG}{title}{STRONG:#}{FAINT}{rule}{count}{FAINT:#}"));
    }

    fn record(&self, page: &mut Page, record: &Record) {
        let agrees = record.agrees();
        let (mark, mark_style) = if agrees { ("✓", GOOD) } else { ("✗", BAD) };
        let verdict = verdict_style(record.verdict(), agrees);
        let caught = format!("{}/{}", record.mutants_caught(), record.mutants().len());
        let caught_style = if record.escaped().next().is_none() { FAINT } else { BAD };

        let phrases = record.report().map(evidence::phrases).unwrap_or_default();
        let evidence_columns = if self.evidence > 0 { self.evidence } else { self.statement() };
        let evidence = wrap_pieces(phrases.iter().map(String::as_str), " · ", evidence_columns);
        let (beside, beneath) =
            if self.evidence > 0 { (evidence, Vec::new()) } else { (Vec::new(), evidence) };
        let beside_first = if self.evidence > 0 {
            format!("  {FAINT}{}{FAINT:#}", pad(beside.first().map_or("", String::as_str), self.evidence))
        } else {
            String::new()
        };

        page.line(&format!(
            "{mark_style}{mark}{mark_style:#} \
             {STRONG}{}{STRONG:#}  {FAINT}{}{FAINT:#}  {verdict}{}{verdict:#}{beside_first}  {caught_style}{caught:>MUTANTS$}{caught_style:#}  {FAINT}{:>TIME$}{FAINT:#}",
            pad(record.claim.id, self.id),
            pad(&record.claim.expected.to_string(), VERDICT),
            pad(&record.verdict().to_string(), VERDICT),
            duration(record.duration()),
        ));
        let statement = wrap(record.claim.statement, self.statement());
        for row in 0..statement.len().max(beside.len().saturating_sub(1)) {
            let left = statement.get(row).map_or("", String::as_str);
            match beside.get(row + 1) {
                Some(right) => {
                    page.line(&format!("  {}  {FAINT}{right}{FAINT:#}", pad(left, self.statement())));
                }
                None => page.line(&format!("  {left}")),
            }
        }
        page.lines(MARK, &beneath, FAINT);
        if let Some(report) = record.report() {
            if let Some(largest) = &report.largest {
                let lines = wrap(&format!("what holds: {largest}"), self.columns.saturating_sub(2 * MARK));
                page.lines(2 * MARK, &lines, NOTABLE);
            }
            if let Some(counterexample) = &report.counterexample {
                let lines = wrap(&compact(counterexample), self.columns.saturating_sub(2 * MARK));
                page.lines(2 * MARK, &lines, FAINT);
            }
        }
    }
}

fn verdict_style(verdict: Expected, agrees: bool) -> Style {
    match (verdict, agrees) {
        (_, false) => BAD,
        (Expected::Holds, true) => GOOD,
        (Expected::Fails, true) => NOTABLE,
    }
}

/// `refuted by g = Rot90, x = [1 0; 0 0]: [0 1; 0 0] ≠ [1 0; 0 0]`. What refutes that two things differ has
/// equal sides.
fn compact(counterexample: &Counterexample) -> String {
    let element = counterexample.element.iter().map(|element| format!("g = {element}"));
    let inputs = counterexample.inputs.iter().map(|(name, value)| format!("{name} = {}", inline(value)));
    let at: Vec<String> = element.chain(inputs).collect();
    let sign = if counterexample.left == counterexample.right { "=" } else { "≠" };
    let (left, right) = (inline(&counterexample.left), inline(&counterexample.right));
    format!("refuted by {}: {left} {sign} {right}", at.join(", "))
}

fn expand(page: &mut Page, record: &Record, seed: u64) {
    let claim = record.claim;
    page.line(&format!(
        "{BAD}✗ {}{BAD:#} expected: {}, found: {}",
        claim.id,
        claim.expected,
        record.report().map_or_else(|| "no result".to_owned(), |report| report.verdict.to_string())
    ));
    page.line(&format!("  {}", claim.statement));
    match &record.outcome {
        Err(error) => page.line(&format!("  {BAD}{error}{BAD:#}")),
        Ok(outcome) => {
            for line in outcome.report.to_string().lines().skip(1) {
                page.line(&format!("  {line}"));
            }
        }
    }
    for escaped in record.escaped() {
        page.line(&format!("  {BAD}mutant not caught:{BAD:#} {escaped}"));
    }
    // A counterexample ends with this line itself.
    if record.report().is_none_or(|report| report.counterexample.is_none()) {
        page.line(&format!("  replay: equivariant verify {} --seed {seed}", claim.id));
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::width;
    use crate::claims::samples::sample_claims;
    use crate::report::tests::sample_run;

    fn table(columns: usize) -> String {
        let claims = sample_claims();
        let styled = super::run(&sample_run(&claims), columns);
        anstream::adapter::strip_str(&styled).to_string()
    }

    #[test]
    fn a_table_fits_its_terminal() {
        for columns in [60, 80, 100, 160] {
            let table = table(columns);
            let rows = table.split("\n\n").take(3).flat_map(str::lines);
            for line in rows {
                assert!(width(line) <= columns, "{line:?} is wider than {columns}");
            }
        }
    }

    #[test]
    fn a_wide_table_has_the_evidence_beside() {
        let table = table(100);
        let row = table.lines().find(|line| line.contains("conv.commutative")).unwrap();
        assert!(
            row.starts_with("✓ conv.commutative  holds     holds     theorem · symbolic 16 terms"),
            "{row}"
        );
        assert!(row.contains("1/1"));
    }

    #[test]
    fn a_refuted_claim_shows_why() {
        let table = table(100);
        assert!(
            table.contains("refuted by g = Rot90, x<1> = [1 0; 0 −2.5]: [0 1; 0 0] ≠ [1 0; 0 0]"),
            "{table}"
        );
        assert!(table.contains("what holds: multiples of 180°"));
    }

    #[test]
    fn disagreements_are_expanded_at_the_end() {
        let table = table(100);
        let (_, end) = table.split_once("✗ map.wrong expected: holds, found: fails").unwrap();
        assert!(end.contains("replay: equivariant verify map.broken --seed 0"));
        assert!(end.contains("mutant not caught: escapes"));
        assert!(end.contains("no such axis"));
        assert!(end.trim_end().ends_with("1.5 s · seed 0"));
    }

    #[test]
    fn the_list_has_every_claim_once() {
        let claims = sample_claims();
        let list = super::list(&claims.iter().collect::<Vec<_>>(), 80);
        for claim in &claims {
            assert_eq!(list.matches(claim.id).count(), 1);
        }
    }
}
