//! Files that appear complete or not at all.
//!
//! The content goes to a temporary file in the same folder, to the disk, and then takes the place of the old file in
//! one step of the file system. Whoever reads, and whatever kills the process, finds the old content or the new.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Replaces the content of a file, or makes one. Symbolic links are followed.
///
/// # Errors
/// If the folder or the disk refuses; the old file is then as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
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

/// A file in the same folder, which vanishes with the value.
pub(crate) fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // As any new file: what the user's mask leaves of it, not the privacy of temporary files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".equivariant-").tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_new_content_takes_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for content in ["old and longer", "new"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
        assert!(replace(&folder.path().join("missing/file"), b"").is_err());
        assert!(replace(folder.path(), b"").is_err(), "a folder is no file");
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
