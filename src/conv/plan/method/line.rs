//! Direct convolution along one axis whose taps are neighbours.
//!
//! ```text
//! sum(16·p + l) = Σ_c Σ_t Σ_q weight(m, c, 16·q + t) · strip(c)[16·(p + q) + t + l]
//! ```
//!
//! with vectors of 16 entries l, tap 16·q + t being the q-th that is t entries into a vector: the vector that
//! starts at 16·s + t serves the sums p = s − q of all q, so that R sums and B weights share R + B − 1 loads.
//! These cross lines of the cache, which takes two of the loads of a cycle: 16 taps alone would run at half
//! of the peak, 32 at nine tenths.
//!
//! Cost: the products of the definition, and a load and a store of each entry. Memory:
//! [`LineStage::workspace`] for each thread. Every sum runs over (channel, block of q, t, q) in order.

use std::ops::Range;

use ndarray::{ArrayView3, Axis as ArrayAxis};
use pulp::{Simd, WithSimd};

use std::sync::Arc;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::channels::Channels;
use crate::conv::plan::geometry::pieces::even;
use crate::conv::plan::geometry::plane::Entries;
use crate::conv::plan::method::planned_method::{Place, Stage};
use crate::conv::plan::method_name::Method;
use crate::conv::plan::register::output::SharedOutput;
use crate::conv::plan::register::shape::lanes;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::unrolled;
use crate::simd::{Element, InstructionSet, is_wide};

/// Positions of a piece at least, and times the taps at most.
const LEAST_PIECE: usize = 1536;
const MOST_PIECE: usize = 8192;
/// Vectors of the register tiles there are: the first only with 32 registers.
const TILES: [usize; 5] = [12, 6, 3, 2, 1];
/// Most taps at the distance of a vector that a register tile takes at once.
const MOST_WEIGHTS: usize = 4;
/// What a vector of sums costs beside its terms, copying a vector, beginning a row, and beginning a piece, in
/// multiply-adds of vectors.
const VECTOR_COST: f64 = 8.0;
const COPY_COST: f64 = 3.0;
const ROW_COST: f64 = 30.0;
const PIECE_COST: f64 = 200.0;

/// One direction and phase of a problem: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct LineStage {
    set: InstructionSet,
    channels: Channels,
    x: AxisMap,
    blocks: Vec<Block>,
    /// Positions of a piece.
    piece: usize,
    lanes: usize,
}

impl LineStage {
    /// If there is one axis, with step 1 and taps that are neighbours.
    pub(in crate::conv::plan) fn new<T: Element>(
        set: InstructionSet,
        channels: Channels,
        axes: &[AxisMap],
    ) -> Option<Self> {
        let mut axes = AxisMap::joined(axes.to_vec());
        let x = axes.pop()?;
        let neighbours = x.taps.windows(2).all(|pair| pair[1].1 - pair[0].1 == 1);
        let alone = axes.iter().all(|axis| *axis == AxisMap::point());
        if !alone || x.taps.is_empty() || !neighbours || (x.step, x.every) != (1, 1) {
            return None;
        }
        let most = (2 * x.taps.len()).clamp(LEAST_PIECE, MOST_PIECE);
        let (piece, lanes) = (even(x.positions, most), lanes::<T>(set));
        let blocks = blocks(x.taps.len(), lanes).collect();
        Some(LineStage { set, channels, x, blocks, piece, lanes })
    }

    fn parts(&self) -> usize {
        self.x.positions.div_ceil(self.piece)
    }

    fn jobs(&self) -> usize {
        self.channels.batch * self.channels.groups * self.parts()
    }

    /// Vectors of the largest register tile.
    fn most(&self) -> usize {
        if self.set == InstructionSet::Avx512 { TILES[0] } else { TILES[1] }
    }

    /// Entries of a channel in the strip: those that sums are of, and what tiles of whole vectors read
    /// beyond.
    fn stride(&self) -> usize {
        (self.piece + self.x.taps.len()).next_multiple_of(self.lanes) + 2 * self.lanes
    }

    /// Multiply-adds of vectors, other work counted as such.
    pub(in crate::conv::plan) fn cost(&self) -> f64 {
        let tile = self.most();
        let shift = |numbers: usize| {
            let loads = (2 * (tile + numbers - 1) + numbers) as f64 * self.set.load_cost();
            loads.max((tile * numbers) as f64)
        };
        let terms = self.blocks.iter().map(|block| block.shifts.len() as f64 * shift(block.numbers.len()));
        let terms = terms.sum::<f64>();
        let vectors = self.piece.div_ceil(self.lanes) as f64;
        let rows = self.channels.rows as f64;
        let columns = self.channels.columns as f64;
        let sums = rows * vectors * (columns * terms / tile as f64 + VECTOR_COST);
        let copied = columns * (ROW_COST + COPY_COST * (self.stride() / self.lanes) as f64);
        self.jobs() as f64 * (sums + copied + PIECE_COST)
    }

