//! Convolution by any transform that turns cyclic convolution into products.
//!
//! A problem is laid on a grid of lengths T, one for each axis of space, on which indices count modulo T:
//! - the signal: as it is if the boundary is periodic and the transform has its lengths, else extended by its
//!   padding and then by zeros;
//! - tap k of the kernel at k·d for convolution and at −k·d for correlation (taps that meet are added);
//! - output o at o·s + (K−1)·d for convolution and at o·s for correlation, minus the padding p before if the
//!   signal stands unpadded.
//!
//! With these, cyclic convolution on the grid computes the definition as soon as T is at least the length of
//! the padded signal: what wraps around falls on entries that no output reads. Channels are summed as
//! spectra, so that each sample and channel is transformed once:
//!
//! ```text
//! output(n, m) = F⁻¹ Σ_c F(kernel(m, c)) · F(signal(n, g(m) + c))
//! ```
//!
//! Cost: N·C + M·C/groups + N·M transforms and N·M·C/groups products of spectra.

use ndarray::{Array3, ArrayD, ArrayViewD};
use num_complex::Complex;
use num_traits::Zero;

use crate::conv::algorithm::tolerance::inflation;
use crate::conv::problem::boundary::pad;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{Axis, Boundary, ConvolutionError, Operation, Problem};
use crate::scalar::{Ring, Rounding};

/// A family of transforms F with F(x*y) = F(x)·F(y) for cyclic convolution on grids of given lengths.
pub(in crate::conv) trait CyclicTransform<S: Ring> {
    /// What a spectrum consists of.
    type Frequency: Ring;

    /// Prepares the transforms on a grid.
    type Plan;

    /// Whether there is a transform of exactly this length.
    fn has_length(&self, length: usize) -> bool;

    /// A length that is at least this and fast, if there is one.
    fn fast_length(&self, at_least: usize) -> Option<usize>;

    /// Prepares the transforms on the grid of these lengths, each of which it has.
    fn plan(&self, lengths: &[usize]) -> Self::Plan;

    /// F of a function on the grid, given row by row.
    fn forward(&self, plan: &mut Self::Plan, values: Vec<S>) -> Vec<Self::Frequency>;

    /// F⁻¹, with F⁻¹F = id.
    fn inverse(&self, plan: &mut Self::Plan, spectrum: Vec<Self::Frequency>) -> Vec<S>;
}

/// How a problem is laid on a grid.
#[derive(Clone, Debug)]
pub(in crate::conv) struct Grid<'a> {
    problem: &'a Problem,
    /// Lengths T along the axes of space.
    pub(in crate::conv) lengths: Vec<usize>,
    /// The signal stands on the grid as it is, without padding.
    native: bool,
}

impl<'a> Grid<'a> {
    /// The grid on which `transform` runs this problem, if it has one that is large enough.
    pub(in crate::conv) fn new<S: Ring, T: CyclicTransform<S>>(
        problem: &'a Problem,
        transform: &T,
    ) -> Option<Self> {
        let axes = problem.axes();
        let native = problem.boundary() == Boundary::Periodic
            && axes.iter().all(|axis| transform.has_length(axis.signal));
        let length = |axis: &Axis| match native {
            true => Some(axis.signal),
            false => transform.fast_length(axis.padded()),
        };
        let lengths = axes.iter().map(length).collect::<Option<_>>()?;
        Some(Grid { problem, lengths, native })
    }

    /// Number of points.
    pub(in crate::conv) fn points(&self) -> usize {
        self.lengths.iter().product()
    }

    /// Whether several taps may stand on one point.
    pub(in crate::conv) fn folds_kernel(&self) -> bool {
        self.problem.axes().iter().zip(&self.lengths).any(|(axis, &length)| axis.span() > length)
    }

    /// The kernel on the grid: (M, C/groups, points).
    pub(in crate::conv) fn kernel<S: Ring>(&self, kernel: ArrayViewD<'_, S>) -> Array3<S> {
        let points = self.points_of(|axis, length| {
            let reach = move |tap: usize| tap * axis.dilation % length;
            let place = move |tap| match self.problem.operation() {
                Operation::Convolution => reach(tap),
                Operation::Correlation => (length - reach(tap)) % length,
            };
            (0..axis.taps).map(place).collect()
        });
        let kernel = flatten_space(&kernel);
        let (outputs, channels, _) = kernel.dim();
        let mut placed = Array3::<S>::zeros((outputs, channels, self.points()));
        for ((m, c, tap), weight) in kernel.indexed_iter() {
            placed[[m, c, points[tap]]].add_in_place(weight);
        }
        placed
    }

    /// The signal on the grid: (N, C, points).
    pub(in crate::conv) fn signal<S: Ring>(
        &self,
        signal: ArrayViewD<'_, S>,
    ) -> Result<Array3<S>, ConvolutionError> {
        if self.native {
            return Ok(flatten_space(&signal).as_standard_layout().into_owned());
        }
        let problem = self.problem;
        let padding: Vec<_> = problem.axes().iter().map(|axis| axis.padding).collect();
        let padded = pad(&signal, &padding, problem.boundary())?;
        let fill = problem.axes().iter().zip(&self.lengths).map(|(axis, length)| (0, length - axis.padded()));
        let filled = pad(&padded, &fill.collect::<Vec<_>>(), Boundary::Zero)?;
        Ok(flatten_space(&filled).into_owned())
    }

