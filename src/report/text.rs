//! Text for people: widths, wrapping, numbers, times.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::verify::Value;

/// The number of terminal columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, followed by as many blanks as fill `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Puts pieces into lines of at most `columns`, joined by `separator`. A piece that is too long gets a line
/// of its own.
pub fn wrap_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
    separator: &str,
    columns: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if width(line) + width(separator.trim_end()) + width(piece) < columns => {
                line.push_str(separator);
                line.push_str(piece);
            }
            _ => {
                if let Some(line) = lines.last_mut() {
                    line.push_str(separator.trim_end());
                }
                lines.push(piece.to_owned());
            }
        }
    }
    lines
}

/// Breaks a text at its blanks into lines of at most `columns`.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    wrap_pieces(text.split_whitespace(), " ", columns)
}

/// Extents as people write them: `3×32×32`.
pub fn extents(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

/// A time as people read it: `< 1 ms`, `12 ms`, `1.2 s`.
pub fn duration(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1e-3 => "< 1 ms".to_owned(),
        seconds if seconds < 0.9995 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    }
}

/// A number with three significant digits, integers in full: `−2`, `0.333`, `1.23e−7`.
pub fn number(value: f64) -> String {
    let magnitude = value.abs();
    let text = if value == value.trunc() && magnitude < 1e6 {
        format!("{magnitude}")
    } else if (1e-3..1e3).contains(&magnitude) {
        let decimals = (2 - magnitude.log10().floor() as i32).max(0) as usize;
        let text = format!("{magnitude:.decimals$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{magnitude:.2e}")
    };
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{}", text.replace('-', "−"))
}

/// A value in one line, rows parted by `;` and blocks by `;;`: `[1 0; 0 −2]`. Long ones are named by their
/// shape.
pub fn inline(value: &Value) -> String {
    const LONGEST: usize = 12;
    match value {
        Value::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(array) if array.ndim() == 0 => array.iter().map(|&entry| number(entry)).collect(),
        Value::Array(array) if array.len() > LONGEST || array.is_empty() => {
            let extents: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
            format!("[{} entries]", extents.join(" × "))
        }
        Value::Array(array) => {
            let mut text = String::from("[");
            for (position, &entry) in array.iter().enumerate() {
                if position > 0 {
                    // How many of the last axes begin anew at this entry.
                    let begun = array
                        .shape()
                        .iter()
                        .rev()
                        .scan(1, |size, extent| {
                            *size *= extent;
                            Some(*size)
                        })
                        .take_while(|size| position % size == 0)
                        .count();
                    text.push_str(&";".repeat(begun));
                    text.push(' ');
                }
                text.push_str(&number(entry));
            }
            text + "]"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ndarray::{ArrayD, array};
    use proptest::prelude::*;

    use super::{duration, inline, number, width, wrap};
    use crate::verify::Value;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (-2.0, "−2"),
            (1.0 / 3.0, "0.333"),
            (-12.5, "−12.5"),
            (1.234e-7, "1.23e−7"),
            (1e9, "1.00e9"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn times_have_their_unit() {
        let cases = [(0.0, "< 1 ms"), (0.0123, "12 ms"), (0.9999, "1.0 s"), (61.0, "61.0 s")];
        for (seconds, text) in cases {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), text);
        }
    }

    #[test]
    fn arrays_fit_one_line() {
        assert_eq!(inline(&array![1.0, -2.0].into_dyn().into()), "[1 −2]");
        assert_eq!(inline(&array![[1.0, 0.0], [0.0, 2.5]].into_dyn().into()), "[1 0; 0 2.5]");
        assert_eq!(inline(&array![[[1.0], [0.0]], [[0.0], [2.0]]].into_dyn().into()), "[1; 0;; 0; 2]");
        assert_eq!(inline(&ArrayD::<f64>::zeros(vec![5, 6]).into()), "[5 × 6 entries]");
        assert_eq!(inline(&Value::from("(0 1)\n(1 2)")), "(0 1) (1 2)");
    }

    #[test]
    fn combining_characters_take_no_column() {
        assert_eq!(width("x\u{302} ⋆ y"), 5);
    }

    proptest! {
        #[test]
        fn wrapping_keeps_the_words_and_the_width(words in prop::collection::vec("[a-zŷ⋆]{1,8}", 0..30), columns in 8_usize..60) {
            let lines = wrap(&words.join(" "), columns);
            prop_assert_eq!(lines.join(" "), words.join(" "));
            for line in lines {
                prop_assert!(width(&line) <= columns, "{:?} is wider than {}", line, columns);
            }
        }
    }
}
