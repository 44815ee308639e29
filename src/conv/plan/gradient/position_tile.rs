//! The innermost loop of the gradient with positions in the lanes: a tile of sums that stays in registers.
//!
//! ```text
//! tile(j, v) += Σ_s Σ_o y[y_starts(j) + s·y_step + o ..] · x̃[x_starts(v) + s·x_step + o ..]
//! ```
//!
//! o runs over vectors of positions and s over samples. A term costs one load for each j and each v, and J·V multiply-adds:
//! those of y, which begin where lines of the cache begin, take one cycle, those of the signal two.
//! The lanes of a sum are added up when all terms of all samples are.

use pulp::{Simd, WithSimd};

use crate::conv::simd::{Element, InstructionSet};

/// Most rows of a tile.
pub(super) fn most_rows(set: InstructionSet) -> usize {
    match set {
        InstructionSet::Avx512 => 8,
        InstructionSet::Avx2 | InstructionSet::Portable => 4,
    }
}

/// Most columns of a tile of so many rows: sums, the loaded columns and a row fit the registers.
pub(super) fn most_columns(set: InstructionSet, rows: usize) -> usize {
    match set {
        InstructionSet::Avx512 if rows <= 6 => 4,
        _ => 3,
    }
}

/// One tile: see the [module](self).
pub(super) struct PositionTile<'a, T> {
    pub(super) y: &'a [T],
    pub(super) y_starts: &'a [usize],
    pub(super) x: &'a [T],
    pub(super) x_starts: &'a [usize],
    /// How many, and how far apart in y and x̃.
    pub(super) samples: (usize, usize, usize),
    /// Vectors of positions.
    pub(super) vectors: usize,
    /// Sum (j, v), a vector, stands at the j-th place of the first list plus the v-th of the second.
    pub(super) sums: &'a mut [T],
    pub(super) places: (&'a [usize], &'a [usize]),
}

impl<T: Element> WithSimd for PositionTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.y_starts.len() {
            1 => self.with_rows::<S, 1>(simd),
            2 => self.with_rows::<S, 2>(simd),
            3 => self.with_rows::<S, 3>(simd),
            4 => self.with_rows::<S, 4>(simd),
            5 => self.with_rows::<S, 5>(simd),
            6 => self.with_rows::<S, 6>(simd),
            7 => self.with_rows::<S, 7>(simd),
            8 => self.with_rows::<S, 8>(simd),
            other => unreachable!("a tile has one to eight rows, not {other}"),
        }
    }
}

impl<T: Element> PositionTile<'_, T> {
    #[inline(always)]
    fn with_rows<S: Simd, const J: usize>(self, simd: S) {
        match self.x_starts.len() {
            1 => self.sum::<S, J, 1>(simd),
            2 => self.sum::<S, J, 2>(simd),
            3 => self.sum::<S, J, 3>(simd),
            4 if J <= 6 => self.sum::<S, J, 4>(simd),
            other => unreachable!("a tile of {J} rows has no {other} columns"),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let (samples, y_step, x_step) = self.samples;
        let largest = |list: &[usize]| list.iter().copied().max().unwrap_or(0);
        let reach = |starts, step| largest(starts) + samples.saturating_sub(1) * step + self.vectors * lanes;
        assert!(reach(self.y_starts, y_step) <= self.y.len(), "a tile reads inside y");
        assert!(reach(self.x_starts, x_step) <= self.x.len(), "a tile reads inside its strip");
        let (rows, columns) = self.places;
        assert!(rows.len() == J && columns.len() == V);
        assert!(largest(rows) + largest(columns) + lanes <= self.sums.len(), "a tile has all its sums");
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        for j in 0..J {
            for v in 0..V {
                // SAFETY: the sums hold a vector at each place, as asserted.
                sums[j][v] = unsafe { T::load::<S>(self.sums.as_ptr().add(rows[j] + columns[v])) };
            }
        }
        for sample in 0..samples {
            // SAFETY: all lie inside, as asserted.
            let y: [*const T; J] =
                std::array::from_fn(|j| unsafe { self.y.as_ptr().add(self.y_starts[j] + sample * y_step) });
            // SAFETY: as above.
            let x: [*const T; V] =
                std::array::from_fn(|v| unsafe { self.x.as_ptr().add(self.x_starts[v] + sample * x_step) });
            for at in (0..self.vectors * lanes).step_by(lanes) {
                // SAFETY: `reach` is the end of the last vector of the last sample.
                let columns: [T::Vector<S>; V] =
                    std::array::from_fn(|v| unsafe { T::load::<S>(x[v].add(at)) });
                for j in 0..J {
                    // SAFETY: as above.
                    let row = unsafe { T::load::<S>(y[j].add(at)) };
                    for v in 0..V {
                        sums[j][v] = T::mul_add(simd, row, columns[v], sums[j][v]);
                    }
                }
            }
        }
        for j in 0..J {
            for v in 0..V {
                // SAFETY: as for the loads.
                unsafe { T::store::<S>(self.sums.as_mut_ptr().add(rows[j] + columns[v]), sums[j][v]) };
            }
        }
    }
}
