//! What lies beyond the border: the four paddings as maps of indices.
//!
//! A signal of length L is given at 0 … L−1. Its extension to all integers is `x̃(i) = x(source(i))`, or 0
//! where there is no source:
//!
//! | boundary | source of i | the extension of a b c d |
//! |---|---|---|
//! | zero | i inside, else none | 0 0 0 │ a b c d │ 0 0 0 |
//! | reflect | i folded about the end entries, period 2(L−1) | d c b │ a b c d │ c b a |
//! | replicate | i clamped to 0 … L−1 | a a a │ a b c d │ d d d |
//! | periodic | i mod L | b c d │ a b c d │ a b c |
//!
//! Laws: every map is the identity inside; zero, reflect and replicate commute with the flip i ↦ L−1−i, and
//! so does periodic, which moreover commutes with every shift i ↦ i+t. In several dimensions each axis is
//! extended by itself.

use ndarray::{Array, ArrayD, ArrayRef, Dimension, IxDyn};

use crate::conv::ConvolutionError;
use crate::scalar::Ring;

/// How a signal continues beyond its border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// By zeros.
    #[default]
    Zero,
    /// By its mirror image about the end entry, which is not repeated. The padding must be shorter than the
    /// signal.
    Reflect,
    /// By its end entry, again and again.
    Replicate,
    /// By itself, again and again: a signal on a circle (a torus). The padding may exceed the length.
    Periodic,
}

impl Boundary {
    /// All four.
    pub const ALL: [Boundary; 4] =
        [Boundary::Zero, Boundary::Reflect, Boundary::Replicate, Boundary::Periodic];

    /// The entry of a signal of this length that stands at `position`, or `None` for a zero.
    ///
    /// # Panics
    /// If `length` is zero: an empty signal has no entries.
    #[inline]
    pub fn source(self, position: isize, length: usize) -> Option<usize> {
        assert!(length > 0, "an empty signal has no entries");
        let last = length as isize - 1;
        match self {
            Boundary::Zero => (0..=last).contains(&position).then_some(position as usize),
            Boundary::Reflect if last == 0 => Some(0),
            Boundary::Reflect => {
                let folded = position.rem_euclid(2 * last);
                Some(folded.min(2 * last - folded) as usize)
            }
            Boundary::Replicate => Some(position.clamp(0, last) as usize),
            Boundary::Periodic => Some(position.rem_euclid(last + 1) as usize),
        }
    }
}

/// The padded array, of extent `before + length + after` along each axis.
///
/// `padding` gives `(before, after)` for each of the last `padding.len()` axes; axes before them stay as they
/// are.
///
/// # Errors
/// If there are more paddings than axes, if a padded axis is empty, or if reflecting padding is as long as
/// its axis.
pub fn pad<S: Ring, D: Dimension>(
    array: &ArrayRef<S, D>,
    padding: &[(usize, usize)],
    boundary: Boundary,
) -> Result<Array<S, D>, ConvolutionError> {
    let padded = pad_dynamic(array, padding, boundary)?;
    Ok(padded.into_dimensionality().unwrap_or_else(|_| unreachable!("padding keeps the number of axes")))
}

fn pad_dynamic<S: Ring, D: Dimension>(
    array: &ArrayRef<S, D>,
    padding: &[(usize, usize)],
    boundary: Boundary,
) -> Result<ArrayD<S>, ConvolutionError> {
    let too_large = ConvolutionError::TooLarge { what: "the padded signal" };
    let found = array.shape();
    let Some(leading) = found.len().checked_sub(padding.len()) else {
        return Err(ConvolutionError::WrongCount {
            option: "padding",
            expected: found.len(),
            found: padding.len(),
        });
    };
    let mut shape = found.to_vec();
    for (axis, &(before, after)) in padding.iter().enumerate() {
        let length = found[leading + axis];
        if length == 0 {
            return Err(ConvolutionError::Empty { what: "a padded axis", found: found.to_vec() });
        }
        check_reflection(axis, (before, after), length, boundary)?;
        shape[leading + axis] = padded_length(length, (before, after)).ok_or(too_large.clone())?;
    }
    number_of_entries(&shape).ok_or(too_large)?;
    let view = array.view().into_dyn();
    let mut source = vec![0; shape.len()];
    Ok(ArrayD::from_shape_fn(IxDyn(&shape), |index| {
        for axis in 0..shape.len() {
            source[axis] = if axis < leading {
                index[axis]
            } else {
                let position = index[axis] as isize - padding[axis - leading].0 as isize;
                match boundary.source(position, found[axis]) {
                    Some(inside) => inside,
                    None => return S::zero(),
                }
            };
        }
        view[&source[..]].clone()
    }))
}

