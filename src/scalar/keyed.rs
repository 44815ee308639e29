//! Random functions by a secret key.
//!
//! SipHash 1-3 with a secret key (Aumasson and Bernstein, *SipHash: a fast short-input PRF*, 2012) stands for
//! functions that are drawn at random, one for each name. That it cannot be told from them is an assumption.

use std::hash::Hasher;

use rand::{Rng, RngExt};
use siphasher::sip128::{Hasher128, SipHasher13};

/// Functions of lists of words, one for each name and its parameters, with values of 128 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RandomFunctions {
    key: [u64; 2],
}

impl RandomFunctions {
    /// Functions that are drawn at random.
    pub(crate) fn draw(random: &mut impl Rng) -> Self {
        RandomFunctions { key: random.random() }
    }

    /// The value of the function of this name at a list of arguments.
    pub(crate) fn value(
        &self,
        name: &str,
        parameters: &[f64],
        arguments: impl IntoIterator<Item = u64>,
    ) -> u128 {
        let mut hasher = SipHasher13::new_with_keys(self.key[0], self.key[1]);
        // Lengths first: no two lists of parts are one list of words.
        hasher.write_u64(name.len() as u64 | (parameters.len() as u64) << 32);
        hasher.write(name.as_bytes());
        parameters.iter().for_each(|parameter| hasher.write_u64(parameter.to_bits()));
        arguments.into_iter().for_each(|argument| hasher.write_u64(argument));
        hasher.finish128().as_u128()
    }
}
