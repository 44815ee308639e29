//! Signals: arrays over grids, and how groups move them.
//!
//! Arrays are `ndarray`'s. The last axes are space (and, where an action says so, one axis before
//! them is a channel axis); whatever comes before is batch and channels and stays where it is.
//! Where space stands elsewhere, its axes are named.
//!
//! | what moves | by | action | file |
//! |---|---|---|---|
//! | signals, images, volumes | Reflection, C4, D4, B_d | [`OnGrid`], [`AboutOrigin`] | `point` |
//! | the same, on axes that are named: channels last | Reflection, C4, D4, B_d | [`OnGrid::axes`] | `named_axes` |
//! | the same, periodic | cyclic translations | [`OnGrid`], [`AboutOrigin`] | `translation` |
//! | the same, periodic | p4, p4m, any semidirect product | [`OnGrid`], [`AboutOrigin`] | `semidirect` |
//! | a channel axis as long as the group | any finite group | [`RegularChannels`] | `channels` |
//! | an axis of n places, the points of a cloud | S_n | [`OnAxis`] | `channels` |
//! | vectors along an axis | any group, by matrices | [`LinearOnAxis`] | `channels` |
//! | feature maps: pixels and the channels of regular, trivial and quotient fields | a [`GridGroup`] | [`FeatureType::on_maps`] | `feature` |
//! | what its parts move | products, quotients | [`Both`], [`First`], [`Through`], … | `combine` |
//!
//! ```
//! use equivariant::group::{Action, C4, Rotation, p4};
//! use equivariant::signal::{Both, OnGrid, PointPart, RegularChannels, ViewAction};
//! use ndarray::{ArrayD, array};
//!
//! let image = array![[1_i64, 2, 3], [4, 5, 6]].into_dyn();
//! let turned = array![[3, 6], [2, 5], [1, 4]].into_dyn();
//! assert_eq!(OnGrid.act(&C4, &Rotation::Rot90, &image), turned);
//! // The same as a view, without a copy.
//! let view = ViewAction::<C4>::view(&OnGrid, &Rotation::Rot90, image.view())?;
//! assert_eq!(view, turned);
//!
//! // Feature maps (orientation, row, column): p4 moves the pixels and permutes the orientations.
//! let p4 = p4(5);
//! let feature_maps = Both(OnGrid, PointPart(RegularChannels::new(3)));
//! let moved = feature_maps.act(&p4, &p4.identity(), &ArrayD::<f64>::zeros(vec![4, 5, 5]));
//! assert_eq!(moved.shape(), [4, 5, 5]);
//! # use equivariant::group::Group;
//! # Ok::<(), equivariant::signal::ActionError>(())
//! ```
//!
//! Three are no actions, and say so: [`ZeroFillShift`], [`Rotate`] by any angle and (but for its good cases)
//! [`TranslateReal`]; [`composition_defect`] measures by how much. Nor is [`RightAction`], of non-abelian
//! groups.

mod channels;
mod combine;
mod defect;
mod feature;
mod grid_group;
mod interpolation;
mod named_axes;
mod orbits;
mod point;
#[cfg(feature = "plan")]
mod real_translation;
mod roll;
mod rotation;
mod semidirect;
#[cfg(test)]
mod tests;
mod translation;

pub use self::roll::{roll, shift_with_zeros};
pub use channels::{LinearOnAxis, OnAxis, RegularChannels};
pub use combine::{Both, First, PointPart, RightAction, Second, Through, TrivialAction};
pub use defect::composition_defect;
pub use feature::{FeatureType, FeatureTypeError, FieldChannels};
pub use grid_group::GridGroup;
pub use interpolation::Interpolation;
pub use named_axes::OnGridAxes;
pub use orbits::{count_colourings, orbit, permutation_of_cells, stabiliser};
pub use point::{AboutOrigin, OnGrid, PointGroup};
#[cfg(feature = "plan")]
pub use real_translation::{TranslateReal, without_nyquist};
pub use rotation::{Rotate, restrict_to_disc, share_of_disc_in_frame, share_of_pixels_kept};
pub use translation::ZeroFillShift;

use ndarray::{ArrayD, ArrayViewD};
use thiserror::Error;

use crate::group::{Action, Group};
use crate::scalar::Ring;

/// A shape that an action cannot move.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{action} needs {expected}, but the array has shape {found:?}")]
pub struct ActionError {
    /// The action, as people write it.
    pub action: String,
    /// What the action asks of the shape.
    pub expected: String,
    /// The shape it was given.
    pub found: Vec<usize>,
}

impl ActionError {
    /// What `action` asks of a shape, and the shape that was found.
    pub fn new(action: impl Into<String>, expected: impl Into<String>, found: &[usize]) -> Self {
        Self { action: action.into(), expected: expected.into(), found: found.to_vec() }
    }
}

/// The first of the last `count` axes of an array of this shape, if it has so many.
fn first_of_last_axes(
    shape: &[usize],
    count: usize,
    action: impl FnOnce() -> String,
) -> Result<usize, ActionError> {
    shape.len().checked_sub(count).ok_or_else(|| {
        let axes = if count == 1 { "axis" } else { "axes" };
        ActionError::new(action(), format!("at least {count} {axes}"), shape)
    })
}

/// The last `count` axes, in words.
fn last_axes(count: usize) -> String {
    match count {
        1 => "the last axis".to_owned(),
        _ => format!("the last {count} axes"),
    }
}

/// A left action of a group on arrays, for every scalar at once.
///
/// Laws: those of [`Action`], and naturality: the action commutes with every ring homomorphism applied entry
/// by entry (an action that only moves entries commutes with every map applied entry by entry).
pub trait ArrayAction<G: Group>: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// What the action is called in messages and reports: `rotation of the last two axes`.
    fn name(&self) -> String;

    /// `g ▷ x`, or why `x` has the wrong shape.
    ///
    /// # Errors
    /// If the shape of `x` is not one that the group moves.
    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError>;
}

/// An action that only permutes and reverses axes, so that `g ▷ x` is a view of `x`: nothing is copied.
pub trait ViewAction<G: Group>: ArrayAction<G> {
    /// `g ▷ x` as a view.
    ///
    /// # Errors
    /// If the shape of `x` is not one that the group moves.
    fn view<'a, S: Ring>(
        &self,
        g: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError>;
}

impl<G: Group, S: Ring, A: ArrayAction<G>> Action<G, ArrayD<S>> for A {
    fn act(&self, group: &G, g: &G::Element, x: &ArrayD<S>) -> ArrayD<S> {
        match self.try_act(group, g, x.view()) {
            Ok(moved) => moved,
            Err(error) => panic!("{error}"),
        }
    }
}
