//! The claims of a shard.

use serde_json::{Value as Json, json};

use super::{Mark, Shard, claim_costs};
use crate::claims::Claim;
use crate::verify::Reading;

/// What a shard has of some claims.
pub(in crate::cli) struct ClaimPart<'a> {
    pub(in crate::cli) claims: Vec<&'a Claim>,
    shard: Shard,
    dealt: Vec<usize>,
    /// What all shards have in common.
    run: Json,
}

impl<'a> ClaimPart<'a> {
    /// Deals these claims, which are run with these seeds and readings.
    pub(in crate::cli) fn of(claims: &[&'a Claim], shard: Shard, seeds: &str, readings: &[Reading]) -> Self {
        let costs: Vec<f64> = claims.iter().map(|claim| claim_costs::cost(claim.id)).collect();
        let dealt = shard.dealt(&costs);
        let readings: Vec<&str> = readings.iter().map(|reading| reading.name()).collect();
        let ids: Vec<&str> = claims.iter().map(|claim| claim.id).collect();
        let run = json!({"seed": seeds, "readings": readings, "claims": ids});
        ClaimPart { claims: dealt.iter().map(|&place| claims[place]).collect(), shard, dealt, run }
    }

    /// What tells this shard from others.
    pub(in crate::cli) fn mark(&self, as_expected: bool) -> Mark {
        Mark::new("verify", self.shard, self.dealt.clone(), as_expected, self.run.clone())
    }
}
