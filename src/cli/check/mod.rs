//! `equivariant check`: the symmetries of trained models.

mod cases;
mod part;
pub(super) mod tiles;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ndarray::ArrayD;
use serde_json::json as object;

use self::cases::{Case, cases};
use self::part::Part;
use super::destination::{self, Destination};
use super::shard::Shard;
use crate::file::replace;
use crate::model::{GroupVerdict, Model, ModelReport, Question, SymmetryGroup};
use crate::report::symmetry::{certificate, html, json, terminal};
use crate::train::data::{load_samples, samples_of_shape};

/// The width of the table where there is no terminal to fit.
const COLUMNS: usize = 100;
/// Samples that are used at most.
const MOST_SAMPLES: usize = 16;

/// Proves which symmetries a trained model has, for all inputs; or refutes them, and tells where they break.
///
/// Exit code: 0 if everything is as expected or nothing was expected, 1 if an expectation failed, 2 on wrong
/// use or if the model cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model, an ONNX file; or several, which are judged one after the other.
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,

    /// The shape of an input that the file leaves open, as in image=1,3,64,64; may be repeated, also with
    /// other shapes of the same input, each of which is judged.
    #[arg(long = "input", value_name = "NAME=SHAPE", value_parser = input)]
    inputs: Vec<(String, Vec<usize>)>,

    /// A group: rot90, rot180, flip (every reflection), flip:AXIS, d4, translate, permute:AXIS or cube; may
    /// be repeated. Without it, whatever the shape of the input admits.
    #[arg(long = "group", value_name = "GROUP", value_parser = group)]
    groups: Vec<SymmetryGroup>,

    /// Samples for the first input: a PNG picture, an .npy or .npz file, or a folder of them.
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,

    /// What has to come out, as in rot90=invariant: invariant, equivariant or broken; may be repeated.
    #[arg(long = "expect", value_name = "GROUP=VERDICT", value_parser = expectation)]
    expectations: Vec<(SymmetryGroup, GroupVerdict)>,

    /// Show what every layer does.
    #[arg(long)]
    per_layer: bool,

    /// Bound the error in floats for inputs with entries from −R to R.
    #[arg(long = "box", value_name = "R", value_parser = reach)]
    reach: Option<f64>,

    /// Random keys of a proof; by default as many as bring its probability of error below 2^-40.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(1..=16))]
    keys: Option<u8>,

    /// Write the model with weights that are symmetric exactly.
    #[arg(long, value_name = "OUT.onnx")]
    mend: Option<PathBuf>,

    /// Write the permutation of each tensor, for `equivariant certify`; of the mended model where --mend is
    /// given.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,

    /// Also find whether the model can be run on tiles of an image, and which halo is enough.
    #[arg(long)]
    tiles: bool,

    /// The size of a tile, as in 256x256 or 256, for which that is proved; by default the least.
    #[arg(long, value_name = "SIZE", requires = "tiles", value_parser = tiles::size)]
    tile: Option<tiles::Size>,

    /// The size of an image, as in 4096x3072, for which a plan is made.
    #[arg(long, value_name = "SIZE", requires = "tiles", value_parser = tiles::size)]
    image: Option<tiles::Size>,

    /// Judge only the Ith of N parts of all groups of all models and shapes, which take about alike long;
    /// `equivariant merge` puts their JSON together.
    #[arg(
        long,
        value_name = "I/N",
        requires = "json",
        conflicts_with_all = ["mend", "certificate", "html"]
    )]
    shard: Option<Shard>,

    /// Write the results as JSON to a file, or to standard output (-) instead of the table.
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write the results as one self-contained page with pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// The seed of the inputs on which the model is measured.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn input(text: &str) -> Result<(String, Vec<usize>), String> {
    let (name, shape) = text.rsplit_once('=').ok_or("expected NAME=SHAPE, as in image=1,3,64,64")?;
    let shape = shape.trim_matches(['[', ']', '(', ')']);
    let extents = shape
        .split([',', 'x'])
        .map(|extent| extent.trim().parse().map_err(|_| format!("{extent:?} is no extent")));
    Ok((name.to_owned(), extents.collect::<Result<_, _>>()?))
}

