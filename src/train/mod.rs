//! Training: data, augmentation and the random numbers that both draw.
//!
//! | module | what lives there |
//! |---|---|
//! | [`data`] | labelled images: the files they come from, and the built-in digits |
//! | [`augmentation`] | images shifted, turned, scaled, sheared, bent and mirrored at random while training |
//! | [`random`] | a stream of random numbers for each (seed, epoch, sample) |

pub mod augmentation;
pub mod data;
pub mod random;
