//! The innermost loop of all the kernels: a tile of sums of products that stays in registers.
//!
//! ```text
//! tile(j, v) += Σ_k weights(k, j) · source[starts(v) + offsets(k) ..]
//! ```
//!
//! j runs over the rows of the tile (output channels), v over vectors of output positions, k over the terms
//! (channels and taps). A term costs one load for each v and one broadcast for each j, and J·V fused
//! multiply-adds: with J = 8 and V = 3 the loads hide behind the arithmetic. The terms are added in the order
//! of k, so that a sum does not depend on the tile it is in.
//!
//! With many output channels the roles change places: vectors of channels, read in order from the weights,
//! and broadcasts from the source, one for each position. Then any positions make a tile, and no lane is
//! wasted:
//!
//! ```text
//! tile(j, v) += Σ_k source[starts(j) + offsets(k)] · weights(k, v)
//! ```
//!
//! Source: the register blocking of K. Goto, R. van de Geijn, *Anatomy of high-performance matrix
//! multiplication*, 2008.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::conv::plan::register::output::Places;
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet, is_wide};

/// Where the terms stand relative to a position, and the farthest of them.
#[derive(Clone, Debug, Default)]
pub(in crate::conv::plan) struct Offsets {
    pub(in crate::conv::plan) list: Vec<usize>,
    pub(in crate::conv::plan) reach: usize,
}

impl Offsets {
    pub(in crate::conv::plan) fn new(list: Vec<usize>) -> Self {
        let reach = list.iter().copied().max().unwrap_or(0);
        Offsets { list, reach }
    }
}

/// One tile: see the [module](self).
pub(in crate::conv::plan) struct Tile<'a, T> {
    /// (channels, taps along y, taps along x, rows)
    pub(in crate::conv::plan) weights: &'a [T],
    pub(in crate::conv::plan) rows: usize,
    /// The terms from the first on, as many as there are weights.
    pub(in crate::conv::plan) offsets: &'a Offsets,
    /// The taps of a channel along each axis, and which of them take part: along x all, unless rows differ in
    /// their taps.
    pub(in crate::conv::plan) taps: [usize; 2],
    pub(in crate::conv::plan) taking_part: [Range<usize>; 2],
    /// For each tap along y, which rows of all tiles have it; empty if all rows have all.
    pub(in crate::conv::plan) rows_with_tap: &'a [Range<usize>],
    /// The number of the tile's first row among the rows of all tiles.
    pub(in crate::conv::plan) first: usize,
    pub(in crate::conv::plan) source: &'a [T],
    /// One for each vector.
    pub(in crate::conv::plan) starts: &'a [usize],
    /// Whether the sums begin with what stands in `sums`, not with zero.
    pub(in crate::conv::plan) continues: bool,
    /// (rows, vectors, lanes)
    pub(in crate::conv::plan) sums: &'a mut [T],
    /// Where the sums go instead, if they are finished.
    pub(in crate::conv::plan) places: Option<&'a Places<'a, T>>,
}

impl<T: Element> WithSimd for Tile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.starts.len() {
            1 => self.with_vectors::<S, 1>(simd),
            2 => self.with_vectors::<S, 2>(simd),
            3 if const { is_wide::<S>() } => self.with_vectors::<S, 3>(simd),
            other => unreachable!("a tile has one to three vectors, or with 16 registers two, not {other}"),
        }
    }
}

