//! Images under a continuous transformation as a table for the terminal, with ANSI styles.

use std::time::Duration;

use super::super::ansi::{BAD, FAINT, GOOD, NOTABLE, line};
use super::super::text::{duration, number, pad};
use super::{AngleResults, ImageResult};
use crate::angle::Verdict;

/// What is told before the images.
pub fn heading(results: &AngleResults) -> String {
    let AngleResults { transformation, unit, asked, searched, .. } = results;
    let mut text = format!(
        "{} · {} · {transformation} from {} to {} {unit}\n",
        results.model,
        results.images_from,
        number(asked.low()),
        number(asked.high())
    );
    if results.is_invariant && asked != searched {
        let (from, to) = (number(searched.low()), number(searched.high()));
        line(
            &mut text,
            &format!(
                "{FAINT}invariant under quarter turns, so that {from} to {to} {unit} are the whole \
                 circle{FAINT:#}"
            ),
        );
    }
    let cells = ["image", "label", "class", "verdict", ""];
    line(&mut text, &format!("{FAINT}  {}{FAINT:#}", row(cells)));
    text
}

fn row(cells: [&str; 5]) -> String {
    let wide: String = cells[..4].iter().zip([8, 7, 7, 12]).map(|(cell, width)| pad(cell, width)).collect();
    format!("{wide}{}", cells[4]).trim_end().to_owned()
}

/// The row of an image.
pub fn image(image: &ImageResult, unit: &str) -> String {
    let (style, mark, told) = match &image.verdict {
        Verdict::Certified { margins } => {
            let least = margins.iter().map(|(_, margin)| *margin).fold(f64::INFINITY, f64::min);
            (GOOD, "✓", format!("margin at least {} on {} intervals", number(least), margins.len()))
        }
        Verdict::Refuted { parameter, class, margin } => {
            let margin = number(-margin);
            (BAD, "✗", format!("class {class} at {parameter} {unit}, ahead by {margin} at least"))
        }
        Verdict::Undecided { certified } => {
            let share: f64 = certified.iter().map(crate::angle::Interval::width).sum();
            let largest = image.verdict.largest().map_or_else(
                || "no interval".to_owned(),
                |interval| format!("{} to {}", number(interval.low()), number(interval.high())),
            );
            (NOTABLE, "?", format!("certified on {} {unit}, the largest piece {largest}", number(share)))
        }
    };
    let label = image.label.map_or_else(String::new, |label| label.to_string());
    let cells = [&image.index.to_string(), &label, &image.class.to_string(), image.word(), &told];
    let time = duration(Duration::from_secs_f64(image.seconds));
    format!("{style}{mark}{style:#} {}  {FAINT}{time}{FAINT:#}\n", row(cells.map(|cell| cell as &str)))
}

/// The totals.
pub fn totals(results: &AngleResults) -> String {
    let right = results.images.iter().filter(|image| image.is_right() == Some(true)).count();
    let labelled = results.images.iter().any(|image| image.label.is_some());
    let of = if labelled { format!(", {right} of them right") } else { String::new() };
    format!(
        "\n{} images{of} · {} certified · {} refuted · {} undecided\n",
        results.images.len(),
        results.count("certified"),
        results.count("refuted"),
        results.count("undecided")
    )
}
