//! Labelled images that stay in their files, for sets that do not fit in memory.
//!
//! In memory are the labels to train with, eight bytes each, and the images and labels to test with. An image to train
//! on is read whenever a step needs it; several processes read each its own part of every batch, from a folder that all
//! can read. Plain IDX files and `.npy` files are read so, for in these the place of every image is known.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::file::Bytes;
use super::labelled::{self, identity_of};
use super::npy::pieces::NpyFile;
use super::{DataError, Dataset, Fault, SetFault, idx, numpy};

/// Images to train on in their files, and images to judge by.
#[derive(Debug)]
pub struct StreamedSplits {
    /// To train on.
    pub train: Streamed,
    /// To judge by.
    pub test: Dataset,
    /// What the images are read from, for the log.
    pub origin: String,
}

/// Labelled images in a file: see [`stream`](super::stream).
pub struct Streamed {
    entries: Mutex<Entries>,
    shape: [usize; 3],
    labels: Vec<usize>,
    classes: usize,
    name: String,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// A file with the pixels of images, row-major.
#[derive(Debug)]
pub(super) enum Entries {
    /// Bytes, which stand for 255ths, from this place on.
    Bytes { path: PathBuf, file: File, begin: u64 },
    /// Numbers in an `.npy` file.
    Numbers(NpyFile),
}

impl Entries {
    fn path(&self) -> &Path {
        match self {
            Entries::Bytes { path, .. } => path,
            Entries::Numbers(file) => file.path(),
        }
    }

    fn read(&mut self, first: usize, pixels: &mut [f32]) -> Result<(), DataError> {
        match self {
            Entries::Bytes { path, file, begin } => {
                let mut bytes = vec![0; pixels.len()];
                let from = SeekFrom::Start(*begin + first as u64);
                let read = file.seek(from).and_then(|_| file.read_exact(&mut bytes));
                read.map_err(|source| DataError::Unreadable { path: path.clone(), source })?;
                pixels.iter_mut().zip(bytes).for_each(|(pixel, byte)| *pixel = f32::from(byte) / 255.0);
            }
            Entries::Numbers(file) => {
                let scale = if file.is_bytes() { 255.0 } else { 1.0 };
                let values = file.read(first, pixels.len(), |value| value as f32 / scale)?;
                pixels.copy_from_slice(&values);
            }
        }
        Ok(())
    }
}

impl Streamed {
    /// The images of a file and their labels, which were checked already.
    pub(super) fn new(
        entries: Entries,
        [count, channels, height, width]: [usize; 4],
        labels: Vec<usize>,
        classes: usize,
        name: String,
    ) -> Result<Self, DataError> {
        match labelled::fault(&[count, channels, height, width], &labels, classes) {
            Some(fault) => Err(fault.of(name)),
            None => {
                let (entries, shape) = (Mutex::new(entries), [channels, height, width]);
                Ok(Streamed { entries, shape, labels, classes, name })
            }
        }
    }

    /// Channels, height and width of the images.
    pub fn shape(&self) -> &[usize; 3] {
        &self.shape
    }

    /// The classes of the images.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// What the set is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a set has at least one image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Reads the pixels of one image.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub(crate) fn read(&self, index: usize, pixels: &mut [f32]) -> Result<(), DataError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.read(index * pixels.len(), pixels)
    }

    /// The CRC-32 of the pixels of some images, each of which is checked to be from 0 to 1.
    ///
    /// # Errors
    /// If one is not, or the file cannot be read.
    pub(crate) fn digest(&self, images: Range<usize>) -> Result<crc32fast::Hasher, DataError> {
        let mut digest = crc32fast::Hasher::new();
        let mut pixels = vec![0.0; self.shape.iter().product()];
        let mut bytes = Vec::new();
        for index in images {
            self.read(index, &mut pixels)?;
            if let Some(&value) = pixels.iter().find(|value| !(0.0..=1.0).contains(*value)) {
                return Err(SetFault::Pixel { value, index }.of(&self.name));
            }
            bytes.clear();
            bytes.extend(pixels.iter().flat_map(|pixel| pixel.to_le_bytes()));
            digest.update(&bytes);
        }
        Ok(digest)
    }

    /// Which images these are, from the CRC-32 of all pixels: what [`Samples::identity`](super::Samples::identity) of the
    /// same images in memory is.
    pub(crate) fn identity(&self, digest: u32) -> String {
        identity_of(&self.shape, &self.labels, self.classes, digest)
    }
}

