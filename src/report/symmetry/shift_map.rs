//! The error of shifts as a map: a cell for each shift, the stronger the larger its error is, on a scale of
//! logarithms from 10⁻⁸ to 1.

use maud::{Markup, html};

use super::super::text::number;
use crate::model::ShiftMap;

/// How much of the hue an error of 1 has, in percent.
const STRONGEST: f64 = 85.0;

fn share(error: f64) -> f64 {
    if error > 0.0 { (1.0 + error.log10() / 8.0).clamp(0.0, 1.0) * STRONGEST } else { 0.0 }
}

/// The map under its title.
pub(super) fn map(shifts: &ShiftMap) -> Markup {
    let columns = shifts.errors.shape()[1];
    html! {
        div.pictures {
            figure.picture {
                figcaption {
                    "error of shifts, 10⁻⁸ to 1"
                    @match shifts.axes {
                        (None, across) => { ": along axis " (across) }
                        (Some(down), across) => { ": down along axis " (down) ", across along axis " (across) }
                    }
                }
                table.cells {
                    tr { th {} @for by in 0..columns { th.faint { (by) } } }
                    @for (by, row) in shifts.errors.outer_iter().enumerate() {
                        tr {
                            th.faint { @if shifts.axes.0.is_some() { (by) } }
                            @for &error in row {
                                td.plus style={ "--share:" (format!("{:.0}", share(error))) "%" }
                                    title=(number(error)) {}
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_cell_for_each_shift() {
        let errors = array![[0.0, 1.0], [1e-4, 0.25]];
        let page = map(&ShiftMap { axes: (Some(2), 3), errors }).into_string();
        assert_eq!((page.matches("<td").count(), page.matches("<tr>").count()), (4, 3));
        assert!(page.contains("--share:0%") && page.contains("--share:85%") && page.contains("--share:42%"));
        assert!(page.contains("down along axis 2, across along axis 3"), "{page}");
    }
}
