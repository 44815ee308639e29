//! The pictures of an inspection: mistakes, confusions, features, and curves over shifts and turns.

use maud::{Markup, html};
use ndarray::Array2;

use crate::report::pictures::picture;
use crate::report::text::number;
use crate::report::{heat_map, plot};
use crate::train::inspection::{
    EXCITING_IMAGES, Feature, FeatureLayer, Inspection, MOVED_IMAGES, Mistake, Moved,
};
use crate::verify::{Figure, Value};

/// More mistakes than this are not shown.
const MOST_MISTAKES: usize = 500;
/// How much of the hue the strongest confusion has, in percent, and the weakest: a single one must be seen
/// too.
const STRONGEST: f64 = 65.0;
const WEAKEST: f64 = 12.0;

/// The plots that have something to show, in a row; `None` if none has.
pub(super) fn plots(
    figures: impl Iterator<Item = anyhow::Result<Option<Markup>>>,
) -> anyhow::Result<Option<Markup>> {
    let plots = figures.collect::<anyhow::Result<Vec<_>>>()?;
    let plots: Vec<Markup> = plots.into_iter().flatten().collect();
    Ok((!plots.is_empty()).then(|| html! { div.plots { @for plot in plots { (plot) } } }))
}

/// Every mistake as in figure 8 of LeCun et al., 1998: the image, and under it what it is and what it was
/// taken for.
pub(super) fn gallery(mistakes: &[Mistake], samples: usize) -> anyhow::Result<Option<Markup>> {
    if samples == 0 {
        return Ok(None);
    }
    let mut pictures = Vec::new();
    for mistake in mistakes.iter().take(MOST_MISTAKES) {
        let Mistake { index, truth, predicted, .. } = mistake;
        let [truth_share, predicted_share] =
            [mistake.truth_share, mistake.predicted_share].map(|share| number(100.0 * share));
        let title = format!(
            "image {index}: {truth}, taken for {predicted} with {predicted_share} %, for {truth} with \
             {truth_share} %"
        );
        pictures.push((picture(&mistake.image, &title)?, mistake));
    }
    Ok(Some(html! {
        @if mistakes.is_empty() { p { "There is none." } } @else {
            p.faint {
                "Truth → prediction, the most confident first. The bar is the share that the prediction has in the \
                 softmax."
            }
        }
        div.gallery { @for (picture, mistake) in pictures {
            figure {
                (picture)
                span.share { span style=(format!("width:{:.0}%", 100.0 * mistake.predicted_share)) {} }
                figcaption { (mistake.truth) " → " strong { (mistake.predicted) } }
            }
        } }
        @if mistakes.len() > MOST_MISTAKES { p.faint { "and " (mistakes.len() - MOST_MISTAKES) " more" } }
    }))
}

/// Truth by prediction; colours are of the mistakes alone, because right predictions would outshine them.
pub(super) fn confusion(confusion: &Array2<usize>) -> Option<Markup> {
    let wrong = confusion.indexed_iter().filter(|((truth, predicted), _)| truth != predicted);
    let most = wrong.map(|(_, &count)| count).max()?;
    let share = |count: usize| WEAKEST + (STRONGEST - WEAKEST) * count as f64 / most as f64;
    let percent = |part: usize, of: usize| {
        if of == 0 { "–".to_owned() } else { format!("{:.1}", 100.0 * part as f64 / of as f64) }
    };
    Some(html! {
        div.wide {
            table.cells.confusion {
                caption { "images, by truth (rows) and prediction (columns)" }
                thead { tr {
                    th { "truth" } @for class in 0..confusion.ncols() { th { (class) } }
                    th { "images" } th { "recall (%)" }
                } }
                tbody { @for (truth, row) in confusion.outer_iter().enumerate() {
                    tr {
                        th { (truth) }
                        @for (predicted, &count) in row.iter().enumerate() {
                            @if truth == predicted { td.right-answer { (count) } }
                            @else if count == 0 { td.zero { "·" } }
                            @else {
                                td.plus style=(format!("--share:{:.0}%", share(count)))
                                    title=(format!("{truth} taken for {predicted}: {count}")) { (count) }
                            }
                        }
                        td.sum { (row.sum()) } td.sum { (percent(row[truth], row.sum())) }
                    }
                } }
                tfoot { tr {
                    th { "precision (%)" }
                    @for (class, column) in confusion.columns().into_iter().enumerate() {
                        td.sum { (percent(column[class], column.sum())) }
                    }
                    td.sum { (confusion.sum()) } td.sum { (percent(confusion.diag().sum(), confusion.sum())) }
                } }
            }
        }
    })
}

