//! What is written is read; everything else is refused, in one line.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;
use crate::layer::{Activation, Convolution, Dense};
use crate::network::{Network, Residual, all_convolutional, lenet5, lenet5_of_1998};

fn example() -> Checkpoint {
    let mut checkpoint = Checkpoint::new(&Architecture::new("lenet5", &lenet5(10)));
    checkpoint.insert("note", "η = ½".to_owned());
    checkpoint.insert("weights", vec![1.5_f32, -0.0, f32::NAN]);
    checkpoint.insert("losses", vec![f64::MIN_POSITIVE]);
    checkpoint.insert("step", vec![u64::MAX]);
    checkpoint.insert("nothing", Vec::<f32>::new());
    checkpoint
}

fn in_file(content: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    fs::write(&path, content).unwrap();
    Checkpoint::read(&path)
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    example().write(&path).unwrap();
    let read = Checkpoint::read(&path).unwrap();
    assert_eq!(read.text("note").unwrap(), "η = ½");
    let bits: Vec<_> = read.single("weights").unwrap().iter().map(|value| value.to_bits()).collect();
    assert_eq!(bits, [1.5_f32, -0.0, f32::NAN].map(f32::to_bits));
    assert_eq!(read.double("losses").unwrap(), [f64::MIN_POSITIVE]);
    assert_eq!(read.count("step").unwrap(), u64::MAX);
    assert!(read.single("nothing").unwrap().is_empty());
    assert!(read.contains("note") && !read.contains("other"));
    read.check_architecture(&Architecture::new("lenet5", &lenet5(10))).unwrap();
}

#[test]
fn entries_are_asked_for_by_kind() {
    let told = |error: CheckpointError| error.to_string();
    let checkpoint = example();
    let missing = checkpoint.single("other").unwrap_err();
    assert_eq!(told(missing), "the checkpoint's entry other must be an array of f32, found nothing");
    let kind = checkpoint.text("step").unwrap_err();
    assert_eq!(told(kind), "the checkpoint's entry step must be a text, found 1 × u64");
    let long = checkpoint.single_of("weights", 4).unwrap_err();
    assert_eq!(told(long), "the checkpoint's entry weights must be 4 × f32, found 3 × f32");
}

#[test]
fn every_cut_and_every_changed_byte_is_found() {
    let whole = format::encode(&example().entries);
    for len in 0..whole.len() {
        assert!(format::decode(&whole[..len]).is_err(), "cut at {len}");
    }
    for place in 0..whole.len() {
        for bit in [0, 7] {
            let mut changed = whole.clone();
            changed[place] ^= 1 << bit;
            assert!(format::decode(&changed).is_err(), "bit {bit} of byte {place}");
        }
    }
    assert!(format::decode(&[whole.as_slice(), &[0]].concat()).is_err(), "one byte more");
    assert_eq!(format::decode(&whole).ok().map(|entries| entries.len()), Some(example().entries.len()));
}

/// A body whose sum fits but whose content makes no sense does not bring the reader down.
#[test]
fn senseless_bodies_are_damaged() {
    let whole = format::encode(&BTreeMap::from([("a".to_owned(), Entry::Counts(vec![7]))]));
    // Header 24; length of the name 24–31, name 32, kind 33, number of items 34–41, item.
    for (place, byte) in [(31, 0xFF), (24, 2), (32, 0xFF), (33, 9), (41, 0x20), (34, 2), (34, 0)] {
        let mut changed = whole.clone();
        changed[place] = byte;
        let sum = crc32fast::hash(&changed[24..]).to_le_bytes();
        changed[12..16].copy_from_slice(&sum);
        assert!(matches!(format::decode(&changed), Err(format::Flaw::Damaged(_))), "{byte} at {place}");
    }
}

