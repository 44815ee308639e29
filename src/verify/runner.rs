//! Running a black box: one input or a batch, with every output looked at before it is used.

use ndarray::{ArrayD, ArrayViewD, Axis};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::function::Float;
use super::identity::Failure;
use super::measure_error::{MeasureError, Place};

type Function<'a, T> = dyn Fn(&ArrayD<T>) -> Result<ArrayD<T>, Failure> + 'a;

/// A function, ready to be called.
pub(super) struct Runner<'a, T> {
    pub(super) function: &'a Function<'a, T>,
    /// The function takes a batch (N, …) and returns one.
    pub(super) batched: bool,
}

impl<T: Float> Runner<'_, T> {
    /// The outputs for several inputs, all of them finite.
    ///
    /// # Errors
    /// If the function fails, if a batch comes back with another number of samples, or if an output is not
    /// finite.
    pub(super) fn outputs(
        &self,
        inputs: &[ArrayD<T>],
        place: impl Fn(usize) -> Place,
    ) -> Result<Vec<ArrayD<T>>, MeasureError> {
        let outputs = self.raw(inputs, &place)?;
        for (position, output) in outputs.iter().enumerate() {
            if let Some((index, value)) = not_finite(output) {
                return Err(MeasureError::NotFinite { place: place(position), index, value });
            }
        }
        Ok(outputs)
    }

    /// The same, whatever the numbers are.
    pub(super) fn raw(
        &self,
        inputs: &[ArrayD<T>],
        place: impl Fn(usize) -> Place,
    ) -> Result<Vec<ArrayD<T>>, MeasureError> {
        if !self.batched {
            return (inputs.iter().enumerate())
                .map(|(position, input)| {
                    (self.function)(input)
                        .map_err(|source| MeasureError::Failed { place: place(position), source })
                })
                .collect();
        }
        // Inputs moved by a group may differ in shape (turned rectangles): each shape is a batch of its own.
        let mut outputs: Vec<Option<ArrayD<T>>> = vec![None; inputs.len()];
        while let Some(first) = outputs.iter().position(Option::is_none) {
            let same = |&position: &usize| inputs[position].shape() == inputs[first].shape();
            let batch: Vec<usize> = (first..inputs.len()).filter(same).collect();
            let views: Vec<ArrayViewD<'_, T>> =
                batch.iter().map(|&position| inputs[position].view()).collect();
            let failed = |source| MeasureError::Failed { place: place(first), source };
            let stacked =
                ndarray::stack(Axis(0), &views).map_err(|error| failed(error.to_string().into()))?;
            let result = (self.function)(&stacked).map_err(failed)?;
            if result.shape().first() != Some(&batch.len()) {
                return Err(MeasureError::Batch { expected: batch.len(), found: result.shape().to_vec() });
            }
            for (&position, sample) in batch.iter().zip(result.outer_iter()) {
                outputs[position] = Some(sample.to_owned());
            }
        }
        Ok(outputs.into_iter().flatten().collect())
    }
}

/// The index and the value of the first entry that is infinite or no number.
pub(super) fn not_finite<T: Float>(array: &ArrayD<T>) -> Option<(Vec<usize>, f64)> {
    // Indices are dear: they are made only if there is something to tell.
    if array.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut entries = array.indexed_iter();
    let (index, &value) = entries.find(|(_, value)| !value.is_finite())?;
    Some((ndarray::Dimension::slice(&index).to_vec(), value.into()))
}

/// A random direction d in which the entries of x can be changed by relative steps up to `reach`: x becomes
/// x·(1 + h·d).
///
/// Numbers uniform in [−1, 1]; of an entry that could become larger than the largest of x in [−1, 0], for f
/// may be defined on a bounded range only (pixels black or white).
pub(super) fn direction<T: Float>(x: &ArrayD<T>, reach: f64, random: &mut ChaCha8Rng) -> ArrayD<f32> {
    let size = |entry: T| -> f64 { entry.into().abs() };
    let largest = x.iter().fold(0.0_f64, |largest, &entry| largest.max(size(entry)));
    x.mapv(|entry| {
        let d = random.random_range(-1.0..=1.0_f32);
        if size(entry) > largest / (1.0 + reach) { -d.abs() } else { d }
    })
}

/// Every entry times 1 + h·d.
pub(super) fn perturbed<T: Float>(x: &ArrayD<T>, step: f64, direction: &ArrayD<f32>) -> ArrayD<T> {
    let mut result = x.clone();
    result.zip_mut_with(direction, |entry, &d| {
        let moved = (*entry).into() * (1.0 + step * f64::from(d));
        *entry = T::from(moved).unwrap_or(*entry);
    });
    result
}

/// Two outputs of one input must be the same numbers; what is no number is taken to equal itself here.
///
/// # Errors
/// If they are not: with the first entry that differs.
pub(super) fn same_bits<T: Float>(
    first: &ArrayD<T>,
    second: &ArrayD<T>,
    place: &Place,
) -> Result<(), MeasureError> {
    same_shape(second, first, place.clone())?;
    if first == second {
        return Ok(());
    }
    let same = |a: T, b: T| a == b || a.is_nan() && b.is_nan();
    let mut entries = first.indexed_iter().zip(second);
    match entries.find(|((_, a), b)| !same(**a, **b)) {
        None => Ok(()),
        Some(((index, &a), &b)) => {
            let index = ndarray::Dimension::slice(&index).to_vec();
            let (first, second): (f64, f64) = (a.into(), b.into());
            let difference = (first - second).abs();
            Err(MeasureError::NotDeterministic { place: place.clone(), index, first, second, difference })
        }
    }
}

/// Two sides must have one shape.
///
/// # Errors
/// If they do not.
pub(super) fn same_shape<T>(
    found: &ArrayD<T>,
    expected: &ArrayD<T>,
    place: Place,
) -> Result<(), MeasureError> {
    if found.shape() == expected.shape() {
        return Ok(());
    }
    let (expected, found) = (expected.shape().to_vec(), found.shape().to_vec());
    Err(MeasureError::Shape { place, expected, found })
}
