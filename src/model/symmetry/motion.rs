//! How a group element moves arrays: turned, reflected, shifted, or with one axis permuted.
//!
//! A motion is written as a gather: the entry at a place of the moved array is from another place of the
//! array, (g ▷ x)\[i\] = x\[g⁻¹ i\]. Cost: one pass over the array.

use std::fmt;

use ndarray::{ArrayD, IxDyn};

/// A motion of the entries of an array along some of its axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Motion {
    /// Axes are exchanged and reversed: the place `i` along `axes[k]` of the result is the place `i` along
    /// `axes[from[k]]` of the array, counted from the end where `reversed[k]`.
    Turn { axes: Vec<usize>, from: Vec<usize>, reversed: Vec<bool> },
    /// Cyclic, towards higher places.
    Shift { axis: usize, by: usize },
    /// The place `i` of the result is the place `images[i]` of the array.
    Permute { axis: usize, images: Vec<usize> },
}

impl Motion {
    /// The axes along which something moves.
    pub(in crate::model) fn axes(&self) -> Vec<usize> {
        match self {
            Motion::Turn { axes, from, reversed } => {
                let moves = |k: &usize| from[*k] != *k || reversed[*k];
                (0..axes.len()).filter(moves).map(|k| axes[k]).collect()
            }
            Motion::Shift { axis, .. } | Motion::Permute { axis, .. } => vec![*axis],
        }
    }

    /// The number of the entry of an array of this shape, in row-major order, that each entry of the moved
    /// array is. `None` where the shape does not admit the motion, or it is none.
    pub(in crate::model) fn sources(&self, shape: &[usize]) -> Option<Vec<u32>> {
        if !self.is_motion(shape.len()) {
            return None;
        }
        let mut strides = vec![1_usize; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        // For each axis of the result: what each place along it adds to the number of the source.
        let mut steps: Vec<Vec<usize>> = (0..shape.len())
            .map(|axis| (0..shape[axis]).map(|place| place * strides[axis]).collect())
            .collect();
        match self {
            Motion::Turn { axes, from, reversed } => {
                for (k, &axis) in axes.iter().enumerate() {
                    let source = *axes.get(from[k])?;
                    let extent = *shape.get(axis)?;
                    if *shape.get(source)? != extent {
                        return None;
                    }
                    let place = |place: usize| if reversed[k] { extent - 1 - place } else { place };
                    steps[axis] = (0..extent).map(|i| place(i) * strides[source]).collect();
                }
            }
            Motion::Shift { axis, by } => {
                let extent = *shape.get(*axis)?;
                steps[*axis] = (0..extent)
                    .map(|i| (i + extent - by % extent.max(1)) % extent * strides[*axis])
                    .collect();
            }
            Motion::Permute { axis, images } => {
                if *shape.get(*axis)? != images.len() {
                    return None;
                }
                steps[*axis] = images.iter().map(|&i| i * strides[*axis]).collect();
            }
        }
        let mut sources = vec![0_usize];
        for step in &steps {
            sources =
                sources.iter().flat_map(|&source| step.iter().map(move |&more| source + more)).collect();
        }
        Some(sources.into_iter().map(|source| source as u32).collect())
    }

    /// Whether axes are there, once each, and what should be permutations are some. One that is read from a
    /// file may be anything.
    fn is_motion(&self, rank: usize) -> bool {
        let is_permutation = |images: &[usize]| {
            let mut seen = vec![false; images.len()];
            images.iter().all(|&image| seen.get_mut(image).is_some_and(|seen| !std::mem::replace(seen, true)))
        };
        match self {
            Motion::Turn { axes, from, reversed } => {
                let are_distinct =
                    axes.iter().enumerate().all(|(k, axis)| *axis < rank && !axes[..k].contains(axis));
                are_distinct
                    && from.len() == axes.len()
                    && reversed.len() == axes.len()
                    && is_permutation(from)
            }
            Motion::Shift { axis, .. } => *axis < rank,
            Motion::Permute { axis, images } => *axis < rank && is_permutation(images),
        }
    }

    /// The moved array; `None` where its shape does not admit the motion.
    pub(in crate::model) fn apply<E: Clone>(&self, array: &ArrayD<E>) -> Option<ArrayD<E>> {
        let sources = self.sources(array.shape())?;
        Some(gather(array, &sources))
    }

    /// The motions of an array of another shape that are this one at its own resolution, the likeliest first:
    /// along the axes of the same numbers, then along others with room for it.
    pub(in crate::model) fn transported(&self, own: &[usize], shape: &[usize]) -> Vec<Motion> {
        let (first, last) = match self {
            Motion::Turn { axes, .. } => (axes[0], axes[axes.len() - 1]),
            Motion::Shift { axis, .. } | Motion::Permute { axis, .. } => (*axis, *axis),
        };
        if first + shape.len() < last + 1 {
            return Vec::new();
        }
        let window = last - first;
        let mut offsets: Vec<isize> =
            (0..shape.len().saturating_sub(window)).map(|start| start as isize - first as isize).collect();
        let from_end = shape.len() as isize - own.len() as isize;
        offsets.sort_by_key(|&offset| (offset != from_end, offset != 0, offset.abs()));
        offsets.into_iter().filter_map(|offset| self.displaced(own, shape, offset)).collect()
    }

    fn displaced(&self, own: &[usize], shape: &[usize], offset: isize) -> Option<Motion> {
        let at = |axis: usize| axis.checked_add_signed(offset).filter(|&axis| axis < shape.len());
        match self {
            Motion::Turn { axes, from, reversed } => {
                let axes: Vec<usize> = axes.iter().map(|&axis| at(axis)).collect::<Option<_>>()?;
                let fits = (0..axes.len()).all(|k| shape[axes[k]] == shape[axes[from[k]]]);
                let moves = (0..axes.len()).any(|k| (from[k] != k || reversed[k]) && shape[axes[k]] > 1);
                (fits && moves).then(|| Motion::Turn { axes, from: from.clone(), reversed: reversed.clone() })
            }
            Motion::Shift { axis, by } => {
                let target = at(*axis)?;
                let scaled = by * shape[target];
                let is_whole = scaled.is_multiple_of(own[*axis])
                    && !scaled.is_multiple_of(own[*axis] * shape[target].max(1));
                is_whole.then(|| Motion::Shift { axis: target, by: scaled / own[*axis] })
            }
            Motion::Permute { axis, images } => {
                let axis = at(*axis)?;
                (shape[axis] == images.len()).then(|| Motion::Permute { axis, images: images.clone() })
            }
        }
    }
}

/// The array of the entries with these numbers, in the shape of `array`.
pub(in crate::model) fn gather<E: Clone>(array: &ArrayD<E>, sources: &[u32]) -> ArrayD<E> {
    let list = array.as_slice().expect("values are in standard layout");
    let moved = sources.iter().map(|&source| list[source as usize].clone()).collect();
    ArrayD::from_shape_vec(IxDyn(array.shape()), moved).expect("a source for each entry")
}

/// What the moved array is called: `turned`, `shifted by 2 along axis 3`.
impl fmt::Display for Motion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Motion::Turn { axes, from, reversed } => {
                // Two reflections are a half turn.
                let is_reflection = from.iter().enumerate().all(|(k, &from)| from == k)
                    && reversed.iter().filter(|reversed| **reversed).count() != 2;
                let kind = if is_reflection { "reflected" } else { "turned" };
                let moved = self.axes();
                let moved = if moved.is_empty() { axes } else { &moved };
                write!(formatter, "{kind} along {}", axes_in_words(moved))
            }
            Motion::Shift { axis, by } => write!(formatter, "shifted by {by} along axis {axis}"),
            Motion::Permute { axis, .. } => write!(formatter, "permuted along axis {axis}"),
        }
    }
}

