//! Images under a continuous transformation as one self-contained page: the certified margins of each around
//! the circle, and counterexamples as pictures.

use maud::{Markup, html};

use super::super::heat_map;
use super::super::page;
use super::super::text::number;
use super::{AngleResults, ImageResult, polar};
use crate::angle::Verdict;
use crate::verify::Value;

/// Counterexamples that are drawn.
const DRAWN: usize = 12;

/// The page.
pub fn page(results: &AngleResults) -> String {
    let AngleResults { transformation, unit, asked, searched, .. } = results;
    let title = html! { (results.model) };
    let facts = html! {
        p.faint {
            (results.images_from) " · " (transformation) " from " (number(asked.low())) " to "
            (number(asked.high())) " " (unit)
        }
        @if results.is_invariant && asked != searched {
            p.faint {
                "Invariant under quarter turns: " (number(searched.low())) " to " (number(searched.high())) " "
                (unit) " are the whole circle."
            }
        }
    };
    let is_circle = *transformation == "rotation";
    let quarters = if is_circle && asked != searched { 4 } else { 1 };
    let refuted = results.images.iter().filter(|image| image.turned.is_some()).take(DRAWN);
    let content = html! {
        main {
            p {
                (results.images.len()) " images: " (results.count("certified")) " certified, "
                (results.count("refuted")) " refuted, " (results.count("undecided")) " undecided."
            }
            h2 { "Certified margins" }
            p.faint { "As far from the middle as the margin of the class is at least; a line where it is lost." }
            div.pictures {
                @for image in &results.images {
                    figure.picture {
                        (polar::picture(image, searched, is_circle, quarters))
                        figcaption { "image " (image.index) ", class " (image.class) ": " (image.word()) }
                    }
                }
            }
            @if results.count("refuted") > 0 { h2 { "Counterexamples" } }
            @for image in refuted { (counterexample(image, unit)) }
        }
    };
    page::page("certify-angles", &title, &facts, &content)
}

fn counterexample(image: &ImageResult, unit: &str) -> Markup {
    let Verdict::Refuted { parameter, class, margin } = &image.verdict else { return html! {} };
    let Some(turned) = &image.turned else { return html! {} };
    let pair = [Value::Array(image.image.clone()), Value::Array(turned.clone())];
    let scale = heat_map::scale(&pair);
    html! {
        h3 { "Image " (image.index) }
        p.faint {
            "Class " (image.class) " as it is; at " (parameter) " " (unit) " class " (class) " is ahead by "
            (number(-margin)) " at least."
        }
        div.pictures {
            (heat_map::picture("image", &pair[0], scale))
            (heat_map::picture("at that parameter", &pair[1], scale))
        }
    }
}
