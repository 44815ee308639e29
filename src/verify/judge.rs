//! What is judged of an output: its channels, how much each varies, and how much of that is noise.

use std::f64::consts::SQRT_2;

use ndarray::ArrayD;

use super::channels::Channels;
use super::function::Float;
use super::measurement::{BROKEN, CONSISTENT, TOO_NOISY};
use super::noise::{ChannelNoise, scaled};

/// The standard deviation of a rounding error in units of the largest one, u: uniform within half a unit in
/// the last place, which is between u and 2u of the number, it is between 1/√12 and 1/√3; this is the
/// geometric mean.
pub(super) const ROUNDING: f64 = 0.408_248_290_463_863;
/// The root mean square of a number that is uniform in [−1, 1].
const DIRECTION: f64 = 0.577_350_269_189_625_8;

/// One channel. Everything but the size is relative to the size, so that nothing overflows or underflows.
#[derive(Clone, Copy, Debug)]
struct Channel {
    /// The largest entry over all inputs.
    size: f64,
    /// The largest distance of an entry from its mean over the inputs: what the inputs do not share.
    variation: f64,
    /// Whether the variation is no more than rounding of the size.
    constant: bool,
    /// The standard deviation of an output.
    sigma: f64,
    /// How far the output moves for a relative step of the input.
    slope: f64,
}

/// How the outputs of one function for one group are judged.
pub(super) struct Judge {
    pub(super) channels: Channels,
    shape: Vec<usize>,
    of_entries: Vec<usize>,
    judged: Vec<Channel>,
    unit: f64,
}

/// How far two sides are from each other in the channel where it stands out most from the noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deviation {
    pub(super) channel: usize,
    /// The difference, in standard deviations of a difference of two outputs.
    pub(super) ratio: f64,
    /// The difference as a share of the variation.
    pub(super) relative: f64,
}

impl Judge {
    /// What there is to judge in these outputs, which have one shape and are not empty. `unit` is the
    /// rounding that is known to happen.
    pub(super) fn new<T: Float>(channels: Channels, outputs: &[ArrayD<T>], unit: f64) -> Self {
        let of_entries = channels.of_entries(&outputs[0]);
        let mut judged = vec![
            Channel { size: 0.0, variation: 0.0, constant: true, sigma: 0.0, slope: 0.0 };
            channels.count()
        ];
        for output in outputs {
            for (&entry, &channel) in output.iter().zip(&of_entries) {
                let entry: f64 = entry.into();
                judged[channel].size = judged[channel].size.max(entry.abs());
            }
        }
        let count = outputs.len() as f64;
        let mut means = vec![0.0_f64; of_entries.len()];
        for output in outputs {
            for ((mean, &entry), &channel) in means.iter_mut().zip(output).zip(&of_entries) {
                *mean += scaled(entry, judged[channel].size) / count;
            }
        }
        for output in outputs {
            for ((mean, &entry), &channel) in means.iter().zip(output).zip(&of_entries) {
                let distance = (scaled(entry, judged[channel].size) - mean).abs();
                judged[channel].variation = judged[channel].variation.max(distance);
            }
        }
        for channel in &mut judged {
            // Two roundings away from the mean, which is itself no more exact: 4 units.
            channel.constant = channel.variation <= 4.0 * unit;
            channel.sigma = ROUNDING * unit;
        }
        Judge { channels, shape: outputs[0].shape().to_vec(), of_entries, judged, unit }
    }

    /// The channel of each entry of f(x).
    pub(super) fn of_entries(&self) -> &[usize] {
        &self.of_entries
    }

    pub(super) fn sizes(&self) -> Vec<f64> {
        self.judged.iter().map(|channel| channel.size).collect()
    }

    pub(super) fn constant(&self) -> Vec<bool> {
        self.judged.iter().map(|channel| channel.constant).collect()
    }

    /// Takes the noise that was found. It is at least what rounding output and input once to the known unit
    /// makes.
    pub(super) fn learn(&mut self, noise: &[ChannelNoise]) {
        for (channel, noise) in self.judged.iter_mut().zip(noise) {
            channel.slope = channel.slope.max(noise.slope);
            let of_input = ROUNDING * self.unit * noise.slope / DIRECTION;
            channel.sigma = channel.sigma.max(noise.sigma).max(of_input);
        }
    }

