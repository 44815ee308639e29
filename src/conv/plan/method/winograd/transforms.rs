//! Bᵀ d B of the entries and Aᵀ m A of the products, on vectors of channels.

use pulp::{Simd, WithSimd};

use crate::conv::plan::method::winograd::WinogradStage;
use crate::conv::plan::register::output::{Finish, SharedOutput};
use crate::simd::Element;

/// Bᵀ d B for all tiles of a strip.
pub(super) struct TransformInput<'a, T> {
    pub(super) stage: &'a WinogradStage,
    pub(super) copied: &'a [T],
    pub(super) transformed: &'a mut [T],
    /// The number of the sample in the piece.
    pub(super) sample: usize,
    /// The first channel.
    pub(super) first: usize,
}

impl<T: Element> WithSimd for TransformInput<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.stage.along_y.entries, self.stage.along_x.entries) {
            (1, 4) => self.tiles::<S, 1, 4>(simd),
            (1, 6) => self.tiles::<S, 1, 6>(simd),
            (4, 1) => self.tiles::<S, 4, 1>(simd),
            (6, 1) => self.tiles::<S, 6, 1>(simd),
            (4, 4) => self.tiles::<S, 4, 4>(simd),
            (6, 6) => self.tiles::<S, 6, 6>(simd),
            other => unreachable!("no filtering has {other:?} entries"),
        }
    }
}

impl<T: Element> TransformInput<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const Y: usize, const X: usize>(self, simd: S) {
        let stage = self.stage;
        let (_, pitch) = stage.strip();
        let lanes = T::lanes::<S>();
        let (stride, _) = stage.strides();
        let zero = T::splat(simd, T::zero());
        for row in 0..stage.band {
            for column in 0..stage.columns {
                let origin = (row * stage.along_y.outputs * pitch + column * stage.along_x.outputs) * lanes;
                let entries = &self.copied[origin..][..((Y - 1) * pitch + X) * lanes];
                let mut values = [[zero; X]; Y];
                for (y, values) in values.iter_mut().enumerate() {
                    for (x, value) in values.iter_mut().enumerate() {
                        // SAFETY: (y·pitch + x + 1)·lanes is at most the length of `entries`.
                        *value = unsafe { T::load::<S>(entries.as_ptr().add((y * pitch + x) * lanes)) };
                    }
                }
                for values in &mut values {
                    *values = input_transform::<T, S, X>(simd, *values);
                }
                for x in 0..X {
                    let column = input_transform::<T, S, Y>(simd, std::array::from_fn(|y| values[y][x]));
                    for (values, value) in values.iter_mut().zip(column) {
                        values[x] = value;
                    }
                }
                let tile = (self.sample * stage.band + row) * stage.columns + column;
                let to = &mut self.transformed[tile * stage.depth() + self.first..];
                assert!((Y * X - 1) * stride + lanes <= to.len());
                for (frequency, value) in values.iter().flatten().enumerate() {
                    // SAFETY: the last of them ends inside `to`, as asserted.
                    unsafe { T::store::<S>(to.as_mut_ptr().add(frequency * stride), *value) };
                }
            }
        }
    }
}

/// Bᵀ d.
#[inline(always)]
fn input_transform<T: Element, S: Simd, const N: usize>(simd: S, d: [T::Vector<S>; N]) -> [T::Vector<S>; N] {
    let (add, sub) = (|a, b| T::vector_add(simd, a, b), |a, b| T::vector_sub(simd, a, b));
    let times = |n: i8, a, b| T::mul_add(simd, T::splat(simd, T::small(n)), a, b);
    let mut out = d;
    match N {
        4 => {
            out[0] = sub(d[0], d[2]);
            out[1] = add(d[1], d[2]);
            out[2] = sub(d[2], d[1]);
            out[3] = sub(d[1], d[3]);
        }
        6 => {
            out[0] = times(4, d[0], times(-5, d[2], d[4]));
            let (even, odd) = (times(-4, d[2], d[4]), times(-4, d[1], d[3]));
            out[1] = add(even, odd);
            out[2] = sub(even, odd);
            let (even, odd) = (sub(d[4], d[2]), sub(d[3], d[1]));
            out[3] = times(2, odd, even);
            out[4] = times(-2, odd, even);
            out[5] = times(4, d[1], times(-5, d[3], d[5]));
        }
        _ => {}
    }
    out
}

/// Aᵀ m, in the first entries.
#[inline(always)]
fn output_transform<T: Element, S: Simd, const N: usize>(simd: S, m: [T::Vector<S>; N]) -> [T::Vector<S>; N] {
    let (add, sub) = (|a, b| T::vector_add(simd, a, b), |a, b| T::vector_sub(simd, a, b));
    let times = |n: i8, a, b| T::mul_add(simd, T::splat(simd, T::small(n)), a, b);
    let mut out = m;
    match N {
        4 => {
            out[0] = add(add(m[0], m[1]), m[2]);
            out[1] = sub(sub(m[1], m[2]), m[3]);
        }
        6 => {
            let (sum, difference) = (add(m[1], m[2]), sub(m[1], m[2]));
            let (far_sum, far_difference) = (add(m[3], m[4]), sub(m[3], m[4]));
            out[0] = add(add(m[0], sum), far_sum);
            out[1] = times(2, far_difference, difference);
            out[2] = times(4, far_sum, sum);
            out[3] = add(times(8, far_difference, difference), m[5]);
        }
        _ => {}
    }
    out
}

