//! Sums of weighted vectors: `output(m, n) = bias(m) + Σ_c Σ_(k, e) w(m, c, k) · input(c, e)`, over the pairs
//! (k, e) that position n reads.
//!
//! A tile is M channels by P positions that read alike: M·P sums live in registers while the loop runs over c
//! and k, and each step takes M weights (broadcast) and P vectors of the input, so (M+P)/(M·P) loads for a
//! multiply–add. Tiles are 8×3, 6×4, 4×6, 2×8 and 1×8 with 32 registers. With 16 they are 6×1, 4×1, 2×2 and
//! 1×4, two vectors of samples for each position. What is left over of the channels takes a narrower tile,
//! what is left over of the positions half as many or one.
//!
//! Blocks of positions are the outer loop, panels of M channels the inner one: a block of the input stays in
//! the cache while all panels pass over it. Of a large input only some channels at once, so that they stay in
//! the first-level cache; their sums are continued.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::reads::{Alike, Position, Reads};
use crate::executor::layout::LANES;
use crate::simd::is_wide;
use crate::simd::multiply_add;

/// Positions that all panels pass over before the next ones: a multiple of the positions of every tile.
const BLOCK: usize = 48;

/// Inputs of more bytes are taken by channels, so many terms of a sum at once.
pub(in super::super) const NEAR_BYTES: usize = 256 * 1024;
const TERMS: usize = 48;

/// Numbers of channels of the panels that cover `channels`, widest first; those of eight only with
/// [many registers](is_wide).
pub(super) fn panels(channels: usize, is_wide: bool) -> impl Iterator<Item = usize> {
    let mut left = channels;
    std::iter::from_fn(move || {
        let panel = match left {
            0 => return None,
            8.. if is_wide => 8,
            6.. => 6,
            4.. => 4,
            2.. => 2,
            1 => 1,
        };
        left -= panel;
        Some(panel)
    })
}

/// The operation, for one group of channels.
pub(super) struct Gather<'a> {
    pub reads: &'a Reads,
    /// For each panel of M output channels, (input channel, tap, M).
    pub weights: &'a [f32],
    /// For each output channel.
    pub bias: Option<&'a [f32]>,
    /// (input channel, entry, lane)
    pub input: &'a [f32],
    /// (output channel, position, lane)
    pub output: &'a mut [f32],
    pub taps: usize,
    pub input_channels: usize,
    pub output_channels: usize,
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let is_near = size_of_val(self.input) <= NEAR_BYTES;
        let together = if is_near { self.input_channels } else { (TERMS / self.taps).max(1) };
        let reads = self.reads;
        for alike in &reads.0 {
            for block in alike.positions.chunks(BLOCK) {
                for first in (0..self.input_channels).step_by(together) {
                    let channels = first..self.input_channels.min(first + together);
                    self.block(simd, alike, block, channels);
                }
            }
        }
    }
}

impl Gather<'_> {
    /// What some input channels contribute to all output channels at the positions of a block.
    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, alike: &Alike, block: &[Position], channels: Range<usize>) {
        let (mut channel, mut weights) = (0, self.weights);
        for panel in panels(self.output_channels, is_wide::<S>()) {
            let (these, others) = weights.split_at(panel * self.input_channels * self.taps);
            let bias = self.bias.map(|bias| &bias[channel..][..panel]);
            let plane = self.output.len() / self.output_channels;
            let mut part = Panel {
                alike,
                weights: these,
                bias,
                input: self.input,
                output: &mut self.output[channel * plane..][..panel * plane],
                taps: self.taps,
                input_channels: self.input_channels,
                channels: channels.clone(),
            };
            match panel {
                6 if !is_wide::<S>() => part.run::<S, 6, 1, 1, 2>(simd, block),
                4 if !is_wide::<S>() => part.run::<S, 4, 1, 1, 2>(simd, block),
                2 if !is_wide::<S>() => part.run::<S, 2, 2, 1, 2>(simd, block),
                1 if !is_wide::<S>() => part.run::<S, 1, 4, 2, 2>(simd, block),
                8 => part.run::<S, 8, 3, 2, 1>(simd, block),
                6 => part.run::<S, 6, 4, 2, 1>(simd, block),
                4 => part.run::<S, 4, 6, 3, 1>(simd, block),
                2 => part.run::<S, 2, 8, 4, 1>(simd, block),
                _ => part.run::<S, 1, 8, 4, 1>(simd, block),
            }
            channel += panel;
            weights = others;
        }
    }
}

