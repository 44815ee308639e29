//! Losses of a chunk of outputs (class, lane), with their gradients.
//!
//! *Cross-entropy* and *mean square* as [`loss`](crate::layer::loss) defines them, which judges what is here.
//! The sum of the losses of a chunk is returned in `f64`, for the caller to add up in the order of the chunks
//! and to divide by the total weight of the batch; gradients are divided already.

use super::{blocks, blocks_mut, exponential::exponential, maximum};
use crate::executor::layout::LANES;
use crate::layer::loss::IGNORED;
use crate::simd::InstructionSet;

/// What the outputs of a chunk cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChunkLoss {
    /// The sum of the losses of its samples.
    pub loss: f64,
    /// Samples whose greatest score, the first of equals, is not that of their label.
    pub mistakes: usize,
}

/// Turns scores (channels, space…, lane) into shares e^z(k)/Σe^z over the channels, at each place of each
/// lane.
///
/// # Panics
/// If there are no scores, or the channels do not divide them.
pub fn softmax(instructions: InstructionSet, channels: usize, scores: &mut [f32]) {
    let space = places(channels, scores);
    instructions.run_on_blocks(
        #[inline(always)]
        || {
            for place in 0..space {
                softmax_at(blocks_mut(scores), place, space);
            }
        },
    );
}

/// Turns the gradient of the output s of [`softmax`] into that of its input: s(k)·(dy(k) − Σ_j s(j)·dy(j)).
///
/// # Panics
/// If the lengths differ or are zero, or the channels do not divide them.
pub fn softmax_gradient(instructions: InstructionSet, channels: usize, output: &[f32], gradient: &mut [f32]) {
    assert_eq!(output.len(), gradient.len(), "the gradient has one entry for each output");
    let space = places(channels, output);
    instructions.run_on_blocks(
        #[inline(always)]
        || {
            let (output, gradient) = (blocks(output), blocks_mut(gradient));
            for place in 0..space {
                let mut mean = [0.0; LANES];
                for (s, dy) in
                    output[place..].iter().step_by(space).zip(gradient[place..].iter().step_by(space))
                {
                    for lane in 0..LANES {
                        mean[lane] += s[lane] * dy[lane];
                    }
                }
                let channels = gradient[place..].iter_mut().step_by(space);
                for (s, dy) in output[place..].iter().step_by(space).zip(channels) {
                    for lane in 0..LANES {
                        dy[lane] = s[lane] * (dy[lane] - mean[lane]);
                    }
                }
            }
        },
    );
}

/// Entries of a channel.
fn places(channels: usize, chunk: &[f32]) -> usize {
    let whole = channels > 0 && !chunk.is_empty() && chunk.len().is_multiple_of(channels * LANES);
    assert!(whole, "a chunk has whole channels, found {} entries of {channels} channels", chunk.len());
    chunk.len() / (channels * LANES)
}

/// The greatest score of each lane at a place, NaN if one is; the scores become shares.
#[inline(always)]
fn softmax_at(scores: &mut [[f32; LANES]], place: usize, space: usize) -> [f32; LANES] {
    let mut greatest = scores[place];
    for block in scores[place..].iter().step_by(space) {
        for lane in 0..LANES {
            greatest[lane] = maximum(block[lane], greatest[lane]);
        }
    }
    let mut sum = [0.0; LANES];
    for block in scores[place..].iter_mut().step_by(space) {
        for lane in 0..LANES {
            block[lane] = exponential(block[lane] - greatest[lane]);
            sum[lane] += block[lane];
        }
    }
    for block in scores[place..].iter_mut().step_by(space) {
        for lane in 0..LANES {
            block[lane] /= sum[lane];
        }
    }
    greatest
}

/// What a chunk of scores is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// One for each of the first lanes.
    pub labels: &'a [usize],
    /// ε.
    pub smoothing: f32,
    /// w; none for equal weights.
    pub class_weights: &'a [f32],
    /// By what the sum of all losses of the batch is divided.
    pub total: f64,
}

