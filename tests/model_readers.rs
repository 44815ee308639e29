//! Foreign models meet damage of every kind: reading, lowering and running answer with an error, never with a
//! panic or a memory full.
//!
//! Models that this crate exports, and those of the node tests of the ONNX project where they are made (see
//! `conformance.rs`), are changed at random. The seed of a change is its number. `EQUIVARIANT_MUTATIONS` sets
//! how many changes there are of each model.
#![cfg(all(feature = "files", feature = "model"))]

#[path = "support/allocator.rs"]
mod allocator;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use equivariant::layer::Initialisation;
use equivariant::model::{Bounds, Dependency, ElementType, Extent, Floats, Model};
use equivariant::network::onnx::to_onnx;
use equivariant::network::{Weights, all_convolutional, lenet5, p4cnn};
use equivariant::scalar::Bounded;
use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::allocator::most_held;

/// Changes of each model where the environment does not say; of each case of the node tests a hundredth.
const MUTATIONS: u64 = 200;

/// The most entries of a model and of its program.
const ENTRIES: usize = 1 << 17;

/// The most bytes that reading and lowering may hold. A message of two bytes, an empty node, is a structure
/// of 200 bytes in a list that doubles, so that old and new are there together; functions add eight times the
/// file, where such a structure counts 64 bytes at least; an entry is at most a source of 16 bytes, which is
/// there as an array, turned about, and as a list; and a mebibyte for tables.
fn bound(file: usize) -> isize {
    ((1 << 20) + 3 * (200 + 8 * 200 / 64) * file + 4 * 16 * ENTRIES) as isize
}

/// One change.
fn change(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return bytes.push(random.random());
    }
    let at = random.random_range(0..bytes.len());
    let other = random.random_range(0..bytes.len());
    let (from, to) = (at.min(other), at.max(other).min(at.min(other) + 64));
    match random.random_range(0..9) {
        0 => bytes[at] ^= 1 << random.random_range(0..8),
        1 => bytes[at] = random.random(),
        2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)],
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(from..to)),
        5 => {
            let piece = bytes[from..to].to_vec();
            bytes.splice(at..at, piece);
        }
        // A number that is as large as numbers get.
        6 => drop(bytes.splice(at..at, [0xff; 9].into_iter().chain([1]))),
        7 => bytes[at] = bytes[at].wrapping_add(1),
        _ => bytes[at] = bytes[at].wrapping_sub(1),
    }
}

/// Reads and lowers, with an extent of 2 where the file leaves it open; then runs on zeros.
fn read(bytes: &[u8]) -> Result<(), String> {
    let (answer, most) = most_held(|| {
        let model = Model::from_bytes_within(bytes, ENTRIES)?;
        let extent = |extent: &Extent| match extent {
            Extent::Fixed(extent) => *extent,
            _ => 2,
        };
        let shapes = model.inputs().iter().filter_map(|port| {
            Some((port.name.as_str(), port.shape.as_ref()?.iter().map(extent).collect::<Vec<_>>()))
        });
        let shapes = shapes.collect::<Vec<_>>();
        model.program(&shapes.iter().map(|(name, shape)| (*name, shape.as_slice())).collect::<Vec<_>>())
    });
    assert!(most <= bound(bytes.len()), "{most} bytes for a file of {}", bytes.len());
    let program = answer.map_err(|error: equivariant::model::ModelError| error.to_string())?;
    let zeros = program.inputs.iter().map(|&slot| ArrayD::zeros(program.slots[slot].shape.as_slice()));
    let zeros = zeros.collect::<Vec<_>>();
    let told = |error: equivariant::model::RunError| error.to_string();
    program.outputs(&Floats::of_the_model(), &zeros).map_err(told)?;
    // The other readings take longer: only small programs.
    if program.slots.iter().map(|slot| slot.shape.iter().product::<usize>()).sum::<usize>() < 1 << 12 {
        let bounded = zeros.iter().map(|zeros| zeros.mapv(Bounded::new)).collect::<Vec<_>>();
        program.outputs(&Bounds::of_machine(ElementType::Float32), &bounded).map_err(told)?;
        let reading = Dependency::on(&program);
        program.outputs(&reading, &reading.inputs(&program)).map_err(told)?;
    }
    Ok(())
}

/// Changes a model over and over; returns how often that was noticed.
fn survive(name: &str, bytes: &[u8], count: u64) -> u64 {
    let mut errors = 0;
    for seed in 0..count {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut changed = bytes.to_vec();
        for _ in 0..random.random_range(1..4) {
            change(&mut changed, &mut random);
        }
        let Ok(answer) = catch_unwind(AssertUnwindSafe(|| read(&changed))) else {
            panic!("change {seed} of {name}: a panic, or too much memory");
        };
        if let Err(error) = answer {
            assert!(!error.is_empty() && error.lines().count() == 1, "change {seed} of {name}: {error}");
            errors += 1;
        }
    }
    errors
}

fn mutations() -> u64 {
    std::env::var("EQUIVARIANT_MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap())
}

#[test]
fn damaged_exports_are_refused() {
    let networks =
        [("lenet5", lenet5(10)), ("all_convolutional", all_convolutional(10)), ("p4cnn", p4cnn(10))];
    for (name, network) in networks {
        let weights = Weights::initial(&network, Initialisation::He, 0);
        let bytes = to_onnx(&network, &weights, &[1, 28, 28]).unwrap();
        assert!(survive(name, &bytes, mutations() / 4) > 0, "no change of {name} was noticed");
        // Most of the file are weights; the graph is at its ends.
        let graph = bytes.iter().copied().take(2048).collect::<Vec<_>>();
        assert!(survive(name, &graph, mutations()) > 0, "no change of {name} was noticed");
    }
}

#[test]
fn damaged_cases_of_the_standard_are_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/onnx-cases");
    let folder = std::env::var_os("EQUIVARIANT_ONNX_CASES").map_or(root, PathBuf::from);
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths = entries.map(|entry| entry.unwrap().path().join("model.onnx")).collect::<Vec<_>>();
    paths.retain(|path| path.exists());
    paths.sort();
    let errors = paths.iter().map(|path| {
        survive(&path.display().to_string(), &std::fs::read(path).unwrap(), (mutations() / 100).max(1))
    });
    assert!(errors.sum::<u64>() > 0, "no change of any case was noticed");
}

#[test]
fn repeated_empty_messages_do_not_fill_the_memory() {
    // A graph (field 7 of a model) of a hundred thousand empty nodes (field 1), of two bytes each.
    let nodes = [0x0a, 0x00].repeat(100_000);
    let length = [
        (nodes.len() & 0x7f) as u8 | 0x80,
        (nodes.len() >> 7 & 0x7f) as u8 | 0x80,
        (nodes.len() >> 14) as u8,
    ];
    // And operators of version 17 (field 8).
    let bytes = [&[0x3a], &length[..], &nodes, &[0x42, 0x02, 0x10, 17]].concat();
    assert!(read(&bytes).is_err());
}

#[test]
fn deep_nests_do_not_fill_the_stack() {
    // A message in a message, ten thousand times: as field 7, the graph of a model, and on.
    let mut bytes = Vec::new();
    for _ in 0..10_000 {
        let length = bytes.len();
        let mut head = vec![0x3a];
        let mut rest = length;
        while rest > 0x7f {
            head.push(rest as u8 & 0x7f | 0x80);
            rest >>= 7;
        }
        head.push(rest as u8);
        bytes.splice(0..0, head);
    }
    assert!(read(&bytes).is_err());
}
