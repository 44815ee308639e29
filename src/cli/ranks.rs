//! `equivariant train` as one of several processes that share each batch: who speaks, and how all end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::train::{Alone, Exchange};

/// Variables by which Open MPI, what speaks PMI (MPICH), and Slurm tell how many processes they launched together.
const SIZES: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

/// How long a process that is told to end waits for its step. `mpirun` kills it after a second.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many processes were launched together, as far as the environment tells.
fn launched() -> usize {
    let size = |name: &str| std::env::var(name).ok()?.parse().ok();
    SIZES.into_iter().find_map(size).unwrap_or(1)
}

/// Does the work as one of the processes that were launched together, or alone. What goes wrong in one ends them all.
///
/// # Errors
/// Those of the work alone, and if this command cannot work with others.
#[cfg(feature = "mpi")]
pub(super) fn run(work: impl FnOnce(&Arc<dyn Exchange>) -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    use super::{quiet, told};
    use crate::train::mpi::World;

    if launched() == 1 {
        return work(&(Arc::new(Alone) as Arc<dyn Exchange>));
    }
    let world = World::start()?;
    let exchange = world.exchange();
    let (rank, size) = (exchange.rank(), exchange.size());
    if size != launched() {
        anyhow::bail!(
            "{} processes were launched, of which MPI knows {size}: take the launcher of the library of MPI that this \
             command was built with, or one that speaks its protocol (srun --mpi=pmix)",
            launched()
        );
    }
    let message = match quiet::catch(|| work(&exchange)) {
        // One exit code other than 0 is enough.
        Ok(Ok(is_finished)) => return Ok(is_finished || rank > 0),
        Ok(Err(error)) => told(&error),
        Err(message) => format!("a defect of this program: {message}"),
    };
    if rank > 0 {
        // What goes wrong everywhere is told by the first.
        std::thread::sleep(PATIENCE);
    }
    eprintln!("equivariant: rank {rank} of {size}: {message}");
    world.abort(2)
}

/// Does the work alone.
///
/// # Errors
/// Those of the work, and if several processes were launched, which this command was not built for.
#[cfg(not(feature = "mpi"))]
pub(super) fn run(work: impl FnOnce(&Arc<dyn Exchange>) -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    match launched() {
        1 => work(&(Arc::new(Alone) as Arc<dyn Exchange>)),
        size => anyhow::bail!(
            "{size} processes were launched to train together, but this command was built for one: build it with \
             --features mpi"
        ),
    }
}

/// To be called when this process is told to end: if the training goes on for a while, as it does when another process
/// died in the middle of a step, tells what is left.
pub(super) fn watch((rank, size): (usize, usize), has_ended: &AtomicBool, checkpoint: Option<&Path>) {
    // Of the ranks that are left, one speaks, or two.
    if size == 1 || rank > 1 {
        return;
    }
    std::thread::sleep(PATIENCE);
    if has_ended.load(Ordering::Relaxed) {
        return;
    }
    let left = match checkpoint {
        Some(path) if path.exists() => format!(
            "{} holds the last complete epoch: go on from it with --resume, on any number of ranks",
            path.display()
        ),
        Some(_) => "no epoch was complete, and nothing is kept".to_owned(),
        None => "the weights are lost, which --checkpoint FILE would have kept".to_owned(),
    };
    eprintln!(
        "equivariant: rank {rank} of {size} is told to end, but its step does not: it is a long one, or another rank has died; {left}"
    );
}
