//! The rounding noise of a black box, whatever precision it works in.
//!
//! A function that rounds computes f(x) + ρ(x), where f is what it means and ρ is as good as random: it
//! takes another value as soon as x moves by more than the rounding inside can resolve. Along a line x +
//! t·d the *difference*
//!
//! > s = [F(x + 4h·d) − F(x)] − 4·[F(x + h·d) − F(x)]
//!
//! takes away whatever f does in proportion to h and leaves (1² + 4² + 3²)·σ² = 26·σ² of the variance of ρ,
//! and terms in h² (J. J. Moré, S. M. Wild, *Estimating computational noise*, SIAM J. Sci. Comput. 33,
//! 2011, do this with higher differences). So h grows from one unit roundoff of the type by factors of 4,
//! with [`LINES`] lines for each step, until the output moves in proportion, |s| ≤ ¼·|F(x + 4h·d) − F(x)|:
//!
//! - below the unit in which the function works its output stays where it is, or jumps, and the step grows;
//! - in proportion means that the move is some five times the noise, so that all roundings inside took new
//!   values, while h is still so small that curvature and kinks are below the noise. If it is lost at the
//!   next step, |s| > ½·|move|, other than by a kink, it was luck, and the search goes on.
//!
//! The noise σ is the largest root mean square of s/√26 up to that step. Where most lines are in proportion
//! and some are not, the line where s is largest is looked at more closely, see [`kink`](super::kink): if
//! it is a *kink* (of a maximum, an absolute value, the length of a vector), then of each entry the
//! [`LEFT_OUT`] lines on which it differs most are left out. The others are the m = 16 smallest of n = 20
//! squares; of normal noise such numbers lie below the quantile z of probability m/n, and their mean square
//! is 1 − 2zφ(z)·n/m of the variance, with the density φ. Noise that is larger on some lines is none that
//! shrinks when it is looked at closely, and is not left out. Since steps are relative to each entry, an
//! input that cannot be told from x in the type counts as noise too: σ is at least what rounding x once
//! does.
//!
//! After that, and up to steps of 1/16, the function is watched, for a part of it may round more coarsely
//! (a branch in half precision beside one in single). Two things tell. A *jump*: a difference 8 times as
//! large as the steepest slope so far explains; the search begins anew there. A *hump*: the output stops
//! moving in proportion, |s| > ½·|move|, and at longer steps does so again, |s| ≤ ⅛·|move|. Curvature never
//! does that, for its share grows with the step, but a kink may: where one entry of the output passes it on
//! one line, s is as large as the move, and later it is left behind. So the line where s is largest is
//! looked at again, and a kink is no hump.
//!
//! A function that never moves in proportion (chaotic, random, a staircase) has the largest difference of
//! all steps as its noise, or, if |s| ≤ ½·|move| from some step on, the largest up to there: coarse
//! roundings, of eight bits or in deep networks in half precision, leave no step that is long enough and
//! not yet curved.
//!
//! Where kinks lie closer than some five noises (the order of 64 numbers in half precision), there is no
//! step between both, and the function is found too noisy.
//!
//! Each channel has its own step and its own noise: the largest over its entries. Cost: 40 evaluations for
//! the first step and 20 for each further one, until the noise is found, then 8 for each step: altogether
//! some 140 to 230 evaluations in f32 and 250 to 500 in f64, and 51 for each suspected kink, of which there
//! are at most [`LOOKS`] at each step.

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;

use super::function::Float;
use super::kink::is_kink;
use super::measure_error::{MeasureError, Place};
use super::runner::{Runner, direction, perturbed};

/// Lines along which the noise is looked for: the degrees of freedom of the estimate.
pub(super) const LINES: usize = 20;
/// Lines that are left out where there are kinks: a fifth.
const LEFT_OUT: usize = 4;
/// 1/√(1 − 2zφ(z)/0.8) with z = 1.28155: what leaving out makes of a root mean square.
const MOST: f64 = 1.511_5;
/// Lines that watch for a coarser rounding once the noise is found.
const WATCHING: usize = 8;
/// √(1² + 4² + 3²): the noise of a difference, in noises of an output.
const DIFFERENCE: f64 = 5.099_019_513_592_785;
/// A difference that is so many times as large as the steepest slope explains is a jump. Along a line of a
/// continuous function with slopes up to L both terms of a difference are at most 4h·L; a factor of four is
/// left for slopes that were not seen yet.
const JUMP: f64 = 8.0;
/// Channels in which a hump is looked at closely, at each step.
const LOOKS: usize = 8;
/// The longest step is four times this.
const LONGEST: f64 = 1.0 / 16.0;

