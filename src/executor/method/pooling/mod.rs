//! Max, mean and sum pooling of chunks, over windows of any kind.
//!
//! `output(c, n) = max, mean or sum of input(c, e)` over the entries e of window n. Padding is by omission:
//! what lies beyond the border belongs to no window. The gradient of a maximum goes to its *first* place in
//! row-major order, as PyTorch has it; that place is found again by comparing with the output, so nothing has
//! to be remembered.
//!
//! Cost: each entry of each window once, forward and backward.

mod max_gradient;
mod windows;

use max_gradient::{MaxGradient, MaxGradientInPlace};
use windows::Windows;

use super::{add_up, blocks, blocks_mut, maximum};
use crate::conv::Problem;
use crate::executor::layout::LANES;
use crate::simd::InstructionSet;

/// What the sum over a window is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Divisor {
    /// The number of taps of the window, also where some lie beyond the border (PyTorch's
    /// `count_include_pad`).
    Window,
    /// The number of its entries inside the border.
    Inside,
    /// One: it stays the sum.
    One,
}

impl Divisor {
    #[inline(always)]
    fn count(self, window: &[u32], taps: u32) -> f32 {
        match self {
            Divisor::Window => taps as f32,
            Divisor::Inside => window.len() as f32,
            Divisor::One => 1.0,
        }
    }
}

/// Pooling of each channel of a chunk.
#[derive(Clone, Debug)]
pub struct LanePooling {
    instructions: InstructionSet,
    channels: usize,
    windows: Windows,
}

impl LanePooling {
    /// The windows of a convolution with zero boundary: its taps, strides, dilations and paddings. Channels
    /// are those of its input; its kernel's channels, groups and batch play no part.
    ///
    /// # Panics
    /// If a window lies beyond the border as a whole, so that it has no maximum and no mean.
    pub fn new(problem: &Problem, instructions: InstructionSet) -> Self {
        let windows = Windows::of_problem(problem);
        LanePooling { instructions, channels: problem.input_channels(), windows }
    }

    /// As many windows along each axis as `output` says, as even as can be: window n of an axis of L entries
    /// and N windows has the entries ⌊nL/N⌋ … ⌈(n+1)L/N⌉ − 1. One window along each axis is global pooling.
    ///
    /// # Panics
    /// If input and output have different numbers of axes, or one has no entries.
    pub fn adaptive(
        channels: usize,
        input: &[usize],
        output: &[usize],
        instructions: InstructionSet,
    ) -> Self {
        LanePooling { instructions, channels, windows: Windows::adaptive(input, output) }
    }

    /// Over sets of channels: the channels are those of so many fields of `size` channels, and each set
    /// becomes one channel of a field of the output, at each of the positions.
    ///
    /// # Panics
    /// If a set is empty.
    pub fn over_channels(
        fields: usize,
        size: usize,
        sets: &[Vec<usize>],
        positions: usize,
        instructions: InstructionSet,
    ) -> Self {
        LanePooling { instructions, channels: fields, windows: Windows::over_channels(size, sets, positions) }
    }

    /// Length of a chunk of the input.
    pub fn input_length(&self) -> usize {
        self.channels * self.windows.inputs() * LANES
    }

    /// Length of a chunk of the output.
    pub fn output_length(&self) -> usize {
        self.channels * self.windows.len() * LANES
    }

