//! `equivariant certify-angles`: whether images keep their class under a continuous transformation.

mod network;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::ValueEnum;
use ndarray::ArrayD;
use serde_json::json as object;

use self::network::{Classifies, Read, read};
use super::destination::{self, Destination};
use super::limits;
use super::shard::{Digest, Mark, Shard};
use super::train::model_parser;
use crate::angle::{Classifier, Interval, Search, Transformation, Verdict};
use crate::report::angles::{AngleResults, ImageResult, html, json, terminal};
use crate::scalar::Affine;
use crate::train::Model;
use crate::train::data::{self, load_samples};

/// Images that are looked at where nothing is said.
const IMAGES: usize = 10;
/// Built-in digits: to train on, which nobody does here, and to test with.
const DIGITS: (usize, usize) = (1, 5_000);

/// A transformation, as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// By degrees, counter-clockwise about the centre; bilinear, zero outside.
    Rotation,
    /// By pixels downward; bilinear, zero outside.
    TranslationDown,
    /// By pixels to the right; bilinear, zero outside.
    TranslationRight,
    /// A number is added to every pixel.
    Brightness,
    /// Every pixel is multiplied by a number.
    Contrast,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Rotation => "rotation",
            Kind::TranslationDown => "translation-down",
            Kind::TranslationRight => "translation-right",
            Kind::Brightness => "brightness",
            Kind::Contrast => "contrast",
        }
    }

    fn transformation(self) -> Transformation {
        match self {
            Kind::Rotation => Transformation::Rotation,
            Kind::TranslationDown => Transformation::Translation { down: 1.0, right: 0.0 },
            Kind::TranslationRight => Transformation::Translation { down: 0.0, right: 1.0 },
            Kind::Brightness => Transformation::Brightness,
            Kind::Contrast => Transformation::Contrast,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Kind::Rotation => "degrees",
            Kind::TranslationDown | Kind::TranslationRight => "pixels",
            Kind::Brightness => "of a pixel's range",
            Kind::Contrast => "times",
        }
    }

    /// The interval where none is asked for.
    fn interval(self) -> [f64; 2] {
        match self {
            Kind::Rotation => [0.0, 360.0],
            Kind::TranslationDown | Kind::TranslationRight => [-1.0, 1.0],
            Kind::Brightness => [-0.1, 0.1],
            Kind::Contrast => [0.9, 1.1],
        }
    }
}

/// Certifies that the class of images does not change under any rotation, any shift by a fraction of a pixel,
/// any change of brightness or contrast within limits: as a proof for every number between, not by trying.
///
/// Exit code: 0, 1 if fewer images are certified than --at-least says, 2 on wrong use or if something cannot
/// be read or written.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The network: an ONNX model, weights in safetensors (with --model), or a checkpoint of `train`.
    #[arg(value_name = "NETWORK")]
    network: PathBuf,

    /// The network whose weights a safetensors file holds.
    #[arg(long, value_name = "MODEL", value_parser = model_parser())]
    model: Option<Model>,

    /// Images: a data set as `train` takes it, whose test set is used, or a PNG picture, an .npy or .npz file,
    /// or a folder of them; without it, built-in digits.
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,

    /// How many of them, from the first on.
    #[arg(long, value_name = "N", default_value_t = IMAGES, value_parser = limits::at_least_one())]
    images: usize,

    /// What is done to the images.
    #[arg(long, value_enum, value_name = "KIND", default_value = "rotation")]
    transformation: Kind,

    /// Where the interval begins [default: rotation 0, translation -1, brightness -0.1, contrast 0.9].
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    from: Option<f64>,

    /// Where it ends [default: rotation 360, translation 1, brightness 0.1, contrast 1.1].
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    to: Option<f64>,

    /// Intervals that are looked at for an image, at most.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = limits::at_least_one())]
    budget: usize,

    /// The width of an interval that is not split any more.
    #[arg(long, value_name = "WIDTH", default_value_t = 1.0 / 1024.0, value_parser = width)]
    least_width: f64,

    /// Exit with 1 if a smaller share of the images is certified: of those that the network gets right, where
    /// labels are known.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    at_least: Option<f64>,

    /// Look at only the Ith of N parts of the images; `equivariant merge` puts their JSON together.
    #[arg(long, value_name = "I/N", requires = "json", conflicts_with_all = ["html", "at_least"])]
    shard: Option<Shard>,

    /// Write the results as JSON to a file, or to standard output (-) instead of the table.
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,

    /// Write the results as one self-contained page with pictures.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn width(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(width) if f64::is_finite(width) && width > 0.0 => Ok(width),
        _ => Err(format!("{text:?} is no width: expected a number above 0")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text:?} is no share: expected a number from 0 to 1")),
    }
}

