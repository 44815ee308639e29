//! Batch normalisation (Ioffe and Szegedy 2015) of a batch that lies in chunks: `y = γ·x̂ + β`, `x̂ = (x −
//! μ)/√(σ² + δ)`, with mean μ and biased variance σ² over samples and positions.
//!
//! All chunks meet twice: once for the statistics and once, going back, for the sums of the gradient. So each
//! direction has three steps: a sum for each chunk, the sums put together in the order of the chunks, and a
//! pass over each chunk. With n values in a statistic,
//!
//! ```text
//! β′ = Σ dy,   γ′ = Σ dy·x̂,   dx = γ/√(σ² + δ) · (dy − β′/n − x̂·γ′/n)
//! ```
//!
//! *Orbits*: channels c·orbit … c·orbit + orbit − 1 share statistics, γ and β, as the orientations of one
//! feature of a group convolution must, for anything else breaks the symmetry. An orbit of 1 is the ordinary
//! layer.
//!
//! Means and sums of squares are kept in `f64`: each chunk has its mean and the sum of squares about it,
//! which are put together by the formula of Chan, Golub and LeVeque (*Updating formulae and a pairwise
//! algorithm for computing sample variances*, 1979), so that a large mean costs no digits of the variance.

use super::{blocks, blocks_mut};
use crate::executor::layout::LANES;
use crate::simd::InstructionSet;

/// Number, mean and sum of squared deviations of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many values.
    pub count: f64,
    /// Their mean.
    pub mean: f64,
    /// Σ(x − mean)².
    pub squares: f64,
}

impl Moments {
    /// The moments of both sets of values together.
    pub fn and(self, other: Moments) -> Moments {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let step = other.mean - self.mean;
        Moments {
            count,
            mean: self.mean + step * other.count / count,
            squares: self.squares + other.squares + step * step * self.count * other.count / count,
        }
    }

    /// The biased variance, Σ(x − mean)²/n, by which values are normalised.
    pub fn variance(self) -> f64 {
        self.squares / self.count
    }

    /// The unbiased variance, Σ(x − mean)²/(n−1), which running statistics keep.
    pub fn unbiased_variance(self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

/// Batch normalisation of chunks (channels, space…, lane).
#[derive(Clone, Debug)]
pub struct LaneBatchNorm {
    instructions: InstructionSet,
    features: usize,
    /// Entries of the channels of an orbit.
    entries: usize,
    delta: f64,
}

impl LaneBatchNorm {
    /// For so many channels of so many positions, in orbits of so many channels, with this δ.
    ///
    /// # Panics
    /// If the orbits do not divide the channels.
    pub fn new(
        channels: usize,
        positions: usize,
        orbit: usize,
        delta: f64,
        instructions: InstructionSet,
    ) -> Self {
        assert!(
            orbit > 0 && channels.is_multiple_of(orbit),
            "orbits of {orbit} must divide {channels} channels"
        );
        LaneBatchNorm { instructions, features: channels / orbit, entries: orbit * positions, delta }
    }

    /// Number of statistics, of γ and of β: channels/orbit.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Values of a sample in each statistic: orbit times positions.
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The moments of the first `samples` lanes, for each feature.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn moments(&self, input: &[f32], samples: usize, moments: &mut [Moments]) {
        self.check(input.len(), &[moments.len()]);
        let count = (self.entries * samples) as f64;
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                for (x, moments) in blocks(input).chunks_exact(self.entries).zip(moments) {
                    let mut sums = [0f64; LANES];
                    for x in x {
                        for lane in 0..LANES {
                            sums[lane] += f64::from(x[lane]);
                        }
                    }
                    let mean = sums[..samples].iter().sum::<f64>() / count.max(1.0);
                    let mut squares = [0f64; LANES];
                    for x in x {
                        for lane in 0..LANES {
                            let deviation = f64::from(x[lane]) - mean;
                            squares[lane] += deviation * deviation;
                        }
                    }
                    *moments = Moments { count, mean, squares: squares[..samples].iter().sum() };
                }
            },
        );
    }

    /// 1/√(σ² + δ).
    fn scale(&self, variance: f64) -> f32 {
        (1.0 / (variance + self.delta).sqrt()) as f32
    }

