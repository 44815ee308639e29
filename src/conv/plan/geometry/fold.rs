//! The adjoint of padding: each entry of a padded gradient is added where the padding took its value from.
//!
//! Cost: one addition for each padded entry, memory for all of them and for where those of a plane go.

use ndarray::{Dimension, IxDyn, indices};

use crate::conv::Problem;
use crate::conv::plan::register::output::Finish;
use crate::simd::Element;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct Fold {
    /// Entries of (sample, channel, padded space).
    padded_length: usize,
    /// For each padded position the entry that it repeats.
    sources: Vec<usize>,
    channels: usize,
    /// Entries of a plane that is not padded.
    plane: usize,
}

impl Fold {
    /// For a boundary under which every position repeats an entry: any but zeros.
    pub(in crate::conv::plan) fn new(problem: &Problem) -> Self {
        let padded: Vec<_> = problem.axes().iter().map(|axis| axis.padded()).collect();
        let source = |position: IxDyn| {
            let along = position.slice().iter().zip(problem.axes());
            along.fold(0, |entry, (&position, axis)| {
                let position = position as isize - axis.padding.0 as isize;
                let source = problem.boundary().source(position, axis.signal);
                entry * axis.signal + source.unwrap_or_else(|| unreachable!("only zeros have no source"))
            })
        };
        Fold {
            padded_length: problem.padded_shape().iter().product(),
            sources: indices(IxDyn(&padded)).into_iter().map(source).collect(),
            channels: problem.input_channels(),
            plane: problem.axes().iter().map(|axis| axis.signal).product(),
        }
    }

    /// Entries of the padded gradient.
    pub(in crate::conv::plan) fn padded_length(&self) -> usize {
        self.padded_length
    }

    /// Adds the padded entries to `output`, whatever was there before.
    pub(in crate::conv::plan) fn run<T: Element>(
        &self,
        padded: &[T],
        output: &mut [T],
        finish: Finish<'_, T>,
    ) {
        output.fill(T::zero());
        let planes = output.chunks_exact_mut(self.plane);
        for (number, (plane, padded)) in planes.zip(padded.chunks_exact(self.sources.len())).enumerate() {
            for (value, &source) in padded.iter().zip(&self.sources) {
                plane[source].add_in_place(value);
            }
            let (bias, relu) = finish.of(number % self.channels);
            for value in plane {
                *value = *value + bias.unwrap_or(T::zero());
                if relu && *value < T::zero() {
                    *value = T::zero();
                }
            }
        }
    }
}
