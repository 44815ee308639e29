//! proptest strategies for shapes, arrays, kernels, permutations and group elements.
//!
//! They shrink the way people look for a small example: first the shape, by cropping an array that was
//! generated at its largest (so the entries that remain are those that failed), then the entries, each
//! towards the simplest value of its own strategy. Group elements shrink to generators, then to the identity.
//!
//! ```
//! use equivariant::group::{Action, D4};
//! use equivariant::signal::OnGrid;
//! use equivariant::verify::strategies::{arrays, elements, small_integers};
//! use proptest::prelude::*;
//!
//! proptest! {
//!     # fn generated(
//!     #     g in elements(D4),
//!     #     image in arrays([1..=3, 1..=6, 1..=6], small_integers::<f64>(9)),
//!     # ) {
//!     #     let moved = OnGrid.act(&D4, &g, &image);
//!     #     prop_assert_eq!(moved.sum(), image.sum());
//!     # }
//!     // #[test]
//!     fn the_sum_of_all_pixels_is_invariant(
//!         g in elements(D4),
//!         image in arrays([1..=3, 1..=6, 1..=6], small_integers::<f64>(9)),
//!     ) {
//!         let moved = OnGrid.act(&D4, &g, &image);
//!         prop_assert_eq!(moved.sum(), image.sum());
//!     }
//! }
//! # generated();
//! the_sum_of_all_pixels_is_invariant();
//! ```

use std::fmt::Debug;
use std::ops::RangeInclusive;

use ndarray::{ArrayD, Dimension, IxDyn};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::group::{FiniteGroup, Permutation, Symmetric};
use crate::scalar::Ring;

/// Shapes with one extent from each range; extents shrink to the lower ends.
///
/// ```
/// use equivariant::verify::strategies::shapes;
/// use proptest::prelude::*;
///
/// proptest!(|(shape in shapes([1..=3, 2..=9]))| prop_assert!(shape[0] <= 3 && shape[1] >= 2));
/// ```
pub fn shapes(extents: impl IntoIterator<Item = RangeInclusive<usize>>) -> impl Strategy<Value = Vec<usize>> {
    extents.into_iter().collect::<Vec<_>>()
}

/// Integers from −`reach` to `reach`, as any scalar; they shrink to 0.
pub fn small_integers<S: Ring>(reach: u32) -> impl Strategy<Value = S> {
    let reach = i64::from(reach);
    (-reach..=reach).prop_map(S::from_integer)
}

/// Arrays with one extent from each range and entries from `entry`.
pub fn arrays<E: Strategy>(
    extents: impl IntoIterator<Item = RangeInclusive<usize>>,
    entry: E,
) -> ArrayStrategy<E> {
    ArrayStrategy { extents: extents.into_iter().collect(), entry }
}

/// Kernels: arrays of integers from −3 to 3, with at least one tap on each axis and at most `largest`.
///
/// ```
/// use equivariant::conv::{Extent, convolve};
/// use equivariant::verify::strategies::kernels;
/// use proptest::prelude::*;
///
/// // Sums multiply under convolution.
/// proptest!(|(x in kernels::<i64>([3, 4]), y in kernels::<i64>([5, 2]))| {
///     let product = convolve(&y, &x, Extent::Full)?;
///     prop_assert_eq!(product.sum(), x.sum() * y.sum());
/// });
/// ```
pub fn kernels<S: Ring>(largest: impl IntoIterator<Item = usize>) -> impl Strategy<Value = ArrayD<S>> {
    arrays(largest.into_iter().map(|extent| 1..=extent), small_integers(3))
}

/// Permutations of `n` things; they shrink to the identity.
///
/// ```
/// use equivariant::verify::strategies::permutations;
/// use proptest::prelude::*;
///
/// proptest!(|(a in permutations(5))| prop_assert_eq!(a.inverse().inverse(), a));
/// ```
///
/// # Panics
/// If `n` is larger than a [`Symmetric`] group may be.
pub fn permutations(n: usize) -> impl Strategy<Value = Permutation> {
    match Symmetric::new(n) {
        Ok(group) => elements(group),
        Err(error) => panic!("{error}"),
    }
}

