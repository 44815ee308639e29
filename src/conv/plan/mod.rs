//! Prepared convolutions at the speed of the machine.
//!
//! A [`Plan`] is made once from a [`Problem`] and says which kernel runs it; [`Plan::prepare`] takes the weights and lays
//! them out as the kernel wants them; [`Plan::run`] may then be called again and again. The plan owns the memory that its
//! kernels work in ([`Plan::workspace_bytes`]); a run allocates none. Work is shared among the threads of rayon's pool by
//! pieces of the output, each computed in the same order whatever the number of threads, so that the bits do not depend
//! on it.
//!
//! ```
//! use equivariant::conv::plan::{Plan, PlanOptions};
//! use equivariant::conv::{Operation, Options, Problem};
//! use ndarray::{Array, ArrayD};
//!
//! let problem = Problem::new(
//!     Operation::Correlation, &[8, 3, 3, 3], &[2, 3, 16, 16], &Options::new().padding([1, 1]),
//! )?;
//! let kernel: ArrayD<f32> = Array::ones(problem.kernel_shape());
//! let mut plan = Plan::forward(&problem, &PlanOptions::new())?;
//! plan.prepare(kernel.view(), None)?;
//!
//! let signal: ArrayD<f32> = Array::ones(problem.signal_shape());
//! let mut output = Array::zeros(problem.output_shape());
//! plan.run(signal.view(), output.view_mut())?;
//! assert_eq!((output[[0, 0, 5, 5]], output[[0, 0, 0, 0]]), (27.0, 12.0));
//! # Ok::<(), equivariant::conv::ConvolutionError>(())
//! ```

mod axis_map;
mod direct;
mod gradient;
mod microkernel;
mod options;
mod output;
mod stage;
mod strip;
#[cfg(test)]
mod tests;
pub(super) mod winograd;

use ndarray::{Array3, ArrayView1, ArrayViewD, ArrayViewMutD, IxDyn};

pub use gradient::GradientPlan;
pub use options::{Accuracy, Kernel, PlanOptions};
pub use stage::Candidate;

use self::axis_map::AxisMap;
use self::direct::{Channels, Workspace};
use self::output::{Finish, SharedOutput};
use self::stage::Stage;
use super::algorithm::flatten_space;
use super::problem::check_shape;
use super::simd::Element;
use super::{Axis, Boundary, ConvolutionError, Problem};

/// A convolution, or its transpose, prepared to be run many times: see the [module](self).
#[derive(Clone, Debug)]
pub struct Plan<T: Element> {
    problem: Problem,
    direction: Direction,
    relu: bool,
    stages: Vec<Prepared<T>>,
    candidates: Vec<Candidate>,
    bias: Option<Vec<T>>,
    workspaces: Vec<Workspace<T>>,
    /// Operands that do not stand in memory row by row are copied here.
    input: Vec<T>,
    output: Vec<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Transposed,
}

#[derive(Clone, Debug)]
struct Prepared<T> {
    stage: Stage,
    weights: Vec<T>,
}

impl<T: Element> Plan<T> {
    /// Plans `signal ↦ output`.
    ///
    /// # Errors
    /// If the options ask for a kernel that cannot run this problem.
    pub fn forward(problem: &Problem, options: &PlanOptions) -> Result<Self, ConvolutionError> {
        let channels = Channels::forward(problem);
        let map = |axis| AxisMap::forward(axis, problem.operation(), problem.boundary());
        let axes = problem.axes().iter().map(map).collect();
        let (stage, candidates) = Stage::choose::<T>(problem, channels, axes, options)?;
        Ok(Plan::new(problem.clone(), Direction::Forward, options, vec![stage], candidates))
    }