/// `axis 2`, `axes 2 and 3`.
pub(in crate::model) fn axes_in_words(axes: &[usize]) -> String {
    match axes {
        [axis] => format!("axis {axis}"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(usize::to_string).collect();
            format!("axes {} and {last}", first.join(", "))
        }
        [] => "no axis".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, arr1, arr2, arr3};

    use super::*;

    fn quarter(first: usize) -> Motion {
        Motion::Turn { axes: vec![first, first + 1], from: vec![1, 0], reversed: vec![false, true] }
    }

    #[test]
    fn arrays_are_moved() {
        let image = arr2(&[[1, 2], [3, 4]]).into_dyn();
        // Which of the two exchanged axes is reversed makes the direction of the turn.
        assert_eq!(quarter(0).apply(&image).unwrap(), arr2(&[[3, 1], [4, 2]]).into_dyn());
        let line = arr1(&[1, 2, 3]).into_dyn();
        assert_eq!(Motion::Shift { axis: 0, by: 1 }.apply(&line).unwrap(), arr1(&[3, 1, 2]).into_dyn());
        let permuted = Motion::Permute { axis: 0, images: vec![2, 0, 1] }.apply(&line).unwrap();
        assert_eq!(permuted, arr1(&[3, 1, 2]).into_dyn());
        let flip = Motion::Turn { axes: vec![2], from: vec![0], reversed: vec![true] };
        assert_eq!(
            flip.apply(&arr3(&[[[1, 2]], [[3, 4]]]).into_dyn()).unwrap(),
            arr3(&[[[2, 1]], [[4, 3]]]).into_dyn()
        );
        assert_eq!(quarter(0).apply(&ArrayD::<u8>::zeros(vec![2, 3])), None);
    }

    #[test]
    fn what_is_no_motion_is_refused() {
        let turn = |axes: &[usize], from: &[usize], reversed: &[bool]| Motion::Turn {
            axes: axes.to_vec(),
            from: from.to_vec(),
            reversed: reversed.to_vec(),
        };
        for motion in [
            turn(&[0, 1], &[1], &[false, false]),
            turn(&[0, 1], &[1, 1], &[false, false]),
            turn(&[0, 0], &[0, 1], &[true, false]),
            turn(&[0, 2], &[0, 1], &[true, false]),
            turn(&[0, 1], &[0, 1], &[true]),
            Motion::Shift { axis: 2, by: 1 },
            Motion::Permute { axis: 0, images: vec![0, 2] },
            Motion::Permute { axis: 0, images: vec![0, 0] },
            Motion::Permute { axis: 5, images: vec![0, 1] },
        ] {
            assert_eq!(motion.sources(&[2, 2]), None, "{motion:?}");
        }
        assert!(Motion::Shift { axis: 0, by: usize::MAX }.sources(&[2, 2]).is_some());
    }

    #[test]
    fn motions_are_scaled_to_other_resolutions() {
        let shift = Motion::Shift { axis: 2, by: 4 };
        let own = [1, 1, 32, 32];
        assert_eq!(shift.transported(&own, &[1, 4, 8, 8])[0], Motion::Shift { axis: 2, by: 1 });
        assert!(Motion::Shift { axis: 2, by: 1 }.transported(&own, &[1, 3, 8, 8]).is_empty());
        assert_eq!(quarter(2).transported(&own, &[1, 4, 7, 7])[0], quarter(2));
        assert_eq!(quarter(2).transported(&own, &[1, 7, 7, 4])[0], quarter(1));
        assert!(quarter(2).transported(&own, &[1, 10]).is_empty());
    }
}
