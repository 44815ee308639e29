//! A stream of random numbers for each (seed, stream, index): independent of threads and of order.
//!
//! What happens to sample i in epoch e must not depend on who computes it, or when. So each pair has a
//! generator of its own, whose start is the hash of (seed, e, i). The generator is SplitMix64: it walks
//! through the 64-bit integers in steps of an odd constant γ and gives the mixed value of each, zₖ = mix(z₀ +
//! k·γ) with mix a bijection.
//!
//! All streams lie on one cycle of length 2⁶⁴. Two of n streams of l numbers each overlap with probability
//! about n²·l/2⁶⁴: below 10⁻³ for a hundred epochs of 60,000 images with 100 numbers each. Made for images,
//! not for secrets.
//!
//! Cost: three multiplications to begin, and two a number; no memory but the state.
//!
//! Source: G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014,
//! figure 17 (the constants of mix are Stafford's variant 13).

use std::convert::Infallible;

use rand::TryRng;

/// The step γ: the golden ratio of 2⁶⁴, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The random numbers of one sample. Use it through [`rand::Rng`] and `rand::RngExt`.
///
/// ```
/// use equivariant::train::random::SampleRandom;
/// use rand::Rng;
///
/// let numbers = |seed, epoch, sample| SampleRandom::new(seed, epoch, sample).next_u64();
/// assert_eq!(numbers(1, 2, 3), numbers(1, 2, 3));
/// assert_ne!(numbers(1, 2, 3), numbers(1, 3, 2));
/// ```
#[derive(Clone, Debug)]
pub struct SampleRandom {
    state: u64,
}

impl SampleRandom {
    /// The numbers of sample `index` in `stream` (when training: of the sample in that epoch).
    #[must_use]
    pub fn new(seed: u64, stream: u64, index: u64) -> Self {
        // A bijection in each argument while the others stay, and no sum or difference of them is special.
        let state = [seed, stream, index]
            .into_iter()
            .fold(0, |state: u64, part| mix(state.wrapping_add(STEP).wrapping_add(part)));
        Self { state }
    }
}

/// A bijection of the 64-bit integers that changes about half the bits if one bit changes.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl TryRng for SampleRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(STEP);
        Ok(mix(self.state))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{Rng, RngExt};

    use super::*;

    /// The published first numbers of SplitMix64 from state 0 and from state 1234567.
    #[test]
    fn the_numbers_are_those_of_splitmix() {
        let mut random = SampleRandom { state: 0 };
        assert_eq!(random.next_u64(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.next_u64(), 0x6E78_9E6A_A1B9_65F4);
        let mut random = SampleRandom { state: 1_234_567 };
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn streams_differ_in_each_argument() {
        let mut seen = HashSet::new();
        for (seed, stream, index) in
            (0..20).flat_map(|a| (0..20).flat_map(move |b| (0..20).map(move |c| (a, b, c))))
        {
            assert!(
                seen.insert(SampleRandom::new(seed, stream, index).next_u64()),
                "{seed} {stream} {index}"
            );
        }
    }

    /// First numbers of neighbouring streams, as uniform numbers: their mean and their correlation.
    #[test]
    fn neighbouring_streams_are_unrelated() {
        let numbers: Vec<f64> =
            (0..40_000).map(|i| SampleRandom::new(7, i / 200, i % 200).random::<f64>() - 0.5).collect();
        let count = numbers.len() as f64;
        // Uniform on an interval of length 1: variance 1/12, so the mean has deviation 1/√(12 n), and a
        // product of two independent ones has variance 1/144, so the mean product has deviation 1/(12 √n).
        // Six of them.
        let mean = numbers.iter().sum::<f64>() / count;
        assert!(mean.abs() < 6.0 / (12.0 * count).sqrt(), "{mean}");
        let product = numbers.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        assert!(product.abs() < 6.0 / (12.0 * count.sqrt()), "{product}");
    }

    #[test]
    fn bytes_are_those_of_the_numbers() {
        let mut bytes = [0; 11];
        SampleRandom::new(1, 2, 3).fill_bytes(&mut bytes);
        let mut random = SampleRandom::new(1, 2, 3);
        assert_eq!(bytes[..8], random.next_u64().to_le_bytes());
        assert_eq!(bytes[8..], random.next_u64().to_le_bytes()[..3]);
    }
}