/// Cross-entropy of the first lanes; `gradient` becomes that of the sum of the losses divided by `total`,
/// zero in the other lanes and in those that are ignored.
///
/// # Panics
/// If there are more labels than lanes, a label is no class, class weights are not one for each class, or the
/// lengths differ or are zero.
pub fn cross_entropy(
    instructions: InstructionSet,
    scores: &[f32],
    targets: Targets<'_>,
    gradient: &mut [f32],
) -> ChunkLoss {
    let Targets { labels, smoothing, class_weights, total } = targets;
    assert_eq!(scores.len(), gradient.len(), "the gradient has one entry for each score");
    assert!(labels.len() <= LANES && !scores.is_empty(), "up to {LANES} samples of some scores");
    let classes = scores.len() / LANES;
    assert!([0, classes].contains(&class_weights.len()), "one weight for each of {classes} classes");
    let weight = |class: usize| class_weights.get(class).copied().unwrap_or(1.0);
    let even = smoothing / classes as f32;
    // Σ_k ε/K·w(k)
    let evenly = match class_weights {
        [] => smoothing,
        weights => even * weights.iter().sum::<f32>(),
    };
    // What a lane is multiplied by, and T of its label.
    let (mut live, mut whole) = ([0.0; LANES], [1.0; LANES]);
    for (lane, &label) in labels.iter().enumerate().filter(|&(_, &label)| label != IGNORED) {
        assert!(label < classes, "label {label} is none of {classes} classes");
        live[lane] = 1.0 / total as f32;
        if !class_weights.is_empty() {
            whole[lane] = (1.0 - smoothing) * weight(label) + evenly;
        }
    }
    gradient.copy_from_slice(scores);
    let greatest = instructions.run_on_blocks(
        #[inline(always)]
        || {
            let gradient = blocks_mut(gradient);
            let found = softmax_at(gradient, 0, 1);
            for (class, block) in gradient.iter_mut().enumerate() {
                let even = even * weight(class);
                for lane in 0..LANES {
                    // Chosen, not multiplied: a dead lane may have overflowed.
                    let slope = (whole[lane] * block[lane] - even) * live[lane];
                    block[lane] = if live[lane] > 0.0 { slope } else { 0.0 };
                }
            }
            found
        },
    );
    let scores = blocks(scores);
    let mut found = ChunkLoss::default();
    for (lane, &label) in labels.iter().enumerate().filter(|&(_, &label)| label != IGNORED) {
        let own_share = (1.0 - smoothing) * weight(label);
        gradient[label * LANES + lane] -= own_share * live[lane];
        let greatest = greatest[lane];
        let distance = |class: usize| f64::from(scores[class][lane]) - f64::from(greatest);
        let mut target = 0.0;
        if own_share > 0.0 {
            target += f64::from(own_share) * distance(label);
        }
        if smoothing > 0.0 {
            let weighted = (0..classes).filter(|&class| weight(class) > 0.0);
            target += f64::from(even)
                * weighted.map(|class| f64::from(weight(class)) * distance(class)).sum::<f64>();
        }
        // Without the maximum's own term, which is 1. It equals nothing if it is NaN, and then everything is.
        let own = (0..classes).find(|&class| scores[class][lane] == greatest);
        let others = (0..classes).filter(|&class| Some(class) != own);
        let logarithm = others.map(|class| distance(class).exp()).sum::<f64>().ln_1p();
        found.loss += f64::from(whole[lane]) * logarithm - target;
        found.mistakes += usize::from(own != Some(label));
    }
    found
}

