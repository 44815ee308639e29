//! Overlapping tiles of a signal, two of them in each lane (overlap-save).
//!
//! Along an axis with offsets from a to a + span − 1, a tile of T entries from entry e on gives the sums of
//! the positions that read e … e + T − 1: `⌊(T − span)/s⌋ + 1` positions s entries apart. Cyclic correlation
//! on T points computes them, as what wraps around falls on entries that no position of the tile reads.
//! Neighbouring tiles share span − 1 entries.
//!
//! Two tiles are the real and the imaginary part of one complex function: a real kernel maps them apart, so
//! that a complex transform serves both and no half-spectrum is ever unfolded. Rounding mixes the two, and an
//! entry that is no number spoils both: so both are of one sample, or one of them is empty, and no sample
//! ever feels another.
//!
//! Cost: each entry of a tile is copied once and transposed once, on each side. Source: H. Helms, *Fast
//! Fourier transform method of computing difference equations and simulating filters*, 1967.

use pulp::Simd;

use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::plane::Entries;
use crate::conv::plan::geometry::strip::fill;
use crate::conv::plan::register::output::{Finish, SharedOutput};
use crate::simd::Element;

/// How an axis is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conv::plan) struct Cut {
    /// Entries of a tile, T.
    pub(in crate::conv::plan) length: usize,
    /// Positions of a tile.
    pub(in crate::conv::plan) positions: usize,
    /// Number of tiles.
    pub(in crate::conv::plan) tiles: usize,
    /// The entry that position 0 reads first, and how many it reaches over.
    first: isize,
    span: usize,
}

impl Cut {
    /// Entries from the first that a position reads to the last.
    pub(in crate::conv::plan) fn span(axis: &AxisMap) -> Option<usize> {
        let ((_, first), (_, last)) = axis.taps.first().zip(axis.taps.last())?;
        Some((last - first) as usize + 1)
    }

    /// With tiles of this length, if a tile has room for one position.
    pub(in crate::conv::plan) fn new(axis: &AxisMap, length: usize) -> Option<Self> {
        let (span, (_, first)) = (Cut::span(axis)?, axis.taps.first()?);
        let positions = (length.checked_sub(span)? / axis.step + 1).min(axis.positions);
        Some(Cut { length, positions, tiles: axis.positions.div_ceil(positions), first: *first, span })
    }

    /// Of the lengths along each axis the cuts that cost least.
    pub(in crate::conv::plan) fn cheapest(
        axes: &[AxisMap],
        lengths: impl Fn(&AxisMap) -> Vec<usize>,
        cost: impl Fn(&[Cut]) -> f64,
    ) -> Option<Vec<Cut>> {
        let mut choices: Vec<Vec<Cut>> = vec![Vec::new()];
        for axis in axes {
            let cuts: Vec<_> =
                lengths(axis).into_iter().filter_map(|length| Cut::new(axis, length)).collect();
            let extend = |before: &Vec<Cut>| {
                let before = before.clone();
                cuts.iter().map(move |&cut| [&before[..], &[cut]].concat())
            };
            choices = choices.iter().flat_map(extend).collect();
        }
        let costs = choices.into_iter().map(|cuts| (cost(&cuts), cuts));
        costs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, cuts)| cuts)
    }

    /// Positions of tile number `tile`.
    fn positions_of(&self, axis: &AxisMap, tile: usize) -> usize {
        self.positions.min(axis.positions - tile * self.positions)
    }

    /// Entries that it reads.
    fn entries_of(&self, axis: &AxisMap, tile: usize) -> usize {
        (self.positions_of(axis, tile) - 1) * axis.step + self.span
    }

    /// The point of the cyclic grid where the tap that reads entry `entry` at position 0 stands.
    pub(in crate::conv::plan) fn point(&self, entry: isize) -> usize {
        (self.length - (entry - self.first) as usize) % self.length
    }
}

/// Multiply-adds of vectors that beginning a row costs in each lane, on loading and on storing, or filling
/// one without a tile, and each of its points.
const ROW_COST: f64 = 30.0;
const EMPTY_ROW_COST: f64 = 8.0;
const POINT_COST: f64 = 4.5;

