//! Figures as line plots in SVG, on a transparent background and in the colour of the text around them.

use maud::{Markup, PreEscaped, html};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;

use crate::verify::Figure;

const SIZE: (u32, u32) = (560, 320);
/// Most numbers along the horizontal axis.
const TICKS: usize = 9;
/// Stands for the colour of the text until the drawing is finished: SVG knows `currentColor`, plotters does
/// not.
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
    let whole = points().all(|point| point.0.fract() == 0.0);
    let ticks = ticks(left, right, whole, figure.horizontal.contains("degrees"));
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let text = ("sans-serif", 16).into_font().color(&INK);
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(48)
            .y_label_area_size(70)
            .build_cartesian_2d(Horizontal { left, right, ticks }, bottom..top + 0.05 * (top - bottom))?;
        chart
            .configure_mesh()
            .x_desc(&figure.horizontal)
            .y_desc(&figure.vertical)
            .y_labels(6)
            .y_label_formatter(&|value| super::text::number(*value))
            .x_label_formatter(&|value| super::text::number(*value))
            .label_style(text.clone())
            .axis_desc_style(text)
            .axis_style(INK)
            .bold_line_style(INK.mix(0.15))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (place, ((_, points), colour)) in figure.series.iter().zip(hues()).enumerate() {
            // What a later curve covers is drawn wider, so that both are seen.
            let later = &figure.series[place + 1..];
            let hidden = later.iter().any(|(_, others)| covers(others, points, 0.01 * (top - bottom)));
            let points = points.iter().filter(finite).copied();
            chart.draw_series(LineSeries::new(
                points.clone(),
                colour.stroke_width(if hidden { 5 } else { 2 }),
            ))?;
            chart.draw_series(points.map(|point| Circle::new(point, 2, colour.filled())))?;
        }
        area.present()?;
    }
    Ok(Some(svg.replace(INK_IN_SVG, "currentColor")))
}

/// Whether nine in ten of these points (of the finite ones) are as close to those of another curve.
fn covers(others: &[(f64, f64)], points: &[(f64, f64)], distance: f64) -> bool {
    let finite = points.iter().filter(|point| point.1.is_finite()).count();
    let near = points.iter().zip(others).filter(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= distance).count();
    10 * near >= 9 * finite
}

/// The horizontal axis, with numbers at places of our choice.
struct Horizontal {
    left: f64,
    right: f64,
    ticks: Vec<f64>,
}

impl Ranged for Horizontal {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.left) / (self.right - self.left);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _hint: H) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.left..self.right
    }
}

/// Round numbers for an axis, at most [`TICKS`] of them: multiples of the least step of 1, 2 or 5 times a
/// power of ten (of a whole one where only whole numbers occur) or, for angles, of one that divides the full
/// turn.
fn ticks(left: f64, right: f64, whole: bool, degrees: bool) -> Vec<f64> {
    let magnitude = ((right - left) / TICKS as f64).log10().floor() as i32;
    let magnitude = if whole { magnitude.max(0) } else { magnitude };
    let decimal = (magnitude..).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    let steps: Box<dyn Iterator<Item = f64>> = if degrees {
        Box::new(
            [1.0, 5.0, 15.0, 45.0, 90.0, 180.0]
                .into_iter()
                .chain((1..).map(|turns| 360.0 * f64::from(turns))),
        )
    } else {
        Box::new(decimal)
    };
    let multiples = |step: f64| {
        let (first, last) = ((left / step).ceil() as i64, (right / step).floor() as i64);
        (first..=last).map(|n| n as f64 * step).collect::<Vec<_>>()
    };
    steps.map(multiples).find(|ticks| ticks.len() <= TICKS).unwrap_or_default()
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
    use super::{figure, ticks};
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
        // The second curve covers the first.
        assert_eq!(plot.matches(r#"stroke-width="5""#).count(), 1);
        assert!(!plot.contains("NaN"));
    }

    #[test]
    fn ticks_are_round_numbers_of_their_kind() {
        assert_eq!(ticks(1.0, 3.0, true, false), [1.0, 2.0, 3.0]);
        assert_eq!(ticks(1.0, 20.0, true, false), [5.0, 10.0, 15.0, 20.0]);
        assert_eq!(ticks(0.5, 1.5, true, false), [1.0]);
        assert_eq!(ticks(-6.0, 6.0, true, false), [-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(-0.75, 2.25, false, false), [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(
            ticks(0.0, 360.0, true, true),
            [0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0, 360.0]
        );
        assert_eq!(ticks(0.0, 90.0, false, true), [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0]);
        assert_eq!(ticks(0.0, 1000.0, true, true), [0.0, 180.0, 360.0, 540.0, 720.0, 900.0]);
        assert_eq!(ticks(-360.0, 2300.0, true, true)[..3], [-360.0, 0.0, 360.0]);
    }

    #[test]
    fn one_point_is_a_plot_and_none_is_not() {
        assert!(figure(&sample(vec![(1.0, 1.0)])).unwrap().is_some());
        assert!(figure(&sample(vec![(1.0, f64::INFINITY)])).unwrap().is_none());
    }
}
