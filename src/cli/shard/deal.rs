//! Work dealt so that all shards take about as long.
//!
//! The longest piece first, each to the shard that has least so far. No shard then has more than the
//! lightest and one piece; the heaviest has at most 4/3 − 1/(3n) times what the best dealing would give it.
//! Cost: a comparison for each piece and shard. Source: R. L. Graham, *Bounds on multiprocessing timing
//! anomalies*, 1969.

/// The shard of each piece, numbered from 0. It depends on the costs alone; where they are equal, on the
/// order.
pub(super) fn deal(costs: &[f64], shards: usize) -> Vec<usize> {
    let mut longest_first: Vec<usize> = (0..costs.len()).collect();
    longest_first.sort_by(|&one, &other| costs[other].total_cmp(&costs[one]));
    // What costs nothing is spread too.
    let mut loads = vec![(0.0, 0_usize); shards];
    let mut dealt = vec![0; costs.len()];
    for place in longest_first {
        let lighter = |&one: &usize, &other: &usize| {
            let ((one, pieces), (other, of_other)) = (loads[one], loads[other]);
            f64::total_cmp(&one, &other).then(pieces.cmp(&of_other))
        };
        let Some(lightest) = (0..shards).min_by(lighter) else { break };
        dealt[place] = lightest;
        loads[lightest].0 += costs[place];
        loads[lightest].1 += 1;
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::deal;
    use crate::claims::catalogue;
    use crate::cli::shard::claim_costs;

    fn loads(costs: &[f64], shards: usize) -> Vec<f64> {
        let mut loads = vec![0.0; shards];
        deal(costs, shards).iter().zip(costs).for_each(|(&shard, cost)| loads[shard] += cost);
        loads
    }

    #[test]
    fn no_shard_has_more_than_the_lightest_and_one_piece() {
        let costs: Vec<f64> = catalogue().iter().map(|claim| claim_costs::cost(claim.id)).collect();
        let longest = costs.iter().copied().fold(0.0, f64::max);
        for shards in [1, 2, 3, 7, 50] {
            let loads = loads(&costs, shards);
            let greatest = loads.iter().copied().fold(0.0, f64::max);
            let least = loads.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(greatest <= least + longest, "{loads:?}");
            // Graham's bound, with what no dealing can undercut in the place of the best: the mean, and the
            // longest piece. Sums of some hundred costs are off by less than a millionth.
            let best = (costs.iter().sum::<f64>() / shards as f64).max(longest);
            assert!(shards > 2 || greatest <= best * (4.0 / 3.0 + 1e-6), "{loads:?}");
        }
    }

    #[test]
    fn the_longest_pieces_are_kept_apart() {
        assert_eq!(deal(&[1.0, 5.0, 1.0, 4.0], 2), [1, 0, 0, 1]);
        assert_eq!(deal(&[0.0; 4], 2), [0, 1, 0, 1], "what costs nothing is spread");
        assert_eq!(deal(&[1.0, 1.0], 5), [0, 1]);
        assert!(deal(&[], 3).is_empty());
    }
}
