//! `equivariant check`: the symmetries of a trained model.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::destination::{self, Destination};
use crate::file::replace;
use crate::model::{GroupVerdict, Model, ModelReport, SymmetryGroup};
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
    /// The model, an ONNX file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// The shape of an input that the file leaves open, as in image=1,3,64,64; may be repeated.
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
    let html_to = html.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let certificate_to =
        certificate.as_deref().map(|path| Destination::open_file("--certificate", path)).transpose()?;
    if let Some(path) = mend {
        destination::check(path)?;
    }
    let model = Model::read(&arguments.model)?;
    let report = judge(arguments, &model)?;
    let expectations: Vec<(String, GroupVerdict, bool)> = arguments
        .expectations
        .iter()
        .map(|&(group, expected)| {
            let agrees = report.group(group).is_some_and(|found| found.agrees(expected));
            (group.to_string(), expected, agrees)
        })
        .collect();
    let is_json_on_standard_output = matches!(json_to, Some(Destination::Standard));
    if !is_json_on_standard_output {
        let columns = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| width.0.into());
        destination::print(output, &terminal::table(&report, &expectations, columns))?;
    }
    if let Some(destination) = json_to {
        destination.write(&json::document(&report)?)?;
    }
    if let Some(destination) = html_to {
        destination.write(&html::page(&report))?;
    }
    let mended = match mend {
        Some(path) => Some(write_mended(arguments, &model, path)?),
        None => None,
    };
    if let Some(destination) = certificate_to {
        let certified = question(arguments, mended.as_ref().unwrap_or(&model)).certificate()?;
        destination.write(&certificate::write(&certified)?)?;
    }
    for (name, expected, agrees) in &expectations {
        if !agrees && is_json_on_standard_output {
            anstream::eprintln!("{name} was expected to be {expected}");
        }
    }
    Ok(expectations.iter().all(|(_, _, agrees)| *agrees))
}

fn question<'m>(arguments: &Arguments, model: &'m Model) -> crate::model::Question<'m> {
    let mut question = model.prove().seed(arguments.seed);
    for (name, shape) in &arguments.inputs {
        question = question.input(name, shape.clone());
    }
    for &group in &arguments.groups {
        question = question.under(group);
    }
    if !arguments.groups.is_empty() {
        for &(group, _) in &arguments.expectations {
            question = question.under(group);
        }
    }
    if let Some(keys) = arguments.keys {
        question = question.keys(keys.into());
    }
    question
}

fn judge(arguments: &Arguments, model: &Model) -> anyhow::Result<ModelReport> {
    let mut question = question(arguments, model);
    if arguments.groups.is_empty() {
        question = question.also(arguments.expectations.iter().map(|&(group, _)| group));
    }
    if let Some(reach) = arguments.reach {
        question = question.within(reach);
    }
    if arguments.per_layer {
        question = question.per_layer();
    }
    if arguments.html.is_some() {
        question = question.shift_maps();
    }
    if let Some(path) = &arguments.data {
        let arrays = load_samples(path)?;
        let shape = question.shape()?;
        let samples: Vec<_> = samples_of_shape(&arrays, &shape).into_iter().take(MOST_SAMPLES).collect();
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
fn write_mended(arguments: &Arguments, model: &Model, path: &PathBuf) -> anyhow::Result<Model> {
    let told = || format!("cannot read {}", arguments.model.display());
    let bytes = std::fs::read(&arguments.model).with_context(told)?;
    let mended = question(arguments, model).mended(&bytes)?;
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
