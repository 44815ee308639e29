//! Convolution and correlation, in any number of dimensions, on any commutative ring.
//!
//! `(x * w)(n) = Σ_k w(k) x(n−k)` flips the kernel w, `(w ⋆ x)(n) = Σ_k w(k) x(n+k)` does not; layers of
//! neural networks use the second. Functions take the signal first and the kernel second, as SciPy and
//! PyTorch do.
//!
//! | where | what |
//! |---|---|
//! | [`convolve`], [`correlate`] | one channel, an [`Extent`], any [`Ring`](crate::scalar::Ring), the fastest method that it has |
//! | [`convolve_channels`], [`correlate_channels`] | many channels, [`Options`] |
//! | [`convolve_with`], [`correlate_with`] | by an algorithm of your choice: one argument more |
//! | [`convolve_separable`], [`correlate_separable`] | kernels that are outer products |
//! | [`plan`] | convolutions prepared once and run many times, their transposes and gradients |
//! | [`Problem`] | the validated description to which all of these reduce: shapes, [`Axis`], [`boundary`], errors |
//! | [`algorithm`] | the interface [`Algorithm`], the [`Definition`], and its rivals, which are judged by it; derived bounds of rounding errors |
//! | [`adjoint`] | the transposed map, and the gradient with respect to the kernel |
//! | [`sums`] | the map, its adjoint and its gradient as sums of products, by the fastest method: for layers |
//! | [`discrete_fourier`] | the discrete Fourier transform: definition, fast, unitary |
//! | [`continuous`] | convolution and unitary transform of sampled functions on ℝⁿ |
//!
//! Over exact scalars the definition runs and nothing else: it is what proofs are about. Over floats, from
//! [`sums::PLANNED`] products on, planned methods run, which are tested against it.

pub mod algorithm;
#[cfg(feature = "plan")]
pub mod continuous;
mod convolve;
#[cfg(feature = "plan")]
pub mod discrete_fourier;
#[cfg(feature = "plan")]
pub mod plan;
mod problem;
pub mod sums;

pub use algorithm::adjoint;
pub use algorithm::{
    Algorithm, Definition, Separable, convolve_separable, correlate_separable, factor, outer_product,
};
#[cfg(feature = "plan")]
pub use algorithm::{
    Choice, ConvolutionScalar, Fourier, MatrixProduct, MatrixScalar, NumberTheoretic, OverlapAdd, Planned,
    ROUNDINGS_PER_LEVEL, fast_dft,
};
pub use convolve::{
    convolve, convolve_channels, convolve_with, correlate, correlate_channels, correlate_with,
};
pub use problem::{
    Axis, Boundary, ConvolutionError, Extent, Operation, Options, Problem, Unsupported, boundary,
};
