//! The output as several threads write it, and what happens to a sum on its way there.

use std::marker::PhantomData;

use pulp::Simd;

use crate::conv::plan::register::prefetch::{Purpose, prefetch};
use crate::conv::plan::register::shape::MOST_VECTORS;
use crate::simd::{Element, line};

/// Bytes of an array that the second-level cache does not hold beside all else.
pub(in crate::conv::plan) const LARGE_BYTES: usize = 1 << 20;

/// An output that threads write in places of their own.
pub(in crate::conv::plan) struct SharedOutput<'a, T> {
    pointer: *mut T,
    length: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: it is only written, and whoever writes vouches that no one else writes the same entries.
unsafe impl<T: Send> Sync for SharedOutput<'_, T> {}

/// What is added to the sums of each channel, and whether negative ones become zero.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) struct Finish<'a, T> {
    pub(in crate::conv::plan) bias: Option<&'a [T]>,
    pub(in crate::conv::plan) relu: bool,
}

impl<T: Element> Finish<'_, T> {
    /// For this channel.
    #[inline(always)]
    pub(in crate::conv::plan) fn of(self, channel: usize) -> (Option<T>, bool) {
        (self.bias.map(|bias| bias[channel]), self.relu)
    }
}

/// What becomes of sums.
#[inline(always)]
fn finished<T: Element, S: Simd>(
    simd: S,
    mut sums: T::Vector<S>,
    (bias, relu): (Option<T>, bool),
) -> T::Vector<S> {
    if let Some(bias) = bias {
        sums = T::vector_add(simd, sums, T::splat(simd, bias));
    }
    if relu {
        sums = T::vector_relu(simd, sums);
    }
    sums
}

/// A row of a tile: the row of the fold and the channel whose sums it has, and where these go, counted from
/// where those of the first row go.
#[derive(Clone, Copy, Debug)]
pub(in crate::conv::plan) struct PlacedRow {
    pub(in crate::conv::plan) fold: usize,
    pub(in crate::conv::plan) channel: usize,
    pub(in crate::conv::plan) to: usize,
}

/// A vector of a tile: where its sums of the first row go, how many are wanted, and in how many rows of the
/// fold.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::conv::plan) struct PlacedVector {
    pub(in crate::conv::plan) to: usize,
    pub(in crate::conv::plan) length: usize,
    pub(in crate::conv::plan) folds: usize,
}

/// Where the sums of a tile go from the registers.
pub(in crate::conv::plan) struct Places<'a, T> {
    output: &'a SharedOutput<'a, T>,
    finish: Finish<'a, T>,
    rows: &'a [PlacedRow],
    /// The channel of the output that is the first of the rows'.
    channel: usize,
    vectors: [PlacedVector; MOST_VECTORS],
}

impl<'a, T: Element> Places<'a, T> {
    /// # Safety
    /// As long as it lives no one else may access these entries of the output.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn new(
        output: &'a SharedOutput<'a, T>,
        finish: Finish<'a, T>,
        (rows, channel): (&'a [PlacedRow], usize),
        vectors: [PlacedVector; MOST_VECTORS],
    ) -> Self {
        Places { output, finish, rows, channel, vectors }
    }

    /// How the vector of this number is written.
    #[inline(always)]
    pub(in crate::conv::plan) fn vector(&self, number: usize) -> PlacedVector {
        self.vectors[number]
    }

    /// Finishes the sums of a row and a vector, and writes them: all lanes if `WHOLE`, else the first ones.
    #[inline(always)]
    pub(in crate::conv::plan) fn write<S: Simd, const WHOLE: bool>(
        &self,
        simd: S,
        row: usize,
        vector: PlacedVector,
        sums: T::Vector<S>,
    ) {
        let row = &self.rows[row];
        if row.fold >= vector.folds {
            return;
        }
        let to = vector.to + row.to;
        let length = if WHOLE { T::lanes::<S>() } else { vector.length };
        assert!(length <= T::lanes::<S>() && to + length <= self.output.length);
        let plain = self.finish.bias.is_none() && !self.finish.relu;
        let sums =
            if plain { sums } else { finished(simd, sums, self.finish.of(self.channel + row.channel)) };
        // SAFETY: there is such a place in the output, as asserted, and whoever made the places vouched for
        // it.
        unsafe {
            let to = self.output.pointer.add(to);
            match WHOLE {
                true => T::store::<S>(to, sums),
                false => T::store_first(simd, to, sums, vector.length),
            }
        }
    }
}

impl<'a, T: Element> SharedOutput<'a, T> {
    pub(in crate::conv::plan) fn new(output: &'a mut [T]) -> Self {
        SharedOutput { pointer: output.as_mut_ptr(), length: output.len(), borrowed: PhantomData }
    }

    /// Whether it is so large that what is written next may be far from the core.
    pub(in crate::conv::plan) fn is_large(&self) -> bool {
        size_of::<T>() * self.length >= LARGE_BYTES
    }

