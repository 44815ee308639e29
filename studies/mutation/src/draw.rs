//! A sample of faults: a kind at random, then one of its places at random, until there are enough.
//!
//! Every kind is as likely as any other, however many places it has: there are ten times as many numbers as
//! guards. Faults of one sample never overlap, as a switch holds the code around it twice.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::faults::Fault;

/// Draws `sample` faults of a module, or as many as there are places beside each other.
pub fn draw(module: &str, places: Vec<Fault>, sample: usize, seed: u64) -> Vec<Fault> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ digest(module));
    let mut kinds: BTreeMap<&str, Vec<Fault>> = BTreeMap::new();
    for place in places {
        kinds.entry(place.kind).or_default().push(place);
    }
    let mut kinds: Vec<Vec<Fault>> = kinds.into_values().collect();
    let mut drawn: Vec<Fault> = Vec::new();
    while drawn.len() < sample && !kinds.is_empty() {
        let kind = random.random_range(0..kinds.len());
        let place = random.random_range(0..kinds[kind].len());
        let fault = kinds[kind].swap_remove(place);
        if kinds[kind].is_empty() {
            kinds.swap_remove(kind);
        }
        if !drawn.iter().any(|other| overlap(other, &fault)) {
            drawn.push(fault);
        }
    }
    drawn.sort_by(|left, right| (&left.file, left.range.start).cmp(&(&right.file, right.range.start)));
    drawn
}

fn overlap(left: &Fault, right: &Fault) -> bool {
    left.file == right.file && left.range.start <= right.range.end && right.range.start <= left.range.end
}

/// A number for a name, the same in every version of every library (FNV-1a).
fn digest(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
