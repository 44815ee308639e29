//! The symmetries of a model as a table for the terminal.
//!
//! The text carries ANSI styles; whoever prints it strips them where they are not wanted.

use std::time::Duration;

use super::super::ansi::{BAD, FAINT, GOOD, NOTABLE, STRONG, line, paragraph};
use super::super::text::{duration, extents, number, pad};
use super::super::tiling::{self, TileResults};
use crate::model::{Basis, GroupReport, GroupVerdict, ModelReport, Tensor};

/// The table, with what was found about tiles if that was asked, and with what was expected of a group and
/// whether it came out so.
pub fn table(
    report: &ModelReport,
    tiles: Option<&TileResults>,
    expectations: &[(String, GroupVerdict, bool)],
    columns: usize,
) -> String {
    let mut page = String::new();
    let tensors = |list: &[Tensor]| {
        let one = |tensor: &Tensor| format!("{} {}", tensor.name, extents(&tensor.shape));
        list.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    line(&mut page, &format!("{STRONG}{}{STRONG:#}", report.model));
    line(
        &mut page,
        &format!(
            "{FAINT}opset {} · {} → {}{FAINT:#}",
            report.opset,
            tensors(&report.inputs),
            tensors(&report.outputs)
        ),
    );
    for remark in &report.remarks {
        paragraph(&mut page, 0, remark, FAINT, columns);
    }
    line(&mut page, "");
    let names: Vec<String> = report.groups.iter().map(|group| group.group.to_string()).collect();
    let first = names.iter().map(String::len).max().unwrap_or(0) + 2;
    for (name, group) in names.iter().zip(&report.groups) {
        self::group(&mut page, name, group, first, columns);
    }
    if !report.layers.is_empty() {
        layers(&mut page, report);
    }
    line(&mut page, "");
    if let Some(tiles) = tiles {
        page.push_str(&tiling::terminal::lines(tiles, &report.remarks, columns));
    }
    for (name, expected, agrees) in expectations {
        let (style, mark) = if *agrees { (GOOD, "✓") } else { (BAD, "✗") };
        line(&mut page, &format!("{style}{mark} {name} expected {expected}{style:#}"));
    }
    line(&mut page, &format!("{FAINT}{}{FAINT:#}", duration(Duration::from_secs_f64(report.seconds))));
    page
}

fn group(page: &mut String, name: &str, report: &GroupReport, first: usize, columns: usize) {
    let (style, mark) = match report.verdict {
        GroupVerdict::Invariant | GroupVerdict::Equivariant => (GOOD, "✓"),
        GroupVerdict::Broken => (BAD, "✗"),
        GroupVerdict::Undecided => (NOTABLE, "?"),
        GroupVerdict::NotApplicable => (FAINT, "–"),
    };
    let verdict = pad(&report.verdict.to_string(), 15);
    line(
        page,
        &format!(
            "{style}{mark}{style:#} \
            {}{style}{verdict}{style:#}{}",
            pad(name, first),
            evidence(report)
        ),
    );
    let indent = first + 2;
    let mut tell = |text: String| paragraph(page, indent, &text, FAINT, columns);
    if let Some(action) =
        report.output_action.as_ref().filter(|_| report.verdict == GroupVerdict::Equivariant)
    {
        tell(format!("output: {action}"));
    }
    if let Some(largest) = report.largest.as_ref().filter(|largest| **largest != name) {
        let what = if report.verdict == GroupVerdict::Undecided { "shown" } else { "holds" };
        tell(format!("{what} for: {largest}"));
    }
    if let (Some(error), Some(noise)) = (report.relative_error, report.noise_floor) {
        let consistency = report
            .consistency
            .map_or_else(String::new, |share| format!(" · same class {:.0} %", share * 100.0));
        tell(format!("measured error {} beside noise {}{consistency}", number(error), number(noise)));
    }
    if let Some((reach, bound)) = report.deviation_bound {
        match bound.is_finite() {
            true => tell(format!(
                "in floats off by at most {} for |x| ≤ {}, in any order of summation",
                number(bound),
                number(reach)
            )),
            false => tell(format!("no bound in floats for |x| ≤ {}", number(reach))),
        }
    }
    if let Some(bound) = report.deviation_on_samples {
        tell(format!("on the inputs that were measured off by at most {}", number(bound)));
    }
    if let Some(at) = &report.breaks_at {
        let what = if report.verdict == GroupVerdict::Undecided { "the proof stops" } else { "breaks" };
        tell(format!("{what} at {} ({}), error {}", at.node, at.operator, number(at.relative_error)));
    }
    if let Some(hint) = &report.hint {
        tell(hint.clone());
    }
    match (&report.grids, report.basis) {
        (Some(grids), _) if report.hint.as_ref().is_none_or(|hint| !grids.ends_with(hint.as_str())) => {
            tell(format!("by shapes alone it breaks at {grids}"));
        }
        (None, Some(Basis::Refuted)) => tell("by shapes alone it could hold: weights break it".to_owned()),
        _ => {}
    }
    if let Some(found) = &report.counterexample {
        let nonzero: usize =
            found.inputs.iter().map(|(_, array)| array.iter().filter(|entry| **entry != 0.0).count()).sum();
        let noun = if nonzero == 1 { "entry" } else { "entries" };
        tell(format!(
            "counterexample: {}, an input with {nonzero} {noun} that are not 0; sorted outputs \
                differ by {}, rounding explains {}",
            found.element,
            number(found.difference),
            number(found.bound)
        ));
    }
}

fn evidence(report: &GroupReport) -> String {
    let probability = report
        .log2_failure
        .map_or_else(String::new, |log2| format!(", wrong with probability at most 2^{}", log2.ceil()));
    match report.basis {
        Some(Basis::Proved) => format!("proved for all inputs{probability}"),
        Some(Basis::ProvedMended) => {
            let defect = report.weights_defect.map_or_else(String::new, number);
            format!("proved of the mended model{probability}; weights are off by {defect}")
        }
        Some(Basis::Refuted) => "refuted beyond all rounding".to_owned(),
        Some(Basis::Measured) => "not shown, only measured".to_owned(),
        _ => String::new(),
    }
}

fn layers(page: &mut String, report: &ModelReport) {
    let mut heading = String::new();
    for layer in &report.layers {
        let next = format!("{} · {}", layer.group, layer.element);
        if next != heading {
            line(page, "");
            line(page, &format!("{STRONG}{next}{STRONG:#}"));
            heading = next;
        }
        let (style, mark) = if layer.action.is_some() { (GOOD, "✓") } else { (BAD, "✗") };
        let action = layer.action.as_deref().unwrap_or("not permuted");
        let node = pad(&format!("{} ({})", layer.node, layer.operator), 36);
        let shape = pad(&extents(&layer.shape), 16);
        line(
            page,
            &format!(
                "{style}{mark}{style:#} {node} {FAINT}{shape}{FAINT:#} {} {action}",
                pad(&number(layer.relative_error), 9)
            ),
        );
    }
}
