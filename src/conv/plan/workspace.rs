//! The memory that kernels work in, and the pieces of work shared out among threads.
//!
//! Each thread takes the next piece until none is left, and works in a [`Workspace`] of its own. A piece is computed the same
//! way whichever thread takes it. Both parts of a workspace begin where a line of the cache begins, so that vectors that
//! stand one after the other do not cross lines, which takes twice as long.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::conv::simd::Element;

/// Bytes of a line of the cache.
const LINE_BYTES: usize = 64;
/// Below so many multiply-adds of vectors, some ten microseconds, another thread does not pay.
const TINY_COST: f64 = 40_000.0;

/// What a thread needs: room for copied signal, and room for sums.
#[derive(Clone, Debug, Default)]
pub(super) struct Workspace<T> {
    strip: Vec<T>,
    sums: Vec<T>,
}

impl<T: Element> Workspace<T> {
    /// Makes room for so many entries of each, and keeps what is there already.
    pub(super) fn reserve(&mut self, (strip, sums): (usize, usize)) {
        let line = LINE_BYTES / size_of::<T>();
        self.strip.resize(self.strip.len().max(strip + line), T::zero());
        self.sums.resize(self.sums.len().max(sums + line), T::zero());
    }

    /// Entries of memory.
    pub(super) fn length(&self) -> usize {
        self.strip.len() + self.sums.len()
    }

    fn parts(&mut self) -> (&mut [T], &mut [T]) {
        (from_line(&mut self.strip), from_line(&mut self.sums))
    }
}

/// From the first entry on that begins a line.
fn from_line<T>(memory: &mut [T]) -> &mut [T] {
    let ahead = memory.as_ptr().align_offset(LINE_BYTES).min(memory.len());
    &mut memory[ahead..]
}

/// Runs the jobs on these workspaces, each on a thread of its own, or all on one if they cost less than waking another.
/// A job gets room for copied signal, room for sums, and its number.
pub(super) fn run_jobs<T: Element>(
    jobs: usize,
    cost: f64,
    workspaces: &mut [Workspace<T>],
    run: impl Fn(&mut [T], &mut [T], usize) + Sync,
) {
    let next = AtomicUsize::new(0);
    let worker = |workspace: &mut Workspace<T>| {
        let (strip, sums) = workspace.parts();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            run(strip, sums, job);
        }
    };
    match workspaces {
        [] => {}
        [first, ..] if jobs == 1 || cost < TINY_COST => worker(first),
        [only] => worker(only),
        several => several.par_iter_mut().with_max_len(1).for_each(worker),
    }
}
