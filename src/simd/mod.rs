//! The machine: instruction sets, vectors of floats, aligned memory, transposes and unrolled loops.
//!
//! | what | file |
//! |---|---|
//! | operations on blocks of sixteen floats, for training | `blocks` |
//! | [`InstructionSet`]: which instructions there are, and running a method with them | `instruction_set` |
//! | [`Element`]: a float as methods need it | `element` |
//! | memory that begins a line of the cache | `memory` |
//! | squares transposed in registers | `transpose` |
//! | loops over registers, written out | `unroll` |

#[cfg(feature = "train")]
mod blocks;
mod element;
mod instruction_set;
mod memory;
mod transpose;
mod unroll;

#[cfg(feature = "train")]
pub(crate) use blocks::{multiply_add, vectorised};
pub use element::Element;
pub use instruction_set::InstructionSet;
pub(crate) use instruction_set::is_wide;
pub(crate) use memory::{AlignedBuffer, line};
pub(crate) use unroll::unrolled;
