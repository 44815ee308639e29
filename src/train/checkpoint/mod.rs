//! Checkpoints: everything that a training needs to go on as if nothing had happened.
//!
//! A checkpoint is a set of named entries: texts and arrays of `f32`, `f64` or `u64`. Optimisers, averages
//! and early stopping write their states into it and take them back; a trainer adds weights, epoch, step,
//! seed and history. Whatever is drawn at random in a training must be a function of (seed, epoch, step,
//! sample), so that no generator has a state.
//!
//! The file is written beside its place and moved there when it is complete, so that whatever stops the
//! process leaves the old file or the new one. `format` has its bytes, [`Architecture`] what it belongs to;
//! [`CheckpointLock`] keeps two trainings from one file.

mod architecture;
mod error;
mod format;
mod lock;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use architecture::Architecture;
pub use error::CheckpointError;
pub use lock::CheckpointLock;

use crate::file::replace;

/// The content of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A text.
    Text(String),
    /// An array of `f32`.
    Single(Vec<f32>),
    /// An array of `f64`.
    Double(Vec<f64>),
    /// An array of `u64`.
    Counts(Vec<u64>),
}

impl Entry {
    fn describe(&self) -> String {
        match self {
            Entry::Text(_) => "a text".to_owned(),
            Entry::Single(values) => format!("{} × f32", values.len()),
            Entry::Double(values) => format!("{} × f64", values.len()),
            Entry::Counts(values) => format!("{} × u64", values.len()),
        }
    }
}

macro_rules! entries {
    ($($variant:ident($content:ty)),*) => {
        $(impl From<$content> for Entry {
            fn from(content: $content) -> Self {
                Entry::$variant(content)
            }
        })*
    };
}

entries!(Text(String), Single(Vec<f32>), Double(Vec<f64>), Counts(Vec<u64>));

macro_rules! getters {
    ($($(#[$doc:meta])* $getter:ident: $variant:ident => $content:ty, $expected:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// If there is no such entry, or it is of another kind.
            pub fn $getter(&self, name: &str) -> Result<&$content, CheckpointError> {
                match self.entries.get(name) {
                    Some(Entry::$variant(content)) => Ok(content),
                    other => Err(self.unexpected(name, $expected, other)),
                }
            }
        )*
    };
}

/// Named entries, in a file or on their way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    entries: BTreeMap<String, Entry>,
}

impl Checkpoint {
    /// A checkpoint of a training of this architecture, with nothing else yet.
    pub fn new(architecture: &Architecture) -> Self {
        let mut checkpoint = Checkpoint::default();
        architecture.store(&mut checkpoint);
        checkpoint
    }

    /// Adds an entry, in place of one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, entry: impl Into<Entry>) {
        self.entries.insert(name.into(), entry.into());
    }

    /// Whether there is an entry of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    getters! {
        /// The text of this name.
        text: Text => str, "a text";
        /// The `f32` of this name.
        single: Single => [f32], "an array of f32";
        /// The `f64` of this name.
        double: Double => [f64], "an array of f64";
        /// The `u64` of this name.
        counts: Counts => [u64], "an array of u64";
    }

    /// The `f32` of this name, of which there must be so many.
    ///
    /// # Errors
    /// If there is no such entry, or it is of another kind or length.
    pub fn single_of(&self, name: &str, len: usize) -> Result<&[f32], CheckpointError> {
        match self.single(name)? {
            values if values.len() == len => Ok(values),
            _ => Err(self.unexpected(name, &format!("{len} × f32"), self.entries.get(name))),
        }
    }

    /// The one `u64` of this name.
    ///
    /// # Errors
    /// If there is no such entry, or it is of another kind or length.
    pub fn count(&self, name: &str) -> Result<u64, CheckpointError> {
        match self.counts(name)? {
            [count] => Ok(*count),
            _ => Err(self.unexpected(name, "1 × u64", self.entries.get(name))),
        }
    }

    /// That a setting is the same as when the checkpoint was written.
    ///
    /// # Errors
    /// If it is another.
    pub fn check_setting(&self, name: &str, here: &str) -> Result<(), CheckpointError> {
        let there = self.text(name)?;
        if there == here {
            return Ok(());
        }
        Err(CheckpointError::Setting {
            name: name.to_owned(),
            there: there.to_owned(),
            here: here.to_owned(),
        })
    }

    /// That the checkpoint is of this architecture.
    ///
    /// # Errors
    /// If it is of another; the error names the first difference.
    pub fn check_architecture(&self, here: &Architecture) -> Result<(), CheckpointError> {
        Architecture::restore(self)?.check_same(here)
    }

    /// Writes the file, in place of the old one.
    ///
    /// # Errors
    /// If it cannot be written; the old file is then as it was.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        replace(path, &format::encode(&self.entries))
            .map_err(|source| CheckpointError::Write { path: path.to_owned(), source })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, is no checkpoint, is of another version, or is damaged.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let content =
            fs::read(path).map_err(|source| CheckpointError::Read { path: path.to_owned(), source })?;
        let entries = format::decode(&content).map_err(|flaw| flaw.of(path))?;
        Ok(Checkpoint { entries })
    }

    /// The bytes of a file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format::encode(&self.entries)
    }

    /// From the bytes of a file of another process.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let entries = format::decode(bytes).map_err(|flaw| flaw.of(Path::new("of rank 0")))?;
        Ok(Checkpoint { entries })
    }

    fn unexpected(&self, name: &str, expected: &str, found: Option<&Entry>) -> CheckpointError {
        let found = found.map_or_else(|| "nothing".to_owned(), Entry::describe);
        CheckpointError::Entry { name: name.to_owned(), expected: expected.to_owned(), found }
    }
}

#[cfg(test)]
mod tests;
