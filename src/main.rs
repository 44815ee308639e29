//! The command `equivariant`: see `equivariant --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    equivariant::cli::main()
}
