//! Signals: arrays over grids, and how groups move them.
//!
//! Arrays are `ndarray`'s. The last axes are space (and, where an action says so, one axis before
//! them is a channel axis); whatever comes before is batch and channels and stays where it is.

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
