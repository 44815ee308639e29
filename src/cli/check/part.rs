//! What a shard has of the groups of all models and shapes.

use anyhow::Context;
use ndarray::ArrayD;
use serde_json::{Value as Json, json};

use super::{Arguments, Case, whole_question};
use crate::cli::shard::{Digest, Mark, Shard};
use crate::model::{Model, SymmetryGroup};

/// The groups of a shard. A model without groups is one piece of work, too.
pub(super) struct Part {
    shard: Shard,
    /// The groups of each case.
    cases: Vec<Vec<SymmetryGroup>>,
    dealt: Vec<usize>,
    /// What all shards have in common.
    run: Json,
}

impl Part {
    /// Reads all models to know their groups, and deals these.
    ///
    /// # Errors
    /// If a model cannot be read for these shapes.
    pub(super) fn of(
        arguments: &Arguments,
        cases: &[Case],
        samples: Option<&[ArrayD<f64>]>,
        shard: Shard,
    ) -> anyhow::Result<Self> {
        let (mut all, mut costs, mut models) = (Vec::new(), Vec::new(), Vec::new());
        for case in cases {
            let model = Model::read(&case.model)?;
            let bytes = std::fs::read(&case.model)
                .with_context(|| format!("cannot read {}", case.model.display()))?;
            let digest = Digest::default().bytes(&bytes).weights(&model).finish();
            let work = whole_question(arguments, case, &model).work()?;
            let (groups, work): (Vec<SymmetryGroup>, Vec<f64>) = work.into_iter().unzip();
            costs.extend(if work.is_empty() { vec![0.0] } else { work });
            let inputs: Vec<Json> =
                case.inputs.iter().map(|(name, shape)| json!({"name": name, "shape": shape})).collect();
            models.push(json!({
                "model": case.model.display().to_string(),
                "digest": digest,
                "inputs": inputs,
                "groups": groups.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }));
            all.push(groups);
        }
        let expected = arguments.expectations.iter().map(|(group, verdict)| format!("{group}={verdict}"));
        let data = samples.map(|arrays| arrays.iter().fold(Digest::default(), Digest::array).finish());
        let run = json!({
            "seed": arguments.seed,
            "models": models,
            "expect": expected.collect::<Vec<_>>(),
            "data": data,
            "box": arguments.reach,
            "keys": arguments.keys,
            "per_layer": arguments.per_layer,
            "tiles": arguments.tiles.then(|| [&arguments.tile, &arguments.image].map(|size| size.as_deref())),
        });
        Ok(Part { shard, cases: all, dealt: shard.dealt(&costs), run })
    }

    /// The groups of a case that this shard judges; none where it has nothing of it. They are empty where
    /// the case has no groups.
    pub(super) fn groups(&self, case: usize) -> Option<Vec<SymmetryGroup>> {
        let pieces = |groups: &Vec<SymmetryGroup>| groups.len().max(1);
        let begin: usize = self.cases[..case].iter().map(pieces).sum();
        let end = begin + pieces(&self.cases[case]);
        let own: Vec<usize> = self
            .dealt
            .iter()
            .filter(|place| (begin..end).contains(place))
            .map(|place| place - begin)
            .collect();
        let groups = &self.cases[case];
        (!own.is_empty()).then(|| own.iter().filter_map(|&place| groups.get(place).copied()).collect())
    }

    /// Whether this shard has the first piece of a case, and with it what is found of the whole model.
    pub(super) fn has_first(&self, case: usize) -> bool {
        let begin: usize = self.cases[..case].iter().map(|groups| groups.len().max(1)).sum();
        self.dealt.contains(&begin)
    }

    /// What tells this shard from others.
    pub(super) fn mark(&self, as_expected: bool) -> Mark {
        Mark::new("check", self.shard, self.dealt.clone(), as_expected, self.run.clone())
    }
}
