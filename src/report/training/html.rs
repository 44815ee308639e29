//! A training as one self-contained page: the run, its curves, the network, its mistakes, its features and
//! what it bears.

use std::time::Duration;

use maud::{Markup, html};

use super::{TrainingPage, TrainingRun, sections};
use crate::network::{Summary, SummaryRow};
use crate::report::orbit;
use crate::report::page;
use crate::report::plot;
use crate::report::text::duration;
use crate::verify::Figure;

/// Mistakes of LeNet-5 on the 10,000 test images of MNIST, trained with distortions: Y. LeCun et al.,
/// *Gradient-based learning applied to document recognition*, 1998, section III.B and figure 8.
const MISTAKES_OF_1998: f64 = 82.0;

/// The page.
///
/// # Errors
/// If a plot or a picture cannot be drawn.
pub fn page(page: &TrainingPage) -> anyhow::Result<String> {
    let TrainingPage { run, summary, recipe, inspection, symmetry } = page;
    let sections = [
        ("curves", "Training", curves(run)?),
        ("mistakes", "Mistakes", sections::gallery(&inspection.mistakes, run.test_samples)?),
        ("confusion", "Confusion", sections::confusion(&inspection.confusion)),
        ("motion", "Shifted and turned", sections::motion(inspection)?),
        ("features", "What the features look for", sections::features(inspection)?),
        ("orbit", "A group feature map", orbit::figures(&inspection.moved_maps)?),
        ("network", "The network", network(summary, symmetry)),
        ("recipe", "The recipe", recipe_list(recipe)),
    ];
    let title = html! { (run.model) ", " (run.test_mistakes) " mistakes of " (run.test_samples) };
    let facts = html! {
        p.faint {
            (run.model) " on " (run.data) " · version " (env!("CARGO_PKG_VERSION")) " · seed " (run.seed)
            " · " (run.threads) " thread" (if run.threads == 1 { "" } else { "s" })
            @if !run.finished { " · interrupted before its end" }
        }
    };
    let content = html! {
        (tiles(run))
        nav {
            @for (anchor, title, content) in &sections {
                @if content.is_some() { a href={ "#" (anchor) } { (title) } }
            }
        }
        main {
            @for (anchor, title, content) in &sections {
                @if let Some(content) = content { section.part id=(anchor) { h2 { (title) } (content) } }
            }
        }
    };
    Ok(page::page("train", &title, &facts, &content))
}

fn tiles(run: &TrainingRun) -> Markup {
    let tile = |count: String, words: &str| html! { div.tile { span.count { (count) } " " (words) } };
    let seconds = Duration::try_from_secs_f64(run.train_seconds).unwrap_or_default();
    html! {
        section.tiles.plain {
            (tile(grouped(run.test_mistakes), &format!("mistakes of {}", grouped(run.test_samples))))
            (tile(format!("{:.2} %", 100.0 * run.test_error()), "test error"))
            (tile(grouped(run.parameters), "parameters"))
            (tile(run.epochs.len().to_string(), &format!("epochs of {} images", grouped(run.train_samples))))
            (tile(duration(seconds), "of training"))
        }
    }
}

/// An integer with its thousands set apart: `61,706`.
fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn curves(run: &TrainingRun) -> anyhow::Result<Option<Markup>> {
    let curve = |value: &dyn Fn(&super::Epoch) -> f64| -> Vec<(f64, f64)> {
        run.epochs.iter().map(|epoch| (epoch.epoch as f64, value(epoch))).collect()
    };
    let figure = |title: &str, vertical: &str, series| Figure {
        title: title.into(),
        horizontal: "epoch".into(),
        vertical: vertical.into(),
        series,
    };
    let mistakes = curve(&|epoch| epoch.test_mistakes as f64);
    let reference: Vec<(f64, f64)> = [mistakes.first(), mistakes.last()]
        .into_iter()
        .flatten()
        .map(|&(epoch, _)| (epoch, MISTAKES_OF_1998))
        .collect();
    let mut counted = vec![(run.model.clone(), mistakes)];
    if run.model.starts_with("lenet5") && run.test_samples == 10_000 {
        counted.push(("LeNet-5 in 1998, trained with distortions: 82".into(), reference));
    }
    let loss = curve(&|epoch| epoch.train_loss);
    let speed = curve(&|epoch| epoch.images_per_second / 1e3);
    let figures = [
        figure("Mistakes on the test images after each epoch", "mistakes (images)", counted),
        figure(
            "Mean training loss of each epoch, on augmented images",
            "loss (nats)",
            vec![("loss".into(), loss)],
        ),
        figure("Speed of training", "thousand images / s", vec![("speed".into(), speed)]),
    ];
    sections::plots(figures.iter().map(plot::figure))
}

