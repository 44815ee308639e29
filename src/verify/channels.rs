//! Channels: the parts of an output that are judged by themselves.
//!
//! A fault must not hide behind entries that are larger than its own, so an output is split as finely as the
//! action on it allows. Let i ~ j for two indices of one axis if some element takes an entry with index i
//! there to one with index j. The classes of the smallest such equivalence are found for each axis, and a
//! *channel* is one class of every axis: the finest product of partitions that the action respects.
//!
//! | output | action | channels |
//! |---|---|---|
//! | (N, C, H, W) | D4 on the grid | one for each (n, c): only rows and columns are mixed |
//! | (C, H, W) | feature maps | one for each field: its channels are permuted |
//! | (points, coordinates) | permutation of points | one for each coordinate |
//! | (classes) | trivial | one for each class |
//!
//! Which entries an entry of g ▷ y comes from is read from the action itself, by running it on sets of
//! entries ([`Sources`]). Nothing is asked of the action: signed permutations, integer matrices and shifts
//! that lose entries are treated alike. An axis whose length an element changes (a turned rectangle) is one
//! class.
//!
//! Cost: one application of the action for each element given, on an array of sets.

use ndarray::{ArrayD, IxDyn};

use crate::group::Group;
use crate::scalar::{Ring, ring_operators};
use crate::signal::{ActionError, ArrayAction};

/// The entries that a value depends on, by their numbers, ascending: as a scalar, sums and products unite
/// them.
#[derive(Clone, Debug, PartialEq)]
enum Sources {
    None,
    One(usize),
    Several(Vec<usize>),
}

impl Sources {
    fn numbers(&self) -> &[usize] {
        match self {
            Sources::None => &[],
            Sources::One(number) => std::slice::from_ref(number),
            Sources::Several(numbers) => numbers,
        }
    }

    fn united(self, other: Self) -> Self {
        match (self, other) {
            (Sources::None, sources) | (sources, Sources::None) => sources,
            (a, b) if a == b => a,
            (a, b) => {
                let mut numbers = [a.numbers(), b.numbers()].concat();
                numbers.sort_unstable();
                numbers.dedup();
                Sources::Several(numbers)
            }
        }
    }
}

ring_operators! {
    impl for Sources;
    zero = Sources::None;
    is_zero = |a| *a == Sources::None;
    one = Sources::None;
    add = |a, b| a.united(b);
    multiply = |a, b| a.united(b);
    negate = |a| a;
}

impl Ring for Sources {
    fn from_integer(_: i64) -> Self {
        Sources::None
    }
}

/// The partition of outputs of one shape, and of what the group makes of them.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    /// For each axis the class of each index.
    classes: Vec<Vec<usize>>,
    counts: Vec<usize>,
}

impl Channels {
    /// The channels of outputs of this shape. `elements` generate what is tried.
    ///
    /// # Errors
    /// If the action cannot move an array of this shape.
    pub(super) fn new<G: Group>(
        group: &G,
        action: &impl ArrayAction<G>,
        elements: &[G::Element],
        shape: &[usize],
    ) -> Result<Self, ActionError> {
        let mut sets: Vec<Classes> = shape.iter().map(|&extent| Classes::new(extent)).collect();
        let indices: Vec<IxDyn> = ndarray::indices(shape.to_vec()).into_iter().collect();
        let numbers = ndarray::Array1::from_iter((0..indices.len()).map(Sources::One));
        let Ok(entries) = numbers.into_shape_with_order(shape.to_vec()) else {
            unreachable!("one number for each entry")
        };
        for element in elements {
            let moved = action.try_act(group, element, entries.view())?;
            if moved.ndim() != shape.len() {
                sets.iter_mut().for_each(Classes::join_all);
                continue;
            }
            for (axis, set) in sets.iter_mut().enumerate() {
                if moved.shape()[axis] != shape[axis] {
                    set.join_all();
                }
            }
            for (place, sources) in moved.indexed_iter() {
                for &source in sources.numbers() {
                    for (axis, set) in sets.iter_mut().enumerate() {
                        if moved.shape()[axis] == shape[axis] {
                            set.join(place[axis], indices[source][axis]);
                        }
                    }
                }
            }
        }
        let (classes, counts) = sets.into_iter().map(Classes::numbered).unzip();
        Ok(Channels { classes, counts })
    }

    pub(super) fn count(&self) -> usize {
        self.counts.iter().product()
    }

    /// The channel of each entry of an array, in row-major order. On an axis whose length the group changes
    /// there is one class, whatever the length.
    pub(super) fn of_entries<T>(&self, array: &ArrayD<T>) -> Vec<usize> {
        if array.ndim() != self.classes.len() {
            return vec![0; array.len()];
        }
        let mut channels = vec![0];
        for ((classes, &count), &extent) in self.classes.iter().zip(&self.counts).zip(array.shape()) {
            let mut longer = Vec::with_capacity(channels.len() * extent);
            for channel in channels {
                let class = |index| classes.get(index).copied().unwrap_or(0);
                longer.extend((0..extent).map(|index| channel * count + class(index)));
            }
            channels = longer;
        }
        channels
    }

