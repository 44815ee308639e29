//! What the chunks of other ranks have left behind.
//!
//! A chunk gives its moments and its sums at each normalisation, its losses and mistakes, and for each dense layer the
//! two factors of the gradient of its matrix: 16·(inputs + outputs) numbers in the place of inputs·outputs. Gradients of
//! kernels and biases are added up in pairs, a tree over the chunks of the batch; of that tree a rank gives only the
//! greatest whole branches over its own chunks, about log₂ of their number, and one where the chunks of each rank are
//! such a branch. With these, every rank adds up the same numbers in the same order.

use std::ops::Range;
use std::sync::RwLock;

use super::exchange::share;
use super::memory::{self, Kept};
use super::{Exchange, Executor};

/// The words that are sent and received.
#[derive(Clone, Debug, Default)]
pub(super) struct Mail {
    own: Vec<u32>,
    lengths: Vec<usize>,
    all: Vec<u32>,
}

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The moments at the end of a segment.
    Moments(usize),
    /// The sums of the gradient there.
    Sums(usize),
    /// What the gradient of the batch and its losses are put together from.
    Gradient,
}

/// Numbers that are told as words.
enum Part<'a> {
    Singles(&'a mut [f32]),
    Double(&'a mut f64),
}

impl Part<'_> {
    fn words(&self) -> usize {
        match self {
            Part::Singles(values) => values.len(),
            Part::Double(_) => 2,
        }
    }

    fn write(&self, words: &mut Vec<u32>) {
        match self {
            Part::Singles(values) => words.extend(values.iter().map(|value| value.to_bits())),
            Part::Double(value) => {
                let bits = value.to_bits();
                words.extend([bits as u32, (bits >> 32) as u32]);
            }
        }
    }

    fn read(self, words: &mut &[u32]) {
        let (first, rest) = words.split_at(self.words());
        *words = rest;
        match self {
            Part::Singles(values) => {
                values.iter_mut().zip(first).for_each(|(value, &word)| *value = f32::from_bits(word));
            }
            Part::Double(value) => *value = f64::from_bits(u64::from(first[1]) << 32 | u64::from(first[0])),
        }
    }
}

/// Whether a chunk is the first of a greatest whole branch of the tree, of those over these chunks of so many.
fn is_branch(chunk: usize, own: &Range<usize>, chunks: usize) -> bool {
    // The branches of 2ᵏ chunks begin at multiples of 2ᵏ; the last may have fewer.
    let is_whole = |size: usize| {
        let first = chunk / size * size;
        first >= own.start && chunks.min(first + size) <= own.end
    };
    let sizes = (0..=chunks.next_power_of_two().ilog2()).map(|power| 1 << power);
    sizes.rev().find(|&size| is_whole(size)).is_some_and(|size| chunk.is_multiple_of(size))
}

/// All that a chunk tells, in a fixed order.
fn each_part(kept: &mut Kept, what: What, is_branch: bool, mut tell: impl FnMut(Part<'_>)) {
    match what {
        What::Moments(segment) => {
            for moments in &mut kept.moments[segment] {
                tell(Part::Double(&mut moments.count));
                tell(Part::Double(&mut moments.mean));
                tell(Part::Double(&mut moments.squares));
            }
        }
        What::Sums(segment) => {
            for (first, second) in &mut kept.sums[segment] {
                tell(Part::Double(first));
                tell(Part::Double(second));
            }
        }
        What::Gradient => {
            if is_branch {
                tell(Part::Singles(&mut kept.small));
            }
            for dense in &mut kept.dense {
                tell(Part::Singles(&mut dense.transposed));
                tell(Part::Singles(&mut dense.output_gradient));
            }
            tell(Part::Double(&mut kept.loss));
            let mut mistakes = kept.mistakes as f64;
            tell(Part::Double(&mut mistakes));
            kept.mistakes = mistakes as usize;
        }
    }
}

/// What the chunks of a rank have left behind, and whether each begins a branch.
fn of_rank(
    kept: &mut [RwLock<Kept>],
    chunks: usize,
    rank: usize,
    size: usize,
) -> impl Iterator<Item = (&mut Kept, bool)> {
    let own = share(chunks, rank, size);
    let kept = kept[own.clone()].iter_mut().map(memory::inside);
    own.clone().zip(kept).map(move |(chunk, kept)| (kept, is_branch(chunk, &own, chunks)))
}

impl Executor {
    /// Has all ranks tell each other what their chunks of a batch have left behind.
    pub(super) fn gather(&mut self, chunks: usize, what: What) {
        let (rank, size) = (self.exchange.rank(), self.exchange.size());
        if size == 1 {
            return;
        }
        let Mail { own, lengths, all } = &mut self.mail;
        lengths.clear();
        for other in 0..size {
            let mut length = 0;
            for (kept, is_branch) in of_rank(&mut self.kept, chunks, other, size) {
                each_part(kept, what, is_branch, |part| length += part.words());
            }
            lengths.push(length);
        }
        own.clear();
        for (kept, is_branch) in of_rank(&mut self.kept, chunks, rank, size) {
            each_part(kept, what, is_branch, |part| part.write(own));
        }
        all.resize(lengths.iter().sum(), 0);
        self.exchange.all_gather(own, lengths, all);
        let mut words = &all[..];
        for (other, &length) in lengths.iter().enumerate() {
            let of_other;
            (of_other, words) = words.split_at(length);
            if other == rank {
                continue;
            }
            let mut words = of_other;
            for (kept, is_branch) in of_rank(&mut self.kept, chunks, other, size) {
                each_part(kept, what, is_branch, |part| part.read(&mut words));
            }
        }
    }

    /// Whether one rank has all of these chunks.
    pub(super) fn is_of_one_rank(exchange: &dyn Exchange, chunks: usize, some: &Range<usize>) -> bool {
        (0..exchange.size()).any(|rank| {
            let own = share(chunks, rank, exchange.size());
            own.start <= some.start && some.end <= own.end
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_whole_and_few() {
        let branches = |own: Range<usize>, chunks| {
            own.clone().filter(|&chunk| is_branch(chunk, &own, chunks)).collect::<Vec<_>>()
        };
        assert_eq!(branches(0..8, 8), [0]);
        assert_eq!(branches(4..8, 8), [4]);
        assert_eq!(branches(2..5, 8), [2, 4]);
        assert_eq!(branches(5..8, 8), [5, 6]);
        // The last branches have fewer chunks.
        assert_eq!(branches(0..7, 7), [0]);
        assert_eq!(branches(4..7, 7), [4]);
        assert_eq!(branches(3..7, 7), [3, 4]);
        assert_eq!(branches(1..2, 2), [1]);
        assert!(branches(3..3, 7).is_empty());
        for chunks in 1..40 {
            for size in 1..6 {
                for own in (0..size).map(|rank| share(chunks, rank, size)) {
                    let most = 2 * chunks.next_power_of_two().ilog2() as usize;
                    assert!(branches(own.clone(), chunks).len() <= most.max(1), "{own:?} of {chunks}");
                }
            }
        }
    }
}
