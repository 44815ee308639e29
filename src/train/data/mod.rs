//! Labelled samples: what they are, where they come from, and the built-in digits.
//!
//! [`Samples`] have any shape; a [`Dataset`] is one of images, which can be changed at random and drawn.
//!
//! | source | what is read |
//! |---|---|
//! | [`load_idx`] | a folder with the four MNIST-format IDX files, plain or gzipped |
//! | [`load_pictures`] | a folder of PNG pictures: `train/CLASS/*.png` and `test/CLASS/*.png` |
//! | [`load_numpy`] | an `.npz` archive, or a folder of `.npy` files: `x_train`, `y_train`, `x_test`, `y_test` |
//! | [`load`] | any of these, as the content tells |
//! | [`stream`] | the images to train on of plain IDX or `.npy` files, one by one when they are needed |
//! | [`digits`], [`digit_splits`] | drawn digits, made as asked for |
//! | [`load_samples`] | pictures and arrays without labels |
//! | [`rotated`] | the same images turned by random angles |
//!
//! Whatever is read is checked before memory is asked for, and every malformation is a [`DataError`] that
//! says what was expected, what was found and what to do.

mod dataset;
mod digits;
mod error;
mod file;
mod idx;
mod labelled;
mod npy;
mod numpy;
mod pictures;
mod rotated;
mod samples;
mod streamed;

use std::path::Path;

pub use crate::layer::loss::IGNORED;
pub use dataset::{Dataset, Splits};
pub use digits::{DIGIT_SIDE, digit_splits, digits};
pub use error::{DataError, Fault, SetFault};
pub use file::LARGEST_ARRAY;
pub use idx::{load_idx, write_idx};
pub use labelled::Samples;
#[cfg(feature = "cli")]
pub(crate) use npy::pieces::NpyFile;
pub use numpy::load_numpy;
pub use pictures::load_pictures;
pub use rotated::{Rotated, rotated};
pub use samples::{load_samples, samples_of_shape};
pub use streamed::{Streamed, StreamedSplits, stream};

/// Reads images and labels to train and to test, in whatever format is there. [`Splits::origin`] tells what
/// was found.
///
/// # Errors
/// If there is nothing, nothing of a known format, or something malformed.
pub fn load(path: &Path) -> Result<Splits, DataError> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(DataError::Missing {
                path: path.to_owned(),
                what: "file or folder".into(),
                remedy: "give the path of the data".into(),
            });
        }
        Err(source) => return Err(DataError::Unreadable { path: path.to_owned(), source }),
    };
    if metadata.is_file() || numpy::is_here(path) {
        return load_numpy(path);
    }
    if idx::is_here(path) {
        return load_idx(path);
    }
    if pictures::is_here(path) {
        return load_pictures(path);
    }
    Err(DataError::Missing {
        path: path.to_owned(),
        what: "data".into(),
        remedy: "expected the MNIST files (train-images-idx3-ubyte and the like, plain or .gz), the arrays x_train.npy, \
                 y_train.npy, x_test.npy and y_test.npy, pictures in train/CLASS/*.png and test/CLASS/*.png, or the \
                 path of an .npz file"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The same images in two formats, and folders of neither.
    #[test]
    fn what_is_there_is_found_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let remedy = |path: &Path| match load(path) {
            Err(DataError::Missing { remedy, .. }) => remedy,
            other => panic!("{other:?}"),
        };
        assert!(remedy(&at("nowhere")).contains("path"));
        assert!(remedy(folder.path()).contains("x_train.npy"));
        let splits = digit_splits(30, 20, 0).unwrap();
        for (set, name) in [(&splits.train, "train"), (&splits.test, "t10k")] {
            let path = |what: &str| at(&format!("{name}-{what}-ubyte"));
            write_idx(set, &path("images-idx3"), &path("labels-idx1")).unwrap();
        }
        let read = load(folder.path()).unwrap();
        assert!(read.origin.starts_with("MNIST-format IDX files in "), "{}", read.origin);
        assert_eq!(
            (read.train.images(), read.train.labels()),
            (splits.train.images(), splits.train.labels())
        );
        assert_eq!((read.test.images(), read.test.labels()), (splits.test.images(), splits.test.labels()));

        fs::create_dir_all(at("pictures/train/0")).unwrap();
        assert!(
            matches!(load(&at("pictures")), Err(DataError::Missing { path, .. }) if path.ends_with("test"))
        );
        fs::create_dir(at("arrays")).unwrap();
        fs::write(at("arrays/x_train.npy"), "").unwrap();
        assert!(
            matches!(load(&at("arrays")), Err(DataError::File { path, .. }) if path.ends_with("x_train.npy"))
        );
        // A file can only be an archive.
        let file = load(&at("train-images-idx3-ubyte"));
        assert!(matches!(file, Err(DataError::File { fault: Fault::Magic { .. }, .. })));
    }

    #[test]
    fn errors_say_what_was_expected_and_found_and_what_to_do() {
        let fault = Fault::Truncated { expected: 16, found: 3 };
        let error = fault.of(Path::new("images"));
        let text = "images: the file ends early: expected 16 bytes, found 3: fetch it again";
        assert_eq!(error.to_string(), text);
    }
}
