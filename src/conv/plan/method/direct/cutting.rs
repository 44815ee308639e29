//! The pieces into which an output is cut: which size costs least, and what follows from it.
//!
//! A piece is some samples, or a band of rows of one sample, or a part of one long row.

use std::ops::Range;

use crate::conv::plan::geometry::pieces::even;
use crate::conv::plan::method::direct::arrangement::Arrangement;
use crate::conv::plan::method::direct::columns::Columns;
use crate::conv::plan::method::direct::task::Task;
use crate::conv::plan::register::row_tile::MOST_ROW_VECTORS;
use crate::conv::plan::register::shape::tile_shape;

/// Most vectors of positions in a piece.
const PIECE_VECTORS: usize = 64;
/// Bytes of copied signal that a piece may have at once.
const STRIP_BYTES: usize = 320 * 1024;
/// Vectors of channels are written when there are so many positions: whole squares where rows stand end to
/// end.
pub(super) const POSITIONS_AT_ONCE: usize = 48;
/// Most positions of a part of a row that is cut into tiles.
pub(super) const MOST_IN_SEGMENT: usize = 64;

/// Neighbouring rows of a group, folded rows among them, that are in one tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TileRows {
    pub(super) first: usize,
    pub(super) count: usize,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Cutting {
    pub(super) task: Task,
    pub(super) arrangement: Arrangement,
    /// Samples of a piece.
    pub(super) samples: usize,
    /// (Folded) rows of a piece.
    pub(super) band: usize,
    /// Columns of a piece.
    pub(super) width: usize,
    /// Columns of a plane of the copied signal.
    pub(super) pitch: usize,
    /// Entries of a channel of it.
    pub(super) channel_stride: usize,
    /// Entries of a sample of it.
    pub(super) sample_stride: usize,
    /// Channels (times outer taps) that are copied at once.
    pub(super) block: usize,
    /// Whether the signal is read where it stands.
    pub(super) in_place: bool,
    /// Whether the rows of a piece stand end to end in the result too.
    pub(super) flat: bool,
    /// Whether vectors of positions begin anew in each row, not run over the ends of rows.
    pub(super) row_by_row: bool,
}

impl Cutting {
    /// The arrangement and the pieces that cost least.
    pub(super) fn cheapest(task: &Task) -> Self {
        let arrangements = [
            Arrangement::of_positions(task),
            Arrangement::expanded(task),
            Arrangement::of_channels(task, true),
        ];
        let cuttings = arrangements.map(|arrangement| Cutting::best(task, &arrangement));
        cheapest(cuttings)
    }

    /// The pieces that cost least.
    pub(super) fn best(task: &Task, arrangement: &Arrangement) -> Self {
        let target = PIECE_VECTORS * task.lanes;
        let rows = task.y.positions.div_ceil(arrangement.folded);
        let new = |samples, band, width| Cutting::new(task, arrangement, [samples, band, width]);
        let mut choices = vec![new(1, 1, even(task.x.positions, target))];
        for most in [target, target / 2, target / 4, target / 8] {
            let width = even(task.x.positions, most);
            let pitch = width * arrangement.position_step(&task.x) + arrangement.x.extra;
            let most_rows = (target / pitch).clamp(1, rows);
            choices.extend((1..=most_rows).map(|band| new(1, band, width)));
            if most_rows == rows && width == task.x.positions {
                let most = target / (rows * pitch).next_multiple_of(task.lanes);
                choices.extend((2..=task.channels.batch.min(most)).map(|samples| new(samples, rows, width)));
            }
            // A part of a row is a piece of its own.
            if width < task.lanes * 3 {
                break;
            }
        }
        cheapest(choices)
    }

    /// Pieces of so many samples, (folded) rows and columns.
    fn new(task: &Task, arrangement: &Arrangement, [samples, band, width]: [usize; 3]) -> Self {
        let pitch = (width - 1) * arrangement.position_step(&task.x) + 1 + arrangement.x.extra;
        let planes = arrangement.y.planes.len() * arrangement.x.planes.len();
        let rows = (band - 1) * arrangement.position_step(&task.y) + 1 + arrangement.y.extra;
        let channel_stride = rows * pitch * planes;
        let fitting = STRIP_BYTES / (task.bytes * samples * channel_stride.max(1));
        let block = even(task.virtual_channels().max(1), fitting.max(1));
        let copied = Cutting {
            task: task.clone(),
            arrangement: arrangement.clone(),
            samples,
            band,
            width,
            pitch,
            channel_stride,
            sample_stride: block * channel_stride,
            block,
            in_place: false,
            flat: false,
            row_by_row: false,
        };
        // A last piece shorter than the others would read beyond the end of a sample.
        let whole = task.x.positions.is_multiple_of(width);
        let near = task.channels.columns * task.y.source * task.x.source * task.bytes <= STRIP_BYTES;
        let in_place = arrangement.may_be_in_place && whole && near && task.reads_inside();
        let placed = if in_place { copied.read_in_place() } else { copied };
        let row_ends_meet = arrangement.folded == 1 && (arrangement.channel_vectors || placed.pitch == width);
        let flat = row_ends_meet
            && width == task.x.result
            && width == task.x.positions
            && task.x.every == 1
            && task.y.every == 1;
        let row_by_row = !arrangement.channel_vectors
            && !flat
            && placed.vectors_row_by_row() <= placed.vectors_over_ends();
        Cutting { flat, row_by_row, ..placed }
    }

