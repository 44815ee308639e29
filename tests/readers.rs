//! Readers of files meet damage of every kind: they answer with an error that names the file, never with a
//! panic or a memory full.
//!
//! Each file is built, changed at random where its structure lets a change through (numbers of headers, texts
//! of numbers, chunks, what is inside of a container), sealed with sums that fit, and read. The seed of a
//! change is its number. `EQUIVARIANT_MUTATIONS` sets how many there are of each kind.
#![cfg(all(feature = "files", feature = "train"))]

#[path = "support/allocator.rs"]
mod allocator;

use std::cell::RefCell;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use equivariant::layer::{Dense, Flatten, Initialisation};
use equivariant::network::{Network, Weights, read_safetensors, write_safetensors};
use equivariant::train::checkpoint::Checkpoint;
use equivariant::train::data::{Dataset, load_idx, load_numpy, load_pictures};
use equivariant::train::{Model, Trainer};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use ndarray::Array4;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use zip::write::SimpleFileOptions;

use crate::allocator::most_held;

/// Changes of each kind where the environment does not say.
const MUTATIONS: u64 = 400;

/// The most bytes that reading a file of so many may hold: a deflated byte stands for 1032 at most, each of
/// which is held as a byte, as an `f64` and twice as an `f32` at most; and a mebibyte for buffers and tables
/// of decoders.
fn bound(file: usize) -> isize {
    (1 << 20) + 1032 * (1 + 8 + 4 + 4) * file as isize
}

/// Changes bytes and reads them, over and over. `seal` makes a file of the changed bytes, `read` answers with
/// the text of an error. At least one of the changed files is refused, or the reader looks at nothing.
fn survive(
    bytes: &[u8],
    path: &Path,
    seal: impl Fn(Vec<u8>, &mut ChaCha8Rng) -> Vec<u8>,
    read: impl Fn() -> Result<(), String>,
) {
    // Panics of decoders are fenced; to print where they happened would take more memory than any file.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let mut random = ChaCha8Rng::seed_from_u64(0);
    fs::write(path, seal(bytes.to_vec(), &mut random)).unwrap();
    read().unwrap();
    let count = std::env::var("EQUIVARIANT_MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    let mut errors = 0;
    for seed in 0..count {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut changed = bytes.to_vec();
        for _ in 0..random.random_range(1..4) {
            change(&mut changed, &mut random);
        }
        let file = seal(changed, &mut random);
        fs::write(path, &file).unwrap();
        let (answer, most) = most_held(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(&read)));
        let Ok(answer) = answer else { panic!("change {seed} of {} makes the reader panic", path.display()) };
        assert!(
            most <= bound(file.len()),
            "change {seed} of {}: {most} bytes for {}",
            path.display(),
            file.len()
        );
        if let Err(error) = answer {
            // Of two files that do not belong together, the one that comes later is named.
            let folders = path.ancestors().skip(1).take_while(|folder| *folder != std::env::temp_dir());
            let is_named = folders.into_iter().any(|folder| error.contains(folder.to_str().unwrap()));
            assert!(is_named && error.lines().count() == 1, "change {seed}: {error}");
            errors += 1;
        }
    }
    assert!(errors > 0, "no change of {} was found", path.display());
}

/// One change.
fn change(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return bytes.push(random.random());
    }
    let at = random.random_range(0..bytes.len());
    let other = random.random_range(0..bytes.len());
    let (from, to) = (at.min(other), at.max(other));
    match random.random_range(0..10) {
        0 => bytes[at] ^= 1 << random.random_range(0..8),
        1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)],
        2 | 3 => {
            let number = [0, 1, u64::MAX, u64::MAX / 2, 1 << 31, 1 << 16][random.random_range(0..6)];
            let width = [2, 4, 8][random.random_range(0..3)];
            let number = match random.random() {
                true => number.to_le_bytes()[..width].to_vec(),
                false => number.to_be_bytes()[8 - width..].to_vec(),
            };
            bytes[at..].iter_mut().zip(number).for_each(|(byte, new)| *byte = new);
        }
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(from..to)),
        6 => {
            let copy = bytes[from..to.min(from + 64)].to_vec();
            bytes.splice(from..from, copy);
        }
        7 => {
            let piece = bytes[from..to.min(from + 16)].to_vec();
            let place = random.random_range(0..bytes.len());
            bytes[place..].iter_mut().zip(piece).for_each(|(byte, new)| *byte = new);
        }
        8 => bytes.insert(at, random.random()),
        _ => change_number(bytes, random),
    }
}

