//! Figures as line plots in SVG, on a transparent background and in the colour of the text around them.

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use crate::verify::Figure;

const SIZE: (u32, u32) = (560, 320);
/// Stands for the colour of the text until the drawing is finished: SVG knows `currentColor`, plotters does not.
pub(super) const INK: RGBColor = RGBColor(1, 2, 3);
pub(super) const INK_IN_SVG: &str = "#010203";
/// Hues of middle lightness, for light and dark pages.
const HUES: [RGBColor; 6] = [
    RGBColor(47, 127, 209),
    RGBColor(217, 102, 10),
    RGBColor(20, 147, 107),
    RGBColor(179, 83, 179),
    RGBColor(155, 122, 0),
    RGBColor(214, 69, 93),
];

/// The figure with its title and legend, or nothing where it has no point to show.
///
/// # Errors
/// If the drawing cannot be made.
pub(super) fn figure(figure: &Figure) -> anyhow::Result<Option<Markup>> {
    let Some(drawing) = drawing(figure)? else { return Ok(None) };
    Ok(Some(html! {
        figure.plot {
            figcaption { (figure.title) }
            (PreEscaped(drawing))
            ul.key {
                @for ((name, _), colour) in figure.series.iter().zip(hues()) {
                    li { span.swatch style=(format!("background:#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)) {} (name) }
                }
            }
        }
    }))
}

pub(super) fn hues() -> impl Iterator<Item = RGBColor> {
    HUES.into_iter().cycle()
}

fn drawing(figure: &Figure) -> anyhow::Result<Option<String>> {
    let finite = |&&(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
    let points = || figure.series.iter().flat_map(|(_, points)| points).filter(finite);
    if points().next().is_none() {
        return Ok(None);
    }
    let (left, right) = range(points().map(|point| point.0));
    // The vertical axis begins at zero: a defect means something only against none.
    let (bottom, top) = range(points().map(|point| point.1).chain([0.0]));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let text = ("sans-serif", 16).into_font().color(&INK);
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(48)
            .y_label_area_size(70)
            .build_cartesian_2d(left..right, bottom..top + 0.05 * (top - bottom))?;
        chart
            .configure_mesh()
            .x_desc(&figure.horizontal)
            .y_desc(&figure.vertical)
            .x_labels(9)
            .y_labels(6)
            .y_label_formatter(&|value| super::text::number(*value))
            .x_label_formatter(&|value| super::text::number(*value))
            .label_style(text.clone())
            .axis_desc_style(text)
            .axis_style(INK)
            .bold_line_style(INK.mix(0.15))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for ((_, points), colour) in figure.series.iter().zip(hues()) {
            let points = points.iter().filter(finite).copied();
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            chart.draw_series(points.map(|point| Circle::new(point, 2, colour.filled())))?;
        }
        area.present()?;
    }
    Ok(Some(svg.replace(INK_IN_SVG, "currentColor")))
}

/// The least and the largest, kept apart where they coincide.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, largest) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, largest), number| {
        (number.min(least), number.max(largest))
    });
    if least < largest { (least, largest) } else { (least - 0.5, largest + 0.5) }
}

#[cfg(test)]
mod tests {
    use super::figure;
    use crate::verify::Figure;

    fn sample(points: Vec<(f64, f64)>) -> Figure {
        Figure {
            title: "defect".into(),
            horizontal: "angle < turn".into(),
            vertical: "error".into(),
            series: vec![("bilinear".into(), points.clone()), ("bicubic".into(), points)],
        }
    }

    #[test]
    fn a_plot_takes_the_colour_of_the_text() {
        let plot =
            figure(&sample(vec![(0.0, 0.0), (45.0, 0.2), (90.0, f64::NAN)])).unwrap().unwrap().into_string();
        assert!(plot.contains("currentColor") && !plot.contains(super::INK_IN_SVG));
        assert!(plot.contains("angle &lt; turn"), "text is escaped");
        assert_eq!(plot.matches(r#"class="swatch""#).count(), 2);
        assert!(!plot.contains("NaN"));
    }

    #[test]
    fn one_point_is_a_plot_and_none_is_not() {
        assert!(figure(&sample(vec![(1.0, 1.0)])).unwrap().is_some());
        assert!(figure(&sample(vec![(1.0, f64::INFINITY)])).unwrap().is_none());
    }
}
