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

mod geometry;
mod gradient;
mod machine;
pub(in crate::conv) mod method;
mod options;
mod register;
#[cfg(test)]
mod tests;
mod workspace;

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayViewD, ArrayViewMutD};

pub use gradient::GradientPlan;
pub use machine::Machine;
pub use method::Candidate;
pub use options::{Accuracy, Kernel, PlanOptions};

use self::geometry::axis_map::AxisMap;
use self::geometry::fold::Fold;
use self::method::Stage;
use self::method::direct::Channels;
use self::register::output::{Finish, SharedOutput};
use self::workspace::{Call, Workspace};
use crate::conv::problem::check_shape;
use crate::conv::problem::layout::flatten_space;
use crate::conv::{Axis, Boundary, ConvolutionError, Problem};
use crate::simd::{AlignedBuffer, Element};

/// A convolution, or its transpose, prepared to be run many times: see the [module](self).
#[derive(Clone, Debug)]
pub struct Plan<T: Element> {
    problem: Problem,
    direction: Direction,
    input_shape: Vec<usize>,
    output_shape: Vec<usize>,
    relu: bool,
    stages: Vec<Prepared<T>>,
    candidates: Vec<Candidate>,
    relative_bound: f64,
    bias: Option<Vec<T>>,
    workspaces: Vec<Workspace<T>>,
    /// Operands that do not stand in memory row by row are copied here.
    input: Vec<T>,
    output: Vec<T>,
    fold: Option<Fold<T>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Transposed,
}

#[derive(Clone, Debug)]
struct Prepared<T> {
    stage: Stage<T>,
    /// As packed.
    weights: AlignedBuffer<T>,
}

