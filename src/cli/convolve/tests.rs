//! Convolutions of files, judged by the definition.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;
use ndarray::{ArrayD, IxDyn};
use tempfile::TempDir;

use super::{Engine, Geometry, NpyFile, Task};
use crate::cli::npy::header;
use crate::conv::{Definition, Extent, Operation, convolve_with, correlate_with};

fn write(folder: &TempDir, name: &str, array: &ArrayD<f64>, size: usize) -> PathBuf {
    let mut bytes = header(array.shape(), size);
    for entry in array {
        match size {
            4 => bytes.extend((*entry as f32).to_le_bytes()),
            _ => bytes.extend(entry.to_le_bytes()),
        }
    }
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read(path: &Path) -> ArrayD<f64> {
    let mut file = NpyFile::open(path).unwrap();
    let shape = file.shape().to_vec();
    let entries = file.read(0, shape.iter().product(), |entry| entry).unwrap();
    ArrayD::from_shape_vec(shape, entries).unwrap()
}

/// Small integers that do not repeat soon.
fn integers(shape: &[usize], from: usize) -> ArrayD<f64> {
    let mut n = from;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        n += 1;
        (n * n % 31 * 7 % 9) as f64 - 4.0
    })
}

/// With as little memory as is enough, so that there are many blocks.
fn task<'a>(
    operation: Operation,
    kernel: &ArrayD<f64>,
    signal: &[usize],
    extent: Extent,
    path: &'a Path,
) -> Task<'a> {
    let geometry = Geometry::new(operation, kernel.shape(), signal, extent).unwrap();
    let is_enough = |memory: &usize| Engine::<f64>::new(&geometry, kernel, *memory).is_ok();
    let memory = (14..30).map(|power| 1 << power).find(is_enough).unwrap();
    Task { geometry, weights: kernel.clone(), memory, threads: 2, path }
}

/// By the definition; rows apart where the kernel is one.
fn expected(operation: Operation, kernel: &ArrayD<f64>, signal: &ArrayD<f64>, extent: Extent) -> ArrayD<f64> {
    if kernel.ndim() < signal.ndim() {
        let rows = signal.outer_iter().map(|row| expected(operation, kernel, &row.to_owned(), extent));
        let rows: Vec<ArrayD<f64>> = rows.collect();
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        return ndarray::stack(ndarray::Axis(0), &views).unwrap();
    }
    match operation {
        Operation::Convolution => convolve_with(signal, kernel, extent, &Definition).unwrap(),
        Operation::Correlation => correlate_with(signal, kernel, extent, &Definition).unwrap(),
    }
}

/// What a plan may be off by where entries are at most 4.
fn bound_of(engine: &Engine<f64>, kernel: &ArrayD<f64>) -> f64 {
    engine.plan().relative_bound() * kernel.len() as f64 * 16.0
}

/// Products of integers below 5: all sums are exact, and so are those of direct methods. Transforms round;
/// what they give is within the bound of the plan, relative to the number of terms times the magnitudes 4·4.
#[test]
fn files_are_convolved_as_arrays_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut of_several_blocks = 0;
    for (kernel, signal) in [
        (&[1][..], &[1][..]),
        (&[4], &[9]),
        (&[9], &[4]),
        (&[31], &[20_000]),
        (&[700], &[9000]),
        (&[5], &[400, 30]),
        (&[8], &[3, 7000]),
        (&[3, 4], &[90, 100]),
        (&[2, 30], &[3, 2500]),
    ] {
        let (kernel, signal) = (integers(kernel, 3), integers(signal, 11));
        let from = write(&folder, "signal.npy", &signal, 8);
        for operation in [Operation::Convolution, Operation::Correlation] {
            for extent in [Extent::Full, Extent::Same, Extent::Valid] {
                if extent == Extent::Valid && kernel.shape().last() > signal.shape().last() {
                    continue;
                }
                let path = folder.path().join("result.npy");
                let task = task(operation, &kernel, signal.shape(), extent, &path);
                let line = task.run::<f64>(&mut NpyFile::open(&from).unwrap(), &mut |_| Ok(())).unwrap();
                let engine = Engine::<f64>::new(&task.geometry, &kernel, task.memory).unwrap();
                of_several_blocks += usize::from(engine.blocks().len() > 2);
                let is_direct = engine.plan().method_name().starts_with("direct");
                let bound = if is_direct { 0.0 } else { bound_of(&engine, &kernel) };
                let (found, right) = (read(&path), expected(operation, &kernel, &signal, extent));
                assert_eq!(found.shape(), right.shape());
                let error = (&found - &right).iter().fold(0.0_f64, |most, entry| most.max(entry.abs()));
                assert!(
                    error <= bound,
                    "{:?} {operation:?} {extent:?}: {error} > {bound}, {line}",
                    kernel.shape()
                );
            }
        }
    }
    assert!(of_several_blocks > 12, "{of_several_blocks}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside the result: {left:?}");
}

