//! Files that appear complete or not at all.
//!
//! The content goes to a temporary file in the same folder, to the disk, and then takes the place of the old
//! file in one step of the file system. Whoever reads, and whatever kills the process, finds the old content
//! or the new.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Replaces the content of a file, or makes one. Symbolic links are followed.
///
/// # Errors
/// If the folder or the disk refuses, or at the path is a folder or a device; what was there is then as it
/// was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = ordinary(path)?;
    let mut temporary = temporary_beside(&target)?;
    temporary.write_all(content)?;
    // Without this, a power cut could leave the new name with an empty file.
    temporary.as_file().sync_all()?;
    temporary.persist(&target)?;
    // The renaming itself is on the disk when the folder is. Not every system can open folders.
    if cfg!(unix) {
        File::open(folder_of(&target))?.sync_all()?;
    }
    Ok(())
}

/// Whether [`replace`] would be allowed to: for a look before long work. Leaves nothing behind.
///
/// # Errors
/// As those of [`replace`], but for a disk that is full later.
#[cfg(feature = "cli")]
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    temporary_beside(&ordinary(path)?).map(drop)
}

/// The file behind links, which is a plain file if it exists: moving another one to the name of a device
/// would end the device.
fn ordinary(path: &Path) -> io::Result<PathBuf> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match target.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"))
        }
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device or a pipe, not a file"))
        }
        _ => Ok(target),
    }
}

/// A file in the same folder, which vanishes with the value. Errors do not tell its name, which is none of
/// the caller's.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // As any new file: what the user's mask leaves of it, not the privacy of temporary files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let folder = folder_of(path);
    builder.prefix(&prefix(path)).tempfile_in(&folder).map_err(|error| match error.kind() {
        kind @ io::ErrorKind::NotFound => {
            io::Error::new(kind, format!("there is no folder {}", folder.display()))
        }
        kind => kind.into(),
    })
}

/// How names of the temporary files for a file begin: as long for every name, since systems limit them.
fn prefix(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    path.file_name().hash(&mut hasher);
    format!(".equivariant-{:016x}-", hasher.finish())
}

/// Removes what killed processes have left of their attempts to replace a file. Nobody may be replacing it
/// meanwhile.
#[cfg(feature = "train")]
pub(crate) fn sweep(path: &Path) -> io::Result<()> {
    let prefix = prefix(path);
    for entry in std::fs::read_dir(folder_of(path))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    /// What a process leaves that is killed while it replaces a file.
    #[cfg(feature = "train")]
    pub(crate) fn half_written(path: &Path) -> NamedTempFile {
        temporary_beside(path).unwrap()
    }

    #[test]
    fn the_new_content_takes_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in ["old and longer", "new"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
        let missing = replace(&folder.path().join("missing/file"), b"").unwrap_err().to_string();
        assert_eq!(missing, format!("there is no folder {}", folder.path().join("missing").display()));
        let told = replace(folder.path(), b"").unwrap_err().to_string();
        assert_eq!(told, "it is a directory");
    }

    /// Whatever the reason, the error is about the file asked for and not about the one beside it.
    #[cfg(unix)]
    #[test]
    fn no_error_tells_the_name_of_the_temporary_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let long = "x".repeat(300);
        for path in ["missing/file", "file/below", &format!("{long}/file")] {
            let error = replace(&folder.path().join(path), b"").unwrap_err().to_string();
            assert!(!error.contains(".equivariant-"), "{error}");
        }
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
        // Whoever may do everything is allowed this, too.
        if let Err(error) = replace(&closed.join("file"), b"") {
            assert_eq!(error.to_string(), "permission denied");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced() {
        use std::os::unix::fs::FileTypeExt;

        let error = replace(Path::new("/dev/null"), b"x").unwrap_err();
        assert_eq!(error.to_string(), "it is a device or a pipe, not a file");
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
