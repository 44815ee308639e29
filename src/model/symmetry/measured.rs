//! Measurements: the error of a symmetry in floats, beside the rounding noise of the model.
//!
//! The model is run on floats that are rounded to the types of its tensors. The error of a tensor is the
//! greatest difference between its values on the moved input and the moved values, over the greatest of its
//! values, with the motion that makes it least: unchanged, or moved as the input is, in both cases with
//! channels matched with their nearest. The noise is the greatest difference from the run in `f64`, over the
//! same.

use std::sync::Arc;

use ndarray::{Array1, ArrayD};

use super::super::run::{Prepared, RunError};
use super::super::{Floats, Program, Trace};
use super::exact::Moving;
use super::motion::{Motion, gather};
use super::twin::{Twin, channel_axes};

/// Slices along an axis beyond which channels are not matched.
const MOST_CHANNELS: usize = 1024;
/// Entries of a slice that are compared to find its nearest.
const SAMPLES: usize = 24;

/// A model with its values on given inputs.
pub(in crate::model) struct Meter<'p> {
    program: &'p Program,
    prepared: Prepared<'p, Floats>,
    inputs: Vec<ArrayD<f64>>,
    trace: Trace<f64>,
    /// The relative rounding noise of the outputs.
    pub(in crate::model) noise: f64,
}

impl<'p> Meter<'p> {
    pub(in crate::model) fn new(program: &'p Program, inputs: Vec<ArrayD<f64>>) -> Result<Self, RunError> {
        let prepared = program.prepare(&Floats::of_the_model());
        let trace = prepared.run(&inputs)?;
        let exact = program.outputs(&Floats::double(), &inputs)?;
        let noise = program.outputs.iter().zip(&exact).map(|(&slot, exact)| relative(&trace[slot], exact));
        let noise = noise.fold(0.0, greatest);
        Ok(Meter { program, prepared, inputs, trace, noise })
    }

    /// The values of all tensors on the moved inputs.
    pub(in crate::model) fn moved(
        &self,
        moving: &Moving,
        motion: &Motion,
    ) -> Result<Option<Trace<f64>>, RunError> {
        let Some(inputs) = moving.apply(motion, &self.inputs) else { return Ok(None) };
        self.prepared.run(&inputs).map(Some)
    }

    /// The error of a tensor, and the motion that makes it least.
    pub(in crate::model) fn error(
        &self,
        moving: &Moving,
        motion: &Motion,
        moved: &Trace<f64>,
        slot: usize,
    ) -> (Twin, f64) {
        nearest(motion, &moving.own, &self.trace[slot], &moved[slot])
    }

    /// The error of a tensor, where its motion is known.
    pub(in crate::model) fn error_of(&self, twin: &Twin, moved: &Trace<f64>, slot: usize) -> f64 {
        match twin.sources() {
            Some(sources) => relative(&gather(&self.trace[slot], &sources), &moved[slot]),
            None => f64::NAN,
        }
    }

    /// The [`gap`] of the outputs.
    pub(in crate::model) fn gap(&self, moved: &Trace<f64>) -> f64 {
        gap(self.program.outputs.iter().map(|&slot| (&*self.trace[slot], &*moved[slot])))
    }

    /// The values of an output on the inputs that are not moved.
    pub(in crate::model) fn output(&self, number: usize) -> &Arc<ArrayD<f64>> {
        &self.trace[self.program.outputs[number]]
    }
}

/// The greater number, NaN if one is.
pub(in crate::model) fn greatest(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The greatest difference over the greatest value; 0 where all are equal.
pub(in crate::model) fn relative(expected: &ArrayD<f64>, found: &ArrayD<f64>) -> f64 {
    let [expected, found] =
        [expected, found].map(|array| array.as_slice().expect("values are in standard layout"));
    let differences = expected.iter().zip(found).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() });
    let difference = differences.fold(0.0, greatest);
    let magnitude = expected.iter().chain(found).map(|value| value.abs()).fold(0.0, greatest);
    if difference == 0.0 { 0.0 } else { difference / magnitude }
}

/// The greatest difference of the sorted values of two arrays, over the greatest value: 0 if a permutation of
/// its entries explains each pair.
pub(in crate::model) fn gap<'a>(pairs: impl Iterator<Item = (&'a ArrayD<f64>, &'a ArrayD<f64>)>) -> f64 {
    pairs.map(|(before, after)| relative(&sorted(before), &sorted(after))).fold(0.0, f64::max)
}

/// The values in order, from the least to the greatest.
fn sorted(array: &ArrayD<f64>) -> ArrayD<f64> {
    let mut list: Vec<f64> = array.iter().copied().collect();
    list.sort_by(f64::total_cmp);
    Array1::from_vec(list).into_dyn()
}

