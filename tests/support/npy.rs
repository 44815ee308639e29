//! NumPy files for tests.

use std::fs;
use std::path::Path;

/// An npy file as NumPy writes it: `shape` is the text of a tuple.
pub fn file(descriptor: &str, fortran: &str, shape: &str, entries: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descriptor}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00", &118_u16.to_le_bytes()[..], header.as_bytes(), entries].concat()
}

/// Writes one of `f32`.
#[allow(dead_code, reason = "not every test writes files itself")]
pub fn write(path: &Path, shape: &[usize], values: impl Iterator<Item = f32>) {
    let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
    let entries: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
    fs::write(path, file("<f4", "False", &format!("({extents})"), &entries)).unwrap();
}
