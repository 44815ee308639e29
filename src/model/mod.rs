//! Foreign models: a trained network read from an ONNX file, and what is proved of it.
//!
//! A model is a graph of operators with fixed weights. It is read in three steps:
//!
//! 1. `Model`: the file, its nodes and its weights, as they are written;
//! 2. [`Program`]: the same for inputs of one shape. Shapes and index arithmetic are computed, and each operator
//!    of the standard is written in five operations, see [`Operation`];
//! 3. [`Program::run`]: the program over an [`Arithmetic`]: floats, rigorous bounds, exact rationals, or a
//!    random interpretation, in which equal results prove that two programs are equal for all inputs.
//!
//! | file | what |
//! |---|---|
//! | `program` | the five operations, programs and their traces |
//! | `arithmetic` | what a reading of a program has to know |

mod arithmetic;
mod program;

pub use arithmetic::{Arithmetic, Unreadable};
pub use program::{
    Convolution, Function, Lists, Operation, Origin, Program, Reduction, Slot, Source, Step, Symbol, Trace,
};
