//! Labelled samples of any shape in memory: images, signals, sets of points, features.

use ndarray::{ArrayD, Axis};
use rand::RngExt;

use super::{DataError, SetFault};
use crate::layer::loss::IGNORED;
use crate::train::random::SampleRandom;

/// Samples of one shape, each with the number of its class.
///
/// ```
/// use equivariant::train::data::Samples;
/// use ndarray::ArrayD;
///
/// // Sixty sets of eight points in the plane: (samples, coordinates, points).
/// let samples = Samples::new(ArrayD::zeros(vec![60, 2, 8]), vec![0; 60], 2, "points")?;
/// assert_eq!((samples.len(), samples.shape()), (60, &[2, 8][..]));
/// # Ok::<(), equivariant::train::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    values: ArrayD<f32>,
    labels: Vec<usize>,
    classes: usize,
    name: String,
}

impl AsRef<Samples> for Samples {
    fn as_ref(&self) -> &Samples {
        self
    }
}

impl Samples {
    /// A set of samples (count, shape…) and as many labels below `classes`, or [`IGNORED`].
    ///
    /// # Errors
    /// If the numbers differ, a size is zero, a label is no class, or a value is not finite.
    pub fn new(
        values: ArrayD<f32>,
        labels: Vec<usize>,
        classes: usize,
        name: impl Into<String>,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let fault = fault(values.shape(), &labels, classes).or_else(|| {
            let is_bad = |value: &f32| !value.is_finite();
            let found = values
                .outer_iter()
                .enumerate()
                .find_map(|(index, sample)| sample.iter().copied().find(is_bad).map(|value| (value, index)));
            found.map(|(value, index)| SetFault::NotFinite { value, index })
        });
        match fault {
            Some(fault) => Err(fault.of(name)),
            None => Ok(Self::of(values, labels, classes, name)),
        }
    }

    /// What was checked already.
    pub(super) fn of(values: ArrayD<f32>, labels: Vec<usize>, classes: usize, name: String) -> Self {
        let values =
            if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        Samples { values, labels, classes, name }
    }

    /// The samples (count, shape…), row-major.
    pub fn values(&self) -> &ArrayD<f32> {
        &self.values
    }

    /// The entries of all samples, row-major.
    pub(crate) fn rows(&self) -> &[f32] {
        self.values.as_slice().unwrap_or_else(|| unreachable!("samples are row-major"))
    }

    /// The entries of one sample, row-major.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample(&self, index: usize) -> &[f32] {
        assert!(index < self.len(), "sample {index} of {}", self.len());
        let entries: usize = self.shape().iter().product();
        &self.rows()[index * entries..][..entries]
    }

    /// The classes of the samples.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// What the set is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a set has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of a sample: (channels, space…) or (features).
    pub fn shape(&self) -> &[usize] {
        &self.values.shape()[1..]
    }

    /// The number of samples of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in self.labels.iter().filter(|&&label| label != IGNORED) {
            counts[label] += 1;
        }
        counts
    }

    /// Which samples and labels these are, in a line: their number, shape and classes, and a CRC-32 of the
    /// entries and one of the labels. Sets that differ by chance have the same with probability 2⁻³² at most.
    /// Costs a pass over the entries.
    pub fn identity(&self) -> String {
        let mut entries = crc32fast::Hasher::new();
        let mut bytes = Vec::new();
        for index in 0..self.len() {
            bytes.clear();
            bytes.extend(self.sample(index).iter().flat_map(|entry| entry.to_le_bytes()));
            entries.update(&bytes);
        }
        identity_of(self.shape(), &self.labels, self.classes, entries.finalize())
    }

    /// Mean and deviation of all entries together: one of each, so that standardising commutes with every
    /// motion of places and channels. The deviation is that of the population (divided by the count).
    pub fn mean_and_deviation(&self) -> (f32, f32) {
        // In f64 and sample by sample, so that rounding is far below f32 for any number of samples.
        let count = self.values.len() as f64;
        let sum_over = |term: &dyn Fn(f64) -> f64| -> f64 {
            let sample = |i| self.sample(i).iter().map(|&entry| term(f64::from(entry))).sum::<f64>();
            (0..self.len()).map(sample).sum()
        };
        let mean = sum_over(&|entry| entry) / count;
        let variance = sum_over(&|entry| (entry - mean) * (entry - mean)) / count;
        (mean as f32, variance.sqrt() as f32)
    }

    /// The samples with these indices, in this order.
    ///
    /// # Errors
    /// If there are none.
    ///
    /// # Panics
    /// If there is no sample with one of the indices.
    pub fn subset(&self, indices: &[usize]) -> Result<Self, DataError> {
        if indices.is_empty() {
            let remedy = "choose at least one";
            return Err(SetFault::TooFew { expected: 1, found: 0, remedy }.of(&self.name));
        }
        Ok(Self {
            values: self.values.select(Axis(0), indices),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            classes: self.classes,
            name: self.name.clone(),
        })
    }

    /// Two parts of the set, the second of `held_out` samples drawn at random (to validate on); both keep the
    /// order.
    ///
    /// # Errors
    /// If one of the parts would be empty.
    pub fn split(&self, held_out: usize, seed: u64) -> Result<(Self, Self), DataError> {
        if held_out == 0 || held_out >= self.len() {
            let remedy = "hold out at least one sample, and fewer than there are";
            let expected = held_out.max(1).saturating_add(1);
            return Err(SetFault::TooFew { expected, found: self.len(), remedy }.of(&self.name));
        }
        // The first places of a random order: Fisher and Yates.
        let mut order: Vec<usize> = (0..self.len()).collect();
        let mut random = SampleRandom::new(seed, 0, 0);
        for place in 0..held_out {
            order.swap(place, random.random_range(place..self.len()));
        }
        let (second, first) = order.split_at_mut(held_out);
        first.sort_unstable();
        second.sort_unstable();
        Ok((self.subset(first)?, self.subset(second)?))
    }
}

/// Which samples and labels these are, from the CRC-32 of the entries.
pub(super) fn identity_of(shape: &[usize], labels: &[usize], classes: usize, entries: u32) -> String {
    let mut digest = crc32fast::Hasher::new();
    labels.iter().for_each(|&label| digest.update(&(label as u64).to_le_bytes()));
    let (count, labels) = (labels.len(), digest.finalize());
    let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
    format!("{count} × ({}) of {classes} classes, digest {entries:08x}{labels:08x}", shape.join(", "))
}

/// What is wrong with shape and labels.
pub(super) fn fault(shape: &[usize], labels: &[usize], classes: usize) -> Option<SetFault> {
    if shape.is_empty() || shape.contains(&0) {
        return Some(SetFault::Empty { shape: shape.to_vec() });
    }
    if labels.len() != shape[0] {
        return Some(SetFault::Counts { images: shape[0], labels: labels.len() });
    }
    let is_bad = |&(_, &label): &(usize, &usize)| label >= classes && label != IGNORED;
    labels.iter().enumerate().find(is_bad).map(|(index, &label)| SetFault::Label { classes, label, index })
}
