//! The numbers of atoms, by which expressions hold them.

/// The number of an atom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AtomId(pub(super) u32);
