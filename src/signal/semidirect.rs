//! Semidirect products on periodic arrays: p4, p4m, and translations with any point group.
//!
//! `(t, r) ▷ x = t ▷ (r ▷ x)`: first turn, then translate. This is an action since turning, about whatever
//! place, takes translations to translations: `r ▷ (t ▷ x) = (r·t) ▷ (r ▷ x)`. [`OnGrid`] turns about the
//! middle of the array; [`AboutOrigin`] turns about index 0, so that the entry at p comes to `t + r·p`. Both
//! run through the same maps of arrays, under different names: the two turns differ by a translation.
//!
//! Cost: one pass over the array for each part.

use ndarray::{ArrayD, ArrayViewD};

use super::{AboutOrigin, ActionError, ArrayAction, OnGrid};
use crate::group::{Automorphisms, Group, Semidirect};
use crate::scalar::Ring;

impl<N: Group, H: Automorphisms<N>> ArrayAction<Semidirect<N, H>> for OnGrid
where
    OnGrid: ArrayAction<N> + ArrayAction<H>,
{
    fn name(&self) -> String {
        first_turn_then_move_name::<N, H>(self)
    }

    fn try_act<S: Ring>(
        &self,
        group: &Semidirect<N, H>,
        g: &<Semidirect<N, H> as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        first_turn_then_move(self, group, g, x)
    }
}

impl<N: Group, H: Automorphisms<N>> ArrayAction<Semidirect<N, H>> for AboutOrigin
where
    AboutOrigin: ArrayAction<N> + ArrayAction<H>,
{
    fn name(&self) -> String {
        first_turn_then_move_name::<N, H>(self)
    }

    fn try_act<S: Ring>(
        &self,
        group: &Semidirect<N, H>,
        g: &<Semidirect<N, H> as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        first_turn_then_move(self, group, g, x)
    }
}

fn first_turn_then_move_name<N: Group, H: Group>(action: &(impl ArrayAction<N> + ArrayAction<H>)) -> String {
    format!("{}, then {}", ArrayAction::<H>::name(action), ArrayAction::<N>::name(action))
}

fn first_turn_then_move<N: Group, H: Automorphisms<N>, S: Ring>(
    action: &(impl ArrayAction<N> + ArrayAction<H>),
    group: &Semidirect<N, H>,
    g: &<Semidirect<N, H> as Group>::Element,
    x: ArrayViewD<'_, S>,
) -> Result<ArrayD<S>, ActionError> {
    let turned = action.try_act(group.point(), &g.point, x.view())?;
    // A shape that N refuses is told as it was given, not as it was turned.
    action
        .try_act(group.normal(), &g.normal, turned.view())
        .map_err(|error| ActionError { found: x.shape().to_vec(), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{CyclicTranslations, Hyperoctahedral, P4};

    #[test]
    fn both_parts_are_named() {
        type Translations = CyclicTranslations<2>;
        type Turns = Hyperoctahedral<2>;
        let whole = |action: &OnGrid| ArrayAction::<Semidirect<Translations, Turns>>::name(action);
        let parts = (ArrayAction::<Turns>::name(&OnGrid), ArrayAction::<Translations>::name(&OnGrid));
        assert_eq!(whole(&OnGrid), format!("{}, then {}", parts.0, parts.1));
        assert!(!parts.0.is_empty() && !parts.1.is_empty());
        let about_origin = ArrayAction::<P4>::name(&AboutOrigin);
        assert!(about_origin.contains(", then ") && about_origin != ArrayAction::<P4>::name(&OnGrid));
    }
}
