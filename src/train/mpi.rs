//! Ranks that are processes of MPI, on one machine or several.
//!
//! MPI moves words and computes nothing. An error of MPI ends all processes, as it does unless told otherwise
//! (`MPI_ERRORS_ARE_FATAL`), and a process that dies is noticed by what launched it, which ends the others.
//!
//! Source: MPI Forum, *MPI: a message-passing interface standard, version 3.1*, sections 5.7 (all-gather) and 12.4
//! (threads).

use std::sync::Arc;

use mpi::Threading;
use mpi::datatype::PartitionMut;
use mpi::environment::{Universe, initialize_with_threading};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use thiserror::Error;

use crate::executor::Exchange;

/// MPI cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MpiError {
    /// It was begun already, or ended.
    #[error("MPI can only be started once in a process")]
    Started,
    /// It does not bear calls from several threads.
    #[error("this library of MPI only serves one thread: take one that was built for MPI_THREAD_SERIALIZED")]
    Threads,
}

/// All processes that were launched together. MPI ends when this is dropped.
pub struct World {
    _universe: Universe,
    ranks: Ranks,
}

impl World {
    /// Starts MPI in this process, which `mpirun` or the like should have launched.
    ///
    /// # Errors
    /// If it was started before, or only serves one thread.
    pub fn start() -> Result<Self, MpiError> {
        let (universe, threading) =
            initialize_with_threading(Threading::Serialized).ok_or(MpiError::Started)?;
        if threading < Threading::Serialized {
            return Err(MpiError::Threads);
        }
        let world = SimpleCommunicator::world();
        let ranks = Ranks { rank: world.rank() as usize, size: world.size() as usize };
        Ok(World { _universe: universe, ranks })
    }

    /// The processes, as a [`Trainer`](super::Trainer) wants them.
    pub fn exchange(&self) -> Arc<dyn Exchange> {
        Arc::new(self.ranks)
    }

    /// Ends all processes with this exit code.
    pub fn abort(&self, code: i32) -> ! {
        SimpleCommunicator::world().abort(code)
    }
}

/// The processes of the world. Whoever uses it calls it from one thread at a time: a training does.
#[derive(Clone, Copy, Debug)]
struct Ranks {
    rank: usize,
    size: usize,
}

impl Exchange for Ranks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&self, own: &[u32], lengths: &[usize], all: &mut [u32]) {
        assert_eq!((own.len(), lengths.len()), (lengths[self.rank], self.size), "a length for each rank");
        let is_countable = i32::try_from(all.len()).is_ok();
        assert!(is_countable, "MPI counts in 31 bits, found {} words: take smaller batches", all.len());
        let counts: Vec<i32> = lengths.iter().map(|&length| length as i32).collect();
        let mut next = 0;
        let begin = |count: &i32| {
            next += count;
            next - count
        };
        let begins: Vec<i32> = counts.iter().map(begin).collect();
        assert_eq!(next as usize, all.len(), "room for the words of all ranks");
        SimpleCommunicator::world()
            .all_gather_varcount_into(own, &mut PartitionMut::new(all, counts, begins));
    }
}
