//! Moving the last axes of an array: around the border, or with zeros moving in.
//!
//! `roll`: result(n) = x(n − t mod size). `shift_with_zeros`: result(n) = x(n − t), where x is zero outside
//! its frame.
//!
//! Cost: one pass over the array. Both go through one copying function, which splits each axis in two.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis};

use crate::scalar::Ring;

/// Moves the last axes by `shifts`, around the border: `result(n) = x(n − shifts mod extents)`.
///
/// # Panics
/// If `x` has fewer axes than there are shifts.
pub fn roll<S: Ring>(x: ArrayViewD<'_, S>, shifts: &[i64]) -> ArrayD<S> {
    shifted(x, shifts, Border::Wraps)
}

/// Moves the last axes by `shifts` and fills with zeros: `result(n) = x(n − shifts)`, with `x` zero outside.
///
/// # Panics
/// If `x` has fewer axes than there are shifts.
pub fn shift_with_zeros<S: Ring>(x: ArrayViewD<'_, S>, shifts: &[i64]) -> ArrayD<S> {
    shifted(x, shifts, Border::Loses)
}

#[derive(Clone, Copy)]
enum Border {
    /// What leaves on one side enters on the other.
    Wraps,
    /// What leaves is lost.
    Loses,
}

fn shifted<S: Ring>(x: ArrayViewD<'_, S>, shifts: &[i64], border: Border) -> ArrayD<S> {
    assert!(x.ndim() >= shifts.len(), "{} shifts of an array of shape {:?}", shifts.len(), x.shape());
    let first_axis = x.ndim() - shifts.len();
    let mut target = ArrayD::from_elem(x.raw_dim(), S::zero());
    copy_shifted(x, target.view_mut(), first_axis, shifts, border);
    target
}

/// Splits `source` and `target` along `axis`, so that each part moves as a whole, and goes on to the next
/// axis.
fn copy_shifted<S: Ring>(
    source: ArrayViewD<'_, S>,
    mut target: ArrayViewMutD<'_, S>,
    axis: usize,
    shifts: &[i64],
    border: Border,
) {
    let Some((&shift, later)) = shifts.split_first() else {
        return target.assign(&source);
    };
    let extent = source.shape()[axis];
    if extent == 0 {
        return;
    }
    // |shift| ≤ extent ≤ isize::MAX, so the casts lose nothing.
    let forward = match border {
        Border::Wraps => shift.rem_euclid(extent as i64) as usize,
        Border::Loses if shift >= 0 => shift.min(extent as i64) as usize,
        Border::Loses => extent - shift.unsigned_abs().min(extent as u64) as usize,
    };
    let (head, tail) = source.split_at(Axis(axis), extent - forward);
    let (start, end) = target.split_at(Axis(axis), forward);
    let wraps = matches!(border, Border::Wraps);
    if wraps || shift >= 0 {
        copy_shifted(head, end, axis + 1, later, border);
    }
    if wraps || shift < 0 {
        copy_shifted(tail, start, axis + 1, later, border);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::numbered;
    use super::*;

    proptest! {
        /// Both against their formulas, index by index, also for shifts beyond the extents.
        #[test]
        fn entries_come_from_where_the_formula_says(
            (rows, columns) in (1_usize..6, 1_usize..6),
            (down, right) in (-12_i64..13, -12_i64..13),
        ) {
            let x = numbered(&[2, rows, columns]) + 1;
            let rolled = roll(x.view(), &[down, right]);
            let filled = shift_with_zeros(x.view(), &[down, right]);
            for (index, &entry) in rolled.indexed_iter() {
                let (row, column) = (index[1] as i64 - down, index[2] as i64 - right);
                let around = |i: i64, extent: usize| i.rem_euclid(extent as i64) as usize;
                prop_assert_eq!(entry, x[[index[0], around(row, rows), around(column, columns)]]);
                let inside = (0..rows as i64).contains(&row) && (0..columns as i64).contains(&column);
                let expected = if inside { x[[index[0], row as usize, column as usize]] } else { 0 };
                prop_assert_eq!(filled[&index], expected);
            }
        }

        /// In one direction along each axis, zero fill does compose.
        #[test]
        fn zero_fill_composes_in_one_direction(a in 0_i64..4, b in 0_i64..4, c in -3_i64..1, d in -3_i64..1) {
            let x = numbered(&[5, 4]);
            let twice = shift_with_zeros(shift_with_zeros(x.view(), &[b, d]).view(), &[a, c]);
            prop_assert_eq!(twice, shift_with_zeros(x.view(), &[a + b, c + d]));
        }
    }

    #[test]
    fn the_farthest_shifts_and_the_emptiest_arrays() {
        let x = numbered(&[3]);
        for shift in [i64::MIN, i64::MAX] {
            assert_eq!(shift_with_zeros(x.view(), &[shift]), ArrayD::<i64>::zeros(vec![3]));
            let reduced = shift.rem_euclid(3);
            assert_eq!(roll(x.view(), &[shift]), roll(x.view(), &[reduced]));
        }
        assert_eq!(roll(numbered(&[0, 3]).view(), &[1, 1]).shape(), [0, 3]);
        assert_eq!(roll(numbered(&[2]).view(), &[]), numbered(&[2]));
    }
}
