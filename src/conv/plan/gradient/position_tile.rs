//! The innermost loop of the gradient with positions in the lanes: a tile of sums that stays in registers.
//!
//! ```text
//! tile(j, v) += Σ_s Σ_o y[y_starts(j) + s·y_step + o ..] · x̃[x_starts(v) + s·x_step + o ..]
//! ```
//!
//! o runs over vectors of positions and s over samples. A term costs one load for each j and each v, and J·V
//! multiply-adds: those of y, which begin where lines of the cache begin, take one cycle, those of the signal
//! two. The lanes of a sum are added up when all terms of all samples are.

use pulp::{Simd, WithSimd};

use crate::conv::plan::register::prefetch::{Purpose, prefetch};
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet, is_wide};

/// Most rows of a tile.
pub(super) fn most_rows(set: InstructionSet) -> usize {
    match set {
        InstructionSet::Avx512 => 8,
        InstructionSet::Avx2 | InstructionSet::Portable => 6,
    }
}

/// Most columns of a tile of so many rows: sums, the loaded columns and a row fit the registers.
pub(super) fn most_columns(set: InstructionSet, rows: usize) -> usize {
    match set {
        InstructionSet::Avx512 => {
            if rows <= 6 {
                4
            } else {
                3
            }
        }
        InstructionSet::Avx2 | InstructionSet::Portable => {
            if rows <= 3 {
                3
            } else {
                2
            }
        }
    }
}

/// The rows or columns of a tile: where they begin in y or in the signal, and their places among the sums.
#[derive(Clone, Debug)]
pub(super) struct Side {
    starts: Vec<usize>,
    places: Vec<usize>,
    /// The largest of each.
    last_start: usize,
    last_place: usize,
}

impl Side {
    /// Of pairs of both.
    pub(super) fn new(list: &[(usize, usize)]) -> Self {
        let (starts, places): (Vec<_>, Vec<_>) = list.iter().copied().unzip();
        let largest = |list: &[usize]| list.iter().copied().max().unwrap_or(0);
        Side { last_start: largest(&starts), last_place: largest(&places), starts, places }
    }

    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }
}

/// One tile: see the [module](self).
pub(super) struct PositionTile<'a, T> {
    pub(super) y: &'a [T],
    pub(super) rows: &'a Side,
    pub(super) x: &'a [T],
    pub(super) columns: &'a Side,
    /// How many, and how far apart in y and x̃.
    pub(super) samples: (usize, usize, usize),
    /// Vectors of positions.
    pub(super) vectors: usize,
    /// Sum (j, v), a vector, stands at the place of row j plus that of column v.
    pub(super) sums: &'a mut [T],
    /// What is read next, and is brought nearer meanwhile: as many entries as the tile has positions in a
    /// sample.
    pub(super) ahead: &'a [T],
}

impl<T: Element> WithSimd for PositionTile<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.rows.starts.len() {
            1 => self.with_rows::<S, 1>(simd),
            2 => self.with_rows::<S, 2>(simd),
            3 => self.with_rows::<S, 3>(simd),
            4 => self.with_rows::<S, 4>(simd),
            5 => self.with_rows::<S, 5>(simd),
            6 => self.with_rows::<S, 6>(simd),
            7 if const { is_wide::<S>() } => self.with_rows::<S, 7>(simd),
            8 if const { is_wide::<S>() } => self.with_rows::<S, 8>(simd),
            other => unreachable!("a tile has one to eight rows, or with 16 registers six, not {other}"),
        }
    }
}

impl<T: Element> PositionTile<'_, T> {
    #[inline(always)]
    fn with_rows<S: Simd, const J: usize>(self, simd: S) {
        match self.columns.starts.len() {
            1 => self.sum::<S, J, 1>(simd),
            2 => self.sum::<S, J, 2>(simd),
            3 if const { J <= 3 || is_wide::<S>() } => self.sum::<S, J, 3>(simd),
            4 if const { J <= 6 && is_wide::<S>() } => self.sum::<S, J, 4>(simd),
            other => unreachable!("a tile of {J} rows has no {other} columns"),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let (samples, y_step, x_step) = self.samples;
        let end = (samples.saturating_sub(1), self.vectors * lanes);
        assert!(self.rows.last_start + end.0 * y_step + end.1 <= self.y.len(), "a tile reads inside y");
        assert!(
            self.columns.last_start + end.0 * x_step + end.1 <= self.x.len(),
            "a tile reads inside its strip"
        );
        let last_place = self.rows.last_place + self.columns.last_place;
        assert!(last_place + lanes <= self.sums.len(), "a tile has all its sums");
        let (Ok(y_starts), Ok(rows)) =
            (<&[usize; J]>::try_from(&self.rows.starts[..]), <&[usize; J]>::try_from(&self.rows.places[..]))
        else {
            unreachable!("a tile has {J} rows")
        };
        let (Ok(x_starts), Ok(columns)) = (
            <&[usize; V]>::try_from(&self.columns.starts[..]),
            <&[usize; V]>::try_from(&self.columns.places[..]),
        ) else {
            unreachable!("a tile has {V} columns")
        };
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                // SAFETY: the sums hold a vector at each place, as asserted.
                sums[j][v] = unsafe { T::load::<S>(self.sums.as_ptr().add(rows[j] + columns[v])) };
            });
        });
        for sample in 0..samples {
            // SAFETY: all lie inside, as asserted.
            let y: [*const T; J] =
                std::array::from_fn(|j| unsafe { self.y.as_ptr().add(y_starts[j] + sample * y_step) });
            // SAFETY: as above.
            let x: [*const T; V] =
                std::array::from_fn(|v| unsafe { self.x.as_ptr().add(x_starts[v] + sample * x_step) });
            for at in (0..self.vectors * lanes).step_by(lanes) {
                prefetch(self.ahead.as_ptr().wrapping_add(at), Purpose::Later);
                // SAFETY: the last vector of the last sample ends inside, as asserted.
                let columns: [T::Vector<S>; V] =
                    std::array::from_fn(|v| unsafe { T::load::<S>(x[v].add(at)) });
                unrolled!(j in 0..J => {
                    // SAFETY: as above.
                    let row = unsafe { T::load::<S>(y[j].add(at)) };
                    unrolled!(v in 0..V => {
                        sums[j][v] = T::mul_add(simd, row, columns[v], sums[j][v]);
                    });
                });
            }
        }
        unrolled!(j in 0..J => {
            unrolled!(v in 0..V => {
                // SAFETY: as for the loads.
                unsafe { T::store::<S>(self.sums.as_mut_ptr().add(rows[j] + columns[v]), sums[j][v]) };
            });
        });
    }
}
