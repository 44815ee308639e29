//! Dropout of chunks: the masks of [`layer::Dropout`](crate::layer::Dropout), sixteen samples at a time.
//!
//! Whether an entry is dropped is a function of (seed, sample, entry) alone, see [`drops`]. So a mask depends
//! neither on threads nor on how samples are dealt into chunks, and the backward pass makes it again instead
//! of storing it.

use super::blocks_mut;
use crate::executor::layout::LANES;
use crate::layer::{Dropout, drops};
use crate::simd::InstructionSet;

/// Drops and scales the entries of a chunk (channels, space…, lane) of so many channels, whose lanes are the
/// samples from `first_sample` on. The same call on the gradient of the output turns it into that of the
/// input.
///
/// # Panics
/// If the channels do not divide the chunk or the layer's orbit not the channels.
pub fn dropout(
    instructions: InstructionSet,
    layer: &Dropout,
    (seed, first_sample): (u64, u64),
    channels: usize,
    chunk: &mut [f32],
) {
    assert!(channels > 0 && chunk.len().is_multiple_of(channels * LANES), "a chunk has whole channels");
    assert!(
        channels.is_multiple_of(layer.orbit),
        "orbits of {} must divide {channels} channels",
        layer.orbit
    );
    let space = chunk.len() / (channels * LANES);
    let (threshold, scale) = (layer.threshold(), layer.share.complement().inverse().to::<f32>());
    instructions.run_on_blocks(
        #[inline(always)]
        || {
            for (channel, entries) in blocks_mut(chunk).chunks_exact_mut(space.max(1)).enumerate() {
                let first = channel / layer.orbit * space;
                for (place, block) in entries.iter_mut().enumerate() {
                    // In two passes, each of which fills whole vectors.
                    let mut dropped = [false; LANES];
                    for (lane, dropped) in dropped.iter_mut().enumerate() {
                        *dropped = drops(seed, first_sample + lane as u64, (first + place) as u64, threshold);
                    }
                    for lane in 0..LANES {
                        block[lane] = if dropped[lane] { 0.0 } else { block[lane] * scale };
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;

    use super::*;
    use crate::executor::layout::{deinterleave, interleave};
    use crate::layer::{Fraction, Layer, Mode};

    #[test]
    fn the_mask_is_that_of_the_layer() {
        let (samples, channels, space) = (37, 6, 5);
        let x = ArrayD::from_shape_fn(vec![samples, channels, space], |index| {
            (index[0] * 7 + index[1] + index[2]) as f32 + 1.0
        });
        for orbit in [1, 2, 6] {
            let layer = Dropout::new(Fraction::new(3, 10)).orbit(orbit);
            let expected = layer.forward(&x, &[], Mode::Training { seed: 5 }).unwrap();
            assert!(expected.iter().any(|&entry| entry == 0.0) && expected.iter().any(|&entry| entry != 0.0));
            for instructions in InstructionSet::available() {
                for first in (0..samples).step_by(LANES) {
                    let rows = first * channels * space..(first + LANES).min(samples) * channels * space;
                    let mut chunk = vec![0.0; channels * space * LANES];
                    interleave(&x.as_slice().unwrap()[rows.clone()], channels * space, &mut chunk);
                    dropout(instructions, &layer, (5, first as u64), channels, &mut chunk);
                    let mut found = vec![0.0; rows.len()];
                    deinterleave(&chunk, channels * space, &mut found);
                    assert_eq!(found, expected.as_slice().unwrap()[rows]);
                }
            }
        }
    }
}