/// What loading all rows of the tiles side by side costs, and storing those that hold positions, if there are
/// so many tiles in all.
pub(in crate::conv::plan) fn transfer_costs(cuts: &[Cut], lanes: usize, tiles: usize) -> (f64, f64) {
    let filled = tiles.min(2 * lanes);
    let begin = filled as f64 * ROW_COST + (2 * lanes - filled) as f64 * EMPTY_ROW_COST;
    let (rows, last) = cuts.split_at(cuts.len() - 1);
    let cost = |rows: usize, columns: usize| {
        let columns = columns.next_multiple_of(lanes) as f64;
        rows as f64 * (begin + columns * POINT_COST)
    };
    let loaded = rows.iter().map(|cut| cut.length).product();
    let stored = rows.iter().map(|cut| cut.positions).product();
    (cost(loaded, last[0].length), cost(stored, last[0].positions))
}

/// The sample of an empty tile.
const NOWHERE: usize = usize::MAX;

/// All tiles of a signal: see the [module](self).
#[derive(Clone, Debug)]
pub(in crate::conv::plan) struct Tiles {
    axes: Vec<AxisMap>,
    cuts: Vec<Cut>,
    lanes: usize,
    /// For each tile its sample and its number along each axis; [`NOWHERE`] for an empty one.
    places: Vec<usize>,
    /// Points from one row of a tile to the next.
    pub(in crate::conv::plan) pitch: usize,
}

/// The channel that is read or written, among all of a sample.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) struct ChannelOf {
    pub(in crate::conv::plan) channel: usize,
    pub(in crate::conv::plan) channels: usize,
}

impl Tiles {
    /// One after the other, for methods in which tiles do not meet.
    pub(in crate::conv::plan) fn new(axes: Vec<AxisMap>, cuts: Vec<Cut>, batch: usize, lanes: usize) -> Self {
        let per_sample: usize = cuts.iter().map(|cut| cut.tiles).product();
        let all = (0..batch * per_sample).map(|tile| Some((tile / per_sample, tile % per_sample)));
        Tiles::in_order(axes, cuts, lanes, all)
    }

    /// In pairs of one sample, the first of a pair in the first part of a lane and the second in the other.
    pub(in crate::conv::plan) fn paired(
        axes: Vec<AxisMap>,
        cuts: Vec<Cut>,
        batch: usize,
        lanes: usize,
    ) -> Self {
        let per_sample: usize = cuts.iter().map(|cut| cut.tiles).product();
        let pairs = batch * per_sample.div_ceil(2);
        let all = (0..pairs.div_ceil(lanes) * 2 * lanes).map(|slot| {
            let (group, part, lane) = (slot / (2 * lanes), slot / lanes % 2, slot % lanes);
            let pair = group * lanes + lane;
            let of_sample = per_sample.div_ceil(2).max(1);
            let number = pair % of_sample * 2 + part;
            (pair < pairs && number < per_sample).then_some((pair / of_sample, number))
        });
        Tiles::in_order(axes, cuts, lanes, all)
    }

    /// Groups of so many tiles, if they are paired.
    pub(in crate::conv::plan) fn paired_groups(cuts: &[Cut], batch: usize, lanes: usize) -> usize {
        let per_sample: usize = cuts.iter().map(|cut| cut.tiles).product();
        (batch * per_sample.div_ceil(2)).div_ceil(lanes)
    }

    /// Tiles (sample, number within it) in this order.
    fn in_order(
        axes: Vec<AxisMap>,
        cuts: Vec<Cut>,
        lanes: usize,
        all: impl Iterator<Item = Option<(usize, usize)>>,
    ) -> Self {
        let per_sample: usize = cuts.iter().map(|cut| cut.tiles).product();
        let mut places = Vec::new();
        for tile in all {
            let (sample, number) = tile.unwrap_or((NOWHERE, 0));
            places.push(sample);
            let (mut rest, mut extent) = (number, per_sample);
            for cut in &cuts {
                extent /= cut.tiles;
                places.push(rest / extent);
                rest %= extent;
            }
        }
        // Columns of an even number of points would meet in few sets of the cache.
        let columns = cuts[cuts.len() - 1].length;
        let pitch = if cuts.iter().rev().skip(1).all(|cut| cut.length == 1) { columns } else { columns | 1 };
        Tiles { axes, cuts, lanes, places, pitch }
    }