    /// A channel as people write it: `[3, ·, ·]`, with the least index of its class on each axis and a dot
    /// where the whole axis belongs to it.
    pub(super) fn name(&self, channel: usize) -> String {
        let mut rest = channel;
        let mut parts = Vec::new();
        for (classes, &count) in self.classes.iter().zip(&self.counts).rev() {
            let class = rest % count.max(1);
            rest /= count.max(1);
            let first = classes.iter().position(|&found| found == class).unwrap_or(0);
            parts.push(if count == 1 && classes.len() > 1 { "·".to_owned() } else { first.to_string() });
        }
        parts.reverse();
        format!("[{}]", parts.join(", "))
    }
}

/// Disjoint sets of the indices of one axis.
struct Classes {
    parent: Vec<usize>,
}

impl Classes {
    fn new(extent: usize) -> Self {
        Classes { parent: (0..extent).collect() }
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.parent[index] != index {
            self.parent[index] = self.parent[self.parent[index]];
            index = self.parent[index];
        }
        index
    }

    /// The least index of a class is its root.
    fn join(&mut self, a: usize, b: usize) {
        if a != b {
            let (a, b) = (self.root(a), self.root(b));
            self.parent[a.max(b)] = a.min(b);
        }
    }

    fn join_all(&mut self) {
        self.parent.fill(0);
    }

    /// The number of the class of each index, and how many there are.
    fn numbered(mut self) -> (Vec<usize>, usize) {
        let mut number_of_root = vec![usize::MAX; self.parent.len()];
        let mut count = 0;
        let mut classes = Vec::with_capacity(self.parent.len());
        for index in 0..self.parent.len() {
            let root = self.root(index);
            if number_of_root[root] == usize::MAX {
                number_of_root[root] = count;
                count += 1;
            }
            classes.push(number_of_root[root]);
        }
        (classes, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{C4, CyclicTranslations, D4, FiniteGroup, IntegerTranslations, Reflection};
    use crate::group::{Representation, Rotation, Symmetric, Translation};
    use crate::signal::{FeatureType, GridGroup, LinearOnAxis, OnAxis, OnGrid, TrivialAction, ZeroFillShift};

    /// The channels under a whole group, and the channel of each entry.
    fn found<G: FiniteGroup>(group: &G, action: impl ArrayAction<G>, shape: &[usize]) -> (usize, Vec<usize>) {
        let channels = Channels::new(group, &action, &group.generators(), shape).unwrap();
        let array = ArrayD::<f32>::zeros(shape.to_vec());
        (channels.count(), channels.of_entries(&array))
    }

    #[test]
    fn leading_axes_are_never_mixed() {
        let (count, channels) = found(&D4, OnGrid, &[2, 3, 4, 4]);
        assert_eq!(count, 6);
        assert!(channels.chunks(16).enumerate().all(|(n, plane)| plane.iter().all(|&channel| channel == n)));
        assert_eq!(found(&CyclicTranslations::new([3, 5]), OnGrid, &[2, 3, 5]).0, 2);
        assert_eq!(found(&Symmetric::new(4).unwrap(), OnAxis::new(2), &[2, 4, 3]).0, 6);
    }

    #[test]
    fn fields_are_mixed_within_themselves() {
        let maps = FeatureType::regular(&GridGroup::c4(), 3);
        let (count, channels) = found(&C4, maps.on_maps(), &[2, 12, 5, 5]);
        assert_eq!(count, 6);
        assert_eq!((channels[0], channels[4 * 25 - 1], channels[4 * 25], channels[12 * 25]), (0, 0, 1, 3));
        assert_eq!(found(&C4, maps.on_vectors(), &[12]).1, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    }

    #[test]
    fn what_does_not_move_is_judged_entry_by_entry() {
        assert_eq!(found(&D4, TrivialAction, &[4]), (4, vec![0, 1, 2, 3]));
        assert_eq!(found(&D4, TrivialAction, &[]), (1, vec![0]));
        // A mirror of the columns: the rows stay, and each column has one partner.
        assert_eq!(found(&Reflection, OnGrid, &[2, 3]), (4, vec![0, 1, 0, 2, 3, 2]));
        let only = |element| Channels::new(&C4, &OnGrid, &[element], &[2, 2]).unwrap().count();
        assert_eq!(only(Rotation::Rot180), 1);
        assert_eq!(only(Rotation::Identity), 4);
    }

    #[test]
    fn actions_that_are_no_permutations_mix_what_they_touch() {
        // Signs and matrices mix their own axis; a shift that loses entries mixes only those that it moves.
        let sign = LinearOnAxis::new(Representation::sign(&C4), 1);
        assert_eq!(found(&C4, sign, &[3, 1]).0, 3);
        let group = IntegerTranslations::<1>;
        let shift = Channels::new(&group, &ZeroFillShift, &[Translation([2])], &[2, 5]).unwrap();
        assert_eq!(shift.of_entries(&ArrayD::<f32>::zeros(vec![2, 5])), [0, 1, 0, 1, 0, 2, 3, 2, 3, 2]);
    }

    #[test]
    fn a_turned_rectangle_keeps_its_channels() {
        let channels = Channels::new(&C4, &OnGrid, &C4.generators(), &[2, 3, 5]).unwrap();
        assert_eq!(channels.count(), 2);
        let turned = channels.of_entries(&ArrayD::<f32>::zeros(vec![2, 5, 3]));
        assert_eq!((turned[0], turned[14], turned[15]), (0, 0, 1));
        assert_eq!((channels.name(0), channels.name(1)), ("[0, ·, ·]".into(), "[1, ·, ·]".into()));
    }
}