/// Images with their labels, where there are any.
struct Images {
    from: String,
    arrays: Vec<ArrayD<f64>>,
    labels: Vec<Option<usize>>,
    classes: usize,
}

/// Runs the command. Returns whether as many images are certified as were expected.
///
/// # Errors
/// On wrong use, and where something cannot be read or written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let Arguments { json: json_path, html: html_path, transformation: kind, .. } = arguments;
    destination::check_distinct(&[("--json", json_path.as_ref()), ("--html", html_path.as_ref())])?;
    let json_to = json_path.as_deref().map(Destination::open).transpose()?;
    let html_to = html_path.as_deref().map(|path| Destination::open_file("--html", path)).transpose()?;
    let is_quiet = matches!(json_to, Some(Destination::Standard));
    let [from, to] = kind.interval();
    let asked = Interval::new(arguments.from.unwrap_or(from), arguments.to.unwrap_or(to))?;

    let images = load(arguments.data.as_deref(), arguments.images)?;
    let shape = images.arrays[0].shape().to_vec();
    let is_rotation = *kind == Kind::Rotation;
    // Less than a quarter needs no symmetry.
    let asks_turns = is_rotation && asked.width() > 90.0 && shape[1] == shape[2];
    let Read { classifier, is_invariant } =
        read(&arguments.network, arguments.model, &shape, images.classes, asks_turns)?;
    let searched = match asks_turns && is_invariant {
        // A rotation by θ + 90° of a square image is the quarter turn of the rotation by θ.
        true => Interval::new(0.0, 90.0)?,
        false => asked,
    };
    let dealt = match arguments.shard {
        Some(shard) => shard.dealt(&vec![1.0; images.arrays.len()]),
        None => (0..images.arrays.len()).collect(),
    };
    let mut results = AngleResults {
        model: arguments.network.display().to_string(),
        images_from: images.from.clone(),
        transformation: kind.name(),
        unit: kind.unit(),
        asked,
        searched,
        is_invariant,
        images: Vec::new(),
    };
    if !is_quiet {
        destination::print(output, &terminal::heading(&results))?;
    }
    let search = Search::new().evaluations(arguments.budget).least_width(arguments.least_width);
    for &index in &dealt {
        let found = image(&search, &classifier, kind.transformation(), searched, &images, index)?;
        if !is_quiet {
            destination::print(output, &terminal::image(&found, kind.unit()))?;
        }
        results.images.push(found);
    }
    if !is_quiet {
        destination::print(output, &terminal::totals(&results))?;
    }
    let as_expected = arguments.at_least.is_none_or(|least| results.certified_share() >= least);
    if let Some(destination) = json_to {
        let document = json::value(&results);
        destination.write(&match arguments.shard {
            Some(shard) => {
                let digest = images.arrays.iter().fold(Digest::default(), Digest::array);
                let network = std::fs::read(&arguments.network)
                    .with_context(|| format!("cannot read {}", arguments.network.display()))?;
                let run = object!({
                    "digest": digest.bytes(&network).finish(),
                    "transformation": kind.name(),
                    "interval": [asked.low(), asked.high()],
                    "budget": arguments.budget,
                    "least_width": arguments.least_width,
                    "count": images.arrays.len(),
                });
                Mark::new("certify-angles", shard, dealt, as_expected, run).stamped(document)?
            }
            None => serde_json::to_string_pretty(&document)? + "\n",
        })?;
    }
    if let Some(destination) = html_to {
        destination.write(&html::page(&results))?;
    }
    Ok(as_expected)
}

