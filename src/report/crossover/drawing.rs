//! The crossover as a plot in SVG that stands by itself: dark on light pages, light on dark ones.

use plotters::prelude::*;

use super::super::plot::{INK, INK_IN_SVG, hues};
use super::{ComparisonRun, Panel};

/// Size of a panel, and of the legend below all, in pixels.
const PANEL: (u32, u32) = (420, 330);
const LEGEND: u32 = 34;
/// The curves, in the order of their colours.
const CURVES: [(&str, &str); 6] = [
    ("direct", "direct"),
    ("direct_tiles", "direct, tiles in lanes"),
    ("fourier_tiles", "Fourier tiles, planned"),
    ("winograd", "Winograd F(4, 3)"),
    ("winograd_two", "Winograd F(2, 3)"),
    ("unplanned transform", "one transform, not planned"),
];

/// A panel for each signal, the taps of the kernel to the right and nanoseconds for each output upwards, both
/// logarithmic.
///
/// # Errors
/// If the drawing cannot be made.
pub fn drawing(run: &ComparisonRun) -> anyhow::Result<String> {
    let panels: Vec<Panel<'_>> = run.panels();
    let columns = panels.len().clamp(1, 3) as u32;
    let rows = (panels.len() as u32).div_ceil(columns).max(1);
    let size = (columns * PANEL.0, rows * PANEL.1 + LEGEND);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let (above, below) = area.split_vertically(rows * PANEL.1);
        let areas = above.split_evenly((rows as usize, columns as usize));
        for (panel, area) in panels.iter().zip(&areas) {
            draw(panel, area)?;
        }
        legend(&below)?;
        area.present()?;
    }
    let style = "<style>svg{max-width:100%;height:auto;color:#1c2128}@media(prefers-color-scheme:dark){svg{color:#e3e7ec}}</style>";
    let svg = svg.replace(INK_IN_SVG, "currentColor");
    let end = svg.find('>').map_or(0, |at| at + 1);
    Ok([&svg[..end], style, &svg[end..]].concat())
}

/// The curve of a kernel's name as the planner tells it.
fn curve(name: &str) -> &str {
    match name {
        "direct_line" | "direct_pointwise" => "direct",
        "winograd_4x4_3x3" | "winograd_4_3" => "winograd",
        "winograd_2x2_3x3" | "winograd_2_3" => "winograd_two",
        other => other,
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(panel: &Panel<'_>, area: &Area<'_>) -> anyhow::Result<()> {
    let mut curves: Vec<Vec<(f64, f64)>> = vec![Vec::new(); CURVES.len()];
    for (taps, comparison) in &panel.comparisons {
        for (name, seconds) in comparison.seconds.iter().filter(|(_, seconds)| seconds.is_finite()) {
            if let Some(number) = CURVES.iter().position(|(other, _)| *other == curve(name)) {
                curves[number].push((*taps, comparison.nanoseconds(*seconds)));
            }
        }
    }
    let points = || curves.iter().flatten();
    let ends = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let range = points().map(of).fold((f64::INFINITY, 0.0f64), |(a, b), x| (a.min(x), b.max(x)));
        range.0 / 1.25..range.1 * 1.25
    };
    let (horizontal, vertical) = (ends(&|point| point.0), ends(&|point| point.1));
    if points().next().is_none() {
        return Ok(());
    }
    let text = ("sans-serif", 14).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 15).into_font().color(&INK))
        .margin(8)
        .margin_right(16)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(horizontal.log_scale(), vertical.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("taps of the kernel along an axis")
        .y_desc("ns for each output")
        .x_label_formatter(&|value| super::super::text::number(*value))
        .y_label_formatter(&|value| super::super::text::number(*value))
        .label_style(text.clone())
        .axis_desc_style(text)
        .axis_style(INK)
        .bold_line_style(INK.mix(0.15))
        .light_line_style(INK.mix(0.06))
        .draw()?;
    for (points, colour) in curves.into_iter().zip(hues()) {
        chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 2, colour.filled())))?;
    }
    Ok(())
}

fn legend(area: &Area<'_>) -> anyhow::Result<()> {
    let width = area.dim_in_pixel().0 as i32 / CURVES.len() as i32;
    // Names are set smaller where the panels are few.
    let size = if width > 200 { 14 } else { 11 };
    for (number, ((_, name), colour)) in CURVES.iter().zip(hues()).enumerate() {
        let left = number as i32 * width + 8;
        area.draw(&Rectangle::new([(left, 10), (left + 12, 22)], colour.filled()))?;
        let text = ("sans-serif", size).into_font().color(&INK);
        area.draw(&Text::new(*name, (left + 17, 10), text))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_plot_has_a_panel_for_each_signal_and_takes_the_colour_of_the_page() {
        let svg = drawing(&sample()).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("prefers-color-scheme:dark"));
        assert!(svg.contains("currentColor") && !svg.contains(INK_IN_SVG) && !svg.contains("NaN"));
        for text in ["signal of 1000 entries", "signal of 32 × 32 entries", "ns for each output"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
