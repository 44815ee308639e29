//! The symmetries of a model as one self-contained page: a table, and for each group the error of each
//! element (a rose for turns, a map for shifts), the error of each layer, and the pictures of its
//! counterexample.

use maud::{Markup, html};
use ndarray::ArrayD;

use super::super::heat_map;
use super::super::page;
use super::super::text::number;
use super::super::tiling::{self, TileResults};
use super::{rose, shift_map};
use crate::model::{Counterexample, GroupReport, ModelReport};
use crate::verify::Value;

/// The page, with what was found about tiles if that was asked.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn page(report: &ModelReport, tiles: Option<&TileResults>) -> anyhow::Result<String> {
    let tiles = tiles.map(tiling::html::section).transpose()?;
    let title = html! { (report.model) };
    let facts = html! {
        p.faint { (report.model) " · opset " (report.opset) }
        @for remark in &report.remarks { p.faint { (remark) } }
    };
    let content = html! {
        main {
            table.claims {
                thead { tr {
                    th { "group" } th { "verdict" } th { "evidence" } th { "holds for" }
                    th { "breaks at" }
                    th.right { "error" } th.right { "noise" }
                } }
                @for group in &report.groups { tbody { (row(group)) } }
            }
            @if let Some(tiles) = &tiles { (tiles) }
            @for group in &report.groups { (section(group, report)) }
        }
    };
    Ok(page::page("check", &title, &facts, &content))
}

fn row(group: &GroupReport) -> Markup {
    let written = |value: Option<f64>| value.map(number).unwrap_or_default();
    html! {
        tr {
            td { a href={ "#" (group.group) } { (group.group) } }
            td { (group.verdict) }
            td {
                @if let Some(evidence) = group.basis { (evidence) }
                @if let Some(log2) = group.log2_failure {
                    " (wrong with probability at most 2^" (log2.ceil()) ")"
                }
            }
            td { (group.largest.as_deref().unwrap_or_default()) }
            td { @if let Some(at) = &group.breaks_at { (at.node) " (" (at.operator) ")" } }
            td.right { (written(group.relative_error)) }
            td.right { (written(group.noise_floor)) }
        }
    }
}

fn section(group: &GroupReport, report: &ModelReport) -> Markup {
    let name = group.group.to_string();
    let elements: Vec<(String, f64)> =
        group.elements.iter().map(|element| (element.name.clone(), element.relative_error)).collect();
    let layers = report.layers.iter().filter(|layer| layer.group == group.group);
    let layers: Vec<(String, f64)> =
        layers.map(|layer| (format!("{} ({})", layer.node, layer.operator), layer.relative_error)).collect();
    html! {
        section id=(name) {
            h2 { (name) " " span.faint { (group.verdict) } }
            @if let Some(action) = &group.output_action { p { "Output: " (action) } }
            @if let Some(hint) = &group.hint { p { (hint) } }
            (rose::roses(&group.elements))
            @if let Some(shifts) = &group.shifts { (shift_map::map(shifts)) }
            (bars("Error of each element", &elements))
            (bars("Error of each layer", &layers))
            @if let Some(found) = &group.counterexample { (counterexample(found)) }
        }
    }
}

/// Bars whose lengths are logarithms: from 10⁻⁸ to 1.
fn bars(title: &str, values: &[(String, f64)]) -> Markup {
    let length =
        |value: f64| if value > 0.0 { ((value.log10() + 8.0) / 8.0).clamp(0.01, 1.0) * 100.0 } else { 0.0 };
    html! {
        @if !values.is_empty() {
            h3 { (title) }
            table {
                @for (name, value) in values {
                    tr {
                        td { (name) }
                        td.right { (number(*value)) }
                        td style="width:40%" {
                            div style=(bar(length(*value))) {}
                        }
                    }
                }
            }
        }
    }
}

fn bar(percent: f64) -> String {
    format!("height:0.7em;width:{percent:.1}%;background:currentColor;opacity:0.5")
}

fn counterexample(found: &Counterexample) -> Markup {
    let value = |array: &ArrayD<f64>| Value::Array(array.clone());
    let inputs: Vec<(&str, Value)> =
        found.inputs.iter().map(|(name, array)| (name.as_str(), value(array))).collect();
    let sides = [value(&found.left), value(&found.right), value(&(&found.left - &found.right))];
    let of_inputs = heat_map::scale(inputs.iter().map(|(_, value)| value));
    let of_outputs = heat_map::scale(&sides[..2]);
    html! {
        h3 { "Counterexample: " (found.element) }
        p.faint {
            "Sorted, the values of " (found.output) " differ by " (number(found.difference))
            ", and rounding explains at most " (number(found.bound))
            ": no permutation of the output explains it."
        }
        div.pictures {
            @for (name, value) in &inputs { (heat_map::picture(name, value, of_inputs)) }
        }
        div.pictures {
            (heat_map::picture("output of the moved input", &sides[0], of_outputs))
            (heat_map::picture("output", &sides[1], of_outputs))
            (heat_map::picture("difference", &sides[2], heat_map::scale([&sides[2]])))
        }
    }
}
