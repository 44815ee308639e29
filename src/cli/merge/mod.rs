//! `equivariant merge`: what shards wrote, put together as one run would have written it.

mod join;
mod set;

use std::io::Write;
use std::path::PathBuf;

use super::destination::{self, Destination};

/// Puts together what all shards of a run wrote with `--json`: the same bytes as one run, but for the times.
///
/// Exit code: 0 if everything was as expected in every shard, 1 if not, 2 if a shard is missing, doubled or
/// of another run, or is no shard.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files, in any order.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Where to write the results: a file, or standard output (-).
    #[arg(long, value_name = "FILE|-", default_value = "-")]
    json: PathBuf,
}

/// Runs the command. Returns whether everything was as expected in every shard.
///
/// # Errors
/// If the files are not the shards of one run, each once, and where something cannot be read or written.
pub(super) fn run(arguments: &Arguments, output: &mut impl Write) -> anyhow::Result<bool> {
    let destination = Destination::open(&arguments.json)?;
    let shards = set::read(&arguments.files)?;
    let whole = join::join(&shards)?;
    match destination {
        Destination::Standard => destination::print(output, &whole)?,
        destination => {
            destination.write(&whole)?;
            let count = match shards.len() {
                1 => "1 shard".to_owned(),
                count => format!("{count} shards"),
            };
            destination::print(output, &format!("{count} of {}\n", shards[0].mark.command))?;
        }
    }
    Ok(shards.iter().all(|shard| shard.mark.as_expected))
}
