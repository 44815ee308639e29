//! The tiles of a model as a section of a page: the tile with its halo over the image, what one entry less
//! changes, and what tiles cost.

use maud::{Markup, html};

use super::super::heat_map;
use super::super::plot;
use super::super::text::{extents, number};
use super::{TileResults, bytes, picture, probability};
use crate::model::{TileCounterexample, Tiling};
use crate::verify::{Figure, Value};

/// The section.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn section(results: &TileResults) -> anyhow::Result<Markup> {
    let report = &results.report;
    let content = match &report.tiling {
        Some(tiling) => possible(tiling)?,
        None => html! {},
    };
    Ok(html! {
        section id="tiles" {
            h2 { "Tiles " span.faint {
                @if report.tiling.is_some() { "the same as the whole" } @else { "not possible" }
            } }
            @if let Some(obstacle) = &report.obstacle {
                p {
                    @if let Some((name, operator)) = &obstacle.node { (name) " (" (operator) "): " }
                    (obstacle.reason)
                }
            }
            (content)
            @for remark in &report.remarks { p.faint { (remark) } }
            @if let Some(plan) = &results.plan {
                p {
                    "An image of " (extents(&plan.image)) " in " (plan.pieces.len()) " tiles of "
                    (extents(&plan.tile)) ": " (number(plan.cost))
                    " of its entries are read for each that is wanted."
                }
            }
        }
    })
}

fn possible(tiling: &Tiling) -> anyhow::Result<Markup> {
    let curve = |points: &dyn Fn(&crate::model::TileCost) -> f64| -> Vec<(f64, f64)> {
        tiling.costs.iter().map(|cost| (cost.tile[0] as f64, points(cost))).collect()
    };
    let costs = Figure {
        title: "Entries read for each that is wanted".to_owned(),
        horizontal: "entries of a tile along the first axis".to_owned(),
        vertical: "times".to_owned(),
        series: vec![("read over wanted".to_owned(), curve(&|cost| cost.cost))],
    };
    let drawn = plot::figure(&costs)?;
    let seam = tiling.counterexamples.iter().max_by(|one, other| one.difference.total_cmp(&other.difference));
    Ok(html! {
        p {
            "Proved for all images, " (probability(tiling)) ". Read each tile with its halo, cut at the borders "
            "of the image and not padded there: the model pads as it does for the whole."
        }
        table.claims {
            thead { tr {
                th { "axis" } th.right { "lattice" } th.right { "scale" } th.right { "reach before, after" }
                th.right { "halo before, after" } th { "legal sizes" }
            } }
            @for axis in &tiling.axes { tr {
                td { (axis.axis) }
                td.right { (axis.lattice) }
                td.right { (number(axis.scale(0))) }
                td.right { (axis.reach[0]) ", " (axis.reach[1]) }
                td.right { (axis.halo[0]) ", " (axis.halo[1]) }
                td { (axis.legal_sizes.from) ", " (axis.legal_sizes.from + axis.legal_sizes.step) ", …" }
            } }
        }
        (picture::tile(tiling))
        @if let Some(found) = seam { (counterexample(found)) }
        @if !tiling.padding.is_empty() {
            h3 { "Padding by the tool" }
            table.claims {
                thead { tr {
                    th { "axis" } th { "padding" }
                    th.right { "largest difference" } th.right { "largest value" }
                } }
                @for report in &tiling.padding { tr {
                    td { (report.axis) }
                    td { (report.mode) }
                    td.right { (report.difference.map_or_else(|| "none found".to_owned(), number)) }
                    td.right { (number(report.largest)) }
                } }
            }
        }
        h3 { "Cost" }
        @if let Some(drawn) = &drawn { (drawn) }
        table.claims {
            thead { tr {
                th { "tile" } th.right { "read over wanted" } th.right { "memory of all tensors at once" }
            } }
            @for cost in &tiling.costs { tr {
                td { (extents(&cost.tile)) }
                td.right { (number(cost.cost)) }
                td.right { (bytes(cost.memory)) }
            } }
        }
    })
}

fn counterexample(found: &TileCounterexample) -> Markup {
    let side = if found.after { "after" } else { "before" };
    let sides = [
        Value::Array(found.left.clone()),
        Value::Array(found.right.clone()),
        Value::Array(&found.left - &found.right),
    ];
    let scale = heat_map::scale(&sides[..2]);
    html! {
        h3 { "The seam where the halo is one too small" }
        p.faint {
            "Two images that agree on the tile and on " (found.halo) " entries " (side) " it along axis "
            (found.axis) " give values of " (found.output) " on the tile that differ by "
            (number(found.difference)) "; rounding explains at most " (number(found.bound)) "."
        }
        div.pictures {
            (heat_map::picture("on the tile, first image", &sides[0], scale))
            (heat_map::picture("on the tile, second image", &sides[1], scale))
            (heat_map::picture("difference, on its own scale", &sides[2], heat_map::scale([&sides[2]])))
        }
    }
}
