//! `equivariant train`: trains a network on images, tests it after every epoch, and exports it.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array2, ArrayRef, Axis, Ix4};

use super::destination::{self, Destination};
use super::keeping::Keeper;
use super::limits;
use crate::executor::Executor;
use crate::network::onnx::export_onnx;
use crate::network::{Network, Plain, Summary, Weights, write_safetensors};
use crate::report::training::{Epoch, TrainingPage, TrainingRun, html, json};
use crate::train::data::{self, Splits};
use crate::train::inspection::{Inspection, Invariance};
use crate::train::{EpochRecord, Model, Recipe, StepRecord, Trainer, Training};

/// Built-in digits to train on, and to test with.
const DIGITS: (usize, usize) = (20_000, 5_000);
/// Turned images to train on, and to test with at most.
const ROTATED: (usize, usize) = (12_000, 50_000);

/// Trains a network to tell images apart, tests it after every epoch, and exports it.
///
/// Without --data it trains on built-in digits. Ctrl-C ends the training at the next step; with --checkpoint
/// nothing is lost then, and at most the current epoch if the process is killed. The network is exported when
/// the training is complete, not before. Exit code: 0 if the training came to its end, 1 if it was
/// interrupted, 2 on wrong use.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Images and labels: a folder with the four MNIST-format IDX files (gzipped or not), a folder of PNG
    /// pictures (train/CLASS/*.png, test/CLASS/*.png), or an npz archive or folder of npy files.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// The network.
    #[arg(long, value_name = "MODEL", default_value = Model::Lenet5.name(), value_parser = model_parser())]
    model: Model,

    /// Turn every image by a random angle first: the first 12,000 to train, up to 50,000 others to test.
    #[arg(long)]
    rotate: bool,

    /// Passes over the training set, up to a million [default: what suits the model].
    #[arg(long, value_name = "N", value_parser = limits::epochs::<usize>())]
    epochs: Option<usize>,

    /// Stop once the test has not improved for so many epochs, and keep the best weights.
    #[arg(long, value_name = "EPOCHS", value_parser = limits::epochs::<u64>())]
    patience: Option<u64>,

    /// Save the state here after every epoch, and when interrupted.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,

    /// Go on from the checkpoint, if there is one: with the same images, model, epochs and seed.
    #[arg(long, requires = "checkpoint")]
    resume: bool,

    /// Begin anew in place of the checkpoint that is there; without this and --resume it is left alone.
    #[arg(long, requires = "checkpoint", conflicts_with = "resume")]
    overwrite: bool,

    /// Write the trained network for other programs, by the ending of the name.
    #[arg(long, value_name = "FILE.onnx|FILE.safetensors")]
    export: Option<PathBuf>,

    /// Export the ordinary network that a group network is: expanded kernels, and numbers for each channel.
    /// ONNX files always hold that.
    #[arg(long, requires = "export")]
    plain: bool,

    /// The seed of everything random: the same seed gives the same weights, whatever the number of threads.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Threads, at most four for each that the machine runs at once [default: as many as it runs at once].
    #[arg(long, value_name = "N", value_parser = limits::at_least_one())]
    threads: Option<usize>,

    /// Write the results as JSON to a file, or to standard output (-) instead of the table.
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write the results as one self-contained page: curves, mistakes, what the features look for.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn model_parser() -> impl TypedValueParser<Value = Model> {
    PossibleValuesParser::new(Model::ALL.map(Model::name))
        .try_map(|name| Model::ALL.into_iter().find(|model| model.name() == name).ok_or("an unknown model"))
}

/// How a network is written.
#[derive(Clone, Copy)]
enum Format {
    Onnx,
    Safetensors,
}

impl Format {
    /// The format that a name asks for, of a file that can be written.
    fn of(path: &Path) -> anyhow::Result<Self> {
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("onnx") => Format::Onnx,
            Some("safetensors") => Format::Safetensors,
            _ => bail!(
                "cannot tell the format of {}: let the name end in .onnx or .safetensors",
                path.display()
            ),
        };
        destination::check(path).map(|()| format)
    }
}

