//! The fixed linear maps of an equivariant layer on chunks, and its biases along invariant vectors.
//!
//! `y(m, i) = Σ_b Σ_j B_b(i, j)·z(b, m, j) + Σ_k bias(k, m)·u_k(i)`, where z is a convolution with one tap of
//! the layer's input, by its weights (see [`EquivariantLinear`]). Cost: outputs times the non-zero entries of
//! the maps, forward and backward.

use super::{blocks, blocks_mut};
use crate::executor::layout::LANES;
use crate::layer::EquivariantLinear;
use crate::simd::InstructionSet;

/// The maps and invariant vectors of a layer. Its integers are rounded to `f32` where they have more than 24
/// bits.
#[derive(Clone, Debug)]
pub struct LaneMaps {
    instructions: InstructionSet,
    /// Channels of the output.
    outputs: usize,
    maps: usize,
    columns: usize,
    rows: usize,
    /// (map, row, column, value)
    entries: Vec<(usize, usize, usize, f32)>,
    /// The entries of the invariant vectors that are not zero: (vector, row, value).
    invariants: Vec<(usize, usize, f32)>,
    /// Number of biases.
    biases: usize,
}

impl LaneMaps {
    /// Those of a layer.
    pub fn new(layer: &EquivariantLinear, instructions: InstructionSet) -> Self {
        let ((_, outputs), (columns, rows)) = (layer.channels(), layer.dimensions());
        let numbered = layer.maps().iter().enumerate();
        let entries = numbered
            .flat_map(|(map, entries)| entries.iter().map(move |e| (map, e.row, e.column, e.value as f32)));
        let vectors = layer.invariants().iter().enumerate();
        let invariants = vectors.flat_map(|(k, vector)| {
            let entries = vector.iter().enumerate().filter(|(_, value)| **value != 0);
            entries.map(move |(row, &value)| (k, row, value as f32))
        });
        LaneMaps {
            instructions,
            outputs,
            maps: layer.maps().len(),
            columns,
            rows,
            entries: entries.collect(),
            invariants: invariants.collect(),
            biases: layer.invariants().len() * outputs,
        }
    }

    /// Length of a chunk (map, output, column, lane) of the input.
    pub fn input_length(&self) -> usize {
        self.maps * self.outputs * self.columns * LANES
    }

    /// Length of a chunk (output, row, lane) of the output.
    pub fn output_length(&self) -> usize {
        self.outputs * self.rows * LANES
    }

    /// The output; biases are (invariant vector, output).
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn forward(&self, input: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
        self.check(input, output);
        output.fill(0.0);
        self.each_entry(blocks(input), blocks_mut(output), |z, y, value, (from, to)| {
            multiply_add(&mut y[to], value, &z[from]);
        });
        let Some(bias) = bias else { return };
        assert_eq!(bias.len(), self.biases, "there is a bias for each invariant vector and output");
        let output = blocks_mut(output);
        for &(k, row, value) in &self.invariants {
            for channel in 0..self.outputs {
                let summand = [bias[k * self.outputs + channel]; LANES];
                multiply_add(&mut output[channel * self.rows + row], value, &summand);
            }
        }
    }

    /// The gradient of the input.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn input_gradient(&self, output_gradient: &[f32], input_gradient: &mut [f32]) {
        self.check(input_gradient, output_gradient);
        input_gradient.fill(0.0);
        self.each_entry(blocks(output_gradient), blocks_mut(input_gradient), |dy, dz, value, (from, to)| {
            multiply_add(&mut dz[from], value, &dy[to]);
        });
    }

    /// Adds the gradient of the biases.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn bias_gradient(&self, output_gradient: &[f32], gradient: &mut [f32]) {
        assert_eq!(gradient.len(), self.biases, "there is a bias for each invariant vector and output");
        assert_eq!(output_gradient.len(), self.output_length(), "a chunk of the output has this length");
        let output_gradient = blocks(output_gradient);
        for &(k, row, value) in &self.invariants {
            for channel in 0..self.outputs {
                let sum: f32 = output_gradient[channel * self.rows + row].iter().sum();
                gradient[k * self.outputs + channel] += value * sum;
            }
        }
    }

    /// Does something for each entry of each map and each output, given the blocks of the input and of the
    /// output that it connects.
    #[inline(always)]
    fn each_entry(
        &self,
        read: &[[f32; LANES]],
        write: &mut [[f32; LANES]],
        step: impl Fn(&[[f32; LANES]], &mut [[f32; LANES]], f32, (usize, usize)),
    ) {
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                for &(map, row, column, value) in &self.entries {
                    for channel in 0..self.outputs {
                        let from = (map * self.outputs + channel) * self.columns + column;
                        step(read, write, value, (from, channel * self.rows + row));
                    }
                }
            },
        );
    }

    fn check(&self, input: &[f32], output: &[f32]) {
        assert_eq!(input.len(), self.input_length(), "a chunk of the input has this length");
        assert_eq!(output.len(), self.output_length(), "a chunk of the output has this length");
    }
}

#[inline(always)]
fn multiply_add(sum: &mut [f32; LANES], factor: f32, block: &[f32; LANES]) {
    for lane in 0..LANES {
        sum[lane] += factor * block[lane];
    }
}