    /// The difference in each channel, in units of its size.
    fn differences<T: Float>(&self, left: &ArrayD<T>, right: &ArrayD<T>) -> Vec<f64> {
        let moved;
        let of_entries = if right.shape() == self.shape {
            &self.of_entries
        } else {
            moved = self.channels.of_entries(right);
            &moved
        };
        let mut differences = vec![0.0_f64; self.judged.len()];
        for ((&l, &r), &channel) in left.iter().zip(right).zip(of_entries) {
            if l != r {
                let size = self.judged[channel].size;
                differences[channel] = differences[channel].max((scaled(l, size) - scaled(r, size)).abs());
            }
        }
        differences
    }

    fn in_channel(&self, channel: usize, difference: f64) -> Deviation {
        let Channel { variation, constant, sigma, .. } = self.judged[channel];
        let relative = if constant { difference } else { difference / variation };
        Deviation { channel, ratio: difference / (SQRT_2 * sigma), relative }
    }

    /// How far two sides of one shape are from each other.
    pub(super) fn deviation<T: Float>(&self, left: &ArrayD<T>, right: &ArrayD<T>) -> Deviation {
        let differences = self.differences(left, right);
        let all = differences.iter().enumerate().map(|(n, &difference)| self.in_channel(n, difference));
        let none = Deviation { channel: 0, ratio: 0.0, relative: 0.0 };
        // Where nothing differs, the channel that is told is one that could have.
        let none = Deviation { channel: self.noisiest().map_or(0, |(channel, _)| channel), ..none };
        all.fold(none, |worst, next| if next.ratio > worst.ratio { next } else { worst })
    }

    /// How far they are in one channel.
    pub(super) fn deviation_in<T: Float>(
        &self,
        channel: usize,
        left: &ArrayD<T>,
        right: &ArrayD<T>,
    ) -> Deviation {
        self.in_channel(channel, self.differences(left, right)[channel])
    }

    /// The noise of a difference in a channel, as a share of its variation.
    pub(super) fn noise_floor(&self, channel: usize) -> f64 {
        let Channel { variation, constant, sigma, .. } = self.judged[channel];
        SQRT_2 * sigma / if constant { 1.0 } else { variation }
    }

    /// Channels that can be judged, with the smallest leak that is told there.
    fn limits(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let varying = (0..self.judged.len()).filter(|&channel| !self.judged[channel].constant);
        varying.map(|channel| (channel, CONSISTENT * self.noise_floor(channel)))
    }

    /// The channel with the largest smallest leak, and that.
    pub(super) fn noisiest(&self) -> Option<(usize, f64)> {
        self.limits().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// How many channels are too noisy to be judged.
    pub(super) fn too_noisy(&self) -> usize {
        self.limits().filter(|(_, limit)| *limit > TOO_NOISY).count()
    }

    /// The unit in which the function works, in the middle channel of those that move in proportion to the
    /// input, if most do.
    pub(super) fn unit(&self) -> Option<f64> {
        let mut units: Vec<f64> = self
            .judged
            .iter()
            .filter(|channel| !channel.constant)
            .map(|channel| if channel.slope > 0.0 { self.unit_of(channel) } else { f64::INFINITY })
            .collect();
        units.sort_by(f64::total_cmp);
        units.get(units.len() / 2).copied().filter(|unit| unit.is_finite())
    }

    fn unit_of(&self, channel: &Channel) -> f64 {
        (channel.sigma * DIRECTION / (ROUNDING * channel.slope)).max(self.unit)
    }

    /// A step to inputs close by: so many units that a rounding at a jump is seen at 1 of 64 of them.
    pub(super) fn nearby(&self, channel: usize) -> f64 {
        let channel = &self.judged[channel];
        let unit = if channel.slope > 0.0 { self.unit_of(channel) } else { self.unit };
        (64.0 * unit).min(0.125)
    }

    /// Whether these sides differ by more than rounding explains.
    pub(super) fn is_broken<T: Float>(&self, left: &ArrayD<T>, right: &ArrayD<T>) -> bool {
        self.deviation(left, right).ratio > BROKEN
    }
}