/// Runs the command, and prints the table on `output`. Returns whether the training came to its end.
///
/// # Errors
/// On wrong use, and where data cannot be read or output not be written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { json, html, checkpoint, export, .. } = arguments;
    destination::check_distinct(&[
        ("--checkpoint", checkpoint.as_ref()),
        ("--export", export.as_ref()),
        ("--json", json.as_ref()),
        ("--html", html.as_ref()),
    ])?;
    let json_to = json.as_deref().map(Destination::open).transpose()?;
    let html_to = html.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let export = export.as_deref().map(|path| Format::of(path).map(|format| (path, format))).transpose()?;
    let open = |path: &PathBuf| Keeper::open(path, arguments.resume, arguments.overwrite);
    let mut keeper = checkpoint.as_ref().map(open).transpose()?;
    let quiet = matches!(json_to, Some(Destination::Standard));
    let mut say = |line: &str| if quiet { Ok(()) } else { destination::print(output, &format!("{line}\n")) };

    let (threads, fewer) = limits::threads(arguments.threads);
    if let Some(line) = fewer {
        eprintln!("equivariant: {line}");
    }

    let sets = load(arguments)?;
    let network = arguments.model.network(sets.train.classes());
    let epochs = arguments.epochs.unwrap_or(arguments.model.epochs());
    let mut recipe = arguments.model.recipe(epochs);
    recipe.patience = arguments.patience;
    let name = arguments.model.name();
    let mut trainer = Trainer::new(&network, &sets.train)
        .name(name)
        .recipe(recipe.clone())
        .seed(arguments.seed)
        .threads(threads)
        .begin()?;
    if let Some(keeper) = &mut keeper {
        keeper.resume(&mut trainer, &sets.test)?;
    }

    say(&sets.origin)?;
    say(&format!(
        "{} images to train, {} to test, seed {}",
        sets.train.len(),
        sets.test.len(),
        arguments.seed
    ))?;
    say(&Summary::new(&network, &sets.train.shape())?.to_string())?;
    for (name, value) in recipe.lines() {
        say(&format!("{name:>20}  {value}"))?;
    }
    say(&format!("\n{:>6} {:>9} {:>12} {:>9} {:>10}", "epoch", "seconds", "images/s", "loss", "mistakes"))?;
    let images = trainer.steps() * trainer.batch();
    let row = |record: &EpochRecord| {
        let EpochRecord { epoch, seconds, train_loss, test_mistakes } = record;
        let speed = images as f64 / seconds;
        format!("{epoch:>6} {seconds:>9.2} {speed:>12.0} {train_loss:>9.4} {test_mistakes:>10}")
    };
    for record in trainer.history() {
        say(&row(record))?;
    }
    let first = Weights::initial(&network, recipe.initialisation, arguments.seed);
    let finished = train(keeper.as_ref(), &mut trainer, &sets, epochs, &mut |record| say(&row(record)))?;

    let weights = trainer.result();
    let mistakes = trainer.evaluate(&weights, &sets.test).mistakes;
    if let Some((path, format)) = export.filter(|_| finished) {
        match format {
            Format::Onnx => export_onnx(&network, &weights, &sets.train.shape(), path)?,
            Format::Safetensors if arguments.plain => {
                write_safetensors(&Plain::at_inference(&network)?.weights(&weights)?, path)?;
            }
            Format::Safetensors => write_safetensors(&weights, path)?,
        }
    }
    let run = TrainingRun {
        model: name.to_owned(),
        data: sets.origin.clone(),
        parameters: network.trained_parameters(),
        train_samples: sets.train.len(),
        test_samples: sets.test.len(),
        seed: arguments.seed,
        threads,
        epochs: trainer.history().iter().map(|record| epoch_of(record, images)).collect(),
        train_seconds: trainer.seconds(),
        test_mistakes: mistakes,
        finished,
    };
    say(&format!(
        "\n{mistakes} mistakes on {} images ({:.2} %) after {:.1} s of training",
        run.test_samples,
        100.0 * run.test_error(),
        run.train_seconds
    ))?;
    let is_shown = !quiet || html_to.is_some();
    let symmetry =
        if is_shown { symmetry(&network, &first, &weights, &sets.test.images())? } else { Vec::new() };
    for line in &symmetry {
        say(line)?;
    }
    if let Some(destination) = json_to {
        destination.write(&json::run(&run)?)?;
    }
    if let Some(destination) = html_to {
        let page = page(run, &network, &weights, &recipe, &sets, symmetry)?;
        destination.write(&html::page(&page).context("cannot draw the page")?)?;
    }
    if !finished {
        eprintln!("{}", interruption(keeper.as_ref().map(Keeper::path), arguments.export.as_deref()));
    }
    Ok(finished)
}

