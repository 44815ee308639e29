//! The gradient with respect to the kernel, in register tiles.
//!
//! ```text
//! gradient(m, c, t) = Σ_n Σ_o y(n, m, o) · x̃(n, g(m) + c, source(o, t))
//! ```
//!
//! A tile has vectors of output channels m and one row for each of some pairs (c, t): it is the
//! [tile of channels](super::microkernel::ChannelTile) with the positions o as its terms. So y is first transposed,
//! channels last; the signal is copied piece by piece as for the forward map, where pair (c, t) stands at a constant
//! distance from each position.
//!
//! Work is cut by channels of the signal, and where those are few, by samples too, whose gradients are added in order. The
//! cut depends on the problem alone, so that the bits do not depend on the number of threads.
//!
//! Cost: the products of the definition, rounded up to whole vectors of channels; memory for y transposed, one gradient
//! for each part of the batch, and a piece of the signal for each part of the work.

mod layout;

use ndarray::{ArrayViewD, ArrayViewMutD};
use rayon::prelude::*;

use self::layout::GradientLayout;
use super::axis_map::AxisMap;
use super::direct::Channels;
use super::options::PlanOptions;
use crate::conv::problem::check_shape;
use crate::conv::simd::Element;
use crate::conv::{ConvolutionError, Problem};

/// Below so many multiply-adds, another thread does not pay.
const TINY: u128 = 400_000;

/// The gradient with respect to the kernel, prepared to be computed many times.
#[derive(Clone, Debug)]
pub struct GradientPlan<T: Element> {
    problem: Problem,
    /// Of the signal, the output and the kernel.
    shapes: [Vec<usize>; 3],
    layout: GradientLayout,
    /// (sample, group, tile of channels, position, vectors, lanes)
    transposed: Vec<T>,
    parts: Vec<Part<T>>,
    /// Operands that do not stand in memory row by row are copied here.
    signal: Vec<T>,
    output: Vec<T>,
    gradient: Vec<T>,
}

/// One group, block of channels and part of the batch.
#[derive(Clone, Debug)]
struct Part<T> {
    group: usize,
    channel: usize,
    sample: usize,
    strip: Vec<T>,
    /// (tile of pairs, tile of channels, pair, vectors, lanes)
    sums: Vec<T>,
}

impl<T: Element> GradientPlan<T> {
    /// Plans the gradient of this problem.
    pub fn new(problem: &Problem, options: &PlanOptions) -> Self {
        let channels = Channels::forward(problem);
        let map = |axis| AxisMap::forward(axis, problem.operation(), problem.boundary());
        let mut outer = AxisMap::joined(problem.axes().iter().map(map).collect());
        let x = outer.pop().unwrap_or_else(AxisMap::point);
        let y = outer.pop().unwrap_or_else(AxisMap::point);
        let layout = GradientLayout::new::<T>(options.instruction_set, channels, outer, y, x);
        let positions: usize = problem.output_shape()[2..].iter().product();
        let transposed = channels.batch * channels.groups * positions * layout.padded_rows();
        let mut parts = Vec::new();
        for group in 0..channels.groups {
            for channel in (0..layout.virtual_channels()).step_by(layout.block) {
                for sample in (0..channels.batch.max(1)).step_by(layout.samples) {
                    parts.push(Part {
                        group,
                        channel,
                        sample,
                        strip: vec![T::zero(); layout.block * layout.channel_stride + layout.lanes],
                        sums: vec![
                            T::zero();
                            layout.pair_tiles() * layout.tile_rows() * layout.padded_rows()
                        ],
                    });
                }
            }
        }
        GradientPlan {
            problem: problem.clone(),
            shapes: [problem.signal_shape(), problem.output_shape(), problem.kernel_shape()],
            layout,
            transposed: vec![T::zero(); transposed],
            parts,
            signal: Vec::new(),
            output: Vec::new(),
            gradient: Vec::new(),
        }
    }

    /// The problem that it was made for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Bytes that the plan holds. Operands that do not stand in memory row by row cost a copy of each more, from the
    /// first such run on.
    pub fn workspace_bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(|part| part.strip.len() + part.sums.len()).sum();
        size_of::<T>()
            * (self.transposed.len() + parts + self.signal.len() + self.output.len() + self.gradient.len())
    }

    /// Computes the gradient at `signal` and the derivative `y` with respect to the output, whatever was there before.
    ///
    /// # Errors
    /// If they do not have the shapes of the problem's signal, output and kernel.
    pub fn run(
        &mut self,
        signal: ArrayViewD<'_, T>,
        y: ArrayViewD<'_, T>,
        mut gradient: ArrayViewMutD<'_, T>,
    ) -> Result<(), ConvolutionError> {
        check_shape("signal", &self.shapes[0], signal.shape())?;
        check_shape("output", &self.shapes[1], y.shape())?;
        check_shape("kernel", &self.shapes[2], gradient.shape())?;
        let GradientPlan {
            problem,
            shapes: _,
            layout,
            transposed,
            parts,
            signal: signal_copy,
            output: y_copy,
            gradient: gradient_copy,
        } = self;
        let signal = in_order(&signal, signal_copy);
        let y = in_order(&y, y_copy);
        let per_sample = transposed.len() / problem.batch().max(1);
        let transpose = |(n, to): (usize, &mut [T])| layout.transpose(y, n, to);
        let tiny = problem.multiply_adds() < TINY || rayon::current_num_threads() == 1;
        if tiny {
            transposed.chunks_exact_mut(per_sample.max(1)).enumerate().for_each(transpose);
            parts.iter_mut().for_each(|part| layout.run(signal, transposed, part));
        } else {
            transposed.par_chunks_exact_mut(per_sample.max(1)).enumerate().for_each(transpose);
            parts.par_iter_mut().with_max_len(1).for_each(|part| layout.run(signal, transposed, part));
        }
        let taps: usize = gradient.shape()[2..].iter().product();
        let columns = problem.group_channels();
        let add_up = |sums: &mut [T]| {
            sums.fill(T::zero());
            for part in parts.iter() {
                layout.for_each_sum(part, |row, column, tap, value| {
                    sums[(row * columns + column) * taps + tap].add_in_place(&value);
                });
            }
        };
        match gradient.as_slice_mut() {
            Some(slice) => add_up(slice),
            None => {
                gradient_copy.resize(gradient.len(), T::zero());
                add_up(gradient_copy);
                gradient.iter_mut().zip(&*gradient_copy).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(())
    }
}

/// The entries row by row: as they stand, or else in a copy.
fn in_order<'a, T: Element>(array: &'a ArrayViewD<'_, T>, copy: &'a mut Vec<T>) -> &'a [T] {
    match array.as_slice() {
        Some(slice) => slice,
        None => {
            copy.clear();
            copy.extend(array.iter().copied());
            copy
        }
    }
}