    /// The same with the signal read where it stands.
    fn read_in_place(self) -> Self {
        let Task { channels, y, x, .. } = &self.task;
        let channel_stride = y.source * x.source;
        Cutting {
            pitch: x.source,
            channel_stride,
            block: channels.columns,
            sample_stride: channels.groups * channels.columns * channel_stride,
            in_place: true,
            ..self
        }
    }

    /// Entries of a plane.
    pub(super) fn plane(&self) -> usize {
        self.strip_rows() * self.pitch
    }

    /// Rows of a plane.
    pub(super) fn strip_rows(&self) -> usize {
        (self.band - 1) * self.arrangement.position_step(&self.task.y) + 1 + self.arrangement.y.extra
    }

    /// Terms of one sum.
    pub(super) fn terms(&self) -> usize {
        self.task.virtual_channels() * self.arrangement.taps()
    }

    /// Entries of packed weights.
    pub(super) fn packed_length(&self) -> usize {
        self.task.channels.groups * self.packed_rows() * self.terms()
    }

    /// Rows of packed weights in a group: vectors of channels are filled up with zeros.
    pub(super) fn packed_rows(&self) -> usize {
        self.packed_rows_of(self.task.channels.rows * self.arrangement.folded)
    }

    /// Where the weights of a tile and some channels stand among the packed ones.
    pub(super) fn panel(&self, group: usize, rows: TileRows, channels: Range<usize>) -> Range<usize> {
        let panel = (group * self.packed_rows() + rows.first) * self.terms();
        let per_channel = self.arrangement.taps() * self.packed_rows_of(rows.count);
        panel + channels.start * per_channel..panel + channels.end * per_channel
    }

    /// Rows of packed weights in a tile of so many rows.
    pub(super) fn packed_rows_of(&self, rows: usize) -> usize {
        if self.arrangement.channel_vectors { rows.next_multiple_of(self.task.lanes) } else { rows }
    }

    /// The numbers of samples, (folded) bands, columns and so on: all pieces.
    pub(super) fn jobs(&self) -> usize {
        let [samples, bands, columns] = self.pieces();
        self.task.channels.groups * samples * self.task.outer_positions() * bands * columns
    }

    pub(super) fn pieces(&self) -> [usize; 3] {
        [
            self.task.channels.batch.div_ceil(self.samples),
            self.task.y.positions.div_ceil(self.arrangement.folded).div_ceil(self.band),
            self.task.x.positions.div_ceil(self.width),
        ]
    }

    /// Entries of the sums of one tile, or of the tiles that are written at once.
    pub(super) fn slot(&self) -> usize {
        let vectors = match self.arrangement.channel_vectors {
            true => MOST_ROW_VECTORS * (POSITIONS_AT_ONCE + MOST_IN_SEGMENT),
            false => {
                let (rows, vectors) = tile_shape(self.task.set);
                rows * vectors
            }
        };
        vectors * self.task.lanes
    }

    /// If tiles are of vectors of positions one below the other.
    pub(super) fn columns(&self) -> Option<Columns> {
        self.arrangement.columns.filter(|_| self.row_by_row)
    }

    /// Whether tiles write their vectors from the registers: the sums of each are neighbours in the result,
    /// and whole.
    pub(super) fn writes_vectors(&self) -> bool {
        let neighbours = (self.row_by_row || self.flat) && self.task.x.every == 1;
        !self.arrangement.channel_vectors && neighbours && self.block >= self.task.virtual_channels()
    }

    /// Vectors of positions of a sample of a piece.
    pub(super) fn vectors_of_sample(&self) -> usize {
        if self.row_by_row { self.vectors_row_by_row() } else { self.vectors_over_ends() }
    }

    pub(super) fn vectors_row_by_row(&self) -> usize {
        self.band * self.width.div_ceil(self.task.lanes)
    }

    pub(super) fn vectors_over_ends(&self) -> usize {
        ((self.band - 1) * self.pitch + self.width).div_ceil(self.task.lanes)
    }
}

/// The first of those that cost least, if some threads wait for the last pieces.
fn cheapest(cuttings: impl IntoIterator<Item = Cutting>) -> Cutting {
    let best = cuttings.into_iter().min_by(|one, other| one.shared_cost().total_cmp(&other.shared_cost()));
    best.unwrap_or_else(|| unreachable!("a task has pieces"))
}
