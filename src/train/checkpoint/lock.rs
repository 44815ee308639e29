//! One training to a checkpoint: whoever comes second is told.
//!
//! The lock is the operating system's, on an empty file beside the checkpoint (`lenet5.state.lock`), since
//! the checkpoint itself is another file after each epoch. It ends with the process, however that ends. The
//! file goes with the lock; a process that is killed leaves it, and perhaps a checkpoint that is half
//! written: the next training takes the one over and removes the other.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::CheckpointError;
use crate::file::sweep;

/// The right to write a checkpoint, until it is dropped.
#[derive(Debug)]
pub struct CheckpointLock {
    path: PathBuf,
    /// Holds the lock while it is open.
    _file: File,
}

impl CheckpointLock {
    /// Takes the lock of a checkpoint, which need not exist. A file system that knows no locks keeps nobody
    /// away.
    ///
    /// # Errors
    /// If somebody has it ([`CheckpointError::InUse`]), or the folder cannot be written to.
    pub fn take(checkpoint: &Path) -> Result<Self, CheckpointError> {
        let write = |source| CheckpointError::Write { path: checkpoint.to_owned(), source };
        let target = checkpoint.canonicalize().unwrap_or_else(|_| checkpoint.to_owned());
        let Some(name) = target.file_name() else {
            return Err(write(io::Error::new(io::ErrorKind::InvalidInput, "it is no name of a file")));
        };
        let mut name = name.to_owned();
        name.push(".lock");
        let path = target.with_file_name(name);
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(write)?;
            match file.try_lock() {
                // Whoever had it may have removed the file between these two lines: then the lock is one of a
                // file without a name.
                Ok(()) if !is_at(&file, &path) => continue,
                Ok(()) => {
                    sweep(&target).map_err(write)?;
                    return Ok(CheckpointLock { path, _file: file });
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(CheckpointError::InUse { path: checkpoint.to_owned() });
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(CheckpointLock { path, _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(write(error)),
            }
        }
    }
}

impl Drop for CheckpointLock {
    fn drop(&mut self) {
        // A file that stays is no fault: the lock is what counts.
        let _stays = std::fs::remove_file(&self.path);
    }
}

/// Whether the open file is the one of this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let identity = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
    matches!((&file.metadata(), &path.metadata()), (Ok(one), Ok(other)) if identity(one) == identity(other))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_second_is_told_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let first = CheckpointLock::take(&path).unwrap();
        let refused = CheckpointLock::take(&path).unwrap_err();
        let told = format!("the checkpoint {} belongs to a training that is running", path.display());
        assert!(refused.to_string().starts_with(&told), "{refused}");
        let _other = CheckpointLock::take(&folder.path().join("other")).unwrap();
        drop(first);
        assert!(!folder.path().join("state.lock").exists(), "nothing is left");
        drop(CheckpointLock::take(&path).unwrap());
        // What a killed process leaves keeps nobody away.
        std::fs::write(folder.path().join("state.lock"), "").unwrap();
        drop(CheckpointLock::take(&path).unwrap());
        for nowhere in [folder.path().join("missing/state"), "".into(), "/".into()] {
            assert!(matches!(CheckpointLock::take(&nowhere), Err(CheckpointError::Write { .. })));
        }
    }

    /// The file comes and goes with each of many owners; never are there two.
    #[test]
    fn there_is_one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (owners, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while taken.load(Ordering::SeqCst) < 200 {
                        let Ok(lock) = CheckpointLock::take(&path) else { continue };
                        assert_eq!(owners.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        owners.fetch_sub(1, Ordering::SeqCst);
                        taken.fetch_add(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
