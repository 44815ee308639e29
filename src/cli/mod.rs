//! The command: arguments, exit codes, and what goes where.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | everything is as expected |
//! | 1 | a claim did not come out as expected, or a mutant escaped |
//! | 2 | wrong use, or something could not be read or written |
//!
//! Results go to standard output, progress and errors to standard error. A panic is never shown as such.

mod bench;
mod destination;
mod pattern;
mod quiet;
mod seeds;
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
    Bench(bench::Arguments),
}

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    quiet::silence();
    let outcome = quiet::catch(|| match command {
        Command::Train(arguments) => train::run(&arguments, &mut anstream::stdout()),
        Command::Verify(arguments) => verify::run(&arguments, &catalogue(), &mut anstream::stdout()),
        Command::Bench(arguments) => bench::run(&arguments, &mut anstream::stdout()),
    });
    match outcome {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => ExitCode::from(1),
        Ok(Err(error)) => {
            eprintln!("equivariant: {error:#}");
            ExitCode::from(2)
        }
        Err(message) => {
            eprintln!("equivariant: a defect of this program: {message}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
