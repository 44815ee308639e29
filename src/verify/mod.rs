//! The engine: what is asserted, what each reading finds, and the smallest counterexample.
//!
//! In a test of your own crate, [`prove`] a map that is generic over its scalar, or [`measure`] any function
//! of floats:
//!
//! ```
//! use equivariant::group::C4;
//! use equivariant::signal::OnGrid;
//! use equivariant::verify::measure;
//! use ndarray::ArrayD;
//!
//! // Squaring every pixel commutes with quarter turns.
//! measure(|image: &ArrayD<f32>| image.mapv(|pixel| pixel * pixel))
//!     .on([1, 8, 8])
//!     .commutes_with(C4, OnGrid, OnGrid)
//!     .assert();
//! ```
//!
//! | what you have | what you call | what you may learn |
//! |---|---|---|
//! | a [`Map`], generic over its scalar | [`prove`] | a proof for the shape, a certificate, a rounding bound, or a counterexample |
//! | a closure on `f32` or `f64` | [`measure`] | an error beside the function's own noise, never the word *proved* |
//! | any [`Identity`] in some unknowns | [`Examiner::examine`] on a [`Statement`] | the same as for a map |

mod channels;
mod counterexample;
mod draws;
mod examine;
mod experiment;
mod identity;
mod judge;
mod kink;
mod map;
mod measure;
mod measurement;
#[cfg(doctest)]
mod misuse;
mod noise;
mod picture;
mod precision;
mod prove;
mod reading;
mod report;
mod runner;
mod shrink;
mod statement;
#[cfg(feature = "proptest")]
pub mod strategies;
mod subgroup;
#[cfg(test)]
mod tests;

pub use counterexample::{Counterexample, Value};
pub use examine::{ExamineError, Examiner};
pub use identity::{AnyIdentity, Failure, Identity, Sides, Unknown};
pub use map::{Commutation, Map, equivariance, symmetries};
pub use measure::{BlackBox, BlackBoxOn, Float, MeasureCheck, Output, measure};
pub use measurement::{Doubt, Judgement, MeasureError, Measurement};
pub use precision::Precision;
pub use prove::{Proof, ProofCheck, ProofOn, prove};
pub use report::{Evidence, Figure, Finding, Reading, Report, Verdict};
pub use runner::Place;
pub use statement::{Case, Statement};
pub use subgroup::{LARGEST_ORDER, preserved_subgroup};
