//! Images of which parts are read, and results of which parts are written.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

use crate::cli::npy::{extend, header, open_rows};
use crate::train::data::{NpyFile, load_samples};

/// An image: a file of numbers that stays where it is, or a picture.
pub(super) enum Image {
    /// An npy file, the shape that its entries are given, and the file's name.
    File(NpyFile, Vec<usize>, PathBuf),
    /// A picture in memory.
    Array(ArrayD<f64>),
}

impl Image {
    /// Opens a PNG picture or an npy file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let is_npy = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
        if !is_npy {
            let is_png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
            if !is_png {
                bail!("{}: expected a PNG picture or an .npy file", path.display());
            }
            let mut samples = load_samples(path)?;
            return Ok(Image::Array(samples.swap_remove(0)));
        }
        let file = open_rows(path)?;
        let shape = file.shape().to_vec();
        Ok(Image::File(file, shape, path.to_owned()))
    }

    /// The length of each axis.
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Image::File(_, shape, _) => shape,
            Image::Array(array) => array.shape(),
        }
    }

    /// The same entries with axes of one entry in front.
    pub(super) fn with_axes(self, axes: usize) -> Self {
        let missing = axes.saturating_sub(self.shape().len());
        let wider = |shape: &[usize]| [vec![1; missing], shape.to_vec()].concat();
        match self {
            Image::File(file, shape, path) => Image::File(file, wider(&shape), path),
            Image::Array(mut array) => {
                (0..missing).for_each(|_| array.insert_axis_inplace(Axis(0)));
                Image::Array(array)
            }
        }
    }

    /// The entries from the first to before the second place along each axis.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn part(&mut self, part: &[[usize; 2]]) -> anyhow::Result<ArrayD<f64>> {
        match self {
            Image::Array(array) => {
                let mut view = array.view();
                for (axis, &[begin, end]) in part.iter().enumerate() {
                    view.slice_axis_inplace(Axis(axis), Slice::from(begin..end));
                }
                Ok(view.as_standard_layout().into_owned())
            }
            Image::File(file, shape, _) => {
                let mut entries = Vec::new();
                // Bytes stand for 255ths, as in pictures.
                let scale = if file.is_bytes() { 255.0 } else { 1.0 };
                runs(shape, part, |first, count| {
                    entries.extend(file.read(first, count, |value| value / scale)?);
                    Ok(())
                })?;
                let extents: Vec<usize> = part.iter().map(|[begin, end]| end - begin).collect();
                Ok(ArrayD::from_shape_vec(IxDyn(&extents), entries)?)
            }
        }
    }
}

/// Calls for each run of neighbours of a part of an array: the number of the first, and how many.
fn runs(
    shape: &[usize],
    part: &[[usize; 2]],
    mut run: impl FnMut(usize, usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(([begin, end], rest)) = part.split_last().map(|(last, rest)| (*last, rest)) else {
        return run(0, 1);
    };
    let lines: usize = rest.iter().map(|[begin, end]| end - begin).product();
    for line in 0..lines {
        let (mut left, mut first, mut step) = (line, begin, shape[shape.len() - 1]);
        for (axis, [begin, end]) in rest.iter().enumerate().rev() {
            first += (begin + left % (end - begin)) * step;
            left /= end - begin;
            step *= shape[axis];
        }
        run(first, end - begin)?;
    }
    Ok(())
}

/// An npy file that is written part by part, and takes its name when it is complete.
pub(super) struct Stitched {
    path: PathBuf,
    part: tempfile::NamedTempFile,
    begin: u64,
    shape: Vec<usize>,
    size: usize,
}

impl Stitched {
    /// Makes room for entries of so many bytes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn create(path: &Path, shape: &[usize], size: usize) -> anyhow::Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let cannot = || format!("cannot write {}", path.display());
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut part = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
        let header = header(shape, size);
        let entries: u64 = shape.iter().map(|&extent| extent as u64).product();
        let file: &mut File = part.as_file_mut();
        file.write_all(&header).with_context(cannot)?;
        file.set_len(header.len() as u64 + entries * size as u64).with_context(cannot)?;
        Ok(Stitched { begin: header.len() as u64, path, part, shape: shape.to_vec(), size })
    }

    /// Writes a part.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(&mut self, part: &[[usize; 2]], values: &ArrayD<f64>) -> anyhow::Result<()> {
        let mut entries = values.iter();
        let (size, begin) = (self.size, self.begin);
        let file = self.part.as_file_mut();
        let path = &self.path;
        runs(&self.shape, part, |first, count| {
            let mut bytes = Vec::with_capacity(count * size);
            extend(&mut bytes, entries.by_ref().take(count).copied(), size);
            file.seek(SeekFrom::Start(begin + (first * size) as u64))
                .and_then(|_| file.write_all(&bytes))
                .with_context(|| format!("cannot write {}", path.display()))
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If that cannot be done.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let cannot = format!("cannot write {}", self.path.display());
        self.part.as_file().sync_all().with_context(|| cannot.clone())?;
        self.part.persist(&self.path).with_context(|| cannot)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_are_the_rows_of_a_part() {
        let mut found = Vec::new();
        runs(&[2, 3, 5], &[[1, 2], [0, 2], [2, 5]], |first, count| {
            found.push((first, count));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [(17, 3), (22, 3)]);
    }
}