/// The outputs as the noise is looked for: each entry in units of the size of its channel.
pub(super) struct Field<'a, T> {
    pub(super) inputs: &'a [ArrayD<T>],
    pub(super) outputs: &'a [ArrayD<T>],
    /// The channel of each entry.
    pub(super) channels: &'a [usize],
    /// The size of each channel.
    pub(super) sizes: &'a [f64],
    /// Channels that need not be looked at.
    pub(super) constant: &'a [bool],
}

/// The noise of one channel, relative to its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelNoise {
    /// The standard deviation of an output.
    pub(super) sigma: f64,
    /// How far the output moves, divided by the relative step of the input; 0 if it never moved in
    /// proportion.
    pub(super) slope: f64,
    /// The same for the line and entry where it is largest.
    steepest: f64,
    /// The search for the step goes on.
    searching: bool,
    /// The largest differences of this search, of all lines and of most.
    of_all: f64,
    of_most: f64,
    /// The step was the last one: the next must not lose it.
    just_found: bool,
    /// The largest difference since the output stopped moving in proportion.
    hump: f64,
    /// Noise and slope where the output first moved nearly in proportion.
    nearly: Option<(f64, f64)>,
}

/// A line x + t·d, and the output at the last place looked at.
struct Line {
    input: usize,
    direction: ArrayD<f32>,
    last: Option<(f64, Vec<f64>)>,
}

/// An entry in units of the size of its channel, as a number whose square is finite.
pub(super) fn scaled<T: Float>(entry: T, size: f64) -> f64 {
    let entry: f64 = entry.into();
    // Where all of a channel was 0, whatever is not stands out.
    if size == 0.0 && entry != 0.0 {
        entry.signum()
    } else {
        (entry / size.max(f64::MIN_POSITIVE * f64::EPSILON)).clamp(-1e100, 1e100)
    }
}

