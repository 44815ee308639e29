//! Proves, measures and builds symmetry in convolutional networks.
//!
//! # What it is for
//!
//! **Judging a network in `cargo test`.** Any function of floats is *measured*: the error of the symmetry
//! stands beside the function's own rounding noise, and nothing is called proved.
//!
//! ```
//! use equivariant::prelude::*;
//!
//! // Squaring every pixel commutes with quarter turns and reflections.
//! measure(|image: &ArrayD<f32>| image.mapv(|pixel| pixel * pixel))
//!     .on([1, 8, 8])
//!     .commutes_with(D4, OnGrid, OnGrid)
//!     .assert();
//! ```
//!
//! **Proving one's own layer.** A map that is written once for every scalar is *proved*: for this shape, for
//! all inputs and all weights, or refuted by the smallest counterexample.
//!
//! ```
//! use equivariant::prelude::*;
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
//! **Convolution**, as in SciPy: the signal first. Over floats the fastest method runs, over exact scalars
//! the definition.
//!
//! ```
//! use equivariant::prelude::*;
//! use ndarray::arr1;
//!
//! let (signal, kernel) = (arr1(&[1.0, 2.0, 3.0, 4.0]), arr1(&[1.0, 0.0, -1.0]));
//! assert_eq!(convolve(&signal, &kernel, Extent::Same)?, arr1(&[2.0, 2.0, 2.0, -3.0]));
//! # Ok::<(), equivariant::conv::ConvolutionError>(())
//! ```
//!
//! **Layers and networks** that are equivariant by construction, with exact gradients (feature `layers`), and
//! their training (feature `train`):
//!
#![cfg_attr(feature = "layers", doc = "```")]
#![cfg_attr(not(feature = "layers"), doc = "```ignore")]
//! use equivariant::layer::{Activation, Flatten, GroupConvolution, GroupPool, Reduction};
//! use equivariant::network::{Equivariance, Network};
//! use equivariant::signal::{FeatureType, GridGroup};
//!
//! let c4 = GridGroup::c4();
//! let (image, maps) = (FeatureType::trivial(&c4, 1), FeatureType::regular(&c4, 10));
//! let network = Network::new()
//!     .then(GroupConvolution::new(image.clone(), maps.clone(), [5, 5]))
//!     .then(Activation::Relu)
//!     .then(GroupPool::over_group(maps, Reduction::Maximum))
//!     .then(Flatten);
//! assert!(Equivariance::of(&network, &[1, 1, 5, 5], &image)?.is_invariant());
//! # Ok::<(), equivariant::layer::LayerError>(())
//! ```
//!
//! **The catalogue** (feature `catalogue`): what the theory says, statement by statement, true or false; the
//! command `equivariant verify` decides all of it.
//!
//! **Any trained model** (feature `model`): an ONNX file, and which symmetries it has, proved for all inputs
//! or refuted: `model::Model::prove`, and the command `equivariant check`; whether it can be run on tiles of
//! an image, and with which halo: `model::Model::tiles`, and `equivariant tile`.
//!
//! The [guide] tells all of this step by step.
//!
//! # Write it once, read it on many scalars
//!
//! Every definition of this crate is generic over its scalar. The same source, run on different scalars,
//! gives different kinds of knowledge:
//!
//! | scalar | reading | what an equality of two outputs then means |
//! |---|---|---|
//! | [`scalar::Symbolic`]: polynomials with rational coefficients | symbolic | the claim is proved for this shape, for all inputs and all weights |
//! | [`scalar::Goldilocks`]: GF(2⁶⁴ − 2³² + 1) | field | a false identity of degree d survives k random points with probability at most (d/p)ᵏ |
//! | [`scalar::Term`]: the same with random functions in place of max, √ and exp | field | so does a false identity with such functions, with a probability that is counted |
//! | [`scalar::Bounded`]: floats with a running error bound | rounding | the sides differ by no more than rounding explains; the tolerance is derived, not chosen |
//! | [`scalar::Dual`]: forward derivatives | (judge of gradients) | the derivatives agree, exactly over GF(p) |
//! | [`scalar::Taylor`]: derivatives up to the third, enclosed | (judge of differences) | how far a difference quotient may be from the derivative |
//! | `scalar::Affine` (feature `angle`): a line in one parameter, with a remainder | range | what holds for every value of the parameter in an interval |
//! | `f32`, `f64` | float | an error beside its noise floor |
//!
//! Foreign models are read on one scalar more, a random field with random functions, which proves identities
//! with max, √ and exp in them.
//!
//! A sixth kind of evidence stands outside the code: theorems for all sizes, machine-checked in `proofs/`.
//!
//! # Modules
//!
//! A module imports only from those above it in this table.
//!
//! | module | feature | what it holds |
//! |---|---|---|
//! | [`scalar`] | | the ladder of traits, one file for each scalar |
//! | [`group`] | | groups with their laws, products, representations and intertwiners |
//! | `simd` | `plan` | instruction sets, vectors, aligned memory |
//! | [`signal`] | | how groups move arrays |
//! | [`conv`] | | convolution and correlation: problems, algorithms; with `plan` also planned methods and transforms |
//! | [`verify`] | | the engine: readings, verdicts, counterexamples, preserved subgroups, test entry points |
//! | `layer` | `layers` | layers, forward and backward; what is known of them before they run |
//! | `onnx` | `files`, `model` | the messages of ONNX files |
//! | `network` | `layers` | composition, weights, known networks; with `files` also ONNX and safetensors |
//! | `model` | `model` | foreign models: ONNX graphs read on any scalar, and what is proved of them: symmetries, tiles |
//! | `angle` | `angle` | images under every rotation, shift or brightness of an interval, and what a network makes of them |
//! | `executor` | `train` | networks on sixteen samples side by side |
//! | `train` | `train` | data, augmentation, losses, optimisers, schedules, checkpoints, the trainer |
//! | `claims` | `catalogue` | the catalogue, one chapter after the other |
//! | `report`, `cli` | `cli` | terminal, JSON and HTML; the command |
//!
//! # Features
//!
//! Without any feature this is the engine, which a test needs; `default` is the command. Each feature, what
//! it brings and what it costs, is told in `Cargo.toml` and in the README.
//!
//! # What is not shown
//!
//! A symbolic proof is for one shape, and for code that never branches on values. Max, reciprocal, square
//! root and exponential are opaque to it: what it proves is true, but it does not prove everything that is. A
//! field certificate is probabilistic, with a bound that is stated; identities that need a law of such
//! functions have none. A measurement proves nothing.

#[cfg(feature = "angle")]
pub mod angle;
#[cfg(feature = "catalogue")]
pub mod claims;
pub mod conv;
#[cfg(feature = "train")]
pub mod executor;
#[cfg(any(feature = "files", feature = "train"))]
mod fence;
#[cfg(any(feature = "files", feature = "plan"))]
mod file;
pub mod group;
pub mod guide;
#[cfg(feature = "layers")]
pub mod layer;
#[cfg(feature = "model")]
pub mod model;
#[cfg(feature = "layers")]
pub mod network;
#[cfg(any(feature = "files", feature = "model"))]
mod onnx;
pub mod prelude;
pub mod scalar;
pub mod signal;
#[cfg(feature = "plan")]
pub mod simd;
#[cfg(feature = "train")]
pub mod train;
pub mod verify;

/// The arrays of this crate, in the version that it uses.
pub use ndarray;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;

/// The examples of the README are tests.
#[cfg(all(doctest, feature = "model", feature = "train"))]
#[doc = include_str!("../README.md")]
struct Readme;
