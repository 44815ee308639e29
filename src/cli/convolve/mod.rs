//! `equivariant convolve`: convolutions of signals in files, which need not fit in memory.

mod blocks;
mod engine;
mod output;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ndarray::ArrayD;

use self::blocks::Geometry;
use self::engine::Engine;
use self::output::Output;
use super::destination;
use super::limits;
use super::npy::open_rows;
use super::progress::bar;
use super::shard::Digest;
use crate::conv::{Extent, Operation};
use crate::simd::Element;
use crate::train::data::NpyFile;

/// Bytes of a megabyte.
const MEGABYTE: usize = 1 << 20;

/// Convolves the signal in one NumPy file with the kernel in another, block by block (overlap-save), in
/// bounded memory; as SciPy's convolve(signal, kernel).
///
/// A signal of one axis takes a kernel of one. Of a signal of two axes, a kernel of one is convolved with
/// each row, and a kernel of two with the whole. The result is of f32 if both files are of f32 or f16, else
/// of f64. What an interrupted run has done stays beside the result, and the same command goes on with it.
///
/// Exit code: 0, or 2 on wrong use or if a file cannot be read or written.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The kernel, an .npy file.
    #[arg(long, value_name = "K.npy")]
    kernel: PathBuf,

    /// The signal, an .npy file of one axis or two.
    #[arg(long, value_name = "S.npy")]
    signal: PathBuf,

    /// Where the result goes, an .npy file.
    #[arg(long, value_name = "O.npy")]
    out: PathBuf,

    /// Which entries: wherever kernel and signal overlap, as many as the signal has, or where the kernel
    /// lies inside the signal.
    #[arg(long, value_name = "EXTENT", default_value = "full", value_parser = extent())]
    extent: Extent,

    /// Do not flip the kernel.
    #[arg(long)]
    correlate: bool,

    /// Megabytes of memory for blocks, transforms and the kernel.
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    memory: u32,

    /// Threads to use, at most four for each that the machine runs at once; without it, as many as it runs.
    /// The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = limits::at_least_one())]
    threads: Option<usize>,
}

fn extent() -> impl clap::builder::TypedValueParser<Value = Extent> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(["full", "same", "valid"]).map(|name| match name.as_str() {
        "same" => Extent::Same,
        "valid" => Extent::Valid,
        _ => Extent::Full,
    })
}

/// Runs the command, and prints a line on `output`. Always as expected.
///
/// # Errors
/// On wrong use, and if a file cannot be read or written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { kernel, signal, out, .. } = arguments;
    destination::check_distinct(&[
        ("--kernel", Some(kernel)),
        ("--signal", Some(signal)),
        ("--out", Some(out)),
    ])?;
    destination::check(out)?;
    let (threads, fewer) = limits::threads(arguments.threads);
    if let Some(line) = fewer {
        eprintln!("equivariant: {line}");
    }
    let (mut kernel, mut signal) = (NpyFile::open(kernel)?, open_rows(signal)?);
    let operation = if arguments.correlate { Operation::Correlation } else { Operation::Convolution };
    let geometry = Geometry::new(operation, kernel.shape(), signal.shape(), arguments.extent)?;
    let memory = arguments.memory as usize * MEGABYTE;
    let weights = read_kernel(&mut kernel, memory, &arguments.kernel)?;
    let task = Task { geometry, weights, memory, threads, path: out };
    let line = match kernel.is_single() && signal.is_single() {
        true => task.run::<f32>(&mut signal, &mut |_| Ok(()))?,
        false => task.run::<f64>(&mut signal, &mut |_| Ok(()))?,
    };
    destination::print(output, &line)?;
    Ok(true)
}

/// A convolution with everything but its signal.
struct Task<'a> {
    geometry: Geometry,
    weights: ArrayD<f64>,
    /// Bytes.
    memory: usize,
    threads: usize,
    /// Of the result.
    path: &'a Path,
}

impl Task<'_> {
    /// Computes what is not yet there. `after` is told after each block how many there are.
    ///
    /// # Errors
    /// If a file cannot be read or written, and what `after` returns.
    fn run<T: Element + Into<f64> + Send + Sync>(
        &self,
        signal: &mut NpyFile,
        after: &mut (dyn FnMut(usize) -> anyhow::Result<()> + Send),
    ) -> anyhow::Result<String> {
        let Task { geometry, weights, memory, path, .. } = self;
        let engine = Engine::<T>::new(geometry, &weights.mapv(T::rounded), *memory)?;
        let shape = geometry.output_shape();
        // Whatever the bits of the result depend on.
        let digest = Digest::default()
            .bytes(format!("{} {geometry:?}", env!("CARGO_PKG_VERSION")).as_bytes())
            .bytes(format!("{:?} {}", engine.blocks(), engine.plan().explanation()).as_bytes())
            .bytes(signal.state().as_bytes())
            .array(weights)
            .finish();
        let mut output = Output::open(path, &shape, size_of::<T>(), digest)?;
        let (blocks, before) = (engine.blocks().len(), output.done());
        let progress = bar(blocks as u64, "blocks, {elapsed}, {eta} to go");
        progress.set_position(before as u64);
        let threads = self.threads.min(engine.threads());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let ended = pool.install(|| {
            engine.run(signal, &mut output, &mut |done| {
                progress.set_position(done as u64);
                after(done)
            })
        });
        if let Err(error) = ended {
            // What is done need not be done again; what went wrong counts more than that it cannot be noted.
            let _noted = output.save();
            return Err(error);
        }
        output.finish()?;
        progress.finish_and_clear();
        let resumed = if before > 0 { format!(", {before} of them before") } else { String::new() };
        let (path, method) = (path.display(), engine.plan().method_name());
        Ok(format!("{path}: shape {shape:?}, {blocks} blocks by {method}{resumed}\n"))
    }
}

/// # Errors
/// If it cannot be read, or takes more than a part of the memory.
fn read_kernel(file: &mut NpyFile, memory: usize, path: &Path) -> anyhow::Result<ArrayD<f64>> {
    let shape = file.shape().to_vec();
    let taps: usize = shape.iter().product();
    if taps > memory / 4 / size_of::<f64>() {
        bail!("{}: {taps} taps do not fit; give more --memory", path.display());
    }
    if file.is_by_columns() {
        let [rows, columns] = shape[..] else { bail!("{}: expected one axis or two", path.display()) };
        let entries = file.read(0, taps, |entry| entry)?;
        let by_columns = ndarray::Array2::from_shape_vec((columns, rows), entries)?;
        return Ok(by_columns.t().as_standard_layout().into_owned().into_dyn());
    }
    ArrayD::from_shape_vec(shape, file.read(0, taps, |entry| entry)?).context("cannot arrange the kernel")
}

#[cfg(test)]
mod tests;
