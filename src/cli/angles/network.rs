//! The network that is certified: an ONNX model, or weights of a network that is known by name.

use std::path::Path;

use anyhow::{Context, bail};
use ndarray::{ArrayD, Axis};

use crate::angle::{AngleError, Classifier, Propagation, margins_of};
use crate::model::{Affines, Basis, GroupVerdict, Model as File, Program, SymmetryGroup};
use crate::network::{Equivariance, Network, Weights, read_safetensors};
use crate::scalar::Affine;
use crate::signal::{FeatureType, GridGroup};
use crate::train::Model;
use crate::train::checkpoint::Checkpoint;

/// A network that tells classes apart.
pub(super) enum Classifies {
    /// One of this crate.
    Network(Box<Propagation>),
    /// One of a file, for samples of one shape.
    Program(Box<Program>),
}

impl Classifier for Classifies {
    fn margins(&self, sample: &ArrayD<Affine>, class: usize) -> Result<Vec<(usize, Affine)>, AngleError> {
        let program = match self {
            Classifies::Network(propagation) => return propagation.margins(sample, class),
            Classifies::Program(program) => program,
        };
        let shape = program.slots[program.inputs[0]].shape.clone();
        let wrong = |error: String| AngleError::Classifier(error);
        let input = sample.clone().insert_axis(Axis(0)).into_shape_with_order(shape);
        let input = input.map_err(|error| wrong(error.to_string()))?;
        let outputs = program.outputs(&Affines, &[input]).map_err(|error| wrong(error.to_string()))?;
        let scores: Vec<Affine> = outputs[0].iter().copied().collect();
        margins_of(&scores, class)
    }
}

/// A network, and whether it is known to be invariant under quarter turns.
pub(super) struct Read {
    pub(super) classifier: Classifies,
    pub(super) is_invariant: bool,
}

/// Reads a network for images of this shape, with so many classes.
///
/// # Errors
/// If it cannot be read, or does not take such images.
pub(super) fn read(
    path: &Path,
    name: Option<Model>,
    sample: &[usize],
    classes: usize,
    asks_turns: bool,
) -> anyhow::Result<Read> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ending.eq_ignore_ascii_case("onnx") {
        if name.is_some() {
            bail!("--model names the network of weights; {} tells its own", path.display());
        }
        return of_file(path, sample, asks_turns);
    }
    let (network, weights) = if ending.eq_ignore_ascii_case("safetensors") {
        let Some(model) = name else {
            bail!("{}: say with --model which network these weights are of", path.display());
        };
        let network = model.network(classes);
        let weights = read_safetensors(&network, path)?;
        (network, weights)
    } else {
        of_checkpoint(path, classes)?
    };
    let input = [&[1], sample].concat();
    let image = FeatureType::trivial(&GridGroup::c4(), sample[0]);
    let is_invariant =
        Equivariance::of(&network, &input, &image).is_ok_and(|argument| argument.is_invariant());
    let propagation = Propagation::new(&network, &weights)
        .with_context(|| format!("{} is not for images of shape {sample:?}", path.display()))?;
    Ok(Read { classifier: Classifies::Network(Box::new(propagation)), is_invariant })
}

fn of_file(path: &Path, sample: &[usize], asks_turns: bool) -> anyhow::Result<Read> {
    let model = File::read(path)?;
    let [input] = model.inputs() else {
        bail!("{}: expected a model with one input, found {}", path.display(), model.inputs().len());
    };
    let shape = [&[1], sample].concat();
    let program = model.program(&[(&input.name, &shape)])?;
    let mut is_invariant = false;
    if asks_turns {
        let report = model.prove().input(&input.name, shape).under(SymmetryGroup::Rot90).check()?;
        is_invariant = report.group(SymmetryGroup::Rot90).is_some_and(|group| {
            group.verdict == GroupVerdict::Invariant && group.basis == Some(Basis::Proved)
        });
    }
    Ok(Read { classifier: Classifies::Program(Box::new(program)), is_invariant })
}

/// What a training would export.
fn of_checkpoint(path: &Path, classes: usize) -> anyhow::Result<(Network, Weights)> {
    let checkpoint = Checkpoint::read(path).with_context(|| {
        format!("{}: expected .onnx, .safetensors, or a checkpoint of a training", path.display())
    })?;
    let name = checkpoint.text("architecture")?;
    let Some(model) = Model::ALL.into_iter().find(|model| model.name() == name) else {
        bail!("{}: its network {name:?} is not known by name", path.display());
    };
    let network = model.network(classes);
    checkpoint.check_architecture(&crate::train::checkpoint::Architecture::new(name, &network))?;
    let trained = ["early_stopping.parameters", "average.trained.values", "weights.trained"];
    let running = ["early_stopping.running", "average.running.values", "weights.running"];
    let mut weights = Weights::initial(&network, model.recipe(1).initialisation, 0);
    let known =
        |names: &[&'static str; 3]| names.iter().copied().find(|name| checkpoint.single(name).is_ok());
    let (Some(trained), Some(running)) = (known(&trained), known(&running)) else {
        bail!("{}: a checkpoint without weights", path.display());
    };
    let (of_trained, of_running) = (weights.trained.len(), weights.running.len());
    weights.trained = checkpoint.single_of(trained, of_trained)?.to_vec();
    weights.running = checkpoint.single_of(running, of_running)?.to_vec();
    Ok((network, weights))
}