/// Puts another number in the place of one that is written in digits, as headers of text have them.
fn change_number(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let starts: Vec<_> = (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let start = starts[random.random_range(0..starts.len())];
    let end = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let numbers = ["0", "-1", "7", "1e9", "4294967296", "1152921504606846976", "18446744073709551615", ""];
    bytes.splice(start..end, numbers[random.random_range(0..numbers.len())].bytes());
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn as_it_is(bytes: Vec<u8>, _: &mut ChaCha8Rng) -> Vec<u8> {
    bytes
}

#[test]
fn idx_plain_and_gzipped() {
    let folder = tempfile::tempdir().unwrap();
    let images = [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6][..], &[77; 120]].concat();
    let labels = [0, 0, 8, 1, 0, 0, 0, 4, 7, 3, 0, 9];
    for set in ["train", "t10k"] {
        fs::write(folder.path().join(format!("{set}-images-idx3-ubyte")), &images).unwrap();
        fs::write(folder.path().join(format!("{set}-labels-idx1-ubyte")), labels).unwrap();
    }
    let read = || load_idx(folder.path()).map(drop).map_err(|error| error.to_string());
    for (name, bytes) in [("train-images-idx3-ubyte", &images[..]), ("train-labels-idx1-ubyte", &labels)] {
        let path = folder.path().join(name);
        survive(bytes, &path, as_it_is, read);
        survive(&gzipped(bytes), &path, as_it_is, read);
        survive(bytes, &path, |bytes, _| gzipped(&bytes), read);
        fs::write(path, bytes).unwrap();
    }
}

/// A chunk of a PNG file: its name and content.
type Chunk = ([u8; 4], Vec<u8>);

/// A picture of 6 × 5 in all its forms.
fn pictures() -> Vec<Vec<u8>> {
    use png::{BitDepth, ColorType};
    let forms = [
        (ColorType::Grayscale, BitDepth::Eight, 30),
        (ColorType::Rgb, BitDepth::Sixteen, 180),
        (ColorType::Indexed, BitDepth::Four, 15),
        (ColorType::Indexed, BitDepth::Eight, 30),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, 60),
    ];
    let picture = |(colours, depth, size)| {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 6, 5);
        encoder.set_color(colours);
        encoder.set_depth(depth);
        if colours == ColorType::Indexed {
            encoder.set_palette((0..48).collect::<Vec<u8>>());
            encoder.set_trns(vec![255; 4]);
        }
        let opaque = colours == ColorType::GrayscaleAlpha;
        let data: Vec<u8> = (0..size).map(|n| if opaque { 255 } else { n % 3 }).collect();
        encoder.write_header().unwrap().write_image_data(&data).unwrap();
        file
    };
    forms.into_iter().map(picture).collect()
}

/// The chunks of a PNG file, the pixels inflated.
fn chunks(file: &[u8]) -> Vec<Chunk> {
    let (mut rest, mut chunks) = (&file[8..], Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let name: [u8; 4] = behind[..4].try_into().unwrap();
        let mut content = behind[4..][..length].to_vec();
        if &name == b"IDAT" {
            let mut pixels = Vec::new();
            ZlibDecoder::new(&content[..]).read_to_end(&mut pixels).unwrap();
            content = pixels;
        }
        chunks.push((name, content));
        rest = &behind[8 + length..];
    }
    chunks
}

/// The file of such chunks, with sums that fit.
fn assembled(chunks: &[Chunk]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in chunks {
        let mut content = content.clone();
        if name == b"IDAT" {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&content).unwrap();
            content = encoder.finish().unwrap();
        }
        let body = [&name[..], &content].concat();
        file.extend((content.len() as u32).to_be_bytes());
        file.extend(&body);
        file.extend(crc32fast::hash(&body).to_be_bytes());
    }
    file
}

