//! The laws of a left action, e ▷ x = x and (a · b) ▷ x = a ▷ (b ▷ x), as identities in the unknown array x.

use ndarray::{ArrayD, ArrayViewD};

use crate::group::laws::representative_elements;
use crate::group::{FiniteGroup, Group};
use crate::scalar::{Ring, Scalar};
use crate::signal::{ActionError, ArrayAction, roll};
use crate::verify::{Case, Failure, Identity, Sides, Unknown};

/// Groups of at most this order are examined on all pairs of elements.
const ALL_PAIRS_ORDER: u128 = 8;

/// One of the laws, on arrays of one shape.
struct Law<G: Group, A> {
    group: G,
    action: A,
    /// The elements a and b; none for the law of the identity.
    elements: Option<(G::Element, G::Element)>,
    shape: Vec<usize>,
}

impl<G: Group, A: ArrayAction<G>> Identity for Law<G, A> {
    fn unknowns(&self) -> Vec<Unknown> {
        vec![Unknown::new("x", self.shape.clone())]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let x = &values[0];
        let act = |g: &G::Element, x: &ArrayD<S>| self.action.try_act(&self.group, g, x.view());
        Ok(match &self.elements {
            None => (act(&self.group.identity(), x)?, x.clone()),
            Some((a, b)) => (act(&self.group.compose(a, b), x)?, act(a, &act(b, x)?)?),
        })
    }
}

/// Both laws, for every a of `first` and b of `second`.
pub(super) fn laws_on<G: Group>(
    group: &G,
    action: &impl ArrayAction<G>,
    shape: &[usize],
    first: &[G::Element],
    second: &[G::Element],
) -> Vec<Case> {
    let case = |label: String, elements| {
        let law = Law { group: group.clone(), action: action.clone(), elements, shape: shape.to_vec() };
        Case::for_element(format!("{label} of {}", group.name()), law)
    };
    let mut cases = vec![case("Id".to_owned(), None)];
    for b in second {
        cases.extend(first.iter().map(|a| case(format!("{a} · {b}"), Some((a.clone(), b.clone())))));
    }
    cases
}

/// Both laws, for all a and b where these are few.
///
/// Else for the generators a, and b among all or, in large groups, among a sample. Generators suffice: if the
/// law holds for s and every b, and for a and every b, then (s·a·b) ▷ x = s ▷ ((a·b) ▷ x) = s ▷ (a ▷ (b ▷
/// x)).
pub(super) fn laws<G: FiniteGroup>(group: &G, action: &impl ArrayAction<G>, shape: &[usize]) -> Vec<Case> {
    let (elements, _) = representative_elements(group, 0);
    if group.order() <= ALL_PAIRS_ORDER {
        laws_on(group, action, shape, &elements, &elements)
    } else {
        laws_on(group, action, shape, &group.generators(), &elements)
    }
}

/// A slip that can be made in any action.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slip {
    /// None.
    None,
    /// x ↦ x∘g in place of x∘g⁻¹.
    NoInverse,
    /// The first generator acts as its inverse, the others as they should.
    OneBackwards,
    /// What comes out has moved one step too far along the last axis.
    StepTooFar,
}

/// An action with a slip.
#[derive(Clone, Debug)]
pub(super) struct Slipped<A> {
    pub(super) action: A,
    pub(super) slip: Slip,
}

impl<G: Group, A: ArrayAction<G>> ArrayAction<G> for Slipped<A> {
    fn name(&self) -> String {
        self.action.name()
    }

    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        let backwards = match self.slip {
            Slip::None | Slip::StepTooFar => false,
            Slip::NoInverse => true,
            Slip::OneBackwards => group.generators().first() == Some(g),
        };
        let moved = if backwards {
            self.action.try_act(group, &group.inverse(g), x)
        } else {
            self.action.try_act(group, g, x)
        }?;
        Ok(if matches!(self.slip, Slip::StepTooFar) { roll(moved.view(), &[1]) } else { moved })
    }
}