impl<T: Element> Tile<'_, T> {
    #[inline(always)]
    fn with_vectors<S: Simd, const V: usize>(self, simd: S) {
        match self.rows {
            1 => self.with_shape::<S, 1, V>(simd),
            2 => self.with_shape::<S, 2, V>(simd),
            3 => self.with_shape::<S, 3, V>(simd),
            4 => self.with_shape::<S, 4, V>(simd),
            5 => self.with_shape::<S, 5, V>(simd),
            6 => self.with_shape::<S, 6, V>(simd),
            7 if const { is_wide::<S>() } => self.with_shape::<S, 7, V>(simd),
            8 if const { is_wide::<S>() } => self.with_shape::<S, 8, V>(simd),
            other => unreachable!("a tile has one to eight rows, or with 16 registers six, not {other}"),
        }
    }

    #[inline(always)]
    fn with_shape<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let terms = self.weights.len() / J;
        assert!(terms <= self.offsets.list.len() && self.sums.len() >= J * V * lanes);
        let last_start = self.starts.iter().copied().max().unwrap_or(0);
        assert!(
            last_start + self.offsets.reach + lanes <= self.source.len(),
            "a tile reads inside its source"
        );
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        let to = self.sums.as_mut_ptr();
        if self.continues {
            unrolled!(j in 0..J => {
                unrolled!(v in 0..V => {
                    // SAFETY: `sums` has J·V vectors, as asserted.
                    sums[j][v] = unsafe { T::load::<S>(to.add((j * V + v) * lanes)) };
                });
            });
        }
        let from: [*const T; V] = std::array::from_fn(|v| {
            // SAFETY: every start lies inside the source, as asserted.
            unsafe { self.source.as_ptr().add(self.starts[v]) }
        });
        let (offsets, weights) = (&self.offsets.list[..terms], &self.weights[..terms * J]);
        let part = |begin: usize, end: usize| (&offsets[begin..end], &weights[begin * J..end * J]);
        let ([taps_y, taps_x], [y, x]) = (self.taps, self.taking_part);
        if self.rows_with_tap.is_empty() {
            // If all terms take part, they are those of one channel.
            let (per_channel, taking_part) = match y.len() == taps_y {
                true => (terms, 0..terms),
                false => (taps_y * taps_x, y.start * taps_x..y.end * taps_x),
            };
            let mut first = 0;
            while first < terms {
                let (offsets, weights) = part(first + taking_part.start, first + taking_part.end);
                // SAFETY: start + offset + lanes is at most the length of the source, as asserted, and there
                // are J weights for each offset.
                unsafe { add_rows(simd, &mut sums, from, offsets, weights, 0..J) };
                first += per_channel;
            }
        } else {
            let mut channel = 0;
            while channel < terms {
                let mut first = channel + y.start * taps_x;
                for rows in &self.rows_with_tap[y.clone()] {
                    let (offsets, weights) = part(first + x.start, first + x.end);
                    let row = |row: usize| row.saturating_sub(self.first).min(J);
                    // SAFETY: as above.
                    unsafe {
                        add_rows(simd, &mut sums, from, offsets, weights, row(rows.start)..row(rows.end))
                    };
                    first += taps_x;
                }
                channel += taps_y * taps_x;
            }
        }
        if let Some(places) = self.places {
            unrolled!(v in 0..V => {
                let vector = places.vector(v);
                if vector.length == lanes {
                    unrolled!(j in 0..J => {
                        places.write::<S, true>(simd, j, vector, sums[j][v]);
                    });
                } else {
                    unrolled!(j in 0..J => {
                        places.write::<S, false>(simd, j, vector, sums[j][v]);
                    });
                }
            });
            return;
        }
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                // SAFETY: `sums` has J·V vectors, as asserted.
                unsafe { T::store::<S>(to.add((j * V + v) * lanes), sums[j][v]) };
            });
        });
    }
}

/// `sums(j, v) += Σ_k weights(k, j) · from(v)[offsets(k) ..]` for these rows j.
///
/// # Safety
/// A vector must be readable at each offset from each `from`, and there must be J weights for each offset.
#[inline(always)]
unsafe fn add_rows<T: Element, S: Simd, const J: usize, const V: usize>(
    simd: S,
    sums: &mut [[T::Vector<S>; V]; J],
    from: [*const T; V],
    offsets: &[usize],
    weights: &[T],
    rows: Range<usize>,
) {
    /// One loop for each range, so that its sums are known registers.
    macro_rules! for_rows {
        ($($low:literal: $($high:literal)*;)*) => {
            match (rows.start, rows.end) {
                // SAFETY: as the caller vouches for.
                $($(($low, $high) => unsafe {
                    add_terms::<T, S, J, V, $low, $high>(simd, sums, from, offsets, weights)
                },)*)*
                _ => {}
            }
        };
    }
    if rows == (0..J) {
        // SAFETY: as the caller vouches for.
        unsafe { add_terms::<T, S, J, V, 0, J>(simd, sums, from, offsets, weights) };
    } else {
        for_rows! {
            0: 1 2 3 4 5 6 7; 1: 2 3 4 5 6 7 8; 2: 3 4 5 6 7 8; 3: 4 5 6 7 8; 4: 5 6 7 8; 5: 6 7 8; 6: 7 8; 7: 8;
        }
    }
}

/// The same for rows `LOW..HIGH`.
///
/// # Safety
/// As for [`add_rows`].
#[inline(always)]
unsafe fn add_terms<
    T: Element,
    S: Simd,
    const J: usize,
    const V: usize,
    const LOW: usize,
    const HIGH: usize,
