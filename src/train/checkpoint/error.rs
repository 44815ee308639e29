//! What can be wrong with a checkpoint, each in one line.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A checkpoint that cannot be written, read or resumed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be written.
    #[error("cannot write the checkpoint {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the checkpoint {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is not a checkpoint", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// The file has another version.
    #[error("the checkpoint {} is of version {found}, this program reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// The file is not as it was written.
    #[error("the checkpoint {} is damaged: {flaw}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        flaw: String,
    },
    /// The checkpoint is of another network.
    #[error("the checkpoint is of {there}, not of {here}: {difference}")]
    Architecture {
        /// The architecture of the checkpoint.
        there: String,
        /// The architecture expected.
        here: String,
        /// The first layer that differs, and the first parameter.
        difference: String,
    },
    /// The training was set up differently.
    #[error("the checkpoint was written with {name} {there}, not {here}")]
    Setting {
        /// What was set.
        name: String,
        /// How in the checkpoint.
        there: String,
        /// How now.
        here: String,
    },
    /// An entry is missing, or of another kind or length.
    #[error("the checkpoint's entry {name} must be {expected}, found {found}")]
    Entry {
        /// Its name.
        name: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
}