/// Shares of predictions over shifts and turns.
pub(super) fn motion(inspection: &Inspection) -> anyhow::Result<Option<Markup>> {
    let figure = |title: &str, horizontal: &str, moved: &[Moved]| {
        let curve = |share: fn(&Moved) -> f64| {
            moved.iter().map(|moved| (moved.amount, 100.0 * share(moved))).collect()
        };
        Figure {
            title: title.into(),
            horizontal: horizontal.into(),
            vertical: "share of images (%)".into(),
            series: vec![
                ("right".into(), curve(|moved| moved.correct)),
                ("as without the motion".into(), curve(|moved| moved.unchanged)),
            ],
        }
    };
    let figures = [
        figure(
            "Predictions of images shifted sideways",
            "shift to the right (pixels)",
            &inspection.shifted_right,
        ),
        figure("Predictions of images shifted up and down", "shift down (pixels)", &inspection.shifted_down),
        figure("Predictions of images turned", "turn, counter-clockwise (degrees)", &inspection.turned),
    ];
    let plots = plots(figures.iter().map(plot::figure))?;
    Ok(plots.map(|plots| {
        html! {
            p.faint {
                "On at most " (MOVED_IMAGES)
                " test images, evenly spread. Zeros come in at the border; turns are bilinear."
            }
            (plots)
        }
    }))
}

/// The kernels of the first convolution, and the patches that excite each feature most.
pub(super) fn features(inspection: &Inspection) -> anyhow::Result<Option<Markup>> {
    let mut layers = Vec::new();
    for layer in &inspection.layers {
        layers.push(feature_layer(layer)?);
    }
    if inspection.filters.is_none() && layers.is_empty() {
        return Ok(None);
    }
    Ok(Some(html! {
        @if let Some(filters) = &inspection.filters {
            @let value = Value::from(filters.kernels.mapv(f64::from).into_dyn());
            @let scale = heat_map::scale([&value]);
            h3 { "Kernels of the first convolution" }
            div.kernels { (heat_map::picture(&filters.name, &value, scale)) }
            (heat_map::legend(scale))
        }
        @if !layers.is_empty() {
            p.faint {
                "Of each feature the patches of test images (of the first " (EXCITING_IMAGES)
                " at most, one from each) at which the output of "
                "its convolution is greatest, before the activation; empty space around a digit's patch may \
                 be padding."
            }
        }
        @for layer in layers { (layer) }
    }))
}

fn feature_layer(layer: &FeatureLayer) -> anyhow::Result<Markup> {
    let mut features = Vec::new();
    for feature in &layer.features {
        features.push(patches(feature)?);
    }
    let [height, width] = layer.extents;
    Ok(html! {
        h3 {
            "Layer " (layer.place) ": " (layer.name)
            span.faint { " · patches of " (height) " × " (width) " pixels" }
        }
        div.features { @for (number, feature) in features.iter().enumerate() {
            div.feature { span.faint { (number) } (feature) }
        } }
    })
}

fn patches(feature: &Feature) -> anyhow::Result<Markup> {
    let mut pictures = Vec::new();
    for patch in &feature.patches {
        let [row, column] = patch.corner.map(|place| place.to_string().replace('-', "−"));
        let title = format!(
            "image {}, from row {row} and column {column} on: {}",
            patch.image,
            number(patch.excitation.into())
        );
        pictures.push(picture(&patch.pixels, &title)?);
    }
    Ok(html! { @for picture in pictures { (picture) } })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::tests::sample_page;
    use super::{confusion, features, gallery};

    #[test]
    fn every_mistake_is_in_the_gallery() {
        let page = sample_page();
        let text = gallery(&page.inspection.mistakes, 20).unwrap().unwrap().into_string();
        assert_eq!(text.matches("<figure>").count(), 18);
        assert!(text.contains("9 → <strong>0</strong>"), "{text}");
        assert!(gallery(&[], 20).unwrap().unwrap().into_string().contains("There is none."));
    }

    #[test]
    fn mistakes_outshine_right_predictions() {
        let text = confusion(&array![[90, 2], [1, 7]]).unwrap().into_string();
        // 12 + 53 · 2/2 and 12 + 53 · 1/2, rounded to even.
        assert!(text.contains("--share:65%") && text.contains("--share:38%"), "{text}");
        assert!(text.contains("97.8") && text.contains("97.0"), "recall and accuracy: {text}");
        assert_eq!(text.matches(r#"class="right-answer""#).count(), 2);
        assert!(confusion(&array![[0, 0], [0, 0]]).unwrap().into_string().contains("–"));
    }

    #[test]
    fn every_feature_has_its_patches() {
        let text = features(&sample_page().inspection).unwrap().unwrap().into_string();
        assert_eq!(text.matches(r#"class="feature""#).count(), 6 + 16);
        assert_eq!(text.matches("<img").count(), (6 + 16) * 8);
        assert!(text.contains("patches of 14 × 14 pixels"));
    }
}
