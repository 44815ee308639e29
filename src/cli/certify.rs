//! `equivariant certify`: checks a certificate on a model, without trusting whoever made it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use super::destination;
use crate::model::{JudgeError, Model};
use crate::report::symmetry::certificate;

/// The largest file that is read as a certificate, in bytes.
const LARGEST: u64 = 1 << 30;

/// Checks a certificate of `equivariant check --certificate` on a model: node by node and bit for bit,
/// without probability and without trusting whoever wrote it.
///
/// Exit code: 0 if it proves what it claims, 1 if not, 2 on wrong use or if something cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model, an ONNX file.
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// The certificate.
    #[arg(value_name = "FILE")]
    certificate: PathBuf,
}

/// Runs the command. Returns whether the certificate proves what it claims.
///
/// # Errors
/// If a file cannot be read, or output cannot be written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let path = &arguments.certificate;
    let told = || format!("cannot read {}", path.display());
    let length = std::fs::metadata(path).with_context(told)?.len();
    if length > LARGEST {
        anyhow::bail!("{}: {length} bytes are more than a certificate has", path.display());
    }
    let text = std::fs::read_to_string(path).with_context(told)?;
    let certificate =
        certificate::read(&text).with_context(|| format!("{} is no certificate", path.display()))?;
    let model = Model::read(&arguments.model)?;
    match model.certify(&certificate) {
        Ok(certified) => {
            for [group, element, outputs] in &certified.claims {
                destination::print(output, &format!("✓ {group}: {element}: output {outputs}\n"))?;
            }
            destination::print(output, &format!("{} steps checked, bit for bit\n", certified.steps))?;
            Ok(true)
        }
        Err(JudgeError::Certificate(reason)) => {
            destination::print(output, &format!("✗ {reason}\n"))?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
