//! What a trained network looks like: its page, and its symmetry.

use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayRef, Axis, Ix4};

use crate::executor::Executor;
use crate::network::{Network, Summary, Weights};
use crate::report::training::{TrainingPage, TrainingRun};
use crate::train::Recipe;
use crate::train::data::Dataset;
use crate::train::inspection::{Inspection, Invariance};

/// What the page shows: the trained network looked at on the test images.
pub(super) fn page(
    run: TrainingRun,
    network: &Network,
    weights: &Weights,
    recipe: &Recipe,
    test: &Dataset,
    symmetry: Vec<String>,
) -> anyhow::Result<TrainingPage> {
    let shape = test.shape();
    let executor = Mutex::new(Executor::new(network, &shape)?);
    let predict = |images: &ArrayRef<f32, Ix4>| {
        let mut executor = executor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scores = Array2::zeros((images.len_of(Axis(0)), executor.outputs()));
        let images = images.as_standard_layout();
        if let (Some(inputs), Some(outputs)) = (images.as_slice(), scores.as_slice_mut()) {
            executor.predict(weights, inputs, outputs);
        }
        scores
    };
    let inspection = Inspection::new(network, weights, &test.images(), test.labels(), &predict)?;
    let summary = Summary::new(network, &shape)?;
    Ok(TrainingPage { run, summary, recipe: recipe.lines(), inspection, symmetry })
}

/// What is proved and measured of the invariance under the symmetries of the square, before and after
/// training.
pub(super) fn symmetry(
    network: &Network,
    first: &Weights,
    last: &Weights,
    images: &ArrayRef<f32, Ix4>,
) -> anyhow::Result<Vec<String>> {
    let Some(after) = Invariance::of(network, last, images)? else { return Ok(Vec::new()) };
    let proof = match (&after.proved, &after.why_not) {
        (Some(group), _) => {
            format!("invariant under {group}, for all weights and images: every layer tells why")
        }
        (None, Some(why_not)) => format!("not invariant under quarter turns by construction: {why_not}"),
        (None, None) => return Ok(Vec::new()),
    };
    let change = |when: &str, of: &Invariance| {
        format!(
            "{when} training quarter turns change the scores by {:.1e} and reflections by {:.1e} of their size, rounding by {:.1e}",
            of.turns, of.reflections, of.noise
        )
    };
    let before = Invariance::of(network, first, images)?.map(|before| change("before", &before));
    Ok([proof].into_iter().chain(before).chain([change("after", &after)]).collect())
}
