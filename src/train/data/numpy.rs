//! Data sets of NumPy arrays: an `.npz` archive as Keras has it for MNIST, or a folder of `.npy` files.
//!
//! Four arrays, `x_train`, `y_train`, `x_test` and `y_test`: images (n, h, w), (n, c, h, w) or (n, h, w, c)
//! of bytes, which stand for 255ths, or of floats from 0 to 1; labels (n) or (n, 1) of class numbers, or (n,
//! classes) with a single one in each row. An archive is a zip file with one `.npy` file for each array,
//! stored or deflated.
//!
//! The last axis of four is that of the channels where it has 1, 3 or 4 entries, the axes before it more, and
//! the second is not itself of 1, 3 or 4: [`Splits::origin`] tells.
//!
//! Source: the documentation of `numpy.savez` and of `keras.datasets.mnist`.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use ndarray::{Array4, ArrayD, ArrayViewD, Ix3, Ix4};
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::dataset::settle;
use super::file::Bytes;
use super::npy::NpyArray;
use super::npy::pieces::NpyFile;
use super::streamed::{Entries, Streamed, StreamedSplits};
use super::{DataError, Dataset, Fault, Splits};
use crate::fence::fence;

const NAMES: [&str; 4] = ["x_train", "y_train", "x_test", "y_test"];
const ALL_NAMES: &str = "x_train, y_train, x_test and y_test";

/// Whether a folder has one of the four arrays.
pub(super) fn is_here(folder: &Path) -> bool {
    NAMES.iter().any(|name| folder.join(format!("{name}.npy")).exists())
}

/// Reads an `.npz` file with the arrays `x_train`, `y_train`, `x_test` and `y_test`, or a folder with each of
/// them in an `.npy` file. There are as many classes as the training labels need, and two at least.
///
/// # Errors
/// If an array is missing, damaged, of a wrong type or rank, or if they do not belong together.
pub fn load_numpy(path: &Path) -> Result<Splits, DataError> {
    let is_folder = path.is_dir();
    let arrays = if is_folder { from_folder(path)? } else { from_archive(path)? };
    let at = |name: &str| if is_folder { path.join(format!("{name}.npy")) } else { path.join(name) };
    let (mut sets, mut is_turned) = (Vec::new(), false);
    for (pair, names) in arrays.chunks_exact(2).zip(NAMES.chunks_exact(2)) {
        let images = images(&pair[0]).map_err(|fault| fault.of(&at(names[0])))?;
        let labels = labels(&pair[1]).map_err(|fault| fault.of(&at(names[1])))?;
        is_turned |= has_channels_last(pair[0].shape());
        sets.push((images, labels));
    }
    let what = if is_folder { "npy files in" } else { "npz file" };
    let turned = if is_turned { " (channels last)" } else { "" };
    let sets = sets.try_into().expect("two pairs of arrays");
    Splits::from_arrays(sets, 2, format!("{what} {}{turned}", path.display()))
}

/// Opens the images to train on of such a folder, and reads the rest.
pub(super) fn stream_numpy(folder: &Path) -> Result<StreamedSplits, DataError> {
    let at = |name: &str| folder.join(format!("{name}.npy"));
    let of = |name: &str, fault: Fault| fault.of(&at(name));
    let file = NpyFile::open(&at(NAMES[0]))?;
    let shape = match *file.shape() {
        [count, height, width] => [count, 1, height, width],
        [count, channels, height, width] => [count, channels, height, width],
        _ => {
            let expected = "3 (count, height, width) or 4 (count, channels, height, width)";
            return Err(of(NAMES[0], Fault::Rank { expected, found: file.shape().len() }));
        }
    };
    if file.is_by_columns() || has_channels_last(file.shape()) {
        let reason = "the numbers of an image are apart or in another order than (channels, height, width): save it in \
                      this order, row by row, to stream it";
        return Err(of(NAMES[0], Fault::Header { reason: reason.into() }));
    }
    let read = |name: &str| NpyArray::read(Bytes::open(&at(name))?).map_err(|fault| of(name, fault));
    let mut train_labels = labels(&read(NAMES[1])?).map_err(|fault| of(NAMES[1], fault))?;
    let test = images(&read(NAMES[2])?).map_err(|fault| of(NAMES[2], fault))?;
    let mut test_labels = labels(&read(NAMES[3])?).map_err(|fault| of(NAMES[3], fault))?;
    let mut origin = format!("npy files in {}", folder.display());
    let classes = settle([&mut train_labels, &mut test_labels], 2, &mut origin)?;
    let name = |set: &str| format!("{origin}, {set} set");
    let train = Streamed::new(Entries::Numbers(file), shape, train_labels, classes, name("training"))?;
    let test = Dataset::new(test, test_labels, classes, name("test"))?;
    Ok(StreamedSplits { train, test, origin })
}

