//! Images under a continuous transformation as JSON. What does not apply is `null`.

use serde_json::{Value, json};

use super::{AngleResults, ImageResult};
use crate::angle::{Interval, Verdict};

/// The document.
pub fn value(results: &AngleResults) -> Value {
    let seconds: f64 = results.images.iter().map(|image| image.seconds).sum();
    json!({
        "model": results.model,
        "data": results.images_from,
        "transformation": results.transformation,
        "unit": results.unit,
        "interval": pair(&results.asked),
        "searched": pair(&results.searched),
        "invariant_under_quarter_turns": results.is_invariant,
        "images": results.images.iter().map(image).collect::<Value>(),
        "totals": totals(results),
        "seconds": seconds,
    })
}

fn totals(results: &AngleResults) -> Value {
    let labelled = results.images.iter().any(|image| image.label.is_some());
    let right = results.images.iter().filter(|image| image.is_right() == Some(true));
    let certified = right.clone().filter(|image| image.word() == "certified").count();
    json!({
        "images": results.images.len(),
        "certified": results.count("certified"),
        "refuted": results.count("refuted"),
        "undecided": results.count("undecided"),
        "right": labelled.then(|| right.count()),
        "right_and_certified": labelled.then_some(certified),
    })
}

fn pair(interval: &Interval) -> Value {
    json!([interval.low(), interval.high()])
}

fn image(image: &ImageResult) -> Value {
    let (parameter, other, margin) = match &image.verdict {
        Verdict::Refuted { parameter, class, margin } => (Some(*parameter), Some(*class), Some(*margin)),
        Verdict::Certified { margins } => {
            (None, None, margins.iter().map(|(_, margin)| *margin).reduce(f64::min))
        }
        Verdict::Undecided { .. } => (None, None, None),
    };
    let certified: Value = match &image.verdict {
        Verdict::Certified { margins } => margins.iter().map(|(interval, _)| pair(interval)).collect(),
        Verdict::Undecided { certified } => certified.iter().map(pair).collect(),
        Verdict::Refuted { .. } => Value::Null,
    };
    json!({
        "index": image.index,
        "label": image.label,
        "class": image.class,
        "verdict": image.word(),
        "parameter": parameter,
        "other_class": other,
        "margin": margin,
        "certified": certified,
        "largest": image.verdict.largest().as_ref().map(pair),
        "seconds": image.seconds,
    })
}