fn network(summary: &Summary, symmetry: &[String]) -> Option<Markup> {
    let shape = |extents: &[usize]| extents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
    let sees = |row: &SummaryRow| match &row.receptive_field {
        None => "everything".to_owned(),
        Some(fields) => fields.iter().map(|field| field.extent.to_string()).collect::<Vec<_>>().join(" × "),
    };
    let parameters: usize = summary.rows.iter().map(|row| row.parameters).sum();
    let connections: u128 = summary.rows.iter().map(|row| row.connections).sum();
    let last = summary.rows.last()?;
    Some(html! {
        @for line in symmetry { p { (line) "." } }
        div.wide {
            table.plain {
                thead { tr {
                    th { "" } th { "layer" }
                    th.right { "output" } th.right { "parameters" } th.right { "products" }
                    th.right { "sees (pixels)" } th { "keeps" }
                } }
                tbody {
                    tr { td {} td { "input" } td.right { (shape(&summary.input)) } td {} td {} td {} td {} }
                    @for row in &summary.rows {
                        tr {
                            td.faint { (row.place) } td { (row.name) } td.right { (shape(&row.output)) }
                            td.right { (grouped(row.parameters)) } td.right { (grouped(row.connections)) }
                            td.right { (sees(row)) } td.faint { (row.symmetry) }
                        }
                    }
                }
                tfoot { tr {
                    td {} td { "in all" } td {}
                    td.right { (grouped(parameters)) } td.right { (grouped(connections)) } td {}
                    td { @if last.symmetry.invariant { "invariant: " } (last.symmetry) }
                } }
            }
        }
        p.faint {
            "Products are those of one image. What a layer keeps are the symmetries of the plane that all layers \
             up to it respect."
        }
    })
}

fn recipe_list(recipe: &[(&'static str, String)]) -> Option<Markup> {
    (!recipe.is_empty())
        .then(|| html! { dl { @for (name, value) in recipe { dt { (name) } dd { (value) } } } })
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample_page;
    use super::{grouped, page};

    #[test]
    fn every_section_has_its_anchor_and_what_is_said_is_escaped() {
        let text = page(&sample_page()).unwrap();
        for id in ["curves", "mistakes", "confusion", "motion", "features", "network", "recipe"] {
            assert_eq!(text.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
            assert_eq!(text.matches(&format!("href=\"#{id}\"")).count(), 1, "{id}");
        }
        assert!(text.contains("a &lt;set&gt;") && !text.contains("<set>"));
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let text = page(&sample_page()).unwrap();
        let text = text.replace("http://www.w3.org/2000/svg", "").replace("src=\"data:image/png;base64,", "");
        for outside in ["http:", "https:", "src=", "<script", "@import", "url("] {
            assert!(!text.contains(outside), "{outside}");
        }
    }

    #[test]
    fn the_figure_of_1998_stands_only_beside_its_like() {
        let mut sample = sample_page();
        assert!(!page(&sample).unwrap().contains("1998"));
        sample.run.test_samples = 10_000;
        assert!(page(&sample).unwrap().contains("LeNet-5 in 1998"));
        sample.run.model = "all-convolutional".into();
        assert!(!page(&sample).unwrap().contains("1998"));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [7, 999, 1000, 61_706, 1_234_567].map(grouped),
            ["7", "999", "1,000", "61,706", "1,234,567"]
        );
    }
}