>(
    simd: S,
    sums: &mut [[T::Vector<S>; V]; J],
    from: [*const T; V],
    offsets: &[usize],
    weights: &[T],
) {
    if HIGH > J {
        unreachable!("a tile of {J} rows has no row {HIGH}");
    }
    let mut weights = weights.as_ptr();
    for &offset in offsets {
        // SAFETY: the caller vouches for a vector at each offset.
        let values: [T::Vector<S>; V] = std::array::from_fn(|v| unsafe { T::load::<S>(from[v].add(offset)) });
        unrolled!(j in 0..J => {
            if LOW <= j && j < HIGH {
                // SAFETY: the caller vouches for J weights for each offset.
                let weight = T::splat(simd, unsafe { *weights.add(j) });
                unrolled!(v in 0..V => {
                    sums[j][v] = T::mul_add(simd, weight, values[v], sums[j][v]);
                });
            }
        });
        // SAFETY: it ends one past the last weight.
        weights = unsafe { weights.add(J) };
    }
}

/// Positions of a tile whose vectors are `vectors` times as many channels as a vector has.
pub(in crate::conv::plan) fn positions_per_tile(set: InstructionSet, vectors: usize) -> usize {
    let wide = set == InstructionSet::Avx512;
    match vectors {
        1 => 12,
        2 => {
            if wide {
                12
            } else {
                5
            }
        }
        3 => 8,
        _ => 6,
    }
}

/// Most vectors of channels in a tile: as many as leave registers for sums.
pub(in crate::conv::plan) fn most_channel_vectors(set: InstructionSet) -> usize {
    if set == InstructionSet::Avx512 { 4 } else { 2 }
}

/// One tile whose vectors are of channels: see the [module](self).
pub(in crate::conv::plan) struct ChannelTile<'a, T> {
    /// (terms, vectors, lanes)
    pub(in crate::conv::plan) weights: &'a [T],
    pub(in crate::conv::plan) vectors: usize,
    /// The terms from the first on, as many as there are weights.
    pub(in crate::conv::plan) offsets: &'a Offsets,
    pub(in crate::conv::plan) source: &'a [T],
    /// One for each position, as many as [`positions_per_tile`] tells.
    pub(in crate::conv::plan) starts: &'a [usize],
    /// Whether the sums begin with what stands in `sums`, not with zero.
    pub(in crate::conv::plan) continues: bool,
    /// (positions, vectors, lanes)
    pub(in crate::conv::plan) sums: &'a mut [T],
}

impl<T: Element> WithSimd for ChannelTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.vectors, self.starts.len()) {
            (1, 12) => self.sum::<S, 12, 1>(simd),
            (2, 12) if const { is_wide::<S>() } => self.sum::<S, 12, 2>(simd),
            (3, 8) if const { is_wide::<S>() } => self.sum::<S, 8, 3>(simd),
            (4, 6) if const { is_wide::<S>() } => self.sum::<S, 6, 4>(simd),
            (2, 5) if const { !is_wide::<S>() } => self.sum::<S, 5, 2>(simd),
            other => unreachable!("no tile has {other:?} vectors and positions"),
        }
    }
}

impl<T: Element> ChannelTile<'_, T> {
    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let terms = self.weights.len() / (V * lanes);
        assert!(terms <= self.offsets.list.len() && self.sums.len() >= J * V * lanes);
        let last_start = self.starts.iter().copied().max().unwrap_or(0);
        assert!(last_start + self.offsets.reach < self.source.len(), "a tile reads inside its source");
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        let to = self.sums.as_mut_ptr();
        if self.continues {
            unrolled!(j in 0..J => {
                unrolled!(v in 0..V => {
                    // SAFETY: `sums` has J·V vectors, as asserted.
                    sums[j][v] = unsafe { T::load::<S>(to.add((j * V + v) * lanes)) };
                });
            });
        }
        let from: [*const T; J] = std::array::from_fn(|j| {
            // SAFETY: every start lies inside the source, as asserted.
            unsafe { self.source.as_ptr().add(self.starts[j]) }
        });
        let mut weights = self.weights.as_ptr();
        for &offset in &self.offsets.list[..terms] {
            // SAFETY: there are `terms` times V vectors of weights.
            let values: [T::Vector<S>; V] =
                std::array::from_fn(|v| unsafe { T::load::<S>(weights.add(v * lanes)) });
            unrolled!(j in 0..J => {
                // SAFETY: start + offset is less than the length of the source, as asserted.
                let entry = T::splat(simd, unsafe { *from[j].add(offset) });
                unrolled!(v in 0..V => {
                    sums[j][v] = T::mul_add(simd, entry, values[v], sums[j][v]);
                });
            });
            // SAFETY: it ends one past the last weight.
            weights = unsafe { weights.add(V * lanes) };
        }
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                // SAFETY: `sums` has J·V vectors, as asserted.
                unsafe { T::store::<S>(to.add((j * V + v) * lanes), sums[j][v]) };
            });
        });
    }
}