    pub(in crate::conv::plan) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    pub(in crate::conv::plan) fn axes(&self) -> &[AxisMap] {
        &self.axes
    }

    /// Number of tiles, in all samples, empty ones too.
    pub(in crate::conv::plan) fn count(&self) -> usize {
        self.places.len() / (self.axes.len() + 1)
    }

    /// Groups of tiles that run side by side.
    pub(in crate::conv::plan) fn groups(&self) -> usize {
        self.count().div_ceil(2 * self.lanes)
    }

    /// Rows of a tile.
    pub(in crate::conv::plan) fn rows(&self) -> usize {
        self.cuts[..self.cuts.len() - 1].iter().map(|cut| cut.length).product()
    }

    /// Points of a tile with what lies between its rows.
    pub(in crate::conv::plan) fn points(&self) -> usize {
        self.rows() * self.pitch
    }

    /// Entries of memory for a tile in each part of each lane. The last square of a row may reach beyond it.
    pub(in crate::conv::plan) fn entries(&self) -> usize {
        (self.points() + self.lanes) * 2 * self.lanes
    }

    /// Entries of memory for one row of each tile.
    pub(in crate::conv::plan) fn row_entries(&self) -> usize {
        2 * self.lanes * self.row_pitch() + 2 * self.lanes
    }

    fn row_pitch(&self) -> usize {
        self.last().length.next_multiple_of(self.lanes) + self.lanes
    }

    fn last(&self) -> &Cut {
        &self.cuts[self.cuts.len() - 1]
    }

    /// Whether there is such a tile, and it is not empty.
    fn is_tile(&self, tile: usize) -> bool {
        tile < self.count() && self.place(tile)[0] != NOWHERE
    }

    fn place(&self, tile: usize) -> &[usize] {
        let width = self.axes.len() + 1;
        &self.places[tile * width..(tile + 1) * width]
    }

    /// Loads one row of the tiles from `first` on, two for each lane, zeros where there is none.
    #[inline(always)]
    pub(in crate::conv::plan) fn load_row<S: Simd, T: Element>(
        &self,
        simd: S,
        (signal, of): (&[T], ChannelOf),
        (first, row): (usize, usize),
        memory: &mut [T],
        points: &mut [T],
    ) {
        let (lanes, row_pitch, columns) = (self.lanes, self.row_pitch(), self.last().length);
        let x = &self.axes[self.axes.len() - 1];
        for lane in 0..2 * lanes {
            let to = &mut memory[lane * row_pitch..];
            let tile = first + lane;
            let start = if self.is_tile(tile) { self.source_row(of, tile, row) } else { None };
            let Some(start) = start else {
                fill(simd, columns, to);
                continue;
            };
            let number = self.place(tile)[self.axes.len()];
            let count = self.last().entries_of(x, number);
            let from = (number * self.last().positions * x.step) as isize + self.last().first;
            Entries::new(x, from, 1, count).copy_row(simd, signal, start, to);
            fill(simd, columns - count, &mut to[count..]);
        }
        let begin = row * self.pitch * 2 * lanes;
        assert!(
            memory.len() >= self.row_entries() && begin + (self.pitch + lanes) * 2 * lanes <= points.len()
        );
        for column in (0..columns).step_by(lanes) {
            for part in 0..2 {
                // SAFETY: each part has `lanes` rows of `row_pitch` entries, which hold whole squares; the
                // points of a row are followed by `lanes` more, as asserted.
                unsafe {
                    let from = memory.as_ptr().add(part * lanes * row_pitch + column);
                    let to = points.as_mut_ptr().add(begin + column * 2 * lanes + part * lanes);
                    T::transpose::<S>(from, row_pitch, to, 2 * lanes);
                }
            }
        }
    }

