//! The npy format of NumPy: one array behind a header that is a Python dictionary.
//!
//! ```text
//! 0x93 "NUMPY", major, minor    the version: 1, 2 or 3
//! header length                 little-endian; u16 in version 1, u32 later
//! {'descr': '<f4', 'fortran_order': False, 'shape': (2, 28, 28), }
//! entries
//! ```
//!
//! Truth values and real numbers of one, two, four or eight bytes are read, in either byte order and either
//! order of the axes. Python 2 wrote lengths as `28L`.
//!
//! Source: *NumPy Enhancement Proposal 1: a simple file format for NumPy arrays*.

pub(super) mod pieces;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::Fault;
use super::file::{Bytes, checked_length};
use crate::scalar::half::from_binary16;

/// An array as it is in the file.
#[derive(Clone, Debug)]
pub(super) struct NpyArray {
    header: Header,
    entries: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    /// Byte order, kind and size: `<f4`.
    descriptor: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

const TYPES: &str = "b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 or f8";

/// Bytes of the longest header that is read; NumPy writes some dozens.
const LONGEST_HEADER: usize = 1 << 16;

impl NpyArray {
    /// Reads an array that fills the stream.
    pub(super) fn read(mut bytes: Bytes<'_>) -> Result<Self, Fault> {
        let header = Header::read(&mut bytes)?;
        let size = header.size()?;
        let count = checked_length(&header.shape)?;
        let entries = bytes.take(count * size)?;
        bytes.end()?;
        Ok(Self { header, entries })
    }

    /// The length of each axis.
    pub(super) fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// Whether the entries are bytes, which stand for 255ths.
    pub(super) fn is_bytes(&self) -> bool {
        self.header.kind_and_size() == "u1"
    }

    /// The entries, each converted from the float that it is, or the nearest to an integer above 2⁵³.
    pub(super) fn map<T>(&self, convert: impl Fn(f64) -> T) -> Result<ArrayD<T>, Fault> {
        let big = self.header.descriptor.starts_with('>');
        macro_rules! decode {
            ($type:ty) => {
                decode!($type, |value| value as f64)
            };
            ($type:ty, $to_float:expr) => {{
                let to_float: fn($type) -> f64 = $to_float;
                let from_bytes = if big { <$type>::from_be_bytes } else { <$type>::from_le_bytes };
                let (entries, _) = self.entries.as_chunks();
                entries.iter().map(|entry| convert(to_float(from_bytes(*entry)))).collect()
            }};
        }
        let values: Vec<T> = match self.header.kind_and_size() {
            "b1" => decode!(u8, |value| f64::from(u8::from(value != 0))),
            "u1" => decode!(u8),
            "u2" => decode!(u16),
            "u4" => decode!(u32),
            "u8" => decode!(u64),
            "i1" => decode!(i8),
            "i2" => decode!(i16),
            "i4" => decode!(i32),
            "i8" => decode!(i64),
            "f2" => decode!(u16, |bits| f64::from(from_binary16(bits))),
            "f4" => decode!(f32),
            "f8" => decode!(f64),
            _ => return Err(self.header.wrong_type()),
        };
        let shape = IxDyn(&self.header.shape).set_f(self.header.fortran_order);
        Ok(ArrayD::from_shape_vec(shape, values).expect("the length was checked"))
    }
}

impl Header {
    /// Reads what stands before the entries.
    fn read(bytes: &mut Bytes<'_>) -> Result<Self, Fault> {
        let magic = bytes.take(8)?;
        if !magic.starts_with(b"\x93NUMPY") || !(1..=3).contains(&magic[6]) {
            let expected = "an npy file, which begins with 0x93 and NUMPY and a version from 1 to 3";
            return Err(Fault::Magic { expected, found: magic });
        }
        let size_of_length = if magic[6] == 1 { 2 } else { 4 };
        let length = bytes.take(size_of_length)?;
        let length = length.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte));
        if length > LONGEST_HEADER {
            return Err(fault(format!("it would have {length} bytes, more than {LONGEST_HEADER}")));
        }
        let text = String::from_utf8(bytes.take(length)?)
            .map_err(|_| Fault::Header { reason: "it is no text".into() })?;
        Parser { rest: &text }.header()
    }

    fn kind_and_size(&self) -> &str {
        self.descriptor.strip_prefix(['<', '>', '|', '=']).unwrap_or(&self.descriptor)
    }

    /// Bytes of an entry.
    fn size(&self) -> Result<usize, Fault> {
        match self.kind_and_size() {
            "b1" | "u1" | "i1" => Ok(1),
            "u2" | "i2" | "f2" => Ok(2),
            "u4" | "i4" | "f4" => Ok(4),
            "u8" | "i8" | "f8" => Ok(8),
            _ => Err(self.wrong_type()),
        }
    }

    fn wrong_type(&self) -> Fault {
        Fault::ElementType { expected: TYPES, found: self.descriptor.clone() }
    }
}

