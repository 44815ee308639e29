//! A run as one self-contained page: summary, table, and for each refuted claim the picture of its
//! counterexample.

use maud::{Markup, html};

use super::text::duration;
use super::{Record, Run, evidence, heat_map, orbit, page, plot};
use crate::claims::Expected;
use crate::verify::{Counterexample, Evidence, Reading, Value};

/// The page.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn page(run: &Run) -> anyhow::Result<String> {
    let summary = run.summary();
    let mut chapters = Vec::new();
    for (name, records) in run.chapters() {
        chapters.push(chapter(name, records)?);
    }
    let title = html! { (summary.agree) " of " (summary.claims) " claims as expected" };
    let facts = html! {
        p.faint { "version " (env!("CARGO_PKG_VERSION")) " · seed " (run.seed) }
    };
    let content = html! {
        (tiles(run))
        (disagreements(run))
        nav {
            @for (name, records) in run.chapters() {
                a href={ "#" (name) } { (name) " " span.faint { (records.len()) } }
            }
        }
        main {
            table.claims {
                thead { tr {
                    th { "claim" } th { "expected" } th { "verdict" } th { "evidence" }
                    th.right { "mutants" } th.right { "time" }
                } }
                @for chapter in chapters { (chapter) }
            }
        }
        (legend(run))
    };
    Ok(page::page("verify", &title, &facts, &content))
}

fn tiles(run: &Run) -> Markup {
    let summary = run.summary();
    let tile = |count: String, words: &str, good: bool| {
        html! { div.tile.bad[!good] { span.count { (count) } " " (words) } }
    };
    html! {
        section.tiles {
            (tile(
                format!("{}/{}", summary.agree, summary.claims),
                "claims as expected",
                summary.disagree == 0
            ))
            (tile(
                format!("{}/{}", summary.mutants_caught, summary.mutants_run),
                "mutants caught",
                summary.mutants_caught == summary.mutants_run,
            ))
            @if summary.skipped > 0 { (tile(summary.skipped.to_string(), "outside these readings", true)) }
            (tile(duration(run.duration), "in all", true))
        }
    }
}

fn disagreements(run: &Run) -> Markup {
    let disagreeing: Vec<&Record> = run.disagreements().collect();
    html! {
        @if !disagreeing.is_empty() {
            section.disagreements {
                h2 { "Not as expected" }
                ul { @for record in disagreeing {
                    li {
                        a href={ "#" (record.claim.id) } { (record.claim.id) } ": "
                        (record.claim.statement)
                        @if let Err(error) = &record.outcome { p.bad { (error) } }
                        @for mutant in record.escaped() { p.bad { "mutant not caught: " (mutant) } }
                    }
                } }
            }
        }
    }
}

fn chapter(name: &str, records: &[Record]) -> anyhow::Result<Markup> {
    let agree = records.iter().filter(|record| record.agrees()).count();
    let mut rows = Vec::new();
    for record in records {
        rows.push(claim(record)?);
    }
    let example = if name == "gconv" { orbit::example()? } else { None };
    Ok(html! {
        tbody id=(name) {
            tr.chapter {
                th colspan="6" {
                    h2 { (name) }
                    span.faint { (agree) " of " (records.len()) " as expected" }
                }
            }
            @for row in rows { (row) }
            @if let Some(example) = example {
                tr.more { td colspan="6" { h3 { "What a group feature map is" } (example) } }
            }
        }
    })
}

fn claim(record: &Record) -> anyhow::Result<Markup> {
    let claim = record.claim;
    let agrees = record.agrees();
    let phrases = record.report().map(evidence::phrases).unwrap_or_default();
    Ok(html! {
        tr.claim.bad[!agrees] id=(claim.id) {
            td {
                a.id href={ "#" (claim.id) } { (claim.id) }
                div.statement { (claim.statement) }
            }
            td.faint data-label="expected" { (claim.expected) }
            td data-label="verdict" { (verdict(record.verdict(), agrees)) }
            td data-label="evidence" { ul.chips { @for phrase in phrases { li { (phrase) } } } }
            td.right data-label="mutants" { (record.mutants_caught()) "/" (record.mutants().len()) }
            td.right.faint data-label="time" { (duration(record.duration())) }
        }
        tr.more { td colspan="6" { (more(record)?) } }
    })
}

fn verdict(verdict: Expected, agrees: bool) -> Markup {
    let class = match (agrees, verdict) {
        (false, _) => "bad",
        (true, Expected::Holds) => "holds",
        (true, Expected::Fails) => "fails",
    };
    html! { span class={ "verdict " (class) } { (if agrees { "✓" } else { "✗" }) " " (verdict) } }
}

