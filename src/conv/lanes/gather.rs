//! Sums of weighted vectors: `output(m, n) = bias(m) + Σ_c Σ_(k, e) w(m, c, k) · input(c, e)`, over the pairs (k, e) that
//! position n reads.
//!
//! A tile is M channels by P positions that read alike: M·P sums live in registers while the loop runs over c and k, and
//! each step takes M weights (broadcast) and P vectors of the input, so (M+P)/(M·P) loads for a multiply–add. Tiles are
//! 8×3, 6×4, 4×6, 2×8 and 1×8; what is left over of the channels takes a narrower tile, what is left over of the
//! positions half as many or one.
//!
//! Blocks of positions are the outer loop, panels of M channels the inner one: a block of the input stays in the cache
//! while all panels pass over it.

use pulp::{Simd, WithSimd};

use super::instructions::multiply_add;
use super::layout::LANES;
use super::reads::{Alike, Position, Reads};

/// Positions that all panels pass over before the next ones: a multiple of the positions of every tile.
const BLOCK: usize = 48;

/// Numbers of channels of the panels that cover `channels`, widest first.
pub(super) fn panels(channels: usize) -> impl Iterator<Item = usize> {
    let mut left = channels;
    std::iter::from_fn(move || {
        let panel = match left {
            0 => return None,
            8.. => 8,
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
    fn with_simd<S: Simd>(self, simd: S) {
        for alike in &self.reads.0 {
            for block in alike.positions.chunks(BLOCK) {
                let (mut channel, mut weights) = (0, self.weights);
                for panel in panels(self.output_channels) {
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
                    };
                    match panel {
                        8 => part.run::<S, 8, 3, 2>(simd, block),
                        6 => part.run::<S, 6, 4, 2>(simd, block),
                        4 => part.run::<S, 4, 6, 3>(simd, block),
                        2 => part.run::<S, 2, 8, 4>(simd, block),
                        _ => part.run::<S, 1, 8, 4>(simd, block),
                    }
                    channel += panel;
                    weights = others;
                }
            }
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
}

impl Panel<'_> {
    /// All positions of a block, P at a time, then H, then one.
    #[inline(always)]
    fn run<S: Simd, const M: usize, const P: usize, const H: usize>(&mut self, simd: S, block: &[Position]) {
        let (tiles, rest) = block.as_chunks::<P>();
        tiles.iter().for_each(|tile| self.tile::<S, M, P>(simd, tile));
        let (tiles, rest) = rest.as_chunks::<H>();
        tiles.iter().for_each(|tile| self.tile::<S, M, H>(simd, tile));
        rest.iter().for_each(|position| self.tile::<S, M, 1>(simd, &[*position]));
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const P: usize>(&mut self, simd: S, positions: &[Position; P]) {
        let parts = LANES / S::F32_LANES;
        let (input, _) = S::as_simd_f32s(self.input);
        let (output, _) = S::as_mut_simd_f32s(self.output);
        let (weights, _) = self.weights.as_chunks::<M>();
        let (input_plane, output_plane) = (input.len() / self.input_channels, output.len() / M);
        for part in 0..parts {
            let mut sums = [[simd.splat_f32s(0.0); P]; M];
            if let Some(bias) = self.bias {
                for (sums, &bias) in sums.iter_mut().zip(bias) {
                    *sums = [simd.splat_f32s(bias); P];
                }
            }
            let bases: [usize; P] = std::array::from_fn(|p| positions[p].base as usize * parts + part);
            for channel in 0..self.input_channels {
                let input = &input[channel * input_plane..][..input_plane];
                let weights = &weights[channel * self.taps..][..self.taps];
                for read in &self.alike.reads {
                    let offset = read.offset as usize * parts;
                    let x: [S::f32s; P] = std::array::from_fn(|p| input[bases[p] + offset]);
                    let weights = &weights[read.tap as usize];
                    for m in 0..M {
                        let weight = simd.splat_f32s(weights[m]);
                        for p in 0..P {
                            sums[m][p] = multiply_add(simd, weight, x[p], sums[m][p]);
                        }
                    }
                }
            }
            for m in 0..M {
                for p in 0..P {
                    output[m * output_plane + positions[p].output as usize * parts + part] = sums[m][p];
                }
            }
        }
    }
}
