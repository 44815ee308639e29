//! The identity behind every symmetry of a product: (μ x) * (μ y) = μ (x * y), or with one operand moved.

use ndarray::ArrayD;

use super::product::Product;
use crate::conv::{Boundary, ConvolutionError, Extent, boundary};
use crate::group::Group;
use crate::scalar::{Ring, Scalar};
use crate::signal::ArrayAction;
use crate::verify::{Failure, Identity, Sides, Unknown};

/// A way to move functions on a grid.
pub(super) trait Mover: Send + Sync + 'static {
    fn apply<S: Ring>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure>;
}

/// By an element of a group.
pub(super) struct Move<G: Group, A> {
    pub(super) group: G,
    pub(super) element: G::Element,
    pub(super) action: A,
}

impl<G: Group, A: ArrayAction<G>> Mover for Move<G, A> {
    fn apply<S: Ring>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        Ok(self.action.try_act(&self.group, &self.element, x.view())?)
    }
}

/// By one step along an axis, for functions of finite support: the frame grows.
pub(super) struct OneStep {
    pub(super) axis: usize,
}

impl Mover for OneStep {
    fn apply<S: Ring>(&self, x: &ArrayD<S>) -> Result<ArrayD<S>, Failure> {
        let zeros: Vec<_> = (0..x.ndim()).map(|axis| (usize::from(axis == self.axis), 0)).collect();
        Ok(boundary::pad(x, &zeros, Boundary::Zero)?)
    }
}

/// Which operands move on the left; the product moves on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Kernel,
    Signal,
    Both,
}

/// The product of moved operands is the moved product.
pub(super) struct Motion<M> {
    pub(super) motion: M,
    pub(super) moved: Moved,
    pub(super) product: Product,
    pub(super) extent: Extent,
    /// Of x and of y.
    pub(super) shapes: [Vec<usize>; 2],
}

impl<M: Mover> Identity for Motion<M> {
    fn unknowns(&self) -> Vec<Unknown> {
        let [x, y] = self.shapes.clone();
        vec![Unknown::new("x", x), Unknown::new("y", y)]
    }

    fn sides<S: Scalar>(&self, values: &[ArrayD<S>]) -> Result<Sides<S>, Failure> {
        let [x, y] = values else { return Err("expected the values of x and y".into()) };
        let product = |x: &ArrayD<S>, y: &ArrayD<S>| -> Result<ArrayD<S>, ConvolutionError> {
            self.product.of(x, y, self.extent)
        };
        let left = match self.moved {
            Moved::Kernel => product(&self.motion.apply(x)?, y)?,
            Moved::Signal => product(x, &self.motion.apply(y)?)?,
            Moved::Both => product(&self.motion.apply(x)?, &self.motion.apply(y)?)?,
        };
        Ok((left, self.motion.apply(&product(x, y)?)?))
    }
}
