//! The file of the result while it grows, block by block, and what is known of an interrupted run.
//!
//! Entries go to `OUT.part`, and `OUT.progress` says how many blocks are on the disk, and of which
//! convolution: a digest of the kernel, the shapes, the blocks, the plan, and the length and time of the
//! signal's file. A run that finds both, with its own digest, goes on behind them, to the same bits, as every
//! block is computed from its own entries alone. At the end `OUT.part` takes the name of the result.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::blocks::Block;
use crate::cli::npy::{extend, header};
use crate::file::replace;

/// How long work may be lost when a run is interrupted.
const SAVED_EVERY: Duration = Duration::from_secs(2);

/// The file of a result.
pub(super) struct Output {
    path: PathBuf,
    part: PathBuf,
    journal: PathBuf,
    file: File,
    digest: String,
    /// Bytes before the entries.
    begin: u64,
    /// Entries of a row, and bytes of an entry.
    row: usize,
    size: usize,
    done: usize,
    saved: Instant,
}

impl Output {
    /// Opens the result of an interrupted run, or begins a new one.
    ///
    /// # Errors
    /// If it cannot be written, or another run writes it.
    pub(super) fn open(path: &Path, shape: &[usize], size: usize, digest: String) -> anyhow::Result<Self> {
        // What a link leads to is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let beside = |ending: &str| {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            path.with_file_name(name)
        };
        let (part, journal) = (beside(".part"), beside(".progress"));
        let told = format!("cannot write {}", part.display());
        let cannot = || told.clone();
        let options = File::options().create(true).truncate(false).read(true).write(true).clone();
        let file = options.open(&part).with_context(cannot)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another run is writing {}", path.display()),
            // A file system that knows no locks keeps nobody away.
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(error).with_context(cannot);
            }
            _ => {}
        }
        let header = header(shape, size);
        let bytes = shape.iter().try_fold(size as u64, |bytes, &extent| bytes.checked_mul(extent as u64));
        let length = bytes.and_then(|bytes| bytes.checked_add(header.len() as u64));
        let length = length.with_context(|| format!("{shape:?} is too large for a file"))?;
        let (begin, row) = (header.len() as u64, shape[shape.len() - 1]);
        let mut output =
            Output { path, part, journal, file, digest, begin, row, size, done: 0, saved: Instant::now() };
        let is_whole = output.file.metadata().with_context(cannot)?.len() == length;
        match output.saved_blocks() {
            Some(done) if is_whole => output.done = done,
            other => {
                if other.is_some() || output.journal.exists() {
                    anstream::eprintln!("{}: of another convolution; begun anew", output.part.display());
                }
                output.begin_anew(&header, length).with_context(cannot)?;
            }
        }
        Ok(output)
    }

    /// How many blocks are in the part that an earlier run left; none if it was of another convolution.
    fn saved_blocks(&self) -> Option<usize> {
        let journal = fs::read_to_string(&self.journal).ok()?;
        let (digest, done) = journal.trim_end().split_once(' ')?;
        done.parse().ok().filter(|_| digest == self.digest)
    }

    fn begin_anew(&mut self, header: &[u8], length: u64) -> io::Result<()> {
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.file.set_len(0)?;
        self.file.write_all(header)?;
        self.file.set_len(length)
    }

    /// How many blocks are done.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// Writes the next block, of whose rows only as many entries as it has columns count; and notes from time
    /// to time what is done.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write<'a, T: Copy + Into<f64> + 'a>(
        &mut self,
        block: &Block,
        rows: impl Iterator<Item = &'a [T]>,
    ) -> anyhow::Result<()> {
        let cannot = |part: &Path| format!("cannot write {}", part.display());
        let width = block.columns.len();
        let mut bytes = Vec::new();
        for (row, entries) in block.rows.clone().zip(rows) {
            bytes.clear();
            extend(&mut bytes, entries[..width].iter().map(|&entry| entry.into()), self.size);
            let place = (row as u64 * self.row as u64 + block.columns.start as u64) * self.size as u64;
            let written = self.file.seek(SeekFrom::Start(self.begin + place));
            written.and_then(|_| self.file.write_all(&bytes)).with_context(|| cannot(&self.part))?;
        }
        self.done += 1;
        if self.saved.elapsed() >= SAVED_EVERY {
            self.save().with_context(|| cannot(&self.part))?;
        }
        Ok(())
    }

    /// Brings what is done to the disk, and then notes it.
    pub(super) fn save(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        replace(&self.journal, format!("{} {}\n", self.digest, self.done).as_bytes())?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Gives the result its name.
    ///
    /// # Errors
    /// If that cannot be done.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", self.path.display());
        self.file.sync_all().with_context(cannot)?;
        fs::rename(&self.part, &self.path).with_context(cannot)?;
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).with_context(cannot),
            _ => Ok(()),
        }
    }
}
