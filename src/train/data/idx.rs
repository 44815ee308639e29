//! IDX, the format of MNIST: arrays of bytes behind a header of big-endian numbers.
//!
//! ```text
//! 0, 0, type, rank    the type 0x08 stands for unsigned bytes
//! rank × u32          the extents
//! entries             row-major
//! ```
//!
//! Images are of rank 3 (count, height, width), labels of rank 1. A folder holds four files, gzipped or not,
//! as their first bytes tell; `.gz` and the dot in `train-images.idx3-ubyte` are optional in their names.
//!
//! Cost: one pass over the bytes; memory for the bytes of one array and its `f32`s.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*, section on file
//! formats.

use std::path::{Path, PathBuf};

use ndarray::Array4;

use super::dataset::settle;
use super::file::{Bytes, checked_length};
use super::streamed::{Streamed, StreamedSplits, check_length, open_bytes};
use super::{DataError, Dataset, Fault, SetFault, Splits};
use crate::file::replace;

/// The code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;
/// Bytes before the pixels of a file of images.
const HEADER: usize = 16;
/// Classes that MNIST-format sets have at least: the ten digits.
const DIGITS: usize = 10;

/// The four files of a folder, without optional parts: training images and labels, test images and labels.
const FILES: [(&str, &str); 4] = [
    ("train-images", "idx3-ubyte"),
    ("train-labels", "idx1-ubyte"),
    ("t10k-images", "idx3-ubyte"),
    ("t10k-labels", "idx1-ubyte"),
];

/// An array of bytes from an IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ByteArray {
    shape: Vec<usize>,
    entries: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes with as many axes as `axes` names.
fn read(path: &Path, rank: usize, axes: &'static str) -> Result<ByteArray, DataError> {
    let mut bytes = Bytes::open(path)?;
    parse(&mut bytes, rank, axes)
        .and_then(|array| bytes.end().map(|()| array))
        .map_err(|fault| fault.of(path))
}

fn parse(bytes: &mut Bytes<'_>, rank: usize, axes: &'static str) -> Result<ByteArray, Fault> {
    let magic = bytes.take(4)?;
    check_magic(&magic, rank, axes)?;
    let shape = extents(&bytes.take(4 * rank)?);
    let length = checked_length(&shape)?;
    let entries = bytes.take(length)?;
    Ok(ByteArray { shape, entries })
}

fn check_magic(magic: &[u8], rank: usize, axes: &'static str) -> Result<(), Fault> {
    if magic[..2] != [0, 0] {
        let expected = "an IDX file, which begins with two zeros";
        return Err(Fault::Magic { expected, found: magic.to_vec() });
    }
    if magic[2] != UNSIGNED_BYTE {
        return Err(Fault::ElementType { expected: "unsigned byte (0x08)", found: type_name(magic[2]) });
    }
    if usize::from(magic[3]) != rank {
        return Err(Fault::Rank { expected: axes, found: magic[3].into() });
    }
    Ok(())
}

/// The extents behind the first four bytes of a header.
fn extents(bytes: &[u8]) -> Vec<usize> {
    let number = |extent: &[u8]| extent.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
    bytes.chunks_exact(4).map(number).collect()
}

fn type_name(code: u8) -> String {
    let name = match code {
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "no IDX type",
    };
    format!("{name} ({code:#04x})")
}

fn read_images(path: &Path) -> Result<Array4<f32>, DataError> {
    let array = read(path, 3, "3 (count, height, width)")?;
    let &[count, height, width] = &array.shape[..] else { unreachable!("the rank was checked") };
    let pixels = array.entries.into_iter().map(|byte| f32::from(byte) / 255.0).collect();
    Ok(Array4::from_shape_vec((count, 1, height, width), pixels).expect("the length was checked"))
}

fn read_labels(path: &Path) -> Result<Vec<usize>, DataError> {
    Ok(read(path, 1, "1 (count)")?.entries.into_iter().map(usize::from).collect())
}

/// The path of one of the four files, whichever of its names is there, plain before gzipped.
fn find(folder: &Path, (stem, suffix): (&str, &str)) -> Option<PathBuf> {
    ["", ".gz"]
        .iter()
        .flat_map(|gz| ["-", "."].map(|dot| folder.join(format!("{stem}{dot}{suffix}{gz}"))))
        .find(|path| path.exists())
}

/// Whether a folder has one of the four files.
pub(super) fn is_here(folder: &Path) -> bool {
    FILES.iter().any(|&name| find(folder, name).is_some())
}

