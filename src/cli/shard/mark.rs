//! The field `shard` in what a shard writes.
//!
//! ```json
//! "shard": {"command": "verify", "number": 2, "of": 7, "dealt": [3, 8], "as_expected": true, "run": {…}}
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Shard;

/// The name of the field.
pub(in crate::cli) const FIELD: &str = "shard";

/// What a shard is a part of, and which part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Mark {
    /// `verify`, `check` or `bench`.
    pub(in crate::cli) command: String,
    /// From 1 on.
    pub(in crate::cli) number: usize,
    /// How many shards there are.
    pub(in crate::cli) of: usize,
    /// The places of what this shard did, in the order of the whole.
    pub(in crate::cli) dealt: Vec<usize>,
    /// Of a line: the place of what it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) place: Option<usize>,
    /// Whether everything that this shard did came out as expected.
    pub(in crate::cli) as_expected: bool,
    /// What all shards of a run have in common: the version, the seed, what is run.
    pub(in crate::cli) run: Map<String, Json>,
}

impl Mark {
    /// A mark of what a shard did, with what it has in common with the others; the version is added.
    pub(in crate::cli) fn new(
        command: &str,
        shard: Shard,
        dealt: Vec<usize>,
        as_expected: bool,
        run: Json,
    ) -> Self {
        let mut common = Map::from_iter([("version".to_owned(), env!("CARGO_PKG_VERSION").into())]);
        if let Json::Object(run) = run {
            common.extend(run);
        }
        let (command, Shard { number, of }) = (command.to_owned(), shard);
        Mark { command, number, of, dealt, place: None, as_expected, run: common }
    }

    /// The document with this mark, indented, with a line break at its end.
    ///
    /// # Errors
    /// If the text cannot be made.
    pub(in crate::cli) fn stamped(&self, mut document: Json) -> serde_json::Result<String> {
        if let Json::Object(fields) = &mut document {
            fields.insert(FIELD.to_owned(), serde_json::to_value(self)?);
        }
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}
