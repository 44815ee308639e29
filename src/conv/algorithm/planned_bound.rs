//! Bounds on the rounding errors of planned methods that do more than add products.
//!
//! *Winograd's.* With the three matrices of F(m, 3), |computed − exact| is at most `γ_k · |Aᵀ| [(|G||g||Gᵀ|)
//! ⊙ (|Bᵀ||d||B|)] |A|`, summed over C channels, where γ_k = (1+u)^k − 1 and k counts the roundings on the
//! longest path (N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. 2002, §3.1; see
//! [`Method`](crate::conv::plan::Method)). It assumes that nothing underflows.
//!
//! *Fourier tiles.* `growth · Σ_c ‖kernel(m, c)‖₁ ‖z(c)‖`, where the two tiles of z are parts of the padded
//! sample: ‖z‖ is at most √2 times its norm.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::algorithm::tolerance;
use crate::conv::plan::method::winograd::{Filtering, ONE};
use crate::conv::problem::boundary::pad;
use crate::conv::problem::layout::{flatten_space, restore_space};
use crate::conv::{ConvolutionError, Operation, Problem};
use crate::scalar::Rounding;
use crate::simd::Element;

/// The bound of Fourier tiles whose errors grow so much from the norms of tiles to a sum.
pub(super) fn of_transforms<T: Element + Rounding>(
    problem: &Problem,
    growth: f64,
    kernel: ArrayViewD<'_, T>,
    signal: ArrayViewD<'_, T>,
) -> Result<ArrayD<f64>, ConvolutionError> {
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

/// The bound of Winograd's method with this filtering.
pub(super) fn of_filtering<T: Element + Rounding>(
    problem: &Problem,
    filtering: Filtering,
    kernel: ArrayViewD<'_, T>,
    signal: ArrayViewD<'_, T>,
) -> Result<ArrayD<f64>, ConvolutionError> {
    let magnitudes = filtered_magnitudes(problem, filtering, kernel, signal);
    let along = |axis: &crate::conv::Axis| if axis.taps == 1 { ONE } else { filtering };
    let roundings: usize = problem.axes().iter().map(|axis| along(axis).roundings()).sum();
    let growth = ((roundings + problem.group_channels()) as f64 * T::UNIT_ROUNDOFF.ln_1p()).exp_m1();
    // Each magnitude passes fewer than 100 roundings beside the sum over channels.
    Ok(magnitudes * (growth * tolerance::inflation(problem.group_channels() + 100)))
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
