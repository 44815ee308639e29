//! Point symmetries: how reflections, quarter turns and all of B_d move the last axes of an array.
//!
//! A signed permutation of the axes moves an array by permuting its axes and reversing some of them, both
//! of which are views: nothing is copied. Two actions differ in what stays in place.
//!
//! - [`OnGrid`] turns about the middle of the array, as pictures are turned: reversing an axis of extent n
//!   takes index i to n − 1 − i. `Rot90` is `numpy.rot90` and maps an h × w array to a w × h one.
//! - [`AboutOrigin`] turns periodic arrays about index 0, as functions on Z_n × … are: reversing takes i to
//!   −i modulo n. It is `OnGrid` followed by one step along each axis that was reversed.
//!
//! Cost: none for a view; otherwise one pass over the array, two about the origin.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::roll::roll;
use super::{ActionError, ArrayAction, ViewAction, first_of_last_axes, last_axes};
use crate::group::{
    C4, D4, Flip, Group, Hyperoctahedral, Reflection, Rotation, RotationReflection, SignedPermutation,
};
use crate::scalar::Ring;

/// The action on the last axes about the middle of the array: of point symmetries, of cyclic translations,
/// and of their semidirect products.
///
/// An image (height, width, channels) has its space elsewhere: name the axes, [`OnGrid::axes`]`([0, 1])`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnGrid;

/// The action on the last axes about index 0 of a periodic array: of point symmetries, of cyclic
/// translations, and of their semidirect products, where `(t, r)` takes the entry at p to `t + r·p` modulo
/// the extents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AboutOrigin;

/// A group of signed permutations of the last axes, which [`OnGrid`] and [`AboutOrigin`] let act.
pub trait PointGroup: Group {
    /// How many of the last axes the group moves.
    const AXES: usize;

    /// For each of these axes of `g ▷ x`: which of those of `x` it is, and whether it is then reversed.
    ///
    /// Law: these are the signed permutations of a homomorphism into B_d, with d = [`AXES`](Self::AXES).
    fn signed_axes(g: &Self::Element) -> Vec<(usize, bool)>;
}

fn signed_axes<const D: usize>(g: SignedPermutation<D>) -> Vec<(usize, bool)> {
    g.axes().into_iter().zip(g.reversed()).collect()
}

impl<const D: usize> PointGroup for Hyperoctahedral<D> {
    const AXES: usize = D;

    fn signed_axes(g: &SignedPermutation<D>) -> Vec<(usize, bool)> {
        signed_axes(*g)
    }
}

/// Moves the last axis: the left-right mirror, for images.
impl PointGroup for Reflection {
    const AXES: usize = 1;

    fn signed_axes(g: &Flip) -> Vec<(usize, bool)> {
        signed_axes(SignedPermutation::<1>::from(*g))
    }
}

impl PointGroup for C4 {
    const AXES: usize = 2;

    fn signed_axes(g: &Rotation) -> Vec<(usize, bool)> {
        signed_axes(SignedPermutation::<2>::from(*g))
    }
}

impl PointGroup for D4 {
    const AXES: usize = 2;

    fn signed_axes(g: &RotationReflection) -> Vec<(usize, bool)> {
        signed_axes(SignedPermutation::<2>::from(*g))
    }
}

impl<G: PointGroup> ArrayAction<G> for OnGrid {
    fn name(&self) -> String {
        format!("point symmetry of {}", last_axes(G::AXES))
    }

    fn try_act<S: Ring>(
        &self,
        _: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        ViewAction::<G>::view(self, g, x).map(|moved| moved.as_standard_layout().into_owned())
    }
}

impl<G: PointGroup> ViewAction<G> for OnGrid {
    fn view<'a, S: Ring>(
        &self,
        g: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        let first = first_of_last_axes(x.shape(), G::AXES, || ArrayAction::<G>::name(self))?;
        Ok(moved_view(x, first, &G::signed_axes(g)))
    }
}

/// The axes from `first` on, permuted and reversed: axis k of the result is axis `sources[k].0` of the
/// argument, reversed if it says so.
pub(super) fn moved_view<'a, S>(
    x: ArrayViewD<'a, S>,
    first: usize,
    sources: &[(usize, bool)],
) -> ArrayViewD<'a, S> {
    let order: Vec<usize> = (0..first).chain(sources.iter().map(|&(axis, _)| first + axis)).collect();
    let mut moved = x.permuted_axes(order);
    for (axis, &(_, reversed)) in (first..).zip(sources) {
        if reversed {
            moved.invert_axis(Axis(axis));
        }
    }
    moved
}

impl<G: PointGroup> ArrayAction<G> for AboutOrigin {
    fn name(&self) -> String {
        format!("point symmetry of {} about the origin", last_axes(G::AXES))
    }

