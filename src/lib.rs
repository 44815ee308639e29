//! Proves, measures and builds symmetry in convolutional networks.

pub mod claims;
pub mod conv;
pub mod group;
pub mod scalar;
pub mod signal;
pub mod verify;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;
