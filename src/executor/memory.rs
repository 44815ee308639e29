//! The memory of an executor: activations of a chunk, what a chunk leaves behind, and where chunks meet.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::program::{Operation, Program};
use crate::executor::method::Moments;
use crate::simd::AlignedBuffer;

/// The buffers through which a chunk passes.
#[derive(Debug)]
pub(super) struct Arena {
    /// Activations and their gradients.
    pub buffers: Vec<AlignedBuffer<f32>>,
    /// For the kernels.
    pub scratch: AlignedBuffer<f32>,
}

impl Arena {
    pub fn new(program: &Program) -> Self {
        Arena {
            buffers: program.buffers.iter().map(|&length| AlignedBuffer::zeros(length)).collect(),
            scratch: AlignedBuffer::zeros(program.scratch),
        }
    }
}

/// What the gradient of a dense layer's weights is made from.
#[derive(Debug)]
pub(super) struct KeptDense {
    /// (lane, input)
    pub transposed: AlignedBuffer<f32>,
    /// (output, lane)
    pub output_gradient: AlignedBuffer<f32>,
}

/// What a chunk leaves behind.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its gradients of kernels and biases.
    pub small: Vec<f32>,
    /// For each dense layer.
    pub dense: Vec<KeptDense>,
    /// For each normalisation, the moments of its features.
    pub moments: Vec<Vec<Moments>>,
    /// For each normalisation, Σ dy and Σ dy·x̂ of its features.
    pub sums: Vec<Vec<(f64, f64)>>,
    /// The sum of its losses.
    pub loss: f64,
    /// Its mistakes.
    pub mistakes: usize,
}

impl Kept {
    pub fn new(program: &Program) -> Self {
        let dense = program.steps.iter().filter_map(|step| match &step.operation {
            Operation::Dense { lanes, .. } => Some(KeptDense {
                transposed: AlignedBuffer::zeros(lanes.transposed_length()),
                output_gradient: AlignedBuffer::zeros(lanes.output_length()),
            }),
            _ => None,
        });
        let features = || program.normalisations.iter().map(|layer| layer.lanes.features());
        Kept {
            small: vec![0.0; program.small.iter().map(|(range, _)| range.len()).sum()],
            dense: dense.collect(),
            moments: features().map(|features| vec![Moments::default(); features]).collect(),
            sums: features().map(|features| vec![(0.0, 0.0); features]).collect(),
            loss: 0.0,
            mistakes: 0,
        }
    }
}

/// What the chunks of a batch agree on at one normalisation.
#[derive(Debug)]
pub(super) struct Meeting {
    /// Of each feature, over all chunks.
    pub moments: Vec<Moments>,
    /// Mean and variance by which to normalise.
    pub statistics: Vec<(f64, f64)>,
    /// Σ dy and Σ dy·x̂ over all chunks.
    pub sums: Vec<(f64, f64)>,
}

impl Meeting {
    pub fn new(features: usize) -> Self {
        Meeting {
            moments: vec![Moments::default(); features],
            statistics: vec![(0.0, 1.0); features],
            sums: vec![(0.0, 0.0); features],
        }
    }

    /// Puts the moments of the chunks together, in their order.
    pub fn meet(&mut self, chunks: &mut [RwLock<Kept>], number: usize) {
        self.moments.fill(Moments::default());
        for kept in chunks {
            let parts = &inside(kept).moments[number];
            self.moments.iter_mut().zip(parts).for_each(|(all, part)| *all = all.and(*part));
        }
        for (statistics, moments) in self.statistics.iter_mut().zip(&self.moments) {
            *statistics = (moments.mean, moments.variance());
        }
    }

    /// Adds up the sums of the gradient, in the order of the chunks.
    pub fn meet_again(&mut self, chunks: &mut [RwLock<Kept>], number: usize) {
        self.sums.fill((0.0, 0.0));
        for kept in chunks {
            let parts = &inside(kept).sums[number];
            self.sums.iter_mut().zip(parts).for_each(|(all, part)| *all = (all.0 + part.0, all.1 + part.1));
        }
    }
}

/// One buffer to read and another to write.
///
/// # Panics
/// If they are the same.
pub(super) fn pair(buffers: &mut [AlignedBuffer<f32>], read: usize, write: usize) -> (&[f32], &mut [f32]) {
    let [read, write] = disjoint(buffers, [read, write]);
    (read, write)
}

/// Several buffers at once.
///
/// # Panics
/// If two are the same.
pub(super) fn disjoint<const N: usize>(
    buffers: &mut [AlignedBuffer<f32>],
    numbers: [usize; N],
) -> [&mut AlignedBuffer<f32>; N] {
    let Ok(buffers) = buffers.get_disjoint_mut(numbers) else {
        unreachable!("a step reads some buffers and writes another")
    };
    buffers
}

// A lock is poisoned only if a task panicked, which ends the step: what is inside is overwritten by the next
// one.

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn inside<T>(lock: &mut RwLock<T>) -> &mut T {
    lock.get_mut().unwrap_or_else(PoisonError::into_inner)
}
