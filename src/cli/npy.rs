//! npy files that commands read by parts, and write.

use std::path::Path;

use anyhow::bail;

use crate::train::data::NpyFile;

/// Bytes that the header of an npy file is filled up to a multiple of.
const ALIGNED: usize = 64;

/// Opens a file whose entries stand row by row.
///
/// # Errors
/// If it cannot be read, or they stand column by column.
pub(super) fn open_rows(path: &Path) -> anyhow::Result<NpyFile> {
    let file = NpyFile::open(path)?;
    if file.is_by_columns() {
        bail!(
            "{}: expected entries row by row, found them column by column (Fortran order): save \
             numpy.ascontiguousarray of it",
            path.display()
        );
    }
    Ok(file)
}

/// The header of an npy file, version 1, with little-endian floats of so many bytes.
pub(super) fn header(shape: &[usize], size: usize) -> Vec<u8> {
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    let extents = if shape.len() == 1 { extents.trim_end() } else { extents.trim_end_matches(", ") };
    let text = format!("{{'descr': '<f{size}', 'fortran_order': False, 'shape': ({extents}), }}");
    let length = (10 + text.len() + 1).next_multiple_of(ALIGNED) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = length - 1).into_bytes());
    bytes
}

/// Appends entries of so many bytes: `f32` of four, else `f64`.
pub(super) fn extend(bytes: &mut Vec<u8>, values: impl Iterator<Item = f64>, size: usize) {
    for value in values {
        match size {
            4 => bytes.extend((value as f32).to_le_bytes()),
            _ => bytes.extend(value.to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::header;

    /// As `numpy.lib.format.write_array_header_1_0` writes them.
    #[test]
    fn the_header_is_that_of_numpy() {
        let text = |shape: &[usize], size| String::from_utf8(header(shape, size)[10..].to_vec()).unwrap();
        assert!(text(&[7], 8).starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (7,), } "));
        assert!(
            text(&[7, 20], 4).starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (7, 20), } ")
        );
        for shape in [&[7][..], &[1_000_000_000, 1_000_000_000]] {
            let header = header(shape, 4);
            assert!(header.len().is_multiple_of(64) && header.ends_with(b"\n"));
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
        }
    }
}
