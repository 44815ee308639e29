//! What can be wrong with data: where it is, what was expected, what was found, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why there is no [`Dataset`](super::Dataset).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing at a path.
    #[error("there is no {what} at {}: {remedy}", path.display())]
    Missing {
        /// Where.
        path: PathBuf,
        /// What should be there.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {fault}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Images and labels do not make a data set.
    #[error("{name}: {fault}")]
    Set {
        /// The name of the set, or where it is from.
        name: String,
        /// What is wrong with it.
        fault: SetFault,
    },
}

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// Compressed data that does not decompress.
    #[error("the {format} data is damaged ({reason}): fetch the file again")]
    Compression {
        /// gzip or zip.
        format: &'static str,
        /// In the words of the decompressor.
        reason: String,
    },
    /// The first bytes are those of another format.
    #[error("expected {expected}, found the first bytes {found:02x?}: is this another kind of file?")]
    Magic {
        /// The format and how it begins.
        expected: &'static str,
        /// How the file begins.
        found: Vec<u8>,
    },
    /// The entries are of a type that is not read.
    #[error("expected entries of type {expected}, found {found}: convert the file")]
    ElementType {
        /// The types that are.
        expected: &'static str,
        /// The type in the file.
        found: String,
    },
    /// The array has the wrong number of axes.
    #[error("expected {expected} axes, found {found}: are images and labels exchanged?")]
    Rank {
        /// How many, and what they mean.
        expected: &'static str,
        /// How many the file has.
        found: usize,
    },
    /// An axis has length zero.
    #[error("expected at least one entry along each axis, found the shape {shape:?}")]
    Empty {
        /// The shape in the file.
        shape: Vec<usize>,
    },
    /// The array is larger than what is read.
    #[error(
        "expected at most {limit} entries, found the shape {shape:?}: is the header damaged? otherwise take \
         a part"
    )]
    TooLarge {
        /// The shape in the file.
        shape: Vec<usize>,
        /// [`LARGEST_ARRAY`](super::LARGEST_ARRAY), or what the file could hold at best.
        limit: usize,
    },
    /// The file ends early.
    #[error("the file ends early: expected {expected} bytes, found {found}: fetch it again")]
    Truncated {
        /// Bytes that the header announces, itself included, after decompression.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// The file goes on.
    #[error("expected {expected} bytes, found more: the header and the data disagree, fetch the file again")]
    Trailing {
        /// Bytes that the header announces, itself included, after decompression.
        expected: usize,
    },
    /// The description of an array does not say what it must.
    #[error("the header does not describe an array: {reason}")]
    Header {
        /// What is missing.
        reason: String,
    },
    /// An archive lacks an array.
    #[error("expected the arrays {expected}, found {found:?}: save them under these names")]
    Names {
        /// All that must be there.
        expected: &'static str,
        /// All that are.
        found: Vec<String>,
    },
    /// A picture that cannot be decoded.
    #[error("the picture cannot be decoded ({reason}): save it again as PNG")]
    Picture {
        /// In the words of the decoder.
        reason: String,
    },
    /// A picture of another kind than the others.
    #[error("expected {expected} like the pictures before it, found {found}: make all pictures alike")]
    OtherPicture {
        /// Size and colours of the first picture.
        expected: String,
        /// Those of this one.
        found: String,
    },
    /// A picture that is not opaque.
    #[error("the picture has an alpha channel that is not opaque everywhere: save it without transparency")]
    Transparent,
    /// A row of labels that does not single out a class.
    #[error(
        "expected a single 1 among zeros for each image, found another row at entry {index}: save the class \
         numbers instead"
    )]
    OneHot {
        /// Whose.
        index: usize,
    },
    /// A label that is no class number.
    #[error("expected class numbers 0, 1, 2, …, found {found} at entry {index}: number the classes from 0")]
    ClassNumber {
        /// The label.
        found: f64,
        /// Whose.
        index: usize,
    },
}

/// What is wrong with images and labels together.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SetFault {
    /// Not as many labels as images.
    #[error(
        "expected one label for each image, found {images} images and {labels} labels: do the files belong \
         together?"
    )]
    Counts {
        /// Images.
        images: usize,
        /// Labels.
        labels: usize,
    },
    /// No image, or images without pixels or channels.
    #[error("expected images of shape (count, channels, height, width) without zeros, found {shape:?}")]
    Empty {
        /// Their shape.
        shape: Vec<usize>,
    },
    /// A label that is no class.
    #[error(
        "expected labels below {classes}, found {label} at image {index}: is the file of labels damaged?"
    )]
    Label {
        /// The number of classes.
        classes: usize,
        /// The label.
        label: usize,
        /// Whose.
        index: usize,
    },
    /// Classes that no image has.
    #[error(
        "expected labels without gaps, found {largest} but never {missing}: is the file of labels damaged? \
         otherwise renumber the classes"
    )]
    Gap {
        /// The largest label.
        largest: usize,
        /// The first label below it that does not occur.
        missing: usize,
    },
    /// A value that is infinite or not a number.
    #[error("expected finite values, found {value} in sample {index}")]
    NotFinite {
        /// The value.
        value: f32,
        /// The first sample that has one.
        index: usize,
    },
    /// A pixel that is no brightness.
    #[error("expected pixels from 0 to 1, found {value} in image {index}: scale them first")]
    Pixel {
        /// The value.
        value: f32,
        /// The image.
        index: usize,
    },
    /// Training and test images of different shapes.
    #[error("expected test images of shape {train:?} like the training images, found {test:?}")]
    Shapes {
        /// Channels, height, width of the training images.
        train: [usize; 3],
        /// Those of the test images.
        test: [usize; 3],
    },
    /// More images asked for than there are.
    #[error("expected at least {expected} images, found {found}: {remedy}")]
    TooFew {
        /// How many are needed.
        expected: usize,
        /// How many there are.
        found: usize,
        /// What to do.
        remedy: &'static str,
    },
}

impl Fault {
    /// The error that this file has this fault.
    pub(super) fn of(self, path: &Path) -> DataError {
        DataError::File { path: path.to_owned(), fault: self }
    }
}

impl SetFault {
    /// The error that this set has this fault.
    pub(super) fn of(self, name: impl Into<String>) -> DataError {
        DataError::Set { name: name.into(), fault: self }
    }
}
