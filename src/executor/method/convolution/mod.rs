//! A convolution on chunks of sixteen samples, its transpose and its gradients.
//!
//! With ⟨a, b⟩ = Σ a·b, the output is linear in the kernel w and in the input x, and `⟨output(w, x), y⟩ = ⟨x,
//! input_gradient(w, y)⟩ = ⟨w, kernel_gradient(x, y)⟩` (see [`adjoint`](crate::conv::algorithm::adjoint)). A
//! transposed convolution is the same three kernels in other roles: its output is `input_gradient` of its
//! input, the gradient of its input is `forward` of the gradient of its output, and the gradient of its
//! kernel is `kernel_gradient(output gradient, input)`.
//!
//! Cost: [`Problem::connections`] multiply–adds of vectors for each of the first two; the third adds those of
//! taps on padding.

pub(super) mod gather;
mod kernel_gradient;
mod reads;

use self::gather::{Gather, panels};
use self::kernel_gradient::{BiasGradient, KernelGradient};
use self::reads::{Reads, row_major};
use crate::conv::{Axis, Operation, Problem};
use crate::executor::layout::LANES;
use crate::simd::InstructionSet;

/// A convolution or correlation of chunks, any number of axes, options and boundaries.
///
/// Arrays of a chunk: input (C, space…, lane), output (M, space…, lane). Kernels have the ordinary layout
/// (M, C/groups, taps…). The batch of the problem plays no part.
#[derive(Clone, Debug)]
pub struct LaneConvolution {
    instructions: InstructionSet,
    groups: usize,
    /// Channels of the input in one group.
    input_channels: usize,
    /// Channels of the output in one group.
    output_channels: usize,
    taps: usize,
    input_entries: usize,
    output_entries: usize,
    of_output: Reads,
    of_signal: Reads,
    padded: Padded,
}

/// How the kernel gradient reads the signal with its padding.
#[derive(Clone, Debug)]
struct Padded {
    /// For each entry of a padded channel, the entry of the signal, or `None` for a zero; empty if there is
    /// no padding.
    sources: Vec<Option<u32>>,
    /// Entries of a padded channel.
    entries: usize,
    /// For each output, the first entry that it reads.
    bases: Vec<u32>,
    /// For each (input channel of a group, tap), its offset.
    offsets: Vec<u32>,
}

impl Padded {
    fn new(problem: &Problem) -> Self {
        let padded = &problem.padded_shape()[2..];
        let is_padded = problem.axes().iter().any(|axis| axis.padding != (0, 0));
        let entries: usize = padded.iter().product();
        let axes = || problem.axes().iter().enumerate();
        let sources = row_major(padded, |index| {
            let inside = axes().map(|(a, axis)| {
                let position = index[a] as isize - axis.padding.0 as isize;
                Some((problem.boundary().source(position, axis.signal)?, axis.signal))
            });
            let row_major = |at: u32, found: Option<(usize, usize)>| {
                found.map(|(entry, length)| at * length as u32 + entry as u32)
            };
            inside.into_iter().try_fold(0, row_major)
        });
        let outputs: Vec<_> = problem.axes().iter().map(|axis| axis.output).collect();
        let offset = |index: &[usize], step: &dyn Fn(usize, usize) -> usize| {
            axes().fold(0, |at, (a, axis)| at * axis.padded() as u32 + step(a, index[a]) as u32)
        };
        let bases = row_major(&outputs, |index| offset(index, &|a, o| o * problem.axes()[a].stride));
        let taps: Vec<_> = problem.axes().iter().map(|axis| axis.taps).collect();
        let of_taps = row_major(&taps, |index| {
            offset(index, &|a, tap| {
                let axis = &problem.axes()[a];
                match problem.operation() {
                    Operation::Correlation => tap * axis.dilation,
                    Operation::Convolution => (axis.taps - 1 - tap) * axis.dilation,
                }
            })
        });
        let channels = 0..problem.group_channels();
        let offsets = channels
            .flat_map(|channel| of_taps.iter().map(move |&offset| (channel * entries) as u32 + offset))
            .collect();
        Padded { sources: if is_padded { sources } else { vec![] }, entries, bases, offsets }
    }
}

