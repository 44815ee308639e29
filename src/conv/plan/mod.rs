//! Prepared convolutions at the speed of the machine.
//!
//! A [`Plan`] is made once from a [`Problem`] and says which method runs it; [`Plan::prepare`] takes the
//! weights, lays them out as the method wants them, and gives a [`Prepared`], whose [`run`](Prepared::run)
//! may then be called again and again, by many threads if each has a [`Workspace`] of its own. A run in a
//! warm workspace allocates nothing. Work is shared among the threads of rayon's pool by pieces of the
//! output, each computed in the same order whatever the number of threads, so that the bits do not depend on
//! it.
//!
//! ```
//! use equivariant::conv::plan::{Plan, PlanOptions, Workspace};
//! use equivariant::conv::{Operation, Options, Problem};
//! use ndarray::{Array, ArrayD};
//!
//! let problem = Problem::new(
//!     Operation::Correlation, &[8, 3, 3, 3], &[2, 3, 16, 16], &Options::new().padding([1, 1]),
//! )?;
//! let kernel: ArrayD<f32> = Array::ones(problem.kernel_shape());
//! let convolution = Plan::forward(&problem, &PlanOptions::new())?.prepare(kernel.view(), None)?;
//!
//! let signal: ArrayD<f32> = Array::ones(problem.signal_shape());
//! let mut output = Array::zeros(problem.output_shape());
//! let mut workspace = Workspace::new();
//! convolution.run(signal.view(), output.view_mut(), &mut workspace)?;
//! assert_eq!((output[[0, 0, 5, 5]], output[[0, 0, 0, 0]]), (27.0, 12.0));
//! # Ok::<(), equivariant::conv::ConvolutionError>(())
//! ```
//!
//! What has no weights yet cannot be run:
//! ```compile_fail,E0599
//! use equivariant::conv::plan::{Plan, PlanOptions, Workspace};
//! use equivariant::conv::{Extent, Operation, Problem};
//! use ndarray::ArrayD;
//! let problem = Problem::single_channel(Operation::Convolution, &[3], &[9], Extent::Same)?;
//! let plan = Plan::<f32>::forward(&problem, &PlanOptions::new())?;
//! let (signal, mut output) = (ArrayD::zeros(problem.signal_shape()), ArrayD::zeros(problem.output_shape()));
//! plan.run(signal.view(), output.view_mut(), &mut Workspace::new())?;
//! # Ok::<(), equivariant::conv::ConvolutionError>(())
//! ```

mod by_products;
mod geometry;
mod gradient;
mod machine;
pub(in crate::conv) mod method;
mod method_name;
mod options;
mod prepared;
mod register;
#[cfg(test)]
mod tests;
mod workspace;

pub use gradient::GradientPlan;
pub use machine::Machine;
pub use method::Candidate;
pub use method_name::Method;
pub use options::{Accuracy, PlanOptions};
pub use prepared::Prepared;
pub use workspace::Workspace;

use self::geometry::axis_map::AxisMap;
use self::geometry::channels::Channels;
use self::geometry::fold::Fold;
use self::method::planned_method::{Place, Stage};
use crate::conv::{Axis, Boundary, ConvolutionError, Problem};
use crate::simd::Element;

/// A convolution or its transpose, and the method that runs it: see the [module](self).
#[derive(Clone, Debug)]
pub struct Plan<T: Element> {
    problem: Problem,
    direction: Direction,
    input_shape: Vec<usize>,
    output_shape: Vec<usize>,
    relu: bool,
    stages: Vec<Stage<T>>,
    candidates: Vec<Candidate>,
    relative_bound: f64,
    fold: Option<Fold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    Transposed,
}

impl<T: Element> Plan<T> {
    /// Plans `signal ↦ output`.
    ///
    /// # Errors
    /// If the options ask for a method that cannot run this problem.
    pub fn forward(problem: &Problem, options: &PlanOptions) -> Result<Self, ConvolutionError> {
        let channels = Channels::forward(problem);
        let map = |axis| AxisMap::forward(axis, problem.operation(), problem.boundary());
        let axes = problem.axes().iter().map(map).collect();
        let chosen = method::choose(problem, &Place::new(channels, axes, options), options)?;
        Ok(Plan::new(problem.clone(), Direction::Forward, options, vec![chosen]))
    }

    /// Plans the adjoint `y ↦ transposed(kernel, y)` of the forward map: the gradient with respect to the
    /// signal, and what neural networks call a transposed convolution.
    ///
    /// # Errors
    /// If the options ask for a method that cannot run this problem.
    pub fn transposed(problem: &Problem, options: &PlanOptions) -> Result<Self, ConvolutionError> {
        let channels = Channels::transposed(problem);
        let phases_of = |axis| AxisMap::transposed(&unbounded(axis, problem.boundary()), problem.operation());
        let mut axes: Vec<Vec<AxisMap>> = problem.axes().iter().map(phases_of).collect();
        let x = axes.pop().unwrap_or_else(|| vec![AxisMap::point()]);
        let y = axes.pop().unwrap_or_else(|| vec![AxisMap::point()]);
        let mut chosen = Vec::new();
        for outer in combinations(&axes) {
            let apart = combinations(&[y.clone(), x.clone()]).into_iter();
            let choose = |last| {
                let axes = [outer.clone(), last].concat();
                method::choose(problem, &Place::new(channels, axes, options), options)
            };
            let apart = apart.map(choose).collect::<Result<Vec<_>, _>>()?;
            match method::join_phases(problem, channels, (outer.clone(), [&y, &x]), options, &apart) {
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
            stages,
            candidates,
            relative_bound,
        }
    }

    /// The problem that it was made for.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The method that runs it, or its first phase.
    pub fn method(&self) -> Method {
        self.stages.first().map_or(Method::Direct, |stage| stage.method())
    }

    /// Its name.
    pub fn method_name(&self) -> &'static str {
        self.stages.first().map_or("direct", |stage| stage.name())
    }

    /// The methods that were considered, and which was chosen. For a transposed convolution with a stride,
    /// those of its last phase, or of all phases if they are run together.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Why it runs what it runs, a line for each method that was considered.
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

    /// A bound on |computed − exact|, relative to the number of terms of a sum times the largest magnitudes
    /// of the kernel and of the sample that is convolved, before a bias is added.
    pub fn relative_bound(&self) -> f64 {
        self.relative_bound
    }

    /// Bytes that its weights take once they are prepared, the kernel itself aside, and bytes of the
    /// [`Workspace`] for each thread that runs it.
    pub fn memory(&self) -> (usize, usize) {
        let weights: usize = self.stages.iter().map(|stage| stage.packed_length()).sum();
        let of_thread = |(copied, sums), stage: &Stage<T>| {
            let (more_copied, more_sums) = stage.workspace();
            (more_copied.max(copied), more_sums.max(sums))
        };
        let (copied, sums) = self.stages.iter().fold((0_usize, 0_usize), of_thread);
        (size_of::<T>() * weights, size_of::<T>() * (copied + sums))
    }

    /// How much rounding errors may grow from the norms of tiles to a sum, if transforms run it.
    pub(in crate::conv) fn transform_growth(&self) -> Option<f64> {
        self.stages.first().and_then(|stage| stage.transform_growth())
    }

    /// Shape of what [`Prepared::run`] reads.
    pub fn input_shape(&self) -> Vec<usize> {
        self.input_shape.clone()
    }

    /// Shape of what [`Prepared::run`] writes.
    pub fn output_shape(&self) -> Vec<usize> {
        self.output_shape.clone()
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