    /// Entries of memory that one thread needs: the copied channels, and no sums.
    pub(in crate::conv::plan) fn workspace(&self) -> (usize, usize) {
        (self.channels.columns * self.stride() + self.lanes, 0)
    }

    pub(in crate::conv::plan) fn packed_length(&self) -> usize {
        self.channels.groups * self.channels.rows * self.channels.columns * self.x.taps.len()
    }

    /// Lays the weights out as (row of all groups, column, block, t, q).
    pub(in crate::conv::plan) fn pack<T: Element>(&self, kernel: ArrayView3<'_, T>, packed: &mut Vec<T>) {
        packed.clear();
        packed.reserve_exact(self.packed_length());
        let taps = &self.x.taps;
        for row in kernel.axis_iter(ArrayAxis(0)) {
            for column in row.axis_iter(ArrayAxis(0)) {
                for Block { shifts, numbers } in &self.blocks {
                    for shift in shifts.clone() {
                        packed.extend(numbers.clone().map(|q| column[taps[q * self.lanes + shift].0]));
                    }
                }
            }
        }
    }
}

/// Some taps lanes·q + t: all t of a range with all q of another, which has at most so many.
#[derive(Clone, Debug)]
struct Block {
    shifts: Range<usize>,
    numbers: Range<usize>,
}

/// All taps in blocks, none of which is empty.
fn blocks(taps: usize, lanes: usize) -> impl Iterator<Item = Block> {
    (0..taps.div_ceil(lanes)).step_by(MOST_WEIGHTS).flat_map(move |first| {
        let last = (first + MOST_WEIGHTS).min(taps.div_ceil(lanes)) - 1;
        // So many shifts have tap number `last` too.
        let with_last = (taps - last * lanes).min(lanes);
        let rest = if first < last { with_last..lanes } else { 0..0 };
        let both = [
            Block { shifts: 0..with_last, numbers: first..last + 1 },
            Block { shifts: rest, numbers: first..last },
        ];
        both.into_iter().filter(|block| !block.shifts.is_empty())
    })
}

/// One group of channels on a part of one sample.
impl<T: Element> Pieces<T> for LineStage {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        LineStage::jobs(self)
    }

    fn cost(&self) -> f64 {
        LineStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(&self, simd: S, call: Call<'_, T>, (strip, _): (&mut [T], &mut [T]), job: usize) {
        let Call { packed, signal, output, finish, .. } = call;
        let Channels { rows, columns, .. } = self.channels;
        let (group, first) = (job / self.parts(), job % self.parts() * self.piece);
        let (length, stride, taps) = (self.piece.min(self.x.positions - first), self.stride(), &self.x.taps);
        let from = first as isize + taps[0].1;
        let entries = Entries::new(&self.x, from, 1, length + taps.len() - 1);
        for column in 0..columns {
            let start = (group * columns + column) * self.x.source;
            entries.copy_row(simd, signal, start, &mut strip[column * stride..]);
        }
        let group_row = group % self.channels.groups * rows;
        for row in 0..rows {
            let weights = columns * taps.len();
            let finish = finish.of(group_row + row);
            let to = (group * rows + row) * self.x.result + self.x.first + first;
            let weights = &packed[(group_row + row) * weights..][..weights];
            simd.vectorize(RowSums { stage: self, weights, strip, output, to, length, finish });
        }
    }
}

/// The sums of a piece for one output channel.
struct RowSums<'a, T> {
    stage: &'a LineStage,
    weights: &'a [T],
    strip: &'a [T],
    output: &'a SharedOutput<'a, T>,
    /// Where the first sum goes.
    to: usize,
    length: usize,
    finish: (Option<T>, bool),
}

impl<T: Element> WithSimd for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let vectors = self.length.div_ceil(self.stage.lanes);
        let mut done = 0;
        while done < vectors {
            let fitting = |&tile: &usize| tile <= self.stage.most() && tile <= vectors - done;
            let tile = TILES.into_iter().find(fitting).unwrap_or(1);
            match tile {
                12 if const { is_wide::<S>() } => self.tile::<S, 12>(simd, done),
                6 => self.tile::<S, 6>(simd, done),
                3 => self.tile::<S, 3>(simd, done),
                2 => self.tile::<S, 2>(simd, done),
                _ => self.tile::<S, 1>(simd, done),
            }
            done += tile;
        }
    }
}