    /// The greatest entry of each window, NaN if it has one.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn max(&self, input: &[f32], output: &mut [f32]) {
        self.check(input, output);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                for (input, output) in self.channels(input).zip(self.outputs(output)) {
                    for (window, y) in self.windows.iter().zip(output) {
                        let mut greatest = input[window[0] as usize];
                        for &entry in &window[1..] {
                            let x = &input[entry as usize];
                            for lane in 0..LANES {
                                greatest[lane] = maximum(x[lane], greatest[lane]);
                            }
                        }
                        *y = greatest;
                    }
                }
            },
        );
    }

    /// The gradient of the input of [`max`](Self::max), from its input and output and the gradient of its
    /// output.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn max_gradient(
        &self,
        input: &[f32],
        output: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
    ) {
        self.check(input, output);
        self.check(input_gradient, output_gradient);
        self.instructions.run_on_blocks(MaxGradient {
            windows: &self.windows,
            input,
            output,
            output_gradient,
            input_gradient,
        });
    }

    /// Whether no two windows have a common entry, so that
    /// [`max_gradient_in_place`](Self::max_gradient_in_place) can be used.
    pub fn is_disjoint(&self) -> bool {
        self.windows.outside().is_some()
    }

    /// The gradient of the input of [`max`](Self::max) in the place of the input.
    ///
    /// Outputs that are not positive may have been replaced by 0 if the gradient is zero there, as ReLU does.
    ///
    /// # Panics
    /// If a slice does not have its length, or two windows have a common entry.
    pub fn max_gradient_in_place(&self, input: &mut [f32], output: &[f32], output_gradient: &[f32]) {
        self.check(input, output);
        self.check(input, output_gradient);
        let Some(outside) = self.windows.outside() else {
            panic!("windows that overlap have no gradient in place")
        };
        self.instructions.run_on_blocks(MaxGradientInPlace {
            windows: &self.windows,
            outside,
            input,
            output,
            output_gradient,
        });
    }

    /// The mean of each window: its sum, divided.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn mean(&self, divisor: Divisor, input: &[f32], output: &mut [f32]) {
        self.check(input, output);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                for (input, output) in self.channels(input).zip(self.outputs(output)) {
                    for ((window, &taps), y) in self.windows.iter().zip(self.windows.taps()).zip(output) {
                        let sum = add_up(window.len(), |n| &input[window[n] as usize]);
                        let count = divisor.count(window, taps);
                        *y = sum.map(
                            #[inline(always)]
                            |sum| sum / count,
                        );
                    }
                }
            },
        );
    }

    /// The gradient of the input of [`mean`](Self::mean).
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn mean_gradient(&self, divisor: Divisor, output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.check(input_gradient, output_gradient);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                let outputs = blocks(output_gradient).chunks_exact(self.windows.len());
                for (dx, dy) in self.inputs(input_gradient).zip(outputs) {
                    dx.fill([0.0; LANES]);
                    for ((window, &taps), dy) in self.windows.iter().zip(self.windows.taps()).zip(dy) {
                        let count = divisor.count(window, taps);
                        let share = dy.map(
                            #[inline(always)]
                            |dy| dy / count,
                        );
                        for &entry in window {
                            let dx = &mut dx[entry as usize];
                            for lane in 0..LANES {
                                dx[lane] += share[lane];
                            }
                        }
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn channels<'a>(&self, input: &'a [f32]) -> impl Iterator<Item = &'a [[f32; LANES]]> {
        blocks(input).chunks_exact(self.windows.inputs())
    }

    #[inline(always)]
    fn inputs<'a>(&self, input: &'a mut [f32]) -> impl Iterator<Item = &'a mut [[f32; LANES]]> {
        blocks_mut(input).chunks_exact_mut(self.windows.inputs())
    }

    #[inline(always)]
    fn outputs<'a>(&self, output: &'a mut [f32]) -> impl Iterator<Item = &'a mut [[f32; LANES]]> {
        blocks_mut(output).chunks_exact_mut(self.windows.len())
    }

    fn check(&self, input: &[f32], output: &[f32]) {
        assert_eq!(input.len(), self.input_length(), "a chunk of the input has this length");
        assert_eq!(output.len(), self.output_length(), "a chunk of the output has this length");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conv::{Operation, Options};
    use crate::executor::layout::{deinterleave, interleave};

    /// One channel of one axis: the chunk of a single sample.
    fn chunk(entries: &[f32]) -> Vec<f32> {
        let mut chunk = vec![0.0; entries.len() * LANES];
        interleave(entries, entries.len(), &mut chunk);
        chunk
    }

    fn sample(chunk: &[f32]) -> Vec<f32> {
        let mut row = vec![0.0; chunk.len() / LANES];
        let features = row.len();
        deinterleave(chunk, features, &mut row);
        row
    }

    fn problem(channels: usize, length: &[usize], window: &[usize], options: Options) -> Problem {
        let kernel = [&[channels, 1], window].concat();
        let signal = [&[1, channels], length].concat();
        Problem::new(Operation::Correlation, &kernel, &signal, &options.groups(channels)).unwrap()
    }

    #[test]
    fn by_hand() {
        for instructions in InstructionSet::available() {
            // Windows (pad 1, 0), (1, 2), (3, 3), (4, pad): ties go to the first place.
            let padded = problem(1, &[6], &[2], Options::new().stride([2]).padding([1]));
            let pooling = LanePooling::new(&padded, instructions);
            let x = chunk(&[-1.0, 2.0, -5.0, 3.0, 3.0, 4.0]);
            let mut y = vec![0.0; pooling.output_length()];
            pooling.max(&x, &mut y);
            assert_eq!(sample(&y), [-1.0, 2.0, 3.0, 4.0]);
            let mut dx = vec![f32::NAN; x.len()];
            pooling.max_gradient(&x, &y, &chunk(&[1.0, 10.0, 100.0, 1000.0]), &mut dx);
            assert_eq!(sample(&dx), [1.0, 10.0, 0.0, 100.0, 0.0, 1000.0]);
            for (divisor, mean, gradient) in [
                (Divisor::Window, [-0.5, -1.5, 3.0, 2.0], [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]),
                (Divisor::Inside, [-1.0, -1.5, 3.0, 4.0], [2.0, 2.0, 2.0, 3.0, 3.0, 8.0]),
                (Divisor::One, [-1.0, -3.0, 6.0, 4.0], [2.0, 4.0, 4.0, 6.0, 6.0, 8.0]),
            ] {
                pooling.mean(divisor, &x, &mut y);
                assert_eq!(sample(&y), mean);
                pooling.mean_gradient(divisor, &chunk(&[2.0, 4.0, 6.0, 8.0]), &mut dx);
                assert_eq!(sample(&dx), gradient);
            }
            // Five entries into three windows: 0–1, 1–3, 3–4.
            let adaptive = LanePooling::adaptive(1, &[5], &[3], instructions);
            let mut y = vec![0.0; adaptive.output_length()];
            adaptive.mean(Divisor::Inside, &chunk(&[1.0, 3.0, 4.0, 8.0, 0.0]), &mut y);
            assert_eq!(sample(&y), [2.0, 5.0, 4.0]);
            // Overlapping windows of equal entries: each gradient goes to the first entry of its window.
            let overlapping = LanePooling::new(&problem(1, &[3], &[2], Options::new()), instructions);
            let x = chunk(&[7.0, 7.0, 7.0]);
            let mut y = vec![0.0; overlapping.output_length()];
            overlapping.max(&x, &mut y);
            let mut dx = vec![f32::NAN; x.len()];
            overlapping.max_gradient(&x, &y, &chunk(&[1.0, 10.0]), &mut dx);
            assert_eq!(sample(&dx), [1.0, 10.0, 0.0]);
        }
    }

    proptest! {
        /// Against loops over windows that are written out, on integers: sums are exact, and both sides
        /// divide the same sum by the same count.
        #[test]
        fn windows_of_two_axes(
            channels in 1usize..4, height in 1usize..9, width in 1usize..9, window in (1usize..4, 1usize..4),
            stride in (1usize..4, 1usize..4), dilation in 1usize..3, seed: u64,
        ) {
            let window = (window.0.min(height), window.1.min(width));
            let dilation = (
                if dilation * (window.0 - 1) < height { dilation } else { 1 },
                if dilation * (window.1 - 1) < width { dilation } else { 1 },
            );
            // As PyTorch, at most half a window, so that no window is empty.
            let padding = if dilation == (1, 1) { (window.0 / 2, window.1 / 2) } else { (0, 0) };
            let options = Options::new().stride([stride.0, stride.1]).dilation([dilation.0, dilation.1]).padding([padding.0, padding.1]);
            let problem = problem(channels, &[height, width], &[window.0, window.1], options);
            let (rows, columns) = (problem.axes()[0].output, problem.axes()[1].output);
            let integer = |i: usize, salt: u64| {
                let mixed = (i as u64 ^ seed.rotate_left(17) ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (mixed >> 60) as f32 - 8.0
            };
            let x: Vec<f32> = (0..channels * height * width * LANES).map(|i| integer(i, 1)).collect();
            let dy: Vec<f32> = (0..channels * rows * columns * LANES).map(|i| integer(i, 2)).collect();
            for instructions in InstructionSet::available() {
                let pooling = LanePooling::new(&problem, instructions);
                let mut max = vec![f32::NAN; dy.len()];
                pooling.max(&x, &mut max);
                let mut dx = vec![f32::NAN; x.len()];
                pooling.max_gradient(&x, &max, &dy, &mut dx);
                let mut mean = vec![f32::NAN; dy.len()];
                pooling.mean(Divisor::Inside, &x, &mut mean);
                let mut expected_dx = vec![0.0; x.len()];
                for c in 0..channels {
                    for (row, column, lane) in (0..rows).flat_map(|r| (0..columns).flat_map(move |c| (0..LANES).map(move |l| (r, c, l)))) {
                        let mut best: Option<usize> = None;
                        let (mut sum, mut inside) = (0.0, 0.0);
                        for (i, j) in (0..window.0).flat_map(|i| (0..window.1).map(move |j| (i, j))) {
                            let y = (row * stride.0 + i * dilation.0).checked_sub(padding.0).filter(|&y| y < height);
                            let z = (column * stride.1 + j * dilation.1).checked_sub(padding.1).filter(|&z| z < width);
                            if let (Some(y), Some(z)) = (y, z) {
                                let at = ((c * height + y) * width + z) * LANES + lane;
                                if best.is_none_or(|best| x[at] > x[best]) {
                                    best = Some(at);
                                }
                                sum += x[at];
                                inside += 1.0;
                            }
                        }
                        let at = ((c * rows + row) * columns + column) * LANES + lane;
                        let best = best.unwrap();
                        prop_assert_eq!(max[at], x[best]);
                        prop_assert_eq!(mean[at], sum / inside);
                        expected_dx[best] += dy[at];
                    }
                }
                if pooling.is_disjoint() {
                    let mut in_place = x.clone();
                    pooling.max_gradient_in_place(&mut in_place, &max, &dy);
                    prop_assert_eq!(&in_place, &expected_dx);
                }
                prop_assert_eq!(dx, expected_dx);
            }
        }
    }
}