fn from_folder(folder: &Path) -> Result<Vec<NpyArray>, DataError> {
    let mut arrays = Vec::new();
    for name in NAMES {
        let path = folder.join(format!("{name}.npy"));
        if !path.exists() {
            let remedy = format!("save the arrays {ALL_NAMES}, each in a file of its name");
            return Err(DataError::Missing { path, what: "array".into(), remedy });
        }
        arrays.push(NpyArray::read(Bytes::open(&path)?).map_err(|fault| fault.of(&path))?);
    }
    Ok(arrays)
}

fn from_archive(path: &Path) -> Result<Vec<NpyArray>, DataError> {
    let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
    let mut begin = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?;
    Read::by_ref(&mut file).take(4).read_to_end(&mut begin).map_err(unreadable)?;
    if !begin.starts_with(b"PK") {
        let expected = "an .npz file, which begins with PK (or the path of a folder)";
        return Err(Fault::Magic { expected, found: begin }.of(path));
    }
    let damaged = |error| damaged(&error, path);
    let mut archive = fenced(|| ZipArchive::new(BufReader::new(file))).map_err(damaged)?;
    let mut arrays = Vec::new();
    for name in NAMES {
        let member = format!("{name}.npy");
        if archive.index_for_name(&member).is_none() {
            let names = archive.file_names().flatten();
            let mut found: Vec<_> = names.map(|name| name.trim_end_matches(".npy").to_owned()).collect();
            found.sort_unstable();
            return Err(Fault::Names { expected: ALL_NAMES, found }.of(path));
        }
        let entry = fenced(|| archive.by_name(&member)).map_err(damaged)?;
        arrays.push(array_of(entry).map_err(|fault| fault.of(&path.join(name)))?);
    }
    Ok(arrays)
}

/// The array in a member of an archive.
pub(super) fn array_of<R: Read>(member: ZipFile<'_, R>) -> Result<NpyArray, Fault> {
    let compressed = usize::try_from(member.compressed_size()).unwrap_or(usize::MAX);
    NpyArray::read(Bytes::decompressed("zip", member, compressed))
}

/// The error of an archive that cannot be read.
pub(super) fn damaged(error: &ZipError, path: &Path) -> DataError {
    Fault::Compression { format: "zip", reason: error.to_string() }.of(path)
}

/// A panic of the reader of archives is an error like its others.
pub(super) fn fenced<T>(read: impl FnOnce() -> Result<T, ZipError>) -> Result<T, ZipError> {
    fence(read).unwrap_or_else(|panic| Err(ZipError::Io(io::Error::other(panic))))
}

/// Whether the channels of images are their last axis.
fn has_channels_last(shape: &[usize]) -> bool {
    let is_few = |extent: usize| matches!(extent, 1 | 3 | 4);
    matches!(*shape, [_, height, width, channels]
        if is_few(channels) && !is_few(height) && height > channels && width > channels)
}

fn images(array: &NpyArray) -> Result<Array4<f32>, Fault> {
    let scale = if array.is_bytes() { 255.0 } else { 1.0 };
    let values: ArrayD<f32> = array.map(|value| value as f32 / scale)?;
    let images = match array.shape().len() {
        3 => {
            let images = values.into_dimensionality::<Ix3>().expect("the rank is 3");
            images.insert_axis(ndarray::Axis(1))
        }
        4 => values.into_dimensionality::<Ix4>().expect("the rank is 4"),
        found => {
            let expected =
                "3 (count, height, width), 4 (count, channels, height, width) or 4 with channels last";
            return Err(Fault::Rank { expected, found });
        }
    };
    Ok(if has_channels_last(array.shape()) { images.permuted_axes([0, 3, 1, 2]) } else { images })
}

fn labels(array: &NpyArray) -> Result<Vec<usize>, Fault> {
    let values = array.map(f64::from)?;
    match *array.shape() {
        [_] | [_, 1] => values.iter().enumerate().map(|(index, &value)| class_number(index, value)).collect(),
        [_, _] => values.outer_iter().enumerate().map(|(index, row)| the_one(index, &row)).collect(),
        _ => {
            let expected = "1 (count) or 2 (count, classes)";
            Err(Fault::Rank { expected, found: array.shape().len() })
        }
    }
}

