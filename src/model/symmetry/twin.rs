//! What a motion of the input does to a tensor: found by comparing the values of two runs.
//!
//! Let a and b be the values of a tensor for x and for g ▷ x. Looked for is a permutation of entries with
//! b\[i\] = a\[σ(i)\], from the plainest to the strangest:
//!
//! 1. the tensor is unchanged;
//! 2. it is moved as the input is, at its own resolution;
//! 3. so, with the slices along one axis permuted: channels;
//! 4. its entries are permuted in some other way.
//!
//! Slices are matched by a hash of their entries; equal slices are matched in their order, each with itself
//! where that is possible. Whatever is found is compared entry by entry.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use ndarray::{ArrayD, Axis};

use super::motion::{Motion, gather};

/// What becomes of a tensor when the input is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Twin {
    /// How it moves along its axes, if at all.
    pub(crate) motion: Option<Motion>,
    /// An axis, and for each slice along it the slice that it is from.
    pub(crate) channels: Option<(usize, Vec<usize>)>,
    /// The same for all entries, where nothing plainer was found.
    pub(crate) entries: Option<Vec<u32>>,
    /// The shape of the tensor.
    pub(crate) shape: Vec<usize>,
}

impl Twin {
    pub(in crate::model) fn unchanged(shape: &[usize]) -> Self {
        Twin { motion: None, channels: None, entries: None, shape: shape.to_vec() }
    }

    /// log₂ of the number of conjectures among which this one was found: three bits for the motions that are
    /// tried, two for the axes of channels.
    pub(in crate::model) fn log2_choices(&self) -> f64 {
        let pairs = |count: usize| 2.0 * (count.max(1) as f64).log2();
        match (&self.entries, &self.channels) {
            (Some(entries), _) => pairs(entries.len()),
            (None, Some((_, images))) => 5.0 + pairs(images.len()),
            (None, None) => 3.0,
        }
    }

    pub(in crate::model) fn is_unchanged(&self) -> bool {
        self.motion.is_none() && self.channels.is_none() && self.entries.is_none()
    }

    /// The number of the entry that each entry is from: b\[i\] = a\[σ(i)\]. `None` if this is no permutation
    /// of the entries of such a tensor.
    pub(in crate::model) fn sources(&self) -> Option<Vec<u32>> {
        let count = self.shape.iter().product::<usize>();
        let mut sources = match (&self.entries, &self.motion) {
            (Some(entries), _) if entries.len() == count => entries.clone(),
            (Some(_), _) => return None,
            (None, Some(motion)) => motion.sources(&self.shape)?,
            (None, None) => (0..count as u32).collect(),
        };
        if let Some((axis, images)) = &self.channels {
            let permuted = Motion::Permute { axis: *axis, images: images.clone() }.sources(&self.shape)?;
            sources = permuted.iter().map(|&place| sources[place as usize]).collect();
        }
        Some(sources)
    }
}

impl fmt::Display for Twin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchanged() {
            return formatter.write_str("unchanged");
        }
        let mut parts = Vec::new();
        if let Some(motion) = &self.motion {
            parts.push(motion.to_string());
        }
        if let Some((axis, images)) = &self.channels {
            let what = if *axis == 1 { "channels".to_owned() } else { format!("slices along axis {axis}") };
            parts.push(format!("{what} permuted {}", cycles(images)));
        }
        if self.entries.is_some() {
            parts.push("entries permuted".to_owned());
        }
        formatter.write_str(&parts.join(", "))
    }
}

/// A permutation in cycles, without its fixed points: `(0 1 2 3)(4 5)`. At most eight cycles are written.
fn cycles(images: &[usize]) -> String {
    const MOST: usize = 8;
    let mut seen = vec![false; images.len()];
    let mut written = Vec::new();
    for start in 0..images.len() {
        let mut cycle = Vec::new();
        let mut place = start;
        while !seen[place] {
            seen[place] = true;
            cycle.push(place.to_string());
            place = images[place];
        }
        if cycle.len() > 1 {
            written.push(format!("({})", cycle.join(" ")));
        }
    }
    if written.len() > MOST { written[..MOST].concat() + " …" } else { written.concat() }
}

/// Finds what a motion of the input of shape `own` does to a tensor with these values before and after.
pub(in crate::model) fn find<E: Clone + Eq + Hash>(
    motion: &Motion,
    own: &[usize],
    before: &ArrayD<E>,
    after: &ArrayD<E>,
) -> Option<Twin> {
    let shape = before.shape();
    let unchanged = Twin::unchanged(shape);
    if before == after {
        return Some(unchanged);
    }
    let motions = motion.transported(own, shape);
    let moved: Vec<(Option<Motion>, ArrayD<E>)> = motions
        .into_iter()
        .filter_map(|motion| {
            let moved = motion.apply(before)?;
            Some((Some(motion), moved))
        })
        .collect();
    if let Some((motion, _)) = moved.iter().find(|(_, moved)| moved == after) {
        return Some(Twin { motion: motion.clone(), ..unchanged });
    }
    // A tensor that no permutation explains is told from the others in one pass.
    let entries = match_entries(before, after)?;
    let still = (None, before.clone());
    for (motion, moved) in moved.into_iter().chain([still]) {
        let fixed = motion.as_ref().map_or_else(Vec::new, Motion::axes);
        for axis in channel_axes(shape).filter(|axis| !fixed.contains(axis)) {
            if let Some(images) = match_slices(&moved, after, axis) {
                return Some(Twin { motion, channels: Some((axis, images)), ..unchanged });
            }
        }
    }
    Some(Twin { entries: Some(entries), ..unchanged })
}

