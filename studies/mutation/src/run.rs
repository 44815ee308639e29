//! The tests of a module with one fault on, one after the other, until one fails.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Options;
use crate::faults::Fault;

/// What the tests made of a fault.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The test of this name failed.
    Noticed(String),
    /// They ran four times as long as without the fault, and ten seconds.
    Late,
    /// They died otherwise.
    Died,
    /// All passed.
    Survived,
}

/// Runs each fault on the tests of its module; returns faults with outcomes.
pub fn all(
    binary: &Path,
    folder: &Path,
    faults: &[Fault],
    options: &Options,
) -> Result<Vec<(Fault, Outcome)>> {
    let mut limits = Vec::new();
    for module in &options.modules {
        let start = Instant::now();
        let outcome = tests(binary, folder, module, &options.tests, 0, Duration::from_secs(3600))?;
        ensure!(outcome == Outcome::Survived, "the tests of {module} fail without a fault: {outcome:?}");
        println!("{module}: its tests take {:.1} s", start.elapsed().as_secs_f64());
        limits.push((module.clone(), start.elapsed() * 4 + Duration::from_secs(10)));
    }
    let chosen = |fault: &&Fault| options.only.is_empty() || options.only.contains(&fault.number);
    let faults: Vec<&Fault> = faults.iter().filter(chosen).collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(&fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let limit = limits.iter().find(|(module, _)| *module == fault.module);
                    let limit = limit.map_or(Duration::from_secs(600), |(_, limit)| *limit);
                    match tests(binary, folder, &fault.module, &options.tests, fault.number, limit) {
                        Ok(outcome) => {
                            println!(
                                "{} {}:{} {} -> {outcome:?}",
                                fault.number, fault.file, fault.line, fault.text
                            );
                            outcomes.lock().expect("no thread panics").push((fault.clone(), outcome));
                        }
                        Err(error) => println!("{}: {error}", fault.number),
                    }
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("no thread panics");
    ensure!(outcomes.len() == faults.len(), "some faults could not be tried: see above");
    outcomes.sort_by_key(|(fault, _)| fault.number);
    Ok(outcomes)
}

fn tests(
    binary: &Path,
    folder: &Path,
    module: &str,
    more: &[String],
    number: u32,
    limit: Duration,
) -> Result<Outcome> {
    let mut child = Command::new(binary)
        .current_dir(folder)
        .arg(format!("{module}::"))
        .args(more)
        .args(["--test-threads", "1"])
        .env("EQUIVARIANT_FAULT", number.to_string())
        .env("CARGO_MANIFEST_DIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
    let end = Instant::now() + limit;
    loop {
        match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) if line.ends_with("FAILED") && line.starts_with("test ") => {
                let name = line.split(' ').nth(1).unwrap_or_default().to_string();
                return stop(child, Outcome::Noticed(name));
            }
            Ok(_) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => return stop(child, Outcome::Late),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let passed = child.wait()?.success();
                return Ok(if passed { Outcome::Survived } else { Outcome::Died });
            }
        }
    }
}

fn stop(mut child: Child, outcome: Outcome) -> Result<Outcome> {
    child.kill()?;
    child.wait()?;
    Ok(outcome)
}
