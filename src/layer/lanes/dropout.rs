//! Dropout (Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, 2014), inverted: in
//! training each entry is dropped with probability p, and the others are divided by 1−p, so that inference does nothing.
//!
//! Which entries are dropped is a function of (seed, step, layer, sample, entry) alone: a counter is hashed, no generator
//! is advanced (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011). So a mask depends neither on threads
//! nor on how samples are dealt into chunks, and the backward pass makes it again instead of storing it.
//!
//! The hash of an entry is MurmurHash3's 32-bit finaliser, applied twice with the two halves of a key of the sample between;
//! the key is SplitMix64's finaliser of the other numbers. An entry is dropped if its hash is below p·2³².

use super::blocks_mut;
use crate::conv::lanes::{Instructions, LANES};

/// Drops entries with a fixed probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Hashes below this drop their entry.
    threshold: u32,
    /// 1/(1−p)
    scale: f32,
}

/// Where in a training run a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The seed of the run.
    pub seed: u64,
    /// The number of the step.
    pub step: u64,
    /// The number of the layer within the network.
    pub layer: u64,
    /// The number of the chunk's first sample within the batch; the others follow.
    pub first_sample: u64,
}

impl Dropout {
    /// Dropout with this probability.
    ///
    /// # Panics
    /// Unless 0 ≤ probability < 1.
    pub fn new(probability: f64) -> Self {
        assert!((0.0..1.0).contains(&probability), "a probability in [0, 1) is needed, found {probability}");
        let threshold = (probability * 2f64.powi(32)).round().min(f64::from(u32::MAX)) as u32;
        Dropout { threshold, scale: (1.0 / (1.0 - probability)) as f32 }
    }

    /// Drops and scales entries of a chunk, whose features are counted from 0 on. The same call on the gradient of the
    /// output turns it into that of the input.
    pub fn apply(self, instructions: Instructions, place: Place, chunk: &mut [f32]) {
        let keys: [(u32, u32); LANES] = std::array::from_fn(|lane| {
            let numbers = [place.step, place.layer, place.first_sample + lane as u64];
            let key = numbers.into_iter().fold(mix(place.seed), |key, number| mix(key ^ mix(number)));
            (key as u32, (key >> 32) as u32)
        });
        let (low, high) = (keys.map(|key| key.0), keys.map(|key| key.1));
        instructions.run(
            #[inline(always)]
            || {
                for (entry, block) in blocks_mut(chunk).iter_mut().enumerate() {
                    let counter = (entry as u32).wrapping_mul(0x9e37_79b9);
                    for lane in 0..LANES {
                        let hash = finalise(finalise(counter ^ low[lane]) ^ high[lane]);
                        let kept = block[lane] * self.scale;
                        block[lane] = if hash < self.threshold { 0.0 } else { kept };
                    }
                }
            },
        );
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): one step from this state.
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The finaliser of MurmurHash3 (Appleby 2011), a bijection of 32 bits.
#[inline(always)]
fn finalise(mut hash: u32) -> u32 {
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { seed: 1, step: 2, layer: 3, first_sample: 32 };

    fn mask(instructions: Instructions, probability: f64, place: Place, features: usize) -> Vec<f32> {
        let mut chunk = vec![1.0; features * LANES];
        Dropout::new(probability).apply(instructions, place, &mut chunk);
        chunk
    }

    #[test]
    fn masks_depend_on_the_sample_and_not_on_its_lane() {
        let whole = mask(Instructions::best(), 0.5, PLACE, 100);
        for instructions in Instructions::available() {
            assert_eq!(mask(instructions, 0.5, PLACE, 100), whole);
        }
        let shifted = mask(Instructions::best(), 0.5, Place { first_sample: 37, ..PLACE }, 100);
        for feature in 0..100 {
            for lane in 0..LANES - 5 {
                assert_eq!(shifted[feature * LANES + lane], whole[feature * LANES + lane + 5]);
            }
        }
        assert_eq!(mask(Instructions::best(), 0.0, PLACE, 10), [1.0; 160]);
    }

    /// Counts of independent events of probability p among n are within six standard deviations √(np(1−p)) of np, but
    /// for one time in 5·10⁸; the seed is fixed.
    fn check_count(count: usize, n: usize, p: f64) {
        let deviations = (count as f64 - n as f64 * p) / (n as f64 * p * (1.0 - p)).sqrt();
        assert!(deviations.abs() < 6.0, "{count} of {n} is {deviations} standard deviations from {p}");
    }

    #[test]
    fn entries_are_dropped_as_often_as_asked_and_independently() {
        let features = 20_000;
        for p in [0.1, 0.25, 0.5, 0.9] {
            let best = Instructions::best();
            let here = mask(best, p, PLACE, features);
            let dropped = |mask: &[f32]| mask.iter().filter(|&&entry| entry == 0.0).count();
            check_count(dropped(&here), features * LANES, p);
            assert!(here.iter().all(|&entry| entry == 0.0 || entry == (1.0 / (1.0 - p)) as f32));
            // Each lane by itself, and joint events of neighbouring entries, samples, steps, layers and seeds.
            for lane in 0..LANES {
                let of_lane: Vec<_> = here.iter().copied().skip(lane).step_by(LANES).collect();
                check_count(dropped(&of_lane), features, p);
            }
            let both = |other: &[f32]| here.iter().zip(other).filter(|&(a, b)| *a == 0.0 && *b == 0.0).count();
            check_count(both(&here[LANES..]), (features - 1) * LANES, p * p);
            for other in [
                Place { first_sample: 48, ..PLACE },
                Place { step: 3, ..PLACE },
                Place { layer: 4, ..PLACE },
                Place { seed: 2, ..PLACE },
            ] {
                check_count(both(&mask(best, p, other, features)), features * LANES, p * p);
            }
        }
    }
}
