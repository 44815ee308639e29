//! The operations under test: the crate's convolution by its definition, and plausible mistakes.

use ndarray::ArrayD;

use crate::conv::{ConvolutionError, Extent, convolve, correlate};
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
        match self {
            Product::Convolution => convolve(y, x, extent),
            Product::NotFlipped => correlate(y, x, extent),
            Product::Late => Ok(roll(convolve(y, x, extent)?.view(), &vec![1; x.ndim()])),
            Product::Biased => Ok(convolve(y, x, extent)?.mapv(|sum| sum + S::one())),
            Product::ZerosBeyond => convolve(y, x, Extent::Same),
        }
    }
}
