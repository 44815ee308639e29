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
    /// Another training writes the file.
    #[error(
        "the checkpoint {} belongs to a training that is running: wait for its end, or choose another name",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a checkpoint", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// The file has another version.
    #[error(
        "the checkpoint {} is of version {found}, this program reads version {supported}: train anew, or go \
         on with the program that wrote it",
        path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// The file is not as it was written.
    #[error("the checkpoint {} is damaged: {}", path.display(), one_line(flaw))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        flaw: String,
    },
    /// The checkpoint is of another network.
    #[error("the checkpoint is of {}, not of {here}: {}", one_line(there), one_line(difference))]
    Architecture {
        /// The architecture of the checkpoint.
        there: String,
        /// The architecture expected.
        here: String,
        /// The first layer that differs, and the first parameter.
        difference: String,
    },
    /// The training was set up differently.
    #[error(
        "the checkpoint was written with {name} {}, not {here}: go on with the same, or begin another \
         checkpoint",
        one_line(there)
    )]
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

/// A text that a file holds, which may hold anything, as a part of a line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
