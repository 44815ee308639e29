//! The kernels of [`plan`](crate::conv::plan) as algorithms, so that the definition judges them.
//!
//! Each makes a plan for one run: whoever runs a problem more than once should keep the plan.
//!
//! *Error of Winograd's algorithms.* With the three matrices of F(m, 3), |computed − exact| is at most `γ_k ·
//! |Aᵀ| [(|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)] |A|`, summed over C channels, where γ_k = (1+u)^k − 1 and k counts the
//! roundings on the longest path (N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. 2002,
//! §3.1; see [`plan::Method`](crate::conv::plan::Method)). It assumes that nothing underflows.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::algorithm::tolerance;
use crate::conv::plan::method::winograd::{FOUR, Filtering, ONE, TWO};
use crate::conv::plan::{Method, Plan, PlanOptions};
use crate::conv::problem::boundary::pad;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{Algorithm, ConvolutionError, Operation, Problem, Unsupported};
use crate::scalar::Rounding;
use crate::simd::{Element, InstructionSet};

/// Sums of products in register tiles: the kernels [`Method::Direct`], [`Method::DirectTiles`] and
/// [`Method::Depthwise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct {
    method: Method,
    instruction_set: InstructionSet,
}

/// Minimal filtering for kernels of three taps: the kernels [`Method::WinogradTwo`] and
/// [`Method::WinogradFour`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winograd {
    method: Method,
    instruction_set: InstructionSet,
}

/// Fourier transforms of overlapping tiles: the kernel [`Method::Fourier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourierTiles {
    instruction_set: InstructionSet,
    longest_tile: Option<usize>,
}

impl FourierTiles {
    /// With these instructions.
    pub fn new(instruction_set: InstructionSet) -> Self {
        FourierTiles { instruction_set, longest_tile: None }
    }

    /// With tiles of at most so many entries along each axis, or of the fewest that it can use.
    pub fn longest_tile(self, entries: usize) -> Self {
        FourierTiles { longest_tile: Some(entries), ..self }
    }

    fn options(self) -> PlanOptions {
        let options = PlanOptions::new().method(Method::Fourier).instruction_set(self.instruction_set);
        self.longest_tile.map_or(options, |entries| options.longest_tile(entries))
    }
}

impl Direct {
    /// With these instructions.
    pub fn new(instruction_set: InstructionSet) -> Self {
        Direct { method: Method::Direct, instruction_set }
    }

    /// On overlapping tiles, one in each lane.
    pub fn tiles(instruction_set: InstructionSet) -> Self {
        Direct { method: Method::DirectTiles, instruction_set }
    }

    /// On vectors of channels, for groups of one channel each.
    pub fn depthwise(instruction_set: InstructionSet) -> Self {
        Direct { method: Method::Depthwise, instruction_set }
    }

    fn options(self) -> PlanOptions {
        PlanOptions::new().method(self.method).instruction_set(self.instruction_set)
    }
}

impl Winograd {
    /// F(2, 3) along one axis or two.
    pub fn two(instruction_set: InstructionSet) -> Self {
        Winograd { method: Method::WinogradTwo, instruction_set }
    }

    /// F(4, 3) along one axis or two.
    pub fn four(instruction_set: InstructionSet) -> Self {
        Winograd { method: Method::WinogradFour, instruction_set }
    }

    fn options(self) -> PlanOptions {
        PlanOptions::new().method(self.method).instruction_set(self.instruction_set)
    }

    fn filtering(self) -> Filtering {
        if self.method == Method::WinogradTwo { TWO } else { FOUR }
    }
}

/// Where such a plan can be made: what counts are the taps that an axis reads, not what its options say.
fn supports<T: Element>(problem: &Problem, options: &PlanOptions) -> Result<(), Unsupported> {
    match Plan::<T>::forward(problem, options) {
        Ok(_) => Ok(()),
        Err(ConvolutionError::Unsupported(unsupported)) => Err(unsupported),
        Err(other) => unreachable!("the problem itself is valid: {other}"),
    }
}

