//! The experiment behind a measurement: one function, one group, one pair of actions.
//!
//! Cost, in evaluations of the function: two for each input, up to twelve to see how the output varies, some
//! hundreds to find its noise (see `noise`), one for each input and element; and where the symmetry is broken
//! at most 12 for each of four suspects, and 1600 to shrink the counterexample.

use ndarray::ArrayD;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::channels::Channels;
use super::counterexample::Counterexample;
use super::function::Float;
use super::judge::{Deviation, Judge};
use super::measure_error::{MeasureError, Place};
use super::measurement::{BROKEN, CONSISTENT, Doubt, Judgement, Measurement};
use super::noise::{ChannelNoise, Field};
use super::runner::{Runner, direction, not_finite, perturbed, same_bits, same_shape};
use super::seed::replay_line;
use super::shrink::shrink;
use crate::group::{FiniteGroup, Group, Subgroup};
use crate::signal::ArrayAction;

/// Random inputs.
const INPUTS: usize = 4;
/// Inputs on which it is seen how the output varies.
const VARIED: usize = 16;
/// Inputs close to a suspect, and at how many of them the error must be seen again.
const NEARBY: usize = 6;
const SEEN_AGAIN: usize = 4;
/// Suspects, the worst first.
const SUSPECTS: usize = 4;
/// Evaluations of either side to set entries to 0.
const SHRINKING: usize = 400;

/// What random numbers are drawn for.
const VALUES: u64 = 0;
const VARIATION: u64 = 1;
const LINES: u64 = 2;
const SUSPICION: u64 = 3;

/// One function, one group, one pair of actions.
pub(super) struct Experiment<'a, T, G, I, O> {
    pub(super) runner: Runner<'a, T>,
    pub(super) shape: &'a [usize],
    /// Inputs given by the caller.
    pub(super) inputs: Option<&'a [ArrayD<T>]>,
    pub(super) seed: u64,
    /// The unit roundoff of the type, or a coarser one that the caller knows.
    pub(super) unit: f64,
    pub(super) group: &'a G,
    pub(super) input: &'a I,
    pub(super) output: &'a O,
}

/// What an experiment found, with all that is needed to look further.
pub(super) struct Found<T> {
    pub(super) measurement: Measurement,
    judge: Judge,
    /// The largest ratio of each element.
    ratios: Vec<f64>,
    inputs: Vec<ArrayD<T>>,
    /// The element and the input where the symmetry is broken.
    broken: Option<(usize, usize)>,
}

/// What the elements showed.
struct Errors {
    /// Each element with its relative error where it stands out most from the noise, and how far it does.
    table: Vec<(String, f64)>,
    ratios: Vec<f64>,
    /// For every element and input, the worst first. There is at least one of each.
    deviations: Vec<(Deviation, usize, usize)>,
}

