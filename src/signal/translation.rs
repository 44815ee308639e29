//! Translations of the last axes: around the border, or with zeros moving in.
//!
//! Cyclic: `(T_t ▷ x)(n) = x(n − t mod size)`, an action of `Z_a × Z_b × …` on arrays whose last axes have
//! just these extents. With zero fill: `(T_t x)(n) = x(n − t)`, where `x` is zero outside its frame, which is
//! *not* an action of `Z^D`; it is here to be refuted.
//!
//! Cost: one pass over the array ([`roll`], [`shift_with_zeros`]).

use ndarray::{ArrayD, ArrayViewD};

use super::roll::{roll, shift_with_zeros};
use super::{AboutOrigin, ActionError, ArrayAction, OnGrid, first_of_last_axes, last_axes};
use crate::group::{CyclicTranslations, IntegerTranslations, Translation};
use crate::scalar::Ring;

impl<const D: usize> ArrayAction<CyclicTranslations<D>> for OnGrid {
    fn name(&self) -> String {
        format!("cyclic translation of {}", last_axes(D))
    }

    fn try_act<S: Ring>(
        &self,
        group: &CyclicTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let extents = group.extents();
        if !x.shape().ends_with(&extents) {
            let expected = format!("extents {extents:?} of {}", last_axes(D));
            return Err(ActionError::new(
                ArrayAction::<CyclicTranslations<D>>::name(self),
                expected,
                x.shape(),
            ));
        }
        Ok(roll(x, &g.0))
    }
}

/// Translations do not turn, so that here it does not matter about what one would.
impl<const D: usize> ArrayAction<CyclicTranslations<D>> for AboutOrigin {
    fn name(&self) -> String {
        ArrayAction::<CyclicTranslations<D>>::name(&OnGrid)
    }

    fn try_act<S: Ring>(
        &self,
        group: &CyclicTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        OnGrid.try_act(group, g, x)
    }
}

/// Integer translation of the last axes, with zeros moving in: *not* an action.
///
/// The identity moves nothing, but `T_{−1} T_1 x ≠ x`: what has left the frame is lost, and no translation
/// has an inverse. The law of composition holds for translations in one direction along each axis. It
/// implements [`ArrayAction`] in order to be refuted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZeroFillShift;

impl<const D: usize> ArrayAction<IntegerTranslations<D>> for ZeroFillShift {
    fn name(&self) -> String {
        format!("translation of {} with zero fill", last_axes(D))
    }

    fn try_act<S: Ring>(
        &self,
        _: &IntegerTranslations<D>,
        g: &Translation<D>,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        first_of_last_axes(x.shape(), D, || ArrayAction::<IntegerTranslations<D>>::name(self))?;
        Ok(shift_with_zeros(x, &g.0))
    }
}
