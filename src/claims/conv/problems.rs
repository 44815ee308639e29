//! The problems on which the algorithms are compared: both operations, all boundaries and extents, strides,
//! dilations, uneven paddings and groups, lengths odd, even and prime, in one, two and three dimensions; and
//! plausible mistakes.

use ndarray::{ArrayD, ArrayViewD};

use crate::conv::{Algorithm, Boundary, ConvolutionError, Extent, Operation, Options, Problem};
use crate::scalar::Ring;
use crate::signal::roll;

const OPERATIONS: [Operation; 2] = [Operation::Convolution, Operation::Correlation];

/// A layer: shapes of signal and kernel with channels, and (stride, dilation, padding) along each axis.
type Layer = (&'static [usize], &'static [usize], &'static [(usize, usize, (usize, usize))], usize);

const LAYERS: [Layer; 6] = [
    (&[2, 4, 12], &[6, 2, 5], &[(1, 1, (2, 2))], 2),
    (&[1, 2, 7], &[3, 2, 3], &[(2, 2, (1, 3))], 1),
    (&[1, 1, 13], &[1, 1, 4], &[(3, 1, (0, 0))], 1),
    (&[1, 2, 5, 8], &[3, 2, 3, 4], &[(1, 2, (1, 2)), (2, 1, (0, 3))], 1),
    (&[2, 2, 7, 6], &[2, 1, 2, 3], &[(3, 1, (0, 0)), (1, 2, (2, 2))], 2),
    (&[1, 2, 3, 4, 5], &[2, 2, 2, 2, 3], &[(1, 1, (1, 0)), (1, 2, (1, 1)), (2, 1, (0, 2))], 1),
];

/// Kernel and signal of one channel.
const SINGLE: [(&[usize], &[usize]); 4] =
    [(&[4], &[11]), (&[5], &[8]), (&[3, 2], &[5, 7]), (&[2, 1, 2], &[3, 2, 5])];

/// All of them.
pub(super) fn problems() -> Result<Vec<Problem>, ConvolutionError> {
    let mut problems = Vec::new();
    for operation in OPERATIONS {
        for (signal, kernel, axes, groups) in LAYERS {
            for boundary in Boundary::ALL {
                let options = Options::new()
                    .stride(axes.iter().map(|axis| axis.0).collect::<Vec<_>>())
                    .dilation(axes.iter().map(|axis| axis.1).collect::<Vec<_>>())
                    .padding_before_after(axes.iter().map(|axis| axis.2).collect::<Vec<_>>())
                    .boundary(boundary)
                    .groups(groups);
                problems.push(Problem::new(operation, kernel, signal, &options)?);
            }
        }
        for (kernel, signal) in SINGLE {
            for extent in Extent::ALL {
                problems.push(Problem::single_channel(operation, kernel, signal, extent)?);
            }
        }
    }
    Ok(problems)
}

/// Plausible mistakes of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// None: the algorithm as it is.
    None,
    /// The kernel is flipped where it should not be, and not flipped where it should.
    WrongFlip,
    /// The transform is too short, so that the end of the signal wraps around instead of the padding.
    WrapAround,
    /// The wrap is off by one: every output stands one step too late along the last axis.
    Late,
    /// The inverse transform is not divided by the number of points.
    NotNormalised,
    /// Each group of outputs sees the channels of the next group.
    NextGroup,
}

impl Mistake {
    /// What `algorithm` with this mistake computes.
    pub(super) fn run<S: Ring>(
        self,
        algorithm: &dyn Algorithm<S>,
        problem: &Problem,
        kernel: ArrayViewD<'_, S>,
        signal: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        let operation = problem.operation();
        match self {
            Mistake::None => algorithm.run(problem, kernel, signal),
            Mistake::WrongFlip => {
                let other = match operation {
                    Operation::Convolution => Operation::Correlation,
                    Operation::Correlation => Operation::Convolution,
                };
                algorithm.run(&altered(problem, other, problem.boundary())?, kernel, signal)
            }
            Mistake::WrapAround => {
                algorithm.run(&altered(problem, operation, Boundary::Periodic)?, kernel, signal)
            }
            Mistake::Late => {
                let output = algorithm.run(problem, kernel, signal)?;
                Ok(roll(output.view(), &[1]))
            }
            Mistake::NotNormalised => {
                let points: usize = problem.axes().iter().map(|axis| axis.padded()).product();
                let factor = S::from_integer(points as i64);
                Ok(algorithm.run(problem, kernel, signal)?.mapv(|value| value * factor.clone()))
            }
            Mistake::NextGroup => {
                let mut shifts = vec![0; signal.ndim() - 1];
                shifts[0] = problem.group_channels() as i64;
                algorithm.run(problem, kernel, roll(signal, &shifts).view())
            }
        }
    }
}

/// The same shapes and options, with another operation and boundary.
fn altered(problem: &Problem, operation: Operation, boundary: Boundary) -> Result<Problem, ConvolutionError> {
    let axes = problem.axes().iter();
    let options = Options::new()
        .stride(axes.clone().map(|axis| axis.stride).collect::<Vec<_>>())
        .dilation(axes.clone().map(|axis| axis.dilation).collect::<Vec<_>>())
        .padding_before_after(axes.map(|axis| axis.padding).collect::<Vec<_>>())
        .boundary(boundary)
        .groups(problem.groups());
    Problem::new(operation, &problem.kernel_shape(), &problem.signal_shape(), &options)
}
