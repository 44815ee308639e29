//! The groups that a model is asked about, and how their elements move an input.
//!
//! | group | elements | generators |
//! |---|---|---|
//! | `rot90` | quarter turns of the last two axes of space | one |
//! | `rot180` | the half turn | one |
//! | `flip`, `flip:AXIS` | reflections of each axis of space, or of one | each |
//! | `d4` | quarter turns and reflections | a turn and a reflection |
//! | `translate` | cyclic shifts along each axis of space | a shift by one along each |
//! | `permute:AXIS` | permutations of the places along an axis | a transposition and a cycle |
//! | `cube` | rotations of a cube | quarter turns about two axes |
//!
//! What holds for generators holds for the group: from f(g ▷ x) = σ f(x) and f(h ▷ x) = τ f(x) for all x
//! follows f(g ▷ h ▷ x) = σ τ f(x).

use std::fmt;
use std::str::FromStr;

use super::motion::{Motion, axes_in_words};

/// A group of motions of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SymmetryGroup {
    /// Quarter turns.
    Rot90,
    /// The half turn.
    Rot180,
    /// Reflections of every axis of space.
    Flips,
    /// The reflection of one axis, by its number.
    Flip(usize),
    /// Quarter turns and reflections.
    D4,
    /// Cyclic translations along every axis of space.
    Translate,
    /// Permutations of the places along an axis, by its number.
    Permute(usize),
    /// The rotations of a cube, of the last three axes of space.
    Cube,
}

impl fmt::Display for SymmetryGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SymmetryGroup::Rot90 => formatter.write_str("rot90"),
            SymmetryGroup::Rot180 => formatter.write_str("rot180"),
            SymmetryGroup::Flips => formatter.write_str("flip"),
            SymmetryGroup::Flip(axis) => write!(formatter, "flip:{axis}"),
            SymmetryGroup::D4 => formatter.write_str("d4"),
            SymmetryGroup::Translate => formatter.write_str("translate"),
            SymmetryGroup::Permute(axis) => write!(formatter, "permute:{axis}"),
            SymmetryGroup::Cube => formatter.write_str("cube"),
        }
    }
}

impl FromStr for SymmetryGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let axis = |text: &str| text.parse().map_err(|_| format!("{text:?} is not the number of an axis"));
        Ok(match text.split_once(':') {
            None => match text {
                "rot90" => SymmetryGroup::Rot90,
                "rot180" => SymmetryGroup::Rot180,
                "flip" => SymmetryGroup::Flips,
                "d4" => SymmetryGroup::D4,
                "translate" => SymmetryGroup::Translate,
                "cube" => SymmetryGroup::Cube,
                "permute" => return Err("say which axis is permuted: permute:1".to_owned()),
                _ => return Err(unknown(text)),
            },
            Some(("flip", number)) => SymmetryGroup::Flip(axis(number)?),
            Some(("permute", number)) => SymmetryGroup::Permute(axis(number)?),
            Some(_) => return Err(unknown(text)),
        })
    }
}

fn unknown(text: &str) -> String {
    format!("{text:?} is none of rot90, rot180, flip, flip:AXIS, d4, translate, permute:AXIS, cube")
}

/// An element of a group, with what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::model) struct Element {
    pub(in crate::model) name: String,
    pub(in crate::model) motion: Motion,
}

/// The axes of space of an input: of (batch, channels, space…), or (batch, space…, channels) where the last
/// axis is as short as colours are and the second is not; of (channels, height, width) the last two where
/// both are long.
pub(in crate::model) fn space(shape: &[usize]) -> Vec<usize> {
    let is_colour = |extent: usize| extent <= 4;
    match *shape {
        [] => vec![],
        [_] => vec![0],
        [batch, rest] if batch == rest && rest > 1 => vec![0, 1],
        [_, _] => vec![1],
        [channels, height, width] if is_colour(channels) && height > 4 && height == width => vec![1, 2],
        [_, _, _] => vec![2],
        [_, second, .., last] if is_colour(last) && !is_colour(second) => (1..shape.len() - 1).collect(),
        _ => (2..shape.len()).collect(),
    }
}