    /// The output, read off the cyclic convolution (N, M, points) of kernel and signal.
    pub(in crate::conv) fn output<S: Ring>(&self, cyclic: &Array3<S>) -> ArrayD<S> {
        let points = self.points_of(|axis, length| {
            let reach = match self.problem.operation() {
                Operation::Convolution => axis.span() - 1,
                Operation::Correlation => 0,
            };
            let shift = if self.native { length - axis.padding.0 % length } else { 0 };
            (0..axis.output).map(|output| (output * axis.stride + reach + shift) % length).collect()
        });
        let (batch, outputs, _) = cyclic.dim();
        let read = |(n, m, position): (usize, usize, usize)| cyclic[[n, m, points[position]]].clone();
        let output = Array3::from_shape_fn((batch, outputs, points.len()), read);
        restore_space(output, &self.problem.output_shape())
    }

    /// The row-major numbers of the points whose coordinates along each axis are `coordinates(axis, length)`.
    fn points_of(&self, coordinates: impl Fn(&Axis, usize) -> Vec<usize>) -> Vec<usize> {
        let axes = self.problem.axes().iter().zip(&self.lengths);
        axes.fold(vec![0], |points, (axis, &length)| {
            let along = coordinates(axis, length);
            points.iter().flat_map(|point| along.iter().map(move |i| point * length + i)).collect()
        })
    }
}

/// Runs a problem on its grid.
pub(in crate::conv) fn run<S: Ring, T: CyclicTransform<S>>(
    grid: &Grid<'_>,
    transform: &T,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ConvolutionError> {
    let problem = grid.problem;
    let mut plan = transform.plan(&grid.lengths);
    let mut spectra = |values: Array3<S>| -> Vec<Vec<T::Frequency>> {
        let (first, second, _) = values.dim();
        let values = restore_space(values, &[first * second, grid.points()]);
        values.outer_iter().map(|row| transform.forward(&mut plan, row.iter().cloned().collect())).collect()
    };
    let kernels = spectra(grid.kernel(kernel));
    let signals = spectra(grid.signal(signal)?);
    let mut cyclic = Vec::with_capacity(problem.batch() * problem.output_channels() * grid.points());
    for n in 0..problem.batch() {
        for m in 0..problem.output_channels() {
            let mut sum = vec![T::Frequency::zero(); kernels[0].len()];
            for (c, channel) in problem.channels_seen_by(m).enumerate() {
                let kernel = &kernels[m * problem.group_channels() + c];
                let signal = &signals[n * problem.input_channels() + channel];
                for ((sum, w), x) in sum.iter_mut().zip(kernel).zip(signal) {
                    sum.add_product(w, x);
                }
            }
            cyclic.extend(transform.inverse(&mut plan, sum));
        }
    }
    let shape = (problem.batch(), problem.output_channels(), grid.points());
    let cyclic = Array3::from_shape_vec(shape, cyclic)
        .unwrap_or_else(|_| unreachable!("one point of the grid for each value"));
    Ok(grid.output(&cyclic))
}

/// The bound for a cyclic convolution on a grid by transforms that are relatively off by `epsilon`, derived
/// in [`crate::conv::algorithm::fourier`]: one number for each sample and output channel.
pub(in crate::conv) fn transform_bound<S: Rounding>(
    problem: &Problem,
    grid: &Grid<'_>,
    kernel: ArrayViewD<'_, S>,
    signal: ArrayViewD<'_, S>,
    epsilon: f64,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let norms = |magnitudes: Array3<f64>| magnitudes.map_axis(ndarray::Axis(2), |row| row.dot(&row).sqrt());
    let kernels = norms(grid.kernel(kernel.mapv(|w| w.magnitude()).view()));
    let signals = norms(grid.signal(signal.mapv(|x| x.magnitude()).view())?);
    // Taps that meet on the grid are added: at most one rounding each.
    let taps = if grid.folds_kernel() { problem.terms() / problem.group_channels() } else { 0 };
    let sums = (problem.group_channels() + 2 + taps) as f64 * S::UNIT_ROUNDOFF.ln_1p();
    let product = Complex::<f64>::PRODUCT_ROUNDOFF / f64::UNIT_ROUNDOFF * S::UNIT_ROUNDOFF;
    let growth = (3.0 * epsilon.ln_1p() + product.ln_1p() + sums).exp_m1();
    let growth = growth * inflation(problem.terms() + 2 * grid.points());
    Ok(ArrayD::from_shape_fn(problem.output_shape(), |index| {
        let (n, m) = (index[0], index[1]);
        let channels = problem.channels_seen_by(m).enumerate();
        let norms: f64 = channels.map(|(c, channel)| kernels[[m, c]] * signals[[n, channel]]).sum();
        growth * norms
    }))
}
