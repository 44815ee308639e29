//! Using a trained network: running statistics in the place of those of a batch, and no dropout.

use rayon::prelude::*;

use super::layout::{LANES, deinterleave};
use super::{Executor, Part};
use crate::layer::Mode;
use crate::network::Weights;

impl Executor {
    /// Moves the running statistics towards those of the last step's batch, by the momentum of each
    /// normalisation.
    ///
    /// # Panics
    /// If `weights` are not those of the network.
    pub fn update_running(&self, weights: &mut Weights) {
        assert_eq!(weights.running.len(), self.program.running, "these are other running statistics");
        for (layer, meeting) in self.program.normalisations.iter().zip(&self.meetings) {
            let mix = |running: &mut f32, newest: f64| {
                *running = ((1.0 - layer.momentum) * f64::from(*running) + layer.momentum * newest) as f32;
            };
            for (feature, moments) in meeting.moments.iter().enumerate() {
                // A single value has no unbiased variance: then the running one stays.
                if moments.count > 1.0 {
                    mix(&mut weights.running[layer.mean + feature], moments.mean);
                    mix(&mut weights.running[layer.variance + feature], moments.unbiased_variance());
                }
            }
        }
    }

    /// The outputs of inference, row by row: running statistics, no dropout.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn predict(&mut self, weights: &Weights, inputs: &[f32], outputs: &mut [f32]) {
        let Some(mut sharing) = self.sharing.take() else {
            return self.plain_predict(weights, inputs, outputs);
        };
        sharing.plain.expand(weights, &mut sharing.weights);
        self.plain_predict(&sharing.weights, inputs, outputs);
        self.sharing = Some(sharing);
    }

    /// The outputs of an ordinary network.
    fn plain_predict(&mut self, weights: &Weights, inputs: &[f32], outputs: &mut [f32]) {
        let samples = self.samples(weights, inputs);
        assert_eq!(
            outputs.len(),
            samples * self.program.outputs,
            "there is one row of outputs for each sample"
        );
        let chunks = samples.div_ceil(LANES);
        self.make_memory(0, chunks.min(rayon::current_num_threads()));
        for (layer, meeting) in self.program.normalisations.iter().zip(&mut self.meetings) {
            let running = |start: usize| weights.running[start..].iter().map(|&value| f64::from(value));
            for (statistics, found) in
                meeting.statistics.iter_mut().zip(running(layer.mean).zip(running(layer.variance)))
            {
                *statistics = found;
            }
        }
        let row = self.program.outputs;
        outputs.par_chunks_mut((row * LANES).max(1)).enumerate().with_max_len(1).for_each(|(chunk, rows)| {
            let part = Part { samples, chunks: (0, chunks), inputs };
            let pass = self.pass(weights, part, Mode::Inference, chunk);
            let mut arena = self.free_arena();
            for segment in 0..self.program.segments.len() {
                pass.forward(segment, &mut arena, None);
            }
            deinterleave(&arena.buffers[self.program.last.data], row, rows);
        });
    }
}
