//! Copies of parts of planes of the signal, with what lies beyond the border.
//!
//! Along each axis the entries `from`, `from + step`, … are wanted, some of them perhaps beyond the ends
//! ([`Entries`]). Rows of a copy follow each other at the distance of its *pitch*, with nothing between.
//! Where the border is of zeros and neighbours are wanted, zeros and entries come from one load with a mask,
//! the same for each row.
//!
//! Cost: a load and a store for each vector of the copy; entry by entry where the step is not 1.

use std::ops::Range;

use pulp::Simd;

use crate::conv::Boundary;
use crate::conv::plan::geometry::axis_map::AxisMap;
use crate::conv::plan::geometry::strip::fill;
use crate::conv::plan::register::prefetch::{Purpose, prefetch_part};
use crate::conv::problem::axis::inside;
use crate::simd::Element;
use crate::simd::unrolled;

/// Which entries along an axis are copied: `from`, `from + step`, …
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) struct Entries {
    from: isize,
    step: usize,
    count: usize,
    /// Of the axis.
    length: usize,
    boundary: Boundary,
    /// Of those that are copied, number `low` to number `high` − 1 lie inside.
    low: usize,
    high: usize,
}

impl Entries {
    /// `count` entries along an axis of the signal.
    #[inline(always)]
    pub(in crate::conv::plan) fn new(axis: &AxisMap, from: isize, step: usize, count: usize) -> Self {
        let (length, boundary) = (axis.source, axis.boundary);
        let (low, high) = inside(from, step, length, count);
        Entries { from, step, count, length, boundary, low, high }
    }

    /// `count` neighbours along an axis of so many entries, zeros beyond its ends and instead of all but the
    /// first `most`.
    #[inline(always)]
    pub(in crate::conv::plan) fn neighbours(length: usize, from: isize, count: usize, most: usize) -> Self {
        let (low, high) = inside(from, 1, length, count);
        let high = high.min(most).max(low);
        Entries { from, step: 1, count, length, boundary: Boundary::Zero, low, high }
    }

    /// Copies those of the row that begins at `start` to the beginning of `to`. What follows there, as far as
    /// one vector, is overwritten by anything.
    #[inline(always)]
    pub(in crate::conv::plan) fn copy_row<T: Element, S: Simd>(
        &self,
        simd: S,
        signal: &[T],
        start: usize,
        to: &mut [T],
    ) {
        let lanes = T::lanes::<S>();
        let &Entries { from, step, count, length, boundary, low, high } = self;
        assert!(count + lanes <= to.len() && start + length <= signal.len());
        let inside = high - low;
        let first = self.first_inside(start);
        if boundary == Boundary::Zero {
            fill(simd, low, to);
        }
        if step == 1 && (inside == 0 || first + inside.next_multiple_of(lanes) <= signal.len()) {
            for i in (0..inside).step_by(lanes) {
                // SAFETY: the signal holds whole vectors from `first` on, as was checked, and low + i <
                // count.
                unsafe {
                    let entries = T::load::<S>(signal.as_ptr().add(first + i));
                    T::store::<S>(to.as_mut_ptr().add(low + i), entries);
                }
            }
        } else if inside > 0 {
            let entries = &signal[first..=first + (inside - 1) * step];
            copy_every(entries, step, &mut to[low..high]);
        }
        if boundary == Boundary::Zero {
            fill(simd, count - high, &mut to[high..]);
        } else {
            for i in (0..low).chain(high..count) {
                let source = boundary.source(from + (i * step) as isize, length);
                to[i] = source.map_or(T::zero(), |entry| signal[start + entry]);
            }
        }
    }

    /// Where the first entry inside stands, of a row that begins at `start`.
    #[inline(always)]
    fn first_inside(&self, start: usize) -> usize {
        start.wrapping_add_signed(self.from).wrapping_add(self.low * self.step)
    }
}

/// Which rows and columns of planes are copied, as many columns as the pitch of the copy.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) struct PlanePart {
    pub(in crate::conv::plan) rows: Entries,
    pub(in crate::conv::plan) columns: Entries,
}

impl PlanePart {
    /// Copies the part of the plane that begins at `start`, zeros if there is none, to the beginning of `to`.
    /// What follows there, as far as one vector, is overwritten by anything.
    #[inline(always)]
    pub(in crate::conv::plan) fn copy<T: Element, S: Simd>(
        &self,
        simd: S,
        (signal, start): (&[T], Option<usize>),
        to: &mut [T],
    ) {
        let PlanePart { rows, columns } = self;
        let pitch = columns.count;
        let Some(start) = start else { return fill(simd, rows.count * pitch, to) };
        if (rows.boundary, columns.boundary, columns.step) == (Boundary::Zero, Boundary::Zero, 1) {
            fill(simd, rows.low * pitch, to);
            self.copy_inside(simd, (signal, start), &mut to[rows.low * pitch..]);
            return fill(simd, (rows.count - rows.high) * pitch, &mut to[rows.high * pitch..]);
        }
        for row in 0..rows.count {
            let to = &mut to[row * pitch..];
            match rows.boundary.source(rows.from + (row * rows.step) as isize, rows.length) {
                None => fill(simd, pitch, to),
                Some(entry) => columns.copy_row(simd, signal, start + entry * columns.length, to),
            }
        }
    }