impl<T: Element> Prepared<T> {
    fn pack(&mut self, kernel: ArrayView3<'_, T>) {
        let mut packed = std::mem::take(&mut self.weights).into_vec();
        self.stage.pack(kernel, &mut packed);
        self.weights = AlignedBuffer::from_vec(packed);
    }
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
        let chosen = Stage::choose(problem, channels, axes, options)?;
        Ok(Plan::new(problem.clone(), Direction::Forward, options, vec![chosen]))
    }

    /// Plans the adjoint `y ↦ transposed(kernel, y)` of the forward map: the gradient with respect to the signal, and
    /// what neural networks call a transposed convolution.
    ///
    /// # Errors
    /// If the options ask for a kernel that cannot run this problem.
    pub fn transposed(problem: &Problem, options: &PlanOptions) -> Result<Self, ConvolutionError> {
        let channels = Channels::transposed(problem);
        let phases_of = |axis| AxisMap::transposed(&unbounded(axis, problem.boundary()), problem.operation());
        let mut axes: Vec<Vec<AxisMap>> = problem.axes().iter().map(phases_of).collect();
        let x = axes.pop().unwrap_or_else(|| vec![AxisMap::point()]);
        let y = axes.pop().unwrap_or_else(|| vec![AxisMap::point()]);
        let mut chosen = Vec::new();
        for outer in combinations(&axes) {
            let apart = combinations(&[y.clone(), x.clone()]).into_iter();
            let choose = |last| Stage::choose(problem, channels, [outer.clone(), last].concat(), options);
            let apart = apart.map(choose).collect::<Result<Vec<_>, _>>()?;
            match Stage::join_phases(problem, channels, (outer.clone(), [&y, &x]), options, &apart) {
                Some(together) => chosen.push(together),
                None => chosen.extend(apart),
            }
        }
        Ok(Plan::new(problem.clone(), Direction::Transposed, options, chosen))
    }

    fn new(
        problem: Problem,
        direction: Direction,
        options: &PlanOptions,
        chosen: Vec<(Stage<T>, Vec<Candidate>)>,
    ) -> Self {
        let bounds = chosen.iter().flat_map(|(_, candidates)| candidates);
        let bounds = bounds.filter(|candidate| candidate.chosen).map(|candidate| candidate.relative_bound);
        let relative_bound = bounds.fold(0.0, f64::max);
        let candidates = chosen.last().map(|(_, candidates)| candidates.clone()).unwrap_or_default();
        let stages: Vec<_> = chosen.into_iter().map(|(stage, _)| stage).collect();
        let mut workspaces = vec![Workspace::default(); rayon::current_num_threads()];
        for workspace in &mut workspaces {
            stages.iter().for_each(|stage| workspace.reserve(stage.workspace()));
        }
        let prepared = |stage| Prepared { stage, weights: AlignedBuffer::default() };
        let folds = direction == Direction::Transposed && problem.boundary() != Boundary::Zero;
        let (input_shape, output_shape) = match direction {
            Direction::Forward => (problem.signal_shape(), problem.output_shape()),
            Direction::Transposed => (problem.output_shape(), problem.signal_shape()),
        };
        Plan {
            fold: folds.then(|| Fold::new(&problem)),
            problem,
            direction,
            input_shape,
            output_shape,
            relu: options.relu,
            stages: stages.into_iter().map(prepared).collect(),
            candidates,
            relative_bound,
            bias: None,
            workspaces,
            input: Vec::new(),
            output: Vec::new(),
        }
    }

    /// The problem that it was made for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The kernel that runs it, or its first phase.
    pub fn kernel(&self) -> Kernel {
        self.stages.first().map_or(Kernel::Direct, |prepared| prepared.stage.kernel())
    }

    /// Its name.
    pub fn kernel_name(&self) -> &'static str {
        self.stages.first().map_or("direct", |prepared| prepared.stage.name())
    }

    /// The kernels that were considered, and which was chosen. For a transposed convolution with a stride, those of its
    /// last phase, or of all phases if they are run together.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Why it runs what it runs, a line for each kernel that was considered.
    ///
    /// ```
    /// use equivariant::conv::plan::{Accuracy, Plan, PlanOptions};
    /// use equivariant::conv::{Extent, Operation, Problem};
    ///
    /// let problem = Problem::single_channel(Operation::Convolution, &[63, 63], &[512, 512], Extent::Same)?;
    /// let plan = Plan::<f32>::forward(&problem, &PlanOptions::new().accuracy(Accuracy::Strict))?;
    /// assert!(plan.explanation().contains("fourier_tiles"));
    /// assert!(plan.explanation().contains("less accurate than was asked for"));
    /// # Ok::<(), equivariant::conv::ConvolutionError>(())
    /// ```
    pub fn explanation(&self) -> String {
        let mut text = String::new();
        for candidate in &self.candidates {
            let verdict = match (candidate.chosen, candidate.accurate) {
                (true, _) if self.candidates.len() == 1 => "chosen: asked for",
                (true, _) => "chosen: the fastest that is accurate enough",
                (false, true) => "slower",
                (false, false) => "less accurate than was asked for",
            };
            let Candidate { name, nanoseconds, relative_bound, .. } = candidate;
            let micros = nanoseconds / 1000.0;
            text +=
                &format!("{name:18} {micros:10.1} µs expected, error ≤ {relative_bound:.1e}: {verdict}\n");
        }
        text
    }

    /// A bound on |computed − exact|, relative to the number of terms of a sum times the largest magnitudes of the kernel
    /// and of what is convolved, before a bias is added.
    pub fn relative_bound(&self) -> f64 {
        self.relative_bound
    }

    /// How much rounding errors may grow from the norms of tiles to a sum, if transforms run it.
    pub(in crate::conv) fn transform_growth(&self) -> Option<f64> {
        self.stages.first().and_then(|prepared| prepared.stage.transform_growth())
    }

    /// Shape of what [`Plan::run`] reads.
    pub fn input_shape(&self) -> Vec<usize> {
        self.input_shape.clone()
    }

    /// Shape of what [`Plan::run`] writes.
    pub fn output_shape(&self) -> Vec<usize> {
        self.output_shape.clone()
    }

    /// Bytes that the plan holds beside the packed weights, for all threads together. Operands that do not stand in
    /// memory row by row cost a copy of each more, from the first such run on.
    pub fn workspace_bytes(&self) -> usize {
        let workspaces: usize = self.workspaces.iter().map(Workspace::bytes).sum();
        let fold = self.fold.as_ref().map_or(0, Fold::bytes);
        size_of::<T>() * (self.input.len() + self.output.len()) + workspaces + fold
    }

    /// Bytes of the prepared weights, and of the bias.
    pub fn prepared_bytes(&self) -> usize {
        let weights: usize = self.stages.iter().map(|prepared| prepared.weights.bytes()).sum();
        weights + size_of::<T>() * self.bias.as_ref().map_or(0, Vec::len)
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
                    prepared.pack(kernel.view());
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
                    prepared.pack(swapped.view());
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
        check_shape("input", &self.input_shape, input.shape())?;
        check_shape("output", &self.output_shape, output.shape())?;
        let Plan {
            problem: _,
            direction: _,
            input_shape: _,
            output_shape: _,
            relu,
            stages,
            bias,
            workspaces,
            input: input_copy,
            candidates: _,
            relative_bound: _,
            output: output_copy,
            fold,
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
            let (shared, threads) = (SharedOutput::new(output), workspaces.len());
            for prepared in stages.iter() {
                let (stage, weights) = (&prepared.stage, &*prepared.weights);
                assert_eq!(weights.len(), stage.packed_length(), "the plan must be prepared before it runs");
                let call = Call { packed: weights, signal: input, output: &shared, finish, threads };
                stage.run(call, workspaces);
            }
        };
        let mut whole = |output: &mut [T]| match fold {
            None => into(output, finish),
            Some(fold) => {
                into(&mut fold.padded, Finish { bias: None, relu: false });
                fold.run(output, finish);
            }
        };
        if let Some(slice) = output.as_slice_mut() {
            whole(slice);
        } else {
            output_copy.resize(output.len(), T::zero());
            whole(output_copy);
            output.iter_mut().zip(&*output_copy).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

/// One of each, in every combination, those of the last the fastest.
fn combinations(axes: &[Vec<AxisMap>]) -> Vec<Vec<AxisMap>> {
    let mut all = vec![Vec::new()];
    for maps in axes {
        let with = |before: &Vec<AxisMap>| {
            maps.iter().map(|map| [&before[..], std::slice::from_ref(map)].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// The same axis on the padded signal, which needs no boundary.
fn unbounded(axis: &Axis, boundary: Boundary) -> Axis {
    match boundary {
        Boundary::Zero => *axis,
        _ => Axis { signal: axis.padded(), padding: (0, 0), ..*axis },
    }
}
