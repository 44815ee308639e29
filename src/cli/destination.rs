//! Where output goes: standard output, or a file that appears complete or not at all.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::file::{check_replaceable, replace};

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
        let is_special = |metadata: &Metadata| !metadata.is_file() && !metadata.is_dir();
        if path.metadata().is_ok_and(|metadata| is_special(&metadata)) {
            let file = File::options().write(true).open(path).with_context(|| cannot_write(path))?;
            return Ok(Destination::Special { file, path: path.to_owned() });
        }
        check(path)?;
        Ok(Destination::Regular { path: path.to_owned() })
    }

    /// Opens the place that an option names, which must be a file.
    ///
    /// # Errors
    /// If it is standard output, or nothing can be written there.
    pub(super) fn open_file(option: &str, path: &Path) -> anyhow::Result<Self> {
        match Destination::open(path)? {
            Destination::Standard => bail!("{option} needs the name of a file"),
            destination => Ok(destination),
        }
    }

    /// Writes the document.
    ///
    /// # Errors
    /// If it cannot be written. A reader that no longer listens is no error.
    pub(super) fn write(self, document: &str) -> anyhow::Result<()> {
        match self {
            Destination::Standard => print(&mut io::stdout().lock(), document),
            Destination::Special { mut file, path } => {
                unless_hung_up(file.write_all(document.as_bytes())).with_context(|| cannot_write(&path))
            }
            Destination::Regular { path } => {
                replace(&path, document.as_bytes()).with_context(|| cannot_write(&path))
            }
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Tries a file that is written at the end of long work.
///
/// # Errors
/// If it cannot be written.
pub(super) fn check(path: &Path) -> anyhow::Result<()> {
    check_replaceable(path).with_context(|| cannot_write(path))
}

/// That no two options name one file, of which only the last would be left.
///
/// # Errors
/// If two do.
pub(super) fn check_distinct(options: &[(&str, Option<&PathBuf>)]) -> anyhow::Result<()> {
    let named: Vec<_> = options.iter().filter_map(|&(option, path)| Some((option, path?))).collect();
    for (place, &(option, path)) in named.iter().enumerate() {
        if let Some((other, _)) = named[..place].iter().find(|(_, other)| is_same(other, path)) {
            bail!("{other} and {option} both name {}: give each a place of its own", path.display());
        }
    }
    Ok(())
}

/// Whether two names are of one file, which may not exist yet.
fn is_same(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        path.canonicalize().or_else(|_| {
            folder.canonicalize().map(|folder| folder.join(path.file_name().unwrap_or_default()))
        })
    };
    one == other || matches!((resolved(one), resolved(other)), (Ok(one), Ok(other)) if one == other)
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

    use super::{Destination, check_distinct};

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

    #[test]
    fn two_documents_do_not_go_to_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let [file, roundabout, elsewhere] = ["page", "./page", "other"].map(|name| folder.path().join(name));
        let told = |one, other| check_distinct(&[("--json", one), ("--svg", None), ("--html", other)]);
        told(Some(&file), None).unwrap();
        told(Some(&file), Some(&elsewhere)).unwrap();
        for other in [&file, &roundabout] {
            let error = told(Some(&file), Some(other)).unwrap_err().to_string();
            assert!(error.starts_with("--json and --html both name "), "{error}");
        }
        assert!(told(Some(&"-".into()), Some(&"-".into())).is_err());
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
