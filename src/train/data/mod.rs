//! Labelled images: what they are, where they come from, and the built-in digits.
//!
//! | source | what is read |
//! |---|---|
//! | [`load_idx`] | a folder with the four MNIST-format IDX files, plain or gzipped |
//! | [`load_pictures`] | a folder of PNG pictures: `train/CLASS/*.png` and `test/CLASS/*.png` |
//! | [`load_numpy`] | an `.npz` archive, or a folder of `.npy` files: `x_train`, `y_train`, `x_test`, `y_test` |
//! | [`load`] | any of these, as the content tells |
//! | [`digits`], [`digit_splits`] | drawn digits, made as asked for |
//! | [`rotated`] | the same images turned by random angles |
//!
//! Whatever is read is checked before memory is asked for, and every malformation is a [`DataError`] that says what was
//! expected, what was found and what to do.

mod dataset;
mod digits;
mod error;
mod file;
mod idx;
mod numpy;
mod npy;
mod pictures;
mod rotated;

use std::path::Path;

pub use dataset::{Dataset, Splits};
pub use digits::{DIGIT_SIDE, digit_splits, digits};
pub use error::{DataError, Fault, SetFault};
pub use file::LARGEST_ARRAY;
pub use idx::{load_idx, write_idx};
pub use numpy::load_numpy;
pub use pictures::load_pictures;
pub use rotated::{Rotated, rotated};

/// Reads images and labels to train and to test, in whatever format is there. [`Splits::origin`] tells what was found.
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
