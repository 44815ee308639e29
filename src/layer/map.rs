//! Layers as maps whose symmetry can be proved, with their weights as unknowns.

use ndarray::ArrayD;

use super::{Layer, Mode};
use crate::scalar::Scalar;
use crate::verify::{Failure, Map, Unknown};

fn unknowns(layer: &impl Layer) -> Vec<Unknown> {
    layer.parameters().into_iter().map(|parameter| Unknown::new(parameter.name, parameter.shape)).collect()
}

/// A layer as it is used: at inference.
///
/// ```
/// use equivariant::group::D4;
/// use equivariant::layer::Pool;
/// use equivariant::signal::OnGrid;
/// use equivariant::verify::prove;
///
/// prove(Pool::maximum([2, 2])).on([1, 1, 4, 4]).commutes_with(D4, OnGrid, OnGrid).assert();
/// ```
impl<L: Layer> Map for L {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        unknowns(self)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(self.forward(x, weights, Mode::Inference)?)
    }
}

/// A layer as it is trained: with the statistics of the batch, and masks from a fixed seed.
#[derive(Clone, Copy, Debug)]
pub struct InTraining<L>(pub L);

impl<L: Layer> Map for InTraining<L> {
    fn weights(&self, _input: &[usize]) -> Vec<Unknown> {
        unknowns(&self.0)
    }

    fn apply<S: Scalar>(&self, x: &ArrayD<S>, weights: &[ArrayD<S>]) -> Result<ArrayD<S>, Failure> {
        Ok(self.0.forward(x, weights, Mode::Training { seed: 0 })?)
    }
}
