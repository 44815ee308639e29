//! One chunk on its way through the steps, forward and backward.

use ndarray::ArrayD;

use super::layout::{LANES, interleave};
use super::memory::{Arena, Kept, Meeting, disjoint, pair};
use super::objective::Objective;
use super::program::{InPlace, Operation, Program, Step};
use crate::executor::method::loss::{Targets, cross_entropy, mean_square, softmax, softmax_gradient};
use crate::executor::method::{Situation, activation, add, add_at_each, dropout, sum_of_each};
use crate::layer::{Dropout, Mode};
use crate::network::Weights;
use crate::simd::{AlignedBuffer, InstructionSet};

/// The samples of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    /// The number of the first in the batch.
    pub first: usize,
    /// How many.
    pub samples: usize,
    /// Their inputs.
    pub rows: &'a [f32],
}

/// What a chunk needs to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass<'a> {
    pub program: &'a Program,
    pub instructions: InstructionSet,
    pub weights: &'a Weights,
    pub meetings: &'a [Meeting],
    pub mode: Mode,
    pub chunk: Chunk<'a>,
}

impl Pass<'_> {
    /// The steps of a segment. With something to keep, also what the backward pass will need.
    pub fn forward(&self, segment: usize, arena: &mut Arena, mut kept: Option<&mut Kept>) {
        if segment == 0 {
            interleave(self.chunk.rows, self.program.inputs, &mut arena.buffers[self.program.first.data]);
        }
        for step in &self.program.steps[self.program.segments[segment].clone()] {
            self.forward_step(step, arena, kept.as_deref_mut());
        }
    }

    fn forward_step(&self, step: &Step, arena: &mut Arena, kept: Option<&mut Kept>) {
        let Arena { buffers, scratch } = arena;
        let (from, to) = (step.input.data, step.output.data);
        let trained = &self.weights.trained[..];
        match &step.operation {
            Operation::Convolution { lanes, weights, bias } => {
                let (x, y) = pair(buffers, from, to);
                let bias = bias.clone().map(|bias| &trained[bias]);
                lanes.forward(&trained[weights.clone()], bias, x, y, scratch);
            }
            Operation::Transposed { lanes, weights, bias } => {
                let (x, y) = pair(buffers, from, to);
                let bias = bias.clone().map(|bias| &trained[bias]);
                lanes.input_gradient(&trained[weights.clone()], bias, x, y, scratch);
            }
            Operation::Dense { lanes, weights, bias, number } => {
                let (x, y) = pair(buffers, from, to);
                let bias = bias.clone().map(|bias| &trained[bias]);
                lanes.forward(&trained[weights.clone()], bias, x, y);
                if let Some(kept) = kept {
                    lanes.transpose(x, &mut kept.dense[*number].transposed);
                }
            }
            Operation::Maximum(pooling) => {
                let (x, y) = pair(buffers, from, to);
                pooling.max(x, y);
            }
            Operation::Mean(pooling, divisor) => {
                let (x, y) = pair(buffers, from, to);
                pooling.mean(*divisor, x, y);
            }
            Operation::Normalisation(number) => {
                let (x, y) = pair(buffers, from, to);
                let layer = &self.program.normalisations[*number];
                let features = layer.lanes.features();
                let affine = (&trained[layer.scale..][..features], &trained[layer.shift..][..features]);
                layer.lanes.normalise(x, &self.meetings[*number].statistics, affine, y);
            }
            Operation::Fork { .. } => {}
            Operation::Add { second } => {
                let (body, sum) = pair(buffers, from, to);
                sum.copy_from_slice(body);
                let (shortcut, sum) = pair(buffers, second.data, to);
                add(self.instructions, sum, shortcut);
            }
            Operation::Concatenate { second } => {
                let (body, joined) = pair(buffers, from, to);
                let channels = body.len();
                joined[..channels].copy_from_slice(body);
                let (shortcut, joined) = pair(buffers, second.data, to);
                joined[channels..].copy_from_slice(shortcut);
            }
            Operation::AddAtEach { second } => {
                let (at_each, values) = pair(buffers, second.data, to);
                add_at_each(self.instructions, values, at_each);
            }
            Operation::Maps { lanes, bias } => {
                let (x, y) = pair(buffers, from, to);
                lanes.forward(x, bias.clone().map(|bias| &trained[bias]), y);
            }
            Operation::InPlace(operation) => {
                copy_unless_same(buffers, from, to);
                self.apply(operation, &mut buffers[to]);
            }
            Operation::ByDefinition { layer, places } => {
                let (x, y) = pair(buffers, from, to);
                layer.forward(self.situation(places), x, y);
            }
            Operation::Dropout { layer, channels, places } => {
                copy_unless_same(buffers, from, to);
                self.drop_out(layer, *channels, places, &mut buffers[to]);
            }
        }
    }

    /// An operation on the entries of a chunk, where they stand.
    fn apply(&self, operation: &InPlace, values: &mut [f32]) {
        match operation {
            InPlace::Relu => activation::relu(self.instructions, values),
            InPlace::LeakyRelu(slope) => activation::leaky_relu(self.instructions, *slope, values),
            InPlace::Tanh => activation::tanh(self.instructions, values),
            InPlace::Sigmoid => activation::sigmoid(self.instructions, values),
            InPlace::Softmax(channels) => softmax(self.instructions, *channels, values),
        }
    }

    /// Masks the entries of a chunk in training: values on the way forward, their gradients on the way back.
    fn drop_out(&self, layer: &Dropout, channels: usize, places: &[usize], values: &mut [f32]) {
        // At inference nothing is dropped.
        if let Mode::Training { seed } = places.iter().fold(self.mode, |mode, &place| mode.at(place)) {
            dropout(self.instructions, layer, (seed, self.chunk.first as u64), channels, values);
        }
    }

    /// What a layer at this place is asked on. What it draws in training differs from chunk to chunk.
    fn situation(&self, places: &[usize]) -> Situation<'_> {
        let mode = places.iter().fold(self.mode, |mode, &place| mode.at(place)).at(self.chunk.first);
        Situation { samples: self.chunk.samples, weights: self.weights, mode }
    }

    /// Turns the gradient of the output of such an operation into that of its input.
    fn apply_gradient(&self, operation: &InPlace, output: &[f32], gradient: &mut [f32]) {
        match operation {
            InPlace::Relu => activation::relu_gradient(self.instructions, output, gradient),
            InPlace::LeakyRelu(slope) => {
                activation::leaky_relu_gradient(self.instructions, *slope, output, gradient);
            }
            InPlace::Tanh => activation::tanh_gradient(self.instructions, output, gradient),
            InPlace::Sigmoid => activation::sigmoid_gradient(self.instructions, output, gradient),
            InPlace::Softmax(channels) => {
                softmax_gradient(self.instructions, *channels, output, gradient);
            }
        }
    }

    /// The loss of the chunk and its gradient with respect to the output; the sum of all losses of the batch
    /// is divided by `total`.
    pub fn compare(&self, objective: Objective<'_>, total: f64, arena: &mut Arena, kept: &mut Kept) {
        let Some(gradient) = self.program.last.gradient else { unreachable!("the output has a gradient") };
        let (output, gradient) = pair(&mut arena.buffers, self.program.last.data, gradient);
        let (Chunk { first, samples, .. }, row) = (self.chunk, self.program.outputs);
        kept.mistakes = 0;
        match objective {
            Objective::CrossEntropy { labels, smoothing, class_weights } => {
                let labels = &labels[first..][..samples];
                let targets = Targets { labels, smoothing, class_weights, total };
                let found = cross_entropy(self.instructions, output, targets, gradient);
                (kept.loss, kept.mistakes) = (found.loss, found.mistakes);
            }
            Objective::MeanSquare { targets } => {
                let targets = &targets[first * row..][..samples * row];
                let target = |feature: usize, lane: usize| targets[lane * row + feature];
                kept.loss = mean_square(self.instructions, output, target, samples, total, gradient);
            }
            Objective::Gradient { output: given } => {
                interleave(&given[first * row..][..samples * row], row, gradient);
                let products = output.iter().zip(gradient.iter());
                let live = products.enumerate().filter(|(i, _)| i % LANES < samples);
                kept.loss = live.map(|(_, (&y, &dy))| f64::from(y) * f64::from(dy)).sum();
            }
        }
    }

    /// The steps of a segment backwards, but for the normalisation at its beginning.
    pub fn backward(&self, segment: usize, arena: &mut Arena, kept: &mut Kept) {
        if segment + 1 == self.program.segments.len() {
            kept.small.fill(0.0);
        }
        for step in self.program.steps[self.program.segments[segment].clone()].iter().rev() {
            self.backward_step(step, arena, kept);
        }
    }

    fn backward_step(&self, step: &Step, arena: &mut Arena, kept: &mut Kept) {
        // No weight here or before it needs this.
        let Some(from) = step.output.gradient else { return };
        let Arena { buffers, scratch } = arena;
        let trained = &self.weights.trained[..];
        let (x, y, to) = (step.input.data, step.output.data, step.input.gradient);
        match &step.operation {
            Operation::Convolution { lanes, weights, bias } => {
                lanes.kernel_gradient(&buffers[x], &buffers[from], self.small(kept, weights), scratch);
                if let Some(bias) = bias {
                    lanes.bias_gradient(&buffers[from], self.small(kept, bias));
                }
                if let Some(to) = to {
                    let (dy, dx) = pair(buffers, from, to);
                    lanes.input_gradient(&trained[weights.clone()], None, dy, dx, scratch);
                }
            }
            Operation::Transposed { lanes, weights, bias } => {
                lanes.kernel_gradient(&buffers[from], &buffers[x], self.small(kept, weights), scratch);
                if let Some(bias) = bias {
                    lanes.bias_gradient(&buffers[from], self.small(kept, bias));
                }
                if let Some(to) = to {
                    let (dy, dx) = pair(buffers, from, to);
                    lanes.forward(&trained[weights.clone()], None, dy, dx, scratch);
                }
            }
            Operation::Dense { lanes, weights, bias, number } => {
                kept.dense[*number].output_gradient.copy_from_slice(&buffers[from]);
                if let Some(bias) = bias {
                    lanes.bias_gradient(&buffers[from], self.small(kept, bias));
                }
                if let Some(to) = to {
                    let (dy, dx) = pair(buffers, from, to);
                    lanes.input_gradient(&trained[weights.clone()], dy, dx);
                }
            }
            Operation::Maximum(pooling) => {
                if to == Some(x) {
                    let [x, y, dy] = disjoint(buffers, [x, y, from]);
                    pooling.max_gradient_in_place(x, y, dy);
                } else if let Some(to) = to {
                    let [x, y, dy, dx] = disjoint(buffers, [x, y, from, to]);
                    pooling.max_gradient(x, y, dy, dx);
                }
            }
            Operation::Mean(pooling, divisor) => {
                if let Some(to) = to {
                    let (dy, dx) = pair(buffers, from, to);
                    pooling.mean_gradient(*divisor, dy, dx);
                }
            }
            // Where chunks meet, in `normalisation_gradient`.
            Operation::Normalisation(_) => {}
            Operation::Fork { second } => {
                if let (Some(to), Some(second)) = (to, second.gradient) {
                    let (body, sum) = pair(buffers, from, to);
                    sum.copy_from_slice(body);
                    let (shortcut, sum) = pair(buffers, second, to);
                    add(self.instructions, sum, shortcut);
                }
            }
            Operation::Add { second } => {
                for way in [to, second.gradient].into_iter().flatten() {
                    let (dy, way) = pair(buffers, from, way);
                    way.copy_from_slice(dy);
                }
            }
            Operation::Concatenate { second } => {
                let channels = buffers[x].len();
                for (way, is_body) in [(to, true), (second.gradient, false)] {
                    let Some(way) = way else { continue };
                    let (dy, way) = pair(buffers, from, way);
                    let (first, rest) = dy.split_at(channels);
                    way.copy_from_slice(if is_body { first } else { rest });
                }
            }
            Operation::AddAtEach { second } => {
                if let Some(second) = second.gradient {
                    let (dy, at_each) = pair(buffers, from, second);
                    sum_of_each(self.instructions, dy, at_each);
                }
            }
            Operation::Maps { lanes, bias } => {
                if let Some(bias) = bias {
                    lanes.bias_gradient(&buffers[from], self.small(kept, bias));
                }
                if let Some(to) = to {
                    let (dy, dx) = pair(buffers, from, to);
                    lanes.input_gradient(dy, dx);
                }
            }
            Operation::ByDefinition { layer, places } => {
                let keep = |place: &std::ops::Range<usize>, slope: &ArrayD<f32>| {
                    let sums = self.small(kept, place).iter_mut();
                    sums.zip(slope).for_each(|(sum, slope)| *sum = *slope);
                };
                let situation = self.situation(places);
                match to {
                    Some(to) => {
                        let [x, dy, dx] = disjoint(buffers, [x, from, to]);
                        layer.backward(situation, x, dy, Some(dx), keep);
                    }
                    None => layer.backward(situation, &buffers[x], &buffers[from], None, keep),
                }
            }
            Operation::Dropout { layer, channels, places } => {
                self.drop_out(layer, *channels, places, &mut buffers[from]);
            }
            Operation::InPlace(operation) => {
                let (y, gradient) = pair(buffers, y, from);
                self.apply_gradient(operation, y, gradient);
            }
        }
    }

    /// The chunk's gradient of some weights.
    fn small<'k>(&self, kept: &'k mut Kept, weights: &std::ops::Range<usize>) -> &'k mut [f32] {
        let found = self.program.small.iter().find(|(range, _)| range == weights);
        let Some((range, start)) = found else { unreachable!("each chunk computes these gradients") };
        &mut kept.small[*start..][..range.len()]
    }

    /// The chunk's moments at the end of a segment.
    pub fn moments(&self, segment: usize, arena: &Arena, kept: &mut Kept) {
        let (step, layer) = self.normalisation(segment);
        layer.lanes.moments(&arena.buffers[step.input.data], self.chunk.samples, &mut kept.moments[segment]);
    }

    /// The chunk's sums of the gradient at the normalisation that ends a segment.
    pub fn gradient_sums(&self, segment: usize, arena: &Arena, kept: &mut Kept) {
        let (step, layer) = self.normalisation(segment);
        let Some(from) = step.output.gradient else { unreachable!("a normalisation is trained") };
        let (x, dy) = (&arena.buffers[step.input.data], &arena.buffers[from]);
        layer.lanes.gradient_sums(x, dy, &self.meetings[segment].statistics, &mut kept.sums[segment]);
    }

    /// The gradient of the input of the normalisation that ends a segment.
    pub fn normalisation_gradient(&self, segment: usize, arena: &mut Arena) {
        let (step, layer) = self.normalisation(segment);
        let Some(to) = step.input.gradient else { return };
        let gamma = &self.weights.trained[layer.scale..][..layer.lanes.features()];
        let meeting = &self.meetings[segment];
        let sums = (&meeting.sums[..], meeting.moments.first().map_or(0.0, |moments| moments.count));
        let (x, gradient) = pair(&mut arena.buffers, step.input.data, to);
        layer.lanes.input_gradient(x, &meeting.statistics, gamma, sums, self.chunk.samples, gradient);
    }

    fn normalisation(&self, segment: usize) -> (&Step, &super::program::Normalisation) {
        (&self.program.steps[self.program.segments[segment].end], &self.program.normalisations[segment])
    }
}

fn copy_unless_same(buffers: &mut [AlignedBuffer<f32>], from: usize, to: usize) {
    if from != to {
        let (x, y) = pair(buffers, from, to);
        y.copy_from_slice(x);
    }
}
