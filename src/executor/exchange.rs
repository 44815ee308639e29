//! What the processes that share a batch tell each other, and how its chunks are shared out.
//!
//! Rank r of R takes the chunks ⌊rC/R⌋ … ⌊(r+1)C/R⌋ − 1 of C. All that is asked of the means of communication is to
//! give the words of every rank to every rank: nothing is computed on the way, so that the order of every sum is
//! fixed by the chunks, and not by the ranks or by a library.

use std::fmt::Debug;
use std::ops::Range;

/// The processes that share a batch, seen from one of them. All must call the same methods in the same order.
///
/// An exchange that fails has no answer that a training could go on with: it ends the process, and the others.
pub trait Exchange: Debug + Send + Sync {
    /// The number of this process, from 0.
    fn rank(&self) -> usize;

    /// How many there are, at least 1.
    fn size(&self) -> usize;

    /// Gives everybody the words of everybody: `all` becomes those of rank 0, of rank 1 and so on, `lengths` of
    /// each; `own` are those of this rank.
    ///
    /// # Panics
    /// If the lengths do not fit.
    fn all_gather(&self, own: &[u32], lengths: &[usize], all: &mut [u32]);
}

/// A single process, which has nothing to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone;

impl Exchange for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn all_gather(&self, own: &[u32], _lengths: &[usize], all: &mut [u32]) {
        all.copy_from_slice(own);
    }
}

/// Which of so many things a rank takes: consecutive ones, as many as any other rank or one more.
///
/// # Panics
/// If there is no such rank.
pub fn share(count: usize, rank: usize, size: usize) -> Range<usize> {
    assert!(rank < size, "rank {rank} of {size}");
    // In 128 bits no product overflows.
    let bound = |rank: usize| (count as u128 * rank as u128 / size as u128) as usize;
    bound(rank)..bound(rank + 1)
}

/// One word of each rank.
pub(crate) fn gather_word(exchange: &dyn Exchange, word: u32) -> Vec<u32> {
    let mut all = vec![0; exchange.size()];
    exchange.all_gather(&[word], &vec![1; exchange.size()], &mut all);
    all
}

/// The bytes that rank 0 has, on every rank; the others' are ignored.
pub(crate) fn broadcast(exchange: &dyn Exchange, bytes: &[u8]) -> Vec<u8> {
    let is_first = exchange.rank() == 0;
    let length = bytes.len() as u64;
    let low = gather_word(exchange, length as u32)[0];
    let high = gather_word(exchange, (length >> 32) as u32)[0];
    let length = usize::try_from(u64::from(high) << 32 | u64::from(low)).unwrap_or(usize::MAX);
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    let own: Vec<u32> = if is_first { bytes.chunks(4).map(word).collect() } else { Vec::new() };
    let mut lengths = vec![0; exchange.size()];
    lengths[0] = length.div_ceil(4);
    let mut all = vec![0; lengths[0]];
    exchange.all_gather(&own, &lengths, &mut all);
    let mut bytes: Vec<u8> = all.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
pub(crate) mod threads {
    //! Threads in the place of processes, for tests.

    use std::sync::{Arc, Barrier, Mutex, PoisonError};

    use super::Exchange;

    /// What the threads have in common.
    #[derive(Debug)]
    struct Table {
        barrier: Barrier,
        mail: Mutex<Vec<Vec<u32>>>,
    }

    /// One thread as a rank.
    #[derive(Clone, Debug)]
    pub(crate) struct Threads {
        rank: usize,
        size: usize,
        table: Arc<Table>,
    }

    impl Exchange for Threads {
        fn rank(&self) -> usize {
            self.rank
        }

        fn size(&self) -> usize {
            self.size
        }

        fn all_gather(&self, own: &[u32], lengths: &[usize], all: &mut [u32]) {
            assert_eq!((own.len(), lengths.len()), (lengths[self.rank], self.size));
            let mail = || self.table.mail.lock().unwrap_or_else(PoisonError::into_inner);
            mail()[self.rank] = own.to_vec();
            self.table.barrier.wait();
            all.copy_from_slice(&mail().concat());
            self.table.barrier.wait();
        }
    }

    /// Does the same on so many ranks, each on a thread of its own, and gives what each found.
    pub(crate) fn on_ranks<T: Send>(size: usize, work: impl Fn(Arc<Threads>) -> T + Sync) -> Vec<T> {
        let table = Arc::new(Table { barrier: Barrier::new(size), mail: Mutex::new(vec![Vec::new(); size]) });
        let rank = |rank| Arc::new(Threads { rank, size, table: Arc::clone(&table) });
        std::thread::scope(|scope| {
            let ranks: Vec<_> = (0..size).map(rank).map(|rank| scope.spawn(|| work(rank))).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::threads::on_ranks;
    use super::*;

    #[test]
    fn everything_is_shared_out_once_and_evenly() {
        for (count, size) in [(0, 1), (0, 3), (1, 3), (7, 3), (8, 2), (8, 8), (5, 9), (usize::MAX, 3)] {
            let mut next = 0;
            for rank in 0..size {
                let range = share(count, rank, size);
                assert_eq!(range.start, next);
                assert!(range.len() >= count / size && range.len() <= count.div_ceil(size));
                next = range.end;
            }
            assert_eq!(next, count);
        }
    }

    #[test]
    fn bytes_of_the_first_rank_reach_everybody() {
        for length in [0, 1, 3, 4, 5, 1000] {
            let bytes: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let all = on_ranks(3, |rank| broadcast(&*rank, if rank.rank() == 0 { &bytes } else { &[9, 9] }));
            assert_eq!(all, vec![bytes.clone(); 3]);
            assert_eq!(broadcast(&Alone, &bytes), bytes);
        }
    }
}