/// Elements of a finite group, all equally likely; they shrink to generators and then to the identity.
///
/// ```
/// use equivariant::group::{Group, p4m};
/// use equivariant::verify::strategies::elements;
/// use proptest::prelude::*;
///
/// let group = p4m(5);
/// proptest!(|(g in elements(group))| prop_assert_eq!(group.compose(&g, &group.inverse(&g)), group.identity()));
/// ```
pub fn elements<G: FiniteGroup>(group: G) -> impl Strategy<Value = G::Element> {
    let mut simplest = vec![0];
    for generator in group.generators() {
        let index = group.index(&generator);
        if !simplest.contains(&index) {
            simplest.push(index);
        }
    }
    (0..group.order()).prop_map(move |rank| group.element(unrank(rank, &simplest)))
}

/// The index with this rank, where the `simplest` indices come first, in their order, and all others follow
/// in theirs.
fn unrank(rank: u128, simplest: &[u128]) -> u128 {
    if let Some(&index) = usize::try_from(rank).ok().and_then(|rank| simplest.get(rank)) {
        return index;
    }
    let mut others: Vec<u128> = simplest.to_vec();
    others.sort_unstable();
    let mut index = rank - simplest.len() as u128;
    for taken in others {
        if taken <= index {
            index += 1;
        }
    }
    index
}

/// See [`arrays`].
#[derive(Clone, Debug)]
pub struct ArrayStrategy<E> {
    extents: Vec<RangeInclusive<usize>>,
    entry: E,
}

impl<E: Strategy> Strategy for ArrayStrategy<E>
where
    E::Value: Clone,
{
    type Tree = ArrayTree<E::Tree>;
    type Value = ArrayD<E::Value>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let shape = self.extents.new_tree(runner)?.current();
        let entries = (0..shape.iter().product())
            .map(|_| self.entry.new_tree(runner))
            .collect::<Result<Vec<_>, _>>()?;
        let smallest: Vec<usize> = self.extents.iter().map(|range| *range.start()).collect();
        let largest_crop = shape.iter().zip(&smallest).map(|(extent, low)| extent - low).max().unwrap_or(0);
        let window = Window { start: vec![0; shape.len()], shape: shape.clone() };
        Ok(ArrayTree {
            entries: ArrayD::from_shape_vec(shape, entries).map_err(|error| error.to_string())?,
            failing: window.clone(),
            window,
            smallest,
            shrinking: Shrinking::Crop { step: largest_crop, side: 0 },
        })
    }
}

/// An array on its way to the smallest one that still fails: a window of the array that was generated.
#[derive(Debug)]
pub struct ArrayTree<T> {
    entries: ArrayD<T>,
    window: Window,
    /// The smallest window known to fail.
    failing: Window,
    smallest: Vec<usize>,
    shrinking: Shrinking,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    start: Vec<usize>,
    shape: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Shrinking {
    /// Cut `step` slices off a side: side 2a is the end of axis a, side 2a + 1 its beginning.
    Crop { step: usize, side: usize },
    /// Simplify the entry at this position of the window, in row-major order.
    Entry(usize),
}

impl<T: ValueTree> ArrayTree<T> {
    /// Cuts `step` slices off a side, if the window is large enough.
    fn crop(&mut self, step: usize, side: usize) -> bool {
        let axis = side / 2;
        if self.window.shape[axis] < self.smallest[axis] + step {
            return false;
        }
        self.window.shape[axis] -= step;
        self.window.start[axis] += if side % 2 == 1 { step } else { 0 };
        true
    }

