//! A tile of a matrix product that stays in registers, and goes from there to the output.
//!
//! ```text
//! output(j, p) = finish(Σ_k weights(k, j) · panel(k, p))
//! ```
//!
//! j runs over output channels, p over one to three vectors of positions, k over input channels. Weights and
//! panel are read in the order of memory, so that a term costs a load for each vector and a broadcast for
//! each channel, no addresses, and its products hide both. The terms are added in the order of k.
//!
//! Source: the register blocking of K. Goto, R. van de Geijn, *Anatomy of high-performance matrix
//! multiplication*, 2008.

use pulp::{Simd, WithSimd};

use crate::conv::plan::register::output::{Finish, SharedOutput};
use crate::simd::unrolled;
use crate::simd::{Element, is_wide};

/// One tile: see the [module](self).
pub(in crate::conv::plan) struct PanelTile<'a, T> {
    /// (terms, rows)
    pub(in crate::conv::plan) weights: &'a [T],
    /// From one to eight, with 16 registers to six.
    pub(in crate::conv::plan) rows: usize,
    /// (terms, vectors, lanes)
    pub(in crate::conv::plan) panel: &'a [T],
    /// From one to three, with 16 registers to two.
    pub(in crate::conv::plan) vectors: usize,
    pub(in crate::conv::plan) output: &'a SharedOutput<'a, T>,
    /// Where the first sum goes, and how far apart rows are.
    pub(in crate::conv::plan) to: (usize, usize),
    /// How many sums of a row are wanted: none of the last vector's lanes beyond them.
    pub(in crate::conv::plan) length: usize,
    pub(in crate::conv::plan) finish: Finish<'a, T>,
    /// The number of the first row among the channels of the output.
    pub(in crate::conv::plan) channel: usize,
}

impl<T: Element> PanelTile<'_, T> {
    /// Computes the sums and writes them.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn run<S: Simd>(self, simd: S) {
        simd.vectorize(Vectorized(self));
    }
}

/// Only [`PanelTile::run`] makes one, whose caller vouches for the places in the output.
struct Vectorized<'a, T>(PanelTile<'a, T>);

impl<T: Element> WithSimd for Vectorized<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.0.vectors {
            1 => self.with_vectors::<S, 1>(simd),
            2 => self.with_vectors::<S, 2>(simd),
            3 if const { is_wide::<S>() } => self.with_vectors::<S, 3>(simd),
            other => unreachable!("a tile has one to three vectors, or with 16 registers two, not {other}"),
        }
    }
}

impl<T: Element> Vectorized<'_, T> {
    #[inline(always)]
    fn with_vectors<S: Simd, const V: usize>(self, simd: S) {
        match self.0.rows {
            1 => self.sum::<S, 1, V>(simd),
            2 => self.sum::<S, 2, V>(simd),
            3 => self.sum::<S, 3, V>(simd),
            4 => self.sum::<S, 4, V>(simd),
            5 => self.sum::<S, 5, V>(simd),
            6 => self.sum::<S, 6, V>(simd),
            7 if const { is_wide::<S>() } => self.sum::<S, 7, V>(simd),
            8 if const { is_wide::<S>() } => self.sum::<S, 8, V>(simd),
            other => unreachable!("a tile has one to eight rows, or with 16 registers six, not {other}"),
        }
    }

    #[inline(always)]
    fn sum<S: Simd, const J: usize, const V: usize>(self, simd: S) {
        let Vectorized(tile) = self;
        let lanes = T::lanes::<S>();
        let terms = tile.weights.len() / J;
        assert!(terms * V * lanes <= tile.panel.len() && tile.length <= V * lanes);
        let mut sums = [[T::splat(simd, T::zero()); V]; J];
        let (mut weights, mut panel) = (tile.weights.as_ptr(), tile.panel.as_ptr());
        for _ in 0..terms {
            // SAFETY: there are as many terms in the panel as in the weights, as asserted: V vectors and J
            // weights for each. Both pointers end one past the last term at most.
            unsafe {
                let values: [T::Vector<S>; V] = std::array::from_fn(|v| T::load::<S>(panel.add(v * lanes)));
                unrolled!(j in 0..J => {
                    let weight = T::splat(simd, *weights.add(j));
                    unrolled!(v in 0..V => {
                        sums[j][v] = T::mul_add(simd, weight, values[v], sums[j][v]);
                    });
                });
                (weights, panel) = (weights.add(J), panel.add(V * lanes));
            }
        }
        let (to, stride) = tile.to;
        unrolled!(j in 0..J => {
            let finish = tile.finish.of(tile.channel + j);
            unrolled!(v in 0..V => {
                let length = tile.length.saturating_sub(v * lanes).min(lanes);
                // SAFETY: whoever calls `run` vouches that no one else accesses these entries.
                unsafe { tile.output.write_vector(simd, to + j * stride + v * lanes, sums[j][v], length, finish) };
            });
        });
    }
}
