//! A dense layer on chunks of sixteen samples: `output(m) = bias(m) + Σ_i w(m, i) · input(i)`, and its
//! gradients.
//!
//! Output and gradient of the input are sums of weighted vectors: each weight is loaded once and used for
//! sixteen samples. The gradient of the weights, `w'(m, i) += Σ_lanes y(m) · x(i)`, is a product of rank
//! sixteen: the chunk of the input is transposed to (lane, input), so that its vectors run over inputs, and
//! the lanes of y are broadcast.
//!
//! The gradient of a range of outputs is computed by itself: threads that share the rows of the weights among
//! themselves, each over all chunks in order, need no sums of partial gradients.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::executor::layout::{LANES, transpose};
use crate::simd::is_wide;
use crate::simd::{InstructionSet, multiply_add};

/// A dense layer. Weights have the ordinary layout (outputs, inputs); chunks (inputs, lane) and (outputs,
/// lane).
#[derive(Clone, Debug)]
pub struct LaneDense {
    instructions: InstructionSet,
    inputs: usize,
    outputs: usize,
}

impl LaneDense {
    /// A layer from `inputs` numbers to `outputs` for these instructions.
    pub fn new(inputs: usize, outputs: usize, instructions: InstructionSet) -> Self {
        LaneDense { instructions, inputs, outputs }
    }

    /// Length of a chunk of the input.
    pub fn input_length(&self) -> usize {
        self.inputs * LANES
    }

    /// Length of a chunk of the output.
    pub fn output_length(&self) -> usize {
        self.outputs * LANES
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.inputs * self.outputs
    }

    /// Length of a transposed chunk of the input.
    pub fn transposed_length(&self) -> usize {
        self.stride() * LANES
    }

    /// Entries from one row of a transposed chunk to the next: rows are filled up with zeros to whole
    /// vectors.
    fn stride(&self) -> usize {
        self.inputs.next_multiple_of(LANES)
    }

    /// The output.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward(&self, weights: &[f32], bias: Option<&[f32]>, input: &[f32], output: &mut [f32]) {
        self.check(weights, input.len(), output.len());
        assert!(bias.is_none_or(|bias| bias.len() == self.outputs), "there is one bias for each output");
        self.instructions.run_on_blocks(Forward { weights, bias, input, output, inputs: self.inputs });
    }

    /// The gradient of the input from that of the output, overwriting what was there.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn input_gradient(&self, weights: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.check(weights, input_gradient.len(), output_gradient.len());
        self.instructions.run_on_blocks(InputGradient {
            weights,
            output_gradient,
            input_gradient,
            inputs: self.inputs,
        });
    }

    /// A chunk of the input as [`weight_gradient`](Self::weight_gradient) wants it: (lane, input), zeros at
    /// the end of each row.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn transpose(&self, input: &[f32], transposed: &mut [f32]) {
        let (features, stride) = (self.inputs, self.stride());
        self.instructions.run_on_blocks(
            #[inline(always)]
            || transpose(input, features, stride, transposed),
        );
    }

    /// Adds the gradient of the weights of some outputs, summed over the lanes, to `gradient`, which holds
    /// the rows of those outputs.
    ///
    /// # Panics
    /// If a slice does not have its length, or there are no such outputs.
    pub fn weight_gradient(
        &self,
        outputs: Range<usize>,
        transposed: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
    ) {
        assert_eq!(transposed.len(), self.transposed_length(), "a transposed chunk has this length");
        assert_eq!(output_gradient.len(), self.output_length(), "a chunk of the output has this length");
        assert_eq!(gradient.len(), outputs.len() * self.inputs, "there is one row for each output");
        let output_gradient = &output_gradient[outputs.start * LANES..outputs.end * LANES];
        self.instructions.run_on_blocks(WeightGradient {
            transposed,
            stride: self.stride(),
            output_gradient,
            gradient,
            inputs: self.inputs,
        });
    }

    /// Adds the gradient of the bias, summed over the lanes.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn bias_gradient(&self, output_gradient: &[f32], gradient: &mut [f32]) {
        assert_eq!(output_gradient.len(), self.output_length(), "a chunk of the output has this length");
        assert_eq!(gradient.len(), self.outputs, "there is one bias for each output");
        for (entry, lanes) in gradient.iter_mut().zip(output_gradient.as_chunks::<LANES>().0) {
            // Halves are added, then halves of halves: the same tree for every instruction set.
            let halves: [f32; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
            let quarters: [f32; 4] = std::array::from_fn(|i| halves[i] + halves[i + 4]);
            *entry += (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
        }
    }

    fn check(&self, weights: &[f32], input: usize, output: usize) {
        assert_eq!(weights.len(), self.weights(), "there is one weight for each input and output");
        assert_eq!(input, self.input_length(), "a chunk of the input has this length");
        assert_eq!(output, self.output_length(), "a chunk of the output has this length");
    }
}