/// What is left of the header's text.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn header(mut self) -> Result<Header, Fault> {
        let (mut descriptor, mut fortran_order, mut shape) = (None, None, None);
        self.expect("{")?;
        while !self.skip("}") {
            let key = self.string()?;
            self.expect(":")?;
            match key {
                "descr" => descriptor = Some(self.descriptor()?),
                "fortran_order" => fortran_order = Some(self.boolean()?),
                "shape" => shape = Some(self.tuple()?),
                other => return Err(fault(format!("unknown key {other:?}"))),
            }
            if !self.skip(",") {
                self.expect("}")?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err(fault(format!("it goes on with {:?}", self.rest.trim())));
        }
        let missing = |key| fault(format!("no key {key:?}"));
        Ok(Header {
            descriptor: descriptor.ok_or_else(|| missing("descr"))?,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }

    fn skip(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), Fault> {
        if self.skip(token) {
            return Ok(());
        }
        let found: String = self.rest.trim_start().chars().take(20).collect();
        Err(fault(format!("expected {token:?}, found {found:?}")))
    }

    fn string(&mut self) -> Result<&'a str, Fault> {
        let quote = if self.skip("\"") { "\"" } else { self.expect("'").map(|()| "'")? };
        let (string, rest) =
            self.rest.split_once(quote).ok_or_else(|| fault("a string without end".into()))?;
        self.rest = rest;
        Ok(string)
    }

    /// A simple type, or the error that it is a compound one.
    fn descriptor(&mut self) -> Result<String, Fault> {
        if self.rest.trim_start().starts_with('[') {
            return Err(Fault::ElementType { expected: TYPES, found: "a record".into() });
        }
        self.string().map(str::to_owned)
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        if self.skip("True") { Ok(true) } else { self.expect("False").map(|()| false) }
    }

    fn tuple(&mut self) -> Result<Vec<usize>, Fault> {
        let mut extents = Vec::new();
        self.expect("(")?;
        while !self.skip(")") {
            self.rest = self.rest.trim_start();
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(digits);
            extents.push(number.parse().map_err(|_| fault(format!("{number:?} is no extent")))?);
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.skip(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(extents)
    }
}

fn fault(reason: String) -> Fault {
    Fault::Header { reason }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn file(header: &str, entries: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).unwrap();
        [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], header.as_bytes(), entries].concat()
    }

    fn read(bytes: &[u8]) -> Result<NpyArray, Fault> {
        NpyArray::read(Bytes::from_slice(bytes))
    }

    const PLAIN: &str = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }          \n";

    /// The header as NumPy pads it, and the variants that its proposal allows.
    #[test]
    fn both_orders_of_axes_and_of_bytes_are_read() {
        let expected = array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]].into_dyn();
        let bytes: Vec<u8> = (0..6).collect();
        assert_eq!(read(&file(PLAIN, &bytes)).unwrap().map(f64::from).unwrap(), expected);
        let fortran = PLAIN.replace("False", "True");
        let columns = [0, 3, 1, 4, 2, 5];
        assert_eq!(read(&file(&fortran, &columns)).unwrap().map(f64::from).unwrap(), expected);
        macro_rules! check {
            ($($descriptor:literal $type:ty),*) => {$(
                for (order, to_bytes) in [
                    ("<", <$type>::to_le_bytes as fn($type) -> [u8; size_of::<$type>()]),
                    (">", <$type>::to_be_bytes),
                ] {
                    let header = PLAIN.replace("|u1", &format!("{order}{}", $descriptor));
                    let bytes: Vec<u8> = (0..6_u8).flat_map(|value| to_bytes(value as $type)).collect();
                    assert_eq!(read(&file(&header, &bytes)).unwrap().map(f64::from).unwrap(), expected, "{header}");
                }
            )*};
        }
        check!("u1" u8, "u2" u16, "u4" u32, "u8" u64, "i1" i8, "i2" i16, "i4" i32, "i8" i64, "f4" f32, "f8" f64);
        let second =
            [b"\x93NUMPY\x02\x00", &(PLAIN.len() as u32).to_le_bytes()[..], PLAIN.as_bytes(), &bytes];
        assert_eq!(read(&second.concat()).unwrap().map(f64::from).unwrap(), expected);
        let spaced = r#"{ "shape" :(2,3) ,"fortran_order": False,"descr":"u1"}"#;
        assert_eq!(read(&file(spaced, &bytes)).unwrap().map(f64::from).unwrap(), expected);
    }

    /// Headers and entries that other programs write.
    #[test]
    fn truth_values_halves_and_old_lengths_are_read() {
        let read = |header: &str, bytes: &[u8]| read(&file(header, bytes)).unwrap().map(f64::from).unwrap();
        let expected = array![[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]].into_dyn();
        assert_eq!(read(&PLAIN.replace("u1", "b1"), &[0, 1, 1, 0, 0, 1]), expected);
        assert_eq!(read(&PLAIN.replace("2, 3", "2L, 3L"), &[0, 1, 1, 0, 0, 1]), expected);
        let halves = [0x0000, 0x3c00, 0x3c00, 0x8000, 0x0000, 0x3c00_u16];
        for (order, bytes) in [("<f2", halves.map(u16::to_le_bytes)), (">f2", halves.map(u16::to_be_bytes))] {
            assert_eq!(read(&PLAIN.replace("|u1", order), &bytes.concat()), expected);
        }
        let fortran = PLAIN.replace("False", "True").replace("u1", "b1");
        assert_eq!(read(&fortran, &[0, 0, 1, 0, 1, 1]), expected);
    }

    #[test]
    fn every_damage_has_its_error() {
        let header = |from: &str, to: &str| file(&PLAIN.replace(from, to), &[0; 6]);
        type Check = fn(&Fault) -> bool;
        let table: Vec<(Vec<u8>, Check)> = vec![
            (vec![], |f| matches!(f, Fault::Truncated { expected: 8, found: 0 })),
            (b"PK\x03\x04....".to_vec(), |f| matches!(f, Fault::Magic { .. })),
            (b"\x93NUMPY\x09\x00".to_vec(), |f| matches!(f, Fault::Magic { .. })),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), |f| matches!(f, Fault::Header { .. })),
            (b"\x93NUMPY\x02\x00\xff\xff\x00\x00".to_vec(), |f| matches!(f, Fault::Truncated { .. })),
            (b"\x93NUMPY\x01\x00\x01\x00\xff".to_vec(), |f| matches!(f, Fault::Header { .. })),
            (file(PLAIN, &[0; 5]), |f| matches!(f, Fault::Truncated { .. })),
            (file(PLAIN, &[0; 7]), |f| matches!(f, Fault::Trailing { .. })),
            (header("2, 3", "0, 3"), |f| matches!(f, Fault::Empty { .. })),
            (header("2, 3", "99999999, 99999999"), |f| matches!(f, Fault::TooLarge { .. })),
            (header("2, 3", "32768, 16384"), |f| matches!(f, Fault::Truncated { .. })),
            (header("2, 3", "99999999999999999999"), |f| matches!(f, Fault::Header { .. })),
            (header("2, 3", "2, -3"), |f| matches!(f, Fault::Header { .. })),
            (header("'|u1'", "'<c8'"), |f| matches!(f, Fault::ElementType { .. })),
            (header("'|u1'", "[('a', '<i4')]"), |f| matches!(f, Fault::ElementType { .. })),
            (header("descr", "dtype"), |f| matches!(f, Fault::Header { .. })),
            (header("'shape': (2, 3),", ""), |f| matches!(f, Fault::Header { .. })),
            (header("}", ""), |f| matches!(f, Fault::Header { .. })),
            (header("}", "} 1"), |f| matches!(f, Fault::Header { .. })),
            (header("False", "0"), |f| matches!(f, Fault::Header { .. })),
            (header("'descr': '|u1'", "'descr: |u1"), |f| matches!(f, Fault::Header { .. })),
        ];
        for (bytes, is_right) in table {
            let fault = read(&bytes).map(drop).unwrap_err();
            assert!(is_right(&fault), "{}: {fault:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn no_byte_makes_it_panic() {
        let original = file(PLAIN, &[0; 6]);
        for at in 0..original.len() {
            assert!(read(&original[..at]).is_err());
            for byte in 0..=255 {
                let mut bytes = original.clone();
                bytes[at] = byte;
                let _answer = read(&bytes);
            }
        }
    }
}