/// Some outputs, at both ends of blocks among them, are added up by hand.
#[test]
fn long_signals_are_transformed() {
    const TAPS: usize = 3001;
    const LENGTH: usize = 400_000;
    let folder = tempfile::tempdir().unwrap();
    let (kernel, signal) = (integers(&[TAPS], 3), integers(&[LENGTH], 11));
    let from = write(&folder, "signal.npy", &signal, 8);
    let path = folder.path().join("result.npy");
    let task = task(Operation::Convolution, &kernel, &[LENGTH], Extent::Full, &path);
    let line = task.run::<f64>(&mut NpyFile::open(&from).unwrap(), &mut |_| Ok(())).unwrap();
    assert!(line.contains("fourier"), "{line}");
    let engine = Engine::<f64>::new(&task.geometry, &kernel, task.memory).unwrap();
    let (bound, found) = (bound_of(&engine, &kernel), read(&path));
    let blocks = engine.blocks();
    assert!(blocks.len() > 2, "{line}");
    let ends = (0..blocks.len()).map(|number| blocks.get(number).columns);
    for at in ends.flat_map(|columns| [columns.start, columns.start + 1, columns.end - 1]) {
        let products = (0..TAPS).filter(|tap| (0..LENGTH).contains(&at.wrapping_sub(*tap)));
        let right: f64 = products.map(|tap| kernel[[tap]] * signal[[at - tap]]).sum();
        assert!((found[[at]] - right).abs() <= bound, "at {at}: {} is not {right}", found[[at]]);
    }
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (kernel, signal) = (integers(&[40], 1), integers(&[60_000], 2));
    let from = write(&folder, "signal.npy", &signal, 4);
    let [whole, broken] = ["whole.npy", "broken.npy"].map(|name| folder.path().join(name));
    let run = |path: &Path, last: usize| {
        let task = task(Operation::Convolution, &kernel, &[60_000], Extent::Full, path);
        let mut after = |done: usize| if done == last { bail!("the power fails") } else { Ok(()) };
        task.run::<f32>(&mut NpyFile::open(&from).unwrap(), &mut after)
    };
    run(&whole, usize::MAX).unwrap();
    run(&broken, 3).unwrap_err();
    assert!(!broken.exists() && folder.path().join("broken.npy.part").exists());
    let line = run(&broken, usize::MAX).unwrap();
    assert!(line.contains(", 3 of them before"), "{line}");
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&broken).unwrap());
    // Of another convolution nothing is taken over.
    run(&broken, 3).unwrap_err();
    let other = integers(&[40], 5);
    let task = task(Operation::Convolution, &other, &[60_000], Extent::Full, &broken);
    let line = task.run::<f32>(&mut NpyFile::open(&from).unwrap(), &mut |_| Ok(())).unwrap();
    assert!(!line.contains("before"), "{line}");
    assert_ne!(fs::read(&whole).unwrap(), fs::read(&broken).unwrap());
    assert!(!folder.path().join("broken.npy.progress").exists());
}

#[test]
fn two_runs_do_not_write_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let (kernel, signal) = (integers(&[3], 1), integers(&[9000], 2));
    let from = write(&folder, "signal.npy", &signal, 8);
    let path = folder.path().join("result.npy");
    let first = task(Operation::Convolution, &kernel, &[9000], Extent::Full, &path);
    let mut second = |_| {
        let mut signal = NpyFile::open(&from)?;
        let error = first.run::<f64>(&mut signal, &mut |_| Ok(())).unwrap_err().to_string();
        assert!(error.starts_with("another run is writing "), "{error}");
        Ok(())
    };
    first.run::<f64>(&mut NpyFile::open(&from).unwrap(), &mut second).unwrap();
}

/// What is not finite spoils the outputs that read it, and no others.
#[test]
fn not_a_number_spreads_as_far_as_the_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let (kernel, mut signal) = (integers(&[200], 1), integers(&[12_000], 2));
    signal[[6000]] = f64::NAN;
    let from = write(&folder, "signal.npy", &signal, 8);
    let path = folder.path().join("result.npy");
    let task = task(Operation::Convolution, &kernel, &[12_000], Extent::Full, &path);
    task.run::<f64>(&mut NpyFile::open(&from).unwrap(), &mut |_| Ok(())).unwrap();
    let spoilt: Vec<usize> =
        read(&path).iter().enumerate().filter(|(_, entry)| entry.is_nan()).map(|(place, _)| place).collect();
    assert!(spoilt.into_iter().eq(6000..6200));
}

#[test]
fn too_little_memory_is_told() {
    let kernel = integers(&[20_000], 1);
    let geometry = Geometry::new(Operation::Convolution, kernel.shape(), &[1_000_000], Extent::Full).unwrap();
    let error = Engine::<f64>::new(&geometry, &kernel, 1 << 16).err().unwrap().to_string();
    assert!(error.contains("give more --memory"), "{error}");
}
