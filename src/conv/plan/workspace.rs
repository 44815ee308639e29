//! The memory that kernels work in, and the pieces of work shared out among threads.
//!
//! Each thread takes the next piece until none is left, and works in memory of its own. A piece is computed
//! the same way whichever thread takes it. Both parts of a workspace begin where a line of the cache begins,
//! so that vectors that stand one after the other do not cross lines, which takes twice as long.

use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::conv::plan::register::output::{Finish, SharedOutput};
use crate::simd::{AlignedBuffer, Element, InstructionSet};

/// Below so many multiply-adds of vectors, some ten microseconds, another thread does not pay.
pub(in crate::conv::plan) const TINY_COST: f64 = 40_000.0;

/// The memory of a [run](crate::conv::plan::Prepared::run): one serves any plans, one after the other, and
/// grows to what the largest needs.
#[derive(Clone, Debug, Default)]
pub struct Workspace<T> {
    /// For each thread.
    pub(in crate::conv::plan) threads: Vec<ThreadMemory<T>>,
    /// Copies of operands that do not stand in memory row by row.
    pub(in crate::conv::plan) input: Vec<T>,
    pub(in crate::conv::plan) output: Vec<T>,
    /// The padded output of the adjoint of a padding.
    pub(in crate::conv::plan) padded: Vec<T>,
}

impl<T: Element> Workspace<T> {
    /// Without any memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        let threads: usize = self.threads.iter().map(ThreadMemory::bytes).sum();
        threads + size_of::<T>() * (self.input.capacity() + self.output.capacity() + self.padded.capacity())
    }

    /// Makes room for these numbers of entries of copied signal and of sums for each thread of rayon's pool.
    pub(in crate::conv::plan) fn reserve(&mut self, lengths: impl Iterator<Item = (usize, usize)>) {
        self.threads.resize_with(rayon::current_num_threads(), ThreadMemory::default);
        for lengths in lengths {
            self.threads.iter_mut().for_each(|memory| memory.reserve(lengths));
        }
    }
}

/// What a thread needs: room for copied signal, and room for sums.
#[derive(Clone, Debug, Default)]
pub(in crate::conv::plan) struct ThreadMemory<T> {
    strip: AlignedBuffer<T>,
    sums: AlignedBuffer<T>,
}

impl<T: Element> ThreadMemory<T> {
    /// Makes room for so many entries of each, and keeps what is there already.
    pub(in crate::conv::plan) fn reserve(&mut self, (strip, sums): (usize, usize)) {
        self.strip.reserve(strip);
        self.sums.reserve(sums);
    }

    /// Bytes of memory.
    pub(in crate::conv::plan) fn bytes(&self) -> usize {
        self.strip.bytes() + self.sums.bytes()
    }

    /// Room for copied signal, and for sums.
    pub(in crate::conv::plan) fn parts(&mut self) -> (&mut [T], &mut [T]) {
        (&mut self.strip, &mut self.sums)
    }

    /// Takes the room for copied signal, to be shared and [put back](Self::put_strip).
    pub(in crate::conv::plan) fn take_strip(&mut self) -> AlignedBuffer<T> {
        std::mem::take(&mut self.strip)
    }

    /// Puts back what was taken.
    pub(in crate::conv::plan) fn put_strip(&mut self, strip: AlignedBuffer<T>) {
        self.strip = strip;
    }
}

/// What a run reads and writes: prepared weights, the signal, the results and what is done to sums on their
/// way there.
#[derive(Clone, Copy)]
pub(in crate::conv::plan) struct Call<'a, T> {
    pub(in crate::conv::plan) packed: &'a [T],
    pub(in crate::conv::plan) signal: &'a [T],
    pub(in crate::conv::plan) output: &'a SharedOutput<'a, T>,
    pub(in crate::conv::plan) finish: Finish<'a, T>,
    /// How many pieces run at the same time, at most.
    pub(in crate::conv::plan) threads: usize,
}

/// A kernel whose work falls into pieces that any thread can take.
pub(in crate::conv::plan) trait Pieces<T: Element>: Sync {
    /// The instructions of its vectors.
    fn instruction_set(&self) -> InstructionSet;

    /// How many pieces there are.
    fn jobs(&self) -> usize;

    /// Multiply-adds of vectors of all of them, other work counted as such.
    fn cost(&self) -> f64;

    /// Runs one of them, with room for copied signal and room for sums.
    fn run_piece<S: Simd>(&self, simd: S, call: Call<'_, T>, memory: (&mut [T], &mut [T]), job: usize);
}

/// One piece, for [`InstructionSet::run`].
struct PieceRun<'a, T, K> {
    kernel: &'a K,
    call: Call<'a, T>,
    memory: (&'a mut [T], &'a mut [T]),
    job: usize,
}

impl<T: Element, K: Pieces<T>> WithSimd for PieceRun<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.kernel.run_piece(simd, self.call, self.memory, self.job);
    }
}

/// Runs all pieces on these workspaces, each on a thread of its own, or all on one if they cost less than
/// waking another.
pub(in crate::conv::plan) fn run_pieces<T: Element, K: Pieces<T>>(
    kernel: &K,
    call: Call<'_, T>,
    workspaces: &mut [ThreadMemory<T>],
) {
    let (jobs, cost, set) = (kernel.jobs(), kernel.cost(), kernel.instruction_set());
    let next = AtomicUsize::new(0);
    let worker = |workspace: &mut ThreadMemory<T>| {
        let (strip, sums) = workspace.parts();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            set.run(PieceRun { kernel, call, memory: (&mut *strip, &mut *sums), job });
        }
    };
    match workspaces {
        [] => {}
        [first, ..] if jobs == 1 || cost < TINY_COST => worker(first),
        [only] => worker(only),
        several => several.par_iter_mut().with_max_len(1).for_each(worker),
    }
}
