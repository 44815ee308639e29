//! Rows of mean 0 and deviation 1, and their gradient: what group and layer normalisation share.
//!
//! Of each row of n entries, with the slopes d of what leaves:
//!
//! ```text
//! μ = Σ x/n      σ² = Σ (x − μ)²/n      x̂ = (x − μ)/√(σ² + δ)
//! ∂x = (d − mean d − x̂·mean(d·x̂))/√(σ² + δ)
//! ```
//!
//! Sums are added up in pairs. Cost: three passes.

use ndarray::ArrayD;

use super::Fraction;
use crate::scalar::{Scalar, pairwise_sum};

/// The entries of an array in standard layout.
pub(super) fn in_rows<S>(array: &mut ArrayD<S>) -> &mut [S] {
    array.as_slice_mut().unwrap_or_else(|| unreachable!("in standard layout"))
}

/// Puts x̂ in the place of each row of this many entries, and returns 1/√(σ² + δ) of each.
pub(super) fn standardise<S: Scalar>(values: &mut [S], entries: usize, delta: Fraction) -> Vec<S> {
    let standardise = |row: &mut [S]| {
        let mean = pairwise_sum(row.iter().cloned()).divide_by_integer(entries as u64);
        row.iter_mut().for_each(|entry| *entry = entry.clone() - mean.clone());
        let squares = row.iter().map(|entry| entry.clone() * entry.clone());
        let variance = pairwise_sum(squares).divide_by_integer(entries as u64);
        let rate = (variance + delta.to::<S>()).square_root().reciprocal();
        row.iter_mut().for_each(|entry| *entry = entry.clone() * rate.clone());
        rate
    };
    values.chunks_mut(entries).map(standardise).collect()
}

/// Puts ∂x in the place of the slopes of each row, of its x̂ and its rate.
pub(super) fn standardise_backward<S: Scalar>(slopes: &mut [S], normal: &[S], rates: Vec<S>, entries: usize) {
    let mean = |values: Vec<S>| pairwise_sum(values.into_iter()).divide_by_integer(entries as u64);
    for ((slopes, normal), rate) in slopes.chunks_mut(entries).zip(normal.chunks(entries)).zip(rates) {
        let first = mean(slopes.to_vec());
        let second = mean(slopes.iter().zip(normal).map(|(slope, x)| slope.clone() * x.clone()).collect());
        for (slope, x) in slopes.iter_mut().zip(normal) {
            *slope = (slope.clone() - first.clone() - x.clone() * second.clone()) * rate.clone();
        }
    }
}
