//! A group feature map and its moved one, channel under channel, with the permutation between them.

use maud::{Markup, html};
use ndarray::{Array3, Axis};

use super::pictures::picture;
use crate::layer::Initialisation;
use crate::network::{Weights, p4mcnn};
use crate::train::data::digits;
use crate::train::inspection::MovedMaps;

/// The pictures of some group elements; `None` if there are none.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn figures(views: &[MovedMaps]) -> anyhow::Result<Option<Markup>> {
    let Some(first) = views.first() else { return Ok(None) };
    let mut figures = Vec::new();
    for view in views {
        figures.push(figure(view)?);
    }
    Ok(Some(html! {
        p.faint {
            "One feature of the layer “" (first.layer)
            "”, where it is positive: it has a channel for each orientation of its filter. "
            "When the image is moved, each channel is moved alike and becomes the channel of another \
             orientation."
        }
        @for figure in figures { (figure) }
    }))
}

fn figure(view: &MovedMaps) -> anyhow::Result<Markup> {
    let greatest = view.maps.iter().flatten().fold(f32::MIN_POSITIVE, |greatest, &value| greatest.max(value));
    let row = |image: &Array3<f32>, maps: &Array3<f32>, what: &str| -> anyhow::Result<Vec<Markup>> {
        let mut cells = vec![picture(image, what)?];
        for (map, orientation) in maps.axis_iter(Axis(0)).zip(&view.orientations) {
            let map = map.mapv(|value| value / greatest).insert_axis(Axis(0));
            cells.push(picture(&map, &format!("{what}, orientation {orientation}"))?);
        }
        Ok(cells)
    };
    let upper = row(&view.images[0], &view.maps[0], "the image")?;
    let moved = format!("the image after {}", view.element);
    let lower = row(&view.images[1], &view.maps[1], &moved)?;
    let names = &view.orientations;
    Ok(html! {
        div.wide {
            table.orbit {
                caption { "moved by " (view.element) }
                thead { tr { th {} th { "image" } @for name in names { th { (name) } } } }
                tbody {
                    tr { th { "as it is" } @for cell in upper { td { (cell) } } }
                    tr {
                        th { "its channels become" } td {}
                        @for &image in &view.permutation { td { "↳ " (names[image]) } }
                    }
                    tr { th { "moved" } @for cell in lower { td { (cell) } } }
                }
            }
        }
    })
}

/// An example that needs no training: the first layer of P4MCNN, with the weights with which training begins,
/// on a drawn digit.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn example() -> anyhow::Result<Option<Markup>> {
    let network = p4mcnn(10);
    let weights = Weights::initial(&network, Initialisation::He, 0);
    let image = digits(1, 0)?.images().index_axis(Axis(0), 0).to_owned();
    figures(&MovedMaps::of(&network, &weights, &image)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_shows_both_generators() {
        let text = super::example().unwrap().unwrap().into_string();
        // Two tables of two rows of an image and its eight channels.
        assert_eq!((text.matches("<table").count(), text.matches("<img").count()), (2, 2 * 2 * 9));
        assert!(text.contains("moved by Rot90") && text.contains("↳ Rot270"), "{text}");
    }
}