    /// γ·x̂ + β, from (μ, σ²) of each feature.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn normalise(
        &self,
        input: &[f32],
        statistics: &[(f64, f64)],
        (gamma, beta): (&[f32], &[f32]),
        output: &mut [f32],
    ) {
        self.check(input.len(), &[statistics.len(), gamma.len(), beta.len()]);
        self.check(output.len(), &[]);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                let features = blocks(input).chunks_exact(self.entries).zip(statistics);
                let outputs = blocks_mut(output).chunks_exact_mut(self.entries);
                for (((x, &(mean, variance)), y), (&gamma, &beta)) in
                    features.zip(outputs).zip(gamma.iter().zip(beta))
                {
                    let (mean, scale) = (mean as f32, gamma * self.scale(variance));
                    for (x, y) in x.iter().zip(y) {
                        *y = x.map(
                            #[inline(always)]
                            |x| (x - mean) * scale + beta,
                        );
                    }
                }
            },
        );
    }

    /// (Σ dy, Σ dy·x̂) of a chunk, for each feature: its shares of β′ and γ′. The gradient must be zero in
    /// dead lanes.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn gradient_sums(
        &self,
        input: &[f32],
        output_gradient: &[f32],
        statistics: &[(f64, f64)],
        sums: &mut [(f64, f64)],
    ) {
        self.check(input.len(), &[statistics.len(), sums.len()]);
        self.check(output_gradient.len(), &[]);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                let features = blocks(input).chunks_exact(self.entries).zip(statistics);
                let gradients = blocks(output_gradient).chunks_exact(self.entries);
                for (((x, &(mean, variance)), dy), sums) in features.zip(gradients).zip(sums) {
                    let (mean, scale) = (mean as f32, self.scale(variance));
                    let (mut of_dy, mut of_both) = ([0f64; LANES], [0f64; LANES]);
                    for (x, dy) in x.iter().zip(dy) {
                        for lane in 0..LANES {
                            let normalised = (x[lane] - mean) * scale;
                            of_dy[lane] += f64::from(dy[lane]);
                            of_both[lane] += f64::from(dy[lane]) * f64::from(normalised);
                        }
                    }
                    *sums = (of_dy.iter().sum(), of_both.iter().sum());
                }
            },
        );
    }

    /// The gradient of the input from that of the output, in place; `sums` are those of all `count` values of
    /// each feature. Zero in all but the first `samples` lanes.
    ///
    /// # Panics
    /// If a slice does not have its length.
    pub fn input_gradient(
        &self,
        input: &[f32],
        statistics: &[(f64, f64)],
        gamma: &[f32],
        (sums, count): (&[(f64, f64)], f64),
        samples: usize,
        gradient: &mut [f32],
    ) {
        self.check(input.len(), &[statistics.len(), gamma.len(), sums.len()]);
        self.check(gradient.len(), &[]);
        let live: [bool; LANES] = std::array::from_fn(|lane| lane < samples);
        self.instructions.run_on_blocks(
            #[inline(always)]
            || {
                let features = blocks(input).chunks_exact(self.entries).zip(statistics);
                let gradients = blocks_mut(gradient).chunks_exact_mut(self.entries);
                for (((x, &(mean, variance)), dy), (&gamma, sums)) in
                    features.zip(gradients).zip(gamma.iter().zip(sums))
                {
                    let (mean, scale) = (mean as f32, self.scale(variance));
                    let (mean_dy, mean_both) = ((sums.0 / count) as f32, (sums.1 / count) as f32);
                    let factor = gamma * scale;
                    for (x, dy) in x.iter().zip(dy) {
                        for lane in 0..LANES {
                            let normalised = (x[lane] - mean) * scale;
                            let dx = factor * (dy[lane] - mean_dy - normalised * mean_both);
                            dy[lane] = if live[lane] { dx } else { 0.0 };
                        }
                    }
                }
            },
        );
    }

    fn check(&self, chunk: usize, of_features: &[usize]) {
        assert_eq!(chunk, self.features * self.entries * LANES, "a chunk has this length");
        for &length in of_features {
            assert_eq!(length, self.features, "there is one value for each feature");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: usize = 4;
    const POSITIONS: usize = 3;
    const DELTA: f64 = 1.0 / 1024.0;
    /// Samples of the chunks of a batch.
    const SAMPLES: [usize; 3] = [16, 16, 5];

    /// Entries with a large mean, zero in dead lanes.
    fn chunks(salt: usize, mean: f32) -> Vec<Vec<f32>> {
        let chunk = |(number, &samples): (usize, &usize)| {
            let entry = |i: usize| ((i * 7919 + number * 104_729 + salt) % 257) as f32 / 64.0 - 2.0 + mean;
            (0..CHANNELS * POSITIONS * LANES)
                .map(|i| if i % LANES < samples { entry(i) } else { 0.0 })
                .collect()
        };
        SAMPLES.iter().enumerate().map(chunk).collect()
    }

    /// The values of a feature in all live lanes.
    fn values(chunks: &[Vec<f32>], feature: usize, orbit: usize) -> Vec<f64> {
        let entries = orbit * POSITIONS * LANES;
        let of_chunk = |(chunk, &samples): (&Vec<f32>, &usize)| {
            let feature = chunk[feature * entries..][..entries].to_vec();
            feature
                .into_iter()
                .enumerate()
                .filter(move |(i, _)| i % LANES < samples)
                .map(|(_, x)| f64::from(x))
        };
        chunks.iter().zip(&SAMPLES).flat_map(of_chunk).collect()
    }

    /// Against the formulas in `f64`, with u = 2⁻²⁴ and |x − μ| ≤ 4, |x̂| ≤ 4·s where s = 1/√(σ²+δ). The mean
    /// and the scale are rounded once each; x − μ is off by u·(|μ| + 4); the product and sum are rounded:
    /// each of at most five roundings is relative to a number of magnitude at most M.
    #[test]
    fn both_directions_are_the_formulas() {
        let u = 2f64.powi(-24);
        let (gamma, beta) = ([1.5f32, -0.5, 2.0, 1.0], [0.25f32, 1.0, -1.0, 0.0]);
        let (x, dy) = (chunks(1, 100.0), chunks(2, 0.0));
        for instructions in InstructionSet::available() {
            for orbit in [1, 2, 4] {
                let features = CHANNELS / orbit;
                let layer = LaneBatchNorm::new(CHANNELS, POSITIONS, orbit, DELTA, instructions);
                assert_eq!(layer.features(), features);
                let mut total = vec![Moments::default(); features];
                for (chunk, &samples) in x.iter().zip(&SAMPLES) {
                    let mut moments = vec![Moments::default(); features];
                    layer.moments(chunk, samples, &mut moments);
                    total.iter_mut().zip(moments).for_each(|(total, moments)| *total = total.and(moments));
                }
                let statistics: Vec<_> = total.iter().map(|m| (m.mean, m.variance())).collect();
                let mut sums = vec![(0.0, 0.0); features];
                for (chunk, dy) in x.iter().zip(&dy) {
                    let mut of_chunk = vec![(0.0, 0.0); features];
                    layer.gradient_sums(chunk, dy, &statistics, &mut of_chunk);
                    sums.iter_mut()
                        .zip(of_chunk)
                        .for_each(|(sum, part)| *sum = (sum.0 + part.0, sum.1 + part.1));
                }
                let (mut outputs, mut gradients) = (x.clone(), dy.clone());
                for ((chunk, output), (gradient, &samples)) in
                    x.iter().zip(&mut outputs).zip(gradients.iter_mut().zip(&SAMPLES))
                {
                    layer.normalise(chunk, &statistics, (&gamma[..features], &beta[..features]), output);
                    let sums = (&sums[..], total[0].count);
                    layer.input_gradient(chunk, &statistics, &gamma[..features], sums, samples, gradient);
                    assert!(gradient.iter().enumerate().all(|(i, &dx)| i % LANES < samples || dx == 0.0));
                }
                for feature in 0..features {
                    let (x, dy) = (values(&x, feature, orbit), values(&dy, feature, orbit));
                    let n = x.len() as f64;
                    let mean = x.iter().sum::<f64>() / n;
                    let squares: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
                    let moments = total[feature];
                    assert_eq!(moments.count, n);
                    // Sums of n numbers below 128 in f64, in another order.
                    assert!((moments.mean - mean).abs() <= n * 128.0 * 2f64.powi(-53));
                    assert!((moments.squares - squares).abs() <= n * n * 16.0 * 2f64.powi(-50));
                    assert_eq!(moments.unbiased_variance(), moments.squares / (n - 1.0));
                    let scale = 1.0 / (squares / n + DELTA).sqrt();
                    let hat: Vec<_> = x.iter().map(|x| (x - mean) * scale).collect();
                    let sum_dy: f64 = dy.iter().sum();
                    let sum_both: f64 = dy.iter().zip(&hat).map(|(dy, hat)| dy * hat).sum();
                    let largest = 104.0 * scale + 2.0;
                    let off_hat = 5.0 * u * largest;
                    assert!((sums[feature].0 - sum_dy).abs() <= n * n * 2.0 * 2f64.powi(-53));
                    assert!((sums[feature].1 - sum_both).abs() <= 2.0 * n * off_hat);
                    let (gamma, beta) = (f64::from(gamma[feature]), f64::from(beta[feature]));
                    let y = values(&outputs, feature, orbit);
                    let dx = values(&gradients, feature, orbit);
                    for i in 0..x.len() {
                        let allowed = gamma.abs() * off_hat + 3.0 * u * (gamma.abs() * 4.0 * scale + 1.0);
                        assert!((y[i] - (gamma * hat[i] + beta)).abs() <= allowed);
                        let exact = gamma * scale * (dy[i] - sum_dy / n - hat[i] * sum_both / n);
                        // x̂ and the mean of dy·x̂ (at most 2·4s) are each off by off_hat and 2·off_hat.
                        let inner = off_hat * 8.0 * scale
                            + 4.0 * scale * 2.0 * off_hat
                            + 6.0 * u * (4.0 + 32.0 * scale * scale);
                        assert!(
                            (dx[i] - exact).abs() <= 1.01 * gamma.abs() * scale * inner,
                            "{} {exact}",
                            dx[i]
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn moments_of_nothing_change_nothing() {
        let some = Moments { count: 2.0, mean: 3.0, squares: 8.0 };
        assert_eq!(Moments::default().and(some), some);
        assert_eq!(some.and(Moments::default()), some);
        assert_eq!(Moments::default().and(Moments::default()), Moments::default());
    }
}
