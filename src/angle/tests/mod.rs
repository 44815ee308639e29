//! Enclosures against samples at random parameters, networks against bounded floats, verdicts against truth.

mod enclosure;
mod propagation;
mod search;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random numbers of `EQUIVARIANT_SEED`, or of 0, and of this test alone.
fn random(test: u64) -> ChaCha8Rng {
    let seed = std::env::var("EQUIVARIANT_SEED").map_or(0, |text| text.parse().unwrap());
    println!("EQUIVARIANT_SEED={seed} repeats this test");
    ChaCha8Rng::seed_from_u64(seed ^ test)
}

/// A number from −1 to 1.
fn place(random: &mut ChaCha8Rng) -> f64 {
    random.random_range(-1.0..=1.0)
}
