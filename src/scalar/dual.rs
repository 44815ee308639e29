//! Stub.

/// Stub.
#[derive(Clone, Debug, PartialEq)]
pub struct Dual<T>(T);