/// Searches the interval for one image.
fn image(
    search: &Search,
    classifier: &Classifies,
    transformation: Transformation,
    interval: Interval,
    images: &Images,
    index: usize,
) -> anyhow::Result<ImageResult> {
    let start = Instant::now();
    let image = &images.arrays[index];
    let class = predicted(classifier, image)?;
    let verdict = search.run(classifier, transformation, interval, image.view(), class)?;
    let turned = match verdict {
        Verdict::Refuted { parameter, .. } => {
            let there = transformation.enclose(image.view(), Interval::point(parameter)?)?;
            Some(there.mapv(|pixel| pixel.centre()))
        }
        _ => None,
    };
    let (label, image, seconds) = (images.labels[index], image.clone(), start.elapsed().as_secs_f64());
    Ok(ImageResult { index, label, class, verdict, image, turned, seconds })
}

/// The class with the greatest score for an image as it is; of equals the first.
fn predicted(classifier: &Classifies, image: &ArrayD<f64>) -> anyhow::Result<usize> {
    let margins = classifier.margins(&image.mapv(Affine::constant), 0)?;
    // How far class 0 is above each other one: the greatest score has the least.
    let least = margins.iter().map(|(other, margin)| (margin.centre(), *other));
    let (margin, other) = least.fold((0.0, 0), |best, next| if next.0 < best.0 { next } else { best });
    Ok(if margin < 0.0 { other } else { 0 })
}

/// The first images of a data set, of a folder of samples, or built-in digits.
fn load(path: Option<&Path>, count: usize) -> anyhow::Result<Images> {
    let set = match path {
        None => data::digit_splits(DIGITS.0, DIGITS.1, 0)?,
        Some(path) => match data::load(path) {
            Ok(splits) => splits,
            // What is no data set may be samples.
            Err(_) => return samples(path, count),
        },
    };
    let (origin, test) = (set.origin, set.test);
    let shape = test.shape();
    let images = (0..test.len().min(count)).map(|index| {
        let pixels = test.image(index).iter().map(|&pixel| f64::from(pixel)).collect();
        ArrayD::from_shape_vec(shape.to_vec(), pixels)
    });
    let arrays: Vec<ArrayD<f64>> = images.collect::<Result<_, _>>()?;
    let labels = test.labels().iter().take(arrays.len()).map(|&label| Some(label)).collect();
    Ok(Images { from: origin, arrays, labels, classes: test.classes() })
}

fn samples(path: &Path, count: usize) -> anyhow::Result<Images> {
    let mut arrays = load_samples(path)?;
    arrays.truncate(count);
    for array in &mut arrays {
        // (rows, columns) of one channel.
        if array.ndim() == 2 {
            array.insert_axis_inplace(ndarray::Axis(0));
        }
        if array.ndim() == 4 && array.shape()[0] == 1 {
            *array = array.index_axis(ndarray::Axis(0), 0).to_owned();
        }
        if array.ndim() != 3 {
            bail!(
                "{}: expected images (channels, rows, columns), found a shape {:?}",
                path.display(),
                array.shape()
            );
        }
    }
    let shape = arrays[0].shape().to_vec();
    if let Some(other) = arrays.iter().find(|array| array.shape() != shape) {
        bail!("{}: expected images of one shape, found {shape:?} and {:?}", path.display(), other.shape());
    }
    let labels = vec![None; arrays.len()];
    // What a network with names has, where no labels tell.
    Ok(Images { from: path.display().to_string(), arrays, labels, classes: 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        assert!(width("0").is_err() && width("inf").is_err() && width("0.5").is_ok());
        assert!(share("1.5").is_err() && share("a").is_err() && share("0.9").is_ok());
    }
}
