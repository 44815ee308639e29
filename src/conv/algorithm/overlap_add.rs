//! Convolution of long signals block by block (overlap-add).
//!
//! Convolution is linear in the signal, and a signal is the sum of its blocks. So the padded signal is cut
//! into blocks of B entries along each axis of space; each is convolved fully (B + span − 1 entries) by
//! another algorithm, and the results, which overlap by span − 1 entries, are added where they belong. The
//! output is every s-th entry of the sum from entry span − 1 on.
//!
//! Cost: with a fast transform and B about the span, O(n log span) products for n entries instead of O(n log
//! n), and memory for the spectra of one block. Source: T. Stockham, *High-speed convolution and
//! correlation*, 1966.

use ndarray::{ArrayD, ArrayViewD, Slice};

use crate::conv::algorithm::tolerance;
use crate::conv::problem::boundary::pad;
use crate::conv::{Algorithm, ConvolutionError, Options, Problem, Unsupported};
use crate::scalar::Ring;
use crate::scalar::Rounding;

/// Cuts the signal into blocks, and leaves each to the algorithm `A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlapAdd<A> {
    inner: A,
    block: Option<usize>,
}

impl<A> OverlapAdd<A> {
    /// Along each axis, blocks of B entries such that B + span − 1 is a power of two between 8 and 16 times
    /// the span.
    pub fn new(inner: A) -> Self {
        OverlapAdd { inner, block: None }
    }

    /// Blocks of this many entries along each axis; zero counts as one.
    pub fn with_block(inner: A, block: usize) -> Self {
        OverlapAdd { inner, block: Some(block.max(1)) }
    }

    fn blocks(&self, problem: &Problem) -> Vec<usize> {
        let block = |span: usize| match self.block {
            Some(block) => block,
            None => span.saturating_mul(8).checked_next_power_of_two().map_or(usize::MAX, |n| n - span + 1),
        };
        problem.axes().iter().map(|axis| block(axis.span()).min(axis.padded())).collect()
    }
}

/// How many convolved blocks, of B + span − 1 entries every B, an entry lies in at most.
fn blocks_of_an_entry(block: usize, span: usize) -> usize {
    (block + span - 1).div_ceil(block)
}

/// The full convolution of a block, of these lengths along the axes of space.
fn block_problem(problem: &Problem, lengths: &[usize]) -> Result<Problem, ConvolutionError> {
    let axes = problem.axes().iter();
    let options = Options::new()
        .dilation(axes.clone().map(|axis| axis.dilation).collect::<Vec<_>>())
        .padding(axes.map(|axis| axis.span() - 1).collect::<Vec<_>>())
        .groups(problem.groups());
    let shape = [&[problem.batch(), problem.input_channels()], lengths].concat();
    Problem::new(problem.operation(), &problem.kernel_shape(), &shape, &options)
}

/// The sum over the blocks of `convolve(block problem, block)`, each where it belongs.
fn sum_of_blocks<S: Ring, T: Ring>(
    problem: &Problem,
    blocks: &[usize],
    signal: ArrayViewD<'_, S>,
    convolve: impl Fn(&Problem, ArrayViewD<'_, S>) -> Result<ArrayD<T>, ConvolutionError>,
) -> Result<ArrayD<T>, ConvolutionError> {
    let axes = problem.axes();
    let padding: Vec<_> = axes.iter().map(|axis| axis.padding).collect();
    let signal = pad(&signal, &padding, problem.boundary())?;
    let full_shape: Vec<_> = [problem.batch(), problem.output_channels()]
        .into_iter()
        .chain(axes.iter().map(|axis| axis.padded() + axis.span() - 1))
        .collect();
    let mut full = ArrayD::<T>::zeros(full_shape);
    let counts: Vec<_> =
        axes.iter().zip(blocks).map(|(axis, &block)| axis.padded().div_ceil(block)).collect();
    for number in 0..counts.iter().product() {
        let mut rest = number;
        let mut starts = vec![0; axes.len()];
        for a in (0..axes.len()).rev() {
            starts[a] = rest % counts[a] * blocks[a];
            rest /= counts[a];
        }
        let lengths: Vec<_> = (0..axes.len()).map(|a| blocks[a].min(axes[a].padded() - starts[a])).collect();
        let block = signal.slice_each_axis(|description| match description.axis.index().checked_sub(2) {
            None => Slice::from(..),
            Some(a) => Slice::from(starts[a]..starts[a] + lengths[a]),
        });
        let convolved = convolve(&block_problem(problem, &lengths)?, block)?;
        let mut place =
            full.slice_each_axis_mut(|description| match description.axis.index().checked_sub(2) {
                None => Slice::from(..),
                Some(a) => Slice::from(starts[a]..starts[a] + lengths[a] + axes[a].span() - 1),
            });
        place.zip_mut_with(&convolved, T::add_in_place);
    }
    let output = full.slice_each_axis(|description| match description.axis.index().checked_sub(2) {
        None => Slice::from(..),
        Some(a) => {
            let first = axes[a].span() - 1;
            let last = first + (axes[a].output - 1) * axes[a].stride;
            Slice::from(first..=last).step_by(axes[a].stride as isize)
        }
    });
    Ok(output.to_owned())
}

impl<S: Ring, A: Algorithm<S>> Algorithm<S> for OverlapAdd<A> {
    fn name(&self) -> &'static str {
        "overlap_add"
    }

    fn is_exact_where_sums_are(&self) -> bool {
        self.inner.is_exact_where_sums_are()
    }

    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        match block_problem(problem, &self.blocks(problem)) {
            Ok(block) => self.inner.supports(&block),
            Err(error) => Err(Unsupported {
                algorithm: "overlap_add",
                needs: format!("blocks that can be convolved fully, but {error}"),
            }),
        }
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        problem.check_operands(kernel.shape(), signal.shape())?;
        sum_of_blocks(problem, &self.blocks(problem), signal, |block_problem, block| {
            self.inner.run(block_problem, kernel.view(), block)
        })
    }

    /// The sum of the blocks' bounds, and the rounding of the additions: an entry lies in at most
    /// ⌈(B + span − 1)/B⌉ blocks along each axis.
    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        S: Rounding,
    {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let blocks = self.blocks(problem);
        let along = problem.axes().iter().zip(&blocks);
        let overlap: usize = along.map(|(axis, &block)| blocks_of_an_entry(block, axis.span())).product();
        let bounds = sum_of_blocks(problem, &blocks, signal.view(), |block_problem, block| {
            self.inner.error_bound(block_problem, kernel.view(), block)
        })?;
        let additions = (overlap as f64 * S::UNIT_ROUNDOFF.ln_1p()).exp_m1();
        let values = tolerance::magnitude_sum(problem, kernel, signal)?;
        let summed = (values + &bounds) * additions;
        Ok((bounds + summed) * tolerance::inflation(overlap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_an_entry_are_counted() {
        for (block, span) in (1..9).flat_map(|block| (1..9).map(move |span| (block, span))) {
            let holds = |start: usize, entry| (start..start + block + span - 1).contains(&entry);
            let count = |entry| (0..100).step_by(block).filter(|&start| holds(start, entry)).count();
            assert_eq!((0..80).map(count).max(), Some(blocks_of_an_entry(block, span)), "{block}, {span}");
        }
    }
}
