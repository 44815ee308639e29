//! The frame of every page: one self-contained file, light or dark as the reader has it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A page of a command: what its title says after the name of the command, the facts below its heading, and
/// all that follows.
pub(super) fn page(command: &str, title: &Markup, facts: &Markup, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "equivariant " (command) ": " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "equivariant " span.faint { (command) } }
                    (facts)
                }
                (content)
            }
        }
    };
    page.into_string()
}
