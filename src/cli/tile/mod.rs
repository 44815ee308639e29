//! `equivariant tile`: a model on tiles of an image, with the result of the whole.

mod image;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use ndarray::ArrayD;

use self::image::{Image, Stitched};
use super::check::tiles::{Size, for_axes, size};
use super::destination;
use super::progress::bar;
use crate::model::{
    Bounds, ElementType, Extent, JudgeError, Model, ModelError, Refusal, TileQuestion, TileReport, TileRunner,
};
use crate::report::text::extents;
use crate::scalar::Bounded;

/// Extents that are tried where the file leaves an axis open.
const EXTENTS: [usize; 3] = [32, 64, 224];
/// Entries of an image for which the bound of the whole is computed where bits differ.
const MOST_BOUNDED: usize = 1 << 20;

/// Runs a model on tiles of an image, in memory that the tile bounds, with the result that it has on the
/// whole: for all images, as `equivariant check --tiles` proves first.
///
/// Exit code: 0, 1 if `--check` finds a difference that rounding does not explain, 2 on wrong use, if a file
/// cannot be read or written, or if the model cannot be run in tiles.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model, an ONNX file with one input.
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// The image: a PNG picture, or an .npy file of (channels, space…), as the model takes it.
    #[arg(long, value_name = "IMAGE")]
    image: PathBuf,

    /// The size of a tile, as in 512 or 256x512; it grows to the next that lies on the model's grid.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    tile: Size,

    /// Where the result goes, an .npy file.
    #[arg(long, value_name = "OUT.npy")]
    out: PathBuf,

    /// Also run the whole image at once, and compare.
    #[arg(long)]
    check: bool,

    /// Where the model cannot be run in tiles: do so all the same, with this halo. The result is an
    /// approximation, whose error `--check` measures.
    #[arg(long, value_name = "ENTRIES")]
    halo: Option<usize>,
}

/// Runs the command. Returns whether the whole image has the same result, as far as that was compared.
///
/// # Errors
/// On wrong use, if files cannot be read or written, and if the model cannot be run in tiles.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { image, out, .. } = arguments;
    destination::check_distinct(&[("--image", Some(image)), ("--out", Some(out))])?;
    destination::check(out)?;
    let model = Model::read(&arguments.model)?;
    let image = Image::open(image)?;
    let (question, report) = find(&model, &image)?;
    let mut runner = question.runner()?;
    let (mut image, size) = fitted(&runner, image, &arguments.image)?;
    let tile = for_axes("--tile", &arguments.tile, size.len())?;
    let (plan, about) = match (&report.tiling, &report.obstacle, arguments.halo) {
        (Some(tiling), ..) => {
            if arguments.halo.is_some() {
                bail!("--halo is for models that cannot be run in tiles; for this one the halo is proved");
            }
            let halo: Vec<String> =
                tiling.axes.iter().map(|axis| format!("{}+{}", axis.halo[0], axis.halo[1])).collect();
            let about = format!(
                "halo {}, the same as the whole for all images, wrong with probability at most 2^{}",
                halo.join(" × "),
                tiling.log2_failure.ceil()
            );
            (question.plan(tiling, &size, &tile)?, about)
        }
        (None, Some(obstacle), None) => {
            let at =
                obstacle.node.as_ref().map_or_else(String::new, |(node, op)| format!("node {node} ({op}): "));
            bail!(
                "{} cannot be run in tiles: {at}{}; --halo N for an approximation",
                arguments.model.display(),
                obstacle.reason
            )
        }
        (None, _, halo) => {
            let halo = halo.unwrap_or(0);
            (question.approximate(halo, &size, &tile)?, format!("halo {halo}, an approximation"))
        }
    };
    let element = runner.element()?;
    let bytes = if element == ElementType::Float64 { 8 } else { 4 };
    let mut stitched = Stitched::create(out, &plan.output, bytes)?;
    let bar = bar(plan.pieces.len() as u64, "tiles, {elapsed}, {eta} to go");
    for piece in &plan.pieces {
        let read = image.part(&places(&runner.shape(&size), runner.axes(), &piece.read))?;
        let given = runner.piece(&plan, piece, read)?;
        stitched.write(&places(&plan.output, &plan.axes, &piece.write), &given)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    stitched.finish()?;
    destination::print(
        output,
        &format!(
            "{}: shape {:?}, {} tiles of {}, {about}\n",
            out.display(),
            plan.output,
            plan.pieces.len(),
            extents(&plan.tile),
        ),
    )?;
    if !arguments.check {
        return Ok(true);
    }
    let (line, agrees) = compare(&mut runner, &mut image, &size, out, report.tiling.is_some())?;
    destination::print(output, &line)?;
    Ok(agrees)
}