fn class_number(index: usize, value: f64) -> Result<usize, Fault> {
    // Whole numbers up to 2³² are exact as floats, and no set has more classes.
    if value.fract() == 0.0 && (0.0..4_294_967_296.0).contains(&value) {
        Ok(value as usize)
    } else {
        Err(Fault::ClassNumber { found: value, index })
    }
}

/// The place of the one among zeros.
fn the_one(index: usize, row: &ArrayViewD<'_, f64>) -> Result<usize, Fault> {
    let mut places = row.iter().enumerate().filter(|(_, value)| **value != 0.0);
    match (places.next(), places.next()) {
        (Some((place, &1.0)), None) => Ok(place),
        _ => Err(Fault::OneHot { index }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::train::data::SetFault;

    fn npy(descriptor: &str, shape: &str, entries: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), entries].concat()
    }

    fn arrays() -> [(&'static str, Vec<u8>); 4] {
        [
            ("x_train", npy("|u1", "3, 1, 2", &[0, 51, 102, 153, 204, 255])),
            ("y_train", npy("<i8", "3,", &[0_i64, 2, 1].map(i64::to_le_bytes).concat())),
            ("x_test", npy("<f4", "1, 1, 1, 2", &[0.25_f32, 1.0].map(f32::to_le_bytes).concat())),
            ("y_test", npy("|u1", "1,", &[2])),
        ]
    }

    fn npz(arrays: &[(&str, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in arrays {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("{name}.npy"), options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn archives_and_folders_hold_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in arrays() {
            fs::write(folder.path().join(format!("{name}.npy")), bytes).unwrap();
        }
        let from_folder = load_numpy(folder.path()).unwrap();
        assert_eq!(from_folder.train.image(1), [0.4, 0.6]);
        assert_eq!((from_folder.train.labels(), from_folder.train.classes()), (&[0, 2, 1][..], 3));
        assert_eq!(from_folder.test.image(0), [0.25, 1.0]);
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let path = folder.path().join("set.npz");
            fs::write(&path, npz(&arrays(), method)).unwrap();
            let from_archive = load_numpy(&path).unwrap();
            assert_eq!(from_archive.train.images(), from_folder.train.images());
            assert_eq!(from_archive.train.labels(), from_folder.train.labels());
            assert_eq!(from_archive.test.images(), from_folder.test.images());
        }
    }

    /// As other programs save labels and colours: in a column, with a single one in each row, in the order of
    /// Fortran; channels last.
    #[test]
    fn labels_and_images_are_read_in_all_their_forms() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.npz");
        let read = |changes: &[(usize, Vec<u8>)]| {
            let mut arrays = arrays();
            changes.iter().for_each(|(place, bytes)| arrays[*place].1.clone_from(bytes));
            fs::write(&path, npz(&arrays, zip::CompressionMethod::Deflated)).unwrap();
            load_numpy(&path).unwrap()
        };
        let rows = [1, 0, 0, 0, 0, 1, 0, 1, 0];
        let columns = npy("|u1", "3, 3", &[1, 0, 0, 0, 0, 1, 0, 1, 0]);
        let columns = String::from_utf8_lossy(&columns[10..]).replace("False", "True ");
        let columns = [&npy("|u1", "3, 3", &[])[..10], columns.as_bytes()].concat();
        for labels in
            [npy("|u1", "3, 1", &[0, 2, 1]), npy("|b1", "3, 3", &rows), npy("|u1", "3, 3", &rows), columns]
        {
            assert_eq!(read(&[(1, labels)]).train.labels(), [0, 2, 1]);
        }
        // A picture of 5 × 6 pixels in three colours: 3 · place + colour.
        let last: Vec<u8> = (0..90).collect();
        let first: Vec<u8> = (0..3).flat_map(|colour| (0..30).map(move |place| 3 * place + colour)).collect();
        let sets = [("1, 5, 6, 3", last), ("1, 3, 5, 6", first)].map(|(shape, bytes)| {
            let images = npy("|u1", shape, &bytes);
            read(&[
                (0, images.clone()),
                (1, npy("|u1", "1,", &[0])),
                (2, images),
                (3, npy("|u1", "1,", &[0])),
            ])
        });
        assert_eq!(sets[0].train.shape(), [3, 5, 6]);
        assert_eq!(sets[0].train.images(), sets[1].train.images());
        assert!(sets[0].origin.ends_with("set.npz (channels last)") && sets[1].origin.ends_with("set.npz"));
    }

    #[test]
    fn every_damage_has_its_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.npz");
        let with = |place: usize, bytes: Vec<u8>| {
            let mut arrays = arrays();
            arrays[place].1 = bytes;
            npz(&arrays, zip::CompressionMethod::Deflated)
        };
        let whole = npz(&arrays(), zip::CompressionMethod::Stored);
        let mut damaged = whole.clone();
        // An entry of the first array, which is stored behind its header.
        let at = damaged.windows(3).position(|window| window == [51, 102, 153]).unwrap();
        damaged[at] ^= 1;
        type Check = fn(&DataError) -> bool;
        let table: Vec<(&str, Vec<u8>, Check)> = vec![
            ("empty", vec![], |e| matches!(e, DataError::File { fault: Fault::Magic { .. }, .. })),
            ("text", b"hello".to_vec(), |e| matches!(e, DataError::File { fault: Fault::Magic { .. }, .. })),
            ("cut", whole[..whole.len() - 30].to_vec(), |e| {
                matches!(e, DataError::File { fault: Fault::Compression { .. }, .. })
            }),
            ("checksum", damaged, |e| matches!(e, DataError::File { fault: Fault::Compression { .. }, .. })),
            (
                "no y_test",
                npz(&arrays()[..3], zip::CompressionMethod::Stored),
                |e| matches!(e, DataError::File { fault: Fault::Names { found, .. }, .. } if found.len() == 3),
            ),
            ("huge", with(0, npy("|u1", "10000, 100, 100", &[])), |e| {
                matches!(e, DataError::File { fault: Fault::TooLarge { .. }, .. })
            }),
            ("flat images", with(0, npy("|u1", "3, 2", &[0; 6])), |e| {
                matches!(e, DataError::File { fault: Fault::Rank { found: 2, .. }, .. })
            }),
            ("labels in a block", with(1, npy("|u1", "3, 1, 1", &[0; 3])), |e| {
                matches!(e, DataError::File { fault: Fault::Rank { found: 3, .. }, .. })
            }),
            ("no one in a row", with(1, npy("|u1", "3, 2", &[0, 1, 1, 0, 0, 0])), |e| {
                matches!(e, DataError::File { fault: Fault::OneHot { index: 2 }, .. })
            }),
            ("two ones in a row", with(1, npy("|u1", "3, 2", &[0, 1, 1, 1, 0, 1])), |e| {
                matches!(e, DataError::File { fault: Fault::OneHot { index: 1 }, .. })
            }),
            ("a two in a row", with(1, npy("|u1", "3, 2", &[0, 2, 1, 0, 0, 1])), |e| {
                matches!(e, DataError::File { fault: Fault::OneHot { index: 0 }, .. })
            }),
            ("half a label", with(1, npy("<f4", "3,", &[0.5_f32; 3].map(f32::to_le_bytes).concat())), |e| {
                matches!(e, DataError::File { fault: Fault::ClassNumber { .. }, .. })
            }),
            ("a negative label", with(3, npy("|i1", "1,", &[0xff])), |e| {
                matches!(e, DataError::File { fault: Fault::ClassNumber { .. }, .. })
            }),
            ("too few labels", with(1, npy("|u1", "2,", &[0; 2])), |e| {
                matches!(e, DataError::Set { fault: SetFault::Counts { images: 3, labels: 2 }, .. })
            }),
            (
                "bright pixels",
                with(2, npy("<f4", "1, 1, 2", &[0.0_f32, 255.0].map(f32::to_le_bytes).concat())),
                |e| matches!(e, DataError::Set { fault: SetFault::Pixel { .. }, .. }),
            ),
        ];
        for (what, bytes, is_right) in table {
            fs::write(&path, bytes).unwrap();
            let error = load_numpy(&path).unwrap_err();
            assert!(is_right(&error), "{what}: {error:?}");
        }
        fs::write(folder.path().join("x_train.npy"), &arrays()[0].1).unwrap();
        assert!(
            matches!(load_numpy(folder.path()), Err(DataError::Missing { path, .. }) if path.ends_with("y_train.npy"))
        );
    }
}
