//! npy files read piece by piece: arrays that do not fit in memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
#[cfg(feature = "cli")]
use std::time::SystemTime;

use super::{Header, NpyArray};
use crate::train::data::file::Bytes;
use crate::train::data::{DataError, Fault};

/// An npy file of which any entries can be read.
#[derive(Debug)]
pub(crate) struct NpyFile {
    path: PathBuf,
    file: File,
    /// Bytes before the entries.
    begin: u64,
    header: Header,
    #[cfg(feature = "cli")]
    length: u64,
    #[cfg(feature = "cli")]
    modified: Option<SystemTime>,
}

impl NpyFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If it cannot be read, is no npy file, or is not as long as its header says.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
        let fault = |fault| DataError::File { path: path.to_owned(), fault };
        let mut file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let (header, begin) = {
            let mut bytes = Bytes::plain(&mut file, metadata.len());
            (Header::read(&mut bytes).map_err(fault)?, bytes.given() as u64)
        };
        let shape = header.shape.clone();
        let size = header.size().map_err(fault)? as u64;
        if shape.contains(&0) {
            return Err(fault(Fault::Empty { shape }));
        }
        let entries = shape.iter().try_fold(1_u64, |product, &extent| product.checked_mul(extent as u64));
        let expected = entries.and_then(|entries| entries.checked_mul(size)?.checked_add(begin));
        let as_number = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        match expected {
            Some(expected) if expected == metadata.len() => {}
            Some(expected) if expected < metadata.len() => {
                return Err(fault(Fault::Trailing { expected: as_number(expected) }));
            }
            _ => {
                let (expected, found) = (expected.map_or(usize::MAX, as_number), as_number(metadata.len()));
                return Err(fault(Fault::Truncated { expected, found }));
            }
        }
        Ok(NpyFile {
            path: path.to_owned(),
            file,
            begin,
            header,
            #[cfg(feature = "cli")]
            length: metadata.len(),
            #[cfg(feature = "cli")]
            modified: metadata.modified().ok(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The length of each axis.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Whether the entries stand column by column.
    pub(crate) fn is_by_columns(&self) -> bool {
        self.header.fortran_order && self.header.shape.iter().filter(|&&extent| extent > 1).count() > 1
    }

    /// Whether every entry is a float that `f32` holds exactly.
    #[cfg(feature = "cli")]
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.header.kind_and_size(), "f2" | "f4")
    }

    /// Whether every entry is a byte without sign.
    pub(crate) fn is_bytes(&self) -> bool {
        self.header.kind_and_size() == "u1"
    }

    /// What changes when the file does: its header, its length and the time of its last change.
    #[cfg(feature = "cli")]
    pub(crate) fn state(&self) -> String {
        let Header { descriptor, shape, .. } = &self.header;
        format!("{descriptor} {shape:?} {} {:?}", self.length, self.modified)
    }

    /// So many entries from one on, each converted from the float that it is, or the nearest to an integer
    /// above 2⁵³.
    ///
    /// # Errors
    /// If the file cannot be read, or became shorter.
    pub(crate) fn read<T>(
        &mut self,
        first: usize,
        count: usize,
        convert: impl Fn(f64) -> T,
    ) -> Result<Vec<T>, DataError> {
        let fault = |fault| DataError::File { path: self.path.clone(), fault };
        let size = self.header.size().map_err(fault)?;
        let mut entries = vec![0; count * size];
        let from = SeekFrom::Start(self.begin + first as u64 * size as u64);
        let read = self.file.seek(from).and_then(|_| self.file.read_exact(&mut entries));
        read.map_err(|source| DataError::Unreadable { path: self.path.clone(), source })?;
        let header = Header { fortran_order: false, shape: vec![count], ..self.header.clone() };
        let array = NpyArray { header, entries }.map(convert);
        let array = array.map_err(|fault| DataError::File { path: self.path.clone(), fault })?;
        Ok(array.into_raw_vec_and_offset().0)
    }
}
