//! `mpirun … equivariant train`: several processes end with the bits of one, whatever becomes of them on the way.
//! Needs Open MPI.
#![cfg(all(target_os = "linux", feature = "cli", feature = "mpi"))]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use equivariant::train::data::{digits, write_idx};
use tempfile::TempDir;

/// A folder with 400 digits to train on, and 70 to test with.
fn data() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        for (prefix, count, seed) in [("train", 400, 1), ("t10k", 70, 2)] {
            let file = |kind: &str| folder.path().join(format!("{prefix}-{kind}-ubyte"));
            write_idx(&digits(count, seed).unwrap(), &file("images-idx3"), &file("labels-idx1")).unwrap();
        }
        folder
    };
    FOLDER.get_or_init(make).path()
}

/// A launcher of so many processes on this machine, however many it runs at once.
fn mpirun(ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "-n", &ranks.to_string()]);
    command.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A training with its checkpoint and its weights in a folder, from the checkpoint if there is one.
struct Training {
    folder: TempDir,
    model: &'static str,
    epochs: &'static str,
}

impl Training {
    fn new(model: &'static str, epochs: &'static str) -> Self {
        Training { folder: tempfile::tempdir().unwrap(), model, epochs }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments(&self, command: &mut Command, threads: &str) {
        command.args([
            "train",
            "--model",
            self.model,
            "--epochs",
            self.epochs,
            "--threads",
            threads,
            "--resume",
        ]);
        command.arg("--data").arg(data()).arg("--checkpoint").arg(self.file("state"));
        command.arg("--export").arg(self.file("net.safetensors"));
    }

    /// On so many processes; on none, without a launcher.
    fn command(&self, ranks: usize, threads: &str) -> Command {
        let program = env!("CARGO_BIN_EXE_equivariant");
        let mut command = match ranks {
            0 => Command::new(program),
            _ => mpirun(ranks),
        };
        if ranks > 0 {
            command.arg(program);
        }
        self.arguments(&mut command, threads);
        command
    }

    /// Trains to the end; the weights.
    fn finish(&self, ranks: usize, threads: &str) -> Vec<u8> {
        let output = self.command(ranks, threads).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        std::fs::read(self.file("net.safetensors")).unwrap()
    }

    /// Trains on two processes until there is a checkpoint, and does something then. Processes that are told to end have
    /// so many seconds for it.
    fn disturb(&self, seconds: &str, disturb: impl Fn(&Child)) -> Output {
        let mut command = self.command(2, "1");
        command.env("OMPI_MCA_odls_base_sigkill_timeout", seconds);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        while !self.file("state").exists() {
            assert!(child.try_wait().unwrap().is_none(), "the training ended without a checkpoint");
            sleep(Duration::from_millis(5));
        }
        disturb(&child);
        child.wait_with_output().unwrap()
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The process of this rank among the children of `mpirun`.
fn process_of(launcher: u32, rank: usize) -> u32 {
    let children = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let is_child = status.lines().any(|line| line == format!("PPid:\t{launcher}"));
        is_child.then_some(process)
    });
    let entry = format!("OMPI_COMM_WORLD_RANK={rank}");
    let is_rank = |process: &u32| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == entry.as_bytes())
    };
    children.into_iter().find(is_rank).expect("mpirun has a child of this rank")
}

fn send(signal: &str, process: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {process}")]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn ranks_and_threads_do_not_matter() {
    // The second network has batch normalisation.
    let every: &[_] = &[(1, "1"), (2, "1"), (2, "2"), (3, "1")];
    for (model, epochs, runs) in [("lenet5", "2", every), ("z2cnn", "1", &every[2..])] {
        let alone = Training::new(model, epochs).finish(0, "1");
        for &(ranks, threads) in runs {
            let found = Training::new(model, epochs).finish(ranks, threads);
            assert!(found == alone, "{model}: {ranks} ranks of {threads} threads");
        }
    }
}

/// Images that are read when they are needed are the same images.
#[test]
fn images_in_their_files_do_not_matter() {
    let training = Training::new("lenet5", "1");
    let output = training.command(3, "1").arg("--stream").output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let streamed = std::fs::read(training.file("net.safetensors")).unwrap();
    assert!(streamed == Training::new("lenet5", "1").finish(0, "1"));
}

#[test]
fn a_rank_that_dies_ends_the_run_which_others_resume() {
    let training = Training::new("lenet5", "6");
    let output = training.disturb("1", |launcher| send("KILL", process_of(launcher.id(), 1)));
    let told = told(&output);
    assert!(!output.status.success(), "{told}");
    let expected = format!("{} holds the last complete epoch", training.file("state").display());
    assert!(told.contains("another rank has died") && told.contains(&expected), "{told}");
    assert!(training.finish(3, "1") == Training::new("lenet5", "6").finish(0, "1"));
}

#[test]
fn an_interrupt_ends_all_ranks_at_the_same_step() {
    let training = Training::new("lenet5", "12");
    // mpirun waits so long before it tells the ranks to end, and again before it kills them. Without optimisation, and
    // beside other tests, a step may take longer than the usual second.
    let output = training.disturb("2", |launcher| send("INT", launcher.id()));
    let told = told(&output);
    assert!(!output.status.success() && told.contains("interrupted: go on with --checkpoint"), "{told}");
    assert!(training.finish(0, "2") == Training::new("lenet5", "12").finish(2, "1"));
}

#[test]
fn what_goes_wrong_is_told_and_ends_all() {
    let training = Training::new("lenet5", "1");
    let output = training.command(2, "1").args(["--patience", "1"]).arg("--data").arg("nowhere").output();
    // clap refuses an option that is there twice.
    assert_eq!(output.unwrap().status.code(), Some(2));

    let output =
        mpirun(2).args([env!("CARGO_BIN_EXE_equivariant"), "train", "--data", "no-such-data"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("equivariant: rank 0 of 2: "), "{}", told(&output));

    // Two ranks that do not train the same.
    let mut command = mpirun(1);
    command.arg(env!("CARGO_BIN_EXE_equivariant"));
    training.arguments(&mut command, "1");
    command.args([":", "-n", "1", env!("CARGO_BIN_EXE_equivariant")]);
    training.arguments(&mut command, "1");
    let output = command.args(["--seed", "5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("rank 1 has other settings than rank 0"), "{}", told(&output));
}