    /// Asks for the entries `to..to + count` to be brought near for writing, as far as there are such
    /// entries.
    #[inline(always)]
    pub(in crate::conv::plan) fn expect_write(&self, to: usize, count: usize) {
        let end = self.length.min(to + count);
        let mut entry = to;
        while entry < end {
            prefetch(self.pointer.wrapping_add(entry), Purpose::Write);
            entry += line::<T>();
        }
        // The line of the last entry, which may begin after the last of those.
        if to < end {
            prefetch(self.pointer.wrapping_add(end - 1), Purpose::Write);
        }
    }

    /// Finishes the first `length` sums of a vector, and writes them as neighbours from `to` on.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn write_vector<S: Simd>(
        &self,
        simd: S,
        to: usize,
        values: T::Vector<S>,
        length: usize,
        finish: (Option<T>, bool),
    ) {
        assert!(length <= T::lanes::<S>() && to + length <= self.length);
        // SAFETY: there is such a place in the output, as asserted.
        unsafe { self.put(simd, to, values, length, finish) };
    }

    /// The same without a look at the length of the output.
    ///
    /// # Safety
    /// As for [`write_vector`](Self::write_vector), and `length`, at most a vector, entries must stand at
    /// `to`.
    #[inline(always)]
    unsafe fn put<S: Simd>(
        &self,
        simd: S,
        to: usize,
        values: T::Vector<S>,
        length: usize,
        finish: (Option<T>, bool),
    ) {
        let values = finished(simd, values, finish);
        // SAFETY: the caller vouches for the place.
        unsafe {
            let to = self.pointer.add(to);
            match length == T::lanes::<S>() {
                true => T::store::<S>(to, values),
                false => T::store_first(simd, to, values, length),
            }
        }
    }

    /// Finishes `rows` rows of `length` sums each, at most a vector, and writes each row's as neighbours. Row
    /// j begins at `sums[j·sums_stride]`, and goes to `to + j·stride`; `finish` tells for each what to do.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn write_rows<S: Simd>(
        &self,
        simd: S,
        (to, stride): (usize, usize),
        (sums, sums_stride): (&[T], usize),
        (rows, length): (usize, usize),
        finish: Finish<'_, T>,
        first_channel: usize,
    ) {
        let lanes = T::lanes::<S>();
        assert!(rows > 0 && length <= lanes && to + (rows - 1) * stride + length <= self.length);
        assert!((rows - 1) * sums_stride + lanes <= sums.len());
        let bias = finish.bias.map(|bias| &bias[first_channel..first_channel + rows]);
        for j in 0..rows {
            // SAFETY: there are as many sums, and such a place in the output, as asserted.
            unsafe {
                let values = T::load::<S>(sums.as_ptr().add(j * sums_stride));
                let finish = (bias.map(|bias| bias[j]), finish.relu);
                self.put(simd, to + j * stride, values, length, finish);
            }
        }
    }

    /// Finishes `length` neighbouring positions, at most a vector, of `rows` channels, at most a vector, and
    /// writes them. The sums of position i begin at `sums[i·sums_stride]`, a channel after the other; channel
    /// j goes to `to + j·stride`. `square` has room for a vector of vectors, and so have the sums, whatever
    /// stands after the last position.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn write_columns<S: Simd>(
        &self,
        simd: S,
        to: (usize, usize),
        (sums, sums_stride): (&[T], usize),
        square: &mut [T],
        size: (usize, usize),
        (finish, first_channel): (Finish<'_, T>, usize),
    ) {
        let lanes = T::lanes::<S>();
        assert!((lanes - 1) * sums_stride + lanes <= sums.len() && lanes * lanes <= square.len());
        // SAFETY: both hold a square of as many rows as a vector has lanes, as asserted, and are two slices.
        unsafe {
            T::transpose::<S>(sums.as_ptr(), sums_stride, square.as_mut_ptr(), lanes);
            self.write_rows(simd, to, (square, lanes), size, finish, first_channel);
        }
    }

    /// Finishes the sums `sums[0]`, `sums[stride]`, … and writes them `every` entries apart, the first `to`
    /// entries from the start.
    ///
    /// # Safety
    /// No other thread may access these entries of the output meanwhile.
    #[inline(always)]
    pub(in crate::conv::plan) unsafe fn write_strided(
        &self,
        (to, every): (usize, usize),
        (sums, stride): (&[T], usize),
        length: usize,
        (bias, relu): (Option<T>, bool),
    ) {
        assert!(length > 0 && to + (length - 1) * every < self.length && (length - 1) * stride < sums.len());
        let bias = bias.unwrap_or(T::zero());
        for i in 0..length {
            // SAFETY: entry `to + i·every` lies inside the output, and sum `i·stride` inside the sums, as
            // asserted.
            unsafe {
                let value = *sums.as_ptr().add(i * stride) + bias;
                let value = if relu && value < T::zero() { T::zero() } else { value };
                *self.pointer.add(to + i * every) = value;
            }
        }
    }
}
