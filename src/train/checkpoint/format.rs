//! The bytes of a checkpoint file. All numbers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | the mark `EQVRCKPT` |
//! | 4 | version, now 2: since then a checkpoint tells its images by a digest |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | 8 | length of the body |
//! | … | body: for each entry, sorted by name: length of the name (8), name, kind (1), number of items (8), items |
//!
//! Kinds are 0 text (items are bytes of UTF-8), 1 `f32`, 2 `f64`, 3 `u64`. CRC-32 finds every burst of errors
//! of up to 32 bits, and others with probability 1 − 2⁻³²; the length finds a file that was cut.

use std::collections::BTreeMap;
use std::path::Path;

use super::{CheckpointError, Entry};

const MARK: &[u8; 8] = b"EQVRCKPT";
const VERSION: u32 = 2;
const HEADER: usize = 24;

/// What is wrong with a file.
pub(super) enum Flaw {
    NotACheckpoint,
    Version(u32),
    Damaged(String),
}

impl Flaw {
    pub(super) fn of(self, path: &Path) -> CheckpointError {
        let path = path.to_owned();
        match self {
            Flaw::NotACheckpoint => CheckpointError::NotACheckpoint { path },
            Flaw::Version(found) => CheckpointError::Version { path, found, supported: VERSION },
            Flaw::Damaged(flaw) => CheckpointError::Damaged { path, flaw },
        }
    }
}

pub(super) fn encode(entries: &BTreeMap<String, Entry>) -> Vec<u8> {
    let mut file = vec![0; HEADER];
    for (name, entry) in entries {
        put_len(&mut file, name.len());
        file.extend(name.as_bytes());
        match entry {
            Entry::Text(text) => put(&mut file, 0, text.bytes().map(|byte| [byte])),
            Entry::Single(values) => put(&mut file, 1, values.iter().map(|value| value.to_le_bytes())),
            Entry::Double(values) => put(&mut file, 2, values.iter().map(|value| value.to_le_bytes())),
            Entry::Counts(values) => put(&mut file, 3, values.iter().map(|value| value.to_le_bytes())),
        }
    }
    let (header, body) = file.split_at_mut(HEADER);
    header[..8].copy_from_slice(MARK);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    header[16..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    file
}

fn put_len(file: &mut Vec<u8>, len: usize) {
    file.extend((len as u64).to_le_bytes());
}

fn put<const N: usize>(file: &mut Vec<u8>, kind: u8, items: impl ExactSizeIterator<Item = [u8; N]>) {
    file.push(kind);
    put_len(file, items.len());
    items.for_each(|item| file.extend(item));
}

pub(super) fn decode(file: &[u8]) -> Result<BTreeMap<String, Entry>, Flaw> {
    let mark = &file[..file.len().min(MARK.len())];
    if mark != &MARK[..mark.len()] || mark.is_empty() {
        return Err(Flaw::NotACheckpoint);
    }
    let mut header = Reader { rest: file };
    header.bytes(MARK.len())?;
    let version = u32::from_le_bytes(header.array()?);
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    let sum = u32::from_le_bytes(header.array()?);
    let len = header.len()?;
    let body = header.rest;
    if body.len() != len {
        return Err(Flaw::Damaged(format!("its body has {} bytes instead of {len}", body.len())));
    }
    if crc32fast::hash(body) != sum {
        return Err(Flaw::Damaged("its checksum does not fit".to_owned()));
    }
    let mut body = Reader { rest: body };
    let mut entries = BTreeMap::new();
    while !body.rest.is_empty() {
        let len = body.len()?;
        let name = body.text(len)?;
        let [kind] = body.array()?;
        let len = body.len()?;
        let entry = match kind {
            0 => Entry::Text(body.text(len)?),
            1 => Entry::Single(body.items(len, f32::from_le_bytes)?),
            2 => Entry::Double(body.items(len, f64::from_le_bytes)?),
            3 => Entry::Counts(body.items(len, u64::from_le_bytes)?),
            kind => return Err(Flaw::Damaged(format!("the entry {name} is of the unknown kind {kind}"))),
        };
        entries.insert(name, entry);
    }
    Ok(entries)
}

/// Takes bytes from the front.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Flaw> {
        let cut = || Flaw::Damaged("it ends too early".to_owned());
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or_else(cut)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn len(&mut self) -> Result<usize, Flaw> {
        let len = u64::from_le_bytes(self.array()?);
        usize::try_from(len).map_err(|_| Flaw::Damaged(format!("it has a length of {len}")))
    }

    fn text(&mut self, len: usize) -> Result<String, Flaw> {
        String::from_utf8(self.bytes(len)?.to_vec())
            .map_err(|_| Flaw::Damaged("a text in it is no UTF-8".to_owned()))
    }

    fn items<T, const N: usize>(&mut self, len: usize, item: fn([u8; N]) -> T) -> Result<Vec<T>, Flaw> {
        let bytes = self.bytes(len.saturating_mul(N))?;
        Ok(bytes.as_chunks::<N>().0.iter().copied().map(item).collect())
    }
}
