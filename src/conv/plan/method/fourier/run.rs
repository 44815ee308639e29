//! The pieces of the work: tiles that run side by side, of one group of channels each.
//!
//! A piece transforms the channels of the source, and then makes the channels of the result from their
//! spectra, some at a time. If there are fewer pieces than would keep all threads busy, these share out the
//! channels of each piece instead: first those of the source, and when all spectra are there those of the
//! result. Either way the same numbers come out.

use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::conv::plan::method::fourier::product::{Product, SUMMED, Scale};
use crate::conv::plan::method::fourier::{ChannelOf, FourierStage};
use crate::conv::plan::workspace::{Call, Pieces, TINY_COST, ThreadMemory, run_pieces};
use crate::simd::{Element, InstructionSet};

impl<T: Element> FourierStage<T> {
    /// Runs on these workspaces, each on a thread of its own.
    pub(in crate::conv::plan) fn run(&self, call: Call<'_, T>, workspaces: &mut [ThreadMemory<T>]) {
        let jobs = self.jobs();
        let channels = self.channels.rows.max(self.channels.columns);
        if jobs >= 2 * workspaces.len() || channels == 1 || workspaces.len() == 1 || self.cost() < TINY_COST {
            run_pieces(self, call, workspaces);
        } else {
            (0..jobs).for_each(|job| self.run_together(call, workspaces, job));
        }
    }

    /// One piece on all threads.
    fn run_together(&self, call: Call<'_, T>, workspaces: &mut [ThreadMemory<T>], job: usize) {
        let [first, ..] = workspaces else { return };
        let (entries, columns) = (self.tiles.entries(), self.channels.columns);
        let mut strip = first.take_strip();
        let spectra = &mut strip[..columns * entries];
        let share = columns.div_ceil(workspaces.len());
        let parts = spectra.par_chunks_mut(share * entries).zip(workspaces.par_iter_mut());
        parts.with_max_len(1).enumerate().for_each(|(number, (spectra, workspace))| {
            let (_, memory) = workspace.parts();
            self.set.run(Step {
                stage: self,
                call,
                job,
                memory,
                to_do: ToDo::Source(number * share, spectra),
            });
        });
        let next = AtomicUsize::new(0);
        workspaces.par_iter_mut().with_max_len(1).for_each(|workspace| {
            let (_, memory) = workspace.parts();
            loop {
                let row = next.fetch_add(1, Ordering::Relaxed) * SUMMED;
                if row >= self.channels.rows {
                    return;
                }
                let to_do = ToDo::Results(row, spectra);
                self.set.run(Step { stage: self, call, job, memory: &mut *memory, to_do });
            }
        });
        workspaces[0].put_strip(strip);
    }

    /// The group of channels of a piece, and its first tile.
    fn place(&self, job: usize) -> (usize, usize) {
        (job / self.tiles.groups(), job % self.tiles.groups() * 2 * self.lanes)
    }

    /// Transforms channels of the source from `column` on, as many as there are spectra.
    #[inline(always)]
    fn transform_source<S: Simd>(
        &self,
        simd: S,
        (call, job): (Call<'_, T>, usize),
        (column, spectra): (usize, &mut [T]),
        memory: &mut [T],
    ) {
        let ((group, first), tiles) = (self.place(job), &self.tiles);
        let columns = self.channels.columns;
        for (number, spectrum) in spectra.chunks_exact_mut(tiles.entries()).enumerate() {
            let channel = group * columns + column + number;
            let of = ChannelOf { channel, channels: self.channels.groups * columns };
            for row in 0..tiles.rows() {
                let row_memory = &mut memory[..tiles.row_entries()];
                tiles.load_row(simd, (call.signal, of), (first, row), row_memory, spectrum);
                let start = row * tiles.pitch * 2 * self.lanes;
                self.row_transform().forward(simd, spectrum, start, 2 * self.lanes);
            }
            self.columns(simd, spectrum, true);
        }
    }

    /// Multiplies the spectra of the source by those of the kernels from result `row` on, into as many sums
    /// as there are at once.
    #[inline(always)]
    fn multiply<'a, S: Simd>(
        &self,
        simd: S,
        (call, job): (Call<'_, T>, usize),
        (row, spectra): (usize, &[T]),
        sums: &'a mut [T],
    ) -> &'a mut [T] {
        let (columns, rows) = (self.channels.columns, self.channels.rows);
        let (points, entries) = (self.tiles.points(), self.tiles.entries());
        let width = SUMMED.min(rows - row);
        let begin = (self.place(job).0 * rows + row) * columns * points * 2;
        let kernels = &call.packed[begin..][..width * columns * points * 2];
        let sums = &mut sums[..width * entries];
        simd.vectorize(Product { kernels, spectra, sums: &mut *sums, points, entries, columns, width });
        sums
    }

