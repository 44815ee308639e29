//! What was found about a model and tiles, for people and for programs.

pub mod html;
pub mod json;
mod picture;
pub mod terminal;

use crate::model::{TilePlan, TileReport, Tiling};

/// What is told: the report, and a plan for an image where one was asked for.
#[derive(Clone, Debug)]
pub struct TileResults {
    /// What was found.
    pub report: TileReport,
    /// How an image is run.
    pub plan: Option<TilePlan>,
}

/// Why a probability stands beside the word *proved*: at most 2^n.
fn probability(tiling: &Tiling) -> String {
    format!("wrong with probability at most 2^{}", tiling.log2_failure.ceil())
}

/// A number of bytes with a unit.
fn bytes(count: usize) -> String {
    const UNITS: [&str; 4] = ["bytes", "kB", "MB", "GB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_have_units() {
        assert_eq!(
            [bytes(0), bytes(999), bytes(1000), bytes(25_264_224), bytes(104_544_000)],
            ["0 bytes", "999 bytes", "1.0 kB", "25.3 MB", "105 MB"]
        );
    }
}