/// The mean square distance from `target(output, lane)` in the first `samples` lanes; `gradient` becomes that
/// of the sum over samples divided by `total`, zero in the other lanes.
///
/// # Panics
/// If there are more samples than lanes, or the lengths differ or are zero.
pub fn mean_square(
    instructions: InstructionSet,
    outputs: &[f32],
    target: impl Fn(usize, usize) -> f32,
    samples: usize,
    total: f64,
    gradient: &mut [f32],
) -> f64 {
    assert_eq!(outputs.len(), gradient.len(), "the gradient has one entry for each output");
    assert!(samples <= LANES && !outputs.is_empty(), "up to {LANES} samples of some outputs");
    let features = outputs.len() / LANES;
    let slope = 2.0 / (total as f32 * features as f32);
    let squares = instructions.run_on_blocks(
        #[inline(always)]
        || {
            let mut squares = [0f64; LANES];
            for (feature, (dy, y)) in blocks_mut(gradient).iter_mut().zip(blocks(outputs)).enumerate() {
                for lane in 0..LANES {
                    let live = lane < samples;
                    let difference = if live { y[lane] - target(feature, lane) } else { 0.0 };
                    dy[lane] = difference * slope;
                    squares[lane] += f64::from(difference) * f64::from(difference);
                }
            }
            squares
        },
    );
    squares.iter().sum::<f64>() / features as f64
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::executor::method::exponential::EXPONENTIAL_ULPS;
    use crate::layer::loss::CrossEntropy;

    const CLASSES: usize = 10;

    fn scores() -> Vec<f32> {
        (0..CLASSES * LANES).map(|i| ((i * 7919 + 31) % 1009) as f32 / 50.0 - 10.0).collect()
    }

    /// Against `f64`. Let e be the relative error of e^(z−max): its argument is off by at most u·20
    /// absolutely, the function by EXPONENTIAL_ULPS ulps ≤ 2·EXPONENTIAL_ULPS·u, u = 2⁻²⁴. Sum, quotient,
    /// difference from the target and division by the batch add at most K + 4 roundings of numbers below 1.
    fn tolerance() -> f64 {
        let u = 2f64.powi(-24);
        let exponential = (20.0 + 2.0 * EXPONENTIAL_ULPS) * u;
        // Numerator and denominator may err in opposite directions.
        2.0 * exponential * 1.01 + (CLASSES + 4) as f64 * u * 1.01
    }

    /// The definition over `f64` judges it, whose own rounding is 2⁻²⁹ of what is allowed here.
    #[test]
    fn cross_entropy_is_as_defined() {
        let (scores, labels) = (scores(), [3, 0, 9, IGNORED, 5, 1, 2]);
        let uneven: Vec<f32> = (0..CLASSES).map(|class| (class % 4) as f32 / 2.0).collect();
        for instructions in InstructionSet::available() {
            for (smoothing, class_weights) in
                [(0.0_f32, &[][..]), (0.125, &[]), (0.0, &uneven), (0.125, &uneven), (1.0, &uneven)]
            {
                let definition = CrossEntropy::<f64>::new()
                    .smoothing(f64::from(smoothing))
                    .class_weights(class_weights.iter().map(|&weight| f64::from(weight)).collect::<Vec<_>>());
                // As if four samples more were in the batch.
                let total = definition.total_weight(&labels) + 4.0;
                let rows = Array2::from_shape_fn((labels.len(), CLASSES), |(lane, class)| {
                    f64::from(scores[class * LANES + lane])
                });
                let mut expected = Array2::zeros(rows.dim());
                definition.gradient(rows.view(), &labels, &total, expected.view_mut()).unwrap();
                let expected_loss: f64 = definition.values(rows.view(), &labels).unwrap().iter().sum();

                let mut gradient = vec![f32::NAN; scores.len()];
                let targets = Targets { labels: &labels, smoothing, class_weights, total };
                let found = cross_entropy(instructions, &scores, targets, &mut gradient);
                // Weights are at most 3/2, and T as well.
                let allowed = 1.5 * tolerance();
                for lane in 0..LANES {
                    for class in 0..CLASSES {
                        let slope = f64::from(gradient[class * LANES + lane]);
                        match labels.get(lane) {
                            Some(_) => assert!((slope - expected[[lane, class]]).abs() <= allowed / total),
                            None => assert_eq!(slope, 0.0),
                        }
                    }
                }
                assert!((0..CLASSES).all(|class| gradient[class * LANES + 3] == 0.0), "lane 3 is ignored");
                // The logarithm of the sum has the sum's relative error as absolute error; ε/K is rounded and
                // multiplied by K scores of at most 11.
                let allowed = 1.5 * labels.len() as f64 * (tolerance() + 11.0 * 2f64.powi(-24));
                assert!((found.loss - expected_loss).abs() <= allowed, "{} {expected_loss}", found.loss);
                let wrong = labels.iter().enumerate().filter(|&(_, &label)| label != IGNORED);
                let greatest = |lane: usize| {
                    (0..CLASSES).fold(
                        0,
                        |best, class| if rows[[lane, class]] > rows[[lane, best]] { class } else { best },
                    )
                };
                let wrong = wrong.filter(|&(lane, &label)| greatest(lane) != label).count();
                assert!(found.mistakes == wrong && wrong > 0);
            }
        }
    }

    #[test]
    fn probabilities_add_up_to_one_and_large_scores_do_not_overflow() {
        for instructions in InstructionSet::available() {
            let mut scores = scores();
            scores[0] = 1e30;
            softmax(instructions, CLASSES, &mut scores);
            for lane in 0..LANES {
                let sum: f64 = (0..CLASSES).map(|k| f64::from(scores[k * LANES + lane])).sum();
                // The denominator is the rounded sum of K numbers, each quotient is rounded.
                assert!((sum - 1.0).abs() <= (CLASSES + 1) as f64 * 2f64.powi(-24));
            }
            assert_eq!(scores[0], 1.0);
        }
    }

    /// Two places give what each gives alone, and the gradient is its formula: e^0 : e^0 are equal shares, so
    /// ½·(dy − mean of dy).
    #[test]
    fn softmax_at_several_places() {
        for instructions in InstructionSet::available() {
            let first: Vec<f32> = scores()[..4 * LANES].to_vec();
            let second: Vec<f32> = scores()[4 * LANES..8 * LANES].to_vec();
            let both: Vec<f32> = (0..4 * LANES)
                .collect::<Vec<_>>()
                .chunks(LANES)
                .flat_map(|lanes| [&first, &second].map(|place| place[lanes[0]..][..LANES].to_vec()).concat())
                .collect();
            let (mut first, mut second, mut both) = (first, second, both);
            softmax(instructions, 4, &mut both);
            softmax(instructions, 4, &mut first);
            softmax(instructions, 4, &mut second);
            for (i, lanes) in both.chunks(LANES).enumerate() {
                let alone = if i % 2 == 0 { &first } else { &second };
                assert_eq!(lanes, &alone[i / 2 * LANES..][..LANES]);
            }
            // Channels of two places: shares ½, gradients (1, 5) at the first and (2, −2) at the second.
            let mut gradient = [[1.0; LANES], [2.0; LANES], [5.0; LANES], [-2.0; LANES]].concat();
            softmax_gradient(instructions, 2, &[0.5; 4 * LANES], &mut gradient);
            assert_eq!(gradient, [[-1.0; LANES], [1.0; LANES], [1.0; LANES], [-1.0; LANES]].concat());
        }
    }

    #[test]
    fn mean_square_by_hand() {
        for instructions in InstructionSet::available() {
            let mut gradient = vec![f32::NAN; 2 * LANES];
            let (outputs, target) =
                ([[3.0; LANES], [1.0; LANES]].concat(), |output: usize, _| [1.0, 2.0][output]);
            let loss = mean_square(instructions, &outputs, target, 3, 4.0, &mut gradient);
            // Each sample: (2² + 1²)/2; slopes 2·2/(4·2) and −2/(4·2).
            assert_eq!(loss, 3.0 * 2.5);
            let lanes = |slope: f32| [[slope; 3].to_vec(), vec![0.0; 13]].concat();
            assert_eq!(gradient, [lanes(0.5), lanes(-0.25)].concat());
        }
    }

    #[test]
    #[should_panic(expected = "label 10 is none of 10 classes")]
    fn labels_are_classes() {
        let targets = Targets { labels: &[10], smoothing: 0.0, class_weights: &[], total: 1.0 };
        cross_entropy(InstructionSet::best(), &scores(), targets, &mut scores());
    }
}
