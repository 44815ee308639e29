//! A tile with its halo over an image, drawn to scale, in the colour of the text around it.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use crate::model::Tiling;

/// Pixels of the longer side.
const SIDE: f64 = 280.0;

/// The picture: the last two axes, or the only one; an image that is as small as shows a tile with its halo
/// inside.
pub(super) fn tile(tiling: &Tiling) -> Markup {
    let shown = &tiling.axes[tiling.axes.len().saturating_sub(2)..];
    // Rows and columns: [extent, read from, tile from, tile to, read to].
    let mut axes: Vec<[f64; 5]> = shown
        .iter()
        .map(|axis| {
            let tile = axis.tile_of(axis.halo[0].max(axis.halo[1]).max(4));
            let margin = (axis.halo[0] + axis.halo[1] + tile).div_ceil(8).max(1);
            let before = margin + axis.halo[0];
            let read_end = before + tile + axis.halo[1];
            [read_end + margin, margin, before, before + tile, read_end].map(|place| place as f64)
        })
        .collect();
    if axes.len() == 1 {
        let height = axes[0][0] / 5.0;
        axes.insert(0, [height, 0.0, 0.0, height, height]);
    }
    let unit = SIDE / axes[0][0].max(axes[1][0]);
    let (rows, columns) = (axes[0].map(|place| place * unit), axes[1].map(|place| place * unit));
    let mut shapes = String::new();
    let mut rectangle = |from: usize, to: usize, style: &str| {
        let (x, y) = (columns[from], rows[from]);
        let (width, height) = (columns[to] - x, rows[to] - y);
        // Writing to a string cannot fail.
        let _ = write!(
            shapes,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" {style}/>"#
        );
    };
    rectangle(
        1,
        4,
        r#"stroke="currentColor" fill="currentColor" fill-opacity="0.15" stroke-dasharray="4 3""#,
    );
    rectangle(2, 3, r#"stroke="currentColor" fill="currentColor" fill-opacity="0.45""#);
    let (width, height) = (columns[0], rows[0]);
    let drawing = format!(
        "<svg viewBox=\"-1 -1 {:.1} {:.1}\" width=\"{width:.0}\" role=\"img\" aria-label=\"a tile with its \
         halo\"><rect width=\"{width:.1}\" height=\"{height:.1}\" fill=\"none\" \
         stroke=\"currentColor\"/>{shapes}</svg>",
        width + 2.0,
        height + 2.0
    );
    html! {
        figure.plot {
            figcaption { "A tile (dark) with its halo (light) inside an image, to scale" }
            (PreEscaped(drawing))
        }
    }
}