    /// The rows inside, of a plane that begins at `start`, with zeros before and after each.
    #[inline(always)]
    fn copy_inside<T: Element, S: Simd>(&self, simd: S, (signal, start): (&[T], usize), to: &mut [T]) {
        let PlanePart { rows, columns } = self;
        let Range { start: first, end } = self.places_inside(start);
        let (stride, pitch, count) = (rows.step * columns.length, columns.count, rows.high - rows.low);
        if first == end {
            return fill(simd, count * pitch, to);
        }
        assert!(end <= signal.len());
        let whole = columns.high - columns.low == pitch;
        // Rows that stand end to end on both sides are one.
        let (count, pitch, low, high) = match whole && pitch == stride {
            true => (1, count * pitch, 0, count * pitch),
            false => (count, pitch, columns.low, columns.high),
        };
        let lanes = T::lanes::<S>();
        assert!(count * pitch + lanes <= to.len());
        let from = signal.as_ptr().wrapping_add(first).wrapping_sub(low);
        let rows = Rows { from, stride, to: to.as_mut_ptr(), pitch, count, low, high };
        // SAFETY: entries low … high − 1 of every row lie inside the signal, and the rows of the copy and a
        // vector more in `to`, as asserted.
        unsafe {
            match pitch.div_ceil(lanes) {
                1 => rows.copy_vectors::<S, 1>(simd),
                2 => rows.copy_vectors::<S, 2>(simd),
                3 => rows.copy_vectors::<S, 3>(simd),
                4 => rows.copy_vectors::<S, 4>(simd),
                _ => rows.copy(simd),
            }
        }
    }

    /// Asks for the part of the plane that begins at `start` to be brought near.
    #[inline(always)]
    pub(in crate::conv::plan) fn prefetch<T: Element>(&self, signal: &[T], start: usize) {
        let PlanePart { rows, columns } = self;
        let first = self.places_inside(start).start;
        for row in 0..rows.high - rows.low {
            let from = first.wrapping_add(row * rows.step * columns.length);
            prefetch_part(signal, from, (columns.high - columns.low) * columns.step, Purpose::Soon);
        }
    }

    /// From the first entry inside to behind the last one, of a plane that begins at `start`; empty if there
    /// is none.
    #[inline(always)]
    fn places_inside(&self, start: usize) -> Range<usize> {
        let PlanePart { rows, columns } = self;
        let first = rows.first_inside(0).wrapping_mul(columns.length);
        let first = columns.first_inside(start.wrapping_add(first));
        if rows.low == rows.high || columns.low == columns.high {
            return first..first;
        }
        let rows = (rows.high - rows.low - 1) * rows.step * columns.length;
        first..first + rows + (columns.high - columns.low - 1) * columns.step + 1
    }
}

#[inline(always)]
fn copy_every<T: Element>(entries: &[T], step: usize, to: &mut [T]) {
    match step {
        1 => to.copy_from_slice(entries),
        2 => to.iter_mut().zip(entries.iter().step_by(2)).for_each(|(to, from)| *to = *from),
        _ => to.iter_mut().zip(entries.iter().step_by(step)).for_each(|(to, from)| *to = *from),
    }
}

/// Rows to copy, one after the other: what a vector writes beyond the end of its row is overwritten by the
/// next row.
struct Rows<T> {
    /// Of the first row, inside the signal or not.
    from: *const T,
    stride: usize,
    to: *mut T,
    pitch: usize,
    count: usize,
    /// Entries `low..high` of each row stand in the signal, and the others are zeros.
    low: usize,
    high: usize,
}

impl<T: Element> Rows<T> {
    /// Entries of number `i` on.
    ///
    /// # Safety
    /// `from` must be the beginning of one of the rows, whose entries `low..high` must be valid for reads.
    #[inline(always)]
    unsafe fn vector<S: Simd>(&self, simd: S, from: *const T, i: usize) -> T::Vector<S> {
        let lanes = T::lanes::<S>();
        let (low, high) = (self.low.saturating_sub(i), self.high.saturating_sub(i).min(lanes));
        let (low, high) = if low < high { (low, high) } else { (0, 0) };
        // SAFETY: as the caller vouches for.
        unsafe { T::load_between(simd, from.wrapping_add(i), low, high) }
    }

    /// Rows of V vectors.
    ///
    /// # Safety
    /// Entries `low..high` of all rows must be valid for reads, and for writes the rows of the copy and a
    /// vector more.
    #[inline(always)]
    unsafe fn copy_vectors<S: Simd, const V: usize>(&self, simd: S) {
        let lanes = T::lanes::<S>();
        for row in 0..self.count {
            // SAFETY: as the caller vouches for.
            unsafe {
                let from = self.from.wrapping_add(row * self.stride);
                let to = self.to.add(row * self.pitch);
                unrolled!(v in 0..V => {
                    T::store::<S>(to.add(v * lanes), self.vector(simd, from, v * lanes));
                });
            }
        }
    }

    /// Rows of any length.
    ///
    /// # Safety
    /// As for [`copy_vectors`](Self::copy_vectors).
    #[inline(always)]
    unsafe fn copy<S: Simd>(&self, simd: S) {
        let lanes = T::lanes::<S>();
        for row in 0..self.count {
            let from = self.from.wrapping_add(row * self.stride);
            for i in (0..self.pitch).step_by(lanes) {
                // SAFETY: as the caller vouches for.
                unsafe {
                    let inside = self.low <= i && i + lanes <= self.high;
                    let entries = if inside { T::load::<S>(from.add(i)) } else { self.vector(simd, from, i) };
                    T::store::<S>(self.to.add(row * self.pitch + i), entries);
                }
            }
        }
    }
}
