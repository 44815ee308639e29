//! New actions from old ones.
//!
//! | action | of | `g ▷ x` |
//! |---|---|---|
//! | [`TrivialAction`] | any group | `x` |
//! | [`Both`]`(a, b)` | G, if a and b commute | `g ▷ₐ (g ▷_b x)` |
//! | [`First`]`(a)`, [`Second`]`(a)` | `G × H` | `g ▷ x` or `h ▷ x`, for the pair `(g, h)` |
//! | [`PointPart`]`(a)` | `N ⋊ H` | `h ▷ x`, for the pair `(n, h)` |
//! | [`Through`] a homomorphism `φ: G → H` | G | `φ(g) ▷ x` |
//! | [`RightAction`]`(a)` | G, if abelian | `g⁻¹ ▷ x`: not a left action otherwise |
//!
//! Invariance is equivariance with [`TrivialAction`] on the output. A product acts by both of its factors as
//! `Both(First(a), Second(b))`, and a feature map over `Z_n² ⋊ C4` moves by
//! `Both(OnGrid, PointPart(RegularChannels::new(3)))`.
//!
//! Cost: that of the actions combined.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD};

use super::{ActionError, ArrayAction, ViewAction};
use crate::group::{Automorphisms, Group, Product, Semidirect};
use crate::scalar::Ring;

/// Every element leaves every array as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrivialAction;

impl<G: Group> ArrayAction<G> for TrivialAction {
    fn name(&self) -> String {
        "trivial action".to_owned()
    }

    fn try_act<S: Ring>(
        &self,
        _: &G,
        _: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        Ok(x.to_owned())
    }
}

impl<G: Group> ViewAction<G> for TrivialAction {
    fn view<'a, S: Ring>(
        &self,
        _: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        Ok(x)
    }
}

/// One group acting in two ways at once: `g ▷ x = g ▷ₐ (g ▷_b x)`.
///
/// An action if every element of the one way commutes with every element of the other, as it does where the
/// two move different axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Both<A, B>(pub A, pub B);

impl<G: Group, A: ArrayAction<G>, B: ArrayAction<G>> ArrayAction<G> for Both<A, B> {
    fn name(&self) -> String {
        format!("{} and {}", self.0.name(), self.1.name())
    }

    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.0.try_act(group, g, self.1.try_act(group, g, x)?.view())
    }
}

impl<G: Group, A: ViewAction<G>, B: ViewAction<G>> ViewAction<G> for Both<A, B> {
    fn view<'a, S: Ring>(
        &self,
        g: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        self.0.view(g, self.1.view(g, x)?)
    }
}

/// The action of a direct product through its first factor: `(g, h) ▷ x = g ▷ x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First<A>(pub A);

impl<G: Group, H: Group, A: ArrayAction<G>> ArrayAction<Product<G, H>> for First<A> {
    fn name(&self) -> String {
        format!("{} by the first factor", self.0.name())
    }

    fn try_act<S: Ring>(
        &self,
        group: &Product<G, H>,
        g: &<Product<G, H> as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.0.try_act(group.first(), &g.0, x)
    }
}

/// The action of a direct product through its second factor: `(g, h) ▷ x = h ▷ x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second<A>(pub A);

impl<G: Group, H: Group, A: ArrayAction<H>> ArrayAction<Product<G, H>> for Second<A> {
    fn name(&self) -> String {
        format!("{} by the second factor", self.0.name())
    }

    fn try_act<S: Ring>(
        &self,
        group: &Product<G, H>,
        g: &<Product<G, H> as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.0.try_act(group.second(), &g.1, x)
    }
}

/// The action of a semidirect product `N ⋊ H` through H: `(n, h) ▷ x = h ▷ x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointPart<A>(pub A);

impl<N: Group, H: Automorphisms<N>, A: ArrayAction<H>> ArrayAction<Semidirect<N, H>> for PointPart<A> {
    fn name(&self) -> String {
        format!("{} by the point part", self.0.name())
    }

    fn try_act<S: Ring>(
        &self,
        group: &Semidirect<N, H>,
        g: &<Semidirect<N, H> as Group>::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.0.try_act(group.point(), &g.point, x)
    }
}

/// `x ↦ x∘g`, without the inverse: `g⁻¹ ▷ x`.
///
/// A *right* action, `(a · b) ▷ x = b ▷ (a ▷ x)`, hence a left action of abelian groups only. It is here to
/// be refuted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightAction<A>(pub A);

impl<G: Group, A: ArrayAction<G>> ArrayAction<G> for RightAction<A> {
    fn name(&self) -> String {
        format!("{} without the inverse", self.0.name())
    }

    fn try_act<S: Ring>(
        &self,
        group: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.0.try_act(group, &group.inverse(g), x)
    }
}

type Homomorphism<E, F> = Arc<dyn Fn(&E) -> F + Send + Sync>;

/// An action of H pulled back along a homomorphism from a group with elements of type `E`: `g ▷ x = φ(g) ▷
/// x`.
pub struct Through<E, H: Group, A> {
    target: H,
    homomorphism: Homomorphism<E, H::Element>,
    action: A,
}

impl<E, H: Group, A> Through<E, H, A> {
    /// The action of `target`, through `homomorphism`.
    ///
    /// Whether the map is a homomorphism is not checked: if it is not, the law of composition fails.
    pub fn new(
        target: H,
        homomorphism: impl Fn(&E) -> H::Element + Send + Sync + 'static,
        action: A,
    ) -> Self {
        Self { target, homomorphism: Arc::new(homomorphism), action }
    }
}

impl<E, H: Group, A: Clone> Clone for Through<E, H, A> {
    fn clone(&self) -> Self {
        Self {
            target: self.target.clone(),
            homomorphism: Arc::clone(&self.homomorphism),
            action: self.action.clone(),
        }
    }
}

impl<E, H: Group, A: fmt::Debug> fmt::Debug for Through<E, H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through")
            .field("target", &self.target)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

impl<G: Group, H: Group, A: ArrayAction<H>> ArrayAction<G> for Through<G::Element, H, A> {
    fn name(&self) -> String {
        format!("{} through {}", self.action.name(), self.target.name())
    }

    fn try_act<S: Ring>(
        &self,
        _: &G,
        g: &G::Element,
        x: ArrayViewD<'_, S>,
    ) -> Result<ArrayD<S>, ActionError> {
        self.action.try_act(&self.target, &(self.homomorphism)(g), x)
    }
}

impl<G: Group, H: Group, A: ViewAction<H>> ViewAction<G> for Through<G::Element, H, A> {
    fn view<'a, S: Ring>(
        &self,
        g: &G::Element,
        x: ArrayViewD<'a, S>,
    ) -> Result<ArrayViewD<'a, S>, ActionError> {
        self.action.view(&(self.homomorphism)(g), x)
    }
}
