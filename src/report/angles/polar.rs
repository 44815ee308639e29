//! Certified margins around the circle, or along a line: as far from the middle as the margin is large.

use std::f64::consts::TAU;
use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::super::text::number;
use super::ImageResult;
use crate::angle::{Interval, Verdict};

/// The radius of the largest margin, and of none.
const OUTER: f64 = 64.0;
const INNER: f64 = 8.0;

/// The picture of an image over the interval that was searched; repeated for every quarter where that is the
/// whole circle.
pub(super) fn picture(image: &ImageResult, searched: &Interval, is_circle: bool, quarters: usize) -> Markup {
    let pieces: Vec<(Interval, f64)> = match &image.verdict {
        Verdict::Certified { margins } => margins.clone(),
        Verdict::Undecided { certified } => certified.iter().map(|interval| (*interval, 1.0)).collect(),
        Verdict::Refuted { .. } => Vec::new(),
    };
    let largest = pieces.iter().map(|(_, margin)| *margin).fold(f64::MIN_POSITIVE, f64::max);
    let radius = |margin: f64| INNER + (OUTER - INNER) * (margin / largest).clamp(0.0, 1.0);
    let mut shapes = String::new();
    for quarter in 0..quarters {
        for (interval, margin) in &pieces {
            let (from, to) =
                (interval.low() + 90.0 * quarter as f64, interval.high() + 90.0 * quarter as f64);
            let path = if is_circle {
                sector(from, to, radius(*margin))
            } else {
                column(searched, interval, radius(*margin))
            };
            // Writing to a string cannot fail.
            let _ = write!(shapes, r#"<path d="{path}" style="fill:var(--good);fill-opacity:.6"/>"#);
        }
        if let Verdict::Refuted { parameter, .. } = image.verdict {
            let mark = match is_circle {
                true => {
                    let angle = (parameter + 90.0 * quarter as f64) / 360.0 * TAU;
                    format!("M0 0L{:.1} {:.1}", OUTER * angle.cos(), -OUTER * angle.sin())
                }
                false => {
                    let x = place(searched, parameter);
                    format!("M{x:.1} {OUTER}V-{OUTER}")
                }
            };
            let _ = write!(shapes, r#"<path d="{mark}" style="stroke:var(--bad);stroke-width:2"/>"#);
        }
    }
    let title = format!("image {}: {}, largest margin {}", image.index, image.word(), number(largest));
    html! {
        svg viewBox="-80 -80 160 160" width="160" height="160" role="img" {
            title { (title) }
            @if is_circle { circle r=(format!("{OUTER}")) fill="none" style="stroke:var(--line)" {} }
            (PreEscaped(shapes))
        }
    }
}

/// A sector of the circle, anticlockwise from the right.
fn sector(from: f64, to: f64, radius: f64) -> String {
    let point = |degrees: f64| {
        let angle = degrees / 360.0 * TAU;
        format!("{:.2} {:.2}", radius * angle.cos(), -radius * angle.sin())
    };
    let wide = i32::from(to - from > 180.0);
    format!("M0 0L{}A{radius:.2} {radius:.2} 0 {wide} 0 {}Z", point(from), point(to))
}

fn place(searched: &Interval, parameter: f64) -> f64 {
    (parameter - searched.low()) / searched.width().max(f64::MIN_POSITIVE) * 2.0 * OUTER - OUTER
}

fn column(searched: &Interval, interval: &Interval, height: f64) -> String {
    let (left, right) = (place(searched, interval.low()), place(searched, interval.high()));
    format!("M{left:.2} {OUTER}V{:.2}H{right:.2}V{OUTER}Z", OUTER - height)
}