/// Which tiles, and which of the output channels.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) sample: usize,
    pub(super) samples: usize,
    /// The first row of tiles.
    pub(super) row: usize,
    /// The first channel, and how many.
    pub(super) first: usize,
    pub(super) count: usize,
}

/// Aᵀ m A for all tiles, and on to the output.
pub(super) struct TransformOutput<'a, T> {
    pub(super) stage: &'a WinogradStage,
    /// The sums, then room for the outputs of a tile.
    pub(super) sums: &'a mut [T],
    pub(super) output: &'a SharedOutput<'a, T>,
    pub(super) finish: Finish<'a, T>,
    pub(super) place: Place,
}

impl<T: Element> WithSimd for TransformOutput<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (self.stage.along_y.entries, self.stage.along_x.entries) {
            (1, 4) => self.tiles::<S, 1, 4>(simd),
            (1, 6) => self.tiles::<S, 1, 6>(simd),
            (4, 1) => self.tiles::<S, 4, 1>(simd),
            (6, 1) => self.tiles::<S, 6, 1>(simd),
            (4, 4) => self.tiles::<S, 4, 4>(simd),
            (6, 6) => self.tiles::<S, 6, 6>(simd),
            other => unreachable!("no filtering has {other:?} entries"),
        }
    }
}

impl<T: Element> TransformOutput<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const Y: usize, const X: usize>(self, simd: S) {
        let (stage, place) = (self.stage, self.place);
        let lanes = T::lanes::<S>();
        let (_, stride) = stage.strides();
        let (rows, columns) = (stage.along_y.outputs, stage.along_x.outputs);
        let size = stage.vectors * lanes;
        let line = stage.line();
        let (sums, outputs) = self.sums.split_at_mut(stage.frequencies() * stride);
        let (outputs, square) = outputs[..(rows * line + lanes) * lanes].split_at_mut(rows * line * lanes);
        let zero = T::splat(simd, T::zero());
        let all = stage.channels.groups * stage.channels.rows;
        let plane = stage.y.positions * stage.x.positions;
        for number in 0..place.samples * stage.band {
            let (row, sample) = (place.row + number % stage.band, place.sample + number / stage.band);
            if row >= stage.rows {
                continue;
            }
            let height = rows.min(stage.y.positions - row * rows);
            for (first, tile) in (0..place.count)
                .step_by(lanes)
                .flat_map(|first| (0..stage.columns).step_by(line / columns).map(move |tile| (first, tile)))
            {
                let tiles = (line / columns).min(stage.columns - tile);
                for tile_of_line in 0..tiles {
                    let from = &sums[(number * stage.columns + tile + tile_of_line) * size + first..];
                    assert!((Y * X - 1) * stride + lanes <= from.len());
                    let mut values = [[zero; X]; Y];
                    for (frequency, value) in values.iter_mut().flatten().enumerate() {
                        // SAFETY: the last of them ends inside `from`, as asserted.
                        *value = unsafe { T::load::<S>(from.as_ptr().add(frequency * stride)) };
                    }
                    for values in &mut values {
                        *values = output_transform::<T, S, X>(simd, *values);
                    }
                    let along_y =
                        |x: usize| output_transform::<T, S, Y>(simd, std::array::from_fn(|y| values[y][x]));
                    for x in 0..columns.min(X) {
                        let column = along_y(x);
                        for (y, value) in column.into_iter().enumerate().take(rows) {
                            let at = (y * line + tile_of_line * columns + x) * lanes;
                            // SAFETY: `outputs` has a vector for each output of a line of tiles.
                            unsafe { T::store::<S>(outputs[at..at + lanes].as_mut_ptr(), value) };
                        }
                    }
                }
                let (column, channel) = (tile * columns, place.first + first);
                let width = (tiles * columns).min(stage.x.positions - column);
                for (y, position) in
                    (0..height).flat_map(|y| (0..width).step_by(lanes).map(move |position| (y, position)))
                {
                    let to = (sample * all + channel) * plane
                        + (row * rows + y) * stage.x.positions
                        + column
                        + position;
                    let values = &outputs[(y * line + position) * lanes..];
                    let count = (lanes.min(place.count - first), lanes.min(width - position));
                    // SAFETY: tiles are disjoint, and each is in one piece: no other thread writes here.
                    unsafe {
                        let finish = self.finish;
                        self.output.write_columns(
                            simd,
                            (to, plane),
                            (values, lanes),
                            square,
                            count,
                            (finish, channel),
                        );
                    }
                }
            }
        }
    }
}