/// Whether the values after are those before at other places.
pub(in crate::model) fn is_permuted<E: Clone + Ord>(before: &ArrayD<E>, after: &ArrayD<E>) -> bool {
    let sorted = |array: &ArrayD<E>| {
        let mut list: Vec<E> = array.iter().cloned().collect();
        list.sort_unstable();
        list
    };
    before == after || sorted(before) == sorted(after)
}

/// The axes whose slices may be channels: the second first, and never one of a single slice.
pub(in crate::model) fn channel_axes(shape: &[usize]) -> impl Iterator<Item = usize> + '_ {
    let order = [1].into_iter().chain((2..shape.len()).rev()).chain([0]);
    order.filter(|&axis| shape.get(axis).is_some_and(|&extent| extent > 1))
}

fn match_slices<E: Clone + Eq + Hash>(
    before: &ArrayD<E>,
    after: &ArrayD<E>,
    axis: usize,
) -> Option<Vec<usize>> {
    let keys = |array: &ArrayD<E>| -> Vec<u64> {
        let hash = |slice: ndarray::ArrayViewD<'_, E>| {
            let mut hasher = DefaultHasher::new();
            slice.iter().for_each(|entry| entry.hash(&mut hasher));
            hasher.finish()
        };
        array.axis_iter(Axis(axis)).map(hash).collect()
    };
    let images = match_lists(&keys(before), &keys(after))?;
    let places = Motion::Permute { axis, images: images.clone() }.sources(before.shape())?;
    (gather(before, &places) == *after).then_some(images)
}

fn match_entries<E: Clone + Eq + Hash>(before: &ArrayD<E>, after: &ArrayD<E>) -> Option<Vec<u32>> {
    let [before, after]: [Vec<&E>; 2] = [before, after].map(|array| array.iter().collect());
    Some(match_lists(&before, &after)?.into_iter().map(|place| place as u32).collect())
}

/// For each entry of `after` the place of one of `before` that is equal: itself where it can be, else the
/// first that is left.
fn match_lists<K: Eq + Hash>(before: &[K], after: &[K]) -> Option<Vec<usize>> {
    let mut places: HashMap<&K, Vec<usize>> = HashMap::with_capacity(before.len());
    let stays: Vec<bool> = before.iter().zip(after).map(|(a, b)| a == b).collect();
    for (place, key) in before.iter().enumerate().rev().filter(|(place, _)| !stays[*place]) {
        places.entry(key).or_default().push(place);
    }
    after
        .iter()
        .enumerate()
        .map(|(place, key)| if stays[place] { Some(place) } else { places.get_mut(key)?.pop() })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::*;

    fn quarter() -> Motion {
        Motion::Turn { axes: vec![2, 3], from: vec![1, 0], reversed: vec![false, true] }
    }

    fn numbered(shape: &[usize]) -> ArrayD<usize> {
        let count = shape.iter().product();
        ArrayD::from_shape_vec(IxDyn(shape), (0..count).collect()).unwrap()
    }

    #[test]
    fn plain_motions_are_found_first() {
        let own = [1, 1, 6, 6];
        let array = numbered(&[1, 4, 3, 3]);
        let found = |after: &ArrayD<usize>| find(&quarter(), &own, &array, after);
        assert_eq!(found(&array).unwrap().to_string(), "unchanged");
        let turned = quarter().apply(&array).unwrap();
        assert_eq!(found(&turned).unwrap().to_string(), "turned along axes 2 and 3");
        let cycled = Motion::Permute { axis: 1, images: vec![1, 2, 3, 0] };
        let both = found(&cycled.apply(&turned).unwrap()).unwrap();
        assert_eq!(both.to_string(), "turned along axes 2 and 3, channels permuted (0 1 2 3)");
        assert_eq!(gather(&array, &both.sources().unwrap()), cycled.apply(&turned).unwrap());
        let channels = found(&cycled.apply(&array).unwrap()).unwrap();
        assert_eq!((channels.motion, channels.channels), (None, Some((1, vec![1, 2, 3, 0]))));
        let mut shuffled = array.clone();
        shuffled.swap([0, 0, 0, 0], [0, 3, 2, 1]);
        let entries = found(&shuffled).unwrap();
        assert_eq!(entries.to_string(), "entries permuted");
        assert_eq!(gather(&array, &entries.sources().unwrap()), shuffled);
        shuffled[[0, 0, 0, 0]] = 1000;
        assert_eq!(found(&shuffled), None);
        assert!(!is_permuted(&array, &shuffled) && is_permuted(&array, &turned));
    }

    #[test]
    fn equal_channels_are_matched_in_their_order() {
        let own = [1, 1, 2, 2];
        let array = numbered(&[1, 4, 2, 2]).mapv(|n| if n < 8 { n % 4 } else { n });
        let images = vec![1, 0, 3, 2];
        let after = Motion::Permute { axis: 1, images }.apply(&array).unwrap();
        // Channels 0 and 1 are equal, so that each may stay.
        assert_eq!(find(&quarter(), &own, &array, &after).unwrap().channels, Some((1, vec![0, 1, 3, 2])));
    }
}