/// What is found of a model whose input has the channels of this image.
fn find<'m>(model: &'m Model, image: &Image) -> anyhow::Result<(TileQuestion<'m>, TileReport)> {
    let Some(port) = model.inputs().first() else { bail!("expected a model with an input, found none") };
    let shape = port.shape.as_deref().unwrap_or(&[]);
    if shape.iter().all(|extent| matches!(extent, Extent::Fixed(_))) {
        let question = model.tiles();
        let report = question.find()?;
        return Ok((question, report));
    }
    let missing = shape.len().saturating_sub(image.shape().len());
    let mut first = None;
    for chosen in EXTENTS {
        let extents = shape.iter().enumerate().map(|(axis, extent)| match extent {
            Extent::Fixed(extent) => *extent,
            // Samples and channels are those of the image.
            _ if axis < 2 => axis.checked_sub(missing).map_or(1, |axis| image.shape()[axis]),
            _ => chosen,
        });
        let question = model.tiles().input(port.name.clone(), extents.collect::<Vec<_>>());
        match question.find() {
            Ok(report) => return Ok((question, report)),
            Err(error) => first = first.or(Some(error)),
        }
    }
    match first {
        Some(error) => Err(error.into()),
        None => bail!("expected a model with an image, found no size for one"),
    }
}

/// The image with the axes of the input, and its size.
fn fitted(runner: &TileRunner<'_>, image: Image, path: &Path) -> anyhow::Result<(Image, Vec<usize>)> {
    let axes = runner.axes();
    let found = image.shape().to_vec();
    let rank = runner.shape(&vec![1; axes.len()]).len();
    let image = image.with_axes(rank);
    let size: Vec<usize> = axes.iter().filter_map(|&axis| image.shape().get(axis).copied()).collect();
    if image.shape().len() != rank || image.shape() != runner.shape(&size) {
        let shape = runner.shape(&vec![0; axes.len()]);
        let extents = shape.iter().enumerate().map(|(axis, extent)| match axes.contains(&axis) {
            true => "any".to_owned(),
            false => extent.to_string(),
        });
        bail!(
            "{}: expected a shape [{}], found {found:?}",
            path.display(),
            extents.collect::<Vec<_>>().join(", ")
        );
    }
    Ok((image, size))
}

/// Places along some axes, and all of the others.
fn places(shape: &[usize], axes: &[usize], along: &[[usize; 2]]) -> Vec<[usize; 2]> {
    let mut all: Vec<[usize; 2]> = shape.iter().map(|&extent| [0, extent]).collect();
    axes.iter().zip(along).for_each(|(&axis, &part)| all[axis] = part);
    all
}

/// A line about the result of the whole image beside that of its tiles, and whether rounding explains what
/// differs.
fn compare(
    runner: &mut TileRunner<'_>,
    image: &mut Image,
    size: &[usize],
    out: &Path,
    is_exact: bool,
) -> anyhow::Result<(String, bool)> {
    let whole: Vec<[usize; 2]> = runner.shape(size).iter().map(|&extent| [0, extent]).collect();
    let whole = image.part(&whole)?;
    let expected = match runner.run(whole.clone()) {
        Ok(expected) => expected,
        Err(JudgeError::Model(ModelError::Node { refusal: Refusal::TooLarge { .. }, .. })) => {
            return Ok(("not compared: the whole image does not fit\n".to_owned(), true));
        }
        Err(error) => return Err(error.into()),
    };
    let mut file = Image::open(out)?;
    let all: Vec<[usize; 2]> = expected.shape().iter().map(|&extent| [0, extent]).collect();
    let found = file.part(&all)?;
    if found == expected {
        return Ok(("the same bits as the whole image\n".to_owned(), true));
    }
    let largest = |array: &ArrayD<f64>| array.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let difference = largest(&(&found - &expected));
    let line = format!(
        "differs from the whole image by up to {difference:e}, of values up to {:e}",
        largest(&expected)
    );
    if !is_exact {
        return Ok((line + "\n", true));
    }
    if whole.len() > MOST_BOUNDED {
        return Ok((line + "; too large for a bound of the rounding\n", true));
    }
    let element = runner.element()?;
    let program = runner.program(size)?;
    let outputs = program.outputs(&Bounds::of_machine(element), &[whole.mapv(Bounded::new)])?;
    // Both are within the bound of the same exact result.
    let bound = 2.0 * outputs[0].iter().map(Bounded::error).fold(0.0, f64::max);
    Ok((format!("{line}; rounding explains up to {bound:e}\n"), difference <= bound))
}
