//! Parts of a run, for several machines: `--shard I/N`.
//!
//! Every shard deals the whole work in the same way, by estimated costs alone, and does the part that is its
//! own. What it writes has one field more than the results of a whole run, `shard`, by which `equivariant
//! merge` knows what belongs together. Nothing is sent from one to another: whatever starts processes can
//! run them.

mod claim_costs;
mod claim_part;
mod deal;
mod digest;
mod mark;

use std::fmt;
use std::str::FromStr;

pub(super) use claim_part::ClaimPart;
pub(super) use digest::Digest;
pub(super) use mark::{FIELD, Mark};

/// The most shards of one run.
const MOST: usize = 100_000;

/// Products that a run of a convolution does in a second, about: enough to compare one with another.
pub(super) const PRODUCTS_A_SECOND: f64 = 1e10;

/// One part of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1 on.
    number: usize,
    of: usize,
}

impl Shard {
    /// The places of what this shard does, in order, of a work with these costs.
    pub(super) fn dealt(self, costs: &[f64]) -> Vec<usize> {
        let shards = deal::deal(costs, self.of);
        (0..costs.len()).filter(|&place| shards[place] == self.number - 1).collect()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected I/N with I from 1 to N, as in 2/7";
        let (number, of) = text.split_once('/').ok_or(expected)?;
        let whole = |text: &str| text.parse::<usize>().map_err(|_| expected.to_owned());
        match (whole(number)?, whole(of)?) {
            (_, of) if of > MOST => Err(format!("these are more than {MOST} shards")),
            (number, of) if (1..=of).contains(&number) => Ok(Shard { number, of }),
            _ => Err(expected.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn shards_are_numbered_from_one() {
        for text in ["1/1", "2/7", "7/7", "100000/100000"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "1", "/", "0/1", "2/1", "1/0", "-1/2", "a/b", "1/2/3", "1/100001", "1.0/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_place_is_dealt_once() {
        let costs: Vec<f64> = (0..23).map(|place| f64::from(place * place % 11)).collect();
        for of in [1, 2, 7, 23, 40] {
            let mut all: Vec<usize> =
                (1..=of).flat_map(|number| Shard { number, of }.dealt(&costs)).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..costs.len()), "{of}");
        }
    }
}
