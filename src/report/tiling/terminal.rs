//! The tiles of a model as lines for the terminal, with ANSI styles.

use super::super::ansi::{BAD, FAINT, GOOD, STRONG, line, paragraph};
use super::super::text::{extents, number, pad};
use super::{TileResults, bytes, probability};
use crate::model::Tiling;

/// Blanks before what is told of a verdict.
const INDENT: usize = 4;

/// The lines, without remarks that were made before.
pub fn lines(results: &TileResults, told: &[String], columns: usize) -> String {
    let mut page = String::new();
    let report = &results.report;
    match (&report.tiling, &report.obstacle) {
        (Some(tiling), _) => possible(&mut page, tiling, columns),
        (None, Some(obstacle)) => {
            let at = obstacle
                .node
                .as_ref()
                .map_or_else(String::new, |(name, operator)| format!(" at {name} ({operator})"));
            line(&mut page, &format!("{BAD}✗{BAD:#} {STRONG}tiles{STRONG:#}  {BAD}not possible{BAD:#}{at}"));
            paragraph(&mut page, INDENT, &obstacle.reason, FAINT, columns);
        }
        (None, None) => {}
    }
    for remark in report.remarks.iter().filter(|remark| !told.contains(remark)) {
        paragraph(&mut page, INDENT, remark, FAINT, columns);
    }
    if let Some(plan) = &results.plan {
        let text = format!(
            "an image of {} in {} of {}: {} of its entries are read for each that is wanted",
            extents(&plan.image),
            if plan.pieces.len() == 1 { "1 tile".to_owned() } else { format!("{} tiles", plan.pieces.len()) },
            extents(&plan.tile),
            number(plan.cost),
        );
        paragraph(&mut page, INDENT, &text, FAINT, columns);
    }
    line(&mut page, "");
    page
}

fn possible(page: &mut String, tiling: &Tiling, columns: usize) {
    line(
        page,
        &format!(
            "{GOOD}✓{GOOD:#} {STRONG}tiles{STRONG:#}  {GOOD}the same as the whole{GOOD:#}  proved for all \
             images, {}",
            probability(tiling)
        ),
    );
    let row =
        |cells: [&str; 6]| cells.iter().map(|cell| pad(cell, 15)).collect::<String>().trim_end().to_owned();
    let heading = row(["axis", "lattice", "scale", "reach", "halo", "legal sizes"]);
    line(page, &format!("  {FAINT}{heading}{FAINT:#}"));
    for axis in &tiling.axes {
        let pair = |[before, after]: [usize; 2]| format!("{before} and {after}");
        let sizes =
            format!("{}, {}, …", axis.legal_sizes.from, axis.legal_sizes.from + axis.legal_sizes.step);
        line(
            page,
            &format!(
                "  {}",
                row([
                    &axis.axis.to_string(),
                    &axis.lattice.to_string(),
                    &number(axis.scale(0)),
                    &pair(axis.reach),
                    &pair(axis.halo),
                    &sizes,
                ])
            ),
        );
    }
    let mut tell = |text: String| paragraph(page, INDENT, &text, FAINT, columns);
    tell(
        "read each tile with the halo, cut at the borders of the image and not padded there: the model pads \
         as it does for the whole"
            .to_owned(),
    );
    let sides = tiling.axes.iter().flat_map(|axis| axis.reach).filter(|&reach| reach > 0).count();
    match tiling.counterexamples.iter().map(|found| found.difference).reduce(f64::max) {
        Some(difference) => tell(format!(
            "one entry less is refuted on {} of {sides} sides; results differ by up to {}",
            tiling.counterexamples.len(),
            number(difference)
        )),
        None if sides > 0 => tell("no image was found for which one entry less is too little".to_owned()),
        None => tell("no tile reads beyond itself".to_owned()),
    }
    let padded = tiling.padding.iter().filter_map(|report| Some((report.mode, report.difference?)));
    if let Some((mode, difference)) = padded.reduce(|one, other| if other.1 > one.1 { other } else { one }) {
        tell(format!(
            "padding by the tool is wrong: {mode} at the border of an image changes results by up to {}",
            number(difference)
        ));
    }
    let at: Vec<String> = tiling.proved_at.iter().map(|size| extents(size)).collect();
    tell(format!("proved on images of {}", at.join(" and of ")));
    let row =
        |cells: [&str; 3]| cells.iter().map(|cell| pad(cell, 18)).collect::<String>().trim_end().to_owned();
    line(page, &format!("  {FAINT}{}{FAINT:#}", row(["tile", "read over wanted", "memory of a tile"])));
    for cost in &tiling.costs {
        line(page, &format!("  {}", row([&extents(&cost.tile), &number(cost.cost), &bytes(cost.memory)])));
    }
}
