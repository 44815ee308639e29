//! Bars on standard error, where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so many things; behind their numbers stands `rest`, which may name what indicatif knows: `blocks,
/// {elapsed}`.
pub(super) fn bar(length: u64, rest: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40.green}} {{pos}} of {{len}} {rest}")) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
