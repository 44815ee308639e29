//! The error of turns and reflections as a rose: a petal in the direction of each turn, a blade along the
//! mirror of each reflection, as long as the error is large, on a scale of logarithms.

use std::f64::consts::TAU;

use maud::{Markup, html};

use super::super::text::number;
use crate::model::ElementReport;

/// The radius for the error 1; that of 10⁻⁸ and less is `INNER`.
const OUTER: f64 = 80.0;
const INNER: f64 = 8.0;
/// log₁₀ of the error at the innermost ring.
const LEAST: f64 = -8.0;
/// Half of the angle of a petal.
const HALF_WIDTH: f64 = TAU / 24.0;

/// The direction of a turn, anticlockwise from the right, or of the mirror of a reflection.
enum Direction {
    Turn(f64),
    Mirror(f64),
}

/// The axis of a flip, by its name.
fn flipped(name: &str) -> Option<usize> {
    name.strip_prefix("Flip of axis ")?.parse().ok()
}

/// The directions of the elements of the groups of a square, by their names. Of two flips that of the lesser
/// axis, which goes down, has the mirror that lies.
fn direction(name: &str, flips: &[usize]) -> Option<Direction> {
    Some(match (name, flips) {
        ("Rot90", _) => Direction::Turn(90.0),
        ("Rot180", _) => Direction::Turn(180.0),
        ("Rot270", _) => Direction::Turn(270.0),
        ("Transposition", _) => Direction::Mirror(135.0),
        ("Antitransposition", _) => Direction::Mirror(45.0),
        (name, [one, other]) => {
            let axis = flipped(name)?;
            Direction::Mirror(if axis == *one.min(other) { 0.0 } else { 90.0 })
        }
        _ => return None,
    })
}

fn radius(error: f64) -> f64 {
    let share = if error > 0.0 { (1.0 - error.log10() / LEAST).clamp(0.0, 1.0) } else { 0.0 };
    INNER + share * (OUTER - INNER)
}

/// The outline of a petal: from the middle to the radius and back.
fn petal(degrees: f64, radius: f64) -> String {
    let point = |radius: f64, angle: f64| format!("{:.1} {:.1}", radius * angle.cos(), -radius * angle.sin());
    let angle = degrees / 360.0 * TAU;
    let (left, right) = (point(radius, angle + HALF_WIDTH), point(radius, angle - HALF_WIDTH));
    format!("M0 0L{left}A{radius:.1} {radius:.1} 0 0 1 {right}Z")
}

fn rose(title: &str, elements: &[(&ElementReport, Vec<f64>)]) -> Markup {
    let label = |degrees: f64| {
        let angle = degrees / 360.0 * TAU;
        ((OUTER + 12.0) * angle.cos(), -(OUTER + 12.0) * angle.sin() + 3.0)
    };
    html! {
        @if !elements.is_empty() {
            figure.picture {
                figcaption { (title) }
                svg viewBox="-110 -105 220 210" width="220" height="210" role="img" {
                    @for exponent in [-8, -6, -4, -2, 0] {
                        circle r=(format!("{:.1}", radius(10_f64.powi(exponent))))
                            fill="none" style="stroke:var(--line)" {}
                    }
                    @for (element, directions) in elements {
                        @for &degrees in directions {
                            path d=(petal(degrees, radius(element.relative_error)))
                                style={ "fill:var(--" (if element.holds { "good" } else { "bad" }) ");fill-opacity:.75" } {
                                title { (element.name) ": " (number(element.relative_error)) }
                            }
                        }
                        @let (x, y) = label(directions[0]);
                        text x=(format!("{x:.1}")) y=(format!("{y:.1}")) text-anchor="middle" font-size="9"
                            style="fill:var(--faint)" { (directions[0]) "°" }
                    }
                }
            }
        }
    }
}

/// Roses of the turns and of the reflections; nothing where there are none.
pub(super) fn roses(elements: &[ElementReport]) -> Markup {
    let (mut turns, mut mirrors) = (Vec::new(), Vec::new());
    let flips: Vec<usize> = elements.iter().filter_map(|element| flipped(&element.name)).collect();
    for element in elements {
        match direction(&element.name, &flips) {
            Some(Direction::Turn(degrees)) => turns.push((element, vec![degrees])),
            Some(Direction::Mirror(degrees)) => mirrors.push((element, vec![degrees, degrees + 180.0])),
            None => {}
        }
    }
    html! {
        @if !turns.is_empty() || !mirrors.is_empty() {
            div.pictures {
                (rose("error of turns", &turns))
                (rose("error of reflections, along their mirrors", &mirrors))
            }
            p.faint { "Rings: 10⁻⁸ and less, 10⁻⁶, 10⁻⁴, 10⁻², 1." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str, relative_error: f64) -> ElementReport {
        ElementReport { name: name.to_owned(), holds: relative_error < 1e-6, relative_error }
    }

    /// A quarter turn points up, and an error of 1 reaches the outer ring.
    #[test]
    fn petals_are_as_long_as_the_error() {
        assert_eq!([radius(0.0), radius(1e-9), radius(1e-4), radius(1.0)], [8.0, 8.0, 44.0, 80.0]);
        let [left, right] = [90.0 + 15.0, 90.0 - 15.0_f64].map(|degrees| degrees.to_radians());
        let ends = [left, right].map(|angle| format!("{:.1} {:.1}", 80.0 * angle.cos(), -80.0 * angle.sin()));
        assert_eq!(petal(90.0, 80.0), format!("M0 0L{}A80.0 80.0 0 0 1 {}Z", ends[0], ends[1]));
    }

    #[test]
    fn each_element_has_its_direction() {
        let names = ["Rot90", "Flip of axis 3", "Rot180", "Rot270", "Flip of axis 2", "Transposition"];
        let page = roses(&names.map(|name| element(name, 0.5))).into_string();
        // Three petals, and three blades of two.
        assert_eq!((page.matches("<path").count(), page.matches("<svg").count()), (9, 2));
        let lying = petal(0.0, radius(0.5));
        assert!(page.contains(&format!(
            "{lying}\" style=\"fill:var(--bad);fill-opacity:.75\"><title>Flip of axis 2"
        )));
        assert!(page.contains("Flip of axis 3: 0.5") && page.contains("var(--bad)"), "{page}");
        assert_eq!(roses(&[element("Shift by 1 along axis 2", 0.5)]).into_string(), "");
    }
}
