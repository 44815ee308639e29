//! The machine: instruction sets, vectors of floats, aligned memory, transposes and unrolled loops.
//!
//! | what | file |
//! |---|---|
//! | [`InstructionSet`]: which instructions there are, and running a method with them | `instruction_set` |
//! | [`Element`]: a float as methods need it | `element` |
//! | memory that begins a line of the cache | `memory` |
//! | squares transposed in registers | `transpose` |
//! | loops over registers, written out | `unroll` |

mod element;
mod instruction_set;
mod memory;
mod transpose;
mod unroll;

pub use element::Element;
pub use instruction_set::InstructionSet;
pub(crate) use instruction_set::{is_wide, multiply_add};
pub(crate) use memory::{AlignedBuffer, line};
pub(crate) use unroll::unrolled;