    fn try_act<S: Ring>(
        &self,
        _: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        first_of_last_axes(x.shape(), G::AXES, || ArrayAction::<G>::name(self))?;
        // Reversing takes i to n − 1 − i; one step further lies −i.
        let steps: Vec<i64> = G::signed_axes(g).iter().map(|&(_, reversed)| i64::from(reversed)).collect();
        Ok(roll(ViewAction::<G>::view(&OnGrid, g, x)?, &steps))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Dimension, array};

    use super::super::tests::numbered;
    use super::*;
    use crate::group::{Action, FiniteGroup};

    #[test]
    fn rot90_is_that_of_numpy() {
        let x = array![[1_i64, 2, 3], [4, 5, 6]].into_dyn();
        let moved = |turn| OnGrid.act(&C4, &turn, &x);
        assert_eq!(moved(Rotation::Rot90), array![[3, 6], [2, 5], [1, 4]].into_dyn());
        assert_eq!(moved(Rotation::Rot180), array![[6, 5, 4], [3, 2, 1]].into_dyn());
        assert_eq!(moved(Rotation::Rot270), array![[4, 1], [5, 2], [6, 3]].into_dyn());
        assert_eq!(OnGrid.act(&Reflection, &Flip::Reflect, &x), array![[3, 2, 1], [6, 5, 4]].into_dyn());
        let about_origin = AboutOrigin.act(&C4, &Rotation::Rot180, &x);
        assert_eq!(about_origin, array![[1, 3, 2], [4, 6, 5]].into_dyn());
    }

    /// `(g ▷ x)(g·p) = x(p)`, index by index, with p counted from the middle (in halves) or from index 0.
    fn moves_points<const D: usize>(shape: [usize; D]) {
        let group = Hyperoctahedral::<D>;
        let x = numbered(&shape);
        for g in group.elements() {
            let on_grid = OnGrid.act(&group, &g, &x);
            let about_origin = AboutOrigin.act(&group, &g, &x);
            let moved_shape = g.axes().map(|axis| shape[axis]);
            assert_eq!(
                (on_grid.shape(), about_origin.shape()),
                (moved_shape.as_slice(), moved_shape.as_slice())
            );
            for (index, &entry) in x.indexed_iter() {
                let index: [usize; D] = std::array::from_fn(|k| index.slice()[k]);
                let last = |extent: usize| extent as i64 - 1;
                let from_middle = std::array::from_fn(|k| 2 * index[k] as i64 - last(shape[k]));
                let image = g.image(from_middle);
                let at: [usize; D] =
                    std::array::from_fn(|k| ((image[k] + last(moved_shape[k])) / 2) as usize);
                assert_eq!(on_grid[at.as_slice()], entry, "{g} about the middle");

                let image = g.image(index.map(|i| i as i64));
                let at: [usize; D] =
                    std::array::from_fn(|k| image[k].rem_euclid(moved_shape[k] as i64) as usize);
                assert_eq!(about_origin[at.as_slice()], entry, "{g} about the origin");
            }
        }
    }

    #[test]
    fn entries_move_as_points_do() {
        moves_points([6]);
        moves_points([3, 4]);
        moves_points([2, 3, 5]);
    }

    /// Every entry of every view is in the memory of the array itself, and the views are equal to the copies.
    fn views_copy_nothing<G: FiniteGroup>(group: G, action: impl ViewAction<G>, shape: &[usize]) {
        let x = numbered(shape);
        let memory = x.as_slice().expect("standard layout").as_ptr_range();
        for g in group.elements() {
            let view = action.view(&g, x.view()).expect("a shape that is moved");
            assert!(view.iter().all(|entry| memory.contains(&std::ptr::from_ref(entry))), "{g}");
            let copy = action.try_act(&group, &g, x.view()).expect("a shape that is moved");
            assert_eq!(view, copy, "{g}");
            assert!(copy.is_standard_layout(), "{g}: copies are in row-major order");
        }
    }

    #[test]
    fn views_are_free() {
        use super::super::{Both, Through, TrivialAction};
        views_copy_nothing(Reflection, OnGrid, &[2, 3]);
        views_copy_nothing(C4, OnGrid, &[2, 3, 4]);
        views_copy_nothing(D4, OnGrid, &[2, 4, 4]);
        views_copy_nothing(Hyperoctahedral::<3>, OnGrid, &[2, 3, 4, 5]);
        views_copy_nothing(D4, Both(OnGrid, TrivialAction), &[3, 4]);
        views_copy_nothing(D4, Through::new(Reflection, |g: &RotationReflection| g.flip, OnGrid), &[3, 4]);
    }

    #[test]
    fn empty_arrays_move_too() {
        let empty = numbered(&[0, 3]);
        assert_eq!(OnGrid.act(&C4, &Rotation::Rot90, &empty).shape(), [3, 0]);
        assert_eq!(AboutOrigin.act(&C4, &Rotation::Rot90, &empty).shape(), [3, 0]);
    }
}
