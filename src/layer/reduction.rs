//! What becomes of the entries of a window: their maximum, mean or sum, and its gradient.
//!
//! Of equal entries the first in row-major order is the maximum, and the gradient flows to it alone. A NaN
//! makes the maximum NaN, and the gradient flows to the first NaN. Means and sums add up in pairs: of n
//! entries x, each is rounded at most 17 + log₂(n/16) times, so that a mean is off by at most that times
//! u·mean|x|.

use crate::scalar::{Scalar, pairwise_sum};

/// What becomes of the entries of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The greatest, of equals the first.
    Maximum,
    /// The mean.
    Mean,
    /// The sum.
    Sum,
}

impl Reduction {
    /// Of entries in row-major order, of which there is at least one; the mean divides by `count`.
    pub(super) fn apply<S: Scalar>(self, mut entries: impl Iterator<Item = S>, count: usize) -> S {
        match self {
            Reduction::Maximum => {
                let first = entries.next().unwrap_or_else(|| unreachable!("no window is empty"));
                entries.fold(first, |greatest, entry| greatest.maximum(&entry))
            }
            Reduction::Mean => pairwise_sum(entries).divide_by_integer(count as u64),
            Reduction::Sum => pairwise_sum(entries),
        }
    }

    /// Adds the gradient of an output to those of its entries, given as (value, place).
    pub(super) fn spread<'a, S: Scalar + PartialOrd>(
        self,
        entries: &'a [(S, usize)],
        count: usize,
        output_gradient: &S,
        add: &mut impl FnMut(usize, &S),
    ) {
        match self {
            Reduction::Maximum => {
                // NaN is above everything, as it is for the maximum itself.
                let is_nan = |entry: &S| entry.partial_cmp(entry).is_none();
                let is_better = |next: &S, best: &S| next > best || (is_nan(next) && !is_nan(best));
                let better = |best: &'a (S, usize), next: &'a (S, usize)| {
                    if is_better(&next.0, &best.0) { next } else { best }
                };
                let greatest = entries.iter().reduce(better);
                if let Some((_, place)) = greatest {
                    add(*place, output_gradient);
                }
            }
            Reduction::Mean => {
                let share = output_gradient.divide_by_integer(count as u64);
                entries.iter().for_each(|(_, place)| add(*place, &share));
            }
            Reduction::Sum => entries.iter().for_each(|(_, place)| add(*place, output_gradient)),
        }
    }

    /// `maximum`, `mean` or `sum`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Reduction::Maximum => "maximum",
            Reduction::Mean => "mean",
            Reduction::Sum => "sum",
        }
    }
}
