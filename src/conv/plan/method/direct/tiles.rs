//! The tiles of a piece: their rows, their vectors, and where their sums go.

use std::ops::Range;

use crate::conv::plan::geometry::pieces::{even, pieces};
use crate::conv::plan::method::direct::cutting::{Cutting, MOST_IN_SEGMENT, POSITIONS_AT_ONCE, TileRows};
use crate::conv::plan::register::output::PlacedRow;
use crate::conv::plan::register::row_tile::{MOST_ROW_VECTORS, row_tiles};
use crate::conv::plan::register::shape::tile_shape;

/// The tiles of every piece.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    /// The rows of each tile.
    pub(super) rows: Vec<TileRows>,
    /// Where the rows of all tiles go, if they are of vectors of positions.
    pub(super) placed_rows: Vec<PlacedRow>,
    /// The vectors of each tile.
    pub(super) groups: Vec<Group>,
}

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
    /// Of vectors of positions, one for each, and the rows and columns of a piece in which they are.
    pub(super) starts: Vec<usize>,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
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

impl Tiles {
    pub(super) fn new(cutting: &Cutting) -> Self {
        let Cutting { task, arrangement, .. } = cutting;
        if arrangement.channel_vectors {
            let rows = tile_rows(task.channels.rows, MOST_ROW_VECTORS * task.lanes);
            return Tiles { rows, placed_rows: Vec::new(), groups: cutting.groups_of_channels() };
        }
        let rows = task.channels.rows * arrangement.folded;
        let (most, _) = tile_shape(task.set);
        let place = |row: usize| {
            let (fold, channel) = (row / task.channels.rows, row % task.channels.rows);
            let to = channel * task.result_planes() + fold * task.y.every * task.x.result;
            PlacedRow { fold, channel, to }
        };
        Tiles {
            rows: tile_rows(rows, even(rows, most)),
            placed_rows: (0..rows).map(place).collect(),
            groups: cutting.groups_of_positions(),
        }
    }

    /// Tiles of rows times groups of vectors.
    pub(super) fn pairs(&self) -> usize {
        self.rows.len() * self.groups.len()
    }
}

/// Rows in tiles of at most `most`.
fn tile_rows(rows: usize, most: usize) -> Vec<TileRows> {
    pieces(rows, most).map(|(first, count)| TileRows { first, count }).collect()
}

impl Cutting {
    /// The groups of vectors of positions.
    fn groups_of_positions(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        let per_sample = self.vectors_of_sample();
        let vectors = (0..self.samples).flat_map(|s| (0..per_sample).map(move |v| (s, v)));
        let mut vectors: Vec<_> = vectors.map(|(s, v)| (s, self.first_of_vector(v))).collect();
        let (_, mut most) = tile_shape(self.task.set);
        let mut together = vectors.len();
        if let Some(columns) = self.columns() {
            vectors.sort_by_key(|&(sample, (row, column))| (sample, column, row));
            (most, together) = (columns.vectors, self.band);
        }
        let most_lanes = if self.writes_vectors() { self.task.lanes } else { usize::MAX };
        let parts = vectors.chunks(together).flat_map(|vectors| {
            // As even as possible: a tile of one vector is slower than one of two.
            let count = vectors.len().div_ceil(most);
            (0..count)
                .map(move |part| &vectors[part * vectors.len() / count..(part + 1) * vectors.len() / count])
        });
        for members in parts {
            let mut starts = Vec::new();
            let mut runs: Vec<Run> = Vec::new();
            for (number, &(sample, (row, column))) in members.iter().enumerate() {
                starts.push(self.start(sample, row * self.pitch + column));
                for lane in 0..self.task.lanes {
                    if let Some((row, column)) = self.position(row, column + lane) {
                        let lane = number * self.task.lanes + lane;
                        let run = self.run(lane, (sample, row, column), 1);
                        extend_runs(&mut runs, run, most_lanes);
                    }
                }
            }
            let (rows, columns) = self.place_of_tile(members);
            groups.push(Group { starts, rows, columns, row_tiles: Vec::new(), runs });
        }
        groups
    }

