//! The symmetries of a model as JSON. The keys are a contract; what does not apply, and numbers that are not
//! finite, are `null`.

use ndarray::ArrayD;
use serde_json::{Map, Value, json};

use super::super::tiling::{self, TileResults};
use crate::model::{Counterexample, GroupReport, LayerReport, ModelReport, Tensor};

/// The documents of several models or shapes as one.
pub fn documents(documents: Vec<Value>) -> Value {
    json!({"checks": documents})
}

/// The document of one model, with what was found about tiles if that was asked.
pub fn value(report: &ModelReport, tiles: Option<&TileResults>) -> Value {
    let output = |tensor: &Tensor| json!({"name": tensor.name, "shape": tensor.shape});
    let input =
        |tensor: &Tensor| json!({"name": tensor.name, "shape": tensor.shape, "type": tensor.element.name()});
    json!({
        "model": report.model,
        "opset": report.opset,
        "inputs": report.inputs.iter().map(input).collect::<Value>(),
        "outputs": report.outputs.iter().map(output).collect::<Value>(),
        "groups": report.groups.iter().map(group).collect::<Value>(),
        "layers": report.layers.iter().map(layer).collect::<Value>(),
        "tiles": tiles.map(tiling::json::value),
        "remarks": report.remarks,
        "keys": report.keys,
        "seconds": report.seconds,
    })
}

fn group(report: &GroupReport) -> Value {
    let elements: Value = report
        .elements
        .iter()
        .map(|element| {
            json!({
                "element": element.name,
                "holds": element.holds,
                "relative_error": element.relative_error,
            })
        })
        .collect();
    let breaks_at = report
        .breaks_at
        .as_ref()
        .map(|at| json!({"node": at.node, "op": at.operator, "relative_error": at.relative_error}));
    json!({
        "group": report.group.to_string(),
        "verdict": report.verdict.to_string(),
        "evidence": report.basis.map(|evidence| evidence.to_string()),
        "failure_probability": report.failure_probability(),
        "output_action": report.output_action,
        "largest": report.largest,
        "weights_defect": report.weights_defect,
        "deviation_bound": report.deviation_bound.map(
            |(reach, bound)| json!({"box": reach, "bound": bound, "on_samples": report.deviation_on_samples}),
        ),
        "grids": report.grids,
        "relative_error": report.relative_error,
        "noise_floor": report.noise_floor,
        "consistency": report.consistency,
        "elements": elements,
        "breaks_at": breaks_at,
        "hint": report.hint,
        "counterexample": report.counterexample.as_ref().map(counterexample),
    })
}

fn layer(layer: &LayerReport) -> Value {
    json!({
        "group": layer.group.to_string(),
        "element": layer.element,
        "node": layer.node,
        "op": layer.operator,
        "shape": layer.shape,
        "action": layer.action,
        "relative_error": layer.relative_error,
    })
}

fn counterexample(found: &Counterexample) -> Value {
    let inputs: Map<String, Value> =
        found.inputs.iter().map(|(name, array)| (name.clone(), nested(array))).collect();
    json!({
        "element": found.element,
        "inputs": inputs,
        "output": found.output,
        "left": nested(&found.left),
        "right": nested(&found.right),
        "difference": found.difference,
        "bound": found.bound,
    })
}

/// Arrays within arrays, one level for each axis.
fn nested(array: &ArrayD<f64>) -> Value {
    fn levels(shape: &[usize], entries: &mut impl Iterator<Item = f64>) -> Value {
        match shape {
            [] => entries.next().into(),
            [extent, rest @ ..] => (0..*extent).map(|_| levels(rest, entries)).collect(),
        }
    }
    levels(array.shape(), &mut array.iter().copied())
}