/// Beneath the row: what holds, the counterexample, the plots, and everything that was examined.
fn more(record: &Record) -> anyhow::Result<Markup> {
    let Ok(outcome) = &record.outcome else {
        let error = record.outcome.as_ref().err();
        return Ok(html! { @if let Some(error) = error { p.bad { (error) } } });
    };
    let report = &outcome.report;
    let mut plots = Vec::new();
    for figure in &report.figures {
        plots.extend(plot::figure(figure)?);
    }
    Ok(html! {
        @if let Some(remark) = &report.remark { p { (remark) } }
        @if let Some(largest) = &report.largest { p { "What holds: " strong { (largest) } } }
        @if let Some(counterexample) = &report.counterexample { (picture(counterexample)) }
        @if !plots.is_empty() { div.plots { @for plot in plots { (plot) } } }
        details {
            summary { "all evidence and mutants" }
            ul {
                @for Evidence { confirms, finding } in &report.evidence {
                    li { (if *confirms { "✓" } else { "✗" }) " " (finding) }
                }
                @for (mutant, caught) in &outcome.mutants {
                    li.bad[!caught] {
                        "mutant " (if *caught { "caught" } else { "not caught" }) ": " (mutant)
                    }
                }
            }
        }
    })
}

fn picture(counterexample: &Counterexample) -> Markup {
    let difference = counterexample.difference().map(Value::from);
    let sides = [&counterexample.left, &counterexample.right];
    let scale = heat_map::scale(sides.into_iter().chain(&difference));
    html! {
        section.counterexample {
            h3 {
                "counterexample"
                @if let Some(element) = &counterexample.element { " · g = " (element) }
                @if !counterexample.shape.is_empty() { " · " (counterexample.shape) }
            }
            div.pictures {
                @for (name, value) in &counterexample.inputs { (heat_map::picture(name, value, heat_map::scale([value]))) }
                (heat_map::picture("left", &counterexample.left, scale))
                (heat_map::picture("right", &counterexample.right, scale))
                @if let Some(difference) = &difference { (heat_map::picture("left − right", difference, scale)) }
            }
            @if scale > 0.0 { (heat_map::legend(scale)) }
            @if !counterexample.replay.is_empty() { p.faint { "replay: " code { (counterexample.replay) } } }
        }
    }
}

fn legend(run: &Run) -> Markup {
    html! {
        footer {
            h2 { "How to read this" }
            dl {
                dt { "expected, verdict" }
                dd {
                    "A true statement must be confirmed by every reading. A false one must be refuted by a \
                     counterexample, and may name the largest part that holds."
                }
                @for &reading in &run.readings { dt { (reading) } dd { (meaning(reading)) } }
                dt { "mutants" }
                dd {
                    "Plausible wrong implementations. The same check must come to the opposite result on each of \
                     them."
                }
            }
            p.faint {
                "Colours run from the largest negative to the largest positive entry: of each input for itself, \
                 and of both sides and their difference together. Numbers are rounded to three digits."
            }
        }
    }
}

fn meaning(reading: Reading) -> &'static str {
    match reading {
        Reading::Theorem => {
            "Proved for all sizes and checked by Coq: about the mathematics, not about the program."
        }
        Reading::Symbolic => {
            "The code ran on polynomials in its inputs and weights, and both sides are the same expression \
             (or all of a finite domain was gone through, exactly): a proof for the sizes named."
        }
        Reading::Field => {
            "The code ran on random elements of GF(2⁶⁴ − 2³² + 1), exactly; a false identity survives with \
             no more than the probability given."
        }
        Reading::Rounding => {
            "The code ran on floating point numbers that carry a rigorous bound of their rounding error; the \
             sides differ by the error and may differ by the bound."
        }
        Reading::Float => "Measured in single precision beside its own rounding noise: no proof.",
    }
}

#[cfg(test)]
mod tests {
    use crate::claims::samples::sample_claims;
    use crate::report::tests::sample_run;

    fn page() -> String {
        let claims = sample_claims();
        super::page(&sample_run(&claims)).unwrap()
    }

    #[test]
    fn every_claim_has_its_anchor() {
        let page = page();
        for id in ["conv", "map", "conv.commutative", "map.turns", "map.wrong", "map.broken"] {
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
    }

    #[test]
    fn what_claims_say_is_escaped() {
        let page = page();
        assert!(page.contains("a &lt; b turns &amp;&amp; turns") && !page.contains("a < b"));
        assert!(page.contains("x&lt;1&gt;"));
        assert!(page.contains("Defect &amp; angle"));
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page = page().replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=", "<script", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn refuted_claims_have_pictures_and_plots() {
        let page = page();
        // Two claims are refuted: input, left, right and difference each.
        assert_eq!(page.matches("<figure class=\"picture\">").count(), 8);
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(
            page.contains("multiples of 180°")
                && page.contains("no such axis")
                && page.contains("mutant not caught: escapes")
        );
    }
}