/// `before + length + after`, if an array can be that long.
pub(in crate::conv) fn padded_length(length: usize, (before, after): (usize, usize)) -> Option<usize> {
    length.checked_add(before)?.checked_add(after).filter(|&n| n <= isize::MAX as usize / 4)
}

/// The number of entries of an array of this shape, if a machine could address them.
pub(in crate::conv) fn number_of_entries(shape: &[usize]) -> Option<usize> {
    let entries = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n.max(1)))?;
    (entries <= isize::MAX as usize / 64).then(|| shape.iter().product())
}

pub(in crate::conv) fn check_reflection(
    axis: usize,
    (before, after): (usize, usize),
    length: usize,
    boundary: Boundary,
) -> Result<(), ConvolutionError> {
    let padding = before.max(after);
    if boundary == Boundary::Reflect && padding >= length {
        return Err(ConvolutionError::ReflectionTooLong { axis, padding, length });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_of_the_module() {
        let x = arr1(&[1i64, 2, 3, 4]);
        let padded = |boundary| pad(&x, &[(3, 3)], boundary).unwrap();
        assert_eq!(padded(Boundary::Zero), arr1(&[0, 0, 0, 1, 2, 3, 4, 0, 0, 0]));
        assert_eq!(padded(Boundary::Reflect), arr1(&[4, 3, 2, 1, 2, 3, 4, 3, 2, 1]));
        assert_eq!(padded(Boundary::Replicate), arr1(&[1, 1, 1, 1, 2, 3, 4, 4, 4, 4]));
        assert_eq!(padded(Boundary::Periodic), arr1(&[2, 3, 4, 1, 2, 3, 4, 1, 2, 3]));
    }

    #[test]
    fn only_the_last_axes_are_padded() {
        let x = arr2(&[[1i64, 2], [3, 4]]);
        let padded = pad(&x, &[(1, 2)], Boundary::Periodic).unwrap();
        assert_eq!(padded, arr2(&[[2, 1, 2, 1, 2], [4, 3, 4, 3, 4]]));
    }

    #[test]
    fn bad_input_is_an_error() {
        let x = arr1(&[1i64, 2]);
        let error = pad(&x, &[(0, 2)], Boundary::Reflect).unwrap_err();
        assert_eq!(error, ConvolutionError::ReflectionTooLong { axis: 0, padding: 2, length: 2 });
        assert!(pad(&x, &[(0, 0), (0, 0)], Boundary::Zero).is_err());
        assert!(pad(&x, &[(usize::MAX, 1)], Boundary::Zero).is_err());
        assert!(pad(&arr1::<i64>(&[]), &[(1, 1)], Boundary::Zero).is_err());
    }

    proptest! {
        #[test]
        fn identity_inside_and_commutes_with_the_flip(length in 1usize..9, position in -40isize..40) {
            let flip = |i: isize| length as isize - 1 - i;
            for boundary in Boundary::ALL {
                let source = boundary.source(position, length);
                if (0..length as isize).contains(&position) {
                    prop_assert_eq!(source, Some(position as usize));
                }
                let flipped = boundary.source(flip(position), length);
                prop_assert_eq!(flipped, source.map(|i| flip(i as isize) as usize));
            }
        }

        #[test]
        fn periodic_commutes_with_shifts(length in 1usize..9, position in -40isize..40, shift in -40isize..40) {
            let source = |i| Boundary::Periodic.source(i, length);
            let first = source(position).and_then(|i| source(i as isize + shift));
            prop_assert_eq!(first, source(position + shift));
        }
    }
}
