//! Pieces of the output, one after the other: copy, transform, multiply, transform back.

use pulp::Simd;

use crate::conv::plan::geometry::strip::ChannelRows;
use crate::conv::plan::method::winograd::WinogradStage;
use crate::conv::plan::method::winograd::transforms::{Place, TransformInput, TransformOutput};
use crate::conv::plan::register::sum_tile::ChannelTile;
use crate::conv::plan::workspace::{Call, Pieces};
use crate::simd::{Element, InstructionSet};

impl<T: Element> Pieces<T> for WinogradStage {
    fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    fn jobs(&self) -> usize {
        WinogradStage::jobs(self)
    }

    fn cost(&self) -> f64 {
        WinogradStage::cost(self)
    }

    #[inline(always)]
    fn run_piece<S: Simd>(
        &self,
        simd: S,
        call: Call<'_, T>,
        (strip, sums): (&mut [T], &mut [T]),
        job: usize,
    ) {
        let (stage, Call { packed, signal, output, finish, .. }) = (self, call);
        let bands = stage.rows.div_ceil(stage.band);
        let (rest, row) = (job / bands, job % bands * stage.band);
        let (sample, group) = (rest / stage.channels.groups * stage.samples, rest % stage.channels.groups);
        let (strip_rows, strip_columns) = stage.strip();
        let (copied, transformed) = strip.split_at_mut(stage.copied_length(strip_rows * strip_columns));
        let samples = stage.samples.min(stage.channels.batch - sample);
        for s in 0..samples {
            for first in (0..stage.channels.columns).step_by(stage.lanes) {
                stage.copy::<T, S>(signal, copied, sample + s, group, first, row * stage.along_y.outputs);
                let to = &mut *transformed;
                simd.vectorize(TransformInput { stage, copied, transformed: to, sample: s, first });
            }
        }
        let size = stage.vectors * stage.lanes;
        let tiles = stage.padded_rows() / size;
        let (from_stride, to_stride) = stage.strides();
        let at_once = stage.at_once();
        let mut starts = [0; 12];
        for tile in 0..tiles {
            for frequency in 0..stage.frequencies() {
                let number = (group * tiles + tile) * stage.frequencies() + frequency;
                let weights =
                    &packed[number * stage.channels.columns * size..][..stage.channels.columns * size];
                for first in (0..stage.tiles()).step_by(at_once) {
                    for (j, start) in starts[..at_once].iter_mut().enumerate() {
                        // The last tiles are repeated where there are no more.
                        let tile = (first + j).min(stage.tiles() - 1);
                        *start = frequency * from_stride + tile * stage.depth();
                    }
                    simd.vectorize(ChannelTile {
                        weights,
                        vectors: stage.vectors,
                        offsets: &stage.offsets,
                        source: transformed,
                        starts: &starts[..at_once],
                        continues: false,
                        sums: &mut sums[frequency * to_stride + first * size..],
                    });
                }
            }
            let first = group * stage.channels.rows + tile * size;
            let count = size.min(stage.channels.rows - tile * size);
            let place = Place { sample, samples, row, first, count };
            simd.vectorize(TransformOutput { stage, sums: &mut *sums, output, finish, place });
        }
    }
}

impl WinogradStage {
    /// Copies the strip of one sample for channels `first` … of a group, channels last, from row `row` of
    /// positions on.
    #[inline(always)]
    fn copy<T: Element, S: Simd>(
        &self,
        signal: &[T],
        copied: &mut [T],
        sample: usize,
        group: usize,
        first: usize,
        row: usize,
    ) {
        let (rows, columns) = self.strip();
        let (y, x) = (&self.y, &self.x);
        let number = (sample * self.channels.groups + group) * self.channels.columns + first;
        for strip_row in 0..rows {
            let to = &mut copied[strip_row * columns * self.lanes..];
            let entry = y.boundary.source((row + strip_row) as isize + y.taps[0].1, y.source);
            let Some(entry) = entry else {
                to[..columns * self.lanes].fill(T::zero());
                continue;
            };
            let rows = ChannelRows {
                signal,
                start: (number * y.source + entry) * x.source,
                stride: y.source * x.source,
                channels: self.lanes.min(self.channels.columns - first),
                length: x.source,
                boundary: x.boundary,
            };
            rows.copy::<S>(x.taps[0].1, columns, to);
        }
    }
}
