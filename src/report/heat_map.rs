//! Arrays as grids of coloured cells: one row for one axis, a grid for two, a grid for each index of the
//! leading axes for more.
//!
//! The colour of an entry v is the positive or the negative hue, as strong as |v| is against the
//! largest |v| of its scale; a mixture with the page's own background, so that it reads on light and on dark.

use maud::{Markup, html};
use ndarray::ArrayD;

use super::text::number;
use crate::verify::Value;

/// Grids with more columns than this have cells without numbers.
const NUMBERED_COLUMNS: usize = 12;
/// How much of the hue the strongest cell has, in percent; more would make its number hard to read.
const STRONGEST: f64 = 65.0;
/// More grids than this are cut off, with a word on how many are left out.
const MOST_GRIDS: usize = 16;

/// The largest magnitude of all entries.
pub(super) fn scale<'a>(values: impl IntoIterator<Item = &'a Value>) -> f64 {
    values
        .into_iter()
        .flat_map(|value| match value {
            Value::Array(array) => array.iter().copied().collect(),
            Value::Text(_) => Vec::new(),
        })
        .filter(|entry| entry.is_finite())
        .fold(0.0, |largest, entry| entry.abs().max(largest))
}

/// One array or text under its label.
pub(super) fn picture(label: &str, value: &Value, scale: f64) -> Markup {
    html! {
        figure.picture {
            figcaption { (label) @if let Value::Array(array) = value { " " span.extents { (extents(array.shape())) } } }
            @match value {
                Value::Text(text) => { pre { (text) } }
                Value::Array(array) if array.is_empty() => { p.faint { "no entries" } }
                Value::Array(array) => { div.grids { (grids(array, scale)) } }
            }
        }
    }
}

/// What the colours mean.
pub(super) fn legend(scale: f64) -> Markup {
    let end = number(scale);
    html! { p.scale { span { "−" (end) } span.gradient {} span { (end) } } }
}

fn extents(shape: &[usize]) -> String {
    match shape {
        [] => "a number".to_owned(),
        shape => shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × "),
    }
}

fn grids(array: &ArrayD<f64>, scale: f64) -> Markup {
    let (leading, spatial) = array.shape().split_at(array.ndim().saturating_sub(2));
    let columns = spatial.last().copied().unwrap_or(1);
    let entries: Vec<f64> = array.iter().copied().collect();
    let size: usize = spatial.iter().product();
    let count = entries.len() / size;
    html! {
        @for (place, grid) in entries.chunks(size).enumerate().take(MOST_GRIDS) {
            table.cells.small[columns > NUMBERED_COLUMNS] {
                @if !leading.is_empty() { caption { (index(place, leading)) } }
                @for row in grid.chunks(columns) {
                    tr { @for &entry in row { (cell(entry, scale, columns <= NUMBERED_COLUMNS)) } }
                }
            }
        }
        @if count > MOST_GRIDS { p.faint { "and " (count - MOST_GRIDS) " more" } }
    }
}

/// The index of a grid along the leading axes: `[0, 2]`.
fn index(mut place: usize, leading: &[usize]) -> String {
    let mut index: Vec<String> = Vec::new();
    for extent in leading.iter().rev() {
        index.push((place % extent).to_string());
        place /= extent;
    }
    index.reverse();
    format!("[{}]", index.join(", "))
}

fn cell(entry: f64, scale: f64, numbered: bool) -> Markup {
    let share = if entry == 0.0 || scale == 0.0 { 0.0 } else { (entry.abs() / scale).min(1.0) * STRONGEST };
    let class = if entry > 0.0 {
        "plus"
    } else if entry < 0.0 {
        "minus"
    } else {
        "zero"
    };
    let number = number(entry);
    html! {
        td class=(class) style=[(share > 0.0).then(|| format!("--share:{share:.0}%"))] title=[(!numbered).then_some(&number)] {
            @if numbered { (number) }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array};

    use super::{index, picture, scale};

    #[test]
    fn one_row_for_one_axis_and_a_grid_for_two() {
        let row = picture("x", &array![1.0, -4.0, 0.0].into_dyn().into(), 4.0).into_string();
        assert_eq!((row.matches("<tr>").count(), row.matches("<td").count()), (1, 3));
        assert!(row.contains(r#"class="plus" style="--share:16%""#), "{row}");
        assert!(row.contains(r#"class="minus" style="--share:65%""#), "{row}");
        let grid = picture("x", &array![[1.0, 2.0], [3.0, 4.0]].into_dyn().into(), 4.0).into_string();
        assert_eq!((grid.matches("<tr>").count(), grid.matches("<caption>").count()), (2, 0));
    }

    #[test]
    fn leading_axes_make_small_multiples() {
        let many = picture("x", &ArrayD::zeros(vec![2, 3, 2, 2]).into(), 0.0).into_string();
        assert_eq!(many.matches("<table").count(), 6);
        assert!(many.contains("<caption>[1, 2]</caption>"));
        assert_eq!(index(5, &[2, 3]), "[1, 2]");
    }

    #[test]
    fn odd_arrays_are_shown_too() {
        assert!(picture("x", &ArrayD::from_elem(vec![], 3.0).into(), 3.0).into_string().contains(">3</td>"));
        assert!(
            picture("x", &ArrayD::<f64>::zeros(vec![0, 2]).into(), 3.0).into_string().contains("no entries")
        );
        assert!(picture("<x>", &"a<b".into(), 0.0).into_string().contains("<pre>a&lt;b</pre>"));
        assert_eq!(scale([&array![1.0, f64::NAN, -3.0].into_dyn().into(), &"text".into()]), 3.0);
    }
}