/// Opens images to train on in plain IDX files or `.npy` files, in the folder of all four files or arrays, and reads
/// those to test with.
///
/// # Errors
/// As [`load`](super::load), and if the images to train on are compressed, or do not stand one after the other.
pub fn stream(folder: &Path) -> Result<StreamedSplits, DataError> {
    if folder.is_dir() && numpy::is_here(folder) {
        return numpy::stream_numpy(folder);
    }
    if folder.is_dir() && idx::is_here(folder) {
        return idx::stream_idx(folder);
    }
    Err(DataError::Missing {
        path: folder.to_owned(),
        what: "data that can be streamed".into(),
        remedy: "expected a folder with the MNIST files, those to train on not gzipped, or the arrays x_train.npy, \
                 y_train.npy, x_test.npy and y_test.npy"
            .into(),
    })
}

/// The bytes of a plain file behind a header of this length.
pub(super) fn open_bytes(path: &Path, header: usize) -> Result<(Vec<u8>, Entries, u64), DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let bytes = Bytes::plain(&mut file, length).take(header).map_err(|fault| fault.of(path))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let reason =
            "it is gzipped, and can only be read from its beginning: gunzip it to stream it".to_owned();
        return Err(Fault::Compression { format: "gzip", reason }.of(path));
    }
    let begin = header as u64;
    Ok((bytes, Entries::Bytes { path: path.to_owned(), file, begin }, length))
}

/// That a file with so many bytes before the entries has room for an array of bytes, and for nothing else.
pub(super) fn check_length(
    entries: &Entries,
    begin: usize,
    count: usize,
    length: u64,
) -> Result<(), DataError> {
    let (expected, found) = (begin.saturating_add(count), usize::try_from(length).unwrap_or(usize::MAX));
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(Fault::Truncated { expected, found }.of(entries.path())),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Fault::Trailing { expected }.of(entries.path())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::train::data::{digit_splits, load, write_idx};

    /// The same images in both formats, streamed and in memory.
    #[test]
    fn what_is_streamed_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let splits = digit_splits(30, 12, 0).unwrap();
        for (set, name) in [(&splits.train, "train"), (&splits.test, "t10k")] {
            let path = |what: &str| folder.path().join(format!("{name}-{what}-ubyte"));
            write_idx(set, &path("images-idx3"), &path("labels-idx1")).unwrap();
        }
        let arrays = tempfile::tempdir().unwrap();
        for (set, name) in [(&splits.train, "train"), (&splits.test, "test")] {
            let npy = |kind: &str, shape: String, entries: Vec<u8>| {
                let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
                let length = (header.len() as u16).to_le_bytes();
                [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), &entries].concat()
            };
            let [_, height, width] = set.shape();
            let pixels = set.images().iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
            let images = npy("<f4", format!("{}, {height}, {width}", set.len()), pixels);
            let labels = set.labels().iter().map(|&label| label as u8).collect();
            fs::write(arrays.path().join(format!("x_{name}.npy")), images).unwrap();
            fs::write(
                arrays.path().join(format!("y_{name}.npy")),
                npy("|u1", format!("{},", set.len()), labels),
            )
            .unwrap();
        }
        for folder in [&folder, &arrays] {
            let (loaded, streamed) = (load(folder.path()).unwrap(), stream(folder.path()).unwrap());
            assert_eq!((&streamed.test, &streamed.origin), (&loaded.test, &loaded.origin));
            assert_eq!(streamed.train.labels(), loaded.train.labels());
            assert_eq!(streamed.train.classes(), loaded.train.classes());
            let mut pixels = vec![0.0; 28 * 28];
            for index in [29, 0, 17] {
                streamed.train.read(index, &mut pixels).unwrap();
                assert_eq!(pixels, loaded.train.image(index));
            }
            // In two parts, as two processes would.
            let (mut first, second) =
                (streamed.train.digest(0..13).unwrap(), streamed.train.digest(13..30).unwrap());
            first.combine(&second);
            assert_eq!(streamed.train.identity(first.finalize()), loaded.train.identity());
        }
    }

    #[test]
    fn what_cannot_be_streamed_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = || stream(folder.path()).unwrap_err().to_string();
        assert!(told().contains("data that can be streamed"));
        let splits = digit_splits(30, 12, 0).unwrap();
        let path = |name: &str| folder.path().join(name);
        for (set, name) in [(&splits.train, "train"), (&splits.test, "t10k")] {
            let file = |what: &str| path(&format!("{name}-{what}-ubyte"));
            write_idx(set, &file("images-idx3"), &file("labels-idx1")).unwrap();
        }
        let images = path("train-images-idx3-ubyte");
        let bytes = fs::read(&images).unwrap();
        fs::write(&images, &bytes[..bytes.len() - 1]).unwrap();
        assert!(told().contains("the file ends early"), "{}", told());
        fs::write(&images, [&bytes[..], &[0]].concat()).unwrap();
        assert!(stream(folder.path()).is_err());
        fs::write(&images, [&[0x1f, 0x8b][..], &bytes[2..]].concat()).unwrap();
        assert!(told().contains("gunzip it"), "{}", told());
    }
}
