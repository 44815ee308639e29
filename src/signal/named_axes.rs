//! Point symmetries on axes that are named, wherever they stand: images with channels last, batches of
//! frames.
//!
//! `OnGrid::axes([1, 2])` moves axes 1 and 2 as [`OnGrid`] moves the last two, and leaves all others where
//! they are. The axes are counted from the first, and their order is that of [`OnGrid`]: rows, then columns.
//!
//! Cost: none for a view; otherwise one pass over the array.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::{ActionError, ArrayAction, OnGrid, PointGroup, ViewAction};
use crate::scalar::Ring;

/// The action on these axes about the middle of the array; see [`OnGrid::axes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnGridAxes<const D: usize> {
    axes: [usize; D],
}

impl OnGrid {
    /// The same on these axes, as many as the group moves, instead of on the last.
    ///
    /// ```
    /// use equivariant::group::{Action, C4, Rotation};
    /// use equivariant::signal::OnGrid;
    /// use ndarray::array;
    ///
    /// // Two rows of three pixels in one colour: (height, width, channels).
    /// let image = array![[[1_i64], [2], [3]], [[4], [5], [6]]].into_dyn();
    /// let turned = array![[[3], [6]], [[2], [5]], [[1], [4]]].into_dyn();
    /// assert_eq!(OnGrid::axes([0, 1]).act(&C4, &Rotation::Rot90, &image), turned);
    /// ```
    pub fn axes<const D: usize>(axes: [usize; D]) -> OnGridAxes<D> {
        OnGridAxes { axes }
    }
}

impl<const D: usize> OnGridAxes<D> {
    fn check<G: PointGroup>(&self, shape: &[usize]) -> Result<(), ActionError> {
        let expected = if G::AXES != D {
            format!("{} named axes, as many as the group moves", G::AXES)
        } else if let Some(axis) = self.axes.iter().find(|&&axis| axis >= shape.len()) {
            format!("an axis {axis}, counted from 0")
        } else if (1..D).any(|place| self.axes[..place].contains(&self.axes[place])) {
            "axes that are named once".to_owned()
        } else {
            return Ok(());
        };
        Err(ActionError::new(ArrayAction::<G>::name(self), expected, shape))
    }
}

impl<G: PointGroup, const D: usize> ArrayAction<G> for OnGridAxes<D> {
    fn name(&self) -> String {
        format!("point symmetry of the axes {:?}", self.axes)
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

impl<G: PointGroup, const D: usize> ViewAction<G> for OnGridAxes<D> {
    fn view<'a, S: Ring>(
        &self,
        g: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        self.check::<G>(x.shape())?;
        let sources = G::signed_axes(g);
        let mut order: Vec<usize> = (0..x.ndim()).collect();
        for (&axis, &(source, _)) in self.axes.iter().zip(&sources) {
            order[axis] = self.axes[source];
        }
        let mut moved = x.permuted_axes(order);
        for (&axis, &(_, reversed)) in self.axes.iter().zip(&sources) {
            if reversed {
                moved.invert_axis(Axis(axis));
            }
        }
        Ok(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::numbered;
    use super::*;
    use crate::group::{C4, D4, FiniteGroup, Hyperoctahedral, Reflection};

    /// Moved to the end, moved by [`OnGrid`], moved back.
    fn is_that_of_the_last_axes<G: PointGroup + FiniteGroup, const D: usize>(
        group: G,
        axes: [usize; D],
        shape: &[usize],
    ) {
        let x = numbered(shape);
        let others = (0..shape.len()).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = others.chain(axes).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
        for g in group.elements() {
            let last = x.view().permuted_axes(order.clone());
            let expected = OnGrid.try_act(&group, &g, last).unwrap().permuted_axes(back.clone());
            assert_eq!(OnGrid::axes(axes).try_act(&group, &g, x.view()).unwrap(), expected, "{axes:?} {g}");
        }
    }

    #[test]
    fn named_axes_move_as_the_last_do() {
        is_that_of_the_last_axes(C4, [0, 1], &[2, 3, 4]);
        is_that_of_the_last_axes(D4, [1, 2], &[2, 3, 5, 4]);
        is_that_of_the_last_axes(D4, [3, 0], &[2, 3, 5, 4]);
        is_that_of_the_last_axes(D4, [2, 3], &[2, 3, 5, 4]);
        is_that_of_the_last_axes(Reflection, [1], &[2, 3, 4]);
        is_that_of_the_last_axes(Hyperoctahedral::<3>, [0, 3, 1], &[2, 3, 4, 5]);
    }

    #[test]
    fn axes_that_are_not_there_are_told() {
        let x = numbered(&[2, 3, 4]);
        let turn = C4.elements().next().expect("a group has an element");
        let told = |result: Result<ArrayD<_>, ActionError>| result.unwrap_err().expected;
        assert_eq!(told(OnGrid::axes([0, 3]).try_act(&C4, &turn, x.view())), "an axis 3, counted from 0");
        assert_eq!(told(OnGrid::axes([1, 1]).try_act(&C4, &turn, x.view())), "axes that are named once");
        let expected = "2 named axes, as many as the group moves";
        assert_eq!(told(OnGrid::axes([1]).try_act(&C4, &turn, x.view())), expected);
        assert_eq!(told(OnGrid::axes([0, 1, 2]).try_act(&C4, &turn, x.view())), expected);
    }
}