/// Sixteen outputs at a time with one vector of samples, or six with two, then fewer; their sums live in
/// registers.
struct Forward<'a> {
    weights: &'a [f32],
    bias: Option<&'a [f32]>,
    input: &'a [f32],
    output: &'a mut [f32],
    inputs: usize,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let outputs = self.output.len() / LANES;
        let mut m = 0;
        while m < outputs {
            m += match (is_wide::<S>(), outputs - m) {
                (true, 16..) => self.rows::<S, 16, 1>(simd, m),
                (true, 8..) => self.rows::<S, 8, 1>(simd, m),
                (true, 4..) => self.rows::<S, 4, 1>(simd, m),
                (true, _) => self.rows::<S, 1, 1>(simd, m),
                (false, 6..) => self.rows::<S, 6, 2>(simd, m),
                (false, 4..) => self.rows::<S, 4, 2>(simd, m),
                (false, _) => self.rows::<S, 1, 2>(simd, m),
            };
        }
    }
}

impl Forward<'_> {
    /// M outputs from `first` on, P vectors of samples at a time; returns M.
    #[inline(always)]
    fn rows<S: Simd, const M: usize, const P: usize>(&mut self, simd: S, first: usize) -> usize {
        let parts = LANES / S::F32_LANES;
        let inputs = self.inputs;
        let rows: [&[f32]; M] = std::array::from_fn(|m| &self.weights[(first + m) * inputs..][..inputs]);
        let (input, _) = S::as_simd_f32s(self.input);
        let (output, _) = S::as_mut_simd_f32s(self.output);
        for part in (0..parts).step_by(P) {
            let start = |m: usize| self.bias.map_or(0.0, |bias| bias[first + m]);
            let mut sums: [[S::f32s; P]; M] = std::array::from_fn(|m| [simd.splat_f32s(start(m)); P]);
            for i in 0..inputs {
                let x = &input[i * parts + part..][..P];
                for m in 0..M {
                    let weight = simd.splat_f32s(rows[m][i]);
                    for p in 0..P {
                        sums[m][p] = multiply_add(simd, weight, x[p], sums[m][p]);
                    }
                }
            }
            for m in 0..M {
                output[(first + m) * parts + part..][..P].copy_from_slice(&sums[m]);
            }
        }
        M
    }
}

/// Sixteen inputs at a time with one vector of samples, or six with two, then fewer.
struct InputGradient<'a> {
    weights: &'a [f32],
    output_gradient: &'a [f32],
    input_gradient: &'a mut [f32],
    inputs: usize,
}

impl WithSimd for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut i = 0;
        while i < self.inputs {
            i += match (is_wide::<S>(), self.inputs - i) {
                (true, 16..) => self.columns::<S, 16, 1>(simd, i),
                (true, 8..) => self.columns::<S, 8, 1>(simd, i),
                (true, 4..) => self.columns::<S, 4, 1>(simd, i),
                (true, _) => self.columns::<S, 1, 1>(simd, i),
                (false, 6..) => self.columns::<S, 6, 2>(simd, i),
                (false, 4..) => self.columns::<S, 4, 2>(simd, i),
                (false, _) => self.columns::<S, 1, 2>(simd, i),
            };
        }
    }
}