    /// Plans the adjoint `y ↦ transposed(kernel, y)` of the forward map: the gradient with respect to the signal, and
    /// what neural networks call a transposed convolution.
    ///
    /// # Errors
    /// If the options ask for a kernel that cannot run this problem.
    pub fn transposed(problem: &Problem, options: &PlanOptions) -> Result<Self, ConvolutionError> {
        let channels = Channels::transposed(problem);
        let mut phases = vec![Vec::new()];
        for axis in problem.axes() {
            let maps = AxisMap::transposed(&unbounded(axis, problem.boundary()), problem.operation());
            let with = |before: &Vec<AxisMap>| {
                maps.iter().map(|map| [&before[..], std::slice::from_ref(map)].concat()).collect::<Vec<_>>()
            };
            phases = phases.iter().flat_map(with).collect();
        }
        let (mut stages, mut candidates) = (Vec::new(), Vec::new());
        for axes in phases {
            let (stage, considered) = Stage::choose::<T>(problem, channels, axes, options)?;
            stages.push(stage);
            candidates = considered;
        }
        Ok(Plan::new(problem.clone(), Direction::Transposed, options, stages, candidates))
    }

    fn new(
        problem: Problem,
        direction: Direction,
        options: &PlanOptions,
        stages: Vec<Stage>,
        candidates: Vec<Candidate>,
    ) -> Self {
        let mut workspaces = vec![Workspace::default(); rayon::current_num_threads()];
        for workspace in &mut workspaces {
            stages.iter().for_each(|stage| workspace.reserve(stage.workspace()));
        }
        let prepared = |stage| Prepared { stage, weights: Vec::new() };
        let output = match direction == Direction::Transposed && problem.boundary() != Boundary::Zero {
            true => vec![T::zero(); problem.padded_shape().iter().product()],
            false => Vec::new(),
        };
        Plan {
            problem,
            direction,
            relu: options.relu,
            stages: stages.into_iter().map(prepared).collect(),
            candidates,
            bias: None,
            workspaces,
            input: Vec::new(),
            output,
        }
    }