/// What an interrupted training leaves.
fn interruption(checkpoint: Option<&Path>, export: Option<&Path>) -> String {
    let mut line = match checkpoint {
        Some(path) => format!("interrupted: go on with --checkpoint {} --resume", path.display()),
        None => "interrupted: the weights are lost, which --checkpoint FILE would have kept".to_owned(),
    };
    if let Some(path) = export {
        line += &format!("; {} was not written, as the training is not complete", path.display());
    }
    line
}

fn epoch_of(record: &EpochRecord, images: usize) -> Epoch {
    let &EpochRecord { epoch, seconds, train_loss, test_mistakes } = record;
    Epoch { epoch, seconds, train_loss, test_mistakes, images_per_second: images as f64 / seconds }
}

/// What the page shows: the trained network looked at on the test images.
fn page(
    run: TrainingRun,
    network: &Network,
    weights: &Weights,
    recipe: &Recipe,
    sets: &Splits,
    symmetry: Vec<String>,
) -> anyhow::Result<TrainingPage> {
    let shape = sets.test.shape();
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
    let inspection = Inspection::new(network, weights, &sets.test.images(), sets.test.labels(), &predict)?;
    let summary = Summary::new(network, &shape)?;
    Ok(TrainingPage { run, summary, recipe: recipe.lines(), inspection, symmetry })
}

/// What is proved and measured of the invariance under the symmetries of the square, before and after
/// training.
fn symmetry(
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
            "{when} training quarter turns change the scores by {:.1e} and reflections by {:.1e} of their \
             size, rounding by {:.1e}",
            of.turns, of.reflections, of.noise
        )
    };
    let before = Invariance::of(network, first, images)?.map(|before| change("before", &before));
    Ok([proof].into_iter().chain(before).chain([change("after", &after)]).collect())
}

fn load(arguments: &Arguments) -> anyhow::Result<Splits> {
    let sets = match &arguments.data {
        Some(path) => data::load(path)?,
        None => data::digit_splits(DIGITS.0, DIGITS.1, arguments.seed)?,
    };
    if !arguments.rotate {
        return Ok(sets);
    }
    let count = ROTATED.0.min(sets.train.len());
    Ok(data::rotated(&sets, count, ROTATED.1, arguments.seed)?.splits)
}

/// Trains until the end, or until Ctrl-C. Returns whether it came to the end.
fn train(
    keeper: Option<&Keeper>,
    trainer: &mut Training<'_>,
    sets: &Splits,
    epochs: usize,
    tell: &mut dyn FnMut(&EpochRecord) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot watch for Ctrl-C")?;
    let bar = progress(trainer.steps() * epochs);
    let (start, before) = (Instant::now(), trainer.history().len() * trainer.steps());
    let (steps, batch) = (trainer.steps(), trainer.batch());
    while !trainer.is_finished() {
        let record = trainer.epoch(&sets.test, &mut |report: StepRecord| {
            let done = (report.epoch - 1) * steps + report.steps.0;
            bar.set_position(done as u64);
            if report.steps.0.is_multiple_of(16) {
                let speed = ((done - before.min(done)) * batch) as f64 / start.elapsed().as_secs_f64();
                bar.set_message(format!(
                    "epoch {}, loss {:.4}, {:.2} % right, {speed:.0} images/s",
                    report.epoch,
                    report.loss,
                    100.0 * (1.0 - report.mistakes)
                ));
            }
            if interrupted.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if let Some(keeper) = keeper {
            keeper.keep(trainer, &sets.test)?;
        }
        if let Some(record) = &record {
            bar.suspend(|| tell(record))?;
        }
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(trainer.is_finished())
}

/// A bar on standard error, where that is a terminal.
fn progress(steps: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30.green} {msg}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
