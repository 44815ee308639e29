//! Chunks of a fixed number of pixels, on which loops become vector instructions of any width up to it.

/// Pixels in a chunk.
pub(super) const LANES: usize = 8;

/// Neighbouring pixels of one row; those beyond its end are computed and not used.
pub(super) type Lanes = [f32; LANES];

/// Chunks that hold a row of so many pixels.
#[inline(always)]
pub(super) fn lanes_for(pixels: usize) -> usize {
    pixels.div_ceil(LANES)
}