/// Reads a folder with the four files of MNIST, or of a set in its format. There are ten classes, or as many
/// as the training labels need.
///
/// # Errors
/// If a file is missing, damaged or no IDX file of unsigned bytes of the right rank, or if they do not belong
/// together.
pub fn load_idx(folder: &Path) -> Result<Splits, DataError> {
    let paths = paths(folder)?;
    let mut sets = Vec::new();
    for pair in paths.chunks_exact(2) {
        let (images, labels) = (read_images(&pair[0])?, read_labels(&pair[1])?);
        check_counts(pair, images.dim().0, labels.len())?;
        sets.push((images, labels));
    }
    let sets = sets.try_into().expect("two pairs of files");
    Splits::from_arrays(sets, DIGITS, origin(folder))
}

/// Opens the images to train on of such a folder, and reads the rest.
pub(super) fn stream_idx(folder: &Path) -> Result<StreamedSplits, DataError> {
    let (paths, mut origin) = (paths(folder)?, origin(folder));
    let (header, entries, length) = open_bytes(&paths[0], HEADER)?;
    let (magic, rest) = header.split_at(4);
    check_magic(magic, 3, "3 (count, height, width)").map_err(|fault| fault.of(&paths[0]))?;
    let shape = extents(rest);
    let &[count, height, width] = &shape[..] else { unreachable!("the rank was checked") };
    let bytes = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    check_length(&entries, HEADER, bytes.unwrap_or(usize::MAX), length)?;
    let (mut labels, test, mut test_labels) =
        (read_labels(&paths[1])?, read_images(&paths[2])?, read_labels(&paths[3])?);
    check_counts(&paths[..2], count, labels.len())?;
    check_counts(&paths[2..], test.dim().0, test_labels.len())?;
    let classes = settle([&mut labels, &mut test_labels], DIGITS, &mut origin)?;
    let name = |set: &str| format!("{origin}, {set} set");
    let train = Streamed::new(entries, [count, 1, height, width], labels, classes, name("training"))?;
    let test = Dataset::new(test, test_labels, classes, name("test"))?;
    Ok(StreamedSplits { train, test, origin })
}

fn origin(folder: &Path) -> String {
    format!("MNIST-format IDX files in {}", folder.display())
}

fn check_counts(pair: &[PathBuf], images: usize, labels: usize) -> Result<(), DataError> {
    if images == labels {
        return Ok(());
    }
    let files = format!("{} and {}", pair[0].display(), pair[1].display());
    Err(SetFault::Counts { images, labels }.of(files))
}

/// The paths of the four files.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for name in FILES {
        let (stem, suffix) = name;
        paths.push(find(folder, name).ok_or_else(|| DataError::Missing {
            path: folder.join(format!("{stem}-{suffix}")),
            what: format!("file {stem}-{suffix} or {stem}-{suffix}.gz"),
            remedy: "an MNIST-format folder holds images and labels to train and to test".into(),
        })?);
    }
    Ok(paths)
}

/// Writes the images and labels of a set as two IDX files, which appear complete or not at all. Pixels are
/// rounded to 255ths; those that come from IDX files come back exactly.
///
/// # Errors
/// If the images have several channels, there are more than 256 classes, an extent exceeds 32 bits, or a file
/// cannot be written.
pub fn write_idx(set: &Dataset, images: &Path, labels: &Path) -> Result<(), DataError> {
    let [channels, height, width] = set.shape();
    if channels != 1 {
        let expected = "3 (count, height, width): IDX images have one channel";
        return Err(Fault::Rank { expected, found: 4 }.of(images));
    }
    let bytes: Result<Vec<u8>, usize> =
        set.labels().iter().map(|&label| u8::try_from(label).map_err(|_| label)).collect();
    let label_bytes = bytes.map_err(|label| {
        let index = set.labels().iter().position(|&other| other == label).unwrap_or(0);
        SetFault::Label { classes: 256, label, index }.of(set.name())
    })?;
    let pixels = set.images().iter().map(|pixel| (pixel * 255.0).round() as u8).collect();
    write(images, &ByteArray { shape: vec![set.len(), height, width], entries: pixels })?;
    write(labels, &ByteArray { shape: vec![set.len()], entries: label_bytes })
}