impl<T: Element> RowSums<'_, T> {
    /// R vectors of sums from number `first` on.
    #[inline(always)]
    fn tile<S: Simd, const R: usize>(&self, simd: S, first: usize) {
        let (lanes, stage) = (T::lanes::<S>(), self.stage);
        let (taps, stride, columns) = (stage.x.taps.len(), stage.stride(), stage.channels.columns);
        assert!(self.weights.len() == columns * taps);
        // The last tap of the last sum reads a vector from here on.
        let last = (first + R - 1) * lanes + taps - 1;
        assert!((columns - 1) * stride + last + lanes <= self.strip.len(), "a tile reads inside its strip");
        let mut totals = [T::splat(simd, T::zero()); R];
        let mut weights = self.weights.as_ptr();
        for column in 0..columns {
            let strip = self.strip[column * stride + first * lanes..].as_ptr();
            for Block { shifts, numbers } in &stage.blocks {
                // SAFETY: lanes·q + t is one of the taps for all t and q of the block, and there is a weight
                // for each.
                unsafe {
                    let from = strip.add(shifts.start + numbers.start * lanes);
                    match numbers.len() {
                        4 => add::<T, S, R, 4>(simd, &mut totals, weights, (from, shifts.len())),
                        3 => add::<T, S, R, 3>(simd, &mut totals, weights, (from, shifts.len())),
                        2 => add::<T, S, R, 2>(simd, &mut totals, weights, (from, shifts.len())),
                        _ => add::<T, S, R, 1>(simd, &mut totals, weights, (from, shifts.len())),
                    }
                    weights = weights.add(shifts.len() * numbers.len());
                }
            }
        }
        unrolled!(i in 0..R => {
            let position = (first + i) * lanes;
            let length = lanes.min(self.length - position);
            // SAFETY: no other job has these positions and this channel.
            unsafe { self.output.write_vector(simd, self.to + position, totals[i], length, self.finish) };
        });
    }
}

/// `totals(i) += Σ_t Σ_q weights(t, q) · from[(i + q)·lanes + t ..]` over so many t, and B of q.
///
/// # Safety
/// R + B − 1 vectors, one after the other, must be readable at `from + t` for all t, and B weights for each.
#[inline(always)]
unsafe fn add<T: Element, S: Simd, const R: usize, const B: usize>(
    simd: S,
    totals: &mut [T::Vector<S>; R],
    weights: *const T,
    (from, shifts): (*const T, usize),
) {
    let lanes = T::lanes::<S>();
    for t in 0..shifts {
        // SAFETY: the caller vouches for the weights.
        let weights: [T::Vector<S>; B] =
            std::array::from_fn(|q| T::splat(simd, unsafe { *weights.add(t * B + q) }));
        // SAFETY: the caller vouches for the vectors 0 … R + B − 2.
        let vector = |number: usize| unsafe { T::load::<S>(from.add(t + number * lanes)) };
        // The vectors of one sum.
        let mut vectors = [T::splat(simd, T::zero()); B];
        unrolled!(q in 0..B => {
            if q > 0 {
                vectors[q] = vector(q - 1);
            }
        });
        unrolled!(i in 0..R => {
            unrolled!(q in 0..B => {
                vectors[q] = if q + 1 < B { vectors[(q + 1) % B] } else { vector(i + B - 1) };
            });
            unrolled!(q in 0..B => {
                totals[i] = T::mul_add(simd, weights[q], vectors[q], totals[i]);
            });
        });
    }
}

/// What a problem must have for this method.
pub(in crate::conv::plan) const NEEDS: &str = "one axis of space, and taps that stand side by side";

/// The method for a place, if it can run there.
pub(in crate::conv::plan) fn make<T: Element>(place: &Place) -> Option<Stage<T>> {
    let stage = LineStage::new::<T>(place.set, place.channels, &place.axes)?;
    Some(Arc::new(stage))
}

method_in_pieces!(LineStage: Method::Direct, "direct_line");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_is_in_one_block() {
        for lanes in [1, 4, 8, 16] {
            for taps in 1..200 {
                let all = blocks(taps, lanes).flat_map(|block| {
                    assert!(block.numbers.len() <= MOST_WEIGHTS && !block.numbers.is_empty());
                    let numbers = block.numbers.clone();
                    block.shifts.flat_map(move |t| numbers.clone().map(move |q| q * lanes + t))
                });
                let mut all: Vec<_> = all.collect();
                all.sort_unstable();
                assert_eq!(all, (0..taps).collect::<Vec<_>>(), "{taps} taps, {lanes} lanes");
            }
        }
    }
}