impl InputGradient<'_> {
    /// I inputs from `first` on, P vectors of samples at a time; returns I.
    #[inline(always)]
    fn columns<S: Simd, const I: usize, const P: usize>(&mut self, simd: S, first: usize) -> usize {
        let parts = LANES / S::F32_LANES;
        let (y, _) = S::as_simd_f32s(self.output_gradient);
        let (x, _) = S::as_mut_simd_f32s(self.input_gradient);
        for part in (0..parts).step_by(P) {
            let mut sums = [[simd.splat_f32s(0.0); P]; I];
            for (row, y) in self.weights.chunks_exact(self.inputs).zip(y.chunks_exact(parts)) {
                let (weights, y) = (&row[first..][..I], &y[part..][..P]);
                for i in 0..I {
                    let weight = simd.splat_f32s(weights[i]);
                    for p in 0..P {
                        sums[i][p] = multiply_add(simd, weight, y[p], sums[i][p]);
                    }
                }
            }
            for i in 0..I {
                x[(first + i) * parts + part..][..P].copy_from_slice(&sums[i]);
            }
        }
        I
    }
}

/// Tiles of four rows by four vectors of inputs, or by two.
struct WeightGradient<'a> {
    transposed: &'a [f32],
    stride: usize,
    output_gradient: &'a [f32],
    gradient: &'a mut [f32],
    inputs: usize,
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let outputs = self.output_gradient.len() / LANES;
        let mut m = 0;
        while m < outputs {
            m += match outputs - m {
                4.. => self.rows::<S, 4>(simd, m),
                2.. => self.rows::<S, 2>(simd, m),
                _ => self.rows::<S, 1>(simd, m),
            };
        }
    }
}

impl WeightGradient<'_> {
    /// M outputs from `first` on; returns M.
    #[inline(always)]
    fn rows<S: Simd, const M: usize>(&mut self, simd: S, first: usize) -> usize {
        let whole = self.inputs / S::F32_LANES;
        let mut vector = 0;
        while vector < whole {
            vector += match (is_wide::<S>(), whole - vector) {
                (true, 4..) => self.tile::<S, M, 4>(simd, first, vector),
                (false, 2..) => self.tile::<S, M, 2>(simd, first, vector),
                _ => self.tile::<S, M, 1>(simd, first, vector),
            };
        }
        let done = whole * S::F32_LANES;
        if done < self.inputs {
            let sums = self.sums::<S, M, 1>(simd, first, whole);
            for (m, [sum]) in sums.into_iter().enumerate() {
                let row = &mut self.gradient[(first + m) * self.inputs..][done..self.inputs];
                let sum = simd.add_f32s(simd.partial_load_f32s(row), sum);
                simd.partial_store_f32s(row, sum);
            }
        }
        M
    }

    /// M outputs by V vectors of inputs; returns V.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        first: usize,
        vector: usize,
    ) -> usize {
        let sums = self.sums::<S, M, V>(simd, first, vector);
        for (m, sums) in sums.into_iter().enumerate() {
            let at = (first + m) * self.inputs + vector * S::F32_LANES;
            let (row, _) = S::as_mut_simd_f32s(&mut self.gradient[at..][..V * S::F32_LANES]);
            for (entry, sum) in row.iter_mut().zip(sums) {
                *entry = simd.add_f32s(*entry, sum);
            }
        }
        V
    }

    /// The sums over the lanes of M outputs by V vectors of inputs.
    #[inline(always)]
    fn sums<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        first: usize,
        vector: usize,
    ) -> [[S::f32s; V]; M] {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        let (y, _) = self.output_gradient[first * LANES..][..M * LANES].as_chunks::<LANES>();
        for lane in 0..LANES {
            let row = &self.transposed[lane * self.stride..][..self.stride];
            let x = &S::as_simd_f32s(row).0[vector..][..V];
            for m in 0..M {
                let y = simd.splat_f32s(y[m][lane]);
                for v in 0..V {
                    sums[m][v] = multiply_add(simd, y, x[v], sums[m][v]);
                }
            }
        }
        sums
    }
}
