//! Arrays without labels: pictures and arrays of NumPy, as samples for a model.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use zip::ZipArchive;

use super::file::{Bytes, names};
use super::npy::NpyArray;
use super::numpy::{array_of, damaged, fenced};
use super::pictures::read_sample;
use super::{DataError, Fault};

/// Arrays that are read of a folder or an archive at most.
const MOST: usize = 256;

/// Reads the arrays of a file or of all files of a folder, in the order of their names: PNG pictures as
/// (channels, height, width) from 0 to 1, `.npy` files, and all arrays of `.npz` archives. Entries that are
/// bytes stand for 255ths.
///
/// # Errors
/// If something is missing, unreadable or malformed, or there is nothing.
pub fn load_samples(path: &Path) -> Result<Vec<ArrayD<f64>>, DataError> {
    let missing = |what: &str| DataError::Missing {
        path: path.to_owned(),
        what: what.into(),
        remedy: "give a PNG picture, an .npy or .npz file, or a folder of them".into(),
    };
    if path.is_dir() {
        let mut samples = Vec::new();
        for name in names(path)?.into_iter().filter(|name| is_known(Path::new(name))).take(MOST) {
            samples.extend(load_samples(&path.join(name))?);
        }
        return if samples.is_empty() { Err(missing("sample")) } else { Ok(samples) };
    }
    match extension(path).as_str() {
        "png" => Ok(vec![read_sample(path)?]),
        "npy" => {
            let array = NpyArray::read(Bytes::open(path)?).and_then(|array| numbers(&array));
            Ok(vec![array.map_err(|fault| fault.of(path))?])
        }
        "npz" => archive(path),
        _ => Err(missing("sample")),
    }
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase()
}

fn is_known(path: &Path) -> bool {
    matches!(extension(path).as_str(), "png" | "npy" | "npz")
}

fn numbers(array: &NpyArray) -> Result<ArrayD<f64>, Fault> {
    let scale = if array.is_bytes() { 255.0 } else { 1.0 };
    array.map(|value| value / scale)
}

fn archive(path: &Path) -> Result<Vec<ArrayD<f64>>, DataError> {
    let file = File::open(path).map_err(|source| DataError::Unreadable { path: path.to_owned(), source })?;
    let damaged = |error| damaged(&error, path);
    let mut archive = fenced(|| ZipArchive::new(BufReader::new(file))).map_err(damaged)?;
    let mut arrays = Vec::new();
    for number in 0..archive.len().min(MOST) {
        let member = fenced(|| archive.by_index(number)).map_err(damaged)?;
        let array = array_of(member).and_then(|array| numbers(&array));
        arrays.push(array.map_err(|fault| fault.of(path))?);
    }
    Ok(arrays)
}

/// Samples of this shape, out of arrays that hold one each, or several along their first axis.
pub fn samples_of_shape(arrays: &[ArrayD<f64>], shape: &[usize]) -> Vec<ArrayD<f64>> {
    let count: usize = shape.iter().product();
    let trimmed = |shape: &[usize]| shape.iter().copied().filter(|&extent| extent != 1).collect::<Vec<_>>();
    let wanted = trimmed(shape);
    let mut samples = Vec::new();
    for array in arrays.iter().filter(|array| count > 0 && array.len() % count == 0) {
        let own = trimmed(array.shape());
        let is_one = own == wanted;
        let are_several = own.len() == wanted.len() + 1 && own[1..] == wanted[..];
        if is_one || are_several {
            let list: Vec<f64> = array.iter().copied().collect();
            let parts = list.chunks(count).map(|part| ArrayD::from_shape_vec(IxDyn(shape), part.to_vec()));
            samples.extend(parts.flatten());
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_in_batches() {
        let batch = ArrayD::from_shape_fn(IxDyn(&[3, 2, 2]), |index| index[0] as f64);
        let samples = samples_of_shape(std::slice::from_ref(&batch), &[1, 1, 2, 2]);
        assert_eq!(samples.len(), 3);
        assert_eq!(samples[2], ArrayD::from_elem(IxDyn(&[1, 1, 2, 2]), 2.0));
        assert!(samples_of_shape(&[batch], &[1, 1, 3, 4]).is_empty());
    }

    #[test]
    fn a_folder_without_samples_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load_samples(folder.path()).is_err());
        assert!(load_samples(&folder.path().join("missing.txt")).is_err());
    }
}