fn run<T: Element>(
    problem: &Problem,
    options: &PlanOptions,
    kernel: ArrayViewD<'_, T>,
    signal: ArrayViewD<'_, T>,
) -> Result<ArrayD<T>, ConvolutionError> {
    problem.check_operands(kernel.shape(), signal.shape())?;
    Plan::forward(problem, options)?.prepare(kernel, None)?.apply(signal)
}

impl<T: Element> Algorithm<T> for Direct {
    fn name(&self) -> &'static str {
        match self.method {
            Method::Depthwise => "direct depthwise",
            Method::DirectTiles => "direct tiles",
            _ => "direct",
        }
    }

    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        supports::<T>(problem, &self.options())
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<T>, ConvolutionError> {
        run(problem, &self.options(), kernel, signal)
    }

    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        T: Rounding,
    {
        tolerance::inner_product_bound(problem, kernel, signal, problem.terms())
    }
}

impl<T: Element> Algorithm<T> for Winograd {
    fn name(&self) -> &'static str {
        if self.method == Method::WinogradTwo { "Winograd F(2, 3)" } else { "Winograd F(4, 3)" }
    }

    fn supports(&self, problem: &Problem) -> Result<(), Unsupported> {
        supports::<T>(problem, &self.options())
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<T>, ConvolutionError> {
        run(problem, &self.options(), kernel, signal)
    }

    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        T: Rounding,
    {
        problem.check_operands(kernel.shape(), signal.shape())?;
        Algorithm::<T>::supports(self, problem)?;
        let magnitudes = filtered_magnitudes(problem, self.filtering(), kernel, signal);
        let along = |axis: &crate::conv::Axis| if axis.taps == 1 { ONE } else { self.filtering() };
        let roundings: usize = problem.axes().iter().map(|axis| along(axis).roundings()).sum();
        let growth = ((roundings + problem.group_channels()) as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1();
        // Each magnitude passes fewer than 100 roundings beside the sum over channels.
        Ok(magnitudes * (growth * tolerance::inflation(problem.group_channels() + 100)))
    }
}

impl<T: Element> Algorithm<T> for FourierTiles {
    fn name(&self) -> &'static str {
        "Fourier tiles"
    }

    fn run(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<T>, ConvolutionError> {
        run(problem, &self.options(), kernel, signal)
    }

    /// `growth · Σ_c ‖kernel(m, c)‖₁ ‖z(c)‖`, where the two tiles of z are parts of the padded sample: ‖z‖ is
    /// at most √2 times its norm.
    fn error_bound(
        &self,
        problem: &Problem,
        kernel: ArrayViewD<'_, T>,
        signal: ArrayViewD<'_, T>,
    ) -> Result<ArrayD<f64>, ConvolutionError>
    where
        T: Rounding,
    {
        problem.check_operands(kernel.shape(), signal.shape())?;
        let plan = Plan::<T>::forward(problem, &self.options())?;
        let growth = plan.transform_growth().unwrap_or_else(|| unreachable!("the plan has this kernel"));
        let padding: Vec<_> = problem.axes().iter().map(|axis| axis.padding).collect();
        let padded = pad(&signal.mapv(|x| x.magnitude()), &padding, problem.boundary())?;
        let norm = |channel: ndarray::ArrayViewD<'_, f64>| channel.iter().map(|x| x * x).sum::<f64>().sqrt();
        let channels = padded
            .axis_iter(ndarray::Axis(0))
            .flat_map(|sample| sample.axis_iter(ndarray::Axis(0)).map(norm).collect::<Vec<_>>());
        let norms: Vec<f64> = channels.collect();
        let kernel = flatten_space(&kernel);
        let sums = kernel.map_axis(ndarray::Axis(2), |taps| taps.iter().map(|w| w.magnitude()).sum::<f64>());
        let inflation = tolerance::inflation(padded.len() + problem.terms());
        Ok(ArrayD::from_shape_fn(problem.output_shape(), |index| {
            let channels = problem.channels_seen_by(index[1]).enumerate();
            let norm = |channel: usize| norms[index[0] * problem.input_channels() + channel];
            let sum: f64 = channels.map(|(c, channel)| sums[[index[1], c]] * norm(channel)).sum();
            growth * std::f64::consts::SQRT_2 * sum * inflation
        }))
    }
}

/// `|Aᵀ| [(|G||g||Gᵀ|) ⊙ (|Bᵀ||d||B|)] |A|`, summed over channels.
fn filtered_magnitudes<T: Element>(
    problem: &Problem,
    filtering: Filtering,
    kernel: ArrayViewD<'_, T>,
    signal: ArrayViewD<'_, T>,
) -> ArrayD<f64> {
    let (kernel, signal) = (flatten_space(&kernel), flatten_space(&signal));
    // A missing axis is one of a single entry: entry 0 of tile 0 reads entry 0.
    let axis = |number: usize| {
        let from_end = problem.axes().len().checked_sub(2 - number)?;
        problem.axes().get(from_end)
    };
    let along = |number| axis(number).map_or(ONE, |axis| if axis.taps == 1 { ONE } else { filtering });
    let positions = |number| axis(number).map_or(1, |axis| axis.output);
    let taps = |number| axis(number).map_or(1, |axis| axis.taps);
    let source = |number, position: usize| match axis(number) {
        None => (position == 0).then_some(0),
        Some(axis) => problem.boundary().source(position as isize - axis.padding.0 as isize, axis.signal),
    };
    let width = axis(1).map_or(1, |axis| axis.signal);
    let (y, x) = (along(0), along(1));
    let absolute = |row: &[f64], value: &dyn Fn(usize) -> f64| {
        row.iter().enumerate().map(|(n, entry)| entry.abs() * value(n)).sum::<f64>()
    };
    let mut output = ndarray::Array3::<f64>::zeros((
        problem.batch(),
        problem.output_channels(),
        positions(0) * positions(1),
    ));
    let flip = |number: usize, tap: usize| match problem.operation() {
        Operation::Correlation => tap,
        Operation::Convolution => taps(number) - 1 - tap,
    };
    for n in 0..problem.batch() {
        for m in 0..problem.output_channels() {
            for first_row in (0..positions(0)).step_by(y.outputs) {
                for first_column in (0..positions(1)).step_by(x.outputs) {
                    let mut sums = vec![vec![0.0; x.entries]; y.entries];
                    for (c, channel) in problem.channels_seen_by(m).enumerate() {
                        let entry = |i: usize, j: usize| {
                            let at = source(0, first_row + i).zip(source(1, first_column + j));
                            at.map_or(0.0, |(i, j)| signal[[n, channel, i * width + j]].magnitude())
                        };
                        let weight = |i: usize, j: usize| {
                            kernel[[m, c, flip(0, i) * taps(1) + flip(1, j)]].magnitude()
                        };
                        for (i, sums) in sums.iter_mut().enumerate() {
                            for (j, sum) in sums.iter_mut().enumerate() {
                                let input = absolute(y.input[i], &|a| absolute(x.input[j], &|b| entry(a, b)));
                                let of_row = |a| absolute(&x.kernel[j][..taps(1)], &|b| weight(a, b));
                                let weights = absolute(&y.kernel[i][..taps(0)], &of_row);
                                *sum += input * weights / (y.kernel[i][3] * x.kernel[j][3]);
                            }
                        }
                    }
                    for row in first_row..positions(0).min(first_row + y.outputs) {
                        for column in first_column..positions(1).min(first_column + x.outputs) {
                            let (i, j) = (row - first_row, column - first_column);
                            let value = absolute(y.output[i], &|a| absolute(x.output[j], &|b| sums[a][b]));
                            output[[n, m, row * positions(1) + column]] = value;
                        }
                    }
                }
            }
        }
    }
    restore_space(output, &problem.output_shape())
}
