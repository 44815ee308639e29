//! Where output goes: standard output, or a file that appears complete or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::file::{replace, temporary_beside};

/// A place to write one document to, tried before the long work begins so that a wrong path is known at once.
pub(super) enum Destination {
    /// Standard output.
    Standard,
    /// A device or a pipe, which cannot be replaced.
    Special { file: File, path: PathBuf },
    /// A file, written beside its final place and then moved there.
    Regular { path: PathBuf },
}

impl Destination {
    /// Opens a place; `-` is standard output.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Destination::Standard);
        }
        let cannot_write = || format!("cannot write {}", path.display());
        // Links are followed: it is the file behind them that is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match target.metadata() {
            Ok(metadata) if metadata.is_dir() => bail!("cannot write {}: it is a directory", path.display()),
            Ok(metadata) if !metadata.is_file() => {
                let file = File::options().write(true).open(&target).with_context(cannot_write)?;
                Ok(Destination::Special { file, path: path.to_owned() })
            }
            _ => {
                temporary_beside(&target).with_context(cannot_write)?;
                Ok(Destination::Regular { path: target })
            }
        }
    }

    /// Writes the document.
    ///
    /// # Errors
    /// If it cannot be written. A reader that no longer listens is no error.
    pub(super) fn write(self, document: &str) -> anyhow::Result<()> {
        match self {
            Destination::Standard => print(&mut io::stdout().lock(), document),
            Destination::Special { mut file, path } => unless_hung_up(file.write_all(document.as_bytes()))
                .with_context(|| format!("cannot write {}", path.display())),
            Destination::Regular { path } => replace(&path, document.as_bytes())
                .with_context(|| format!("cannot write {}", path.display())),
        }
    }
}

/// Prints on what stands for standard output.
///
/// # Errors
/// If it cannot be written. A reader that no longer listens is no error.
pub(super) fn print(output: &mut impl Write, text: &str) -> anyhow::Result<()> {
    unless_hung_up(output.write_all(text.as_bytes()).and_then(|()| output.flush()))
        .context("cannot write to standard output")
}

fn unless_hung_up(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Destination;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let destination = Destination::open(&path).unwrap();
        assert!(!path.exists());
        destination.write("text").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        Destination::open(&path).unwrap().write("other").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_wrong_path_is_known_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Destination::open(folder.path()).is_err(), "a directory");
        assert!(Destination::open(&folder.path().join("missing/report.json")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_stay_devices() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Destination::open(&link).unwrap().write("new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        let device = std::path::Path::new("/dev/null");
        assert!(matches!(Destination::open(device).unwrap(), Destination::Special { .. }));
    }
}