fn write(path: &Path, array: &ByteArray) -> Result<(), DataError> {
    let mut bytes = vec![0, 0, UNSIGNED_BYTE, array.shape.len() as u8];
    for &extent in &array.shape {
        let extent = u32::try_from(extent)
            .map_err(|_| Fault::TooLarge { shape: array.shape.clone(), limit: u32::MAX as usize }.of(path))?;
        bytes.extend(extent.to_be_bytes());
    }
    bytes.extend(&array.entries);
    replace(path, &bytes).map_err(|source| DataError::Unwritable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ndarray::Array;

    use super::*;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Two images of 2 × 3.
    fn images() -> Vec<u8> {
        [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3][..], &(0..12).collect::<Vec<u8>>()].concat()
    }

    fn labels() -> Vec<u8> {
        vec![0, 0, 8, 1, 0, 0, 0, 2, 7, 3]
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for set in ["train", "t10k"] {
            fs::write(folder.path().join(format!("{set}-images-idx3-ubyte")), images()).unwrap();
            fs::write(folder.path().join(format!("{set}-labels-idx1-ubyte")), labels()).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_is_read_under_all_its_names() {
        let folder = folder();
        let expected = load_idx(folder.path()).unwrap();
        assert_eq!(expected.train.image(1), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0].map(|byte| byte / 255.0));
        assert_eq!((expected.train.labels(), expected.train.classes()), (&[7, 3][..], 10));
        assert_eq!(expected.test.shape(), [1, 2, 3]);
        let path = |name: &str| folder.path().join(name);
        // Gzipped under the plain name, plain under the gzipped name, and with a dot.
        fs::write(path("train-images-idx3-ubyte"), gzipped(&images())).unwrap();
        fs::rename(path("train-labels-idx1-ubyte"), path("train-labels-idx1-ubyte.gz")).unwrap();
        fs::rename(path("t10k-images-idx3-ubyte"), path("t10k-images.idx3-ubyte")).unwrap();
        fs::remove_file(path("t10k-labels-idx1-ubyte")).unwrap();
        fs::write(path("t10k-labels.idx1-ubyte.gz"), gzipped(&labels())).unwrap();
        assert_eq!(load_idx(folder.path()).unwrap(), expected);
    }

    /// Files from tapes and images of disks are filled up with zeros; several members in one file are its
    /// bytes one after the other.
    #[test]
    fn gzip_in_members_and_with_zeros_behind_is_read() {
        let folder = folder();
        let expected = load_idx(folder.path()).unwrap();
        let path = folder.path().join("train-images-idx3-ubyte");
        let (first, second) = (gzipped(&images()[..9]), gzipped(&images()[9..]));
        for zeros in [0, 1, 512, 1 << 17] {
            fs::write(&path, [first.clone(), second.clone(), vec![0; zeros]].concat()).unwrap();
            assert_eq!(load_idx(folder.path()).unwrap(), expected, "{zeros}");
        }
        fs::write(&path, [gzipped(&images()), vec![0, 0, 7]].concat()).unwrap();
        assert!(load_idx(folder.path()).is_err(), "what follows the zeros is no gzip");
    }

    #[test]
    fn every_damage_of_a_file_has_its_error() {
        let with = |at: usize, byte: u8| {
            let mut bytes = images();
            bytes[at] = byte;
            bytes
        };
        let huge = [&[0, 0, 8, 3][..], &[0xff; 12]].concat();
        // 2²⁹ pixels, which would be allowed if they were there.
        let announced = vec![0, 0, 8, 3, 0, 0, 0x20, 0, 0, 0, 1, 0, 0, 0, 1, 0];
        let mut bad_checksum = gzipped(&images());
        let at = bad_checksum.len() - 8;
        bad_checksum[at] ^= 1;
        let mut cut = gzipped(&images());
        cut.truncate(cut.len() - 3);
        let mut bad_stream = gzipped(&images());
        bad_stream[10] = 0xff;
        type Check = fn(&Fault) -> bool;
        let table: Vec<(&str, Vec<u8>, Check)> = vec![
            ("empty", vec![], |f| matches!(f, Fault::Truncated { expected: 4, found: 0 })),
            ("half a magic", vec![0, 0], |f| matches!(f, Fault::Truncated { expected: 4, found: 2 })),
            ("wrong magic", with(0, 1), |f| matches!(f, Fault::Magic { .. })),
            ("text", b"<html>".to_vec(), |f| matches!(f, Fault::Magic { .. })),
            ("floats", with(2, 0x0d), |f| matches!(f, Fault::ElementType { .. })),
            ("no type", with(2, 0x77), |f| matches!(f, Fault::ElementType { .. })),
            ("labels", labels(), |f| matches!(f, Fault::Rank { found: 1, .. })),
            ("rank 0", with(3, 0), |f| matches!(f, Fault::Rank { found: 0, .. })),
            ("half a header", images()[..9].to_vec(), |f| {
                matches!(f, Fault::Truncated { expected: 16, found: 9 })
            }),
            ("no images", with(7, 0), |f| matches!(f, Fault::Empty { .. })),
            ("no width", with(15, 0), |f| matches!(f, Fault::Empty { .. })),
            ("one more image", with(7, 3), |f| matches!(f, Fault::Truncated { expected: 34, found: 28 })),
            ("one image less", with(7, 1), |f| matches!(f, Fault::Trailing { expected: 22 })),
            ("one byte more", [images(), vec![0]].concat(), |f| {
                matches!(f, Fault::Trailing { expected: 28 })
            }),
            ("2⁹⁶ pixels", huge.clone(), |f| matches!(f, Fault::TooLarge { .. })),
            ("2²⁹ pixels", announced.clone(), |f| matches!(f, Fault::Truncated { .. })),
            ("2⁹⁶ gzipped", gzipped(&huge), |f| matches!(f, Fault::TooLarge { .. })),
            ("2²⁹ gzipped", gzipped(&announced), |f| matches!(f, Fault::TooLarge { .. })),
            ("gzipped, short", gzipped(&images()[..20]), |f| {
                matches!(f, Fault::Truncated { expected: 28, found: 20 })
            }),
            ("gzipped, long", gzipped(&[images(), vec![9]].concat()), |f| {
                matches!(f, Fault::Trailing { .. })
            }),
            ("wrong checksum", bad_checksum, |f| matches!(f, Fault::Compression { .. })),
            ("cut gzip", cut, |f| matches!(f, Fault::Compression { .. } | Fault::Truncated { .. })),
            ("damaged gzip", bad_stream, |f| matches!(f, Fault::Compression { .. })),
            ("gzip's magic alone", vec![0x1f, 0x8b], |f| {
                matches!(f, Fault::Truncated { .. } | Fault::TooLarge { .. })
            }),
        ];
        let folder = folder();
        let path = folder.path().join("train-images-idx3-ubyte");
        for (what, bytes, is_right) in table {
            fs::write(&path, bytes).unwrap();
            match load_idx(folder.path()) {
                Err(DataError::File { path: named, fault }) => {
                    assert_eq!(named, path);
                    assert!(is_right(&fault), "{what}: {fault:?}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    }

    /// Any damaged byte: an answer, never a panic. Any cut: an error.
    #[test]
    fn no_byte_makes_it_panic() {
        let folder = folder();
        for original in [images(), gzipped(&images())] {
            for at in 0..original.len() {
                let mut cut = Bytes::from_slice(&original[..at]);
                assert!(parse(&mut cut, 3, "3").is_err());
                for flipped in [0x01, 0x80, 0xff] {
                    let mut bytes = original.clone();
                    bytes[at] ^= flipped;
                    fs::write(folder.path().join("train-images-idx3-ubyte"), &bytes).unwrap();
                    let _answer = load_idx(folder.path());
                }
            }
        }
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let folder = folder();
        let labels_path = folder.path().join("train-labels-idx1-ubyte");
        let fault = || match load_idx(folder.path()) {
            Err(DataError::Set { fault, .. }) => fault,
            other => panic!("{other:?}"),
        };
        fs::write(&labels_path, [0, 0, 8, 1, 0, 0, 0, 1, 7]).unwrap();
        assert_eq!(fault(), SetFault::Counts { images: 2, labels: 1 });
        fs::write(&labels_path, [0, 0, 8, 1, 0, 0, 0, 2, 0, 200]).unwrap();
        assert_eq!(fault(), SetFault::Gap { largest: 200, missing: 1 });
        fs::write(&labels_path, labels()).unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 0, 10]).unwrap();
        assert_eq!(fault(), SetFault::Label { classes: 10, label: 10, index: 1 });
        fs::remove_file(&labels_path).unwrap();
        assert!(
            matches!(load_idx(folder.path()), Err(DataError::Missing { path, .. }) if path == labels_path)
        );
        fs::create_dir(&labels_path).unwrap();
        assert!(matches!(load_idx(folder.path()), Err(DataError::Unreadable { .. })));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let images = Array::from_shape_fn((16, 1, 4, 4), |(i, _, r, c)| (16 * i + 4 * r + c) as f32 / 255.0);
        let set = Dataset::new(images, (0..16).map(|i| i % 10).collect(), 10, "all bytes").unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["train", "t10k"] {
            let path = |rest: &str| folder.path().join(format!("{name}-{rest}"));
            write_idx(&set, &path("images-idx3-ubyte"), &path("labels-idx1-ubyte")).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing temporary is left");
        let read = load_idx(folder.path()).unwrap();
        assert_eq!((read.train.images(), read.train.labels()), (set.images(), set.labels()));
        let nowhere = folder.path().join("missing/images");
        assert!(matches!(write_idx(&set, &nowhere, &nowhere), Err(DataError::Unwritable { .. })));
        let many = Dataset::new(ndarray::Array4::zeros((1, 1, 1, 1)), vec![256], 257, "x").unwrap();
        assert!(write_idx(&many, &nowhere, &nowhere).is_err());
        let colours = Dataset::new(ndarray::Array4::zeros((1, 3, 1, 1)), vec![0], 1, "x").unwrap();
        assert!(write_idx(&colours, &nowhere, &nowhere).is_err());
    }
}