    /// Transforms results back, from `row` on, and sends them to the output.
    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        (call, job): (Call<'_, T>, usize),
        (row, results): (usize, &mut [T]),
        memory: &mut [T],
    ) {
        let ((group, first), tiles) = (self.place(job), &self.tiles);
        let step = tiles.axes()[tiles.axes().len() - 1].step;
        let rows = self.channels.rows;
        for (j, result) in results.chunks_exact_mut(tiles.entries()).enumerate() {
            self.columns(simd, result, false);
            let of = ChannelOf { channel: group * rows + row + j, channels: self.channels.groups * rows };
            for row in (0..tiles.rows()).filter(|&row| tiles.has_positions(row)) {
                let start = row * tiles.pitch * 2 * self.lanes;
                self.row_transform().inverse(simd, result, start, 2 * self.lanes);
                let memory = (&mut *memory, step);
                let (to, finish) = ((call.output, of), call.finish);
                // SAFETY: no other job has these tiles and this channel.
                unsafe { tiles.store_row(simd, to, (first, row), memory, &result[start..], finish) };
            }
        }
    }
}

impl<T: Element> Pieces<T> for FourierStage<T> {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        self.tiles.groups() * self.channels.groups
    }

    fn cost(&self) -> f64 {
        FourierStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(
        &self,
        simd: S,
        call: Call<'_, T>,
        (strip, sums): (&mut [T], &mut [T]),
        job: usize,
    ) {
        let spectra = &mut strip[..self.channels.columns * self.tiles.entries()];
        let (memory, sums) = sums.split_at_mut(self.tiles.row_entries());
        self.transform_source(simd, (call, job), (0, &mut *spectra), memory);
        if self.in_place() {
            let points = self.tiles.points();
            let kernels = &call.packed[self.place(job).0 * points * 2..][..points * 2];
            simd.vectorize(Scale { kernels, spectrum: &mut *spectra, points });
            return self.finish(simd, (call, job), (0, spectra), memory);
        }
        for row in (0..self.channels.rows).step_by(SUMMED) {
            let results = self.multiply(simd, (call, job), (row, &*spectra), sums);
            self.finish(simd, (call, job), (row, results), memory);
        }
    }
}

/// A part of a piece that one thread does.
struct Step<'a, 'b, T: Element> {
    stage: &'a FourierStage<T>,
    call: Call<'a, T>,
    job: usize,
    memory: &'a mut [T],
    to_do: ToDo<'b, T>,
}

enum ToDo<'b, T> {
    /// Transform channels of the source from this one on, to these spectra.
    Source(usize, &'b mut [T]),
    /// Make channels of the result from this one on, from the spectra of all channels of the source.
    Results(usize, &'b [T]),
}

impl<T: Element> WithSimd for Step<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Step { stage, call, job, memory, to_do } = self;
        let (memory, sums) = memory.split_at_mut(stage.tiles.row_entries());
        match to_do {
            ToDo::Source(column, spectra) => {
                stage.transform_source(simd, (call, job), (column, spectra), memory);
            }
            ToDo::Results(row, spectra) => {
                let results = stage.multiply(simd, (call, job), (row, spectra), sums);
                stage.finish(simd, (call, job), (row, results), memory);
            }
        }
    }
}
