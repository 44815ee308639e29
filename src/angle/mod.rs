//! Images under a continuous family of transformations, and what a network makes of all of them.
//!
//! *Does the class of this image change under any rotation, any shift by a fraction of a pixel, any change
//! of brightness within these limits?* Not by trying values of the parameter, but with enclosures that hold
//! for whole intervals of it:
//!
//! | step | file |
//! |---|---|
//! | [`Transformation`]: where each pixel of the transformed image comes from | `transformation` |
//! | [`Interval`] of its parameter | `interval` |
//! | [`Transformation::enclose`]: each pixel as centre + slope·t ± radius over an interval | `enclosure` |
//! | [`Propagation`]: the same for the outputs of a network, and for differences of scores | `propagation` |
//! | [`Classifier`], [`Search`]: intervals, split where they are not decided, and the [`Verdict`] | `search` |
//!
//! A network that is invariant under quarter turns needs no more than [0°, 90°] for the whole circle, on
//! square images: a rotation by θ + 90° is the quarter turn of the rotation by θ.
//!
//! What is certified holds for real numbers: the bilinear sample at every parameter of the interval,
//! through the network with its weights as they are. Roundings of the enclosures are counted; those of a
//! program that runs the network in floats are not, and decide only where scores are equal up to these.
//! Assumed is that the sines and cosines of Rust's standard library are right within 4 units in the last
//! place of 1.

mod enclosure;
mod interval;
mod propagation;
mod search;
mod transformation;

#[cfg(test)]
mod tests;

pub use interval::Interval;
pub use propagation::Propagation;
#[cfg(feature = "cli")]
pub(crate) use propagation::margins_of;
pub use search::{Classifier, Search, Verdict};
pub use transformation::Transformation;

use thiserror::Error;

use crate::layer::LayerError;

/// Why there is no enclosure or verdict.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum AngleError {
    /// An image without rows and columns.
    #[error("an image has shape (…, rows, columns), found {found:?}: give it two axes at least")]
    Shape {
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// A pixel that is not a finite number.
    #[error("the pixels of an image must be finite, found {found} at {at:?}: replace it")]
    Pixel {
        /// The pixel.
        found: f64,
        /// Its place.
        at: Vec<usize>,
    },
    /// An interval of no numbers.
    #[error("an interval must go from a finite number to one that is not less, found {low} to {high}")]
    Interval {
        /// Its beginning.
        low: f64,
        /// Its end.
        high: f64,
    },
    /// A class that the network does not have.
    #[error("the network has {classes} scores, found class {class}: classes are numbered from 0")]
    Class {
        /// The class that was given.
        class: usize,
        /// The scores of the network.
        classes: usize,
    },
    /// A network that does not fit.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// Something else than a network of this crate that does not run.
    #[error("{0}")]
    Classifier(String),
}
