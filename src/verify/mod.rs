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
//!
//! [`prove`] and [`measure`] say the same sentence, `….on(shape).commutes_with(group, input, output)`, and
//! nothing runs before `check`, which returns what was found, or `assert`:
//!
//! | | [`prove`] | [`measure`] |
//! |---|---|---|
//! | the claim | `commutes_with`, `is_invariant_under`, `commutes_with_elements` | the same |
//! | settings of both | `shrinking_to`, `for_each_shape`, `seed` | the same |
//! | settings of one | `linear`, `readings` | `inputs`, `batched`, `precision` |
//! | what is found | a [`Report`] with a [`Verdict`]: holds, fails, undecided | a [`Measurement`] with a [`Judgement`]: consistent, broken, undecided |
//! | where the symmetry is lost | `largest`, `counterexample` | the same |
//!
//! The files, each of which imports only from those above it:
//!
//! | file | what it holds |
//! |---|---|
//! | `identity` | what is asserted: two expressions in unknowns, on any scalar |
//! | `statement` | an identity for each size and each element |
//! | `shrink`, `picture`, `counterexample` | inputs made simple, arrays as people read them, a counterexample |
//! | `report` | verdict, evidence, figures |
//! | `draws` | how many random inputs are enough |
//! | `reading/` | symbols, a field, rounding bounds, floats: what each says of an identity |
//! | `examine` | all readings of a statement, and the search for a counterexample |
//! | `subgroup`, `map` | the elements that a map commutes with; maps and their symmetry |
//! | `seed` | the seed of a test, and the line that replays it |
//! | `prove` | the proof of a map's symmetry in one expression |
//! | `tiles` | the proof that a map gives the same on tiles of an image, put together, as on the whole |
//! | `precision`, `function` | the precision in which a function works; functions of floats |
//! | `measure_error`, `measurement` | why nothing was measured; what was |
//! | `channels`, `runner` | the parts of an output that are judged by themselves; running a function |
//! | `kink`, `noise` | kinks told from jumps; the rounding noise of a function |
//! | `judge` | how far outputs are from each other, in units of their noise |
//! | `experiment` | the course of a measurement |
//! | `measure` | the measurement of a function's symmetry in one expression |
//! | `strategies` | strategies of proptest for arrays, kernels, permutations and group elements |

mod channels;
mod counterexample;
mod draws;
mod examine;
mod experiment;
mod function;
mod identity;
mod judge;
mod kink;
mod map;
mod measure;
mod measure_error;
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
mod seed;
mod shrink;
mod statement;
#[cfg(feature = "proptest")]
pub mod strategies;
mod subgroup;
#[cfg(test)]
mod tests;
mod tiles;

pub use counterexample::{Counterexample, Value};
pub use examine::{ExamineError, Examiner};
pub use function::{Float, Output};
pub use identity::{AnyIdentity, Failure, Identity, Sides, Unknown};
pub use map::{Commutation, Map, equivariance, symmetries};
pub use measure::{BlackBox, BlackBoxOn, MeasureCheck, measure};
pub use measure_error::{MeasureError, Place};
pub use measurement::{Doubt, Judgement, Measurement};
pub use precision::Precision;
pub use prove::{Proof, ProofCheck, ProofOn, prove};
pub use report::{Evidence, Figure, Finding, Reading, Report, Verdict};
pub use statement::{Case, Statement};
pub use subgroup::{LARGEST_ORDER, preserved_subgroup};
#[cfg(feature = "catalogue")]
pub(crate) use tiles::InTiles;
pub use tiles::{TileCheck, Tiles};