fn group(text: &str) -> Result<SymmetryGroup, String> {
    text.parse()
}

fn expectation(text: &str) -> Result<(SymmetryGroup, GroupVerdict), String> {
    let (name, verdict) = text.split_once('=').ok_or("expected GROUP=VERDICT, as in rot90=invariant")?;
    let verdict = match verdict {
        "invariant" => GroupVerdict::Invariant,
        "equivariant" => GroupVerdict::Equivariant,
        "broken" => GroupVerdict::Broken,
        other => return Err(format!("{other:?} is none of invariant, equivariant, broken")),
    };
    Ok((name.parse()?, verdict))
}

fn reach(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(reach) if f64::is_finite(reach) && reach >= 0.0 => Ok(reach),
        _ => Err(format!("{text:?} is no size of a box")),
    }
}

/// Runs the command. Returns whether everything came out as expected.
///
/// # Errors
/// On wrong use, if the model or the data cannot be read, and where output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { mend, certificate, json, html, .. } = arguments;
    let files = [("--mend", mend), ("--certificate", certificate), ("--json", json), ("--html", html)];
    destination::check_distinct(&files.map(|(option, path)| (option, path.as_ref())))?;
    let json_to = json.as_deref().map(Destination::open).transpose()?;
    let mut html_to = html.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let mut certificate_to =
        certificate.as_deref().map(|path| Destination::open_file("--certificate", path)).transpose()?;
    if let Some(path) = mend {
        destination::check(path)?;
    }
    let cases = cases(&arguments.models, &arguments.inputs);
    let alone = [("--mend", mend), ("--certificate", certificate), ("--html", html)];
    if let (true, Some((option, _))) = (cases.len() > 1, alone.iter().find(|(_, path)| path.is_some())) {
        bail!("{option} is for one model with one shape, not for {}", cases.len());
    }
    let samples = arguments.data.as_deref().map(load_samples).transpose()?;
    let samples = samples.as_deref();
    let is_json_on_standard_output = matches!(json_to, Some(Destination::Standard));
    let columns = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| width.0.into());
    let part = arguments.shard.map(|shard| Part::of(arguments, &cases, samples, shard)).transpose()?;
    let (mut as_expected, mut documents) = (true, Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let groups = part.as_ref().map(|part| part.groups(number));
        if groups.as_ref().is_some_and(Option::is_none) {
            continue;
        }
        let model = Model::read(&case.model)?;
        let report = judge(arguments, case, &model, samples, groups.flatten().as_deref())?;
        let asks = arguments.tiles && part.as_ref().is_none_or(|part| part.has_first(number));
        let tiles = if asks { Some(tiles::find(arguments, case, &model)?) } else { None };
        let tiles = tiles.as_ref();
        let expectations: Vec<(String, GroupVerdict, bool)> = arguments
            .expectations
            .iter()
            .filter_map(|&(group, expected)| {
                // Every group that something is expected of is judged, here or in another shard.
                let agrees = report.group(group)?.agrees(expected);
                Some((group.to_string(), expected, agrees))
            })
            .collect();
        if !is_json_on_standard_output {
            destination::print(output, &terminal::table(&report, tiles, &expectations, columns))?;
        }
        for (name, expected, agrees) in &expectations {
            as_expected &= agrees;
            if !agrees && is_json_on_standard_output {
                anstream::eprintln!("{}: {name} was expected to be {expected}", case.model.display());
            }
        }
        documents.push(json::value(&report, tiles));
        if let [_] = &cases[..] {
            if let Some(destination) = html_to.take() {
                destination.write(&html::page(&report, tiles)?)?;
            }
            write_models(arguments, case, &model, certificate_to.take())?;
        }
    }
    if let Some(destination) = json_to {
        let document = match (&cases[..], documents.pop()) {
            ([_], Some(only)) => only,
            ([_], None) => object!({}),
            (_, last) => json::documents(documents.into_iter().chain(last).collect()),
        };
        destination.write(&match &part {
            Some(part) => part.mark(as_expected).stamped(document)?,
            None => serde_json::to_string_pretty(&document)? + "\n",
        })?;
    }
    Ok(as_expected)
}