impl<T, G, I, O> Experiment<'_, T, G, I, O>
where
    T: Float,
    G: Group,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    /// Measures for these elements; `generating` are enough of them to know how outputs are mixed.
    pub(super) fn run(
        &self,
        elements: &[G::Element],
        generating: &[G::Element],
    ) -> Result<Found<T>, MeasureError> {
        let identity = self.group.identity();
        if elements.iter().all(|element| *element == identity) {
            return Err(MeasureError::NoElement);
        }
        let inputs = self.inputs()?;
        let outputs = self.twice(&inputs)?;
        let mut judge = self.judge(generating, &inputs, &outputs)?;
        let mut random = self.random(LINES);
        judge.learn(&self.noise(&judge, &inputs, &outputs, &mut random)?);
        let mut errors = self.errors(elements, &inputs, &outputs, &judge)?;
        if errors.deviations[0].0.ratio > BROKEN {
            // Before a function is said to break a symmetry, its noise is looked for along twice as many
            // lines.
            judge.learn(&self.noise(&judge, &inputs, &outputs, &mut random)?);
            errors = self.errors(elements, &inputs, &outputs, &judge)?;
        }
        let Errors { table, ratios, deviations } = errors;
        let worst = deviations[0].0;
        let noisiest = judge.noisiest();
        if noisiest.is_none() && worst.ratio <= CONSISTENT {
            return Err(MeasureError::Constant);
        }
        let mut broken = None;
        for (deviation, position, number) in deviations.iter().take(SUSPECTS) {
            let suspect = deviation.ratio > BROKEN;
            if suspect && self.seen_again(&elements[*position], *number, &inputs, deviation, &judge)? {
                broken = Some((*position, *number, *deviation));
                break;
            }
        }
        let doubt = match noisiest {
            _ if broken.is_some() => None,
            Some((channel, _)) if judge.too_noisy() > 0 => {
                Some(Doubt::TooNoisy { channel: judge.channels.name(channel), count: judge.too_noisy() })
            }
            _ if worst.ratio > BROKEN => Some(Doubt::Isolated),
            _ if worst.ratio > CONSISTENT => Some(Doubt::CloseToNoise),
            _ => None,
        };
        let told = broken.map_or(worst, |(_, _, deviation)| deviation);
        let constant = judge.constant().into_iter().enumerate().filter(|(_, constant)| *constant);
        let measurement = Measurement {
            group: self.group.name(),
            elements: table,
            relative_error: told.relative,
            noise_floor: judge.noise_floor(told.channel),
            channel: judge.channels.name(told.channel),
            detection_limit: noisiest.map_or(0.0, |(_, limit)| limit),
            unit: judge.unit(),
            channels: judge.channels.count(),
            constant_channels: constant.map(|(channel, _)| judge.channels.name(channel)).collect(),
            judgement: match (&broken, &doubt) {
                (Some(_), _) => Judgement::Broken,
                (None, Some(_)) => Judgement::Undecided,
                (None, None) => Judgement::Consistent,
            },
            doubt,
            largest: None,
            counterexample: None,
        };
        let broken = broken.map(|(position, number, _)| (position, number));
        Ok(Found { measurement, judge, ratios, inputs, broken })
    }

    /// How far the sides are from each other for every element and input.
    fn errors(
        &self,
        elements: &[G::Element],
        inputs: &[ArrayD<T>],
        outputs: &[ArrayD<T>],
        judge: &Judge,
    ) -> Result<Errors, MeasureError> {
        let identity = self.group.identity();
        let mut errors = Errors { table: Vec::new(), ratios: Vec::new(), deviations: Vec::new() };
        for (position, element) in elements.iter().enumerate() {
            let lefts = self.moved_outputs(element, inputs)?;
            let mut worst: Option<Deviation> = None;
            for (number, (left, output)) in lefts.iter().zip(outputs).enumerate() {
                let place = Place::moved(number, element);
                if *element == identity {
                    same_bits(output, left, &place)?;
                }
                let right = self.moved(element, output)?;
                same_shape(left, &right, place)?;
                let deviation = judge.deviation(left, &right);
                errors.deviations.push((deviation, position, number));
                if worst.is_none_or(|worst| deviation.ratio > worst.ratio) {
                    worst = Some(deviation);
                }
            }
            let worst = worst.ok_or(MeasureError::NoInputs)?;
            errors.ratios.push(worst.ratio);
            errors.table.push((element.to_string(), worst.relative));
        }
        errors.deviations.sort_by(|a, b| b.0.ratio.total_cmp(&a.0.ratio));
        Ok(errors)
    }

    fn inputs(&self) -> Result<Vec<ArrayD<T>>, MeasureError> {
        let Some(inputs) = self.inputs else {
            let mut random = self.random(VALUES);
            return Ok((0..INPUTS).map(|_| self.random_input(&mut random)).collect());
        };
        if inputs.is_empty() {
            return Err(MeasureError::NoInputs);
        }
        for (number, input) in inputs.iter().enumerate() {
            if input.shape() != self.shape {
                let (expected, found) = (self.shape.to_vec(), input.shape().to_vec());
                return Err(MeasureError::InputShape { input: number, expected, found });
            }
            if let Some((index, value)) = not_finite(input) {
                return Err(MeasureError::InputNotFinite { input: number, index, value });
            }
        }
        Ok(inputs.to_vec())
    }

    fn random_input(&self, random: &mut ChaCha8Rng) -> ArrayD<T> {
        let uniform = || T::from(random.random_range(-1.0..=1.0_f64)).unwrap_or_else(T::zero);
        ArrayD::from_shape_simple_fn(self.shape.to_vec(), uniform)
    }

    /// f(x) for each input, which must be the same twice and of one shape. The second time the inputs come in
    /// the opposite order, so that the distance between both calls differs and no period of a hidden state
    /// fits.
    fn twice(&self, inputs: &[ArrayD<T>]) -> Result<Vec<ArrayD<T>>, MeasureError> {
        let first = self.runner.raw(inputs, Place::at)?;
        let reversed: Vec<ArrayD<T>> = inputs.iter().rev().cloned().collect();
        let mut second = self.runner.raw(&reversed, |number| Place::at(inputs.len() - 1 - number))?;
        second.reverse();
        for (number, (a, b)) in first.iter().zip(&second).enumerate() {
            same_bits(a, b, &Place::at(number))?;
            if let Some((index, value)) = not_finite(a) {
                return Err(MeasureError::NotFinite { place: Place::at(number), index, value });
            }
            same_shape(a, &first[0], Place::at(number))?;
        }
        Ok(first)
    }

    /// The channels, how much they vary, and their noise.
    fn judge(
        &self,
        generating: &[G::Element],
        inputs: &[ArrayD<T>],
        outputs: &[ArrayD<T>],
    ) -> Result<Judge, MeasureError> {
        let mut random = self.random(VARIATION);
        let missing = VARIED.saturating_sub(inputs.len());
        let others: Vec<ArrayD<T>> = (0..missing)
            .map(|number| {
                if self.inputs.is_none() {
                    return self.random_input(&mut random);
                }
                // Each entry of given inputs times a random factor: zeros, signs and range stay.
                let input = &inputs[number % inputs.len()];
                perturbed(input, 1.0, &direction(input, 1.0, &mut random))
            })
            .collect();
        let place = |number: usize| Place::perturbed(number % inputs.len());
        let mut varied = self.runner.outputs(&others, place)?;
        for (number, output) in varied.iter().enumerate() {
            same_shape(output, &outputs[0], place(number))?;
        }
        varied.extend(outputs.iter().cloned());
        let channels = Channels::new(self.group, self.output, generating, outputs[0].shape())
            .map_err(|source| MeasureError::Action { side: "output", source })?;
        Ok(Judge::new(channels, &varied, self.unit))
    }

    fn noise(
        &self,
        judge: &Judge,
        inputs: &[ArrayD<T>],
        outputs: &[ArrayD<T>],
        random: &mut ChaCha8Rng,
    ) -> Result<Vec<ChannelNoise>, MeasureError> {
        let (sizes, constant) = (judge.sizes(), judge.constant());
        let field =
            Field { inputs, outputs, channels: judge.of_entries(), sizes: &sizes, constant: &constant };
        field.noise(&self.runner, self.unit, random)
    }

    /// A generator of its own for each purpose, so that one draw more here changes nothing there.
    fn random(&self, purpose: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(purpose);
        random
    }

    fn moved_input(&self, element: &G::Element, x: &ArrayD<T>) -> Result<ArrayD<T>, MeasureError> {
        let moved = self.input.try_act(self.group, element, x.view());
        moved.map_err(|source| MeasureError::Action { side: "input", source })
    }

    /// g ▷ y.
    fn moved(&self, element: &G::Element, y: &ArrayD<T>) -> Result<ArrayD<T>, MeasureError> {
        let moved = self.output.try_act(self.group, element, y.view());
        moved.map_err(|source| MeasureError::Action { side: "output", source })
    }

    /// f(g ▷ x) for each input.
    fn moved_outputs(
        &self,
        element: &G::Element,
        inputs: &[ArrayD<T>],
    ) -> Result<Vec<ArrayD<T>>, MeasureError> {
        let moved = inputs.iter().map(|x| self.moved_input(element, x)).collect::<Result<Vec<_>, _>>()?;
        self.runner.outputs(&moved, |number| Place::moved(number, element))
    }

    /// f(g ▷ x) and g ▷ f(x).
    fn sides(
        &self,
        element: &G::Element,
        x: &ArrayD<T>,
        place: &Place,
    ) -> Result<(ArrayD<T>, ArrayD<T>), MeasureError> {
        let pair = [x.clone(), self.moved_input(element, x)?];
        let mut outputs = self.runner.outputs(&pair, |_| place.clone())?;
        let (Some(left), Some(result)) = (outputs.pop(), outputs.pop()) else {
            unreachable!("two outputs for two inputs")
        };
        let right = self.moved(element, &result)?;
        same_shape(&left, &right, place.clone())?;
        Ok((left, right))
    }

    /// Whether the error is seen at most inputs close by: what breaks a symmetry is seen around a point, a
    /// rounding at a jump is not.
    fn seen_again(
        &self,
        element: &G::Element,
        number: usize,
        inputs: &[ArrayD<T>],
        deviation: &Deviation,
        judge: &Judge,
    ) -> Result<bool, MeasureError> {
        let mut random = self.random(SUSPICION);
        let step = judge.nearby(deviation.channel);
        let place = Place { perturbed: true, ..Place::moved(number, element) };
        let mut seen = 0;
        for _ in 0..NEARBY {
            let x = &inputs[number];
            let x = perturbed(x, step, &direction(x, step, &mut random));
            let (left, right) = self.sides(element, &x, &place)?;
            seen += usize::from(judge.deviation_in(deviation.channel, &left, &right).ratio > BROKEN);
        }
        Ok(seen >= SEEN_AGAIN)
    }

    /// The smallest input that was found on which the symmetry is broken.
    pub(super) fn counterexample(
        &self,
        elements: &[G::Element],
        found: &Found<T>,
    ) -> Result<Option<Counterexample>, MeasureError> {
        let Some((position, number)) = found.broken else { return Ok(None) };
        let element = &elements[position];
        let place = Place { perturbed: true, ..Place::moved(number, element) };
        let mut values = [found.inputs[number].clone()];
        let one = T::one();
        shrink(&mut values, SHRINKING, &[one, -one], |values| {
            // An input on which the function misbehaves is no simpler counterexample to its symmetry.
            let sides = self.sides(element, &values[0], &place);
            Ok(sides.is_ok_and(|(left, right)| found.judge.is_broken(&left, &right)))
        })?;
        let [x] = values;
        let (left, right) = self.sides(element, &x, &place)?;
        let wide = |array: ArrayD<T>| array.mapv(Into::<f64>::into).into();
        Ok(Some(Counterexample {
            shape: String::new(),
            element: Some(element.to_string()),
            inputs: vec![("x".to_owned(), wide(x))],
            left: wide(left),
            right: wide(right),
            replay: replay_line(self.seed),
        }))
    }
}

impl<T, G, I, O> Experiment<'_, T, G, I, O>
where
    T: Float,
    G: FiniteGroup,
    I: ArrayAction<G>,
    O: ArrayAction<G>,
{
    /// The subgroup under which the symmetry is not broken; `None` where errors close to the noise make a set
    /// of elements that is no subgroup. Elements that were not measured are tried on the first input.
    pub(super) fn preserved(
        &self,
        elements: &[G::Element],
        found: &Found<T>,
    ) -> Result<Option<String>, MeasureError> {
        let all_measured = elements.len() as u128 == self.group.order();
        let mut preserved = Vec::new();
        for (position, element) in self.group.elements().enumerate() {
            let broken = if all_measured {
                found.ratios[position] > BROKEN
            } else {
                let (left, right) = self.sides(&element, &found.inputs[0], &Place::moved(0, &element))?;
                found.judge.is_broken(&left, &right)
            };
            if !broken {
                preserved.push(element);
            }
        }
        Ok(Subgroup::new(self.group, preserved).ok().map(|subgroup| self.group.describe_subgroup(&subgroup)))
    }
}