    /// Where row `row` of a tile begins in the signal, unless it is one of zeros.
    fn source_row(&self, of: ChannelOf, tile: usize, row: usize) -> Option<usize> {
        let place = self.place(tile);
        let last = self.axes.len() - 1;
        let (mut start, mut extent, mut rest) = (0, self.axes[last].source, row);
        for a in (0..last).rev() {
            let (axis, cut) = (&self.axes[a], &self.cuts[a]);
            let local = if a == 0 { rest } else { rest % cut.length };
            rest = if a == 0 { 0 } else { rest / cut.length };
            if local >= cut.entries_of(axis, place[a + 1]) {
                return None;
            }
            let entry = (place[a + 1] * cut.positions * axis.step + local) as isize + cut.first;
            start += axis.boundary.source(entry, axis.source)? * extent;
            extent *= axis.source;
        }
        Some(start + (place[0] * of.channels + of.channel) * extent)
    }

    /// Whether row `row` holds a position of any tile.
    pub(in crate::conv::plan) fn has_positions(&self, row: usize) -> bool {
        let mut rest = row;
        self.cuts.iter().zip(&self.axes).rev().skip(1).all(|(cut, axis)| {
            let local = rest % cut.length;
            rest /= cut.length;
            local.is_multiple_of(axis.step) && local / axis.step < cut.positions
        })
    }

    /// Writes the positions in row `row` of the tiles from `first` on. They stand `step` points apart from
    /// the first of `points` on.
    ///
    /// # Safety
    /// No other thread may access the positions of these tiles in this channel meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn store_row<S: Simd, T: Element>(
        &self,
        simd: S,
        (output, of): (&SharedOutput<'_, T>, ChannelOf),
        (first, row): (usize, usize),
        (memory, step): (&mut [T], usize),
        points: &[T],
        finish: Finish<'_, T>,
    ) {
        let (lanes, row_pitch, cut) = (self.lanes, self.row_pitch(), self.last());
        let x = &self.axes[self.axes.len() - 1];
        let columns = (cut.positions - 1) * step + 1;
        assert!(memory.len() >= self.row_entries() && columns <= cut.length);
        assert!((self.pitch + lanes) * 2 * lanes <= points.len());
        for column in (0..columns).step_by(lanes) {
            for part in 0..2 {
                // SAFETY: as for `load_row`.
                unsafe {
                    let from = points.as_ptr().add(column * 2 * lanes + part * lanes);
                    let to = memory.as_mut_ptr().add(part * lanes * row_pitch + column);
                    T::transpose::<S>(from, 2 * lanes, to, row_pitch);
                }
            }
        }
        for lane in 0..(2 * lanes).min(self.count() - first) {
            let tile = first + lane;
            if !self.is_tile(tile) {
                continue;
            }
            let Some(start) = self.result_row(of, tile, row) else { continue };
            let number = self.place(tile)[self.axes.len()];
            let count = cut.positions_of(x, number);
            let to = start + x.first + number * cut.positions * x.every;
            let sums = &memory[lane * row_pitch..];
            if step == 1 && x.every == 1 {
                for at in (0..count).step_by(lanes) {
                    let size = (1, lanes.min(count - at));
                    // SAFETY: the caller vouches for the positions of these tiles.
                    unsafe {
                        output.write_rows(simd, (to + at, 0), (&sums[at..], 0), size, finish, of.channel)
                    };
                }
            } else {
                // SAFETY: as above.
                unsafe {
                    output.write_strided((to, x.every), (sums, step), count, finish.of(of.channel));
                }
            }
        }
    }

    /// Where the positions in row `row` of a tile begin in the result, if there are any.
    fn result_row(&self, of: ChannelOf, tile: usize, row: usize) -> Option<usize> {
        let place = self.place(tile);
        let last = self.axes.len() - 1;
        let (mut start, mut extent, mut rest) = (0, self.axes[last].result, row);
        for a in (0..last).rev() {
            let (axis, cut) = (&self.axes[a], &self.cuts[a]);
            let local = if a == 0 { rest } else { rest % cut.length };
            rest = if a == 0 { 0 } else { rest / cut.length };
            if local / axis.step >= cut.positions_of(axis, place[a + 1]) {
                return None;
            }
            let position = place[a + 1] * cut.positions + local / axis.step;
            start += (axis.first + position * axis.every) * extent;
            extent *= axis.result;
        }
        Some(start + (place[0] * of.channels + of.channel) * extent)
    }
}
