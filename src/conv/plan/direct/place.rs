//! Where the terms, the rows and the positions of the tiles of a piece stand in its strip.

use super::super::microkernel::{Offsets, Span, tile_shape};
use super::super::row_tile::{MOST_ROW_VECTORS, row_tiles};
use super::{DirectStage, MOST_IN_SEGMENT, POSITIONS_AT_ONCE, even, pieces};

/// A run of sums that are neighbours in the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) lane: usize,
    pub(super) sample: usize,
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) length: usize,
    /// Where it goes, counted from where the first sum of the piece goes.
    pub(super) to: usize,
}

/// The vectors of one tile, or tiles of rows that are written at once, and where their sums go.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Of vectors of positions, one for each.
    pub(super) starts: Vec<usize>,
    /// Of vectors of channels, one for each tile.
    pub(super) row_tiles: Vec<PlacedRowTile>,
    pub(super) runs: Vec<Run>,
}

/// Some neighbouring positions of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedRowTile {
    pub(super) start: usize,
    pub(super) positions: usize,
    pub(super) sample: usize,
    pub(super) row: usize,
    /// The number of its first position in the group.
    pub(super) lane: usize,
}

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
        self.taps_inside = (0..self.y.positions).map(|row| self.y.taps_inside(row)).collect();
    }

    pub(super) fn place_tiles(&mut self) {
        if self.channel_vectors {
            let (rows, size) = (self.channels.rows, MOST_ROW_VECTORS * self.lanes);
            self.tiles = pieces(rows, size).collect();
            return;
        }
        let rows = self.channels.rows * self.folded;
        let (most, _) = tile_shape(self.set);
        let size = even(rows, most);
        self.tiles = pieces(rows, size).collect();
    }

    pub(super) fn place_groups(&mut self) {
        if self.channel_vectors {
            return self.place_rows();
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
                    extend_runs(&mut runs, self.run(lane, (sample, row, column), 1));
                }
            }
            self.groups.push(Group { starts, row_tiles: Vec::new(), runs });
        }
    }

    fn run(&self, lane: usize, (sample, row, column): (usize, usize, usize), length: usize) -> Run {
        let to = sample * self.channels.groups * self.channels.rows * self.result_planes()
            + row * self.folded * self.y.every * self.x.result
            + column * self.x.every;
        Run { lane, sample, row, column, length, to }
    }

    /// Where a position stands in the strip. Where no tap meets anything there is no strip either.
    fn start(&self, sample: usize, in_plane: usize) -> usize {
        if self.terms() == 0 { 0 } else { sample * self.sample_stride + in_plane }
    }

    /// Rows in order, cut into parts and those into tiles.
    fn place_rows(&mut self) {
        let segment = even(self.width, MOST_IN_SEGMENT);
        let vectors = self.channels.rows.div_ceil(self.lanes);
        let mut group = Group::default();
        let mut lanes = 0;
        for number in 0..self.samples * self.band {
            let (sample, row) = (number / self.band, number % self.band);
            for first in (0..self.width).step_by(segment) {
                let length = segment.min(self.width - first);
                for (column, positions) in row_tiles(self.set, vectors, length) {
                    let in_plane = row * self.y.step * self.pitch + (first + column) * self.x.step;
                    let start = self.start(sample, in_plane);
                    group.row_tiles.push(PlacedRowTile {
                        start,
                        positions,
                        sample,
                        row,
                        lane: lanes + column,
                    });
                }
                let (row, column) = if self.flat { (0, row * self.width + first) } else { (row, first) };
                extend_runs(&mut group.runs, self.run(lanes, (sample, row, column), length));
                lanes += length;
                if lanes >= POSITIONS_AT_ONCE {
                    self.groups.push(std::mem::take(&mut group));
                    lanes = 0;
                }
            }
        }
        if lanes > 0 {
            self.groups.push(group);
        }
    }
}

/// Adds a run to the last one, if they are neighbours.
fn extend_runs(runs: &mut Vec<Run>, next: Run) {
    match runs.last_mut() {
        Some(run)
            if (run.sample, run.row) == (next.sample, next.row)
                && run.column + run.length == next.column
                && run.lane + run.length == next.lane =>
        {
            run.length += next.length;
        }
        _ => runs.push(next),
    }
}
