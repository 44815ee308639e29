//! A tile of sums of products in registers, whose positions are neighbours in a row and whose vectors are of
//! channels.
//!
//! ```text
//! tile(j, v) += Σ_k source[start + offsets(k) + j·step] · weights(k, v)
//! ```
//!
//! j runs over the positions, v over vectors of output channels, k over the terms (channels and taps), some
//! taps of each channel left out if they read beyond a border. A term costs one load for each v and a
//! broadcast for each j. As all positions are counted from one address, no register is spent on others: that
//! is what distinguishes it from the [tile of channels](crate::conv::plan::register::sum_tile::ChannelTile).
//! The terms are added in the order of k.
//!
//! Measured on data in the second-level cache, with 4 to 10 positions of one vector or two: 98 to 100 % of
//! the peak.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::conv::plan::register::sum_tile::Offsets;
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet, is_wide};

/// Most vectors of channels in a tile.
pub(in crate::conv::plan) const MOST_ROW_VECTORS: usize = 2;

/// The tiles of so many positions in a row, as (first, positions): the fewest that registers allow, as even
/// as possible.
pub(in crate::conv::plan) fn row_tiles(
    set: InstructionSet,
    vectors: usize,
    length: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let most = match (set, vectors) {
        // Sums, two vectors of weights and an entry: 23 registers of 32.
        (InstructionSet::Avx512, _) => 10,
        // 12 registers of 16, or 15.
        (_, 1) => 10,
        _ => 6,
    };
    let count = length.div_ceil(most);
    (0..count).map(move |tile| {
        let first = tile * length / count;
        (first, (tile + 1) * length / count - first)
    })
}

/// Multiply-adds of vectors for each term and vector of such tiles: those of few sums wait for each other.
pub(in crate::conv::plan) fn row_tiles_cost(set: InstructionSet, vectors: usize, length: usize) -> f64 {
    let vectors = vectors.min(MOST_ROW_VECTORS);
    let sums =
        row_tiles(set, vectors, length).map(|(_, positions)| (positions * vectors).max(set.sums_in_flight()));
    sums.sum::<usize>() as f64 / vectors as f64
}

/// One tile: see the [module](self).
pub(in crate::conv::plan) struct RowTile<'a, T> {
    /// (channels, terms of a channel, vectors, lanes)
    pub(in crate::conv::plan) weights: &'a [T],
    pub(in crate::conv::plan) vectors: usize,
    /// The terms from the first on, as many as there are weights.
    pub(in crate::conv::plan) offsets: &'a Offsets,
    /// Terms of a channel, and which of them take part.
    pub(in crate::conv::plan) per_channel: usize,
    pub(in crate::conv::plan) taking_part: Range<usize>,
    pub(in crate::conv::plan) source: &'a [T],
    pub(in crate::conv::plan) start: usize,
    /// Entries from one position to the next.
    pub(in crate::conv::plan) step: usize,
    /// From 1 to 10.
    pub(in crate::conv::plan) positions: usize,
    /// Whether the sums begin with what stands in `sums`, not with zero.
    pub(in crate::conv::plan) continues: bool,
    /// (positions, vectors, lanes), the positions so many places apart.
    pub(in crate::conv::plan) sums: &'a mut [T],
    pub(in crate::conv::plan) apart: usize,
}

impl<T: Element> WithSimd for RowTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.vectors {
            1 => self.with_vectors::<S, 1>(simd),
            2 => self.with_vectors::<S, 2>(simd),
            other => unreachable!("a tile has one or two vectors, not {other}"),
        }
    }
}

impl<T: Element> RowTile<'_, T> {
    #[inline(always)]
    fn with_vectors<S: Simd, const V: usize>(self, simd: S) {
        match self.positions {
            1 => self.sum::<S, 1, V>(simd),
            2 => self.sum::<S, 2, V>(simd),
            3 => self.sum::<S, 3, V>(simd),
            4 => self.sum::<S, 4, V>(simd),
            5 => self.sum::<S, 5, V>(simd),
            6 => self.sum::<S, 6, V>(simd),
            7 if const { V == 1 || is_wide::<S>() } => self.sum::<S, 7, V>(simd),
            8 if const { V == 1 || is_wide::<S>() } => self.sum::<S, 8, V>(simd),
            9 if const { V == 1 || is_wide::<S>() } => self.sum::<S, 9, V>(simd),
            10 if const { V == 1 || is_wide::<S>() } => self.sum::<S, 10, V>(simd),
            other => unreachable!("a tile of {V} vectors has no {other} positions"),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let terms = self.weights.len() / (V * lanes);
        assert!(terms <= self.offsets.list.len());
        assert!(((J - 1) * self.apart + 1) * V * lanes <= self.sums.len());
        assert!(self.taking_part.start <= self.taking_part.end && self.taking_part.end <= self.per_channel);
        let last = self.start + (J - 1) * self.step + self.offsets.reach;
        assert!(terms == 0 || last < self.source.len(), "a tile reads inside its source");
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        let to = self.sums.as_mut_ptr();
        if self.continues {
            unrolled!(j in 0..J => {
                unrolled!(v in 0..V => {
                    // SAFETY: the last vector ends inside `sums`, as asserted.
                    sums[j][v] = unsafe { T::load::<S>(to.add((j * self.apart * V + v) * lanes)) };
                });
            });
        }
        // If all terms take part, they are those of one channel.
        let Range { start: skipped, end } = self.taking_part;
        let (per_channel, first, end) = match end - skipped == self.per_channel {
            true => (terms, 0, terms),
            false => (self.per_channel, skipped, end),
        };
        let channels = terms.checked_div(per_channel).unwrap_or(0);
        for channel in 0..channels {
            let taking_part = channel * per_channel + first..channel * per_channel + end;
            // SAFETY: there are V vectors of weights for each term, of which these are some.
            let mut weights = unsafe { self.weights.as_ptr().add(taking_part.start * V * lanes) };
            for &offset in &self.offsets.list[taking_part] {
                // SAFETY: as above.
                let values: [T::Vector<S>; V] =
                    std::array::from_fn(|v| unsafe { T::load::<S>(weights.add(v * lanes)) });
                // SAFETY: start + offset + (J − 1)·step is less than the length of the source, as asserted.
                let from = unsafe { self.source.as_ptr().add(self.start + offset) };
                unrolled!(j in 0..J => {
                    // SAFETY: as above.
                    let entry = T::splat(simd, unsafe { *from.add(j * self.step) });
                    unrolled!(v in 0..V => {
                        sums[j][v] = T::mul_add(simd, entry, values[v], sums[j][v]);
                    });
                });
                // SAFETY: it ends one past the last weight at most.
                weights = unsafe { weights.add(V * lanes) };
            }
        }
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                // SAFETY: the last vector ends inside `sums`, as asserted.
                unsafe { T::store::<S>(to.add((j * self.apart * V + v) * lanes), sums[j][v]) };
            });
        });
    }
}
