//! Foreign models: a trained network read from an ONNX file, and what is proved of it.
//!
//! A model is a graph of operators with fixed weights. It is read in three steps:
//!
//! 1. [`Model`]: the file, its nodes and its weights, as they are written;
//! 2. [`Program`]: the same for inputs of one shape. Shapes and indices are computed, and each operator of
//!    the standard is written in five operations, see [`Operation`];
//! 3. [`Program::run`]: the program over an [`Arithmetic`]: floats, rigorous bounds, exact rationals, or a
//!    random interpretation, in which equal results prove that two programs are equal for all inputs.
//!
//! # What a program means
//!
//! Operators are functions of real numbers; the types of a model only tell what a machine rounds to. Casts
//! between floats are the identity (a constant is rounded once), those to integers cut the fraction off. ReLU
//! is max(x, 0), so that maxima of maxima are recognised; a mean is a sum and a quotient; a softmax subtracts
//! the greatest entry first, as floats need it; a product with a power of at most 16 is written out. Every
//! function that addition, multiplication, division, maximum and minimum do not give is a symbol with its
//! parameters.
//!
//! Known before the program runs are integers, exactly, and floats that come out exactly; entries of
//! constants are moved at once. What would be rounded, the scale of a batch normalisation say, stays in the
//! program as a step over constants, so that no reading loses the exact value. A shape or an index that is
//! computed in floats is the one that the types of the model give. Indices that depend on the inputs are
//! refused.
//!
//! # Files
//!
//! | file | what |
//! |---|---|
//! | `element` | types of numbers: bits and rounding |
//! | `data` | numbers of tensors in files |
//! | `file` | models as they are in files |
//! | `functions` | functions that a model brings along, in place of their calls |
//! | `program` | the five operations, programs and their traces |
//! | `function` | the functions over floats |
//! | `lower` | the operators of the standard in five operations |
//! | `build` | programs of models |
//! | `arithmetic` | what a reading of a program has to know |
//! | `run`, `stage` | programs over any arithmetic, and one step |
//! | `floats` | reading on floats |
//! | `bounds` | reading with rigorous bounds |
//! | `fixed` | the same of the exact result, with many more digits |
//! | `oracle` | the random interpretation, and its theorem |
//! | `symmetry` | the symmetries of a model: proved, refuted, or measured |
//! | `tiles` | whether a model can be run on tiles of an image, with which halo |
//! | `affine` | reading on enclosures over an interval of a parameter (feature `angle`) |
//! | `rationals` | reading on exact rational numbers |
//! | `reach` | reading for what an entry depends on |

#[cfg(feature = "angle")]
mod affine;
mod arithmetic;
mod bounds;
mod build;
mod data;
mod element;
mod error;
mod file;
mod fixed;
mod floats;
mod function;
mod functions;
mod lower;
mod opset;
mod oracle;
mod program;
mod rationals;
mod reach;
mod run;
mod stage;
mod symmetry;
mod tiles;

#[cfg(feature = "angle")]
pub use affine::Affines;
pub use arithmetic::{Arithmetic, Unreadable};
pub use bounds::{Bounds, FUNCTION_ULPS};
pub use data::Data;
pub use element::ElementType;
pub use error::{ModelError, Refusal};
pub use file::{ENTRIES, Extent, Model, NodeView, Port};
pub use fixed::{Fixed, FixedPoint};
pub use floats::Floats;
pub use oracle::{Oracle, Residue};
pub use program::{
    Convolution, Function, Lists, Operation, Origin, Program, Reduction, Slot, Source, Step, Symbol, Trace,
};
pub use rationals::Rationals;
pub use reach::{Dependency, Reach};
pub use run::{Prepared, RunError};
pub use symmetry::{
    Basis, Break, Certificate, CertificateError, Certified, Counterexample, ElementReport, GroupReport,
    GroupVerdict, JudgeError, LayerReport, ModelReport, Question, ShiftMap, SymmetryGroup, Tensor,
};
#[cfg(feature = "cli")]
pub(crate) use symmetry::{Claim, Motion, Twin};
pub use tiles::{
    LegalSizes, Obstacle, PaddingReport, TileAxis, TileCost, TileCounterexample, TilePart, TilePiece,
    TilePlan, TileQuestion, TileReport, TileRunner, Tiling,
};

#[cfg(test)]
mod tests;