#[test]
fn refusals_say_why_in_one_line() {
    let whole = format::encode(&example().entries);
    let told = |content: &[u8]| {
        let error = in_file(content).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1);
        error
    };
    assert!(told(b"\x89PNG\r\n").ends_with("is not a checkpoint"));
    assert!(told(b"").ends_with("is not a checkpoint"));
    let cut = told(&whole[..whole.len() - 3]);
    assert!(cut.contains("is damaged: its body has") && cut.contains("instead of"), "{cut}");
    let mut newer = whole.clone();
    newer[8] = 1;
    let old = told(&newer);
    assert!(
        old.contains("is of version 1, this program reads version 2: train anew, or go on with"),
        "{old}"
    );
    let mut changed = whole.clone();
    changed[100] ^= 1;
    assert!(told(&changed).ends_with("is damaged: its checksum does not fit"));
    let missing = Checkpoint::read(Path::new("/nowhere/checkpoint")).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read the checkpoint /nowhere/checkpoint");
}

#[test]
fn another_architecture_is_refused_with_the_first_difference() {
    let refusal = |name: &str, here: Network| {
        let error = example().check_architecture(&Architecture::new(name, &here)).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        refusal("all_convolutional", all_convolutional(10)),
        "the checkpoint is of lenet5, not of all_convolutional: layer 0 is convolution 5×5, 1 → 6 in the \
         checkpoint, 0 is convolution 3×3, 1 → 16 here; 0.weight of shape [6, 1, 5, 5] in the checkpoint, \
         0.weight of shape [16, 1, 3, 3] here"
    );
    assert_eq!(
        refusal("lenet5_of_1998", lenet5_of_1998(10)),
        "the checkpoint is of lenet5, not of lenet5_of_1998: layer 1 is ReLU in the checkpoint, 1 is tanh \
         here"
    );
    assert!(
        refusal("longer", lenet5(10).then(Dense::new(10, 2)))
            .contains("layer there is no further layer in the checkpoint, 12 is dense 10 → 2 here")
    );
}

#[test]
fn settings_and_blocks_are_part_of_the_architecture() {
    let network = |stride: usize, activation| {
        let body =
            Network::new().then(Convolution::new(1, 1, [3]).padding([1]).stride([stride])).then(activation);
        Architecture::new("small", &Network::new().then(Residual::new(body)))
    };
    let checkpoint = Checkpoint::new(&network(1, Activation::Relu));
    checkpoint.check_architecture(&network(1, Activation::Relu)).unwrap();
    let stride = checkpoint.check_architecture(&network(2, Activation::Relu)).unwrap_err().to_string();
    assert!(stride.contains("layer 0.body.0 is Convolution") && stride.contains("stride: [2]"), "{stride}");
    let activation = checkpoint.check_architecture(&network(1, Activation::Tanh)).unwrap_err().to_string();
    assert!(
        activation.ends_with("layer 0.body.1 is ReLU in the checkpoint, 0.body.1 is tanh here"),
        "{activation}"
    );
}

/// The name of the variable that makes the test below the process that is killed.
const VICTIM: &str = "EQUIVARIANT_TEST_CHECKPOINT";

/// A process writes checkpoint after checkpoint and tells the number of each that is complete. Killed at
/// whatever moment, it leaves a whole one: the last it told of, or a later one.
#[test]
fn a_killed_process_leaves_a_whole_checkpoint() {
    let numbered = |number: u64| {
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("number", vec![number]);
        checkpoint.insert("numbers", vec![number; 50_000]);
        checkpoint
    };
    if let Some(path) = std::env::var_os(VICTIM) {
        for number in 1.. {
            numbered(number).write(Path::new(&path)).unwrap();
            println!("written {number}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    for writes in 1..=6 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .arg("train::checkpoint::tests::a_killed_process_leaves_a_whole_checkpoint")
            .env(VICTIM, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told =
            lines.filter_map(|line| line.rsplit_once("written ")?.1.parse::<u64>().ok()).nth(writes - 1);
        victim.kill().unwrap();
        victim.wait().unwrap();
        let read = Checkpoint::read(&path).unwrap();
        let number = read.count("number").unwrap();
        assert!(number >= told.unwrap());
        assert_eq!(read, numbered(number));
    }
    // Who goes on finds the file and nothing else, whatever was half written.
    std::mem::forget(crate::file::tests::half_written(&path));
    assert!(fs::read_dir(folder.path()).unwrap().count() >= 2);
    drop(CheckpointLock::take(&path).unwrap());
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["checkpoint"]);
}
