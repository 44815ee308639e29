//! Bytes from files, plain or gzipped, never more than asked for; and files that appear complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::{DataError, Fault};

/// Entries of the largest array that is read: 2³⁰, four gigabytes of `f32`.
pub const LARGEST_ARRAY: usize = 1 << 30;

/// No deflated stream is longer than this many times its compressed length: a match of 258 bytes takes two bits.
const LARGEST_EXPANSION: usize = 1032;

/// The most bytes that a deflated stream of so many bytes can stand for.
pub(super) fn largest_expansion(compressed: usize) -> usize {
    compressed.saturating_mul(LARGEST_EXPANSION)
}

/// The entries of an array, checked against zero, [`LARGEST_ARRAY`] and overflow.
pub(super) fn checked_length(shape: &[usize]) -> Result<usize, Fault> {
    if shape.contains(&0) {
        return Err(Fault::Empty { shape: shape.to_vec() });
    }
    let length = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    match length {
        Some(length) if length <= LARGEST_ARRAY => Ok(length),
        _ => Err(Fault::TooLarge { shape: shape.to_vec(), limit: LARGEST_ARRAY }),
    }
}

/// A stream of bytes that knows how many it has given and how many it can give at best.
pub(super) struct Bytes<'a> {
    reader: Box<dyn Read + 'a>,
    given: usize,
    at_best: usize,
    /// What the bytes are decompressed from, if they are.
    format: Option<&'static str>,
}

impl<'a> Bytes<'a> {
    /// The bytes of a file, decompressed if they begin as gzip does.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let begins_as_gzip =
            io::BufRead::fill_buf(&mut reader).map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        Ok(if begins_as_gzip {
            Self::decompressed("gzip", MultiGzDecoder::new(reader), length)
        } else {
            Self { reader: Box::new(reader), given: 0, at_best: length, format: None }
        })
    }

    /// Bytes that come out of a decompressor, from so many compressed ones.
    pub(super) fn decompressed(format: &'static str, reader: impl Read + 'a, compressed: usize) -> Self {
        let at_best = largest_expansion(compressed);
        Self { reader: Box::new(reader), given: 0, at_best, format: Some(format) }
    }

    /// Bytes in memory.
    #[cfg(test)]
    pub(super) fn from_slice(bytes: &'a [u8]) -> Self {
        Self { reader: Box::new(bytes), given: 0, at_best: bytes.len(), format: None }
    }

    /// The next `count` bytes. Memory grows with the bytes that come, not with the number asked for.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<u8>, Fault> {
        let truncated = |found| Fault::Truncated { expected: self.given.saturating_add(count), found };
        if count > self.at_best.saturating_sub(self.given) {
            return Err(match self.format {
                None => truncated(self.at_best.max(self.given)),
                Some(_) => Fault::TooLarge { shape: vec![count], limit: self.at_best },
            });
        }
        let mut bytes = Vec::new();
        let read = (&mut self.reader).take(count as u64).read_to_end(&mut bytes);
        match read {
            Ok(_) if bytes.len() == count => {}
            Ok(_) => return Err(truncated(self.given + bytes.len())),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(truncated(self.given + bytes.len()));
            }
            Err(error) => return Err(self.damaged(&error)),
        }
        self.given += count;
        Ok(bytes)
    }

    /// Makes sure that nothing follows, and that a checksum at the end is right.
    pub(super) fn end(mut self) -> Result<(), Fault> {
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Fault::Trailing { expected: self.given }),
            Err(error) => Err(self.damaged(&error)),
        }
    }

    fn damaged(&self, error: &io::Error) -> Fault {
        Fault::Compression { format: self.format.unwrap_or("stored"), reason: error.to_string() }
    }
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, DataError> {
    let unreadable = |source| DataError::Unreadable { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Writes a file beside its place and moves it there when it is complete.
///
/// # Errors
/// If it cannot be written.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), DataError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let replaced = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        // As any new file: what the user's mask leaves of it, not the privacy of temporary files.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.prefix(".equivariant-").tempfile_in(folder)?;
        let mut writer = BufWriter::new(temporary.as_file_mut());
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        Ok(())
    };
    replaced().map_err(|source| DataError::Unwritable { path: path.to_owned(), source })
}
