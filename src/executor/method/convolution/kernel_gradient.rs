//! The gradient of a loss with respect to a kernel: `w'(m, c, k) += Σ_n Σ_lanes y(m, n) · x(c, e(n, k))`.
//!
//! A tile is M output channels by T pairs (c, k): M·T vectors of sums live in registers while the loop runs
//! over all positions n, and each step takes M vectors of y and T of x: tiles of 4×6, 6×4, 2×8 and 1×8 with
//! 32 registers, 6×2, 4×2, 2×4 and 1×8 with 16. At the end the lanes of each are added up. The signal is read
//! with its padding, so that entry e(n, k) is a base of n plus an offset of (c, k) everywhere.

use pulp::{Simd, WithSimd};

use super::gather::panels;
use crate::executor::layout::LANES;
use crate::simd::is_wide;
use crate::simd::multiply_add;

/// Most positions that all tiles pass over before the next ones, so that what they read stays in the
/// first-level cache: machines with [more registers](is_wide) have larger ones.
const BLOCK: usize = 64;
const WIDE_BLOCK: usize = 128;

/// The operation, for one group of channels.
pub(super) struct KernelGradient<'a> {
    /// (output channel, position, lane)
    pub output_gradient: &'a [f32],
    /// The padded signal: (input channel, entry, lane).
    pub signal: &'a [f32],
    /// The first entry that each position reads.
    pub bases: &'a [u32],
    /// For each (input channel, tap), its offset in the padded signal.
    pub offsets: &'a [u32],
    /// (output channel, input channel, tap), to be added to.
    pub gradient: &'a mut [f32],
    pub output_channels: usize,
}

impl WithSimd for KernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let most = if is_wide::<S>() { WIDE_BLOCK } else { BLOCK };
        let (positions, count) = (self.bases.len(), self.bases.len().div_ceil(most));
        for block in 0..count {
            let block = (block * positions / count, (block + 1) * positions / count);
            let mut channel = 0;
            for panel in panels(self.output_channels, is_wide::<S>()) {
                match panel {
                    6 if !is_wide::<S>() => self.panel::<S, 6, 2>(simd, channel, block),
                    4 if !is_wide::<S>() => self.panel::<S, 4, 2>(simd, channel, block),
                    2 if !is_wide::<S>() => self.panel::<S, 2, 4>(simd, channel, block),
                    8 => {
                        self.panel::<S, 4, 6>(simd, channel, block);
                        self.panel::<S, 4, 6>(simd, channel + 4, block);
                    }
                    6 => self.panel::<S, 6, 4>(simd, channel, block),
                    4 => self.panel::<S, 4, 6>(simd, channel, block),
                    2 => self.panel::<S, 2, 8>(simd, channel, block),
                    _ => self.panel::<S, 1, 8>(simd, channel, block),
                }
                channel += panel;
            }
        }
    }
}

impl KernelGradient<'_> {
    /// M output channels from this one on, at the positions of a block, from the first to one past the last.
    #[inline(always)]
    fn panel<S: Simd, const M: usize, const T: usize>(
        &mut self,
        simd: S,
        channel: usize,
        block: (usize, usize),
    ) {
        let rows = (channel, block);
        let (tiles, rest) = self.offsets.as_chunks::<T>();
        for (i, tile) in tiles.iter().enumerate() {
            self.tile::<S, M, T>(simd, rows, i * T, tile, T);
        }
        let done = tiles.len() * T;
        if let [single] = rest {
            self.tile::<S, M, 1>(simd, rows, done, &[*single], 1);
        } else if let [first, ..] = rest {
            // The tile is filled up with a pair whose sums are thrown away.
            let filled = std::array::from_fn(|t| rest.get(t).copied().unwrap_or(*first));
            self.tile::<S, M, T>(simd, rows, done, &filled, rest.len());
        }
    }

    /// M output channels by the T pairs from `pair` on, of which the first `wanted` count.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const T: usize>(
        &mut self,
        simd: S,
        (channel, (first, end)): (usize, (usize, usize)),
        pair: usize,
        offsets: &[u32; T],
        wanted: usize,
    ) {
        let parts = LANES / S::F32_LANES;
        let pairs = self.offsets.len();
        let (y, _) = S::as_simd_f32s(self.output_gradient);
        let (x, _) = S::as_simd_f32s(self.signal);
        let positions = self.bases.len();
        let bases = &self.bases[first..end];
        let rows: [&[S::f32s]; M] =
            std::array::from_fn(|m| &y[((channel + m) * positions + first) * parts..][..bases.len() * parts]);
        let offsets: [usize; T] = std::array::from_fn(|t| offsets[t] as usize * parts);
        let mut sums = [[simd.splat_f32s(0.0); T]; M];
        for (n, &base) in bases.iter().enumerate() {
            let base = base as usize * parts;
            for part in 0..parts {
                let x: [S::f32s; T] = std::array::from_fn(|t| x[base + offsets[t] + part]);
                for m in 0..M {
                    let y = rows[m][n * parts + part];
                    for t in 0..T {
                        sums[m][t] = multiply_add(simd, y, x[t], sums[m][t]);
                    }
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            let gradient = &mut self.gradient[(channel + m) * pairs + pair..][..wanted];
            for (entry, &sum) in gradient.iter_mut().zip(sums) {
                *entry += simd.reduce_sum_f32s(sum);
            }
        }
    }
}

/// Vectors whose sum is added up in `f32`.
const ADDED: usize = 64;

/// `bias'(m) += Σ_n Σ_lanes y(m, n)`. Of every [`ADDED`] vectors the sum is added to one in `f64`, so that
/// each entry is rounded at most ADDED/4 + 2 + log₂ LANES times in `f32` and once more at the end, however
/// many there are.
pub(super) struct BiasGradient<'a> {
    /// (output channel, position, lane)
    pub output_gradient: &'a [f32],
    /// For each output channel, to be added to.
    pub gradient: &'a mut [f32],
}

impl WithSimd for BiasGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let plane = self.output_gradient.len() / self.gradient.len();
        for (entry, plane) in self.gradient.iter_mut().zip(self.output_gradient.chunks_exact(plane)) {
            let (vectors, _) = S::as_simd_f32s(plane);
            let mut total = 0f64;
            for vectors in vectors.chunks(ADDED) {
                // Four sums, so that additions need not wait for each other.
                let mut sums = [simd.splat_f32s(0.0); 4];
                let (quadruples, rest) = vectors.as_chunks::<4>();
                for four in quadruples {
                    sums = std::array::from_fn(|i| simd.add_f32s(sums[i], four[i]));
                }
                for (sum, &vector) in sums.iter_mut().zip(rest) {
                    *sum = simd.add_f32s(*sum, vector);
                }
                let [a, b, c, d] = sums;
                let sum = simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)));
                total += f64::from(sum);
            }
            *entry += total as f32;
        }
    }
}