/// The motion with which the values after are nearest to those before, and the error.
pub(in crate::model) fn nearest(
    motion: &Motion,
    own: &[usize],
    before: &ArrayD<f64>,
    after: &ArrayD<f64>,
) -> (Twin, f64) {
    let shape = before.shape();
    let unchanged = Twin::unchanged(shape);
    let mut best = (unchanged.clone(), relative(before, after));
    if best.1 == 0.0 {
        return best;
    }
    let mut candidates = vec![(None, before.clone())];
    for motion in motion.transported(own, shape) {
        if let Some(moved) = motion.apply(before) {
            candidates.insert(candidates.len() - 1, (Some(motion), moved));
        }
    }
    let mut offer = |twin: Twin, error: f64| {
        if error < best.1 || best.1.is_nan() {
            best = (twin, error);
        }
    };
    for (motion, moved) in &candidates {
        offer(Twin { motion: motion.clone(), ..unchanged.clone() }, relative(moved, after));
    }
    for (motion, moved) in candidates {
        let fixed = motion.as_ref().map_or_else(Vec::new, Motion::axes);
        for axis in channel_axes(shape).filter(|axis| !fixed.contains(axis) && shape[*axis] <= MOST_CHANNELS)
        {
            let images = match_nearest(&moved, after, axis);
            let permuted = Motion::Permute { axis, images: images.clone() };
            let Some(sources) = permuted.sources(shape) else { continue };
            let error = relative(&gather(&moved, &sources), after);
            offer(
                Twin { motion: motion.clone(), channels: Some((axis, images)), ..unchanged.clone() },
                error,
            );
        }
    }
    best
}

/// For each slice of `after` the nearest of `before` that is left.
fn match_nearest(before: &ArrayD<f64>, after: &ArrayD<f64>, axis: usize) -> Vec<usize> {
    let samples = |array: &ArrayD<f64>| -> Vec<Vec<f64>> {
        let list = array.as_slice().expect("values are in standard layout");
        let (extent, inner) = (array.shape()[axis], array.shape()[axis + 1..].iter().product::<usize>());
        let count = list.len() / extent.max(1);
        let step = count.div_ceil(SAMPLES).max(1);
        // The entry of a slice, of `inner` neighbours at a time.
        let place = |slice: usize, entry: usize| (entry / inner * extent + slice) * inner + entry % inner;
        let of_slice = |slice| (0..count).step_by(step).map(|entry| list[place(slice, entry)]).collect();
        (0..extent).map(of_slice).collect()
    };
    let (before, after) = (samples(before), samples(after));
    let mut is_free = vec![true; before.len()];
    let choose = |(place, slice): (usize, &Vec<f64>)| {
        // The place itself comes first, so that equal slices stay.
        let others = (0..before.len()).filter(|&other| other != place);
        let (mut least, mut chosen) = (f64::INFINITY, None);
        for other in std::iter::once(place).chain(others).filter(|&other| is_free[other]) {
            let distance = distance_below(&before[other], slice, least);
            if distance.is_some() || chosen.is_none() {
                (least, chosen) = (distance.unwrap_or(least), Some(other));
            }
        }
        let chosen = chosen.unwrap_or(place);
        is_free[chosen] = false;
        chosen
    };
    after.iter().enumerate().map(choose).collect()
}

/// The greatest difference of two lists, if it is less than this.
fn distance_below(a: &[f64], b: &[f64], least: f64) -> Option<f64> {
    let mut greatest = 0.0;
    for (a, b) in a.iter().zip(b) {
        if greatest >= least {
            return None;
        }
        greatest = (a - b).abs().max(greatest);
    }
    (greatest < least).then_some(greatest)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::*;

    #[test]
    fn the_nearest_motion_is_found_in_noise() {
        let array = ArrayD::from_shape_fn(IxDyn(&[1, 3, 4, 4]), |index| {
            ((index[1] * 16 + index[2] * 4 + index[3]) as f64 * 0.7).sin()
        });
        let quarter = Motion::Turn { axes: vec![2, 3], from: vec![1, 0], reversed: vec![false, true] };
        let channels = Motion::Permute { axis: 1, images: vec![1, 2, 0] };
        let after =
            channels.apply(&quarter.apply(&array).unwrap()).unwrap().mapv(|value| value * (1.0 + 1e-7));
        let (twin, error) = nearest(&quarter, &[1, 1, 4, 4], &array, &after);
        assert_eq!(twin.to_string(), "turned along axes 2 and 3, channels permuted (0 1 2)");
        assert!(error > 0.0 && error < 1.1e-7, "{error}");
    }

    #[test]
    fn infinities_are_equal_to_themselves() {
        let a = ArrayD::from_elem(IxDyn(&[2]), f64::INFINITY);
        assert_eq!(relative(&a, &a), 0.0);
        assert!(relative(&a, &ArrayD::from_elem(IxDyn(&[2]), f64::NAN)).is_nan());
    }
}