    /// The tree of the entry at a position of the window; `None` past its end.
    fn entry(&mut self, position: usize) -> Option<&mut T> {
        let offset = ndarray::indices(self.window.shape.clone()).into_iter().nth(position)?;
        let index: Vec<usize> =
            offset.slice().iter().zip(&self.window.start).map(|(offset, start)| offset + start).collect();
        self.entries.get_mut(IxDyn(&index))
    }
}

impl<T: ValueTree> ValueTree for ArrayTree<T>
where
    T::Value: Clone + Debug,
{
    type Value = ArrayD<T::Value>;

    fn current(&self) -> Self::Value {
        ArrayD::from_shape_fn(self.window.shape.clone(), |mut index| {
            for (axis, start) in self.window.start.iter().enumerate() {
                index[axis] += start;
            }
            self.entries[index].current()
        })
    }

    fn simplify(&mut self) -> bool {
        self.failing = self.window.clone();
        loop {
            match self.shrinking {
                Shrinking::Crop { step: 0, .. } => self.shrinking = Shrinking::Entry(0),
                Shrinking::Crop { step, side } if side == 2 * self.window.shape.len() => {
                    self.shrinking = Shrinking::Crop { step: step / 2, side: 0 };
                }
                Shrinking::Crop { step, side } => {
                    if self.crop(step, side) {
                        return true;
                    }
                    self.shrinking = Shrinking::Crop { step, side: side + 1 };
                }
                Shrinking::Entry(position) => {
                    let Some(entry) = self.entry(position) else { return false };
                    if entry.simplify() {
                        return true;
                    }
                    self.shrinking = Shrinking::Entry(position + 1);
                }
            }
        }
    }

    fn complicate(&mut self) -> bool {
        match self.shrinking {
            Shrinking::Crop { step, side } => {
                // What was cut off is needed: take it back, and cut elsewhere next.
                let cut = self.window != self.failing;
                self.window = self.failing.clone();
                self.shrinking = Shrinking::Crop { step, side: side + 1 };
                cut
            }
            Shrinking::Entry(position) => self.entry(position).is_some_and(ValueTree::complicate),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestError};

    use super::*;
    use crate::group::{C4, Group};

    fn smallest_failing<S: Strategy>(strategy: S, holds: impl Fn(&S::Value) -> bool) -> S::Value {
        let mut runner = TestRunner::new_with_rng(
            Config { failure_persistence: None, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        match runner.run(&strategy, |value| {
            prop_assert!(holds(&value));
            Ok(())
        }) {
            Err(TestError::Fail(_, value)) => value,
            other => panic!("expected a failing value, found {other:?}"),
        }
    }

    #[test]
    fn arrays_shrink_to_the_smallest_shape_and_the_simplest_entries() {
        // Failing: some entry of the first column is positive. Smallest: one entry, 1.
        let smallest = smallest_failing(arrays([1..=5, 1..=6], -9..=9_i64), |array| {
            array.outer_iter().all(|row| row[0] <= 0)
        });
        assert_eq!(smallest, ArrayD::from_elem(vec![1, 1], 1));
    }

    #[test]
    fn cropping_keeps_what_is_needed() {
        // Failing: at least three columns, and the entry (0, 2) is not zero.
        let smallest = smallest_failing(arrays([1..=4, 1..=7], 0..=9_i64), |array| {
            array.shape()[1] < 3 || array[[0, 2]] == 0
        });
        assert_eq!(smallest, ndarray::arr2(&[[0, 0, 1]]).into_dyn());
    }

    #[test]
    fn elements_shrink_to_a_generator() {
        let smallest = smallest_failing(elements(C4), |element| *element == C4.identity());
        assert_eq!(smallest, C4.generators()[0]);
    }

    #[test]
    fn ranks_are_a_permutation_with_the_simplest_first() {
        let ranked: Vec<u128> = (0..6).map(|rank| unrank(rank, &[0, 4, 2])).collect();
        assert_eq!(ranked, [0, 4, 2, 1, 3, 5]);
    }

    proptest! {
        #[test]
        fn shapes_stay_in_their_ranges(shape in shapes([1..=3, 2..=9])) {
            prop_assert!((1..=3).contains(&shape[0]) && (2..=9).contains(&shape[1]));
        }

        #[test]
        fn kernels_have_at_most_the_largest_extents(kernel in kernels::<f64>([3, 4])) {
            prop_assert!(kernel.shape()[0] <= 3 && kernel.shape()[1] <= 4 && !kernel.is_empty());
        }

        #[test]
        fn permutations_are_elements(permutation in permutations(6)) {
            prop_assert!(Symmetric::new(6).unwrap().contains(&permutation));
        }
    }
}