    /// The problem that it was made for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The kernel that runs it.
    pub fn kernel_name(&self) -> &'static str {
        self.stages.first().map_or("direct", |prepared| prepared.stage.name())
    }

    /// The kernels that were considered, and which was chosen. For a transposed convolution with a stride, those of its
    /// last phase.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Shape of what [`Plan::run`] reads.
    pub fn input_shape(&self) -> Vec<usize> {
        match self.direction {
            Direction::Forward => self.problem.signal_shape(),
            Direction::Transposed => self.problem.output_shape(),
        }
    }

    /// Shape of what [`Plan::run`] writes.
    pub fn output_shape(&self) -> Vec<usize> {
        match self.direction {
            Direction::Forward => self.problem.output_shape(),
            Direction::Transposed => self.problem.signal_shape(),
        }
    }

    /// Bytes that the plan holds beside the packed weights, for all threads together. Operands that do not stand in
    /// memory row by row cost a copy of each more, from the first such run on.
    pub fn workspace_bytes(&self) -> usize {
        let of = |workspace: &Workspace<T>| workspace.strip.len() + workspace.sums.len();
        let entries: usize = self.workspaces.iter().map(of).sum();
        size_of::<T>() * (entries + self.input.len() + self.output.len())
    }

    /// Takes the weights, and a bias with one entry for each channel of the result.
    ///
    /// # Errors
    /// If they do not have the shapes of the problem.
    pub fn prepare(
        &mut self,
        kernel: ArrayViewD<'_, T>,
        bias: Option<ArrayView1<'_, T>>,
    ) -> Result<(), ConvolutionError> {
        check_shape("kernel", self.problem.kernel_shape(), kernel.shape())?;
        if let Some(bias) = &bias {
            check_shape("bias", vec![self.output_shape()[1]], bias.shape())?;
        }
        self.bias = bias.map(|bias| bias.to_vec());
        let kernel = flatten_space(&kernel);
        match self.direction {
            Direction::Forward => {
                for prepared in &mut self.stages {
                    prepared.stage.pack(kernel.view(), &mut prepared.weights);
                }
            }
            Direction::Transposed => {
                let groups = self.problem.groups();
                let (outputs, channels, taps) = kernel.dim();
                let swapped =
                    Array3::from_shape_fn((groups * channels, outputs / groups, taps), |(c, m, tap)| {
                        kernel[[c / channels * (outputs / groups) + m, c % channels, tap]]
                    });
                for prepared in &mut self.stages {
                    prepared.stage.pack(swapped.view(), &mut prepared.weights);
                }
            }
        }
        Ok(())
    }

    /// Convolves `input` into `output`, whatever was there before.
    ///
    /// # Errors
    /// If they do not have the shapes of the plan.
    ///
    /// # Panics
    /// If the plan has not been [prepared](Self::prepare).
    pub fn run(
        &mut self,
        input: ArrayViewD<'_, T>,
        mut output: ArrayViewMutD<'_, T>,
    ) -> Result<(), ConvolutionError> {
        check_shape("input", self.input_shape(), input.shape())?;
        check_shape("output", self.output_shape(), output.shape())?;
        let Plan {
            problem,
            direction,
            relu,
            stages,
            bias,
            workspaces,
            input: input_copy,
            candidates: _,
            output: output_copy,
        } = self;
        let input = match input.as_slice() {
            Some(slice) => slice,
            None => {
                input_copy.clear();
                input_copy.extend(input.iter().copied());
                input_copy
            }
        };
        let finish = Finish { bias: bias.as_deref(), relu: *relu };
        let mut into = |output: &mut [T], finish| {
            let shared = SharedOutput::new(output);
            for Prepared { stage, weights } in stages.iter() {
                assert_eq!(weights.len(), stage.packed_length(), "the plan must be prepared before it runs");
                stage.run(weights, input, &shared, finish, workspaces);
            }
        };
        if *direction == Direction::Transposed && problem.boundary() != Boundary::Zero {
            output_copy.resize(problem.padded_shape().iter().product(), T::zero());
            into(output_copy, Finish { bias: None, relu: false });
            fold_padding(problem, output_copy, output.view_mut(), finish);
        } else if let Some(slice) = output.as_slice_mut() {
            into(slice, finish);
        } else {
            output_copy.resize(output.len(), T::zero());
            into(output_copy, finish);
            output.iter_mut().zip(&*output_copy).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

/// The same axis on the padded signal, which needs no boundary.
fn unbounded(axis: &Axis, boundary: Boundary) -> Axis {
    match boundary {
        Boundary::Zero => *axis,
        _ => Axis { signal: axis.padded(), padding: (0, 0), ..*axis },
    }
}

/// The adjoint of padding: each entry of the padded gradient is added where the padding took its value from.
fn fold_padding<T: Element>(
    problem: &Problem,
    padded: &[T],
    mut output: ArrayViewMutD<'_, T>,
    finish: Finish<'_, T>,
) {
    let shape = problem.padded_shape();
    output.fill(T::zero());
    let mut index = vec![0; shape.len()];
    for (number, &value) in padded.iter().enumerate() {
        let mut rest = number;
        for axis in (0..shape.len()).rev() {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        for (entry, axis) in index[2..].iter_mut().zip(problem.axes()) {
            let position = *entry as isize - axis.padding.0 as isize;
            *entry = problem
                .boundary()
                .source(position, axis.signal)
                .unwrap_or_else(|| unreachable!("only zeros have no source"));
        }
        output[IxDyn(&index)].add_in_place(&value);
    }
    for (channel, mut values) in output.axis_iter_mut(ndarray::Axis(1)).enumerate() {
        let (bias, relu) = finish.of(channel);
        values.mapv_inplace(|value| {
            let value = value + bias.unwrap_or(T::zero());
            if relu && value < T::zero() { T::zero() } else { value }
        });
    }
}
