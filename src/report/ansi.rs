//! Lines for the terminal with ANSI styles; whoever prints them strips these where they are not wanted.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::text::wrap;

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const NOTABLE: Style = AnsiColor::Yellow.on_default();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// Adds a line.
pub(super) fn line(page: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

/// Adds a text as lines of at most `columns`, of which the indent takes some.
pub(super) fn paragraph(page: &mut String, indent: usize, text: &str, style: Style, columns: usize) {
    for part in wrap(text, columns.saturating_sub(indent).max(20)) {
        line(page, &format!("{}{style}{part}{style:#}", " ".repeat(indent)));
    }
}
