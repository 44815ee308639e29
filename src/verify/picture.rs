//! Arrays as people read them: rows of aligned numbers, cropped around the place that matters.
//!
//! Whatever the size of an array, its picture has at most [`ROWS`] rows of [`COLUMNS`] numbers and a line
//! that says what was left out.

use ndarray::{ArrayD, Dimension};

/// Lines of an array that is shown whole.
const ROWS: usize = 8;
/// Numbers in a row.
const COLUMNS: usize = 10;
/// Rows of a cropped picture.
const CROPPED_ROWS: usize = 6;

/// How numbers are written, so that all of a picture are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// So many digits after the point.
    Fixed(usize),
    /// So many digits after the first, and a power of ten.
    Scientific(usize),
}

impl Style {
    /// A style with so many significant digits for the largest of these numbers.
    pub(super) fn of(largest: f64, digits: usize) -> Self {
        let power = if largest > 0.0 && largest.is_finite() { largest.log10().floor() as i32 } else { 0 };
        if (-3..6).contains(&power) {
            Style::Fixed((digits as i32 - 1 - power).max(0) as usize)
        } else {
            Style::Scientific(digits - 1)
        }
    }

    /// A number; `·` stands for zero, and whole numbers have no point.
    pub(super) fn write(self, number: f64) -> String {
        let text = match self {
            _ if number == 0.0 => "·".to_owned(),
            _ if number == number.trunc() && number.abs() < 1e9 => format!("{number}"),
            Style::Fixed(digits) => format!("{number:.digits$}"),
            Style::Scientific(digits) => format!("{number:.digits$e}"),
        };
        text.replace('-', "−")
    }
}

/// The largest absolute value, and its index; `None` where there is no entry.
pub(super) fn largest(array: &ArrayD<f64>) -> Option<(Vec<usize>, f64)> {
    let mut found: Option<(Vec<usize>, f64)> = None;
    for (index, &entry) in array.indexed_iter() {
        if found.as_ref().is_none_or(|(_, size)| entry.abs() > *size) {
            found = Some((index.slice().to_vec(), entry.abs()));
        }
    }
    found
}

/// Significant digits with which two numbers of this size show a difference of that size.
pub(super) fn digits_to_see(difference: f64, size: f64) -> usize {
    if difference > 0.0 && size > difference && size.is_finite() {
        // log₁₀ of at most 2¹⁰⁷⁴ / 2⁻¹⁰⁷⁴.
        (((size / difference).log10().ceil() + 2.0).min(17.0)) as usize
    } else {
        4
    }
    .max(4)
}

/// The lines of a picture. What does not fit is cropped around `centre`.
pub(super) fn picture(array: &ArrayD<f64>, centre: &[usize], style: Style) -> Vec<String> {
    let shape = array.shape();
    let Some(&columns) = shape.last() else {
        return vec![array.first().map_or("[]".to_owned(), |&number| style.write(number))];
    };
    if array.is_empty() {
        return vec![format!("empty array of shape {shape:?}")];
    }
    let rows = array.len() / columns;
    let rows_of_block = if shape.len() >= 2 { shape[shape.len() - 2] } else { 1 };
    if rows + rows / rows_of_block - 1 <= ROWS && columns <= COLUMNS {
        return lines(array.iter().copied(), columns, rows_of_block, style);
    }
    // One block, and a window in it.
    let block = &centre[..shape.len().saturating_sub(2)];
    let mut plane = array.view();
    for &index in block {
        plane = plane.index_axis_move(ndarray::Axis(0), index);
    }
    let window = |extent: usize, centre: usize, most: usize| {
        let count = extent.min(most);
        let start = centre.saturating_sub(count / 2).min(extent - count);
        start..start + count
    };
    let at = |axis_from_end: usize| centre[shape.len() - axis_from_end];
    let across = window(columns, at(1), COLUMNS);
    let down = if shape.len() >= 2 { window(rows_of_block, at(2), CROPPED_ROWS) } else { 0..1 };
    let mut shown = plane;
    shown.slice_axis_inplace(ndarray::Axis(shown.ndim() - 1), across.clone().into());
    if shown.ndim() >= 2 {
        shown.slice_axis_inplace(ndarray::Axis(0), down.clone().into());
    }
    let mut picture = lines(shown.iter().copied(), across.len(), down.len(), style);
    let mut what = Vec::new();
    if !block.is_empty() {
        what.push(format!("block {block:?}"));
    }
    for (name, range, extent) in [("rows", &down, rows_of_block), ("columns", &across, columns)] {
        if range.len() < extent {
            what.push(format!("{name} {} to {}", range.start, range.end - 1));
        }
    }
    let extents: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let outside = nonzero(array.iter()) - nonzero(shown.iter());
    let rest = if outside == 0 { "all else is 0".to_owned() } else { format!("{outside} more are not 0") };
    picture.push(format!("({} of {}; {rest})", what.join(", "), extents.join(" × ")));
    picture
}

fn nonzero<'a>(entries: impl Iterator<Item = &'a f64>) -> usize {
    entries.filter(|entry| **entry != 0.0).count()
}

fn lines(numbers: impl Iterator<Item = f64>, columns: usize, rows: usize, style: Style) -> Vec<String> {
    let numbers: Vec<String> = numbers.map(|number| style.write(number)).collect();
    let width = numbers.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (index, row) in numbers.chunks(columns).enumerate() {
        if index > 0 && index % rows == 0 {
            lines.push(String::new());
        }
        let cells: Vec<String> = row.iter().map(|text| format!("{text:>width$}")).collect();
        lines.push(format!("[{}]", cells.join(" ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(array: &ArrayD<f64>, centre: &[usize]) -> String {
        picture(array, centre, Style::of(1.0, 4)).join("\n")
    }

    #[test]
    fn small_arrays_are_shown_whole() {
        let array = ndarray::arr2(&[[0.0, 1.0], [-2.0, 0.5]]).into_dyn();
        assert_eq!(shown(&array, &[0, 0]), "[    ·     1]\n[   −2 0.500]");
        assert_eq!(shown(&ArrayD::from_elem(vec![2, 1, 2], 3.0), &[0, 0, 0]), "[3 3]\n\n[3 3]");
        assert_eq!(shown(&ArrayD::from_elem(vec![], 3.0), &[]), "3");
        assert_eq!(shown(&ArrayD::zeros(vec![0, 2]), &[]), "empty array of shape [0, 2]");
    }

    #[test]
    fn large_arrays_are_cropped_around_a_place() {
        let mut array = ArrayD::zeros(vec![3, 224, 224]);
        array[[1, 223, 100]] = 5.0;
        let text = shown(&array, &[1, 223, 100]);
        assert_eq!(text.lines().count(), 7);
        assert!(text.contains('5'), "{text}");
        assert!(
            text.ends_with("(block [1], rows 218 to 223, columns 95 to 104 of 3 × 224 × 224; all else is 0)")
        );
        let line = ArrayD::from_elem(vec![100], 1.0);
        assert!(shown(&line, &[0]).ends_with("(columns 0 to 9 of 100; 90 more are not 0)"));
    }

    #[test]
    fn digits_show_the_difference() {
        let (a, b) = (0.123_456_7, 0.123_457_7);
        let style = Style::of(a, digits_to_see(b - a, a));
        assert_ne!(style.write(a), style.write(b));
        assert_eq!(Style::of(1e-30, 3).write(1.234e-30), "1.23e−30");
        assert_eq!(digits_to_see(1e-300, 1e300), 17);
        assert_eq!(digits_to_see(f64::NAN, 1.0), 4);
    }
}