#[test]
fn pictures_by_bytes_and_by_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let read = || load_pictures(folder.path()).map(drop).map_err(|error| error.to_string());
    for picture in pictures() {
        for set in ["train", "test"] {
            fs::create_dir_all(folder.path().join(set).join("0")).unwrap();
            fs::write(folder.path().join(set).join("0/0.png"), &picture).unwrap();
        }
        let path = folder.path().join("train/0/0.png");
        survive(&picture, &path, as_it_is, read);
        // The bytes that are changed are those of one chunk's content; now and then a chunk is lost, doubled
        // or moved.
        let whole = chunks(&picture);
        for place in 0..whole.len() - 1 {
            let seal = |content: Vec<u8>, random: &mut ChaCha8Rng| {
                let mut chunks = whole.clone();
                let is_changed = content != chunks[place].1;
                chunks[place].1 = content;
                let (one, other) =
                    (random.random_range(0..chunks.len()), random.random_range(0..chunks.len()));
                match random.random_range(0..8) {
                    0 if is_changed => drop(chunks.remove(one)),
                    1 if is_changed => chunks.insert(one, chunks[other].clone()),
                    2 if is_changed => chunks.swap(one, other),
                    _ => {}
                }
                assembled(&chunks)
            };
            survive(&whole[place].1, &path, seal, read);
        }
    }
}

fn npy(descriptor: &str, shape: &str, entries: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), entries].concat()
}

fn arrays() -> [(&'static str, Vec<u8>); 4] {
    let images = npy("|u1", "4, 5, 6", &[9; 120]);
    [
        ("x_train.npy", images.clone()),
        ("y_train.npy", npy("<i8", "4,", &[0_i64, 2, 1, 0].map(i64::to_le_bytes).concat())),
        ("x_test.npy", images),
        ("y_test.npy", npy("|u1", "4, 3", &[1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0])),
    ]
}

fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn arrays_and_archives_of_them() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in arrays() {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let archive = folder.path().join("set.npz");
    let read_folder = || load_numpy(folder.path()).map(drop).map_err(|error| error.to_string());
    let read_archive = || load_numpy(&archive).map(drop).map_err(|error| error.to_string());
    survive(&npz(&arrays()), &archive, as_it_is, read_archive);
    for (place, (name, bytes)) in arrays().into_iter().enumerate() {
        survive(&bytes, &folder.path().join(name), as_it_is, read_folder);
        let seal = |changed: Vec<u8>, _: &mut ChaCha8Rng| {
            let mut arrays = arrays();
            arrays[place].1 = changed;
            npz(&arrays)
        };
        survive(&bytes, &archive, seal, read_archive);
        fs::write(folder.path().join(name), bytes).unwrap();
    }
}

fn network() -> Network {
    Network::new().then(Flatten).then(Dense::new(6, 2))
}

#[test]
fn weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    write_safetensors(&Weights::initial(&network(), Initialisation::He, 1), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    // The length of the table, the table, and 56 bytes of numbers, any of which are weights.
    let table = whole.len() - 56;
    let read = || read_safetensors(&network(), &path).map(drop).map_err(|error| error.to_string());
    let seal = |mut changed: Vec<u8>, _: &mut ChaCha8Rng| {
        changed.extend(&whole[table..]);
        changed
    };
    survive(&whole[..table], &path, seal, read);
    let seal = |text: Vec<u8>, _: &mut ChaCha8Rng| {
        [&(text.len() as u64).to_le_bytes(), &text[..], &whole[table..]].concat()
    };
    survive(&whole[8..table], &path, seal, read);
}

#[test]
fn checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let data = Dataset::new(Array4::zeros((4, 1, 2, 3)), vec![0, 1, 0, 1], 2, "zeros").unwrap();
    let network = network();
    let mut recipe = Model::Lenet5.recipe(2);
    recipe.patience = Some(3);
    let trainer = || {
        Trainer::new(&network, &data).name("dense").recipe(recipe.clone()).seed(0).threads(1).begin().unwrap()
    };
    trainer().checkpoint().write(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    // What a checkpoint does not fit is told about its content; the command adds the name of the file.
    let in_file = |error: String| format!("{}: {error}", path.display());
    let trainer = RefCell::new(trainer());
    let read = || {
        let checkpoint = Checkpoint::read(&path).map_err(|error| error.to_string())?;
        trainer.borrow_mut().resume(&checkpoint).map_err(|error| in_file(error.to_string()))
    };
    survive(&whole, &path, as_it_is, read);
    let seal = |body: Vec<u8>, _: &mut ChaCha8Rng| {
        let sum = crc32fast::hash(&body).to_le_bytes();
        [&whole[..12], &sum, &(body.len() as u64).to_le_bytes(), &body].concat()
    };
    survive(&whole[24..], &path, seal, read);
}
