//! Running the command.

use std::process::Output;

use assert_cmd::Command;

pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::cargo_bin("equivariant").unwrap().args(arguments).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
