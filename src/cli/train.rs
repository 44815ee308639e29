//! `equivariant train`: trains a network on images, tests it after every epoch, and exports it.

mod looks;
mod sets;

use std::io::{IsTerminal, Write, sink};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};

use looks::{page, symmetry};
use sets::Sets;

use super::destination::{self, Destination};
use super::keeping::Keeper;
use super::{limits, ranks};
use crate::network::onnx::export_onnx;
use crate::network::{Plain, Summary, Weights, write_safetensors};
use crate::report::training::{Epoch, TrainingRun, html, json};
use crate::train::{EpochRecord, Exchange, Model, StepRecord, Training};

/// Trains a network to tell images apart, tests it after every epoch, and exports it.
///
/// Without --data it trains on built-in digits. Ctrl-C ends the training at the next step; with --checkpoint
/// nothing is lost then, and at most the current epoch if the process is killed. The network is exported when
/// the training is complete, not before. Exit code: 0 if the training came to its end, 1 if it was
/// interrupted, 2 on wrong use.
///
/// Built with the feature mpi, `mpirun -n R equivariant train …` trains on R processes, which share each
/// batch; the weights are the same bits for any number of them. The first prints, exports and keeps the
/// checkpoint.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// Images and labels: a folder with the four MNIST-format IDX files (gzipped or not), a folder of PNG
    /// pictures (train/CLASS/*.png, test/CLASS/*.png), or an npz archive or folder of npy files.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Leave the images to train on in their files, and read each when a step needs it: for sets that do not
    /// fit in memory. For plain IDX files and npy files.
    #[arg(long, requires = "data", conflicts_with = "rotate")]
    stream: bool,

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

    /// The seed of everything random: the same seed gives the same weights, whatever the number of threads
    /// and processes.
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

pub(super) fn model_parser() -> impl TypedValueParser<Value = Model> {
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
    ranks::run(|exchange| match exchange.rank() {
        0 => run_rank(arguments, output, exchange),
        // Nobody but the first writes anything.
        _ => {
            let arguments =
                Arguments { json: None, html: None, checkpoint: None, export: None, ..arguments.clone() };
            run_rank(&arguments, &mut sink(), exchange)
        }
    })
}

/// Runs the command as one of several processes.
fn run_rank(
    arguments: &Arguments,
    output: &mut impl Write,
    exchange: &Arc<dyn Exchange>,
) -> anyhow::Result<bool> {
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

    let sets = Sets::load(arguments)?;
    let network = arguments.model.network(sets.train.classes());
    let epochs = arguments.epochs.unwrap_or(arguments.model.epochs());
    let mut recipe = arguments.model.recipe(epochs);
    recipe.patience = arguments.patience;
    let name = arguments.model.name();
    let mut trainer = sets
        .train
        .trainer(&network)
        .name(name)
        .recipe(recipe.clone())
        .seed(arguments.seed)
        .threads(threads)
        .exchange(Arc::clone(exchange))
        .begin()?;
    match &mut keeper {
        Some(keeper) => keeper.resume(&mut trainer, &sets.test)?,
        None => trainer.resume_together(None)?,
    }
    let (rank, processes) = trainer.rank();

    say(&sets.origin)?;
    say(&format!(
        "{} images to train, {} to test, seed {}",
        sets.train.len(),
        sets.test.len(),
        arguments.seed
    ))?;
    if processes > 1 {
        say(&format!("{processes} processes of {threads} threads share each batch of {}", trainer.batch()))?;
    }
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
    if rank > 0 {
        return Ok(finished);
    }
    let interruption = interruption(keeper.as_ref().map(Keeper::path), arguments.export.as_deref());
    // A launcher gives little time between the signal and the end.
    if !finished && processes > 1 {
        eprintln!("{interruption}");
    }
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
        let page = page(run, &network, &weights, &recipe, &sets.test, symmetry)?;
        destination.write(&html::page(&page).context("cannot draw the page")?)?;
    }
    if !finished && processes == 1 {
        eprintln!("{interruption}");
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

/// Trains until the end, or until Ctrl-C. Returns whether it came to the end.
fn train(
    keeper: Option<&Keeper>,
    trainer: &mut Training<'_>,
    sets: &Sets,
    epochs: usize,
    tell: &mut dyn FnMut(&EpochRecord) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let has_ended = Arc::new(AtomicBool::new(false));
    let (flag, end, rank) = (Arc::clone(&interrupted), Arc::clone(&has_ended), trainer.rank());
    let checkpoint = keeper.map(|keeper| keeper.path().to_owned());
    let handler = move || {
        flag.store(true, Ordering::Relaxed);
        ranks::watch(rank, &end, checkpoint.as_deref());
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")?;
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
        // All ranks end at the same step.
        if record.is_none() || trainer.is_any(interrupted.load(Ordering::Relaxed)) {
            break;
        }
    }
    has_ended.store(true, Ordering::Relaxed);
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
