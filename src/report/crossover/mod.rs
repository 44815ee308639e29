//! Where convolution kernels cross over, and how far the planner's choice is from the best: a table, a page,
//! a plot.

mod drawing;
mod html;

pub use drawing::drawing;
pub use html::page;

use serde::Serialize;

/// Times of kernels over many shapes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparisonRun {
    /// Of this crate.
    pub version: &'static str,
    /// The seed of the random inputs.
    pub seed: u64,
    /// Threads that ran each kernel.
    pub threads: usize,
    /// One for each shape.
    pub comparisons: Vec<Comparison>,
}

/// What shapes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Full convolutions of one channel in one dimension.
    Line,
    /// Full convolutions of one channel in two dimensions.
    Plane,
    /// Layers of many channels.
    Layer,
}

/// Times of kernels on one shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What it belongs to.
    pub family: Family,
    /// (samples, channels, space…)
    pub signal: Vec<usize>,
    /// (results, channels, taps…)
    pub kernel: Vec<usize>,
    /// (samples, results, space…)
    pub output: Vec<usize>,
    /// Products of the definition.
    pub products: f64,
    /// (kernel, least seconds)
    pub seconds: Vec<(&'static str, f64)>,
    /// The planner's choice.
    pub chosen: &'static str,
    /// Time of the chosen over time of the best of the planner's kernels, less one.
    pub regret: f64,
}

/// One signal and the sizes of the kernel on it: a panel of the plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel<'a> {
    pub(super) title: String,
    /// Kernels by their taps along an axis.
    pub(super) comparisons: Vec<(f64, &'a Comparison)>,
}

impl Comparison {
    /// Nanoseconds for each entry of the output.
    fn nanoseconds(&self, seconds: f64) -> f64 {
        1e9 * seconds / self.output.iter().product::<usize>() as f64
    }

    fn seconds_of(&self, name: &str) -> Option<f64> {
        let finite = |(_, seconds): &&(&str, f64)| seconds.is_finite();
        self.seconds.iter().filter(finite).find(|(other, _)| *other == name).map(|(_, seconds)| *seconds)
    }
}

impl ComparisonRun {
    /// The median regret and the worst.
    pub fn regret(&self) -> (f64, f64) {
        let mut regrets: Vec<f64> = self.comparisons.iter().map(|comparison| comparison.regret).collect();
        regrets.sort_by(f64::total_cmp);
        (regrets.get(regrets.len() / 2).copied().unwrap_or(0.0), regrets.last().copied().unwrap_or(0.0))
    }

    /// The signals with several kernels each.
    pub(super) fn panels(&self) -> Vec<Panel<'_>> {
        let mut panels: Vec<Panel<'_>> = Vec::new();
        for comparison in self.comparisons.iter().filter(|comparison| comparison.family != Family::Layer) {
            let title = format!("signal of {} entries", sizes(&comparison.signal[2..]));
            let point = (comparison.kernel[2] as f64, comparison);
            match panels.last_mut() {
                Some(panel) if panel.title == title => panel.comparisons.push(point),
                _ => panels.push(Panel { title, comparisons: vec![point] }),
            }
        }
        panels
    }
}

impl Panel<'_> {
    /// The taps along an axis from which on transforms are faster than direct convolution.
    pub(super) fn crossover(&self) -> Option<usize> {
        let faster = |comparison: &Comparison| {
            let transforms = comparison.seconds_of(TRANSFORMS)?;
            // What was not timed directly would have taken too long.
            let direct = comparison.seconds.iter().filter(|(name, _)| name.starts_with("direct"));
            Some(direct.fold(f64::INFINITY, |least, (_, seconds)| least.min(*seconds)) > transforms)
        };
        let from_end =
            self.comparisons.iter().rev().take_while(|(_, comparison)| faster(comparison) == Some(true));
        from_end.last().map(|(taps, _)| *taps as usize)
    }
}

const TRANSFORMS: &str = "fourier_tiles";

/// `64 × 64`
fn sizes(extents: &[usize]) -> String {
    extents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

/// The table.
pub fn text(run: &ComparisonRun) -> String {
    let mut text =
        format!("{:20} {:20} microseconds of each kernel, the planner's choice last\n", "signal", "kernel");
    for comparison in &run.comparisons {
        text += &format!("{:20} {:20}", sizes(&comparison.signal), sizes(&comparison.kernel));
        for (name, seconds) in &comparison.seconds {
            text += &format!(" {name} {:.1},", seconds * 1e6);
        }
        text += &format!(" → {}", comparison.chosen);
        if comparison.regret > 0.1 {
            text += &format!(" (+{:.0} %)", 100.0 * comparison.regret);
        }
        text.push('\n');
    }
    for panel in run.panels() {
        let crossover = panel.crossover().map_or_else(
            || "direct convolution is the faster at all sizes tried".to_owned(),
            |taps| format!("transforms are the faster from {taps} taps an axis on"),
        );
        text += &format!("{}: {crossover}\n", panel.title);
    }
    let (median, worst) = run.regret();
    text += &format!(
        "regret of the planner over {} shapes: median {:.0} %, worst {:.0} %\n",
        run.comparisons.len(),
        100.0 * median,
        100.0 * worst
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn sample() -> ComparisonRun {
        let comparison = |family, signal: &[usize], taps: &[usize], seconds: &[(&'static str, f64)]| {
            let best = seconds.iter().fold(f64::INFINITY, |best, (_, seconds)| best.min(*seconds));
            Comparison {
                family,
                signal: [&[1, 1], signal].concat(),
                kernel: [&[1, 1], taps].concat(),
                output: [&[1, 1], signal].concat(),
                products: 1e3,
                seconds: seconds.to_vec(),
                chosen: "direct",
                regret: seconds[0].1 / best - 1.0,
            }
        };
        let line = |taps, direct, transforms| {
            comparison(Family::Line, &[1000], &[taps], &[("direct", direct), (TRANSFORMS, transforms)])
        };
        ComparisonRun {
            version: "0",
            seed: 7,
            threads: 1,
            comparisons: vec![
                line(3, 1e-6, 2e-6),
                line(15, 3e-6, 2e-6),
                line(31, 5e-6, 2e-6),
                comparison(Family::Plane, &[32, 32], &[5, 5], &[("direct", 1e-6), (TRANSFORMS, 2e-6)]),
                comparison(Family::Layer, &[8, 8], &[3, 3], &[("direct", 1e-6)]),
            ],
        }
    }

    #[test]
    fn the_crossover_is_the_first_size_from_which_on_transforms_win() {
        let run = sample();
        let panels = run.panels();
        let crossovers: Vec<_> = panels.iter().map(Panel::crossover).collect();
        assert_eq!(crossovers, [Some(15), None]);
        let text = text(&run);
        assert!(
            text.contains("signal of 1000 entries: transforms are the faster from 15 taps an axis on"),
            "{text}"
        );
        assert!(text.contains("signal of 32 × 32 entries: direct convolution is the faster"), "{text}");
        assert!(text.contains("over 5 shapes: median 0 %, worst 150 %"), "{text}");
    }
}
