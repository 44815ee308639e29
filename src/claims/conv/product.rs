//! The operations under test: the crate's convolution by its definition, and plausible mistakes.

use ndarray::{ArrayD, Axis};

use crate::conv::{Algorithm, ConvolutionError, Definition, Extent, Operation, Problem};
use crate::scalar::Ring;
use crate::signal::roll;

/// A convolution of functions on grids of any dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// `(x * y)(n) = Σ_k x(k) y(n−k)`
    Convolution,
    /// Wrong: the kernel is not flipped, `Σ_k x(k) y(n+k)`.
    NotFlipped,
    /// Wrong: the result stands one step too late along every axis.
    Late,
    /// Wrong: something is added to every entry.
    Biased,
    /// Wrong on periodic grids: zeros beyond the border, and only the frame of y is kept.
    ZerosBeyond,
}

impl Product {
    /// The product, over the indices that `extent` tells.
    pub(super) fn of<S: Ring>(
        self,
        x: &ArrayD<S>,
        y: &ArrayD<S>,
        extent: Extent,
    ) -> Result<ArrayD<S>, ConvolutionError> {
        let convolve = |extent| defined(Operation::Convolution, x, y, extent);
        match self {
            Product::Convolution => convolve(extent),
            Product::NotFlipped => defined(Operation::Correlation, x, y, extent),
            Product::Late => Ok(roll(convolve(extent)?.view(), &vec![1; x.ndim()])),
            Product::Biased => Ok(convolve(extent)?.mapv(|sum| sum + S::one())),
            Product::ZerosBeyond => convolve(Extent::Same),
        }
    }
}

/// The definition, also for kernels that are larger than the signal, which the front door refuses on the
/// frame of the signal.
fn defined<S: Ring>(
    operation: Operation,
    kernel: &ArrayD<S>,
    signal: &ArrayD<S>,
    extent: Extent,
) -> Result<ArrayD<S>, ConvolutionError> {
    let problem = Problem::single_channel(operation, kernel.shape(), signal.shape(), extent)?;
    let [kernel, signal] =
        [kernel, signal].map(|array| array.view().insert_axis(Axis(0)).insert_axis(Axis(0)));
    let output = Definition.run(&problem, kernel, signal)?;
    Ok(output.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
}
