//! The innermost loop of all the kernels: a tile of sums of products that stays in registers.
//!
//! ```text
//! tile(j, v) += Σ_k weights(k, j) · source[starts(v) + offsets(k) ..]
//! ```
//!
//! j runs over the rows of the tile (output channels), v over vectors of output positions, k over the terms (channels
//! and taps). A term costs one load for each v and one broadcast for each j, and J·V fused multiply-adds: with J = 8 and
//! V = 3 the loads hide behind the arithmetic. The terms are added in the order of k, so that a sum does not depend
//! on the tile it is in.
//!
//! Source: the register blocking of K. Goto, R. van de Geijn, *Anatomy of high-performance matrix multiplication*, 2008.

use pulp::{Simd, WithSimd};

use crate::conv::simd::{Element, InstructionSet};

/// Most rows and vectors of a tile.
pub(super) const MOST_ROWS: usize = 8;
pub(super) const MOST_VECTORS: usize = 3;

/// Shape of the tiles that fill the registers of an instruction set: (rows, vectors).
pub(super) fn tile_shape(set: InstructionSet) -> (usize, usize) {
    match set {
        InstructionSet::Avx512 => (MOST_ROWS, MOST_VECTORS),
        // Twelve sums, three vectors of the source and a weight: 16 registers.
        InstructionSet::Avx2 | InstructionSet::Portable => (4, MOST_VECTORS),
    }
}

/// The number of entries of a vector of this instruction set.
pub(super) fn lanes<T: Element>(set: InstructionSet) -> usize {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Element> WithSimd for Lanes<T> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            T::lanes::<S>()
        }
    }
    set.run(Lanes::<T>(std::marker::PhantomData))
}

/// Where the terms stand relative to a position, and the farthest of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    list: Vec<usize>,
    reach: usize,
}

impl Offsets {
    pub(super) fn new(list: Vec<usize>) -> Self {
        let reach = list.iter().copied().max().unwrap_or(0);
        Offsets { list, reach }
    }
}

/// One tile: see the [module](self).
pub(super) struct Tile<'a, T> {
    /// (terms, rows)
    pub(super) weights: &'a [T],
    pub(super) rows: usize,
    /// The terms from the first on, as many as there are weights.
    pub(super) offsets: &'a Offsets,
    /// For each term, which rows (of all tiles) have it, from the first to before the last; empty if all have all.
    pub(super) spans: &'a [(usize, usize)],
    /// The number of the tile's first row among the rows of all tiles.
    pub(super) first: usize,
    pub(super) source: &'a [T],
    /// One for each vector.
    pub(super) starts: &'a [usize],
    /// Whether the sums begin with what stands in `sums`, not with zero.
    pub(super) continues: bool,
    /// (rows, vectors, lanes)
    pub(super) sums: &'a mut [T],
}

impl<T: Element> WithSimd for Tile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.starts.len() {
            1 => self.with_vectors::<S, 1>(simd),
            2 => self.with_vectors::<S, 2>(simd),
            3 => self.with_vectors::<S, 3>(simd),
            other => unreachable!("a tile has one to three vectors, not {other}"),
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
            7 => self.with_shape::<S, 7, V>(simd),
            8 => self.with_shape::<S, 8, V>(simd),
            other => unreachable!("a tile has one to eight rows, not {other}"),
        }
    }

    #[inline(always)]
    fn with_shape<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        match self.spans.is_empty() {
            true => self.sum::<S, J, V, false>(simd),
            false => self.sum::<S, J, V, true>(simd),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize, const RAGGED: bool>(self, simd: S) {
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
            for j in 0..J {
                for v in 0..V {
                    // SAFETY: `sums` has J·V vectors, as asserted.
                    sums[j][v] = unsafe { T::load::<S>(to.add((j * V + v) * lanes)) };
                }
            }
        }
        let from: [*const T; V] = std::array::from_fn(|v| {
            // SAFETY: every start lies inside the source, as asserted.
            unsafe { self.source.as_ptr().add(self.starts[v]) }
        });
        let mut weights = self.weights.as_ptr();
        for (term, &offset) in self.offsets.list[..terms].iter().enumerate() {
            // SAFETY: start + offset + lanes is at most the length of the source, as asserted.
            let values: [T::Vector<S>; V] =
                std::array::from_fn(|v| unsafe { T::load::<S>(from[v].add(offset)) });
            let (begin, end) = if RAGGED { self.spans[term] } else { (0, usize::MAX) };
            for j in 0..J {
                if !RAGGED || (begin..end).contains(&(self.first + j)) {
                    // SAFETY: there are `terms` times J weights.
                    let weight = T::splat(simd, unsafe { *weights.add(j) });
                    for v in 0..V {
                        sums[j][v] = T::mul_add(simd, weight, values[v], sums[j][v]);
                    }
                }
            }
            // SAFETY: it ends one past the last weight.
            weights = unsafe { weights.add(J) };
        }
        for j in 0..J {
            for v in 0..V {
                // SAFETY: `sums` has J·V vectors, as asserted.
                unsafe { T::store::<S>(to.add((j * V + v) * lanes), sums[j][v]) };
            }
        }
    }
}