impl<T: Float> Field<'_, T> {
    /// The noise of each channel. `unit` is the first step.
    ///
    /// # Errors
    /// If the function fails or its output is not finite or changes its shape.
    pub(super) fn noise(
        &self,
        runner: &Runner<'_, T>,
        unit: f64,
        random: &mut ChaCha8Rng,
    ) -> Result<Vec<ChannelNoise>, MeasureError> {
        let mut lines = self.lines(random);
        let mut channels: Vec<ChannelNoise> = (self.constant.iter())
            .map(|&constant| ChannelNoise {
                sigma: 0.0,
                slope: 0.0,
                steepest: 0.0,
                just_found: false,
                hump: 0.0,
                nearly: None,
                searching: !constant,
                of_all: 0.0,
                of_most: 0.0,
            })
            .collect();
        let mut step = unit;
        while step <= LONGEST {
            let used = if channels.iter().any(|channel| channel.searching) { LINES } else { WATCHING };
            let mut seen = self.step(runner, &mut lines[..used], step)?;
            let suspected: Vec<usize> = (0..seen.len())
                .filter(|&channel| !self.constant[channel] && channels[channel].suspects_kink(&seen[channel]))
                .take(LOOKS)
                .collect();
            for channel in suspected {
                let Some((line, entry)) = seen[channel].worst else { continue };
                let Line { input, direction, .. } = &lines[line];
                let values = |distances: &[f64]| {
                    let inputs: Vec<_> = distances
                        .iter()
                        .map(|&distance| perturbed(&self.inputs[*input], distance, direction))
                        .collect();
                    let outputs = runner.outputs(&inputs, |_| Place::perturbed(*input))?;
                    let size = self.sizes[channel];
                    Ok(outputs
                        .iter()
                        .map(|y| y.iter().nth(entry).map_or(0.0, |&y| scaled(y, size)))
                        .collect())
                };
                let of_most = channels[channel].of_most.max(seen[channel].difference_of_most) / DIFFERENCE;
                let known = if channels[channel].searching { of_most } else { channels[channel].sigma };
                let sigma = known.max(unit);
                seen[channel].kink = is_kink(values, 4.0 * step, sigma)?;
            }
            for ((channel, seen), &constant) in channels.iter_mut().zip(&seen).zip(self.constant) {
                if !constant {
                    channel.learn(seen, step);
                }
            }
            step *= 4.0;
        }
        channels.iter_mut().for_each(ChannelNoise::end);
        Ok(channels)
    }

    fn lines(&self, random: &mut ChaCha8Rng) -> Vec<Line> {
        // In turn through the inputs, so that those that watch have different ones.
        (0..LINES)
            .map(|line| {
                let input = line % self.inputs.len();
                let direction = direction(&self.inputs[input], 4.0 * LONGEST, random);
                Line { input, direction, last: None }
            })
            .collect()
    }

    fn scaled(&self, output: &ArrayD<T>) -> Vec<f64> {
        let entries = output.iter().zip(self.channels);
        entries.map(|(&entry, &channel)| scaled(entry, self.sizes[channel])).collect()
    }

    /// What is seen of each channel at one step.
    fn step(&self, runner: &Runner<'_, T>, lines: &mut [Line], step: f64) -> Result<Vec<Seen>, MeasureError> {
        self.walk(runner, lines, step)?;
        let near: Vec<Vec<f64>> = lines
            .iter_mut()
            .map(|line| line.last.take().map(|(_, output)| output).unwrap_or_default())
            .collect();
        self.walk(runner, lines, 4.0 * step)?;
        let mut seen = vec![Seen::default(); self.sizes.len()];
        let entries = self.channels.len();
        let bases: Vec<Vec<f64>> = self.outputs.iter().map(|output| self.scaled(output)).collect();
        let (mut differences, mut moves) =
            (vec![Squares::default(); entries], vec![Squares::default(); entries]);
        for (number, (line, near)) in lines.iter().zip(&near).enumerate() {
            let Some((_, far)) = &line.last else { unreachable!("each line was just walked") };
            let places = bases[line.input].iter().zip(near).zip(far).zip(self.channels);
            for (entry, (((&start, &near), &far), &channel)) in places.enumerate() {
                let (one, four) = (near - start, far - start);
                let difference = four - 4.0 * one;
                differences[entry].add(difference.powi(2));
                moves[entry].add(four.powi(2));
                let seen = &mut seen[channel];
                if difference.abs() > seen.largest_difference {
                    (seen.largest_difference, seen.worst) = (difference.abs(), Some((number, entry)));
                }
                seen.largest_move = seen.largest_move.max(four.abs());
            }
        }
        for ((difference, moved), &channel) in differences.iter().zip(&moves).zip(self.channels) {
            let seen = &mut seen[channel];
            seen.difference = seen.difference.max(difference.all(lines.len()));
            seen.moved = seen.moved.max(moved.all(lines.len()));
            seen.difference_of_most = seen.difference_of_most.max(difference.of_most(lines.len()));
            seen.move_of_most = seen.move_of_most.max(moved.of_most(lines.len()));
        }
        Ok(seen)
    }

    /// Evaluates the function at this distance along every line that is not there yet.
    fn walk(&self, runner: &Runner<'_, T>, lines: &mut [Line], distance: f64) -> Result<(), MeasureError> {
        let missing: Vec<usize> = (0..lines.len())
            .filter(|&line| lines[line].last.as_ref().is_none_or(|(at, _)| *at != distance))
            .collect();
        let inputs: Vec<ArrayD<T>> = (missing.iter())
            .map(|&line| perturbed(&self.inputs[lines[line].input], distance, &lines[line].direction))
            .collect();
        let place = |position: usize| Place::perturbed(lines[missing[position]].input);
        let outputs = runner.outputs(&inputs, place)?;
        for (&line, output) in missing.iter().zip(outputs) {
            let expected = self.outputs[lines[line].input].shape();
            if output.shape() != expected {
                return Err(MeasureError::Shape {
                    place: Place::perturbed(lines[line].input),
                    expected: expected.to_vec(),
                    found: output.shape().to_vec(),
                });
            }
            lines[line].last = Some((distance, self.scaled(&output)));
        }
        Ok(())
    }
}

