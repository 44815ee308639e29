//! The command `convolve` as its users meet it: files in, a file out, wrong use.
#![cfg(feature = "cli")]

#[path = "support/command.rs"]
mod command;
#[path = "support/npy.rs"]
mod npy;

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{code, run, text};

fn floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

struct Files {
    _folder: tempfile::TempDir,
    kernel: PathBuf,
    signal: PathBuf,
    out: PathBuf,
}

fn files(kernel: &[u8], signal: &[u8]) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let [kernel_path, signal_path, out] = ["k.npy", "s.npy", "o.npy"].map(|name| folder.path().join(name));
    fs::write(&kernel_path, kernel).unwrap();
    fs::write(&signal_path, signal).unwrap();
    Files { _folder: folder, kernel: kernel_path, signal: signal_path, out }
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn convolve(files: &Files, options: &[&str]) -> std::process::Output {
    let [kernel, signal, out] = [&files.kernel, &files.signal, &files.out].map(|path| name(path));
    run(&[&["convolve", "--kernel", kernel, "--signal", signal, "--out", out], options].concat())
}

/// The values of `numpy.convolve` and `numpy.correlate`; a float of 32 bits if both are.
#[test]
fn the_file_holds_what_numpy_gives() {
    let singles = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let files = files(
        &npy::file("<f4", "False", "(3,)", &singles(&[1.0, 0.0, -2.0])),
        &npy::file("<f4", "False", "(4,)", &singles(&[1.0, 2.0, 3.0, 5.0])),
    );
    let table: [(&[&str], &[f32]); 4] = [
        (&[], &[1.0, 2.0, 1.0, 1.0, -6.0, -10.0]),
        (&["--extent", "same"], &[2.0, 1.0, 1.0, -6.0]),
        (&["--extent", "valid"], &[1.0, 1.0]),
        (&["--extent", "valid", "--correlate"], &[-5.0, -8.0]),
    ];
    for (options, expected) in table {
        let output = convolve(&files, options);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let bytes = fs::read(&files.out).unwrap();
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}", expected.len());
        assert!(bytes[10..].starts_with(header.as_bytes()));
        assert!(
            bytes.ends_with(&singles(expected)) && bytes.len() == 128 + 4 * expected.len(),
            "{options:?}"
        );
    }
}

/// Integers are read, results are then of 64 bits; a kernel of one axis meets each row, one of two the whole,
/// also column by column in its file.
#[test]
fn rows_and_planes_are_convolved() {
    let signal = npy::file("|u1", "False", "(2, 3)", &[1, 2, 3, 4, 5, 6]);
    let rows = files(&npy::file("<f8", "False", "(2,)", &floats(&[1.0, 1.0])), &signal);
    let plane = files(&npy::file("<f8", "True", "(2, 2)", &floats(&[1.0, 0.0, 10.0, 100.0])), &signal);
    let of_rows = [1.0, 3.0, 5.0, 3.0, 4.0, 9.0, 11.0, 6.0];
    let of_plane = [1.0, 12.0, 23.0, 30.0, 4.0, 145.0, 256.0, 360.0, 0.0, 400.0, 500.0, 600.0];
    for (files, shape, expected) in [(&rows, "(2, 4)", &of_rows[..]), (&plane, "(3, 4)", &of_plane)] {
        let output = convolve(files, &["--threads", "1"]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let bytes = fs::read(&files.out).unwrap();
        assert!(text(&bytes[10..128]).contains(&format!("'<f8', 'fortran_order': False, 'shape': {shape}")));
        assert_eq!(&bytes[128..], floats(expected));
    }
}

#[test]
fn what_cannot_be_convolved_is_refused() {
    let kernel = npy::file("<f8", "False", "(2,)", &floats(&[1.0, 1.0]));
    let good = npy::file("<f8", "False", "(3,)", &floats(&[1.0, 2.0, 3.0]));
    let long = npy::file("<f8", "False", "(4,)", &floats(&[1.0; 4]));
    let by_columns = npy::file("<f8", "True", "(2, 2)", &floats(&[1.0; 4]));
    let cube = npy::file("<f8", "False", "(1, 1, 4)", &floats(&[1.0; 4]));
    let empty = npy::file("<f8", "False", "(0,)", &[]);
    let complex = npy::file("<c16", "False", "(2,)", &floats(&[1.0; 4]));
    let many = npy::file("<f8", "False", "(99999999999, 99999999999)", &floats(&[1.0; 4]));
    let cut = &good[..good.len() - 1];
    type Row<'a> = (&'a [u8], &'a [u8], &'a [&'a str], &'a str);
    let table: [Row<'_>; 12] = [
        (&kernel, b"PK", &[], "s.npy"),
        (&kernel, cut, &[], "ends early"),
        (&kernel, &[&good[..], b"x"].concat(), &[], "found more"),
        (&kernel, &by_columns, &[], "ascontiguousarray"),
        (&kernel, &cube, &[], "one axis"),
        (&kernel, &empty, &[], "at least one entry"),
        (&complex, &good, &[], "<c16"),
        (&kernel, &many, &[], "ends early"),
        (&long, &good, &["--extent", "valid"], "kernel"),
        (&kernel, &good, &["--extent", "circular"], "circular"),
        (&kernel, &good, &["--memory", "0"], "0"),
        (&kernel, &good, &["--threads", "0"], "0"),
    ];
    for (kernel, signal, options, part) in table {
        let files = files(kernel, signal);
        let output = convolve(&files, options);
        let error = text(&output.stderr);
        assert!(code(&output) == 2 && output.stdout.is_empty(), "{part}: {error}");
        assert!(error.contains(part) && !error.contains("panicked"), "{part}: {error}");
        assert!(!files.out.exists(), "{part}");
    }
    let files = files(&kernel, &good);
    let same = ["convolve", "--kernel", name(&files.kernel), "--signal", name(&files.signal), "--out"];
    let output = run(&[&same[..], &[name(&files.signal)]].concat());
    assert!(code(&output) == 2 && text(&output.stderr).contains("--signal and --out both name"));
    assert_eq!(fs::read(&files.signal).unwrap(), good);
    let output = run(&[&same[..], &["no-such-folder/o.npy"]].concat());
    assert!(code(&output) == 2 && text(&output.stderr).contains("cannot write"));
}
