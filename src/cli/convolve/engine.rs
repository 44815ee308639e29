//! One plan that runs all blocks, one after the other, in bounded memory.
//!
//! Half of the memory is for the entries of a block, read and written; the rest for the weights as the plan
//! has them and the workspace of each thread. A block with entries that are not finite takes new memory, as
//! [`Prepared::run`] says.

use anyhow::{Context, bail};
use ndarray::ArrayD;

use super::blocks::{Block, Blocks, Geometry};
use super::output::Output;
use crate::conv::plan::{Plan, PlanOptions, Prepared, Workspace};
use crate::simd::Element;
use crate::train::data::NpyFile;

/// Entries that are read from a file at once.
const PIECE: usize = 1 << 16;
/// The longest tiles of transforms that are tried, if those that are fastest need too much memory; each next
/// is a quarter of it.
const LONGEST_TILE: usize = 1 << 22;
/// How many threads should find room, if smaller tiles make that possible.
const THREADS: usize = 4;

/// A convolution of blocks, with its weights.
pub(super) struct Engine<T: Element> {
    geometry: Geometry,
    blocks: Blocks,
    prepared: Prepared<T>,
    threads: usize,
}

impl<T: Element + Into<f64>> Engine<T> {
    /// Plans within so many bytes. The plan does not depend on the number of threads, of which as many are
    /// used as the memory is enough for.
    ///
    /// # Errors
    /// If the memory is not enough for blocks that are larger than the kernel.
    pub(super) fn new(geometry: &Geometry, weights: &ArrayD<T>, memory: usize) -> anyhow::Result<Self> {
        let needs = || {
            let megabytes = memory >> 20;
            format!("the kernel is too large for blocks in {megabytes} MB; give more --memory")
        };
        let blocks = geometry.blocks(memory / 2 / size_of::<T>()).with_context(needs)?;
        let problem = geometry.problem(&blocks)?;
        let kernel = weights.clone().into_shape_with_order(problem.kernel_shape())?;
        // The kernel is there three times: as it was read, in this shape, and in the plan.
        let left = (memory / 2).saturating_sub(3 * kernel.len() * size_of::<f64>());
        let tiles = std::iter::successors(Some(LONGEST_TILE), |tile| (*tile > 64).then_some(tile / 4));
        let tiles: Vec<Option<usize>> = std::iter::once(None).chain(tiles.map(Some)).collect();
        for (room_for, tile) in
            [THREADS, 1].into_iter().flat_map(|room| tiles.iter().map(move |tile| (room, tile)))
        {
            let options = PlanOptions::new();
            let options = tile.map_or(options, |tile| options.longest_tile(tile));
            let plan = Plan::<T>::forward(&problem, &options)?;
            let (of_weights, of_thread) = plan.memory();
            let for_threads = left.saturating_sub(of_weights);
            if of_thread > for_threads / room_for {
                continue;
            }
            let threads = for_threads.checked_div(of_thread).unwrap_or(usize::MAX);
            let prepared = plan.prepare(kernel.view(), None)?;
            return Ok(Engine { geometry: *geometry, blocks, prepared, threads });
        }
        bail!(needs())
    }

    pub(super) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    pub(super) fn plan(&self) -> &Plan<T> {
        self.prepared.plan()
    }

    /// The most threads for which there is memory.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Computes the blocks that are not yet there; `after` is told how many are after each.
    ///
    /// # Errors
    /// If a file cannot be read or written, and what `after` returns.
    pub(super) fn run(
        &self,
        signal: &mut NpyFile,
        output: &mut Output,
        after: &mut dyn FnMut(usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let plan = self.prepared.plan();
        let mut entries: ArrayD<T> = ArrayD::zeros(plan.input_shape());
        let mut results: ArrayD<T> = ArrayD::zeros(plan.output_shape());
        let mut workspace = Workspace::new();
        while output.done() < self.blocks.len() {
            let block = self.blocks.get(output.done());
            self.read(signal, &block, &mut entries)?;
            self.prepared.run(entries.view(), results.view_mut(), &mut workspace)?;
            let columns = results.shape()[results.ndim() - 1];
            let rows = results.as_slice().context("results stand row by row")?.chunks_exact(columns);
            output.write(&block, rows)?;
            after(output.done())?;
        }
        Ok(())
    }

    /// The entries that a block reads, zeros beyond the signal.
    fn read(&self, signal: &mut NpyFile, block: &Block, entries: &mut ArrayD<T>) -> anyhow::Result<()> {
        let Geometry { rows, columns, .. } = self.geometry;
        let [_, span] = self.geometry.span(&self.blocks);
        let convert = |value: f64| T::rounded(value);
        // Entries of the signal, from the first that the block would read, that are inside it.
        let inside = |first: usize, before: usize, span: usize, length: usize| {
            let low = before.saturating_sub(first).min(span);
            let high = (length + before).saturating_sub(first).clamp(low, span);
            (low, high, (first + low).saturating_sub(before))
        };
        entries.fill(T::zero());
        let all = entries.len() / span;
        let (low, high, column) = inside(block.columns.start, columns.before, span, columns.signal);
        let (top, bottom, row) = inside(block.rows.start, rows.before, all, rows.signal);
        let list = entries.as_slice_mut().context("entries stand row by row")?;
        let at_once = if high - low == columns.signal { (PIECE / columns.signal).max(1) } else { 1 };
        for first in (top..bottom).step_by(at_once) {
            // These rows, or this part of one, stand one after the other in the file.
            let begin = (row + first - top) * columns.signal + column;
            let length = at_once.min(bottom - first) * (high - low);
            for done in (0..length).step_by(PIECE) {
                let values = signal.read(begin + done, PIECE.min(length - done), convert)?;
                for (number, value) in (done..).zip(values) {
                    let (line, place) = (number / (high - low), number % (high - low));
                    list[(first + line) * span + low + place] = value;
                }
            }
        }
        Ok(())
    }
}