/// Squares of one entry on each line, the largest apart.
#[derive(Clone, Copy, Default)]
struct Squares {
    sum: f64,
    largest: [f64; LEFT_OUT],
}

impl Squares {
    fn add(&mut self, mut square: f64) {
        for largest in &mut self.largest {
            if square > *largest {
                std::mem::swap(&mut square, largest);
            }
        }
        self.sum += square;
    }

    /// The root mean square.
    fn all(&self, lines: usize) -> f64 {
        ((self.sum + self.largest.iter().sum::<f64>()) / lines as f64).sqrt()
    }

    /// The same without the largest, as it would be of normal numbers; of a few lines that of all.
    fn of_most(&self, lines: usize) -> f64 {
        if lines < LINES { self.all(lines) } else { MOST * (self.sum / (LINES - LEFT_OUT) as f64).sqrt() }
    }
}

/// A channel at one step: the differences, and the moves by four steps, as root mean squares over the lines
/// for the entry where they are largest, and as the largest of all.
#[derive(Clone, Copy, Default)]
struct Seen {
    difference: f64,
    moved: f64,
    /// The same without the lines where an entry differs, or moves, most.
    difference_of_most: f64,
    move_of_most: f64,
    largest_difference: f64,
    largest_move: f64,
    /// The line and the entry of the largest difference.
    worst: Option<(usize, usize)>,
    /// That difference is a kink's.
    kink: bool,
}

impl Seen {
    /// The difference as a share of the move.
    fn share(&self) -> f64 {
        if self.moved > 0.0 { self.difference / self.moved } else { f64::INFINITY }
    }

    /// The same of most lines.
    fn share_of_most(&self) -> f64 {
        if self.move_of_most > 0.0 { self.difference_of_most / self.move_of_most } else { f64::INFINITY }
    }
}

impl ChannelNoise {
    /// Whether a kink may be why the output does not move in proportion: it has stopped, or it still does so
    /// on most lines.
    fn suspects_kink(&self, seen: &Seen) -> bool {
        if self.searching { seen.share() > 0.25 && seen.share_of_most() <= 0.5 } else { seen.share() > 0.5 }
    }

    fn learn(&mut self, seen: &Seen, step: f64) {
        let kinked = self.searching && seen.kink;
        let share = if kinked { seen.share_of_most() } else { seen.share() };
        let jumps = seen.largest_difference > JUMP * self.steepest * 4.0 * step;
        let lost = std::mem::take(&mut self.just_found) && share > 0.5 && !seen.kink;
        self.searching |= jumps || lost;
        if self.searching {
            self.of_all = self.of_all.max(seen.difference);
            self.of_most = self.of_most.max(seen.difference_of_most);
        } else if share > 0.5 && !seen.kink {
            self.hump = self.hump.max(seen.difference);
        } else if share <= 0.125 {
            self.sigma = self.sigma.max(self.hump / DIFFERENCE);
            self.hump = 0.0;
        }
        let difference = if kinked { self.of_most } else { self.of_all };
        let sigma = self.sigma.max(difference / DIFFERENCE);
        let slope = seen.moved / (4.0 * step);
        if share <= 0.25 {
            self.just_found = std::mem::take(&mut self.searching);
            (self.sigma, self.of_all, self.of_most) = (sigma, 0.0, 0.0);
            self.slope = self.slope.max(slope);
            self.steepest = self.steepest.max(seen.largest_move / (4.0 * step));
        } else if share > 1.0 {
            self.nearly = None;
        } else if self.searching && share <= 0.5 && self.nearly.is_none() {
            self.nearly = Some((sigma, slope));
        }
    }

    /// Once there are no longer steps: where the output moved nearly in proportion and never lost it again,
    /// that is as good as it gets.
    fn end(&mut self) {
        match self.nearly {
            Some((sigma, slope)) if self.searching => {
                (self.sigma, self.slope) = (sigma, self.slope.max(slope));
            }
            _ => self.sigma = self.sigma.max(self.of_all / DIFFERENCE),
        }
    }
}
