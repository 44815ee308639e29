//! Shrinking arrays: entries become 0 in blocks that halve, and what remains becomes a simpler number.
//!
//! The number of tries is bounded, and a try costs what it changes: the time is that of the tries, linear in
//! the size of the arrays. Blocks are runs of entries that are not 0 yet. Source: A. Zeller, R. Hildebrandt,
//! *Simplifying and isolating failure-inducing input*, IEEE Trans. Softw. Eng. 28, 2002.

use ndarray::ArrayD;
use num_traits::Zero;

/// Entries that are tried one by one for simpler numbers.
const SIMPLIFIED: usize = 256;

/// Sets as many entries to 0 as `fails` survives, and each of the rest to the first of the `simpler` numbers
/// that it survives, again and again until no single entry can be made simpler, with at most `tries` tries of
/// each kind.
///
/// # Errors
/// Whatever `fails` reports.
pub(super) fn shrink<T: Clone + PartialEq + Zero, E>(
    values: &mut [ArrayD<T>],
    tries: usize,
    simpler: &[T],
    mut fails: impl FnMut(&[ArrayD<T>]) -> Result<bool, E>,
) -> Result<(), E> {
    for array in values.iter_mut() {
        *array = array.as_standard_layout().into_owned();
    }
    let mut remaining = nonzero(values);
    let mut block = remaining.len();
    let mut left = tries;
    while block > 0 && left > 0 {
        for chunk in remaining.chunks(block) {
            if left == 0 {
                break;
            }
            left -= 1;
            let old: Vec<T> = chunk.iter().map(|&place| entry(values, place).clone()).collect();
            chunk.iter().for_each(|&place| *entry(values, place) = T::zero());
            if !fails(values)? {
                chunk.iter().zip(old).for_each(|(&place, old)| *entry(values, place) = old);
            }
        }
        remaining = nonzero(values);
        block = if block == 1 { 0 } else { block.div_ceil(2).min(remaining.len()) };
    }
    if remaining.len() > SIMPLIFIED {
        return Ok(());
    }
    let zero = T::zero();
    let mut left = tries;
    loop {
        let mut changed = false;
        for place in nonzero(values) {
            // What became simpler since may have set another entry free: 0 is tried again.
            for number in std::iter::once(&zero).chain(simpler) {
                if left == 0 || entry(values, place) == number {
                    break;
                }
                left -= 1;
                let old = std::mem::replace(entry(values, place), number.clone());
                if fails(values)? {
                    changed = true;
                    break;
                }
                *entry(values, place) = old;
            }
        }
        if !changed || left == 0 {
            return Ok(());
        }
    }
}

/// The places of entries that are not 0: the array, and the position in it.
fn nonzero<T: PartialEq + Zero>(values: &[ArrayD<T>]) -> Vec<(usize, usize)> {
    let places = values.iter().enumerate().flat_map(|(array, entries)| {
        let places = entries.iter().enumerate().filter(|(_, entry)| !entry.is_zero());
        places.map(move |(position, _)| (array, position))
    });
    places.collect()
}

fn entry<T>(values: &mut [ArrayD<T>], (array, position): (usize, usize)) -> &mut T {
    match values[array].as_slice_mut() {
        Some(entries) => &mut entries[position],
        None => unreachable!("every array was brought to the standard layout"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn shrunk(
        mut values: Vec<ArrayD<i64>>,
        tries: usize,
        fails: impl Fn(&[ArrayD<i64>]) -> bool,
    ) -> (Vec<ArrayD<i64>>, usize) {
        let mut count = 0;
        let found: Result<(), Infallible> = shrink(&mut values, tries, &[1, -1], |values| {
            count += 1;
            Ok(fails(values))
        });
        match found {
            Ok(()) => (values, count),
            Err(never) => match never {},
        }
    }

    #[test]
    fn what_is_not_needed_becomes_zero_and_the_rest_simple() {
        let values = vec![ArrayD::from_elem(vec![20, 30], 7), ArrayD::from_elem(vec![5], -4)];
        // Needed: two entries of the first array, and that the second has a negative one.
        let needs = |values: &[ArrayD<i64>]| {
            values[0][[3, 4]] > 0 && values[0][[19, 29]] > 1 && values[1].iter().any(|&entry| entry < 0)
        };
        let (values, _) = shrunk(values, 1000, needs);
        assert_eq!((values[0][[3, 4]], values[0][[19, 29]], values[0].sum()), (1, 7, 8));
        assert_eq!(values[1].iter().filter(|&&entry| entry == 0).count(), 4);
        assert_eq!(values[1].sum(), -1);
    }

    #[test]
    fn the_number_of_tries_is_bounded_whatever_the_size() {
        let all_needed = |values: &[ArrayD<i64>]| values[0].iter().all(|&entry| entry != 0);
        let (values, tries) = shrunk(vec![ArrayD::from_elem(vec![224, 224], 2)], 100, all_needed);
        assert_eq!((values[0].sum(), tries), (2 * 224 * 224, 100));
    }

    #[test]
    fn views_in_another_order_of_axes_are_shrunk_too() {
        let turned = ArrayD::from_elem(vec![2, 3], 5).reversed_axes();
        let (values, _) = shrunk(vec![turned], 100, |values| values[0][[2, 1]] != 0);
        assert_eq!((values[0][[2, 1]], values[0].sum()), (1, 1));
    }
}