/// One panel of output channels.
struct Panel<'a> {
    alike: &'a Alike,
    weights: &'a [f32],
    bias: Option<&'a [f32]>,
    input: &'a [f32],
    output: &'a mut [f32],
    taps: usize,
    input_channels: usize,
    /// The input channels that take part.
    channels: Range<usize>,
}

impl Panel<'_> {
    /// All positions of a block, P at a time, then H, then one, with Q vectors of samples at once.
    #[inline(always)]
    fn run<S: Simd, const M: usize, const P: usize, const H: usize, const Q: usize>(
        &mut self,
        simd: S,
        block: &[Position],
    ) {
        let (tiles, rest) = block.as_chunks::<P>();
        tiles.iter().for_each(|tile| self.tile::<S, M, P, Q>(simd, tile));
        let (tiles, rest) = rest.as_chunks::<H>();
        tiles.iter().for_each(|tile| self.tile::<S, M, H, Q>(simd, tile));
        rest.iter().for_each(|position| self.tile::<S, M, 1, Q>(simd, &[*position]));
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const P: usize, const Q: usize>(
        &mut self,
        simd: S,
        positions: &[Position; P],
    ) {
        let parts = LANES / S::F32_LANES;
        let (input, _) = S::as_simd_f32s(self.input);
        let (output, _) = S::as_mut_simd_f32s(self.output);
        let (weights, _) = self.weights.as_chunks::<M>();
        let (input_plane, output_plane) = (input.len() / self.input_channels, output.len() / M);
        let at = |m: usize, position: &Position| m * output_plane + position.output as usize * parts;
        for part in (0..parts).step_by(Q) {
            let mut sums = [[[simd.splat_f32s(0.0); Q]; P]; M];
            if self.channels.start > 0 {
                for (m, sums) in sums.iter_mut().enumerate() {
                    for (sums, position) in sums.iter_mut().zip(positions) {
                        sums.copy_from_slice(&output[at(m, position) + part..][..Q]);
                    }
                }
            } else if let Some(bias) = self.bias {
                for (sums, &bias) in sums.iter_mut().zip(bias) {
                    *sums = [[simd.splat_f32s(bias); Q]; P];
                }
            }
            let bases: [usize; P] = std::array::from_fn(|p| positions[p].base as usize * parts + part);
            for channel in self.channels.clone() {
                let input = &input[channel * input_plane..][..input_plane];
                let weights = &weights[channel * self.taps..][..self.taps];
                for read in &self.alike.reads {
                    let offset = read.offset as usize * parts;
                    let x: [[S::f32s; Q]; P] = std::array::from_fn(|p| {
                        let from = &input[bases[p] + offset..][..Q];
                        std::array::from_fn(|q| from[q])
                    });
                    let weights = &weights[read.tap as usize];
                    for m in 0..M {
                        let weight = simd.splat_f32s(weights[m]);
                        for p in 0..P {
                            for q in 0..Q {
                                sums[m][p][q] = multiply_add(simd, weight, x[p][q], sums[m][p][q]);
                            }
                        }
                    }
                }
            }
            for (m, sums) in sums.iter().enumerate() {
                for (sums, position) in sums.iter().zip(positions) {
                    output[at(m, position) + part..][..Q].copy_from_slice(sums);
                }
            }
        }
    }
}