/// The groups that are asked about where nothing is said: what the shape of the input suggests.
pub(in crate::model) fn suggested(shape: &[usize]) -> Vec<SymmetryGroup> {
    use SymmetryGroup::{Cube, D4, Flips, Permute, Rot90, Rot180, Translate};
    let images = vec![Rot90, Rot180, Flips, D4, Translate];
    match (space(shape).len(), shape) {
        // A cloud of points (batch, points, coordinates), or a sequence (batch, places, features).
        (1, &[_, points, features]) if points >= features => vec![Permute(1), Permute(2)],
        (1, &[_, _]) => vec![Permute(1), Flips, Translate],
        (0 | 1, _) => vec![Flips, Translate],
        (2, _) => images,
        _ => images.into_iter().chain([Cube]).collect(),
    }
}

impl SymmetryGroup {
    /// The generators of the group for an input of this shape.
    ///
    /// # Errors
    /// If the shape does not admit it: why.
    pub(in crate::model) fn generators(self, shape: &[usize]) -> Result<Vec<Element>, String> {
        let space = space(shape);
        match self {
            SymmetryGroup::Rot90 => Ok(vec![square(shape, &space)?[0].clone()]),
            SymmetryGroup::Rot180 => {
                let [a, b] = plane(&space)?;
                let motion = Motion::Turn { axes: vec![a, b], from: vec![0, 1], reversed: vec![true, true] };
                moves(shape, &[a, b])?;
                Ok(vec![Element { name: "Rot180".to_owned(), motion }])
            }
            SymmetryGroup::Flips => {
                let flips: Vec<Element> = space.iter().filter_map(|&axis| flip(shape, axis).ok()).collect();
                if flips.is_empty() { Err("no axis of space is longer than 1".to_owned()) } else { Ok(flips) }
            }
            SymmetryGroup::Flip(axis) => Ok(vec![flip(shape, axis)?]),
            SymmetryGroup::D4 => {
                let elements = square(shape, &space)?;
                Ok(vec![elements[0].clone(), elements[4].clone()])
            }
            SymmetryGroup::Translate => {
                let shifts: Vec<Element> =
                    space.iter().filter(|&&axis| shape[axis] > 1).map(|&axis| shift(axis, 1)).collect();
                if shifts.is_empty() {
                    Err("no axis of space is longer than 1".to_owned())
                } else {
                    Ok(shifts)
                }
            }
            SymmetryGroup::Permute(axis) => {
                let extent = extent(shape, axis)?;
                let mut generators = vec![transposition(axis, extent, 0)];
                if extent > 2 {
                    let images = (0..extent).map(|place| (place + 1) % extent).collect();
                    let motion = Motion::Permute { axis, images };
                    generators.push(Element { name: format!("Cycle along axis {axis}"), motion });
                }
                Ok(generators)
            }
            SymmetryGroup::Cube => {
                let elements = cube(shape, &space)?;
                let about = |axis: &str| elements.iter().find(|element| element.name == axis).cloned();
                Ok([about("Rot90 about the first axis"), about("Rot90 about the last axis")]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }

    /// All elements but the identity, of groups that are small; of others what
    /// [`generators`](Self::generators) gives and some that may hold where those do not.
    pub(in crate::model) fn elements(self, shape: &[usize]) -> Result<Vec<Element>, String> {
        let space = space(shape);
        match self {
            SymmetryGroup::Rot90 => Ok(square(shape, &space)?[..3].to_vec()),
            SymmetryGroup::D4 => Ok(square(shape, &space)?.to_vec()),
            SymmetryGroup::Cube => cube(shape, &space),
            SymmetryGroup::Flips => {
                let mut flips = self.generators(shape)?;
                if let [Motion::Turn { axes: a, .. }, Motion::Turn { axes: b, .. }] =
                    &flips.iter().map(|element| element.motion.clone()).collect::<Vec<_>>()[..]
                {
                    let motion =
                        Motion::Turn { axes: vec![a[0], b[0]], from: vec![0, 1], reversed: vec![true, true] };
                    flips.push(Element { name: "Rot180".to_owned(), motion });
                }
                Ok(flips)
            }
            SymmetryGroup::Permute(axis) => {
                let extent = extent(shape, axis)?;
                let mut elements = self.generators(shape)?;
                let most = extent.min(LARGEST_PERMUTED);
                elements.extend((1..most - 1).map(|place| transposition(axis, extent, place)));
                Ok(elements)
            }
            SymmetryGroup::Rot180 | SymmetryGroup::Flip(_) | SymmetryGroup::Translate => {
                self.generators(shape)
            }
        }
    }
}

/// Places of which neighbours are exchanged one pair after the other, to see which are alike.
const LARGEST_PERMUTED: usize = 32;

/// A shift along an axis.
pub(in crate::model) fn shift(axis: usize, by: usize) -> Element {
    Element { name: format!("Shift by {by} along axis {axis}"), motion: Motion::Shift { axis, by } }
}

fn transposition(axis: usize, extent: usize, place: usize) -> Element {
    let mut images: Vec<usize> = (0..extent).collect();
    images.swap(place, place + 1);
    let name = format!("Exchange of {place} and {} along axis {axis}", place + 1);
    Element { name, motion: Motion::Permute { axis, images } }
}

fn extent(shape: &[usize], axis: usize) -> Result<usize, String> {
    match shape.get(axis) {
        Some(&extent) if extent > 1 => Ok(extent),
        Some(extent) => Err(format!("axis {axis} has the extent {extent}")),
        None => Err(format!("the input has {} axes, and none with the number {axis}", shape.len())),
    }
}

fn flip(shape: &[usize], axis: usize) -> Result<Element, String> {
    extent(shape, axis)?;
    let motion = Motion::Turn { axes: vec![axis], from: vec![0], reversed: vec![true] };
    Ok(Element { name: format!("Flip of axis {axis}"), motion })
}

fn plane(space: &[usize]) -> Result<[usize; 2], String> {
    match space {
        [.., a, b] => Ok([*a, *b]),
        _ => Err("the input has no two axes of space".to_owned()),
    }
}

fn moves(shape: &[usize], axes: &[usize]) -> Result<(), String> {
    if axes.iter().all(|&axis| shape[axis] == 1) {
        return Err(format!("{} have the extent 1", axes_in_words(axes)));
    }
    Ok(())
}

/// The elements of D4 but the identity: three turns, then four reflections.
fn square(shape: &[usize], space: &[usize]) -> Result<[Element; 7], String> {
    let [a, b] = plane(space)?;
    if shape[a] != shape[b] {
        return Err(format!("{}×{} is not square", shape[a], shape[b]));
    }
    moves(shape, &[a, b])?;
    let element = |name: String, from: [usize; 2], reversed: [bool; 2]| Element {
        name,
        motion: Motion::Turn { axes: vec![a, b], from: from.to_vec(), reversed: reversed.to_vec() },
    };
    // Anticlockwise: the place (i, j) of the turned image is the place (j, n − 1 − i) of the image.
    Ok([
        element("Rot90".to_owned(), [1, 0], [true, false]),
        element("Rot180".to_owned(), [0, 1], [true, true]),
        element("Rot270".to_owned(), [1, 0], [false, true]),
        element(format!("Flip of axis {a}"), [0, 1], [true, false]),
        element(format!("Flip of axis {b}"), [0, 1], [false, true]),
        element("Transposition".to_owned(), [1, 0], [false, false]),
        element("Antitransposition".to_owned(), [1, 0], [true, true]),
    ])
}

/// The rotations of a cube but the identity: signed permutations of three axes with determinant 1.
fn cube(shape: &[usize], space: &[usize]) -> Result<Vec<Element>, String> {
    let &[.., a, b, c] = space else { return Err("the input has no three axes of space".to_owned()) };
    if shape[a] != shape[b] || shape[b] != shape[c] {
        return Err(format!("{}×{}×{} is not a cube", shape[a], shape[b], shape[c]));
    }
    moves(shape, &[a, b, c])?;
    let mut elements = Vec::new();
    for from in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let is_even = matches!(from, [0, 1, 2] | [1, 2, 0] | [2, 0, 1]);
        for signs in 0..8_u32 {
            if (signs.count_ones() % 2 == 0) != is_even || (from, signs) == ([0, 1, 2], 0) {
                continue;
            }
            let reversed: Vec<bool> = (0..3).map(|axis| signs >> axis & 1 == 1).collect();
            let name = match (from, signs) {
                ([0, 2, 1], 2) => "Rot90 about the first axis".to_owned(),
                ([2, 1, 0], 1) => "Rot90 about the middle axis".to_owned(),
                ([1, 0, 2], 1) => "Rot90 about the last axis".to_owned(),
                _ => {
                    let sign = |axis: usize| if reversed[axis] { "−" } else { "" };
                    format!("Rotation ({}{} {}{} {}{})", sign(0), from[0], sign(1), from[1], sign(2), from[2])
                }
            };
            elements.push(Element {
                name,
                motion: Motion::Turn { axes: vec![a, b, c], from: from.to_vec(), reversed },
            });
        }
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ndarray::{ArrayD, IxDyn};

    use super::*;

    const IMAGE: [usize; 4] = [1, 1, 3, 3];

    fn numbered(shape: &[usize]) -> ArrayD<usize> {
        ArrayD::from_shape_vec(IxDyn(shape), (0..shape.iter().product()).collect()).unwrap()
    }

    /// What generators generate has as many elements as the group, and contains all that are listed.
    #[test]
    fn generators_generate() {
        for (group, shape, order) in [
            (SymmetryGroup::Rot90, &IMAGE[..], 4),
            (SymmetryGroup::Rot180, &IMAGE, 2),
            (SymmetryGroup::Flips, &IMAGE, 4),
            (SymmetryGroup::Flip(3), &IMAGE, 2),
            (SymmetryGroup::D4, &IMAGE, 8),
            (SymmetryGroup::Translate, &IMAGE, 9),
            (SymmetryGroup::Permute(2), &[1, 1, 4], 24),
            (SymmetryGroup::Permute(1), &[1, 2, 4], 2),
            (SymmetryGroup::Cube, &[1, 1, 2, 2, 2], 24),
        ] {
            let generators = group.generators(shape).unwrap();
            let start = numbered(shape);
            let mut reached: HashSet<ArrayD<usize>> = [start.clone()].into();
            let mut fresh = vec![start.clone()];
            while let Some(array) = fresh.pop() {
                for generator in &generators {
                    let next = generator.motion.apply(&array).unwrap();
                    if reached.insert(next.clone()) {
                        fresh.push(next);
                    }
                }
            }
            assert_eq!(reached.len(), order, "{group}");
            let elements = group.elements(shape).unwrap();
            assert!(elements.iter().all(|element| reached.contains(&element.motion.apply(&start).unwrap())));
            let names: HashSet<&str> = elements.iter().map(|element| element.name.as_str()).collect();
            assert_eq!(names.len(), elements.len(), "{group}");
        }
    }

    #[test]
    fn shapes_suggest_and_refuse() {
        assert_eq!(suggested(&[1, 3, 8, 8]).len(), 5);
        assert_eq!(suggested(&[1, 12, 3]), [SymmetryGroup::Permute(1), SymmetryGroup::Permute(2)]);
        assert_eq!(suggested(&[1, 2, 16]), [SymmetryGroup::Flips, SymmetryGroup::Translate]);
        assert!(suggested(&[1, 1, 8, 8, 8]).contains(&SymmetryGroup::Cube));
        assert_eq!(space(&[1, 28, 28, 3]), [1, 2]);
        assert_eq!(SymmetryGroup::Rot90.generators(&[1, 3, 16, 20]), Err("16×20 is not square".to_owned()));
        assert!(SymmetryGroup::Permute(7).generators(&[1, 2]).is_err());
        assert!(SymmetryGroup::Cube.generators(&IMAGE).is_err());
        for text in ["rot90", "rot180", "flip", "flip:2", "d4", "translate", "permute:1", "cube"] {
            assert_eq!(text.parse::<SymmetryGroup>().unwrap().to_string(), text);
        }
        assert!("permute".parse::<SymmetryGroup>().is_err() && "turn".parse::<SymmetryGroup>().is_err());
    }
}
