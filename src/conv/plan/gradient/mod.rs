//! The gradient with respect to the kernel, in register tiles.
//!
//! ```text
//! gradient(m, c, t) = Σ_n Σ_o y(n, m, o) · x̃(n, g(m) + c, source(o, t))
//! ```
//!
//! There are two layouts, and an estimate of their costs chooses: vectors of [output channels](channels),
//! where there are enough of them, and vectors of [positions](positions), whose lanes are added up at the
//! end.
//!
//! Work is cut by channels of the signal, and where those are few, by samples too, whose gradients are added
//! in order. The cut depends on the problem alone, so that the bits do not depend on the number of threads.
//!
//! Cost: the products of the definition, rounded up to whole vectors of channels, or of positions with the
//! gaps between rows; memory for y transposed, or a piece of it for each part of the work, one gradient for
//! each part of the batch, times the lanes if they are of positions, and a piece of the signal for each part
//! of the work.
//!
//! An entry of the signal that is no number may stand in a gap between rows, where it is multiplied by zero:
//! then sums of other taps of its channel are no numbers either.

mod channels;
mod geometry;
mod part;
mod position_run;
mod position_tile;
mod positions;

use ndarray::{ArrayViewD, ArrayViewMutD};
use rayon::prelude::*;

use self::channels::ChannelLayout;
use self::geometry::Geometry;
use self::part::Part;
use self::positions::PositionLayout;
use crate::conv::plan::options::PlanOptions;
use crate::conv::problem::check_shape;
use crate::conv::{ConvolutionError, Problem};
use crate::simd::{AlignedBuffer, Element};

/// Below so many multiply-adds, another thread does not pay.
const TINY: u128 = 400_000;

/// What the lanes of vectors are.
#[derive(Clone, Debug)]
enum Layout {
    Channels(Box<ChannelLayout>),
    Positions(Box<PositionLayout>),
}

/// The gradient with respect to the kernel, prepared to be computed many times.
#[derive(Clone, Debug)]
pub struct GradientPlan<T: Element> {
    problem: Problem,
    /// Of the signal, the output and the kernel.
    shapes: [Vec<usize>; 3],
    geometry: Geometry,
    layout: Layout,
    /// (sample, group, tile of channels, position, vectors, lanes), if vectors are of channels
    transposed: AlignedBuffer<T>,
    parts: Vec<Part<T>>,
    /// Operands that do not stand in memory row by row are copied here.
    signal: Vec<T>,
    output: Vec<T>,
    gradient: Vec<T>,
}

impl<T: Element> GradientPlan<T> {
    /// Plans the gradient of this problem.
    pub fn new(problem: &Problem, options: &PlanOptions) -> Self {
        let geometry = Geometry::new::<T>(options.instruction_set, problem);
        let channels = ChannelLayout::new::<T>(&geometry);
        let positions = PositionLayout::new::<T>(&geometry);
        let layout = if channels.cost() <= positions.cost(size_of::<T>()) {
            Layout::Channels(Box::new(channels))
        } else {
            Layout::Positions(Box::new(positions))
        };
        let (transposed, output, strip, sums) = match &layout {
            Layout::Channels(layout) => {
                let (transposed, strip, sums) = layout.memory();
                (transposed, 0, strip, sums)
            }
            Layout::Positions(layout) => {
                let (output, strip, sums) = layout.memory();
                (0, output, strip, sums)
            }
        };
        let (block, samples) = match &layout {
            Layout::Channels(layout) => (layout.block, layout.samples),
            Layout::Positions(layout) => (layout.block, layout.samples),
        };
        let mut parts = Vec::new();
        for group in 0..problem.groups() {
            for channel in (0..geometry.virtual_channels()).step_by(block) {
                for sample in (0..problem.batch().max(1)).step_by(samples) {
                    let [strip, output, sums] = [strip, output, sums].map(AlignedBuffer::zeros);
                    parts.push(Part { group, channel, sample, strip, output, sums });
                }
            }
        }
        GradientPlan {
            problem: problem.clone(),
            shapes: [problem.signal_shape(), problem.output_shape(), problem.kernel_shape()],
            geometry,
            layout,
            transposed: AlignedBuffer::zeros(transposed),
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

    /// Bytes that the plan holds. Operands that do not stand in memory row by row cost a copy of each more,
    /// from the first such run on.
    pub fn workspace_bytes(&self) -> usize {
        let of_part = |part: &Part<T>| part.strip.bytes() + part.output.bytes() + part.sums.bytes();
        let parts: usize = self.parts.iter().map(of_part).sum();
        let copies = self.signal.len() + self.output.len() + self.gradient.len();
        self.transposed.bytes() + parts + size_of::<T>() * copies
    }

    /// Computes the gradient at `signal` and the derivative `y` with respect to the output, whatever was
    /// there before.
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
            shapes,
            geometry,
            layout,
            transposed,
            parts,
            signal: signal_copy,
            output: y_copy,
            gradient: gradient_copy,
        } = self;
        let signal = in_order(&signal, signal_copy);
        let y = in_order(&y, y_copy);
        let tiny = problem.multiply_adds() < TINY || rayon::current_num_threads() == 1;
        if let Layout::Channels(layout) = layout {
            let transposed = &mut **transposed;
            let per_sample = (transposed.len() / problem.batch().max(1)).max(1);
            let transpose = |(n, to): (usize, &mut [T])| layout.transpose(y, n, to);
            if tiny {
                transposed.chunks_exact_mut(per_sample).enumerate().for_each(transpose);
            } else {
                transposed.par_chunks_exact_mut(per_sample).enumerate().for_each(transpose);
            }
        }
        let layout = &*layout;
        let run = |part: &mut Part<T>| match layout {
            Layout::Channels(layout) => layout.run(signal, transposed, part),
            Layout::Positions(layout) => layout.run(signal, y, part),
        };
        if tiny {
            parts.iter_mut().for_each(run);
        } else {
            parts.par_iter_mut().with_max_len(1).for_each(run);
        }
        // Output channels of a group, whole vectors of them if it is the only one.
        let channels = geometry.channels;
        let together = if channels.groups == 1 { geometry.lanes } else { channels.rows };
        let rows = together * shapes[2][1..].iter().product::<usize>();
        let (parts, of_group) = (&*parts, parts.len() / channels.groups);
        let add_some = |(number, to): (usize, &mut [T])| {
            let first = number * together;
            let parts = &parts[first / channels.rows * of_group..][..of_group];
            match layout {
                Layout::Channels(layout) => layout.add_up(parts, first % channels.rows, to),
                Layout::Positions(layout) => layout.add_up(parts, first % channels.rows, to),
            }
        };
        let add_up = |sums: &mut [T]| {
            if tiny {
                sums.chunks_mut(rows).enumerate().for_each(add_some);
            } else {
                sums.par_chunks_mut(rows).enumerate().for_each(add_some);
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
