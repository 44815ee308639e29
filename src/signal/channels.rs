//! Actions on one axis that is not space: channels, orientations, coordinates, points.
//!
//! The axis is counted from the end, the last being 1, so that leading batch axes do not matter.
//!
//! | action | `(g ▷ x)` along the axis |
//! |---|---|
//! | [`RegularChannels`] of a finite group, on an axis as long as its order | `(g ▷ x)[h] = x[g⁻¹h]` |
//! | [`OnAxis`] of S_n, on an axis of length n (points, say) | `(π ▷ x)[i] = x[π⁻¹(i)]` |
//! | [`LinearOnAxis`] by an integer matrix M(g) | `(g ▷ x)[i] = Σ_j M(g)[i, j] · x[j]` |
//!
//! Cost: one pass over the array; for matrices, one pass per non-zero entry of a row.

use ndarray::{ArrayD, ArrayViewD, Axis, Zip};

use super::{ActionError, ArrayAction};
use crate::group::{FiniteGroup, Group, Representation, Symmetric};
use crate::scalar::Ring;

/// The regular representation: the axis is indexed by the group, in the order of its numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegularChannels {
    axis_from_end: usize,
}

impl RegularChannels {
    /// On this axis, counted from the end: 1 is the last axis, 3 the one before the rows and columns of
    /// images.
    ///
    /// # Panics
    /// If `axis_from_end` is 0.
    pub fn new(axis_from_end: usize) -> Self {
        Self { axis_from_end: counted_from_one(axis_from_end) }
    }
}

impl<G: FiniteGroup> ArrayAction<G> for RegularChannels {
    fn name(&self) -> String {
        format!("regular representation on {}", ordinal(self.axis_from_end))
    }

    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let name = || ArrayAction::<G>::name(self);
        let axis = axis_of_length(&x, self.axis_from_end, group.order(), name)?;
        let inverse = group.inverse(g);
        // The indices are below the order, which is the length of an axis.
        let source = |h| group.index(&group.compose(&inverse, &group.element(h as u128))) as usize;
        Ok(gathered(x, axis, source))
    }
}

/// A permutation of the places along an axis: what is at place i comes to place π(i).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnAxis {
    axis_from_end: usize,
}

impl OnAxis {
    /// On this axis, counted from the end: 1 is the last axis, 2 that of the points of a cloud
    /// (…, point, coordinate).
    ///
    /// # Panics
    /// If `axis_from_end` is 0.
    pub fn new(axis_from_end: usize) -> Self {
        Self { axis_from_end: counted_from_one(axis_from_end) }
    }
}

impl ArrayAction<Symmetric> for OnAxis {
    fn name(&self) -> String {
        format!("permutation of {}", ordinal(self.axis_from_end))
    }

    fn try_act<S: Ring>(
        &self,
        group: &Symmetric,
        g: &<Symmetric as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let axis = axis_of_length(&x, self.axis_from_end, group.points() as u128, || self.name())?;
        let inverse = group.inverse(g);
        Ok(gathered(x, axis, |i| inverse.image(i)))
    }
}

/// A representation by integer matrices, acting on the vectors along an axis as long as its dimension.
///
/// Integers have an image in every ring, so this too acts for all scalars at once: vectors under the
/// signed permutations, sign representations, sums and products of these.
#[derive(Clone, Debug)]
pub struct LinearOnAxis<G: Group> {
    representation: Representation<G, i64>,
    axis_from_end: usize,
}

impl<G: Group> LinearOnAxis<G> {
    /// The representation, on this axis, counted from the end.
    ///
    /// # Panics
    /// If `axis_from_end` is 0.
    pub fn new(representation: Representation<G, i64>, axis_from_end: usize) -> Self {
        Self { representation, axis_from_end: counted_from_one(axis_from_end) }
    }
}

impl<G: Group> ArrayAction<G> for LinearOnAxis<G> {
    fn name(&self) -> String {
        format!("{} representation on {}", self.representation.name(), ordinal(self.axis_from_end))
    }

    fn try_act<S: Ring>(
        &self,
        _: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let dimension = self.representation.dimension() as u128;
        let axis = axis_of_length(&x, self.axis_from_end, dimension, || self.name())?;
        let matrix = self.representation.matrix(g);
        let mut moved = ArrayD::from_elem(x.raw_dim(), S::zero());
        for (row, mut target) in matrix.row_iter().zip(moved.axis_iter_mut(axis)) {
            for (&entry, source) in row.iter().zip(x.axis_iter(axis)).filter(|(entry, _)| **entry != 0) {
                let factor = S::from_integer(entry);
                Zip::from(&mut target).and(source).for_each(|sum, value| sum.add_product(&factor, value));
            }
        }
        Ok(moved)
    }
}

fn counted_from_one(axis_from_end: usize) -> usize {
    assert!(
        axis_from_end > 0,
        "axes are counted from the end starting at 1, the last axis; there is no axis 0"
    );
    axis_from_end
}

fn ordinal(axis_from_end: usize) -> String {
    match axis_from_end {
        1 => "the last axis".to_owned(),
        2 => "the last axis but one".to_owned(),
        n => format!("axis −{n}"),
    }
}

/// The axis so far from the end, if the array has it in this length.
fn axis_of_length<S>(
    x: &ArrayViewD<'_, S>,
    axis_from_end: usize,
    length: u128,
    action: impl FnOnce() -> String,
) -> Result<Axis, ActionError> {
    match x.ndim().checked_sub(axis_from_end) {
        Some(axis) if x.shape()[axis] as u128 == length => Ok(Axis(axis)),
        _ => {
            let expected = format!("length {length} of {}", ordinal(axis_from_end));
            Err(ActionError::new(action(), expected, x.shape()))
        }
    }
}

/// The array whose place i along the axis is the place `source(i)` of `x`.
fn gathered<S: Ring>(x: ArrayViewD<'_, S>, axis: Axis, source: impl Fn(usize) -> usize) -> ArrayD<S> {
    let mut moved = ArrayD::from_elem(x.raw_dim(), S::zero());
    for (i, mut target) in moved.axis_iter_mut(axis).enumerate() {
        target.assign(&x.index_axis(axis, source(i)));
    }
    moved
}
