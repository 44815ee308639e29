//! Stub.

/// Stub.
#[derive(Clone, Debug, PartialEq)]
pub struct Goldilocks;