impl LaneConvolution {
    /// Prepares the convolution that a problem describes for these instructions.
    pub fn new(problem: &Problem, instructions: InstructionSet) -> Self {
        let product = |entries: &dyn Fn(&Axis) -> usize| problem.axes().iter().map(entries).product();
        LaneConvolution {
            instructions,
            groups: problem.groups(),
            input_channels: problem.group_channels(),
            output_channels: problem.output_channels() / problem.groups(),
            taps: product(&|axis| axis.taps),
            input_entries: product(&|axis| axis.signal),
            output_entries: product(&|axis| axis.output),
            of_output: Reads::of_output(problem),
            of_signal: Reads::of_signal(problem),
            padded: Padded::new(problem),
        }
    }

    /// Length of a chunk of the input.
    pub fn input_length(&self) -> usize {
        self.groups * self.input_channels * self.input_entries * LANES
    }

    /// Length of a chunk of the output.
    pub fn output_length(&self) -> usize {
        self.groups * self.output_channels * self.output_entries * LANES
    }

    /// Number of weights of the kernel.
    pub fn weights(&self) -> usize {
        self.groups * self.group_weights()
    }

    /// Length of the scratch space that each method needs.
    pub fn scratch_length(&self) -> usize {
        let padded = if self.padded.sources.is_empty() { 0 } else { self.padded.entries };
        self.group_weights().max(padded * self.input_channels * LANES)
    }

    fn group_weights(&self) -> usize {
        self.output_channels * self.input_channels * self.taps
    }

