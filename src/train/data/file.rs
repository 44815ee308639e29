//! Bytes from files, plain or gzipped, never more than asked for.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::{DataError, Fault};
use crate::fence::fence;

/// Entries of the largest array that is read: 2³⁰, four gigabytes of `f32`.
pub const LARGEST_ARRAY: usize = 1 << 30;

/// No deflated stream is longer than this many times its compressed length: a match of 258 bytes takes two
/// bits.
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
        let begins_as_gzip = reader.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        Ok(if begins_as_gzip {
            Self::decompressed("gzip", Members::new(reader), length)
        } else {
            Self { reader: Box::new(reader), given: 0, at_best: length, format: None }
        })
    }

    /// The bytes of an open file of this length, as they are.
    pub(super) fn plain(file: &'a mut File, length: u64) -> Self {
        let at_best = usize::try_from(length).unwrap_or(usize::MAX);
        Self { reader: Box::new(file), given: 0, at_best, format: None }
    }

    /// How many it has given.
    pub(super) fn given(&self) -> usize {
        self.given
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
        let read = fenced(|| (&mut self.reader).take(count as u64).read_to_end(&mut bytes));
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
        match fenced(|| self.reader.read(&mut [0])) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Fault::Trailing { expected: self.given }),
            Err(error) => Err(self.damaged(&error)),
        }
    }

    fn damaged(&self, error: &io::Error) -> Fault {
        Fault::Compression { format: self.format.unwrap_or("stored"), reason: error.to_string() }
    }
}

/// A panic of a decompressor is an error like its others.
fn fenced<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    fence(read).unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

/// The members of a gzip file, one after the other. Zeros behind the last fill a block of a tape or a disk,
/// and are no data (gzip's manual, section *Tapes*).
struct Members<R> {
    /// `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(reader: R) -> Self {
        Members { member: Some(GzDecoder::new(reader)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(mut reader) = self.member.take().map(GzDecoder::into_inner) else { break };
            if !skip_zeros(&mut reader)? {
                self.member = Some(GzDecoder::new(reader));
            }
        }
        Ok(0)
    }
}

/// Passes over zeros. Returns whether nothing follows.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let is_over = zeros < bytes.len();
        reader.consume(zeros);
        if is_over {
            return Ok(false);
        }
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