    /// Rows in order, cut into parts and those into tiles.
    fn groups_of_channels(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        let segment = even(self.width, MOST_IN_SEGMENT);
        let vectors = self.task.channels.rows.div_ceil(self.task.lanes);
        let mut group = Group::default();
        let mut lanes = 0;
        for number in 0..self.samples * self.band {
            let (sample, row) = (number / self.band, number % self.band);
            for first in (0..self.width).step_by(segment) {
                let length = segment.min(self.width - first);
                for (column, positions) in row_tiles(self.task.set, vectors, length) {
                    let in_plane = row * self.task.y.step * self.pitch + (first + column) * self.task.x.step;
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
                extend_runs(&mut group.runs, self.run(lanes, (sample, row, column), length), usize::MAX);
                lanes += length;
                if lanes >= POSITIONS_AT_ONCE {
                    groups.push(std::mem::take(&mut group));
                    lanes = 0;
                }
            }
        }
        if lanes > 0 {
            groups.push(group);
        }
        groups
    }

    /// The rows and columns of a piece in which some vectors are: all of them, if they are of several
    /// samples.
    fn place_of_tile(&self, vectors: &[(usize, (usize, usize))]) -> (Range<usize>, Range<usize>) {
        let (mut rows, mut columns) = (self.band..0, self.width..0);
        for &(sample, (row, column)) in vectors {
            let last = column + self.task.lanes - 1;
            let (first_row, last_row) = match self.row_by_row {
                true => (row, row),
                false => (column / self.pitch, (last / self.pitch).min(self.band - 1)),
            };
            let one_sample = sample == vectors[0].0;
            rows =
                if one_sample { rows.start.min(first_row)..rows.end.max(last_row + 1) } else { 0..self.band };
            columns = match self.row_by_row {
                true => columns.start.min(column)..columns.end.max(self.width.min(last + 1)),
                false => 0..self.width,
            };
        }
        (rows, columns)
    }

    /// Row and column of the first lane of a vector of positions.
    fn first_of_vector(&self, vector: usize) -> (usize, usize) {
        if self.row_by_row {
            let in_row = self.width.div_ceil(self.task.lanes);
            (vector / in_row, vector % in_row * self.task.lanes)
        } else {
            (0, vector * self.task.lanes)
        }
    }

    /// Row and column in the result of the position that is so many columns behind the first of a row, if a
    /// sum is wanted there. Rows that stand end to end are one.
    fn position(&self, row: usize, column: usize) -> Option<(usize, usize)> {
        if self.flat {
            return (column < self.band * self.width).then_some((0, column));
        }
        let (row, column) =
            if self.row_by_row { (row, column) } else { (column / self.pitch, column % self.pitch) };
        (row < self.band && column < self.width).then_some((row, column))
    }

    fn run(&self, lane: usize, (sample, row, column): (usize, usize, usize), length: usize) -> Run {
        let to = sample * self.task.channels.groups * self.task.channels.rows * self.task.result_planes()
            + row * self.arrangement.folded * self.task.y.every * self.task.x.result
            + column * self.task.x.every;
        Run { lane, sample, row, column, length, to }
    }

    /// Where a position stands in the strip. Where no tap meets anything there is no strip either.
    fn start(&self, sample: usize, in_plane: usize) -> usize {
        if self.terms() == 0 { 0 } else { sample * self.sample_stride + in_plane }
    }
}

/// Adds a run to the last one, if they are neighbours and no multiple of `apart` lanes is between them.
fn extend_runs(runs: &mut Vec<Run>, next: Run, apart: usize) {
    match runs.last_mut() {
        Some(run)
            if (run.sample, run.row) == (next.sample, next.row)
                && !next.lane.is_multiple_of(apart)
                && run.column + run.length == next.column
                && run.lane + run.length == next.lane =>
        {
            run.length += next.length;
        }
        _ => runs.push(next),
    }
}