/// Writes the mended model, and a certificate.
fn write_models(
    arguments: &Arguments,
    case: &Case,
    model: &Model,
    certificate_to: Option<Destination>,
) -> anyhow::Result<()> {
    let mended = match &arguments.mend {
        Some(path) => Some(write_mended(arguments, case, model, path)?),
        None => None,
    };
    if let Some(destination) = certificate_to {
        let certified = question(arguments, case, mended.as_ref().unwrap_or(model)).certificate()?;
        destination.write(&certificate::write(&certified)?)?;
    }
    Ok(())
}

/// The question about a model with the groups that the options name.
fn question<'m>(arguments: &Arguments, case: &Case, model: &'m Model) -> Question<'m> {
    let mut groups = arguments.groups.clone();
    if !groups.is_empty() {
        groups.extend(arguments.expectations.iter().map(|&(group, _)| group));
    }
    question_about(arguments, case, model, &groups)
}

/// The question about these groups, or about those that the shape suggests if there are none.
fn question_about<'m>(
    arguments: &Arguments,
    case: &Case,
    model: &'m Model,
    groups: &[SymmetryGroup],
) -> Question<'m> {
    let mut question = model.prove().seed(arguments.seed);
    for (name, shape) in &case.inputs {
        question = question.input(name, shape.clone());
    }
    for &group in groups {
        question = question.under(group);
    }
    if let Some(keys) = arguments.keys {
        question = question.keys(keys.into());
    }
    question
}

/// The question about all groups that are judged: also those of which something is expected.
fn whole_question<'m>(arguments: &Arguments, case: &Case, model: &'m Model) -> Question<'m> {
    let question = question(arguments, case, model);
    match arguments.groups.is_empty() {
        true => question.also(arguments.expectations.iter().map(|&(group, _)| group)),
        false => question,
    }
}

fn judge(
    arguments: &Arguments,
    case: &Case,
    model: &Model,
    samples: Option<&[ArrayD<f64>]>,
    groups: Option<&[SymmetryGroup]>,
) -> anyhow::Result<ModelReport> {
    let mut question = match groups {
        Some(groups) => question_about(arguments, case, model, groups),
        None => whole_question(arguments, case, model),
    };
    if let Some(reach) = arguments.reach {
        question = question.within(reach);
    }
    if arguments.per_layer {
        question = question.per_layer();
    }
    if arguments.html.is_some() {
        question = question.shift_maps();
    }
    if let (Some(path), Some(arrays)) = (&arguments.data, samples) {
        let shape = question.shape()?;
        let samples: Vec<_> = samples_of_shape(arrays, &shape).into_iter().take(MOST_SAMPLES).collect();
        if samples.is_empty() {
            let found: Vec<String> =
                arrays.iter().take(3).map(|array| format!("{:?}", array.shape())).collect();
            bail!("{}: expected samples of the shape {shape:?}, found {}", path.display(), found.join(", "));
        }
        question = question.samples(samples);
    }
    Ok(question.check()?)
}

/// Writes the mended model, and reads it again.
fn write_mended(arguments: &Arguments, case: &Case, model: &Model, path: &Path) -> anyhow::Result<Model> {
    let told = || format!("cannot read {}", case.model.display());
    let bytes = std::fs::read(&case.model).with_context(told)?;
    let mended = question(arguments, case, model).mended(&bytes)?;
    if mended == bytes {
        anstream::eprintln!("nothing to mend: {} is a copy", path.display());
    }
    replace(path, &mended).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Model::read(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        assert_eq!(input("x:0=1,3,8,8").unwrap(), ("x:0".to_owned(), vec![1, 3, 8, 8]));
        assert_eq!(input("x=[1x2]").unwrap().1, [1, 2]);
        assert!(input("x").is_err() && input("x=1,a").is_err());
        assert_eq!(
            expectation("permute:1=invariant").unwrap(),
            (SymmetryGroup::Permute(1), GroupVerdict::Invariant)
        );
        assert!(expectation("rot90=proved").is_err() && expectation("rot90").is_err());
        assert!(reach("-1").is_err() && reach("inf").is_err() && reach("0.5").is_ok());
    }
}