    /// The output: the convolution of the input, plus a bias for each output channel.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward(
        &self,
        weights: &[f32],
        bias: Option<&[f32]>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
    ) {
        self.check(weights, input.len(), output.len(), scratch);
        check_bias(bias, self.groups * self.output_channels);
        let (inputs, outputs) = (input.len() / self.groups, output.len() / self.groups);
        for group in 0..self.groups {
            let kernel = &weights[group * self.group_weights()..][..self.group_weights()];
            let row = self.input_channels * self.taps;
            let packed = &mut scratch[..self.group_weights()];
            let panels = panels(self.output_channels, self.instructions.are_wide());
            pack(packed, panels, row, |m, j| kernel[m * row + j]);
            self.instructions.run_on_blocks(Gather {
                reads: &self.of_output,
                weights: packed,
                bias: bias.map(|bias| &bias[group * self.output_channels..][..self.output_channels]),
                input: &input[group * inputs..][..inputs],
                output: &mut output[group * outputs..][..outputs],
                taps: self.taps,
                input_channels: self.input_channels,
                output_channels: self.output_channels,
            });
        }
    }

    /// The gradient of the input from that of the output: the adjoint map, overwriting what was there.
    ///
    /// As the output of a transposed convolution it may have a bias for each input channel.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn input_gradient(
        &self,
        weights: &[f32],
        bias: Option<&[f32]>,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        self.check(weights, input_gradient.len(), output_gradient.len(), scratch);
        check_bias(bias, self.groups * self.input_channels);
        let (inputs, outputs) = (input_gradient.len() / self.groups, output_gradient.len() / self.groups);
        for group in 0..self.groups {
            let kernel = &weights[group * self.group_weights()..][..self.group_weights()];
            let row = self.input_channels * self.taps;
            let packed = &mut scratch[..self.group_weights()];
            let panels = panels(self.input_channels, self.instructions.are_wide());
            pack(packed, panels, self.output_channels * self.taps, |c, j| {
                let (m, tap) = (j / self.taps, j % self.taps);
                kernel[m * row + c * self.taps + tap]
            });
            self.instructions.run_on_blocks(Gather {
                reads: &self.of_signal,
                weights: packed,
                bias: bias.map(|bias| &bias[group * self.input_channels..][..self.input_channels]),
                input: &output_gradient[group * outputs..][..outputs],
                output: &mut input_gradient[group * inputs..][..inputs],
                taps: self.taps,
                input_channels: self.output_channels,
                output_channels: self.input_channels,
            });
        }
    }

    /// Adds the gradient of the kernel, summed over the lanes, to `gradient`.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn kernel_gradient(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        self.check(gradient, input.len(), output_gradient.len(), scratch);
        let (inputs, outputs) = (input.len() / self.groups, output_gradient.len() / self.groups);
        for group in 0..self.groups {
            let input = &input[group * inputs..][..inputs];
            let output_gradient = &output_gradient[group * outputs..][..outputs];
            let gradient = &mut gradient[group * self.group_weights()..][..self.group_weights()];
            let is_padded = !self.padded.sources.is_empty();
            // Zero times infinity would be NaN, where the definition reads nothing.
            let exact = if is_padded && output_gradient.iter().any(|y| !y.is_finite()) {
                self.unpadded_gradients(input, output_gradient, gradient)
            } else {
                vec![]
            };
            let signal = if is_padded { self.pad(input, scratch) } else { input };
            self.instructions.run_on_blocks(KernelGradient {
                output_gradient,
                signal,
                bases: &self.padded.bases,
                offsets: &self.padded.offsets,
                gradient,
                output_channels: self.output_channels,
            });
            for (weight, found) in exact {
                gradient[weight] = found;
            }
        }
    }

    /// For the output channels of a group whose gradient is not finite, each weight and what `gradient`
    /// becomes there when padding is not read at all, summed in double precision.
    fn unpadded_gradients(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        gradient: &[f32],
    ) -> Vec<(usize, f32)> {
        let row = self.input_channels * self.taps;
        let (input, _) = input.as_chunks::<LANES>();
        let (output_gradient, _) = output_gradient.as_chunks::<LANES>();
        let mut found = vec![];
        for (m, y) in output_gradient.chunks_exact(self.output_entries).enumerate() {
            if y.iter().flatten().all(|y| y.is_finite()) {
                continue;
            }
            for (j, &offset) in self.padded.offsets.iter().enumerate() {
                let (channel, offset) = (j / self.taps, offset as usize % self.padded.entries);
                let entries = &input[channel * self.input_entries..][..self.input_entries];
                let products = y.iter().zip(&self.padded.bases).filter_map(|(y, &base)| {
                    let x = entries[self.padded.sources[base as usize + offset]? as usize];
                    Some(x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>())
                });
                let sum = products.sum::<f64>();
                found.push((m * row + j, (f64::from(gradient[m * row + j]) + sum) as f32));
            }
        }
        found
    }

    /// Adds the gradient of a bias, the sum over positions and lanes of the gradient of what it was added to.
    ///
    /// # Panics
    /// If `gradient` is empty or does not divide the length of `output_gradient`.
    pub fn bias_gradient(&self, output_gradient: &[f32], gradient: &mut [f32]) {
        assert!(
            !gradient.is_empty() && output_gradient.len().is_multiple_of(gradient.len() * LANES),
            "there is one bias for each channel"
        );
        self.instructions.run_on_blocks(BiasGradient { output_gradient, gradient });
    }

    /// The channels of a group with their padding.
    fn pad<'a>(&self, input: &[f32], scratch: &'a mut [f32]) -> &'a [f32] {
        let padded = &mut scratch[..self.input_channels * self.padded.entries * LANES];
        let (blocks, _) = padded.as_chunks_mut::<LANES>();
        let (entries, _) = input.as_chunks::<LANES>();
        for (blocks, entries) in
            blocks.chunks_exact_mut(self.padded.entries).zip(entries.chunks_exact(self.input_entries))
        {
            for (block, source) in blocks.iter_mut().zip(&self.padded.sources) {
                *block = source.map_or([0.0; LANES], |source| entries[source as usize]);
            }
        }
        padded
    }

    fn check(&self, weights: &[f32], input: usize, output: usize, scratch: &[f32]) {
        assert_eq!(weights.len(), self.weights(), "the kernel has this many weights");
        assert_eq!(input, self.input_length(), "a chunk of the input has this length");
        assert_eq!(output, self.output_length(), "a chunk of the output has this length");
        assert!(scratch.len() >= self.scratch_length(), "the scratch space is at least this long");
    }
}

fn check_bias(bias: Option<&[f32]>, channels: usize) {
    assert!(
        bias.is_none_or(|bias| bias.len() == channels),
        "there is one bias for each of {channels} channels"
    );
}

/// Panels of weights: for each panel of M channels, the M weights of each of the `row` steps of its sum.
fn pack(
    packed: &mut [f32],
    panels: impl Iterator<Item = usize>,
    row: usize,
    weight: impl Fn(usize, usize) -> f32,
) {
    let (mut channel, mut at) = (0, 0);
    for panel in panels {
        for j in 0..row {
            for m in channel..channel + panel {
                packed[at] = weight(m, j);
                at += 1;
            }
        }
        channel += panel;
    }
}
