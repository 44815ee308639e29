//! The gradient of a batch, put together from what its chunks have left behind.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::exchange::share;
use super::{Executor, LANES, Operation, memory};

impl Executor {
    /// Adds up those gradients of kernels and biases that only depend on the own chunks.
    pub(super) fn add_up_own(&mut self, chunks: usize) {
        let own = share(chunks, self.exchange.rank(), self.exchange.size());
        self.add_pairs(chunks, |pair| own.start <= pair.start && pair.end <= own.end);
    }

    /// Adds the gradients of kernels and biases in pairs, so that of many chunks each is rounded log₂ chunks times; of
    /// all pairs those that are due, told by the chunks that they stand for.
    fn add_pairs(&mut self, chunks: usize, is_due: impl Fn(&Range<usize>) -> bool) {
        let mut distance = 1;
        while distance < chunks {
            for start in (0..chunks - distance).step_by(2 * distance) {
                if !is_due(&(start..chunks.min(start + 2 * distance))) {
                    continue;
                }
                let (first, second) = self.kept.split_at_mut(start + distance);
                let sums = memory::inside(&mut first[start]).small.iter_mut();
                sums.zip(&memory::inside(&mut second[0]).small).for_each(|(sum, part)| *sum += part);
            }
            distance *= 2;
        }
    }

    /// The gradient of the batch from what each chunk left behind, in the order of the chunks.
    pub(super) fn add_up(&mut self, chunks: usize, gradient: &mut [f32]) {
        gradient.fill(0.0);
        let exchange = Arc::clone(&self.exchange);
        self.add_pairs(chunks, |pair| !Executor::is_of_one_rank(&*exchange, chunks, pair));
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
