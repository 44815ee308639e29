//! Sums of many numbers, in blocks whose sums are added up in pairs.
//!
//! Adding one after the other, each of n numbers is rounded up to n − 1 times: the mean of a million times
//! 0.1 is off by one part in a hundred in `f32`. In blocks of [`BLOCK`] whose sums meet in a binary tree,
//! each is rounded at most d = [`pairwise_depth`]`(n)` = BLOCK + log₂(n/BLOCK) times, so that over floats
//! with unit roundoff u
//!
//! ```text
//! |computed − Σ x| ≤ ((1 + u)^d − 1) · Σ |x|
//! ```
//!
//! (N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 4.2). Over exact scalars the
//! order does not matter. Cost: n − 1 additions, and one partial sum for each level of the tree.

use super::Ring;

/// Numbers that are added one after the other.
const BLOCK: usize = 16;

/// The sum; zero of nothing.
pub(crate) fn pairwise_sum<S: Ring>(mut entries: impl Iterator<Item = S>) -> S {
    // The sums of 2^level blocks, at most one for each level: the digits of a binary counter of blocks.
    let mut levels: Vec<Option<S>> = Vec::new();
    while let Some(mut sum) = entries.next() {
        entries.by_ref().take(BLOCK - 1).for_each(|entry| sum.add_in_place(&entry));
        let mut level = 0;
        while let Some(other) = levels.get_mut(level).and_then(Option::take) {
            sum = other + sum;
            level += 1;
        }
        if level == levels.len() {
            levels.push(None);
        }
        levels[level] = Some(sum);
    }
    levels.into_iter().flatten().reduce(|later, earlier| earlier + later).unwrap_or_else(S::zero)
}

/// How often each of n numbers is rounded at most by [`pairwise_sum`].
#[cfg(test)]
fn pairwise_depth(n: usize) -> usize {
    // BLOCK − 1 within its block, the levels above it, and one more where the levels that are left over meet.
    BLOCK + n.div_ceil(BLOCK).max(1).ilog2() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Goldilocks;

    #[test]
    fn it_is_the_sum() {
        for n in [0, 1, 2, 15, 16, 17, 33, 1000, 4097] {
            let sum = pairwise_sum((0..n).map(Goldilocks::from_integer));
            assert_eq!(sum, Goldilocks::from_integer(n * (n - 1) / 2), "{n}");
        }
        // Each in its place: powers of two that no other sum has.
        assert_eq!(pairwise_sum((0..52).map(|k| f64::from(k).exp2())), 52_f64.exp2() - 1.0);
    }

    /// 2²⁵ times 0.1: one after the other the sum stays at 2²¹, for half a unit there is 1/8.
    #[test]
    fn many_numbers_are_within_the_bound() {
        for n in [1 << 20, (1 << 25) + 5] {
            let sum = f64::from(pairwise_sum(std::iter::repeat_n(0.1_f32, n)));
            let exact = n as f64 * f64::from(0.1_f32);
            let bound = ((1.0 + 2f64.powi(-24)).powi(pairwise_depth(n) as i32) - 1.0) * exact;
            assert!((sum - exact).abs() <= bound, "{n}: {sum}");
        }
        assert!((std::iter::repeat_n(0.1_f32, 1 << 25).sum::<f32>() - 2f32.powi(21)).abs() <= 1.0);
    }
}
