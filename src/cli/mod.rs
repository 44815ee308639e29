//! The command: arguments, exit codes, and what goes where.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | everything is as expected |
//! | 1 | a claim or an expectation did not hold, or a mutant escaped |
//! | 2 | wrong use, or something could not be read or written |
//!
//! Results go to standard output, progress and errors to standard error. A panic is never shown as such.

mod angles;
mod bench;
mod certify;
mod check;
mod convolve;
mod destination;
mod keeping;
mod limits;
mod merge;
mod npy;
mod pattern;
mod progress;
mod quiet;
mod ranks;
mod seeds;
mod shard;
mod tile;
mod train;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::claims::catalogue;

/// Proves, measures and builds symmetry in convolutional networks.
#[derive(Debug, Parser)]
#[command(name = "equivariant", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::Arguments),
    Verify(verify::Arguments),
    Check(check::Arguments),
    Certify(certify::Arguments),
    CertifyAngles(angles::Arguments),
    Bench(bench::Arguments),
    Merge(merge::Arguments),
    Convolve(convolve::Arguments),
    Tile(tile::Arguments),
}

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    quiet::silence();
    let outcome = quiet::catch(|| match command {
        Command::Train(arguments) => train::run(&arguments, &mut anstream::stdout()),
        Command::Verify(arguments) => verify::run(&arguments, &catalogue(), &mut anstream::stdout()),
        Command::Check(arguments) => check::run(&arguments, &mut anstream::stdout()),
        Command::Certify(arguments) => certify::run(&arguments, &mut anstream::stdout()),
        Command::CertifyAngles(arguments) => angles::run(&arguments, &mut anstream::stdout()),
        Command::Bench(arguments) => bench::run(&arguments, &mut anstream::stdout()),
        Command::Convolve(arguments) => convolve::run(&arguments, &mut anstream::stdout()),
        Command::Tile(arguments) => tile::run(&arguments, &mut anstream::stdout()),
        Command::Merge(arguments) => merge::run(&arguments, &mut anstream::stdout()),
    });
    match outcome {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => ExitCode::from(1),
        Ok(Err(error)) => {
            eprintln!("equivariant: {}", told(&error));
            ExitCode::from(2)
        }
        Err(message) => {
            eprintln!("equivariant: a defect of this program: {message}");
            ExitCode::from(2)
        }
    }
}

/// An error with its causes, each once: some errors tell their cause themselves.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        _ if told.contains(&cause) => told,
        _ => format!("{told}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use clap::CommandFactory;

    #[test]
    fn every_cause_is_told_once() {
        let cause = || anyhow!("no space");
        assert_eq!(super::told(&cause()), "no space");
        assert_eq!(super::told(&cause().context("cannot write x")), "cannot write x: no space");
        let twice = cause().context("cannot write x: no space").context("the training ends");
        assert_eq!(super::told(&twice), "the training ends: cannot write x: no space");
    }

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
