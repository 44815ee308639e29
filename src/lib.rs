//! Proves, measures and builds symmetry in convolutional networks.
//!
//! # Write it once, read it on many scalars
//!
//! Every definition of this crate is generic over its scalar. The same source, run on different scalars, gives
//! different kinds of knowledge:
//!
//! | scalar | reading | what an equality of two outputs then means |
//! |---|---|---|
//! | [`scalar::Symbolic`]: polynomials with rational coefficients | symbolic | the claim is proved for this shape, for all inputs and all weights |
//! | [`scalar::Goldilocks`]: GF(2⁶⁴ − 2³² + 1) | field | a false identity of degree d survives k random points with probability at most (d/p)ᵏ |
//! | [`scalar::Bounded`]: floats with a running error bound | rounding | the sides differ by no more than rounding explains; the tolerance is derived, not chosen |
//! | [`scalar::Dual`]: forward derivatives | (judge of gradients) | the derivatives agree, exactly over GF(p) |
//! | [`scalar::Taylor`]: derivatives up to the third, enclosed | (judge of differences) | how far a difference quotient may be from the derivative |
//! | `f32`, `f64` | float | an error beside its noise floor |
//!
//! A sixth kind of evidence stands outside the code: theorems for all sizes, machine-checked in `proofs/`.
//!
//! # The three uses
//!
//! **Verification under `cargo test`**: [`verify::prove`] a map that is generic over its scalar, or
//! [`verify::measure`] any function of floats:
//!
//! ```
//! use equivariant::group::D4;
//! use equivariant::scalar::Scalar;
//! use equivariant::signal::OnGrid;
//! use equivariant::verify::{Failure, Map, Verdict, prove};
//! use ndarray::ArrayD;
//!
//! /// The difference of neighbouring rows: a filter that is not symmetric.
//! struct RowDifference;
//!
//! impl Map for RowDifference {
//!     fn apply<S: Scalar>(&self, x: &ArrayD<S>, _weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
//!         let rows = x.shape()[0];
//!         Ok(ArrayD::from_shape_fn(x.shape(), |index| {
//!             let below = [(index[0] + 1) % rows, index[1]];
//!             x[below].clone() - x[&index].clone()
//!         }))
//!     }
//! }
//!
//! let report = prove(RowDifference).on([4, 4]).commutes_with(D4, OnGrid, OnGrid).check()?;
//! assert_eq!(report.verdict, Verdict::Fails);
//! # Ok::<(), equivariant::verify::ExamineError>(())
//! ```
//!
//! **Convolution**: [`conv::convolve`] and [`conv::correlate`] on any commutative ring, and faster algorithms behind one
//! interface, each judged by the definition.
//!
//! **The catalogue**: [`claims::catalogue`] holds what the theory says, statement by statement, true or false, and the command
//! `equivariant verify` decides all of it.
//!
//! # The map of the house
//!
//! A module imports only from floors below its own.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 1 | [`scalar`] | the trait ladder, and one file for each scalar |
//! | 1 | [`group`] | groups with their laws, products, representations and intertwiners |
//! | 2 | [`signal`] | how groups move arrays |
//! | 3 | [`conv`] | convolution and correlation: the definition, the algorithms, the planner, the adjoint |
//! | 3 | [`verify`] | the engine: readings, verdicts, counterexamples, preserved subgroups, test entry points |
//! | 4 | [`layer`] | layers, forward and backward; what is known of them before they run |
//! | 5 | [`network`] | composition, weights, known networks |
//! | 6 | [`train`] | data, augmentation, losses, optimisers, schedules, checkpoints, the trainer |
//! | 7 | [`claims`] | the catalogue, one chapter after the other |
//! | 8 | `report`, `cli` | terminal, JSON and HTML; the command |
//!
//! # What is not shown
//!
//! A symbolic proof is for one shape, and for code that never branches on values. Max, reciprocal, square root and exponential are
//! opaque to it: what it proves is true, but it does not prove everything that is. A field certificate is probabilistic, and for
//! maps with such functions it has no failure bound. A measurement proves nothing.

#[cfg(feature = "catalogue")]
pub mod claims;
pub mod conv;
#[cfg(feature = "train")]
pub mod executor;
#[cfg(any(feature = "files", feature = "train"))]
mod file;
pub mod group;
#[cfg(feature = "layers")]
pub mod layer;
#[cfg(feature = "layers")]
pub mod network;
pub mod scalar;
pub mod signal;
#[cfg(feature = "plan")]
pub mod simd;
#[cfg(feature = "train")]
pub mod train;
pub mod verify;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;

/// The examples of the README are tests.
#[cfg(all(doctest, feature = "train"))]
#[doc = include_str!("../README.md")]
struct Readme;
