//! The gradient of a batch, put together from what its chunks have left behind.

use rayon::prelude::*;

use super::{Executor, LANES, Operation, memory};

impl Executor {
    /// The gradient of the batch from what each chunk left behind, in the order of the chunks.
    pub(super) fn add_up(&mut self, chunks: usize, gradient: &mut [f32]) {
        gradient.fill(0.0);
        // In pairs, so that of many chunks each is rounded log₂ chunks times.
        let mut distance = 1;
        while distance < chunks {
            for pair in self.kept[..chunks].chunks_mut(2 * distance) {
                if let Some((first, second)) = pair.split_at_mut_checked(distance)
                    && let ([first, ..], [second, ..]) = (first, second)
                {
                    let sums = memory::inside(first).small.iter_mut();
                    sums.zip(&memory::inside(second).small).for_each(|(sum, part)| *sum += part);
                }
            }
            distance *= 2;
        }
        if let Some(first) = self.kept[..chunks].first_mut() {
            let first = memory::inside(first);
            for (range, start) in &self.program.small {
                gradient[range.clone()].copy_from_slice(&first.small[*start..][..range.len()]);
            }
        }
        for (step, meeting) in self.program.normalisations.iter().zip(&self.meetings) {
            for (feature, &(shift, scale)) in meeting.sums.iter().enumerate() {
                gradient[step.shift + feature] = shift as f32;
                gradient[step.scale + feature] = scale as f32;
            }
        }
        /// Rows of a matrix that one task takes.
        const ROWS: usize = 8;
        let kept = &self.kept[..chunks];
        for step in &self.program.steps {
            let Operation::Dense { lanes, weights, number, .. } = &step.operation else { continue };
            let inputs = lanes.weights() / (lanes.output_length() / LANES);
            let rows = gradient[weights.clone()].par_chunks_mut(ROWS * inputs).enumerate();
            rows.with_max_len(1).for_each(|(block, rows)| {
                let outputs = block * ROWS..block * ROWS + rows.len() / inputs;
                for kept in kept {
                    let kept = memory::read(kept);
                    let dense = &kept.dense[*number];
                    lanes.weight_gradient(outputs.clone(), &dense.transposed, &dense.output_gradient, rows);
                }
            });
        }
    }
}
