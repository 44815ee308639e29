//! Where the terms, the rows and the positions of the tiles of a piece stand in its strip.

use super::super::microkernel::{Offsets, Span, positions_per_tile, tile_shape};
use super::{DirectStage, Group, POSITIONS_AT_ONCE, Run, even};

impl DirectStage {
    pub(super) fn place_terms(&mut self) {
        let plane = self.plane();
        let mut offsets = Vec::new();
        let columns = self.x_layout.planes.len();
        for channel in 0..self.block {
            for (number, &(y_plane, y_shift)) in self.y_layout.taps.iter().enumerate() {
                if self.folded > 1 {
                    // Row r of the fold has the taps number − r of the kernel.
                    let first = (number + 1).saturating_sub(self.y.taps.len());
                    let last = number.min(self.folded - 1);
                    let rows = first * self.channels.rows..(last + 1) * self.channels.rows;
                    self.spans.push(Span { terms: self.x_layout.taps.len(), rows });
                }
                for &(x_plane, x_shift) in &self.x_layout.taps {
                    let plane_number = y_plane * columns + x_plane;
                    offsets.push(
                        channel * self.channel_stride + plane_number * plane + y_shift * self.pitch + x_shift,
                    );
                }
            }
        }
        self.offsets = Offsets::new(offsets);
    }

    pub(super) fn place_tiles(&mut self) {
        if let Some(vectors) = self.channel_vectors {
            let (rows, size) = (self.channels.rows, vectors * self.lanes);
            self.tiles = (0..rows).step_by(size).map(|first| (first, size.min(rows - first))).collect();
            return;
        }
        let rows = self.channels.rows * self.folded;
        let (most, _) = tile_shape(self.set);
        let size = even(rows, most);
        self.tiles = (0..rows).step_by(size).map(|first| (first, size.min(rows - first))).collect();
    }

    pub(super) fn place_groups(&mut self) {
        if let Some(vectors) = self.channel_vectors {
            return self.place_positions(positions_per_tile(self.set, vectors));
        }
        let positions = (self.band - 1) * self.pitch + self.width;
        let per_sample = positions.div_ceil(self.lanes);
        let vectors: Vec<_> = (0..self.samples).flat_map(|s| (0..per_sample).map(move |v| (s, v))).collect();
        let (_, most) = tile_shape(self.set);
        let count = vectors.len().div_ceil(most);
        let mut first = 0;
        for group in 0..count {
            // As even as possible: a tile of one vector is slower than one of two.
            let last = (group + 1) * vectors.len() / count;
            let members = &vectors[first..last];
            first = last;
            let starts = members.iter().map(|&(s, v)| self.start(s, v * self.lanes)).collect();
            let mut runs: Vec<Run> = Vec::new();
            for (number, &(sample, vector)) in members.iter().enumerate() {
                for lane in 0..self.lanes {
                    let position = vector * self.lanes + lane;
                    if position >= positions {
                        break;
                    }
                    let (row, column) = match self.flat {
                        true => (0, position),
                        false => (position / self.pitch, position % self.pitch),
                    };
                    if column >= self.width && !self.flat {
                        continue;
                    }
                    let lane = number * self.lanes + lane;
                    extend_runs(&mut runs, Run { lane, sample, row, column, length: 1 });
                }
            }
            self.groups.push(Group { starts, runs });
        }
    }

    /// Where a position stands in the strip. Where no tap meets anything there is no strip either.
    fn start(&self, sample: usize, in_plane: usize) -> usize {
        if self.terms() == 0 { 0 } else { sample * self.sample_stride + in_plane }
    }

    /// Positions in row-major order, so many to a tile, and the tiles that are written at once; the last tile repeats its
    /// last position.
    fn place_positions(&mut self, per_tile: usize) {
        let all = self.samples * self.band * self.width;
        for first in (0..all).step_by(POSITIONS_AT_ONCE) {
            let mut group = Group { starts: Vec::new(), runs: Vec::new() };
            let count = POSITIONS_AT_ONCE.min(all - first).next_multiple_of(per_tile);
            for lane in 0..count {
                let position = (first + lane).min(all - 1);
                let (column, rest) = (position % self.width, position / self.width);
                let (row, sample) = (rest % self.band, rest / self.band);
                let in_plane = row * self.y.step * self.pitch + column * self.x.step;
                group.starts.push(self.start(sample, in_plane));
                if first + lane < all {
                    let (row, column) =
                        if self.flat { (0, position % (self.band * self.width)) } else { (row, column) };
                    extend_runs(&mut group.runs, Run { lane, sample, row, column, length: 1 });
                }
            }
            self.groups.push(group);
        }
    }
}

/// Adds one sum to the last run, if it is its neighbour, or else as a run of its own.
fn extend_runs(runs: &mut Vec<Run>, next: Run) {
    match runs.last_mut() {
        Some(run)
            if (run.sample, run.row) == (next.sample, next.row)
                && run.column + run.length == next.column
                && run.lane + run.length == next.lane =>
        {
            run.length += 1;
        }
        _ => runs.push(next),
    }
}
