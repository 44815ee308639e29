//! The symmetries of a model: proved, refuted, or measured.
//!
//! | file | what |
//! |---|---|
//! | `motion` | how an element moves an array |
//! | `groups` | the groups, their elements and generators |
//! | `twin` | what a motion of the input does to a tensor |
//! | `exact` | proofs by random interpretations, and where a symmetry is lost |
//! | `measured` | errors in floats |
//! | `refute` | counterexamples |
//! | `terms` | what each entry of a step is computed from |
//! | `mend`, `mended_file` | weights that are made symmetric, and a file with them |
//! | `certificate`, `rule` | permutations of all tensors, checked without probability |
//! | `deviation` | the error in floats of what is proved |
//! | `hint` | why a symmetry breaks |
//! | `shapes` | shapes that a file leaves open |
//! | `shift_map` | the error of small shifts, for a picture |
//! | `report` | what was found |
//! | `decide`, `subgroup`, `detail`, `check` | the verdict about a group, and about a model |

mod certificate;
mod check;
mod decide;
mod detail;
mod deviation;
mod error;
mod exact;
mod groups;
mod hint;
mod measured;
mod mend;
mod mended_file;
mod motion;
mod refute;
mod report;
mod rule;
mod shapes;
mod shift_map;
mod subgroup;
mod terms;
#[cfg(test)]
mod tests;
mod twin;

#[cfg(feature = "cli")]
pub(crate) use self::{certificate::Claim, motion::Motion, twin::Twin};
pub(super) use self::{
    check::draw, check::enlarge, exact::Moving, exact::leader, groups::space, shapes::program, terms::Terms,
};
pub use certificate::{Certificate, Certified};
pub use check::Question;
pub use error::{CertificateError, JudgeError};
pub use groups::SymmetryGroup;
pub use refute::Counterexample;
pub use report::{Basis, Break, ElementReport, GroupReport, GroupVerdict, LayerReport, ModelReport, Tensor};
pub use shift_map::ShiftMap;
