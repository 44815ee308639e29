//! The tiles of a model as JSON. The keys are a contract; what does not apply is `null`. Lists have an entry
//! for each axis of the image.

use serde_json::{Value, json};

use super::TileResults;
use crate::model::{TileCounterexample, TilePiece, TilePlan, Tiling};

/// The value of the key `tiles`.
pub fn value(results: &TileResults) -> Value {
    let report = &results.report;
    let tiling = report.tiling.as_ref();
    let axes = |of: &dyn Fn(&Tiling) -> Value| tiling.map(of);
    let obstacle = report.obstacle.as_ref();
    let node = obstacle.and_then(|obstacle| obstacle.node.as_ref());
    json!({
        "possible": tiling.is_some(),
        "lattice": axes(&|tiling| tiling.axes.iter().map(|axis| axis.lattice).collect()),
        "scale": axes(&|tiling| tiling.axes.iter().map(|axis| axis.scale(0)).collect()),
        "reach": axes(&|tiling| tiling.axes.iter().map(|axis| json!(axis.reach)).collect()),
        "halo": axes(&|tiling| tiling.axes.iter().map(|axis| json!(axis.halo)).collect()),
        "legal_sizes": tiling.map(legal_sizes),
        "evidence": tiling.map(|_| "proved"),
        "failure_probability": tiling.map(Tiling::failure_probability),
        "node": node.map(|(name, _)| name),
        "op": node.map(|(_, operator)| operator),
        "reason": obstacle.map(|obstacle| &obstacle.reason),
        "input": report.input,
        "axes": axes(&|tiling| tiling.axes.iter().map(|axis| axis.axis).collect()),
        "reach_by_shape": axes(&|tiling| tiling.axes.iter().map(|axis| json!(axis.reach_by_shape)).collect()),
        "keys": tiling.map(|tiling| tiling.keys),
        "proved_at": tiling.map(|tiling| &tiling.proved_at),
        "counterexamples": axes(&|tiling| tiling.counterexamples.iter().map(counterexample).collect()),
        "padding": axes(&|tiling| {
            let one = |report: &crate::model::PaddingReport| {
                json!({
                    "axis": report.axis,
                    "mode": report.mode,
                    "difference": report.difference,
                    "largest": report.largest,
                })
            };
            tiling.padding.iter().map(one).collect()
        }),
        "costs": axes(&|tiling| {
            let one = |cost: &crate::model::TileCost| {
                json!({"tile": cost.tile, "cost": cost.cost, "memory": cost.memory})
            };
            tiling.costs.iter().map(one).collect()
        }),
        "plan": results.plan.as_ref().map(plan),
        "remarks": report.remarks,
    })
}

/// One object where all axes agree, else a list of them.
fn legal_sizes(tiling: &Tiling) -> Value {
    let one =
        |axis: &crate::model::TileAxis| json!({"from": axis.legal_sizes.from, "step": axis.legal_sizes.step});
    let all: Vec<Value> = tiling.axes.iter().map(one).collect();
    match all.first() {
        Some(first) if all.iter().all(|other| other == first) => first.clone(),
        _ => all.into(),
    }
}

fn counterexample(found: &TileCounterexample) -> Value {
    let changes: Value = found.changes.iter().map(|(at, value)| json!({"at": at, "value": value})).collect();
    json!({
        "axis": found.axis,
        "side": if found.after { "after" } else { "before" },
        "halo": found.halo,
        "tile": found.tile,
        "inputs": found.inputs.iter().map(|(name, array)| {
            (name.clone(), json!({"shape": array.shape(), "values": array.iter().collect::<Vec<_>>()}))
        }).collect::<serde_json::Map<_, _>>(),
        "changes": changes,
        "output": found.output,
        "difference": found.difference,
        "bound": found.bound,
    })
}

/// A plan: for each piece, in this order, read image\[read\], run the model, and write its
/// output\[crop\] to result\[write\]; along `axes` of the output.
pub fn plan(plan: &TilePlan) -> Value {
    let piece = |piece: &TilePiece| json!({"read": piece.read, "crop": piece.crop, "write": piece.write});
    json!({
        "image": plan.image,
        "tile": plan.tile,
        "output": plan.output,
        "axes": plan.axes,
        "cost": plan.cost,
        "pieces": plan.pieces.iter().map(piece).collect::<Value>(),
    })
}
