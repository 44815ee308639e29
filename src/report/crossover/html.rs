//! The comparison as one self-contained page.

use maud::{Markup, PreEscaped, html};

use super::super::page;
use super::{Comparison, ComparisonRun, Family, drawing, sizes};

/// The page.
///
/// # Errors
/// If the plot cannot be drawn.
pub fn page(run: &ComparisonRun) -> anyhow::Result<String> {
    let drawing = drawing(run)?;
    let (median, worst) = run.regret();
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let tile = |count: String, words: &str| html! { div.tile { span.count { (count) } " " (words) } };
    let families = [
        (Family::Line, "One dimension", "Full convolution of one channel."),
        (Family::Plane, "Two dimensions", "Full convolution of one channel."),
        (Family::Layer, "Layers", "Shapes are samples × channels × space, and results × channels × taps."),
    ];
    let title = html! { (run.comparisons.len()) " shapes" };
    let facts = html! {
        p.faint {
            "version " (run.version) " · seed " (run.seed) " · f32 · " (run.threads) " thread"
            (if run.threads == 1 { "" } else { "s" })
        }
    };
    let content = html! {
        section.tiles.plain {
            (tile(run.comparisons.len().to_string(), "shapes"))
            (tile(percent(median), "median regret of the planner"))
            (tile(percent(worst), "at worst"))
        }
        main {
            section.part {
                h2 { "Where kernels cross over" }
                div.wide { (PreEscaped(drawing)) }
                ul { @for panel in run.panels() {
                    li {
                        (panel.title) ": "
                        @match panel.crossover() {
                            Some(taps) => { "transforms are the faster from " (taps) " taps an axis on" }
                            None => { "direct convolution is the faster at all sizes tried" }
                        }
                    }
                } }
            }
            @for (family, title, words) in families {
                section.part { h2 { (title) } p.faint { (words) } (table(run, family)) }
            }
            p.faint {
                "Least times of runs in turns, plans warm and kernels prepared. Regret is the time of the \
                 planner's choice over that of its fastest kernel, less one."
            }
        }
    };
    Ok(page::page("bench", &title, &facts, &content))
}

fn table(run: &ComparisonRun, family: Family) -> Markup {
    let of_family = || run.comparisons.iter().filter(|comparison| comparison.family == family);
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in of_family().flat_map(|comparison| &comparison.seconds) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let cell = |comparison: &Comparison, name: &str| {
        let micros = comparison.seconds_of(name).map(|seconds| format!("{:.1}", 1e6 * seconds));
        html! {
            td.right {
                @if name == comparison.chosen { strong { (micros.unwrap_or_default()) } }
                @else { (micros.unwrap_or_default()) }
            }
        }
    };
    html! {
        div.wide {
            table.plain {
                thead { tr {
                    th { "signal" } th { "kernel" }
                    @for name in &names { th.right { (name) " (µs)" } }
                    th.right { "regret" }
                } }
                tbody { @for comparison in of_family() {
                    tr {
                        td { (sizes(&comparison.signal)) } td { (sizes(&comparison.kernel)) }
                        @for name in &names { (cell(comparison, name)) }
                        td.right { (format!("{:.0} %", 100.0 * comparison.regret)) }
                    }
                } }
            }
        }
        p.faint { "The planner's choice is set in bold." }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::page;

    #[test]
    fn the_page_has_all_shapes_and_needs_nothing_else() {
        let text = page(&sample()).unwrap();
        assert_eq!(text.matches("<tr>").count(), 5 + 3);
        assert!(text.contains("<strong>1.0</strong>") && text.contains("150 %"));
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=", "<script", "@import", "url("] {
            assert!(!text.contains(outside), "{outside}");
        }
    }
}
