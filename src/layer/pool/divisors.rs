//! Windows that reach beyond the padding, and what a mean divides by.
//!
//! With ceil mode along an axis of length L with padding (p, q), taps k, dilation d and stride s the last
//! window begins at the first multiple of s at which no entry is left out, ⌈(L + p + q − d(k − 1) − 1)/s⌉·s,
//! or one stride before it, if that is not below L + p. A mean divides by the taps before L + p + q.

use super::{Pool, Reduction};
use crate::conv::{Axis, Problem};

impl Pool {
    /// How far the last window reaches beyond the padding, along each axis; 0 where sizes are rounded down.
    pub(crate) fn overhang(&self, space: &[usize]) -> Vec<usize> {
        let of = |(axis, &length): (usize, &usize)| {
            let or_one = |list: &[usize]| list.get(axis).copied().unwrap_or(1);
            let (stride, dilation) = (or_one(&self.stride).max(1), or_one(&self.dilation));
            let (before, after) = self.padding.get(axis).copied().unwrap_or_default();
            let span = self.taps[axis].saturating_sub(1).checked_mul(dilation)?.checked_add(1)?;
            let padded = length.checked_add(before)?.checked_add(after)?;
            // Where the last window begins: the first multiple of the stride at which the rest fits.
            let mut last = padded.checked_sub(span)?.div_ceil(stride).checked_mul(stride)?;
            if last >= length + before {
                last = last.checked_sub(stride)?;
            }
            last.checked_add(span)?.checked_sub(padded)
        };
        let overhangs = space.iter().enumerate().map(|axis| of(axis).unwrap_or(0));
        if self.ceil_mode { overhangs.collect() } else { vec![0; space.len()] }
    }

    /// Along each axis, by how many taps a mean divides in each window, where padding counts.
    fn counted(&self, problem: &Problem, space: &[usize]) -> Vec<Vec<usize>> {
        let overhangs = self.overhang(space);
        let axis = |(axis, overhang): (&Axis, &usize)| {
            let end = axis.padding.0 + axis.signal + axis.padding.1 - overhang;
            let taps = |output: usize| {
                (0..axis.taps).filter(move |tap| output * axis.stride + tap * axis.dilation < end)
            };
            (0..axis.output).map(|output| taps(output).count()).collect()
        };
        problem.axes().iter().zip(&overhangs).map(axis).collect()
    }

    /// What a mean divides by in each window, in row-major order, where it does not divide by the entries
    /// inside.
    pub(crate) fn divisors(&self, problem: &Problem, space: &[usize]) -> Option<Vec<usize>> {
        if let Some(divisor) = self.divisor_override {
            return Some(vec![divisor; problem.output_shape()[2..].iter().product()]);
        }
        let product = |counts: Vec<usize>, axis: Vec<usize>| -> Vec<usize> {
            counts.iter().flat_map(|count| axis.iter().map(move |taps| count * taps)).collect()
        };
        self.padding_counts.then(|| self.counted(problem, space).into_iter().fold(vec![1], product))
    }

    /// The axes along which windows at the end are divided by fewer taps than those at the beginning.
    pub(super) fn is_uneven(&self, space: &[usize]) -> Vec<bool> {
        let divides =
            self.reduction == Reduction::Mean && self.padding_counts && self.divisor_override.is_none();
        self.overhang(space).into_iter().map(|overhang| divides && overhang > 0).collect()
    }
}
